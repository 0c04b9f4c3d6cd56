//! `.gitattributes`: the one attribute that is ours, `weighbridge=off` or `-weighbridge`, and those by which git changes bytes.
//!
//! Ours are read from where the policy is, those of a checkout from what is checked out.
//! Only files of the view's own tree count. What a user keeps for himself (`core.attributesFile`, `$GIT_DIR/info/attributes`)
//! holds for nobody else, and what generators and languages say about a file (`linguist-vendored`, `linguist-generated`)
//! makes loading it no safer. Each file is parsed once, whatever number of folders is below it.

mod file;
mod ours;
mod pattern;

use std::sync::Arc;

use gix::ObjectId;
use rustc_hash::{FxHashMap, FxHashSet};

use self::file::{File, Name, Vocabulary};
pub(super) use self::ours::{OwnLine, own_lines};
use super::{
    checkout::{Checkout, State},
    objects::{Objects, Trees},
    snapshot::Snapshot,
};
use crate::{fact::Unavailable, limits};

/// The attributes that count: those that change bytes, in the order of [`Rewriting::new`](super::checkout::Rewriting), and ours.
const NAMES: [&str; 6] = [
    "working-tree-encoding",
    "text",
    "crlf",
    "eol",
    "ident",
    "weighbridge",
];

/// The name of a file of attributes.
pub(super) const FILE: &[u8] = b".gitattributes";

/// Bytes of a path that git can check out: systems take no longer ones.
const LONGEST: usize = 4096;

/// Bytes of a file above which git does not read it.
const GIT_LIMIT: u64 = 100 << 20;

/// The attributes that hold in a folder: those of its own file, then those of the folders above.
#[derive(Debug)]
pub(super) struct Chain {
    /// `Err` says why the file is not known: then nothing is known of what is below.
    file: Result<Arc<File>, Unavailable>,
    /// Bytes of the path of the file's folder, with its slash.
    base: usize,
    above: Option<Arc<Self>>,
    vocabulary: Arc<Vocabulary>,
    /// The root's file, if it defines macros.
    root: Option<ObjectId>,
}

/// What is said of a path, for each of [`NAMES`].
type Said = [State; NAMES.len()];

/// What evaluating attributes may still cost.
#[derive(Debug)]
pub(super) struct Steps(u64);

impl Default for Steps {
    fn default() -> Self {
        Self(limits::ATTRIBUTE_STEPS)
    }
}

impl Chain {
    fn new(
        above: Option<&Arc<Self>>,
        base: usize,
        root: Option<ObjectId>,
        parsed: Result<Parsed, Unavailable>,
    ) -> Arc<Self> {
        let (file, vocabulary) = match parsed {
            Ok(parsed) => (Ok(parsed.file), parsed.vocabulary),
            Err(unread) => (Err(unread), Arc::default()),
        };
        Arc::new(Self {
            file,
            base,
            above: above.cloned(),
            vocabulary,
            root,
        })
    }

    /// What is said of a path. With `fold`, letters are compared as where `core.ignoreCase` is true.
    ///
    /// # Errors
    /// A file that is not known, patterns that cost too much.
    fn said(&self, path: &[u8], fold: bool, steps: &mut Steps) -> Result<Said, Unavailable> {
        let mut said: [Option<&State>; NAMES.len()] = [None; NAMES.len()];
        let mut macros: FxHashSet<Name> = FxHashSet::default();
        let mut next = Some(self);
        while let Some(chain) = next {
            next = chain.above.as_deref();
            let file = chain.file.as_ref().map_err(Clone::clone)?;
            for (pattern, settings) in file.lines.iter().rev() {
                steps.0 = steps.0.saturating_sub(1);
                if pattern.matches(path, chain.base, fold, &mut steps.0) {
                    self.fill(settings, &mut said, &mut macros);
                }
            }
        }
        if steps.0 == 0 {
            return Err(Unavailable::Limit(limits::Id::ATTRIBUTE_STEPS));
        }
        Ok(said.map(|state| state.cloned().unwrap_or_default()))
    }

    /// Takes over what a line sets and no later one has set, the last first; a macro that is set brings its own at once.
    fn fill<'c>(
        &'c self,
        settings: &'c [(Name, State)],
        said: &mut [Option<&'c State>; NAMES.len()],
        macros: &mut FxHashSet<Name>,
    ) {
        let mut pending = vec![settings.iter().rev()];
        while let Some(top) = pending.last_mut() {
            let Some((name, state)) = top.next() else {
                pending.pop();
                continue;
            };
            let place = usize::try_from(*name).ok();
            let fresh = match place.and_then(|place| said.get_mut(place)) {
                Some(place @ None) => {
                    *place = Some(state);
                    true
                }
                Some(Some(_)) => false,
                None => macros.insert(*name),
            };
            if fresh && *state == State::Set {
                pending.push(self.vocabulary.expand(*name).iter().rev());
            }
        }
    }

    /// Whether `weighbridge=off` or `-weighbridge` is said of a path.
    ///
    /// # Errors
    /// Attributes that are not known.
    pub(super) fn is_off(&self, path: &[u8], steps: &mut Steps) -> Result<bool, Unavailable> {
        let [.., ours] = self.said(path, false, steps)?;
        Ok(match ours {
            State::Unset => true,
            State::Value(value) => value == b"off",
            State::Set | State::Unspecified => false,
        })
    }

    /// How git writes a file to disk where these attributes hold.
    ///
    /// # Errors
    /// Attributes that are not known.
    pub(super) fn checkout(
        chain: Option<&Arc<Self>>,
        path: &[u8],
        steps: &mut Steps,
    ) -> Result<Checkout, Unavailable> {
        let Some(chain) = chain.filter(|_| path.len() <= LONGEST) else {
            return Ok(Checkout::default());
        };
        let exact = chain.said(path, false, steps)?;
        let folds = path.iter().any(u8::is_ascii_uppercase) || chain.has_upper();
        let folded = if folds {
            Some(chain.said(path, true, steps)?)
        } else {
            None
        };
        let of = |[encoding, text, crlf, eol, ident, _]: Said| [encoding, text, crlf, eol, ident];
        Ok(Checkout::of(&of(exact), folded.map(of).as_ref()))
    }

    fn has_upper(&self) -> bool {
        let mut next = Some(self);
        std::iter::from_fn(|| {
            let chain = next?;
            next = chain.above.as_deref();
            Some(chain)
        })
        .filter_map(|chain| chain.file.as_ref().ok())
        .any(|file| file.has_upper)
    }

    /// Whether two folders have the same attributes.
    pub(super) fn is_same(one: Option<&Arc<Self>>, other: Option<&Arc<Self>>) -> bool {
        let (mut one, mut other) = (one, other);
        loop {
            match (one, other) {
                (None, None) => return true,
                (Some(a), Some(b)) => {
                    if Arc::ptr_eq(a, b) {
                        return true;
                    }
                    if a.base != b.base || a.file != b.file || a.vocabulary != b.vocabulary {
                        return false;
                    }
                    (one, other) = (a.above.as_ref(), b.above.as_ref());
                }
                _ => return false,
            }
        }
    }
}

/// Files that have been parsed, each once. Bounded: all are forgotten when there are many.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// By the root's file, if that defines macros, and by their own; that of the root apart, which may define them.
    known: FxHashMap<(bool, Option<ObjectId>, ObjectId), Parsed>,
    /// Bytes of all that is known.
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Parsed {
    file: Arc<File>,
    vocabulary: Arc<Vocabulary>,
}

impl Files {
    /// What holds in a folder that has a file of its own, a blob. `base` is the length of the folder's path with its slash.
    pub(super) fn below(
        &mut self,
        objects: &mut Objects,
        above: Option<&Arc<Chain>>,
        base: usize,
        id: ObjectId,
    ) -> Option<Arc<Chain>> {
        let root = above.and_then(|above| above.root);
        let key = (base == 0, root, id);
        if let Some(parsed) = self.known.get(&key) {
            let own = parsed.vocabulary.is_own.then_some(id);
            let root = if base == 0 { own } else { root };
            return Some(Chain::new(above, base, root, Ok(parsed.clone())));
        }
        let size = objects.header(id).map_or(0, |header| header.size);
        if size > GIT_LIMIT {
            return above.cloned();
        }
        let parsed = objects
            .blob(id, limits::Id::ATTRIBUTE_BYTES)
            .map(|bytes| Parsed::of(above, base, &bytes));
        let root = match &parsed {
            Ok(parsed) if base == 0 => parsed.vocabulary.is_own.then_some(id),
            _ => root,
        };
        if let Ok(parsed) = &parsed {
            self.bytes = self.bytes.saturating_add(size);
            if self.bytes > limits::ATTRIBUTE_BYTES {
                self.known.clear();
                self.bytes = size;
            }
            self.known.insert(key, parsed.clone());
        }
        Some(Chain::new(above, base, root, parsed))
    }
}

impl Parsed {
    fn of(above: Option<&Arc<Chain>>, base: usize, bytes: &[u8]) -> Self {
        let vocabulary = match above {
            Some(above) => Arc::clone(&above.vocabulary),
            None if base == 0 => Arc::new(Vocabulary::of(bytes)),
            None => Arc::new(Vocabulary::of(&[])),
        };
        Self {
            file: Arc::new(File::parse(bytes, &vocabulary)),
            vocabulary,
        }
    }
}

/// The attributes of one state of a repository, by folder.
#[derive(Debug, Default)]
pub(super) struct Folders {
    files: Files,
    known: FxHashMap<Vec<u8>, Option<Arc<Chain>>>,
    /// Bytes of the files of all folders.
    bytes: u64,
}

/// A file as it is found.
pub(super) enum AttributesFile {
    Blob(ObjectId),
    Bytes(Vec<u8>),
}

impl Folders {
    /// The attributes that hold for a path. `find` says what file a folder (its path with a slash at the end) has.
    ///
    /// # Errors
    /// A path that is too deep.
    pub(super) fn of(
        &mut self,
        trees: &mut Trees,
        path: &[u8],
        mut find: impl FnMut(&mut Trees, &[u8]) -> Option<AttributesFile>,
    ) -> Result<Option<Arc<Chain>>, Unavailable> {
        if path.len() > LONGEST {
            return Ok(None);
        }
        let slashes = memchr::memchr_iter(b'/', path);
        let folder = memchr::memrchr(b'/', path).map_or(0, |at| at.saturating_add(1));
        if let Some(known) = path.get(..folder).and_then(|folder| self.known.get(folder)) {
            return Ok(known.clone());
        }
        if slashes.clone().count() > limits::ATTRIBUTE_FOLDERS {
            return Err(Unavailable::Limit(limits::Id::ATTRIBUTE_FOLDERS));
        }
        // From the root down, so that a path of any depth needs no recursion.
        let mut above: Option<Arc<Chain>> = None;
        for end in std::iter::once(0).chain(slashes.map(|at| at.saturating_add(1))) {
            let here = path.get(..end).unwrap_or(path);
            if let Some(known) = self.known.get(here) {
                above.clone_from(known);
                continue;
            }
            let own = match find(trees, here) {
                None => None,
                Some(AttributesFile::Blob(id)) => {
                    self.files.below(trees.objects(), above.as_ref(), end, id)
                }
                Some(AttributesFile::Bytes(bytes)) => {
                    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
                    let parsed = Ok(Parsed::of(above.as_ref(), end, bytes));
                    Some(Chain::new(above.as_ref(), end, None, parsed))
                }
            };
            if let Some(own) = own {
                above = Some(self.within_limits(own));
            }
            self.known.insert(here.to_vec(), above.clone());
        }
        Ok(above)
    }

    /// A chain, or one of which nothing is known if the files of all folders are too large together.
    fn within_limits(&mut self, chain: Arc<Chain>) -> Arc<Chain> {
        let size = chain.file.as_ref().map_or(0, |file| file.size);
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes <= limits::ATTRIBUTE_BYTES {
            return chain;
        }
        let lost = Err(Unavailable::Limit(limits::Id::ATTRIBUTE_BYTES));
        Chain::new(chain.above.as_ref(), chain.base, chain.root, lost)
    }
}

/// What file of attributes a folder of a snapshot has. git takes a link for a file of what it leads to.
pub(super) fn in_snapshot(
    snapshot: &Snapshot,
    trees: &mut Trees,
    folder: &[u8],
) -> Option<AttributesFile> {
    let path = [folder, FILE].concat();
    let (mode, id) = snapshot.entry(trees, &path).ok()??;
    mode.is_blob_or_symlink()
        .then_some(AttributesFile::Blob(id))
}
