//! What git-annex keeps elsewhere: the bytes behind its links and pointer files, if this clone has them.

use std::path::{Path, PathBuf};

use super::{
    super::{Item, View, annex::Key},
    opened::Opened,
};
use crate::{
    bytes::{FileSource, Window},
    fact::{Absent, Circumstance, Command, Text, Unavailable},
};

/// The folder in which the repository of an item keeps contents.
fn objects(view: &View, item: &Item) -> Option<PathBuf> {
    let repository = match view.submodules.get(item.submodule) {
        Some(submodule) => &submodule.repository,
        None => view.repository.as_ref()?,
    };
    let objects = repository
        .to_thread_local()
        .common_dir()
        .join("annex/objects");
    std::fs::canonicalize(objects).ok()
}

/// A content at a place in the folder; none that a link leads to.
fn open(objects: &Path, place: &Path, key: Key<'_>) -> Option<Opened> {
    let path = objects.join(place);
    if std::fs::canonicalize(&path).ok()? != path {
        return None;
    }
    let window = Window::new(FileSource::open(&path).ok()?);
    let object = window.len();
    let opened = Opened::bytes(window);
    Some(match key.size() {
        Some(pointer) if pointer != object => {
            opened.with(Circumstance::SizeMismatch { pointer, object })
        }
        _ => opened,
    })
}

/// What a link on disk leads to, if that is a content in the item's own repository.
pub(super) fn behind_link(view: &View, item: &Item, target: &[u8], link: &Path) -> Option<Opened> {
    let key = Key::of_link(target)?;
    let (objects, real) = (objects(view, item)?, std::fs::canonicalize(link).ok()?);
    let place = real.strip_prefix(&objects).ok()?.to_owned();
    key.places()
        .contains(&place)
        .then(|| open(&objects, &place, key))?
}

/// The same of a link as git recorded it: checked out, it has to lead into the git directory of its repository.
pub(super) fn behind_recorded_link(view: &View, item: &Item, target: &[u8]) -> Option<Opened> {
    let key = Key::of_link(target)?;
    let depth = view
        .submodules
        .path_of(item)
        .split(|byte| *byte == b'/')
        .count()
        .saturating_sub(1);
    let way = "../".repeat(depth) + ".git/annex/objects/";
    let place = target.strip_prefix(way.as_bytes())?;
    let objects = objects(view, item)?;
    let mut places = key.places().into_iter();
    let place = places.find(|known| known.as_os_str().as_encoded_bytes() == place)?;
    open(&objects, &place, key)
}

/// What a pointer file stands for: the content, or that it is not here.
pub(super) fn behind_pointer(view: &View, item: &Item, bytes: &[u8]) -> Option<Opened> {
    let key = Key::of_pointer(bytes)?;
    let objects = objects(view, item);
    let mut places = key.places().into_iter();
    let here = objects.and_then(|objects| places.find_map(|place| open(&objects, &place, key)));
    if here.is_some() {
        return here;
    }
    // Of another backend nothing is known but that it is a text.
    let (oid, size) = (key.sha256()?.to_owned(), key.size()?);
    let path = Text::new(view.submodules.path_of(item));
    let command = Command::new("git annex get ").path(path);
    let absent = Unavailable::NotFetched {
        what: Absent::AnnexContent,
        command: view.submodules.command_in(item.submodule, command),
    };
    let opened = Opened {
        size,
        ..Opened::nothing()
    };
    let opened = opened.with(Circumstance::Pointer { oid, size });
    Some(opened.with(Circumstance::Unavailable(absent)))
}
