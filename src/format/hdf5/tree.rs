//! B-trees of version 2: the indices of dense storage.

use super::file::{Fields, File, version};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Hdf5Fault, Hdf5Part},
    limits,
};

/// The types of trees that are read.
pub(super) const HUGE_OBJECTS: u8 = 1;
pub(super) const LINK_NAMES: u8 = 5;
pub(super) const LINK_ORDER: u8 = 6;
pub(super) const ATTRIBUTE_NAMES: u8 = 8;
pub(super) const ATTRIBUTE_ORDER: u8 = 9;
pub(super) const CHUNKS: u8 = 10;
pub(super) const FILTERED_CHUNKS: u8 = 11;

/// What a node has besides its records: a signature, a version, a type and a checksum.
const NODE_HEAD: u64 = 10;

/// The most levels a tree can have: each level has at least two nodes for one of the level above.
const DEPTH: u16 = 32;

/// The form of the nodes of a tree.
#[derive(Debug)]
struct Shape {
    of: u8,
    record: u64,
    /// For each level from the leaves up: bytes of a pointer to a node of it.
    pointers: Vec<Pointer>,
}

/// How a node points to one a level below.
#[derive(Debug, Clone, Copy)]
struct Pointer {
    /// Bytes that count the records of the node.
    own: usize,
    /// Bytes that count the records of the node and of all below it.
    all: usize,
}

/// A node to read: its address, the records in it and its level, which is 0 for a leaf.
struct Node {
    at: u64,
    records: u64,
    level: u16,
}

/// The type of a tree.
pub(super) fn kind(file: &File, address: u64) -> Result<u8, ReadError> {
    let bytes = file.signed(address, 6, *b"BTHD", Hdf5Part::Tree)?;
    let mut fields = file.fields(&bytes);
    fields.skip(5)?;
    fields.u8()
}

/// Calls `each` with every record of a tree.
pub(super) fn records(
    file: &File,
    address: u64,
    of: u8,
    mut each: impl FnMut(&[u8]) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let broken = || ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Tree));
    let widths = file.widths;
    let head = wide(widths.address)
        .saturating_add(wide(widths.length))
        .saturating_add(22);
    let bytes = file.signed(address, head, *b"BTHD", Hdf5Part::Tree)?;
    let mut fields = file.fields(&bytes);
    fields.skip(4)?;
    version(fields.u8()?, &[0], Hdf5Part::Tree)?;
    if fields.u8()? != of {
        return Err(broken());
    }
    let size = u64::from(fields.u32()?);
    let record = u64::from(fields.u16()?);
    let depth = fields.u16()?;
    fields.skip(2)?;
    let root = fields.address()?;
    let count = u64::from(fields.u16()?);
    let total = fields.length()?;
    if total == 0 && count == 0 {
        return Ok(());
    }
    let shape = Shape::new(file, of, (size, record), depth).ok_or_else(broken)?;
    let mut nodes = vec![Node {
        at: root,
        records: count,
        level: depth,
    }];
    let mut seen: u64 = 0;
    while let Some(node) = nodes.pop() {
        seen = seen.saturating_add(node.records);
        if seen > total || seen > wide(limits::HDF5_OBJECTS) {
            return Err(broken());
        }
        shape.read(file, &node, &mut nodes, &mut each)?;
    }
    if seen == total { Ok(()) } else { Err(broken()) }
}

/// Bytes that hold a number up to this one.
fn width_of(most: u64) -> Option<usize> {
    let bits = most.checked_ilog2()?;
    usize::try_from(bits.checked_div(8)?.checked_add(1)?).ok()
}

impl Shape {
    /// `None` if no tree has such nodes.
    fn new(file: &File, of: u8, (size, record): (u64, u64), depth: u16) -> Option<Self> {
        if depth > DEPTH {
            return None;
        }
        let room = size.checked_sub(NODE_HEAD)?;
        let in_leaf = room.checked_div(record)?;
        let own = width_of(in_leaf)?;
        let mut below = in_leaf;
        let mut pointers = vec![Pointer { own, all: 0 }];
        for _ in 1..=depth {
            let last = pointers.last()?;
            let pointer = wide(
                file.widths
                    .address
                    .checked_add(own)?
                    .checked_add(last.all)?,
            );
            let here = room
                .checked_sub(pointer)?
                .checked_div(record.checked_add(pointer)?)?;
            below = here
                .checked_add(1)?
                .saturating_mul(below)
                .saturating_add(here);
            let all = width_of(below)?;
            pointers.push(Pointer { own, all });
        }
        Some(Self {
            of,
            record,
            pointers,
        })
    }

    fn read(
        &self,
        file: &File,
        node: &Node,
        nodes: &mut Vec<Node>,
        each: &mut impl FnMut(&[u8]) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let broken = || ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Tree));
        let below = node.level.checked_sub(1);
        let pointer = below
            .map(|level| self.pointers.get(usize::from(level)).ok_or_else(broken))
            .transpose()?;
        let signature = if pointer.is_some() {
            *b"BTIN"
        } else {
            *b"BTLF"
        };
        let pointers = pointer.map_or(0, |pointer| {
            let each = file
                .widths
                .address
                .saturating_add(pointer.own)
                .saturating_add(pointer.all);
            wide(each).saturating_mul(node.records.saturating_add(1))
        });
        let records = node.records.saturating_mul(self.record);
        let length = records.saturating_add(pointers).saturating_add(6);
        let bytes = file.signed(node.at, length, signature, Hdf5Part::Tree)?;
        let mut fields = file.fields(&bytes);
        fields.skip(4)?;
        version(fields.u8()?, &[0], Hdf5Part::Tree)?;
        if fields.u8()? != self.of {
            return Err(broken());
        }
        for _ in 0..node.records {
            each(fields.take(narrow(self.record))?)?;
        }
        let (Some(pointer), Some(level)) = (pointer, below) else {
            return Ok(());
        };
        for _ in 0..=node.records {
            nodes.push(child(&mut fields, *pointer, level)?);
        }
        Ok(())
    }
}

fn child(fields: &mut Fields<'_>, pointer: Pointer, level: u16) -> Result<Node, ReadError> {
    let at = fields.address()?;
    let records = fields.number(pointer.own)?;
    fields.skip(pointer.all)?;
    Ok(Node { at, records, level })
}
