//! Object headers: the messages that describe a group, a dataset or a datatype.

use rustc_hash::FxHashSet;

use super::{
    file::{Fields, File, version},
    unsupported,
};
use crate::{
    bytes::ReadError,
    fact::{Hdf5Fault, Hdf5Form, Hdf5Part},
    limits,
};

/// The types of messages that are read.
pub(super) mod kind {
    pub(in super::super) const NIL: u16 = 0;
    pub(in super::super) const DATASPACE: u16 = 1;
    pub(in super::super) const LINK_INFO: u16 = 2;
    pub(in super::super) const DATATYPE: u16 = 3;
    pub(in super::super) const LINK: u16 = 6;
    pub(in super::super) const EXTERNAL_FILES: u16 = 7;
    pub(in super::super) const LAYOUT: u16 = 8;
    pub(in super::super) const FILTERS: u16 = 11;
    pub(in super::super) const ATTRIBUTE: u16 = 12;
    pub(in super::super) const SHARED_MESSAGES: u16 = 15;
    pub(in super::super) const CONTINUATION: u16 = 16;
    pub(in super::super) const SYMBOL_TABLE: u16 = 17;
    pub(in super::super) const DRIVER: u16 = 20;
    pub(in super::super) const ATTRIBUTE_INFO: u16 = 21;
    pub(in super::super) const CACHE_IMAGE: u16 = 24;
    /// Types of messages that only say how to write, or when something was written.
    pub(in super::super) const WITHOUT_MEANING: &[u16] = &[4, 5, 10, 13, 14, 18, 19, 22, 23];
}

/// Messages of which an object has one.
const SINGLE: &[u16] = &[
    kind::DATASPACE,
    kind::LINK_INFO,
    kind::DATATYPE,
    kind::EXTERNAL_FILES,
    kind::LAYOUT,
    kind::FILTERS,
    kind::SYMBOL_TABLE,
    kind::ATTRIBUTE_INFO,
];

/// The flag of a message that is stored elsewhere.
const SHARED: u8 = 2;

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) kind: u16,
    pub(super) body: Vec<u8>,
}

/// The messages of an object.
#[derive(Debug, Default)]
pub(super) struct Header {
    messages: Vec<Message>,
}

impl Header {
    /// The body of a message of which there is at most one.
    pub(super) fn one(&self, kind: u16) -> Option<&[u8]> {
        self.all(kind).next()
    }

    /// The bodies of the messages of a type.
    pub(super) fn all(&self, kind: u16) -> impl Iterator<Item = &[u8]> {
        let messages = self.messages.iter().filter(move |m| m.kind == kind);
        messages.map(|message| &*message.body)
    }

    pub(super) fn has(&self, kind: u16) -> bool {
        self.one(kind).is_some()
    }
}

/// A block of messages that is still to be read.
struct Block {
    at: u64,
    length: u64,
}

/// How the messages of a header are stored.
#[derive(Clone, Copy)]
struct Layout {
    second: bool,
    has_order: bool,
}

/// Reads an object header.
pub(super) fn read(file: &File, address: u64) -> Result<Header, ReadError> {
    let header = stored(file, address)?;
    let mut messages = Vec::with_capacity(header.len());
    for (message, flags) in header {
        let message = if flags & SHARED == 0 {
            message
        } else {
            Message {
                body: shared(file, &message.body, message.kind)?,
                kind: message.kind,
            }
        };
        let is_known = message.kind == kind::ATTRIBUTE
            || message.kind == kind::LINK
            || SINGLE.contains(&message.kind)
            || kind::WITHOUT_MEANING.contains(&message.kind);
        if !is_known {
            return Err(unsupported(Hdf5Form::Message(message.kind)));
        }
        messages.push(message);
    }
    let header = Header { messages };
    let twice = |kind: &&u16| header.all(**kind).nth(1).is_some();
    match SINGLE.iter().find(twice) {
        Some(_) => Err(ReadError::malformed(Hdf5Fault::Twice(
            Hdf5Part::ObjectHeader,
        ))),
        None => Ok(header),
    }
}

/// Checks the extension of a superblock: settings that change what the rest of the file means are not read.
pub(super) fn check_extension(file: &File, address: u64) -> Result<(), ReadError> {
    for (message, _) in stored(file, address)? {
        let form = match message.kind {
            kind::SHARED_MESSAGES => Hdf5Form::SharedMessages,
            kind::DRIVER => Hdf5Form::ManyFiles,
            kind::CACHE_IMAGE => Hdf5Form::CacheImage,
            known if kind::WITHOUT_MEANING.contains(&known) => continue,
            other => Hdf5Form::Message(other),
        };
        return Err(unsupported(form));
    }
    Ok(())
}

/// The messages as they are stored, each with its flags, without those that hold the header together.
fn stored(file: &File, address: u64) -> Result<Vec<(Message, u8)>, ReadError> {
    let start = file.bytes(address, 6)?;
    let (layout, first) = if start.starts_with(b"OHDR") {
        second(file, address)?
    } else {
        let mut fields = file.fields(&start);
        version(fields.u8()?, &[1], Hdf5Part::ObjectHeader)?;
        let start = file.bytes(address, 16)?;
        let mut fields = file.fields(&start);
        fields.skip(8)?;
        let length = u64::from(fields.u32()?);
        let block = Block {
            at: address.saturating_add(16),
            length,
        };
        let layout = Layout {
            second: false,
            has_order: false,
        };
        (layout, block)
    };
    let mut known = FxHashSet::default();
    let mut blocks = vec![first];
    let mut messages = Vec::new();
    let mut next = 0;
    while let Some(Block { at, length }) = blocks.get(next) {
        let bytes = file.bytes(*at, *length)?;
        next = next.saturating_add(1);
        for (message, flags) in in_block(file.fields(&bytes), layout)? {
            if message.kind == kind::CONTINUATION {
                let block = continuation(file, &message.body, layout)?;
                if !known.insert(block.at) {
                    let twice = Hdf5Fault::Twice(Hdf5Part::ObjectHeader);
                    return Err(ReadError::malformed(twice));
                }
                if known.len() > limits::HDF5_BLOCKS {
                    return Err(ReadError::Limit(limits::Id::HDF5_BLOCKS));
                }
                blocks.push(block);
            } else if message.kind != kind::NIL {
                messages.push((message, flags));
            }
        }
    }
    Ok(messages)
}

/// The first block of a header of version 2.
fn second(file: &File, address: u64) -> Result<(Layout, Block), ReadError> {
    let start = file.bytes(address, 6)?;
    let mut fields = file.fields(&start);
    fields.skip(4)?;
    version(fields.u8()?, &[2], Hdf5Part::ObjectHeader)?;
    let flags = fields.u8()?;
    let times = if flags & 0x20 != 0 { 16 } else { 0 };
    let phases = if flags & 0x10 != 0 { 4 } else { 0 };
    let width = 1_u64.checked_shl(u32::from(flags & 3)).unwrap_or(1);
    let at = address
        .saturating_add(6)
        .saturating_add(times)
        .saturating_add(phases);
    let size = file.bytes(at, width)?;
    let length = file
        .fields(&size)
        .number(usize::try_from(width).unwrap_or(usize::MAX))?;
    let layout = Layout {
        second: true,
        has_order: flags & 4 != 0,
    };
    let block = Block {
        at: at.saturating_add(width),
        length,
    };
    Ok((layout, block))
}

/// The block that a continuation names.
fn continuation(file: &File, body: &[u8], layout: Layout) -> Result<Block, ReadError> {
    let mut fields = file.fields(body);
    let (at, length) = (fields.address()?, fields.length()?);
    if !layout.second {
        return Ok(Block { at, length });
    }
    file.signed(at, 4, *b"OCHK", Hdf5Part::ObjectHeader)?;
    // The signature stands before the messages, a checksum behind them.
    let length = length
        .checked_sub(8)
        .ok_or_else(|| ReadError::malformed(Hdf5Fault::Broken(Hdf5Part::ObjectHeader)))?;
    Ok(Block {
        at: at.saturating_add(4),
        length,
    })
}

/// The messages of a block.
fn in_block(mut fields: Fields<'_>, layout: Layout) -> Result<Vec<(Message, u8)>, ReadError> {
    let order = if layout.has_order { 2 } else { 0 };
    let head = if layout.second {
        4_usize.saturating_add(order)
    } else {
        8
    };
    let mut messages = Vec::new();
    // Fewer bytes than a message begins with are a gap.
    while fields.rest().len() >= head {
        let kind = if layout.second {
            u16::from(fields.u8()?)
        } else {
            fields.u16()?
        };
        let length = usize::from(fields.u16()?);
        let flags = fields.u8()?;
        fields.skip(if layout.second { order } else { 3 })?;
        let body = fields.take(length)?.to_vec();
        messages.push((Message { kind, body }, flags));
    }
    Ok(messages)
}

/// The body of a message that another object holds: a datatype with a name.
pub(super) fn shared(file: &File, body: &[u8], of: u16) -> Result<Vec<u8>, ReadError> {
    let mut fields = file.fields(body);
    let found = version(fields.u8()?, &[1, 2, 3], Hdf5Part::ObjectHeader)?;
    let stored_in = fields.u8()?;
    if found == 1 {
        fields.skip(6)?;
    } else if found == 3 && stored_in != 2 {
        return Err(unsupported(Hdf5Form::SharedMessages));
    }
    let address = fields.address()?;
    let messages = stored(file, address)?;
    let mut same = messages.into_iter().filter(|(m, _)| m.kind == of);
    match (same.next(), same.next()) {
        (Some((message, flags)), None) if flags & SHARED == 0 => Ok(message.body),
        _ => Err(ReadError::malformed(Hdf5Fault::Broken(
            Hdf5Part::ObjectHeader,
        ))),
    }
}
