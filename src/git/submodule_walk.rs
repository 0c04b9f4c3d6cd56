//! The walk through the submodules of a view: each is opened, and what is looked at of it becomes items.

use std::{
    path::PathBuf,
    sync::{Mutex, OnceLock},
};

use gix::bstr::{BStr, ByteSlice as _};

use super::{
    Item, Origin, View,
    history::tree_of,
    objects::{Stores, Trees},
    paths::Filter,
    repository,
    rewritten::add_rewritten,
    snapshot::{Snapshot, blob},
    sort_by_path,
    submodule::{Submodule, moved},
    tree::Difference,
    walk::Walk,
};
use crate::{
    fact::{
        Absent, Answer, Circumstance, Command, ContentSource, EntryKind, Text, Unavailable,
        Unreadable, UnreadablePart,
    },
    limits,
};

impl View {
    /// The view with what is in the submodules.
    #[must_use]
    pub fn with_submodules(mut self) -> Self {
        self.add_submodules();
        self
    }

    /// Adds what is in the submodules, and in theirs. One that is not here is an item that says how to fetch it.
    pub fn add_submodules(&mut self) {
        SubmoduleWalk { view: self }.run();
    }
}

/// Adds to a view what is in its submodules.
struct SubmoduleWalk<'v> {
    view: &'v mut View,
}

/// A submodule yet to be looked at.
struct PendingSubmodule {
    path: Vec<u8>,
    /// The submodule it is in itself.
    parent: Option<usize>,
    depth: usize,
    recorded: Recorded,
}

/// What of a submodule is looked at.
enum Recorded {
    /// Its work tree.
    Disk,
    /// What a commit has that another has not.
    Commits {
        old: Option<gix::ObjectId>,
        new: gix::ObjectId,
        /// The tree of its parent that was looked at, for `.gitmodules`; `None` is the view's own.
        parent_tree: Option<gix::ObjectId>,
    },
}

impl SubmoduleWalk<'_> {
    /// Adds what is in the submodules, and in theirs. One that is not here is an item that says how to fetch it.
    fn run(&mut self) {
        let mut queue: Vec<PendingSubmodule> = self
            .view
            .items
            .iter()
            .filter_map(|item| found(item, None, 0, None))
            .collect();
        let mut unread = Vec::new();
        let mut entered = 0_usize;
        while let Some(found) = queue.pop() {
            entered = entered.saturating_add(1);
            let result = if entered > limits::SUBMODULES {
                Err(Unavailable::Limit(limits::Id::SUBMODULES))
            } else {
                self.enter(&found)
            };
            match result {
                Ok((items, submodule, tree)) => {
                    self.note_entered(&found);
                    for mut item in items {
                        item.submodule = Some(submodule);
                        queue.extend(self::found(
                            &item,
                            Some(submodule),
                            found.depth.saturating_add(1),
                            tree,
                        ));
                        self.view.items.push(item);
                    }
                }
                Err(why) => unread.push((found.path, why)),
            }
        }
        if entered > 0 {
            self.view.label.push_str(" with submodules");
            if self.view.content_source != ContentSource::OnDisk {
                self.view.content_source = ContentSource::Scattered;
            }
        }
        sort_by_path(&mut self.view.items);
        for (path, why) in unread {
            let at = self
                .view
                .items
                .partition_point(|item| item.entry.path.as_bytes() < path.as_slice());
            if let Some(item) = self.view.items.get_mut(at) {
                item.noted.push(Circumstance::Unavailable(why));
            }
        }
    }

    /// What is looked at is no longer left out; where it moves is said all the same.
    fn note_entered(&mut self, found: &PendingSubmodule) {
        let Recorded::Commits { old, new, .. } = found.recorded else {
            return;
        };
        let path = found.path.as_slice();
        let items = self.view.items.iter_mut();
        for item in items.filter(|item| item.entry.path.as_bytes() == path) {
            let before = item.noted.len();
            item.noted
                .retain(|noted| !matches!(noted, Circumstance::NotFollowed(_)));
            if item.noted.len() < before {
                let path = Text::new(path);
                let notice = format!(
                    "{path}: {}, and what that brings is looked at",
                    moved(old, new, None)
                );
                self.view.notices.push(notice);
            }
        }
    }

    fn enter(
        &mut self,
        found: &PendingSubmodule,
    ) -> Result<(Vec<Item>, usize, Option<gix::ObjectId>), Unavailable> {
        if found.depth >= limits::SUBMODULE_DEPTH {
            return Err(Unavailable::Limit(limits::Id::SUBMODULE_DEPTH));
        }
        let shared = self.open(found)?;
        let prefix = [found.path.as_slice(), b"/"].concat();
        let stores = OnceLock::new();
        let (mut items, tree) = match &found.recorded {
            Recorded::Disk => (on_disk(&shared, &prefix)?, None),
            Recorded::Commits { old, new, .. } => {
                let opened = Stores::of(&shared)
                    .map_err(|error| said(UnreadablePart::SubmoduleObjects, error.to_string()))?;
                let mut trees = Trees::new(opened.open());
                let _ = stores.set(opened);
                let mut buffer = Vec::new();
                let mut tree = |id| tree_of(trees.objects(), id, &mut buffer);
                let old_tree = old.and_then(&mut tree);
                let new_tree = tree(*new).ok_or_else(|| Unavailable::NotFetched {
                    what: Absent::SubmoduleCommit(new.to_hex_with_len(12).to_string()),
                    command: self.update(found),
                })?;
                let filter = Filter::default();
                let mut difference = Difference::new(&mut trees, &filter);
                difference.compare(&prefix, old_tree, Some(new_tree));
                if let Some(old_tree) = old_tree {
                    let (before, after) = (Snapshot::Tree(old_tree), Snapshot::Tree(new_tree));
                    add_rewritten(&mut difference, &[before], &after, &prefix);
                }
                (difference.items, Some(new_tree))
            }
        };
        let submodule = self.view.submodules.add(Submodule {
            path: found.path.clone(),
            repository: shared,
            stores,
            lfs: OnceLock::new(),
            snapshot: tree.map(Snapshot::Tree),
            attributes: Mutex::default(),
        });
        for noted in items.iter_mut().flat_map(|item| &mut item.noted) {
            if let Circumstance::Unavailable(Unavailable::NotFetched { command, .. }) = noted {
                *command = self
                    .view
                    .submodules
                    .command_in(Some(submodule), command.clone());
            }
        }
        Ok((items, submodule, tree))
    }

    fn open(&self, found: &PendingSubmodule) -> Result<gix::ThreadSafeRepository, Unavailable> {
        let parent = match self.view.submodules.get(found.parent) {
            Some(submodule) => Some(&submodule.repository),
            None => self.view.repository.as_ref(),
        };
        let absent = || Unavailable::NotFetched {
            what: Absent::Submodule,
            command: self.update(found),
        };
        let parent = parent.ok_or_else(absent)?;
        let (place, bare) = match self.beside(found) {
            Some(place) => (place, false),
            None => (self.kept(parent, found).ok_or_else(absent)?, true),
        };
        repository::open(&place, bare)
            .map_err(|answer| said(UnreadablePart::SubmoduleRepository, answer))
    }

    /// The submodule's folder in the work tree, if it is there and really below the root.
    fn beside(&self, found: &PendingSubmodule) -> Option<PathBuf> {
        repository::work_tree_of(self.view.repository.as_ref()?)?;
        let path = found.path.to_path().ok()?;
        let plain = |part| matches!(part, std::path::Component::Normal(_));
        if !path.components().all(plain) {
            return None;
        }
        let place = self.view.root.join(path);
        let real = std::fs::canonicalize(&place).ok()?;
        (real == place && super::walk::is_repository(&place.join(".git"))).then_some(place)
    }

    /// Where git keeps a submodule that is not checked out.
    fn kept(
        &self,
        parent: &gix::ThreadSafeRepository,
        found: &PendingSubmodule,
    ) -> Option<PathBuf> {
        let Recorded::Commits { parent_tree, .. } = &found.recorded else {
            return None;
        };
        let repository = parent.to_thread_local();
        let mut trees = Trees::new(self.view.stores(found.parent).ok()??.open());
        let own = self.view.submodules.get(found.parent);
        let path = match own {
            Some(submodule) => found.path.get(submodule.path.len().saturating_add(1)..)?,
            None => &found.path,
        };
        let bytes = match parent_tree {
            Some(tree) => {
                let tree = Snapshot::Tree(*tree);
                let (_, id) = tree.entry(&mut trees, b".gitmodules").ok()??;
                blob(&mut trees, id).ok()?
            }
            None => self.gitmodules(&mut trees)?,
        };
        let file =
            gix::submodule::File::from_bytes(&bytes, None, &gix::config::File::default()).ok()?;
        let name = file.name_by_path(BStr::new(path))?;
        gix::validate::submodule::name(name).ok()?;
        let place = repository
            .common_dir()
            .join("modules")
            .join(name.to_path().ok()?);
        gix::discover::is_git(&place).is_ok().then_some(place)
    }

    fn update(&self, found: &PendingSubmodule) -> Command {
        let (parent, path) = match self.view.submodules.get(found.parent) {
            Some(submodule) => (
                Some(found.parent),
                found.path.get(submodule.path.len().saturating_add(1)..),
            ),
            None => (None, Some(found.path.as_slice())),
        };
        let path = Text::new(path.unwrap_or(&found.path));
        let command = Command::new("git submodule update --init ").path(path);
        self.view.submodules.command_in(parent.flatten(), command)
    }

    /// The view's own `.gitmodules`: as it is after the change, as all that is judged.
    fn gitmodules(&self, trees: &mut Trees) -> Option<Vec<u8>> {
        let (_, id) = self.view.after()?.entry(trees, b".gitmodules").ok()??;
        blob(trees, id).ok()
    }
}

fn said(part: UnreadablePart, answer: String) -> Unavailable {
    let answer = Answer::Said(Text::from(answer));
    Unavailable::Io(Unreadable { part, answer })
}

/// The submodule that an item is.
fn found(
    item: &Item,
    parent: Option<usize>,
    depth: usize,
    parent_tree: Option<gix::ObjectId>,
) -> Option<PendingSubmodule> {
    if item.entry.kind != EntryKind::Submodule {
        return None;
    }
    let recorded = match item.origin {
        Origin::Blob(new) => Recorded::Commits {
            old: item.before,
            new,
            parent_tree,
        },
        _ => Recorded::Disk,
    };
    Some(PendingSubmodule {
        path: item.entry.path.as_bytes().to_vec(),
        parent,
        depth,
        recorded,
    })
}

/// The files of a submodule's work tree: those it tracks, and untracked ones it does not ignore.
fn on_disk(shared: &gix::ThreadSafeRepository, prefix: &[u8]) -> Result<Vec<Item>, Unavailable> {
    let broken = |answer: String| said(UnreadablePart::SubmoduleIndex, answer);
    let repository = shared.to_thread_local();
    let root = repository::work_tree_of(shared).ok_or(Unavailable::Io(Unreadable {
        part: UnreadablePart::SubmoduleIndex,
        answer: Answer::NoWorkTree,
    }))?;
    let index = repository::index(&repository).map_err(|error| broken(error.to_string()))?;
    let tracked =
        repository::tracked(&repository, &index).map_err(|error| broken(error.to_string()))?;
    let mut walk = Walk {
        root: &root,
        tracked: Some(tracked),
        items: Vec::new(),
        special: Vec::new(),
    };
    walk.folder(b"");
    let mut items = walk.items;
    for item in &mut items {
        let path: &[u8] = match item.entry.path.as_bytes() {
            b"." => prefix.strip_suffix(b"/").unwrap_or(prefix),
            path => &[prefix, path].concat(),
        };
        item.entry.path = Text::new(path);
    }
    Ok(items)
}
