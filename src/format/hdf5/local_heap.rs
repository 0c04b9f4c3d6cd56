//! Local heaps: the names of old groups, and those of files that hold raw data.

use super::file::{File, version};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Hdf5Fault, Hdf5Part},
};

/// A heap of texts.
#[derive(Debug)]
pub(super) struct LocalHeap {
    data: Vec<u8>,
}

impl LocalHeap {
    pub(super) fn read(file: &File, address: u64) -> Result<Self, ReadError> {
        let widths = file.widths;
        let head = widths
            .length
            .saturating_mul(2)
            .saturating_add(widths.address)
            .saturating_add(8);
        let bytes = file.signed(address, wide(head), *b"HEAP", Hdf5Part::LocalHeap)?;
        let mut fields = file.fields(&bytes);
        fields.skip(4)?;
        version(fields.u8()?, &[0], Hdf5Part::LocalHeap)?;
        fields.skip(3)?;
        let size = fields.length()?;
        fields.length()?;
        let data = file.bytes(fields.address()?, size)?;
        Ok(Self { data })
    }

    /// The text at an offset, up to its zero byte.
    pub(super) fn text(&self, offset: u64) -> Result<&[u8], ReadError> {
        let rest = self.data.get(narrow(offset)..);
        let text = rest.and_then(|rest| rest.get(..memchr::memchr(0, rest)?));
        text.ok_or_else(|| ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::LocalHeap)))
    }
}
