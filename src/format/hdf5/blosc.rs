//! Blosc: the container in which `PyTables` and pandas compress chunks, and its own codec.
//!
//! A header, the offsets of the blocks, and for each block its streams: one, or one for each byte of an element. The bytes of a block, or
//! their bits, were sorted by their place in an element before. Follows the format as c-blosc 1.21 reads it.

use std::sync::Arc;

use crate::{
    bytes::{Budget, Codec, Cursor, Inflated, ReadError, Window, narrow, wide},
    fact::{Hdf5Fault, Hdf5Part, Piece},
};

/// Bytes before the offsets of the blocks.
const HEADER: usize = 16;
/// Elements of more bytes are never split into streams.
const MOST_STREAMS: usize = 16;
/// Blocks with fewer elements are not split either.
const FEWEST_ELEMENTS: usize = 128;
/// Blocks of an honest buffer are no smaller, unless all of it is.
const SMALLEST_BLOCK: usize = 128;
/// What it costs to open a decoder, as bytes that come out of one.
const OPENING: u64 = 4096;
/// The furthest match of `BloscLZ` that its short form reaches.
const SHORT_DISTANCE: usize = 8191;

pub(super) fn broken() -> ReadError {
    ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Chunk))
}

/// How the streams of a buffer are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compressor {
    BloscLz,
    Lz4,
    Snappy,
    Zlib,
    Zstd,
}

/// What the header says.
struct Header {
    flags: u8,
    /// Bytes of an element.
    element: usize,
    /// Bytes when decompressed.
    bytes: usize,
    /// Bytes of a block, of which the last may have fewer.
    block: usize,
}

impl Header {
    fn read(data: &[u8]) -> Result<Self, ReadError> {
        let mut cursor = Cursor::new(data, Piece::Hdf5);
        // The version of the container, and that of the codec.
        if !matches!(cursor.u8()?, 1 | 2) {
            return Err(broken());
        }
        cursor.u8()?;
        let (flags, element) = (cursor.u8()?, usize::from(cursor.u8()?));
        let mut length = || cursor.u32().map(|length| narrow(u64::from(length)));
        let (bytes, block, stored) = (length()?, length()?, length()?);
        let smallest = SMALLEST_BLOCK.min(bytes);
        let is_block = (smallest..=bytes).contains(&block) || bytes < element;
        let is_possible = element > 0 && block > 0 && is_block && stored == data.len();
        if is_possible || bytes == 0 {
            Ok(Self {
                flags,
                element,
                bytes,
                block,
            })
        } else {
            Err(broken())
        }
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn compressor(&self) -> Result<Compressor, ReadError> {
        match self.flags >> 5 {
            0 => Ok(Compressor::BloscLz),
            1 => Ok(Compressor::Lz4),
            2 => Ok(Compressor::Snappy),
            3 => Ok(Compressor::Zlib),
            4 => Ok(Compressor::Zstd),
            _ => Err(broken()),
        }
    }

    /// In how many streams a block of so many bytes is.
    fn streams(&self, length: usize) -> usize {
        let is_split = !self.has(0x10)
            && length == self.block
            && self.element <= MOST_STREAMS
            && self
                .block
                .checked_div(self.element)
                .is_some_and(|elements| elements >= FEWEST_ELEMENTS);
        if is_split { self.element } else { 1 }
    }
}

/// Decompresses a buffer to at most so many bytes.
pub(super) fn unpacked(
    data: &[u8],
    most: usize,
    budget: &Arc<Budget>,
) -> Result<Vec<u8>, ReadError> {
    let header = Header::read(data)?;
    if header.bytes > most {
        return Err(broken());
    }
    budget.inflate(wide(header.bytes))?;
    let content = data.get(HEADER..).ok_or_else(broken)?;
    // Stored as it is.
    if header.has(0x02) {
        let stored = content.get(..header.bytes).ok_or_else(broken)?;
        return Ok(stored.to_vec());
    }
    let compressor = header.compressor()?;
    let mut starts = Cursor::new(content, Piece::Hdf5);
    let mut whole = Vec::with_capacity(header.bytes);
    while whole.len() < header.bytes {
        let length = header.block.min(header.bytes.saturating_sub(whole.len()));
        let start = narrow(u64::from(starts.u32()?));
        let stored = data.get(start..).ok_or_else(broken)?;
        let block = block(&header, compressor, stored, length, budget)?;
        whole.extend_from_slice(&sorted_back(&header, block));
    }
    Ok(whole)
}

/// The streams of a block, one after another.
fn block(
    header: &Header,
    compressor: Compressor,
    mut stored: &[u8],
    length: usize,
    budget: &Arc<Budget>,
) -> Result<Vec<u8>, ReadError> {
    let streams = header.streams(length);
    let each = length.checked_div(streams).unwrap_or(0);
    let mut block = Vec::with_capacity(length);
    for _ in 0..streams {
        let mut cursor = Cursor::new(stored, Piece::Hdf5);
        let packed = narrow(u64::from(cursor.u32()?));
        let stream = cursor.take(packed)?;
        stored = cursor.rest();
        if packed == each {
            block.extend_from_slice(stream);
        } else {
            let stream = decompressed(compressor, stream, each, budget)?;
            if stream.len() != each {
                return Err(broken());
            }
            block.extend_from_slice(&stream);
        }
    }
    if block.len() == length {
        Ok(block)
    } else {
        Err(broken())
    }
}

fn decompressed(
    compressor: Compressor,
    stream: &[u8],
    length: usize,
    budget: &Arc<Budget>,
) -> Result<Vec<u8>, ReadError> {
    let inflated = |codec| {
        budget.inflate(OPENING)?;
        let window = Window::new(stream.to_vec());
        let inflated = Inflated::open(window, codec, length, Arc::clone(budget));
        Ok(Window::new(inflated).bytes_at(0, length.saturating_add(1))?)
    };
    match compressor {
        Compressor::BloscLz => blosc_lz(stream, length).ok_or_else(broken),
        Compressor::Lz4 => lz4(stream, length).ok_or_else(broken),
        Compressor::Snappy => snappy(stream, length).ok_or_else(broken),
        Compressor::Zlib => inflated(Codec::Zlib),
        Compressor::Zstd => inflated(Codec::Zstd),
    }
}

/// A block of LZ4, without a frame.
pub(super) fn lz4(stream: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; length];
    let produced = lz4_flex::block::decompress_into(stream, &mut out).ok()?;
    (produced == length).then_some(out)
}

/// Bytes that are taken from the front one after another.
struct Input<'s>(&'s [u8]);

impl<'s> Input<'s> {
    fn byte(&mut self) -> Option<usize> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(usize::from(*first))
    }

    /// A number of so many bytes, little-endian.
    fn number(&mut self, bytes: u32) -> Option<usize> {
        let mut number = 0_usize;
        for place in 0..bytes {
            let byte = self.byte()?;
            number |= byte.checked_shl(place.saturating_mul(8))?;
        }
        Some(number)
    }

    fn take(&mut self, length: usize) -> Option<&'s [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

/// What has been decompressed, up to a length.
struct Output {
    bytes: Vec<u8>,
    most: usize,
}

impl Output {
    fn new(most: usize) -> Self {
        let bytes = Vec::with_capacity(most);
        Self { bytes, most }
    }

    fn literal(&mut self, literal: &[u8]) -> Option<()> {
        self.room(literal.len())?;
        self.bytes.extend_from_slice(literal);
        Some(())
    }

    /// Repeats what stands so far back; the two may overlap.
    fn repeat(&mut self, distance: usize, length: usize) -> Option<()> {
        self.room(length)?;
        let from = self.bytes.len().checked_sub(distance.max(1))?;
        for at in from..from.checked_add(length)? {
            let byte = *self.bytes.get(at)?;
            self.bytes.push(byte);
        }
        Some(())
    }

    fn room(&self, length: usize) -> Option<()> {
        let end = self.bytes.len().checked_add(length)?;
        (end <= self.most).then_some(())
    }
}

/// Blosc's own codec: runs of literals and matches, told apart by the three high bits of a byte.
fn blosc_lz(stream: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut input = Input(stream);
    let mut out = Output::new(length);
    let mut control = input.byte()? & 31;
    loop {
        let high = control.checked_shr(5)?;
        if high == 0 {
            let literal = input.take(control.checked_add(1)?)?;
            out.literal(literal)?;
        } else {
            let mut run = high.checked_sub(1)?;
            if run == 6 {
                loop {
                    let more = input.byte()?;
                    run = run.checked_add(more)?;
                    if more != 255 {
                        break;
                    }
                }
            }
            let far = (control & 31).checked_shl(8)?;
            let near = input.byte()?;
            let distance = if near == 255 && far == 31 << 8 {
                let (high, low) = (input.byte()?, input.byte()?);
                high.checked_shl(8)?
                    .checked_add(low)?
                    .checked_add(SHORT_DISTANCE)?
            } else {
                far.checked_add(near)?
            };
            // No stream ends with a match.
            if input.0.is_empty() {
                return None;
            }
            out.repeat(distance.checked_add(1)?, run.checked_add(3)?)?;
        }
        match input.byte() {
            Some(next) => control = next,
            None => return Some(out.bytes),
        }
    }
}

/// Snappy without a frame: the length, then literals and matches.
fn snappy(stream: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut input = Input(stream);
    let mut declared = 0_usize;
    for place in 0..5_u32 {
        let byte = input.byte()?;
        declared |= (byte & 0x7f).checked_shl(place.saturating_mul(7))?;
        if byte & 0x80 == 0 {
            break;
        }
    }
    if declared != length {
        return None;
    }
    let mut out = Output::new(length);
    while let Some(tag) = input.byte() {
        let high = tag.checked_shr(2)?;
        let (distance, run) = match tag & 3 {
            0 => {
                let run = match high.checked_sub(59) {
                    None | Some(0) => high,
                    Some(bytes) => input.number(u32::try_from(bytes).ok()?)?,
                };
                out.literal(input.take(run.checked_add(1)?)?)?;
                continue;
            }
            1 => {
                let far = tag.checked_shr(5)?.checked_shl(8)?;
                (far.checked_add(input.byte()?)?, (high & 7).checked_add(4)?)
            }
            2 => (input.number(2)?, high.checked_add(1)?),
            _ => (input.number(4)?, high.checked_add(1)?),
        };
        if distance == 0 {
            return None;
        }
        out.repeat(distance, run)?;
    }
    Some(out.bytes)
}

/// `LZF`, as h5py's filter writes it: runs of literals and matches.
pub(super) fn lzf(stream: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut input = Input(stream);
    let mut out = Output::new(most);
    while let Some(control) = input.byte() {
        let high = control.checked_shr(5)?;
        if high == 0 {
            out.literal(input.take(control.checked_add(1)?)?)?;
            continue;
        }
        let mut run = high.checked_add(2)?;
        if high == 7 {
            run = run.checked_add(input.byte()?)?;
        }
        let far = (control & 31).checked_shl(8)?;
        let distance = far.checked_add(input.byte()?)?.checked_add(1)?;
        out.repeat(distance, run)?;
    }
    Some(out.bytes)
}

/// A block with its bytes in the order of its elements again.
fn sorted_back(header: &Header, block: Vec<u8>) -> Vec<u8> {
    if header.has(0x01) && header.element > 1 {
        unshuffled(&block, header.element)
    } else if header.has(0x04) && block.len() >= header.element {
        bits_sorted_back(&block, header.element)
    } else {
        block
    }
}

/// The same for bits. A block whose elements are no multiple of eight was left as it is.
fn bits_sorted_back(block: &[u8], element: usize) -> Vec<u8> {
    let elements = block.len().checked_div(element).unwrap_or(0);
    let Some(row) = elements
        .checked_div(8)
        .filter(|_| elements.is_multiple_of(8))
    else {
        return block.to_vec();
    };
    let bits = row.saturating_mul(8).saturating_mul(element);
    let (sorted, rest) = block.split_at_checked(bits).unwrap_or((block, &[]));
    let mut whole = Vec::with_capacity(block.len());
    for at in 0..elements {
        let (column, place) = (at >> 3, u32::try_from(at & 7).unwrap_or(0));
        for byte in 0..element {
            let mut value = 0_u8;
            for (bit, number) in (0..8_u32).zip(0..8_usize) {
                let line = byte.saturating_mul(8).saturating_add(number);
                let from = line.saturating_mul(row).saturating_add(column);
                let stored = sorted.get(from).copied().unwrap_or(0);
                let one = stored.checked_shr(place).unwrap_or(0) & 1;
                value |= one.checked_shl(bit).unwrap_or(0);
            }
            whole.push(value);
        }
    }
    whole.extend_from_slice(rest);
    whole
}

/// Puts the bytes of elements together again that were sorted by their place in an element.
pub(super) fn unshuffled(data: &[u8], size: usize) -> Vec<u8> {
    let Some(elements) = data.len().checked_div(size) else {
        return data.to_vec();
    };
    let mut whole = Vec::with_capacity(data.len());
    for element in 0..elements {
        for byte in 0..size {
            let at = byte.saturating_mul(elements).saturating_add(element);
            whole.extend(data.get(at));
        }
    }
    whole.extend_from_slice(data.get(whole.len()..).unwrap_or_default());
    whole
}
