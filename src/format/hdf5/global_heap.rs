//! Global heaps: where values of variable length are, and the sources of virtual datasets.

use super::file::{File, version};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Hdf5Fault, Hdf5Part},
    limits,
};

/// Where an object is: the address of its collection and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) collection: u64,
    pub(super) number: u32,
}

/// A collection that was read, kept for the next object.
#[derive(Debug, Default)]
pub(super) struct GlobalHeap {
    kept: Option<(u64, Vec<Stored>)>,
}

/// An object of a collection: its number, its address and its length.
#[derive(Debug, Clone, Copy)]
struct Stored {
    number: u16,
    at: u64,
    length: u64,
}

impl GlobalHeap {
    /// The bytes of an object, at most so many.
    pub(super) fn object(
        &mut self,
        file: &File,
        reference: Reference,
        most: u64,
    ) -> Result<Vec<u8>, ReadError> {
        let (at, length) = self.place(file, reference)?;
        file.bytes(at, length.min(most))
    }

    /// Where an object is in the file.
    pub(super) fn place(
        &mut self,
        file: &File,
        reference: Reference,
    ) -> Result<(u64, u64), ReadError> {
        let stored = match &mut self.kept {
            Some((at, stored)) if *at == reference.collection => stored,
            kept => {
                let stored = collection(file, reference.collection)?;
                &mut kept.insert((reference.collection, stored)).1
            }
        };
        let mut same = stored
            .iter()
            .filter(|object| u32::from(object.number) == reference.number);
        match (same.next(), same.next()) {
            (Some(object), None) => Ok((object.at, object.length)),
            _ => Err(ReadError::malformed(Hdf5Fault::Broken(
                Hdf5Part::GlobalHeap,
            ))),
        }
    }
}

/// The objects of a collection. Only their heads are read.
fn collection(file: &File, address: u64) -> Result<Vec<Stored>, ReadError> {
    let width = wide(file.widths.length);
    let head = width.saturating_add(8);
    let bytes = file.signed(address, head, *b"GCOL", Hdf5Part::GlobalHeap)?;
    let mut fields = file.fields(&bytes);
    fields.skip(4)?;
    version(fields.u8()?, &[1], Hdf5Part::GlobalHeap)?;
    fields.skip(3)?;
    let size = fields.length()?;
    let end = address.saturating_add(size);
    let mut at = address.saturating_add(aligned(head));
    let object_head = aligned(width.saturating_add(8));
    let mut stored = Vec::new();
    while at.saturating_add(object_head) <= end {
        let bytes = file.bytes(at, object_head)?;
        let mut fields = file.fields(&bytes);
        let number = fields.u16()?;
        fields.skip(6)?;
        let length = fields.length()?;
        // Number 0 is what is free, up to the end.
        if number == 0 {
            break;
        }
        if stored.len() >= limits::HDF5_OBJECTS {
            return Err(ReadError::Limit(limits::Id::HDF5_OBJECTS));
        }
        at = at.saturating_add(object_head);
        stored.push(Stored { number, at, length });
        at = at.saturating_add(aligned(length));
    }
    if at > end {
        return Err(ReadError::malformed(Hdf5Fault::Broken(
            Hdf5Part::GlobalHeap,
        )));
    }
    Ok(stored)
}

fn aligned(length: u64) -> u64 {
    length.saturating_add(7) & !7
}

/// The references that values of variable length are stored as, each with the number of its items.
pub(super) fn references(
    file: &File,
    bytes: &[u8],
) -> Result<Vec<(u32, Option<Reference>)>, ReadError> {
    let width = file.widths.address.saturating_add(8);
    let mut fields = file.fields(bytes);
    let mut references = Vec::new();
    while fields.rest().len() >= width && width <= narrow(limits::HDF5_ATTRIBUTE) {
        let items = fields.u32()?;
        let (collection, number) = (fields.address()?, fields.u32()?);
        let reference = (items > 0).then_some(Reference { collection, number });
        references.push((items, reference));
    }
    Ok(references)
}
