//! Globals, and everything that runs: calls, construction, state, extensions, persistent ids.

use super::{
    Call, Effect, Flow, Halt, Noted, interpreter::Interpreter, malformed, observer::Observer,
};
use crate::{
    bytes::wide,
    fact::{Fact, Op, PickleFault, Text, Usage},
    format::pickle::{
        lex::{Lexer, Line},
        value::{Value, ValueKind},
    },
};

/// The two line operands of GLOBAL and INST.
#[derive(Debug)]
pub(super) struct NameLines {
    pub module: Text,
    pub name: Text,
    /// Both have their line feed.
    pub ended: bool,
}

impl NameLines {
    /// At the end of the data the pure-Python unpickler takes a line without a line feed, less its last byte, and does with what
    /// that spells what the opcode says before it notices.
    pub(super) fn read(lexer: &mut Lexer) -> Result<Self, Halt> {
        let text = |line: &Line<'_>| {
            let cut = line.bytes.split_last().map_or(line.bytes, |(_, cut)| cut);
            Text::new(if line.ended { line.bytes } else { cut })
        };
        let module = text(&lexer.line()?);
        let name = lexer.line()?;
        Ok(Self {
            module,
            ended: name.ended,
            name: text(&name),
        })
    }

    fn finish(&self, op: Op) -> Result<(), Halt> {
        if self.ended {
            return Ok(());
        }
        Err(malformed(PickleFault::LineFeedMissing { op: Some(op) }))
    }
}

/// An opcode that runs something, being executed.
#[derive(Debug)]
pub(super) struct Runs<'i, 'm, O: Observer> {
    pub interpreter: &'i mut Interpreter<'m, O>,
    pub lexer: &'i Lexer,
}

impl<O: Observer> Runs<'_, '_, O> {
    pub(super) fn global(&mut self, lines: &NameLines) -> Result<(), Halt> {
        let NameLines { module, name, .. } = lines;
        if module.as_str().is_none() || name.as_str().is_none() {
            return Err(malformed(PickleFault::NameNotUtf8));
        }
        let row = self
            .interpreter
            .trace
            .import_lines(module, name, &self.interpreter.current);
        lines.finish(Op::GLOBAL)?;
        self.named(row);
        let note = self
            .interpreter
            .observer
            .on_global(row, self.interpreter.trace.log.name(row));
        self.interpreter
            .push(Value::new(ValueKind::Global, wide(row)), note)
    }

    pub(super) fn stack_global(&mut self) -> Result<(), Halt> {
        self.interpreter.state.stack.needs_names()?;
        let name = self.interpreter.state.stack.pop()?.value;
        let module = self.interpreter.state.stack.pop()?.value;
        let row = self
            .interpreter
            .trace
            .import_values((module, name), &self.interpreter.current);
        self.named(row);
        self.interpreter
            .push_unnoted(Value::new(ValueKind::Global, wide(row)))
    }

    /// Tells the observer that a global was resolved.
    fn named(&mut self, row: usize) {
        let next = self.interpreter.state.nodes.next();
        let name = self.interpreter.trace.log.name(row);
        self.interpreter.observer.on_name(row, name, next);
    }

    /// Records a call and pushes what it gives.
    fn call(
        &mut self,
        callee: Noted<O::Note>,
        arguments: Noted<O::Note>,
        (usage, keywords): (Usage, Option<Noted<O::Note>>),
    ) -> Result<Flow, Halt> {
        let (nodes, current) = (&self.interpreter.state.nodes, &self.interpreter.current);
        let trace = &mut self.interpreter.trace;
        let row = trace.log.callee(callee.value);
        let named = (callee.value, row);
        let attribute = match trace.attribute(named, arguments.value, nodes, current) {
            None => trace.partial(named, arguments.value, nodes, current),
            found => found,
        };
        let instantiated = trace.instantiated(named, arguments.value, nodes, current);
        let (row, usage, effect) = match (attribute, instantiated) {
            (Some(_), _) => (row, usage, Effect::LooksUp),
            (None, Some(class)) => (class, Usage::Construct, Effect::Instantiates),
            (None, None) => {
                let keywords = keywords.map(|keywords| keywords.value);
                trace.called(row, arguments.value, (usage, keywords), nodes, current);
                (row, usage, Effect::Runs)
            }
        };
        let call = Call {
            callee,
            row,
            arguments,
            usage,
            keywords,
            effect,
        };
        let (observer, mut scene, _) = self.interpreter.watched(self.lexer);
        let made = observer.on_call(call, &mut scene);
        let kind = if usage == Usage::Construct {
            ValueKind::Instance
        } else {
            ValueKind::Result
        };
        let value = attribute.unwrap_or_else(|| Value::made(kind, row, made.detail).fresh());
        self.interpreter.push(value, made.note)?;
        Ok(made.flow)
    }

    pub(super) fn reduce(&mut self) -> Result<Flow, Halt> {
        self.interpreter.state.stack.needs_callable(1)?;
        let arguments = self.interpreter.state.stack.pop()?;
        let callee = self.interpreter.state.stack.pop()?;
        self.call(callee, arguments, (Usage::Call, None))
    }

    pub(super) fn newobj(&mut self) -> Result<Flow, Halt> {
        self.interpreter.state.stack.needs_callable(1)?;
        let arguments = self.interpreter.state.stack.pop()?;
        let class = self.interpreter.state.stack.pop()?;
        self.call(class, arguments, (Usage::Construct, None))
    }

    pub(super) fn newobj_ex(&mut self) -> Result<Flow, Halt> {
        self.interpreter.state.stack.needs_callable(2)?;
        let keywords = self.interpreter.state.stack.pop()?;
        let known = self.interpreter.state.nodes.get(keywords.value);
        let keywords = (!matches!(known, Some((0, _)))).then_some(keywords);
        let arguments = self.interpreter.state.stack.pop()?;
        let class = self.interpreter.state.stack.pop()?;
        self.call(class, arguments, (Usage::Construct, keywords))
    }

    pub(super) fn obj(&mut self) -> Result<Flow, Halt> {
        self.interpreter.state.stack.needs_callable_at_mark()?;
        let from = self.interpreter.state.stack.pop_mark()?;
        let Some(class) = self.interpreter.state.stack.at(from) else {
            return Err(malformed(PickleFault::NoClass));
        };
        let (value, note) =
            self.interpreter
                .taken(from.saturating_add(1), ValueKind::Tuple, self.lexer);
        self.interpreter.state.stack.truncate(from);
        self.call(class, Noted { value, note }, (Usage::Call, None))
    }

    pub(super) fn inst(&mut self, lines: &NameLines) -> Result<Flow, Halt> {
        let NameLines { module, name, .. } = lines;
        if !module.as_bytes().is_ascii() || !name.as_bytes().is_ascii() {
            return Err(malformed(PickleFault::NameNotAscii));
        }
        // The pure-Python unpickler resolves before it looks for the mark, the C one after: so the import comes first.
        let row = self
            .interpreter
            .trace
            .import_lines(module, name, &self.interpreter.current);
        self.named(row);
        let from = self.interpreter.state.stack.pop_mark()?;
        let (value, note) = self.interpreter.taken(from, ValueKind::Tuple, self.lexer);
        let class = Noted {
            value: Value::new(ValueKind::Global, wide(row)),
            note: self
                .interpreter
                .observer
                .on_global(row, self.interpreter.trace.log.name(row)),
        };
        let flow = self.call(class, Noted { value, note }, (Usage::Call, None))?;
        lines.finish(Op::INST)?;
        Ok(flow)
    }

    pub(super) fn build(&mut self) -> Result<Flow, Halt> {
        let from = self.interpreter.state.stack.below_top(1)?;
        let Some(state) = self.interpreter.state.stack.at(from) else {
            return Err(self.interpreter.state.stack.underflow());
        };
        self.interpreter
            .trace
            .handed_on(&[state.value], &self.interpreter.current);
        self.interpreter.state.stack.truncate(from);
        let target = self.interpreter.state.stack.top()?;
        let nodes = &self.interpreter.state.nodes;
        if self
            .interpreter
            .trace
            .completes(target.value, state.value, nodes)
        {
            if let Some(top) = self.interpreter.state.stack.values.last_mut() {
                *top = top.by_name();
            }
            return Ok(Flow::Continue);
        }
        self.interpreter.trace.built(
            target.value,
            &self.interpreter.state.nodes,
            &self.interpreter.current,
        );
        let (observer, mut scene, stack) = self.interpreter.watched(self.lexer);
        let flow = observer.on_build(target, state, &mut scene);
        // What has its state is finished.
        if target.value.global().is_some()
            && let Some(top) = stack.values.last_mut()
        {
            *top = top.by_name();
        }
        Ok(flow)
    }

    pub(super) fn extension(&mut self, code: i64) -> Result<(), Halt> {
        self.interpreter
            .trace
            .import_extension(code, &self.interpreter.current);
        if code <= 0 {
            return Err(malformed(PickleFault::NotPositiveCode));
        }
        self.interpreter
            .push_unnoted(Value::new(ValueKind::Extension, code.unsigned_abs()))
    }

    /// A buffer that is not in the file.
    pub(super) fn buffer(&mut self) -> Result<(), Halt> {
        let moment = self.interpreter.current.moment();
        let log = &mut self.interpreter.trace.log;
        log.other(Fact::OutOfBandBuffer, moment);
        self.interpreter
            .push_unnoted(Value::new(ValueKind::Buffer, 0))
    }

    /// A persistent id that a line spells.
    pub(super) fn persistent_text(&mut self, id: &Text) -> Result<(), Halt> {
        self.interpreter
            .trace
            .persistent_text(id, &self.interpreter.current);
        let (observer, ..) = self.interpreter.watched(self.lexer);
        let note = observer.on_persistent_line(id.as_bytes());
        self.interpreter
            .push(Value::new(ValueKind::Persistent, 0), note)
    }

    pub(super) fn persistent(&mut self) -> Result<Flow, Halt> {
        let id = self.interpreter.state.stack.pop()?;
        let (observer, mut scene, _) = self.interpreter.watched(self.lexer);
        let (note, flow) = observer.on_persistent(id, &mut scene);
        let value = self.interpreter.trace.persistent(
            id.value,
            &self.interpreter.state.nodes,
            &self.interpreter.current,
        );
        self.interpreter.push(value, note)?;
        Ok(flow)
    }
}
