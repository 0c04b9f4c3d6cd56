//! What opcodes change: the stack, the memo, and the containers on them.

use std::sync::Arc;

use super::{
    memo_notes::MemoNotes,
    observer::{Note, Noted},
    stack::Stack,
};
use crate::{
    bytes::{Budget, ReadError, wide},
    format::pickle::{
        memo::Memo,
        value::{Nodes, Value, ValueKind},
    },
};

/// The state of an unpickler, from which another reading can start.
#[derive(Debug)]
pub(super) struct State<N> {
    pub stack: Stack<N>,
    pub memo: Memo,
    memo_notes: MemoNotes<N>,
    pub nodes: Nodes,
}

impl<N: Note> State<N> {
    /// Nothing yet, and memory for values as the budget has it.
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self {
            stack: Stack::new(budget),
            memo: Memo::new(budget),
            memo_notes: MemoNotes::new(budget),
            nodes: Nodes::default(),
        }
    }

    /// A copy, if there is memory for it.
    pub(super) fn copy(&self) -> Option<Self> {
        Some(Self {
            stack: self.stack.copy()?,
            memo: self.memo.copy()?,
            memo_notes: self.memo_notes.copy()?,
            nodes: self.nodes.clone(),
        })
    }

    /// Keeps no notes any more.
    pub(super) fn forget_notes(&mut self) {
        self.stack.forget_notes();
        self.memo_notes.forget();
    }

    /// How many values it holds.
    pub(super) fn len(&self) -> u64 {
        wide(self.stack.len()).saturating_add(self.memo.len())
    }

    /// A container of what lies on the stack from a place on, which stays there.
    #[inline]
    pub(super) fn container(&mut self, from: usize, kind: ValueKind) -> Value {
        let items = self.stack.from(from).values;
        let value = self.nodes.make(kind, items);
        if matches!(kind, ValueKind::List | ValueKind::Dict | ValueKind::Tuple) {
            self.nodes.opened(value, items, from);
        }
        value
    }

    /// Puts what lies on the stack from a place on into the container below it.
    #[inline]
    pub(super) fn fill(&mut self, container: Value, from: usize) {
        let items = self.stack.from(from).values;
        self.nodes.extend(container, items, from.saturating_sub(1));
    }

    /// The memo entry at an index.
    #[inline]
    pub(super) fn fetch(&self, index: u64) -> Option<Noted<N>> {
        let value = self.memo.get(index)?;
        let note = self.memo_notes.get(index);
        Some(Noted { value, note })
    }

    /// Keeps the note of a memo entry.
    ///
    /// # Errors
    /// [`ReadError::Limit`] if there is no memory for it.
    #[inline]
    pub(super) fn store_note(&mut self, index: u64, note: N) -> Result<(), ReadError> {
        self.memo_notes.put(index, note)
    }
}
