//! Nodes of scikit-learn's trees of neighbours: spans of points, in the order of a heap.
//!
//! A query goes from a node that is no leaf to the two at twice its place, and reads the points of a leaf's span. It compares neither
//! with what there is.

use super::Contents;
use crate::{
    bytes::{Window, narrow},
    format::pickle::{digest::Spans, dtype::Column},
};

/// The names that a node's row has, in this order.
const NAMES: &[&str] = &["idx_start", "idx_end", "is_leaf", "radius"];

/// Whether rows are nodes of such a tree.
pub(super) fn are_spans(columns: &[Column]) -> bool {
    let names = columns.iter().map(|column| column.name.as_bytes());
    names.eq(NAMES.iter().map(|name| name.as_bytes()))
}

/// Follows so many rows of a size; `None` if a node leads out of them, or its span has no order.
pub(super) fn follow(
    (columns, size): (&[Column], u64),
    count: u64,
    contents: &Contents,
    window: &Window,
) -> Option<Spans> {
    let [start, end, leaf, _] = columns else {
        return None;
    };
    let mut spans = Spans { count, end: 0 };
    let mut at: u64 = 0;
    contents.each((size, count), window, |row| {
        let read = |column: &Column| {
            let (from, integer) = (narrow(column.offset), column.integer?);
            let to = from.checked_add(usize::from(integer.bytes))?;
            u64::try_from(integer.read(row.get(from..to)?)?).ok()
        };
        let (start, end) = (read(start)?, read(end)?);
        let last_child = at.checked_mul(2)?.checked_add(2)?;
        if start > end || read(leaf)? == 0 && last_child >= count {
            return None;
        }
        spans.end = spans.end.max(end);
        at = at.checked_add(1)?;
        Some(())
    })?;
    Some(spans)
}
