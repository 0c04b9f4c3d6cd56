//! The object stores of a repository, as one: its own with the alternates, and those that git names in the environment.
//!
//! While `git receive-pack` asks its hooks, what was pushed is in quarantine: a store of its own, which
//! `GIT_OBJECT_DIRECTORY` names, beside those in `GIT_ALTERNATE_OBJECT_DIRECTORIES`. An object is looked for in all of
//! them as they were when it was first asked for, and only if it is nowhere, as they are now: `git gc` may have moved it.
//! Nothing here fetches: what a partial clone lacks is missing.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{loose::Loose, recent::Recent, repository::describe};
use crate::{
    bytes::wide,
    error::Error,
    fact::{Absent, Answer, Command, ObjectKind, Text, Unavailable, Unreadable, UnreadablePart},
    limits,
};
use gix::{
    ObjectId,
    bstr::{BStr, ByteSlice as _},
    objs::{Find as _, FindHeader as _, Header, Kind},
    odb::{Store, pack::cache::DecodeEntry},
};

type Handle = gix::odb::Cache<gix::odb::store::Handle<Arc<Store>>>;

/// Where objects are. Shared by all threads.
pub(super) struct Stores {
    all: Vec<Arc<Store>>,
    hash: gix::hash::Kind,
    /// The repository leaves objects at the remote until they are needed.
    partial: bool,
    /// What was read by those who are done.
    memories: AllRemembered,
}

impl Stores {
    /// The stores of a repository, and those of the environment if git has put us there.
    ///
    /// # Errors
    /// A store of the environment that cannot be opened: without it a push would look empty.
    pub(super) fn of(repository: &gix::ThreadSafeRepository) -> Result<Self, Error> {
        let local = repository.to_thread_local();
        let hash = local.object_hash();
        let partial = is_partial(&local);
        let own = canonical(repository.objects.path());
        let mut stores = vec![Arc::clone(&repository.objects)];
        for path in named_by_the_environment() {
            if canonical(&path) == own {
                continue;
            }
            let options = gix::odb::store::init::Options {
                alloc_limit_bytes: usize::try_from(limits::OBJECT_MEMORY).ok(),
                ..Default::default()
            };
            let store = Store::at_opts(path.clone(), hash, &mut std::iter::empty(), options)
                .map_err(|source| Error::Io { path, source })?;
            stores.push(Arc::new(store));
        }
        Ok(Self {
            all: stores,
            hash,
            partial,
            memories: Arc::default(),
        })
    }

    /// No store: every object is missing.
    pub(super) fn none() -> Self {
        Self {
            all: Vec::new(),
            hash: gix::hash::Kind::Sha1,
            partial: false,
            memories: Arc::default(),
        }
    }

    /// Access for one thread. It remembers what others read that are done.
    pub(super) fn open(&self) -> Objects {
        let memory = self.memories().pop().unwrap_or_else(|| self.memory());
        let mut objects = Objects {
            stores: self.all.clone(),
            quick: Vec::new(),
            hash: self.hash,
            partial: self.partial,
            memory,
            memories: Arc::clone(&self.memories),
        };
        objects.renew();
        objects
    }

    fn memory(&self) -> Remembered {
        let loose = match self.all.as_slice() {
            [own] => Loose::of(own.path().to_owned()),
            _ => None,
        };
        Remembered {
            loose,
            ..Remembered::default()
        }
    }

    fn memories(&self) -> MutexGuard<'_, Vec<Remembered>> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How object ids are made.
    pub(super) fn hash(&self) -> gix::hash::Kind {
        self.hash
    }

    /// The indexes of all packs, the largest first.
    pub(super) fn pack_indexes(&self) -> Vec<PathBuf> {
        let mut found: Vec<(u64, PathBuf)> = Vec::new();
        for store in &self.all {
            let own = store.path().to_owned();
            let folders = store.alternate_db_paths().unwrap_or_default();
            for folder in folders.into_iter().chain([own]) {
                let Ok(children) = std::fs::read_dir(folder.join("pack")) else {
                    continue;
                };
                for child in children.flatten() {
                    let path = child.path();
                    if path.extension() == Some(OsStr::new("idx")) {
                        let size = child.metadata().map_or(0, |metadata| metadata.len());
                        found.push((size, path));
                    }
                }
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        found.into_iter().map(|(_, path)| path).collect()
    }
}

/// Whether some remote has promised to give later what was not fetched.
fn is_partial(repository: &gix::Repository) -> bool {
    let config = repository.config_snapshot();
    let promises = |name: &BStr| {
        let key = format!("remote.{name}.promisor");
        config.boolean(key.as_str()).unwrap_or_default()
    };
    config.string("extensions.partialClone").is_some()
        || repository
            .remote_names()
            .iter()
            .any(|name| promises(name.as_ref()))
}

fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The object folders that git's environment names, if it names one to write to: then it runs us.
fn named_by_the_environment() -> Vec<PathBuf> {
    let Some(own) = std::env::var_os("GIT_OBJECT_DIRECTORY").filter(|path| !path.is_empty()) else {
        return Vec::new();
    };
    let mut paths = vec![PathBuf::from(own)];
    if let Some(list) = std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES") {
        paths.extend(alternates(&list));
    }
    // An alternate that is gone is skipped, as git does.
    paths.retain(|path| path.is_dir());
    paths
}

/// A list of paths as git writes it: one that holds the separator is quoted as in C.
fn alternates(list: &OsStr) -> Vec<PathBuf> {
    let separator = if cfg!(windows) { b';' } else { b':' };
    let Some(mut rest) = <[u8]>::from_os_str(list) else {
        return std::env::split_paths(list).collect();
    };
    let mut paths = Vec::new();
    while !rest.is_empty() {
        let quoted = if rest.starts_with(b"\"") {
            gix::quote::ansi_c::undo(BStr::new(rest)).ok()
        } else {
            None
        };
        let (path, length) = quoted.map_or_else(
            || {
                let end = rest.find_byte(separator).unwrap_or(rest.len());
                (rest.get(..end).unwrap_or_default().to_vec(), end)
            },
            |(path, length)| (path.into_owned().into(), length),
        );
        if let Ok(path) = path.to_path()
            && !path.as_os_str().is_empty()
        {
            paths.push(path.to_owned());
        }
        rest = rest.get(length..).unwrap_or_default();
        rest = rest.strip_prefix(&[separator]).unwrap_or(rest);
    }
    paths
}

/// The objects of a repository, for one thread.
pub(super) struct Objects {
    stores: Vec<Arc<Store>>,
    /// Without a look at what has changed on disk since: most lookups in several stores miss in all but one.
    quick: Vec<Handle>,
    hash: gix::hash::Kind,
    partial: bool,
    memory: Remembered,
    memories: AllRemembered,
}

/// What a thread remembers of the objects that it read.
struct Remembered {
    /// Commits are read to walk a history, and again to say what they are.
    commits: Recent<ObjectId, Box<[u8]>>,
    /// A commit's folders are its parent's, mostly.
    trees: Recent<ObjectId, Arc<[u8]>>,
    loose: Option<Loose>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            commits: Recent::new(limits::COMMITS_KEPT),
            trees: Recent::new(limits::TREES_KEPT),
            loose: None,
        }
    }
}

type AllRemembered = Arc<Mutex<Vec<Remembered>>>;

impl Drop for Objects {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        let mut memories = self.memories.lock().unwrap_or_else(PoisonError::into_inner);
        memories.push(memory);
    }
}

impl Objects {
    /// How object ids are made.
    pub(super) fn hash(&self) -> gix::hash::Kind {
        self.hash
    }

    fn renew(&mut self) {
        self.quick = self
            .stores
            .iter()
            .map(|store| {
                let mut handle = store
                    .to_cache_arc()
                    .with_pack_cache(|| Box::new(Bases(Recent::new(limits::DELTA_BASES))));
                handle.refresh_never();
                handle
            })
            .collect();
    }

    /// Reads an object into `data`.
    ///
    /// # Errors
    /// What to say where the object should have been.
    pub(super) fn read(&mut self, id: ObjectId, data: &mut Vec<u8>) -> Result<Kind, Unavailable> {
        let Remembered { commits, loose, .. } = &mut self.memory;
        if let Some(commit) = commits.get(id) {
            data.clear();
            data.extend_from_slice(commit);
            return Ok(Kind::Commit);
        }
        let loose = loose.as_mut().and_then(|loose| loose.read(id, data));
        let kind = match loose {
            Some(kind) => kind,
            None => self.look_up(id, |handle| {
                Ok(handle.try_find(&id, data)?.map(|object| object.kind))
            })?,
        };
        if kind == Kind::Commit {
            self.memory.commits.keep(id, data.as_slice().into());
        }
        Ok(kind)
    }

    /// What an object is and how large, without reading it.
    ///
    /// # Errors
    /// What to say where the object should have been.
    pub(super) fn header(&mut self, id: ObjectId) -> Result<Header, Unavailable> {
        let Remembered { commits, loose, .. } = &mut self.memory;
        if let Some(commit) = commits.get(id) {
            return Ok(Header {
                kind: Kind::Commit,
                size: wide(commit.len()),
            });
        }
        match loose.as_mut().and_then(|loose| loose.header(id)) {
            Some(header) => Ok(header),
            None => self.look_up(id, |handle| handle.try_header(&id)),
        }
    }

    /// The bytes of a blob of at most `limit` bytes.
    ///
    /// # Errors
    /// What to say where the blob should have been.
    pub(super) fn blob(&mut self, id: ObjectId, limit: limits::Id) -> Result<Vec<u8>, Unavailable> {
        let mut data = Vec::new();
        self.read_blob(id, limit, &mut data)?;
        Ok(data)
    }

    /// Reads a blob of at most `limit` bytes into `data`.
    ///
    /// # Errors
    /// What to say where the blob should have been.
    pub(super) fn read_blob(
        &mut self,
        id: ObjectId,
        limit: limits::Id,
        data: &mut Vec<u8>,
    ) -> Result<(), Unavailable> {
        // The header costs nothing; the object itself is inflated into memory at once.
        let header = self.header(id)?;
        fits(id, header.kind, header.size, Kind::Blob, limit)?;
        self.read(id, data)?;
        Ok(())
    }

    fn look_up<T>(
        &mut self,
        id: ObjectId,
        mut ask: impl FnMut(&Handle) -> gix::Result<Option<T>>,
    ) -> Result<T, Unavailable> {
        let mut broken = None;
        let mut each = |handles: &[Handle], broken: &mut Option<String>| {
            handles.iter().find_map(|handle| match ask(handle) {
                Ok(found) => found,
                // Another store may have it whole.
                Err(error) => {
                    *broken = Some(describe(&error));
                    None
                }
            })
        };
        if let Some(found) = each(&self.quick, &mut broken) {
            return Ok(found);
        }
        // Twice, as what replaces a pack may itself be replaced between being listed and being opened. What was broken may be
        // whole by now as well, or have been no more than a file that had gone.
        for _ in 0..2 {
            broken = None;
            let handles: Vec<Handle> = self.stores.iter().map(Store::to_cache_arc).collect();
            if let Some(found) = each(&handles, &mut broken) {
                self.renew();
                return Ok(found);
            }
        }
        Err(match broken {
            Some(why) => object_error(id, Answer::Said(Text::from(why))),
            None => missing(id, self.partial),
        })
    }
}

/// Whether an object is what it should be, and not too large to be read into memory at once.
fn fits(
    id: ObjectId,
    found: Kind,
    size: u64,
    kind: Kind,
    limit: limits::Id,
) -> Result<(), Unavailable> {
    if found != kind {
        let kind = match kind {
            Kind::Tree => ObjectKind::Tree,
            Kind::Blob => ObjectKind::Blob,
            Kind::Commit => ObjectKind::Commit,
            Kind::Tag => ObjectKind::Tag,
        };
        return Err(object_error(id, Answer::IsNot(kind)));
    }
    if size > limit.most() {
        return Err(Unavailable::Limit(limit));
    }
    Ok(())
}

/// An object that is not there: in a partial clone it is elsewhere, otherwise the repository is damaged.
fn missing(id: ObjectId, partial: bool) -> Unavailable {
    if partial {
        Unavailable::NotFetched {
            what: Absent::Object(id.to_string()),
            command: Command::new(format!("git cat-file -e {id}")),
        }
    } else {
        object_error(id, Answer::Missing)
    }
}

/// Why an object could not be had.
pub(super) fn object_error(id: ObjectId, answer: Answer) -> Unavailable {
    Unavailable::Io(Unreadable {
        part: UnreadablePart::Object(id.to_hex_with_len(12).to_string()),
        answer,
    })
}

/// Objects of packs that others are deltas of, by pack and offset.
struct Bases(Recent<(u32, u64), Base>);

struct Base {
    data: Vec<u8>,
    kind: Kind,
    packed: usize,
}

impl AsRef<[u8]> for Base {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl DecodeEntry for Bases {
    fn put(&mut self, pack: u32, offset: u64, data: &[u8], kind: Kind, packed: usize) {
        if self.0.is_small(data.len()) {
            let data = data.to_vec();
            self.0.keep((pack, offset), Base { data, kind, packed });
        }
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let base = self.0.get((pack, offset))?;
        out.clear();
        out.extend_from_slice(&base.data);
        Some((base.kind, base.packed))
    }
}

/// The trees of a repository, for one thread.
pub(super) struct Trees {
    objects: Objects,
    buffer: Vec<u8>,
}

impl Trees {
    /// Reads through `objects`.
    pub(super) fn new(objects: Objects) -> Self {
        Self {
            objects,
            buffer: Vec::new(),
        }
    }

    /// For objects that are not trees.
    pub(super) fn objects(&mut self) -> &mut Objects {
        &mut self.objects
    }

    /// A tree's bytes.
    ///
    /// # Errors
    /// What to say where the tree should have been.
    pub(super) fn tree(&mut self, id: ObjectId) -> Result<Arc<[u8]>, Unavailable> {
        if let Some(data) = self.objects.memory.trees.get(id) {
            return Ok(Arc::clone(data));
        }
        if id.is_empty_tree() {
            // Always there, stored or not.
            return Ok(Arc::default());
        }
        let buffer = &mut self.buffer;
        let kind = self.objects.read(id, buffer)?;
        fits(
            id,
            kind,
            wide(buffer.len()),
            Kind::Tree,
            limits::Id::TREE_BYTES,
        )?;
        let data: Arc<[u8]> = buffer.as_slice().into();
        self.objects.memory.trees.keep(id, Arc::clone(&data));
        Ok(data)
    }
}
