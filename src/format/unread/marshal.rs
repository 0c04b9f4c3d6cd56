//! Code that CPython compiled.

use crate::format::{Certainty, Format, Head, Read, Recognise, Runs, Suffix};

/// Compiled modules (`.pyc`), and code that `marshal.dump` wrote.
pub static FORMAT: Format = Format {
    id: "marshal",
    title: "compiled Python code (marshal)",
    doc: DOC,
    suffixes: &[Suffix::own("marshal")],
    container: None,
    runs: Runs::Code,
    recognise: Recognise::Probe(probe),
    read: Read::Not {
        instead: "keep the source, which a reviewer can read",
    },
};

const DOC: &str = "\
## What it is

Bytecode of one release of CPython: a compiled module (`.pyc`) or a code object that `marshal.dump` wrote.

## What loading it does

`marshal.load` makes a code object, and whoever asks for one runs it. An import runs a compiled module; one that says that its source is
not to be compared runs whatever the source says.

## How it is recognised

By the magic number of a release and the code behind it, or by the first bytes of a code object, if its name says that a model is in it.
A `.pyc` under its own name is passed over, like any other code that is not Python source.

## What to prefer

Source.
";

/// How a compiled module begins: a number of its release and a line end.
fn after_magic(front: &[u8]) -> Option<&[u8]> {
    let [low, high, b'\r', b'\n', rest @ ..] = front else {
        return None;
    };
    // What stands before the code: the time of the source; from 3.3 on its size, too; from 3.7 on flags before both.
    let header = match u16::from_le_bytes([*low, *high]) {
        // 1.5 to 2.7, and 3.0 to 3.2.
        20121 | 50428 | 50823 | 60202 | 60717 | 62011 | 62021 | 62041..=62211 | 3000..=3189 => 4,
        // 3.3 to 3.6.
        3190..=3389 => 8,
        // 3.7 on, with room for releases to come.
        3390..=3999 => 12,
        _ => return None,
    };
    rest.get(header..)
}

fn probe(head: &Head<'_>) -> Certainty {
    let code = after_magic(&head.front).unwrap_or(&head.front);
    Certainty::maybe_if(is_code(code))
}

/// Whether a marshalled code object begins here: from 3.4 on its type is marked as one that is referred to, and its first
/// field, the number of arguments, is small.
fn is_code(bytes: &[u8]) -> bool {
    match bytes {
        [0xe3, arguments @ ..] => {
            matches!(arguments.first_chunk(), Some([_, 0, 0, 0]))
        }
        // Before 3.4 the same letter is also an opcode of pickle, so the next field counts, too.
        [b'c', rest @ ..] => {
            matches!(
                rest.first_chunk(),
                Some([_, 0, 0, 0, _, 0, 0, 0, _, 0, 0, 0])
            )
        }
        _ => false,
    }
}
