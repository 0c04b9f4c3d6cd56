//! `check --history` and `check --all-refs`, and the page that explains them.

use std::path::Path;

use crate::support::{
    cli::run,
    import::Import,
    pickle::Pickle,
    repo::{Repo, repo},
};

/// A model that was introduced, changed and removed, beside a script.
fn removed_model() -> Option<Repo> {
    let repo = Repo::new(&[])?;
    let mut import = Import::default();
    let evil = |argument: &str| {
        Pickle::proto(2)
            .global("os", "system")
            .unicode(argument)
            .tuple1()
            .reduce()
            .stop()
    };
    let (id, ls) = (import.blob(evil("id")), import.blob(evil("ls")));
    let script = import.blob("x = 1\n");
    let main = "refs/heads/main";
    let day = 86_400;
    let first = import.commit(
        main,
        19_000 * day,
        "add the model",
        &[],
        &[
            format!("M 100644 :{id} models/m.pkl"),
            format!("M 100644 :{script} a.py"),
        ],
    );
    let second = import.commit(
        main,
        19_100 * day,
        "train again",
        &[first],
        &[
            format!("M 100644 :{ls} models/m.pkl"),
            format!("M 100644 :{ls} models/copy.pkl"),
        ],
    );
    import.commit(
        main,
        19_200 * day,
        "remove the model",
        &[second],
        &[String::from("D models/m.pkl")],
    );
    import.into_repo(&repo);
    repo.git(&["reset", "-q", "--hard"]);
    // It was pushed long ago.
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    Some(repo)
}

fn without_ids(repo: &Repo, text: &str) -> String {
    let mut text = text.to_owned();
    for (revision, name) in [
        ("main~2", "[first]"),
        ("main~1", "[second]"),
        ("main", "[third]"),
    ] {
        let id = repo.git(&["rev-parse", revision]);
        text = text.replace(&id, name).replace(id.get(..12).unwrap(), name);
    }
    text
}

#[test]
fn versions_of_a_file_are_told_apart_and_the_removed_ones_said() {
    let Some(repo) = removed_model() else { return };
    let all = run(&repo.root, &["check", "--history"]);
    assert_eq!((all.code, all.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(without_ids(&repo, &all.stdout), @"
    ── models/copy.pkl ────────────────────────────────────────────────── 1 error ──
       introduced by [second] on 2022-04-18 (A <a@example.org>: train again)

    error[global-not-allowed]: loading runs `os.system('ls')`; the policy does not
      list `os.system` (it runs a program or changes the system)
       ╭─ models/copy.pkl @ 0x15 REDUCE
       │ 0x0002  GLOBAL            os system
       │ 0x000d  BINUNICODE        'ls'
       │ 0x0014  TUPLE1
       │ 0x0015  REDUCE            os.system('ls')
       │                           ━━━━━━━━━━━━━━━
       ├─ recommended.yaml (built in):9
     9 │ globals:
       │ ─────── no entry here lists it
       │
       │ help: do not load this file; find out who made it and how it came here
       │ help: if the file is yours, keep data in a format that holds only data:
       │       safetensors, npy, JSON
       ╰──

    ── models/m.pkl ───────────────────────────────────────────────────── 1 error ──
       introduced by [first] on 2022-01-08 (A <a@example.org>: add the model),
       no longer there

    error[global-not-allowed]: loading runs `os.system('id')`; the policy does not
      list `os.system` (it runs a program or changes the system)
       ╭─ models/m.pkl @ 0x15 REDUCE
       │ 0x0002  GLOBAL            os system
       │ 0x000d  BINUNICODE        'id'
       │ 0x0014  TUPLE1
       │ 0x0015  REDUCE            os.system('id')
       │                           ━━━━━━━━━━━━━━━
       ├─ recommended.yaml (built in):9
     9 │ globals:
       │ ─────── no entry here lists it
       │
       │ help: do not load this file; find out who made it and how it came here
       │ help: if the file is yours, keep data in a format that holds only data:
       │       safetensors, npy, JSON
       ╰──

    ── models/m.pkl ───────────────────────────────────────────────────── 1 error ──
       introduced by [second] on 2022-04-18 (A <a@example.org>: train again), no
       longer there

    error[global-not-allowed]: loading runs `os.system('ls')`; the policy does not
      list `os.system` (it runs a program or changes the system)
       ╭─ models/m.pkl @ 0x15 REDUCE
       │ 0x0002  GLOBAL            os system
       │ 0x000d  BINUNICODE        'ls'
       │ 0x0014  TUPLE1
       │ 0x0015  REDUCE            os.system('ls')
       │                           ━━━━━━━━━━━━━━━
       ├─ recommended.yaml (built in):9
     9 │ globals:
       │ ─────── no entry here lists it
       │
       │ help: do not load this file; find out who made it and how it came here
       │ help: if the file is yours, keep data in a format that holds only data:
       │       safetensors, npy, JSON
       ╰──

    refused: 3 errors in 2 files
    checked: 3 artifacts and 1 source file in the history of HEAD
    policy:  recommended (built in)
    note:    files that were removed are still in every clone: rewrite the history
             (`git filter-repo --invert-paths --path PATH`) and make every clone
             anew, or treat the file as public: warn everyone who may have loaded
             it, and replace every secret in it
    next:    weighbridge explain global-not-allowed  why, and what to use instead
             git cat-file blob [second]:models/copy.pkl >FILE
             weighbridge inspect FILE                all that loading it would do
    ");
    let plain = run(
        &repo.root,
        &["check", "--all-refs", "--format", "plain", "models/m.pkl"],
    );
    insta::assert_snapshot!(without_ids(&repo, &plain.stdout), @"
    File models/m.pkl: 1 error.
    History: introduced by [first] on 2022-01-08 (A <a@example.org>: add the model), no longer there.

    Error, rule global-not-allowed: loading runs `os.system('id')`; the policy does not list `os.system` (it runs a program or changes the system).
    Place: opcode REDUCE at offset 0x15.
    Opcode at 0x0002  GLOBAL            os system
    Opcode at 0x000d  BINUNICODE        'id'
    Opcode at 0x0014  TUPLE1
    Opcode at 0x0015  REDUCE            os.system('id')
    Marked: os.system('id')
    Decided by recommended.yaml (built in), line 9: globals:
    Marked: globals: no entry here lists it.
    Help: do not load this file; find out who made it and how it came here
    Help: if the file is yours, keep data in a format that holds only data: safetensors, npy, JSON

    File models/m.pkl: 1 error.
    History: introduced by [second] on 2022-04-18 (A <a@example.org>: train again), no longer there.

    Error, rule global-not-allowed: loading runs `os.system('ls')`; the policy does not list `os.system` (it runs a program or changes the system).
    Place: opcode REDUCE at offset 0x15.
    Opcode at 0x0002  GLOBAL            os system
    Opcode at 0x000d  BINUNICODE        'ls'
    Opcode at 0x0014  TUPLE1
    Opcode at 0x0015  REDUCE            os.system('ls')
    Marked: os.system('ls')
    Decided by recommended.yaml (built in), line 9: globals:
    Marked: globals: no entry here lists it.
    Help: do not load this file; find out who made it and how it came here
    Help: if the file is yours, keep data in a format that holds only data: safetensors, npy, JSON

    Refused: 2 errors in 1 file.
    Checked: 2 artifacts in the history of all refs.
    Policy: recommended (built in).
    Note: files that were removed are still in every clone: rewrite the history (`git filter-repo --invert-paths --path PATH`) and make every clone anew, or treat the file as public: warn everyone who may have loaded it, and replace every secret in it.
    Next: weighbridge explain global-not-allowed: why, and what to use instead.
    Next: git cat-file blob [first]:models/m.pkl >FILE: to look at it again.
    Next: weighbridge inspect FILE: all that loading it would do.
    ");
    let json = run(&repo.root, &["check", "--history", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let introduced: Vec<String> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            format!(
                "{} {} {}",
                finding["path"],
                finding["introduced_by"]["summary"],
                finding["introduced_by"]["gone"]
            )
        })
        .collect();
    insta::assert_snapshot!(introduced.join("\n"), @r#"
    "models/copy.pkl" "train again" false
    "models/m.pkl" "add the model" true
    "models/m.pkl" "train again" true
    "#);
    // The work tree has one of them.
    assert!(
        run(&repo.root, &["check"])
            .stdout
            .contains("1 error in 1 file")
    );
    // A range that brings none of it, and a path is not taken for a range.
    assert_eq!(
        run(&repo.root, &["check", "--history=HEAD~1..HEAD"]).code,
        0
    );
    assert_eq!(run(&repo.root, &["check", "--history", "a.py"]).code, 0);
    for bad in [
        &["check", "--history", "--staged"][..],
        &["check", "--history", "--all-refs"],
        &["check", "--history=nowhere"],
    ] {
        assert_eq!(run(&repo.root, bad).code, 2, "{bad:?}");
    }
}

/// What nobody else has can still be taken out; what is public cannot.
#[test]
fn what_to_do_about_a_removed_file_depends_on_who_has_it() {
    let Some(repo) = removed_model() else { return };
    let notes = || {
        let run = run(&repo.root, &["check", "--history", "--format", "plain"]);
        let lines = run.stdout.lines().filter(|line| line.starts_with("Note: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let public = notes();
    assert_eq!(public.len(), 1);
    assert!(public[0].contains("make every clone anew"), "{public:?}");
    // Of two that are gone, one was pushed.
    repo.git(&["update-ref", "refs/remotes/origin/main", "main~2"]);
    let both = notes();
    assert_eq!(both.len(), 2);
    assert_eq!(both[0], public[0]);
    repo.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    insta::assert_snapshot!(notes().join("\n"), @"Note: files that were removed are still in commits that no remote is known to have: remove them from the commit that introduced them (`git rebase -i COMMIT^`) before you push.");
    // A bare repository is where others have theirs from.
    let bare = repo.outside().join("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let run = run(&bare, &["check", "--history", "--format", "plain"]);
    assert!(run.stdout.contains("make every clone anew"), "{run:?}");
}

#[test]
fn output_is_the_same_for_any_number_of_threads() {
    let Some(repo) = removed_model() else { return };
    let with = |threads: &str| {
        run(
            &repo.root,
            &[
                "check",
                "--all-refs",
                "--format",
                "json",
                "--threads",
                threads,
            ],
        )
        .stdout
    };
    assert_eq!(with("1"), with("3"));
}

#[test]
fn a_shallow_history_is_said_to_be_one() {
    let repo = repo!();
    repo.write("a.py", "1").commit().write("a.py", "2").commit();
    let shallow = repo.outside().join("shallow");
    let url = format!("file://{}", repo.root.display());
    repo.git(&[
        "clone",
        "-q",
        "--depth",
        "1",
        &url,
        shallow.to_str().unwrap(),
    ]);
    let run = run(&shallow, &["check", "--history"]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stdout, @"
    passed: 1 source file in the history of HEAD
    policy: recommended (built in)
    note:   this is a shallow clone, and its history ends before the first commit:
            what came earlier was not looked at; run `git fetch --unshallow` to have
            it
    ");
}

/// What a policy and the attributes say of paths is said of files; a commit is none, wherever git keeps it.
#[test]
fn a_policy_that_excludes_git_s_folder_hides_no_lost_commit() {
    let repo = repo!();
    repo.write("a.py", "1").commit().write("a.py", "2").commit();
    let lost = repo.git(&["rev-parse", "HEAD~1"]);
    let (folder, file) = lost.split_at(2);
    let place = format!(".git/objects/{folder}/{file}");
    std::fs::remove_file(repo.root.join(&place)).unwrap();
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nattributes: honour\nexclude: [\".git/**\", \"*.py\"]\n",
    )
    .write(".gitattributes", ".git/** weighbridge=off\n");
    let run = run(&repo.root, &["check", "--history"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains(&place), "{run:?}");
    assert!(run.stdout.contains("1 excluded"), "{run:?}");
}

/// Every command of the page does what the page says it does, on a repository like the one it speaks of.
#[test]
fn the_page_on_histories_is_true() {
    let Some(repo) = removed_model() else { return };
    repo.git(&["tag", "v1.0", "main~1"]);
    repo.git(&["branch", "feature"]);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/history.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut commands = 0;
    for block in page.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for example in block.split("$ ").skip(1) {
            let (command, output) = example.split_once('\n').unwrap();
            let words: Vec<&str> = command.split(' ').collect();
            assert_eq!(words[0], "weighbridge", "{command}");
            let run = run(&repo.root, &words[1..]);
            let text = without_ids(&repo, &run.stdout);
            for line in output
                .lines()
                .filter(|line| !line.is_empty() && *line != "...")
            {
                assert!(text.contains(line), "{command}: {line}\n{text}");
            }
            commands += 1;
        }
    }
    assert!(commands >= 4, "{commands}");
}

#[test]
fn a_range_after_a_space_is_not_taken_for_a_path_in_silence() {
    let repo = repo!();
    repo.write("model.py", "import torch\n").commit();
    let spaced = run(&repo.root, &["check", "--history", "HEAD~0..HEAD"]);
    assert_eq!(spaced.code, 2);
    assert!(
        spaced
            .stderr
            .contains("no file in the history is called `HEAD~0..HEAD`")
            && spaced.stderr.contains("`--history=HEAD~0..HEAD`"),
        "{spaced:?}"
    );
    // What is called like a branch, and is there, is a path.
    repo.git(&["branch", "model.py"]);
    assert_eq!(run(&repo.root, &["check", "--history", "model.py"]).code, 0);
    assert_eq!(run(&repo.root, &["check", "--history", "gone.py"]).code, 3);
}
