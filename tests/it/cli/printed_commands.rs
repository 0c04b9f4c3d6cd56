//! What is printed to be run is run by a shell as it is printed, for files with every kind of name.

#![cfg(unix)]

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, path::Path, process::Command};

use crate::support::{
    cli::{program, run},
    repo::{Repo, repo},
};

const NAMES: &[&[u8]] = &[
    b"-a.pkl",
    b"--policy=x.pkl",
    b"a b.pkl",
    b"it's \"q\" $(x) ;&|.pkl",
    b"[a]*{b,c}?.pkl",
    b":b.pkl",
    b"!c.pkl",
    b"~d.pkl",
    b"#e.pkl",
    b"back\\slash.pkl",
    "é€.pkl".as_bytes(),
    b"line\nbreak.pkl",
    b"caf\xe9.pkl",
    "\u{202e}lkp.pkl".as_bytes(),
    b"%f\t.pkl",
    b"back`quote`.pkl",
];

/// A class that an entry allows, and a function that somebody has to read first.
const NET: &[u8] = b"\x80\x02capp.models\nNet\n)\x81}b.";
const MAKE: &[u8] = b"\x80\x02capp.models\nmake\n)R.";

fn write(repo: &Repo, folder: &str, content: &[u8]) {
    let folder = repo.root.join(folder);
    fs::create_dir_all(&folder).unwrap();
    for name in NAMES {
        // Not every file system takes every name.
        let _ = fs::write(folder.join(OsStr::from_bytes(name)), content);
    }
}

/// Runs a line in a shell that finds the program under its name. Returns the exit code and what it says.
fn shell(repo: &Repo, folder: &Path, line: &str) -> (i32, String) {
    let bin = repo.outside().join("bin");
    if !bin.exists() {
        fs::create_dir_all(&bin).unwrap();
        let real = program(&repo.root).get_program().to_owned();
        std::os::unix::fs::symlink(real, bin.join("weighbridge")).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    let done = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", bin.display()))
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].concat();
    (
        done.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// The commands of a report as `plain`: after `Next:`, between backquotes, and lines to copy.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(next) = line.strip_prefix("Next: ") {
            found.extend(
                next.rsplit_once(": ")
                    .map(|(command, _)| command.to_owned()),
            );
        } else if let Some(copied) = line.strip_prefix("Help, continued: weighbridge ") {
            found.push(format!("weighbridge {copied}"));
        } else {
            let quoted = line.split('`').skip(1).step_by(2);
            let quoted =
                quoted.filter(|it| it.starts_with("weighbridge ") || it.starts_with("git "));
            found.extend(quoted.map(str::to_owned));
        }
    }
    // What a name stands for has to be filled in.
    let is_whole = |it: &String| {
        !["FILE", "PATH", "FOLDER"]
            .iter()
            .any(|word| it.contains(word))
    };
    found.retain(is_whole);
    found
}

#[test]
fn a_report_of_each_file_prints_commands_that_a_shell_takes() {
    for folder in ["", "deep"] {
        let repo = repo!();
        write(&repo, "deep", NET);
        repo.write("weighbridge.yaml", "version: 1\nextends: recommended\n")
            .git(&["add", "-A"]);
        let here = repo.root.join(folder);
        let mut ran = 0;
        for name in NAMES {
            let path = match folder {
                "" => [b"deep/", *name].concat(),
                _ => [b"./", *name].concat(),
            };
            let report = program(&here)
                .args(["check", "--format", "plain", "--"])
                .arg(OsStr::from_bytes(&path))
                .output()
                .unwrap();
            let text = String::from_utf8(report.stdout).unwrap();
            for command in commands(&text) {
                let (code, said) = shell(
                    &repo,
                    &here,
                    &command.replace("policy allow", "policy allow --dry-run"),
                );
                assert!((0..=1).contains(&code), "{command}: {code}\n{said}\n{text}");
                assert!(!said.contains("is no artifact"), "{command}\n{said}");
                ran += 1;
            }
        }
        assert!(ran > 2 * NAMES.len(), "{ran}");
    }
}

#[test]
fn what_init_prints_allows_the_functions_of_the_files_that_it_names() {
    for folder in ["", "deep"] {
        let repo = repo!();
        write(&repo, "deep", MAKE);
        let here = repo.root.join(folder);
        let init = program(&here)
            .args(["policy", "init"])
            .env("COLUMNS", "4000")
            .output()
            .unwrap();
        let said = String::from_utf8(init.stderr).unwrap();
        let command = said.lines().find_map(|line| {
            let (_, command) = line.split_once("then run `weighbridge policy allow")?;
            Some(format!(
                "weighbridge policy allow{}",
                command.trim_end_matches('`')
            ))
        });
        let command = command.expect(&said);
        assert!(
            said.contains("no command that is shown here can hold such a name"),
            "{said}"
        );
        let (code, text) = shell(&repo, &here, &command);
        // The same function is in all of them: reading it once is enough.
        assert_eq!(code, 0, "{command}\n{text}");
        let (code, text) = shell(&repo, &here, "weighbridge check --quiet");
        assert_eq!(code, 0, "{text}");
    }
}

#[test]
fn what_is_proposed_for_a_file_that_is_left_out_leaves_out_just_that() {
    let repo = repo!();
    for folder in ["", "!deep"] {
        let folder = repo.root.join(folder);
        fs::create_dir_all(&folder).unwrap();
        for name in NAMES {
            let name = [name.strip_suffix(b".pkl").unwrap(), b".ckpt"].concat();
            let _ = fs::write(folder.join(OsStr::from_bytes(&name)), [1, 2, 0, 255]);
        }
    }
    assert_eq!(run(&repo.root, &["policy", "init"]).code, 0);
    let path = repo.root.join("weighbridge.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let (head, comment) = text.split_once("# exclude:").unwrap();
    let (patterns, unnamed): (Vec<&str>, Vec<&str>) = comment
        .lines()
        .skip(1)
        .partition(|line| !line.starts_with("# No pattern can name "));
    let patterns: Vec<&str> = patterns
        .iter()
        .map(|line| line.strip_prefix("# ").unwrap())
        .collect();
    fs::write(&path, format!("{head}exclude:\n{}\n", patterns.join("\n"))).unwrap();
    let checked = run(&repo.root, &["check", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    let left = report["findings"].as_array().unwrap();
    assert_eq!(left.len(), unnamed.len(), "{text}\n{report}");
    assert_eq!(
        report["coverage"]["excluded"],
        patterns.len() - 2,
        "{report}"
    );
    // A file beside one of a name with wildcards is not left out.
    repo.write("ab.ckpt", [1, 2, 0, 255])
        .write("axb.ckpt", [1, 2, 0, 255]);
    let again = run(&repo.root, &["check", "--format", "json"]);
    let again: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(again["findings"].as_array().unwrap().len(), left.len() + 2);
}

#[test]
fn what_freeze_prints_is_run() {
    for folder in ["", "deep"] {
        let repo = repo!();
        write(&repo, "deep", b"N.");
        repo.git(&["add", "-A"]);
        assert_eq!(run(&repo.root, &["freeze"]).code, 0);
        let here = repo.root.join(folder);
        for name in NAMES.iter().take(10) {
            let path = repo.root.join("deep").join(OsStr::from_bytes(name));
            fs::write(&path, b"K\x01.").unwrap();
            let told = run(&here, &["freeze"]);
            assert_eq!(told.code, 1, "{told:?}");
            let command = told
                .stdout
                .lines()
                .find_map(|line| line.strip_prefix("review what changed, then: "));
            let (code, said) = shell(&repo, &here, command.unwrap());
            assert_eq!(code, 0, "{command:?}\n{said}");
            fs::remove_file(&path).unwrap();
            let told = run(&here, &["freeze"]);
            let command = told
                .stdout
                .lines()
                .find_map(|line| line.strip_prefix("to remove pins: "));
            let (code, said) = shell(&repo, &here, command.unwrap());
            assert_eq!(code, 0, "{command:?}\n{said}");
            assert!(said.contains("removed"), "{said}");
        }
    }
}

/// A file that changed, one that is new, one that was renamed and one that is gone: what a check prints settles all of them, wherever
/// one stands.
#[test]
fn what_a_check_prints_about_pins_is_run_where_one_stands() {
    // Pickles of one class and several protocols.
    let net = |protocol: u8| [b"\x80", [protocol].as_slice(), &NET[2..]].concat();
    for folder in ["", "deep", "other/below"] {
        let repo = repo!();
        repo.write(
            "weighbridge.yaml",
            "version: 1\nextends: recommended\nglobals:\n  allow:\n    - app.models.Net\n",
        )
        .write("deep/a b.pkl", NET)
        .write("deep/old.pkl", net(3))
        .write("deep/gone.pkl", net(5))
        .write("other/below/x.txt", "x\n");
        assert_eq!(run(&repo.root, &["freeze"]).code, 0);
        let deep = repo.root.join("deep");
        fs::write(deep.join("a b.pkl"), net(1)).unwrap();
        fs::write(deep.join("-n.pkl"), net(0)).unwrap();
        fs::rename(deep.join("old.pkl"), deep.join("new.pkl")).unwrap();
        fs::remove_file(deep.join("gone.pkl")).unwrap();
        repo.git(&["add", "-A"]);
        let here = repo.root.join(folder);
        let mut settled = 0;
        // What is gone is settled last: its pin tells what was renamed.
        for rule in ["pin-mismatch", "pin-stale", "unpinned-artifact"] {
            let report = run(&here, &["check", "--format", "plain", "--select", rule]);
            for command in commands(&report.stdout) {
                let (code, said) = shell(&repo, &here, &command);
                assert_eq!(code, 0, "{folder}: {command}: {said}");
                settled += usize::from(command.starts_with("weighbridge freeze"));
            }
        }
        assert_eq!(settled, 4, "{folder}");
        assert_eq!(run(&repo.root, &["freeze", "--check"]).code, 0);
    }
}

/// Nobody knows where the readers of these stand.
#[test]
fn reports_that_others_read_say_where_a_command_is_to_be_run() {
    let repo = repo!();
    repo.write("deep/a.pkl", "N.");
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    repo.write("deep/a.pkl", "K\x01.").git(&["add", "-A"]);
    let here = repo.root.join("deep");
    let said = "if the new file is meant, review it and pin it";
    let place = "in the root of the repository";
    let of_root = "weighbridge freeze --update deep/a.pkl";
    for format in [
        "json",
        "json-lines",
        "sarif",
        "github",
        "html",
        "markdown",
        "junit",
    ] {
        let report = run(&here, &["check", "--format", format]).stdout;
        let said = match format {
            "sarif" => said.split_at(1).1,
            _ => said,
        };
        assert!(
            report.contains(&format!("{said}, {place}:")),
            "{format}: {report}"
        );
        assert!(report.contains(of_root), "{format}: {report}");
    }
    for format in ["human", "plain"] {
        let report = run(&here, &["check", "--format", format]).stdout;
        assert!(
            report.contains("weighbridge freeze --update a.pkl"),
            "{format}: {report}"
        );
        assert!(!report.contains(place), "{format}: {report}");
    }
}

/// The one who pushes takes exactly this file out of the commit, and no other that a pattern would match.
#[test]
fn what_a_push_is_told_takes_out_the_one_file() {
    for name in NAMES.iter().take(11) {
        let repo = repo!();
        repo.write("x.py", "1\n").commit();
        let old = repo.git(&["rev-parse", "HEAD"]);
        let path = repo.root.join(OsStr::from_bytes(name));
        fs::write(&path, crate::support::pickle::payload()).unwrap();
        repo.write("[a]xx{b,c}y.pkl", "N.")
            .write("a.pkl", "N.")
            .commit();
        let new = repo.git(&["rev-parse", "HEAD"]);
        let branch = repo.git(&["symbolic-ref", "HEAD"]);
        repo.git(&["symbolic-ref", "HEAD", "refs/heads/other"]);
        repo.git(&["update-ref", &branch, &old]);
        repo.git(&["symbolic-ref", "HEAD", &branch]);
        let input = format!("{old} {new} {branch}\n");
        let told = crate::support::cli::run_with_input(
            &repo.root,
            &["hook", "run", "pre-receive"],
            &input,
        );
        assert_eq!(told.code, 1, "{told:?}");
        let command = told
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("  git rm --cached "));
        repo.git(&["reset", "-q", "--hard", &new]);
        let (code, said) = shell(
            &repo,
            &repo.root,
            &format!("git rm --cached {}", command.unwrap()),
        );
        assert_eq!(code, 0, "{command:?} {said}");
        let staged = repo.git(&["diff", "--cached", "--name-only"]);
        assert_eq!(staged.lines().count(), 1, "{staged}");
    }
}
