//! What a run learns from the last one without reading a file: only what is sure.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::files;
use crate::support::{
    cli::{Run, run},
    pickle::payload,
    repo::Repo,
};

const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

/// Two mirrors: one of a repository with a pickle, one that lacks what a pointer of git-lfs stands for.
struct Mirrors {
    repo: Repo,
    outside: PathBuf,
}

impl Mirrors {
    fn new() -> Option<Self> {
        let repo = Repo::new(&[])?;
        repo.write("evil.pkl", payload()).commit();
        let outside = repo.outside();
        fs::create_dir(outside.join("mirrors")).unwrap();
        let to = |name: &str| outside.join("mirrors").join(name).display().to_string();
        repo.git(&["clone", "-q", "--mirror", ".", &to("whole.git")]);
        let pointer =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 4\n");
        repo.write("model.pt", pointer).commit();
        repo.git(&["clone", "-q", "--mirror", ".", &to("lacking.git")]);
        // What has just changed is not relied on.
        std::thread::sleep(Duration::from_millis(4500));
        Some(Self { repo, outside })
    }

    fn audit(&self) -> Run {
        let run = run(&self.outside, &["audit", "mirrors", "--out", "out"]);
        assert!(!run.stderr.contains("error: "), "{}", run.stderr);
        run
    }

    fn mirror(&self, name: &str) -> PathBuf {
        self.outside.join("mirrors").join(name)
    }

    /// The statuses by name.
    fn statuses(&self) -> Vec<String> {
        let summary = fs::read(self.outside.join("out/summary.json")).unwrap();
        let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
        let all = summary["repositories"].as_array().unwrap().iter();
        all.map(|it| {
            format!(
                "{} {} {}",
                it["repository"]["name"], it["status"], it["counts"]["denied"]
            )
        })
        .collect()
    }
}

/// All files with the moments at which they were written.
fn moments(folder: &Path) -> Vec<(String, std::time::SystemTime)> {
    let names = files(folder)
        .into_keys()
        .filter(|name| !name.starts_with("store") && !name.starts_with("shards"));
    names
        .map(|name| {
            let written = fs::metadata(folder.join(&name))
                .unwrap()
                .modified()
                .unwrap();
            (name, written)
        })
        .collect()
}

#[test]
fn a_run_without_changes_writes_nothing_and_needs_no_store() {
    let Some(mirrors) = Mirrors::new() else {
        return;
    };
    let out = mirrors.outside.join("out");
    let first = mirrors.audit();
    insta::assert_debug_snapshot!(mirrors.statuses(), @r#"
    [
        "\"lacking\" \"partial\" 2",
        "\"whole\" \"complete\" 1",
    ]
    "#);
    let before = moments(&out);
    fs::remove_dir_all(out.join("store")).unwrap();
    let second = mirrors.audit();
    assert_eq!((first.code, first.stdout), (second.code, second.stdout));
    assert_eq!(moments(&out), before);
    assert!(!out.join("store").exists());

    // What was lacking comes: the repository is read again, and only it.
    let place = mirrors.mirror("lacking.git").join("lfs/objects/4d/7a");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join(OID), payload()).unwrap();
    mirrors.audit();
    insta::assert_debug_snapshot!(mirrors.statuses(), @r#"
    [
        "\"lacking\" \"complete\" 4",
        "\"whole\" \"complete\" 1",
    ]
    "#);
}

#[test]
fn every_change_of_refs_and_results_is_seen() {
    let Some(mirrors) = Mirrors::new() else {
        return;
    };
    mirrors.audit();
    let whole = mirrors.mirror("whole.git");
    let out = mirrors.outside.join("out");
    let results = files(&out.join("results"));

    // A result that was removed, one that is no longer whole, and what is no longer what a run saw.
    let (name, bytes) = results.iter().next().unwrap();
    let place = out.join("results").join(name);
    fs::remove_file(&place).unwrap();
    mirrors.audit();
    assert_eq!(&fs::read(&place).unwrap(), bytes);
    fs::remove_dir_all(out.join("lines")).unwrap();
    mirrors.audit();
    assert_eq!(files(&out.join("lines")).len(), 2);
    for seen in [
        b"".as_slice(),
        b"\xff\n",
        b"{\"version\":1,\"marks\":{}}\nx y\n",
    ] {
        fs::write(out.join("seen/1-of-1"), seen).unwrap();
        mirrors.audit();
        assert!(files(&out.join("results")) == results);
    }

    // Files that are damaged in place, at the same length: those of a repository that is whole, and of one that lacks something.
    for kind in ["results", "lines", "records"] {
        for (name, bytes) in files(&out.join(kind)) {
            let mut damaged = bytes.clone();
            damaged[bytes.len() / 2] ^= 1;
            fs::write(out.join(kind).join(&name), damaged).unwrap();
            let run = mirrors.audit();
            assert!(
                run.stderr.contains("was damaged: it is made again") || kind == "lines",
                "{kind} {name}: {}",
                run.stderr
            );
            assert_eq!(fs::read(out.join(kind).join(&name)).unwrap(), bytes);
        }
    }

    // A ref that is written in place, as an editor would.
    let before = mirrors.statuses();
    let parent = mirrors.repo.git(&["rev-parse", "HEAD"]);
    mirrors.repo.git_in(
        &whole,
        &[
            "fetch",
            "-q",
            &mirrors.repo.root.display().to_string(),
            "HEAD",
        ],
    );
    fs::create_dir_all(whole.join("refs/heads")).unwrap();
    fs::write(
        whole.join("refs/heads/main"),
        format!("{}\n", parent.trim()),
    )
    .unwrap();
    mirrors.audit();
    assert_ne!(mirrors.statuses(), before);

    // Another repository in the place of the one that was audited.
    fs::rename(&whole, mirrors.mirror("gone.git")).unwrap();
    fs::rename(mirrors.mirror("lacking.git"), &whole).unwrap();
    mirrors.audit();
    insta::assert_debug_snapshot!(mirrors.statuses(), @r#"
    [
        "\"gone\" \"partial\" 2",
        "\"whole\" \"partial\" 2",
    ]
    "#);
}
