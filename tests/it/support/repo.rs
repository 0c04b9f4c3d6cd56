//! Temporary repositories, made by the real `git`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use weighbridge::{
    fact::{EntryKind, Fact},
    git::{Content, View},
};

/// A folder with a repository in it, which goes away with the test.
#[derive(Debug)]
pub struct Repo {
    folder: tempfile::TempDir,
    /// The root of the work tree.
    pub root: PathBuf,
}

/// A new repository, or the end of the test where there is no `git`.
macro_rules! repo {
    () => {
        match crate::support::repo::Repo::new(&[]) {
            Some(repo) => repo,
            None => return,
        }
    };
}
pub(crate) use repo;

impl Repo {
    /// `git init` with further arguments. `None`, said on standard error, if there is no `git`.
    pub fn new(arguments: &[&str]) -> Option<Self> {
        if Command::new("git").arg("--version").output().is_err() {
            eprintln!("skipped: there is no git");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap().join("repo");
        fs::create_dir(&root).unwrap();
        let repo = Self { folder, root };
        let init = [&["init", "-q", "-b", "main"], arguments].concat();
        repo.git(&init);
        Some(repo)
    }

    /// The folder around the repository.
    pub fn outside(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap()
    }

    /// Runs git in the root; it must succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.root, arguments)
    }

    /// Runs git in a folder; it must succeed.
    pub fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.try_git(folder, arguments);
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs git in a folder, whatever comes of it.
    pub fn try_git(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new("git");
        scrub(&mut command, self.folder.path());
        command
            .current_dir(folder)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// Writes a file below the root.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    /// Records everything that is not ignored.
    pub fn commit(&self) -> &Self {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self
    }

    /// The work tree's view.
    pub fn work_tree(&self, paths: &[&str]) -> View {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        weighbridge::git::work_tree(&self.root, &paths).unwrap()
    }

    /// The index's view.
    pub fn staged(&self) -> View {
        weighbridge::git::staged(&self.root, &[]).unwrap()
    }
}

/// Takes away what the surroundings say to git and to us.
pub fn scrub(command: &mut Command, home: &Path) {
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("GIT_") || name_text.starts_with("XDG_") {
            command.env_remove(&name);
        }
    }
    command
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "a")
        .env("GIT_AUTHOR_EMAIL", "a@example.org")
        .env("GIT_COMMITTER_NAME", "a")
        .env("GIT_COMMITTER_EMAIL", "a@example.org");
}

/// A view, opened: a line for each item.
pub fn shown(view: &View) -> String {
    let mut reader = view.reader();
    let mut lines = Vec::new();
    for item in &view.items {
        let opened = reader.open(item);
        let mut line = item.entry.path.to_string();
        match opened.content {
            Content::Bytes(window) => {
                let bytes = window.bytes_at(0, 40).unwrap();
                line += &format!(" = {}", bytes.escape_ascii());
            }
            Content::Link { target, leaves } => {
                line += &format!(" -> {target}{}", if leaves { " (leaves)" } else { "" });
            }
            Content::Nothing if item.entry.kind == EntryKind::Submodule => {
                line += " @ another repository";
            }
            Content::Nothing => line += " : nothing",
            Content::Gone => line += " : gone",
        }
        for fact in &opened.facts {
            line += &match fact {
                Fact::Unread(unread) => format!(" [unread {unread:?}]"),
                Fact::Pointer { size, .. } => format!(" [pointer to {size} bytes]"),
                Fact::Anomaly { kind, detail } => format!(" [{kind}: {detail}]"),
                other => format!(" [{other:?}]"),
            };
        }
        lines.push(line);
    }
    lines.join("\n")
}
