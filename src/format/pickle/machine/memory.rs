//! What opcodes do with the stack and the memo, and the containers that they make of it.

use super::{Halt, Machine, State, malformed, observer::Observer};
use crate::{
    bytes::ReadError,
    fact::{Op, PickleAnomaly, PickleFault},
    format::pickle::{
        memo::Stored,
        value::{Value, ValueKind},
    },
    limits,
};

impl<O: Observer> Machine<'_, O> {
    /// Pushes a value of which nothing is noted.
    #[inline]
    pub(super) fn push(&mut self, value: Value) -> Result<(), Halt> {
        self.push_noted(value, O::Note::default())
    }

    #[inline]
    pub(super) fn push_noted(&mut self, value: Value, note: O::Note) -> Result<(), Halt> {
        if self.lexer.straddle.is_some() {
            self.straddled();
        }
        self.state.stack.push(value, note)?;
        if size_of::<O::Note>() > 0 && !self.state.stack.is_noted() {
            let error = ReadError::Limit(limits::Id::NOTED_STACK);
            self.observer.on_error(self.at, &error);
        }
        Ok(())
    }

    pub(super) fn container(&mut self, kind: ValueKind) -> Result<(), Halt> {
        let from = self.state.stack.len();
        let (value, note) = self.gather_from(from, kind);
        self.push_noted(value, note)
    }

    /// Makes a container of what lies on the stack from a place on.
    pub(super) fn gather_from(&mut self, from: usize, kind: ValueKind) -> (Value, O::Note) {
        self.hand_on(from);
        let State { stack, nodes, .. } = &mut self.state;
        let items = stack.from(from);
        let value = nodes.make(kind, items.values);
        if matches!(kind, ValueKind::List | ValueKind::Dict | ValueKind::Tuple) {
            nodes.opened(value, items.values, from);
        }
        let (observer, mut scene, stack) = self.watched();
        let note = observer.on_container(value, stack.from(from), &mut scene);
        stack.truncate(from);
        (value, note)
    }

    pub(super) fn gather(&mut self, kind: ValueKind) -> Result<(), Halt> {
        let from = self.state.stack.pop_mark()?;
        let odd = self.state.stack.len().saturating_sub(from) % 2 == 1;
        if kind == ValueKind::Dict && odd {
            return Err(malformed(PickleFault::KeyWithoutValue { op: Op::DICT }));
        }
        let (value, note) = self.gather_from(from, kind);
        self.push_noted(value, note)
    }

    pub(super) fn tuple(&mut self, n: usize) -> Result<(), Halt> {
        let from = self.state.stack.topmost(n)?;
        let (value, note) = self.gather_from(from, ValueKind::Tuple);
        self.push_noted(value, note)
    }

    #[inline]
    pub(super) fn get(&mut self, index: u64) -> Result<(), Halt> {
        self.memo_use.fetched = true;
        if let Some(value) = self.state.memo.get(index) {
            let note = self.state.memo_notes.get(index);
            return self.push_noted(value, note);
        }
        // An unpickler object that is used again still has the memo of its last pickle. A fresh one stops here.
        match self.earlier.and_then(|memo| memo.get(index)) {
            Some(_) => {
                self.log
                    .anomaly(PickleAnomaly::MemoOfEarlierPickle { index }, self.moment());
                self.observer.on_error(self.at, &not_set(index));
                self.push(Value::new(ValueKind::Stale, index))
            }
            None => Err(Halt::Error(not_set(index))),
        }
    }

    #[inline]
    pub(super) fn put(&mut self, index: u64) -> Result<(), Halt> {
        if self.lexer.straddle.is_some() {
            self.straddled();
        }
        self.store(index)
    }

    #[inline]
    pub(super) fn memoize(&mut self) -> Result<(), Halt> {
        self.memo_use.counted = true;
        self.store(self.state.memo.len())
    }

    #[inline]
    fn store(&mut self, index: u64) -> Result<(), Halt> {
        let top = self.state.stack.top()?;
        let stored = self.state.memo.put(index, top.value.by_name());
        if stored != Stored::Full && self.observer.takes_notes() {
            self.state.memo_notes.put(index, top.note);
        }
        match stored {
            Stored::Fine => {}
            Stored::Far => {
                self.log
                    .anomaly(PickleAnomaly::HugeMemoIndex { index }, self.moment());
            }
            Stored::Full => {
                return Err(Halt::Error(ReadError::Limit(limits::Id::FAR_INDEXES)));
            }
        }
        Ok(())
    }
}

fn not_set(index: u64) -> ReadError {
    ReadError::malformed(PickleFault::MemoUnset { index })
}
