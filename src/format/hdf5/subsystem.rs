//! Objects of MATLAB 7.3: a row of numbers for each, and one list of what all of them are made of.

use super::{
    dataset::{self, Storage},
    datatype::{self, Class, Datatype},
    file::File,
    header::{self, Header, kind},
};
use crate::{
    bytes::{ReadError, Window},
    fact::{Hdf5Fault, Hdf5Part, Hop, Piece},
    format::matlab::Stored,
};

/// Bytes of a reference to an object: its address.
const REFERENCE: u64 = 8;
/// What is made of less has no classes: what there is, and at its end which classes have other names, and what properties are by default.
const LEAST: u64 = 3;

/// Whether an object is a row of numbers, as those are that the list describes.
pub(super) fn is_row(file: &File, header: &Header) -> Result<bool, ReadError> {
    let Some(body) = header.one(kind::DATATYPE) else {
        return Ok(false);
    };
    let numbers = Datatype {
        class: Class::Integer { signed: false },
        size: 4,
    };
    Ok(datatype::datatype(file, body)? == numbers)
}

/// Reads the list: references to its parts, of which the first says which classes there are.
pub(super) fn read(
    file: &File,
    header: &Header,
    hop: &Hop,
    stored: &mut Stored,
) -> Result<(), ReadError> {
    let are_references = header.one(kind::DATATYPE).is_some_and(|body| {
        let reference = Datatype {
            class: Class::Reference,
            size: REFERENCE,
        };
        datatype::datatype(file, body).is_ok_and(|found| found == reference)
    });
    let list = raw(file, header)?;
    let count = list.len().checked_div(REFERENCE).unwrap_or_default();
    if !are_references || count < LEAST {
        return Err(broken());
    }
    let part = |number: u64| {
        let at = number.saturating_mul(REFERENCE);
        let bytes = list.exact(at..at.saturating_add(REFERENCE), Piece::Hdf5)?;
        let address = bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let header = header::read(file, address.ok_or_else(broken)?)?;
        raw(file, &header)
    };
    let (classes, renamed) = (part(0)?, part(count.saturating_sub(2))?);
    stored.made_of(&classes, &renamed, hop)
}

/// The raw data of a dataset: MATLAB writes such data into the header or in one piece, and without filters.
fn raw(file: &File, header: &Header) -> Result<Window, ReadError> {
    let layout = header.one(kind::LAYOUT).ok_or_else(broken)?;
    let is_plain =
        header.one(kind::FILTERS).is_none() && header.one(kind::EXTERNAL_FILES).is_none();
    match dataset::storage(file, layout)? {
        Storage::Compact(bytes) if is_plain => Ok(Window::new(bytes)),
        Storage::Contiguous {
            at: Some(at),
            length,
        } if is_plain => file.window(at, length).ok_or_else(broken),
        _ => Err(broken()),
    }
}

fn broken() -> ReadError {
    ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::MatlabObjects))
}
