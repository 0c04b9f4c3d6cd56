//! Views of what git recorded: one commit with all it has, and a change between two.

use std::path::{Path, PathBuf};

use super::{
    Item, Origin, View,
    history::tree_behind,
    open_repository::OpenRepository,
    paths::Filter,
    policy_state::PolicyState,
    revision::{self, Revision, short},
    rewritten::add_rewritten,
    snapshot::Snapshot,
    tree::Difference,
};
use crate::{
    error::Error,
    fact::{ContentSource, Text},
};

/// What is looked at in git, and what it is compared with.
pub(super) struct Sides {
    /// Empty where the view is of no change; several where two histories were merged into each other.
    pub(super) before: Vec<Snapshot>,
    pub(super) after: Snapshot,
    pub(super) filter: Filter,
}

/// Every entry of the tree of a commit, a tag or a tree, in the repository that `cwd` is in; only what is at or below
/// `paths` (relative to `cwd`) if there are any. Nothing on disk counts.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else, a revision or a path that is not there.
pub fn revision(cwd: &Path, rev: &str, paths: &[PathBuf]) -> Result<View, Error> {
    let opened = OpenRepository::containing(cwd, &judges("--rev"))?;
    let found = find(&opened, rev)?;
    let tree = Snapshot::Tree(found.tree);
    let mut trees = opened.trees();
    let filter = opened.filter(paths, |path| tree.has(&mut trees, path))?;
    let mut difference = Difference::new(&mut trees, &filter);
    difference.compare(b"", None, Some(found.tree));
    let items = difference.items;
    let policy_state = if opened.bare {
        PolicyState::head(&opened.local)?
    } else {
        found.policy_state()
    };
    let label = limited(format!("{} ({})", found.name, found.short()), paths);
    Ok(opened
        .view(label, items)
        .content_from(ContentSource::InGit(found.id().to_string()))
        .with_policy_state(policy_state)
        .whole(paths.is_empty())
        .of(Vec::new(), tree, filter))
}

/// What a change brings, in the repository that `cwd` is in; only at or below `paths` if there are any. `range` is `A..B`
/// (from one tree to the other), `A...B` (from where `B` left `A`) or `A`, which is `A..HEAD`; a side that is left out is
/// `HEAD`. The policy is that of `A`.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else, a revision or a path that is not there, histories
/// that have nothing in common.
pub fn change(cwd: &Path, range: &str, paths: &[PathBuf]) -> Result<View, Error> {
    let opened = OpenRepository::containing(cwd, &judges("--diff"))?;
    let repository = &opened.local;
    let (from, dots, to) = split(range);
    let (from, to) = (find(&opened, from)?, find(&opened, to)?);
    let mut notices = Vec::new();
    // What it is counted from: of several places where the histories part, each.
    let (bases, counted_from) = if dots == "..." {
        let forks = revision::forks(repository, &from, &to)?;
        if let [_, _, ..] = forks.as_slice() {
            let ids: Vec<String> = forks.iter().map(|id| short(*id)).collect();
            notices.push(format!(
                "{} and {} were merged into each other; the change is counted from each of {}",
                from.name,
                to.name,
                ids.join(", ")
            ));
        }
        let bases = forks
            .iter()
            .map(|id| Ok(Revision::find(repository, &id.to_string())?.tree))
            .collect::<Result<Vec<_>, Error>>()?;
        let first = forks.first().map_or_else(|| from.short(), |id| short(*id));
        (bases, first)
    } else {
        (vec![from.tree], from.short())
    };
    let after = Snapshot::Tree(to.tree);
    let befores: Vec<Snapshot> = bases.iter().copied().map(Snapshot::Tree).collect();
    let mut trees = opened.trees();
    let filter = opened.filter(paths, |path| {
        after.has(&mut trees, path) || befores.iter().any(|before| before.has(&mut trees, path))
    })?;
    let mut difference = Difference::new(&mut trees, &filter);
    for base in &bases {
        difference.deleted = 0;
        difference.compare(b"", Some(*base), Some(to.tree));
    }
    if bases.len() > 1 {
        difference.leave_out(&Snapshot::Tree(from.tree));
    }
    add_rewritten(&mut difference, &befores, &after, b"");
    notices.extend(difference.notices());
    let items = difference.items;
    let label = limited(
        format!(
            "the change {}{dots}{} ({counted_from}..{})",
            from.name,
            to.name,
            to.short()
        ),
        paths,
    );
    let mut view = opened
        .view(label, items)
        .content_from(ContentSource::InGit(to.id().to_string()))
        .with_policy_state(from.policy_state())
        .of(befores, after, filter);
    view.notices = notices;
    Ok(view.with_moves(true))
}

/// The first of these names that stands for a commit, a tag or a tree of the repository that `cwd` is in.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else.
pub fn first_revision(cwd: &Path, names: &[String]) -> Result<Option<String>, Error> {
    let opened = OpenRepository::containing(cwd, &judges("--rev"))?;
    let first = names.iter().find(|name| find(&opened, name).is_ok());
    Ok(first.cloned())
}

/// A view of nothing, ruled by what a commit, a tag or a tree has, or by what is on disk: of the repository that `cwd` is in.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else, a name that stands for nothing in it.
pub fn ruled_by(cwd: &Path, revision: Option<&str>) -> Result<View, Error> {
    let opened = OpenRepository::containing(cwd, "name two files or bundled policies")?;
    let state = match revision {
        Some(name) => Some(find(&opened, name)?.policy_state()),
        None => None,
    };
    let view = opened.view(String::from("nothing"), Vec::new());
    Ok(match state {
        Some(state) => view.with_policy_state(state),
        None => view,
    })
}

/// The commit, tag or tree that `name` stands for. While git asks its hooks about a push, that may be the id of what only
/// the stores of git's environment have.
///
/// # Errors
/// A name that stands for nothing here, for a range, or for a file.
fn find(opened: &OpenRepository, name: &str) -> Result<Revision, Error> {
    Revision::find(&opened.local, name).or_else(|error| {
        let id = gix::ObjectId::from_hex(name.as_bytes()).ok();
        let stored = id.and_then(|id| tree_behind(&mut opened.stores.open(), id));
        let (commit, tree) = stored.ok_or(error)?;
        Ok(Revision {
            name: name.to_owned(),
            commit,
            tree,
        })
    })
}

/// A range's sides and the dots between them.
fn split(range: &str) -> (&str, &'static str, &str) {
    fn or_head(side: &str) -> &str {
        if side.is_empty() { "HEAD" } else { side }
    }
    let (from, dots, to) = if let Some((from, to)) = range.split_once("...") {
        (from, "...", to)
    } else if let Some((from, to)) = range.split_once("..") {
        (from, "..", to)
    } else {
        (range, "..", "")
    };
    match range {
        "" => ("", dots, "HEAD"),
        _ => (or_head(from), dots, or_head(to)),
    }
}

/// A label with the paths that limit the view.
fn limited(label: String, paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return label;
    }
    let paths: Vec<String> = paths
        .iter()
        .map(|path| Text::new(super::path_bytes(path)).to_string())
        .collect();
    format!("{label}: {}", paths.join(", "))
}

impl Revision {
    /// As the place of a policy.
    pub(super) fn policy_state(&self) -> PolicyState {
        PolicyState::commit(self.commit.unwrap_or(self.tree), self.tree, &self.name)
    }
}

/// For who is in no repository.
fn judges(flag: &str) -> String {
    format!("`{flag}` judges what git recorded; leave it out to check files")
}

impl Difference<'_> {
    /// What is to be known of a comparison as a whole.
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        match self.deleted {
            0 => {}
            1 => notices.push(String::from("1 file is deleted")),
            n => notices.push(format!("{n} files are deleted")),
        }
        if self.unknown > 0 {
            notices.push(String::from(
                "some folders of what it is compared with are not here: all that they hold now counts as new",
            ));
        }
        notices
    }
}

impl View {
    /// Says what is looked at, and what it is compared with.
    pub(super) fn of(mut self, before: Vec<Snapshot>, after: Snapshot, filter: Filter) -> Self {
        self.sides = Some(Sides {
            before,
            after,
            filter,
        });
        self
    }

    /// What is looked at, where it is one state of the repository as git recorded it.
    pub(super) fn after(&self) -> Option<&Snapshot> {
        self.sides.as_ref().map(|sides| &sides.after)
    }

    /// The same view of a change whose items are not one state of the repository: [`mark_policy_edits`](super::mark_policy_edits) compares the policy of
    /// one commit with that of another.
    ///
    /// # Errors
    /// No repository, a name that stands for nothing in it.
    pub fn with_policy_change(mut self, from: &str, to: &str) -> Result<Self, Error> {
        let Some(repository) = &self.repository else {
            return Ok(self);
        };
        let repository = repository.to_thread_local();
        let tree = |name| Revision::find(&repository, name).map(|found| found.tree);
        self.policy_change = Some(Sides {
            before: vec![Snapshot::Tree(tree(from)?)],
            after: Snapshot::Tree(tree(to)?),
            filter: Filter::default(),
        });
        Ok(self)
    }

    /// Adds an item at its place, unless there is one with the same content.
    pub(super) fn add_unknown(&mut self, item: Item) {
        let content = |item: &Item| match item.origin {
            Origin::Blob(id) => Some(id),
            _ => None,
        };
        let first = self
            .items
            .partition_point(|other| other.entry.path < item.entry.path);
        let mut same = self.items.iter().skip(first);
        let is_known = same
            .by_ref()
            .take_while(|other| other.entry.path == item.entry.path)
            .any(|other| content(other) == content(&item));
        if !is_known {
            self.add(item);
        }
    }

    /// Adds an item at its place.
    pub(super) fn add(&mut self, item: Item) {
        let at = self
            .items
            .partition_point(|other| other.entry.path <= item.entry.path);
        self.items.insert(at, item);
    }
}
