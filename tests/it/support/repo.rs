//! Temporary repositories, made by the real `git`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use weighbridge::{
    fact::{Circumstance, EntryKind, Unavailable},
    git::{Content, LinkEnd, View},
};

use super::comparison::{Needs, made, not_made};

/// A folder with a repository in it, which goes away with the test.
#[derive(Debug)]
pub(crate) struct Repo {
    folder: tempfile::TempDir,
    /// The root of the work tree.
    pub(crate) root: PathBuf,
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
    /// `git init` with further arguments. `None` if there is no `git`, which is reported.
    #[track_caller]
    pub(crate) fn new(arguments: &[&str]) -> Option<Self> {
        let needs = Needs::Program("git");
        if Command::new("git").arg("--version").output().is_err() {
            not_made(needs, "there is no git");
            return None;
        }
        made(needs);
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap().join("repo");
        fs::create_dir(&root).unwrap();
        let repo = Self { folder, root };
        let init = [&["init", "-q", "-b", "main"], arguments].concat();
        repo.git(&init);
        Some(repo)
    }

    /// The folder around the repository.
    pub(crate) fn outside(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap()
    }

    /// Runs git in the root; it must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.root, arguments)
    }

    /// Runs git in a folder; it must succeed.
    pub(crate) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.try_git(folder, arguments);
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs git in the root at a moment (`1700000000 +0000`); it must succeed.
    pub(crate) fn git_at(&self, moment: &str, arguments: &[&str]) {
        let mut command = Command::new("git");
        scrub(&mut command, self.folder.path());
        let status = command
            .env("GIT_AUTHOR_DATE", moment)
            .env("GIT_COMMITTER_DATE", moment)
            .current_dir(&self.root)
            .args(arguments)
            .status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    }

    /// Runs git in the root with something on its standard input; it must succeed.
    pub(crate) fn git_with_input(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> String {
        use std::{io::Write as _, process::Stdio};
        let mut command = Command::new("git");
        scrub(&mut command, self.folder.path());
        let mut child = command
            .current_dir(&self.root)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_ref())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs git in a folder, whatever comes of it.
    pub(crate) fn try_git(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new("git");
        scrub(&mut command, self.folder.path());
        command
            .current_dir(folder)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// Writes a file below the root.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    /// Records everything that is not ignored.
    pub(crate) fn commit(&self) -> &Self {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self
    }

    /// The work tree's view.
    pub(crate) fn work_tree(&self, paths: &[&str]) -> View {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        weighbridge::git::work_tree(&self.root, &paths).unwrap()
    }

    /// The index's view.
    pub(crate) fn staged(&self) -> View {
        weighbridge::git::staged(&self.root, &[]).unwrap()
    }
}

/// Takes away what the surroundings say to git and to us.
pub(crate) fn scrub(command: &mut Command, home: &Path) {
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
pub(crate) fn shown(view: &View) -> String {
    let mut reader = view.reader();
    let lines: Vec<String> = view
        .items
        .iter()
        .map(|item| {
            let opened = reader.open(item);
            let content = match opened.content {
                Content::Bytes(window) => {
                    format!(" = {}", window.bytes_at(0, 40).unwrap().escape_ascii())
                }
                Content::Link {
                    target,
                    end: LinkEnd::Outside,
                } => format!(" -> {target} (leaves)"),
                Content::Link { target, .. } => format!(" -> {target}"),
                Content::Nothing if item.entry.kind == EntryKind::Submodule => {
                    String::from(" @ another repository")
                }
                Content::Nothing => String::from(" : nothing"),
                Content::Gone => String::from(" : gone"),
            };
            let noted: Vec<String> = opened.noted.iter().map(noted).collect();
            format!("{}{content}{}", item.entry.path, noted.concat())
        })
        .collect();
    lines.join("\n")
}

fn noted(noted: &Circumstance) -> String {
    match noted {
        Circumstance::Unavailable(why) => format!(" [unavailable: {}]", unavailable(why)),
        Circumstance::Pointer { size, .. } => format!(" [pointer to {size} bytes]"),
        Circumstance::SizeMismatch { pointer, object } => {
            format!(" [pointer to {pointer} bytes, not {object}]")
        }
        Circumstance::ImpossiblePath(fault) => format!(" [impossible path: {fault}]"),
        Circumstance::NotFollowed(_) => String::from(" [not followed]"),
        other => format!(" [{other:?}]"),
    }
}

fn unavailable(why: &Unavailable) -> String {
    match why {
        Unavailable::NotFetched { what, command } => format!("not fetched: {what}; {command}"),
        Unavailable::Io(what) => format!("io: {what}"),
        Unavailable::MalformedTree { answer } => format!("malformed: {answer}"),
        Unavailable::Limit(limit) => format!("limit: {limit}"),
        Unavailable::Unsupported(entry) => format!("unsupported: {entry}"),
    }
}
