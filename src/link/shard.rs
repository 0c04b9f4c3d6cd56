//! The index of a distributed checkpoint and its shards: whether the index names whole archives of files that are checked.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{ContentFacts, Fact, Hop, ShardIndex, ShardPart, Text};

/// A part of a distributed checkpoint.
#[derive(Debug, PartialEq, Eq)]
pub struct Sharded {
    /// The way to it from the entry: none, or the archives that it is in and its own name in the innermost.
    pub hops: Vec<Hop>,
    /// What it is.
    pub kind: ShardedKind,
}

/// What there is of a distributed checkpoint.
#[derive(Debug, PartialEq, Eq)]
pub enum ShardedKind {
    /// Its index.
    Index(Box<ShardIndex>),
    /// A shard, with the archives in it.
    Shard(Vec<ShardPart>),
}

/// An index that does not fit its shards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexMismatch<'a> {
    /// The path of the index, or of the archive that it is in.
    pub index: &'a Text,
    /// The way to it in there.
    pub hops: Vec<Hop>,
    /// What does not fit.
    pub kind: MismatchKind,
}

/// How an index does not fit its shards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MismatchKind {
    /// Which bytes it names is not constant.
    Unclear,
    /// It names a file that does not lie beside it.
    Elsewhere {
        /// The name.
        name: Text,
    },
    /// It names a file that is not among those that are checked, or is no shard.
    NoShard {
        /// The name.
        name: Text,
    },
    /// It names bytes that are no archive of the shard.
    OtherBytes {
        /// The path of the shard: in the archive, if the index is in one.
        shard: Text,
        /// The first such part.
        first: ShardPart,
        /// How many there are.
        count: usize,
    },
}

/// What the facts say of a part.
#[derive(Debug, Default)]
struct Seen {
    index: Option<Box<ShardIndex>>,
    /// Where archives begin.
    starts: BTreeSet<u64>,
    /// How long it is; several members of one name may have several lengths.
    lengths: BTreeSet<u64>,
}

impl Sharded {
    /// The parts of distributed checkpoints that an entry with these facts is, or has as an archive.
    pub fn all(facts: &ContentFacts) -> Vec<Self> {
        let is_sharded = |fact: &Fact| matches!(fact, Fact::Is(id) if id == "torch-distributed");
        let is_file = |hops: &[Hop]| matches!(hops.last(), None | Some(Hop::Member { .. }));
        let sharded = facts.observations.iter().filter(|o| is_sharded(&o.fact));
        let sharded = sharded.map(|o| o.site.hops.as_slice());
        let mut seen: BTreeMap<&[Hop], Seen> = sharded
            .filter(|hops| is_file(hops))
            .map(|hops| (hops, Seen::default()))
            .collect();
        if seen.is_empty() {
            return Vec::new();
        }
        if let Some(own) = seen.get_mut([].as_slice()) {
            own.lengths.insert(facts.bytes);
        }
        for o in &facts.observations {
            let hops = o.site.hops.as_slice();
            match &o.fact {
                Fact::ShardIndex(index) => {
                    if let Some(seen) = seen.get_mut(hops) {
                        seen.index.get_or_insert_with(|| index.clone());
                    }
                }
                Fact::Is(_) => {
                    if let Some((Hop::From(start), outside)) = hops.split_last()
                        && let Some(seen) = seen.get_mut(outside)
                    {
                        seen.starts.insert(*start);
                    }
                }
                Fact::Member { name, size } => {
                    let hop = Hop::Member {
                        name: name.clone(),
                        copy: 0,
                    };
                    if let Some(seen) = seen.get_mut([hops, &[hop]].concat().as_slice()) {
                        seen.lengths.insert(*size);
                    }
                }
                _ => {}
            }
        }
        let all = seen.into_iter().map(|(hops, seen)| Self {
            hops: hops.to_vec(),
            kind: seen.kind(),
        });
        all.collect()
    }
}

impl Seen {
    fn kind(self) -> ShardedKind {
        if let Some(index) = self.index {
            return ShardedKind::Index(index);
        }
        // Of an end that is not known, no index names the length.
        let end = match self.lengths.first() {
            Some(length) if self.lengths.len() == 1 => *length,
            _ => u64::MAX,
        };
        let ends = self.starts.iter().skip(1).copied().chain([end]);
        let part = |(start, end): (&u64, u64)| ShardPart {
            offset: *start,
            length: end.saturating_sub(*start),
        };
        ShardedKind::Shard(self.starts.iter().zip(ends).map(part).collect())
    }
}

/// Where a file is: in the view, or in an archive of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FilePlace<'a> {
    archive: Option<(&'a Text, Vec<Hop>)>,
    path: Text,
}

impl<'a> FilePlace<'a> {
    pub(super) fn new(entry: &'a Text, hops: &[Hop]) -> Self {
        match hops.split_last() {
            Some((Hop::Member { name, .. }, archive)) => Self {
                archive: Some((entry, archive.to_vec())),
                path: name.clone(),
            },
            _ => Self {
                archive: None,
                path: entry.clone(),
            },
        }
    }

    /// A file beside it.
    pub(super) fn beside(&self, name: &[u8]) -> Self {
        Self {
            archive: self.archive.clone(),
            path: Text::new([folder(&self.path), name].concat()),
        }
    }
}

/// Compares each index with the shards beside it. Returns what does not fit, and the shards of the view in whose folder there is no
/// index; each in the order of paths.
pub(super) fn compare(entries: Vec<(&Text, Sharded)>) -> (Vec<IndexMismatch<'_>>, Vec<&Text>) {
    // In a history, several versions share a path.
    let mut shards: BTreeMap<FilePlace<'_>, BTreeSet<ShardPart>> = BTreeMap::new();
    let mut of_view = BTreeSet::new();
    let mut indexes = Vec::new();
    for (path, Sharded { hops, kind }) in entries {
        match kind {
            ShardedKind::Index(index) => indexes.push((path, hops, index)),
            ShardedKind::Shard(parts) => {
                if hops.is_empty() {
                    of_view.insert(path);
                }
                let place = FilePlace::new(path, &hops);
                shards.entry(place).or_default().extend(parts);
            }
        }
    }
    let mut mismatches = BTreeSet::new();
    let mut folders = BTreeSet::new();
    for (path, hops, index) in indexes {
        let place = FilePlace::new(path, &hops);
        if hops.is_empty() {
            folders.insert(folder(path));
        }
        let mut add = |kind| {
            mismatches.insert(IndexMismatch {
                index: path,
                hops: hops.clone(),
                kind,
            });
        };
        if index.unclear {
            add(MismatchKind::Unclear);
        }
        for file in index.files {
            let name = file.name.as_bytes();
            let separator = |byte: &u8| matches!(byte, b'/' | b'\\' | b':' | 0);
            if matches!(name, b"" | b"." | b"..") || name.iter().any(separator) {
                add(MismatchKind::Elsewhere { name: file.name });
                continue;
            }
            let shard = place.beside(name);
            let Some(archives) = shards.get(&shard) else {
                add(MismatchKind::NoShard { name: file.name });
                continue;
            };
            let mut others = file.parts.iter().filter(|part| !archives.contains(part));
            if let Some(first) = others.next().copied() {
                let count = others.count().saturating_add(1);
                add(MismatchKind::OtherBytes {
                    shard: shard.path,
                    first,
                    count,
                });
            }
        }
    }
    let alone = of_view
        .into_iter()
        .filter(|path| !folders.contains(folder(path)));
    (mismatches.into_iter().collect(), alone.collect())
}

/// The folder of a path, with its slash.
fn folder(path: &Text) -> &[u8] {
    let path = path.as_bytes();
    let slash = path.iter().rposition(|byte| *byte == b'/');
    slash.and_then(|at| path.get(..=at)).unwrap_or_default()
}
