//! Datasets: where their raw data is stored, in this file or in others, and through which filters.

use super::{
    chunks::{self, Index},
    file::{Fields, File, version},
    global_heap::{GlobalHeap, Reference},
    header::{Header, kind},
    local_heap::LocalHeap,
};
use crate::{
    bytes::{ReadError, narrow},
    fact::{Hdf5Fault, Hdf5Part, Text},
    limits,
};

/// Where the raw data of a dataset is.
#[derive(Debug)]
pub(super) enum Storage {
    /// In the header.
    Compact(Vec<u8>),
    /// In one piece; nowhere yet if nothing was written.
    Contiguous { at: Option<u64>, length: u64 },
    /// In chunks of so many bytes, which an index finds.
    Chunks { index: Index, bytes: u64 },
    /// In datasets of other files, or of this one.
    Virtual(Option<Reference>),
}

fn broken(part: Hdf5Part) -> ReadError {
    ReadError::malformed(Hdf5Fault::Broken(part))
}

/// A layout message.
pub(super) fn storage(file: &File, body: &[u8]) -> Result<Storage, ReadError> {
    let mut fields = file.fields(body);
    match version(fields.u8()?, &[1, 2, 3, 4, 5], Hdf5Part::Layout)? {
        1 | 2 => first_storage(file, fields),
        found => later_storage(file, fields, found),
    }
}

/// The layout as the first two versions have it.
fn first_storage(file: &File, mut fields: Fields<'_>) -> Result<Storage, ReadError> {
    let rank = usize::from(fields.u8()?);
    let class = fields.u8()?;
    fields.skip(5)?;
    let at = if class == 0 { 0 } else { fields.address()? };
    let mut sizes = Vec::new();
    for _ in 0..rank {
        sizes.push(u64::from(fields.u32()?));
    }
    let bytes = chunks::product(&sizes);
    match class {
        0 => {
            let length = fields.u32()?;
            let data = fields.take(narrow(u64::from(length)))?;
            Ok(Storage::Compact(data.to_vec()))
        }
        1 => Ok(Storage::Contiguous {
            at: file.defined(at),
            length: bytes,
        }),
        2 => Ok(Storage::Chunks {
            index: Index::Tree1 {
                at: file.defined(at),
                rank,
            },
            bytes,
        }),
        _ => Err(broken(Hdf5Part::Layout)),
    }
}

fn later_storage(file: &File, mut fields: Fields<'_>, found: u8) -> Result<Storage, ReadError> {
    match fields.u8()? {
        0 => {
            let length = usize::from(fields.u16()?);
            Ok(Storage::Compact(fields.take(length)?.to_vec()))
        }
        1 => Ok(Storage::Contiguous {
            at: file.defined(fields.address()?),
            length: fields.length()?,
        }),
        2 if found == 3 => {
            let rank = usize::from(fields.u8()?);
            let at = file.defined(fields.address()?);
            let mut sizes = Vec::new();
            for _ in 0..rank {
                sizes.push(u64::from(fields.u32()?));
            }
            let bytes = chunks::product(&sizes);
            let index = Index::Tree1 { at, rank };
            Ok(Storage::Chunks { index, bytes })
        }
        2 => {
            let (index, bytes) = chunks::later(file, fields)?;
            Ok(Storage::Chunks { index, bytes })
        }
        3 if found > 3 => {
            let collection = file.defined(fields.address()?);
            let number = fields.u32()?;
            Ok(Storage::Virtual(
                collection.map(|collection| Reference { collection, number }),
            ))
        }
        _ => Err(broken(Hdf5Part::Layout)),
    }
}

/// The names of other files in which raw data of a dataset is.
pub(super) fn external_files(file: &File, header: &Header) -> Result<Vec<Text>, ReadError> {
    let Some(body) = header.one(kind::EXTERNAL_FILES) else {
        return Ok(Vec::new());
    };
    let mut fields = file.fields(body);
    version(fields.u8()?, &[1], Hdf5Part::ExternalFiles)?;
    fields.skip(3)?;
    let (_, used) = (fields.u16()?, fields.u16()?);
    let heap = LocalHeap::read(file, fields.address()?)?;
    let mut names = Vec::new();
    for _ in 0..used {
        let name = heap.text(fields.length()?)?;
        fields.length()?;
        fields.length()?;
        names.push(Text::new(name));
    }
    Ok(names)
}

/// The names of the files whose datasets make a virtual one. `.` is the file itself.
pub(super) fn virtual_files(
    file: &File,
    heap: &mut GlobalHeap,
    reference: Reference,
) -> Result<Vec<Text>, ReadError> {
    let part = Hdf5Part::VirtualDataset;
    let (at, length) = heap.place(file, reference)?;
    if length > limits::HDF5_ATTRIBUTE {
        return Err(ReadError::Limit(limits::Id::HDF5_ATTRIBUTE));
    }
    let bytes = file.bytes(at, length)?;
    let mut fields = file.fields(&bytes);
    version(fields.u8()?, &[0], part)?;
    let count = fields.length()?;
    let mut names = Vec::new();
    for _ in 0..count {
        let name = Text::new(fields.text(part)?);
        if !names.contains(&name) {
            names.push(name);
        }
        fields.text(part)?;
        // What is read of the source, and where it goes.
        selection(&mut fields)?;
        selection(&mut fields)?;
    }
    Ok(names)
}

/// Passes over a selection of elements.
fn selection(fields: &mut Fields<'_>) -> Result<(), ReadError> {
    let part = Hdf5Part::VirtualDataset;
    let (kind, found) = (fields.u32()?, fields.u32()?);
    let found = u8::try_from(found).map_err(|_| broken(part))?;
    match (kind, version(found, &[1, 2, 3], part)?) {
        (1 | 2, 1) | (0 | 3, _) => {
            fields.skip(4)?;
            let length = fields.u32()?;
            fields.skip(narrow(u64::from(length)))
        }
        (2, 2) => {
            fields.skip(1)?;
            let length = fields.u32()?;
            fields.skip(narrow(u64::from(length)))
        }
        (2, _) => {
            let is_regular = fields.u8()? & 1 != 0;
            let width = u64::from(fields.u8()?);
            let rank = u64::from(fields.u32()?);
            let numbers = if is_regular {
                rank.saturating_mul(4)
            } else {
                let blocks = fields.number(narrow(width))?;
                blocks.saturating_mul(rank).saturating_mul(2)
            };
            fields.skip(narrow(numbers.saturating_mul(width)))
        }
        _ => Err(broken(part)),
    }
}

/// Filters of the library, and those that h5py, `PyTables` and hdf5plugin bring: LZO, bzip2, LZF, Blosc, LZ4, bitshuffle, ZFP, Zstandard, SZ,
/// FCIDECOMP, SZ3, Blosc2, SPERR.
const KNOWN_FILTERS: &[u16] = &[
    1, 2, 3, 4, 5, 6, 305, 307, 32000, 32001, 32004, 32008, 32013, 32015, 32017, 32018, 32024,
    32026, 32028,
];

/// The filters that the library undoes itself where values are read here.
pub(super) const DEFLATE: u16 = 1;
pub(super) const SHUFFLE: u16 = 2;
pub(super) const CHECKSUM: u16 = 3;
pub(super) const BZIP2: u16 = 307;
/// Those of h5py and `PyTables`, which are undone here as well.
pub(super) const LZF: u16 = 32_000;
pub(super) const BLOSC: u16 = 32_001;

/// The ids of the filters through which chunks go, in the order in which they are written.
pub(super) fn filters(file: &File, header: &Header) -> Result<Vec<u16>, ReadError> {
    let Some(body) = header.one(kind::FILTERS) else {
        return Ok(Vec::new());
    };
    let mut fields = file.fields(body);
    let found = version(fields.u8()?, &[1, 2], Hdf5Part::Filters)?;
    let count = fields.u8()?;
    if found == 1 {
        fields.skip(6)?;
    }
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = fields.u16()?;
        let name = if found == 1 || id >= 256 {
            usize::from(fields.u16()?)
        } else {
            0
        };
        fields.skip(2)?;
        let values = usize::from(fields.u16()?);
        let padded = if found == 1 {
            name.saturating_add(7) & !7
        } else {
            name
        };
        fields.skip(padded)?;
        fields.skip(values.saturating_mul(4))?;
        if found == 1 && values & 1 == 1 {
            fields.skip(4)?;
        }
        ids.push(id);
    }
    Ok(ids)
}

/// A filter that the library looks for among native plug-ins.
pub(super) fn unknown_filter(ids: &[u16]) -> Option<u16> {
    ids.iter().copied().find(|id| !KNOWN_FILTERS.contains(id))
}
