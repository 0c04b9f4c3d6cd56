//! From what the user typed to a view: which repository or folder, and which paths in it.

use std::path::{Path, PathBuf};

use super::{
    Item, Origin, View, relative_bytes, repository, sort_by_path,
    walk::{Tracked, Walk, is_repository},
};
use crate::{
    bytes,
    error::Error,
    fact::{Circumstance, ContentSource, EntryKind, Text, Unavailable, UnsupportedEntry},
    limits,
};

/// A path the user named, as it stands on disk.
struct NamedPath {
    shown: PathBuf,
    /// Without links, except that a file keeps its own name.
    real: PathBuf,
    kind: PathKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PathKind {
    Folder,
    File,
    /// A pipe, a socket, a device: by name only, and not read.
    Special,
}

/// The files that are on disk: of the repository that `cwd` is in (tracked, or untracked and not ignored), or of `paths`
/// (relative to `cwd`), inside a repository or not. A path given by name is looked at even if git ignores it.
///
/// # Errors
/// A path that does not exist or belongs to another repository than the first, a bare repository, a repository that
/// cannot be read or belongs to someone else.
pub fn work_tree(cwd: &Path, paths: &[PathBuf]) -> Result<View, Error> {
    let named = if paths.is_empty() {
        vec![name(cwd, Path::new("."))?]
    } else {
        paths
            .iter()
            .map(|path| name(cwd, path))
            .collect::<Result<Vec<_>, _>>()?
    };
    let Some(start) = named.first().map(NamedPath::folder) else {
        return Err(usage(
            "there is no path to look at",
            "name a file or a folder",
        ));
    };
    let found = repository::discover(&start)?;
    let root = found
        .as_ref()
        .and_then(repository::work_tree_of)
        .filter(|root| start.starts_with(root) && !start.starts_with(root.join(".git")));
    match (found, root) {
        (Some(repository), Some(root)) => in_repository(repository, root, &named, paths),
        (Some(_), None) if paths.is_empty() => Err(no_work_tree(&start)),
        _ => outside(cwd, &named),
    }
}

/// One file, whatever it is in; for looking at, not for judging a repository.
pub fn file(cwd: &Path, path: &Path) -> Result<View, Error> {
    let named = name(cwd, path)?;
    if named.kind == PathKind::Folder {
        return Err(usage(
            format!("`{}` is a folder", path.display()),
            "name one file, or run `weighbridge check` on the folder",
        ));
    }
    // Looking is not hindered by a repository that cannot be opened: then it is a file like any other.
    work_tree(cwd, &[path.to_owned()]).or_else(|_| outside(cwd, &[named]))
}

/// What standard input gives, named as if it were a file in `cwd`. The policy is that of the repository the user stands in.
///
/// # Errors
/// What reading it answers, and more than is kept in memory.
pub fn standard_input(cwd: &Path, name: &Path) -> Result<View, Error> {
    let window = bytes::standard_input(limits::STANDARD_INPUT).map_err(|source| {
        if source.kind() != std::io::ErrorKind::FileTooLarge {
            return Error::Io {
                path: PathBuf::from("<stdin>"),
                source,
            };
        }
        usage(
            format!(
                "standard input gives more than {} bytes, which are not kept in memory",
                limits::STANDARD_INPUT
            ),
            "write it to a file and name that: of a file, only parts are read",
        )
    })?;
    given(cwd, name, window, "standard input")
}

/// A text, named as if it were a file in `cwd`.
///
/// # Errors
/// A folder or a repository that cannot be opened.
pub fn text(cwd: &Path, name: &Path, text: &str) -> Result<View, Error> {
    let window = bytes::Window::new(text.as_bytes().to_vec());
    given(cwd, name, window, "a text")
}

/// Bytes that were given, named as if they were a file in `cwd`.
fn given(cwd: &Path, name: &Path, window: bytes::Window, label: &str) -> Result<View, Error> {
    let here = canonical(cwd)?;
    let found = repository::discover(&here)?;
    let root = found
        .as_ref()
        .and_then(repository::work_tree_of)
        .filter(|root| here.starts_with(root) && !here.starts_with(root.join(".git")));
    let path = here.join(name);
    let root = root.filter(|root| path.starts_with(root)).unwrap_or(here);
    let path = match path.strip_prefix(&root) {
        Ok(path) => path,
        // It is known by a name elsewhere, of which the last part says what it is.
        Err(_) => name.file_name().map_or(name, Path::new),
    };
    let item = Item::new(
        &relative_bytes(path),
        EntryKind::File,
        Origin::Given(window),
    );
    let in_repository = found.filter(|repository| {
        repository::work_tree_of(repository).is_some_and(|work_tree| work_tree == root)
    });
    let mut view = View::new(root, label.to_owned(), vec![item]);
    // What was read once cannot be read again.
    view.content_source = ContentSource::Scattered;
    Ok(match in_repository {
        Some(repository) => view.in_repository(repository),
        None => view,
    })
}

fn canonical(cwd: &Path) -> Result<PathBuf, Error> {
    std::fs::canonicalize(cwd).map_err(|source| Error::Io {
        path: cwd.to_owned(),
        source,
    })
}

fn in_repository(
    shared: gix::ThreadSafeRepository,
    root: PathBuf,
    named: &[NamedPath],
    paths: &[PathBuf],
) -> Result<View, Error> {
    let whole = [NamedPath {
        shown: PathBuf::from("."),
        real: root.clone(),
        kind: PathKind::Folder,
    }];
    // Without paths it is all of the repository, wherever in it the user stands.
    let named = if paths.is_empty() { &whole } else { named };
    for name in named {
        let Ok(relative) = name.real.strip_prefix(&root) else {
            return Err(usage(
                format!(
                    "`{}` is not in the repository at `{}`, as another path is",
                    name.shown.display(),
                    root.display()
                ),
                "check each repository by itself: each has its own policy",
            ));
        };
        if let Some(other) = relative
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty())
            .map(|folder| root.join(folder))
            .find(|folder| is_repository(&folder.join(".git")))
        {
            return Err(usage(
                format!(
                    "`{}` is in another repository, at `{}`",
                    name.shown.display(),
                    other.display()
                ),
                "check each repository by itself: each has its own policy",
            ));
        }
    }
    let repository = shared.to_thread_local();
    let (items, notice) = if named.iter().any(|name| name.kind == PathKind::Folder) {
        let index = repository::index(&repository)?;
        let tracked = Some(repository::tracked(&repository, &index)?);
        collect(&root, tracked, named)
    } else {
        collect(&root, None, named)
    };
    let label = if paths.is_empty() {
        String::from("the work tree")
    } else {
        format!("the work tree: {}", shown(named))
    };
    let view = View::new(root, label, items).in_repository(shared);
    let mut view = view.whole(paths.is_empty());
    view.notices.extend(notice);
    Ok(view)
}

/// Paths outside any repository: every file counts.
fn outside(cwd: &Path, named: &[NamedPath]) -> Result<View, Error> {
    let root = common_folder(cwd, named)?;
    let (items, notice) = collect(&root, None, named);
    let label = match named {
        [only] if only.shown == Path::new(".") => Text::new(super::path_bytes(&root)).to_string(),
        named => shown(named),
    };
    let whole = matches!(named, [only] if only.kind == PathKind::Folder && only.real == root);
    let mut view = View::new(root, label, items).whole(whole);
    view.notices.extend(notice);
    Ok(view)
}

/// What is at and below the paths, and what is to be said of what is not read there.
fn collect(
    root: &Path,
    tracked: Option<Tracked<'_>>,
    named: &[NamedPath],
) -> (Vec<Item>, Option<String>) {
    let mut walk = Walk {
        root,
        tracked,
        items: Vec::new(),
        special: Vec::new(),
    };
    let mut files = Vec::new();
    for name in named {
        let path = relative_bytes(name.real.strip_prefix(root).unwrap_or(&name.real));
        if name.kind == PathKind::Folder {
            walk.folder(&path);
        } else {
            files.push(name.item(&path));
        }
    }
    let notice = walk.notice();
    let mut items = walk.items;
    // Overlapping paths name an item once; one named as a file is what the user asked for.
    files.append(&mut items);
    sort_by_path(&mut files);
    files.dedup_by(|a, b| a.entry.path == b.entry.path);
    (files, notice)
}

/// `cwd` if all paths are below it, else the folder that is, or holds, the only one, else the deepest that all share.
fn common_folder(cwd: &Path, named: &[NamedPath]) -> Result<PathBuf, Error> {
    let cwd = canonical(cwd)?;
    let holds = |folder: &Path| named.iter().all(|name| name.real.starts_with(folder));
    if let [only] = named
        && !holds(&cwd)
    {
        return Ok(only.folder());
    }
    let folder = cwd.ancestors().find(|folder| holds(folder));
    folder.map(Path::to_owned).ok_or_else(|| {
        usage(
            String::from("the paths have no folder in common"),
            "check them one by one",
        )
    })
}

fn shown(named: &[NamedPath]) -> String {
    let shown: Vec<String> = named
        .iter()
        .map(|name| Text::new(super::path_bytes(&name.shown)).to_string())
        .collect();
    shown.join(", ")
}

impl NamedPath {
    /// The folder it is, or is in.
    fn folder(&self) -> PathBuf {
        match self.kind {
            PathKind::Folder => self.real.clone(),
            _ => self.real.parent().unwrap_or(&self.real).to_owned(),
        }
    }

    fn item(&self, path: &[u8]) -> Item {
        if self.kind == PathKind::File {
            return Item::new(path, EntryKind::File, Origin::Named(self.real.clone()));
        }
        let special = Unavailable::Unsupported(UnsupportedEntry::Special);
        Item::new(path, EntryKind::File, Origin::Nowhere).with(Circumstance::Unavailable(special))
    }
}

fn name(cwd: &Path, shown: &Path) -> Result<NamedPath, Error> {
    let path = cwd.join(shown);
    let io = |source| Error::Io {
        path: shown.to_owned(),
        source,
    };
    let metadata = match std::fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(absent(&path, shown));
        }
        Err(error) => return Err(io(error)),
    };
    let kind = if metadata.is_dir() {
        PathKind::Folder
    } else if metadata.is_file() {
        PathKind::File
    } else {
        PathKind::Special
    };
    let real = match (kind, path.file_name()) {
        (PathKind::File | PathKind::Special, Some(name)) => {
            let parent = path.parent().unwrap_or(Path::new(""));
            std::fs::canonicalize(parent).map_err(io)?.join(name)
        }
        _ => std::fs::canonicalize(&path).map_err(io)?,
    };
    Ok(NamedPath {
        shown: shown.to_owned(),
        real,
        kind,
    })
}

/// A path that does not exist, with the one that was probably meant.
pub(super) fn absent(path: &Path, shown: &Path) -> Error {
    if let Ok(target) = std::fs::read_link(path) {
        return usage(
            format!(
                "`{}` is a symbolic link to `{}`, where nothing is",
                shown.display(),
                target.display()
            ),
            "put the file there, or name the file itself",
        );
    }
    let wanted = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let near = path
        .parent()
        .and_then(|parent| std::fs::read_dir(parent).ok())
        .into_iter()
        .flatten()
        .filter_map(|child| Some(child.ok()?.file_name().to_string_lossy().into_owned()))
        .map(|name| (strsim::damerau_levenshtein(&wanted, &name), name))
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 4) && *distance < wanted.len())
        .min();
    usage(
        format!("`{}` does not exist", shown.display()),
        match near {
            Some((_, name)) => format!("did you mean `{}`?", shown.with_file_name(name).display()),
            None => String::from("paths are relative to the current folder"),
        },
    )
}

pub(super) fn no_work_tree(path: &Path) -> Error {
    usage(
        format!("the repository at `{}` has no work tree", path.display()),
        "go to a clone or a `git worktree` of it, or name the files to look at",
    )
}

pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Error {
    Error::Usage {
        message: message.into(),
        help: help.into(),
    }
}
