//! What reading one entry may cost altogether, shared by everything nested in it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use super::{ReadError, wide};
use crate::limits;

/// The decompressed bytes one entry may still produce, and the members of archives and the memory for values that may still be held.
#[derive(Debug)]
pub struct Budget {
    inflated: AtomicU64,
    /// The limit that gave that number.
    inflated_limit: limits::Id,
    /// Bytes that are decompressed once more.
    again: AtomicU64,
    /// Bytes of source in archives, and one: nothing is left once it has run out.
    source: AtomicU64,
    source_limit: limits::Id,
    members: AtomicUsize,
    /// Opcodes of pickles.
    opcodes: AtomicU64,
    opcodes_limit: limits::Id,
    /// Bytes of memory for the values of pickles.
    memory: AtomicU64,
}

/// Whether a part of a budget has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// There was enough.
    No,
    /// It has run out with this.
    Now,
    /// It had run out before.
    Before,
}

/// Memory that the values of a pickle take, given back when they are dropped.
#[derive(Debug)]
pub struct HeldMemory {
    budget: Arc<Budget>,
    taken: u64,
}

impl HeldMemory {
    /// None yet.
    pub fn new(budget: &Arc<Budget>) -> Self {
        Self {
            budget: Arc::clone(budget),
            taken: 0,
        }
    }

    /// So many bytes more.
    ///
    /// # Errors
    /// [`ReadError::Limit`] if there are not so many left.
    pub fn take(&mut self, bytes: usize) -> Result<(), ReadError> {
        let bytes = wide(bytes);
        take(&self.budget.memory, bytes).ok_or(ReadError::Limit(limits::Id::VALUE_BYTES))?;
        self.taken = self.taken.saturating_add(bytes);
        Ok(())
    }

    /// As many bytes for a copy, if there are so many left.
    pub fn copy(&self) -> Option<Self> {
        take(&self.budget.memory, self.taken)?;
        Some(Self {
            budget: Arc::clone(&self.budget),
            taken: self.taken,
        })
    }
}

impl Drop for HeldMemory {
    fn drop(&mut self) {
        self.budget.memory.fetch_add(self.taken, Ordering::Relaxed);
    }
}

/// Takes from what is left, if there is so much.
fn take(left: &AtomicU64, amount: u64) -> Option<u64> {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
        left.checked_sub(amount)
    })
    .ok()
}

/// Members of one archive, held as long as its directory is: those of an archive inside it come on top.
#[derive(Debug)]
pub struct Held {
    budget: Arc<Budget>,
    members: usize,
}

impl Held {
    /// None yet.
    pub fn new(budget: &Arc<Budget>) -> Self {
        Self {
            budget: Arc::clone(budget),
            members: 0,
        }
    }

    /// One more.
    ///
    /// # Errors
    /// [`ReadError::Limit`] once there are too many.
    pub fn member(&mut self) -> Result<(), ReadError> {
        let taken =
            self.budget
                .members
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                });
        if taken.is_err() {
            return Err(ReadError::Limit(limits::Id::MEMBERS));
        }
        self.members = self.members.saturating_add(1);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget
            .members
            .fetch_add(self.members, Ordering::Relaxed);
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            inflated: AtomicU64::new(limits::INFLATED_BYTES),
            inflated_limit: limits::Id::INFLATED_BYTES,
            again: AtomicU64::new(limits::INFLATED_AGAIN),
            source: AtomicU64::new(limits::ARCHIVED_SOURCE.saturating_add(1)),
            source_limit: limits::Id::ARCHIVED_SOURCE,
            members: AtomicUsize::new(limits::MEMBERS),
            opcodes: AtomicU64::new(limits::OPCODES),
            opcodes_limit: limits::Id::OPCODES,
            memory: AtomicU64::new(limits::VALUE_BYTES),
        }
    }
}

impl Budget {
    /// For a file of so many bytes.
    pub fn of_file(length: u64) -> Self {
        let by_ratio = length.saturating_mul(limits::INFLATE_RATIO);
        let of_large = length.saturating_mul(limits::INFLATED_SIZES);
        let (inflated, inflated_limit) = if by_ratio < limits::INFLATED_FLOOR {
            (limits::INFLATED_FLOOR, limits::Id::INFLATED_FLOOR)
        } else if by_ratio < limits::INFLATED_BYTES {
            (by_ratio, limits::Id::INFLATE_RATIO)
        } else if of_large > limits::INFLATED_BYTES {
            (of_large, limits::Id::INFLATED_SIZES)
        } else {
            (limits::INFLATED_BYTES, limits::Id::INFLATED_BYTES)
        };
        let opcodes = length.saturating_mul(limits::OPCODES_RATIO);
        let (opcodes, opcodes_limit) = if opcodes < limits::OPCODES_FLOOR {
            (limits::OPCODES_FLOOR, limits::Id::OPCODES_FLOOR)
        } else {
            (opcodes, limits::Id::OPCODES_RATIO)
        };
        let source = length.saturating_mul(limits::ARCHIVED_SOURCE_RATIO);
        let (source, source_limit) = if source < limits::ARCHIVED_SOURCE_FLOOR {
            let floor = limits::Id::ARCHIVED_SOURCE_FLOOR;
            (limits::ARCHIVED_SOURCE_FLOOR, floor)
        } else if source < limits::ARCHIVED_SOURCE {
            (source, limits::Id::ARCHIVED_SOURCE_RATIO)
        } else {
            (limits::ARCHIVED_SOURCE, limits::Id::ARCHIVED_SOURCE)
        };
        Self {
            inflated: AtomicU64::new(inflated),
            inflated_limit,
            source: AtomicU64::new(source.saturating_add(1)),
            source_limit,
            opcodes: AtomicU64::new(opcodes),
            opcodes_limit,
            memory: AtomicU64::new(limits::VALUE_BYTES.saturating_add(length)),
            ..Self::default()
        }
    }

    /// Takes so many bytes of source that stand in archives.
    pub fn archived_source(&self, bytes: u64) -> Spent {
        let enough = |left: &u64| bytes < *left;
        let left = self
            .source
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(if enough(&left) {
                    left.saturating_sub(bytes)
                } else {
                    0
                })
            });
        match left {
            Ok(left) if enough(&left) => Spent::No,
            Ok(1..) => Spent::Now,
            _ => Spent::Before,
        }
    }

    /// The limit that source in archives reaches.
    pub fn source_limit(&self) -> limits::Id {
        self.source_limit
    }

    /// How many opcodes one stream may still have, and the limit that it reaches then.
    pub fn opcodes(&self) -> (u64, limits::Id) {
        let left = self.opcodes.load(Ordering::Relaxed);
        if left < limits::OPCODES {
            (left, self.opcodes_limit)
        } else {
            (limits::OPCODES, limits::Id::OPCODES)
        }
    }

    /// Takes opcodes that were executed.
    pub fn executed(&self, opcodes: u64) {
        let _ = self
            .opcodes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(opcodes))
            });
    }

    /// Takes `bytes` from the budget that have been decompressed before.
    ///
    /// # Errors
    /// [`ReadError::Limit`] once nothing is left.
    pub fn inflate_again(&self, bytes: u64) -> Result<(), ReadError> {
        take(&self.again, bytes)
            .map(|_| ())
            .ok_or(ReadError::Limit(limits::Id::INFLATED_AGAIN))
    }

    /// Takes `bytes` of decompressed output from the budget.
    ///
    /// # Errors
    /// [`ReadError::Limit`] once nothing is left.
    pub fn inflate(&self, bytes: u64) -> Result<(), ReadError> {
        take(&self.inflated, bytes)
            .map(|_| ())
            .ok_or(ReadError::Limit(self.inflated_limit))
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Spent};
    use crate::limits;

    #[test]
    fn opcodes_follow_the_size_of_a_file() {
        let small = Budget::of_file(1000);
        assert_eq!(
            small.opcodes(),
            (limits::OPCODES_FLOOR, limits::Id::OPCODES_FLOOR)
        );
        small.executed(limits::OPCODES_FLOOR - 5);
        assert_eq!(small.opcodes(), (5, limits::Id::OPCODES_FLOOR));
        small.executed(9);
        assert_eq!(small.opcodes().0, 0);
        let large = Budget::of_file(10 << 20);
        assert_eq!(large.opcodes(), (640 << 20, limits::Id::OPCODES_RATIO));
        let huge = Budget::of_file(1 << 40);
        assert_eq!(huge.opcodes(), (limits::OPCODES, limits::Id::OPCODES));
    }

    #[test]
    fn source_in_archives_runs_out_once() {
        let budget = Budget::default();
        let all = [limits::ARCHIVED_SOURCE, 0, 1, 0, 1].map(|bytes| budget.archived_source(bytes));
        assert_eq!(
            all,
            [
                Spent::No,
                Spent::No,
                Spent::Now,
                Spent::Before,
                Spent::Before
            ]
        );
        assert_eq!(
            Budget::of_file(1000).source_limit(),
            limits::Id::ARCHIVED_SOURCE_FLOOR
        );
        let wheel = Budget::of_file(1 << 20);
        assert_eq!(wheel.archived_source(16 << 20), Spent::No);
        assert_eq!(wheel.archived_source(1), Spent::Now);
        assert_eq!(wheel.source_limit(), limits::Id::ARCHIVED_SOURCE_RATIO);
        let at_once = budget_of(limits::ARCHIVED_SOURCE + 1);
        assert_eq!(at_once, Spent::Now);
    }

    fn budget_of(bytes: u64) -> Spent {
        Budget::default().archived_source(bytes)
    }
}
