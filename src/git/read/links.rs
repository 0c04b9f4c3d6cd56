//! Symbolic links of a view: where they lead, and what is there.

use std::{io, path::Path};

use super::{
    super::{
        Item, Origin, View,
        links::{LinkEnd, is_dot_git, link_end},
        path_bytes, relative_bytes,
        walk::is_repository,
    },
    annexed,
    objects::ViewObjects,
    opened::{Content, Opened, io_error},
    path_on_disk,
};
use crate::{
    fact::{Text, Unavailable},
    limits,
};

/// Opens a link on disk.
pub(super) fn open_on_disk(view: &View, item: &Item) -> Opened {
    let path = match &item.origin {
        Origin::Named(path) => Ok(path.clone()),
        _ => path_on_disk(view, item),
    };
    let path = match path {
        Ok(path) => path,
        Err(error) => return Opened::unread(io_error(&error)),
    };
    match std::fs::read_link(&path) {
        Ok(target) => {
            let target = path_bytes(&target);
            if let Some(opened) = annexed::behind_link(view, item, &target, &path) {
                return opened;
            }
            // Following the names alone is not enough where a folder on the way is a link itself.
            let end = match std::fs::canonicalize(&path) {
                Ok(real) => end_on_disk(view, &real),
                Err(_) => link_end(None, item.entry.path.as_bytes(), &target),
            };
            Opened::link(Text::new(&target), end)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Opened {
            content: Content::Gone,
            ..Opened::nothing()
        },
        Err(error) => Opened::unread(io_error(&error)),
    }
}

/// Where a link leads that leads to this.
fn end_on_disk(view: &View, real: &Path) -> LinkEnd {
    let root = &view.root;
    let Ok(inside) = real.strip_prefix(root) else {
        return LinkEnd::Outside;
    };
    let mut names = inside.components().map(|part| path_bytes(part.as_ref()));
    if names.any(|name| is_dot_git(&name)) {
        return LinkEnd::Outside;
    }
    let submodule = inside
        .ancestors()
        .filter(|folder| !folder.as_os_str().is_empty())
        .find(|folder| is_repository(&root.join(folder).join(".git")));
    match submodule {
        Some(submodule) => LinkEnd::Submodule(Text::new(relative_bytes(submodule))),
        None => LinkEnd::Inside(Text::new(relative_bytes(inside))),
    }
}

/// Where a link leads as git recorded it.
pub(super) fn end_in_git(
    view: &View,
    objects: &mut ViewObjects<'_>,
    item: &Item,
    target: &[u8],
) -> LinkEnd {
    let submodule = view.submodules.get(item.submodule);
    let (snapshot, path) = match submodule {
        Some(submodule) => (submodule.snapshot.as_ref(), view.submodules.path_of(item)),
        None => (view.after(), item.entry.path.as_bytes()),
    };
    let end = match (snapshot, objects.trees(item.submodule)) {
        (Some(snapshot), Ok(trees)) => link_end(Some((snapshot, trees)), path, target),
        _ => link_end(None, path, target),
    };
    match (end, submodule) {
        (LinkEnd::Inside(path), Some(submodule)) => {
            let path = [&submodule.path, b"/".as_slice(), path.as_bytes()].concat();
            LinkEnd::Inside(Text::new(path))
        }
        (end, _) => end,
    }
}

/// Files below a folder, as far as the view tells.
///
/// # Errors
/// More names than links may lead to.
pub(super) fn below(
    view: &View,
    objects: &mut ViewObjects<'_>,
    folder: &Text,
    left: &mut usize,
) -> Result<Vec<Text>, Unavailable> {
    let prefix = [folder.as_bytes(), b"/"].concat();
    let most = *left;
    let first = view
        .items
        .partition_point(|item| item.entry.path.as_bytes() < prefix.as_slice());
    let items = view.items.get(first..).unwrap_or_default().iter();
    let paths = items.map(|item| &item.entry.path);
    let inside = paths.take_while(|path| path.as_bytes().starts_with(&prefix));
    let mut found: Vec<Text> = inside.take(most).cloned().collect();
    if let Some(snapshot) = view.after()
        && let Ok(trees) = objects.trees(None)
    {
        found.extend(snapshot.below(trees, folder.as_bytes(), most));
    }
    *left = most.saturating_sub(found.len());
    if *left == 0 {
        return Err(Unavailable::Limit(limits::Id::BEHIND_LINKS));
    }
    Ok(found)
}
