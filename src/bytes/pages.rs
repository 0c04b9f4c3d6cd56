//! Pages of a window, for readers that look at small pieces in many places.

use std::{cell::RefCell, fmt, io};

use super::{ReadError, Window, narrow, wide};
use crate::fact::Piece;

/// What is read at a time.
const PAGE: u64 = 4096;
/// Pages that are kept.
const PAGES: usize = 64;

/// A page: its number and its bytes.
type Page = (u64, Vec<u8>);

/// A window of which the pages that were read last are kept, each at the place that its number gives it.
pub struct Pages {
    window: Window,
    piece: Piece,
    kept: RefCell<Vec<Option<Page>>>,
}

impl Pages {
    /// Pages of a window; `piece` is what is cut off where the window ends too early.
    pub fn new(window: &Window, piece: Piece) -> Self {
        Self {
            window: window.clone(),
            piece,
            kept: RefCell::new(vec![None; PAGES]),
        }
    }

    /// What they are pages of.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// So many bytes at an offset.
    ///
    /// # Errors
    /// If there are fewer, or what reading answers.
    pub fn array<const N: usize>(&self, at: u64) -> Result<[u8; N], ReadError> {
        let mut bytes = [0; N];
        self.fill(at, &mut bytes)?;
        Ok(bytes)
    }

    /// So many bytes at an offset, which the caller has compared with a limit.
    ///
    /// # Errors
    /// If there are fewer, or what reading answers.
    pub fn bytes(&self, at: u64, count: usize) -> Result<Vec<u8>, ReadError> {
        if wide(count) > PAGE {
            let end = at.saturating_add(wide(count));
            return self.window.exact(at..end, self.piece);
        }
        let mut bytes = vec![0; count];
        self.fill(at, &mut bytes)?;
        Ok(bytes)
    }

    fn fill(&self, at: u64, mut out: &mut [u8]) -> Result<(), ReadError> {
        let mut at = at;
        while !out.is_empty() {
            let copied = self.copy(at, out)?;
            match out.get_mut(copied..) {
                Some(rest) if copied > 0 => out = rest,
                _ => return Err(self.outside(at)),
            }
            at = at.saturating_add(wide(copied));
        }
        Ok(())
    }

    /// Copies what the page of an offset has of what is wanted.
    fn copy(&self, at: u64, out: &mut [u8]) -> io::Result<usize> {
        let number = at.checked_div(PAGE).unwrap_or_default();
        let start = number.saturating_mul(PAGE);
        let mut kept = self.kept.borrow_mut();
        let slot = narrow(number).checked_rem(PAGES).unwrap_or_default();
        let Some(page) = kept.get_mut(slot) else {
            return Ok(0);
        };
        let bytes = match page {
            Some((of, bytes)) if *of == number => bytes,
            _ => {
                let bytes = self.window.bytes_at(start, narrow(PAGE))?;
                &mut page.insert((number, bytes)).1
            }
        };
        let rest = bytes
            .get(narrow(at.saturating_sub(start))..)
            .unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(out), Some(rest)) = (out.get_mut(..count), rest.get(..count)) {
            out.copy_from_slice(rest);
        }
        Ok(count)
    }

    /// Something leads outside.
    pub fn outside(&self, at: u64) -> ReadError {
        let left = self.window.len();
        ReadError::truncated(self.piece, at.saturating_add(1), left)
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pages({:?})", self.window)
    }
}
