//! The examples of `docs/views.md`, run. `UPDATE_DOCS=1` writes down what they say.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{
    comparison::{Needs, skip},
    repo::{Repo, repo, scrub},
};

/// Runs git with the same ids each time.
fn git(repo: &Repo, arguments: &[&str]) {
    let mut command = Command::new("git");
    scrub(&mut command, &repo.outside());
    let date = "2026-01-01T00:00:00Z";
    let status = command
        .env("GIT_AUTHOR_DATE", date)
        .env("GIT_COMMITTER_DATE", date)
        .current_dir(&repo.root)
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{arguments:?}");
}

fn commit(repo: &Repo, message: &str) {
    git(repo, &["add", "-A"]);
    git(repo, &["commit", "-q", "-m", message]);
}

#[test]
fn the_examples_say_what_they_show() {
    if !Path::new("/bin/sh").exists() {
        skip!(Needs::Program("sh"), "there is no shell");
    }
    let repo = repo!();
    repo.write("weighbridge.yaml", "version: 1\nextends: recommended\n")
        .write(
            "load.py",
            "import torch\n\ndef old(path):\n    return torch.load(path)\n",
        );
    commit(&repo, "base");
    git(&repo, &["checkout", "-q", "-b", "topic"]);
    repo.write(
        "load.py",
        "import torch\n\ndef old(path):\n    return torch.load(path)\n\ndef new(path):\n    return torch.load(path, weights_only=False)\n",
    );
    commit(&repo, "topic");

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/views.md");
    let text = fs::read_to_string(&page).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_weighbridge"));
    let path = env::join_paths(
        std::iter::once(program.parent().unwrap().to_owned())
            .chain(env::split_paths(&env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let mut written = String::new();
    let mut rest = text.as_str();
    let mut ran = 0;
    while let Some((before, block)) = rest.split_once("```console\n$ ") {
        let (shown, after) = block.split_once("\n```").unwrap();
        let command = shown.lines().next().unwrap();
        let mut shell = crate::support::cli::program(&repo.root);
        let environment: Vec<_> = shell
            .get_envs()
            .map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))
            .collect();
        shell = Command::new("/bin/sh");
        for (name, value) in environment {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let output = shell
            .current_dir(&repo.root)
            .env("PATH", &path)
            .args(["-c", &format!("{command} 2>&1")])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let said = said.trim_end();
        let example = format!("{before}```console\n$ {command}\n{said}\n```");
        written.push_str(&example);
        rest = after;
        ran += 1;
    }
    written.push_str(rest);
    assert!(ran >= 3, "the page has lost its examples");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&page, &written).unwrap();
    }
    let now = fs::read_to_string(&page).unwrap();
    assert!(
        now == written,
        "docs/views.md is not what the program says; run `UPDATE_DOCS=1 cargo test`:\n{written}"
    );
}
