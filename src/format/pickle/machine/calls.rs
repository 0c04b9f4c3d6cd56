//! Globals, and everything that runs: calls, construction, state, items, extensions, persistent ids.

use super::{Halt, Machine, State, malformed};
use crate::{
    bytes::{ReadError, wide},
    fact::{Argument, Fact, Text, Unresolved, Usage},
    format::pickle::{
        constant, opcode as op,
        seen::{ARGUMENTS, Signature},
        value::{Kind, Value},
    },
    limits,
};

/// The key under which scikit-learn's estimators keep the version that wrote them.
pub(super) const SKLEARN_VERSION: &[u8] = b"_sklearn_version";

impl Machine<'_> {
    /// The bytes of a string constant: `None` if the value is none, or cannot be read again.
    pub(super) fn string(&self, value: Value) -> Option<Result<Text, Unresolved>> {
        match value.kind() {
            Kind::Str => Some(Ok(Text::new(self.names.text(value.index())))),
            Kind::StrAt => {
                Some(constant::string(&self.window, value.number()).ok_or(Unresolved::Oversized))
            }
            _ => None,
        }
    }

    pub(super) fn global(&mut self) -> Result<(), Halt> {
        let (module, name) = self.two_lines("GLOBAL")?;
        if module.as_str().is_none() || name.as_str().is_none() {
            return Err(malformed("GLOBAL with a name that is not UTF-8"));
        }
        let row = self.resolve_lines(&module, &name);
        self.seen.used(row, Usage::Import, self.moment());
        self.weights.global(self.seen.name(row), self.at);
        self.push(Value::new(Kind::Global, wide(row)))
    }

    /// The two line operands of GLOBAL and INST. At the end of the data the pure-Python unpickler takes a line without its
    /// line feed, less its last byte, and resolves what that spells before it notices.
    pub(super) fn two_lines(&mut self, what: &str) -> Result<(Text, Text), Halt> {
        let cut = |line: &[u8]| {
            line.split_last()
                .map(|(_, cut)| Text::new(cut))
                .unwrap_or_default()
        };
        let module = self.lexer.line()?;
        let (module, cut_module) = (
            Text::new(module.bytes),
            (!module.ended).then(|| cut(module.bytes)),
        );
        let name = self.lexer.line()?;
        if !name.ended {
            let module = cut_module.as_ref().unwrap_or(&module);
            let name = cut(name.bytes);
            let row = self.resolve_lines(module, &name);
            self.seen.used(row, Usage::Import, self.moment());
            return Err(Halt::Error(ReadError::malformed(format!(
                "{what} without two line feeds"
            ))));
        }
        let name = Text::new(name.bytes);
        if self.lexer.straddle.is_some() {
            self.straddled();
        }
        Ok((module, name))
    }

    pub(super) fn resolve_lines(&mut self, module: &Text, name: &Text) -> usize {
        let key: Vec<u8> = [module.as_bytes(), b"\n", name.as_bytes()].concat();
        if let Some(row) = self.lines.get(&*key) {
            return *row;
        }
        let row = self.seen.named(module.as_bytes(), name.as_bytes());
        if self.lines.len() < limits::GLOBALS {
            self.lines.insert(key.into(), row);
        }
        row
    }

    pub(super) fn stack_global(&mut self) -> Result<(), Halt> {
        let name = self.pop()?;
        let module = self.pop()?;
        let known = self.resolved.get(&(module, name)).copied();
        let row = if let Some(row) = known {
            row
        } else if self.seen.overflow {
            // Past the limit every further one is refused: reading its name again would only cost time.
            self.seen.unresolved(Unresolved::Oversized)
        } else {
            let row = self.resolve(module, name);
            if self.resolved.len() < limits::GLOBALS {
                self.resolved.insert((module, name), row);
            }
            row
        };
        self.seen.used(row, Usage::Import, self.moment());
        self.push(Value::new(Kind::Global, wide(row)))
    }

    pub(super) fn resolve(&mut self, module: Value, name: Value) -> usize {
        let earlier = module.kind() == Kind::Stale || name.kind() == Kind::Stale;
        match (self.string(module), self.string(name)) {
            (Some(Ok(module)), Some(Ok(name))) => {
                self.seen.named(module.as_bytes(), name.as_bytes())
            }
            (Some(Err(why)), Some(_)) | (Some(_), Some(Err(why))) => self.seen.unresolved(why),
            _ if earlier => self.seen.unresolved(Unresolved::Memo),
            _ => self.seen.unresolved(Unresolved::Computed),
        }
    }

    /// Notes the globals from `from` on, which become part of something.
    #[inline]
    pub(super) fn hand_on(&mut self, from: usize) {
        let handed = self.state.stack.get(from..).unwrap_or_default();
        if handed.iter().any(|value| value.kind() == Kind::Global) {
            let moment = self.moment();
            for value in handed.iter().filter(|value| value.kind() == Kind::Global) {
                self.seen.handed_on(value.index(), moment);
            }
        }
        if self.state.tensors.has_unfinished() {
            self.unfinished_handed_on(from);
        }
    }

    // ---- what runs

    /// The row behind something that is called or instantiated. What is not a global itself cannot be named.
    pub(super) fn callee(&mut self, value: Value) -> usize {
        match value.kind() {
            Kind::Global => value.index(),
            Kind::Extension => self.seen.unresolved(Unresolved::Extension),
            Kind::Persistent => self.seen.unresolved(Unresolved::Persistent),
            Kind::Stale => self.seen.unresolved(Unresolved::Memo),
            _ => self.seen.unresolved(Unresolved::Result),
        }
    }

    /// Records a call and returns what it gives.
    pub(super) fn call(
        &mut self,
        callee: Value,
        arguments: Value,
        usage: Usage,
        keywords: bool,
    ) -> Value {
        let row = self.callee(callee);
        if let Some(attribute) = self.attribute(callee, row, arguments) {
            return attribute;
        }
        self.seen.used(row, usage, self.moment());
        let signature = self.signature(arguments, usage, keywords);
        if !self.seen.called_before(row, signature) {
            let text = self.looker().call(row, arguments);
            let mut arguments = self.looker().arguments(arguments);
            if keywords {
                arguments.push(Argument::Unknown);
            }
            self.seen
                .called(row, signature, usage, text, arguments, self.moment());
        }
        let kind = if usage == Usage::Construct {
            Kind::Instance
        } else {
            Kind::Result
        };
        let detail = self.use_in_call(row, arguments, usage, keywords);
        Value::made(kind, row, detail).fresh()
    }

    /// What distinguishes a call's arguments from another's: globals and short strings by identity, the rest by kind.
    /// Exact: a digest could be made to collide, and a call would hide behind another.
    pub(super) fn signature(&self, arguments: Value, usage: Usage, keywords: bool) -> Signature {
        let mut signature = Signature {
            usage,
            container: arguments.kind(),
            len: None,
            keywords,
            kept: [Value::UNKNOWN; ARGUMENTS],
        };
        if let Some((len, kept)) = self
            .state
            .nodes
            .get(arguments)
            .filter(|_| is_container(arguments))
        {
            signature.len = Some(len);
            for (slot, value) in signature.kept.iter_mut().zip(kept) {
                *slot = match value.kind() {
                    Kind::Str | Kind::Global | Kind::StrAt => *value,
                    kind => Value::new(kind, 0),
                };
            }
        }
        signature
    }

    pub(super) fn reduce(&mut self) -> Result<(), Halt> {
        let arguments = self.pop()?;
        let callee = self.pop()?;
        self.weights.reduce(callee, self.at);
        let result = self.call(callee, arguments, Usage::Call, false);
        self.push(result)
    }

    pub(super) fn newobj(&mut self, keywords: bool) -> Result<(), Halt> {
        let keywords = keywords && {
            let keywords = self.pop()?;
            !matches!(self.state.nodes.get(keywords), Some((0, _)))
        };
        let arguments = self.pop()?;
        let class = self.pop()?;
        self.weights.newobj(class, self.at);
        let result = self.call(class, arguments, Usage::Construct, keywords);
        self.push(result)
    }

    pub(super) fn obj(&mut self) -> Result<(), Halt> {
        let from = self.pop_mark()?;
        let Some(class) = self.state.stack.get(from).copied() else {
            return Err(malformed("OBJ without a class"));
        };
        let arguments = self.gather_from(from.saturating_add(1), Kind::Tuple);
        self.state.stack.truncate(from);
        let result = self.call(class, arguments, Usage::Call, false);
        self.push(result)
    }

    pub(super) fn inst(&mut self) -> Result<(), Halt> {
        let (module, name) = self.two_lines("INST")?;
        if !module.as_bytes().is_ascii() || !name.as_bytes().is_ascii() {
            return Err(malformed("INST with a name that is not ASCII"));
        }
        // The pure-Python unpickler resolves before it looks for the mark, the C one after: so the import comes first.
        let row = self.resolve_lines(&module, &name);
        self.seen.used(row, Usage::Import, self.moment());
        let from = self.pop_mark()?;
        let arguments = self.gather_from(from, Kind::Tuple);
        let class = Value::new(Kind::Global, wide(row));
        let result = self.call(class, arguments, Usage::Call, false);
        self.push(result)
    }

    pub(super) fn build(&mut self) -> Result<(), Halt> {
        let from = self.below_top(1)?;
        let state = self
            .state
            .stack
            .get(from)
            .copied()
            .unwrap_or(Value::UNKNOWN);
        self.hand_on(from);
        self.state.stack.truncate(from);
        let target = self.top()?;
        let empty = matches!(self.state.nodes.get(state), Some((0, _)));
        self.weights
            .build(target, state, empty, &self.seen, self.at);
        if let (Kind::Result | Kind::Instance, Some(row)) = (target.kind(), target.global()) {
            self.seen.used(row, Usage::Build, self.moment());
            self.use_of_state(row, target, state);
        } else {
            let target = self.looker().value(target);
            self.seen
                .other(Fact::StateOnNonInstance { target }, self.moment());
        }
        Ok(())
    }

    /// APPEND(S), ADDITEMS and SETITEM(S): everything from `from` on goes into the value below it.
    #[inline]
    pub(super) fn add_items(&mut self, from: usize, kind: Kind) -> Result<(), Halt> {
        let len = self.state.stack.len();
        if from > len || from <= self.state.fence {
            return Err(self.underflow());
        }
        let Some(target) = from
            .checked_sub(1)
            .and_then(|at| self.state.stack.get(at))
            .copied()
        else {
            return Err(self.underflow());
        };
        self.weights
            .items(target, kind, &self.seen, self.at, self.code);
        let count = len.saturating_sub(from);
        if count == 0 {
            return Ok(());
        }
        if kind == Kind::Dict && count % 2 == 1 {
            return Err(malformed("items to be set of which one has no value"));
        }
        self.hand_on(from);
        if kind == Kind::Dict {
            self.versions(from);
        }
        if target.kind() == kind {
            if !target.is_fresh() {
                self.filled_by_another_name();
            }
            let State {
                stack,
                nodes,
                dtypes,
                ..
            } = &mut self.state;
            let items = stack.get(from..).unwrap_or_default();
            let place = from.saturating_sub(1);
            nodes.extend(target, items, place);
            if kind == Kind::Dict {
                dtypes.fields.put(target, items, nodes);
            }
        } else {
            self.items_on(target, from.saturating_sub(1));
        }
        self.state.stack.truncate(from);
        Ok(())
    }

    /// The version of scikit-learn that wrote an estimator stands in the estimator's state, under the one name whose id is 0.
    fn versions(&mut self, from: usize) {
        let items = self.state.stack.get(from..).unwrap_or_default();
        for pair in items.chunks_exact(2) {
            if let [key, value] = pair
                && (key.kind(), key.number()) == (Kind::Str, 0)
                && value.kind() == Kind::Str
            {
                let version = Text::new(self.names.text(value.index()));
                let fact = Fact::Library {
                    name: "scikit-learn".into(),
                    version: Some(version),
                };
                self.seen.other(fact, self.moment());
                return;
            }
        }
    }

    /// Something may hold the container already, and would hold another than was looked at.
    #[cold]
    fn filled_by_another_name(&mut self) {
        let detail = || {
            format!(
                "{} adds to a container through the memo or a copy of it, not where it was made",
                op::name(self.code)
            )
        };
        self.seen
            .anomaly("filled-by-another-name", detail, self.moment());
    }

    #[cold]
    pub(super) fn items_on(&mut self, target: Value, place: usize) {
        let op = op::name(self.code);
        if let (Kind::Result | Kind::Instance, Some(row)) = (target.kind(), target.global()) {
            self.seen.items_on(row, op, self.moment());
            self.use_of_items(row, target, place);
        } else {
            let target = self.looker().value(target);
            self.seen.other(
                Fact::ItemsOnNonContainer {
                    target,
                    op: op.into(),
                },
                self.moment(),
            );
        }
    }

    pub(super) fn extension(&mut self, code: i64) -> Result<(), Halt> {
        self.seen.other(Fact::Extension { code }, self.moment());
        if code <= 0 {
            return Err(malformed("an extension code that is not positive"));
        }
        let row = self.seen.unresolved(Unresolved::Extension);
        self.seen.used(row, Usage::Import, self.moment());
        self.push(Value::new(Kind::Extension, 0))
    }

    pub(super) fn persistent_text(&mut self, pid: &Text) -> Result<(), Halt> {
        let fact = Fact::PersistentId {
            preview: format!("'{pid}'"),
            torch_storage: false,
        };
        self.seen.other(fact, self.moment());
        self.push(Value::new(Kind::Persistent, 0))
    }

    pub(super) fn persistent(&mut self) -> Result<(), Halt> {
        let pid = self.pop()?;
        let torch_storage = self.looker().is_torch_storage(pid);
        let obstacle = self.looker().storage_obstacle(pid);
        if let Some(obstacle) = obstacle {
            self.weights.block(self.at, || obstacle);
        }
        if let Some((key, storage, parts)) = self.looker().storage(pid).filter(|_| torch_storage) {
            if parts != 5 && self.odd_storage.is_none() {
                self.odd_storage = Some(parts);
            }
            if self.storages.len() < limits::MEMBERS {
                self.storages.entry(key).or_insert(storage);
            }
        }
        // A checkpoint has one for each tensor: they are one row, shown by the first.
        if !torch_storage || !self.seen.storage_again() {
            let preview = self.looker().value(pid);
            self.seen.persistent(preview, torch_storage, self.moment());
        }
        let elements = self.looker().storage_facts(pid).filter(|_| torch_storage);
        self.push(Value::new(
            Kind::Persistent,
            elements.map_or(0, |elements| elements.saturating_add(1)),
        ))
    }
}

fn is_container(value: Value) -> bool {
    matches!(
        value.kind(),
        Kind::Tuple | Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet
    )
}
