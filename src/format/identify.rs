//! What the first and last bytes, and the name, say about a run of bytes.

use std::{io, sync::LazyLock};

use rustc_hash::FxHashMap;

use super::{
    Container, FORMATS, Format, Home, Recognise, Suffix,
    ordinary::{is_page, is_pointer, is_text, plain_suffix},
};
use crate::{bytes::Window, fact::Promised, limits};

/// How many bytes from the front a probe may look at.
const FRONT: usize = 4096;

/// How sure a probe is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It is something else.
    No,
    /// It could be, as text without magic could be a protocol 0 pickle: facts count only if the whole reads convincingly.
    Maybe,
    /// The magic is there.
    Sure,
}

/// What a probe may look at.
#[derive(Debug)]
pub struct Head<'a> {
    /// The first bytes, up to 4096.
    pub front: Vec<u8>,
    /// All of them, for probes that must look at the end.
    pub window: &'a Window,
    /// The last part of the name, as stored; empty where there is none.
    pub name: &'a [u8],
}

impl Certainty {
    /// Sure if it holds.
    pub fn sure_if(holds: bool) -> Self {
        if holds { Self::Sure } else { Self::No }
    }

    /// Doubtful if it holds.
    pub fn maybe_if(holds: bool) -> Self {
        if holds { Self::Maybe } else { Self::No }
    }
}

impl<'a> Head<'a> {
    /// Reads the front of a window.
    pub fn read(window: &'a Window, name: &'a [u8]) -> io::Result<Self> {
        Ok(Self {
            front: window.bytes_at(0, FRONT)?,
            window,
            name,
        })
    }

    /// The name without the folders that a member of an archive has before it.
    pub fn file_name(&self) -> &'a [u8] {
        last(self.name)
    }

    /// Whether a probe may look at the end: of compressed content it costs unpacking all, which is only done of what can be held.
    pub fn has_end_at_hand(&self) -> bool {
        let past = limits::HELD_BYTES.saturating_add(1);
        !self.window.is_sequential() || !self.window.reaches(past).unwrap_or(false)
    }
}

/// The last part of a name.
fn last(name: &[u8]) -> &[u8] {
    name.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

/// A suffix, and a format that has it.
type Row = (&'static Format, &'static Suffix);

/// By what suffixes have after their last dot: those suffixes, in the order of [`FORMATS`].
static BY_LAST_PART: LazyLock<FxHashMap<&'static [u8], Vec<Row>>> = LazyLock::new(|| {
    let mut rows: FxHashMap<&[u8], Vec<Row>> = FxHashMap::default();
    for format in FORMATS {
        let expected = |suffix: &&Suffix| suffix.home != Home::Plain;
        for suffix in format.suffixes.iter().filter(expected) {
            let text = suffix.text.as_bytes();
            let last = text.rsplit(|b| *b == b'.').next().unwrap_or_default();
            rows.entry(last).or_default().push((format, suffix));
        }
    }
    rows
});

/// Bytes that suffixes have after their last dot, at most.
const LAST_PART: usize = 24;

/// Every format that has the suffix of a name, with that suffix.
fn named(name: &[u8]) -> impl Iterator<Item = Row> {
    let mut lower = [0; LAST_PART];
    let dot = name.iter().rposition(|b| *b == b'.');
    let last = dot.and_then(|dot| name.get(dot.saturating_add(1)..));
    let rows = last.and_then(|last| {
        let lower = lower.get_mut(..last.len())?;
        lower.copy_from_slice(last);
        lower.make_ascii_lowercase();
        BY_LAST_PART.get(&*lower)
    });
    let mut before = None;
    rows.into_iter()
        .flatten()
        .filter(move |(_, suffix)| suffix.ends(name))
        // Of several of a format, its first.
        .filter(move |(format, _)| before.replace(format.id) != Some(format.id))
        .copied()
}

/// What stands before the suffix of a wrapping, if a name has one: loaders open `model.pkl.gz` as they open `model.pkl`, and
/// many checkpoints are called `model.pth.tar` that are none.
pub(super) fn unwrapped(name: &[u8]) -> Option<&[u8]> {
    named(name)
        .any(|(_, suffix)| suffix.home == Home::Wrapping)
        .then(|| name.rsplitn(2, |b| *b == b'.').nth(1).unwrap_or_default())
}

/// A name without all its wrappings: `model.pkl` of `model.pkl.tar.gz`.
fn innermost(name: &[u8]) -> &[u8] {
    let mut name = last(name);
    while let Some(stem) = unwrapped(name) {
        name = stem;
    }
    name
}

/// Whether a file of this name is expected to be a model artifact, whatever its bytes.
pub fn is_artifact_name(name: &[u8]) -> bool {
    // A name that no format has is not wrapped either.
    named(last(name)).next().is_some() && named(innermost(name)).next().is_some()
}

/// Whether a name promises nothing else than this format: a suffix that others share promises nothing.
pub(super) fn may_be_called(format: &Format, name: &[u8]) -> bool {
    format.suffix_of(name).is_some() || is_shared_name(name)
}

/// Whether a name has a suffix that models share with anything else.
pub(super) fn is_shared_name(name: &[u8]) -> bool {
    named(name).any(|(_, suffix)| matches!(suffix.home, Home::SharedWithText(_) | Home::Shared(_)))
}

/// Whether a name has a suffix that models share with bytes of any other kind.
pub(super) fn is_name_of_anything(name: &[u8]) -> bool {
    named(name).any(|(_, suffix)| matches!(suffix.home, Home::Shared(_)))
}

/// What the suffix of a name belongs to; `None` if to nothing.
pub(super) fn promised_by(name: &[u8]) -> Option<Promised> {
    let own = named(name).find(|(_, suffix)| suffix.home == Home::Own);
    match (own, plain_suffix(name)) {
        (Some((format, _)), _) => Some(Promised::Format(format.id.into())),
        (None, Some(suffix)) => Some(Promised::Suffix(suffix.to_owned())),
        (None, None) => None,
    }
}

/// The format whose loader opens a file of this name, if that takes an archive for it only in a layout that this archive has not:
/// knowing the container is then not knowing the file.
pub(super) fn expected_instead(name: &[u8], archive: &Format) -> Option<&'static Format> {
    let is_zip = archive.container == Some(Container::Zip);
    let is_tar = archive.container == Some(Container::Tar);
    let is_layout = matches!(
        archive.recognise,
        Recognise::Zip(_) | Recognise::ZipContent(_) | Recognise::Tar(_)
    );
    let is_instead = |format: &Format, suffix: &Suffix| {
        let (fits, needs_layout) = match format.recognise {
            Recognise::Tar(_) => (is_zip || is_tar || is_layout, format.runs.is_code()),
            Recognise::Zip(_) | Recognise::ZipContent(_) => (
                is_zip || is_layout,
                format.runs.is_code() || !format.is_read(),
            ),
            Recognise::Probe(_) | Recognise::Stream(_) | Recognise::Name => {
                (is_zip || is_layout, !format.is_read())
            }
        };
        let owned = match suffix.home {
            Home::Own => true,
            Home::SharedWithText(_) | Home::Shared(_) => is_zip,
            Home::Wrapping | Home::Plain => false,
        };
        fits && needs_layout && owned && format.id != archive.id
    };
    named(name)
        .find(|(format, suffix)| is_instead(format, suffix))
        .map(|(format, _)| format)
}

/// The format that a name alone tells of, where bytes carry no sign of it.
pub(super) fn by_name_alone(name: &[u8]) -> Option<&'static Format> {
    named(name)
        .find(|(format, suffix)| {
            matches!(format.recognise, Recognise::Name) && suffix.home == Home::Own
        })
        .map(|(format, _)| format)
}

/// Whether loaders open a file of this name as an archive with any bytes before and after it.
pub(super) fn is_archive_name(name: &[u8]) -> bool {
    named(name).any(|(format, suffix)| match format.recognise {
        _ if format.container == Some(Container::Zip) => true,
        Recognise::Zip(_) | Recognise::ZipContent(_) => suffix.home == Home::Own,
        _ => false,
    })
}

/// Whether content that is of no format is passed over under this name: other kinds of files are at home under its suffix, too.
/// A page that a server sent instead of the model never is.
pub(super) fn is_at_home(head: &Head<'_>) -> bool {
    let homes = || named(innermost(head.name)).map(|(_, suffix)| suffix.home);
    let any = homes().any(|home| matches!(home, Home::Shared(_)));
    let text = homes().any(|home| matches!(home, Home::SharedWithText(_)));
    (any || text && is_text(&head.front))
        && !is_page(&head.front, head.name)
        && !is_pointer(&head.front)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffixes_of_a_name_are_those_that_a_look_at_each_finds() {
        let suffixes = FORMATS.iter().flat_map(|format| format.suffixes);
        for suffix in suffixes.filter(|suffix| suffix.home != Home::Plain) {
            let text = suffix.text;
            assert!(text.rsplit('.').next().unwrap().len() <= LAST_PART);
            for name in [
                format!("a.{text}"),
                format!("a.{}", text.to_uppercase()),
                format!(".{text}"),
                format!("a{text}"),
                format!("a.{text}.gz"),
                format!("a.tar.{text}"),
                format!("a.zarr.{text}"),
                format!("a.{text}."),
            ] {
                let ids = |(format, suffix): Row| (format.id, suffix.text);
                let found: Vec<_> = named(name.as_bytes()).map(ids).collect();
                let each = FORMATS
                    .iter()
                    .filter_map(|format| Some((*format, format.suffix_of(name.as_bytes())?)))
                    .filter(|(_, suffix)| suffix.home != Home::Plain);
                assert_eq!(found, each.map(ids).collect::<Vec<_>>(), "{name}");
            }
        }
        let long = [b"a.".as_slice(), &[b'x'; 100]].concat();
        assert_eq!(named(&long).count(), 0);
    }
}
