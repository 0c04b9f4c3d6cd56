//! What a push brings: in the pusher's repository, and in the receiver's quarantine.

use std::{fs, path::Path};

use weighbridge::git::{self, Incoming, Known, View};

use super::history::shown;
use crate::support::repo::{Repo, repo};

fn incoming(folder: &Path, tips: &[&str], known: Vec<Known>) -> View {
    let tips = tips.iter().map(|tip| String::from(*tip)).collect();
    git::incoming(folder, &Incoming { tips, known }).unwrap()
}

#[test]
fn what_a_remote_has_is_left_out() {
    let repo = repo!();
    repo.write("a", "1").write("d/b", "1").commit();
    let remote = repo.outside().join("remote.git");
    repo.git(&["clone", "-q", "--bare", ".", remote.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    repo.git(&["fetch", "-q", "origin"]);
    repo.write("a", "2").commit();
    repo.git(&["tag", "-a", "-m", "release", "v2"]);
    let tag = repo.git(&["rev-parse", "v2"]);
    let origin = || vec![Known::Remote("origin".into())];
    insta::assert_snapshot!(shown(&incoming(&repo.root, &[&tag], origin())), @"a = 2 (x)");
    // Another remote has nothing of it, and neither has one that cannot be.
    for name in ["upstream", "../heads", "", "https://example.org/x"] {
        let view = incoming(&repo.root, &[&tag], vec![Known::Remote(name.into())]);
        assert_eq!(view.items.len(), 3, "{name}");
    }
    // The other side's own ids count beside its references.
    let head = repo.git(&["rev-parse", "HEAD"]);
    let mut known = origin();
    known.push(Known::Commits(vec![head.clone()]));
    assert_eq!(shown(&incoming(&repo.root, &[&tag], known)), "");
    // A deletion brings nothing.
    assert_eq!(
        shown(&incoming(&repo.root, &[&"0".repeat(40)], origin())),
        ""
    );
    let bad = Incoming {
        tips: vec!["HEAD".into()],
        known: Vec::new(),
    };
    let error = git::incoming(&repo.root, &bad).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`HEAD` is no object id of this repository"
    );
}

#[test]
fn trees_and_blobs_without_a_commit_are_brought_too() {
    let repo = repo!();
    repo.write("a", "1").write("d/b", "1").commit();
    let new = repo.git_with_input(&["hash-object", "-w", "--stdin"], "new");
    let old = repo.git(&["rev-parse", "HEAD:d/b"]);
    let list = format!(
        "100644 blob {new}\ta\n040000 tree {}\td\n",
        repo.git(&["rev-parse", "HEAD:d"])
    );
    let tree = repo.git_with_input(&["mktree"], list);
    repo.git(&["tag", "-a", "-m", "only a tree", "tree", &tree]);
    let tag = repo.git(&["rev-parse", "tree"]);
    repo.git(&["update-ref", "-d", "refs/tags/tree"]);
    let view = incoming(&repo.root, &[&tag, &new, &old], vec![Known::Accepted]);
    let text = shown(&view).replace(&new, "[new]").replace(&old, "[old]");
    insta::assert_snapshot!(text, @"
    [new] = new
    [old] = 1
    a = new (only a tree)
    ");
}

/// Run by git, as a hook: what is pushed is in quarantine, and what it brings is written down.
#[test]
fn as_a_pre_receive_hook() {
    let Some(out) = std::env::var_os("WEIGHBRIDGE_TEST_HOOK") else {
        return;
    };
    let text = std::io::read_to_string(std::io::stdin()).unwrap();
    let tips: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    // What came is in quarantine for the other views as well.
    for line in text.lines().filter(|line| line.contains(" refs/heads/")) {
        let mut words = line.split(' ');
        let (old, new) = (words.next().unwrap(), words.next().unwrap());
        let zeros = |id: &str| id.bytes().all(|b| b == b'0');
        if !zeros(new) {
            let all = shown(&git::revision(Path::new("."), new, &[]).unwrap());
            assert!(!all.is_empty() && !all.contains("Unread"), "{all}");
            if !zeros(old) {
                let range = format!("{old}..{new}");
                let change = shown(&git::change(Path::new("."), &range, &[]).unwrap());
                assert!(!change.contains("Unread"), "{change}");
            }
        }
    }
    let started = std::time::Instant::now();
    let view = incoming(Path::new("."), &tips, vec![Known::Accepted]);
    let quarantine = std::env::var_os("GIT_QUARANTINE_PATH").is_some();
    let text = format!("{}\n{quarantine}\n{}\n", view.root.display(), shown(&view));
    fs::write(&out, text).unwrap();
    if let Some(out) = std::env::var_os("WEIGHBRIDGE_TEST_HOOK_TIME") {
        fs::write(out, format!("{:?}", started.elapsed())).unwrap();
    }
}

#[cfg(unix)]
fn install(remote: &Path, out: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let hook = remote.join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let program = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\nWEIGHBRIDGE_TEST_HOOK='{}' exec '{}' --exact git::incoming::as_a_pre_receive_hook\n",
        out.display(),
        program.display()
    );
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_real_push_is_read_in_quarantine() {
    let repo = repo!();
    repo.write("a", "1").write("d/b", "1").commit();
    let out = repo.outside().join("out");
    // A name that git must quote in its list of alternates.
    let remote = repo.outside().join("re:mote \"x\".git");
    repo.git(&[
        "init",
        "-q",
        "--bare",
        "-b",
        "main",
        remote.to_str().unwrap(),
    ]);
    install(&remote, &out);
    let url = format!("file://{}", remote.display());
    let pushed = |what: &[&str]| {
        let _ = fs::remove_file(&out);
        repo.git(&[&["push", "-q", &url], what].concat());
        let text = fs::read_to_string(&out).unwrap();
        let (root, text) = text.split_once('\n').unwrap();
        assert_eq!(Path::new(root), remote);
        text.trim_end().to_owned()
    };
    insta::assert_snapshot!(pushed(&["main"]), @"
    true
    a = 1 (x)
    d/b = 1 (x)
    ");
    // Unpacked into loose objects, and kept as a pack that is thin on the way.
    for (limit, content) in [("100", "2"), ("1", "3")] {
        let config = ["config", "receive.unpackLimit", limit];
        repo.git_in(&remote, &config);
        repo.write("d/b", content).commit();
        let text = pushed(&["main"]);
        assert_eq!(text, format!("true\nd/b = {content} (x)"));
    }
    // A branch of what is there already, a deletion, and a tag on a tree.
    let there = pushed(&["main~1:refs/heads/old"]);
    assert!(matches!(there.as_str(), "true" | "false"), "{there}");
    assert_eq!(pushed(&[":refs/heads/old"]), "false");
    let blob = repo.git_with_input(&["hash-object", "-w", "--stdin"], "tagged");
    let tree = repo.git_with_input(&["mktree"], format!("100644 blob {blob}\tmodel.pkl\n"));
    repo.git(&["tag", "-a", "-m", "a tree", "tree", &tree]);
    assert_eq!(pushed(&["tree"]), "true\nmodel.pkl = tagged (a tree)");
    // Into the repository of a work tree, and while git says otherwise in the environment.
    let work = repo.outside().join("work");
    repo.git(&["clone", "-q", url.as_str(), work.to_str().unwrap()]);
    repo.git_in(&work, &["config", "receive.denyCurrentBranch", "ignore"]);
    install(&work.join(".git"), &out);
    repo.write("e", "4").commit();
    repo.git(&["push", "-q", work.to_str().unwrap(), "main"]);
    let text = fs::read_to_string(&out).unwrap();
    assert_eq!(text, format!("{}\ntrue\ne = 4 (x)\n", work.display()));
}

/// One commit on top of ten thousand, in a tree of many files: only what is new is looked at.
#[test]
fn a_small_push_into_a_long_history_is_fast() {
    use crate::support::import::Import;
    let Some(repo) = Repo::new(&[]) else { return };
    let mut import = Import::default();
    let mut blobs: Vec<String> = Vec::new();
    for i in 0..2_000 {
        let mark = import.blob(format!("x = {i}\n"));
        blobs.push(format!("M 100644 :{mark} p{}/f{i}.py", i % 50));
    }
    let mut last = import.commit("refs/heads/main", 1, "first", &[], &blobs);
    for i in 0..3_000 {
        let path = format!("M 100644 :{} p{}/f{i}.py", 1 + i % 100, i % 50);
        last = import.commit("refs/heads/main", 2 + i64::from(i), "x", &[last], &[path]);
    }
    let blob = import.blob("new\n");
    import.commit(
        "refs/heads/new",
        9_999,
        "new",
        &[last],
        &[format!("M 100644 :{blob} p7/new.py")],
    );
    import.into_repo(&repo);
    let tip = repo.git(&["rev-parse", "new"]);
    repo.git(&["update-ref", "-d", "refs/heads/new"]);
    let timed = |known: &[Known]| {
        let runs = (0..3).map(|_| {
            let started = std::time::Instant::now();
            let view = incoming(&repo.root, &[&tip], known.to_vec());
            (started.elapsed(), view)
        });
        runs.min_by_key(|(took, _)| *took).unwrap()
    };
    let (new, view) = timed(&[Known::Accepted]);
    assert_eq!(shown(&view), "p7/new.py = new\\n (new)");
    let (whole, view) = timed(&[]);
    assert_eq!(view.items.len(), 4_901);
    assert!(new * 5 < whole, "{new:?} of {whole:?}");
}
