//! What reading one entry may cost altogether, shared by everything nested in it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use super::ReadError;
use crate::limits;

/// The decompressed bytes one entry may still produce, and the members of archives that may still be held.
#[derive(Debug)]
pub struct Budget {
    inflated: AtomicU64,
    members: AtomicUsize,
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
            members: AtomicUsize::new(limits::MEMBERS),
        }
    }
}

impl Budget {
    /// Takes `bytes` of decompressed output from the budget.
    ///
    /// # Errors
    /// [`ReadError::Limit`] once nothing is left.
    pub fn inflate(&self, bytes: u64) -> Result<(), ReadError> {
        self.inflated
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            })
            .map(|_| ())
            .map_err(|_| ReadError::Limit(limits::Id::INFLATED_BYTES))
    }
}
