//! Globals, and everything that runs: calls, construction, state, items, extensions, persistent ids.

use super::{Halt, Machine, State, malformed};
use crate::{
    bytes::wide,
    fact::{Argument, Fact, Op, PickleAnomaly, Text, Unresolved, Usage},
    format::pickle::{
        constant,
        events::{ARGUMENTS, Signature},
        lex::Line,
        opcode as op,
        value::{Value, ValueKind},
    },
    limits,
};

/// The key under which scikit-learn's estimators keep the version that wrote them.
pub(super) const SKLEARN_VERSION: &[u8] = b"_sklearn_version";

impl Machine<'_> {
    /// The bytes of a string constant: `None` if the value is none, or cannot be read again.
    pub(super) fn string(&self, value: Value) -> Option<Result<Text, Unresolved>> {
        match value.kind() {
            ValueKind::Str => Some(Ok(Text::new(self.names.text(value.index())))),
            ValueKind::StrAt => {
                Some(constant::string(&self.window, value.number()).ok_or(Unresolved::Oversized))
            }
            _ => None,
        }
    }

    pub(super) fn global(&mut self) -> Result<(), Halt> {
        let (module, name, ended) = self.two_lines()?;
        if module.as_str().is_none() || name.as_str().is_none() {
            return Err(malformed("GLOBAL with a name that is not UTF-8"));
        }
        let row = self.resolve_lines(&module, &name);
        self.log.used(row, Usage::Import, self.moment());
        if !ended {
            return Err(malformed("GLOBAL without two line feeds"));
        }
        self.push(Value::new(ValueKind::Global, wide(row)))
    }

    /// The two line operands of GLOBAL and INST, and whether both have their line feed. At the end of the data the pure-Python
    /// unpickler takes a line without one, less its last byte, and does with what that spells what the opcode says before it
    /// notices.
    pub(super) fn two_lines(&mut self) -> Result<(Text, Text, bool), Halt> {
        let text = |line: Line<'_>| {
            let cut = line.bytes.split_last().map_or(line.bytes, |(_, cut)| cut);
            Text::new(if line.ended { line.bytes } else { cut })
        };
        let module = text(self.lexer.line()?);
        let name = self.lexer.line()?;
        let ended = name.ended;
        let name = text(name);
        if self.lexer.straddle.is_some() {
            self.straddled();
        }
        Ok((module, name, ended))
    }

    pub(super) fn resolve_lines(&mut self, module: &Text, name: &Text) -> usize {
        let key: Vec<u8> = [module.as_bytes(), b"\n", name.as_bytes()].concat();
        if let Some(row) = self.lines.get(&*key) {
            return *row;
        }
        let row = self.log.named(module.as_bytes(), name.as_bytes());
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
        } else if self.log.overflow {
            // Past the limit every further one is refused: reading its name again would only cost time.
            self.log.unresolved(Unresolved::Oversized)
        } else {
            let row = self.resolve(module, name);
            if self.resolved.len() < limits::GLOBALS {
                self.resolved.insert((module, name), row);
            }
            row
        };
        self.log.used(row, Usage::Import, self.moment());
        self.push(Value::new(ValueKind::Global, wide(row)))
    }

    pub(super) fn resolve(&mut self, module: Value, name: Value) -> usize {
        let earlier = module.kind() == ValueKind::Stale || name.kind() == ValueKind::Stale;
        match (self.string(module), self.string(name)) {
            (Some(Ok(module)), Some(Ok(name))) => {
                self.log.named(module.as_bytes(), name.as_bytes())
            }
            (Some(Err(why)), Some(_)) | (Some(_), Some(Err(why))) => self.log.unresolved(why),
            _ if earlier => self.log.unresolved(Unresolved::Memo),
            _ => self.log.unresolved(Unresolved::Computed),
        }
    }

    /// Notes the globals from `from` on, which become part of something.
    #[inline]
    pub(super) fn hand_on(&mut self, from: usize) {
        let handed = self.state.stack.get(from..).unwrap_or_default();
        if handed.iter().any(|value| value.kind() == ValueKind::Global) {
            let moment = self.moment();
            for value in handed
                .iter()
                .filter(|value| value.kind() == ValueKind::Global)
            {
                self.log.handed_on(value.index(), moment);
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
            ValueKind::Global => value.index(),
            ValueKind::Extension => self.log.unresolved(Unresolved::Extension),
            ValueKind::Persistent => self.log.unresolved(Unresolved::Persistent),
            ValueKind::Stale => self.log.unresolved(Unresolved::Memo),
            _ => self.log.unresolved(Unresolved::Result),
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
        self.log.used(row, usage, self.moment());
        let signature = self.signature(arguments, usage, keywords);
        if !self.log.called_before(row, signature) {
            let text = self.preview().call(row, arguments);
            let mut arguments = self.preview().arguments(arguments);
            if keywords {
                arguments.push(Argument::Unknown);
            }
            self.log
                .called(row, signature, usage, text, arguments, self.moment());
        }
        let kind = if usage == Usage::Construct {
            ValueKind::Instance
        } else {
            ValueKind::Result
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
                    ValueKind::Str | ValueKind::Global | ValueKind::StrAt => *value,
                    kind => Value::new(kind, 0),
                };
            }
        }
        signature
    }

    pub(super) fn reduce(&mut self) -> Result<(), Halt> {
        let arguments = self.pop()?;
        let callee = self.pop()?;
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
        let result = self.call(class, arguments, Usage::Construct, keywords);
        self.push(result)
    }

    pub(super) fn obj(&mut self) -> Result<(), Halt> {
        let from = self.pop_mark()?;
        let Some(class) = self.state.stack.get(from).copied() else {
            return Err(malformed("OBJ without a class"));
        };
        let arguments = self.gather_from(from.saturating_add(1), ValueKind::Tuple);
        self.state.stack.truncate(from);
        let result = self.call(class, arguments, Usage::Call, false);
        self.push(result)
    }

    pub(super) fn inst(&mut self) -> Result<(), Halt> {
        let (module, name, ended) = self.two_lines()?;
        if !module.as_bytes().is_ascii() || !name.as_bytes().is_ascii() {
            return Err(malformed("INST with a name that is not ASCII"));
        }
        // The pure-Python unpickler resolves before it looks for the mark, the C one after: so the import comes first.
        let row = self.resolve_lines(&module, &name);
        self.log.used(row, Usage::Import, self.moment());
        let from = self.pop_mark()?;
        let arguments = self.gather_from(from, ValueKind::Tuple);
        let class = Value::new(ValueKind::Global, wide(row));
        let result = self.call(class, arguments, Usage::Call, false);
        if !ended {
            return Err(malformed("INST without two line feeds"));
        }
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
        if let (ValueKind::Result | ValueKind::Instance, Some(row)) =
            (target.kind(), target.global())
        {
            self.log.used(row, Usage::Build, self.moment());
            self.use_of_state(row, target, state);
        } else {
            let target = self.preview().value(target);
            self.log
                .other(Fact::StateOnNonInstance { target }, self.moment());
        }
        Ok(())
    }

    /// APPEND(S), ADDITEMS and SETITEM(S): everything from `from` on goes into the value below it.
    #[inline]
    pub(super) fn add_items(&mut self, from: usize, kind: ValueKind) -> Result<(), Halt> {
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
        let count = len.saturating_sub(from);
        if count == 0 {
            return Ok(());
        }
        if kind == ValueKind::Dict && count % 2 == 1 {
            return Err(malformed("items to be set of which one has no value"));
        }
        self.hand_on(from);
        if kind == ValueKind::Dict {
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
            if kind == ValueKind::Dict {
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
                && (key.kind(), key.number()) == (ValueKind::Str, 0)
                && value.kind() == ValueKind::Str
            {
                let version = Text::new(self.names.text(value.index()));
                let fact = Fact::Library {
                    name: "scikit-learn".into(),
                    version: Some(version),
                };
                self.log.other(fact, self.moment());
                return;
            }
        }
    }

    /// Something may hold the container already, and would hold another than was looked at.
    #[cold]
    fn filled_by_another_name(&mut self) {
        let op = Op::new(self.code);
        self.log
            .anomaly(PickleAnomaly::FilledByAnotherName { op }, self.moment());
    }

    #[cold]
    pub(super) fn items_on(&mut self, target: Value, place: usize) {
        let op = op::name(self.code);
        if let (ValueKind::Result | ValueKind::Instance, Some(row)) =
            (target.kind(), target.global())
        {
            self.log.items_on(row, op, self.moment());
            self.use_of_items(row, target, place);
        } else {
            let target = self.preview().value(target);
            self.log.other(
                Fact::ItemsOnNonContainer {
                    target,
                    op: op.into(),
                },
                self.moment(),
            );
        }
    }

    pub(super) fn extension(&mut self, code: i64) -> Result<(), Halt> {
        self.log.other(Fact::Extension { code }, self.moment());
        if code <= 0 {
            return Err(malformed("an extension code that is not positive"));
        }
        let row = self.log.unresolved(Unresolved::Extension);
        self.log.used(row, Usage::Import, self.moment());
        self.push(Value::new(ValueKind::Extension, 0))
    }

    pub(super) fn persistent_text(&mut self, pid: &Text) -> Result<(), Halt> {
        let fact = Fact::PersistentId {
            preview: format!("'{pid}'"),
            torch_storage: false,
        };
        self.log.other(fact, self.moment());
        self.push(Value::new(ValueKind::Persistent, 0))
    }

    pub(super) fn persistent(&mut self) -> Result<(), Halt> {
        let pid = self.pop()?;
        let torch_storage = self.preview().is_torch_storage(pid);
        if let Some((key, storage)) = self.preview().storage(pid).filter(|_| torch_storage)
            && self.storages.len() < limits::MEMBERS
        {
            self.storages.entry(key).or_insert(storage);
        }
        // A checkpoint has one for each tensor: they are one row, shown by the first.
        if !torch_storage || !self.log.storage_again() {
            let preview = self.preview().value(pid);
            self.log.persistent(preview, torch_storage, self.moment());
        }
        let elements = self.preview().storage_facts(pid).filter(|_| torch_storage);
        self.push(Value::new(
            ValueKind::Persistent,
            elements.map_or(0, |elements| elements.saturating_add(1)),
        ))
    }
}

fn is_container(value: Value) -> bool {
    matches!(
        value.kind(),
        ValueKind::Tuple
            | ValueKind::List
            | ValueKind::Dict
            | ValueKind::Set
            | ValueKind::FrozenSet
    )
}
