//! `weighbridge check`: exit codes, and where what is written goes.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{
    cli::{finish, program, run},
    comparison::{Needs, skip},
    pickle::Pickle,
    repo::{repo, scrub},
};

#[test]
fn exit_codes_say_how_it_went() {
    let repo = repo!();
    assert_eq!(run(&repo.root, &["check"]).code, 3);
    repo.write("notes.txt", "nothing of ours");
    let nothing = run(&repo.root, &["check"]);
    assert_eq!(nothing.code, 3);
    assert!(nothing.stdout.contains("nothing to check"), "{nothing:?}");
    repo.write("a.py", "import os\n");
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    for arguments in [
        &["check", "absent.pt"][..],
        &["check", "--threads", "0"],
        &["check", "--policy", "absent.yaml"],
        &["check", "--output", "absent/folder/out.txt"],
        &["inspect", "."],
        &["nonsense"],
        &[],
    ] {
        let run = run(&repo.root, arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert_ne!(run.stderr, "", "{arguments:?}");
    }
}

#[test]
fn a_report_that_cannot_be_written_says_where_it_could() {
    let repo = repo!();
    repo.write("src/a.py", "import os\n");
    for (to, help) in [
        (
            "absent/out.sarif",
            "create its folder first, or name a file elsewhere",
        ),
        ("src", "name a file in it"),
    ] {
        let run = run(&repo.root, &["check", "--output", to]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(help), "{}", run.stderr);
    }
}

/// A commit that brings nothing of ours is no reason to stop it.
#[test]
fn nothing_staged_is_clean() {
    let repo = repo!();
    repo.write("notes.txt", "1");
    repo.git(&["add", "-A"]);
    let run = run(&repo.root, &["check", "--staged"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("nothing to check"), "{run:?}");
}

#[test]
fn errors_say_what_to_do_next() {
    let repo = repo!();
    let outside = repo.outside();
    let text = run(&outside, &["check", "--staged"]).shown(&outside);
    insta::assert_snapshot!(text, @r"
    error: `[DIR]` is not in a git repository
       │ help: `--staged` judges what `git commit` would record; leave it out to
       │       check files
       ╰──
    exit 2
    ");
    repo.git_in(&outside, &["init", "-q", "--bare", "bare"]);
    let text = run(&outside.join("bare"), &["check"]).stderr;
    assert!(text.contains("has no work tree"), "{text}");
    // A file is a file, even there.
    let text = run(&outside.join("bare"), &["check", "HEAD"]);
    assert_eq!(text.code, 3, "{text:?}");
}

#[cfg(unix)]
#[test]
fn a_repository_of_someone_else_is_not_read() {
    let repo = repo!();
    repo.write("a.py", "");
    if std::os::unix::fs::chown(&repo.root, Some(65534), None).is_err()
        || std::os::unix::fs::chown(repo.root.join(".git"), Some(65534), None).is_err()
    {
        skip!(Needs::Machine, "this user cannot give files away");
    }
    let refused = run(&repo.root, &["check"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("safe.directory"), "{refused:?}");
    let mut program = program(&repo.root);
    fs::write(
        repo.root.join(".gitconfig"),
        format!("[safe]\n\tdirectory = {}\n", repo.root.display()),
    )
    .unwrap();
    let trusted = finish(program.arg("check"));
    assert_eq!(trusted.code, 0, "{trusted:?}");
}

#[test]
fn output_is_there_whole_or_not_at_all() {
    let repo = repo!();
    repo.write("a.py", "");
    let run_to = |path: &str| run(&repo.root, &["check", "--output", path]);
    assert_eq!(run_to("out.txt").code, 0);
    let text = fs::read_to_string(repo.root.join("out.txt")).unwrap();
    assert_ne!(text, "");
    assert_eq!(
        run_to("out.txt").stdout,
        "",
        "the report is in the file alone"
    );
    fs::create_dir(repo.root.join("folder")).unwrap();
    assert_eq!(run_to("folder").code, 2);
    // Nothing is left beside it.
    let mut names: Vec<_> = fs::read_dir(&repo.root)
        .unwrap()
        .map(|child| child.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [".git", "a.py", "folder", "out.txt"]);
}

#[cfg(unix)]
#[test]
fn output_goes_into_devices_and_through_no_link() {
    let repo = repo!();
    repo.write("a.py", "").write("real.txt", "before");
    std::os::unix::fs::symlink("real.txt", repo.root.join("link.txt")).unwrap();
    assert_eq!(run(&repo.root, &["check", "-o", "link.txt"]).code, 2);
    let real = fs::read_to_string(repo.root.join("real.txt")).unwrap();
    assert_eq!(real, "before");
    assert_eq!(run(&repo.root, &["check", "-o", "/dev/null"]).code, 0);
    let full = run(&repo.root, &["check", "-o", "/dev/full"]);
    assert_eq!(full.code, 2, "{full:?}");
}

/// A reader who has seen enough changes nothing about the outcome.
#[test]
fn a_closed_pipe_is_no_error() {
    let repo = repo!();
    repo.write("a.py", "");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = program(&repo.root)
        .arg("check")
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&status.stderr), "");
}

#[test]
fn the_output_is_the_same_for_any_number_of_threads() {
    let repo = repo!();
    for i in 0..600_u16 {
        repo.write(&format!("d{}/f{i}.py", i % 7), format!("import m{i}\n"));
        repo.write(&format!("d{}/m{i}.gguf", i % 5), i.to_le_bytes());
    }
    let expected = run(&repo.root, &["check", "--threads", "1"]);
    for threads in ["2", "3", "16"] {
        let run = run(&repo.root, &["check", "--threads", threads]);
        assert_eq!(
            (run.code, run.stdout),
            (expected.code, expected.stdout.clone())
        );
    }
}

#[test]
fn no_colour_where_nobody_looks() {
    let repo = repo!();
    repo.write("a.py", "");
    let plain = run(&repo.root, &["check"]).stdout;
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let error = |set: Option<(&str, &str)>, arguments: &[&str]| {
        let mut program = program(&repo.root);
        program.args(arguments);
        if let Some((name, value)) = set {
            program.env(name, value);
        }
        finish(&mut program).stderr.contains('\u{1b}')
    };
    let absent = ["check", "absent"];
    assert!(!error(None, &absent));
    assert!(error(Some(("CLICOLOR_FORCE", "1")), &absent));
    assert!(!error(Some(("CLICOLOR_FORCE", "0")), &absent));
    assert!(error(None, &["check", "absent", "--color", "always"]));
    assert!(!error(
        Some(("CLICOLOR_FORCE", "1")),
        &["check", "absent", "--color", "never"]
    ));
}

#[test]
fn a_policy_to_start_from_is_written_once() {
    let repo = repo!();
    repo.write("a.py", "");
    let first = run(&repo.root, &["policy", "init"]);
    assert_eq!(first.code, 0, "{first:?}");
    let text = fs::read_to_string(repo.root.join("weighbridge.yaml")).unwrap();
    assert!(text.contains("extends: recommended"), "{text}");
    assert_eq!(run(&repo.root, &["policy", "init"]).code, 2);
    let shown = run(&repo.root, &["policy", "init", "--output", "-"]).stdout;
    assert!(shown.contains("extends: recommended"), "{shown}");
    let check = run(&repo.root, &["check"]);
    assert_eq!(check.code, 0, "{check:?}");
    assert!(check.stdout.contains("weighbridge.yaml"), "{check:?}");
}

/// What a report offers to run is run by a shell, and must be about the very bytes that were judged, in each view.
#[test]
fn the_next_command_is_about_what_was_judged() {
    if !Path::new("/bin/sh").exists() {
        skip!(Needs::Program("sh"), "there is no shell");
    }
    let repo = repo!();
    let evil = |argument: &str| {
        Pickle::proto(2)
            .global("os", "system")
            .unicode(argument)
            .tuple1()
            .reduce()
            .stop()
    };
    let path = "mo dels/it's 0:m.pkl";
    repo.write(path, evil("one")).write("sub/a.py", "").commit();
    repo.git(&["tag", "first"]);
    repo.write(path, evil("two")).commit();
    repo.write(path, evil("three"));
    repo.git(&["add", "-A"]);
    repo.write(path, "no longer there");

    let sub = repo.root.join("sub");
    for (view, bytes) in [
        (&["--rev", "first"][..], evil("one")),
        (&["--diff", "first"], evil("two")),
        (&["--diff", "HEAD..first"], evil("one")),
        (&["--staged"], evil("three")),
        (&["--history=first", "../mo dels"], evil("one")),
    ] {
        let run = run(&sub, &[&["check", "--format", "plain"][..], view].concat());
        assert!(
            !run.stdout.contains("Next: weighbridge inspect ../"),
            "{}",
            run.stdout
        );
        let next = run
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("Next: git cat-file "))
            .unwrap_or_else(|| panic!("{view:?}: {}", run.stdout));
        let (command, _) = next.split_once(" >FILE: ").unwrap();
        let mut shell = Command::new("/bin/sh");
        scrub(&mut shell, &repo.outside());
        let output = shell
            .current_dir(&sub)
            .args(["-c", &format!("git cat-file {command}")])
            .output()
            .unwrap();
        assert!(output.stdout == bytes, "{view:?}: {next}");
    }

    // From elsewhere git would look into another repository, so nothing is offered.
    let outside = run(&repo.outside(), &["check", "--rev", "first", "repo"]);
    assert!(
        !outside.stdout.contains("weighbridge inspect repo"),
        "{}",
        outside.stdout
    );
}
