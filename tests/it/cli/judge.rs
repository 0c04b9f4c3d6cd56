//! Which policy judges, and what is said of what it lets pass.

use std::{
    fs,
    io::Write as _,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::support::{
    cli::{program, run},
    pickle::payload,
    repo::repo,
};

const HEAD: &str = "version: 1\nextends: recommended\n";

/// A text without the places where a terminal breaks it.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_danger_that_is_let_pass_is_said_with_the_line() {
    let repo = repo!();
    repo.write("legacy.pkl", payload());
    let overridden = format!(
        "{HEAD}overrides:\n  - {{paths: [legacy.pkl], reason: old, dangerous: true, rules: {{global-not-allowed: allow}}}}\n"
    );
    let listed = format!(
        "{HEAD}globals:\n  allow:\n    - {{global: posix.system, dangerous: true, reason: old}}\n"
    );
    for (policy, line) in [(overridden, 4), (listed, 5)] {
        repo.write("weighbridge.yaml", &policy);
        for format in [
            "human", "concise", "plain", "markdown", "json", "sarif", "junit",
        ] {
            let run = run(&repo.root, &["check", "--format", format, "."]);
            assert_eq!(run.code, 0, "{policy} {run:?}");
            let said = plain(&run.stdout).replace(['`', '\\'], "");
            let by = format!("weighbridge.yaml:{line} allows it");
            assert!(said.contains("posix.system"), "{format} {policy} {said}");
            assert!(said.contains(&by), "{format} {policy} {said}");
        }
    }
    // Constrained, it is what it says it is; a harmless name is nobody's concern.
    repo.write(
        "weighbridge.yaml",
        format!("{HEAD}globals:\n  allow:\n    - {{global: posix.system, args: [{{one-of: [\"true\", \"id\"]}}], reason: x}}\n"),
    );
    assert!(!run(&repo.root, &["check"]).stdout.contains("allows it"));
}

#[test]
fn a_policy_that_does_not_judge_is_noticed() {
    let repo = repo!();
    repo.write("a.py", "x = 1\n")
        .write("weighbridge.yml", HEAD)
        .write("sub/weighbridge.yaml", HEAD)
        .write("left/weighbridge.yaml", HEAD);
    let said = |arguments: &[&str]| plain(&run(&repo.root, arguments).stdout);
    let told = said(&["check"]);
    assert!(
        told.contains("weighbridge.yml is not read: rename it to weighbridge.yaml"),
        "{told}"
    );
    assert!(told.contains("sub/weighbridge.yaml is not read"), "{told}");
    repo.write("base.yaml", HEAD);
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: [base.yaml, left/weighbridge.yaml]\nexclude: [sub]\n",
    );
    repo.write(".weighbridge.yaml", HEAD);
    let told = said(&["check"]);
    assert!(!told.contains("sub/") && !told.contains("left/"), "{told}");
    assert!(
        told.contains(".weighbridge.yaml is not read: another"),
        "{told}"
    );
    assert!(!told.contains("note: weighbridge.yaml"), "{told}");
    repo.git(&["add", "-A"]);
    assert!(said(&["check", "--staged"]).contains(".weighbridge.yaml is not read"));
    // Named, it is the one that was asked for.
    let told = said(&["check", "--policy", "base.yaml"]);
    assert!(!told.contains("not read"), "{told}");
}

#[test]
fn what_is_nearly_a_policy_is_noticed() {
    let repo = repo!();
    repo.write("a.py", "x = 1\n")
        .write("Weighbridge.yaml", HEAD)
        .write("weighbridge.yaml.yaml", HEAD)
        .write("weighbridge.yaml.txt", HEAD)
        .write("sub/.weighbridge.yml", HEAD)
        .write("weighbridge.yaml.bak", HEAD)
        .write("weighbridge-notes.yaml", HEAD)
        .write(
            "pyproject.toml",
            "[project]\nname = \"x\"\n[tool.weighbridge.rules]\npickle-load = \"deny\"\n",
        );
    let notes = |arguments: &[&str]| -> String {
        let run = run(&repo.root, arguments);
        let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let notices = value["notices"].as_array().unwrap();
        let notices: Vec<&str> = notices.iter().map(|it| it.as_str().unwrap()).collect();
        notices.join("\n")
    };
    let all = notes(&["check", "--format", "json"]);
    insta::assert_snapshot!(all, @"
    Weighbridge.yaml is not read: rename it to weighbridge.yaml
    sub/.weighbridge.yml is not read: one policy judges a repository; say under `overrides` of weighbridge.yaml what holds for `sub/**`
    weighbridge.yaml.txt is not read: rename it to weighbridge.yaml
    weighbridge.yaml.yaml is not read: rename it to weighbridge.yaml
    `[tool.weighbridge]` of pyproject.toml is not read: write the policy to weighbridge.yaml; `weighbridge policy init` begins one
    ");
    repo.git(&["add", "-A"]);
    let staged = notes(&["check", "--staged", "--format", "json"]);
    assert!(staged.starts_with(&all), "{staged}");
    // Under its right name it is read, and other tables are nobody's concern.
    repo.git(&[
        "rm",
        "-q",
        "-f",
        "Weighbridge.yaml",
        "weighbridge.yaml.yaml",
        "weighbridge.yaml.txt",
        "sub/.weighbridge.yml",
    ]);
    repo.write("weighbridge.yaml", HEAD).write(
        "pyproject.toml",
        "# [tool.weighbridge]\n[tool.weighbridge-other]\n",
    );
    assert_eq!(notes(&["check", "--format", "json"]), "");
    // What is no regular file is not waited for.
    #[cfg(unix)]
    {
        fs::remove_file(repo.root.join("pyproject.toml")).unwrap();
        let pipe = repo.root.join("pyproject.toml");
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.unwrap().success());
        assert!(!notes(&["check", "--format", "json"]).contains("tool.weighbridge"));
    }
}

#[test]
fn a_bundled_policy_can_be_named() {
    let repo = repo!();
    repo.write("legacy.pkl", b"\x80\x02N.");
    let strict = run(&repo.root, &["check", "--policy", "strict"]);
    assert_eq!(strict.code, 1);
    assert!(strict.stdout.contains("strict (built in)"), "{strict:?}");
    let wrong = run(&repo.root, &["check", "--policy", "strct"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("`audit`, `recommended` and `strict`"),
        "{wrong:?}"
    );
    let audit = run(&repo.root, &["check", "--policy", "audit"]);
    assert_eq!(audit.code, 0, "{audit:?}");
    // A repository cannot put a file of its own in the place of one: such a file is named as one.
    repo.write("strict", HEAD);
    assert_eq!(run(&repo.root, &["check", "--policy", "strict"]).code, 1);
    assert_eq!(run(&repo.root, &["check", "--policy", "./strict"]).code, 0);
}

#[test]
fn where_all_is_excluded_the_line_is_named_and_nothing_fails() {
    let repo = repo!();
    repo.write("3rd/a.pkl", payload())
        .write(
            "weighbridge.yaml",
            format!("{HEAD}exclude:\n  - {{paths: [3rd/], reason: theirs}}\n"),
        )
        .write("notes.txt", "");
    for paths in [&["3rd/a.pkl"][..], &["3rd"], &["3rd", "notes.txt"], &[]] {
        let nothing = run(&repo.root, &[&["check"], paths].concat());
        assert_eq!(nothing.code, 0, "{nothing:?}");
        let said = "nothing is left to check: weighbridge.yaml:4 excludes 3rd/a.pkl";
        assert!(plain(&nothing.stdout).contains(said), "{nothing:?}");
    }
    assert_eq!(run(&repo.root, &["check", "notes.txt"]).code, 3);
    repo.write("3rd/b.pkl", payload());
    let two = plain(&run(&repo.root, &["check"]).stdout);
    assert!(
        two.contains("nothing is left to check of 2 excluded files"),
        "{two}"
    );
    // Beside something else, it is no more than a number.
    repo.write("a.py", "1\n");
    let more = run(&repo.root, &["check"]).stdout;
    assert!(
        more.contains("2 excluded") && !more.contains("left to check"),
        "{more}"
    );
}

#[test]
fn from_red_to_green_in_two_commands() {
    let repo = repo!();
    repo.write("a.pkl", b"\x80\x02capp.models\nNet\n)\x81}b.")
        .write("b/c.pkl", b"\x80\x02capp.models\nOther\n.")
        .write("old.joblib", b"\x78\x9cxxxx");
    let red = run(&repo.root, &["check"]);
    assert_eq!(red.code, 1);
    assert!(red.stdout.contains("weighbridge policy init"), "{red:?}");
    assert_eq!(run(&repo.root, &["policy", "init"]).code, 0);
    let text = fs::read_to_string(repo.root.join("weighbridge.yaml")).unwrap();
    insta::assert_snapshot!(text, @r#"
    # What loading a model file in this repository may do. What is not allowed is refused; `weighbridge check` says so.
    # `weighbridge policy schema` prints the schema that an editor completes and checks it by.
    # Found here: 2 pickle.
    # Allow a class only if its module is yours or one that you trust: its constructor and its `__setstate__` run when a
    # file is loaded. The comments name the files that need what follows.
    version: 1
    extends: recommended
    globals:
      allow:
        # a.pkl
        - {global: "app.models.Net", as: [import, construct, build]}
        # b/c.pkl
        - {global: "app.models.Other", as: [import]}

    # Named like models, and in no format that is read yet: what loading them does is unknown. To answer for them, remove the `#`:
    # exclude:
    #   - reason: in no format that is read yet
    #     paths:
    #       - "/old.joblib"
    "#);
    // Nobody has answered for what is not read.
    assert_eq!(run(&repo.root, &["check"]).code, 1);
    let (said, proposed) = text.split_once("remove the `#`:\n").unwrap();
    let proposed = proposed.replace("# ", "");
    repo.write("weighbridge.yaml", format!("{said}\n{proposed}"));
    assert_eq!(run(&repo.root, &["check"]).code, 0);
    // Nothing dangerous is allowed by it.
    repo.write("evil.pkl", payload());
    fs::remove_file(repo.root.join("weighbridge.yaml")).unwrap();
    assert_eq!(run(&repo.root, &["policy", "init"]).code, 0);
    assert_eq!(run(&repo.root, &["check"]).code, 1);
}

#[cfg(unix)]
#[test]
fn what_is_no_ordinary_file_is_told_in_its_own_words() {
    let repo = repo!();
    std::os::unix::fs::symlink("nowhere.pt", repo.root.join("dangling.pt")).unwrap();
    let dangling = run(&repo.root, &["check", "dangling.pt"]);
    assert_eq!(dangling.code, 2);
    let said = plain(&dangling.stderr);
    assert!(
        said.contains("is a symbolic link to `nowhere.pt`, where nothing is"),
        "{said}"
    );
}

/// Whatever a hook does when its time is over, it ends and refuses.
#[test]
fn a_hook_ends_at_its_deadline_while_it_still_lists() {
    let repo = repo!();
    repo.write("a.py", "1\n").commit();
    let tip = repo.git(&["rev-parse", "HEAD"]);
    let mut child = program(&repo.root.join(".git"))
        .args(["hook", "run", "pre-receive", "--deadline", "0.1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The list of refs never ends.
    writeln!(stdin, "{:040} {} refs/heads/x", 0, tip.trim()).unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "it does not end"
        );
        std::thread::sleep(Duration::from_millis(20));
    };
    drop(stdin);
    assert_eq!(status.code(), Some(1));
    let ended = child.wait_with_output().unwrap();
    let said = plain(&String::from_utf8_lossy(&ended.stdout));
    assert!(said.contains("took longer than 0.1 s"), "{said}");
}
