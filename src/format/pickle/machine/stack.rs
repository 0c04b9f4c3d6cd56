//! The stack, its marks and fence, as `Pdata` in `_pickle.c` keeps them, and the memo.

use super::{Halt, Machine, State, malformed};
use crate::{
    bytes::ReadError,
    fact::PickleAnomaly,
    format::pickle::{
        memo::Stored,
        value::{Value, ValueKind},
    },
    limits,
};

impl Machine<'_> {
    #[inline]
    pub(super) fn push(&mut self, value: Value) -> Result<(), Halt> {
        if self.lexer.straddle.is_some() {
            self.straddled();
        }
        if self.state.stack.len() >= limits::STACK {
            return Err(Halt::Error(ReadError::Limit(format!(
                "more than {} values on the stack",
                limits::STACK
            ))));
        }
        self.state.stack.push(value);
        Ok(())
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Result<Value, Halt> {
        if self.state.stack.len() <= self.state.fence {
            return Err(self.underflow());
        }
        self.state.stack.pop().ok_or_else(|| self.underflow())
    }

    #[inline]
    pub(super) fn top(&self) -> Result<Value, Halt> {
        match self.state.stack.last() {
            Some(top) if self.state.stack.len() > self.state.fence => Ok(*top),
            _ => Err(self.underflow()),
        }
    }

    #[cold]
    pub(super) fn underflow(&self) -> Halt {
        malformed(if self.state.marks.is_empty() {
            "the opcode takes more from the stack than is there"
        } else {
            "the opcode takes more from the stack than there is above the mark"
        })
    }

    pub(super) fn mark(&mut self) -> Result<(), Halt> {
        if self.state.marks.len() >= limits::MARKS {
            return Err(Halt::Error(ReadError::Limit(format!(
                "more than {} marks",
                limits::MARKS
            ))));
        }
        self.state.fence = self.state.stack.len();
        self.state.marks.push(self.state.fence);
        Ok(())
    }

    /// Takes the topmost mark and returns where on the stack it stood.
    #[inline]
    pub(super) fn pop_mark(&mut self) -> Result<usize, Halt> {
        let mark = self
            .state
            .marks
            .pop()
            .ok_or_else(|| malformed("there is no mark"))?;
        self.state.fence = self.state.marks.last().copied().unwrap_or(0);
        Ok(mark)
    }

    pub(super) fn pop_or_unmark(&mut self) -> Result<(), Halt> {
        if self.state.marks.last() == Some(&self.state.stack.len()) {
            self.pop_mark().map(|_| ())
        } else {
            self.pop().map(|_| ())
        }
    }

    /// Where the `n` topmost values begin, with at least one more value below them.
    #[inline]
    pub(super) fn below_top(&self, n: usize) -> Result<usize, Halt> {
        match self.state.stack.len().checked_sub(n) {
            Some(from) if from > self.state.fence => Ok(from),
            _ => Err(self.underflow()),
        }
    }

    pub(super) fn container(&mut self, kind: ValueKind) -> Result<(), Halt> {
        let value = self.state.nodes.make(kind, &[]);
        if matches!(kind, ValueKind::List | ValueKind::Dict | ValueKind::Tuple) {
            let place = self.state.stack.len();
            self.state.nodes.opened(value, &[], place);
        }
        self.push(value)
    }

    pub(super) fn gather_from(&mut self, from: usize, kind: ValueKind) -> Value {
        self.hand_on(from);
        let State {
            stack,
            nodes,
            dtypes,
            ..
        } = &mut self.state;
        let items = stack.get(from..).unwrap_or_default();
        let value = nodes.make(kind, items);
        if matches!(kind, ValueKind::List | ValueKind::Dict | ValueKind::Tuple) {
            nodes.opened(value, items, from);
        }
        if kind == ValueKind::Dict {
            dtypes.fields.put(value, items, nodes);
        }
        stack.truncate(from);
        value
    }

    pub(super) fn gather(&mut self, kind: ValueKind) -> Result<(), Halt> {
        let from = self.pop_mark()?;
        let odd = self.state.stack.len().saturating_sub(from) % 2 == 1;
        if kind == ValueKind::Dict && odd {
            return Err(malformed("DICT with a key that has no value"));
        }
        let value = self.gather_from(from, kind);
        self.push(value)
    }

    pub(super) fn tuple(&mut self, n: usize) -> Result<(), Halt> {
        let from = match self.state.stack.len().checked_sub(n) {
            Some(from) if from >= self.state.fence => from,
            _ => return Err(self.underflow()),
        };
        let value = self.gather_from(from, ValueKind::Tuple);
        self.push(value)
    }

    #[inline]
    pub(super) fn get(&mut self, index: u64) -> Result<(), Halt> {
        self.memo_use.fetched = true;
        if let Some(value) = self.state.memo.get(index) {
            return self.push(value);
        }
        // An unpickler object that is used again still has the memo of its last pickle. A fresh one stops here.
        match self.earlier.and_then(|memo| memo.get(index)) {
            Some(_) => {
                self.log
                    .anomaly(PickleAnomaly::MemoOfEarlierPickle { index }, self.moment());
                self.push(Value::new(ValueKind::Stale, index))
            }
            None => Err(Halt::Error(ReadError::malformed(format!(
                "memo entry {index} is not set"
            )))),
        }
    }

    #[inline]
    pub(super) fn put(&mut self, index: u64) -> Result<(), Halt> {
        if self.lexer.straddle.is_some() {
            self.straddled();
        }
        let top = self.top()?;
        self.store(index, top)
    }

    #[inline]
    pub(super) fn memoize(&mut self) -> Result<(), Halt> {
        let top = self.top()?;
        self.memo_use.counted = true;
        self.store(self.state.memo.len(), top)
    }

    #[inline]
    pub(super) fn store(&mut self, index: u64, value: Value) -> Result<(), Halt> {
        match self.state.memo.put(index, value.by_name()) {
            Stored::Fine => return Ok(()),
            Stored::Far => {}
            Stored::Full => {
                return Err(Halt::Error(ReadError::Limit(
                    "too many memo indexes far beyond the others".into(),
                )));
            }
        }
        self.log
            .anomaly(PickleAnomaly::HugeMemoIndex { index }, self.moment());
        Ok(())
    }
}
