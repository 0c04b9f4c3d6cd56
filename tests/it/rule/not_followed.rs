//! `not-followed`.

use weighbridge::fact::Circumstance;

use super::{judge_noted, tell};

fn not_followed(detail: &str, command: &str) -> Circumstance {
    Circumstance::NotFollowed {
        detail: detail.into(),
        command: command.into(),
    }
}

#[test]
fn what_is_passed_by_is_said_with_what_looks_at_it() {
    let moves = not_followed(
        "the submodule moves from 1a2b3c4 to 5d6e7f8",
        "--recurse-submodules",
    );
    insta::assert_snapshot!(tell(&judge_noted("vendor/sub", moves), "not-followed"), @"
    not-followed [warn] the submodule moves from 1a2b3c4 to 5d6e7f8, and what that brings is not looked at
      at  about not-followed
      help: look at it too: `--recurse-submodules`
    ");
    let pointer = not_followed(
        "a git-lfs pointer, whose bytes are not here",
        "git lfs pull --include=a.dat",
    );
    insta::assert_snapshot!(tell(&judge_noted("a.dat", pointer), "not-followed"), @"
    not-followed [warn] what it stands for is not looked at: a git-lfs pointer, whose bytes are not here
      at  about not-followed
      help: fetch it and check again:
            git lfs pull --include=a.dat
    ");
}
