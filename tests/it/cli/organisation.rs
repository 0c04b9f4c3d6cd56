//! `--organisation-policy`: a policy above the repository's own, in every view.

use std::fs;

use crate::support::{
    cli::{Run, finish, program, run},
    repo::{Repo, repo},
};

const LOAD: &str = "import torch\ntorch.load(p, weights_only=False)\n";
const ORG: &str = "version: 1\nextends: recommended\nlocked: [rules.torch-load-unsafe]\n";
const LOOSE: &str = "version: 1\nextends: recommended\nrules: {torch-load-unsafe: allow}\n";
const TIGHT: &str = "version: 1\nextends: recommended\nrules: {torch-load-implicit: deny}\n";

/// Writes the organisation's policy beside a repository.
fn organise(repo: &Repo, text: &str) {
    fs::write(repo.outside().join("org.yaml"), text).unwrap();
}

fn below(repo: &Repo, arguments: &[&str]) -> Run {
    let organisation = "--organisation-policy=../org.yaml";
    run(&repo.root, &[&["check", organisation], arguments].concat())
}

/// The line that says which policy judged.
fn policy(run: &Run) -> &str {
    let lines = run.stdout.lines();
    let mut found = lines.filter_map(|line| line.strip_prefix("policy:"));
    found.next().unwrap_or_else(|| panic!("{run:?}")).trim()
}

#[test]
fn it_judges_alone_or_above_the_repositorys_own() {
    let repo = repo!();
    organise(&repo, ORG);
    repo.write("a.py", LOAD).commit();
    let alone = below(&repo, &[]);
    assert_eq!((alone.code, policy(&alone)), (1, "../org.yaml"));

    repo.write("weighbridge.yaml", TIGHT).commit();
    let both = below(&repo, &[]);
    assert_eq!(policy(&both), "weighbridge.yaml, below ../org.yaml");

    repo.write("weighbridge.yaml", LOOSE).commit();
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    let loose = below(&repo, &[]);
    insta::assert_snapshot!(loose.shown(&repo.outside()), @"
    error: this lowers `torch-load-unsafe` from `deny` to `allow`, and ../org.yaml:3
      locks `rules.torch-load-unsafe`
       ╭─ weighbridge.yaml:3:28
     2 │ extends: recommended
     3 │ rules: {torch-load-unsafe: allow}
       │                            ━━━━━
       │
       │ help: remove it, or ask the owners of ../org.yaml to change it there
       ╰──
    exit 2
    ");

    // A bundled one, and a file that the user names below it.
    let bundled = run(
        &repo.root,
        &[
            "check",
            "--organisation-policy=strict",
            "--policy=./weighbridge.yaml",
        ],
    );
    assert_eq!(
        (bundled.code, policy(&bundled)),
        (0, "./weighbridge.yaml, below strict (built in)")
    );
    // Never nothing where one is asked for.
    for named in ["../none.yaml", "nosuch", ""] {
        let option = format!("--organisation-policy={named}");
        let run = run(&repo.root, &["check", &option]);
        assert_eq!(run.code, 2, "{run:?}");
        let mut program = program(&repo.root);
        program.env("WEIGHBRIDGE_ORGANISATION_POLICY", named);
        let run = finish(program.arg("check"));
        assert_eq!(run.code, 2, "{run:?}");
    }
}

#[test]
fn the_environment_names_it_for_every_command() {
    let repo = repo!();
    organise(&repo, ORG);
    repo.write("a.py", LOAD)
        .write("weighbridge.yaml", TIGHT)
        .commit();
    let by = |arguments: &[&str]| {
        let mut program = program(&repo.root);
        program.env(
            "WEIGHBRIDGE_ORGANISATION_POLICY",
            repo.outside().join("org.yaml"),
        );
        finish(program.args(arguments))
    };
    let check = by(&["check"]);
    assert!(
        policy(&check).starts_with("weighbridge.yaml, below /"),
        "{check:?}"
    );
    let show = by(&["policy", "show"]).stdout;
    assert!(show.contains("org.yaml:3"), "{show}");
    assert!(
        show.starts_with("# weighbridge.yaml, which extends "),
        "{show}"
    );
    let explain = by(&["policy", "explain", "torch-load-implicit"]).stdout;
    assert!(explain.contains("below /"), "{explain}");
    repo.write("b.py", LOAD).git(&["add", "b.py"]);
    let hook = by(&["hook", "run", "pre-commit"]);
    assert_eq!(hook.code, 1, "{hook:?}");
    repo.write("weighbridge.yaml", LOOSE).git(&["add", "."]);
    let hook = by(&["hook", "run", "pre-commit"]);
    assert!(
        hook.stderr.contains("locks `rules.torch-load-unsafe`"),
        "{hook:?}"
    );
}

#[test]
fn it_is_never_part_of_a_change() {
    let repo = repo!();
    organise(&repo, ORG);
    repo.write("org.yaml", ORG)
        .write("weighbridge.yaml", TIGHT)
        .commit();
    repo.git(&["checkout", "-q", "-b", "topic"]);
    // Beside the repository it is read from disk, whatever is compared.
    repo.write("weighbridge.yaml", LOOSE)
        .write("a.py", LOAD)
        .commit();
    let outside = below(&repo, &["--diff=main...topic"]);
    assert_eq!(outside.code, 1, "{outside:?}");
    let short = repo.git(&["rev-parse", "--short=7", "main"]);
    assert_eq!(
        policy(&outside),
        format!("weighbridge.yaml at {short} (main), below ../org.yaml")
    );
    assert!(outside.stdout.contains("[policy-broken]"), "{outside:?}");
    // A file of the repository is read from what the change starts from.
    repo.write("weighbridge.yaml", TIGHT)
        .write(
            "org.yaml",
            "version: 1\nextends: recommended\nrules: {torch-load-unsafe: allow}\n",
        )
        .commit();
    let inside = run(
        &repo.root,
        &[
            "check",
            "--organisation-policy=org.yaml",
            "--diff=main...topic",
        ],
    );
    assert_eq!(inside.code, 1, "{inside:?}");
    assert!(inside.stdout.contains("[torch-load-unsafe]"), "{inside:?}");
    assert!(inside.stdout.contains("[policy-loosened]"), "{inside:?}");
    // What another repository has that lies there is read from disk.
    repo.write("org/.git/HEAD", "ref: refs/heads/main\n")
        .write("org/policy.yaml", ORG);
    let nested = run(
        &repo.root,
        &[
            "check",
            "--organisation-policy=org/policy.yaml",
            "--diff=main...topic",
        ],
    );
    assert!(
        policy(&nested).ends_with("below org/policy.yaml"),
        "{nested:?}"
    );
    fs::remove_dir_all(repo.root.join("org")).unwrap();
    // One that the change brings does not judge it, and neither does nobody.
    repo.git(&["mv", "org.yaml", "new.yaml"]);
    repo.commit();
    let new = run(
        &repo.root,
        &[
            "check",
            "--organisation-policy=new.yaml",
            "--diff=main...topic",
        ],
    );
    assert_eq!(new.code, 2, "{new:?}");
    assert!(new.stderr.contains("there is none at"), "{new:?}");
}

#[test]
fn what_it_says_to_all_is_not_told_to_one() {
    let repo = repo!();
    organise(
        &repo,
        "version: 1\nextends: recommended\nglobals: {allow: [org.models.Net]}\nexclude: [firmware/]\n",
    );
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nglobals: {allow: [app.Net]}\n",
    )
    .commit();
    let run = run(
        &repo.root,
        &["policy", "check", "--organisation-policy=../org.yaml"],
    );
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stdout.contains("app.Net") && !run.stdout.contains("org.models"),
        "{run:?}"
    );
    assert!(!run.stdout.contains("firmware"), "{run:?}");
}

#[test]
fn what_allow_writes_holds_below_it() {
    let repo = repo!();
    organise(&repo, "version: 1\nformats: {allow: [pickle]}\n");
    // `app.Net()`.
    repo.write("a.pkl", b"\x80\x02capp\nNet\n)\x81.");
    let below = |arguments: &[&str]| {
        run(
            &repo.root,
            &[arguments, &["--organisation-policy=../org.yaml"]].concat(),
        )
    };
    let allow = below(&["policy", "allow", "a.pkl"]);
    assert_eq!(allow.code, 0, "{allow:?}");
    let written = fs::read_to_string(repo.root.join("weighbridge.yaml")).unwrap();
    assert!(written.starts_with("version: 1\nglobals:\n"), "{written}");
    assert_eq!(below(&["check"]).code, 0);
    // What is locked is not added to.
    fs::remove_file(repo.root.join("weighbridge.yaml")).unwrap();
    organise(
        &repo,
        "version: 1\nformats: {allow: [pickle]}\nlocked: [globals.allow]\n",
    );
    let locked = below(&["policy", "allow", "a.pkl"]);
    assert_ne!(locked.code, 0, "{locked:?}");
    assert!(
        locked.stderr.contains("locks `globals.allow`"),
        "{locked:?}"
    );
    assert!(!repo.root.join("weighbridge.yaml").exists());
}
