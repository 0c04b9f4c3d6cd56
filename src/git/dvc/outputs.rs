//! The files that an output stands for.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use gix::bstr::ByteSlice as _;

use super::{
    Cache,
    files::{ListedOutput, Member, is_elsewhere, members},
};
use crate::{
    bytes::narrow,
    fact::{Circumstance, EntryKind, NotFollowed, Text},
    git::{Item, Origin, View, links::is_dot_git, path_bytes},
    limits,
};

/// The end of an md5 that is that of the list of a folder.
const LIST: &str = ".dir";

/// A file that DVC keeps, or a folder of which no more is known.
#[derive(Debug, Clone)]
pub(in crate::git) struct Output {
    /// From the root of the view.
    pub(in crate::git) path: Text,
    /// That of its content.
    pub(in crate::git) md5: Option<String>,
    /// Bytes, if the list says it.
    pub(in crate::git) size: Option<u64>,
    pub(in crate::git) kind: OutputKind,
    /// Whether its md5 is that of versions before 3.
    pub(in crate::git) is_old: bool,
    /// Whether its folder's list is not the one that its md5 stands for.
    pub(in crate::git) is_of_other_list: bool,
    /// The file that lists it.
    pub(in crate::git) listed_in: Text,
    /// Where contents are.
    pub(in crate::git) cache: Option<Arc<Cache>>,
}

/// What an output is.
#[derive(Debug, Clone, Copy)]
pub(in crate::git) enum OutputKind {
    File,
    /// A folder that cannot be listed.
    Folder {
        /// How many it has, if that is known.
        files: Option<u64>,
    },
}

impl Output {
    /// As an item of the view, introduced by what introduced the file that lists it.
    pub(in crate::git) fn into_item(self, by: &Item) -> Item {
        let mut item = Item::new(self.path.as_bytes(), EntryKind::File, Origin::Nowhere);
        item.entry.introduced_by.clone_from(&by.entry.introduced_by);
        item.submodule = by.submodule;
        item.noted.push(Circumstance::OutputOfDvc {
            listed_in: self.listed_in.clone(),
            md5: self.md5.clone(),
        });
        if self.is_of_other_list {
            item.noted.push(Circumstance::DigestMismatch);
        }
        item.origin = Origin::Dvc(Arc::new(self));
        item
    }
}

/// Makes files of the outputs that one file lists.
pub(in crate::git) struct Expansion<'a> {
    pub(in crate::git) view: &'a View,
    pub(in crate::git) item: &'a Item,
    pub(in crate::git) cache: Option<Arc<Cache>>,
    /// How many more files there may be.
    pub(in crate::git) budget: &'a mut usize,
    pub(in crate::git) outputs: Vec<Output>,
    pub(in crate::git) not_followed: Vec<NotFollowed>,
}

impl Expansion<'_> {
    /// The files of an output whose path is from a folder of the view; `None` if that is none.
    pub(in crate::git) fn add(&mut self, folder: Option<&[u8]>, output: &ListedOutput) {
        let path = folder.filter(|_| !is_elsewhere(&output.path));
        let Some(path) = path.and_then(|folder| joined(folder, &output.path)) else {
            let outside = Text::from(output.path.as_str());
            self.not_followed.push(NotFollowed::OutputOutside(outside));
            return;
        };
        let one = Output {
            path: Text::new(&path),
            md5: output.md5.clone(),
            size: output.size,
            kind: OutputKind::File,
            is_old: output.hash.is_none(),
            is_of_other_list: false,
            listed_in: self.item.entry.path.clone(),
            cache: self.cache.clone(),
        };
        let list = output.md5.as_deref().filter(|md5| md5.ends_with(LIST));
        let on_disk = self
            .view
            .is_on_disk()
            .then(|| self.on_disk(&path))
            .flatten();
        if list.is_none() && output.files.is_none() && on_disk.is_none() {
            self.push(one);
            return;
        }
        let (listed, is_of_other_list) = match (list, &output.files) {
            (_, Some(files)) => (Some(files.clone()), false),
            (Some(md5), None) => self.list(md5, one.is_old),
            (None, None) => (None, false),
        };
        let one = Output {
            is_of_other_list,
            ..one
        };
        let is_known = listed.is_some() || on_disk.is_some();
        let mut names: Vec<Vec<u8>> = Vec::new();
        for member in listed.unwrap_or_default() {
            let Some(path) = below(&path, &member.relpath) else {
                let outside = Text::from(member.relpath);
                self.not_followed.push(NotFollowed::OutputOutside(outside));
                continue;
            };
            names.push(path.clone());
            self.push(Output {
                path: Text::new(path),
                md5: member.md5,
                size: member.size,
                ..one.clone()
            });
        }
        names.sort_unstable();
        for path in on_disk.unwrap_or_default() {
            if names.binary_search(&path).is_err() {
                self.push(Output {
                    path: Text::new(path),
                    md5: None,
                    size: None,
                    ..one.clone()
                });
            }
        }
        if !is_known {
            self.push(Output {
                kind: OutputKind::Folder {
                    files: output.nfiles,
                },
                ..one
            });
        }
    }

    fn push(&mut self, output: Output) {
        if let Some(left) = self.budget.checked_sub(1) {
            *self.budget = left;
            self.outputs.push(output);
            return;
        }
        let why = NotFollowed::UnreadOutputs(Text::from(limits::Id::DVC_FILES.to_string()));
        if self.not_followed.last() != Some(&why) {
            self.not_followed.push(why);
        }
    }

    /// The list of a folder, and whether it is not the one that is meant.
    fn list(&self, md5: &str, is_old: bool) -> (Option<Vec<Member>>, bool) {
        let list = self.cache.as_ref().and_then(|cache| cache.open(md5));
        let Some(window) = list.filter(|it| it.len() <= limits::DVC_LIST_BYTES) else {
            return (None, false);
        };
        let digits = md5.trim_end_matches(LIST);
        let is_meant = super::has_md5(&window, digits, is_old) == Some(true);
        let bytes = window.bytes_at(0, narrow(window.len())).ok();
        (bytes.and_then(|bytes| members(&bytes)), !is_meant)
    }

    /// The files of a folder of the work tree; `None` if there is none. Links are files.
    fn on_disk(&self, path: &[u8]) -> Option<Vec<Vec<u8>>> {
        let root = fs::canonicalize(&self.view.root).ok()?;
        let top = root.join(path.to_path().ok()?);
        let is_folder = fs::symlink_metadata(&top).ok()?.is_dir();
        if !is_folder || fs::canonicalize(&top).ok()? != top {
            return None;
        }
        let (mut files, mut folders) = (Vec::new(), vec![(top, path.to_vec())]);
        while let Some((folder, path)) = folders.pop() {
            for child in entries(&folder) {
                let child_path = [path.as_slice(), b"/", &path_bytes(child.name.as_ref())].concat();
                if files.len() > *self.budget {
                    return Some(files);
                }
                if child.is_folder && !is_dot_git(child.name.as_os_str().as_encoded_bytes()) {
                    folders.push((folder.join(&child.name), child_path));
                } else if !child.is_folder {
                    files.push(child_path);
                }
            }
        }
        Some(files)
    }
}

struct Child {
    name: PathBuf,
    is_folder: bool,
}

/// What is in a folder. One that cannot be listed has nothing: its files are then missing, if they are listed.
fn entries(folder: &Path) -> Vec<Child> {
    let all = fs::read_dir(folder).into_iter().flatten().flatten();
    let child = |entry: fs::DirEntry| Child {
        is_folder: entry.file_type().is_ok_and(|it| it.is_dir()),
        name: PathBuf::from(entry.file_name()),
    };
    all.map(child).collect()
}

/// A path from a folder of the view, as one from its root; `None` if it leads out of it or into git's own folder.
pub(in crate::git) fn joined(folder: &[u8], path: &str) -> Option<Vec<u8>> {
    let mut names: Vec<&[u8]> = folder
        .split(|b| *b == b'/')
        .filter(|it| !it.is_empty())
        .collect();
    for name in path.as_bytes().split(|b| matches!(b, b'/' | b'\\')) {
        match name {
            b"" | b"." => {}
            b".." => {
                names.pop()?;
            }
            name if is_dot_git(name) || name.contains(&0) => return None,
            name => names.push(name),
        }
    }
    // A stage whose folder is computed has no path that is known.
    (!path.contains("${")).then(|| names.join(&b'/'))
}

/// A path of a folder's list, from the root; `None` if it leads out of the folder.
fn below(folder: &[u8], path: &str) -> Option<Vec<u8>> {
    let names = path.split('/');
    let is_below =
        !is_elsewhere(path) && names.clone().all(|name| !matches!(name, "" | "." | ".."));
    is_below.then(|| joined(folder, path))?
}
