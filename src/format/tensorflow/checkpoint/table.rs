//! Tables: sorted keys with their values, in blocks, as TensorFlow keeps its checkpoints.
//!
//! Follows `tensorflow/core/lib/io/table_format.txt`. Blocks stand one after another from the first byte on, then the block of other
//! indices (which is empty), the index of the blocks, and a footer. A value is handed out as a range of a block: data may be large.

use std::{cmp::Ordering, ops::Range};

use crate::{
    bytes::{Pages, ReadError, Window, narrow, unsnap, wide},
    fact::{CheckpointFault, Malformed, Piece},
    limits,
};

/// Bytes of a footer.
const FOOTER: u64 = 48;
/// The last bytes of one.
const MAGIC: [u8; 8] = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();
/// Bytes behind a block: how it is compressed, and a checksum.
const TRAILER: u64 = 5;

/// Whether bytes end as a table does.
pub(super) fn has_footer(window: &Window) -> bool {
    let Some(at) = window.len().checked_sub(8) else {
        return false;
    };
    window.bytes_at(at, 8).is_ok_and(|bytes| bytes == MAGIC)
}

/// Where a block is.
#[derive(Debug, Clone, Copy)]
struct Handle {
    offset: u64,
    size: u64,
}

impl Handle {
    /// Where what follows it begins.
    fn end(self) -> u64 {
        self.offset
            .saturating_add(self.size)
            .saturating_add(TRAILER)
    }
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    window: Window,
    index: Block,
    /// Where the blocks end that have keys.
    end: u64,
}

impl Table {
    /// Reads where the blocks are.
    pub(super) fn open(window: &Window) -> Result<Self, ReadError> {
        let end = window.len().checked_sub(FOOTER);
        let end = end.ok_or_else(|| fault(CheckpointFault::Footer))?;
        let pages = Pages::new(window, Piece::Table);
        let (other, at) = handle(&pages, end, window.len())?;
        let (index, _) = handle(&pages, at, window.len())?;
        if other.end() != index.offset || index.end() != end {
            return Err(fault(CheckpointFault::Footer));
        }
        if Block::read(window, other)?.entries().next().is_some() {
            return Err(fault(CheckpointFault::Footer));
        }
        Ok(Self {
            window: window.clone(),
            index: Block::read(window, index)?,
            end: other.offset,
        })
    }

    /// Calls a function with each block that has keys, and checks that they are in order.
    pub(super) fn blocks(
        &self,
        mut each: impl FnMut(&Block) -> Result<Last, ReadError>,
    ) -> Result<(), ReadError> {
        let (mut at, mut count) = (0_u64, 0_u64);
        // The key of the index before: all keys of a block come behind it.
        let mut before: Option<Vec<u8>> = None;
        let mut entries = self.index.entries();
        while let Some(value) = entries.next() {
            let value = value?;
            let (handle, end) = handle(&self.index.pages, value.start, value.end)?;
            if end != value.end || handle.offset != at || handle.end() > self.end {
                return Err(fault(CheckpointFault::Block { at: handle.offset }));
            }
            count = count.saturating_add(1);
            if count > limits::TABLE_BLOCKS {
                return Err(ReadError::Limit(limits::Id::TABLE_BLOCKS));
            }
            at = handle.end();
            let block = Block::read(&self.window, handle)?;
            let last = each(&block)?;
            let follows = before.is_none_or(|before| before < last.first);
            if !follows || last.last > entries.key {
                return Err(fault(CheckpointFault::Order { at: handle.offset }));
            }
            before = Some(entries.key.clone());
        }
        if at == self.end && count > 0 {
            return Ok(());
        }
        Err(fault(CheckpointFault::Block { at }))
    }

    /// The first block.
    pub(super) fn first(&self) -> Result<Block, ReadError> {
        let value = self.index.entries().next();
        let value = value.ok_or_else(|| fault(CheckpointFault::Footer))??;
        let (handle, _) = handle(&self.index.pages, value.start, value.end)?;
        if handle.end() > self.end {
            return Err(fault(CheckpointFault::Block { at: handle.offset }));
        }
        Block::read(&self.window, handle)
    }
}

/// The first and the last key of a block.
#[derive(Debug, Default)]
pub(super) struct Last {
    pub(super) first: Vec<u8>,
    pub(super) last: Vec<u8>,
}

/// A block: entries, then where keys stand in full.
#[derive(Debug)]
pub(super) struct Block {
    /// Its bytes, unpacked.
    pub(super) window: Window,
    pages: Pages,
    /// Where it is in the file.
    at: u64,
    /// Where entries end.
    end: u64,
    /// How many places there are where keys stand in full.
    restarts: u64,
}

impl Block {
    fn read(window: &Window, handle: Handle) -> Result<Self, ReadError> {
        let at = handle.offset;
        let end = handle.offset.saturating_add(handle.size);
        let whole = window.sub(at..end);
        let whole = whole.ok_or_else(|| fault(CheckpointFault::Block { at }))?;
        let trailer = window.exact(end..handle.end(), Piece::Table)?;
        let [kind, sum @ ..] = trailer.first_chunk().copied().unwrap_or([0; 5]);
        let small = handle.size <= limits::TABLE_BLOCK;
        let bytes = if small {
            window.exact(at..end, Piece::Table)?
        } else {
            Vec::new()
        };
        if small && checksum(&bytes, kind) != u32::from_le_bytes(sum) {
            return Err(fault(CheckpointFault::Checksum { at }));
        }
        let window = match kind {
            0 if small => Window::new(bytes),
            0 => whole,
            1 if small => match unsnap(&bytes, narrow(limits::TABLE_BLOCK))? {
                Some(bytes) => Window::new(bytes),
                None => return Err(ReadError::Limit(limits::Id::TABLE_BLOCK)),
            },
            1 => return Err(ReadError::Limit(limits::Id::TABLE_BLOCK)),
            _ => return Err(fault(CheckpointFault::Block { at })),
        };
        let pages = Pages::new(&window, Piece::Table);
        let length = window.len();
        let count_at = length.checked_sub(4);
        let count_at = count_at.ok_or_else(|| fault(CheckpointFault::Block { at }))?;
        let restarts = u64::from(u32::from_le_bytes(pages.array(count_at)?));
        let end = count_at.checked_sub(restarts.saturating_mul(4));
        let end = end.filter(|_| restarts > 0);
        Ok(Self {
            end: end.ok_or_else(|| fault(CheckpointFault::Block { at }))?,
            window,
            pages,
            at,
            restarts,
        })
    }

    /// Its entries, one after another.
    pub(super) fn entries(&self) -> Entries<'_> {
        Entries {
            block: self,
            at: 0,
            restart: 0,
            key: Vec::new(),
            done: false,
        }
    }
}

/// Entries of a block: their values, and the key of the last.
#[derive(Debug)]
pub(super) struct Entries<'b> {
    block: &'b Block,
    at: u64,
    restart: u64,
    /// The key of the entry that was handed out last.
    pub(super) key: Vec<u8>,
    done: bool,
}

impl Entries<'_> {
    /// Whether an entry here is one that a search begins at.
    fn is_restart(&mut self) -> Result<bool, ReadError> {
        if self.restart >= self.block.restarts {
            return Ok(false);
        }
        let at = self
            .block
            .end
            .saturating_add(self.restart.saturating_mul(4));
        let place = u64::from(u32::from_le_bytes(self.block.pages.array(at)?));
        let is_here = place == self.at;
        self.restart = self.restart.saturating_add(u64::from(is_here));
        Ok(is_here)
    }

    fn step(&mut self) -> Result<Range<u64>, ReadError> {
        let (pages, end) = (&self.block.pages, self.block.end);
        let broken = || {
            let at = self.block.at;
            fault(CheckpointFault::Block { at })
        };
        let first = self.at == 0;
        let (shared, at) = varint(pages, self.at, end)?;
        let (own, at) = varint(pages, at, end)?;
        let (length, at) = varint(pages, at, end)?;
        if own > limits::TABLE_KEY || wide(self.key.len()) > limits::TABLE_KEY {
            return Err(ReadError::Limit(limits::Id::TABLE_KEY));
        }
        let value = at.saturating_add(own);
        let next = value.saturating_add(length);
        let shared = narrow(shared);
        if next > end || shared > self.key.len() {
            return Err(broken());
        }
        let own = pages.bytes(at, narrow(own))?;
        let rest = self.key.get(shared..).unwrap_or_default();
        if !first && own.as_slice().cmp(rest) != Ordering::Greater {
            let at = self.block.at;
            return Err(fault(CheckpointFault::Order { at }));
        }
        if self.is_restart()? != (shared == 0) && (first || shared > 0) {
            let at = self.block.at;
            return Err(fault(CheckpointFault::Block { at }));
        }
        self.key.truncate(shared);
        self.key.extend(own);
        self.at = next;
        Ok(value..next)
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Range<u64>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        if self.at >= self.block.end {
            self.done = true;
            // A block without entries has one place to begin at.
            let left = self.restart < self.block.restarts && self.block.end > 0;
            let at = self.block.at;
            return left.then(|| Err(fault(CheckpointFault::Block { at })));
        }
        let step = self.step();
        self.done = step.is_err();
        Some(step)
    }
}

/// Where a block is, as two numbers say.
fn handle(pages: &Pages, at: u64, end: u64) -> Result<(Handle, u64), ReadError> {
    let (offset, at) = varint(pages, at, end)?;
    let (size, at) = varint(pages, at, end)?;
    Ok((Handle { offset, size }, at))
}

/// A number of variable length, and what follows it.
fn varint(pages: &Pages, start: u64, end: u64) -> Result<(u64, u64), ReadError> {
    let mut number: u64 = 0;
    let mut at = start;
    for shift in (0..64).step_by(7) {
        if at >= end {
            break;
        }
        let [byte] = pages.array(at)?;
        at = at.saturating_add(1);
        let bits = u64::from(byte & 0x7f);
        number |= bits.checked_shl(shift).unwrap_or_default();
        if byte & 0x80 == 0 {
            return Ok((number, at));
        }
    }
    Err(ReadError::truncated(Piece::Table, 1, 0))
}

/// The checksum of a block and of how it is compressed, as tables store it.
fn checksum(bytes: &[u8], kind: u8) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes.iter().chain(&[kind]) {
        let [low, ..] = sum.to_le_bytes();
        let row = CASTAGNOLI.get(usize::from(low ^ byte)).copied();
        sum = row.unwrap_or_default() ^ (sum >> 8);
    }
    (!sum).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// What a byte adds to a CRC-32C.
static CASTAGNOLI: [u32; 256] = castagnoli();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "it runs when the program is built"
)]
const fn castagnoli() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut sum = at as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum >> 1) ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 };
            bit += 1;
        }
        table[at] = sum;
        at += 1;
    }
    table
}

fn fault(how: CheckpointFault) -> ReadError {
    ReadError::malformed(Malformed::Checkpoint(how))
}
