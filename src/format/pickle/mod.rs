//! Pickles: programs for a small machine that imports, calls and fills whatever they name.
//!
//! Bytes become the globals a load would resolve and their uses, the calls with their arguments, persistent ids and
//! everything no pickler writes, each at its opcode. `machine` follows CPython's `Modules/_pickle.c`; `weights_only`
//! follows torch's own unpickler beside it. Nothing is ever imported.

mod arrays;
mod arrows;
mod between;
mod constant;
mod converted;
mod digest;
mod disassemble;
mod dtype;
mod event_list;
mod events;
mod frames;
mod global_events;
mod lex;
mod machine;
mod marks;
mod memo;
mod named;
mod observers;
mod opcode;
mod planted;
mod preview;
mod shapes;
mod tensors;
mod text;
mod texts;
mod torch_magic;
mod value;
mod weights_only;
mod widths;

pub use memo::Memo;
pub use shapes::{written_arguments, written_state};
pub use weights_only::{Announced, Key, Origin, Outcome, Records, Returned, Said};

pub(in crate::format) use observers::LoadedBy;
pub(in crate::format) use torch_magic::{TORCH_MAGIC, begins_with_torch_magic};
pub(in crate::format) use weights_only::run as weights_only;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use self::{
    machine::Observer,
    observers::{CodesByValue, Companions, LibraryVersion, Operators, ShardParts, Storages, Uses},
    weights_only::WeightsOnly,
};

use super::{Certainty, Expect, FORMATS, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{Budget, ReadError, Window, wide},
    fact::{
        Fact, Global, Hop, Malformed, Observation, Op, PickleAnomaly, PickleFault, Place,
        ShardIndex, Text, Unread,
    },
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

It is recognised by its first opcode (`PROTO`, since protocol 2) or, where there is none, by what it does: it calls something,
or reads to its end and names a global. Only what stops every unpickler ends it, whichever loader it is. All opcodes of protocols
0 to 5 are followed as CPython's own unpickler follows them, in every stream of the file.

What is reported besides globals and calls:

- `bytes-after-stop`: data after the last pickle that is none itself, and zeros behind a pickle, except where `shelve` (`dbm.dumb`) puts the
  next value
- `memo-of-earlier-pickle`: a memo entry that only an unpickler object used twice would have, or a dangerous global that only
  such an unpickler would resolve, because it goes on counting its memo
- `frame-straddle`: an operand that crosses its frame's end, which unpicklers read differently
- `frame-past-end`: a frame longer than the data
- `huge-memo-index`: a memo index for which CPython would allocate gigabytes
- `unknown-protocol`: a protocol above 5
- `bad-number`: a number operand in a spelling that no pickler writes: unpicklers read another number, or none; or one before a carriage
  return, because line endings were converted
- `filled-by-another-name`: a list, dict or set that is filled through the memo or a copy, after something may have got hold of it
- `odd-name`: a global whose name holds control characters
- `values-left`: a pickle that leaves more on its stack than its result
- `deep-nesting`: containers nested deeper than any pickler writes
- `exponential-references`: containers that hold each other so often that following every reference never ends

Prefer safetensors for tensors, npy for arrays, JSON for settings, skops for scikit-learn models.",
    suffixes: &[
        Suffix::own("pkl"),
        Suffix::own("pickle"),
        Suffix::own("dill"),
        Suffix::own("joblib"),
        Suffix::own("pdparams"),
        Suffix::own("pdopt"),
        Suffix::shared_with_text("pck", "PL/SQL packages"),
        Suffix::shared_with_text("p", "scripts of gnuplot and sources of Progress"),
    ],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

/// Whether the first bytes could be a pickle's.
fn probe(head: &Head<'_>) -> Certainty {
    if begins_with_torch_magic(&head.front) {
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
pub(super) fn begins_embedded(front: &[u8]) -> bool {
    match front {
        [opcode::PROTO, 0..=5, next, ..] => opcode::lookup(*next).is_some(),
        [opcode::GLOBAL, rest @ ..] => {
            let module = rest.split(|b| *b == b'\n').next().unwrap_or_default();
            module.len() < rest.len() && text::is_name_like(module)
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

/// Whether what begins with these bytes stops every unpickler among them, before anything is called or set: text, and no
/// pickle, however it goes on.
pub(super) fn is_text(front: &Window) -> bool {
    let budget = Arc::new(Budget::of_file(front.len()));
    let run = machine::run(front, 0, None, (), &budget);
    let acts = run.log.acts();
    match run.result {
        // A line or an operand that reaches the end may go on behind it.
        Err((at, ReadError::Malformed(_))) => {
            !acts && run.ends.is_empty() && run.end < front.len() && at < front.len()
        }
        _ => false,
    }
}

/// Whether a value that begins as a pickle is one: `front` is what stands together of so many bytes. One that names nothing has to end
/// where the value does.
pub(super) fn is_value(front: &[u8], size: u64) -> bool {
    let window = Window::new(front.to_vec());
    let length = window.len();
    let run = machine::run(&window, 0, None, (), &Arc::new(Budget::of_file(length)));
    match run.result {
        Ok(()) => run.log.names_any() || run.end == size,
        Err(_) if length >= size => false,
        // A frame or a constant right behind the protocol goes on behind what is here.
        Err((2, _)) => begins_within(front, size),
        // So may any operand or line that reaches its end.
        Err((at, ReadError::Malformed(fault))) => {
            let cut = matches!(*fault, Malformed::Truncated { .. });
            cut || run.end >= length || at >= length
        }
        Err(_) => true,
    }
}

/// Whether a frame or a constant right behind the protocol ends within a value.
fn begins_within(front: &[u8], size: u64) -> bool {
    use opcode as op;
    let length = match front {
        [
            _,
            _,
            op::BINUNICODE | op::BINBYTES | op::BINSTRING,
            rest @ ..,
        ] => rest
            .first_chunk()
            .map(|bytes| u64::from(u32::from_le_bytes(*bytes))),
        [
            _,
            _,
            op::FRAME | op::BINUNICODE8 | op::BINBYTES8 | op::BYTEARRAY8,
            rest @ ..,
        ] => rest.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
        _ => None,
    };
    length.is_some_and(|length| length > 0 && length < size)
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

/// The byte at an opcode's offset.
fn opcode_byte(window: &Window, at: u64) -> u8 {
    let byte = window.bytes_at(at, 1).ok();
    byte.and_then(|byte| byte.first().copied()).unwrap_or(0)
}

/// The place of an opcode.
pub fn opcode_at(offset: u64, code: u8) -> Place {
    Place::Opcode {
        offset,
        op: Some(Op::new(code)),
    }
}

/// The place of the opcode that stands at an offset.
pub fn opcode_in(window: &Window, offset: u64) -> Place {
    opcode_at(offset, opcode_byte(window, offset))
}

/// How a stream ended.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
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
    counts_memo: bool,
    /// joblib reads arrays for it.
    has_arrays: bool,
}

impl Stream {
    /// Says what the file is that begins with it, if that is more than a pickle.
    pub(in crate::format) fn tell_format(&self, reading: &mut Reading<'_>) {
        let is = |format: &&&Format| matches!(format.recognise, Recognise::Stream(is) if is(self));
        if let Some(format) = FORMATS.iter().find(is) {
            reading.is(format.id);
        }
    }

    /// Whether joblib reads arrays for it, between its opcodes or from files beside it.
    pub fn has_arrays(&self) -> bool {
        self.has_arrays
    }

    /// The offset after its STOP, if every reading of it ends there.
    pub fn only_end(&self) -> Option<u64> {
        match *self.ends {
            [end] => Some(end),
            _ => None,
        }
    }
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "every format is read by a function of this shape"
)]
fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    // What is given to a loader of another format is nothing that joblib opens.
    let by = match reading.expect {
        Expect::Named | Expect::Aside => LoadedBy::Joblib,
        Expect::Format(_) | Expect::Loaded(..) | Expect::Payload => LoadedBy::Pickle,
    };
    let (first, ()) = read_stream(window, (0, by), None, reading, ());
    first.tell_format(reading);
    read_following(window, first, by, reading);
    Ok(())
}

/// Reads a pickle that another format holds, and nothing that follows it.
pub(in crate::format) fn read_first(window: &Window, reading: &mut Reading<'_>) -> Stream {
    read_stream(window, (0, LoadedBy::Pickle), None, reading, ()).0
}

/// Reads a pickle, and what follows it, as `read` does. Returns the operators that its first stream names, each with the offset of
/// its opcode.
pub(in crate::format) fn read_operators(
    window: &Window,
    reading: &mut Reading<'_>,
) -> Vec<(u64, Text)> {
    let at = (0, LoadedBy::Pickle);
    let (first, operators) = read_stream(window, at, None, reading, Operators::default());
    read_following(window, first, LoadedBy::Pickle, reading);
    operators.into_named()
}

/// Reads a pickle, and what follows it, as `read` does. Returns the parts of files that its first stream names, if it is the index of a
/// distributed checkpoint.
pub(in crate::format) fn read_shard_index(
    window: &Window,
    reading: &mut Reading<'_>,
) -> Option<ShardIndex> {
    let at = (0, LoadedBy::Pickle);
    let (first, parts) = read_stream(window, at, None, reading, ShardParts::default());
    read_following(window, first, LoadedBy::Pickle, reading);
    parts.into_index()
}

/// Reads a pickle, and what follows it, as `read` does; what torch's weights-only unpickler makes of it, too.
pub(in crate::format) fn read_weights(
    window: &Window,
    origin: Origin<'_>,
    reading: &mut Reading<'_>,
) -> Vec<Outcome> {
    let (first, outcomes) = read_torch_stream(window, (0, LoadedBy::Pickle), origin, reading);
    read_following(window, first, LoadedBy::Pickle, reading);
    outcomes
}

/// Reads the pickles that follow a first one, to the end of the window; what is no pickle is an observation. Where readings
/// of a pickle end in several places, it is read on from each.
pub(in crate::format) fn read_following(
    window: &Window,
    first: Stream,
    by: LoadedBy,
    reading: &mut Reading<'_>,
) {
    let mut ends: VecDeque<u64> = first.ends.into();
    let mut visited: BTreeSet<u64> = BTreeSet::new();
    let mut earlier = first.memo;
    let mut number: u32 = 0;
    let mut starts = vec![0];
    let mut reused: Option<machine::Reused<'_>> = None;
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
            return reading.unread(Unread::Limit(limits::Id::STREAMS), rest);
        }
        let before = reading.recorder.checkpoint();
        reading.recorder.enter(Hop::Stream(number));
        let (stream, ()) = read_stream(window, (start, by), Some(&earlier), reading, ());
        // From the first pickle that depends on it on, all are read as by one unpickler, too.
        let again = match &mut reused {
            Some(reused) => reused.read(start),
            None if stream.counts_memo => {
                let mut one = machine::Reused::new(window, &reading.budget());
                for start in starts.drain(..) {
                    one.read(start);
                }
                reused.insert(one).read(start)
            }
            None => {
                starts.push(start);
                Vec::new()
            }
        };
        for global in again {
            let known = |o: &Observation| matches!(&o.fact, Fact::Global { global: Global::Named(name), .. } if *name == global);
            if !reading.recorder.since(before).iter().any(known) {
                reading.record(Fact::OfReusedMemo { global });
            }
        }
        reading.recorder.leave();
        if stream.ends.is_empty() && !stream.acts {
            // Not a pickle, or one that broke before it did anything.
            reading.recorder.forget(before);
            let anomaly = PickleAnomaly::BytesAfterStop {
                bytes: window.len().saturating_sub(start),
                zeros: false,
            };
            reading.recorder.anomaly(anomaly, rest);
        }
        ends.extend(stream.ends);
        earlier = stream.memo;
    }
}

/// The offset of the first byte from `at` on that is not zero; zeros on the way are an observation.
fn next_content(window: &Window, at: u64, reading: &mut Reading<'_>) -> Option<u64> {
    const PIECE: usize = 64 << 10;
    /// `dbm.dumb`, in which `shelve` keeps pickles, puts each value at the next multiple of this.
    const BLOCK: u64 = 512;
    let mut start = at;
    while window.reaches(start.saturating_add(1)).unwrap_or(false) {
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
    let zeros = start.saturating_sub(at);
    let is_padding = zeros < BLOCK && start.is_multiple_of(BLOCK) && start < window.len();
    if zeros > 0 && !is_padding {
        let anomaly = PickleAnomaly::BytesAfterStop {
            bytes: zeros,
            zeros: true,
        };
        reading.recorder.anomaly(
            anomaly,
            Place::Bytes {
                start: at,
                end: start,
            },
        );
    }
    let more = window.reaches(start.saturating_add(1));
    more.unwrap_or(false).then_some(start)
}

/// Reads one stream of the layout of before 1.6. Returns the storages that it asks for as well, each key once, and what torch's
/// weights-only unpickler makes of it.
pub(in crate::format) fn read_legacy_stream(
    window: &Window,
    start: u64,
    origin: Origin<'_>,
    reading: &mut Reading<'_>,
) -> (Stream, Vec<Storage>, Vec<Outcome>) {
    let storages = Storages::default();
    let observers = (storages, WeightsOnly::new(origin, &reading.budget()));
    let at = (start, LoadedBy::Pickle);
    let (stream, (storages, weights)) = read_stream(window, at, None, reading, observers);
    let outcomes = weights.outcomes(window, start, stream.end);
    (stream, storages.into_sorted(), outcomes)
}

/// Reads one stream and what torch's weights-only unpickler makes of it.
pub(in crate::format) fn read_torch_stream(
    window: &Window,
    (start, by): (u64, LoadedBy),
    origin: Origin<'_>,
    reading: &mut Reading<'_>,
) -> (Stream, Vec<Outcome>) {
    let weights = WeightsOnly::new(origin, &reading.budget());
    let (stream, weights) = read_stream(window, (start, by), None, reading, weights);
    let outcomes = weights.outcomes(window, start, stream.end);
    (stream, outcomes)
}

/// Reads one stream and records what it does at the recorder's present site, with whoever else follows it.
fn read_stream<O: Observer>(
    window: &Window,
    (start, by): (u64, LoadedBy),
    earlier: Option<&Memo>,
    reading: &mut Reading<'_>,
    observer: O,
) -> (Stream, O) {
    /// Excerpts are for people: nobody reads the thousandth.
    const EXCERPTS: usize = 400;
    let budget = reading.budget();
    let site = reading.recorder.site(Place::Whole);
    let most = reading.recorder.listing_lines();
    if let Some(listing) = reading.recorder.listing() {
        let observer = Uses::new(by);
        machine::list(
            window,
            start,
            earlier,
            observer,
            site,
            (listing, most),
            &budget,
        );
    }
    let described = (
        (LibraryVersion, Companions::default()),
        CodesByValue::default(),
    );
    let observer = (described, (Uses::new(by), observer));
    let run = machine::run(window, start, earlier, observer, &budget);
    let complete = run.result.is_ok();
    let (overflow, more) = (run.log.overflow, run.log.has_more());
    for payload in observers::read_payloads(window, start, earlier, (&run, by), &budget) {
        reading.recorder.record(payload);
    }
    let (_, (uses, observer)) = run.observer;
    let (array, has_arrays) = (uses.first_array(), uses.has_arrays());
    let mut acts = false;
    for (n, event) in run.log.into_events().into_iter().enumerate() {
        acts |= matches!(event.fact, Fact::Call { .. } | Fact::Global { .. });
        let at = Place::Opcode {
            offset: event.at,
            op: Some(Op::new(event.op)),
        };
        let excerpt = (n < EXCERPTS)
            .then(|| disassemble::excerpt(window, &event))
            .flatten();
        reading
            .recorder
            .record_times(event.fact, at, excerpt, event.count);
    }
    if let Some(limit) = overflow {
        reading.unread(Unread::Limit(limit), Place::Whole);
    }
    if more && !reading.recorder.is_full() {
        reading.unread(Unread::Limit(limits::Id::OBSERVATIONS), Place::Whole);
    }
    for embedded in run.embedded {
        read_embedded(window, embedded, reading);
    }
    between::read_nested(window, (run.nested, run.nested_more), reading);
    if run.embedded_more {
        reading.unread(Unread::Limit(limits::Id::EMBEDDED), Place::Whole);
    }
    if run.forks_more {
        reading.unread(Unread::Limit(limits::Id::STRADDLES), Place::Whole);
    }
    if let Err((offset, error)) = run.result {
        let op = window
            .bytes_at(offset, 1)
            .ok()
            .and_then(|b| b.first().copied())
            .map(Op::new);
        let error = match error {
            ReadError::Malformed(_) if converted::is_converted(window, start) => {
                ReadError::malformed(PickleFault::Crlf)
            }
            error => error,
        };
        reading.unread(error, Place::Opcode { offset, op });
    }
    if let Some(array) = array {
        between::read_as_opcodes(window, start, earlier, array, reading);
    }
    let stream = Stream {
        end: run.end,
        ends: run.ends,
        complete,
        acts,
        memo: run.memo,
        counts_memo: run.counts_memo,
        has_arrays,
    };
    (stream, observer)
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
    if reading.recorder.since(only_marker).is_empty()
        && reading.recorder.is_whole_since(only_marker)
    {
        reading.recorder.forget(before);
    }
}
