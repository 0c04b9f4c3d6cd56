//! What runs, as part of what identifies a finding: another payload is another finding, the same one after weights were saved
//! again is the same.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::Case;
use crate::{
    fact::{
        Argument, Expression, Fact, FactKind, Global, Hop, Observation, PayloadOf, PyAct, PyCall,
        Text,
    },
    finding::Payload,
    words,
};

/// What runs in a file, by where and by whose it is.
pub(super) struct Payloads<'a> {
    digests: FxHashMap<(&'a [Hop], &'a PayloadOf), [u8; 32]>,
}

impl<'a> Payloads<'a> {
    /// Those of a case.
    pub(super) fn new(case: &Case<'a>) -> Self {
        let digests = case.of_kind(FactKind::Payload).filter_map(|observation| {
            let Fact::Payload { of, sha256 } = &observation.fact else {
                return None;
            };
            Some(((observation.site.hops.as_slice(), of), *sha256))
        });
        Self {
            digests: digests.collect(),
        }
    }

    /// What the calls of a global at a place are given, and what is set on what it made where that may run as well. `calls` says it
    /// of globals that a pack describes, whose shapes leave no room for more than is shown.
    pub(super) fn of_global(
        &self,
        hops: &[Hop],
        global: &Global,
        contents: bool,
        calls: impl IntoIterator<Item = &'a Observation>,
    ) -> Option<Payload> {
        let given = self.digest(hops, &PayloadOf::Calls(global.clone()));
        let set = contents
            .then(|| self.digest(hops, &PayloadOf::Contents(global.clone())))
            .flatten();
        if given.is_none() && set.is_none() {
            return of_calls(calls);
        }
        let parts = [("calls", given), ("contents", set)];
        let parts = parts
            .iter()
            .filter_map(|(name, digest)| Some([name.as_bytes(), digest.as_ref()?]));
        Some(Payload::of(parts.flatten()))
    }

    /// What is set on what is neither an instance nor a container, or the persistent ids; what is shown where that is not known.
    pub(super) fn of(&self, hops: &[Hop], of: &PayloadOf, shown: &Expression) -> Payload {
        match self.digest(hops, of) {
            Some(digest) => Payload::of([digest]),
            None => Payload::of([shown.to_string()]),
        }
    }

    fn digest(&self, hops: &[Hop], of: &PayloadOf) -> Option<[u8; 32]> {
        self.digests.get(&(hops, of)).copied()
    }
}

/// Whether state and items of what a global makes count: where they may run. Of any other they are data, and change when it is
/// trained further.
pub(super) fn contents_run(case: &Case<'_>, global: &Global) -> bool {
    match global {
        Global::Named(name) => case.scope.globals().danger(name).is_some(),
        Global::Unresolved(_) => true,
    }
}

/// What calls are given as far as it is shown: all of them together, whatever their order and however often each is made. `None`
/// where there is none.
fn of_calls<'a>(calls: impl IntoIterator<Item = &'a Observation>) -> Option<Payload> {
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
    let written: Vec<_> = call.arguments.iter().map(words::written_value).collect();
    let arguments = call.arguments.iter().zip(&written);
    let arguments = arguments.flat_map(|(argument, written)| {
        let name = argument.name.as_ref().map_or(&b""[..], Text::as_bytes);
        [name, written.as_bytes()]
    });
    Payload::of(std::iter::once(act.as_bytes()).chain(arguments))
}
