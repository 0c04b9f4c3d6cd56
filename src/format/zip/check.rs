//! What single members say that no ordinary writer says, and what their two descriptions say differently.

use std::{borrow::Cow, collections::hash_map::Entry};

use rustc_hash::FxHashMap;
use unicode_normalization::UnicodeNormalization as _;

use super::{
    entry::{Central, Header, Local, flag},
    member::Member,
    notes::{Notes, shown},
};
use crate::{
    bytes::{Cursor, wide},
    fact::Place,
};

/// What a directory entry says by itself.
pub(super) fn entry(central: &Central, at: Place, notes: &mut Notes<'_>) {
    let header = &central.header;
    let name = || shown(&header.name);
    let faults = name_faults(&header.name);
    if !faults.is_empty() {
        notes.add("unsafe-member-name", at.clone(), || {
            format!("the name `{}` {}", name(), faults.join(", "))
        });
    }
    if header.flags & (flag::ENCRYPTED | flag::STRONG | flag::MASKED) != 0 {
        notes.add("encrypted-member", at.clone(), || {
            format!(
                "`{}` is flagged as encrypted (flags {:#06x}); some loaders ignore that",
                name(),
                header.flags
            )
        });
    }
    if header.flags & flag::PATCHED != 0 {
        notes.add("patched-member", at.clone(), || {
            format!(
                "`{}` is flagged as patched data (flags {:#06x}); some loaders ignore that",
                name(),
                header.flags
            )
        });
    }
    if !matches!(header.method, 0 | 8 | 12 | 14 | 95) {
        notes.add("unknown-method", at.clone(), || {
            let known = super::member::method_name(header.method).unwrap_or("unknown");
            format!(
                "`{}` has compression method {} ({known})",
                name(),
                header.method
            )
        });
    }
    if central.is_link() {
        notes.add("symlink-member", at.clone(), || {
            format!("`{}` is a symbolic link", name())
        });
    }
    if header.incomplete {
        notes.add("size-impossible", at.clone(), || {
            format!(
                "`{}` promises sizes in a zip64 field that does not hold them",
                name()
            )
        });
    }
    let plain = header.flags & (flag::ENCRYPTED | flag::STRONG) == 0;
    if header.method == 0 && header.size != header.packed && plain {
        notes.add("size-impossible", at.clone(), || {
            format!(
                "`{}` is stored, yet {} bytes are {} when unpacked",
                name(),
                header.packed,
                header.size
            )
        });
    }
    if central.disk != 0 && central.disk != 0xffff {
        notes.add("several-disks", at.clone(), || {
            format!("`{}` is on disk {}", name(), central.disk)
        });
    }
    if let Some(alias) = &header.alias {
        notes.add("local-name-mismatch", at, || {
            format!(
                "`{}` has another name, `{}`, in its Unicode Path field",
                name(),
                shown(alias)
            )
        });
    }
}

/// What is wrong with a name, as predicates.
fn name_faults(name: &[u8]) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, what: &'static str| {
        if wrong {
            faults.push(what);
        }
    };
    fault(name.is_empty(), "is empty");
    fault(
        name.split(|b| matches!(b, b'/' | b'\\'))
            .any(|part| part == b".."),
        "leads out of the archive",
    );
    fault(
        name.starts_with(b"/") || name.starts_with(b"\\"),
        "is an absolute path",
    );
    fault(
        matches!(name, [drive, b':', ..] if drive.is_ascii_alphabetic()),
        "names a drive",
    );
    fault(name.contains(&b'\\'), "has a backslash");
    fault(name.contains(&0), "has a NUL, where some readers end it");
    fault(
        name.iter().any(|b| matches!(b, 1..=0x1f | 0x7f)),
        "has control characters",
    );
    faults
}

/// Records every field that a local header says differently.
pub(super) fn local(central: &Header, local: &Local, at: &Place, notes: &mut Notes<'_>) {
    let theirs = &local.header;
    let name = || shown(&central.name);
    if central.name != theirs.name {
        notes.add("local-name-mismatch", at.clone(), || {
            format!(
                "`{}` is called `{}` in its local header",
                name(),
                shown(&theirs.name)
            )
        });
    }
    if (central.flags ^ theirs.flags) & flag::MEANT != 0 {
        notes.add("local-flags-mismatch", at.clone(), || {
            format!(
                "`{}` has flags {:#06x} in the directory, {:#06x} in its local header",
                name(),
                central.flags,
                theirs.flags
            )
        });
    }
    if central.method != theirs.method {
        notes.add("local-method-mismatch", at.clone(), || {
            format!(
                "`{}` has method {} in the directory, {} in its local header",
                name(),
                central.method,
                theirs.method
            )
        });
    }
    // With a data descriptor, sizes and CRC follow the body and are zero (or saturated) here.
    let later = theirs.flags & flag::DESCRIPTOR != 0;
    let agrees =
        |ours: u64, theirs: u64| ours == theirs || later && (theirs == 0 || theirs == 0xffff_ffff);
    if !agrees(central.packed, theirs.packed) || !agrees(central.size, theirs.size) {
        notes.add("local-size-mismatch", at.clone(), || {
            format!(
                "`{}` has {} bytes packed and {} unpacked in the directory, {} and {} in its local header",
                name(),
                central.packed,
                central.size,
                theirs.packed,
                theirs.size
            )
        });
    }
    if central.crc != theirs.crc && !(later && theirs.crc == 0) {
        notes.add("local-crc-mismatch", at.clone(), || {
            format!(
                "`{}` has CRC {:08x} in the directory, {:08x} in its local header",
                name(),
                central.crc,
                theirs.crc
            )
        });
    }
}

/// How long the data descriptor at the front of `bytes` is, of which `room` bytes may be it: with or without a
/// signature, with sizes of 4 or 8 bytes. `None` if what stands there is not this member's.
pub(super) fn descriptor(bytes: &[u8], room: u64, expected: &Header) -> Option<u64> {
    let read = |signed: bool, long: bool| -> Option<u64> {
        let mut cursor = Cursor::new(bytes);
        if signed && cursor.take(4, "").ok()? != b"PK\x07\x08" {
            return None;
        }
        let crc = cursor.u32("").ok()?;
        let mut size = || {
            if long {
                cursor.u64("").ok()
            } else {
                cursor.u32("").ok().map(u64::from)
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
            notes.add("duplicate-member", place(), || {
                format!(
                    "`{}` is there more than once; loaders differ in which they read",
                    shown(name)
                )
            });
            continue;
        }
        match folded.entry(fold(name)) {
            Entry::Occupied(first) => notes.add("ambiguous-member-name", place(), || {
                format!(
                    "`{}` and `{}` are one name to loaders that ignore case or separators",
                    shown(first.get()),
                    shown(name)
                )
            }),
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
