//! Where the items of an array are, and how they are read.

use crate::{
    bytes::{Window, narrow, wide},
    format::pickle::{
        constant,
        preview::Preview,
        value::{Value, ValueKind},
    },
};

/// How much is read at a time.
const PIECE: usize = 64 << 10;
/// The largest item that is read.
const ITEM: u64 = 4096;

/// The bytes of an array's items.
#[derive(Debug, Clone)]
pub(in crate::format::pickle) enum Contents {
    /// A text that is kept.
    Kept(Box<[u8]>),
    /// So many bytes of the file. Of a text, each character is a byte.
    At {
        start: u64,
        length: u64,
        latin1: bool,
    },
}

impl Contents {
    /// The bytes that a constant is; `None` if it is none, or a line of protocol 0.
    pub(in crate::format::pickle) fn of(items: Value, preview: &Preview<'_>) -> Option<Self> {
        match items.kind() {
            ValueKind::Str => Some(Self::Kept(preview.names.text(items.index()).into())),
            ValueKind::StrAt | ValueKind::Bytes => {
                let (range, latin1) = constant::payload(preview.window, items.number())?;
                Some(Self::At {
                    start: range.start,
                    length: range.end.checked_sub(range.start)?,
                    latin1,
                })
            }
            _ => None,
        }
    }

    /// Gives each of so many items of a size, and nothing is left. `None` also if `take` says so, or if reading fails.
    pub(super) fn each(
        &self,
        (size, mut left): (u64, u64),
        window: &Window,
        mut take: impl FnMut(&[u8]) -> Option<()>,
    ) -> Option<()> {
        let size = narrow(size);
        if size == 0 || wide(size) > ITEM {
            return None;
        }
        let mut part: Vec<u8> = Vec::new();
        self.pieces(window, |mut piece| {
            if !part.is_empty() {
                let missing = size.saturating_sub(part.len()).min(piece.len());
                let (head, tail) = piece.split_at_checked(missing)?;
                part.extend_from_slice(head);
                piece = tail;
                if part.len() == size {
                    left = left.checked_sub(1)?;
                    take(&part)?;
                    part.clear();
                }
            }
            let mut items = piece.chunks_exact(size);
            for item in &mut items {
                left = left.checked_sub(1)?;
                take(item)?;
            }
            part.extend_from_slice(items.remainder());
            Some(())
        })?;
        (left == 0 && part.is_empty()).then_some(())
    }

    /// Gives the bytes, some at a time.
    fn pieces(&self, window: &Window, mut take: impl FnMut(&[u8]) -> Option<()>) -> Option<()> {
        let (start, length, latin1) = match self {
            Self::Kept(text) => return take(text),
            Self::At {
                start,
                length,
                latin1,
            } => (*start, *length, *latin1),
        };
        let mut lead = None;
        let mut decoded = Vec::new();
        let mut done: u64 = 0;
        while done < length {
            let wanted = narrow(length.saturating_sub(done)).min(PIECE);
            let piece = window.borrow_at(start.saturating_add(done), wanted).ok()?;
            if piece.is_empty() {
                return None;
            }
            done = done.saturating_add(wide(piece.len()));
            if latin1 {
                decoded.clear();
                decode(&piece, &mut lead, &mut decoded)?;
                take(&decoded)?;
            } else {
                take(&piece)?;
            }
        }
        lead.is_none().then_some(())
    }
}

/// Bytes of UTF-8 as the characters that they are, none of which is beyond Latin-1. The first byte of one may be in the piece before.
fn decode(piece: &[u8], lead: &mut Option<u8>, out: &mut Vec<u8>) -> Option<()> {
    for byte in piece {
        match (lead.take(), *byte) {
            (None, 0..=0x7f) => out.push(*byte),
            (None, 0xc2 | 0xc3) => *lead = Some(*byte),
            (Some(first), 0x80..=0xbf) => out.push((first & 3).wrapping_shl(6) | (byte & 0x3f)),
            _ => return None,
        }
    }
    Some(())
}
