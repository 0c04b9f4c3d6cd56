//! Rows of Python objects: what `PyTables` and pandas pickle into a dataset of sequences.

use super::{
    blosc,
    chunks::{self, Chunk},
    dataset::{BLOSC, BZIP2, CHECKSUM, DEFLATE, LZF, SHUFFLE, Storage},
    file::File,
    global_heap::{GlobalHeap, references},
};
use crate::{
    bytes::{Codec, Inflated, ReadError, Window, narrow, wide},
    fact::{Hdf5Fault, Hdf5Part, Hop},
    format::{Expect, Reading, pickle},
    limits,
};

/// A dataset of rows.
pub(super) struct Rows<'f> {
    pub(super) file: &'f File,
    pub(super) storage: Storage,
    pub(super) filters: Vec<u16>,
    /// The dimensions of the dataset.
    pub(super) shape: Vec<u64>,
    /// Bytes of a reference to a row.
    pub(super) size: u64,
}

impl Rows<'_> {
    /// Reads each row as a pickle.
    pub(super) fn read(
        &self,
        heap: &mut GlobalHeap,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        let mut row: u32 = 0;
        let mut pieces = Pieces::new(self, reading)?;
        while let Some(stored) = pieces.next(self, reading)? {
            for (items, reference) in references(self.file, &stored)? {
                let Some(reference) = reference else { continue };
                if row >= limits::HDF5_ROWS {
                    return Err(ReadError::Limit(limits::Id::HDF5_ROWS));
                }
                let (at, length) = heap.place(self.file, reference)?;
                let broken = || ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::GlobalHeap));
                let length = Some(u64::from(items)).filter(|items| *items <= length);
                let window = self.file.window(at, length.ok_or_else(broken)?);
                let hop = Hop::Stream(row);
                let expect = Expect::Format(&pickle::FORMAT);
                reading.descend(hop, b"", &window.ok_or_else(broken)?, expect);
                row = row.saturating_add(1);
            }
        }
        Ok(())
    }
}

/// The stored references, piece by piece.
enum Pieces {
    One(Option<Vec<u8>>),
    Chunks(std::vec::IntoIter<Chunk>, u64),
}

impl Pieces {
    fn new(rows: &Rows<'_>, reading: &Reading<'_>) -> Result<Self, ReadError> {
        let most = wide(reading.may_hold()).min(limits::HDF5_ATTRIBUTE);
        Ok(match &rows.storage {
            Storage::Compact(stored) => Self::One(Some(stored.clone())),
            Storage::Contiguous { at: None, .. } => Self::One(None),
            Storage::Contiguous {
                at: Some(at),
                length,
            } if *length <= most => Self::One(Some(rows.file.bytes(*at, *length)?)),
            Storage::Chunks { index, bytes } if *bytes <= most => {
                let chunks = chunks::chunks(rows.file, index, *bytes, &rows.shape)?;
                Self::Chunks(chunks.into_iter(), *bytes)
            }
            Storage::Contiguous { .. } | Storage::Chunks { .. } | Storage::Virtual(_) => {
                return Err(chunks::unread());
            }
        })
    }

    fn next(
        &mut self,
        rows: &Rows<'_>,
        reading: &Reading<'_>,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        match self {
            Self::One(piece) => Ok(piece.take()),
            Self::Chunks(chunks, bytes) => match chunks.next() {
                Some(chunk) => unfiltered(rows, chunk, *bytes, reading).map(Some),
                None => Ok(None),
            },
        }
    }
}

/// A chunk without its filters.
fn unfiltered(
    rows: &Rows<'_>,
    chunk: Chunk,
    bytes: u64,
    reading: &Reading<'_>,
) -> Result<Vec<u8>, ReadError> {
    let most = limits::HDF5_ATTRIBUTE;
    if chunk.length > most {
        return Err(ReadError::Limit(limits::Id::HDF5_ATTRIBUTE));
    }
    let mut data = rows.file.bytes(chunk.at, chunk.length)?;
    // With the checksum that may follow.
    let hold = narrow(bytes.saturating_add(4));
    let filters = rows.filters.iter().enumerate().rev();
    for (place, filter) in filters {
        let bit = u32::try_from(place)
            .ok()
            .and_then(|place| 1_u32.checked_shl(place));
        if bit.is_none_or(|bit| chunk.left_out & bit != 0) {
            continue;
        }
        match *filter {
            CHECKSUM => data.truncate(data.len().saturating_sub(4)),
            SHUFFLE => data = blosc::unshuffled(&data, narrow(rows.size)),
            DEFLATE => data = inflated(data, Codec::Zlib, bytes, reading)?,
            BZIP2 => data = inflated(data, Codec::Bzip2, bytes, reading)?,
            LZF => data = blosc::lzf(&data, hold).ok_or_else(blosc::broken)?,
            BLOSC => data = blosc::unpacked(&data, hold, &reading.budget())?,
            _ => return Err(chunks::unread()),
        }
    }
    if wide(data.len()) == bytes {
        Ok(data)
    } else {
        Err(blosc::broken())
    }
}

/// Decompressed data, and a few bytes more than there should be: a checksum, or what makes it too long.
fn inflated(
    data: Vec<u8>,
    codec: Codec,
    bytes: u64,
    reading: &Reading<'_>,
) -> Result<Vec<u8>, ReadError> {
    let hold = narrow(bytes);
    let inflated = Inflated::open(Window::new(data), codec, hold, reading.budget());
    Ok(Window::new(inflated).bytes_at(0, hold.saturating_add(5))?)
}
