//! `ar` archives: static libraries, packages of Debian. Members one after another, each with a header of text.

use super::{Certainty, Container, Format, Head, Read, Reading, Recognise, Runs, Suffix, in_turn};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    fact::{Piece, Text},
    limits,
};

/// `ar` archives.
pub static FORMAT: Format = Format {
    id: "ar",
    title: "ar archive",
    doc: DOC,
    suffixes: &[Suffix::wrapping("ar"), Suffix::wrapping("deb")],
    container: Some(Container::Other),
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

An archive of `ar`: a static library (`libx.a`) or a package of Debian (`.deb`).

## What loading it does

Linkers and package managers read it; no loader of models does. What they take out of it decides what runs.

## How it is recognised

By its magic `!<arch>`, and by an artifact among its members. A library of object files is not reported, unless its name is a model's.

## What is checked

Every member is read by content and name; long names are taken from GNU's table of names and from the front of a member, as BSD
writes them.

## What to prefer

The files themselves.
";

const MAGIC: &[u8] = b"!<arch>\n";
const HEADER: usize = 60;

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(head.front.starts_with(MAGIC))
}

/// A header: the name as it is stored, and the size.
fn header(block: &[u8]) -> Option<(&[u8], u64)> {
    let end = block.get(58..HEADER)?;
    let size = std::str::from_utf8(block.get(48..58)?).ok()?.trim_end();
    (end == b"`\n").then_some((block.get(..16)?.trim_ascii_end(), size.parse().ok()?))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let before = reading.recorder.checkpoint();
    let result = read_members(window, reading);
    let limit = result.as_ref().is_err_and(ReadError::is_limit);
    if !limit && !reading.found_since(before) {
        reading.disclaim();
    }
    result
}

fn read_members(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut long_names = Vec::new();
    let mut at = wide(MAGIC.len());
    for _ in 0..limits::MEMBERS {
        let block = window.bytes_at(at, HEADER)?;
        let Some((stored, size)) = header(&block) else {
            // What is no header ends it for every reader.
            return Ok(());
        };
        let start = at.saturating_add(wide(HEADER));
        let mut body = window.up_to(start, size);
        let name = match stored {
            b"/" | b"/SYM64/" => None,
            b"//" => {
                long_names = body.bytes_at(0, narrow(limits::DIRECTORY_BYTES))?;
                None
            }
            [b'/', digits @ ..] => Some(of_table(&long_names, digits).unwrap_or(stored).to_vec()),
            [b'#', b'1', b'/', digits @ ..] => {
                let length = number(digits).unwrap_or(0).min(limits::NAME_BYTES);
                let name = body.bytes_at(0, narrow(length))?;
                body = body.from(length);
                Some(
                    name.split(|byte| *byte == 0)
                        .next()
                        .unwrap_or_default()
                        .to_vec(),
                )
            }
            name => Some(name.strip_suffix(b"/").unwrap_or(name).to_vec()),
        };
        if let Some(name) = name {
            let expect = in_turn::expected_of(&name);
            in_turn::read_member(&Text::new(name.as_slice()), body, expect, false, reading);
        }
        at = start.saturating_add(size);
        if !window.reaches(at)? {
            let left = window.len().saturating_sub(start);
            return Err(ReadError::truncated(Piece::ArMember, size, left));
        }
        at = at.saturating_add(size % 2);
    }
    Err(ReadError::Limit(limits::Id::MEMBERS))
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.trim_end().parse().ok()
}

/// The name at an offset of GNU's table, in which each ends in a slash and a line feed.
fn of_table<'t>(table: &'t [u8], digits: &[u8]) -> Option<&'t [u8]> {
    let rest = table.get(narrow(number(digits)?)..)?;
    let name = rest.split(|byte| *byte == b'\n').next()?;
    Some(name.strip_suffix(b"/").unwrap_or(name))
}
