//! The bytes behind addresses: what is read of an HDF5 file, and what that may cost.

use std::cell::{Cell, RefCell};

use crate::{
    bytes::{Cursor, ReadError, Window, narrow, wide},
    fact::{Hdf5Fault, Hdf5Part, Piece},
    limits,
};

/// What is read at a time.
const PAGE: u64 = 4096;
/// Pages that are kept.
const PAGES: usize = 64;

/// How many bytes an address and a length take in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    pub(super) address: usize,
    pub(super) length: usize,
}

/// A page by its number, with its bytes.
type Page = (u64, Vec<u8>);

/// An HDF5 file, from its superblock on: addresses count from there.
#[derive(Debug)]
pub(super) struct File {
    window: Window,
    pub(super) widths: Widths,
    /// Pages that were read last, each at the place that its number gives it.
    pages: RefCell<Vec<Option<Page>>>,
    /// Bytes of structures that may still be read.
    left: Cell<u64>,
}

impl File {
    pub(super) fn new(window: Window, widths: Widths) -> Self {
        // An honest file is read at most once: what several structures share costs each time.
        let left = window
            .len()
            .saturating_mul(limits::HDF5_READ_RATIO)
            .saturating_add(PAGE)
            .min(limits::HDF5_READ);
        Self {
            window,
            widths,
            pages: RefCell::new(vec![None; PAGES]),
            left: Cell::new(left),
        }
    }

    /// A part of the file, as it is stored.
    pub(super) fn window(&self, at: u64, length: u64) -> Option<Window> {
        self.window.sub(at..at.checked_add(length)?)
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.window.len()
    }

    /// So many bytes at an address.
    pub(super) fn bytes(&self, at: u64, length: u64) -> Result<Vec<u8>, ReadError> {
        let end = at.saturating_add(length);
        if !self.window.reaches(end)? {
            let left = self.window.len().saturating_sub(at);
            return Err(ReadError::truncated(Piece::Hdf5, length, left));
        }
        let left = self.left.get().checked_sub(length.max(1));
        self.left
            .set(left.ok_or(ReadError::Limit(limits::Id::HDF5_READ))?);
        if length > PAGE {
            return self.window.exact(at..end, Piece::Hdf5);
        }
        let mut bytes = Vec::with_capacity(narrow(length));
        let mut from = at;
        while from < end {
            let taken = self.of_page(from, end, &mut bytes)?;
            if taken == 0 {
                let had = from.saturating_sub(at);
                return Err(ReadError::truncated(Piece::Hdf5, length, had));
            }
            from = from.saturating_add(taken);
        }
        Ok(bytes)
    }

    /// Adds what the page of an offset has up to an end; returns how much that is.
    fn of_page(&self, from: u64, end: u64, bytes: &mut Vec<u8>) -> Result<u64, ReadError> {
        let number = from.checked_div(PAGE).unwrap_or_default();
        let start = number.saturating_mul(PAGE);
        let slot = narrow(number).checked_rem(PAGES).unwrap_or_default();
        let mut pages = self.pages.borrow_mut();
        let Some(page) = pages.get_mut(slot) else {
            return Ok(0);
        };
        let kept = match page {
            Some((kept, bytes)) if *kept == number => bytes,
            _ => {
                let read = self.window.bytes_at(start, narrow(PAGE))?;
                &mut page.insert((number, read)).1
            }
        };
        let first = narrow(from.saturating_sub(start));
        let last = narrow(end.saturating_sub(start)).min(kept.len());
        let part = kept.get(first..last).unwrap_or_default();
        bytes.extend_from_slice(part);
        Ok(wide(part.len()))
    }

    /// The bytes at an address, which have to begin with a signature.
    pub(super) fn signed(
        &self,
        at: u64,
        length: u64,
        signature: [u8; 4],
        part: Hdf5Part,
    ) -> Result<Vec<u8>, ReadError> {
        let bytes = self.bytes(at, length)?;
        if bytes.starts_with(&signature) {
            Ok(bytes)
        } else {
            Err(ReadError::malformed(Hdf5Fault::Missing(part)))
        }
    }

    /// An address, if it is not the one that stands for nothing.
    pub(super) fn defined(&self, address: u64) -> Option<u64> {
        let bits = u32::try_from(self.widths.address.saturating_mul(8)).unwrap_or(u32::MAX);
        let unused = u64::MAX.checked_shr(64_u32.saturating_sub(bits));
        (Some(address) != unused).then_some(address)
    }

    /// The fields of a structure of this file.
    pub(super) fn fields<'b>(&self, bytes: &'b [u8]) -> Fields<'b> {
        Fields {
            cursor: Cursor::new(bytes, Piece::Hdf5),
            widths: self.widths,
        }
    }
}

/// Walks the fields of a structure.
#[derive(Debug, Clone)]
pub(super) struct Fields<'b> {
    cursor: Cursor<'b>,
    widths: Widths,
}

impl<'b> Fields<'b> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'b [u8], ReadError> {
        self.cursor.take(length)
    }

    /// Passes over fields of no interest.
    pub(super) fn skip(&mut self, length: usize) -> Result<(), ReadError> {
        self.cursor.take(length).map(|_| ())
    }

    pub(super) fn rest(&self) -> &'b [u8] {
        self.cursor.rest()
    }

    /// A number of up to 8 bytes, little-endian.
    pub(super) fn number(&mut self, width: usize) -> Result<u64, ReadError> {
        let taken = self.cursor.take(width)?;
        let mut bytes = [0; 8];
        match bytes.get_mut(..width) {
            Some(low) => low.copy_from_slice(taken),
            None => return Err(ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Number))),
        }
        Ok(u64::from_le_bytes(bytes))
    }

    pub(super) fn u8(&mut self) -> Result<u8, ReadError> {
        self.cursor.u8()
    }

    pub(super) fn u16(&mut self) -> Result<u16, ReadError> {
        self.cursor.u16()
    }

    pub(super) fn u32(&mut self) -> Result<u32, ReadError> {
        self.cursor.u32()
    }

    pub(super) fn address(&mut self) -> Result<u64, ReadError> {
        self.number(self.widths.address)
    }

    pub(super) fn length(&mut self) -> Result<u64, ReadError> {
        self.number(self.widths.length)
    }

    /// A text that ends with a zero byte, which is passed.
    pub(super) fn text(&mut self, part: Hdf5Part) -> Result<&'b [u8], ReadError> {
        let end = memchr::memchr(0, self.cursor.rest())
            .ok_or_else(|| ReadError::malformed(Hdf5Fault::Broken(part)))?;
        let text = self.cursor.take(end)?;
        self.cursor.take(1)?;
        Ok(text)
    }
}

/// A version that is read, or an error that names it.
pub(super) fn version(found: u8, known: &[u8], part: Hdf5Part) -> Result<u8, ReadError> {
    if known.contains(&found) {
        return Ok(found);
    }
    Err(super::unsupported(crate::fact::Hdf5Form::Version {
        part,
        version: found,
    }))
}
