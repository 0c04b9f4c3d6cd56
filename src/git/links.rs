//! Where symbolic links lead, as git recorded them.

use gix::{bstr::BStr, objs::tree::EntryKind as TreeKind};
use serde::{Deserialize, Serialize};

use super::{
    objects::Trees,
    snapshot::{LINKS, Snapshot, blob},
};
use crate::fact::Text;

/// Where a symbolic link leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkEnd {
    /// Out of the view's root, or into git's own folder.
    Outside,
    /// Into a submodule; its path.
    Submodule(Text),
    /// To this path below the root.
    Inside(Text),
    /// To what is not there, or not known.
    Nowhere,
}

/// Where a link at a path leads, followed in a snapshot; by its names alone where there is none.
pub(super) fn link_end(
    snapshot: Option<(&Snapshot, &mut Trees)>,
    path: &[u8],
    target: &[u8],
) -> LinkEnd {
    let mut snapshot = snapshot;
    let mut real: Vec<Vec<u8>> = path.split(|b| *b == b'/').map(<[u8]>::to_vec).collect();
    real.pop();
    let Some(mut left) = link_names(target) else {
        return LinkEnd::Outside;
    };
    let mut links = 0_usize;
    // Below what is not there, names are all there is to go by.
    let mut known = snapshot.is_some();
    while let Some(name) = left.pop() {
        if name == b".." {
            if real.pop().is_none() {
                return LinkEnd::Outside;
            }
            continue;
        }
        if is_dot_git(&name) {
            return LinkEnd::Outside;
        }
        real.push(name);
        let Some((snapshot, trees)) = snapshot.as_mut().filter(|_| known) else {
            continue;
        };
        let path = real.join(&b'/');
        let Ok(Some((mode, id))) = snapshot.entry(trees, &path) else {
            known = false;
            continue;
        };
        match mode.kind() {
            TreeKind::Commit => return LinkEnd::Submodule(Text::new(path)),
            TreeKind::Link => {
                links = links.saturating_add(1);
                let target = blob(trees, id).ok().filter(|_| links <= LINKS);
                let Some(target) = target else {
                    return LinkEnd::Nowhere;
                };
                let Some(names) = link_names(&target) else {
                    return LinkEnd::Outside;
                };
                real.pop();
                left.extend(names);
            }
            TreeKind::Tree | TreeKind::Blob | TreeKind::BlobExecutable => {}
        }
    }
    if known {
        LinkEnd::Inside(Text::new(real.join(&b'/')))
    } else {
        LinkEnd::Nowhere
    }
}

/// The names of a link's target, the last first; `None` if it is absolute on some system. Both slashes part names: which system
/// the link is checked out on is not known.
fn link_names(target: &[u8]) -> Option<Vec<Vec<u8>>> {
    let drive = target.get(1) == Some(&b':') && target.first()?.is_ascii_alphabetic();
    if drive || target.starts_with(b"/") || target.starts_with(b"\\") {
        return None;
    }
    let names = target.rsplit(|b| matches!(b, b'/' | b'\\'));
    let names = names.filter(|name| !matches!(*name, b"" | b"."));
    Some(names.map(<[u8]>::to_vec).collect())
}

/// Whether a name is that of git's own folder on some system, as `git fsck` has it: in any case, with what HFS+ passes over, or as
/// NTFS spells it.
pub(super) fn is_dot_git(name: &[u8]) -> bool {
    use gix::validate::path::{component, component::Options};
    let options = Options {
        protect_windows: false,
        protect_hfs: true,
        protect_ntfs: true,
    };
    let answer = component(BStr::new(name), None, options);
    matches!(answer, Err(component::Error::DotGitDir))
}

#[cfg(test)]
mod tests {
    use super::{LinkEnd, link_end};

    #[test]
    fn a_link_leaves_when_its_names_climb_above_the_root() {
        for (path, target, expected) in [
            ("a/link", "../b/model.pt", false),
            ("a/link", "../../model.pt", true),
            ("link", "/data/model.pt", true),
            ("link", "C:\\data\\model.pt", true),
            ("a/link", "..\\..\\model.pt", true),
            ("link", "a/../../x", true),
            ("a/b/link", "../../.git/lfs/x", true),
            ("link", ".GIT/config", true),
            ("link", ".git. /config", true),
            ("link", "git~1/config", true),
            ("link", ".g\u{200c}it/config", true),
            ("link", "sub/.git/config", true),
            ("link", ".gitignore", false),
        ] {
            assert_eq!(
                link_end(None, path.as_bytes(), target.as_bytes()) == LinkEnd::Outside,
                expected,
                "{path} -> {target}"
            );
        }
    }
}
