//! Which bytes of an archive belong to what: overlaps, and gaps with what may hide in them.

use std::sync::Arc;

use memchr::memmem;

use super::{
    check,
    end::LOCAL,
    entry::{LOCAL_BYTES, Local, flag},
    member::{Directory, Member},
    notes::Notes,
    span::{Span, What},
};
use crate::{
    bytes::{Budget, ReadError, Window, narrow, wide},
    fact::{Gap, Place, Short, Text, Unread, ZipAnomaly, ZipPart},
    limits,
};

/// The longest data descriptor: signature, CRC, two sizes of eight bytes.
const DESCRIPTOR: u64 = 24;

/// Lays all spans side by side; records overlaps and gaps, and adds the members that gaps hold to the directory.
///
/// # Errors
/// What reading answers, and limits.
pub(super) fn reconcile(
    window: &Window,
    budget: &Arc<Budget>,
    mut spans: Vec<Span>,
    directory: &mut Directory,
    notes: &mut Notes<'_>,
) -> Result<(), ReadError> {
    spans.sort_by_key(|span| (span.start, span.end));
    add_descriptors(window, &directory.members, &mut spans, notes)?;
    let mut layout = Layout {
        window,
        budget,
        directory,
        searched: 0,
    };
    layout.compare(&spans, notes)
}

/// The bytes of an archive, as its directory and its local headers divide them.
struct Layout<'a> {
    window: &'a Window,
    budget: &'a Arc<Budget>,
    directory: &'a mut Directory,
    /// Bytes of gaps that were searched for members.
    searched: u64,
}

impl Layout<'_> {
    fn compare(&mut self, spans: &[Span], notes: &mut Notes<'_>) -> Result<(), ReadError> {
        let mut reached: u64 = 0;
        let mut last: Option<&Span> = None;
        for span in spans {
            if span.start > reached {
                let gap = match (&span.what, reached) {
                    (_, 0) => Gap::BeforeArchive,
                    (What::Member(_), _) => Gap::BetweenMembers,
                    (What::Directory, _) => Gap::BeforeDirectory,
                    (What::End, _) => Gap::AfterDirectory,
                };
                self.gap(reached, span.start, gap, notes)?;
            } else if span.start < reached {
                let place = Place::Bytes {
                    start: span.start,
                    end: span.end.min(reached),
                };
                let anomaly = ZipAnomaly::OverlappingMembers {
                    part: self.part(span),
                    inside: last.map(|last| self.part(last)),
                };
                notes.add(anomaly, place);
            }
            if span.end > reached || last.is_none() {
                reached = reached.max(span.end);
                last = Some(span);
            }
        }
        if reached < self.window.len() {
            let gap = if spans.is_empty() {
                Gap::NoDirectory
            } else {
                Gap::AfterArchive
            };
            let end = self.window.len();
            self.gap(reached, end, gap, notes)?;
        }
        Ok(())
    }

    fn part(&self, span: &Span) -> ZipPart {
        match &span.what {
            What::Member(described) => {
                let member = self.directory.members.get(described.index);
                let name = member.map_or(&b""[..], |member| member.name.as_bytes());
                ZipPart::Member(Short::new(name))
            }
            What::Directory => ZipPart::Directory,
            What::End => ZipPart::EndRecord,
        }
    }

    /// Records a gap and looks for local headers in it.
    fn gap(
        &mut self,
        start: u64,
        end: u64,
        gap: Gap,
        notes: &mut Notes<'_>,
    ) -> Result<(), ReadError> {
        const FIRST: u64 = 512;
        const CHUNK: u64 = 256 << 10;
        let place = Place::Bytes { start, end };
        if self.directory.found {
            notes.add(ZipAnomaly::Gap { gap, start, end }, place.clone());
        }
        let mut at = start;
        let mut chunk = FIRST;
        while end.saturating_sub(at) >= LOCAL_BYTES {
            if self.searched >= limits::ZIP_GAP_BYTES {
                notes.unread(Unread::Limit(limits::Id::ZIP_GAP_BYTES), place);
                return Ok(());
            }
            let length = chunk.min(end.saturating_sub(at));
            let bytes = self.window.bytes_at(at, narrow(length))?;
            self.searched = self.searched.saturating_add(wide(bytes.len()).max(1));
            let Some(found) = memmem::find(&bytes, LOCAL) else {
                if length < chunk || wide(bytes.len()) < length {
                    break;
                }
                chunk = chunk.saturating_mul(2).min(CHUNK);
                // The signature may straddle two chunks.
                at = at.saturating_add(length).saturating_sub(3);
                continue;
            };
            chunk = FIRST;
            let header_at = at.saturating_add(wide(found));
            at = match self.orphan(header_at, end, notes)? {
                Some(after) => after,
                None => header_at.saturating_add(4),
            };
        }
        Ok(())
    }

    /// A local header in no directory, whose body ends before `limit`; returns where it ends.
    fn orphan(
        &mut self,
        at: u64,
        limit: u64,
        notes: &mut Notes<'_>,
    ) -> Result<Option<u64>, ReadError> {
        const LONGEST: usize = 30 + 0xffff + 0xffff;
        const USUAL: usize = 1024;
        let room = narrow(limit.saturating_sub(at));
        let mut bytes = self.window.bytes_at(at, USUAL.min(room))?;
        let Some(length) = Local::length(&bytes) else {
            return Ok(None);
        };
        if length > wide(bytes.len()) {
            bytes = self.window.bytes_at(at, LONGEST.min(room))?;
        }
        let Ok(Some(local)) = Local::read(&bytes) else {
            return Ok(None);
        };
        self.directory.count_member(self.budget)?;
        let header = local.header;
        let data = at.saturating_add(length);
        let left = limit.saturating_sub(data);
        let unsaid = header.flags & flag::DESCRIPTOR != 0 && header.packed == 0;
        let packed = if unsaid {
            left
        } else {
            header.packed.min(left)
        };
        let place = Place::Bytes {
            start: at,
            end: data.saturating_add(packed),
        };
        if self.directory.found {
            let member = Short::new(&header.name);
            notes.add(ZipAnomaly::OrphanMember { member, at }, place);
        }
        let front = bytes.get(narrow(length)..).unwrap_or_default();
        let mut member = Member {
            name: Text::new(&header.name),
            other_name: header.alias.map(Text::new),
            size: if header.method == 0 {
                packed
            } else {
                header.size
            },
            packed,
            method: header.method,
            flags: header.flags,
            copy: 0,
            index: None,
            offset: at,
            data: Some(data),
            front: front.get(..16).unwrap_or(front).into(),
            local: None,
        };
        if unsaid && member.method != 0 {
            member.measure(self.window, self.budget);
        }
        self.directory.members.push(member);
        // Where an unsaid size ends is unknown: the next header may be anywhere after this one.
        let after = if unsaid {
            data
        } else {
            data.saturating_add(packed)
        };
        Ok(Some(after))
    }
}

/// Adds the data descriptors to the members' spans.
fn add_descriptors(
    window: &Window,
    members: &[Member],
    spans: &mut [Span],
    notes: &mut Notes<'_>,
) -> Result<(), ReadError> {
    let mut next_start = window.len();
    let mut next_before: Option<Box<[u8]>> = None;
    let mut mismatched = Vec::new();
    for span in spans.iter_mut().rev() {
        let start = span.start;
        if let What::Member(described) = &mut span.what {
            let room = next_start.saturating_sub(span.end).min(DESCRIPTOR);
            let overlaps = next_start < span.end;
            if let Some(expected) = described.descriptor.filter(|_| !overlaps) {
                let gap = next_start.saturating_sub(span.end);
                let held = next_before
                    .as_deref()
                    .and_then(|before| before.get(before.len().checked_sub(narrow(gap))?..));
                let read;
                let bytes = if let Some(held) = held {
                    held
                } else {
                    read = window.bytes_at(span.end, narrow(room))?;
                    &read
                };
                match check::descriptor(bytes, room, &expected) {
                    Some(length) => span.end = span.end.saturating_add(length),
                    None => mismatched.push((span.end, room, described.index)),
                }
            }
            next_before = Some(std::mem::take(&mut described.before));
        } else {
            next_before = None;
        }
        next_start = start;
    }
    for (at, room, index) in mismatched.into_iter().rev() {
        let name = members.get(index).map(|member| member.name.as_bytes());
        let member = Short::new(name.unwrap_or_default());
        let place = Place::Bytes {
            start: at,
            end: at.saturating_add(room),
        };
        notes.add(ZipAnomaly::DescriptorMismatch { member }, place);
    }
    Ok(())
}
