//! tar archives: members one after another, walked as Python's `tarfile` walks them.
//!
//! Numbers, checksums, extended headers and what ends an archive are Python's, because its loaders open tars with it. A format
//! may claim a tar by a member ([`Recognise::Tar`]); of any other, each member is read by content. A tar without an artifact in it is none.

mod header;
mod members;
mod sparse;

use header::{BLOCK, Header};
use members::{Body, Member, Members};

use super::{
    Certainty, Container, Expect, FORMATS, Format, Head, Read, Reading, Recognise, Suffix, in_turn,
    is_shared_name, pickle,
};
use crate::{
    bytes::{ReadError, Window},
    fact::{Fact, Hop, Piece, Place, Short, SpecialMember, Text, Unread, Unsupported},
};

/// Tar archives that no format claims by their members.
pub static FORMAT: Format = Format {
    id: "tar",
    title: "tar archive",
    doc: DOC,
    suffixes: &[Suffix::wrapping("tar")],
    container: Some(Container::Tar),
    executes: false,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

fn probe(head: &Head<'_>) -> Certainty {
    let header = head.front.get(..BLOCK).and_then(Header::read);
    if header.is_some() {
        Certainty::Sure
    } else {
        Certainty::No
    }
}

const DOC: &str = "\
## What it is

A tar archive, compressed or not, with an artifact in it: `model.tar.gz`.

## What loading it does

Extracting it writes files; what loads those decides what runs.

## How it is recognised

By the checksum of its first header, and by an artifact among its members. A tar of other files is not reported.

## What is checked

Every member is read by content and name. Headers are taken as Python's `tarfile` takes them: its spellings of numbers, its
checksums, extended headers that rename a member or change its size, members with holes. Links and devices are not followed: what
they would lead to is on the machine that extracts the archive. `inspect` lists the first of them.

## What to prefer

The files themselves, each in a format that is read.
";

/// Which formats the members of an archive make it, as far as they were seen.
struct Layouts(Vec<(&'static Format, Vec<&'static [u8]>)>);

impl Layouts {
    /// Of the formats of which this holds.
    fn new(which: fn(&Format) -> bool) -> Self {
        let missing = |format: &'static Format| match format.recognise {
            Recognise::Tar(names) if which(format) => Some((format, names.to_vec())),
            _ => None,
        };
        Self(FORMATS.iter().copied().filter_map(missing).collect())
    }

    /// The format whose last missing member this is.
    fn see(&mut self, name: &[u8]) -> Option<&'static Format> {
        for (format, missing) in &mut self.0 {
            let before = missing.len();
            missing.retain(|wanted| *wanted != name);
            if missing.is_empty() && before > 0 {
                return Some(format);
            }
        }
        None
    }
}

/// The format whose loader opens the archive, if its members say that there is one.
fn claimed(window: &Window) -> Option<&'static Format> {
    let mut layouts = Layouts::new(|format| matches!(format.read, Read::Tar { .. }));
    let mut members = Members::of(window);
    while let Ok(Some(member)) = members.next() {
        if let Some(format) = layouts.see(member.last_name()) {
            return Some(format);
        }
    }
    None
}

pub(super) fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    // No loader opens a compressed one.
    let format = (!window.is_sequential()).then(|| claimed(window)).flatten();
    let mut is_pickle: Option<fn(&[u8]) -> bool> = None;
    if let Some(format) = format
        && let Read::Tar {
            is_pickle: part,
            verdict,
        } = format.read
    {
        reading.is(format.id);
        let verdict = verdict(reading);
        reading.record(verdict);
        is_pickle = Some(part);
    }
    let result = read_members(window, is_pickle, reading);
    let limit = result.as_ref().is_err_and(ReadError::is_limit);
    if is_pickle.is_none() && !limit && !reading.found_since(before) {
        reading.disclaim();
    }
    result
}

fn read_members(
    window: &Window,
    is_pickle: Option<fn(&[u8]) -> bool>,
    reading: &mut Reading<'_>,
) -> Result<(), ReadError> {
    let mut unread = Layouts::new(|format| !format.is_read());
    let mut kinds = Layouts::new(|format| format.container.is_some());
    let mut members = Members::of(window);
    let mut specials: usize = 0;
    while let Some(member) = members.next()? {
        let last = member.last_name();
        if let Some(format) = unread.see(last)
            && matches!(reading.expect, Expect::Named)
        {
            reading.not_read(format);
        }
        if let Some(format) = kinds.see(last)
            && is_pickle.is_none()
        {
            reading.is(format.id);
        }
        let expect = if is_pickle.is_some_and(|is_pickle| is_pickle(last)) {
            Expect::Format(&pickle::FORMAT)
        } else if is_shared_name(last) {
            // Sources that are packed have firmware and templates under these.
            Expect::Aside
        } else {
            Expect::Named
        };
        let name = Text::new(member.name.as_slice());
        let file = match file_of(window, &member) {
            Ok(Some(file)) => file,
            Ok(None) => {
                let form = Unsupported::SparseMember(Short::new(&member.name));
                reading.recorder.enter(Hop::Member { name, copy: 0 });
                reading.unread(Unread::Unsupported(form), Place::Whole);
                reading.recorder.leave();
                continue;
            }
            Err(special) => {
                if specials < SPECIALS {
                    specials = specials.saturating_add(1);
                    reading.record(Fact::Special {
                        name,
                        what: special,
                    });
                }
                continue;
            }
        };
        in_turn::read_member(&name, file, expect, is_pickle.is_some(), reading);
        if !window.reaches(member.start.saturating_add(member.size))? {
            let left = window.len().saturating_sub(member.start);
            return Err(ReadError::truncated(Piece::TarMember, member.size, left));
        }
    }
    Ok(())
}

/// Links and devices of one archive that are told.
const SPECIALS: usize = 64;

/// The bytes of a member, `None` if nobody knows where they stand; or what it is instead of a file.
fn file_of(window: &Window, member: &Member) -> Result<Option<Window>, SpecialMember> {
    match &member.body {
        Body::Whole => Ok(Some(window.up_to(member.start, member.size))),
        Body::Sparse(map) => Ok(map
            .as_ref()
            .and_then(|map| map.file(window, member.start, member.size))),
        Body::Link(target) => Err(SpecialMember::Link {
            target: Text::new(target.as_slice()),
        }),
        Body::Device => Err(SpecialMember::Device),
    }
}
