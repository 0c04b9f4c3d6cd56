//! Opening items: from disk, from the object store, through git-lfs.

use std::{
    io,
    path::{Path, PathBuf},
    sync::PoisonError,
};

use gix::bstr::ByteSlice as _;

use super::{
    Item, Origin, View,
    attributes::{self, Chain, Steps},
    checkout::Checkout,
    lfs::Pointer,
    lines,
    objects::{Objects, Trees},
    path_bytes,
    policy_state::{LinkEnd, is_dot_git, link_end},
    relative_bytes,
    walk::is_repository,
};
use crate::{
    bytes::{FileSource, Window, wide},
    fact::{Changed, Circumstance, EntryKind, Text, Unavailable},
    limits,
};

/// Opens the items of a view. Each worker has its own: an object store is read fastest without sharing.
pub struct Reader<'v> {
    view: &'v View,
    /// Those of the view's repository, then of its submodules.
    trees: Vec<Option<Trees>>,
    /// The blob that was read last: in a history one content stands at many paths.
    last: Option<(Option<usize>, gix::ObjectId, Window)>,
    steps: Steps,
    /// Names below what links lead to that may still be listed.
    behind_links: usize,
}

/// An opened item.
#[derive(Debug)]
pub struct Opened {
    /// What stands there.
    pub content: Content,
    /// Bytes of the content; those a git-lfs pointer speaks of if they are not here.
    pub size: u64,
    /// What listing and opening it showed.
    pub noted: Vec<Circumstance>,
    /// What of the content the view's change brings.
    pub changed: Changed,
    /// Other bytes that git may write instead: where `core.autocrlf` or `core.ignoreCase` is true.
    pub other_forms: OtherForms,
}

/// Bytes that git may write instead of others, or why they are not known.
pub type OtherForms = Vec<Result<Window, Unavailable>>;

/// What stands at a path.
#[derive(Debug)]
pub enum Content {
    /// Bytes to be read.
    Bytes(Window),
    /// A symbolic link, which is not followed.
    Link {
        /// As the link spells it.
        target: Text,
        /// Where that leads.
        end: LinkEnd,
    },
    /// Nothing that can be read: what was noted says why, or it is another repository's commit.
    Nothing,
    /// It has gone since it was listed: no longer part of the view.
    Gone,
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
            trees: Vec::new(),
            last: None,
            steps: Steps::default(),
            behind_links: limits::BEHIND_LINKS,
        }
    }

    /// Opens an item. What cannot be opened is a fact of it.
    pub fn open(&mut self, item: &Item) -> Opened {
        let mut opened = match (&item.origin, item.entry.kind) {
            (Origin::Nowhere | Origin::Object, _) | (_, EntryKind::Submodule) => Opened::nothing(),
            (Origin::Disk, EntryKind::File) => match self.path(item) {
                Ok(path) => self.open_file(item, &path),
                Err(error) => Opened::unread(io_error(&error)),
            },
            (Origin::Disk | Origin::Named(_), EntryKind::Link) => self.open_link(item),
            (Origin::Named(path), EntryKind::File) => self.open_file(item, path),
            (Origin::Given(window), _) => self.open_blob(item, EntryKind::File, window.clone()),
            (Origin::Blob(id), kind) => match self.blob(item.submodule, *id) {
                Ok(window) => {
                    let changed = self.changed(item, *id, &window);
                    let (landed, other_forms) = self.checked_out(item, *id, &window);
                    let opened = match landed {
                        Ok(landed) => self.open_blob(item, kind, landed.unwrap_or(window)),
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

    fn path(&self, item: &Item) -> io::Result<PathBuf> {
        let relative = item
            .entry
            .path
            .as_bytes()
            .to_path()
            .map_err(io::Error::other)?;
        Ok(self.view.root.join(relative))
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

    fn open_link(&self, item: &Item) -> Opened {
        let path = match &item.origin {
            Origin::Named(path) => Ok(path.clone()),
            _ => self.path(item),
        };
        let path = match path {
            Ok(path) => path,
            Err(error) => return Opened::unread(io_error(&error)),
        };
        match std::fs::read_link(&path) {
            Ok(target) => {
                let target = path_bytes(&target);
                // Following the names alone is not enough where a folder on the way is a link itself.
                let end = match std::fs::canonicalize(&path) {
                    Ok(real) => self.end_on_disk(&real),
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
    fn end_on_disk(&self, real: &Path) -> LinkEnd {
        let root = &self.view.root;
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

    fn open_blob(&mut self, item: &Item, kind: EntryKind, window: Window) -> Opened {
        let small = match kind {
            EntryKind::Link => usize::MAX,
            _ => limits::LFS_POINTER,
        };
        if window.len() > wide(small) {
            let padded = window
                .bytes_at(0, small.saturating_add(1))
                .is_ok_and(|beginning| Pointer::is_padded(&beginning));
            let opened = Opened::bytes(window);
            if !padded {
                return opened;
            }
            let detail =
                Text::from("a git-lfs pointer with more after it: git-lfs may bring other bytes");
            return opened.with(Circumstance::Unavailable(Unavailable::Unsupported {
                detail,
            }));
        }
        match window.bytes_at(0, small) {
            Ok(bytes) if kind == EntryKind::Link => {
                let end = self.end_in_git(item, &bytes);
                // Where `core.symlinks` is false, as on Windows, git writes a file that holds the target: it must be a name.
                let is_name = !bytes.iter().any(u8::is_ascii_control);
                let opened = Opened::link(Text::new(bytes), end);
                if is_name {
                    return opened;
                }
                let detail = Text::from(
                    "a link to what is no name; where there are no links, git makes it a file of these bytes",
                );
                opened.with(Circumstance::Unavailable(Unavailable::Unsupported {
                    detail,
                }))
            }
            Ok(bytes) => match Pointer::parse(&bytes) {
                Some(pointer) => self.resolve(item, &pointer),
                None => Opened::bytes(window),
            },
            Err(error) => Opened::unread(io_error(&error)),
        }
    }

    /// Where a link leads as git recorded it.
    fn end_in_git(&mut self, item: &Item, target: &[u8]) -> LinkEnd {
        let view = self.view;
        let submodule = item.submodule.and_then(|n| view.submodules.get(n));
        let (snapshot, path) = match submodule {
            Some(submodule) => (submodule.snapshot.as_ref(), view.path_in_submodule(item)),
            None => (view.after(), item.entry.path.as_bytes()),
        };
        let end = match (snapshot, self.trees(item.submodule)) {
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

    /// Whether a submodule is looked at as well.
    pub fn enters(&self, submodule: &Text) -> bool {
        let mut submodules = self.view.submodules.iter();
        submodules.any(|known| known.path == submodule.as_bytes())
    }

    /// Files below a folder, as far as the view tells.
    ///
    /// # Errors
    /// More names than links may lead to.
    pub fn below(&mut self, folder: &Text) -> Result<Vec<Text>, Unavailable> {
        let prefix = [folder.as_bytes(), b"/"].concat();
        let view = self.view;
        let most = self.behind_links;
        let first = view
            .items
            .partition_point(|item| item.entry.path.as_bytes() < prefix.as_slice());
        let items = view.items.get(first..).unwrap_or_default().iter();
        let paths = items.map(|item| &item.entry.path);
        let inside = paths.take_while(|path| path.as_bytes().starts_with(&prefix));
        let mut found: Vec<Text> = inside.take(most).cloned().collect();
        if let Some(snapshot) = view.after()
            && let Ok(trees) = self.trees(None)
        {
            found.extend(snapshot.below(trees, folder.as_bytes(), most));
        }
        self.behind_links = most.saturating_sub(found.len());
        if self.behind_links == 0 {
            let limit = format!("{} names below what links lead to", limits::BEHIND_LINKS);
            return Err(Unavailable::Limit { limit });
        }
        Ok(found)
    }

    fn blob(&mut self, submodule: Option<usize>, id: gix::ObjectId) -> Result<Window, Unavailable> {
        if let Some((of, last, window)) = &self.last
            && (*of, *last) == (submodule, id)
        {
            return Ok(window.clone());
        }
        // Not two at a time.
        self.last = None;
        let view = self.view;
        let objects = self.objects(submodule)?;
        let data = objects
            .blob(id, limits::BLOB_BYTES)
            .map_err(|unread| match unread {
                Unavailable::NotFetched { detail, command } => Unavailable::NotFetched {
                    detail,
                    command: view.command_in_submodule(submodule, command),
                },
                other => other,
            })?;
        let window = Window::new(data);
        self.last = Some((submodule, id, window.clone()));
        Ok(window)
    }

    /// The objects of a submodule, or of the view's own repository.
    fn objects(&mut self, submodule: Option<usize>) -> Result<&mut Objects, Unavailable> {
        self.trees(submodule).map(Trees::objects)
    }

    fn trees(&mut self, submodule: Option<usize>) -> Result<&mut Trees, Unavailable> {
        let at = submodule.map_or(0, |n| n.saturating_add(1));
        if self.trees.len() <= at {
            self.trees.resize_with(at.saturating_add(1), || None);
        }
        let nowhere = || Unavailable::Io {
            detail: Text::from("there is no object store"),
        };
        let place = self.trees.get_mut(at).ok_or_else(nowhere)?;
        if place.is_none() {
            let stores = self
                .view
                .stores(submodule)
                .map_err(|error| Unavailable::Io {
                    detail: Text::from(error.to_string()),
                })?;
            *place = stores.map(|stores| Trees::new(stores.open()));
        }
        place.as_mut().ok_or_else(nowhere)
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
        let objects = self.objects(item.submodule).ok();
        let old = objects.and_then(|objects| objects.blob(before, limits::SOURCE_BYTES).ok());
        match old.filter(|old| lines::is_text(old)) {
            Some(old) => lines::changed(&old, &new),
            None => Changed::All,
        }
    }

    /// How git writes an item to disk; `None` if that is not known.
    pub fn checkout(&mut self, item: &Item) -> Option<Checkout> {
        self.find_checkout(item).ok()
    }

    fn find_checkout(&mut self, item: &Item) -> Result<Checkout, Unavailable> {
        if item.entry.kind != EntryKind::File || !matches!(item.origin, Origin::Blob(_)) {
            return Ok(Checkout::on_disk());
        }
        if let Some(checkout) = &item.checkout {
            return Ok(checkout.clone());
        }
        let view = self.view;
        let (folders, snapshot) = match item.submodule.and_then(|n| view.submodules.get(n)) {
            Some(submodule) => (&submodule.attributes, submodule.snapshot.as_ref()),
            None => (&view.attributes, view.after()),
        };
        // In a history no one state is checked out: its items say it themselves.
        let Some(snapshot) = snapshot else {
            return Ok(Checkout::default());
        };
        let path = view.path_in_submodule(item);
        let trees = self.trees(item.submodule)?;
        let chain = {
            let mut folders = folders.lock().unwrap_or_else(PoisonError::into_inner);
            folders.of(trees, path, |trees, folder| {
                attributes::in_snapshot(snapshot, trees, folder)
            })?
        };
        Chain::checkout(chain.as_ref(), path, &mut self.steps)
    }

    /// The bytes that git writes to disk for a blob, if they are not its own, and those that it may write elsewhere.
    fn checked_out(
        &mut self,
        item: &Item,
        id: gix::ObjectId,
        window: &Window,
    ) -> (Result<Option<Window>, Unavailable>, OtherForms) {
        let checkout = match self.find_checkout(item) {
            Ok(checkout) => checkout,
            Err(unread) => return (Err(unread), Vec::new()),
        };
        let id = id.to_string();
        let usual = checkout.usual_form().apply(&id, window);
        // Elsewhere it may land as it is.
        let differs = !matches!(usual, Ok(None));
        let as_it_is = || differs.then(|| window.clone());
        let others = checkout.other_forms();
        let others = others.iter().map(|way| way.apply(&id, window));
        let others =
            others.filter_map(|other| other.map(|other| other.or_else(as_it_is)).transpose());
        (usual, others.collect())
    }

    /// Whether the attributes that count for the view say `weighbridge=off` or `-weighbridge` of a path.
    pub fn is_off(&mut self, path: &Text) -> bool {
        let view = self.view;
        let path = path.as_bytes();
        // Where there is no repository, there are no attributes.
        let Ok(trees) = self.trees(None) else {
            return false;
        };
        let chain = {
            let folders = &view.exempting;
            let mut folders = folders.lock().unwrap_or_else(PoisonError::into_inner);
            folders.of(trees, path, |trees, folder| {
                view.exempting_file(trees, folder)
            })
        };
        let Ok(Some(chain)) = chain else {
            return false;
        };
        chain.is_off(path, &mut self.steps).unwrap_or_default()
    }

    /// Bytes that are in memory, unless they are a pointer to others.
    fn open_small(&self, item: &Item, bytes: Vec<u8>) -> Opened {
        match Pointer::parse(&bytes) {
            Some(pointer) => self.resolve(item, &pointer),
            None => Opened::bytes(Window::new(bytes)),
        }
    }

    fn resolve(&self, item: &Item, pointer: &Pointer) -> Opened {
        for path in self.view.lfs(item.submodule).candidates(pointer) {
            let source = match FileSource::open(&path) {
                Ok(source) => source,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    return Opened::pointer(pointer)
                        .with(Circumstance::Unavailable(io_error(&error)));
                }
            };
            let mut opened = Opened::bytes(Window::new(source));
            let object = opened.size;
            if object != pointer.size {
                opened = opened.with(Circumstance::SizeMismatch {
                    pointer: pointer.size,
                    object,
                });
            }
            if pointer.extended {
                let detail = Text::from("git-lfs extensions, which transform the stored bytes");
                opened = opened.with(Circumstance::Unavailable(Unavailable::Unsupported {
                    detail,
                }));
            }
            return opened;
        }
        let path = shell_word(self.view.path_in_submodule(item));
        let command = Text::new([b"git lfs pull --include=", path.as_slice()].concat());
        Opened::pointer(pointer).with(Circumstance::Unavailable(Unavailable::NotFetched {
            detail: Text::from("in git-lfs"),
            command: self.view.command_in_submodule(item.submodule, command),
        }))
    }
}

impl Opened {
    fn nothing() -> Self {
        Self {
            content: Content::Nothing,
            size: 0,
            noted: Vec::new(),
            changed: Changed::All,
            other_forms: Vec::new(),
        }
    }

    fn unread(unread: Unavailable) -> Self {
        Self::nothing().with(Circumstance::Unavailable(unread))
    }

    fn bytes(window: Window) -> Self {
        Self {
            size: window.len(),
            content: Content::Bytes(window),
            noted: Vec::new(),
            changed: Changed::All,
            other_forms: Vec::new(),
        }
    }

    fn link(target: Text, end: LinkEnd) -> Self {
        Self {
            content: Content::Link { target, end },
            ..Self::nothing()
        }
    }

    fn pointer(pointer: &Pointer) -> Self {
        Self {
            size: pointer.size,
            ..Self::nothing()
        }
        .with(Circumstance::Pointer {
            oid: pointer.oid.clone(),
            size: pointer.size,
        })
    }

    fn with(mut self, noted: Circumstance) -> Self {
        self.noted.push(noted);
        self
    }
}

fn io_error(error: &io::Error) -> Unavailable {
    Unavailable::Io {
        detail: Text::from(error.to_string()),
    }
}

/// A path as a word of a command line.
pub(super) fn shell_word(path: &[u8]) -> Vec<u8> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-+@%=:,".contains(b);
    if !path.is_empty() && path.iter().all(plain) {
        return path.to_vec();
    }
    let mut word = vec![b'\''];
    for byte in path {
        match byte {
            b'\'' => word.extend_from_slice(b"'\\''"),
            byte => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

#[cfg(test)]
mod tests {
    use super::{LinkEnd, link_end, shell_word};

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

    #[test]
    fn a_path_in_advice_is_one_word() {
        assert_eq!(shell_word(b"models/a.pt"), b"models/a.pt");
        assert_eq!(shell_word(b"it's $(x).pt"), b"'it'\\''s $(x).pt'");
    }
}
