//! `waiver-unused`: tests/it/cli/waivers.rs shows what a user sees.

use crate::support::{
    cli::run,
    repo::{Repo, repo},
};

#[test]
fn a_waiver_of_nothing_is_told_where_all_files_are_checked() {
    let repo = repo!();
    let text = |path: &str| {
        format!(
            "version: 1\nextends: recommended\nwaivers:\n  - {{rule: pickle-load, paths: [{path}]}}\n"
        )
    };
    repo.write("a.py", "import pickle\npickle.load(f)\n");
    let told = |repo: &Repo, arguments: &[&str]| {
        run(
            &repo.root,
            &[&["check", "--format", "concise"], arguments].concat(),
        )
        .stdout
    };
    repo.write("weighbridge.yaml", text("b.py"));
    repo.commit();
    let line = "weighbridge.yaml:4:5: warning[waiver-unused] the waiver of `pickle-load` in b.py is about no finding\n";
    assert!(told(&repo, &[]).contains(line));
    assert!(told(&repo, &["--rev", "HEAD"]).contains(line));
    for part in [
        &["a.py"][..],
        &["--only", "*.py"],
        &["--staged"],
        &["--history"],
    ] {
        assert!(!told(&repo, part).contains("waiver-unused"), "{part:?}");
    }
    repo.write("weighbridge.yaml", text("a.py"));
    assert!(!told(&repo, &[]).contains("waiver-unused"));
}
