//! Reading a content: all formats that it is in, and what it says as source.

use super::source;
use crate::{
    bytes::Window,
    fact::{ContentFacts, Excerpts, Fact, Observation},
    format, python,
    record::Recorder,
};

/// What a content says, under a name that only hints at what it is, and beside it the excerpts that show it; `None` if bytes of it
/// could not be had.
pub fn content_facts(window: &Window, name: &[u8]) -> Option<(ContentFacts, Excerpts)> {
    let mut recorder = Recorder::default();
    let source = read(window, name, &mut recorder);
    recorder.take_interrupted().is_empty().then(|| {
        let excerpts = recorder.take_excerpts();
        let facts = ContentFacts {
            bytes: window.len(),
            source,
            observations: recorder.finish(),
        };
        (facts, excerpts)
    })
}

/// Records what a content says. Returns whether it is source.
pub(super) fn read(window: &Window, name: &[u8], recorder: &mut Recorder) -> bool {
    let before = recorder.checkpoint();
    format::read_with_sources(window, name, &source::Sources, recorder);
    // Python runs what an archive holds behind an interpreter line, not what stands around it.
    let is_archive = || {
        let is = |o: &Observation| o.site.hops.is_empty() && matches!(o.fact, Fact::Is(_));
        recorder.since(before).iter().any(is)
    };
    let named = source::by_name(name);
    let front = || window.bytes_at(0, source::INTERPRETER_LINE).ok();
    let front = named.is_none().then(front).flatten().unwrap_or_default();
    let kind = named.or_else(|| source::by_interpreter(&front).filter(|_| !is_archive()));
    let Some(kind) = kind else {
        if let Some(manifest) = python::manifest(name) {
            source::read_requirements(manifest, window, recorder);
        }
        return python::sets_environment(name, &front)
            && source::read_environment(window, recorder);
    };
    source::read(kind, window, recorder);
    true
}
