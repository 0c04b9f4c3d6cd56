//! The chunks of a dataset: the indices that say where each is stored.
//!
//! Where a chunk belongs among the elements is of no interest here, so indices are read as lists. Values of the file say how large each
//! structure is; what they say is compared with the number of chunks that the dataset can have.

use super::{
    file::{Fields, File, version},
    tree, unsupported,
};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Hdf5Fault, Hdf5Form, Hdf5Part},
    limits,
};

/// Bytes of a checksum.
const CHECKSUM: u64 = 4;

/// A chunk: where it is stored, its length there, and which filters were left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) at: u64,
    pub(super) length: u64,
    pub(super) left_out: u32,
}

/// What finds the chunks. An address is `None` if nothing was written.
#[derive(Debug)]
pub(super) enum Index {
    /// A tree of version 1, with the dimensions of a chunk and one for the bytes of an element.
    Tree1 { at: Option<u64>, rank: usize },
    /// There is one.
    Single {
        at: Option<u64>,
        /// Its length where it is stored and the filters that were left out, if it goes through filters.
        filtered: Option<(u64, u32)>,
    },
    /// All stand one after another.
    Implicit { at: Option<u64>, sizes: Vec<u64> },
    /// An array of a fixed length.
    Fixed { at: Option<u64> },
    /// An array that grows.
    Extensible { at: Option<u64> },
    /// A tree of version 2.
    Tree2 { at: Option<u64>, rank: usize },
    /// One that is not read.
    Other,
}

fn broken() -> ReadError {
    ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Chunks))
}

/// What is no chunk of values that can be read here.
pub(super) fn unread() -> ReadError {
    unsupported(Hdf5Form::PackedObjects)
}

pub(super) fn product(sizes: &[u64]) -> u64 {
    sizes.iter().fold(1, |all, size| all.saturating_mul(*size))
}

/// The layout of chunks as version 4 has it, behind its class: the index, and how many bytes each chunk has.
pub(super) fn later(file: &File, mut fields: Fields<'_>) -> Result<(Index, u64), ReadError> {
    let (flags, rank) = (fields.u8()?, usize::from(fields.u8()?));
    let width = usize::from(fields.u8()?);
    let mut sizes = Vec::new();
    for _ in 0..rank {
        sizes.push(fields.number(width)?);
    }
    let bytes = product(&sizes);
    let found = fields.u8()?;
    let mut after = |length: usize| {
        fields.skip(length)?;
        Ok::<_, ReadError>(file.defined(fields.address()?))
    };
    let index = match found {
        1 if flags & 2 != 0 => {
            let filtered = Some((fields.length()?, fields.u32()?));
            let at = file.defined(fields.address()?);
            Index::Single { at, filtered }
        }
        1 => Index::Single {
            at: after(0)?,
            filtered: None,
        },
        2 => Index::Implicit {
            at: after(0)?,
            sizes,
        },
        3 => Index::Fixed { at: after(1)? },
        4 => Index::Extensible { at: after(5)? },
        5 => Index::Tree2 {
            at: after(6)?,
            rank,
        },
        _ => return Err(broken()),
    };
    // Those at the edge are stored without filters, and are not told apart here.
    let index = if flags & 1 != 0 { Index::Other } else { index };
    Ok((index, bytes))
}

/// The chunks of a dataset: of so many bytes each, and of a dataset of this shape.
pub(super) fn chunks(
    file: &File,
    index: &Index,
    bytes: u64,
    shape: &[u64],
) -> Result<Vec<Chunk>, ReadError> {
    match index {
        Index::Tree1 { at: Some(at), rank } => of_first_tree(file, *at, *rank),
        Index::Single {
            at: Some(at),
            filtered,
        } => {
            let (length, left_out) = filtered.unwrap_or((bytes, 0));
            Ok(vec![Chunk {
                at: *at,
                length,
                left_out,
            }])
        }
        Index::Implicit {
            at: Some(at),
            sizes,
        } => {
            let counts = shape.iter().zip(sizes).map(|(all, one)| {
                let whole = all.saturating_add(one.saturating_sub(1));
                whole.checked_div(*one).unwrap_or(0)
            });
            let count = counts.fold(1, u64::saturating_mul);
            if count.saturating_mul(bytes.max(1)) > file.length() {
                return Err(broken());
            }
            if count > wide(limits::HDF5_OBJECTS) {
                return Err(ReadError::Limit(limits::Id::HDF5_OBJECTS));
            }
            let chunk = |n: u64| Chunk {
                at: at.saturating_add(n.saturating_mul(bytes)),
                length: bytes,
                left_out: 0,
            };
            Ok((0..count).map(chunk).collect())
        }
        Index::Fixed { at: Some(at) } => fixed_array(file, *at, bytes),
        Index::Extensible { at: Some(at) } => extensible_array(file, *at, bytes),
        Index::Tree2 { at: Some(at), rank } => of_second_tree(file, *at, *rank, bytes),
        Index::Other => Err(unread()),
        Index::Tree1 { at: None, .. }
        | Index::Single { at: None, .. }
        | Index::Implicit { at: None, .. }
        | Index::Fixed { at: None }
        | Index::Extensible { at: None }
        | Index::Tree2 { at: None, .. } => Ok(Vec::new()),
    }
}

/// The chunks that a tree of version 1 finds.
fn of_first_tree(file: &File, tree: u64, rank: usize) -> Result<Vec<Chunk>, ReadError> {
    let part = Hdf5Part::Chunks;
    let mut known = rustc_hash::FxHashSet::default();
    let mut nodes: Vec<(u64, Option<u8>)> = vec![(tree, None)];
    let mut chunks = Vec::new();
    let address = wide(file.widths.address);
    let key = wide(rank).saturating_mul(8).saturating_add(8);
    while let Some((at, expected)) = nodes.pop() {
        if !known.insert(at) {
            return Err(ReadError::malformed(Hdf5Fault::Twice(part)));
        }
        let head = address.saturating_mul(2).saturating_add(8);
        let bytes = file.signed(at, head, *b"TREE", part)?;
        let mut fields = file.fields(&bytes);
        fields.skip(4)?;
        let (of_chunks, level) = (fields.u8()? == 1, fields.u8()?);
        let used = u64::from(fields.u16()?);
        if !of_chunks || expected.is_some_and(|expected| level != expected) {
            return Err(broken());
        }
        let entries = used.saturating_mul(key.saturating_add(address));
        let bytes = file.bytes(at.saturating_add(head), entries)?;
        let mut fields = file.fields(&bytes);
        for _ in 0..used {
            let (length, left_out) = (u64::from(fields.u32()?), fields.u32()?);
            fields.skip(rank.saturating_mul(8))?;
            let at = fields.address()?;
            match level.checked_sub(1) {
                Some(below) => nodes.push((at, Some(below))),
                None => chunks.push(Chunk {
                    at,
                    length,
                    left_out,
                }),
            }
        }
    }
    Ok(chunks)
}

/// The chunks that a tree of version 2 finds.
fn of_second_tree(file: &File, at: u64, rank: usize, bytes: u64) -> Result<Vec<Chunk>, ReadError> {
    // Beside what says where a chunk is stored: its place in each dimension.
    let place = wide(rank.saturating_sub(1)).saturating_mul(8);
    let mut chunks = Vec::new();
    let of @ (tree::CHUNKS | tree::FILTERED_CHUNKS) = tree::kind(file, at)? else {
        return Err(broken());
    };
    tree::records(file, at, of, |record| {
        let width = wide(record.len()).checked_sub(place).ok_or_else(broken)?;
        let element = Element::new(file, of == tree::FILTERED_CHUNKS, width, bytes)?;
        chunks.extend(element.read(file, &mut file.fields(record))?);
        Ok(())
    })?;
    Ok(chunks)
}

/// How an array says where a chunk is: its address, and with filters its length and which filters were left out.
#[derive(Debug, Clone, Copy)]
struct Element {
    /// Bytes that it takes.
    width: u64,
    /// Bytes of the length, if chunks go through filters.
    length: Option<usize>,
    /// Bytes of a chunk.
    bytes: u64,
}

impl Element {
    fn new(file: &File, is_filtered: bool, width: u64, bytes: u64) -> Result<Self, ReadError> {
        let address = wide(file.widths.address);
        let length = if is_filtered {
            let rest = width.checked_sub(address.saturating_add(4));
            let rest = rest.filter(|rest| (1..=8).contains(rest));
            Some(narrow(rest.ok_or_else(broken)?))
        } else if width == address {
            None
        } else {
            return Err(broken());
        };
        Ok(Self {
            width,
            length,
            bytes,
        })
    }

    /// The chunk, if it was written.
    fn read(self, file: &File, fields: &mut Fields<'_>) -> Result<Option<Chunk>, ReadError> {
        let at = file.defined(fields.address()?);
        let (length, left_out) = match self.length {
            Some(width) => (fields.number(width)?, fields.u32()?),
            None => (self.bytes, 0),
        };
        Ok(at.map(|at| Chunk {
            at,
            length,
            left_out,
        }))
    }

    /// So many elements at an address.
    fn list(
        self,
        file: &File,
        at: u64,
        count: u64,
        chunks: &mut Vec<Chunk>,
    ) -> Result<(), ReadError> {
        let bytes = file.bytes(at, count.saturating_mul(self.width))?;
        let mut fields = file.fields(&bytes);
        for _ in 0..count {
            chunks.extend(self.read(file, &mut fields)?);
            if chunks.len() > limits::HDF5_OBJECTS {
                return Err(ReadError::Limit(limits::Id::HDF5_OBJECTS));
            }
        }
        Ok(())
    }
}

/// Bytes that say of so many pages which were written.
fn bitmap(pages: u64) -> u64 {
    pages.saturating_add(7) >> 3
}

/// The numbers of the pages that a bitmap says were written.
fn written(bitmap: &[u8]) -> impl Iterator<Item = u64> {
    let bytes = bitmap.iter().zip(0_u64..).filter(|(byte, _)| **byte != 0);
    bytes.flat_map(|(byte, number)| {
        let bits = (0..8_u32).filter(|bit| byte.rotate_left(*bit) & 0x80 != 0);
        bits.map(move |bit| number.saturating_mul(8).saturating_add(u64::from(bit)))
    })
}

/// The elements of a page of a block: where the pages begin, how many elements the block has, and how many a page.
fn page_of(
    file: &File,
    element: Element,
    (at, count, in_page): (u64, u64, u64),
    page: u64,
    chunks: &mut Vec<Chunk>,
) -> Result<(), ReadError> {
    let length = in_page
        .saturating_mul(element.width)
        .saturating_add(CHECKSUM);
    let left = count.saturating_sub(page.saturating_mul(in_page));
    let at = at.saturating_add(page.saturating_mul(length));
    element.list(file, at, left.min(in_page), chunks)
}

/// What begins each block of an array: a signature, a version, who uses it, and for all but the header the address of that.
fn block<'b>(
    file: &File,
    bytes: &'b [u8],
    is_filtered: bool,
    header: Option<u64>,
) -> Result<Fields<'b>, ReadError> {
    let mut fields = file.fields(bytes);
    fields.skip(4)?;
    version(fields.u8()?, &[0], Hdf5Part::Chunks)?;
    let is_same = fields.u8()? == u8::from(is_filtered);
    if is_same && header.is_none_or(|header| fields.address().ok() == Some(header)) {
        Ok(fields)
    } else {
        Err(broken())
    }
}

/// Bytes of that in blocks with the address of the header.
fn head(file: &File) -> u64 {
    wide(file.widths.address).saturating_add(6)
}

/// Whether the chunks of an array go through filters, as its header says.
fn is_filtered(bytes: &[u8]) -> bool {
    bytes.get(5) == Some(&1)
}

/// How many elements a page has.
fn page(bits: u8) -> Result<u64, ReadError> {
    1_u64.checked_shl(u32::from(bits)).ok_or_else(broken)
}

fn fixed_array(file: &File, header: u64, bytes: u64) -> Result<Vec<Chunk>, ReadError> {
    let (address, length) = (wide(file.widths.address), wide(file.widths.length));
    let size = address.saturating_add(length).saturating_add(12);
    let stored = file.signed(header, size, *b"FAHD", Hdf5Part::Chunks)?;
    let filtered = is_filtered(&stored);
    let mut fields = block(file, &stored, filtered, None)?;
    let element = Element::new(file, filtered, u64::from(fields.u8()?), bytes)?;
    let in_page = page(fields.u8()?)?;
    let count = fields.length()?;
    let mut chunks = Vec::new();
    let Some(at) = file.defined(fields.address()?) else {
        return Ok(chunks);
    };
    if count > wide(limits::HDF5_OBJECTS) {
        return Err(ReadError::Limit(limits::Id::HDF5_OBJECTS));
    }
    let is_paged = count > in_page;
    let pages = count.div_ceil(in_page);
    let bitmap = if is_paged { bitmap(pages) } else { 0 };
    let size = head(file).saturating_add(bitmap);
    let stored = file.signed(at, size, *b"FADB", Hdf5Part::Chunks)?;
    let fields = block(file, &stored, filtered, Some(header))?;
    let behind = at.saturating_add(size);
    if is_paged {
        let from = behind.saturating_add(CHECKSUM);
        for page in written(fields.rest()) {
            page_of(file, element, (from, count, in_page), page, &mut chunks)?;
        }
    } else {
        element.list(file, behind, count, &mut chunks)?;
    }
    Ok(chunks)
}

/// The parameters of an array that grows.
struct Growing {
    header: u64,
    is_filtered: bool,
    element: Element,
    /// Bits of the number of elements that it can have.
    bits: u8,
    in_index: u64,
    /// Elements of the smallest block.
    smallest: u64,
    /// Pointers of the smallest super block.
    pointers: u64,
    in_page: u64,
}

/// Blocks of one size: how many there are under a super block, and how many elements each has.
#[derive(Clone, Copy)]
struct Level {
    blocks: u64,
    elements: u64,
}

impl Growing {
    /// The levels, of which the first so many are in the index block.
    fn levels(&self) -> Result<(Vec<Level>, usize), ReadError> {
        let logarithm = |of: u64| of.checked_ilog2().filter(|_| of.is_power_of_two());
        let bits = u32::from(self.bits).min(64);
        let smallest = logarithm(self.smallest).ok_or_else(broken)?;
        let direct = logarithm(self.pointers).ok_or_else(broken)?;
        let count = bits.checked_sub(smallest).ok_or_else(broken)?;
        let power = |of: u32| 1_u64.checked_shl(of).ok_or_else(broken);
        let mut levels = Vec::new();
        for level in 0..=count {
            levels.push(Level {
                blocks: power(level >> 1)?,
                elements: power(level.saturating_add(1) >> 1)?.saturating_mul(self.smallest),
            });
        }
        Ok((levels, narrow(u64::from(direct)).saturating_mul(2)))
    }

    /// Bytes of the place of a block in the array.
    fn place(&self) -> u64 {
        u64::from(self.bits).saturating_add(7) >> 3
    }

    /// A block of elements, if it has no pages. Returns where its content begins.
    fn data(
        &self,
        file: &File,
        at: u64,
        level: Level,
        chunks: &mut Vec<Chunk>,
    ) -> Result<u64, ReadError> {
        let size = head(file).saturating_add(self.place());
        let stored = file.signed(at, size, *b"EADB", Hdf5Part::Chunks)?;
        block(file, &stored, self.is_filtered, Some(self.header))?;
        let behind = at.saturating_add(size);
        if !self.is_paged(level) {
            self.element.list(file, behind, level.elements, chunks)?;
        }
        Ok(behind)
    }

    fn is_paged(&self, level: Level) -> bool {
        level.elements > self.in_page
    }

    /// A block of pointers to blocks of elements. It also says which of their pages were written.
    fn above(
        &self,
        file: &File,
        at: u64,
        level: Level,
        chunks: &mut Vec<Chunk>,
    ) -> Result<(), ReadError> {
        let pages = level.elements.checked_div(self.in_page).unwrap_or(0);
        let bitmap = if self.is_paged(level) {
            bitmap(pages)
        } else {
            0
        };
        let address = wide(file.widths.address);
        let size = head(file)
            .saturating_add(self.place())
            .saturating_add(bitmap.saturating_add(address).saturating_mul(level.blocks));
        let stored = file.signed(at, size, *b"EASB", Hdf5Part::Chunks)?;
        let mut fields = block(file, &stored, self.is_filtered, Some(self.header))?;
        fields.skip(narrow(self.place()))?;
        let bitmap = fields.take(narrow(bitmap.saturating_mul(level.blocks)))?;
        let mut contents = Vec::new();
        for _ in 0..level.blocks {
            let at = file.defined(fields.address()?);
            let content = at.map(|at| self.data(file, at, level, chunks));
            contents.push(content.transpose()?);
        }
        // Pages are counted through all blocks.
        for number in written(bitmap) {
            let number_in_all = (number.checked_div(pages), number.checked_rem(pages));
            let (Some(block), Some(page)) = number_in_all else {
                continue;
            };
            if let Some(Some(content)) = contents.get(narrow(block)) {
                let from = content.saturating_add(CHECKSUM);
                let of = (from, level.elements, self.in_page);
                page_of(file, self.element, of, page, chunks)?;
            }
        }
        Ok(())
    }
}

fn extensible_array(file: &File, header: u64, bytes: u64) -> Result<Vec<Chunk>, ReadError> {
    let (address, length) = (wide(file.widths.address), wide(file.widths.length));
    let size = length
        .saturating_mul(6)
        .saturating_add(address)
        .saturating_add(16);
    let stored = file.signed(header, size, *b"EAHD", Hdf5Part::Chunks)?;
    let is_filtered = is_filtered(&stored);
    let mut fields = block(file, &stored, is_filtered, None)?;
    let element = Element::new(file, is_filtered, u64::from(fields.u8()?), bytes)?;
    let array = Growing {
        header,
        is_filtered,
        element,
        bits: fields.u8()?,
        in_index: u64::from(fields.u8()?),
        smallest: u64::from(fields.u8()?),
        pointers: u64::from(fields.u8()?),
        in_page: page(fields.u8()?)?,
    };
    fields.skip(narrow(length.saturating_mul(6)))?;
    let mut chunks = Vec::new();
    let Some(at) = file.defined(fields.address()?) else {
        return Ok(chunks);
    };
    let (levels, direct) = array.levels()?;
    let (inside, above) = levels.split_at_checked(direct).ok_or_else(broken)?;
    let blocks = inside.iter().map(|level| level.blocks);
    let blocks = blocks.fold(0, u64::saturating_add);
    let pointers = blocks.saturating_add(wide(above.len()));
    let elements = array.in_index.saturating_mul(element.width);
    let size = head(file)
        .saturating_add(elements)
        .saturating_add(pointers.saturating_mul(address));
    let stored = file.signed(at, size, *b"EAIB", Hdf5Part::Chunks)?;
    let mut fields = block(file, &stored, is_filtered, Some(header))?;
    for _ in 0..array.in_index {
        chunks.extend(element.read(file, &mut fields)?);
    }
    for level in inside {
        for _ in 0..level.blocks {
            if let Some(at) = file.defined(fields.address()?) {
                // With the parameters of the library, these have no pages.
                if array.is_paged(*level) {
                    return Err(unread());
                }
                array.data(file, at, *level, &mut chunks)?;
            }
        }
    }
    for level in above {
        if let Some(at) = file.defined(fields.address()?) {
            array.above(file, at, *level, &mut chunks)?;
        }
    }
    Ok(chunks)
}
