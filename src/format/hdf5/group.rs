//! Groups: the links from names to objects, as symbol tables, as messages, and in dense storage.

use rustc_hash::FxHashSet;

use super::{
    dense::Dense,
    file::{Fields, File, version},
    header::{Header, kind},
    local_heap::LocalHeap,
    tree, unsupported,
};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Hdf5Fault, Hdf5Form, Hdf5Part, Text},
};

/// A link of a group.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) name: Text,
    pub(super) to: Target,
}

/// Where a link leads.
#[derive(Debug)]
pub(super) enum Target {
    /// The object whose header is at this address.
    Object(u64),
    /// A path in the same file, which is followed when it is used.
    Path,
    /// An object of another file.
    External { file: Text },
}

/// Link types: those below are the library's own.
const HARD: u8 = 0;
const SOFT: u8 = 1;
const EXTERNAL: u8 = 64;

/// All links of an object, if it is a group.
pub(super) fn links(file: &File, header: &Header) -> Result<Vec<Link>, ReadError> {
    let mut links = Vec::new();
    if let Some(table) = header.one(kind::SYMBOL_TABLE) {
        let mut fields = file.fields(table);
        let (tree, heap) = (fields.address()?, fields.address()?);
        symbol_table(file, tree, heap, &mut links)?;
    }
    for message in header.all(kind::LINK) {
        links.push(link(file.fields(message))?);
    }
    if let Some(info) = header.one(kind::LINK_INFO) {
        dense(file, info, &mut links)?;
    }
    Ok(links)
}

/// The links of an old group: a tree of nodes with symbols, whose names are in a heap.
fn symbol_table(file: &File, tree: u64, heap: u64, links: &mut Vec<Link>) -> Result<(), ReadError> {
    let heap = LocalHeap::read(file, heap)?;
    let mut known = FxHashSet::default();
    let mut children = vec![Child::Tree(None)];
    let mut addresses = vec![tree];
    while let (Some(child), Some(at)) = (children.pop(), addresses.pop()) {
        if !known.insert(at) {
            return Err(ReadError::malformed(Hdf5Fault::Twice(Hdf5Part::GroupTree)));
        }
        let Child::Tree(expected) = child else {
            symbols(file, at, &heap, links)?;
            continue;
        };
        let front = wide(file.widths.address)
            .saturating_mul(2)
            .saturating_add(8);
        let bytes = file.signed(at, front, *b"TREE", Hdf5Part::GroupTree)?;
        let mut fields = file.fields(&bytes);
        fields.skip(4)?;
        let (of_groups, level) = (fields.u8()? == 0, fields.u8()?);
        let used = u64::from(fields.u16()?);
        if !of_groups || expected.is_some_and(|expected| level != expected) {
            return Err(ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::GroupTree)));
        }
        let entry = wide(file.widths.length.saturating_add(file.widths.address));
        let bytes = file.bytes(at.saturating_add(front), used.saturating_mul(entry))?;
        let mut fields = file.fields(&bytes);
        for _ in 0..used {
            fields.length()?;
            addresses.push(fields.address()?);
            children.push(
                level
                    .checked_sub(1)
                    .map_or(Child::Symbols, |level| Child::Tree(Some(level))),
            );
        }
    }
    Ok(())
}

/// What a node of a tree leads to.
#[derive(Clone, Copy)]
enum Child {
    /// A node of the tree, of this level if its parent says that.
    Tree(Option<u8>),
    /// A node of symbols.
    Symbols,
}

/// The symbols of a node.
fn symbols(file: &File, at: u64, heap: &LocalHeap, links: &mut Vec<Link>) -> Result<(), ReadError> {
    let front = file.signed(at, 8, *b"SNOD", Hdf5Part::SymbolNode)?;
    let mut fields = file.fields(&front);
    fields.skip(6)?;
    let count = u64::from(fields.u16()?);
    let widths = file.widths;
    let entry = widths
        .length
        .saturating_add(widths.address)
        .saturating_add(24);
    let entries = file.bytes(at.saturating_add(8), count.saturating_mul(wide(entry)))?;
    let mut fields = file.fields(&entries);
    for _ in 0..count {
        // A name is at an offset of the heap, which takes as much as an address.
        let (name, header) = (fields.number(widths.length)?, fields.address()?);
        let cached = fields.u32()?;
        fields.skip(20)?;
        let to = match cached {
            0 | 1 => Target::Object(header),
            2 => Target::Path,
            _ => {
                return Err(ReadError::malformed(Hdf5Fault::Broken(
                    Hdf5Part::SymbolNode,
                )));
            }
        };
        let name = Text::new(heap.text(name)?);
        links.push(Link { name, to });
    }
    Ok(())
}

/// A link message.
fn link(mut fields: Fields<'_>) -> Result<Link, ReadError> {
    version(fields.u8()?, &[1], Hdf5Part::Link)?;
    let flags = fields.u8()?;
    let kind = if flags & 8 != 0 { fields.u8()? } else { HARD };
    if flags & 4 != 0 {
        fields.skip(8)?;
    }
    if flags & 16 != 0 {
        fields.skip(1)?;
    }
    let length = fields.number(1_usize.checked_shl(u32::from(flags & 3)).unwrap_or(1))?;
    let name = Text::new(fields.take(narrow(length))?);
    let to = match kind {
        HARD => Target::Object(fields.address()?),
        SOFT => Target::Path,
        EXTERNAL => {
            let length = usize::from(fields.u16()?);
            let value = fields.take(length)?;
            external(value)?
        }
        other => return Err(unsupported(Hdf5Form::Link(other))),
    };
    Ok(Link { name, to })
}

/// The value of an external link: a version, the name of a file and a path in it.
fn external(value: &[u8]) -> Result<Target, ReadError> {
    let broken = || ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Link));
    let (head, rest) = value.split_first().ok_or_else(broken)?;
    version(head >> 4, &[0], Hdf5Part::Link)?;
    let end = memchr::memchr(0, rest).ok_or_else(broken)?;
    let file = Text::new(rest.get(..end).unwrap_or_default());
    Ok(Target::External { file })
}

/// The links in dense storage, which an index finds by their names or by their order.
fn dense(file: &File, info: &[u8], links: &mut Vec<Link>) -> Result<(), ReadError> {
    let Some(dense) = Dense::open(file, info, Hdf5Part::Link, 8)? else {
        return Ok(());
    };
    let id = |of, record: &[u8]| {
        let before = if of == tree::LINK_NAMES { 4 } else { 8 };
        Ok(record.get(before..).unwrap_or_default().to_vec())
    };
    dense.each([tree::LINK_NAMES, tree::LINK_ORDER], id, |stored| {
        links.push(link(file.fields(stored))?);
        Ok(())
    })
}
