//! Pins in what is said of files: `inspect`, reports and pushes.

use std::{fs, path::Path};

use crate::support::{
    cli::{Run, run, run_with_input},
    pickle::Pickle,
    repo::{Repo, repo},
};

fn data(n: u8) -> Vec<u8> {
    Pickle::proto(2).int(n).stop()
}

fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap()
}

/// A repository with a pinned file and one that is not.
fn pinned(repo: &Repo) {
    repo.write("models/a.pkl", data(1));
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    repo.write("models/b.pkl", data(2)).commit();
}

#[test]
fn inspect_says_whether_a_file_is_pinned() {
    let repo = repo!();
    pinned(&repo);
    let page = |path: &str| {
        let run = run(&repo.root, &["inspect", path]);
        run.stdout
            .lines()
            .nth(2)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let lock = fs::read_to_string(repo.root.join("weighbridge.lock")).unwrap();
    let line: usize = 1 + lock
        .lines()
        .position(|line| line.contains("a.pkl"))
        .unwrap();
    let pinned_at = format!("weighbridge.lock:{line}");
    assert_eq!(page("models/a.pkl"), format!("pinned by {pinned_at}"));
    assert_eq!(page("models/b.pkl"), "weighbridge.lock does not pin it");
    let state =
        |path: &str| json(&run(&repo.root, &["inspect", "--format", "json", path]))["pin"].clone();
    let pin = state("models/a.pkl");
    assert_eq!(
        (&pin["state"], &pin["line"]["line"]),
        (&"pinned".into(), &line.into())
    );
    assert_eq!(state("models/b.pkl")["state"], "none");
    repo.write("models/a.pkl", data(3));
    let changed = page("models/a.pkl");
    assert!(
        changed.starts_with(&format!("{pinned_at} pins other bytes, sha256")),
        "{changed}"
    );
    assert_eq!(state("models/a.pkl")["state"], "changed");
    fs::remove_file(repo.root.join("weighbridge.lock")).unwrap();
    assert!(state("models/a.pkl").is_null());
}

#[test]
fn reports_say_which_files_are_pinned() {
    let repo = repo!();
    pinned(&repo);
    let report = json(&run(&repo.root, &["check", "--format", "json"]));
    assert_eq!(report["coverage"]["pinned"], 1);
    let bill = json(&run(&repo.root, &["check", "--format", "cyclonedx"]));
    let pins: Vec<String> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|component| {
            let properties = component["properties"].as_array().unwrap().iter();
            let pinned = properties.filter(|it| it["name"] == "weighbridge:pinned");
            let pinned: Vec<&str> = pinned.map(|it| it["value"].as_str().unwrap()).collect();
            format!(
                "{} {}",
                component["name"].as_str().unwrap(),
                pinned.concat()
            )
        })
        .collect();
    assert_eq!(pins, ["models/a.pkl true", "models/b.pkl false"]);
    // A finding's file says it in SARIF and on the page.
    repo.write("models/a.pkl", data(3)).commit();
    let log = json(&run(&repo.root, &["check", "--format", "sarif"]));
    let files = log["runs"][0]["artifacts"].as_array().unwrap();
    let file = files
        .iter()
        .find(|it| it["location"]["uri"] == "models/a.pkl");
    assert_eq!(file.unwrap()["properties"]["pinned"], false);
    let page = run(&repo.root, &["check", "--format", "html"]);
    assert!(
        page.stdout.contains("Not pinned by the lock file"),
        "{page:?}"
    );
    // Of a history, each version counts for itself.
    let bill = run(&repo.root, &["check", "--format", "cyclonedx", "--history"]);
    let text = &bill.stdout;
    assert_eq!(text.matches("\"weighbridge:pinned\"").count(), 3, "{text}");
    let values: Vec<&str> = text.split("\"weighbridge:pinned\"").skip(1).collect();
    let is_true = |rest: &&&str| rest.split('}').next().unwrap().contains("\"true\"");
    assert_eq!(values.iter().filter(is_true).count(), 1, "{text}");
}

/// What the server says of a push of `HEAD` to `main`.
fn pushed(repo: &Repo, server: &Path) -> Run {
    let old = repo.git_in(server, &["rev-parse", "HEAD"]);
    let new = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&[
        "push",
        "-q",
        server.to_str().unwrap(),
        "HEAD:refs/heads/incoming",
    ]);
    repo.git_in(server, &["update-ref", "-d", "refs/heads/incoming"]);
    let line = format!("{old} {new} refs/heads/main\n");
    run_with_input(server, &["hook", "run", "pre-receive"], &line)
}

#[test]
fn a_push_that_changes_a_pinned_file_is_refused() {
    let repo = repo!();
    pinned(&repo);
    let server = repo.outside().join("server.git");
    let root = repo.root.to_str().unwrap().to_owned();
    repo.git_in(
        &repo.outside(),
        &["clone", "-q", "--bare", &root, server.to_str().unwrap()],
    );
    // On the way it was something else: what is left in the end counts.
    repo.write("models/a.pkl", data(7)).commit();
    repo.write("models/a.pkl", data(8)).commit();
    let refused = pushed(&repo, &server);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(
        refused.stdout.matches("pin-mismatch").count(),
        1,
        "{refused:?}"
    );
    // With its pin removed it is still the file that the server has pinned.
    let lock = fs::read_to_string(repo.root.join("weighbridge.lock")).unwrap();
    repo.write("weighbridge.lock", "version: 1\nartifacts: []\n")
        .commit();
    let removed = pushed(&repo, &server);
    assert!(removed.stdout.contains("pin-mismatch"), "{removed:?}");
    assert_eq!(removed.code, 1, "{removed:?}");
    // With its pin it is a change like any other, and the pin is shown.
    repo.write("weighbridge.lock", lock);
    assert_eq!(run(&repo.root, &["freeze", "--update"]).code, 0);
    repo.commit();
    let with_pin = pushed(&repo, &server);
    assert_eq!(with_pin.code, 0, "{with_pin:?}");
}
