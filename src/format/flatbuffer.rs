//! Flatbuffers, read field by field: tables, vectors and texts at offsets that nobody has verified.
//!
//! A schema is the caller's: it asks a table for its fields by their numbers. Nothing is read but what is asked for, in pages, so that
//! weights between the tables cost nothing. What several tables share is counted each time.

use std::cell::Cell;

use super::Head;
use crate::{
    bytes::{Pages, ReadError, Window, narrow},
    fact::{Piece, Text},
    limits,
};

/// A flatbuffer.
#[derive(Debug)]
pub(super) struct Flatbuffer {
    pages: Pages,
    /// Tables that were visited.
    visited: Cell<u64>,
}

/// A table in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'f> {
    buffer: &'f Flatbuffer,
    at: u64,
    /// Where the list of its fields is, and how long.
    fields: u64,
    fields_end: u64,
}

/// A vector in it: where its elements begin, and how many there are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Vector {
    pub(super) start: u64,
    pub(super) count: u64,
}

/// The identifier of a flatbuffer, if its root is inside: text that happens to have those letters there leads far away.
pub(super) fn identifier(head: &Head<'_>) -> Option<[u8; 4]> {
    let root = head
        .front
        .first_chunk()
        .map(|root| u32::from_le_bytes(*root))?;
    let end = u64::from(root).saturating_add(4);
    let is_inside = root >= 8 && head.window.reaches(end).unwrap_or(true);
    let identifier = head.front.get(4..8)?.first_chunk().copied();
    identifier.filter(|_| is_inside)
}

impl Flatbuffer {
    pub(super) fn new(window: &Window) -> Self {
        Self {
            pages: Pages::new(window, Piece::Flatbuffer),
            visited: Cell::new(0),
        }
    }

    /// The table that it is about.
    pub(super) fn root(&self) -> Result<Table<'_>, ReadError> {
        let at = self.offset(0)?;
        self.table(at)
    }

    /// A table of a vector of tables.
    pub(super) fn element(&self, vector: Vector, number: u64) -> Result<Table<'_>, ReadError> {
        let at = self.offset(vector.start.saturating_add(number.saturating_mul(4)))?;
        self.table(at)
    }

    /// The tables of a vector.
    pub(super) fn elements(
        &self,
        vector: Vector,
    ) -> impl Iterator<Item = Result<Table<'_>, ReadError>> {
        (0..vector.count).map(move |number| self.element(vector, number))
    }

    /// The text of a vector of texts.
    pub(super) fn text_element(&self, vector: Vector, number: u64) -> Result<Text, ReadError> {
        self.visit()?;
        let at = self.offset(vector.start.saturating_add(number.saturating_mul(4)))?;
        self.text(at)
    }

    /// A number of a vector of numbers.
    pub(super) fn number(&self, vector: Vector, number: u64) -> Result<u32, ReadError> {
        let at = vector.start.saturating_add(number.saturating_mul(4));
        self.pages.array(at).map(u32::from_le_bytes)
    }

    /// An element of a vector whose elements are that long.
    pub(super) fn inline<const N: usize>(
        &self,
        vector: Vector,
        number: u64,
    ) -> Result<[u8; N], ReadError> {
        let at = number.saturating_mul(crate::bytes::wide(N));
        self.pages.array(vector.start.saturating_add(at))
    }

    fn visit(&self) -> Result<(), ReadError> {
        let visited = self.visited.get().saturating_add(1);
        self.visited.set(visited);
        if visited > limits::FLATBUFFER_TABLES {
            return Err(ReadError::Limit(limits::Id::FLATBUFFER_TABLES));
        }
        Ok(())
    }

    fn table(&self, at: u64) -> Result<Table<'_>, ReadError> {
        self.visit()?;
        let back = i64::from(i32::from_le_bytes(self.pages.array(at)?));
        let fields = at
            .checked_add_signed(back.saturating_neg())
            .ok_or_else(|| self.pages.outside(at))?;
        let length = u64::from(u16::from_le_bytes(self.pages.array(fields)?));
        let fields_end = fields.saturating_add(length);
        Ok(Table {
            buffer: self,
            at,
            fields,
            fields_end,
        })
    }

    /// Where an offset leads.
    fn offset(&self, at: u64) -> Result<u64, ReadError> {
        let offset = u32::from_le_bytes(self.pages.array(at)?);
        Ok(at.saturating_add(u64::from(offset)))
    }

    fn vector(&self, at: u64, size: u64) -> Result<Vector, ReadError> {
        let count = u64::from(u32::from_le_bytes(self.pages.array(at)?));
        let start = at.saturating_add(4);
        let end = start.saturating_add(count.saturating_mul(size));
        if !self.pages.window().reaches(end)? {
            return Err(self.pages.outside(end));
        }
        Ok(Vector { start, count })
    }

    fn text(&self, at: u64) -> Result<Text, ReadError> {
        let Vector { start, count } = self.vector(at, 1)?;
        if count > limits::FLATBUFFER_TEXT {
            return Err(ReadError::Limit(limits::Id::FLATBUFFER_TEXT));
        }
        Ok(Text::new(self.pages.bytes(start, narrow(count))?))
    }
}

impl Table<'_> {
    /// Where a field is, if the table has it.
    fn field(self, number: u16) -> Result<Option<u64>, ReadError> {
        let slot = self
            .fields
            .saturating_add(4)
            .saturating_add(u64::from(number).saturating_mul(2));
        if slot.saturating_add(2) > self.fields_end {
            return Ok(None);
        }
        let offset = u64::from(u16::from_le_bytes(self.buffer.pages.array(slot)?));
        Ok((offset > 0).then(|| self.at.saturating_add(offset)))
    }

    /// A number, 0 where it is not there.
    pub(super) fn u8(self, number: u16) -> Result<u8, ReadError> {
        let at = self.field(number)?;
        at.map_or(Ok(0), |at| {
            self.buffer.pages.array(at).map(u8::from_le_bytes)
        })
    }

    /// A number, 0 where it is not there.
    pub(super) fn u32(self, number: u16) -> Result<u32, ReadError> {
        let at = self.field(number)?;
        at.map_or(Ok(0), |at| {
            self.buffer.pages.array(at).map(u32::from_le_bytes)
        })
    }

    /// A number, 0 where it is not there.
    pub(super) fn u64(self, number: u16) -> Result<u64, ReadError> {
        let at = self.field(number)?;
        at.map_or(Ok(0), |at| {
            self.buffer.pages.array(at).map(u64::from_le_bytes)
        })
    }

    /// Bytes that stand in the table itself, if it has them.
    pub(super) fn inline<const N: usize>(self, number: u16) -> Result<Option<[u8; N]>, ReadError> {
        let at = self.field(number)?;
        at.map(|at| self.buffer.pages.array(at)).transpose()
    }

    /// A table.
    pub(super) fn table(self, number: u16) -> Result<Option<Self>, ReadError> {
        let Some(at) = self.field(number)? else {
            return Ok(None);
        };
        let at = self.buffer.offset(at)?;
        self.buffer.table(at).map(Some)
    }

    /// A text, empty where it is not there.
    pub(super) fn text(self, number: u16) -> Result<Text, ReadError> {
        match self.field(number)? {
            Some(at) => self.buffer.text(self.buffer.offset(at)?),
            None => Ok(Text::new(b"".as_slice())),
        }
    }

    /// A vector with elements of so many bytes, empty where it is not there.
    pub(super) fn vector(self, number: u16, size: u64) -> Result<Vector, ReadError> {
        match self.field(number)? {
            Some(at) => self.buffer.vector(self.buffer.offset(at)?, size),
            None => Ok(Vector::default()),
        }
    }

    /// The tables of a vector.
    pub(super) fn tables(
        self,
        number: u16,
    ) -> Result<impl Iterator<Item = Result<Self, ReadError>>, ReadError> {
        let vector = self.vector(number, 4)?;
        Ok(self.buffer.elements(vector))
    }
}
