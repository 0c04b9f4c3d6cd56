//! `SQLite` databases, in which caches keep pickles.
//!
//! A row is looked at as `SQLite` stores it: a header with the type of each column, and the values behind it.

use memchr::memmem;

use crate::{
    bytes::{Window, narrow, wide},
    format::{Certainty, Container, Format, Head, Read, Recognise, Runs, pickle},
    limits,
};

/// `SQLite` databases of version 3.
pub static FORMAT: Format = Format {
    id: "sqlite",
    title: "SQLite database",
    doc: DOC,
    suffixes: &[],
    container: Some(Container::Other),
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "leave caches out of the repository, and store data as JSON, npy or safetensors",
    },
};

const DOC: &str = "\
## What it is

A database in one file.

## What loading it does

Opening one runs nothing. Caches keep pickles in it: `shelve` with `dbm.sqlite3`, `diskcache`, `sqlitedict` and many programs unpickle a
value when it is read, without a list of allowed names.

## How it is recognised

By its first bytes, if its name says that a model is in it, and under any name if its first table is one that `dbm.sqlite3`, `diskcache`
or `sqlitedict` creates, or if a BLOB in its first 16 MiB is a pickle. Any other database is passed over.

## What to prefer

JSON for settings, npy for arrays, safetensors for tensors.
";

/// How libraries that unpickle what a database holds create their table, without white space and quotes, in lower case.
const TABLES: &[&str] = &[
    // dbm.sqlite3
    "createtabledict(keyblobuniquenotnull,valueblobnotnull)",
    // diskcache
    "createtablecache(rowidintegerprimarykey,keyblob,rawinteger,",
    // sqlitedict, whatever the name of its table
    "(keytextprimarykey,valueblob)",
];

fn probe(head: &Head<'_>) -> Certainty {
    if !head.front.starts_with(b"SQLite format 3\0") {
        return Certainty::No;
    }
    // The schema is on the first page, which has 4096 bytes unless somebody asks for another size.
    let schema: Vec<u8> = head
        .front
        .iter()
        .filter(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'`' | b'[' | b']'))
        .map(u8::to_ascii_lowercase)
        .collect();
    let is_known = |table: &&str| memmem::find(&schema, table.as_bytes()).is_some();
    if TABLES.iter().any(is_known) || holds_pickle(&head.front, head.window) {
        Certainty::Sure
    } else {
        Certainty::Maybe
    }
}

/// Bytes of a database that are read at once: whole pages, of which the largest has as many.
const PIECE: usize = 1 << 16;

/// Bytes of values that begin as pickles and are none, which are read at most.
const DOUBTFUL: usize = 4 << 20;

/// Whether a BLOB in the front of a database is a pickle.
fn holds_pickle(front: &[u8], window: &Window) -> bool {
    let size = match number(front, 16) {
        Some(1) => PIECE,
        Some(size) if size >= 512 && size.is_power_of_two() => size,
        _ => return false,
    };
    let reserved = front.get(20).copied().map_or(0, usize::from);
    let mut doubtful = DOUBTFUL;
    let mut at = 0;
    while at < limits::SQLITE_SEARCHED {
        let Ok(piece) = window.borrow_at(at, PIECE) else {
            return false;
        };
        if piece.is_empty() {
            return false;
        }
        for (nth, bytes) in piece.chunks(size).enumerate() {
            // The header of the database is on its first page.
            let header = if at == 0 && nth == 0 { 100 } else { 0 };
            let page = Page {
                bytes,
                header,
                usable: size.saturating_sub(reserved),
            };
            if page.holds_pickle(&mut doubtful).unwrap_or(false) {
                return true;
            }
        }
        at = at.saturating_add(wide(PIECE));
    }
    false
}

/// A page of a tree, if it is one.
struct Page<'p> {
    bytes: &'p [u8],
    header: usize,
    /// Its bytes without those that are kept for others.
    usable: usize,
}

impl Page<'_> {
    fn holds_pickle(&self, doubtful: &mut usize) -> Option<bool> {
        let kind = *self.bytes.get(self.header)?;
        // Rows of a table; rows of a table without numbers for them, and of an index, which inner pages hold as well.
        let (head, pointer) = match kind {
            13 | 10 => (8, 0),
            2 => (12, 4),
            _ => return None,
        };
        let cells = number(self.bytes, self.header.checked_add(3)?)?;
        let first = self.header.checked_add(head)?;
        // Each column takes a byte, so a page has no more of them, however cells overlap.
        let mut columns = self.bytes.len();
        for place in self.bytes.get(first..)?.chunks_exact(2).take(cells) {
            let cell = self.bytes.get(number(place, 0)?.checked_add(pointer)?..);
            let row = cell.and_then(|cell| self.row(kind, cell));
            if let Some(row) = row
                && is_pickle_in(row, &mut columns, doubtful).unwrap_or(false)
            {
                return Some(true);
            }
        }
        Some(false)
    }

    /// The part of a row that stands in its cell.
    fn row<'c>(&self, kind: u8, cell: &'c [u8]) -> Option<&'c [u8]> {
        let (length, mut rest) = varint(cell)?;
        let is_table = kind == 13;
        if is_table {
            rest = varint(rest)?.1;
        }
        let part = |numerator: usize, less: usize| {
            let usable = self.usable.checked_sub(12)?;
            usable
                .checked_mul(numerator)?
                .checked_div(255)?
                .checked_sub(less)
        };
        let most = if is_table {
            self.usable.checked_sub(35)?
        } else {
            part(64, 23)?
        };
        let length = narrow(length);
        let here = if length <= most {
            length
        } else {
            let least = part(32, 23)?;
            let tail = length
                .checked_sub(least)?
                .checked_rem(self.usable.checked_sub(4)?)?
                .checked_add(least)?;
            if tail <= most { tail } else { least }
        };
        rest.get(..here.min(rest.len()))
    }
}

/// Whether a BLOB of a row is a pickle, which may go on behind what is here.
fn is_pickle_in(row: &[u8], columns: &mut usize, doubtful: &mut usize) -> Option<bool> {
    let (header, types) = varint(row)?;
    let values = row.get(narrow(header)..)?;
    let header = narrow(header).checked_sub(row.len().checked_sub(types.len())?)?;
    let mut types = types.get(..header)?;
    let mut at = 0_usize;
    while let Some((kind, rest)) = varint(types) {
        types = rest;
        *columns = columns.checked_sub(1)?;
        let size = match kind {
            0 | 8..=11 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            _ => kind.checked_sub(12)?.checked_div(2)?,
        };
        let value = values.get(at..)?;
        let end = value.len().min(narrow(size));
        if kind >= 12 && kind.checked_rem(2) == Some(0) {
            let front = value.get(..end)?;
            if pickle::begins_embedded(front) {
                *doubtful = doubtful.checked_sub(front.len())?;
                if pickle::is_value(front, size) {
                    return Some(true);
                }
            }
        }
        at = at.checked_add(narrow(size))?;
    }
    Some(false)
}

/// A number of two bytes.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*pair)))
}

/// A number in groups of seven bits, the highest first, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for at in 0..8 {
        let byte = *bytes.get(at)?;
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at.checked_add(1)?..)?));
        }
    }
    let last = *bytes.get(8)?;
    Some((value << 8 | u64::from(last), bytes.get(9..)?))
}
