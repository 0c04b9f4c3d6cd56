//! `SQLite` databases, in which caches keep pickles.

use memchr::memmem;

use crate::format::{Certainty, Container, Format, Head, Read, Recognise, Runs};

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

Opening one runs nothing. Caches keep pickles in it: `shelve` with `dbm.sqlite3`, `diskcache` and `sqlitedict` unpickle a value when it is
read, without a list of allowed names.

## How it is recognised

By its first bytes, if its name says that a model is in it, and under any name if its first table is one that `dbm.sqlite3`, `diskcache`
or `sqlitedict` creates. Any other database is passed over.

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
    if TABLES.iter().any(is_known) {
        Certainty::Sure
    } else {
        Certainty::Maybe
    }
}
