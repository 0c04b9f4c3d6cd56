//! Histories of any shape, made by `git fast-import` in one go.

use std::{
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
};

use super::repo::{Repo, scrub};

/// A stream for `git fast-import`: blobs and commits have marks, counted from 1.
#[derive(Debug, Default)]
pub(crate) struct Import {
    stream: Vec<u8>,
    marks: usize,
}

impl Import {
    /// A blob; its mark.
    pub(crate) fn blob(&mut self, bytes: impl AsRef<[u8]>) -> usize {
        let bytes = bytes.as_ref();
        self.marks += 1;
        let head = format!("blob\nmark :{}\ndata {}\n", self.marks, bytes.len());
        self.stream.extend_from_slice(head.as_bytes());
        self.stream.extend_from_slice(bytes);
        self.stream.push(b'\n');
        self.marks
    }

    /// A commit of a reference with these parents (marks); its mark. `changes` are lines of the stream: `M 100644 :1 path`,
    /// `D path`, `R from to`, `deleteall`.
    pub(crate) fn commit(
        &mut self,
        reference: &str,
        time: i64,
        message: &str,
        parents: &[usize],
        changes: &[String],
    ) -> usize {
        self.marks += 1;
        let mut text = format!(
            "commit {reference}\nmark :{}\nauthor A <a@example.org> {time} +0000\ncommitter A <a@example.org> {time} +0000\ndata {}\n{message}\n",
            self.marks,
            message.len()
        );
        for (i, parent) in parents.iter().enumerate() {
            let word = if i == 0 { "from" } else { "merge" };
            writeln!(text, "{word} :{parent}").unwrap();
        }
        for change in changes {
            text.push_str(change);
            text.push('\n');
        }
        text.push('\n');
        self.stream.extend_from_slice(text.as_bytes());
        self.marks
    }

    /// Runs it; the object ids by mark (the first is of mark 1).
    pub(crate) fn into_repo(self, repo: &Repo) -> Vec<String> {
        let mut command = Command::new("git");
        scrub(&mut command, &repo.outside());
        let mut child = command
            .current_dir(&repo.root)
            .args([
                "fast-import",
                "--quiet",
                "--force",
                "--export-marks=.git/marks",
            ])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&self.stream).unwrap();
        assert!(child.wait().unwrap().success(), "git fast-import");
        let text = std::fs::read_to_string(repo.root.join(".git/marks")).unwrap();
        let mut ids = vec![String::new(); self.marks];
        for line in text.lines() {
            let (mark, id) = line.split_once(' ').unwrap();
            let mark: usize = mark.trim_start_matches(':').parse().unwrap();
            id.clone_into(&mut ids[mark - 1]);
        }
        ids
    }
}
