//! Elements of version 5: a type, a size and data.

use super::wrong;
use crate::{
    bytes::{ReadError, Window},
    fact::Piece,
    limits,
};

/// Types of elements.
pub(super) const UINT8: u32 = 2;
pub(super) const UINT32: u32 = 6;
pub(super) const MATRIX: u32 = 14;
pub(super) const COMPRESSED: u32 = 15;
const LAST: u32 = 18;

/// The order of bytes in numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Big,
    Little,
}

impl Order {
    /// What the head of a file says.
    pub(super) fn of(front: &[u8]) -> Option<Self> {
        Self::marked(front.get(124..128)?)
    }

    /// What the version and the mark of the order say.
    pub(super) fn marked(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0, 1, b'I', b'M'] => Some(Self::Little),
            [1, 0, b'M', b'I'] => Some(Self::Big),
            _ => None,
        }
    }

    pub(super) fn number(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        }
    }

    /// The numbers that bytes are.
    pub(super) fn numbers(self, bytes: &[u8]) -> impl Iterator<Item = u32> {
        let words = bytes.chunks_exact(4).filter_map(<[u8]>::first_chunk);
        words.map(move |word| self.number(*word))
    }
}

/// An element: its type, where its data is, and where the next one is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    pub(super) kind: u32,
    pub(super) at: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) next: u64,
}

impl Element {
    /// How many bytes its data has.
    pub(super) fn size(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// The data of an element.
    pub(super) fn data(&self, window: &Window) -> Window {
        window.up_to(self.start, self.size())
    }
}

/// Reads one element after another, and counts them.
#[derive(Debug)]
pub(super) struct Elements {
    pub(super) order: Order,
    count: u64,
}

impl Elements {
    pub(super) fn new(order: Order) -> Self {
        Self { order, count: 0 }
    }

    /// The element at an offset, which ends before `limit`.
    ///
    /// # Errors
    /// It is none, or does not fit.
    pub(super) fn at(
        &mut self,
        window: &Window,
        at: u64,
        limit: Option<u64>,
    ) -> Result<Element, ReadError> {
        self.count = self.count.saturating_add(1);
        if self.count > limits::MATLAB_ELEMENTS {
            return Err(ReadError::Limit(limits::Id::MATLAB_ELEMENTS));
        }
        let head = window.exact(at..at.saturating_add(8), Piece::Content)?;
        let mut words = self.order.numbers(&head);
        let mut word = || words.next().unwrap_or_default();
        let (first, second) = (word(), word());
        // A small one has its size beside its type, and its data in the second word.
        let small = u64::from(first >> 16);
        let element = if small > 0 {
            let start = at.saturating_add(4);
            Element {
                kind: first & 0xffff,
                at,
                start,
                end: start.saturating_add(small),
                next: at.saturating_add(8),
            }
        } else {
            let start = at.saturating_add(8);
            let end = start.saturating_add(u64::from(second));
            let padding = match first {
                COMPRESSED => 0,
                _ => end.wrapping_neg() & 7,
            };
            Element {
                kind: first,
                at,
                start,
                end,
                next: end.saturating_add(padding),
            }
        };
        let Element { kind, end, .. } = element;
        if small > 4 || !(1..=LAST).contains(&kind) {
            return Err(wrong("element", at));
        }
        if limit.is_some_and(|limit| end > limit) {
            return Err(wrong("size", at));
        }
        if !window.reaches(end)? {
            let left = window.len().saturating_sub(element.start);
            return Err(ReadError::truncated(Piece::Content, element.size(), left));
        }
        Ok(element)
    }
}
