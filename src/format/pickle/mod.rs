//! Pickles: programs for a small machine that imports, calls and fills whatever they name.
//!
//! Bytes become the globals a load would resolve and their uses, the calls with their arguments, persistent ids and
//! everything no pickler writes, each at its opcode. `machine` follows CPython's `Modules/_pickle.c`; `weights_only`
//! follows torch's own unpickler beside it. Nothing is ever imported.

mod constant;
mod disassemble;
mod dtype;
mod fields;
mod lex;
mod machine;
mod marks;
mod memo;
mod opcode;
mod preview;
mod seen;
mod shapes;
mod tensors;
mod text;
mod value;
mod weights_only;

pub use memo::Memo;

use std::collections::{BTreeSet, VecDeque};

use super::{Certainty, Expect, Format, Head, Reading};
use crate::{
    bytes::{ReadError, Window, wide},
    fact::{Fact, GlobalName, Hop, Obstacle, Place, Text, TorchForm, TorchLoad, Unread},
    limits,
};

/// A bare pickle, or several one after another.
pub static FORMAT: Format = Format {
    id: "pickle",
    title: "Python pickle",
    doc: "\
A program for a small stack machine, written by `pickle.dump`, and by everything built on it.

Loading one imports every module it names and calls every callable it names, with arguments of its choosing, before the
caller sees a result. There is no safe subset of callables known to a loader: what a pickle may name has to be listed.

It is recognised by its first opcode (`PROTO`, since protocol 2) or, where there is none, by reading as a pickle to its
end. All opcodes of protocols 0 to 5 are followed as CPython's own unpickler follows them, in every stream of the file.

What is reported besides globals and calls:

- `bytes-after-stop`: data after the last pickle that is none itself
- `memo-of-earlier-pickle`: a memo entry that only an unpickler object used twice would have
- `frame-straddle`: an operand that crosses its frame's end, which unpicklers read differently
- `frame-past-end`: a frame longer than the data
- `huge-memo-index`: a memo index for which CPython would allocate gigabytes
- `unknown-protocol`: a protocol above 5
- `bad-number`: a number operand that is none
- `filled-by-another-name`: a list, dict or set that is filled through the memo or a copy, after something may have got hold of it
- `odd-name`: a global whose name holds control characters
- `values-left`: a pickle that leaves more on its stack than its result
- `deep-nesting`: containers nested deeper than any pickler writes
- `exponential-references`: containers that hold each other so often that following every reference never ends

Prefer safetensors for tensors, npy for arrays, JSON for settings, skops for scikit-learn models.",
    extensions: &["pkl", "pickle", "pck", "p"],
    executes: true,
    probe,
    read,
};

/// Whether the first bytes could be a pickle's.
fn probe(head: &Head<'_>) -> Certainty {
    if super::torch::legacy::begins(&head.front) {
        return Certainty::No;
    }
    match head.front.as_slice() {
        [opcode::PROTO, 0..=5, next, ..] if opcode::lookup(*next).is_some() => Certainty::Sure,
        [opcode::PROTO, 0..=15, ..] => Certainty::Maybe,
        // An archive's magic reads as PERSID of a long line; it is read as an archive, and refused if it is none.
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Certainty::No,
        // Text that no pickle could be: its first opcode needs something on the stack.
        [first, ..] if begins(*first) => Certainty::Maybe,
        _ => Certainty::No,
    }
}

/// Whether an opcode can be a pickle's first: it takes nothing from the stack.
fn begins(code: u8) -> bool {
    use opcode as op;
    !matches!(
        code,
        op::STOP
            | op::POP
            | op::POP_MARK
            | op::DUP
            | op::BINPERSID
            | op::REDUCE
            | op::APPEND
            | op::APPENDS
            | op::BUILD
            | op::DICT
            | op::LIST
            | op::OBJ
            | op::PUT
            | op::BINPUT
            | op::LONG_BINPUT
            | op::SETITEM
            | op::SETITEMS
            | op::TUPLE
            | op::GET
            | op::BINGET
            | op::LONG_BINGET
            | op::NEWOBJ
            | op::NEWOBJ_EX
            | op::TUPLE1
            | op::TUPLE2
            | op::TUPLE3
            | op::ADDITEMS
            | op::FROZENSET
            | op::STACK_GLOBAL
            | op::MEMOIZE
            | op::READONLY_BUFFER
    ) && op::lookup(code).is_some()
}

/// Whether a constant's first bytes could be a pickle's, so that it is worth trying.
fn begins_embedded(front: &[u8]) -> bool {
    match front {
        [opcode::PROTO, 0..=5, next, ..] => opcode::lookup(*next).is_some(),
        [opcode::GLOBAL, rest @ ..] => {
            let module = rest.split(|b| *b == b'\n').next().unwrap_or_default();
            module.len() < rest.len() && value::is_name_like(module)
        }
        // A payload that starts with its arguments, or with a mark, names a global soon.
        [
            opcode::MARK
            | opcode::SHORT_BINUNICODE
            | opcode::BINUNICODE
            | opcode::UNICODE
            | opcode::STRING,
            rest @ ..,
        ] => rest
            .iter()
            .any(|b| matches!(*b, opcode::GLOBAL | opcode::INST | opcode::STACK_GLOBAL)),
        _ => false,
    }
}

/// What torch's weights-only unpickler would make of a stream.
#[derive(Debug)]
pub struct Examined {
    /// The globals it looks up, in order.
    pub globals: Vec<GlobalName>,
    /// Classes that have to be listed as well: those of what is given state, where no pickle names them.
    pub built: Vec<GlobalName>,
    /// The first thing that no list of globals can mend, and the offset of its opcode.
    pub obstacle: Option<(u64, String)>,
    /// That opcode's byte.
    pub obstacle_op: u8,
    /// The storages it asks for, each key once.
    pub storages: Vec<Storage>,
    /// A storage's persistent id that has not the five parts that a zip's has: how many it has.
    pub odd_storage: Option<u64>,
}

/// A tensor storage, as a persistent id names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The key: the name of its record.
    pub key: Text,
    /// The storage type, without its module.
    pub class: Text,
    /// How many elements it has.
    pub elements: Option<u64>,
}

/// Runs a stream for what torch's weights-only unpickler would make of it; records nothing.
pub fn examine(window: &Window, start: u64) -> Examined {
    let run = machine::run(window, start, None);
    let weights_only::Outcome {
        mut globals,
        built,
        obstacle,
    } = run.weights.finish();
    if obstacle.is_some() {
        // The unpickler stops there, and torch's own list of what is unsafe does not.
        globals = weights_only::walk(window, start).unwrap_or(globals);
    }
    let at = obstacle.as_ref().map_or(0, |(offset, _)| *offset);
    let obstacle_op = opcode_byte(window, at);
    Examined {
        globals,
        built,
        obstacle,
        obstacle_op,
        storages: run.storages,
        odd_storage: run.odd_storage,
    }
}

/// The byte at an opcode's offset.
fn opcode_byte(window: &Window, at: u64) -> u8 {
    let byte = window.bytes_at(at, 1).ok();
    byte.and_then(|byte| byte.first().copied()).unwrap_or(0)
}

/// The place of an opcode.
pub fn opcode_at(offset: u64, code: u8) -> Place {
    Place::Opcode {
        offset,
        op: opcode::name(code).into(),
    }
}

/// How a stream ended.
#[derive(Debug)]
pub struct Stream {
    /// The offset after its last opcode.
    pub end: u64,
    /// The offsets after STOP, in every reading that comes to one.
    ends: Vec<u64>,
    /// Whether it read to its STOP.
    pub complete: bool,
    /// Whether a global was resolved or anything called.
    pub acts: bool,
    memo: Memo,
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "every format is read by a function of this shape"
)]
fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let first = read_stream(window, 0, None, reading);
    let head = Head {
        front: Vec::new(),
        window,
        name: reading.name.as_bytes(),
    };
    if head.named(super::torch::EXTENSIONS) && matches!(reading.expect, Expect::Named) {
        let examined = examine(window, 0);
        let site = |at| reading.recorder.site(at);
        let obstacle = match examined.obstacle {
            Some((offset, reason)) => {
                Obstacle { site: site(opcode_at(offset, examined.obstacle_op)), reason: reason.into() }
            }
            None => Obstacle {
                site: site(Place::Whole),
                reason: "it has no magic number: torch.load runs the pickle first and complains afterwards".into(),
            },
        };
        let load = TorchLoad {
            form: TorchForm::Bare,
            globals: examined.globals,
            built: examined.built,
            obstacle: Some(obstacle),
        };
        reading.record(Fact::TorchLoad(Box::new(load)));
    }
    if !first.ends.is_empty() {
        read_following(window, first, reading);
    }
    Ok(())
}

/// Reads the pickles that follow a first one, to the end of the window; what is no pickle is an observation. Where readings
/// of a pickle end in several places, it is read on from each.
fn read_following(window: &Window, first: Stream, reading: &mut Reading<'_>) {
    let mut ends: VecDeque<u64> = first.ends.into();
    let mut visited: BTreeSet<u64> = BTreeSet::new();
    let mut earlier = first.memo;
    let mut number: u32 = 0;
    while let Some(end) = ends.pop_front() {
        let Some(start) = next_content(window, end, reading).filter(|start| visited.insert(*start))
        else {
            continue;
        };
        let rest = Place::Bytes {
            start,
            end: window.len(),
        };
        number = number.saturating_add(1);
        if visited.len() >= limits::STREAMS {
            let limit = format!("{} pickles in one file", limits::STREAMS);
            return reading.unread(Unread::Limit { limit }, rest);
        }
        let before = reading.recorder.checkpoint();
        reading.recorder.enter(Hop::Stream(number));
        let stream = read_stream(window, start, Some(&earlier), reading);
        reading.recorder.leave();
        if stream.ends.is_empty() && !stream.acts {
            // Not a pickle, or one that broke before it did anything.
            reading.recorder.forget(before);
            let detail = format!(
                "the {} bytes after its last pickle are no pickle",
                window.len().saturating_sub(start)
            );
            reading.recorder.anomaly("bytes-after-stop", detail, rest);
        }
        ends.extend(stream.ends);
        earlier = stream.memo;
    }
}

/// The offset of the first byte from `at` on that is not zero; zeros on the way are an observation.
fn next_content(window: &Window, at: u64, reading: &mut Reading<'_>) -> Option<u64> {
    const PIECE: usize = 64 << 10;
    let mut start = at;
    while start < window.len() {
        let Ok(piece) = window.bytes_at(start, PIECE) else {
            break;
        };
        if piece.is_empty() {
            break;
        }
        let zeros = piece.iter().take_while(|b| **b == 0).count();
        start = start.saturating_add(wide(zeros));
        if zeros < piece.len() {
            break;
        }
    }
    if start > at {
        let detail = format!("{} zero bytes after a pickle", start.saturating_sub(at));
        reading.recorder.anomaly(
            "bytes-after-stop",
            detail,
            Place::Bytes {
                start: at,
                end: start,
            },
        );
    }
    (start < window.len()).then_some(start)
}

/// Reads one stream and records what it does at the recorder's present site.
pub fn read_stream(
    window: &Window,
    start: u64,
    earlier: Option<&Memo>,
    reading: &mut Reading<'_>,
) -> Stream {
    /// Excerpts are for people: nobody reads the thousandth.
    const EXCERPTS: usize = 400;
    let site = reading.recorder.site(Place::Whole);
    let most = reading.recorder.listing_lines();
    if let Some(listing) = reading.recorder.listing() {
        machine::list(window, start, earlier, site, (listing, most));
    }
    let run = machine::run(window, start, earlier);
    let complete = run.result.is_ok();
    let overflow = run.seen.overflow;
    let mut acts = false;
    for (n, event) in run.seen.into_events().into_iter().enumerate() {
        acts |= matches!(event.fact, Fact::Call { .. } | Fact::Global { .. });
        let at = Place::Opcode {
            offset: event.at,
            op: opcode::name(event.op).into(),
        };
        let excerpt = (n < EXCERPTS)
            .then(|| disassemble::excerpt(window, &event))
            .flatten();
        reading
            .recorder
            .record_times(event.fact, at, excerpt, event.count);
    }
    if overflow {
        let limit = format!("more than {} distinct globals", limits::GLOBALS);
        reading.unread(Unread::Limit { limit }, Place::Whole);
    }
    for embedded in run.embedded {
        read_embedded(window, embedded, reading);
    }
    if run.embedded_more {
        let limit = "more pickles inside this one than are read".into();
        reading.unread(Unread::Limit { limit }, Place::Whole);
    }
    if let Err((offset, error)) = run.result {
        let op = window
            .bytes_at(offset, 1)
            .ok()
            .and_then(|b| b.first().copied())
            .map_or("end", opcode::name);
        reading.unread(
            error,
            Place::Opcode {
                offset,
                op: op.into(),
            },
        );
    }
    Stream {
        end: run.end,
        ends: run.ends,
        complete,
        acts,
        memo: run.memo,
    }
}

/// Tries a constant as a pickle of its own; it counts if it reads to its end and names a global.
fn read_embedded(window: &Window, embedded: machine::Embedded, reading: &mut Reading<'_>) {
    let Some(inner) = embedded.bytes.window(window) else {
        return;
    };
    let before = reading.recorder.checkpoint();
    let hop = Hop::Constant(embedded.opcode);
    let length = inner.len();
    let at = opcode_at(embedded.opcode, opcode_byte(window, embedded.opcode));
    reading
        .recorder
        .record_at(Fact::EmbeddedPickle { length }, at, None);
    let only_marker = reading.recorder.checkpoint();
    reading.descend(hop, b"", &inner, Expect::Payload);
    if reading.recorder.since(only_marker).is_empty() {
        reading.recorder.forget(before);
    }
}
