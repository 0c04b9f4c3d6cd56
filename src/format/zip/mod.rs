//! Zip archives, as hostile as they come (APPNOTE 6.3).
//!
//! An archive says everything twice, and loaders follow different halves of it. [`directory()`] reads both, records where
//! they differ, and gives every member that any loader could find with every content it could see. What the archive
//! *is* (a torch checkpoint, an npz, ...) its members tell: the first format that claims it ([`Recognise::Zip`]) reads it, and an
//! archive that none claims is a plain `zip`, whose members are read by content. No checksum is computed: that would mean
//! reading every tensor.

mod check;
mod directory;
mod end;
mod entry;
mod geometry;
mod headers;
mod local;
mod member;
mod notes;
mod span;

pub use directory::directory;
pub use member::{Directory, Member};

use crate::{
    bytes::{ReadError, Window},
    fact::{Fact, Place, Unread, Unsupported},
    format::{
        Certainty, Container, Expect, FORMATS, Format, Head, Read, Reading, Recognise, Runs,
        Suffix, expected_instead, is_archive_name, is_artifact_name, suffix::ends_in_one, thinc,
    },
    limits,
    record::Checkpoint,
};

/// Zip archives that no format claims by their members.
pub static FORMAT: Format = Format {
    id: "zip",
    title: "zip archive",
    doc: include_str!("doc.md"),
    suffixes: &[Suffix::shared("zip", "archives of anything")],
    container: Some(Container::Zip),
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

/// Members that look like a tensor's storage are not listed one by one past this many members: a large checkpoint has
/// tens of thousands, and their names say nothing.
const LISTED: usize = 1024;

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.get(..4).unwrap_or_default();
    if front == end::LOCAL || front == end::END {
        return Certainty::Sure;
    }
    let lacks_signature = end::END.iter().any(|byte| head.window.lacks(*byte));
    let has = |bytes: u64| head.window.reaches(bytes).unwrap_or(false);
    if lacks_signature || !has(end::END_BYTES) || !head.has_end_at_hand() {
        return Certainty::No;
    }
    let found = end::Tail::read(head.window)
        .map_err(ReadError::from)
        .and_then(|tail| end::ends(&tail));
    // A pickle or a tar that holds an archive has one near its end, too: then something follows it. Loaders that would
    // open the whole as an archive all the same go by its name.
    let named = is_archive_name(head.name);
    let stands = found.is_ok_and(|ends| {
        ends.iter()
            .filter(|end| end.trailing == 0 || named)
            .flat_map(|end| &end.views)
            .any(|view| view.entries > 0 || view.size > 0)
    });
    // The last shim of a model of thinc is an archive of torch, which is read as what it is.
    if stands && (named || !thinc::is_whole(head)) {
        Certainty::Sure
    } else {
        Certainty::No
    }
}

/// Suffixes of archives that are laid out for something else than models: what is inside is read all the same.
const OTHER_ARCHIVES: &[&str] = &[
    "3mf", "aab", "aar", "apk", "cbz", "crx", "docm", "docx", "dotx", "ear", "epub", "fcstd",
    "idml", "ipa", "jar", "jmod", "kmz", "kra", "nupkg", "odg", "odp", "ods", "odt", "ora", "pptm",
    "pptx", "potx", "sketch", "usdz", "vsix", "war", "xlam", "xlsb", "xlsm", "xlsx", "xltx",
    "xmind", "xpi", "zarr", "zarr.zip",
];

/// Members that say so, whatever the archive is called: Office files, Java, Android, e-books, zarr stores.
const OTHER_MARKS: &[&[u8]] = &[
    b"[Content_Types].xml",
    b"META-INF/MANIFEST.MF",
    b"META-INF/container.xml",
    b"META-INF/manifest.xml",
    b"AndroidManifest.xml",
    b"zarr.json",
    b".zgroup",
    b".zarray",
    b".zattrs",
    b".zmetadata",
];

/// What programs begin with that carry an archive: of Windows, of Linux, scripts.
const PROGRAMS: &[&[u8]] = &[b"MZ", b"\x7fELF", b"#!"];

pub(super) fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    let directory = directory(window, reading)?;
    let claimed = FORMATS.iter().find(|format| match format.recognise {
        Recognise::Zip(claims) => claims(&directory),
        Recognise::ZipContent(claims) => claims(window, &directory, &reading.budget()),
        _ => false,
    });
    if let Some(format) = claimed
        && let Read::Zip(read) = format.read
    {
        reading.is(format.id);
        return read(window, &directory, reading);
    }
    let named = matches!(reading.expect, Expect::Named);
    if let Some(format) = claimed.filter(|_| named) {
        // What is in it is read all the same: it may be anything.
        reading.not_read(format);
        read_members(window, &directory, reading, |_| None);
        return Ok(());
    }
    let name = reading.name.clone();
    let expected = expected_instead(name.as_bytes(), &FORMAT).is_some();
    if !(named && expected) && is_for_something_else(window, &directory, name.as_bytes()) {
        let members = reading.recorder.checkpoint();
        read_members(window, &directory, reading, |_| Some(Expect::Aside));
        // What nobody opens as a model may be put together oddly: all that counts is what is inside.
        if !reading.found_since(members) {
            reading.recorder.forget(before);
        }
        return Ok(());
    }
    read_members(window, &directory, reading, |_| None);
    Ok(())
}

/// Whether the members, the name or what stands before it says that an archive is no model's.
fn is_for_something_else(window: &Window, directory: &Directory, name: &[u8]) -> bool {
    if ends_in_one(name, OTHER_ARCHIVES) {
        return true;
    }
    if is_artifact_name(name) && FORMAT.suffix_of(name).is_none() {
        return false;
    }
    let program = || {
        let front = window.bytes_at(0, 4).unwrap_or_default();
        FORMAT.suffix_of(name).is_none()
            && PROGRAMS.iter().any(|program| front.starts_with(program))
    };
    let marked = |member: &Member| {
        let name = member.name.as_bytes();
        let last = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
        OTHER_MARKS.contains(&name) || OTHER_MARKS.contains(&last)
    };
    program() || directory.members.iter().any(marked)
}

/// Whether a member has a name of which this holds.
pub fn has_member(directory: &Directory, is: impl Fn(&[u8]) -> bool) -> bool {
    let mut members = directory.members.iter();
    members.any(|member| is(member.name.as_bytes()))
}

/// A name as Python takes it, which ends it at a zero byte.
pub fn python_name(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Whether an archive is one of torch's: whether torch would find `data.pkl` or `constants.pkl` in some root of it.
/// Compared as torch does, whatever the case; orphans and other names count.
pub fn is_torch(directory: &Directory) -> bool {
    directory.members.iter().any(|member| {
        [Some(&member.name), member.other_name.as_ref()]
            .into_iter()
            .flatten()
            .any(|name| {
                let last = name.as_bytes().rsplit(|b| matches!(b, b'/' | b'\\')).next();
                last.is_some_and(|last| {
                    last.eq_ignore_ascii_case(b"data.pkl")
                        || last.eq_ignore_ascii_case(b"constants.pkl")
                })
            })
    })
}

/// Whether a name is that of a tensor's raw storage in torch's archives: `data/0`, `archive/data/17`,
/// `model/data/weights/weight_3`.
pub fn is_storage_name(name: &[u8]) -> bool {
    let mut parts = name.rsplit(|b| *b == b'/');
    let last = parts.next().unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let numbered = |text: &[u8]| {
        let mut parts = text.rsplitn(2, |b| *b == b'_');
        parts.next().is_some_and(digits) && parts.next().is_some()
    };
    match folder {
        b"data" | b"constants" | b"tensors" => digits(last),
        b"weights" => digits(last) || numbered(last),
        _ => false,
    }
}

/// Records every member, and reads the content of each one: as `expect` says, or (`None`) raw storages as such and
/// everything else by content and name. Folders are passed over.
pub fn read_members<'a>(
    window: &Window,
    directory: &Directory,
    reading: &mut Reading<'_>,
    expect: impl Fn(&Member) -> Option<Expect<'a>>,
) {
    let few = directory.members.len() <= LISTED;
    // Honest members do not overlap; what overlapping ones may cost altogether is bounded by what the archive is long.
    let mut left = window
        .len()
        .saturating_mul(limits::OVERLAPPING)
        .saturating_add(1 << 20);
    let start = reading.recorder.checkpoint();
    let mut unopened = Vec::new();
    for member in &directory.members {
        let storage = is_storage_name(member.name.as_bytes());
        let before = reading.recorder.checkpoint();
        if few || !storage || member.is_orphan() {
            reading.record(Fact::Member {
                name: member.name.clone(),
                size: member.size,
            });
        }
        let only_member = reading.recorder.checkpoint();
        let told = expect(member);
        let raw = storage && told.is_none() && member.method == 0;
        if member.is_folder() || raw && !could_run(&member.front) {
            continue;
        }
        // What leaves the archive is cut off at its end.
        let Some(rest) = left.checked_sub(member.packed.min(window.len())) else {
            reading.record(Fact::Unread(Unread::Limit(limits::Id::OVERLAPPING)));
            return;
        };
        left = rest;
        let expect = told.unwrap_or(if storage {
            Expect::Payload
        } else {
            Expect::Named
        });
        let mut open = Vec::new();
        read_bodies(window, member, reading, expect, &mut open);
        unopened.extend(open.into_iter().map(|form| (member, form)));
        // Of a hundred thousand pictures none needs a line.
        if !few && reading.recorder.is_silent_since(only_member) {
            reading.recorder.forget(before);
        }
    }
    tell_unopened(directory, unopened, start, reading);
}

/// Says which members are in a form that is not read. Where neither a name nor what else is in the archive tells of a model, none is
/// missing: it is only noted.
fn tell_unopened(
    directory: &Directory,
    unopened: Vec<(&Member, Unsupported)>,
    start: Checkpoint,
    reading: &mut Reading<'_>,
) {
    if unopened.is_empty() {
        return;
    }
    let is_model = !reading.is_container()
        || is_artifact_name(reading.name.as_bytes())
            && FORMAT.suffix_of(reading.name.as_bytes()).is_none()
        || directory.members.iter().any(Member::is_named_like_artifact)
        || reading.found_since(start);
    for (member, form) in unopened {
        reading.recorder.enter(member.hop());
        if is_model {
            reading.unread(Unread::Unsupported(form), Place::Whole);
        } else {
            reading.record(Fact::Unopened(form));
        }
        reading.recorder.leave();
    }
}

/// Reads every content a loader could see in a member, one hop further in.
pub fn read_member(
    window: &Window,
    member: &Member,
    reading: &mut Reading<'_>,
    expect: Expect<'_>,
) {
    let mut unopened = Vec::new();
    read_bodies(window, member, reading, expect, &mut unopened);
    for form in unopened {
        reading.recorder.enter(member.hop());
        reading.unread(Unread::Unsupported(form), Place::Whole);
        reading.recorder.leave();
    }
}

/// The same; forms that are not read are left to the caller.
fn read_bodies(
    window: &Window,
    member: &Member,
    reading: &mut Reading<'_>,
    expect: Expect<'_>,
    unopened: &mut Vec<Unsupported>,
) {
    let hop = member.hop();
    // The name under which a loader could take it for a model, if one of them is such a name.
    let name = member
        .other_name
        .as_ref()
        .filter(|other| is_artifact_name(other.as_bytes()))
        .filter(|_| !is_artifact_name(member.name.as_bytes()))
        .unwrap_or(&member.name);
    let mut expect = expect;
    // The loader of a checkpoint keeps much of its pickle as it is: there is no room for the bytes as well.
    let hold = match expect {
        Expect::Format(_) | Expect::Loaded(..) => 0,
        _ => reading.may_hold(),
    };
    for body in member.bodies(window, hold, &reading.budget()) {
        match body {
            Ok(body) => {
                reading.descend(hop.clone(), name.as_bytes(), &body, expect);
                // The loader reads what the directory describes.
                if let Expect::Loaded(format, _) = expect {
                    expect = Expect::Format(format);
                }
            }
            Err(error) => {
                match error {
                    ReadError::Unsupported(form) => unopened.push(*form),
                    error => {
                        reading.recorder.enter(hop.clone());
                        reading.unread(error, Place::Whole);
                        reading.recorder.leave();
                    }
                }
                // What else there is of it is read only if it makes sense.
                expect = Expect::Payload;
            }
        }
    }
}

/// Whether the first bytes of raw data could begin something that a loader runs, so that reading on is worth a look: a
/// pickle with a protocol, a container, an array, or text (a pickle of protocol 0).
fn could_run(front: &[u8]) -> bool {
    match front {
        [0x80, 0..=5, ..] | [b'P', b'K', ..] | [0x93, b'N', b'U', ..] => true,
        [] => false,
        text => text
            .iter()
            .all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t')),
    }
}
