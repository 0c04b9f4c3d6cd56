//! Where an archive ends, and where its directory is: every place a loader could take for it.
//!
//! Loaders search backwards for the last end record (APPNOTE 4.3.16). Then they part: miniz (torch) takes the stored
//! offset of the directory literally and the zip64 record where its locator points; Python's `zipfile` takes the
//! directory to end where the end record begins, shifts every offset by the difference, and expects the zip64 record
//! right before its locator; others follow the zip64 record only if a field of the end record is saturated. Each
//! such reading whose directory really stands there is a [`View`].

use std::{borrow::Cow, io};

use crate::{
    bytes::{Cursor, ReadError, Window, narrow, wide},
    fact::{DirectoryFields, EndRecordAnomaly, Piece},
};

/// The signature of the end record.
pub(super) const END: &[u8; 4] = b"PK\x05\x06";
/// The signature of an entry of the directory.
pub(super) const ENTRY: &[u8; 4] = b"PK\x01\x02";
/// The signature of a local header.
pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";

/// An end record without its comment.
pub(super) const END_BYTES: u64 = 22;
const LOCATOR_BYTES: u64 = 20;
const RECORD64_BYTES: u64 = 56;
/// An end record with the longest comment. (Chunked backward searches such as miniz's reach up to 4 KiB further, but
/// only for a record with bytes after its comment, whose directory they then refuse.)
const TAIL: u64 = END_BYTES + 65_535;
/// End records looked at, counted from the end: the last one decides, the others only show that somebody plays.
const CANDIDATES: usize = 16;

/// The last bytes of a window, read once.
#[derive(Debug)]
pub(super) struct Tail<'a> {
    window: &'a Window,
    base: u64,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Tail<'a> {
    pub(super) fn read(window: &'a Window) -> io::Result<Self> {
        let base = window.len().saturating_sub(TAIL);
        let bytes = window.borrow_at(base, narrow(TAIL))?;
        Ok(Self {
            window,
            base,
            bytes,
        })
    }

    /// `n` bytes at `offset`, from memory if they are there; fewer at the end.
    fn at(&self, offset: u64, n: u64) -> io::Result<Vec<u8>> {
        let held = offset
            .checked_sub(self.base)
            .and_then(|from| self.bytes.get(narrow(from)..))
            .and_then(|rest| rest.get(..narrow(n)));
        match held {
            Some(held) => Ok(held.to_vec()),
            None => self.window.bytes_at(offset, narrow(n)),
        }
    }
}

/// An end record.
#[derive(Debug)]
pub(super) struct End {
    /// Its offset.
    pub(super) at: u64,
    /// Bytes of comment it claims.
    pub(super) comment: u64,
    /// Bytes of the window after it and its comment.
    pub(super) trailing: u64,
    /// It says more than one disk.
    pub(super) disks: bool,
    /// The directories that loaders could take it to mean, miniz's first.
    pub(super) views: Vec<View>,
    /// What its parts say differently.
    pub(super) disagreements: Vec<EndRecordAnomaly>,
}

/// One reading of where the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    /// Where the directory begins in the window.
    pub(super) start: u64,
    /// Where it must have ended: the zip64 record or the end record.
    pub(super) end: u64,
    /// Bytes it claims.
    pub(super) size: u64,
    /// Entries it claims.
    pub(super) entries: u64,
    /// What this reading adds to every stored offset.
    pub(super) shift: i64,
}

/// What an end record, or a zip64 one, says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Values {
    disk: u64,
    directory_disk: u64,
    here: u64,
    entries: u64,
    size: u64,
    offset: u64,
    end: u64,
}

impl Values {
    fn fields(&self) -> DirectoryFields {
        DirectoryFields {
            entries: self.entries,
            bytes: self.size,
            at: self.offset,
        }
    }
}

/// The end records in the tail, last first, whether or not a directory belongs to them.
pub(super) fn ends(tail: &Tail<'_>) -> Result<Vec<End>, ReadError> {
    let mut ends = Vec::new();
    for found in signatures(&tail.bytes).take(CANDIDATES) {
        let at = tail.base.saturating_add(wide(found));
        if tail.window.len().saturating_sub(at) >= END_BYTES {
            ends.push(end(tail, at)?);
        }
    }
    Ok(ends)
}

/// Where the signature of an end record stands, the last first. Its last byte is looked for: text has none, and every file is
/// asked whether it is an archive.
fn signatures(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let [.., last] = *END;
    memchr::memrchr_iter(last, bytes).filter_map(|at| {
        let to = at.checked_add(1)?;
        let before = bytes.get(..to)?.strip_suffix(END)?;
        Some(before.len())
    })
}

fn end(tail: &Tail<'_>, at: u64) -> Result<End, ReadError> {
    let bytes = tail.at(at, END_BYTES)?;
    let mut cursor = Cursor::new(&bytes, Piece::ZipEnd);
    cursor.take(4)?;
    let classic = Values {
        disk: cursor.u16()?.into(),
        directory_disk: cursor.u16()?.into(),
        here: cursor.u16()?.into(),
        entries: cursor.u16()?.into(),
        size: cursor.u32()?.into(),
        offset: cursor.u32()?.into(),
        end: at,
    };
    let comment: u64 = cursor.u16()?.into();
    let saturated = [
        classic.disk,
        classic.directory_disk,
        classic.here,
        classic.entries,
    ]
    .contains(&0xffff)
        || [classic.size, classic.offset].contains(&0xffff_ffff);
    let mut disagreements = Vec::new();
    let mut said = zip64(tail, at, &mut disagreements)?;
    if let Some(large) = said.first().filter(|large| !agree(&classic, large)) {
        disagreements.push(EndRecordAnomaly::Zip64Record {
            end: classic.fields(),
            zip64: large.fields(),
        });
    }
    if said.is_empty() || !saturated {
        said.push(classic);
    }
    let mut views: Vec<View> = Vec::new();
    for values in &said {
        for view in places(values) {
            let known = views
                .iter()
                .any(|v| v.start == view.start && v.shift == view.shift);
            if !known && stands(tail, &view)? {
                views.push(view);
            }
        }
    }
    let disks = said
        .iter()
        .any(|v| v.here != v.entries || v.disk != v.directory_disk || v.disk > 1);
    let left = tail.window.len().saturating_sub(at);
    Ok(End {
        at,
        comment,
        trailing: left.saturating_sub(END_BYTES).saturating_sub(comment),
        disks,
        views,
        disagreements,
    })
}

/// Whether the fields of an end record that are not saturated repeat those of the zip64 record.
fn agree(classic: &Values, large: &Values) -> bool {
    let same = |small: u64, full: u64, saturated: u64| small == saturated || small == full;
    same(classic.entries, large.entries, 0xffff)
        && same(classic.size, large.size, 0xffff_ffff)
        && same(classic.offset, large.offset, 0xffff_ffff)
}

/// The zip64 records an end record could have: the one its locator points to, and the one right before the locator.
fn zip64(
    tail: &Tail<'_>,
    at: u64,
    disagreements: &mut Vec<EndRecordAnomaly>,
) -> Result<Vec<Values>, ReadError> {
    let mut said: Vec<Values> = Vec::new();
    let Some(locator_at) = at.checked_sub(LOCATOR_BYTES) else {
        return Ok(said);
    };
    let locator = tail.at(locator_at, LOCATOR_BYTES)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(said);
    }
    let mut cursor = Cursor::new(&locator, Piece::Zip64);
    cursor.take(4)?;
    cursor.u32()?;
    let pointed = cursor.u64()?;
    let before = locator_at.checked_sub(RECORD64_BYTES);
    for record_at in [Some(pointed), before].into_iter().flatten() {
        if record_at >= locator_at {
            continue;
        }
        let record = tail.at(record_at, RECORD64_BYTES)?;
        if !record.starts_with(b"PK\x06\x06") || wide(record.len()) < RECORD64_BYTES {
            continue;
        }
        let mut cursor = Cursor::new(&record, Piece::Zip64);
        cursor.take(16)?;
        let values = Values {
            disk: cursor.u32()?.into(),
            directory_disk: cursor.u32()?.into(),
            here: cursor.u64()?,
            entries: cursor.u64()?,
            size: cursor.u64()?,
            offset: cursor.u64()?,
            end: record_at,
        };
        if let Some(other) = said.first().filter(|other| **other != values) {
            disagreements.push(EndRecordAnomaly::TwoZip64Records {
                first: (other.end, other.fields()),
                second: (record_at, values.fields()),
            });
        }
        if !said.contains(&values) {
            said.push(values);
        }
    }
    if said.is_empty() {
        disagreements.push(EndRecordAnomaly::Locator { target: pointed });
    }
    Ok(said)
}

/// Where the directory is by the stored offset, and by its size counted back from its end.
fn places(values: &Values) -> Vec<View> {
    let view = |start: u64, shift: i64| View {
        start,
        end: values.end,
        size: values.size,
        entries: values.entries,
        shift,
    };
    let mut places = vec![view(values.offset, 0)];
    if let Some(start) = values.end.checked_sub(values.size) {
        let shift = i128::from(start).saturating_sub(i128::from(values.offset));
        if let Ok(shift) = i64::try_from(shift) {
            places.push(view(start, shift));
        }
    }
    places
}

/// Whether a directory stands where a view has it; an empty one must stand right before its end record.
fn stands(tail: &Tail<'_>, view: &View) -> Result<bool, ReadError> {
    if view.entries == 0 && view.size == 0 {
        return Ok(view.start == view.end);
    }
    Ok(view.start < view.end && tail.at(view.start, 4)?.starts_with(ENTRY))
}
