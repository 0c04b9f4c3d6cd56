//! Memo indexes that lines spell.

use rustc_hash::FxHashMap;

use super::{Halt, interpreter::Interpreter, malformed, observer::Observer};
use crate::{
    bytes::{ReadError, wide},
    fact::{PickleAnomaly, PickleFault},
    format::pickle::text::{self, Index},
    limits,
};

/// Indexes beyond 63 bits, by their digits.
#[derive(Debug, Default)]
pub(super) struct LongIndexes(FxHashMap<Box<[u8]>, u64>);

impl LongIndexes {
    /// The index that a line spells. Those beyond 63 bits get one of their own, past all that fit.
    pub(super) fn read<O: Observer>(
        &mut self,
        line: &[u8],
        interpreter: &mut Interpreter<'_, O>,
    ) -> Result<u64, Halt> {
        let op = interpreter.current.op();
        // Every unpickler takes such a number, and what it stands beside has changed as well.
        if line.ends_with(b"\r") {
            interpreter.anomaly(PickleAnomaly::BadNumber { op, crlf: true });
        }
        let digits = match text::memo_index(line) {
            Index::Near(index) => return Ok(index),
            Index::Beyond(digits) => digits.into_owned().into_boxed_slice(),
            Index::No => return Err(malformed(PickleFault::NotAnIndex { op })),
        };
        if let Some(index) = self.0.get(&digits) {
            return Ok(*index);
        }
        if self.0.len() >= limits::BIG_INDEXES {
            return Err(Halt::Error(ReadError::Limit(limits::Id::BIG_INDEXES)));
        }
        let index = i64::MAX
            .unsigned_abs()
            .saturating_add(1)
            .saturating_add(wide(self.0.len()));
        self.0.insert(digits, index);
        Ok(index)
    }
}
