//! `not-followed`.

use weighbridge::fact::{Fact, Observation, Site};

use super::{judge, tell};

fn left_out(detail: &str, command: &str) -> Observation {
    Observation {
        fact: Fact::LeftOut {
            detail: detail.into(),
            command: command.into(),
        },
        site: Site::default(),
        count: 1,
        excerpt: None,
    }
}

#[test]
fn what_is_passed_by_is_said_with_what_looks_at_it() {
    let moves = left_out(
        "the submodule moves from 1a2b3c4 to 5d6e7f8",
        "--recurse-submodules",
    );
    insta::assert_snapshot!(tell(&judge("vendor/sub", &[moves]), "not-followed"), @"
    not-followed [warn] the submodule moves from 1a2b3c4 to 5d6e7f8, and what that brings is not looked at
      at  about not-followed
      help: look at it too: `--recurse-submodules`
    ");
    let pointer = left_out(
        "a git-lfs pointer, whose bytes are not here",
        "git lfs pull --include=a.dat",
    );
    insta::assert_snapshot!(tell(&judge("a.dat", &[pointer]), "not-followed"), @"
    not-followed [warn] what it stands for is not looked at: a git-lfs pointer, whose bytes are not here
      at  about not-followed
      help: fetch it and check again:
            git lfs pull --include=a.dat
    ");
}
