//! Databases of keys and values (gdbm, ndbm), in which `shelve` keeps pickles.

use crate::format::{Certainty, Container, Format, Head, Read, Recognise, Runs};

/// Databases of gdbm and of Berkeley DB's hash method, which is what `dbm.ndbm` writes.
pub static FORMAT: Format = Format {
    id: "dbm",
    title: "database of keys and values (dbm)",
    doc: DOC,
    suffixes: &[],
    container: Some(Container::Other),
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "store the values as JSON, npy or safetensors",
    },
};

const DOC: &str = "\
## What it is

A database of keys and values in one file, as Python's `dbm.gnu` and `dbm.ndbm` open it. `shelve` keeps a pickle as each value.

## What loading it does

Opening one runs nothing. `shelve` unpickles a value when it is read, without a list of allowed names.

## How it is recognised

By the magic number of gdbm or of Berkeley DB's hash, if its name says that a model is in it, and under any name if a value begins as
a pickle does. The other kinds of `shelve` files: `dbm.dumb` (`.dat`) is read as a `pickle`, `dbm.sqlite3` is an `sqlite` database.

## What to prefer

JSON for settings, npy for arrays, safetensors for tensors.
";

/// Bytes from the front that are searched for a pickle.
const SEARCHED: usize = 256 << 10;

fn probe(head: &Head<'_>) -> Certainty {
    if !is_dbm(&head.front) {
        return Certainty::No;
    }
    match head.window.bytes_at(0, SEARCHED) {
        Ok(bytes) if has_pickle(&bytes) => Certainty::Sure,
        _ => Certainty::Maybe,
    }
}

fn is_dbm(front: &[u8]) -> bool {
    // gdbm: with offsets of 32 and 64 bits, and numbered; the first is the oldest.
    const GDBM: [u32; 5] = [
        0x1357_9ace,
        0x1357_9acd,
        0x1357_9acf,
        0x1357_9ad0,
        0x1357_9ad1,
    ];
    const BERKELEY_HASH: u32 = 0x0006_1561;
    let word = |at: usize| {
        let bytes = front.get(at..)?.first_chunk::<4>()?;
        Some([u32::from_le_bytes(*bytes), u32::from_be_bytes(*bytes)])
    };
    let any = |at: usize, magic: &[u32]| {
        word(at).is_some_and(|orders| orders.iter().any(|word| magic.contains(word)))
    };
    any(0, &GDBM) || any(12, &[BERKELEY_HASH])
}

/// Whether a pickle begins somewhere that holds more than a number.
fn has_pickle(bytes: &[u8]) -> bool {
    memchr::memchr_iter(0x80, bytes).any(|at| {
        matches!(
            bytes.get(at..).unwrap_or_default(),
            // Protocols 4 and 5: a frame, which is shorter than 4 GiB.
            [0x80, 4 | 5, 0x95, _, _, _, _, 0, 0, 0, 0, ..]
                // Protocols 2 and 3: a container, a text of less than 64 KiB, or a global.
                | [0x80, 2 | 3, b'}' | b']' | b')', b'q', 0, ..]
                | [0x80, 2 | 3, b'X', _, _, 0, 0, ..]
                | [0x80, 2 | 3, b'c', b'a'..=b'z' | b'_', ..]
        )
    })
}
