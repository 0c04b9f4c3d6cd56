//! `policy allow --dry-run` prints what git prints for the same edit.

use std::{fs, process::Command};

use crate::support::{cli::run, repo::repo};

/// An instance of `app.Net`.
const NET: &[u8] = b"\x80\x02capp\nNet\n)\x81}b.";

/// The hunks of a patch, without the headings that git takes from the lines above.
fn hunks(patch: &str) -> String {
    let from = patch.find("@@ -").unwrap_or(patch.len());
    let (_, hunks) = patch.split_at(from);
    let lines = hunks.split_inclusive('\n');
    lines
        .map(
            |line| match line.strip_prefix("@@ ").and_then(|it| it.split_once(" @@")) {
                Some((range, _)) => format!("@@ {range} @@\n"),
                None => line.to_owned(),
            },
        )
        .collect()
}

#[test]
fn a_dry_run_is_the_patch_that_git_makes() {
    let comments = |count: usize| {
        let lines: Vec<String> = (0..count).map(|n| format!("# {n}\n")).collect();
        lines.concat()
    };
    let list = "globals:\n  allow:\n    - a.A\n    - b.B\n";
    let tail = "rules:\n  torch-load-unsafe: deny\n  pickle-load: warn\n  joblib-load: warn\n";
    let mut policies: Vec<String> = Vec::new();
    // Everywhere from the first line to the last.
    for before in 0..9 {
        for after in ["", tail] {
            policies.push(format!(
                "version: 1\n{}extends: recommended\n{list}{after}",
                comments(before)
            ));
        }
    }
    policies.extend([
        String::from("version: 1\nextends: recommended"),
        format!("extends: recommended\nversion: 1\n{}", list.trim_end()),
        format!("version: 1\nextends: recommended\n{list}{tail}").replace('\n', "\r\n"),
        String::from("version: 1\nextends: recommended\nglobals: {allow: [a.A]}\n"),
        format!("{list}version: 1\nextends: recommended\n"),
    ]);
    let repo = repo!();
    repo.write("a.pkl", NET);
    let path = repo.root.join("weighbridge.yaml");
    for policy in &policies {
        fs::write(&path, policy).unwrap();
        repo.git(&["-c", "core.autocrlf=false", "add", "-A"]);
        let printed = run(&repo.root, &["policy", "allow", "--dry-run", "a.pkl"]).stdout;
        let allow = run(&repo.root, &["policy", "allow", "a.pkl"]);
        assert_eq!(allow.code, 0, "{policy}\n{allow:?}");
        let new = fs::read(&path).unwrap();
        let git = Command::new("git")
            .args([
                "-c",
                "core.autocrlf=false",
                "diff",
                "--no-color",
                "--no-ext-diff",
            ])
            .current_dir(&repo.root)
            .output()
            .unwrap();
        let git = String::from_utf8(git.stdout).unwrap();
        assert_eq!(hunks(&printed), hunks(&git), "{policy}");
        assert!(printed.contains("@@ -"), "{printed}");
        // Both git and patch take it.
        fs::write(repo.outside().join("edit.patch"), &printed).unwrap();
        for (program, arguments) in [
            ("git", &["apply", "../edit.patch"][..]),
            ("patch", &["-s", "--binary", "-p1", "-i", "../edit.patch"]),
        ] {
            fs::write(&path, policy).unwrap();
            let Ok(applied) = Command::new(program)
                .args(arguments)
                .current_dir(&repo.root)
                .output()
            else {
                continue;
            };
            assert!(
                applied.status.success(),
                "{program}: {applied:?}\n{printed}"
            );
            assert_eq!(fs::read(&path).unwrap(), new, "{program}\n{printed}");
        }
    }
}
