//! Bytes that git may write elsewhere: where `core.autocrlf` or `core.ignoreCase` is true.
//!
//! An honest checkpoint that is written with other line ends is broken, and one in text form (pickle protocol 0) has a CR in
//! each of its names; nothing is held against either. What counts is what loading those bytes would do and loading the
//! file itself would not.

use rustc_hash::FxHashSet;

use crate::{
    bytes::Window,
    fact::{Fact, Text, Unread},
    format,
    record::Recorder,
};

/// What a checkout elsewhere makes of a file; `anomalous-container` judges it.
const KIND: &str = "other-on-checkout";

/// Reads what git may write for a file of this name, and records what it would do beside what has been recorded.
pub(super) fn read(window: Result<Window, Unread>, name: &[u8], recorder: &mut Recorder) {
    let window = match window {
        Ok(window) => window,
        Err(unread) => return recorder.record(Fact::Unread(unread)),
    };
    let mut other = Recorder::default();
    format::read(&window, name, &mut other);
    let acts: Vec<_> = other
        .finish()
        .into_iter()
        .filter(|observation| is_act(&observation.fact))
        .collect();
    if acts.is_empty() {
        return;
    }
    let known: FxHashSet<String> = recorder
        .so_far()
        .iter()
        .filter(|observation| is_act(&observation.fact))
        .map(|observation| without_cr(&observation.fact))
        .collect();
    let mut news = acts
        .into_iter()
        .filter(|observation| !known.contains(&without_cr(&observation.fact)))
        .peekable();
    if news.peek().is_none() {
        return;
    }
    recorder.record(Fact::Anomaly {
        kind: String::from(KIND),
        detail: Text::from(
            "where `core.autocrlf` or `core.ignoreCase` is true, git writes other bytes for this file, and loading those does more",
        ),
    });
    for observation in news {
        recorder.adopt(observation);
    }
}

/// Whether a fact is something that loading does, or that keeps it from being known.
fn is_act(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Global { .. }
            | Fact::Call { .. }
            | Fact::HandedOn { .. }
            | Fact::StateOnNonInstance { .. }
            | Fact::ItemsOnNonContainer { .. }
            | Fact::ItemsOnInstance { .. }
            | Fact::Extension { .. }
            | Fact::Unread(Unread::Limit { .. } | Unread::Crashed { .. } | Unread::Late)
    )
}

/// A fact as it can be compared, without the carriage returns of names and of constants, which are shown escaped.
fn without_cr(fact: &Fact) -> String {
    format!("{fact:?}").replace("\\\\r", "").replace("\\r", "")
}
