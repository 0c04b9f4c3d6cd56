//! Opening items: from disk, from the object store, through git-lfs.

mod annexed;
mod attributes;
mod kept;
mod links;
mod objects;
mod opened;
mod pointers;

use std::{
    io,
    path::{Path, PathBuf},
};

use attributes::ViewAttributes;
use gix::bstr::ByteSlice as _;
use objects::ViewObjects;
pub use opened::{Content, Opened, OtherForms};
use opened::{io_error, unsupported};

use super::{Item, Origin, View, checkout::Checkout, lfs::Pointer, lines};
use crate::{
    bytes::{FileSource, Window, wide},
    fact::{Changed, Circumstance, EntryKind, Text, Unavailable, UnsupportedEntry},
    limits,
};

/// Opens the items of a view. Each worker has its own: an object store is read fastest without sharing.
pub struct Reader<'v> {
    view: &'v View,
    objects: ViewObjects<'v>,
    attributes: ViewAttributes<'v>,
    /// Names below what links lead to that may still be listed.
    behind_links: usize,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl<'v> Reader<'v> {
    pub(super) fn new(view: &'v View) -> Self {
        Self {
            view,
            objects: ViewObjects::new(view),
            attributes: ViewAttributes::new(view),
            behind_links: limits::BEHIND_LINKS,
        }
    }

    /// Opens an item. What cannot be opened is a fact of it.
    pub fn open(&mut self, item: &Item) -> Opened {
        let mut opened = match (&item.origin, item.entry.kind) {
            (Origin::Nowhere | Origin::Object, _) | (_, EntryKind::Submodule) => Opened::nothing(),
            (Origin::Disk, EntryKind::File) => match path_on_disk(self.view, item) {
                Ok(path) => self.open_file(item, &path),
                Err(error) => Opened::unread(io_error(&error)),
            },
            (Origin::Disk | Origin::Named(_), EntryKind::Link) => {
                links::open_on_disk(self.view, item)
            }
            (Origin::Named(path), EntryKind::File) => self.open_file(item, path),
            (Origin::Dvc(output), _) => kept::open(self.view, item, output),
            (Origin::Given(window), _) => self.open_blob(item, EntryKind::File, window.clone()),
            (Origin::Blob(id), kind) => match self.objects.blob(item.submodule, *id) {
                Ok(window) => {
                    let changed = self.changed(item, *id, &window);
                    let (written, other_forms) =
                        self.attributes
                            .checked_out(&mut self.objects, item, *id, &window);
                    let opened = match written {
                        Ok(Some(written)) => Opened {
                            is_blob: false,
                            ..self.open_blob(item, kind, written)
                        },
                        Ok(None) => self.open_blob(item, kind, window),
                        Err(unread) => self
                            .open_blob(item, kind, window)
                            .with(Circumstance::Unavailable(unread)),
                    };
                    let opened = Opened {
                        other_forms,
                        ..opened
                    };
                    Opened { changed, ..opened }
                }
                Err(unread) => Opened::unread(unread),
            },
        };
        if !item.noted.is_empty() {
            opened.noted.splice(0..0, item.noted.iter().cloned());
        }
        opened
    }

    fn open_file(&self, item: &Item, path: &Path) -> Opened {
        let source = match FileSource::open(path) {
            Ok(source) => source,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Opened {
                    content: Content::Gone,
                    ..Opened::nothing()
                };
            }
            Err(error) => return Opened::unread(io_error(&error)),
        };
        let window = Window::new(source);
        let size = window.len();
        if size > wide(limits::SMALL_FILE) {
            return Opened::bytes(window);
        }
        // One read now instead of several later, and the file is closed before the next is opened.
        match window.bytes_at(0, limits::SMALL_FILE) {
            Ok(bytes) => self.open_small(item, bytes),
            Err(error) => Opened::unread(io_error(&error)),
        }
    }

    fn open_blob(&mut self, item: &Item, kind: EntryKind, window: Window) -> Opened {
        let small = match kind {
            EntryKind::Link => usize::MAX,
            _ => limits::LFS_POINTER,
        };
        if window.len() > wide(small) {
            let padded = window
                .bytes_at(0, small.saturating_add(1))
                .is_ok_and(|beginning| Pointer::is_padded(&beginning));
            if !padded {
                return Opened::blob(window);
            }
            return Opened::bytes(window).with(unsupported(UnsupportedEntry::PaddedPointer));
        }
        match window.bytes_at(0, small) {
            Ok(bytes) if kind == EntryKind::Link => {
                if let Some(opened) = annexed::behind_recorded_link(self.view, item, &bytes) {
                    return opened;
                }
                let end = links::end_in_git(self.view, &mut self.objects, item, &bytes);
                // Where `core.symlinks` is false, as on Windows, git writes a file that holds the target: it must be a name.
                let is_name = !bytes.iter().any(u8::is_ascii_control);
                let opened = Opened::link(Text::new(bytes), end);
                if is_name {
                    return opened;
                }
                opened.with(unsupported(UnsupportedEntry::LinkToNoName))
            }
            Ok(bytes) => match Pointer::parse(&bytes) {
                Some(pointer) => pointers::resolve(self.view, item, &pointer),
                None => annexed::behind_pointer(self.view, item, &bytes)
                    .unwrap_or_else(|| Opened::blob(window)),
            },
            Err(error) => Opened::unread(io_error(&error)),
        }
    }

    /// The text that the view's change replaced, if it replaced one.
    pub(super) fn before(&mut self, item: &Item) -> Option<Vec<u8>> {
        let before = item.before?;
        let objects = self.objects.objects(item.submodule).ok()?;
        objects.blob(before, limits::Id::DVC_BYTES).ok()
    }

    /// What of a blob is new, where it is a text that stood there before.
    fn changed(&mut self, item: &Item, id: gix::ObjectId, window: &Window) -> Changed {
        let Some(before) = item.before else {
            return Changed::All;
        };
        if before == id {
            // Only its mode has changed.
            return Changed::Lines(Vec::new());
        }
        if window.len() > limits::SOURCE_BYTES {
            return Changed::All;
        }
        let all = usize::try_from(window.len()).unwrap_or(usize::MAX);
        let Ok(new) = window.bytes_at(0, all) else {
            return Changed::All;
        };
        if !lines::is_text(&new) || Pointer::may_begin(&new) {
            return Changed::All;
        }
        // Not kept: what is new may stand at other paths as well.
        let objects = self.objects.objects(item.submodule).ok();
        let old = objects.and_then(|objects| objects.blob(before, limits::Id::SOURCE_BYTES).ok());
        match old.filter(|old| lines::is_text(old)) {
            Some(old) => lines::changed(&old, &new),
            None => Changed::All,
        }
    }

    /// Bytes that are in memory, unless they are a pointer to others.
    fn open_small(&self, item: &Item, bytes: Vec<u8>) -> Opened {
        match Pointer::parse(&bytes) {
            Some(pointer) => pointers::resolve(self.view, item, &pointer),
            None => annexed::behind_pointer(self.view, item, &bytes)
                .unwrap_or_else(|| Opened::bytes(Window::new(bytes))),
        }
    }

    /// How git writes an item to disk; `None` if that is not known.
    pub fn checkout(&mut self, item: &Item) -> Option<Checkout> {
        self.attributes.checkout(&mut self.objects, item).ok()
    }

    /// Whether the attributes that count for the view say `weighbridge=off` or `-weighbridge` of a path.
    pub fn is_off(&mut self, path: &Text) -> bool {
        self.attributes.is_off(&mut self.objects, path)
    }

    /// Whether a submodule is looked at as well.
    pub fn enters(&self, submodule: &Text) -> bool {
        self.view.submodules.has(submodule.as_bytes())
    }

    /// Files below a folder, as far as the view tells.
    ///
    /// # Errors
    /// More names than links may lead to.
    pub fn below(&mut self, folder: &Text) -> Result<Vec<Text>, Unavailable> {
        links::below(self.view, &mut self.objects, folder, &mut self.behind_links)
    }
}

/// Where an item is on disk.
fn path_on_disk(view: &View, item: &Item) -> io::Result<PathBuf> {
    let relative = item
        .entry
        .path
        .as_bytes()
        .to_path()
        .map_err(io::Error::other)?;
    Ok(view.root.join(relative))
}
