//! `lfs-not-fetched`.

use weighbridge::fact::{Absent, Circumstance, Command, Unavailable};

use super::{judge_noted, rules, tell};
use crate::support::pickle::Pickle;

/// As `git` records it where a pointer stands for a model.
fn pointer() -> Circumstance {
    Circumstance::Unavailable(Unavailable::NotFetched {
        what: Absent::LfsContent,
        command: Command::new("git lfs pull --include=").fixed("models/a b.pt"),
    })
}

#[test]
fn a_pointer_is_not_the_model() {
    insta::assert_snapshot!(tell(&judge_noted("models/a b.pt", pointer()), "lfs-not-fetched"), @"
    lfs-not-fetched [deny] its bytes are not here but elsewhere: in git-lfs
      at  about the artifact
      help: fetch it and check again:
            git lfs pull --include='models/a b.pt'
    ");
    let fired: Vec<_> = judge_noted("x.pt", pointer())
        .iter()
        .map(|f| f.rule.id)
        .collect();
    assert_eq!(fired, ["lfs-not-fetched"]);
}

#[test]
fn the_model_itself_is_not() {
    assert_eq!(rules("x.pkl", &Pickle::proto(2).op(b'N').stop()), [""; 0]);
}
