//! The two descriptions of a member: its entry in the directory, and its local header.

use super::end::{ENTRY, LOCAL};
use crate::bytes::{Cursor, ReadError, wide};
use crate::fact::Piece;

/// A local header without its name and extra fields.
pub(super) const LOCAL_BYTES: u64 = 30;

/// An entry of the directory without its name, extra fields and comment.
pub(super) const CENTRAL_BYTES: u64 = 46;

/// Flag bits that change how a member is read.
pub(super) mod flag {
    pub(crate) const ENCRYPTED: u16 = 1;
    pub(crate) const DESCRIPTOR: u16 = 1 << 3;
    pub(crate) const PATCHED: u16 = 1 << 5;
    pub(crate) const STRONG: u16 = 1 << 6;
    pub(crate) const UTF8: u16 = 1 << 11;
    pub(crate) const MASKED: u16 = 1 << 13;
    /// All of them.
    pub(crate) const MEANT: u16 = ENCRYPTED | DESCRIPTOR | PATCHED | STRONG | UTF8 | MASKED;
}

/// What both descriptions say.
#[derive(Debug, Clone, Default)]
pub(super) struct Header {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) name: Vec<u8>,
    /// The name of a Unicode Path extra field (0x7075) that differs from `name`.
    pub(super) alias: Option<Vec<u8>>,
    /// A field is saturated and no zip64 extra field gives its value.
    pub(super) incomplete: bool,
}

/// An entry of the directory.
#[derive(Debug)]
pub(super) struct Central {
    pub(super) header: Header,
    /// The local header's offset as stored.
    pub(super) offset: u64,
    pub(super) made_by: u16,
    pub(super) attributes: u32,
    pub(super) disk: u16,
    /// The directory ends before its name, extra fields and comment do.
    pub(super) cut: bool,
}

impl Central {
    /// Reads one entry; `None` where no entry begins.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, ReadError> {
        if !cursor.rest().starts_with(ENTRY) {
            return Ok(None);
        }
        cursor.take(4)?;
        let made_by = cursor.u16()?;
        cursor.u16()?;
        let (mut header, name, extra) = Header::fields(cursor)?;
        let comment = cursor.u16()?;
        let disk = cursor.u16()?;
        cursor.u16()?;
        let attributes = cursor.u32()?;
        let mut offset: u64 = cursor.u32()?.into();
        // `zipfile` takes what there is of a name, extra fields and comment that the directory's end cuts off.
        let mut cut = false;
        let mut take = |n: u16| {
            let n = usize::from(n);
            let left = cursor.rest().len();
            cut |= left < n;
            cursor.take(n.min(left))
        };
        header.name = take(name)?.to_vec();
        let extra = take(extra)?;
        take(comment)?;
        header.extra(extra, Some(&mut offset));
        Ok(Some(Self {
            header,
            offset,
            made_by,
            attributes,
            disk,
            cut,
        }))
    }

    /// Whether the attributes make it a symbolic link where they are honoured.
    pub(super) fn is_link(&self) -> bool {
        const UNIX: [u16; 2] = [3, 19];
        UNIX.contains(&(self.made_by >> 8)) && (self.attributes >> 16) & 0xf000 == 0xa000
    }
}

/// A local header, and how long it is with its name and extra fields.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) header: Header,
    pub(super) length: u64,
}

impl Local {
    /// How long the header at the front of `bytes` is; `None` if there is none.
    pub(super) fn length(bytes: &[u8]) -> Option<u64> {
        let mut cursor = Cursor::new(bytes, Piece::ZipLocalHeader);
        if cursor.take(4).ok()? != LOCAL {
            return None;
        }
        cursor.take(22).ok()?;
        let name: u64 = cursor.u16().ok()?.into();
        let extra: u64 = cursor.u16().ok()?.into();
        Some(LOCAL_BYTES.saturating_add(name).saturating_add(extra))
    }

    /// Reads a header that `bytes` hold whole; `None` where none begins.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, ReadError> {
        let mut cursor = Cursor::new(bytes, Piece::ZipLocalHeader);
        if !bytes.starts_with(LOCAL) {
            return Ok(None);
        }
        cursor.take(6)?;
        let (mut header, name, extra) = Header::fields(&mut cursor)?;
        header.name = cursor.take(name.into())?.to_vec();
        let extra = cursor.take(extra.into())?;
        header.extra(extra, None);
        Ok(Some(Self {
            header,
            length: wide(cursor.position()),
        }))
    }
}

impl Header {
    /// Reads the fields that stand in the same order in both descriptions; the name and the extra fields, of these lengths, follow.
    fn fields(cursor: &mut Cursor<'_>) -> Result<(Self, u16, u16), ReadError> {
        let (flags, method) = (cursor.u16()?, cursor.u16()?);
        // The time of the last change.
        cursor.u32()?;
        let header = Self {
            flags,
            method,
            crc: cursor.u32()?,
            packed: cursor.u32()?.into(),
            size: cursor.u32()?.into(),
            ..Self::default()
        };
        Ok((header, cursor.u16()?, cursor.u16()?))
    }

    /// Applies the zip64 (0x0001) and Unicode Path (0x7075) fields. Bytes that are no field are padding.
    fn extra(&mut self, extra: &[u8], offset: Option<&mut u64>) {
        const SATURATED: u64 = 0xffff_ffff;
        let mut large: Option<&[u8]> = None;
        let mut cursor = Cursor::new(extra, Piece::ZipLocalHeader);
        while let (Ok(id), Ok(length)) = (cursor.u16(), cursor.u16()) {
            let Ok(field) = cursor.take(length.into()) else {
                break;
            };
            match id {
                1 if large.is_none() => large = Some(field),
                0x7075 => {
                    let path = field.get(5..).unwrap_or_default();
                    if !path.is_empty() && path != self.name {
                        self.alias = Some(path.to_vec());
                    }
                }
                _ => {}
            }
        }
        let mut cursor = Cursor::new(large.unwrap_or_default(), Piece::ZipLocalHeader);
        let mut incomplete = false;
        let mut widen = |value: &mut u64| {
            if *value == SATURATED {
                match cursor.u64() {
                    Ok(wide) => *value = wide,
                    Err(_) => incomplete = true,
                }
            }
        };
        widen(&mut self.size);
        widen(&mut self.packed);
        if let Some(offset) = offset {
            widen(offset);
        }
        self.incomplete = incomplete;
    }
}
