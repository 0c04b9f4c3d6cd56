//! DVC: what a repository tracks with it, and where the bytes are.

use std::fs;

use md5::{Digest as _, Md5};

use crate::support::{
    cli::run,
    pickle::payload,
    repo::{Repo, repo},
};

const DATA: &[u8] = b"\x80\x04N.";

fn md5(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Md5::digest(bytes))
}

/// A `.dvc` file as DVC 3 writes it.
fn listed(name: &str, bytes: &[u8]) -> String {
    let size = bytes.len();
    format!(
        "outs:\n- md5: {}\n  size: {size}\n  hash: md5\n  path: {name}\n",
        md5(bytes)
    )
}

/// Puts a content into the cache, where DVC 3 has it or where the versions before it have it. Returns its md5.
fn cache(repo: &Repo, bytes: &[u8], suffix: &str, folder: &str) -> String {
    let md5 = format!("{}{suffix}", md5(bytes));
    let (first, rest) = md5.split_at(2);
    let place = format!(".dvc/{folder}/{first}/{rest}");
    repo.write(&place, bytes);
    md5
}

fn dvc(repo: &Repo) {
    repo.write(".dvc/config", "[core]\n")
        .write(".dvc/.gitignore", "/cache\n/config.local\n");
}

/// The rules that fire, and their paths.
fn rules(repo: &Repo, args: &[&str]) -> Vec<String> {
    let report = run(&repo.root, &[&["check", "--format", "json"], args].concat());
    let report: serde_json::Value = serde_json::from_str(&report.stdout).expect(&report.stderr);
    let findings = report["findings"].as_array().unwrap();
    let said = findings.iter().map(|it| {
        format!(
            "{} {}",
            it["rule"].as_str().unwrap(),
            it["path"].as_str().unwrap()
        )
    });
    let mut said: Vec<String> = said.collect();
    said.sort_unstable();
    said.dedup();
    said
}

#[test]
fn what_is_not_here_is_said_in_every_view() {
    let repo = repo!();
    dvc(&repo);
    repo.write("models/a.pkl.dvc", listed("a.pkl", DATA))
        .write("models/.gitignore", "/a.pkl\n");
    repo.git(&["add", "-A"]);
    let missing = ["lfs-not-fetched models/a.pkl"];
    assert_eq!(rules(&repo, &[]), missing);
    assert_eq!(rules(&repo, &["--staged"]), missing);
    repo.commit();
    assert_eq!(rules(&repo, &["--rev", "HEAD"]), missing);
    assert_eq!(rules(&repo, &["--history"]), missing);
    let told = run(&repo.root.join("models"), &["check"]);
    assert!(told.stdout.contains("dvc pull a.pkl\n"), "{}", told.stdout);
}

#[test]
fn what_is_here_is_read() {
    for folder in ["cache/files/md5", "cache"] {
        let repo = repo!();
        dvc(&repo);
        repo.write("models/a.pkl.dvc", listed("a.pkl", &payload()))
            .write("models/.gitignore", "/a.pkl\n");
        cache(&repo, &payload(), "", folder);
        repo.commit();
        let refused = ["global-not-allowed models/a.pkl"];
        for args in [&[] as &[&str], &["--rev", "HEAD"], &["--history"]] {
            assert_eq!(rules(&repo, args), refused, "{folder} {args:?}");
        }
        // In the work tree, what lies there counts.
        repo.write("models/a.pkl", DATA);
        assert_eq!(rules(&repo, &[]), [""; 0]);
        assert_eq!(rules(&repo, &["--rev", "HEAD"]), refused);
    }
}

#[test]
fn another_content_under_its_md5_is_said() {
    let repo = repo!();
    dvc(&repo);
    repo.write("a.pkl.dvc", listed("a.pkl", DATA));
    let md5 = cache(&repo, DATA, "", "cache/files/md5");
    let (folder, name) = md5.split_at(2);
    let place = format!(".dvc/cache/files/md5/{folder}/{name}");
    repo.write(&place, payload());
    assert_eq!(
        rules(&repo, &[]),
        ["anomalous-container a.pkl", "global-not-allowed a.pkl"]
    );
}

#[test]
fn a_folder_is_what_its_list_says_and_what_lies_there() {
    let repo = repo!();
    dvc(&repo);
    let list = format!(
        r#"[{{"md5": "{}", "relpath": "sub/x.pkl"}}, {{"md5": "{}", "relpath": "../out.pkl"}}]"#,
        md5(&payload()),
        md5(DATA)
    );
    let md5 = format!("{}.dir", md5(list.as_bytes()));
    repo.write(
        "data.dvc",
        format!("outs:\n- md5: {md5}\n  size: 4\n  nfiles: 2\n  hash: md5\n  path: data\n"),
    )
    .write(".gitignore", "/data\n");
    assert_eq!(rules(&repo, &[]), ["not-followed data"]);
    cache(&repo, list.as_bytes(), ".dir", "cache/files/md5");
    let missing = ["lfs-not-fetched data/sub/x.pkl", "not-followed data.dvc"];
    assert_eq!(rules(&repo, &[]), missing);
    repo.write("data/new.pkl", payload());
    let both = [&["global-not-allowed data/new.pkl"], &missing[..]].concat();
    assert_eq!(rules(&repo, &[]), both);
}

#[test]
fn the_outputs_of_a_pipeline_lie_where_its_stages_run() {
    let repo = repo!();
    dvc(&repo);
    let md5 = md5(&payload());
    repo.write(
        "dvc.lock",
        format!("schema: '2.0'\nstages:\n  train@1:\n    cmd: x\n    outs:\n    - path: m.pkl\n      hash: md5\n      md5: {md5}\n      size: 5\n"),
    )
    .write("dvc.yaml", "stages:\n  train:\n    foreach: [1]\n    do: {cmd: x, wdir: src, outs: [m.pkl]}\n")
    .write("src/.gitignore", "/m.pkl\n");
    assert_eq!(rules(&repo, &[]), ["lfs-not-fetched src/m.pkl"]);
    repo.write("src/m.pkl", payload());
    assert_eq!(rules(&repo, &[]), ["global-not-allowed src/m.pkl"]);
}

#[cfg(unix)]
#[test]
fn nothing_is_followed_out_of_the_repository() {
    use std::os::unix::fs::symlink;
    let repo = repo!();
    dvc(&repo);
    let outside = repo.outside().join("cache");
    let md5 = md5(&payload());
    let (folder, name) = md5.split_at(2);
    fs::create_dir_all(outside.join("files/md5").join(folder)).unwrap();
    let object = outside.join("files/md5").join(folder).join(name);
    fs::write(&object, payload()).unwrap();
    repo.write("a.pkl.dvc", listed("a.pkl", &payload()));
    let missing = ["lfs-not-fetched a.pkl"];
    // A cache elsewhere, a cache that is a link, a content that is one, an output that is one.
    repo.write(
        ".dvc/config",
        format!("[cache]\n    dir = {}\n", outside.display()),
    );
    assert_eq!(rules(&repo, &[]), missing);
    repo.write(".dvc/config", "[core]\n");
    symlink(&outside, repo.root.join(".dvc/cache")).unwrap();
    assert_eq!(rules(&repo, &[]), missing);
    fs::remove_file(repo.root.join(".dvc/cache")).unwrap();
    let inside = repo.root.join(".dvc/cache/files/md5").join(folder);
    fs::create_dir_all(&inside).unwrap();
    symlink(&object, inside.join(name)).unwrap();
    assert_eq!(rules(&repo, &[]), missing);
    fs::remove_file(inside.join(name)).unwrap();
    symlink(&object, repo.root.join("a.pkl")).unwrap();
    repo.write(".gitignore", "/a.pkl\n");
    assert_eq!(rules(&repo, &[]), missing);
    // A link into the cache is how DVC may check out.
    fs::remove_file(repo.root.join("a.pkl")).unwrap();
    fs::write(inside.join(name), payload()).unwrap();
    symlink(inside.join(name), repo.root.join("a.pkl")).unwrap();
    assert_eq!(rules(&repo, &[]), ["global-not-allowed a.pkl"]);
}

#[test]
fn what_cannot_be_read_or_is_elsewhere_is_said() {
    let repo = repo!();
    for (name, text) in [
        ("bad.dvc", "outs: [\n"),
        ("s3.dvc", "outs:\n- path: s3://bucket/a.pkl\n  etag: x\n"),
        ("up.dvc", "outs:\n- path: ../../a.pkl\n  md5: x\n"),
        ("git.dvc", "outs:\n- path: .git/a.pkl\n  md5: x\n"),
        ("none.dvc", "deps:\n- path: a.pkl\n"),
    ] {
        repo.write(name, text);
    }
    let said = ["bad", "git", "s3", "up"].map(|name| format!("not-followed {name}.dvc"));
    assert_eq!(rules(&repo, &[]), said);
}

#[test]
fn a_change_of_one_output_is_a_change_of_that_one() {
    let repo = repo!();
    dvc(&repo);
    let lock = |a: &[u8], b: &[u8]| {
        let out = |name: &str, bytes: &[u8]| {
            let md5 = md5(bytes);
            format!(
                "  {name}:\n    outs:\n    - path: {name}.pkl\n      md5: {md5}\n      size: 4\n      hash: md5\n"
            )
        };
        format!("schema: '2.0'\nstages:\n{}{}", out("a", a), out("b", b))
    };
    repo.write("dvc.lock", lock(DATA, DATA)).commit();
    repo.write("dvc.lock", lock(DATA, b"N."));
    repo.git(&["add", "-A"]);
    assert_eq!(rules(&repo, &["--staged"]), ["lfs-not-fetched b.pkl"]);
}

#[test]
fn a_pin_is_of_the_bytes() {
    let repo = repo!();
    dvc(&repo);
    repo.write("a.pkl.dvc", listed("a.pkl", DATA))
        .write("a.pkl", DATA)
        .write(".gitignore", "/a.pkl\n");
    cache(&repo, DATA, "", "cache/files/md5");
    assert_eq!(run(&repo.root, &["freeze"]).code, 0);
    let lock = fs::read_to_string(repo.root.join("weighbridge.lock")).unwrap();
    assert!(lock.contains("- path: a.pkl\n    sha256: "), "{lock}");
    repo.commit();
    assert_eq!(
        run(&repo.root, &["freeze", "--check", "--rev", "HEAD"]).code,
        0
    );
    // Gone from the work tree, the cache has them; changed in it, they are others.
    fs::remove_file(repo.root.join("a.pkl")).unwrap();
    assert_eq!(rules(&repo, &[]), [""; 0]);
    repo.write("a.pkl", "N.");
    assert_eq!(rules(&repo, &[]), ["pin-mismatch a.pkl"]);
    let told = run(&repo.root, &["inspect", "a.pkl"]).stdout;
    assert!(!told.is_empty());
    // Where it is nowhere, one finding says so; and where the policy accepts that, the pin still asks for it.
    fs::remove_file(repo.root.join("a.pkl")).unwrap();
    fs::remove_dir_all(repo.root.join(".dvc/cache")).unwrap();
    assert_eq!(rules(&repo, &[]), ["lfs-not-fetched a.pkl"]);
    repo.write(
        "weighbridge.yaml",
        "version: 1\nextends: recommended\nrules: {lfs-not-fetched: allow}\n",
    );
    assert_eq!(rules(&repo, &[]), ["pin-mismatch a.pkl"]);
}
