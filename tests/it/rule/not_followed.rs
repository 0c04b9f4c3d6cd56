//! `not-followed`.

use weighbridge::fact::{Circumstance, NotFollowed};

use super::{judge_noted, tell};

fn moves(command: &str) -> Circumstance {
    Circumstance::NotFollowed(NotFollowed::Submodule {
        old: Some("1a2b3c4".into()),
        new: "5d6e7f8".into(),
        command: command.into(),
    })
}

#[test]
fn what_is_passed_by_is_said_with_what_looks_at_it() {
    let moves = |command| tell(&judge_noted("vendor/sub", moves(command)), "not-followed");
    insta::assert_snapshot!(moves(""), @"
    not-followed [warn] the submodule moves from 1a2b3c4 to 5d6e7f8, and what that brings is not looked at
      at  about not-followed
      help: look at it too: `--recurse-submodules`
    ");
    insta::assert_snapshot!(moves("cd sub && weighbridge check --history"), @"
    not-followed [warn] the submodule moves from 1a2b3c4 to 5d6e7f8, and what that brings is not looked at
      at  about not-followed
      help: look at it too: `cd sub && weighbridge check --history`
    ");
    let pointer = Circumstance::NotFollowed(NotFollowed::Pointer {
        command: "git lfs pull --include=a.dat".into(),
    });
    insta::assert_snapshot!(tell(&judge_noted("a.dat", pointer), "not-followed"), @"
    not-followed [warn] what it stands for is not looked at: a git-lfs pointer, whose bytes are not here
      at  about not-followed
      help: fetch it and check again:
            git lfs pull --include=a.dat
    ");
}
