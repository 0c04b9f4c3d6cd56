//! Files that a loader opens beside the one that it is given: whether they are there, and long enough.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{ContentFacts, Entry, Fact, FileReference, FileRole, Hop, PathBase, Site, Text};

/// A file that the loader of an entry opens as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Its path in the view.
    pub path: Vec<u8>,
    /// Where the last byte ends that is read of it, as far as the entry says.
    pub end: u64,
    /// Where the entry names it.
    pub site: Site,
    /// Whether it is there, if it has to be in an archive of the entry.
    pub in_archive: Option<bool>,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There {
    /// Nobody knows.
    Unknown,
    /// Nothing.
    No,
    /// Something, of this length if it is known.
    Yes(Option<u64>),
}

/// What is missing of the files that the loader of an entry opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet<'a> {
    /// The path of the entry.
    pub path: &'a Text,
    /// Where the first of these files is named.
    pub site: Site,
    /// How many files its loader opens.
    pub of: usize,
    /// What is missing.
    pub lack: Lack,
}

/// What is missing of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// All of these: the paths, in their order. Never empty.
    Files(Vec<Text>),
    /// The end of one.
    Bytes {
        /// Its path.
        path: Text,
        /// Where the last byte ends that is read.
        end: u64,
        /// How many bytes it has.
        has: u64,
    },
}

impl Needed {
    /// The files that the loader of an entry opens, each once, in the order of their paths. What the history of a file held is not
    /// compared with its neighbours at that time.
    pub fn all(entry: &Entry, facts: &ContentFacts) -> Vec<Self> {
        if entry.introduced_by.is_some() {
            return Vec::new();
        }
        let in_file = |hop: &Hop| matches!(hop, Hop::Stream(_) | Hop::Key(_));
        let mut all: BTreeMap<(&[Hop], Vec<u8>), Self> = BTreeMap::new();
        let mut members = None;
        for observation in &facts.observations {
            let Fact::FileReference(reference) = &observation.fact else {
                continue;
            };
            let site = &observation.site;
            if reference.role != FileRole::Weights {
                continue;
            }
            let packed = of_packed(entry, reference, &site.hops);
            let reference = packed.as_ref().unwrap_or(reference);
            let (archive, own, is_archived) = match site.hops.split_last() {
                _ if packed.is_some() => ([].as_slice(), entry.path.as_bytes(), false),
                Some((Hop::Member { name, .. }, archive)) if names_its_content(reference) => {
                    (archive, name.as_bytes(), true)
                }
                _ if site.hops.iter().all(in_file) => ([].as_slice(), entry.path.as_bytes(), false),
                _ => continue,
            };
            let Some(path) = reference.path_beside(own) else {
                continue;
            };
            let key = (archive, path.clone());
            let in_archive = is_archived.then(|| {
                let members = members.get_or_insert_with(|| members_of(facts));
                members.as_ref().is_none_or(|all| all.contains(&key))
            });
            let needed = all.entry(key).or_insert_with(|| Self {
                path,
                end: 0,
                site: site.clone(),
                in_archive,
            });
            needed.end = needed.end.max(reference.end);
        }
        all.into_values().collect()
    }
}

/// What gensim names the files beside a pickle that it has compressed: each holds several arrays.
fn of_packed(entry: &Entry, reference: &FileReference, hops: &[Hop]) -> Option<FileReference> {
    const OF_MATRIX: [&[u8]; 3] = [b".data.npy", b".indptr.npy", b".indices.npy"];
    let path = entry.path.as_bytes();
    let is_packed = path.ends_with(b".gz") || path.ends_with(b".bz2");
    let [Hop::Member { .. }, inner @ ..] = hops else {
        return None;
    };
    let in_pickle = inner.iter().all(|hop| matches!(hop, Hop::Stream(_)));
    if !is_packed || !in_pickle || reference.base != PathBase::Name {
        return None;
    }
    let name = reference.path.as_bytes();
    let matrix = OF_MATRIX.iter().find_map(|end| name.strip_suffix(*end));
    let (stem, suffix) = match matrix.filter(|stem| !stem.is_empty()) {
        Some(stem) => (stem, &b".sparse.npz"[..]),
        None => (name.strip_suffix(b".npy")?, &b".npz"[..]),
    };
    Some(FileReference {
        path: Text::new([stem, suffix].concat()),
        ..reference.clone()
    })
}

/// Whether a file has a name under which something is said of whatever it holds. A member of which there is nothing to say may be in an archive
/// without a fact.
fn names_its_content(reference: &FileReference) -> bool {
    reference.path.as_bytes().ends_with(b".safetensors")
}

/// The members of archives in an entry of which something is said: the archive, and the path in it. `None` if not all was read.
fn members_of(facts: &ContentFacts) -> Option<BTreeSet<(&[Hop], Vec<u8>)>> {
    let mut members = BTreeSet::new();
    for observation in &facts.observations {
        if matches!(observation.fact, Fact::Unread(_)) {
            return None;
        }
        let hops = observation.site.hops.as_slice();
        for (at, hop) in hops.iter().enumerate() {
            if let (Hop::Member { name, .. }, Some(archive)) = (hop, hops.get(..at)) {
                let parts = name.as_bytes().split(|byte| *byte == b'/');
                let parts: Vec<&[u8]> = parts.filter(|it| !matches!(*it, b"" | b".")).collect();
                members.insert((archive, parts.join(&b'/')));
            }
        }
    }
    Some(members)
}

/// What is missing of the files that the loader of the entry at a path opens. Those in one archive of it are counted for themselves.
pub(super) fn unmet<'a>(
    path: &'a Text,
    needed: Vec<Needed>,
    there: &mut dyn FnMut(&[u8]) -> There,
) -> Vec<Unmet<'a>> {
    let mut of: BTreeMap<Vec<Hop>, usize> = BTreeMap::new();
    let group = |needed: &Needed| match (needed.in_archive, needed.site.hops.split_last()) {
        (Some(_), Some((_, archive))) => archive.to_vec(),
        _ => Vec::new(),
    };
    for needed in &needed {
        let count = of.entry(group(needed)).or_default();
        *count = count.saturating_add(1);
    }
    let mut missing: BTreeMap<Vec<Hop>, (Site, Vec<Text>)> = BTreeMap::new();
    let mut short = Vec::new();
    for needed in needed {
        let found = match needed.in_archive {
            Some(true) => There::Yes(None),
            Some(false) => There::No,
            None => there(&needed.path),
        };
        let of_group = group(&needed);
        let Needed {
            path: of_file,
            end,
            site,
            ..
        } = needed;
        match found {
            There::No => {
                let (_, files) = missing
                    .entry(of_group)
                    .or_insert_with(|| (site, Vec::new()));
                files.push(Text::new(of_file));
            }
            There::Yes(Some(has)) if has < end => short.push(Unmet {
                path,
                site,
                of: of.get(&of_group).copied().unwrap_or_default(),
                lack: Lack::Bytes {
                    path: Text::new(of_file),
                    end,
                    has,
                },
            }),
            There::Yes(_) | There::Unknown => {}
        }
    }
    let missing = missing.into_iter().map(|(group, (site, files))| Unmet {
        path,
        site,
        of: of.get(&group).copied().unwrap_or_default(),
        lack: Lack::Files(files),
    });
    missing.chain(short).collect()
}
