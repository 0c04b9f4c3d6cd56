//! `waiver-expired`: tests/it/cli/waivers.rs shows what a user sees.

use crate::support::{
    cli::run,
    repo::{Repo, repo},
};

/// The rules whose findings a check of a repository with this waiver of `pickle-load` in `a.py` tells.
fn told(repo: &Repo, expires: &str) -> String {
    repo.write("a.py", "import pickle\npickle.load(f)\n");
    let text = "version: 1\nextends: recommended\nwaivers:\n  - {rule: pickle-load, paths: [a.py]";
    repo.write("weighbridge.yaml", format!("{text}{expires}}}\n"));
    run(&repo.root, &["check", "--format", "concise"]).stdout
}

#[test]
fn a_waiver_that_has_ended_is_told_at_its_line() {
    let repo = repo!();
    let told_ended = told(&repo, ", expires: 2020-02-29");
    let line = "weighbridge.yaml:4:5: warning[waiver-expired] the waiver of `pickle-load` in a.py ended on 2020-02-29\n";
    assert!(told_ended.contains(line), "{told_ended}");
    assert!(told_ended.contains("a.py:2:1: "), "{told_ended}");
    for holds in ["", ", expires: 9999-12-31"] {
        let told = told(&repo, holds);
        assert!(
            !told.contains("waiver-expired") && !told.contains("a.py:2:1"),
            "{told}"
        );
    }
}
