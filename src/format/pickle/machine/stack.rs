//! The stack with its marks and fence, as `Pdata` in `_pickle.c` keeps them.

use std::sync::Arc;

use super::{
    Halt, malformed,
    observer::{Items, Note, Noted},
};
use crate::{
    bytes::{Budget, HeldMemory, ReadError},
    fact::PickleFault,
    format::pickle::value::Value,
    limits,
};

/// How many values, notes or marks there is room for at first, and how many more each time.
const STEP: usize = 1 << 14;

/// Reserves room for all that a long vector may ever hold. Room costs nothing before it is used; to grow step by step costs each
/// step again, because allocators keep what was copied.
fn reserve<T>(vector: &mut Vec<T>, most: usize) {
    const LONG: usize = 1 << 18;
    if vector.len() >= LONG && vector.capacity() < most {
        vector.reserve_exact(most.saturating_sub(vector.len()));
    }
}

/// The stack: values, and what an observer notes of each.
#[derive(Debug)]
pub(super) struct Stack<N> {
    pub values: Vec<Value>,
    /// As many values as there is memory for.
    room: usize,
    /// Notes of the first values, up to the last that is not blank, until nobody asks for them.
    notes: Vec<N>,
    notes_room: usize,
    /// Notes are kept.
    noting: bool,
    marks: Vec<usize>,
    marks_room: usize,
    /// Below it an opcode takes nothing: where the topmost mark stands.
    pub fence: usize,
    memory: HeldMemory,
    notes_memory: HeldMemory,
}

impl<N: Note> Stack<N> {
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self {
            values: Vec::new(),
            room: 0,
            notes: Vec::new(),
            notes_room: 0,
            noting: true,
            marks: Vec::new(),
            marks_room: 0,
            fence: 0,
            memory: HeldMemory::new(budget),
            notes_memory: HeldMemory::new(budget),
        }
    }

    /// A copy, if there is memory for it.
    pub(super) fn copy(&self) -> Option<Self> {
        Some(Self {
            memory: self.memory.copy()?,
            notes_memory: self.notes_memory.copy()?,
            values: self.values.clone(),
            notes: self.notes.clone(),
            marks: self.marks.clone(),
            ..*self
        })
    }

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
    pub(super) fn push(&mut self, value: Value) -> Result<(), Halt> {
        if self.values.len() >= self.room {
            self.grow()?;
        }
        self.values.push(value);
        Ok(())
    }

    /// Keeps the first note of the topmost value; whether there is room for it.
    #[inline]
    pub(super) fn note_top(&mut self, note: N) -> bool {
        let count = self.values.len();
        if count > self.notes_room {
            return false;
        }
        let below = count.saturating_sub(1);
        if self.notes.len() < below {
            self.notes.resize(below, N::default());
        }
        self.notes.push(note);
        true
    }

    #[cold]
    fn grow(&mut self) -> Result<(), Halt> {
        if self.room >= limits::STACK {
            return Err(Halt::Error(ReadError::Limit(limits::Id::STACK)));
        }
        self.memory.take(STEP.saturating_mul(size_of::<Value>()))?;
        self.room = self.room.saturating_add(STEP);
        reserve(&mut self.values, limits::STACK);
        Ok(())
    }

    /// Makes room for more notes.
    #[cold]
    pub(super) fn grow_notes(&mut self) -> Result<(), ReadError> {
        if self.notes_room >= limits::NOTED_STACK {
            return Err(ReadError::Limit(limits::Id::NOTED_STACK));
        }
        self.notes_memory
            .take(STEP.saturating_mul(size_of::<N>()))?;
        self.notes_room = self.notes_room.saturating_add(STEP);
        reserve(&mut self.notes, limits::NOTED_STACK);
        Ok(())
    }

    /// Notes nothing any more. Their memory stays taken: an allocator may keep it.
    pub(super) fn forget_notes(&mut self) {
        self.notes = Vec::new();
        self.notes_room = 0;
        self.noting = false;
    }

    /// Whether notes are kept.
    pub(super) fn is_noting(&self) -> bool {
        self.noting
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Result<Noted<N>, Halt> {
        let top = self.top()?;
        self.truncate(self.values.len().saturating_sub(1));
        Ok(top)
    }

    #[inline]
    pub(super) fn top(&self) -> Result<Noted<N>, Halt> {
        self.peek().ok_or_else(|| self.underflow())
    }

    /// The topmost value, if an opcode may take it.
    #[inline]
    pub(super) fn peek(&self) -> Option<Noted<N>> {
        let place = self.values.len().checked_sub(1)?;
        if place < self.fence {
            return None;
        }
        self.at(place)
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

    #[cold]
    pub(super) fn underflow(&self) -> Halt {
        malformed(PickleFault::StackUnderflow {
            marked: !self.marks.is_empty(),
        })
    }

    pub(super) fn mark(&mut self) -> Result<(), Halt> {
        if self.marks.len() >= self.marks_room {
            self.grow_marks()?;
        }
        self.fence = self.values.len();
        self.marks.push(self.fence);
        Ok(())
    }

    #[cold]
    fn grow_marks(&mut self) -> Result<(), Halt> {
        if self.marks_room >= limits::MARKS {
            return Err(Halt::Error(ReadError::Limit(limits::Id::MARKS)));
        }
        self.memory.take(STEP.saturating_mul(size_of::<usize>()))?;
        self.marks_room = self.marks_room.saturating_add(STEP);
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

    /// `POP_MARK` takes the topmost mark and everything above it.
    pub(super) fn pop_marked(&mut self) -> Result<(), Halt> {
        let from = self.pop_mark()?;
        self.truncate(from);
        Ok(())
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
