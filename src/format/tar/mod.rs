//! tar archives: members one after another, walked as Python's `tarfile` walks them.
//!
//! Numbers, checksums, extended headers and what ends an archive are Python's, because its loaders open tars with it. A format
//! may claim a tar by a member ([`Recognise::Tar`]); of any other, each member is read by content. A tar without an artifact in it is none.

use super::{
    Certainty, Container, Expect, FORMATS, Format, Head, Read, Reading, Recognise, Suffix,
    is_shared_name, pickle,
};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Fact, Hop, Piece, Short, Text, Unsupported},
    limits,
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
checksums, extended headers that rename a member or change its size. Sparse members are not read, and that is reported.

## What to prefer

The files themselves, each in a format that is read.
";

const BLOCK: usize = 512;

/// What decides how a tar goes on after a header.
struct Header {
    name: Vec<u8>,
    kind: u8,
    size: u64,
}

impl Header {
    /// A header whose checksum holds, as Python reads it: the sum of its bytes, signed or not, with the checksum's own taken for
    /// spaces.
    fn read(block: &[u8]) -> Option<Self> {
        let stored = number(block.get(148..156)?)?;
        let bytes = || {
            let blank = |at: usize, byte: u8| if (148..156).contains(&at) { b' ' } else { byte };
            block
                .iter()
                .enumerate()
                .map(move |(at, byte)| blank(at, *byte))
        };
        let unsigned: u64 = bytes().map(u64::from).sum();
        let signed: i64 = bytes().map(|b| i64::from(i8::from_le_bytes([b]))).sum();
        let sum = i128::from(signed);
        (stored == i128::from(unsigned) || stored == sum).then_some(())?;
        let name = text(block.get(..100)?);
        let prefix = text(block.get(345..500)?);
        let kind = *block.get(156)?;
        // Old GNU archives keep other fields where the prefix is.
        let name = if prefix.is_empty() || matches!(kind, b'L' | b'K' | b'S') {
            name.to_vec()
        } else {
            [prefix, b"/", name].concat()
        };
        Some(Self {
            name,
            kind,
            size: u64::try_from(number(block.get(124..136)?)?).ok()?,
        })
    }
}

/// A field up to its first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A number as Python's `tarfile` reads it: binary after a byte of 0x80 or 0xff, else what `int(text, 8)` takes, with sign,
/// white space, a prefix `0o` and single underscores. `None` if it is neither.
fn number(field: &[u8]) -> Option<i128> {
    if let [first @ (0x80 | 0xff), binary @ ..] = field {
        let value = binary.iter().try_fold(0_i128, |sum, b| {
            sum.checked_mul(256)?.checked_add(i128::from(*b))
        })?;
        if *first == 0x80 {
            return Some(value);
        }
        let whole = binary
            .iter()
            .try_fold(1_i128, |all, _| all.checked_mul(256))?;
        return value.checked_sub(whole);
    }
    let space = |b: u8| matches!(b, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f);
    let from = text(field);
    let start = from.iter().position(|b| !space(*b)).unwrap_or(from.len());
    let end = from
        .iter()
        .rposition(|b| !space(*b))
        .map_or(start, |last| last.saturating_add(1));
    let mut digits = from.get(start..end).unwrap_or_default();
    if digits.is_empty() {
        return Some(0);
    }
    let negative = digits.first() == Some(&b'-');
    if let [b'+' | b'-', rest @ ..] = digits {
        digits = rest;
    }
    let prefixed = matches!(digits, [b'0', b'o' | b'O', ..]);
    if let [b'0', b'o' | b'O', rest @ ..] = digits {
        digits = rest.strip_prefix(b"_").unwrap_or(rest);
    }
    let grouped = digits
        .split(|b| *b == b'_')
        .all(|group| !group.is_empty() && group.iter().all(|b| (b'0'..=b'7').contains(b)));
    if !grouped || prefixed && digits.is_empty() {
        return None;
    }
    let value = digits
        .iter()
        .filter(|b| **b != b'_')
        .try_fold(0_i128, |sum, b| {
            sum.checked_mul(8)?
                .checked_add(i128::from(b.wrapping_sub(b'0')))
        })?;
    Some(if negative {
        value.checked_neg()?
    } else {
        value
    })
}

/// What extended headers say of a member.
#[derive(Debug, Clone, Default)]
struct Extended {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

impl Extended {
    /// Adds the records `length key=value` of a body.
    fn add(&mut self, body: &[u8]) {
        let mut rest = body;
        while let Some(space) = rest.iter().position(|b| *b == b' ') {
            let length: Option<usize> = rest
                .get(..space)
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| digits.trim().parse().ok());
            let Some((record, after)) = length.and_then(|length| rest.split_at_checked(length))
            else {
                return;
            };
            let record = record.get(space.saturating_add(1)..).unwrap_or_default();
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(equals) = record.iter().position(|b| *b == b'=') {
                let (key, value) = record.split_at(equals);
                self.set(key, value.get(1..).unwrap_or_default());
            }
            if record.is_empty() {
                return;
            }
            rest = after;
        }
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"path" | b"GNU.sparse.name" => self.path = Some(value.to_vec()),
            b"size" => {
                let digits = std::str::from_utf8(value).unwrap_or_default();
                let digits: String = digits.trim().chars().filter(|c| *c != '_').collect();
                // What is no number counts as 0.
                self.size = Some(digits.parse().unwrap_or(0));
            }
            _ => {}
        }
        self.sparse |= key.starts_with(b"GNU.sparse");
    }
}

/// A member with data.
struct Member {
    name: Vec<u8>,
    start: u64,
    size: u64,
    sparse: bool,
}

/// The members of a tar, up to what ends it for Python: a block of zeros, a header that is none, the end of the data.
struct Members<'w> {
    window: &'w Window,
    at: u64,
    headers: usize,
    global: Extended,
}

impl<'w> Members<'w> {
    fn of(window: &'w Window) -> Self {
        Self {
            window,
            at: 0,
            headers: 0,
            global: Extended::default(),
        }
    }

    fn next(&mut self) -> Result<Option<Member>, ReadError> {
        let mut extended = self.global.clone();
        loop {
            self.headers = self.headers.saturating_add(1);
            if self.headers > limits::MEMBERS {
                return Err(ReadError::Limit(limits::Id::MEMBERS));
            }
            let block = self.window.bytes_at(self.at, BLOCK)?;
            let header = (block.len() == BLOCK)
                .then(|| Header::read(&block))
                .flatten();
            let Some(header) = header else {
                return Ok(None);
            };
            let start = self.at.saturating_add(wide(BLOCK));
            match header.kind {
                b'x' | b'X' | b'g' | b'L' | b'K' => {
                    if header.size > limits::TAR_EXTENDED {
                        return Err(ReadError::Limit(limits::Id::TAR_EXTENDED));
                    }
                    let body = self.window.bytes_at(start, narrow(header.size))?;
                    match header.kind {
                        b'g' => {
                            self.global.add(&body);
                            extended.add(&body);
                        }
                        b'L' => extended.path = Some(text(&body).to_vec()),
                        b'K' => {}
                        _ => extended.add(&body),
                    }
                    self.skip(start, header.size);
                }
                kind => {
                    let size = extended.size.unwrap_or(header.size);
                    // Links, devices and folders have no data, whatever their size says; kinds that are not known have.
                    let data = !matches!(kind, b'1'..=b'6');
                    self.skip(start, if data { size } else { 0 });
                    if !data {
                        extended = self.global.clone();
                        continue;
                    }
                    return Ok(Some(Member {
                        name: extended.path.unwrap_or(header.name),
                        start,
                        size,
                        sparse: kind == b'S' || extended.sparse,
                    }));
                }
            }
        }
    }

    fn skip(&mut self, start: u64, size: u64) {
        let blocks = size.div_ceil(wide(BLOCK)).saturating_mul(wide(BLOCK));
        self.at = start.saturating_add(blocks);
    }
}

impl Member {
    /// The last part of its name.
    fn last_name(&self) -> &[u8] {
        let last = self.name.rsplit(|b| *b == b'/').next();
        last.unwrap_or_default()
    }
}

/// Which formats the members of an archive make it, as far as they were seen.
struct Layouts(Vec<(&'static Format, Vec<&'static [u8]>)>);

impl Layouts {
    /// Of formats that are read, or of those that are not.
    fn new(read: bool) -> Self {
        let missing = |format: &'static Format| match format.recognise {
            Recognise::Tar(names) if format.is_read() == read => Some((format, names.to_vec())),
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

/// The format that is read and that the members make of the archive.
fn claimed(window: &Window) -> Option<&'static Format> {
    let mut layouts = Layouts::new(true);
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
    let mut unread = Layouts::new(false);
    let mut members = Members::of(window);
    while let Some(member) = members.next()? {
        if let Some(format) = unread.see(member.last_name())
            && matches!(reading.expect, Expect::Named)
        {
            reading.not_read(format);
        }
        let name = Text::new(member.name.as_slice());
        let before = reading.recorder.checkpoint();
        reading.record(Fact::Member {
            name: name.clone(),
            size: member.size,
        });
        let only_member = reading.recorder.checkpoint();
        if member.sparse {
            return Err(ReadError::unsupported(Unsupported::SparseMember(
                Short::new(name.as_bytes()),
            )));
        }
        let mut body = window.up_to(member.start, member.size);
        if window.is_sequential() && body.len() <= wide(reading.may_hold()) {
            body = Window::new(body.bytes_at(0, reading.may_hold())?);
        }
        let last = member.last_name();
        let expect = if is_pickle.is_some_and(|is_pickle| is_pickle(last)) {
            Expect::Format(&pickle::FORMAT)
        } else if is_shared_name(last) {
            // Sources that are packed have firmware and templates under these.
            Expect::Aside
        } else {
            Expect::Named
        };
        let hop = Hop::Member { name, copy: 0 };
        reading.descend(hop, &member.name, &body, expect);
        if is_pickle.is_none() && reading.recorder.is_silent_since(only_member) {
            // A tar of a million sources has few that matter.
            reading.recorder.forget(before);
        }
        if !window.reaches(member.start.saturating_add(member.size))? {
            let left = window.len().saturating_sub(member.start);
            return Err(ReadError::truncated(Piece::TarMember, member.size, left));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_what_python_takes() {
        for (field, value) in [
            (b"0000017\0".as_slice(), Some(15)),
            (b"0o17\0\0\0\0", Some(15)),
            (b"0O_17   ", Some(15)),
            (b"  +1_7 \0", Some(15)),
            (b"-17\0    ", Some(-15)),
            (b"\x80\0\0\0\0\0\0\x0f", Some(15)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"        ", Some(0)),
            (b"18\0     ", None),
            (b"0o\0     ", None),
            (b"1__7\0   ", None),
            (b"0x17\0   ", None),
        ] {
            assert_eq!(number(field), value, "{}", field.escape_ascii());
        }
    }
}
