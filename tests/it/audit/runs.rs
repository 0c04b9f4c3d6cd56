//! Runs: what is done again, what is left, and what goes wrong.

use std::fs;

use super::{Clones, files};

#[test]
fn the_statuses_are_kept_apart() {
    let Some(clones) = Clones::new() else { return };
    let run = clones.audit("out", &[]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let outside = clones.repo.outside().display().to_string();
    let shown = |text: &str| text.replace(&outside, "DIR");
    insta::with_settings!({filters => vec![(r"\d+", "N")]}, {
        insta::assert_snapshot!(shown(&run.stdout), @"
        N repositories by the policy of each, or recommended (built in)

        complete   N repositories, N with something refused
                   N files, N model files, N of source
                   N denied, N warned, N waived, N overridden, N in a baseline
                   N model files can run code, N of them not pinned

        failed     N repository
          broken: `DIR/clones/broken` is not in a git repository

        most findings:
                N  mirror.git
                N  team/deep/fork

        results in out
        ");
        insta::assert_snapshot!(shown(&run.stderr), @"weighbridge: broken: failed: `DIR/clones/broken` is not in a git repository");
    });
}

#[test]
fn what_has_not_changed_is_left_and_what_has_is_read() {
    let Some(clones) = Clones::new() else { return };
    clones.audit("out", &[]);
    let out = clones.repo.outside().join("out");
    let before = files(&out.join("results"));
    let summary = fs::read(out.join("summary.json")).unwrap();
    let moment = |name: &str| {
        fs::metadata(out.join("results").join(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let times: Vec<_> = before.keys().map(|name| moment(name)).collect();
    clones.audit("out", &[]);
    let unchanged = before
        .keys()
        .zip(&times)
        .filter(|(name, time)| moment(name) == **time);
    // All but the one that failed.
    assert_eq!(unchanged.count(), before.len() - 1);
    assert_eq!(fs::read(out.join("summary.json")).unwrap(), summary);

    let fork = clones.folder.join("team/deep/fork");
    fs::write(fork.join("new.py"), "import pickle\npickle.load(f)\n").unwrap();
    clones.repo.git_in(&fork, &["add", "new.py"]);
    clones.repo.git_in(&fork, &["commit", "-q", "-m", "new"]);
    clones.audit("out", &[]);
    let results = clones.results("out");
    let findings = results["team/deep/fork"]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|it| it["path"] == "new.py"));
}

#[test]
fn a_store_that_is_damaged_or_in_use_is_said() {
    let Some(clones) = Clones::new() else { return };
    clones.audit("out", &[]);
    let results = files(&clones.repo.outside().join("out/results"));
    let store = clones.repo.outside().join("out/store/facts.redb");
    let whole = fs::read(&store).unwrap();
    // What is no store any more begins anew, and says so.
    fs::write(&store, b"not a store").unwrap();
    fs::remove_dir_all(clones.repo.outside().join("out/lines")).unwrap();
    let run = clones.audit("out", &[]);
    assert!(run.stderr.contains("a store was damaged"), "{}", run.stderr);
    assert!(files(&clones.repo.outside().join("out/results")) == results);
    // Every hundredth byte is another: the results are the same.
    for step in [101, 4099] {
        let mut damaged = whole.clone();
        for at in (4096..damaged.len()).step_by(step) {
            damaged[at] ^= 0x40;
        }
        fs::write(&store, damaged).unwrap();
        fs::remove_dir_all(clones.repo.outside().join("out/lines")).unwrap();
        let run = clones.audit("out", &[]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(files(&clones.repo.outside().join("out/results")) == results);
    }
}
