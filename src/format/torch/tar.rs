//! What torch wrote before 0.1.10: a tar of `sys_info`, `pickle`, `storages` and `tensors`, the last three of them runs of
//! pickles with raw bytes between them.
//!
//! `torch.load` still opens it with `weights_only=False`. Every member is read as a pickle; where raw bytes interrupt the
//! pickles, that is said.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Verdict, site_in};
use crate::{
    bytes::{ReadError, Window, wide},
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

A tar archive whose first member has one of those names.

## What is checked

Each member is read as a `pickle`; the raw bytes between pickles are reported as what they are to an unpickler.

## What to prefer

safetensors; or saving again with a current torch.
";

const MEMBERS: &[&[u8]] = &[b"sys_info", b"pickle", b"storages", b"tensors"];

fn probe(head: &Head<'_>) -> Certainty {
    let header = head.front.get(..512).unwrap_or_default();
    let name = header
        .get(..100)
        .unwrap_or_default()
        .split(|b| *b == 0)
        .next()
        .unwrap_or_default();
    let name = name.strip_prefix(b"./").unwrap_or(name);
    if MEMBERS.contains(&name) && checksum_holds(header) {
        Certainty::Sure
    } else {
        Certainty::No
    }
}

/// A tar header's checksum: the sum of its bytes with the checksum's own taken for spaces, in octal.
fn checksum_holds(header: &[u8]) -> bool {
    let stored: String = header
        .get(148..156)
        .unwrap_or_default()
        .iter()
        .map(|b| char::from(*b))
        .collect();
    let stored = u64::from_str_radix(stored.trim_matches(|c| matches!(c, '\0' | ' ')), 8);
    let sum = header.iter().enumerate().map(|(at, b)| {
        if (148..156).contains(&at) {
            32
        } else {
            u64::from(*b)
        }
    });
    header.len() == 512 && stored == Ok(sum.sum())
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
        let size = entry.header().size().map_err(of_tar)?;
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
