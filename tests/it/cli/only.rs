//! `check --only`: paths and patterns that limit any view, and need not match anything.

use std::{fs, path::Path};

use crate::support::{
    cli::{Run, run},
    repo::{Repo, repo},
};

const HOSTILE: &str = "cos\nsystem\n(S'true'\ntR.";

fn shop() -> Option<Repo> {
    let repo = Repo::new(&[])?;
    repo.write("a.txt", "").commit();
    repo.git(&["branch", "base"]);
    for path in [
        "a.pkl",
        "models/b.pkl",
        "models/deep/c.pkl",
        "models/deep/d.pt",
        "data[1]/e.pkl",
    ] {
        repo.write(path, HOSTILE);
    }
    repo.write(".gitignore", "build\n").commit();
    repo.write("build/f.pkl", HOSTILE);
    Some(repo)
}

/// The code, and the files with findings.
fn found(folder: &Path, arguments: &[&str]) -> (i32, Vec<String>) {
    let Run { code, stdout, .. } = run(
        folder,
        &[&["check", "--format", "json"], arguments].concat(),
    );
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_default();
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let mut paths: Vec<String> = findings
        .iter()
        .map(|finding| finding["path"].as_str().unwrap().to_owned())
        .collect();
    paths.dedup();
    (code, paths)
}

#[test]
fn patterns_limit_every_view() {
    let Some(repo) = shop() else { return };
    let views: &[&[&str]] = &[
        &[],
        &["--rev", "HEAD"],
        &["--diff", "base...HEAD"],
        &["--history"],
        &["--all-refs"],
    ];
    for view in views {
        for (patterns, expected) in [
            (
                &["models"][..],
                &["models/b.pkl", "models/deep/c.pkl", "models/deep/d.pt"][..],
            ),
            (&["models/*.pkl"], &["models/b.pkl"]),
            (&["models/**/*.pkl"], &["models/b.pkl", "models/deep/c.pkl"]),
            (
                &["./models/deep/", "absent"],
                &["models/deep/c.pkl", "models/deep/d.pt"],
            ),
            (&["*.pkl"], &["a.pkl"]),
            (&["data[1]"], &["data[1]/e.pkl"]),
            (&["*/deep/*.p{t,th}"], &["models/deep/d.pt"]),
            (&["models/../a.pkl"], &["a.pkl"]),
        ] {
            let only: Vec<String> = patterns.iter().map(|it| format!("--only={it}")).collect();
            let only = only.iter().map(String::as_str);
            let arguments: Vec<&str> = view.iter().copied().chain(only).collect();
            let expected = expected.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(
                found(&repo.root, &arguments),
                (1, expected),
                "{arguments:?}"
            );
        }
        // From where the user stands.
        let deep = [view, &["--only=*.pt", "--only=../b.pkl"][..]].concat();
        let expected = ["models/b.pkl", "models/deep/d.pt"].map(String::from);
        assert_eq!(
            found(&repo.root.join("models/deep"), &deep),
            (1, expected.to_vec())
        );
        let out = [view, &["--only=../x"][..]].concat();
        assert_eq!(found(&repo.root, &out).0, 2);
    }
    assert_eq!(found(&repo.root, &["--only=absent"]).0, 3);
    assert_eq!(
        found(&repo.root, &["--diff=base...HEAD", "--only=absent"]).0,
        0
    );
    assert_eq!(found(&repo.root, &["--only=a.pkl", "a.pkl"]).0, 2);
}

/// As with a path: what is named exactly is looked at even if git ignores it.
#[test]
fn what_is_named_exactly_is_looked_at() {
    let Some(repo) = shop() else { return };
    let all = ["a.pkl", "build/f.pkl"].map(String::from).to_vec();
    assert_eq!(
        found(&repo.root, &["--only=build/f.pkl", "--only=*.pkl"]),
        (1, all.clone())
    );
    assert_eq!(
        found(&repo.root, &["--only=build", "--only=a.pkl"]),
        (1, all)
    );
    assert_eq!(found(&repo.root, &["--only=build/*"]).0, 3);
    // Outside a repository.
    let folder = repo.outside().join("plain");
    fs::create_dir_all(folder.join("x")).unwrap();
    fs::write(folder.join("x/a.pkl"), HOSTILE).unwrap();
    assert_eq!(
        found(&folder, &["--only=**/*.pkl"]),
        (1, vec![String::from("x/a.pkl")])
    );
    assert_eq!(
        found(&folder, &["--only=x"]),
        (1, vec![String::from("x/a.pkl")])
    );
}

/// What could not be looked at may be what is asked for.
#[test]
fn what_is_lost_is_not_left_out() {
    let Some(repo) = shop() else { return };
    let lose = |object: &str| {
        let id = repo.git(&["rev-parse", object]);
        let (folder, file) = id.split_at(2);
        fs::remove_file(repo.root.join(".git/objects").join(folder).join(file)).unwrap();
    };
    lose("HEAD:models/deep");
    let rev = |only| found(&repo.root, &["--rev=HEAD", only]);
    assert_eq!(
        rev("--only=models/deep/*.pt"),
        (1, vec![String::from("models/deep")])
    );
    assert_eq!(
        rev("--only=**/*.onnx"),
        (1, vec![String::from("models/deep")])
    );
    assert_eq!(rev("--only=build").0, 3);
    lose("base");
    assert_eq!(found(&repo.root, &["--history", "--only=build"]).0, 1);
}

#[test]
fn another_policy_judges() {
    let repo = repo!();
    repo.write("weighbridge.yaml", "version: 1\nextends: strict\n")
        .commit();
    repo.git(&["branch", "base"]);
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nexclude: ['**']\n",
    )
    .write("a.pkl", HOSTILE)
    .commit();
    for view in [
        &[][..],
        &["--rev", "HEAD"],
        &["--history"],
        &["--history=base..HEAD"],
        &["--all-refs"],
    ] {
        let arguments = [view, &["--policy-from", "base"][..]].concat();
        assert_eq!(found(&repo.root, &arguments).0, 1, "{arguments:?}");
    }
    assert_ne!(found(&repo.root, &[]).0, 1);
    let run = run(&repo.root, &["check", "--policy-from", "base"]);
    assert!(run.stdout.contains("(base)"), "{run:?}");
    assert_eq!(found(&repo.root, &["--policy-from", "absent"]).0, 2);
    assert_eq!(
        found(&repo.outside(), &["--policy-from", "base", "repo/a.pkl"]).0,
        1
    );
    fs::write(repo.outside().join("b.pkl"), HOSTILE).unwrap();
    assert_eq!(
        found(&repo.outside(), &["--policy-from", "base", "b.pkl"]).0,
        2
    );
}
