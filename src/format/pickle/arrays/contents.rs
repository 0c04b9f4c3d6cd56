//! Where the items of an array are, and how they are read.

use super::lines::{Decoder, Form};
use crate::{
    bytes::{Window, narrow, wide},
    format::pickle::{
        constant,
        preview::Preview,
        value::{Value, ValueKind},
    },
};

/// How much is read at a time.
pub(super) const PIECE: usize = 64 << 10;
/// The largest item that is read.
const ITEM: u64 = 4096;

/// The bytes of an array's items.
#[derive(Debug, Clone)]
pub(in crate::format::pickle) enum Contents {
    /// A text that is kept.
    Kept(Box<[u8]>),
    /// So many bytes of the file, in the form in which a constant spells bytes.
    At { start: u64, length: u64, form: Form },
}

impl Contents {
    /// The bytes that a constant is; `None` if it is none.
    pub(in crate::format::pickle) fn of(items: Value, preview: &Preview<'_>) -> Option<Self> {
        match items.kind() {
            ValueKind::Str => Some(Self::Kept(preview.names.text(items.index()).into())),
            ValueKind::StrAt | ValueKind::Bytes => {
                let (range, form) = match constant::payload(preview.window, items.number()) {
                    Some((range, true)) => (range, Form::Utf8),
                    Some((range, false)) => (range, Form::Plain),
                    None => match constant::line_payload(preview.window, items.number())? {
                        (range, true) => (range, Form::Raw),
                        (range, false) => (range, Form::Quoted),
                    },
                };
                Some(Self::At {
                    start: range.start,
                    length: range.end.checked_sub(range.start)?,
                    form,
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
        let (start, length, form) = match self {
            Self::Kept(text) => return take(text),
            Self::At {
                start,
                length,
                form,
            } => (*start, *length, *form),
        };
        let mut decoder = Decoder::new(form);
        let mut out = Vec::new();
        let mut done: u64 = 0;
        while done < length {
            let wanted = narrow(length.saturating_sub(done)).min(PIECE);
            let piece = window.borrow_at(start.saturating_add(done), wanted).ok()?;
            if piece.is_empty() {
                return None;
            }
            done = done.saturating_add(wide(piece.len()));
            if form == Form::Plain {
                take(&piece)?;
            } else {
                out.clear();
                decoder.feed(&piece, &mut out)?;
                take(&out)?;
            }
        }
        out.clear();
        decoder.finish(&mut out)?;
        take(&out)
    }
}
