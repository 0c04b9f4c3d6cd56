//! Memo indexes that lines spell.

use rustc_hash::FxHashMap;

use super::{Halt, malformed};
use crate::{
    bytes::{ReadError, wide},
    fact::{Op, PickleFault},
    format::pickle::text::{self, Index},
    limits,
};

/// Indexes beyond 63 bits, by their digits.
#[derive(Debug, Default)]
pub(super) struct LongIndexes(FxHashMap<Box<[u8]>, u64>);

impl LongIndexes {
    /// The index that a line spells. Those beyond 63 bits get one of their own, past all that fit.
    pub(super) fn read(&mut self, line: &[u8], op: Op) -> Result<u64, Halt> {
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
