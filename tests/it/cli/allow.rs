//! `policy allow`: what it writes, what it refuses, and what it leaves alone.

use std::fs;

use crate::support::{
    cli::run,
    pickle::payload,
    repo::{Repo, repo},
};

const NET: &[u8] = b"\x80\x02capp.models\nNet\n)\x81}b.";
const HEAD: &str = "version: 1\nextends: recommended\n";

fn text(repo: &Repo) -> String {
    fs::read_to_string(repo.root.join("weighbridge.yaml")).unwrap()
}

fn said(run: &crate::support::cli::Run) -> String {
    format!("{}{}(exit code {})\n", run.stdout, run.stderr, run.code)
}

#[test]
fn it_writes_a_policy_where_there_is_none_and_says_when_nothing_is_needed() {
    let repo = repo!();
    repo.write("m/net.pkl", NET).write("m/plain.pkl", b"N.");
    let first = run(&repo.root, &["policy", "allow", "m/net.pkl"]);
    insta::assert_snapshot!(said(&first), @"
    weighbridge.yaml: written, 6 lines
    m/net.pkl: now passes
    (exit code 0)
    ");
    insta::assert_snapshot!(text(&repo), @r#"
    version: 1
    extends: recommended
    globals:
      allow:
        # m/net.pkl
        - {global: "app.models.Net", as: [import, construct, build]}
    "#);
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    let before = text(&repo);
    let again = run(&repo.root, &["policy", "allow", "m"]);
    insta::assert_snapshot!(said(&again), @"
    nothing is added to the policy
    all 2 artifacts pass
    (exit code 0)
    ");
    assert_eq!(text(&repo), before);
}

#[test]
fn it_adds_to_the_policy_that_check_finds_and_keeps_it() {
    for place in [
        "weighbridge.yaml",
        ".weighbridge.yaml",
        ".github/weighbridge.yaml",
    ] {
        let repo = repo!();
        let old = format!("{HEAD}# ours\r\nglobals:\r\n    allow: # names\r\n    - app.A\r\n")
            .replace('\n', "\r\n")
            .replace("\r\r", "\r");
        repo.write(place, &old).write("deep/net.pkl", NET);
        let deep = repo.root.join("deep");
        let dry = run(&deep, &["policy", "allow", "--dry-run", "net.pkl"]);
        assert_eq!(
            (dry.code, fs::read_to_string(repo.root.join(place)).unwrap()),
            (0, old.clone())
        );
        assert!(
            dry.stdout.contains(
                "+    - {global: \"app.models.Net\", as: [import, construct, build]}\r\n"
            ),
            "{dry:?}"
        );
        let run = run(&deep, &["policy", "allow", "net.pkl"]);
        assert_eq!(run.code, 0, "{run:?}");
        let new = fs::read_to_string(repo.root.join(place)).unwrap();
        assert_eq!(
            new,
            format!(
                "{old}    # deep/net.pkl\r\n    - {{global: \"app.models.Net\", as: [import, construct, build]}}\r\n"
            )
        );
    }
}

#[test]
fn a_dry_run_that_adds_nothing_says_why() {
    let repo = repo!();
    repo.write("m/plain.pkl", b"N.").write("m/bad.pkl", b"N");
    let dry = |path| said(&run(&repo.root, &["policy", "allow", "--dry-run", path]));
    insta::assert_snapshot!(dry("m/plain.pkl"), @"
    nothing is added to the policy
    m/plain.pkl: passes
    (exit code 0)
    ");
    insta::assert_snapshot!(dry("m/bad.pkl"), @"
    nothing is added to the policy
    m/bad.pkl: is still refused
      incomplete-read: it does not read to its end: the pickle ends without STOP
      fetch it again from its source, or save it again with the library that wrote it
    `weighbridge check` says what to do about what is refused
    (exit code 1)
    ");
}

#[test]
fn a_dry_run_is_a_patch() {
    let repo = repo!();
    repo.write("net.pkl", NET);
    let new = run(&repo.root, &["policy", "allow", "--dry-run", "net.pkl"]);
    insta::assert_snapshot!(said(&new), @r#"
    --- /dev/null
    +++ b/weighbridge.yaml
    @@ -0,0 +1,6 @@
    +version: 1
    +extends: recommended
    +globals:
    +  allow:
    +    # net.pkl
    +    - {global: "app.models.Net", as: [import, construct, build]}
    (exit code 0)
    "#);
    assert!(!repo.root.join("weighbridge.yaml").exists());
    repo.write(
        "weighbridge.yaml",
        format!("{HEAD}globals: {{packs: [timm]}}\nrules:\n  unusual-use: deny"),
    )
    .commit();
    let patch = run(&repo.root, &["policy", "allow", "--dry-run", "net.pkl"]);
    insta::assert_snapshot!(said(&patch), @r#"
    --- a/weighbridge.yaml
    +++ b/weighbridge.yaml
    @@ -1,5 +1,5 @@
     version: 1
     extends: recommended
    -globals: {packs: [timm]}
    +globals: {packs: [timm], allow: [{global: "app.models.Net", as: [import, construct, build]}]}
     rules:
       unusual-use: deny
    \ No newline at end of file
    (exit code 0)
    "#);
    repo.git_with_input(&["apply"], &patch.stdout);
    assert_eq!(run(&repo.root, &["check"]).code, 0);
}

#[test]
fn what_is_dangerous_is_refused_with_the_reason_and_the_rest_is_written() {
    let repo = repo!();
    repo.write("evil.pkl", payload())
        .write("net.pkl", NET)
        .write("read.me", "x\n");
    // A name that would be allowed beside one that is dangerous.
    repo.write(
        "both.pkl",
        [&b"\x80\x02capp\nOther\n)\x81}b0"[..], &payload()[..]].concat(),
    );
    let all = [
        "policy", "allow", "evil.pkl", "net.pkl", "both.pkl", "read.me",
    ];
    let first = run(&repo.root, &all);
    insta::assert_snapshot!(said(&first), @"
    weighbridge.yaml: written, 6 lines
    both.pkl: is still refused
      global-not-allowed: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)
      global-not-allowed: loading creates `app.Other()`; the policy does not list `app.Other`
      do not load this file; find out who made it and how it came here
    evil.pkl: is still refused
      global-not-allowed: loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)
      do not load this file; find out who made it and how it came here
    `weighbridge check` says what to do about what is refused
    1 of 3 artifacts now pass
    read.me: is no artifact, and needs nothing
    (exit code 1)
    ");
    insta::assert_snapshot!(text(&repo), @r#"
    version: 1
    extends: recommended
    globals:
      allow:
        # net.pkl
        - {global: "app.models.Net", as: [import, construct, build]}
    "#);
    let again = run(&repo.root, &all);
    assert_eq!(again.code, 1);
    assert!(
        again.stdout.starts_with("nothing is added to the policy\n"),
        "{again:?}"
    );
    let none = run(&repo.root, &["policy", "allow", "read.me"]);
    insta::assert_snapshot!(said(&none), @"
    no artifact was found
    (exit code 3)
    ");
}

#[test]
fn formats_are_allowed_unless_they_are_refused_by_name() {
    let repo = repo!();
    repo.write("weighbridge.yaml", "version: 1\nformats:\n  allow: [npy]\n")
        .write("net.pkl", NET);
    let first = run(&repo.root, &["policy", "allow", "net.pkl"]);
    assert_eq!(first.code, 0, "{first:?}");
    insta::assert_snapshot!(text(&repo), @r#"
    version: 1
    formats:
      allow: [npy, pickle]
    globals:
      allow:
        # net.pkl
        - {global: "app.models.Net", as: [import, construct, build]}
    "#);
    let refused = "version: 1\nformats:\n  refuse: [pickle]\n";
    repo.write("weighbridge.yaml", refused);
    let second = run(&repo.root, &["policy", "allow", "net.pkl"]);
    assert_eq!(second.code, 1, "{second:?}");
    let other = run(
        &repo.root,
        &["policy", "allow", "net.pkl", "--policy", "other.yaml"],
    );
    assert_eq!(other.code, 0, "{other:?}");
    assert!(repo.root.join("other.yaml").exists());
}

#[test]
fn a_policy_that_does_not_hold_together_or_cannot_be_edited_stays() {
    let repo = repo!();
    repo.write("net.pkl", NET);
    for (policy, why) in [
        ("version: 1\nextend: recommended\n", "extends"),
        (
            "version: 1\nextends: recommended\nglobals:\n  refuse: &n [a.B]\n  allow: *n\n",
            "",
        ),
        ("", "empty"),
    ] {
        repo.write("weighbridge.yaml", policy);
        let run = run(&repo.root, &["policy", "allow", "net.pkl"]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(why), "{run:?}");
        assert_eq!(text(&repo), policy);
    }
    repo.write("weighbridge.yaml", b"version: 1\n# \xff\n");
    assert_eq!(run(&repo.root, &["policy", "allow", "net.pkl"]).code, 2);
    let bundled = run(
        &repo.root,
        &["policy", "allow", "net.pkl", "--policy", "strict"],
    );
    insta::assert_snapshot!(said(&bundled), @"
    error: `strict` is built in and cannot be edited
       │ help: name a file, and write `extends: strict` into it
       ╰──
    (exit code 2)
    ");
    let alias = format!("{HEAD}globals:\n  packs: &n [timm]\n  allow: *n\n");
    repo.write("weighbridge.yaml", alias);
    let edited = run(&repo.root, &["policy", "allow", "net.pkl"]);
    assert_eq!(edited.code, 2, "{edited:?}");
}

#[cfg(unix)]
#[test]
fn it_writes_through_no_link_and_keeps_the_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = repo!();
    repo.write("net.pkl", NET);
    let outside = repo.outside().join("policy.yaml");
    fs::write(&outside, HEAD).unwrap();
    let policy = repo.root.join("weighbridge.yaml");
    std::os::unix::fs::symlink(&outside, &policy).unwrap();
    let linked = run(&repo.root, &["policy", "allow", "net.pkl"]);
    assert_eq!(linked.code, 2, "{linked:?}");
    assert_eq!(fs::read_to_string(&outside).unwrap(), HEAD);
    fs::remove_file(&policy).unwrap();
    repo.write("weighbridge.yaml", HEAD);
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(run(&repo.root, &["policy", "allow", "net.pkl"]).code, 0);
    assert_eq!(
        fs::metadata(&policy).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

/// Runs that write at the same time lose nothing: each writes, or says that it did not.
#[test]
fn runs_at_the_same_time_lose_no_edit() {
    let repo = repo!();
    repo.write("weighbridge.yaml", HEAD);
    for n in 0..4 {
        let body = [
            b"\x80\x02capp.models\nNet",
            n.to_string().as_bytes(),
            b"\n)\x81}b.",
        ]
        .concat();
        repo.write(&format!("net{n}.pkl"), body);
    }
    let root = &repo.root;
    let done: Vec<usize> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|n| {
                scope.spawn(move || {
                    (
                        n,
                        run(root, &["policy", "allow", &format!("net{n}.pkl")]).code,
                    )
                })
            })
            .collect();
        let codes = runs.into_iter().map(|run| run.join().unwrap());
        codes
            .filter(|(_, code)| *code == 0)
            .map(|(n, _)| n)
            .collect()
    });
    let text = text(&repo);
    assert!(!done.is_empty());
    for n in 0..4 {
        assert_eq!(
            text.contains(&format!("Net{n}\"")),
            done.contains(&n),
            "{done:?}\n{text}"
        );
    }
}
