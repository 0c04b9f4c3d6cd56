//! Which policy judges which view, and what is said of a change to it.

use std::fs;

use crate::support::{
    cli::{Run, run},
    repo::{Repo, repo},
};

const LOAD: &str = "import torch\ntorch.load(p, weights_only=False)\n";
const STRICT: &str = "version: 1\nextends: recommended\n";
const LOOSE: &str = "version: 1\nextends: recommended\nrules: {torch-load-unsafe: allow}\n";

fn check(repo: &Repo, arguments: &[&str]) -> Run {
    run(&repo.root, &[&["check"], arguments].concat())
}

/// What is said, whatever the width of the terminal.
fn said(run: &Run) -> String {
    let text = format!("{}{}", run.stdout, run.stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line that says which policy judged.
fn policy(run: &Run) -> String {
    let line = run
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("policy:"));
    line.unwrap_or_else(|| panic!("{run:?}")).trim().to_owned()
}

fn short(repo: &Repo, rev: &str) -> String {
    repo.git(&["rev-parse", "--short=7", rev])
}

#[test]
fn a_change_is_judged_by_the_policy_it_starts_from() {
    let repo = repo!();
    repo.write("weighbridge.yaml", STRICT).commit();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("weighbridge.yaml", LOOSE)
        .write("a.py", LOAD)
        .commit();
    let strict = check(&repo, &["--diff", "main...HEAD"]);
    assert_eq!(strict.code, 1, "{strict:?}");
    let main = short(&repo, "main");
    assert_eq!(
        policy(&strict),
        format!("weighbridge.yaml at {main} (main)")
    );
    assert!(
        strict.stdout.contains("warning[policy-loosened]"),
        "{strict:?}"
    );
    assert!(
        said(&strict).contains(
            "the change loosens the policy: the rule `torch-load-unsafe` goes from deny to allow"
        ),
        "{strict:?}"
    );
    // From the tip of what it goes into, not from where it left it long ago.
    repo.git(&["checkout", "-q", "main"]);
    repo.write("weighbridge.yaml", LOOSE).commit();
    let loose = check(&repo, &["--diff", "main...topic"]);
    assert_eq!(loose.code, 0, "{loose:?}");
    repo.git(&["checkout", "-q", "topic"]);
    // The other views have their own.
    assert_eq!(check(&repo, &[]).code, 0);
    assert_eq!(policy(&check(&repo, &[])), "weighbridge.yaml");
    let rev = check(&repo, &["--rev", "HEAD"]);
    assert_eq!(
        policy(&rev),
        format!("weighbridge.yaml at {} (HEAD)", short(&repo, "HEAD"))
    );
    assert_eq!(rev.code, 0);
    // A file that is named judges whatever is recorded.
    fs::write(repo.outside().join("central.yaml"), STRICT).unwrap();
    let central = check(&repo, &["--policy=../central.yaml", "--diff=main...topic"]);
    assert_eq!(
        (central.code, policy(&central).as_str()),
        (1, "../central.yaml")
    );
    assert!(!central.stdout.contains("[policy-"), "{central:?}");
    let own = check(
        &repo,
        &["--policy=weighbridge.yaml", "--diff=main~1...topic"],
    );
    assert!(
        said(&own).contains("the change is judged by the policy that it edits: weighbridge.yaml"),
        "{own:?}"
    );
    // Where there was none, the built-in one judges the first.
    repo.git(&["checkout", "-q", "--orphan", "bare-base"]);
    repo.git(&["rm", "-rqf", "."]);
    repo.write("README", "").commit();
    let none = check(&repo, &["--diff", "HEAD..topic"]);
    assert_eq!(
        (none.code, policy(&none).as_str()),
        (1, "recommended (built in)")
    );
    assert!(
        said(&none).contains("recommended (built in) judges the change, not the new policy"),
        "{none:?}"
    );
    let deleted = check(&repo, &["--diff", "topic..HEAD"]);
    assert_eq!(deleted.code, 0, "{deleted:?}");
    assert!(
        said(&deleted).contains("the change deletes the policy"),
        "{deleted:?}"
    );
}

#[test]
fn what_a_policy_extends_comes_from_the_same_tree() {
    let repo = repo!();
    repo.write(
        ".github/weighbridge.yaml",
        "version: 1\nextends: ../policies/base.yaml\n",
    )
    .write("policies/base.yaml", STRICT)
    .commit()
    .write("policies/base.yaml", LOOSE)
    .write("a.py", LOAD)
    .commit();
    let run = check(&repo, &["--diff", "HEAD~1"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("── policies/base.yaml "), "{run:?}");
    assert!(
        !run.stdout.contains("── .github/weighbridge.yaml "),
        "{run:?}"
    );
    assert_eq!(
        policy(&run),
        format!(
            ".github/weighbridge.yaml at {} (HEAD~1)",
            short(&repo, "HEAD~1")
        )
    );
    assert_eq!(check(&repo, &["--rev=HEAD"]).code, 0);
}

#[test]
fn a_policy_that_does_not_hold_together_says_where_it_is() {
    let repo = repo!();
    repo.write("weighbridge.yaml", "version: 1\nrulez: {}\n")
        .commit();
    repo.write("weighbridge.yaml", STRICT)
        .write("a.py", "")
        .commit();
    let broken = check(&repo, &["--diff", "HEAD~1"]);
    assert_eq!(broken.code, 2, "{broken:?}");
    let place = format!("weighbridge.yaml at {} (HEAD~1)", short(&repo, "HEAD~1"));
    assert!(broken.stderr.contains(&place), "{broken:?}");
    // Links lead to other files of the tree, never out of it.
    #[cfg(unix)]
    {
        let link = |target: &str| {
            let place = repo.root.join("weighbridge.yaml");
            let _ = fs::remove_file(&place);
            std::os::unix::fs::symlink(target, place).unwrap();
        };
        link("conf/../policy.yaml");
        repo.write("policy.yaml", LOOSE)
            .write("conf/x", "")
            .write("a.py", LOAD)
            .commit();
        assert_eq!(check(&repo, &["--rev=HEAD"]).code, 0);
        fs::write(repo.outside().join("outside.yaml"), LOOSE).unwrap();
        for target in [
            "../outside.yaml",
            "/etc/passwd",
            "weighbridge.yaml",
            "nowhere.yaml",
            "conf",
        ] {
            link(target);
            repo.commit();
            let run = check(&repo, &["--rev=HEAD"]);
            assert_eq!(run.code, 2, "{target}: {run:?}");
            assert!(said(&run).contains("cannot be read"), "{target}: {run:?}");
        }
        for extended in ["../../x.yaml", "../outside.yaml"] {
            fs::remove_file(repo.root.join("weighbridge.yaml")).unwrap();
            repo.write(
                "weighbridge.yaml",
                format!("version: 1\nextends: {extended}\n"),
            )
            .commit();
            let run = check(&repo, &["--rev=HEAD"]);
            assert_eq!(run.code, 2, "{extended}: {run:?}");
            assert!(
                said(&run).contains("leads out of the repository"),
                "{run:?}"
            );
        }
    }
}

#[test]
fn a_commit_is_judged_by_the_policy_that_it_records() {
    let repo = repo!();
    repo.write("a.py", LOAD);
    repo.git(&["add", "a.py"]);
    repo.write("weighbridge.yaml", LOOSE);
    // Not staged: does not count, and that is said.
    let run = check(&repo, &["--staged"]);
    assert_eq!(
        (run.code, policy(&run).as_str()),
        (1, "recommended (built in)")
    );
    assert!(
        said(&run).contains("`git add weighbridge.yaml` records it"),
        "{run:?}"
    );
    repo.git(&["add", "-N", "weighbridge.yaml"]);
    assert_eq!(
        policy(&check(&repo, &["--staged"])),
        "recommended (built in)"
    );
    repo.git(&["add", "-A"]);
    let run = check(&repo, &["--staged"]);
    assert_eq!(
        (run.code, policy(&run).as_str()),
        (0, "weighbridge.yaml in the index")
    );
    assert!(
        said(&run)
            .contains("the change is judged by the policy that it edits: weighbridge.yaml in"),
        "{run:?}"
    );
    repo.commit().write("b.py", LOAD);
    repo.git(&["add", "-A"]);
    let run = check(&repo, &["--staged"]);
    assert!(run.code == 0 && !run.stdout.contains("[policy-"), "{run:?}");
    repo.git(&["rm", "-q", "weighbridge.yaml"]);
    let run = check(&repo, &["--staged"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        said(&run)
            .contains("the change deletes the policy and is judged by recommended (built in)"),
        "{run:?}"
    );
}

#[test]
fn a_bare_repository_has_the_policy_of_its_head() {
    let repo = repo!();
    repo.write("weighbridge.yaml", STRICT).commit();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    repo.write("weighbridge.yaml", LOOSE)
        .write("a.py", LOAD)
        .commit();
    repo.git(&["checkout", "-q", "main"]);
    repo.git_in(&repo.outside(), &["clone", "-q", "--bare", "repo", "bare"]);
    let bare = repo.outside().join("bare");
    let judged = run(&bare, &["check", "--rev", "topic"]);
    assert_eq!(judged.code, 1, "{judged:?}");
    assert_eq!(
        policy(&judged),
        format!("weighbridge.yaml at {} (main)", short(&repo, "main"))
    );
    assert_eq!(run(&bare, &["check", "--diff", "main...topic"]).code, 1);
    // Paths are those of the tree, wherever in it one stands.
    let below = run(&bare.join("refs"), &["check", "--rev=topic", "a.py"]);
    assert!(below.stdout.contains("── a.py ──"), "{below:?}");
}

#[test]
fn an_excluded_policy_is_reported_all_the_same() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        format!("{STRICT}exclude: [\"*.yaml\"]\n"),
    )
    .commit();
    repo.write("weighbridge.yaml", LOOSE).commit();
    assert!(
        check(&repo, &["--diff=HEAD~1"])
            .stdout
            .contains("policy-loosened")
    );
    let silent = check(&repo, &["--diff=HEAD"]);
    assert!(!silent.stdout.contains("[policy-"), "{silent:?}");
}

/// A policy that is reached through links.
#[cfg(unix)]
#[test]
fn a_link_on_the_way_to_the_policy_is_part_of_it() {
    use std::os::unix::fs::symlink;

    type Link<'s> = (&'s str, &'s str);

    let extends = |path: &str| format!("version: 1\nextends: {path}\n");
    // What is there before (a link and what it leads to, or a file), and the link that the change makes.
    let cases: &[(&str, &[Link<'_>], &[&str], Link<'_>)] = &[
        (
            "the link",
            &[("weighbridge.yaml", "real/b.yaml")],
            &[],
            ("weighbridge.yaml", "lax/b.yaml"),
        ),
        (
            "a folder",
            &[("a", "real"), ("weighbridge.yaml", "a/b.yaml")],
            &[],
            ("a", "lax"),
        ),
        (
            "a link to a link",
            &[
                ("mid.yaml", "real/b.yaml"),
                ("weighbridge.yaml", "mid.yaml"),
            ],
            &[],
            ("mid.yaml", "lax/b.yaml"),
        ),
        (
            "extends through a folder",
            &[("a", "real")],
            &["a/b.yaml"],
            ("a", "lax"),
        ),
        (
            "extends a link",
            &[("base.yaml", "real/b.yaml")],
            &["./base.yaml"],
            ("base.yaml", "lax/b.yaml"),
        ),
        (
            "extends above a link",
            &[("a", "real/in")],
            &["a/../b.yaml"],
            ("a", "lax/in"),
        ),
    ];
    for (what, links, extended, (link, target)) in cases {
        let repo = repo!();
        repo.write("real/b.yaml", STRICT).write("lax/b.yaml", LOOSE);
        repo.write("real/in/x", "").write("lax/in/x", "");
        for path in *extended {
            repo.write("weighbridge.yaml", extends(path));
        }
        for (link, target) in *links {
            symlink(target, repo.root.join(link)).unwrap();
        }
        repo.commit();
        fs::remove_file(repo.root.join(link)).unwrap();
        symlink(target, repo.root.join(link)).unwrap();
        repo.git(&["add", "-A"]);
        let staged = check(&repo, &["--staged"]);
        assert!(
            staged.stdout.contains("policy-loosened"),
            "{what}: {staged:?}"
        );
        repo.commit();
        let change = check(&repo, &["--diff=HEAD~1"]);
        assert!(
            change.stdout.contains("policy-loosened"),
            "{what}: {change:?}"
        );
        // It is the old one that judges.
        assert!(
            policy(&change).contains(&short(&repo, "HEAD~1")),
            "{what}: {change:?}"
        );
    }
}

#[test]
fn another_spelling_of_the_policy_is_the_policy_where_case_does_not_count() {
    let repo = repo!();
    repo.write(".weighbridge.yaml", STRICT).commit();
    repo.write("WeighBridge.yaml", LOOSE).commit();
    let change = check(&repo, &["--diff=HEAD~1"]);
    assert!(change.stdout.contains("policy-changed"), "{change:?}");
}
