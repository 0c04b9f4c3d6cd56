//! Datatypes and dataspaces: what an element is, and how many there are.

use super::file::{File, version};
use crate::{
    bytes::ReadError,
    fact::{Hdf5Fault, Hdf5Part},
};

/// A datatype, as far as reading depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Datatype {
    pub(super) class: Class,
    /// Bytes of an element.
    pub(super) size: u64,
}

/// The class of a datatype.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Integer {
        signed: bool,
    },
    Float,
    Time,
    /// A text of a fixed length.
    Text,
    Bitfield,
    Opaque,
    Compound,
    Reference,
    Enumeration,
    /// A text of any length.
    AnyText,
    /// A sequence of any length, and the bytes of one of its items.
    Sequence {
        item: u64,
    },
    Array,
    Complex,
}

/// A datatype message.
pub(super) fn datatype(file: &File, body: &[u8]) -> Result<Datatype, ReadError> {
    let broken = || ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Datatype));
    let mut fields = file.fields(body);
    let head = fields.u8()?;
    version(head >> 4, &[1, 2, 3, 4, 5], Hdf5Part::Datatype)?;
    let bits = fields.u8()?;
    let kind = bits & 15;
    fields.skip(2)?;
    let size = u64::from(fields.u32()?);
    let class = match head & 15 {
        0 => Class::Integer {
            signed: bits & 8 != 0,
        },
        1 => Class::Float,
        2 => Class::Time,
        3 => Class::Text,
        4 => Class::Bitfield,
        5 => Class::Opaque,
        6 => Class::Compound,
        7 => Class::Reference,
        8 => Class::Enumeration,
        9 if kind == 1 => Class::AnyText,
        9 if kind == 0 => {
            let mut item = file.fields(fields.rest());
            item.skip(4)?;
            Class::Sequence {
                item: u64::from(item.u32()?),
            }
        }
        10 => Class::Array,
        11 => Class::Complex,
        _ => return Err(broken()),
    };
    if size == 0 {
        return Err(broken());
    }
    Ok(Datatype { class, size })
}

impl Datatype {
    /// In a word, as NumPy spells it.
    pub(super) fn word(self) -> String {
        let bits = self.size.saturating_mul(8);
        match self.class {
            Class::Integer { signed: true } => format!("int{bits}"),
            Class::Integer { signed: false } => format!("uint{bits}"),
            Class::Float => format!("float{bits}"),
            Class::Complex => format!("complex{bits}"),
            Class::Text => format!("S{}", self.size),
            Class::AnyText => "text".to_owned(),
            Class::Time => "time".to_owned(),
            Class::Bitfield => "bitfield".to_owned(),
            Class::Opaque => format!("V{}", self.size),
            Class::Compound => "compound".to_owned(),
            Class::Reference => "reference".to_owned(),
            Class::Enumeration => "enum".to_owned(),
            Class::Sequence { .. } => "sequence".to_owned(),
            Class::Array => "array".to_owned(),
        }
    }
}

/// A dataspace message: the sizes, or `None` where there are no elements.
pub(super) fn dataspace(file: &File, body: &[u8]) -> Result<Option<Vec<u64>>, ReadError> {
    let mut fields = file.fields(body);
    let found = version(fields.u8()?, &[1, 2], Hdf5Part::Dataspace)?;
    let rank = usize::from(fields.u8()?);
    fields.skip(1)?;
    // Version 2 says whether there is one element or none; version 1 has reserved bytes there and behind.
    let kind = fields.u8()?;
    if found == 1 {
        fields.skip(4)?;
    } else if kind == 2 {
        return Ok(None);
    }
    if rank > 32 {
        return Err(ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Dataspace)));
    }
    let mut shape = Vec::with_capacity(rank);
    for _ in 0..rank {
        shape.push(fields.length()?);
    }
    Ok(Some(shape))
}

/// How many elements a shape has.
pub(super) fn elements(shape: Option<&[u64]>) -> Option<u64> {
    let Some(shape) = shape else { return Some(0) };
    shape.iter().try_fold(1_u64, |n, size| n.checked_mul(*size))
}
