//! What DVC keeps: the bytes of an output, if this clone has them.

use std::path::Path;

use super::{
    super::{
        Item, View,
        dvc::{Output, OutputKind, has_md5},
    },
    opened::Opened,
    path_on_disk,
};
use crate::{
    bytes::{FileSource, Window},
    fact::{Absent, Circumstance, Command, Unavailable},
};

/// Opens an output: as it lies in the work tree, or as the cache has it.
pub(super) fn open(view: &View, item: &Item, output: &Output) -> Opened {
    if matches!(output.kind, OutputKind::File) {
        let at_path = || at_path(view, item, output);
        let on_disk = view.is_on_disk().then(at_path).flatten();
        if let Some(window) = on_disk {
            return Opened::bytes(window);
        }
        let cached = output
            .md5
            .as_deref()
            .and_then(|md5| output.cache.as_ref()?.open(md5));
        if let Some(window) = cached {
            return checked(window, output);
        }
        // What was not put into the cache may still lie where it was made.
        let is_meant = |window: &Window| {
            let md5 = output.md5.as_deref();
            let size = output.size.is_none_or(|size| size == window.len());
            size && md5.and_then(|md5| has_md5(window, md5, output.is_old)) == Some(true)
        };
        if let Some(window) = at_path().filter(is_meant) {
            return Opened::bytes(window);
        }
    }
    let what = match output.kind {
        OutputKind::Folder { files } => Absent::DvcFolder(files),
        OutputKind::File => Absent::DvcContent,
    };
    let absent = Unavailable::NotFetched {
        what,
        command: Command::new("dvc pull ").path(item.entry.path.clone()),
    };
    let opened = Opened {
        size: output.size.unwrap_or_default(),
        ..Opened::nothing()
    };
    opened.with(Circumstance::Unavailable(absent))
}

/// A content of the cache, compared with the md5 that it is kept under.
fn checked(window: Window, output: &Output) -> Opened {
    let md5 = output.md5.as_deref().unwrap_or_default();
    let is_meant = has_md5(&window, md5, output.is_old) == Some(true);
    let opened = Opened::bytes(window);
    if is_meant {
        opened
    } else {
        opened.with(Circumstance::DigestMismatch)
    }
}

/// The file at its path in the work tree: itself, or a link into the cache, as DVC makes them.
fn at_path(view: &View, item: &Item, output: &Output) -> Option<Window> {
    let path = path_on_disk(view, item).ok()?;
    let metadata = std::fs::symlink_metadata(&path).ok()?;
    if metadata.is_symlink() {
        return output.cache.as_ref()?.open_behind(&path);
    }
    let is_below = |folder: &Path| std::fs::canonicalize(folder).ok().as_deref() == Some(folder);
    if !metadata.is_file() || !is_below(path.parent()?) {
        return None;
    }
    Some(Window::new(FileSource::open(&path).ok()?))
}
