//! What torch wrote before 0.1.10: a tar of `sys_info`, `pickle`, `storages` and `tensors`, the last three of them runs of
//! pickles with raw bytes between them.
//!
//! `torch.load` still opens it with `weights_only=False`. Every member is read as a pickle; where raw bytes interrupt the
//! pickles, that is said.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Verdict, site_in};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Fact, Hop, Text, TorchForm},
    format::{Certainty, Expect, Format, Head, Reading, pickle},
    limits,
};

/// The tar of pickles.
pub(in crate::format) static FORMAT: Format = Format {
    id: "torch-tar",
    title: "PyTorch checkpoint (before 0.1.10)",
    doc: DOC,
    extensions: &[],
    executes: true,
    probe,
    read,
};

const DOC: &str = "\
## What it is

What torch wrote before 0.1.10: a tar archive of `sys_info`, `pickle`, `storages` and `tensors`.

## What loading it does

`torch.load(weights_only=False)` extracts `storages` and `tensors`, unpickles all that is in them, then unpickles `pickle`.
`weights_only=True` refuses since torch 2.6; releases before could be led here all the same (CVE-2025-32434).

## How it is recognised

A tar archive with a member `storages`, which is what torch looks for first.

## What is checked

Each member is read as a `pickle`; the raw bytes between pickles are reported as what they are to an unpickler.

## What to prefer

safetensors; or saving again with a current torch.
";

const STORAGES: &[u8] = b"storages";
const MEMBERS: &[&[u8]] = &[b"sys_info", b"pickle", STORAGES, b"tensors"];

/// Whether the window is a tar in which torch would find its `storages`, which it asks for first. Where they stand does
/// not matter to it, so that the first member alone says nothing.
fn probe(head: &Head<'_>) -> Certainty {
    if head
        .front
        .get(..BLOCK)
        .is_some_and(|header| Header::read(header).is_some())
        && has_storages(head.window)
    {
        Certainty::Sure
    } else {
        Certainty::No
    }
}

const BLOCK: usize = 512;

/// What decides how a tar goes on after a header.
struct Header<'a> {
    name: &'a [u8],
    kind: u8,
    size: u64,
}

impl<'a> Header<'a> {
    /// A header whose checksum holds, as Python reads it: the sum of its bytes, signed or not, with the checksum's own
    /// taken for spaces.
    fn read(block: &'a [u8]) -> Option<Self> {
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
        (stored == unsigned || i64::try_from(stored) == Ok(signed)).then_some(())?;
        Some(Self {
            name: text(block.get(..100)?),
            kind: *block.get(156)?,
            size: number(block.get(124..136)?)?,
        })
    }
}

/// A field up to its first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A number as tar has it: octal digits, or binary after a byte of 0x80. `None` if it is neither, or negative.
fn number(field: &[u8]) -> Option<u64> {
    if let [0x80, binary @ ..] = field {
        return binary.iter().try_fold(0_u64, |sum, b| {
            sum.checked_mul(256)?.checked_add(u64::from(*b))
        });
    }
    let digits = text(field).trim_ascii();
    if digits.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

/// Walks the headers of a tar for a member of the name, also where an extended header gives it.
fn has_storages(window: &Window) -> bool {
    /// Extended headers hold names and times.
    const EXTENDED: u64 = 64 << 10;
    let mut at = 0;
    let mut size_of_next = None;
    for _ in 0..limits::MEMBERS {
        let Ok(block) = window.bytes_at(at, BLOCK) else {
            return false;
        };
        let Some(header) = (block.len() == BLOCK)
            .then(|| Header::read(&block))
            .flatten()
        else {
            return false;
        };
        let mut size = header.size;
        match header.kind {
            b'x' | b'g' | b'X' | b'L' | b'K' => {
                let body =
                    window.bytes_at(at.saturating_add(wide(BLOCK)), narrow(size.min(EXTENDED)));
                let body = body.unwrap_or_default();
                // Longer than any honest one, or sparse: left to the reader, which refuses what it does not follow.
                if size > EXTENDED
                    || memchr::memmem::find(&body, STORAGES).is_some()
                    || memchr::memmem::find(&body, b"GNU.sparse").is_some()
                {
                    return true;
                }
                size_of_next = pax_size(&body).or(size_of_next);
            }
            b'S' => return true,
            kind => {
                if header.name.rsplit(|b| *b == b'/').next() == Some(STORAGES) {
                    return true;
                }
                size = size_of_next.take().unwrap_or(size);
                if !matches!(kind, 0 | b'0' | b'7') {
                    // Links, devices and folders have no data, whatever their size says.
                    size = if kind.is_ascii_digit() { 0 } else { size };
                }
            }
        }
        let blocks = size.div_ceil(wide(BLOCK)).saturating_add(1);
        at = at.saturating_add(blocks.saturating_mul(wide(BLOCK)));
        if at >= window.len() {
            return false;
        }
    }
    true
}

/// The size that an extended header gives the next member.
fn pax_size(body: &[u8]) -> Option<u64> {
    let from = memchr::memmem::rfind(body, b" size=")?.checked_add(6)?;
    let digits = body.get(from..)?.split(|b| *b == b'\n').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut verdict = Verdict::new(TorchForm::Tar);
    verdict.block(
        site_in(reading, None),
        "files of before 0.1.10 are not loaded with weights_only=True",
    );
    reading.record(verdict.finish());
    let mut archive = ::tar::Archive::new(Positioned {
        window: window.clone(),
        at: 0,
    });
    let entries = archive.entries_with_seek().map_err(of_tar)?;
    for (number, entry) in entries.enumerate() {
        if number >= limits::MEMBERS {
            return Err(ReadError::Limit(format!(
                "more than {} members",
                limits::MEMBERS
            )));
        }
        let entry = entry.map_err(of_tar)?;
        let name = Text::new(entry.path_bytes());
        let start = entry.raw_file_position();
        let size = entry.size();
        reading.record(Fact::Member {
            name: name.clone(),
            size,
        });
        let body = start
            .checked_add(size)
            .and_then(|end| window.sub(start..end));
        let Some(body) = body else {
            return Err(ReadError::truncated(
                &format!("member {name}"),
                size,
                window.len().saturating_sub(start),
            ));
        };
        let last = name
            .as_bytes()
            .rsplit(|b| *b == b'/')
            .next()
            .unwrap_or_default();
        let expect = if MEMBERS.contains(&last) {
            Expect::Format(&pickle::FORMAT)
        } else {
            Expect::Named
        };
        reading.descend(
            Hop::Member {
                name: name.clone(),
                copy: 0,
            },
            name.as_bytes(),
            &body,
            expect,
        );
    }
    Ok(())
}

fn of_tar(error: io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::Other
        | io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::UnexpectedEof => {
            ReadError::malformed(format!("the tar archive does not read to its end: {error}"))
        }
        _ => error.into(),
    }
}

/// A window as `Read` and `Seek`.
struct Positioned {
    window: Window,
    at: u64,
}

impl Read for Positioned {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.window.read_at(self.at, buf)?;
        self.at = self.at.saturating_add(wide(n));
        Ok(n)
    }
}

impl Seek for Positioned {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.window.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "a seek outside the archive")
        })?;
        Ok(self.at)
    }
}
