//! The local header of an entry of the directory: what it adds to the entry, and what it says otherwise.

use std::borrow::Cow;

use super::{
    check,
    entry::{Central, Local, flag},
    member::Storing,
    notes::Notes,
    span::{Described, Descriptor, Span, What},
};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Place, Short, ZipAnomaly},
};

/// Bytes read before a local header: the longest data descriptor of the member before.
pub(super) const BEFORE: u64 = 24;

/// What a local header adds to an entry.
#[derive(Default)]
pub(super) struct LocalDetails {
    /// Its name, where it differs.
    pub(super) name: Option<Vec<u8>>,
    /// Where the body begins.
    pub(super) data: Option<u64>,
    /// The first bytes of the body.
    pub(super) front: Box<[u8]>,
    /// How it says that the body is stored, where that differs.
    pub(super) storing: Option<Box<Storing>>,
}

/// Reads the local header of an entry and compares the two. `bytes` are the [`BEFORE`] bytes before the header, the header, and
/// the front of the body, as far as they were read; `member` is the index that the entry will have.
///
/// `None` if there is no local header.
///
/// # Errors
/// What reading the rest of the header answers.
pub(super) fn read(
    window: &Window,
    at: u64,
    bytes: &[u8],
    central: &Central,
    member: usize,
    notes: &mut Notes<'_>,
) -> Result<Option<(LocalDetails, Span)>, ReadError> {
    let ours = &central.header;
    let base = at.saturating_sub(BEFORE);
    let lead = at.saturating_sub(base);
    let header_at = narrow(lead);
    let Some(length) = Local::length(bytes.get(header_at..).unwrap_or_default()) else {
        return Ok(None);
    };
    let mut bytes = Cow::Borrowed(bytes);
    if wide(bytes.len()) < lead.saturating_add(length) {
        let whole = lead.saturating_add(length).saturating_add(16);
        bytes = window.borrow_at(base, narrow(whole))?;
    }
    let place = Place::Bytes {
        start: at,
        end: at.saturating_add(length),
    };
    check::entry(central, &place, notes);
    let local = match Local::read(bytes.get(header_at..).unwrap_or_default()) {
        Ok(Some(local)) => local,
        Ok(None) => return Ok(None),
        Err(error) => {
            notes.unread(error, place);
            return Ok(None);
        }
    };
    check::local(ours, &local, &place, notes);
    let data = at.saturating_add(local.length);
    let end = data.saturating_add(ours.packed);
    if end > window.len() {
        let anomaly = ZipAnomaly::SizePastEnd {
            member: Short::new(&ours.name),
            packed: ours.packed,
            at: data,
            archive: window.len(),
        };
        notes.add(anomaly, place);
    }
    let described =
        ours.flags & flag::DESCRIPTOR != 0 || local.header.flags & flag::DESCRIPTOR != 0;
    let span = Span {
        start: at,
        end: end.min(window.len()),
        what: What::Member(Box::new(Described {
            descriptor: described.then_some(Descriptor {
                crc: ours.crc,
                packed: ours.packed,
                size: ours.size,
            }),
            index: member,
            before: bytes.get(..header_at).unwrap_or_default().into(),
        })),
    };
    let body = header_at.saturating_add(narrow(local.length));
    let front = bytes.get(body..).unwrap_or_default();
    let front = front.get(..16).unwrap_or(front);
    let front = front.get(..narrow(ours.packed)).unwrap_or(front);
    let theirs = local.header;
    // Zero sizes before a data descriptor say nothing, so the directory's stand in for them.
    let later = theirs.flags & flag::DESCRIPTOR != 0;
    let told = |theirs: u64, ours: u64| match theirs {
        0 | 0xffff_ffff if later => ours,
        told => told,
    };
    let storing = Storing {
        method: theirs.method,
        packed: told(theirs.packed, ours.packed),
        size: told(theirs.size, ours.size),
    };
    let same =
        storing.method == ours.method && storing.packed == ours.packed && storing.size == ours.size;
    let name = (theirs.name != ours.name).then_some(theirs.name);
    let name = name.or(theirs.alias);
    let details = LocalDetails {
        name,
        data: Some(data),
        front: front.into(),
        storing: (!same).then(|| Box::new(storing)),
    };
    Ok(Some((details, span)))
}
