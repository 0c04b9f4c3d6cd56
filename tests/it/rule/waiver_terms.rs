//! `waiver-terms`: tests/it/cli/waivers.rs shows what a user sees.

use crate::support::{
    cli::run,
    repo::{Repo, repo},
};

#[test]
fn a_waiver_beyond_the_terms_is_refused() {
    let repo: Repo = repo!();
    let text = "version: 1\nextends: recommended\nwaiver-terms: {require: [reason]}\nwaivers:\n  - {rule: pickle-load, paths: [a.py]";
    let told = |rest: &str| {
        repo.write("weighbridge.yaml", format!("{text}{rest}}}\n"));
        run(&repo.root, &["check", "--format", "concise"])
    };
    repo.write("a.py", "import pickle\npickle.load(f)\n");
    let refused = told("");
    assert_eq!(refused.code, 1);
    let line = "weighbridge.yaml:5:5: error[waiver-terms] the waiver of `pickle-load` in a.py does not count: it has no `reason`\n";
    assert!(refused.stdout.contains(line), "{refused:?}");
    let accepted = told(", reason: trusted");
    assert!(
        accepted.code == 0 && !accepted.stdout.contains("waiver-terms"),
        "{accepted:?}"
    );
}
