//! `policy init`, `policy diff` and `policy test` below an organisation's policy.

use std::fs;

use crate::support::{
    cli::{Run, finish, program, run},
    repo::{Repo, repo},
};

/// An instance of `app.Net`, with a state.
const NET: &[u8] = b"\x80\x02capp\nNet\n)\x81}b.";
/// One of `app.Other`.
const OTHER: &[u8] = b"\x80\x02capp\nOther\n)\x81}b.";

fn organise(repo: &Repo, text: &str) {
    fs::write(repo.outside().join("org.yaml"), text).unwrap();
}

fn below(repo: &Repo, arguments: &[&str]) -> Run {
    let organisation = "--organisation-policy=../org.yaml";
    run(&repo.root, &[arguments, &[organisation]].concat())
}

/// The policy that `policy init` writes, without comments.
fn init(repo: &Repo) -> (Run, String) {
    let run = below(repo, &["policy", "init"]);
    let path = repo.root.join("weighbridge.yaml");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(path);
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let lines: Vec<String> = lines.map(|line| format!("{line}\n")).collect();
    (run, lines.concat())
}

#[test]
fn init_writes_what_the_organisation_does_not_say() {
    let repo = repo!();
    repo.write("a.pkl", NET).write("b.pkl", OTHER);
    for (organisation, written) in [
        // It extends what the organisation extends, and repeats nothing.
        (
            "version: 1\nextends: recommended\nglobals: {allow: [app.Net]}\n",
            "version: 1\nextends: recommended\nglobals:\n  allow:\n    - {global: \"app.Other\", as: [import, construct, build]}\n",
        ),
        (
            "version: 1\nextends: recommended\nglobals: {allow: [app.Net, app.Other]}\n",
            "version: 1\nextends: recommended\n",
        ),
        // Nothing above that allows a format.
        (
            "version: 1\nglobals: {allow: [app.Net, app.Other]}\n",
            "version: 1\nformats:\n  allow:\n    - pickle\n",
        ),
    ] {
        organise(&repo, organisation);
        let (run, text) = init(&repo);
        assert_eq!((run.code, text.as_str()), (0, written), "{run:?}");
    }
}

#[test]
fn what_the_organisation_locks_stays_refused() {
    let repo = repo!();
    repo.write("a.pkl", NET).write("b.pkl", OTHER);
    organise(
        &repo,
        "version: 1\nextends: recommended\nglobals: {allow: [app.Net]}\nlocked: [globals.allow]\n",
    );
    let locked = below(&repo, &["policy", "init", "--output=own.yaml"]);
    assert_eq!(locked.code, 0, "{locked:?}");
    let text = fs::read_to_string(repo.root.join("own.yaml")).unwrap();
    assert!(
        text.contains("\nversion: 1\nextends: recommended\n\n# Still refused")
            && text.contains("#   b.pkl: "),
        "{text}"
    );
    assert!(
        locked
            .stderr
            .contains("weighbridge check --policy own.yaml --organisation-policy ../org.yaml"),
        "{locked:?}"
    );
    let check = below(&repo, &["check", "--policy=own.yaml"]);
    assert!(
        check.stdout.contains("refused: 1 error in 1 file"),
        "{check:?}"
    );
    assert!(check.stdout.contains("locks `globals.allow`"), "{check:?}");
    // Of what can be added, all is.
    organise(
        &repo,
        "version: 1\nextends: recommended\nformats: {refuse: [joblib]}\nlocked: [formats.allow]\n",
    );
    let (_, text) = init(&repo);
    assert!(
        text.contains("\"app.Net\"") && text.contains("\"app.Other\""),
        "{text}"
    );
}

#[test]
fn init_never_says_less_than_the_environment_asks_for() {
    let repo = repo!();
    organise(&repo, "version: 1\nformats: {allow: [pickle]}\n");
    repo.write("a.pkl", NET);
    let mut program = program(&repo.root);
    program.env("WEIGHBRIDGE_ORGANISATION_POLICY", "../org.yaml");
    let run = finish(program.args(["policy", "init"]));
    assert_eq!(run.code, 0, "{run:?}");
    // What is printed need not name it again.
    assert!(run.stderr.contains("run `weighbridge check`"), "{run:?}");
    let text = fs::read_to_string(repo.root.join("weighbridge.yaml")).unwrap();
    assert!(text.contains("\nversion: 1\nglobals:\n"), "{text}");
    for named in ["../none.yaml", "", "nosuch"] {
        let option = format!("--organisation-policy={named}");
        for command in [
            &["policy", "init", "--output=new.yaml"][..],
            &["policy", "diff", "recommended", "strict"],
            &["policy", "test", "cases.yaml"],
        ] {
            let run = self::run(&repo.root, &[command, &[&option]].concat());
            assert_eq!(run.code, 2, "{command:?} {named}: {run:?}");
        }
        assert!(!repo.root.join("new.yaml").exists());
    }
}

#[test]
fn diff_compares_what_holds_below_it() {
    let repo = repo!();
    organise(
        &repo,
        "version: 1\nextends: recommended\nglobals: {allow: [app.Net], refuse: [app.Bad]}\n",
    );
    let policy =
        |allow: &str| format!("version: 1\nextends: recommended\nglobals: {{allow: [{allow}]}}\n");
    repo.write("weighbridge.yaml", policy("app.A")).commit();
    repo.write("weighbridge.yaml", policy("app.A, app.Net, app.B"));
    let alone = run(&repo.root, &["policy", "diff"]).stdout;
    assert!(
        alone.contains("app.Net") && alone.contains("app.B"),
        "{alone}"
    );
    // What is allowed above was allowed before.
    let both = below(&repo, &["policy", "diff"]).stdout;
    assert!(
        !both.contains("app.Net") && both.contains("app.B"),
        "{both}"
    );
    assert!(
        both.starts_with("weighbridge.yaml, below ../org.yaml compared with weighbridge.yaml at "),
        "{both}"
    );
    // From a folder below, paths are spelled from there.
    fs::create_dir(repo.root.join("deep")).unwrap();
    let deep = run(
        &repo.root.join("deep"),
        &["policy", "diff", "--organisation-policy=../../org.yaml"],
    );
    assert!(
        deep.stdout.contains("../weighbridge.yaml:3") && deep.stdout.contains("app.B"),
        "{deep:?}"
    );
    // Named files and bundled policies are compared below it as well.
    let named = below(
        &repo,
        &["policy", "diff", "recommended", "./weighbridge.yaml"],
    );
    assert!(
        named.stdout.contains("app.A") && !named.stdout.contains("app.Net"),
        "{named:?}"
    );
    // A file of the repository is read from the revision that is compared.
    repo.write("org.yaml", "version: 1\nextends: recommended\n")
        .commit();
    repo.write(
        "org.yaml",
        "version: 1\nextends: recommended\nformats: {allow: [torch-package]}\n",
    );
    let inside = run(
        &repo.root,
        &["policy", "diff", "HEAD", "--organisation-policy=org.yaml"],
    );
    assert!(inside.stdout.contains("org.yaml:3"), "{inside:?}");
    // What it locks is an error, not a difference.
    organise(
        &repo,
        "version: 1\nextends: recommended\nlocked: [globals.allow]\n",
    );
    let locked = below(&repo, &["policy", "diff"]);
    assert_eq!(locked.code, 2, "{locked:?}");
    assert!(
        locked.stderr.contains("locks `globals.allow`"),
        "{locked:?}"
    );
}

#[test]
fn cases_are_judged_below_it() {
    let repo = repo!();
    organise(
        &repo,
        "version: 1\nextends: recommended\nglobals: {allow: [app.Net], refuse: [app.Bad]}\n",
    );
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nglobals: {allow: [app.Bad, app.Own]}\n",
    )
    .write("a.pkl", NET)
    .write(
        "cases.yaml",
        "cases:\n  - {global: app.Net, expect: allowed}\n  - {global: app.Bad, expect: refused}\n  \
         - {global: app.Own, expect: allowed}\n  - {artifact: a.pkl, expect: allowed}\n",
    );
    let run = below(&repo, &["policy", "test", "cases.yaml"]);
    assert_eq!(run.code, 0, "{run:?}");
    let alone = self::run(&repo.root, &["policy", "test", "cases.yaml"]);
    assert_eq!(alone.code, 1, "{alone:?}");
    assert_eq!(alone.stdout.matches("expected").count(), 3, "{alone:?}");
}
