//! What pyarrow's types and buffers are, until arrays are made of them.
//!
//! pyarrow makes an array of a type, numbers and buffers, and compares nothing: what reads the array believes that its buffers are
//! as long as its length says and that its offsets stay inside. What is known of types and buffers is kept for that comparison.

use std::{cell::Cell, collections::VecDeque};

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use super::{arrays::Contents, frames::FramePart, value::Value};
use crate::{bytes::narrow, fact::ContentsFault};

/// So many types are told apart, and no deeper or wider ones.
const TYPES: usize = 1 << 14;
const DEPTH: u32 = 16;
const PARTS: u64 = 1 << 12;
/// So many buffers are kept. An array is made just after its own.
const BUFFERS: usize = 1 << 12;

/// A type of items, as far as it says how they are laid out. Types in types are numbers of others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum ArrowType {
    /// Nothing but missing items.
    Null,
    /// A bit each.
    Bits,
    /// So many bytes each; the name tells types of one size apart.
    Fixed { bytes: u64, name: &'static str },
    /// Offsets of four or eight bytes into others.
    Texts { wide: bool, utf8: bool },
    /// Offsets of four or eight bytes into items.
    List { wide: bool, of: u32 },
    /// So many items each.
    FixedList { count: u64, of: u32 },
    /// An array for each field.
    Struct(Box<[u32]>),
    /// Lists of pairs.
    Map { key: u32, value: u32 },
    /// Numbers of items of a dictionary.
    Dictionary {
        bytes: u8,
        signed: bool,
        values: u32,
    },
}

/// How deep a type is, and of how many it is made.
#[derive(Debug, Clone, Copy)]
struct Extent {
    depth: u32,
    parts: u64,
}

/// What is known of types and buffers.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrows {
    types: IndexSet<ArrowType, FxBuildHasher>,
    extents: Vec<Extent>,
    buffers: VecDeque<Contents>,
    /// How many buffers were made before those that are kept.
    gone: u32,
    /// What the array is that was compared last, by the tuple that describes it.
    last: Cell<Option<(u64, Result<FramePart, ContentsFault>)>>,
}

impl Arrows {
    /// Keeps a type, and returns what a value keeps of it; 0 is nothing.
    pub(super) fn keep_type(&mut self, made: ArrowType) -> u32 {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        if let Some(at) = self.types.get_index_of(&made) {
            return number(at);
        }
        let Some(extent) = self.extent(&made) else {
            return 0;
        };
        if self.types.len() >= TYPES {
            return 0;
        }
        self.extents.push(extent);
        let (at, _) = self.types.insert_full(made);
        number(at)
    }

    /// How large a type is; `None` if it is larger than any that somebody writes.
    pub(super) fn is_small(&self, made: &ArrowType) -> bool {
        self.extent(made).is_some()
    }

    fn extent(&self, made: &ArrowType) -> Option<Extent> {
        let inner: &[u32] = match made {
            ArrowType::List { of, .. } | ArrowType::FixedList { of, .. } => &[*of],
            ArrowType::Struct(fields) => fields,
            ArrowType::Map { key, value } => &[*key, *value],
            ArrowType::Dictionary { values, .. } => &[*values],
            _ => &[],
        };
        let mut all = Extent { depth: 0, parts: 1 };
        for of in inner {
            let known = self.extents.get(narrow(u64::from(*of)).checked_sub(1)?)?;
            all.depth = all.depth.max(known.depth.checked_add(1)?);
            all.parts = all.parts.saturating_add(known.parts);
        }
        (all.depth <= DEPTH && all.parts <= PARTS).then_some(all)
    }

    /// The type of a number.
    pub(super) fn kind(&self, number: u32) -> Option<&ArrowType> {
        self.types
            .get_index(narrow(u64::from(number)).checked_sub(1)?)
    }

    /// The number of a type.
    pub(super) fn number(&self, kind: &ArrowType) -> Option<u32> {
        let at = self.types.get_index_of(kind)?;
        u32::try_from(at).ok()?.checked_add(1)
    }

    /// Keeps the bytes of a buffer, and returns what a value keeps of them; 0 is nothing.
    pub(super) fn keep_buffer(&mut self, contents: Contents) -> u32 {
        if self.buffers.len() >= BUFFERS {
            self.buffers.pop_front();
            self.gone = self.gone.saturating_add(1);
        }
        self.buffers.push_back(contents);
        let kept = u32::try_from(self.buffers.len()).unwrap_or(u32::MAX);
        self.gone.checked_add(kept).unwrap_or(0)
    }

    /// The bytes of a buffer.
    pub(super) fn buffer(&self, made: Value) -> Option<&Contents> {
        let at = made.detail().checked_sub(self.gone)?.checked_sub(1)?;
        self.buffers.get(narrow(u64::from(at)))
    }

    /// Keeps what an array is until it is made.
    pub(super) fn compared(&self, described: Value, found: Result<FramePart, ContentsFault>) {
        self.last.set(Some((described.number(), found)));
    }

    /// What the array is that was compared last.
    pub(super) fn take(&self, described: Value) -> Option<Result<FramePart, ContentsFault>> {
        let (tuple, found) = self.last.take()?;
        (tuple == described.number()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::{ArrowType, Arrows, BUFFERS, Contents, DEPTH};
    use crate::bytes::wide;
    use crate::format::pickle::value::{Value, ValueKind};

    #[test]
    fn types_are_no_larger_than_somebody_writes() {
        let mut arrows = Arrows::default();
        let mut of = arrows.keep_type(ArrowType::Null);
        for _ in 0..DEPTH {
            of = arrows.keep_type(ArrowType::List { wide: false, of });
            assert_ne!(of, 0);
        }
        let deeper = ArrowType::List { wide: false, of };
        assert_eq!(arrows.keep_type(deeper), 0);
        let mut of = arrows.keep_type(ArrowType::Bits);
        let widened = (0..DEPTH).map(|_| {
            of = arrows.keep_type(ArrowType::Struct(Box::new([of; 9])));
            of
        });
        assert_eq!(widened.last(), Some(0));
        assert_eq!(arrows.keep_type(ArrowType::Null), 1);
    }

    #[test]
    fn the_last_buffers_are_kept() {
        let mut arrows = Arrows::default();
        let buffer = |kept: u32| Value::new(ValueKind::Result, 1).with_detail(kept);
        let ids: Vec<u32> = (0..=BUFFERS)
            .map(|_| arrows.keep_buffer(Contents::Kept(Box::default())))
            .collect();
        assert!(arrows.buffer(buffer(0)).is_none());
        assert!(arrows.buffer(buffer(*ids.first().unwrap())).is_none());
        assert!(arrows.buffer(buffer(ids[1])).is_some());
        assert!(arrows.buffer(buffer(*ids.last().unwrap())).is_some());
        assert_eq!(wide(ids.len()), wide(BUFFERS) + 1);
    }
}
