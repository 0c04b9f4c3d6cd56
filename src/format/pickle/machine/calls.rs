//! Globals, and everything that runs: calls, construction, state, items, extensions, persistent ids.

use super::{Call, Halt, Machine, Noted, State, malformed, observer::Observer};
use crate::{
    bytes::wide,
    fact::{
        Argument, Expression, Fact, Literal, Op, PickleAnomaly, PickleFault, Text, Unresolved,
        Usage,
    },
    format::pickle::{
        events::Signature,
        lex::Line,
        marks::Marks,
        opcode as op,
        value::{Value, ValueKind},
    },
};

impl<O: Observer> Machine<'_, O> {
    pub(super) fn global(&mut self) -> Result<(), Halt> {
        let (module, name, ended) = self.two_lines()?;
        if module.as_str().is_none() || name.as_str().is_none() {
            return Err(malformed(PickleFault::NameNotUtf8));
        }
        let row = self.names.of_lines(&module, &name, &mut self.log);
        self.log.used(row, Usage::Import, self.moment());
        if !ended {
            return Err(malformed(PickleFault::LineFeedMissing {
                op: Some(Op::GLOBAL),
            }));
        }
        let note = self.observer.on_global(row, self.log.name(row));
        self.push_noted(Value::new(ValueKind::Global, wide(row)), note)
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

    pub(super) fn stack_global(&mut self) -> Result<(), Halt> {
        let name = self.state.stack.pop()?.value;
        let module = self.state.stack.pop()?.value;
        let row = self
            .names
            .of_values((module, name), &self.window, &mut self.log);
        self.log.used(row, Usage::Import, self.moment());
        self.push(Value::new(ValueKind::Global, wide(row)))
    }

    /// Notes the globals from `from` on, which become part of something.
    #[inline]
    pub(super) fn hand_on(&mut self, from: usize) {
        let handed = self.state.stack.from(from).values;
        if handed.iter().any(|value| value.kind() == ValueKind::Global) {
            let moment = self.moment();
            for value in handed
                .iter()
                .filter(|value| value.kind() == ValueKind::Global)
            {
                self.log.handed_on(value.index(), moment);
            }
        }
    }

    // ---- what runs

    /// `getattr` of a global and a constant: how protocols 0 to 3 spell a name inside a class, which protocol 4 stores with a dot.
    /// It is the same global then.
    fn attribute(&mut self, callee: Value, row: usize, arguments: Value) -> Option<Value> {
        if callee.kind() != ValueKind::Global || self.code != op::REDUCE {
            return None;
        }
        let name = self.log.name(row)?;
        if name.name != "getattr" || !(name.module == "builtins" || name.module == "__builtin__") {
            return None;
        }
        let parts = (arguments.kind() == ValueKind::Tuple).then(|| self.state.nodes.all(arguments));
        let Some([class, attribute]) = parts.flatten() else {
            return None;
        };
        let (class, attribute) = (*class, *attribute);
        let plain = attribute.kind() == ValueKind::Str && !attribute.marks().has(Marks::SPECIAL);
        if class.kind() != ValueKind::Global || !plain {
            return None;
        }
        let class = class.index();
        let (name, attribute) = (
            self.log.name(class)?.clone(),
            self.names.texts.text(attribute.index()),
        );
        if attribute.contains(&b'.') {
            return None;
        }
        let fact = Fact::Attribute {
            class: name.clone(),
            attribute: Text::new(attribute),
        };
        let whole = [name.name.as_bytes(), b".", attribute].concat();
        let found = self.log.named(name.module.as_bytes(), &whole);
        let moment = self.moment();
        self.log.other(fact, moment);
        self.log.used(found, Usage::Import, moment);
        self.log.looked_into(row, class);
        Some(Value::new(ValueKind::Global, wide(found)))
    }

    /// Records a call and pushes what it gives.
    pub(super) fn call(
        &mut self,
        callee: Noted<O::Note>,
        arguments: Noted<O::Note>,
        usage: Usage,
        keywords: Option<Noted<O::Note>>,
    ) -> Result<(), Halt> {
        let row = self.log.callee(callee.value);
        let attribute = self.attribute(callee.value, row, arguments.value);
        if attribute.is_none() {
            let keywords = keywords.map(|keywords| keywords.value);
            self.called(row, arguments.value, usage, keywords);
        }
        let call = Call {
            callee,
            row,
            arguments,
            usage,
            keywords,
            looks_up: attribute.is_some(),
        };
        let (observer, mut scene, _) = self.watched();
        let made = observer.on_call(call, &mut scene);
        let kind = if usage == Usage::Construct {
            ValueKind::Instance
        } else {
            ValueKind::Result
        };
        let value = attribute.unwrap_or_else(|| Value::made(kind, row, made.detail).fresh());
        self.push_noted(value, made.note)?;
        self.follow(made.flow)
    }

    fn called(&mut self, row: usize, arguments: Value, usage: Usage, keywords: Option<Value>) {
        self.log.used(row, usage, self.moment());
        let signature = Signature::of(arguments, usage, keywords.is_some(), &self.state.nodes);
        if !self.log.called_before(row, signature) {
            let given = self.preview().call(arguments, keywords);
            let mut arguments = self.preview().arguments(arguments);
            if keywords.is_some() {
                arguments.push(Argument::Unknown);
            }
            self.log
                .called(row, signature, usage, given, arguments, self.moment());
        }
    }

    pub(super) fn reduce(&mut self) -> Result<(), Halt> {
        let arguments = self.state.stack.pop()?;
        let callee = self.state.stack.pop()?;
        self.call(callee, arguments, Usage::Call, None)
    }

    pub(super) fn newobj(&mut self, keywords: bool) -> Result<(), Halt> {
        let keywords = if keywords {
            let keywords = self.state.stack.pop()?;
            let is_empty = matches!(self.state.nodes.get(keywords.value), Some((0, _)));
            (!is_empty).then_some(keywords)
        } else {
            None
        };
        let arguments = self.state.stack.pop()?;
        let class = self.state.stack.pop()?;
        self.call(class, arguments, Usage::Construct, keywords)
    }

    pub(super) fn obj(&mut self) -> Result<(), Halt> {
        let from = self.state.stack.pop_mark()?;
        let Some(class) = self.state.stack.at(from) else {
            return Err(malformed(PickleFault::NoClass));
        };
        let (value, note) = self.gather_from(from.saturating_add(1), ValueKind::Tuple);
        self.state.stack.truncate(from);
        self.call(class, Noted { value, note }, Usage::Call, None)
    }

    pub(super) fn inst(&mut self) -> Result<(), Halt> {
        let (module, name, ended) = self.two_lines()?;
        if !module.as_bytes().is_ascii() || !name.as_bytes().is_ascii() {
            return Err(malformed(PickleFault::NameNotAscii));
        }
        // The pure-Python unpickler resolves before it looks for the mark, the C one after: so the import comes first.
        let row = self.names.of_lines(&module, &name, &mut self.log);
        self.log.used(row, Usage::Import, self.moment());
        let from = self.state.stack.pop_mark()?;
        let (value, note) = self.gather_from(from, ValueKind::Tuple);
        let class = Noted {
            value: Value::new(ValueKind::Global, wide(row)),
            note: self.observer.on_global(row, self.log.name(row)),
        };
        self.call(class, Noted { value, note }, Usage::Call, None)?;
        if !ended {
            return Err(malformed(PickleFault::LineFeedMissing {
                op: Some(Op::INST),
            }));
        }
        Ok(())
    }

    pub(super) fn build(&mut self) -> Result<(), Halt> {
        let from = self.state.stack.below_top(1)?;
        let Some(state) = self.state.stack.at(from) else {
            return Err(self.state.stack.underflow());
        };
        self.hand_on(from);
        self.state.stack.truncate(from);
        let target = self.state.stack.top()?;
        self.built(target.value);
        let (observer, mut scene, _) = self.watched();
        let flow = observer.on_build(target, state, &mut scene);
        // What has its state is finished.
        if target.value.global().is_some()
            && let Some(top) = self.state.stack.values.last_mut()
        {
            *top = top.by_name();
        }
        self.follow(flow)
    }

    fn built(&mut self, target: Value) {
        if let (ValueKind::Result | ValueKind::Instance, Some(row)) =
            (target.kind(), target.global())
        {
            self.log.used(row, Usage::Build, self.moment());
        } else {
            let target = self.preview().value(target);
            self.log
                .other(Fact::StateOnNonInstance { target }, self.moment());
        }
    }

    /// APPEND(S), ADDITEMS and SETITEM(S): everything from `from` on goes into the value below it.
    #[inline]
    pub(super) fn add_items(&mut self, from: usize, kind: ValueKind) -> Result<(), Halt> {
        let len = self.state.stack.len();
        if from > len || from <= self.state.stack.fence {
            return Err(self.state.stack.underflow());
        }
        let Some(noted) = from.checked_sub(1).and_then(|at| self.state.stack.at(at)) else {
            return Err(self.state.stack.underflow());
        };
        let target = noted.value;
        let count = len.saturating_sub(from);
        if count == 0 {
            self.told_of_items(from);
            return Ok(());
        }
        if kind == ValueKind::Dict && count % 2 == 1 {
            self.told_of_items(from);
            return Err(malformed(PickleFault::KeyWithoutValue {
                op: Op::new(self.code),
            }));
        }
        self.hand_on(from);
        if target.kind() == kind {
            if !target.is_fresh() {
                self.filled_by_another_name();
            }
            let State { stack, nodes, .. } = &mut self.state;
            let place = from.saturating_sub(1);
            nodes.extend(target, stack.from(from).values, place);
        } else {
            self.items_on(target);
        }
        self.told_of_items(from);
        self.state.stack.truncate(from);
        Ok(())
    }

    /// Tells the observer of the items that lie on the stack from `from` on, which go into the value below them.
    #[inline]
    fn told_of_items(&mut self, from: usize) {
        let place = from.saturating_sub(1);
        let (observer, mut scene, stack) = self.watched();
        let Some(target) = stack.at(place) else {
            return;
        };
        let detail = observer.on_items(target, stack.from(from), &mut scene);
        if let Some(detail) = detail
            && let Some(value) = stack.values.get_mut(place)
        {
            *value = value.with_detail(detail);
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
    pub(super) fn items_on(&mut self, target: Value) {
        if let (ValueKind::Result | ValueKind::Instance, Some(row)) =
            (target.kind(), target.global())
        {
            self.log.items_on(row, self.moment());
        } else {
            let target = self.preview().value(target);
            self.log.other(
                Fact::ItemsOnNonContainer {
                    target,
                    op: Op::new(self.code),
                },
                self.moment(),
            );
        }
    }

    pub(super) fn extension(&mut self, code: i64) -> Result<(), Halt> {
        self.log.other(Fact::Extension { code }, self.moment());
        if code <= 0 {
            return Err(malformed(PickleFault::NotPositiveCode));
        }
        let row = self.log.unresolved(Unresolved::Extension);
        self.log.used(row, Usage::Import, self.moment());
        self.push(Value::new(ValueKind::Extension, 0))
    }

    pub(super) fn persistent_text(&mut self, pid: &Text) -> Result<(), Halt> {
        let length = wide(pid.as_bytes().len());
        let fact = Fact::PersistentId {
            id: Expression::Str(Literal::text(pid.as_bytes(), length)),
            torch_storage: false,
        };
        self.log.other(fact, self.moment());
        self.push(Value::new(ValueKind::Persistent, 0))
    }

    pub(super) fn persistent(&mut self) -> Result<(), Halt> {
        let id = self.state.stack.pop()?;
        let (observer, mut scene, _) = self.watched();
        let (note, flow) = observer.on_persistent(id, &mut scene);
        let pid = id.value;
        let torch_storage = self.preview().is_torch_storage(pid);
        // A checkpoint has one for each tensor: they are one row, shown by the first.
        if !torch_storage || !self.log.storage_again() {
            let id = self.preview().value(pid);
            self.log.persistent(id, torch_storage, self.moment());
        }
        let elements = self.preview().storage_facts(pid).filter(|_| torch_storage);
        let value = Value::new(
            ValueKind::Persistent,
            elements.map_or(0, |elements| elements.saturating_add(1)),
        );
        self.push_noted(value, note)?;
        self.follow(flow)
    }
}
