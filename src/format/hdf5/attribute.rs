//! Attributes: small named values of an object, as messages and in dense storage.

use rustc_hash::FxHashSet;

use super::{
    datatype::{self, Class, Datatype},
    dense::Dense,
    file::{File, version},
    global_heap::{GlobalHeap, references},
    header::{self, Header, kind},
    tree,
};
use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Hdf5Fault, Hdf5Part, Text},
    limits,
};

/// An attribute.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: Text,
    pub(super) datatype: Datatype,
    /// How many elements it has.
    pub(super) elements: u64,
    /// Its value, as stored.
    pub(super) stored: Vec<u8>,
}

/// All attributes of an object.
pub(super) fn attributes(file: &File, header: &Header) -> Result<Vec<Attribute>, ReadError> {
    let mut attributes = Vec::new();
    for message in header.all(kind::ATTRIBUTE) {
        attributes.push(attribute(file, message)?);
    }
    if let Some(info) = header.one(kind::ATTRIBUTE_INFO) {
        dense(file, info, &mut attributes)?;
    }
    let mut names = FxHashSet::default();
    if attributes.iter().all(|one| names.insert(one.name.clone())) {
        Ok(attributes)
    } else {
        Err(ReadError::malformed(Hdf5Fault::Twice(Hdf5Part::Attribute)))
    }
}

fn attribute(file: &File, body: &[u8]) -> Result<Attribute, ReadError> {
    let broken = || ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Attribute));
    let mut fields = file.fields(body);
    let found = version(fields.u8()?, &[1, 2, 3], Hdf5Part::Attribute)?;
    let flags = fields.u8()?;
    let mut lengths = [0; 3];
    for length in &mut lengths {
        *length = usize::from(fields.u16()?);
    }
    if found == 3 {
        fields.skip(1)?;
    }
    let mut part = |length: usize| {
        let padded = if found == 1 {
            length.saturating_add(7) & !7
        } else {
            length
        };
        let part = fields.take(padded)?;
        part.get(..length).ok_or_else(broken)
    };
    let [name, datatype, dataspace] = lengths;
    let (name, datatype, dataspace) = (part(name)?, part(datatype)?, part(dataspace)?);
    let end = memchr::memchr(0, name).ok_or_else(broken)?;
    let name = Text::new(name.get(..end).unwrap_or_default());
    let flags = if found == 1 { 0 } else { flags };
    let elsewhere = |is_shared: bool, body: &[u8], of: u16| {
        if is_shared {
            header::shared(file, body, of)
        } else {
            Ok(body.to_vec())
        }
    };
    let datatype = elsewhere(flags & 1 != 0, datatype, kind::DATATYPE)?;
    let dataspace = elsewhere(flags & 2 != 0, dataspace, kind::DATASPACE)?;
    let datatype = datatype::datatype(file, &datatype)?;
    let shape = datatype::dataspace(file, &dataspace)?;
    let elements = datatype::elements(shape.as_deref()).ok_or_else(broken)?;
    let length = elements.checked_mul(datatype.size).ok_or_else(broken)?;
    if length > limits::HDF5_ATTRIBUTE {
        return Err(ReadError::Limit(limits::Id::HDF5_ATTRIBUTE));
    }
    let stored = fields.take(narrow(length))?.to_vec();
    Ok(Attribute {
        name,
        datatype,
        elements,
        stored,
    })
}

/// The attributes in dense storage.
fn dense(file: &File, info: &[u8], attributes: &mut Vec<Attribute>) -> Result<(), ReadError> {
    let Some(dense) = Dense::open(file, info, Hdf5Part::Attribute, 2)? else {
        return Ok(());
    };
    let id = |_, record: &[u8]| {
        let broken = || ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::Attribute));
        let id = record.get(..8).ok_or_else(broken)?;
        // An attribute that is shared is in a heap of its own.
        if record.get(8).is_none_or(|flags| flags & 2 != 0) {
            return Err(super::unsupported(crate::fact::Hdf5Form::SharedMessages));
        }
        Ok(id.to_vec())
    };
    dense.each(
        [tree::ATTRIBUTE_NAMES, tree::ATTRIBUTE_ORDER],
        id,
        |stored| {
            attributes.push(attribute(file, stored)?);
            Ok(())
        },
    )
}

impl Attribute {
    /// Its value as bytes, if it is one text: up to its end, without what pads it.
    pub(super) fn text(
        &self,
        file: &File,
        heap: &mut GlobalHeap,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        match self.datatype.class {
            Class::Text if self.elements == 1 => {
                let end = self.stored.iter().rposition(|b| *b != 0);
                let end = end.map_or(0, |last| last.saturating_add(1));
                Ok(Some(self.stored.get(..end).unwrap_or_default().to_vec()))
            }
            Class::AnyText if self.elements == 1 => match references(file, &self.stored)?.first() {
                Some((items, Some(reference))) => {
                    let most = u64::from(*items);
                    if most > limits::HDF5_ATTRIBUTE {
                        return Err(ReadError::Limit(limits::Id::HDF5_ATTRIBUTE));
                    }
                    let bytes = heap.object(file, *reference, most)?;
                    if wide(bytes.len()) < most {
                        let broken = Hdf5Fault::Broken(Hdf5Part::GlobalHeap);
                        return Err(ReadError::malformed(broken));
                    }
                    Ok(Some(bytes))
                }
                _ => Ok(Some(Vec::new())),
            },
            _ => Ok(None),
        }
    }
}
