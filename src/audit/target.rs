//! Which repositories are audited: those below folders, and those of lists.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::result::Repository;
use crate::{error::Error, limits};

/// A repository to be audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it is called and who owns it.
    pub repository: Repository,
    /// Where it is.
    pub place: Place,
    /// A policy for it alone, instead of the run's: of its line in a list.
    pub policy: Option<PathBuf>,
    /// Its size in bytes, where its list says it: what it costs in proportion to others.
    pub size: Option<u64>,
    /// The shard that a plan gives it to.
    pub shard: Option<u32>,
}

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this machine: the folder that holds `.git`, or a bare repository.
    Folder(PathBuf),
    /// Elsewhere: what `git fetch` takes.
    Url(String),
}

/// What of a repository is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum What {
    /// The files of one commit.
    #[default]
    Head,
    /// Every version of every file in the history of one commit.
    History,
    /// The same of every ref.
    AllRefs,
}

impl What {
    /// How results name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::History => "history",
            Self::AllRefs => "all-refs",
        }
    }
}

impl Target {
    /// A repository that is called by a canonical URL or a path below what is audited.
    pub fn new(location: String, reference: Option<String>, place: Place) -> Self {
        let name = location.rsplit('/').find(|part| !part.is_empty());
        let name = name.unwrap_or(&location);
        let name = name.strip_suffix(".git").filter(|name| !name.is_empty());
        let name = name.map_or_else(
            || location.rsplit('/').next().unwrap_or_default().to_owned(),
            str::to_owned,
        );
        Self {
            repository: Repository {
                id: id(&location, reference.as_deref()),
                name,
                location,
                reference,
                owner: None,
            },
            place,
            policy: None,
            size: None,
            shard: None,
        }
    }
}

/// What tells a repository from all others.
fn id(location: &str, reference: Option<&str>) -> String {
    let mut digest = Sha256::new();
    digest.update(b"weighbridge/repository/v1\0");
    digest.update(location);
    if let Some(reference) = reference {
        digest.update(b"\0");
        digest.update(reference);
    }
    let mut id = HEXLOWER.encode(&digest.finalize());
    id.truncate(32);
    id
}

/// A URL in its one spelling: the host in lower case, without a user, a port that is the usual one, `.git` and slashes at the end. The short
/// form of ssh (`git@host:path`) becomes a URL. What is none stays as it is.
pub fn canonical(url: &str) -> String {
    let url = url.trim();
    let Some((scheme, rest)) = url.split_once("://") else {
        // `user@host:path`, but not `C:\path`.
        if let Some((host, path)) = url.split_once(':')
            && let Some((_, host)) = host.split_once('@')
            && !host.is_empty()
        {
            return canonical(&format!("ssh://{host}/{}", path.trim_start_matches('/')));
        }
        return without_end(url).to_owned();
    };
    let scheme = scheme.to_ascii_lowercase();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        "ssh" => ":22",
        _ => "",
    };
    let host = host.strip_suffix(usual).unwrap_or(&host);
    format!("{scheme}://{host}/{}", without_end(path))
}

fn without_end(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    path.trim_end_matches('/')
}

/// Whether a line of a list is a URL and not a path.
pub(super) fn is_url(text: &str) -> bool {
    let is_short = |(host, _): (&str, &str)| host.contains('@') && !host.contains(['/', '\\']);
    text.contains("://") || text.split_once(':').is_some_and(is_short)
}

/// The repositories at and below a folder, by path: clones, and bare ones such as mirrors. What is inside of a repository belongs to it.
/// Symbolic links are not followed.
///
/// # Errors
/// A folder that cannot be listed, more than can be audited in one run.
pub fn below(folder: &Path) -> Result<Vec<Target>, Error> {
    let root = std::fs::canonicalize(folder).map_err(|source| Error::Io {
        path: folder.to_owned(),
        source,
    })?;
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while !folders.is_empty() {
        let looked: Vec<_> = folders.into_par_iter().map(Below::of).collect();
        folders = Vec::new();
        for below in looked {
            match below {
                Below::Repository(folder) => {
                    let below = folder.strip_prefix(&root).unwrap_or(Path::new(""));
                    let location = shown(below, &root);
                    found.push(Target::new(location, None, Place::Folder(folder)));
                }
                Below::Folders(children) => folders.extend(children),
                Below::Closed(path, source) if path == root => {
                    return Err(Error::Io { path, source });
                }
                // Somebody else's folder among the clones is no reason to stop; a repository in it could not be read either.
                Below::Closed(..) => {}
            }
        }
        if found.len() > limits::AUDIT_REPOSITORIES {
            return Err(too_many());
        }
    }
    found.sort_by(|a, b| a.repository.location.cmp(&b.repository.location));
    Ok(found)
}

/// What a folder is.
enum Below {
    Repository(PathBuf),
    /// None: the folders in it.
    Folders(Vec<PathBuf>),
    /// It cannot be listed.
    Closed(PathBuf, io::Error),
}

impl Below {
    fn of(folder: PathBuf) -> Self {
        if is_repository(&folder) {
            return Self::Repository(folder);
        }
        match std::fs::read_dir(&folder) {
            Ok(children) => {
                let folders = children
                    .flatten()
                    .filter(|child| child.file_type().is_ok_and(|kind| kind.is_dir()));
                Self::Folders(folders.map(|child| child.path()).collect())
            }
            Err(source) => Self::Closed(folder, source),
        }
    }
}

pub(super) fn too_many() -> Error {
    Error::Usage {
        message: format!("more than {}", limits::Id::AUDIT_REPOSITORIES),
        help: String::from("audit them in several runs with `--shard`, and merge the results"),
    }
}

/// A path below what is audited, with slashes; the folder's own name for the folder itself.
fn shown(below: &Path, root: &Path) -> String {
    if below.as_os_str().is_empty() {
        let name = root.file_name().unwrap_or(root.as_os_str());
        return name.to_string_lossy().into_owned();
    }
    let parts = below.components();
    let parts: Vec<_> = parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// Whether a folder is a repository: one with a `.git`, or a bare one.
fn is_repository(folder: &Path) -> bool {
    if std::fs::symlink_metadata(folder.join(".git")).is_ok() {
        return true;
    }
    let is_file = |name: &str| folder.join(name).is_file();
    let is_dir = |name: &str| folder.join(name).is_dir();
    is_file("HEAD") && is_dir("objects") && is_dir("refs")
}

/// Drops what stands twice: the first counts.
pub(super) fn each_once(targets: &mut Vec<Target>) {
    let mut seen = BTreeSet::new();
    targets.retain(|target| seen.insert(target.repository.id.clone()));
}

#[cfg(test)]
mod tests {
    use super::{Place, Target, canonical, is_url};

    #[test]
    fn one_repository_has_one_url() {
        for (url, expected) in [
            (
                "https://Host.example/team/repo.git",
                "https://host.example/team/repo",
            ),
            (
                "https://user:secret@host.example:443/team/repo/",
                "https://host.example/team/repo",
            ),
            (
                "git@host.example:team/repo.git",
                "ssh://host.example/team/repo",
            ),
            (
                "ssh://git@host.example:22/team/repo",
                "ssh://host.example/team/repo",
            ),
            (
                "https://host.example:8443/team/repo",
                "https://host.example:8443/team/repo",
            ),
            ("file:///srv/git/repo.git", "file:///srv/git/repo"),
        ] {
            assert_eq!(canonical(url), expected, "{url}");
            assert!(is_url(url));
        }
        for path in [
            "clones/repo",
            "/srv/git/repo.git",
            "C:\\clones\\repo",
            "a@b/c:d",
        ] {
            assert!(!is_url(path), "{path}");
        }
    }

    #[test]
    fn a_reference_makes_another_target() {
        let at = |reference: Option<&str>| {
            let place = Place::Folder("x".into());
            Target::new("team/repo.git".into(), reference.map(str::to_owned), place)
        };
        assert_eq!(at(None).repository.name, "repo");
        assert_ne!(at(None).repository.id, at(Some("v1")).repository.id);
        assert_eq!(at(None).repository.id.len(), 32);
    }
}
