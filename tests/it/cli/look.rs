//! Parts of a report: counted, quiet, in full, or of some rules. None of them changes the outcome.

use std::fs;

use crate::support::{
    cli::run,
    pickle::payload,
    repo::{Repo, repo},
};

/// A refused pickle, and source that is warned about.
fn mixed() -> Option<Repo> {
    let repo = Repo::new(&[])?;
    repo.write("a.pkl", payload())
        .write("b.pkl", payload())
        .write(
            "load.py",
            "import pickle\n\npickle.load(open('a.bin', 'rb'))\n",
        );
    Some(repo)
}

#[test]
fn findings_are_counted_by_rule() {
    let Some(repo) = mixed() else { return };
    let counted = run(&repo.root, &["check", "--statistics"]);
    assert_eq!(counted.code, 1);
    insta::assert_snapshot!(counted.stdout, @r"
    2  error    global-not-allowed  in 2 files
    1  warning  pickle-load         in 1 file

    refused: 2 errors in 2 files, 1 warning
    checked: 2 artifacts and 1 source file in the work tree
    policy: recommended (built in)
    ");
    let counted = run(&repo.root, &["check", "--statistics", "--format", "json"]);
    let page: serde_json::Value = serde_json::from_str(&counted.stdout).unwrap();
    assert_eq!(page["outcome"], "refused");
    assert_eq!(page["statistics"][0]["rule"], "global-not-allowed");
    assert_eq!(page["statistics"][0]["findings"], 2);
    assert_eq!(page["statistics"][1]["level"], "warn");
    let sarif = run(&repo.root, &["check", "--statistics", "--format", "sarif"]);
    assert_eq!(sarif.code, 2);
}

#[test]
fn a_look_says_what_it_leaves_out_and_decides_nothing() {
    let Some(repo) = mixed() else { return };
    for look in [
        &["--ignore", "global-not-allowed"][..],
        &["--ignore", "pickle"],
        &["--select", "pickle-load"],
        &["--select", "source"],
        &["--select", "*-load,joblib-*"],
    ] {
        let seen = run(&repo.root, &[&["check"], look].concat());
        assert_eq!(seen.code, 1, "{look:?}: {seen:?}");
        assert!(!seen.stdout.contains("a.pkl"), "{look:?}: {seen:?}");
        assert!(
            seen.stdout.contains("refused: 2 errors that are not shown"),
            "{look:?}: {seen:?}"
        );
        assert!(seen.stdout.contains("is for a look: it leaves out 2"));
        let quiet = run(&repo.root, &[&["check", "--quiet"], look].concat());
        assert_eq!(quiet.code, 1);
        assert!(
            quiet
                .stdout
                .starts_with("refused: 2 errors that are not shown"),
            "{quiet:?}"
        );
        assert_eq!(quiet.stdout.lines().count(), 1, "{quiet:?}");
    }
    let json = ["check", "--ignore", "global-*", "--format", "json"];
    let page: serde_json::Value = serde_json::from_str(&run(&repo.root, &json).stdout).unwrap();
    assert_eq!(page["outcome"], "refused");
    assert!(
        page["notices"][0]
            .as_str()
            .unwrap()
            .contains("which still count")
    );
    // What a service reads is complete: what is missing would be taken for mended.
    for report in [
        &["--format", "sarif"][..],
        &["--format", "junit"],
        &["--output", "json=out.json"],
    ] {
        let looked = run(
            &repo.root,
            &[&["check", "--ignore", "global-*"], report].concat(),
        );
        assert_eq!(looked.code, 2, "{report:?}: {looked:?}");
        assert!(looked.stderr.contains("is always complete"), "{looked:?}");
    }
    assert!(!repo.root.join("out.json").exists());
    let wrong = run(&repo.root, &["check", "--select", "pickel-load"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("did you mean `pickle-load`?"),
        "{wrong:?}"
    );
}

#[test]
fn quiet_tells_refusals_alone() {
    let Some(repo) = mixed() else { return };
    let quiet = run(&repo.root, &["check", "-q"]);
    assert_eq!(quiet.code, 1);
    assert!(quiet.stdout.contains("a.pkl") && !quiet.stdout.contains("load.py"));
    assert!(!quiet.stdout.contains("policy:"), "{quiet:?}");
    let concise = run(&repo.root, &["check", "-q", "--format", "concise"]);
    assert_eq!(concise.stdout.lines().count(), 2, "{concise:?}");
    fs::remove_file(repo.root.join("a.pkl")).unwrap();
    fs::remove_file(repo.root.join("b.pkl")).unwrap();
    let clean = run(&repo.root, &["check", "-q"]);
    assert_eq!(
        (clean.code, clean.stdout + &clean.stderr),
        (0, String::new())
    );
    let json = run(&repo.root, &["check", "-q", "--format", "json"]);
    assert!(json.stdout.contains("pickle-load"), "{json:?}");
}

#[test]
fn verbose_says_what_is_waived() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        "\
version: 1
extends: recommended
pins: {require: never}
overrides:
  - paths: [old]
    reason: written in 2021
    dangerous: true
    rules: {global-not-allowed: allow, unusual-use: allow, torch-load-unsafe: allow}
waivers:
  - {rule: global-not-allowed, paths: [a.pkl], reason: converted soon, expires: 2999-01-31}
",
    )
    .write("a.pkl", b"\x80\x02capp.models\nNet\n.")
    .write("old/b.pkl", payload())
    .write(
        "load.py",
        "import pickle\npickle.load(f)  # weighbridge: allow[pickle-load] our own file\n",
    );
    let verbose = run(&repo.root, &["check", "--verbose"]);
    assert_eq!(verbose.code, 0, "{verbose:?}");
    let plain = run(&repo.root, &["check", "--verbose", "--format", "plain"]).stdout;
    let of = |plain: &str| -> String {
        let is_one = |line: &&str| {
            ["Waived: by", "Allowed: by weighbridge", "Known: by"]
                .iter()
                .any(|it| line.starts_with(it))
        };
        plain.lines().filter(is_one).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(of(&plain), @"
    Allowed: by weighbridge.yaml:8 (written in 2021): global-not-allowed for posix.system in old/b.pkl.
    Waived: by load.py:2 (our own file): pickle-load for pickle.load in load.py.
    Waived: by weighbridge.yaml:10 (converted soon; until 2999-01-31): global-not-allowed for app.models.Net in a.pkl.
    ");
    assert!(
        verbose.stdout.contains("by load.py:2 (our own file)"),
        "{verbose:?}"
    );
    assert!(!run(&repo.root, &["check"]).stdout.contains("by load.py:2"));
    // What the baseline has.
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\npins: {require: never}\n",
    );
    repo.git(&["rm", "-q", "-r", "--cached", "--ignore-unmatch", "old"]);
    fs::remove_dir_all(repo.root.join("old")).unwrap();
    assert_eq!(run(&repo.root, &["baseline", "create"]).code, 0);
    let known = run(
        &repo.root,
        &[
            "check",
            "--verbose",
            "--format",
            "plain",
            "--baseline",
            "weighbridge-baseline.json",
        ],
    );
    assert_eq!(known.code, 0, "{known:?}");
    insta::assert_snapshot!(of(&known.stdout), @"
    Known: by weighbridge-baseline.json: global-not-allowed for app.models.Net in a.pkl.
    Waived: by load.py:2 (our own file): pickle-load for pickle.load in load.py.
    ");
}

#[test]
fn verbose_says_what_let_files_pass() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - app.models.Net\nexclude: [old]\npins: {require: never}\n",
    )
    .write("a.pkl", b"\x80\x02capp.models\nNet\n)\x81}b.")
    .write("old/b.pkl", payload());
    let verbose = run(&repo.root, &["check", "--verbose"]);
    assert_eq!(verbose.code, 0, "{verbose:?}");
    for said in [
        "allowed:  by weighbridge.yaml:5, in 1 file: app.models.Net",
        "excluded: old/b.pkl, by weighbridge.yaml:6",
    ] {
        assert!(verbose.stdout.contains(said), "{said}: {verbose:?}");
    }
    assert!(!run(&repo.root, &["check"]).stdout.contains("allowed:"));
    for n in 0..30 {
        let net = format!("\u{2}capp\nNet{n}\n)\u{2}.").replace('\u{2}', "");
        repo.write(&format!("n{n}.pkl"), net.replace(')', "").as_bytes());
    }
    let usual = run(&repo.root, &["check"]).stdout;
    let all = run(&repo.root, &["check", "--all"]).stdout;
    assert_eq!(usual.matches("error[").count(), 10, "{usual}");
    assert!(usual.contains(" more files "), "{usual}");
    assert_eq!(all.matches("error[").count(), 30, "{all}");
}

/// Whoever commits sees a screen, however much is refused.
#[test]
fn a_hook_tells_a_screen() {
    let repo = repo!();
    for n in 0..60 {
        repo.write(&format!("n{n}.pkl"), format!("capp\nNet{n}\n."));
        repo.write(&format!("e{n}.pkl"), payload());
    }
    repo.git(&["add", "-A"]);
    let hook = run(&repo.root, &["hook", "run", "pre-commit"]);
    assert_eq!(hook.code, 1);
    assert!(hook.stdout.lines().count() <= 60, "{}", hook.stdout);
    assert!(hook.stdout.contains("e0.pkl"), "{}", hook.stdout);
    assert!(!hook.stdout.contains("version: 1"), "{}", hook.stdout);
}
