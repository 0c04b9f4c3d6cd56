//! No file that decides is read through a link out of the repository.

use std::{fs, os::unix::fs::symlink};

use crate::support::{
    cli::{Run, run},
    repo::{Repo, repo},
};

const LOAD: &str = "import torch\ntorch.load(p, weights_only=False)\n";
const LOOSE: &str = "version: 1\nextends: recommended\nrules: {torch-load-unsafe: allow}\n";

/// A repository beside a folder `shared`.
fn beside(repo: &Repo) {
    fs::create_dir(repo.outside().join("shared")).unwrap();
    fs::write(repo.outside().join("shared/loose.yaml"), LOOSE).unwrap();
    repo.write("a.py", LOAD);
}

fn link(repo: &Repo, target: &str, at: &str) {
    let at = repo.root.join(at);
    let _ = fs::remove_file(&at);
    symlink(target, at).unwrap();
}

fn check(repo: &Repo, arguments: &[&str]) -> Run {
    run(&repo.root, &[&["check"], arguments].concat())
}

/// That a run could not be done because of a link, and says so.
#[track_caller]
fn refused(run: &Run, link: &str) {
    assert_eq!(run.code, 2, "{run:?}");
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains(&format!(
            "the symbolic link `{link}` leads out of the repository"
        )),
        "{run:?}"
    );
    assert!(!run.stderr.contains("torch-load-unsafe"), "{run:?}");
}

#[test]
fn a_policy_and_what_it_extends() {
    let repo = repo!();
    beside(&repo);
    repo.write("policies/loose.yaml", LOOSE);
    link(&repo, "policies/loose.yaml", "weighbridge.yaml");
    assert_eq!(check(&repo, &[]).code, 0);
    link(&repo, "../shared/loose.yaml", "weighbridge.yaml");
    let outside = check(&repo, &[]);
    refused(&outside, "weighbridge.yaml");
    insta::assert_snapshot!(outside.stderr, @"
    error: the policy `weighbridge.yaml` cannot be read: the symbolic link
      `weighbridge.yaml` leads out of the repository
       │ help: put the file itself into the repository; a policy from elsewhere is
       │       named by `--policy` or `--organisation-policy`
       ╰──
    ");
    refused(
        &check(&repo, &["--policy=weighbridge.yaml"]),
        "weighbridge.yaml",
    );
    refused(
        &run(&repo.root, &["policy", "allow", "."]),
        "weighbridge.yaml",
    );
    // What the user names elsewhere is theirs.
    assert_eq!(check(&repo, &["--policy=../shared/loose.yaml"]).code, 0);

    fs::remove_file(repo.root.join("weighbridge.yaml")).unwrap();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: linked/loose.yaml\n",
    );
    link(&repo, "policies", "linked");
    assert_eq!(check(&repo, &[]).code, 0);
    link(&repo, "../shared", "linked");
    refused(&check(&repo, &[]), "linked");
    // As for what git recorded.
    repo.commit();
    assert_eq!(check(&repo, &["--rev=HEAD"]).code, 2);
}

#[test]
fn a_baseline_a_lock_file_and_test_cases() {
    let repo = repo!();
    beside(&repo);
    let shared = repo.outside().join("shared");
    link(&repo, "../shared", "linked");
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nbaseline: linked/known.json\n",
    );
    fs::write(
        shared.join("known.json"),
        "{\"version\": 1, \"findings\": []}\n",
    )
    .unwrap();
    refused(&check(&repo, &[]), "linked");
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\npins: {lock: linked/weighbridge.lock}\n",
    );
    fs::write(shared.join("weighbridge.lock"), "version: 1\npins: []\n").unwrap();
    refused(&check(&repo, &[]), "linked");
    repo.write("weighbridge.yaml", "version: 1\nextends: recommended\n");
    fs::write(
        shared.join("cases.yaml"),
        "cases: [{rule: torch-load-unsafe, expect: deny}]\n",
    )
    .unwrap();
    assert_eq!(
        run(&repo.root, &["policy", "test", "../shared/cases.yaml"]).code,
        0
    );
    link(&repo, "../shared/cases.yaml", "cases.yaml");
    refused(
        &run(&repo.root, &["policy", "test", "cases.yaml"]),
        "cases.yaml",
    );
}
