//! What pandas' indexes, arrays and blocks hold: how many rows, how many categories.
//!
//! pandas takes items of an array at places that it finds in an index or in codes. It compares the two when a program makes a frame,
//! and not when a pickle does. What is known of each part is kept until something holds it.

use rustc_hash::FxHashMap;

use super::value::Value;
use crate::bytes::{narrow, wide};

/// So many parts, and so many items of lists of them, are told apart.
const KEPT: usize = 1 << 20;
/// The most parts of one list: blocks of a frame to which columns were added one by one.
const LIST: usize = 1 << 14;

/// What is known of a part of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum FramePart {
    /// Nothing.
    #[default]
    Unknown,
    /// An array that has no state yet.
    Empty(Backing),
    /// Something with one dimension, of so many rows.
    Rows(u64),
    /// The same, of integers between these.
    Codes { rows: u64, min: i64, max: i64 },
    /// An array of pyarrow, of the type of a number.
    Arrow { rows: u64, kind: u32 },
    /// Columns of so many rows.
    Columns { rows: u64 },
    /// A type of so many categories.
    Categories(u64),
    /// So many rows of a sparse array, and at how many of them it keeps a value.
    Positions { rows: u64, values: u64 },
    /// The dict that says what a block holds.
    Block(Value),
    /// What holds the blocks of a frame, or of a series.
    Manager { is_series: bool },
}

/// What an array of pandas keeps its items in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backing {
    /// Numbers of categories.
    Codes,
    Dates,
    Durations,
    /// Numbers of periods.
    Ordinals,
    Objects,
    /// Any array of numpy.
    Any,
}

/// The parts that a list or a tuple holds.
#[derive(Debug, Clone, Default)]
struct List {
    parts: Vec<FramePart>,
    /// It holds something else as well.
    mixed: bool,
}

/// What is known of all parts of a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    made: Vec<FramePart>,
    lists: FxHashMap<u64, List>,
    /// How many parts the lists hold.
    listed: usize,
    /// What blocks hold that a dict describes.
    blocks: FxHashMap<u64, FramePart>,
    overflowed: bool,
}

impl Frames {
    /// Notes a part that is made, and returns what a value keeps of it; 0 is nothing.
    pub(super) fn made(&mut self, part: FramePart) -> u32 {
        if self.made.len() >= KEPT {
            return 0;
        }
        self.made.push(part);
        u32::try_from(self.made.len()).unwrap_or(0)
    }

    /// Notes what a part is, once its state is set.
    pub(super) fn settle(&mut self, made: Value, part: FramePart) {
        let at = narrow(u64::from(made.detail())).checked_sub(1);
        if let Some(known) = at.and_then(|at| self.made.get_mut(at)) {
            *known = part;
        }
    }

    /// What a part is.
    pub(super) fn of(&self, made: Value) -> FramePart {
        let at = narrow(u64::from(made.detail())).checked_sub(1);
        let known = at.and_then(|at| self.made.get(at));
        known.copied().unwrap_or_default()
    }

    /// Notes parts that are put into a list or a tuple, which holds so many items now.
    pub(super) fn put(&mut self, list: Value, parts: &[FramePart], now: Option<u64>) {
        let id = list.number();
        let are_known = !parts.is_empty() && !parts.contains(&FramePart::Unknown);
        let room = KEPT.saturating_sub(self.listed);
        let known = match self.lists.get_mut(&id) {
            Some(known) => known,
            // Most lists hold nothing of the kind.
            None if !are_known => return,
            None if parts.len() > room => {
                self.overflowed = true;
                return;
            }
            None => self.lists.entry(id).or_default(),
        };
        let all = known.parts.len().saturating_add(parts.len());
        if !are_known || known.mixed || all > LIST || now != Some(wide(all)) || parts.len() > room {
            known.mixed = true;
            return;
        }
        known.parts.extend_from_slice(parts);
        self.listed = self.listed.saturating_add(parts.len());
    }

    /// The parts that a list or a tuple of so many items holds, if it holds nothing else.
    pub(super) fn of_list(&self, list: Value, items: Option<u64>) -> Option<&[FramePart]> {
        if self.overflowed {
            return None;
        }
        match (self.lists.get(&list.number()), items) {
            (None, Some(0)) => Some(&[]),
            (Some(known), _) if !known.mixed => Some(&known.parts),
            _ => None,
        }
    }

    /// Notes what the block holds that a dict describes.
    pub(super) fn describe(&mut self, dict: Value, part: FramePart) {
        if self.blocks.len() >= KEPT {
            self.overflowed = true;
            return;
        }
        let known = self.blocks.entry(dict.number()).or_insert(part);
        if *known != part {
            *known = FramePart::Unknown;
        }
    }

    /// What the block holds that a dict describes.
    pub(super) fn described(&self, dict: Value) -> FramePart {
        let known = self.blocks.get(&dict.number());
        known.copied().unwrap_or_default()
    }
}
