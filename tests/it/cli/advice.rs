//! What a message proposes can be done as it says, and what cannot be done says so.

use std::fs;

use crate::support::{
    cli::{run, run_with_input},
    pickle::{Pickle, payload},
    repo::{Repo, repo},
};

const HEAD: &str = "version: 1\nextends: recommended\n";

/// A message as one line, without the frame around it.
fn plain(text: &str) -> String {
    let words = text.split_whitespace();
    words
        .filter(|word| *word != "│")
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_hook_takes_a_bundled_policy_by_its_name() {
    let repo = repo!();
    let install = ["hook", "install", "--policy", "strict"];
    let installed = run(&repo.root, &install);
    assert_eq!(installed.code, 0, "{installed:?}");
    let script = fs::read_to_string(repo.root.join(".git/hooks/pre-commit")).unwrap();
    assert!(script.contains(" --policy strict "), "{script}");
    repo.write("a.pkl", "N.").git(&["add", "-A"]);
    let judged = run(
        &repo.root,
        &["hook", "run", "pre-commit", "--policy", "strict"],
    );
    assert!(judged.stdout.contains("strict (built in)"), "{judged:?}");
    let wrong = run(&repo.root, &["hook", "install", "--policy", "strct"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("`audit`, `recommended` and `strict`"),
        "{wrong:?}"
    );
}

#[test]
fn a_policy_elsewhere_is_named_in_the_next_step() {
    let repo = repo!();
    fs::create_dir(repo.root.join("deep")).unwrap();
    let said = |arguments: &[&str]| {
        let run = run(&repo.root, &[&["policy", "init"], arguments].concat());
        assert_eq!(run.code, 0, "{run:?}");
        plain(&run.stderr)
    };
    let next = said(&["-o", "deep/it's.yaml"]);
    assert!(
        next.contains("run `weighbridge check --policy \"deep/it's.yaml\"`"),
        "{next}"
    );
    for found in [&["-o", ".github/weighbridge.yaml"][..], &[]] {
        fs::create_dir_all(repo.root.join(".github")).unwrap();
        let next = said(found);
        assert!(next.contains("run `weighbridge check`"), "{next}");
        // Another policy would judge instead of a second one, or the other way round.
        let again = run(&repo.root, &["policy", "init"]);
        let text = plain(&again.stderr);
        assert_eq!(again.code, 2, "{again:?}");
        assert!(
            text.contains("weighbridge.yaml` is already there"),
            "{text}"
        );
        fs::remove_dir_all(repo.root.join(".github")).unwrap();
    }
    let nowhere = run(&repo.root, &["policy", "init", "-o", "absent/p.yaml"]);
    assert_eq!(nowhere.code, 2);
    let text = plain(&nowhere.stderr);
    assert!(
        text.contains("cannot write the policy to `absent/p.yaml`"),
        "{text}"
    );
    assert!(text.contains("create its folder first"), "{text}");
}

#[test]
fn what_a_policy_that_allows_what_is_found_still_refuses_is_said() {
    let repo = repo!();
    // An object that is made with a keyword, as `__getnewargs_ex__` asks for; and one that is not.
    let made = b"\x80\x04\x8c\x03app\x8c\x03Net\x93K\x01\x85}\x8c\x01kK\x02s\x92.";
    repo.write("keywords.pkl", made)
        .write("plain.pkl", b"\x80\x02capp\nNet\n)\x81.");
    let init = run(&repo.root, &["policy", "init"]);
    assert_eq!(init.code, 0, "{init:?}");
    let said = plain(&init.stderr);
    assert!(
        said.contains("still refused, because no plain entry can allow it: keywords.pkl;"),
        "{said}"
    );
    assert!(!said.contains("plain.pkl"), "{said}");
    fs::remove_file(repo.root.join("keywords.pkl")).unwrap();
    fs::remove_file(repo.root.join("weighbridge.yaml")).unwrap();
    let init = run(&repo.root, &["policy", "init"]);
    assert!(!init.stderr.contains("still refused"), "{init:?}");
    assert_eq!(run(&repo.root, &["check"]).code, 0);
}

#[test]
fn where_a_policy_is_edited_is_a_file_and_no_commit() {
    let repo = repo!();
    repo.write(
        "weighbridge.yaml",
        format!("{HEAD}globals:\n  allow:\n    - app.models.Other\n"),
    );
    repo.commit()
        .write("a.pkl", b"\x80\x02capp.models\nNet\n)\x81}b.")
        .commit();
    for view in [&["--rev", "HEAD"][..], &["--diff", "HEAD~1..HEAD"]] {
        let run = run(&repo.root, &[&["check"], view].concat());
        assert_eq!(run.code, 1);
        let text = plain(&run.stdout);
        assert!(
            text.contains("add to the list `globals.allow` (weighbridge.yaml:4):"),
            "{text}"
        );
    }
}

#[test]
fn a_file_that_only_an_earlier_commit_has_is_nothing_to_allow() {
    let repo = repo!();
    let proposes = |arguments: &[&str]| {
        let run = run(&repo.root, arguments);
        assert_eq!(run.code, 1, "{run:?}");
        run.stdout.contains("policy init")
    };
    repo.write("a.pkl", b"\x80\x02capp.models\nNet\n)\x81}b.")
        .commit();
    assert!(proposes(&["check", "--history"]));
    fs::remove_file(repo.root.join("a.pkl")).unwrap();
    repo.commit();
    assert!(!proposes(&["check", "--history"]));
}

#[test]
fn a_submodule_has_a_history_of_its_own() {
    let (Some(repo), Some(module)) = (Repo::new(&[]), Repo::new(&[])) else {
        return;
    };
    module.write("a.pkl", payload()).commit();
    repo.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        module.root.to_str().unwrap(),
        "sub",
    ]);
    repo.commit();
    for view in ["--history", "--all-refs"] {
        let run = run(&repo.root, &["check", view]);
        let text = plain(&run.stdout);
        assert!(!text.contains("--recurse-submodules"), "{text}");
        assert!(
            text.contains("look at it too: cd sub && weighbridge check --history"),
            "{text}"
        );
    }
    let diff = run(&repo.root, &["check", "--rev", "HEAD"]);
    assert!(!diff.stdout.contains("cd sub"), "{diff:?}");
    let inside = run(&repo.root.join("sub"), &["check", "--history"]);
    assert_eq!(inside.code, 1, "{inside:?}");
}

#[test]
fn the_history_of_another_repository_can_be_named() {
    let (repo, other) = (repo!(), repo!());
    repo.write("a.py", "1\n").commit();
    other.write("x/a.pkl", payload()).commit();
    fs::remove_file(other.root.join("x/a.pkl")).unwrap();
    other.write("x/b.py", "1\n").commit();
    let there = other.root.to_str().unwrap();
    let below = other.root.join("x");
    let nowhere = repo.outside();
    for from in [&repo.root, &nowhere] {
        for view in ["--history", "--all-refs"] {
            for path in [there, below.to_str().unwrap()] {
                let run = run(from, &["check", view, path]);
                assert_eq!(run.code, 1, "{view} {path}: {run:?}");
                assert!(run.stdout.contains("x/a.pkl"), "{run:?}");
            }
        }
    }
    // Two repositories are two checks.
    let both = run(&repo.root, &["check", "--history", there, "a.py"]);
    assert_eq!(both.code, 2, "{both:?}");
    assert!(
        plain(&both.stderr).contains("check each repository by itself"),
        "{both:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_named() {
    let repo = repo!();
    repo.write("a.py", "1\n").write(".gitignore", "ignored\n");
    let pipe = |name: &str| {
        let path = repo.root.join(name);
        let made = std::process::Command::new("mkfifo").arg(path).status();
        made.is_ok_and(|status| status.success())
    };
    if !(pipe("model.pt") && pipe("ignored")) {
        return;
    }
    let said = || run(&repo.root, &["check"]).stdout;
    assert!(
        plain(&said()).contains("model.pt is not read: it is a pipe, a socket or a device"),
        "{}",
        said()
    );
    assert!(!said().contains("ignored"), "{}", said());
    let inspected = run(&repo.root, &["inspect", "model.pt"]).stdout;
    assert!(
        inspected.starts_with("model.pt  of unknown size\n"),
        "{inspected}"
    );
    for name in ["a", "b", "c"] {
        assert!(pipe(name));
    }
    assert!(
        plain(&said())
            .contains("a, b, c and 1 more are not read: they are pipes, sockets or devices"),
        "{}",
        said()
    );
}

#[test]
fn what_cloudpickle_writes_is_not_said_to_be_written_by_nobody() {
    let repo = repo!();
    // f(...)(...): the result of a call is called.
    repo.write(
        "a.pkl",
        Pickle::proto(2)
            .global("app", "f")
            .op(b')')
            .op(b'R')
            .op(b')')
            .op(b'R')
            .stop(),
    );
    let text = plain(&run(&repo.root, &["check", "a.pkl"]).stdout);
    assert!(
        text.contains("cloudpickle and dill write this for functions"),
        "{text}"
    );
    assert!(!text.contains("no library writes this"), "{text}");
}

#[test]
fn a_push_that_brings_a_broken_policy_is_refused() {
    let repo = repo!();
    repo.write("weighbridge.yaml", HEAD)
        .write("a.py", "1\n")
        .commit();
    let old = repo.git(&["rev-parse", "HEAD"]);
    let branch = repo.git(&["symbolic-ref", "HEAD"]);
    let pushed = |policy: &str, to: &str| {
        repo.git(&["checkout", "-q", "--detach"]);
        let new = repo
            .write("weighbridge.yaml", policy)
            .commit()
            .git(&["rev-parse", "HEAD"]);
        repo.git(&["symbolic-ref", "HEAD", &branch]);
        repo.git(&["reset", "-q", "--hard"]);
        let input = format!("{old} {new} {to}\n");
        run_with_input(&repo.root, &["hook", "run", "pre-receive"], &input)
    };
    let broken = pushed(
        "version: 1\nextends: recommended\nrules: {nonsense: deny}\n",
        &branch,
    );
    assert_eq!(broken.code, 2, "{broken:?}");
    let said = plain(&broken.stderr);
    assert!(
        said.contains("this push is refused: its policy is invalid"),
        "{said}"
    );
    assert!(said.contains("nonsense"), "{said}");
    // On another branch it judges nobody yet; one that holds together is no reason to refuse.
    let elsewhere = pushed("version: 1\nnonsense: 1\n", "refs/heads/topic");
    assert_eq!(elsewhere.code, 0, "{elsewhere:?}");
    let whole = pushed("version: 1\nextends: strict\n", &branch);
    assert_eq!(whole.code, 0, "{whole:?}");
}

#[test]
fn a_fix_says_which_content_it_fits() {
    let repo = repo!();
    repo.write(
        "load.py",
        "import torch\n\ntorch.load('a.pt', weights_only=False)\n",
    );
    for arguments in [
        &["check", "--format", "json"][..],
        &["check", "--staged", "--format", "json"],
    ] {
        repo.git(&["add", "-A"]);
        let report: serde_json::Value =
            serde_json::from_str(&run(&repo.root, arguments).stdout).unwrap();
        assert_eq!(
            report["findings"][0]["fix"]["base"],
            "961eba4207efb2ae9796cf515798fc7411a4da0a8b353466fe1e481b6641b526",
            "{report}"
        );
    }
}
