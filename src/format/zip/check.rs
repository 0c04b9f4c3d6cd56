//! What single members say that no ordinary writer says, and what their two descriptions say differently.

use std::{borrow::Cow, collections::hash_map::Entry};

use rustc_hash::FxHashMap;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    entry::{Central, Header, Local, flag},
    member::Member,
    notes::Notes,
    span::Descriptor,
};
use crate::{
    bytes::{Cursor, wide},
    fact::{NameFault, Piece, Place, Short, ZipAnomaly},
};

/// What a directory entry says by itself.
pub(super) fn entry(central: &Central, at: &Place, notes: &mut Notes<'_>) {
    let header = &central.header;
    let flags = header.flags;
    let member = || Short::new(&header.name);
    let mut add = |anomaly| notes.add(anomaly, at.clone());
    let faults = name_faults(&header.name);
    if !faults.is_empty() {
        let member = member();
        add(ZipAnomaly::UnsafeMemberName { member, faults });
    }
    if flags & (flag::ENCRYPTED | flag::STRONG | flag::MASKED) != 0 {
        let member = member();
        add(ZipAnomaly::EncryptedMember { member, flags });
    }
    if flags & flag::PATCHED != 0 {
        let member = member();
        add(ZipAnomaly::PatchedMember { member, flags });
    }
    if !matches!(header.method, 0 | 8 | 12 | 14 | 95) {
        add(ZipAnomaly::UnknownMethod {
            member: member(),
            method: header.method,
        });
    }
    if central.is_link() {
        add(ZipAnomaly::SymlinkMember { member: member() });
    }
    if header.incomplete {
        add(ZipAnomaly::SizeMissing { member: member() });
    }
    let plain = flags & (flag::ENCRYPTED | flag::STRONG) == 0;
    if header.method == 0 && header.size != header.packed && plain {
        add(ZipAnomaly::SizeOfStored {
            member: member(),
            packed: header.packed,
            unpacked: header.size,
        });
    }
    if central.disk != 0 && central.disk != 0xffff {
        add(ZipAnomaly::MemberOnDisk {
            member: member(),
            disk: central.disk.into(),
        });
    }
    if let Some(alias) = &header.alias {
        add(ZipAnomaly::UnicodePathMismatch {
            member: member(),
            path: Short::new(alias),
        });
    }
}

/// What is wrong with a name.
fn name_faults(name: &[u8]) -> Vec<NameFault> {
    let leads_out = name
        .split(|b| matches!(b, b'/' | b'\\'))
        .any(|part| part == b"..");
    let drive = matches!(name, [drive, b':', ..] if drive.is_ascii_alphabetic());
    let control = name.iter().any(|b| matches!(b, 1..=0x1f | 0x7f));
    [
        (name.is_empty(), NameFault::Empty),
        (leads_out, NameFault::LeadsOut),
        (
            name.starts_with(b"/") || name.starts_with(b"\\"),
            NameFault::Absolute,
        ),
        (drive, NameFault::Drive),
        (name.contains(&b'\\'), NameFault::Backslash),
        (name.contains(&0), NameFault::Nul),
        (control, NameFault::Control),
    ]
    .into_iter()
    .filter_map(|(wrong, fault)| wrong.then_some(fault))
    .collect()
}

/// Records every field that a local header says differently.
pub(super) fn local(central: &Header, local: &Local, at: &Place, notes: &mut Notes<'_>) {
    let theirs = &local.header;
    let member = || Short::new(&central.name);
    let mut add = |anomaly| notes.add(anomaly, at.clone());
    if central.name != theirs.name {
        add(ZipAnomaly::LocalNameMismatch {
            member: member(),
            local: Short::new(&theirs.name),
        });
    }
    if (central.flags ^ theirs.flags) & flag::MEANT != 0 {
        add(ZipAnomaly::LocalFlagsMismatch {
            member: member(),
            directory: central.flags,
            local: theirs.flags,
        });
    }
    if central.method != theirs.method {
        add(ZipAnomaly::LocalMethodMismatch {
            member: member(),
            directory: central.method,
            local: theirs.method,
        });
    }
    // With a data descriptor, sizes and CRC follow the body and are zero (or saturated) here.
    let later = theirs.flags & flag::DESCRIPTOR != 0;
    let agrees =
        |ours: u64, theirs: u64| ours == theirs || later && (theirs == 0 || theirs == 0xffff_ffff);
    if !agrees(central.packed, theirs.packed) || !agrees(central.size, theirs.size) {
        add(ZipAnomaly::LocalSizeMismatch {
            member: member(),
            directory: (central.packed, central.size),
            local: (theirs.packed, theirs.size),
        });
    }
    if central.crc != theirs.crc && !(later && theirs.crc == 0) {
        add(ZipAnomaly::LocalCrcMismatch {
            member: member(),
            directory: central.crc,
            local: theirs.crc,
        });
    }
}

/// How long the data descriptor at the front of `bytes` is, of which `room` bytes may be it: with or without a
/// signature, with sizes of 4 or 8 bytes. `None` if what stands there is not this member's.
pub(super) fn descriptor(bytes: &[u8], room: u64, expected: &Descriptor) -> Option<u64> {
    let read = |signed: bool, long: bool| -> Option<u64> {
        let mut cursor = Cursor::new(bytes, Piece::ZipMember);
        if signed && cursor.take(4).ok()? != b"PK\x07\x08" {
            return None;
        }
        let crc = cursor.u32().ok()?;
        let mut size = || {
            if long {
                cursor.u64().ok()
            } else {
                cursor.u32().ok().map(u64::from)
            }
        };
        let (packed, size) = (size()?, size()?);
        let length = wide(cursor.position());
        let same = crc == expected.crc && packed == expected.packed && size == expected.size;
        (same && length <= room).then_some(length)
    };
    let forms: Vec<u64> = [(true, true), (true, false), (false, true), (false, false)]
        .into_iter()
        .filter_map(|(signed, long)| read(signed, long))
        .collect();
    // An empty member's could be read several ways: the one that fills the room is meant.
    forms
        .iter()
        .copied()
        .find(|length| *length == room)
        .or_else(|| forms.last().copied())
}

/// Numbers the copies of each name, and records names that are there twice, as stored or as file systems and torch
/// compare them (case, separators, Unicode composition).
pub(super) fn names(members: &mut [Member], notes: &mut Notes<'_>) {
    let numbers = copies(members, notes);
    for (member, copy) in members.iter_mut().zip(numbers) {
        member.copy = copy;
    }
}

fn copies(members: &[Member], notes: &mut Notes<'_>) -> Vec<u32> {
    // Keys are borrowed: an archive of a million members is large enough once.
    let mut copies: FxHashMap<&[u8], u32> = FxHashMap::default();
    let mut folded: FxHashMap<Cow<'_, [u8]>, &[u8]> = FxHashMap::default();
    let mut numbers = Vec::with_capacity(members.len());
    for member in members {
        let name = member.name.as_bytes();
        let place = || Place::Bytes {
            start: member.offset,
            end: member.data.unwrap_or(member.offset),
        };
        let next = copies.entry(name).or_insert(0);
        let copy = *next;
        *next = next.saturating_add(1);
        numbers.push(copy);
        if member.index.is_none() {
            continue;
        }
        if copy > 0 {
            let member = Short::new(name);
            notes.add(ZipAnomaly::DuplicateMember { member }, place());
            continue;
        }
        match folded.entry(fold(name)) {
            Entry::Occupied(first) => {
                let anomaly = ZipAnomaly::AmbiguousMemberName {
                    first: Short::new(first.get()),
                    second: Short::new(name),
                };
                notes.add(anomaly, place());
            }
            Entry::Vacant(slot) => {
                slot.insert(name);
            }
        }
    }
    numbers
}

/// A name as the most forgiving comparison sees it.
fn fold(name: &[u8]) -> Cow<'_, [u8]> {
    let plain = |b: &u8| b.is_ascii() && !b.is_ascii_uppercase() && *b != b'\\';
    if name.iter().all(plain) {
        return Cow::Borrowed(name);
    }
    let mut slashed = name.to_ascii_lowercase();
    for byte in &mut slashed {
        if *byte == b'\\' {
            *byte = b'/';
        }
    }
    match std::str::from_utf8(&slashed) {
        Ok(text) if !text.is_ascii() => Cow::Owned(
            text.nfc()
                .flat_map(char::to_lowercase)
                .collect::<String>()
                .into_bytes(),
        ),
        _ => Cow::Owned(slashed),
    }
}
