//! Reading a content: all formats that it is in, and what it says as source.

use super::source;
use crate::{
    bytes::Window,
    fact::{ContentFacts, Excerpts},
    format,
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
    format::read(window, name, recorder);
    let Some(kind) = source::recognise(name, window) else {
        return false;
    };
    source::read(kind, window, recorder);
    true
}
