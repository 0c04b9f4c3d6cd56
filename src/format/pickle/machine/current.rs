//! The opcode being executed.

use crate::{
    fact::Op,
    format::pickle::event_list::{CONTEXT, Moment},
};

/// The opcode being executed, and those before it.
#[derive(Debug)]
pub(super) struct Current {
    /// Its offset.
    pub at: u64,
    /// Its byte.
    pub code: u8,
    /// It takes an operand from after its frame.
    pub moved: bool,
    /// The offsets of the telling opcodes before it, latest last.
    pub before: [u64; CONTEXT],
}

impl Current {
    pub(super) fn new(at: u64) -> Self {
        Self {
            at,
            code: 0,
            moved: false,
            before: [u64::MAX; CONTEXT],
        }
    }

    /// Keeps its offset as that of a telling opcode.
    #[inline]
    pub(super) fn remember(&mut self) {
        let [_, second, third, fourth] = self.before;
        self.before = [second, third, fourth, self.at];
    }

    /// For an event.
    pub(super) fn moment(&self) -> Moment {
        Moment {
            at: self.at,
            op: self.code,
            before: self.before,
        }
    }

    /// For a fact.
    pub(super) fn op(&self) -> Op {
        Op::new(self.code)
    }
}
