//! What a commit brings: files that are in its tree and that none of its parents has there, or that none of them has git write
//! to disk in the same way.
//!
//! Folders are compared by their ids, so that the cost is that of the change and not of the repository. A folder that
//! cannot be read stands in the list itself, with the reason.

use std::sync::Arc;

use gix::{
    ObjectId,
    bstr::ByteSlice as _,
    objs::{TreeRefIter, tree::EntryKind as TreeKind, tree::EntryRef},
};
use rustc_hash::FxHashMap;

use super::super::{
    attributes::{self, Chain, Files, Steps},
    checkout::Checkout,
    objects::{Trees, object_error},
    paths::Filter,
};
use crate::{
    fact::{Answer, EntryKind, Text, Unavailable},
    limits,
};

/// Something at a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Leaf {
    pub(super) path: Box<[u8]>,
    pub(super) kind: EntryKind,
    pub(super) id: ObjectId,
}

/// What a commit brings.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) leaves: Vec<Leaf>,
    /// Of those that git does not write like any other: their places, in order, and how it does.
    pub(super) checkouts: Vec<(usize, Result<Checkout, Unavailable>)>,
    /// Folders that could not be read, or not in full.
    pub(super) unread: Vec<(Box<[u8]>, ObjectId, Unavailable)>,
    /// Bytes of the paths that were met.
    pub(super) bytes: usize,
    /// Folders that were compared.
    pub(super) folders: usize,
}

/// A folder that none of the parents has as it is, with the same attributes.
struct Folder {
    /// Its path, with a slash at the end unless it is the root.
    path: Vec<u8>,
    tree: ObjectId,
    /// The attributes of the folder that it is in.
    attributes: Attributes,
    parents: Vec<Parent>,
}

/// What a parent has in a folder's place.
#[derive(Clone)]
struct Parent {
    tree: ObjectId,
    /// The attributes of the folder that it is in.
    attributes: Attributes,
}

/// The attributes of a folder, if any file says some.
type Attributes = Option<Arc<Chain>>;

/// What is read again and again while a history is compared.
#[derive(Debug, Default)]
pub(super) struct AttributeCache {
    files: Files,
    steps: Steps,
}

/// What is in a tree, as far as `paths` go, that is not at the same place in one of the `parents`.
pub(super) fn changes(
    trees: &mut Trees,
    cache: &mut AttributeCache,
    tree: ObjectId,
    parents: &[ObjectId],
    paths: &Filter,
) -> Changes {
    let mut changes = Changes::default();
    if parents.contains(&tree) {
        return changes;
    }
    // An explicit stack: folders may be deeper than ours.
    let mut folders = vec![Folder {
        path: Vec::new(),
        tree,
        attributes: None,
        parents: parents
            .iter()
            .map(|tree| Parent {
                tree: *tree,
                attributes: None,
            })
            .collect(),
    }];
    let mut places: FxHashMap<ObjectId, u32> = FxHashMap::default();
    while let Some(folder) = folders.pop() {
        changes.folders = changes.folders.saturating_add(1);
        let times = places.entry(folder.tree).or_default();
        *times = times.saturating_add(1);
        let limit = if *times > limits::SAME_FOLDERS {
            Some(limits::Id::SAME_FOLDERS)
        } else if changes.folders > limits::COMMIT_FOLDERS {
            Some(limits::Id::COMMIT_FOLDERS)
        } else {
            None
        };
        if let Some(limit) = limit {
            let unread = Unavailable::Limit(limit);
            changes
                .unread
                .push((place(&folder.path), folder.tree, unread));
            break;
        }
        if let Err(unread) = compare(trees, cache, &folder, paths, &mut folders, &mut changes) {
            let full = matches!(unread, Unavailable::Limit(_));
            changes
                .unread
                .push((place(&folder.path), folder.tree, unread));
            if full {
                break;
            }
        }
    }
    changes
}

/// A folder's path without its slash.
fn place(path: &[u8]) -> Box<[u8]> {
    path.strip_suffix(b"/").unwrap_or(path).into()
}

fn compare(
    trees: &mut Trees,
    cache: &mut AttributeCache,
    folder: &Folder,
    paths: &Filter,
    folders: &mut Vec<Folder>,
    changes: &mut Changes,
) -> Result<(), Unavailable> {
    let hash = trees.objects().hash();
    let data = trees.tree(folder.tree)?;
    let attributes = own_attributes(
        trees,
        cache,
        folder.attributes.as_ref(),
        &folder.path,
        &data,
    );
    // A parent's folder that cannot be read tells nothing: then all is new.
    let mut old: Vec<(Arc<[u8]>, Attributes, bool)> = Vec::new();
    for parent in &folder.parents {
        if let Ok(data) = trees.tree(parent.tree) {
            let above = parent.attributes.as_ref();
            let its = own_attributes(trees, cache, above, &folder.path, &data);
            let same = Chain::is_same(its.as_ref(), attributes.as_ref());
            old.push((data, its, same));
        }
    }
    let mut old: Vec<ParentCursor<'_>> = old
        .iter()
        .map(|(data, its, same)| {
            ParentCursor::new(TreeRefIter::from_bytes(data, hash), its.as_ref(), *same)
        })
        .collect();
    let start = folders.len();
    for entry in TreeRefIter::from_bytes(&data, hash) {
        let entry = entry.map_err(|_| object_error(folder.tree, Answer::Damaged))?;
        let is_folder = entry.mode.is_tree();
        let mut same = false;
        let mut below: Vec<Parent> = Vec::new();
        // The attributes of parents that have the same, to be written otherwise perhaps.
        let mut other_forms: Vec<Option<&Arc<Chain>>> = Vec::new();
        for old in &mut old {
            let Some(before) = old.at(&entry) else {
                continue;
            };
            if kind_of(before.mode.kind()) == kind_of(entry.mode.kind()) {
                if before.oid == entry.oid {
                    if old.same_attributes || !is_folder && !entry.mode.is_blob() {
                        same = true;
                        break;
                    }
                    other_forms.push(old.attributes);
                }
                let tree = before.oid.to_owned();
                let is_known = |known: &Parent| {
                    known.tree == tree && Chain::is_same(known.attributes.as_ref(), old.attributes)
                };
                if is_folder && !below.iter().any(is_known) {
                    below.push(Parent {
                        tree,
                        attributes: old.attributes.cloned(),
                    });
                }
            }
        }
        if same {
            continue;
        }
        let mut path = [folder.path.as_slice(), entry.filename.as_bytes()].concat();
        if !paths.reach(&path, is_folder) {
            continue;
        }
        let id = entry.oid.to_owned();
        let Some(kind) = kind_of(entry.mode.kind()) else {
            spend(changes, path.len())?;
            path.push(b'/');
            folders.push(Folder {
                path,
                tree: id,
                attributes: attributes.clone(),
                parents: below,
            });
            continue;
        };
        if kind == EntryKind::File {
            let mut checkout = |chain| Chain::checkout(chain, &path, &mut cache.steps);
            let now = checkout(attributes.as_ref());
            let known = other_forms
                .into_iter()
                .any(|chain| match (&now, checkout(chain)) {
                    (Ok(now), Ok(before)) => !now.writes_more_than(&before),
                    _ => false,
                });
            if known {
                continue;
            }
            if !now.as_ref().is_ok_and(Checkout::is_default) {
                changes.checkouts.push((changes.leaves.len(), now));
            }
        }
        spend(changes, path.len())?;
        changes.leaves.push(Leaf {
            path: path.into(),
            kind,
            id,
        });
    }
    // In the order of their names.
    if let Some(new) = folders.get_mut(start..) {
        new.reverse();
    }
    Ok(())
}

/// Counts one more path.
fn spend(changes: &mut Changes, path: usize) -> Result<(), Unavailable> {
    changes.bytes = changes
        .bytes
        .saturating_add(path)
        .saturating_add(size_of::<Leaf>());
    if changes.bytes > limits::COMMIT_PATHS {
        return Err(Unavailable::Limit(limits::Id::COMMIT_PATHS));
    }
    Ok(())
}

/// The attributes of a folder: its own file after those of the folders above. git takes a link for a file of what it leads to.
fn own_attributes(
    trees: &mut Trees,
    cache: &mut AttributeCache,
    above: Option<&Arc<Chain>>,
    path: &[u8],
    tree: &[u8],
) -> Attributes {
    let hash = trees.objects().hash();
    // Most folders have none, and this is told at once.
    let named = memchr::memmem::find(tree, b" .gitattributes\0").is_some();
    let own = TreeRefIter::from_bytes(tree, hash)
        .take_while(|_| named)
        .map_while(Result::ok)
        .find(|entry| entry.filename == attributes::FILE && entry.mode.is_blob_or_symlink());
    match own {
        Some(entry) => {
            let id = entry.oid.to_owned();
            cache.files.below(trees.objects(), above, path.len(), id)
        }
        None => above.cloned(),
    }
}

/// What an entry of a tree is; `None` for a folder.
pub(super) fn kind_of(kind: TreeKind) -> Option<EntryKind> {
    match kind {
        TreeKind::Tree => None,
        TreeKind::Link => Some(EntryKind::Link),
        TreeKind::Commit => Some(EntryKind::Submodule),
        TreeKind::Blob | TreeKind::BlobExecutable => Some(EntryKind::File),
    }
}

/// A parent's folder, walked beside the new one: both are sorted in the same way.
struct ParentCursor<'a> {
    rest: TreeRefIter<'a>,
    next: Option<EntryRef<'a>>,
    attributes: Option<&'a Arc<Chain>>,
    /// They are those of the new one.
    same_attributes: bool,
}

impl<'a> ParentCursor<'a> {
    fn new(
        mut rest: TreeRefIter<'a>,
        attributes: Option<&'a Arc<Chain>>,
        same_attributes: bool,
    ) -> Self {
        let next = rest.next().and_then(Result::ok);
        Self {
            rest,
            next,
            attributes,
            same_attributes,
        }
    }

    /// The entry of the same name. One that is out of order is not found, and so what it would hide is new.
    fn at(&mut self, entry: &EntryRef<'_>) -> Option<EntryRef<'a>> {
        let wanted = (entry.filename.as_bytes(), entry.mode.is_tree());
        while let Some(next) = self.next {
            let order =
                gix::objs::tree::name_order(next.filename, next.mode.is_tree(), wanted.0, wanted.1);
            match order {
                std::cmp::Ordering::Less => {
                    self.next = self.rest.next().and_then(Result::ok);
                }
                std::cmp::Ordering::Equal => return Some(next),
                std::cmp::Ordering::Greater => break,
            }
        }
        None
    }
}

/// A path that cannot be told from the object alone.
pub(super) fn place_of(id: ObjectId) -> Box<[u8]> {
    let hex = id.to_string();
    let (folder, file) = hex.split_at_checked(2).unwrap_or(("", &hex));
    let text = format!(".git/objects/{folder}/{file}");
    Text::from(text).as_bytes().into()
}
