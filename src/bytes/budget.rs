//! What reading one entry may cost altogether, shared by everything nested in it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::ReadError;
use crate::limits;

/// The decompressed bytes one entry may still produce.
#[derive(Debug)]
pub struct Budget {
    inflated: AtomicU64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            inflated: AtomicU64::new(limits::INFLATED_BYTES),
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
            .map_err(|_| {
                ReadError::Limit(format!(
                    "more than {} MiB of decompressed data",
                    limits::INFLATED_BYTES >> 20
                ))
            })
    }
}
