//! `not-followed`.

use weighbridge::fact::{Circumstance, Command, NotFollowed};

use super::{judge_noted, rules, tell, told};
use crate::support::{
    pickle::payload,
    zip::{Member, archive, stored},
};

fn moves(command: Option<Command>) -> Circumstance {
    Circumstance::NotFollowed(NotFollowed::Submodule {
        old: Some("1a2b3c4".into()),
        new: "5d6e7f8".into(),
        command,
    })
}

#[test]
fn what_is_passed_by_is_said_with_what_looks_at_it() {
    let moves = |command| tell(&judge_noted("vendor/sub", moves(command)), "not-followed");
    insta::assert_snapshot!(moves(None), @"
    not-followed [warn] the submodule moves from 1a2b3c4 to 5d6e7f8, and what that brings is not looked at
      at  about not-followed
      help: look at it too: `--recurse-submodules`
    ");
    let command = Command::new("cd ").path("sub");
    let command = command.words(" && weighbridge check --history");
    insta::assert_snapshot!(moves(Some(command)), @"
    not-followed [warn] the submodule moves from 1a2b3c4 to 5d6e7f8, and what that brings is not looked at
      at  about not-followed
      help: look at it too, in the root of the repository:
            cd sub && weighbridge check --history
    ");
    let pointer = Circumstance::NotFollowed(NotFollowed::Pointer {
        command: Command::new("git lfs pull --include=").fixed("a.dat"),
    });
    insta::assert_snapshot!(tell(&judge_noted("a.dat", pointer), "not-followed"), @"
    not-followed [warn] what it stands for is not looked at: a git-lfs pointer, whose bytes are not here
      at  about not-followed
      help: fetch it and check again:
            git lfs pull --include=a.dat
    ");
}

/// An encrypted member is refused where a name or what else is in the archive tells of a model, and a warning elsewhere.
#[test]
fn members_that_cannot_be_read_count_where_a_model_is() {
    let sealed = |name: &str| Member {
        flags: 1,
        ..stored(name, "\x01\x02 sealed")
    };
    let photos = archive(&[sealed("2020/a.jpg"), stored("notes.txt", "text")]);
    insta::assert_snapshot!(told("not-followed", "photos.zip", &photos), @"
    not-followed [warn] this member is not looked into: an encrypted member
      at 2020/a.jpg about not-followed
      help: if a model or code may be in it, unpack the archive and check the files themselves
    ");
    assert_eq!(rules("photos.zip", &photos), ["not-followed"]);
    for (name, members) in [
        ("x.zip", vec![sealed("m/w.pkl")]),
        (
            "x.zip",
            vec![sealed("part1"), stored("config.pt", payload())],
        ),
        ("x.zip", vec![sealed("part1"), stored("weights", payload())]),
        ("model.pt", vec![sealed("part1")]),
    ] {
        let rules = rules(name, &archive(&members));
        assert!(rules.contains(&"incomplete-read"), "{name}: {rules:?}");
    }
    let packed = |name: &str| Member {
        method: 98,
        ..stored(name, "\x01\x02 packed")
    };
    assert_eq!(
        rules("data.zip", &archive(&[packed("a.wav")])),
        ["not-followed"]
    );
    assert!(rules("data.zip", &archive(&[packed("a.npy")])).contains(&"incomplete-read"));
}
