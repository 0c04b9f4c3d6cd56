//! The stack with its marks and fence, as `Pdata` in `_pickle.c` keeps them.

use super::{
    Halt, malformed,
    observer::{Items, Noted},
};
use crate::fact::PickleFault;
use crate::{bytes::ReadError, format::pickle::value::Value, limits};

/// The stack: values, and what an observer notes of each.
#[derive(Debug, Clone)]
pub(super) struct Stack<N> {
    pub values: Vec<Value>,
    /// As many, up to [`limits::NOTED_STACK`].
    notes: Vec<N>,
    marks: Vec<usize>,
    /// Below it an opcode takes nothing: where the topmost mark stands.
    pub fence: usize,
}

impl<N> Default for Stack<N> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            notes: Vec::new(),
            marks: Vec::new(),
            fence: 0,
        }
    }
}

impl<N: Copy + Default> Stack<N> {
    pub(super) fn clear(&mut self) {
        self.truncate(0);
        self.marks.clear();
        self.fence = 0;
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(super) fn push(&mut self, value: Value, note: N) -> Result<(), Halt> {
        if self.values.len() >= limits::STACK {
            return Err(Halt::Error(ReadError::Limit(limits::Id::STACK)));
        }
        if self.notes.len() == self.values.len() && self.notes.len() < limits::NOTED_STACK {
            self.notes.push(note);
        }
        self.values.push(value);
        Ok(())
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Result<Noted<N>, Halt> {
        let top = self.top()?;
        self.truncate(self.values.len().saturating_sub(1));
        Ok(top)
    }

    #[inline]
    pub(super) fn top(&self) -> Result<Noted<N>, Halt> {
        let place = self.values.len().checked_sub(1);
        let top = place.filter(|place| *place >= self.fence);
        top.and_then(|place| self.at(place))
            .ok_or_else(|| self.underflow())
    }

    /// What stands at a place.
    #[inline]
    pub(super) fn at(&self, place: usize) -> Option<Noted<N>> {
        Some(Noted {
            value: *self.values.get(place)?,
            note: self.notes.get(place).copied().unwrap_or_default(),
        })
    }

    /// Everything from a place on.
    #[inline]
    pub(super) fn from(&self, place: usize) -> Items<'_, N> {
        Items {
            values: self.values.get(place..).unwrap_or_default(),
            notes: self.notes.get(place..).unwrap_or_default(),
        }
    }

    #[inline]
    pub(super) fn truncate(&mut self, place: usize) {
        self.values.truncate(place);
        self.notes.truncate(place);
    }

    /// Whether it is so high that nothing is noted any more.
    #[inline]
    pub(super) fn is_noted(&self) -> bool {
        self.notes.len() == self.values.len()
    }

    #[cold]
    pub(super) fn underflow(&self) -> Halt {
        malformed(PickleFault::StackUnderflow {
            marked: !self.marks.is_empty(),
        })
    }

    pub(super) fn mark(&mut self) -> Result<(), Halt> {
        if self.marks.len() >= limits::MARKS {
            return Err(Halt::Error(ReadError::Limit(limits::Id::MARKS)));
        }
        self.fence = self.values.len();
        self.marks.push(self.fence);
        Ok(())
    }

    /// Takes the topmost mark and returns where on the stack it stood.
    #[inline]
    pub(super) fn pop_mark(&mut self) -> Result<usize, Halt> {
        let mark = self
            .marks
            .pop()
            .ok_or_else(|| malformed(PickleFault::MarkMissing))?;
        self.fence = self.marks.last().copied().unwrap_or(0);
        Ok(mark)
    }

    /// Where the topmost mark stands.
    pub(super) fn last_mark(&self) -> Option<usize> {
        self.marks.last().copied()
    }

    /// POP takes the topmost value, or the mark if it is on top.
    pub(super) fn pop_or_unmark(&mut self) -> Result<(), Halt> {
        if self.marks.last() == Some(&self.values.len()) {
            self.pop_mark().map(|_| ())
        } else {
            self.pop().map(|_| ())
        }
    }

    /// Where the `n` topmost values begin, with at least one more value below them.
    #[inline]
    pub(super) fn below_top(&self, n: usize) -> Result<usize, Halt> {
        match self.values.len().checked_sub(n) {
            Some(from) if from > self.fence => Ok(from),
            _ => Err(self.underflow()),
        }
    }

    /// Where the `n` topmost values begin.
    #[inline]
    pub(super) fn topmost(&self, n: usize) -> Result<usize, Halt> {
        match self.values.len().checked_sub(n) {
            Some(from) if from >= self.fence => Ok(from),
            _ => Err(self.underflow()),
        }
    }
}

/// What an observer notes of memo entries, by index. Picklers count up, so most are in order.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoNotes<N> {
    first: Vec<N>,
    others: rustc_hash::FxHashMap<u64, N>,
}

impl<N: Copy + Default> MemoNotes<N> {
    #[inline]
    pub(super) fn put(&mut self, index: u64, note: N) {
        let at = crate::bytes::narrow(index);
        if let Some(slot) = self.first.get_mut(at) {
            *slot = note;
        } else if at == self.first.len() {
            self.others.remove(&index);
            self.first.push(note);
        } else {
            self.others.insert(index, note);
        }
    }

    #[inline]
    pub(super) fn get(&self, index: u64) -> N {
        let first = self.first.get(crate::bytes::narrow(index)).copied();
        first
            .or_else(|| self.others.get(&index).copied())
            .unwrap_or_default()
    }
}
