//! What judges what is staged, and is not staged as it is on disk: whoever edited it expects that it counts.

use std::path::{Path, PathBuf};

use super::{View, pins};
use crate::{
    fact::Text,
    limits,
    policy::{self, Policy},
};

/// A sentence about each file by which what is staged is judged, the policy, its baseline and the lock file, that is another on disk.
/// Nothing of a view of anything else. A policy that the user names (`is_named`) is that of the disk. `cwd` is the folder that the user
/// stands in.
pub fn unstaged(view: &View, policy: &Policy, is_named: bool, cwd: &Path) -> Vec<String> {
    let files = view.policy_files();
    if !files.is_index() {
        return Vec::new();
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    if !is_named {
        paths.extend_from_slice(policy.files());
    }
    paths.extend(policy.accepts().baseline_path().map(PathBuf::from));
    paths.push(PathBuf::from(policy.lock_path()));
    paths.sort();
    paths.dedup();
    let say = |path: &PathBuf| {
        let on_disk = pins::on_disk(&view.root.join(path)).ok()?;
        let staged = files.read_up_to(path, limits::Id::LOCK_BYTES).ok();
        let what = match staged {
            Some(staged) if lines(&staged) == lines(&on_disk) => return None,
            Some(_) => "has changes that are not staged and do not count",
            None => "is not in the index and does not count",
        };
        let command = policy::staging(&view.root, cwd, path);
        let path = Text::new(path.as_os_str().as_encoded_bytes());
        Some(format!("{path} {what}: `{command}` stages it"))
    };
    paths.iter().filter_map(say).collect()
}

/// A text without what git may change of its line ends.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect()
}
