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
    Certainty, Container, Expect, FORMATS, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    configuration, in_turn, pickle,
};
use crate::{
    bytes::{ReadError, Window, narrow},
    fact::{Fact, Hop, Piece, Place, Short, SpecialMember, Text, Unread, Unsupported},
    limits,
};

/// Tar archives that no format claims by their members.
pub static FORMAT: Format = Format {
    id: "tar",
    title: "tar archive",
    doc: DOC,
    suffixes: &[Suffix::wrapping("tar")],
    container: Some(Container::Tar),
    runs: Runs::Nothing,
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

/// How the loader of a format that is laid out in a tar takes its members.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// How it takes a member, by its path.
    pub takes: fn(&[u8]) -> Takes,
    /// What it makes of the archive.
    pub verdict: Option<fn(&Reading<'_>) -> Fact>,
    /// Whether it opens compressed archives as well.
    pub compressed: bool,
}

/// How a loader takes a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// As a file of its own, or not at all.
    File,
    /// As a run of pickles.
    Pickles,
    /// As a configuration, which has code called.
    Configuration,
    /// As a file of its own, wherever a link leads.
    Followed,
}

impl Format {
    /// How its loader takes the members of a tar, if it is laid out in one.
    fn layout(&self) -> Option<Layout> {
        match self.read {
            Read::Tar(layout) => Some(layout),
            _ => None,
        }
    }
}

/// Which formats the members of an archive make it, as far as they were seen.
struct Layouts(Vec<(&'static Format, Vec<&'static [MemberName]>)>);

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
    fn see(&mut self, path: &[u8]) -> Option<&'static Format> {
        for (format, missing) in &mut self.0 {
            let before = missing.len();
            missing.retain(|wanted| !wanted.iter().any(|name| name.is(path)));
            if missing.is_empty() && before > 0 {
                return Some(format);
            }
        }
        None
    }
}

/// What tells a member of an archive, in whatever folder and whatever the case.
#[derive(Debug, Clone, Copy)]
pub enum MemberName {
    /// The last part of its path.
    File(&'static [u8]),
    /// Some part of its path before the last.
    In(&'static [u8]),
}

impl MemberName {
    /// Whether a member of this path is meant.
    pub fn is(self, path: &[u8]) -> bool {
        let mut parts = path.rsplit(|byte| *byte == b'/');
        let file = parts.next().unwrap_or_default();
        match self {
            Self::File(name) => file.eq_ignore_ascii_case(name),
            Self::In(folder) => parts.any(|part| part.eq_ignore_ascii_case(folder)),
        }
    }
}

/// The format whose loader opens the archive, if its members say that there is one.
fn claimed(window: &Window) -> Option<&'static Format> {
    let mut layouts = Layouts::new(|format| format.layout().is_some());
    let mut members = Members::of(window);
    while let Ok(Some(member)) = members.next() {
        if let Some(format) = layouts.see(&member.name) {
            return Some(format);
        }
    }
    None
}

pub(super) fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    let mut archive = Archive {
        window,
        layout: None,
        configurations: Vec::new(),
        too_many: false,
        specials: 0,
    };
    // A compressed one is walked once: what it is turns out on the way.
    let known = (!window.is_sequential()).then(|| claimed(window)).flatten();
    if let Some(format) = known {
        archive.is(format, reading);
    }
    let result = archive.read_members(reading);
    let limit = result.as_ref().is_err_and(ReadError::is_limit);
    if archive.layout.is_none() && !limit && !reading.found_since(before) {
        reading.disclaim();
    }
    result
}

/// An archive that is read member by member.
struct Archive<'w> {
    window: &'w Window,
    /// Of the format whose loader opens it.
    layout: Option<Layout>,
    /// Members that are configurations if it turns out to be of a format whose loader takes them so.
    configurations: Vec<(Text, Window)>,
    /// There are more of them than are held.
    too_many: bool,
    specials: usize,
}

impl Archive<'_> {
    /// It is of this format.
    fn is(&mut self, format: &'static Format, reading: &mut Reading<'_>) {
        let Some(layout) = format.layout() else {
            return;
        };
        self.layout = Some(layout);
        reading.is(format.id);
        if let Some(verdict) = layout.verdict {
            let verdict = verdict(reading);
            reading.record(verdict);
        }
        if self.too_many {
            let limit = limits::Id::CONFIG_COPIES;
            reading.unread(Unread::Limit(limit), Place::Whole);
        }
        for (name, body) in std::mem::take(&mut self.configurations) {
            if (layout.takes)(name.as_bytes()) == Takes::Configuration {
                read_configuration(name, &body, reading);
            }
        }
    }

    fn read_members(&mut self, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        let mut unread = Layouts::new(|format| !format.is_read());
        let mut kinds = Layouts::new(|format| format.container.is_some());
        let mut late = Layouts::new(|format| format.layout().is_some_and(|l| l.compressed));
        let mut members = Members::of(self.window);
        while let Some(member) = members.next()? {
            if let Some(format) = unread.see(&member.name)
                && matches!(reading.expect, Expect::Named)
            {
                reading.not_read(format);
            }
            if self.layout.is_none() {
                if let Some(format) = kinds.see(&member.name) {
                    reading.is(format.id);
                }
                if let Some(format) = late.see(&member.name) {
                    self.is(format, reading);
                }
            }
            self.read_member(&member, reading);
            let end = member.start.saturating_add(member.size);
            if !self.window.reaches(end)? {
                let left = self.window.len().saturating_sub(member.start);
                return Err(ReadError::truncated(Piece::TarMember, member.size, left));
            }
        }
        Ok(())
    }

    fn read_member(&mut self, member: &Member, reading: &mut Reading<'_>) {
        let last = member.last_name();
        let takes = self
            .layout
            .map_or(Takes::File, |layout| (layout.takes)(&member.name));
        let name = Text::new(member.name.as_slice());
        let mut file = match file_of(self.window, member) {
            Ok(Some(file)) => file,
            Ok(None) => {
                let form = Unsupported::SparseMember(Short::new(&member.name));
                return unsupported(name, form, reading);
            }
            Err(special) => {
                if takes != Takes::File && takes != Takes::Pickles {
                    unsupported(name.clone(), Unsupported::LinkedMember, reading);
                }
                if self.specials < SPECIALS {
                    self.specials = self.specials.saturating_add(1);
                    reading.record(Fact::Special {
                        name,
                        what: special,
                    });
                }
                return;
            }
        };
        if may_be_configuration(&member.name) {
            // Held: it is read twice, and perhaps only once all others are known.
            let most = narrow(limits::CONFIG_BYTES.saturating_add(1));
            if let Ok(bytes) = file.bytes_at(0, most) {
                file = Window::new(bytes);
            }
            if takes == Takes::Configuration {
                read_configuration(name.clone(), &file, reading);
            } else if self.layout.is_none() {
                // Of too many, it is the last one that counts.
                self.too_many |= self.configurations.len() >= limits::CONFIG_COPIES;
                if !self.too_many {
                    self.configurations.push((name.clone(), file.clone()));
                }
            }
        }
        let expect = if takes == Takes::Pickles {
            Expect::Format(&pickle::FORMAT)
        } else {
            in_turn::expected_of(last)
        };
        let kept = takes != Takes::File;
        in_turn::read_member(&name, file, expect, kept, reading);
    }
}

/// Whether the loader of any format takes a member of this path as its configuration.
fn may_be_configuration(path: &[u8]) -> bool {
    let mut layouts = FORMATS.iter().filter_map(|format| format.layout());
    layouts.any(|layout| (layout.takes)(path) == Takes::Configuration)
}

fn read_configuration(name: Text, body: &Window, reading: &mut Reading<'_>) {
    reading.recorder.enter(Hop::Member { name, copy: 0 });
    if let Err(error) = configuration::read(body, reading) {
        reading.unread(error, Place::Whole);
    }
    reading.recorder.leave();
}

fn unsupported(name: Text, form: Unsupported, reading: &mut Reading<'_>) {
    reading.recorder.enter(Hop::Member { name, copy: 0 });
    reading.unread(Unread::Unsupported(form), Place::Whole);
    reading.recorder.leave();
}

/// The last part of a path.
pub(super) fn last(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
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
