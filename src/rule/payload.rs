//! What runs, as part of what identifies a finding: another payload is another finding, the same one after weights were saved
//! again is the same.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::Case;
use crate::{
    fact::{Argument, Fact, FactKind, Global, Hop, Observation, PyAct, PyCall, Text},
    finding::Payload,
};

/// What the calls of the globals of a file are given.
pub(super) struct Payloads<'a> {
    digests: FxHashMap<(&'a [Hop], &'a Global), &'a [u8; 32]>,
}

impl<'a> Payloads<'a> {
    /// Those of a case.
    pub(super) fn new(case: &Case<'a>) -> Self {
        let digests = case.of_kind(FactKind::Payload).filter_map(|observation| {
            let Fact::Payload { global, sha256 } = &observation.fact else {
                return None;
            };
            Some(((observation.site.hops.as_slice(), global), sha256))
        });
        Self {
            digests: digests.collect(),
        }
    }

    /// What the calls of a global at a place are given. `calls` says it of globals that a pack describes, whose shapes leave
    /// no room for more than is shown.
    pub(super) fn of(
        &self,
        hops: &[Hop],
        global: &Global,
        calls: impl IntoIterator<Item = &'a Observation>,
    ) -> Option<Payload> {
        match self.digests.get(&(hops, global)) {
            Some(digest) => Some(Payload::of([digest.as_slice()])),
            None => of_calls(calls),
        }
    }
}

/// What calls are given as far as it is shown: all of them together, whatever their order and however often each is made. `None`
/// where there is none.
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
        callee,
        usage,
        given,
        arguments,
    } = &observation.fact
    else {
        return None;
    };
    let mut parts = vec![
        usage.to_string().into_bytes(),
        given.of(callee).to_string().into_bytes(),
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
