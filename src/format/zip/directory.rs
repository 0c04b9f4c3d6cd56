//! The directory of an archive, reconciled: every member that any loader could find, and whatever the archive says
//! in two ways.
//!
//! Input is a window; output is a [`Directory`] and anomalies. Three readings are laid over one another: the
//! directories that the end records could mean, the local headers they point to, and the bytes that none of them
//! accounts for. Costs one read of the tail, one of the directory, and a small read for local headers that
//! are near to each other.

use std::sync::Arc;

use super::{
    check,
    end::{self, End, Tail, View},
    entry::{CENTRAL_BYTES, Central, LOCAL_BYTES},
    geometry,
    headers::Headers,
    local::{self, BEFORE, LocalDetails},
    member::{Directory, Member},
    notes::Notes,
    span::{Span, What},
};
use crate::{
    bytes::{Budget, Cursor, ReadError, Window, narrow, wide},
    fact::{EndRecordAnomaly, Malformed, Piece, Place, Short, Text, ZipAnomaly, ZipFault},
    format::Reading,
    limits,
};

/// Bytes read for the extra fields of a local header and the front of its body; torch pads by up to 64.
const AFTER: u64 = 160;

/// Reads an archive's directory and reconciles it with the local headers; records anomalies.
///
/// Without a readable directory the local headers are still found and read, and that there is none is recorded.
///
/// # Errors
/// [`ReadError::Limit`] for directories past a limit, [`ReadError::Malformed`] if there is nothing of an archive at all.
pub fn directory(window: &Window, reading: &mut Reading<'_>) -> Result<Directory, ReadError> {
    let budget = reading.budget();
    let mut notes = Notes::new(reading.recorder);
    let mut builder = Builder {
        window,
        budget: &budget,
        spans: Vec::new(),
        entries: Vec::new(),
        directory: Directory::default(),
        other_names: 0,
    };
    let result = builder.build(&mut notes);
    notes.finish();
    result.map(|()| builder.directory)
}

/// An entry of some directory, and where its local header must be.
struct Placed {
    central: Central,
    /// `None` if the offset leaves the window.
    at: Option<u64>,
}

struct Builder<'a> {
    window: &'a Window,
    budget: &'a Arc<Budget>,
    spans: Vec<Span>,
    entries: Vec<Placed>,
    directory: Directory,
    /// Bytes of the names that local headers give otherwise.
    other_names: u64,
}

impl Builder<'_> {
    fn build(&mut self, notes: &mut Notes<'_>) -> Result<(), ReadError> {
        let tail = Tail::read(self.window)?;
        let mut ends = end::ends(&tail)?;
        let chosen = ends.iter().position(|end| !end.views.is_empty());
        if let Some(chosen) = chosen {
            let main = ends.remove(chosen);
            self.directory.found = true;
            self.directory.comment = main.comment;
            self.directory.trailing = main.trailing;
            self.directory.shift = main.views.first().map_or(0, |view| view.shift);
            self.end(&main, notes)?;
            self.locate(notes)?;
            self.others(ends, notes)?;
        } else {
            let fault = if ends.is_empty() {
                ZipFault::NoEndRecord
            } else {
                ZipFault::NoDirectory
            };
            notes.unread(Malformed::from(fault), Place::Whole);
        }
        let spans = std::mem::take(&mut self.spans);
        geometry::reconcile(self.window, self.budget, spans, &mut self.directory, notes)?;
        if self.directory.members.is_empty() && !self.directory.found {
            return Err(ReadError::malformed(ZipFault::NoMember));
        }
        check::names(&mut self.directory.members, notes);
        Ok(())
    }

    /// The directories an end record could mean.
    fn end(&mut self, end: &End, notes: &mut Notes<'_>) -> Result<(), ReadError> {
        let place = Place::Bytes {
            start: end.at,
            end: end.at.saturating_add(end::END_BYTES),
        };
        for anomaly in &end.disagreements {
            let anomaly = ZipAnomaly::EndRecordMismatch(anomaly.clone());
            notes.add(anomaly, place.clone());
        }
        if end.disks {
            notes.add(ZipAnomaly::SeveralDisks, place.clone());
        }
        if end.comment > 0 {
            let bytes = end.comment;
            notes.add(ZipAnomaly::ArchiveComment { bytes }, place.clone());
        }
        if end.views.len() > 1 {
            let starts = end.views.iter().map(|view| view.start).collect();
            let anomaly = EndRecordAnomaly::Directories { starts };
            notes.add(ZipAnomaly::EndRecordMismatch(anomaly), place.clone());
        }
        let mut first = end.at;
        for view in &end.views {
            first = first.min(view.end);
            self.view(view, notes)?;
        }
        let after = end.at.saturating_add(end::END_BYTES);
        self.spans.push(Span {
            start: first,
            end: after.saturating_add(end.comment).min(self.window.len()),
            what: What::End,
        });
        Ok(())
    }

    /// The entries of one directory.
    fn view(&mut self, view: &View, notes: &mut Notes<'_>) -> Result<(), ReadError> {
        // Past the claimed size there should be nothing; a little more is read to see whether there is.
        const BEYOND: u64 = 1 << 20;
        let room = view.end.saturating_sub(view.start);
        let length = room.min(view.size.saturating_add(BEYOND));
        if length > limits::DIRECTORY_BYTES.saturating_add(BEYOND) {
            return Err(ReadError::Limit(limits::Id::DIRECTORY_BYTES));
        }
        let bytes = self.window.bytes_at(view.start, narrow(length))?;
        let mut cursor = Cursor::new(&bytes, Piece::ZipDirectory);
        let mut seen: u64 = 0;
        let mut parsed = 0;
        // A list that doubles leaves room for as many again.
        let most = length.min(view.size) / CENTRAL_BYTES;
        self.entries.reserve_exact(narrow(view.entries.min(most)));
        loop {
            match Central::read(&mut cursor) {
                Ok(Some(central)) => {
                    seen = seen.saturating_add(1);
                    if central.cut {
                        let fault = ZipFault::EntryCutOff;
                        notes.unread(Malformed::from(fault), Place::Whole);
                    }
                    parsed = cursor.position();
                    let at = central
                        .offset
                        .checked_add_signed(view.shift)
                        .filter(|at| *at < self.window.len());
                    self.directory.count_member(self.budget)?;
                    self.entries.push(Placed { central, at });
                }
                Ok(None) => break,
                Err(error) => {
                    notes.unread(error, Place::Whole);
                    break;
                }
            }
        }
        let parsed = wide(parsed);
        let end = view.start.saturating_add(parsed);
        if seen != view.entries || parsed != view.size {
            let place = Place::Bytes {
                start: view.start,
                end,
            };
            let anomaly = EndRecordAnomaly::Directory {
                entries: seen,
                bytes: parsed,
                said_entries: view.entries,
                said_bytes: view.size,
            };
            notes.add(ZipAnomaly::EndRecordMismatch(anomaly), place);
        }
        if parsed > 0 {
            self.spans.push(Span {
                start: view.start,
                end,
                what: What::Directory,
            });
        }
        Ok(())
    }

    /// End records other than the one that decides, unless they are plainly a nested archive's.
    fn others(&mut self, ends: Vec<End>, notes: &mut Notes<'_>) -> Result<(), ReadError> {
        // A stored nested archive brings its own; it is an alternative only to loaders that ask for a comment that ends
        // exactly where the file does.
        let mut bodies: Vec<(u64, u64)> = self
            .spans
            .iter()
            .filter(|span| matches!(span.what, What::Member(_)))
            .map(|span| (span.start, span.end))
            .collect();
        bodies.sort_unstable();
        for end in ends {
            let nested = bodies
                .get(..bodies.partition_point(|(start, _)| *start <= end.at))
                .and_then(<[_]>::last)
                .is_some_and(|(_, last)| end.at < *last);
            if nested && end.trailing > 0 {
                continue;
            }
            let claims = end
                .at
                .saturating_add(end::END_BYTES)
                .saturating_add(end.comment);
            if nested && claims != self.window.len() {
                continue;
            }
            let place = Place::Bytes {
                start: end.at,
                end: end.at.saturating_add(end::END_BYTES),
            };
            notes.add(ZipAnomaly::SecondEndRecord { at: end.at }, place);
            if !end.views.is_empty() {
                self.end(&end, notes)?;
                self.locate(notes)?;
            }
        }
        Ok(())
    }

    /// Reads the local headers of the entries collected so far, in the order of their offsets, and makes them members.
    fn locate(&mut self, notes: &mut Notes<'_>) -> Result<(), ReadError> {
        let entries = std::mem::take(&mut self.entries);
        let base = self.directory.members.len();
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|i| entries.get(*i).and_then(|placed| placed.at));
        let mut found: Vec<Option<LocalDetails>> = Vec::new();
        found.resize_with(entries.len(), || None);
        let ranges = order
            .into_iter()
            .filter_map(|i| {
                let Placed { central, at } = entries.get(i)?;
                let at = (*at)?;
                let start = at.saturating_sub(BEFORE);
                let end = at
                    .saturating_add(LOCAL_BYTES)
                    .saturating_add(wide(central.header.name.len()))
                    .saturating_add(AFTER);
                Some((start..end, (i, at, central)))
            })
            .collect();
        let mut headers = Headers::new(self.window, ranges);
        while let Some((bytes, (i, at, central))) = headers.next()? {
            let member = base.saturating_add(i);
            if let Some(slot) = found.get_mut(i) {
                let read = local::read(self.window, at, bytes, central, member, notes)?;
                if let Some((details, span)) = read {
                    self.spans.push(span);
                    self.count_other_name(&details)?;
                    *slot = Some(details);
                }
            }
        }
        // A list that doubles would leave room for as many again.
        self.directory.members.reserve_exact(entries.len());
        for (placed, found) in entries.into_iter().zip(found) {
            let index = u32::try_from(self.directory.members.len()).ok();
            let header = placed.central.header;
            let offset = placed.at.unwrap_or(placed.central.offset);
            if found.is_none() {
                let place = Place::Bytes {
                    start: offset,
                    end: offset,
                };
                let member = Short::new(&header.name);
                notes.add(ZipAnomaly::LocalHeaderMissing { member, at: offset }, place);
            }
            let found = found.unwrap_or_default();
            self.directory.members.push(Member {
                name: Text::from(header.name),
                other_name: found.name.or(header.alias).map(Text::from),
                size: header.size,
                packed: header.packed,
                method: header.method,
                flags: header.flags,
                copy: 0,
                index,
                offset,
                data: found.data,
                front: found.front,
                local: found.storing,
            });
        }
        Ok(())
    }

    /// Thousands of entries may lead to one local header with a long name.
    fn count_other_name(&mut self, details: &LocalDetails) -> Result<(), ReadError> {
        let length = details.name.as_ref().map_or(0, Vec::len);
        self.other_names = self.other_names.saturating_add(wide(length));
        if self.other_names > limits::DIRECTORY_BYTES {
            return Err(ReadError::Limit(limits::Id::DIRECTORY_BYTES));
        }
        Ok(())
    }
}
