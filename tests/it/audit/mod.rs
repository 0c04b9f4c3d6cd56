//! Tests of `audit` and `store`: many repositories, judged once and again.

mod agreement;
mod faults;
mod forged;
mod many;
mod outputs;
mod report;
mod runs;
mod shards;
mod shared;
mod store;
mod unchanged;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::hostile;
use crate::support::{
    cli::{Run, run},
    pickle::payload,
    repo::Repo,
};

/// A folder of clones, beside the repository that they were made of.
pub(super) struct Clones {
    pub(super) repo: Repo,
    pub(super) folder: PathBuf,
}

impl Clones {
    /// A repository with models that pass and models that do not, sources, a pointer of git-lfs, links, attributes and waivers; a bare mirror of it, a fork, an
    /// empty repository, and one that is broken.
    pub(super) fn new() -> Option<Self> {
        let repo = Repo::new(&[])?;
        for (name, bytes) in hostile::fixtures() {
            repo.write(&format!("models/{name}"), bytes);
        }
        repo.write("evil.pkl", [payload(), b"only here".to_vec()].concat());
        repo.write("vendored/evil.pkl", payload());
        repo.write("off/evil.pkl", payload());
        repo.write(
            ".gitattributes",
            "off/** weighbridge=off\n*.txt text eol=crlf\n",
        );
        repo.write(
            "load.py",
            "import torch\nm = torch.load('models/a.pt', weights_only=False)\n",
        );
        repo.write("sub/load.py", "import pickle\nm = pickle.load(open('x', 'rb'))  # weighbridge: allow[pickle-load] reason=\"ours\"\n");
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let pointer = |size: u32| {
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
        };
        repo.write("pictures/a.png", pointer(12));
        repo.write("CODEOWNERS", "* @all\n/models/ @ml\n");
        let policy = "version: 1\nextends: recommended\nattributes: honour\nexclude: ['vendored/**']\nwaivers:\n  - rule: torch-load-unsafe\n    paths: [load.py]\n    reason: known\n    owner: ada\n    expires: 2099-01-01\n";
        repo.write("weighbridge.yaml", policy);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("vendored", repo.root.join("link")).unwrap();
            std::os::unix::fs::symlink("../elsewhere/model.pt", repo.root.join("away.pt")).unwrap();
        }
        repo.commit();
        repo.git(&["rm", "-q", "evil.pkl"]);
        repo.commit();
        let folder = repo.outside().join("clones");
        fs::create_dir_all(folder.join("team/deep")).unwrap();
        let to = |name: &str| folder.join(name).display().to_string();
        repo.git(&["clone", "-q", "--mirror", ".", &to("mirror.git")]);
        repo.git(&["clone", "-q", ".", &to("team/deep/fork")]);
        repo.git(&["init", "-q", &to("empty")]);
        fs::create_dir_all(folder.join("broken/.git")).unwrap();
        Some(Self { repo, folder })
    }

    /// Audits the clones into a folder beside them.
    pub(super) fn audit(&self, out: &str, arguments: &[&str]) -> Run {
        let all = [&["audit", "clones", "--out", out], arguments].concat();
        let run = run(&self.repo.outside(), &all);
        assert!(
            !run.stderr.contains("error: "),
            "{arguments:?}: {}",
            run.stderr
        );
        run
    }

    /// The results of a run, by location.
    pub(super) fn results(&self, out: &str) -> BTreeMap<String, Value> {
        let out = self.repo.outside().join(out);
        let results = files(&out.join("results")).into_values().map(|bytes| {
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            let location = value["repository"]["location"].as_str().unwrap();
            (location.to_owned(), value)
        });
        results.collect()
    }
}

/// All files below a folder, by their paths.
pub(super) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for child in fs::read_dir(&next).unwrap() {
            let path = child.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap();
                found.insert(name.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}
