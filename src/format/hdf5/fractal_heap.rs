//! Fractal heaps: where dense storage keeps links and attributes.
//!
//! An object is found by its id, which says whether it lies in a block of the heap, by itself in the file, or in the id.

use std::collections::BTreeMap;

use super::{
    file::{File, version},
    tree, unsupported,
};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Hdf5Fault, Hdf5Form, Hdf5Part},
    limits,
};

/// How many levels of indirect blocks a heap may have: the sizes of what they hold double with each row.
const LEVELS: usize = 64;

/// A fractal heap.
#[derive(Debug)]
pub(super) struct FractalHeap<'f> {
    file: &'f File,
    id_length: usize,
    /// Bytes of an offset in the heap and of a length, as ids have them.
    offset_width: usize,
    length_width: usize,
    table: Table,
    /// By their numbers: addresses and lengths of objects that are too large for a block.
    huge: BTreeMap<u64, (u64, u64)>,
}

/// The doubling table: which block holds which offsets.
#[derive(Debug, Clone, Copy)]
struct Table {
    columns: u64,
    first: u64,
    direct_rows: u32,
    /// Bytes of an offset in the header of a block.
    block_offset: u64,
    root: u64,
    /// Rows of the root; 0 if that is a direct block.
    rows: u64,
}

fn broken() -> ReadError {
    ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::FractalHeap))
}

impl<'f> FractalHeap<'f> {
    pub(super) fn open(file: &'f File, address: u64) -> Result<Self, ReadError> {
        let widths = file.widths;
        let front = 22_u64
            .saturating_add(wide(widths.length).saturating_mul(12))
            .saturating_add(wide(widths.address).saturating_mul(3));
        let bytes = file.signed(address, front, *b"FRHP", Hdf5Part::FractalHeap)?;
        let mut fields = file.fields(&bytes);
        fields.skip(4)?;
        version(fields.u8()?, &[0], Hdf5Part::FractalHeap)?;
        let id_length = usize::from(fields.u16()?);
        if fields.u16()? != 0 {
            return Err(unsupported(Hdf5Form::FilteredHeap));
        }
        fields.skip(1)?;
        let largest = u64::from(fields.u32()?);
        fields.length()?;
        let huge_index = fields.address()?;
        fields.length()?;
        fields.address()?;
        for _ in 0..4 {
            fields.length()?;
        }
        fields.length()?;
        let huge_count = fields.length()?;
        fields.length()?;
        fields.length()?;
        let columns = u64::from(fields.u16()?);
        let (first, last) = (fields.length()?, fields.length()?);
        let bits = u64::from(fields.u16()?);
        fields.u16()?;
        let root = fields.address()?;
        let rows = u64::from(fields.u16()?);
        let powers = [columns, first, last].iter().all(|n| n.is_power_of_two());
        if !powers || last < first || bits > 64 || largest == 0 {
            return Err(broken());
        }
        let offset_width = narrow(bits.div_ceil(8));
        let log = |of: u64| narrow(u64::from(of.checked_ilog2().unwrap_or(0)));
        let bytes_of = |bits: usize| bits.saturating_add(7).checked_div(8).unwrap_or(0);
        let length_width = bytes_of(log(last)).min(bytes_of(log(largest)));
        let direct_rows = last.ilog2().saturating_sub(first.ilog2()).saturating_add(2);
        let mut heap = Self {
            file,
            id_length,
            offset_width,
            length_width,
            table: Table {
                columns,
                first,
                direct_rows,
                block_offset: wide(offset_width),
                root,
                rows,
            },
            huge: BTreeMap::new(),
        };
        if huge_count > 0 {
            heap.read_huge(huge_index)?;
        }
        Ok(heap)
    }

    /// Reads where the objects are that are too large for a block. Where ids have room for that, they say it themselves.
    fn read_huge(&mut self, index: u64) -> Result<(), ReadError> {
        let Some(index) = self.file.defined(index) else {
            return Ok(());
        };
        let mut huge = BTreeMap::new();
        tree::records(self.file, index, tree::HUGE_OBJECTS, |record| {
            let mut fields = self.file.fields(record);
            let (at, length) = (fields.address()?, fields.length()?);
            if huge.len() >= limits::HDF5_OBJECTS {
                return Err(ReadError::Limit(limits::Id::HDF5_OBJECTS));
            }
            match huge.insert(fields.length()?, (at, length)) {
                None => Ok(()),
                Some(_) => Err(broken()),
            }
        })?;
        self.huge = huge;
        Ok(())
    }

    /// The object with an id.
    pub(super) fn object(&self, id: &[u8]) -> Result<Vec<u8>, ReadError> {
        let id = id.get(..self.id_length).ok_or_else(broken)?;
        let (first, rest) = id.split_first().ok_or_else(broken)?;
        let mut fields = self.file.fields(rest);
        match first >> 4 {
            0 => {
                let offset = fields.number(self.offset_width)?;
                let length = fields.number(self.length_width)?;
                self.managed(offset, length)
            }
            1 => {
                let widths = self.file.widths;
                let direct = rest.len() >= widths.address.saturating_add(widths.length);
                let (at, length) = if direct {
                    (fields.address()?, fields.length()?)
                } else {
                    let number = fields.number(rest.len().min(widths.length))?;
                    *self.huge.get(&number).ok_or_else(broken)?
                };
                if length > limits::HDF5_ATTRIBUTE {
                    return Err(ReadError::Limit(limits::Id::HDF5_ATTRIBUTE));
                }
                self.file.bytes(at, length)
            }
            2 if self.id_length <= 17 => {
                let length = usize::from(first & 15).saturating_add(1);
                rest.get(..length).map(<[u8]>::to_vec).ok_or_else(broken)
            }
            _ => Err(broken()),
        }
    }

    /// An object in a block: found by its offset in the heap, in which the heads of blocks count.
    fn managed(&self, offset: u64, length: u64) -> Result<Vec<u8>, ReadError> {
        let table = self.table;
        let (mut at, mut rows) = (table.root, table.rows);
        let mut inside = offset;
        for _ in 0..LEVELS {
            if rows == 0 {
                self.file.signed(at, 4, *b"FHDB", Hdf5Part::FractalHeap)?;
                return self.file.bytes(at.saturating_add(inside), length);
            }
            self.file.signed(at, 4, *b"FHIB", Hdf5Part::FractalHeap)?;
            let place = table.place(inside).ok_or_else(broken)?;
            if u64::from(place.row) >= rows {
                return Err(broken());
            }
            let entry = u64::from(place.row)
                .saturating_mul(table.columns)
                .saturating_add(place.column);
            let width = wide(self.file.widths.address);
            let child = at
                .saturating_add(5)
                .saturating_add(width)
                .saturating_add(table.block_offset)
                .saturating_add(entry.saturating_mul(width));
            let bytes = self.file.bytes(child, width)?;
            let address = self.file.fields(&bytes).address()?;
            at = self.file.defined(address).ok_or_else(broken)?;
            inside = place.inside;
            rows = if place.row < table.direct_rows {
                0
            } else {
                place.rows
            };
        }
        Err(broken())
    }
}

/// Where an offset is in an indirect block.
struct Place {
    row: u32,
    column: u64,
    /// The offset in the block there.
    inside: u64,
    /// Rows of that block, if it is an indirect one.
    rows: u64,
}

impl Table {
    fn place(self, offset: u64) -> Option<Place> {
        let first_row = self.first.checked_mul(self.columns)?;
        let (row, from, size) = if offset < first_row {
            (0, 0, self.first)
        } else {
            // Each row holds as much as all rows before it.
            let high = offset.checked_ilog2()?;
            let row = high
                .checked_sub(first_row.checked_ilog2()?)?
                .checked_add(1)?;
            let from = 1_u64.checked_shl(high)?;
            let size = self.first.checked_shl(row.checked_sub(1)?)?;
            (row, from, size)
        };
        let past = offset.checked_sub(from)?;
        let rows = size
            .checked_ilog2()?
            .checked_sub(first_row.checked_ilog2()?)
            .and_then(|rows| rows.checked_add(1));
        Some(Place {
            row,
            column: past.checked_div(size)?,
            inside: past.checked_rem(size)?,
            rows: u64::from(rows.unwrap_or(0)),
        })
    }
}
