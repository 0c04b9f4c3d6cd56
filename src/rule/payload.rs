//! What runs, as part of what identifies a finding: another payload is another finding, the same one after weights were saved
//! again is the same.

use std::collections::BTreeSet;

use crate::{
    fact::{Argument, Fact, Observation, PyAct, PyCall, Text},
    finding::Payload,
};

/// What the calls of a global are given: all of them together, whatever their order and however often each is made. `None` where
/// there is none.
pub(super) fn of_calls<'a>(calls: impl IntoIterator<Item = &'a Observation>) -> Option<Payload> {
    let calls: BTreeSet<Vec<Vec<u8>>> = calls.into_iter().filter_map(call).collect();
    let parts = calls.iter().flat_map(|parts| {
        let count = parts.len().to_string().into_bytes();
        std::iter::once(count).chain(parts.iter().cloned())
    });
    (!calls.is_empty()).then(|| Payload::of(parts))
}

fn call(observation: &Observation) -> Option<Vec<Vec<u8>>> {
    let Fact::Call {
        usage,
        preview,
        arguments,
        ..
    } = &observation.fact
    else {
        return None;
    };
    let mut parts = vec![
        usage.to_string().into_bytes(),
        preview.to_string().into_bytes(),
    ];
    // A preview is cut, strings are not.
    parts.extend(arguments.iter().map(|argument| match argument {
        Argument::Str(text) => text.as_bytes().to_vec(),
        _ => Vec::new(),
    }));
    Some(parts)
}

/// What a call in source is: what is done with it, and its arguments as they are written.
pub(super) fn of_source(call: &PyCall) -> Payload {
    let act = match call.act {
        PyAct::Call => "call",
        PyAct::Partial => "partial",
        PyAct::Reference => "reference",
        PyAct::Assign => "assign",
    };
    let arguments = call.arguments.iter().flat_map(|argument| {
        let name = argument.name.as_ref().map_or(&b""[..], Text::as_bytes);
        [name, argument.text.as_bytes()]
    });
    Payload::of(std::iter::once(act.as_bytes()).chain(arguments))
}
