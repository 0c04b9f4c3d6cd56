//! Tensors of a stream: what is known of those made last, for functions that make one of several.
//!
//! A sparse tensor has its indices and values in tensors of their own, and torch believes that they fit one another. They are
//! made just before it, so the last few suffice, however many a checkpoint has.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::{
    digest::Digest,
    value::{Value, ValueKind},
    widths::Width,
};

/// How many are kept.
const KEPT: usize = 256;
/// What a value keeps of which one it is has 24 bits; the lowest says that it is a matrix.
const IDS: u32 = (1 << 24) - 1;
const MATRIX: u32 = 1;

/// Numbers that can be indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexes {
    /// Of four bytes.
    Int,
    /// Of eight.
    Long,
    /// A storage that is pickled outside an archive does not say.
    Untold,
}

/// What is known of a tensor or a `torch.Size`.
#[derive(Debug, Clone, Default)]
pub(super) struct TensorSummary {
    /// Its sizes, or what a `torch.Size` holds.
    pub sizes: Vec<u64>,
    /// It lies in its storage without gaps, the last dimension first.
    pub contiguous: bool,
    /// Of what its storage is, if it can hold indices.
    pub indexes: Option<Indexes>,
    /// Of an array: which dtype it has.
    pub dtype: Option<Value>,
    /// What its items come to, if something asks.
    pub digest: Option<Digest>,
    /// What the objects that it holds need.
    pub width: Option<Width>,
}

/// Those made last.
#[derive(Debug, Clone, Default)]
pub(super) struct Tensors {
    last: VecDeque<(u32, TensorSummary)>,
    next: u32,
    /// numpy's arrays that have no state yet.
    unfinished: FxHashSet<u32>,
    /// More of them were met at once than are noted.
    more_unfinished: bool,
}

impl Tensors {
    /// Keeps what is known, and returns what a value keeps of it; 0 is nothing.
    pub(super) fn keep(&mut self, known: TensorSummary) -> u32 {
        let id = self.next_id();
        if self.last.len() >= KEPT {
            self.last.pop_front();
        }
        self.last.push_back((id, known));
        id
    }

    /// Notes an array that has no state yet, and returns what a value keeps of it.
    pub(super) fn unfinished(&mut self, is_matrix: bool) -> u32 {
        let id = self.next_id() | if is_matrix { MATRIX } else { 0 };
        if self.unfinished.len() < KEPT {
            self.unfinished.insert(id);
        } else {
            self.more_unfinished = true;
        }
        id
    }

    fn next_id(&mut self) -> u32 {
        self.next = self.next.wrapping_add(MATRIX << 1) & IDS;
        if self.next == 0 {
            self.next = MATRIX << 1;
        }
        self.next
    }

    /// Notes that an array has its state, and what that says of it.
    pub(super) fn finished(&mut self, array: Value, known: TensorSummary) {
        self.unfinished.remove(&array.detail());
        if self.last.len() >= KEPT {
            self.last.pop_front();
        }
        self.last.push_back((array.detail(), known));
    }

    /// Whether some array has no state yet.
    #[inline]
    pub(super) fn has_unfinished(&self) -> bool {
        self.more_unfinished || !self.unfinished.is_empty()
    }

    /// Whether an array has no state yet. Where there were more than are noted, this is true of all that are not known to have one.
    pub(super) fn is_unfinished(&self, array: Value) -> bool {
        let id = array.detail();
        self.unfinished.contains(&id)
            || self.more_unfinished && !self.last.iter().any(|(finished, _)| *finished == id)
    }

    /// What is known of a value that a call made.
    pub(super) fn get(&self, value: Value) -> Option<&TensorSummary> {
        let made =
            matches!(value.kind(), ValueKind::Result | ValueKind::Instance).then(|| value.detail());
        let (_, known) = self.last.iter().rev().find(|(id, _)| Some(*id) == made)?;
        Some(known)
    }
}

/// Whether an array is a `numpy.matrix`.
pub(super) fn is_matrix(array: Value) -> bool {
    array.detail() & MATRIX != 0
}

/// torch's layouts. One is an object of its own, stored once, so a value keeps which it is.
const LAYOUTS: &[&str] = &[
    "torch.strided",
    "torch.sparse_coo",
    "torch.sparse_csr",
    "torch.sparse_csc",
    "torch.sparse_bsr",
    "torch.sparse_bsc",
];

/// What a value keeps of a layout; 0 is none of these.
pub(super) fn layout_of(name: &str) -> u32 {
    let at = LAYOUTS.iter().position(|known| *known == name);
    at.and_then(|at| u32::try_from(at.saturating_add(1)).ok())
        .unwrap_or(0)
}

/// The name of a layout.
pub(super) fn layout(value: Value) -> &'static str {
    let at = crate::bytes::narrow(u64::from(value.detail()));
    at.checked_sub(1)
        .and_then(|at| LAYOUTS.get(at))
        .copied()
        .unwrap_or_default()
}

/// Whether strides are those of a tensor without gaps. The last is 1 even where there is one element: torch wants that of indices.
pub(super) fn are_contiguous(sizes: &[u64], strides: &[u64]) -> bool {
    let mut expected: u64 = 1;
    sizes.len() == strides.len()
        && strides.last().is_none_or(|stride| *stride == 1)
        && sizes.iter().zip(strides).rev().all(|(size, stride)| {
            let fits = *size <= 1 || *stride == expected;
            expected = expected.saturating_mul((*size).max(1));
            fits
        })
}

/// How many elements a storage needs for a tensor; 0 if the tensor has none.
pub(super) fn extent(offset: u64, sizes: &[u64], strides: &[u64]) -> u64 {
    if sizes.contains(&0) {
        return 0;
    }
    let last = sizes
        .iter()
        .zip(strides)
        .fold(offset, |last, (size, stride)| {
            last.saturating_add(size.saturating_sub(1).saturating_mul(*stride))
        });
    last.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::{are_contiguous, extent};

    #[test]
    fn strides_and_extents() {
        assert!(are_contiguous(&[2, 3], &[3, 1]));
        assert!(are_contiguous(&[1, 3], &[7, 1]));
        assert!(are_contiguous(&[], &[]));
        assert!(!are_contiguous(&[2, 3], &[1, 2]));
        assert!(!are_contiguous(&[1], &[0]));
        assert_eq!(extent(1, &[2, 3], &[3, 1]), 7);
        assert_eq!(extent(5, &[0, 3], &[3, 1]), 0);
        assert_eq!(extent(0, &[u64::MAX, 2], &[u64::MAX, 2]), u64::MAX);
    }
}
