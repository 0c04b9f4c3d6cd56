//! What pre-commit and prek judge by in a pipeline: the policy of what a change is for, never the change's own.
#![cfg(unix)]

use std::fs;

use crate::support::{
    cli::{Run, finish, program},
    repo::{Repo, repo},
};

/// A clone that stands on a change which brings a checkpoint and a policy that looks at nothing.
fn change(repo: &Repo) {
    repo.write("weighbridge.yaml", "version: 1\nextends: strict\n")
        .commit();
    repo.git(&["checkout", "-q", "-b", "change"]);
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nexclude: ['**']\n",
    )
    .commit();
    repo.write("m.pkl", "cposix\nsystem\n(S'true'\ntR.")
        .commit();
}

fn framework(repo: &Repo, variables: &[(&str, &str)]) -> Run {
    let mut program = program(&repo.root);
    program.envs(variables.iter().copied());
    finish(program.args(["hook", "run", "framework"]))
}

#[test]
fn all_files_are_judged_by_what_the_change_is_for() {
    let repo = repo!();
    change(&repo);
    // Somebody works here.
    assert_eq!(framework(&repo, &[]).code, 0);
    assert_eq!(framework(&repo, &[("CI", "false")]).code, 0);

    let unknown = framework(&repo, &[("CI", "true")]);
    insta::assert_snapshot!(unknown.shown(&repo.root), @"
    error: the pipeline does not say which branch the change is for
       │ help: set WEIGHBRIDGE_BASE to that branch or a commit, whose policy then
       │       applies, or to `none` if the checkout is not under review
       ╰──
    exit 2
    ");
    let base = |name| framework(&repo, &[("CI", "true"), ("WEIGHBRIDGE_BASE", name)]);
    let by_name = base("main");
    assert_eq!(by_name.code, 1);
    assert!(by_name.stdout.contains("m.pkl"), "{by_name:?}");
    assert!(by_name.stdout.contains("(main)"), "{by_name:?}");
    assert_eq!(base("change~2").code, 1);
    assert_eq!(base("none").code, 0);
    let absent = base("absent");
    assert_eq!(absent.code, 2);
    assert!(
        absent.stderr.contains("not a commit of this clone"),
        "{absent:?}"
    );

    // Every service has its own words; none has fetched the branch.
    let services: &[&[(&str, &str)]] = &[
        &[("GITHUB_ACTIONS", "true"), ("GITHUB_BASE_REF", "main")],
        &[
            ("GITLAB_CI", "true"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ],
        &[
            ("TF_BUILD", "True"),
            ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
        ],
        &[("JENKINS_URL", "https://ci"), ("CHANGE_TARGET", "main")],
        &[("CI", "true"), ("BITBUCKET_PR_DESTINATION_BRANCH", "main")],
        &[
            ("CI", "1"),
            ("TRAVIS_PULL_REQUEST", "12"),
            ("TRAVIS_BRANCH", "main"),
        ],
        &[("CI", "true"), ("CI_COMMIT_TARGET_BRANCH", "main")],
        // A branch that is not the default one.
        &[
            ("GITLAB_CI", "true"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_COMMIT_BRANCH", "change"),
        ],
    ];
    for variables in services {
        let missing = framework(&repo, variables);
        assert_eq!(missing.code, 2, "{variables:?}: {missing:?}");
        let said = missing.stderr.replace("\n   │       ", " ");
        assert!(
            said.contains("git fetch --depth=1 origin +refs/heads/main:refs/remotes/origin/main"),
            "{variables:?}: {said}"
        );
    }
    // A name that a shell would read is in no command.
    let hostile = [("GITHUB_ACTIONS", "true"), ("GITHUB_BASE_REF", "$(true)")];
    let said = framework(&repo, &hostile).stderr;
    assert!(said.contains("+refs/heads/BRANCH:refs/remotes"), "{said}");
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    for variables in services {
        let judged = framework(&repo, variables);
        assert_eq!(judged.code, 1, "{variables:?}: {judged:?}");
        assert!(judged.stdout.contains("m.pkl"), "{judged:?}");
    }
    // What is staged in a pipeline is no more trusted.
    repo.write("n.pkl", "cposix\nsystem\n(S'true'\ntR.");
    repo.git(&["add", "-A"]);
    assert_eq!(framework(&repo, services[0]).code, 1);
    repo.git(&["rm", "-q", "-f", "n.pkl"]);
    // The default branch itself is under nobody's review.
    for variables in [
        &[
            ("GITLAB_CI", "true"),
            ("CI_DEFAULT_BRANCH", "change"),
            ("CI_COMMIT_BRANCH", "change"),
        ][..],
        &[
            ("CI", "1"),
            ("TRAVIS_PULL_REQUEST", "false"),
            ("TRAVIS_BRANCH", "main"),
            ("WEIGHBRIDGE_BASE", "none"),
        ],
    ] {
        assert_eq!(framework(&repo, variables).code, 0, "{variables:?}");
    }
}

/// A policy that the configuration names is one that the change can edit, like any other.
#[test]
fn a_policy_by_name_is_the_one_of_the_branch_too() {
    let repo = repo!();
    repo.write("tools/p.yaml", "version: 1\nextends: strict\n");
    change(&repo);
    repo.write("tools/p.yaml", "version: 1\nexclude: ['**']\n")
        .write("tools/new.yaml", "version: 1\nexclude: ['**']\n")
        .commit();
    let by = |policy: &str, base: &str| {
        let mut program = program(&repo.root);
        program.envs([("CI", "true"), ("WEIGHBRIDGE_BASE", base)]);
        finish(program.args(["hook", "run", "framework", "--policy", policy]))
    };
    for policy in ["tools/p.yaml", "./tools/../tools/p.yaml"] {
        let judged = by(policy, "main");
        assert_eq!(judged.code, 1);
        assert!(judged.stdout.contains("tools/p.yaml at "), "{judged:?}");
        assert_eq!(by(policy, "none").code, 0);
    }
    let new = by("tools/new.yaml", "main");
    assert_eq!(new.code, 1);
    let said = new.stdout.replace("\n         ", " ");
    assert!(said.contains("there is no tools/new.yaml at "), "{said}");
    assert!(said.contains("weighbridge.yaml at "), "{said}");
    // One that lies elsewhere is nobody's of the change.
    let outside = repo.outside().join("p.yaml");
    fs::write(&outside, "version: 1\nexclude: ['**']\n").unwrap();
    assert_eq!(by(outside.to_str().unwrap(), "main").code, 0);
    // What is staged is a change, and says so if it edits the policy by name.
    repo.write("tools/p.yaml", "version: 1\n");
    repo.git(&["add", "tools/p.yaml"]);
    let staged = by("tools/p.yaml", "main");
    assert!(staged.stdout.contains("policy-changed"), "{staged:?}");
}

#[test]
fn an_event_says_what_a_branch_does_not() {
    let repo = repo!();
    change(&repo);
    let main = repo.git(&["rev-parse", "main"]);
    let event = repo.outside().join("event.json");
    let path = event.to_str().unwrap();
    let github = |name: &str, text: &str, more: &[(&str, &str)]| {
        fs::write(&event, text).unwrap();
        let all = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_EVENT_PATH", path),
        ];
        framework(&repo, &[&all[..], more].concat())
    };
    let pull = format!(r#"{{"pull_request": {{"base": {{"sha": "{main}"}}}}}}"#);
    let base = [("GITHUB_BASE_REF", "main")];
    assert_eq!(github("pull_request", &pull, &base).code, 1);
    let queue = format!(r#"{{"merge_group": {{"base_sha": "{main}"}}}}"#);
    assert_eq!(github("merge_group", &queue, &[]).code, 1);
    let push = r#"{"repository": {"default_branch": "main"}}"#;
    let on = |branch| [("GITHUB_REF", branch)];
    assert_eq!(github("push", push, &on("refs/heads/main")).code, 0);
    assert_eq!(github("push", push, &on("refs/heads/change")).code, 2);
    // GitHub's merge of the change: its first parent is the base.
    repo.git(&["checkout", "-q", "--detach", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    let merge = repo.git(&["rev-parse", "HEAD"]);
    let sha = [base[0], ("GITHUB_SHA", merge.as_str())];
    assert_eq!(github("pull_request", "not JSON", &sha).code, 1);
    assert_eq!(github("pull_request_target", "[]", &sha).code, 2);
}

#[test]
fn two_refs_are_judged_by_the_first() {
    let repo = repo!();
    change(&repo);
    let between = |from, more: &[(&str, &str)]| {
        let refs = [("PRE_COMMIT_FROM_REF", from), ("PRE_COMMIT_TO_REF", "HEAD")];
        framework(&repo, &[&refs[..], more].concat())
    };
    let judged = between("main", &[]);
    assert_eq!(judged.code, 1);
    assert!(judged.stdout.contains("(main)"), "{judged:?}");
    assert!(judged.stdout.contains("policy-loosened"), "{judged:?}");
    // The policy that an earlier commit of the change brings is the change's own.
    assert_eq!(between("HEAD~1", &[]).code, 0);
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let pipeline = [
        ("GITLAB_CI", "true"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
    ];
    assert_eq!(between("HEAD~1", &pipeline).code, 1);
    // git's own push: the policy is that of whoever pushes.
    assert_eq!(
        between("main", &[("PRE_COMMIT_REMOTE_NAME", "origin")]).code,
        0
    );
}
