//! The index of a distributed checkpoint and its shards: whether the index names whole archives of files that are checked.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{ContentFacts, Fact, Hop, ShardIndex, ShardPart, Text};

/// What an entry is of a distributed checkpoint.
#[derive(Debug, PartialEq, Eq)]
pub enum Sharded {
    /// Its index.
    Index(Box<ShardIndex>),
    /// A shard, with the archives in it.
    Shard(Vec<ShardPart>),
}

/// An index that does not fit its shards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexMismatch<'a> {
    /// The path of the index.
    pub index: &'a Text,
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
        /// The path of the shard.
        shard: Text,
        /// The first such part.
        first: ShardPart,
        /// How many there are.
        count: usize,
    },
}

impl Sharded {
    /// What an entry with these facts is, if it is one of them.
    pub fn of(facts: &ContentFacts) -> Option<Self> {
        let mut outermost = facts.observations.iter().filter(|o| o.site.hops.is_empty());
        let is_sharded = |fact: &Fact| matches!(fact, Fact::Is(id) if id == "torch-distributed");
        if !outermost.any(|o| is_sharded(&o.fact)) {
            return None;
        }
        let index = facts.observations.iter().find_map(|o| match &o.fact {
            Fact::ShardIndex(index) if o.site.hops.is_empty() => Some(index.clone()),
            _ => None,
        });
        if let Some(index) = index {
            return Some(Self::Index(index));
        }
        let starts =
            facts
                .observations
                .iter()
                .filter_map(|o| match (&o.fact, o.site.hops.as_slice()) {
                    (Fact::Is(_), [Hop::From(start)]) => Some(*start),
                    _ => None,
                });
        let starts: BTreeSet<u64> = starts.collect();
        let ends = starts.iter().skip(1).copied().chain([facts.bytes]);
        let part = |(start, end): (&u64, u64)| ShardPart {
            offset: *start,
            length: end.saturating_sub(*start),
        };
        Some(Self::Shard(starts.iter().zip(ends).map(part).collect()))
    }
}

/// Compares each index with the shards beside it. Returns what does not fit, and the shards in whose folder there is no index; each in
/// the order of paths.
pub(super) fn compare(entries: Vec<(&Text, Sharded)>) -> (Vec<IndexMismatch<'_>>, Vec<&Text>) {
    // In a history, several versions share a path.
    let mut shards: BTreeMap<&Text, BTreeSet<ShardPart>> = BTreeMap::new();
    let mut indexes = Vec::new();
    for (path, sharded) in entries {
        match sharded {
            Sharded::Index(index) => indexes.push((path, index)),
            Sharded::Shard(parts) => shards.entry(path).or_default().extend(parts),
        }
    }
    let mut mismatches = BTreeSet::new();
    let mut folders = BTreeSet::new();
    for (path, index) in indexes {
        folders.insert(folder(path));
        let mut add = |kind| {
            mismatches.insert(IndexMismatch { index: path, kind });
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
            let shard = Text::new([folder(path), name].concat());
            let Some(archives) = shards.get(&shard) else {
                add(MismatchKind::NoShard { name: file.name });
                continue;
            };
            let mut others = file.parts.iter().filter(|part| !archives.contains(part));
            if let Some(first) = others.next().copied() {
                let count = others.count().saturating_add(1);
                add(MismatchKind::OtherBytes {
                    shard,
                    first,
                    count,
                });
            }
        }
    }
    let alone = shards
        .into_keys()
        .filter(|path| !folders.contains(folder(path)));
    (mismatches.into_iter().collect(), alone.collect())
}

/// The folder of a path, with its slash.
fn folder(path: &Text) -> &[u8] {
    let path = path.as_bytes();
    let slash = path.iter().rposition(|byte| *byte == b'/');
    slash.and_then(|at| path.get(..=at)).unwrap_or_default()
}
