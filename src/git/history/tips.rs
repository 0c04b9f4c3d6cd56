//! Where a walk begins: what names lead to, through annotated tags.

use std::collections::BTreeSet;

use gix::{ObjectId, objs::Kind, refs::TargetRef};

use super::{
    super::{
        objects::{Objects, object_error},
        repository,
    },
    changes::{Leaf, place_of},
};
use crate::{
    error::Error,
    fact::{Answer, EntryKind, ObjectKind, Unavailable},
    limits,
};

/// Where references are that move with the work, unlike tags.
const BRANCHES: &[&[u8]] = &[b"refs/heads/", b"refs/remotes/"];

/// Objects that names lead to.
#[derive(Debug, Default)]
pub(super) struct Tips {
    /// Each once.
    pub(super) commits: Vec<ObjectId>,
    /// Those of them that people work on from here: what branches and `HEAD`s lead to.
    pub(super) current: Vec<ObjectId>,
    /// Trees and blobs that are named without a commit, each once.
    pub(super) objects: Vec<NamedObject>,
    /// What could not be read.
    pub(super) lost: Vec<(Box<[u8]>, ObjectId, Unavailable)>,
    seen: BTreeSet<ObjectId>,
}

/// A tree or a blob with a name of its own.
#[derive(Debug)]
pub(super) struct NamedObject {
    pub(super) name: Box<[u8]>,
    pub(super) id: ObjectId,
    pub(super) kind: Kind,
    /// The annotated tag that names it.
    pub(super) tag: Option<ObjectId>,
}

impl NamedObject {
    /// A blob as something at a path: its name.
    pub(super) fn leaf(&self) -> Leaf {
        Leaf {
            path: self.name.clone(),
            kind: EntryKind::File,
            id: self.id,
        }
    }
}

impl Tips {
    /// Adds what an id stands for. `name` is what it is called, if it is.
    pub(super) fn add(&mut self, objects: &mut Objects, id: ObjectId, name: Option<&[u8]>) {
        let mut target = id;
        let mut tag = None;
        let mut called: Option<Box<[u8]>> = name.map(Into::into);
        let mut data = Vec::new();
        for _ in 0..limits::TAGS_OF_TAGS {
            if !self.seen.insert(target) {
                return;
            }
            let kind = match objects.header(target) {
                Ok(header) => header.kind,
                Err(unread) => return self.note_unreadable(called, target, unread),
            };
            match kind {
                Kind::Commit => return self.commits.push(target),
                Kind::Tree | Kind::Blob => {
                    let name = called.unwrap_or_else(|| target.to_string().into_bytes().into());
                    let id = target;
                    return self.objects.push(NamedObject {
                        name,
                        id,
                        kind,
                        tag,
                    });
                }
                Kind::Tag => {
                    if let Err(unread) = objects.read(target, &mut data) {
                        return self.note_unreadable(called, target, unread);
                    }
                    tag = tag.or(Some(target));
                    let mut lines = data.split(|b| *b == b'\n');
                    let next = lines
                        .next()
                        .and_then(|line| ObjectId::from_hex(line.strip_prefix(b"object ")?).ok());
                    let name = lines.take(3).find_map(|line| line.strip_prefix(b"tag "));
                    called = called.or_else(|| name.map(Into::into));
                    let Some(next) = next else {
                        return self.note_unreadable(
                            called,
                            target,
                            object_error(target, Answer::IsNot(ObjectKind::Tag)),
                        );
                    };
                    target = next;
                }
            }
        }
        let limit = Unavailable::Limit(limits::Id::TAGS_OF_TAGS);
        self.note_unreadable(called, target, limit);
    }

    fn note_unreadable(&mut self, called: Option<Box<[u8]>>, id: ObjectId, unread: Unavailable) {
        let place = called.unwrap_or_else(|| place_of(id));
        self.lost.push((place, id, unread));
    }

    /// Adds what the references of a repository lead to that are wanted, by their full names.
    ///
    /// # Errors
    /// References that cannot be read.
    pub(super) fn add_references(
        &mut self,
        objects: &mut Objects,
        repository: &gix::Repository,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<(), Error> {
        let broken = |error: gix::Error| repository::unreadable(repository.git_dir(), &error);
        let platform = repository.references().map_err(broken)?;
        for reference in platform.all().map_err(broken)? {
            let reference = reference.map_err(broken)?;
            let name = reference.name().as_bstr();
            // What a symbolic one points to is a reference as well.
            if let TargetRef::Object(id) = reference.target()
                && wanted(name)
            {
                self.add(objects, id.to_owned(), Some(name));
                if BRANCHES.iter().any(|branches| name.starts_with(branches)) {
                    self.current.push(id.to_owned());
                }
            }
        }
        Ok(())
    }

    /// Adds what all references of a repository lead to, and its `HEAD`.
    fn add_every(
        &mut self,
        objects: &mut Objects,
        repository: &gix::Repository,
    ) -> Result<(), Error> {
        let broken = |error: gix::Error| repository::unreadable(repository.git_dir(), &error);
        self.add_references(objects, repository, |_| true)?;
        let head = repository.head().map_err(broken)?;
        if let Some(id) = head.id() {
            self.add(objects, id.detach(), Some(b"HEAD"));
            self.current.push(id.detach());
        }
        Ok(())
    }

    /// Adds what the references of all work trees of a repository lead to: each has a `HEAD` of its own.
    ///
    /// # Errors
    /// References that cannot be read.
    pub(super) fn add_all(
        &mut self,
        objects: &mut Objects,
        repository: &gix::Repository,
    ) -> Result<(), Error> {
        let broken = |error: gix::Error| repository::unreadable(repository.git_dir(), &error);
        self.add_every(objects, repository)?;
        let worktrees = repository.worktrees_including_main().map_err(broken)?;
        for worktree in worktrees {
            let worktree = worktree.map_err(broken)?;
            if worktree.git_dir() != repository.git_dir() {
                self.add_every(objects, &worktree)?;
            }
        }
        Ok(())
    }
}
