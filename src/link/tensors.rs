//! The index of a model in shards and its shards: whether each has the tensors that the index puts in it.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::shard::FilePlace;
use crate::fact::{ContentFacts, Entry, Fact, Hop, Place, ShardTensors, Site, Text};

/// What an entry says of the tensors of a shard.
#[derive(Debug, PartialEq, Eq)]
pub struct OfShard {
    /// The way to what says so from the entry: none, or the archives that it is in and its own name in the innermost.
    pub hops: Vec<Hop>,
    /// What it says.
    pub tensors: Box<ShardTensors>,
}

/// A shard that does not have all tensors that an index puts in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorsElsewhere<'a> {
    /// The path of the index, or of the archive that it is in.
    pub index: &'a Text,
    /// Where the index names the first of these tensors.
    pub site: Site,
    /// The shard, as the index names it.
    pub shard: Text,
    /// How many tensors it does not have.
    pub count: usize,
    /// How many the index puts in it.
    pub of: usize,
}

impl OfShard {
    /// What an entry with these facts says. What the history of a file held is not compared with its neighbours at that time.
    pub fn all(entry: &Entry, facts: &ContentFacts) -> Vec<Self> {
        if entry.introduced_by.is_some() {
            return Vec::new();
        }
        let of_file = |hops: &[Hop]| matches!(hops.last(), None | Some(Hop::Member { .. }));
        let all = facts.observations.iter().filter_map(|o| match &o.fact {
            Fact::ShardTensors(tensors) if of_file(&o.site.hops) => Some(Self {
                hops: o.site.hops.clone(),
                tensors: tensors.clone(),
            }),
            _ => None,
        });
        all.collect()
    }
}

/// Compares each index with the shards beside it. A shard that is not there, or of which nothing is known, is not compared.
pub(super) fn compare(entries: Vec<(&Text, OfShard)>) -> Vec<TensorsElsewhere<'_>> {
    let mut shards: BTreeMap<FilePlace<'_>, FxHashSet<u32>> = BTreeMap::new();
    let mut indexed = Vec::new();
    for (path, OfShard { hops, tensors }) in entries {
        let place = FilePlace::new(path, &hops);
        match &tensors.file {
            Some(shard) => indexed.push((path, hops, place.beside(shard.as_bytes()), tensors)),
            None => shards.entry(place).or_default().extend(&tensors.names),
        }
    }
    let mut elsewhere = Vec::new();
    for (path, hops, shard, tensors) in indexed {
        let (Some(has), Some(name)) = (shards.get(&shard), tensors.file) else {
            continue;
        };
        let each = tensors.names.iter().zip(&tensors.lines);
        let mut away = each.filter(|(digest, _)| !has.contains(digest));
        let Some((_, line)) = away.next() else {
            continue;
        };
        elsewhere.push(TensorsElsewhere {
            index: path,
            site: Site {
                hops,
                at: Place::Span {
                    line: *line,
                    column: 1,
                    end_line: *line,
                    end_column: 1,
                },
            },
            shard: name,
            count: away.count().saturating_add(1),
            of: tensors.names.len(),
        });
    }
    elsewhere
}
