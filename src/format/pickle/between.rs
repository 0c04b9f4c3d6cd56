//! What stands between the opcodes of a stream: pickles that joblib loads there, and arrays that `pickle.load` takes for opcodes.
//!
//! A file of joblib is one program to `joblib.load` and another to `pickle.load`, which goes on with the first byte of the first
//! array as an opcode. Honest arrays stop it there, or soon. What it would import or call before that is recorded as well.

use super::{
    LoadedBy, Memo, Uses, event_list::Event, machine, opcode as op, opcode_at, opcode_byte, shapes,
};
use crate::{
    bytes::Window,
    fact::{Fact, Global, GlobalName, Hop, Unread, Usage},
    format::{Expect, Reading, is_possible},
    limits,
    record::Recorder,
};
use std::ops::Range;

/// Pickles that may follow one another in arrays.
const FOLLOWING: usize = 16;

/// Reads the pickles that stand between the opcodes of a stream.
pub(super) fn read_nested(
    window: &Window,
    (nested, more): (Vec<Range<u64>>, bool),
    reading: &mut Reading<'_>,
) {
    for range in nested {
        let start = range.start;
        if let Some(inner) = window.sub(range) {
            let expect = Expect::Format(&super::FORMAT);
            reading.descend(Hop::From(start), b"", &inner, expect);
        }
    }
    if more {
        let limit = limits::Id::STREAMS;
        reading.record(Fact::Unread(Unread::Limit(limit)));
    }
}

/// Records what `pickle.load` would do at the first array of a stream, and behind it.
pub(super) fn read_as_opcodes(
    window: &Window,
    start: u64,
    earlier: Option<&Memo>,
    array: u64,
    reading: &mut Reading<'_>,
) {
    if op::lookup(opcode_byte(window, array)).is_none() {
        return;
    }
    let (mut start, mut from, mut earlier) = (start, array, earlier);
    for _ in 0..FOLLOWING {
        let observer = Uses::new(LoadedBy::Pickle);
        let run = machine::run(window, start, earlier, observer, &reading.budget());
        record(window, run.log.into_events(), from, reading.recorder);
        // A file that is loaded twice, each time by an unpickler of its own.
        let Some(end) = run.ends.first().copied().filter(|end| *end > from) else {
            return;
        };
        (start, from, earlier) = (end, end, None);
    }
}

/// Records what an unpickler does from an offset on, if it gets to anything.
fn record(window: &Window, events: Vec<Event>, from: u64, recorder: &mut Recorder) {
    let mut kept = Vec::new();
    // Behind a name that nobody has, only what other names are looked for still says something.
    let mut nonsense = false;
    for event in events.into_iter().filter(|event| event.at >= from) {
        match &event.fact {
            Fact::Global {
                global: Global::Named(name),
                ..
            } if is_of_two_pickles(window, &event) && is_unknown(name) => {
                nonsense = true;
                let at = opcode_at(event.at, event.op);
                let fact = Fact::OfArrayAsOpcodes {
                    global: name.clone(),
                };
                recorder.record_at(fact, at, None);
            }
            // No name of a pack makes a text that could name a module.
            Fact::Global {
                global: Global::Unresolved(_),
                ..
            } if is_of_two_pickles(window, &event) => nonsense = true,
            Fact::Global {
                usage: Usage::Import,
                ..
            } => kept.push(event),
            Fact::Global { .. }
            | Fact::Attribute { .. }
            | Fact::Call { .. }
            | Fact::Extension { .. }
            | Fact::HandedOn { .. }
            | Fact::UnusualUse(_)
                if !nonsense =>
            {
                kept.push(event);
            }
            _ => {}
        }
    }
    let acts = kept.iter().any(|event| match &event.fact {
        Fact::Global { global, .. } => matches!(global, Global::Named(_)) && is_possible(global),
        Fact::Call { callee, .. } => matches!(callee, Global::Named(_)) && is_possible(callee),
        Fact::UnusualUse(used) => {
            matches!(used.global, Global::Named(_)) && is_possible(&used.global)
        }
        _ => false,
    });
    if acts {
        for event in kept {
            let at = opcode_at(event.at, event.op);
            recorder.record_times(event.fact, at, None, event.count);
        }
    }
}

/// Whether the module of a name is fetched from the memo, and the name itself stands there: in a pickle inside an array, which counts
/// its memo from 0, any text of the pickle around it can be meant by that. Nobody has a module of that name but by intention.
fn is_of_two_pickles(window: &Window, event: &Event) -> bool {
    let [.., module, name] = event.before;
    let code = |at| opcode_byte(window, at);
    event.op == op::STACK_GLOBAL
        && matches!(code(module), op::BINGET | op::LONG_BINGET)
        && matches!(
            code(name),
            op::SHORT_BINUNICODE | op::BINUNICODE | op::BINUNICODE8
        )
}

/// Whether no pack lists a name.
fn is_unknown(name: &GlobalName) -> bool {
    let known = shapes::known(name.module.as_bytes(), name.name.as_bytes());
    matches!(known, shapes::KnownUse::Plain)
}
