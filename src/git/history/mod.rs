//! Histories: every file that some commit of them has, once for each path and content, with the commit that introduced it.
//!
//! What was removed from the newest commit is still in every clone, so it is an item like any other. The first commit in
//! the order of the history (parents before children, then by time, then by id) that has a content at a path introduced it;
//! all its later homes at that path are the same item. Trees and blobs that a tag names without a commit are items too.

mod changes;
mod commits;
mod header;
mod known;
mod line_origins;
mod listing;
mod tips;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use commits::Commits;
use gix::{ObjectId, objs::Kind, revision::plumbing::Spec};

use super::{
    Item, PolicyState, View, locate::usage, objects::Objects, open_repository::OpenRepository,
    paths::Filter, repository, revision, snapshot::Snapshot, tree::Difference,
};
use crate::{
    error::Error,
    fact::{ContentSource, Text},
};
pub(super) use header::tree_of;
pub use line_origins::line_origins;
use listing::Listing;
use tips::Tips;

/// What others want to give to a repository, or it to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incoming {
    /// What is to be reached then: ids of commits, tags, trees or blobs in full, hexadecimal. One of zeros only stands for
    /// nothing, as in git's hooks.
    pub tips: Vec<String>,
    /// What the receiver has already; with everything that it reaches, it is left out.
    pub known: Vec<Known>,
}

/// What a receiver has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// What the branches and tags of this repository reach: before a push is accepted, all that was accepted earlier.
    Accepted,
    /// What the branches and tags reach that were fetched from this remote.
    Remote(String),
    /// What these commits reach: ids in full, hexadecimal. Those that are not here are passed over.
    Commits(Vec<String>),
}

/// Every file in the history of `range` (`A`, `A..B`, `A...B`, as git reads them), of the repository that `cwd` is in, or the
/// first of `paths`; only those at or below `paths` (relative to `cwd`) if there are any.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else, a range that names nothing, a path outside.
pub fn history(cwd: &Path, range: &str, paths: &[PathBuf]) -> Result<View, Error> {
    let opened = OpenRepository::of_paths(cwd, paths, HELP)?;
    let paths = anywhere(&opened, paths)?;
    let local = &opened.local;
    let mut objects = opened.stores.open();
    let (mut tips, mut known) = (Tips::default(), Tips::default());
    let mut kept = Vec::new();
    if range == "HEAD" && is_unborn(local) {
        return view(
            opened,
            &paths,
            &tips,
            &known,
            String::from("the history of HEAD"),
        );
    }
    let spec = local
        .rev_parse(range)
        .map_err(|error| nowhere(local, range, &error))?;
    match spec.detach() {
        Spec::Include(id) => tips.add(&mut objects, id, None),
        Spec::Range { from, to } => {
            tips.add(&mut objects, to, None);
            known.add(&mut objects, from, None);
            if let ([to], [from]) = (tips.commits.as_slice(), known.commits.as_slice()) {
                kept = self::kept(&opened, &mut objects, *from, *to, &paths)?;
            }
        }
        Spec::Merge { theirs, ours } => {
            for id in [theirs, ours] {
                tips.add(&mut objects, id, None);
            }
            if let [one, other] = tips.commits.as_slice() {
                let bases = local
                    .merge_bases_many(*one, &[*other])
                    .map_err(|error| repository::unreadable(local.git_dir(), &error))?;
                for base in bases {
                    known.add(&mut objects, base.detach(), None);
                }
                kept = self::kept(&opened, &mut objects, *one, *other, &paths)?;
                kept.extend(self::kept(&opened, &mut objects, *other, *one, &paths)?);
            } else if let [same] = tips.commits.as_slice() {
                known.add(&mut objects, *same, None);
            }
        }
        Spec::ExcludeParents(id) => {
            tips.add(&mut objects, id, None);
            for parent in parents(local, id)? {
                known.add(&mut objects, parent, None);
            }
        }
        Spec::IncludeOnlyParents(id) => {
            for parent in parents(local, id)? {
                tips.add(&mut objects, parent, None);
            }
        }
        Spec::Exclude(_) => {
            return Err(usage(
                format!("`{range}` only says what to leave out"),
                "say what to look at too: `A..B`",
            ));
        }
    }
    let label = format!("the history of {range}");
    let mut view = view(opened, &paths, &tips, &known, label)?;
    for item in kept {
        view.add_unknown(item);
    }
    Ok(view.with_moves(false))
}

/// What a side of a range keeps that the other has taken away, where they were merged into each other: no commit of the range brings
/// it, and a merge of both does.
fn kept(
    opened: &OpenRepository,
    objects: &mut Objects,
    from: ObjectId,
    to: ObjectId,
    paths: &Filter,
) -> Result<Vec<Item>, Error> {
    let local = &opened.local;
    let bases = local
        .merge_bases_many(from, &[to])
        .map_err(|error| repository::unreadable(local.git_dir(), &error))?;
    if bases.len() < 2 {
        return Ok(Vec::new());
    }
    let mut buffer = Vec::new();
    let mut tree = |id| tree_of(objects, id, &mut buffer);
    let (Some(there), Some(here)) = (tree(from), tree(to)) else {
        return Ok(Vec::new());
    };
    let bases: Vec<ObjectId> = bases
        .into_iter()
        .filter_map(|id| tree(id.detach()))
        .collect();
    let mut trees = opened.trees();
    let mut difference = Difference::new(&mut trees, paths);
    for base in bases {
        difference.compare(b"", Some(base), Some(here));
    }
    difference.leave_out(&Snapshot::Tree(there));
    Ok(difference.items)
}

/// Every file in the history of every reference (branches, tags, remotes, notes, the stash, the `HEAD` of each work tree), of
/// the repository that `cwd` is in, or the first of `paths`; only those at or below `paths` (relative to `cwd`) if there are any.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else, a path outside.
pub fn all_refs(cwd: &Path, paths: &[PathBuf]) -> Result<View, Error> {
    let opened = OpenRepository::of_paths(cwd, paths, HELP)?;
    let paths = anywhere(&opened, paths)?;
    let mut tips = Tips::default();
    tips.add_all(&mut opened.stores.open(), &opened.local)?;
    let label = String::from("the history of all refs");
    Ok(view(opened, &paths, &tips, &Tips::default(), label)?.with_moves(false))
}

/// Every file that `push` would bring, of the repository that `cwd` is in. What git keeps in quarantine while it asks its
/// hooks is found through the environment it gives them.
///
/// # Errors
/// No repository, one that cannot be read or belongs to someone else, an id that is none.
pub fn incoming(cwd: &Path, push: &Incoming) -> Result<View, Error> {
    let opened = OpenRepository::containing(cwd, HELP)?;
    let paths = anywhere(&opened, &[])?;
    let local = &opened.local;
    let mut objects = opened.stores.open();
    let (mut tips, mut known) = (Tips::default(), Tips::default());
    for side in &push.known {
        match side {
            Known::Accepted => known::add_accepted(&mut known, &mut objects, local)?,
            Known::Remote(name) => known::add_tracked(&mut known, &mut objects, local, name)?,
            Known::Commits(ids) => {
                for id in ids {
                    known.add(&mut objects, object_id(id, &opened)?, None);
                }
            }
        }
    }
    for id in &push.tips {
        let id = object_id(id, &opened)?;
        if !id.is_null() {
            tips.add(&mut objects, id, None);
        }
    }
    let label = String::from("the incoming commits");
    let view = view(opened, &paths, &tips, &known, label)?;
    Ok(view.with_moves(true).all_unpushed())
}

/// A view of nothing, ruled by what a commit has: of the repository that `cwd` is in, or of what git keeps in quarantine for it.
///
/// # Errors
/// No repository, one that cannot be read, an id that is none or stands for no commit that can be read.
pub fn policy_of(cwd: &Path, commit: &str) -> Result<View, Error> {
    let opened = OpenRepository::containing(cwd, HELP)?;
    let id = object_id(commit, &opened)?;
    let (_, tree) = tree_behind(&mut opened.stores.open(), id).ok_or_else(|| {
        usage(
            format!("the commit {} cannot be read", id.to_hex_with_len(12)),
            "`git fsck` says what is damaged",
        )
    })?;
    let state = PolicyState::commit(id, tree, "");
    Ok(opened
        .view(String::from("nothing"), Vec::new())
        .with_policy_state(state))
}

/// For who is in no repository.
const HELP: &str = "only a repository has a history; leave the option out to check files";

/// What the user named of a repository. It need not be anywhere today.
fn anywhere(opened: &OpenRepository, paths: &[PathBuf]) -> Result<Filter, Error> {
    opened.filter(paths, |_| true)
}

fn view(
    opened: OpenRepository,
    paths: &Filter,
    tips: &Tips,
    known: &Tips,
    label: String,
) -> Result<View, Error> {
    // Where there is no work tree, today's policy is that of `HEAD`.
    let policy_state = if opened.bare {
        PolicyState::head(&opened.local)?
    } else {
        PolicyState::default()
    };
    let (local, bare) = (opened.local.clone(), opened.bare);
    let mut objects = opened.stores.open();
    let shallow: BTreeSet<ObjectId> = local
        .shallow_commits()
        .map_err(|error| repository::unreadable(local.git_dir(), &error))?
        .map(|ids| ids.iter().copied().collect())
        .unwrap_or_default();
    let listing = Listing::of(&opened.stores, tips, known, &shallow, paths);
    let mut view = opened
        .view(label, listing.items)
        .content_from(ContentSource::Scattered)
        .with_policy_state(policy_state);
    view.notices = listing.notices;
    if bare {
        // What others have of it is what it has.
        return Ok(view);
    }
    let gone: Vec<ObjectId> = view.gone().collect();
    if !gone.is_empty() {
        let mut remotes = Tips::default();
        remotes.add_references(&mut objects, &local, |name| {
            name.starts_with(b"refs/remotes/")
        })?;
        remotes.commits.extend(&known.commits);
        let unpushed = Commits::walk(&mut objects, &tips.commits, &remotes.commits, &shallow);
        let unpushed = gone.into_iter().filter(|id| unpushed.is_new(*id));
        view.unpushed = unpushed.map(|id| id.to_string()).collect();
    }
    Ok(view)
}

impl View {
    /// The commits that introduced what is no longer there.
    fn gone(&self) -> impl Iterator<Item = ObjectId> + '_ {
        let introductions = self
            .items
            .iter()
            .filter_map(|item| item.entry.introduced_by.as_ref());
        introductions
            .filter(|introduction| introduction.gone)
            .filter_map(|introduction| ObjectId::from_hex(introduction.commit.id.as_bytes()).ok())
    }

    /// The same, of commits that the receiver does not have: nobody has them from there.
    fn all_unpushed(mut self) -> Self {
        self.unpushed = self.gone().map(|id| id.to_string()).collect();
        self
    }
}

/// The commit that an id leads to, if it is not to a bare tree, and its tree.
pub(super) fn tree_behind(
    objects: &mut Objects,
    id: ObjectId,
) -> Option<(Option<ObjectId>, ObjectId)> {
    let mut tips = Tips::default();
    tips.add(objects, id, None);
    if let Some(commit) = tips.commits.first() {
        return Some((Some(*commit), tree_of(objects, *commit, &mut Vec::new())?));
    }
    let object = tips
        .objects
        .first()
        .filter(|object| object.kind == Kind::Tree)?;
    Some((None, object.id))
}

/// A range that names nothing: the side at fault, if it is one.
fn nowhere(repository: &gix::Repository, range: &str, error: &gix::Error) -> Error {
    let sides = range.split_once("...").or_else(|| range.split_once(".."));
    let (from, to) = sides.unwrap_or((range, ""));
    for side in [from, to].into_iter().filter(|side| !side.is_empty()) {
        if let Err(error) = repository.rev_parse_single(side) {
            return revision::unknown(repository, side, &error);
        }
    }
    usage(
        format!(
            "there is no range `{}`: {}",
            Text::from(range),
            repository::describe(error)
        ),
        "a range is a commit, `A..B` or `A...B`; `git log` takes the same",
    )
}

fn is_unborn(repository: &gix::Repository) -> bool {
    repository.head().is_ok_and(|head| head.is_unborn())
}

fn parents(repository: &gix::Repository, id: ObjectId) -> Result<Vec<ObjectId>, Error> {
    let broken = |error: gix::Error| repository::unreadable(repository.git_dir(), &error);
    let commit = repository.find_commit(id).map_err(broken)?;
    Ok(commit.parent_ids().map(gix::Id::detach).collect())
}

fn object_id(hex: &str, opened: &OpenRepository) -> Result<ObjectId, Error> {
    let id = ObjectId::from_hex(hex.as_bytes()).ok();
    id.filter(|id| id.kind() == opened.stores.hash())
        .ok_or_else(|| {
            usage(
                format!("`{hex}` is no object id of this repository"),
                "git's hooks are given them in full",
            )
        })
}
