//! `.gitattributes`: `weighbridge=off` exempts if the policy honours it, and nothing else does.

use crate::support::{
    cli::run,
    repo::{Repo, repo},
};

const LOAD: &str = "import torch\ntorch.load(p, weights_only=False)\n";
const HONOUR: &str = "version: 1\nextends: recommended\nattributes: honour\n";

/// The files that are refused.
fn refused(repo: &Repo, arguments: &[&str]) -> (Vec<String>, String) {
    let arguments = [&["check", "--format=json"], arguments].concat();
    let run = run(&repo.root, &arguments);
    let report: serde_json::Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let mut paths: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["rule"] == "torch-load-unsafe")
        .map(|finding| finding["path"].as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths.dedup();
    (paths, report["coverage"]["excluded"].to_string())
}

#[test]
fn a_file_is_exempt_only_if_the_policy_permits() {
    let repo = repo!();
    for path in [
        "off.py",
        "minus.py",
        "vendored.py",
        "d/again.py",
        "d/off.py",
        "macro.py",
        "on.py",
    ] {
        repo.write(path, LOAD);
    }
    repo.write(
        ".gitattributes",
        "[attr]skip -weighbridge\n*.py linguist-vendored linguist-generated\noff.py weighbridge=off\nminus.py -weighbridge\nd/* weighbridge=off\nmacro.py skip\non.py weighbridge\n",
    )
    .write("d/.gitattributes", "again.py !weighbridge\n")
    .write(".git/info/attributes", "vendored.py weighbridge=off\n")
    .commit();
    let (all, excluded) = refused(&repo, &[]);
    assert_eq!((all.len(), excluded.as_str()), (7, "0"));
    repo.write("weighbridge.yaml", HONOUR).commit();
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    repo.git(&["tag", "all"]);
    for arguments in [&[][..], &["--rev=HEAD"]] {
        let (paths, excluded) = refused(&repo, arguments);
        assert_eq!(
            paths,
            ["d/again.py", "on.py", "vendored.py"],
            "{arguments:?}"
        );
        assert_eq!(excluded, "5", "{arguments:?}"); // and `d/.gitattributes`
    }
    // The base of a change says, and an empty one says nothing.
    let (paths, _) = refused(&repo, &[&format!("--diff={empty}..HEAD")]);
    assert_eq!(paths.len(), 7);
}

#[test]
fn a_change_does_not_exempt_itself() {
    let repo = repo!();
    repo.write("weighbridge.yaml", HONOUR)
        .write(".gitattributes", "old.py weighbridge=off\n")
        .write("old.py", "")
        .commit();
    repo.write(".gitattributes", "*.py weighbridge=off\n")
        .write("new.py", LOAD)
        .write("old.py", LOAD)
        .commit();
    assert_eq!(refused(&repo, &["--diff=HEAD~1"]).0, ["new.py"]);
    assert_eq!(refused(&repo, &["--rev=HEAD"]).0, [""; 0]);
    // The index is what a commit would record; what is not staged does not count.
    repo.write("new.py", format!("{LOAD}# 2\n"));
    repo.git(&["add", "new.py"]);
    repo.write(".gitattributes", "");
    assert_eq!(refused(&repo, &["--staged"]).0, [""; 0]);
    repo.git(&["add", "-A"]);
    assert_eq!(refused(&repo, &["--staged"]).0, ["new.py"]);
}

#[test]
fn a_submodule_does_not_exempt_itself() {
    let repo = repo!();
    let inner = Repo::new(&[]).unwrap();
    inner
        .write("a.py", LOAD)
        .write("b.py", LOAD)
        .write(".gitattributes", "* weighbridge=off\n")
        .commit();
    repo.write("weighbridge.yaml", HONOUR)
        .write(".gitattributes", "sub/b.py weighbridge=off\n");
    let source = inner.root.to_str().unwrap();
    repo.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        source,
        "sub",
    ]);
    repo.commit();
    for view in [
        &["--recurse-submodules"][..],
        &["--recurse-submodules", "--rev=HEAD"],
    ] {
        assert_eq!(refused(&repo, view).0, ["sub/a.py"], "{view:?}");
    }
    assert_eq!(refused(&repo, &[]).0, [""; 0]);
}

#[test]
fn the_key_is_explained_where_it_is_wrong() {
    let repo = repo!();
    repo.write("weighbridge.yaml", HONOUR.replace("honour", "honor"));
    let told = run(&repo.root, &["check"]);
    assert_eq!(told.code, 2);
    insta::assert_snapshot!(told.stderr, @"
    error: `honor` is not a value of `attributes`
       ╭─ weighbridge.yaml:3:13
     2 │ extends: recommended
     3 │ attributes: honor
       │             ━━━━━
       │
       │ help: did you mean `honour`?
       ╰──
    ");
}
