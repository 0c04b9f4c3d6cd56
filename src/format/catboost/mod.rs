//! CatBoost: gradient-boosted trees as a flatbuffer behind a magic, and tables of categories and what reads texts and embeddings behind that; or
//! all of it as JSON.
//!
//! The library verifies the flatbuffer and then follows its numbers without looking; the parts behind it and the JSON it does not verify. All of
//! them are checked here.

mod calculations;
mod json;
mod stream;
mod words;

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
    flatbuffer::{Flatbuffer, Table, Vector},
    trees::{check_count, check_feature, missing, wrong_reference, wrong_value},
};
use crate::{
    bytes::{ReadError, Window, narrow},
    fact::{Anomaly, Payload, Piece, Place, Short, Unsupported},
    limits,
};

use calculations::Calculations;

/// Files that begin with `CBM1`, and the same models in JSON.
pub static FORMAT: Format = Format {
    id: "catboost",
    title: "CatBoost model",
    doc: DOC,
    suffixes: &[Suffix::own("cbm"), Suffix::plain("json")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

A model of gradient-boosted trees, as `CatBoost.save_model` writes it by default: a flatbuffer, a table of counters for each combination of
categories, and tokenizers, dictionaries and calculations for texts and embeddings. `save_model` with `format=\"json\"` writes the same as JSON.

## What loading it does

`CatBoost.load_model` reads it in native code. It names no Python code: an objective or a metric of your own is not in it.

## How it is recognised

By `CBM1` and a size as its first eight bytes; as JSON, by the first key of the object and the names of its parts.

## What is checked

The sizes against the file, and everything that the library follows: the splits, sizes and leaves of each tree, its borders, the children of
nodes, each table of counters, and each dictionary, frequency and neighbour that texts and embeddings are looked up in. In JSON, splits, leaves,
features and tables have to fit each other as well, and no key is there twice. A part of another kind is named, and the model is refused.

## What to prefer

This.
";

/// The version that the flatbuffer names.
const VERSION: &str = "FlabuffersModel_v1";
/// The part that tables of counters are.
const COUNTERS: &str = "static_provider_v1";
/// The part that reads texts.
const TEXTS: &str = "text_process_v2";
/// The part that reads embeddings.
const EMBEDDINGS: &str = "embed_process_1";
/// The deepest tree whose leaves are counted by its splits.
const DEPTH: u64 = 16;
/// Bytes before the flatbuffer.
const HEAD: u64 = 8;
/// A slot of a table of counters: a hash, and where its counters are.
const SLOT: u64 = 12;

/// Numbers of fields.
mod model {
    pub(super) const VERSION: u16 = 0;
    pub(super) const TREES: u16 = 1;
    pub(super) const PARTS: u16 = 3;
}

/// Numbers of fields of the trees.
mod trees {
    pub(super) const DIMENSION: u16 = 0;
    pub(super) const SPLITS: u16 = 1;
    pub(super) const SIZES: u16 = 2;
    pub(super) const STARTS: u16 = 3;
    pub(super) const FLOATS: u16 = 5;
    pub(super) const ONE_HOT: u16 = 6;
    pub(super) const COUNTERS: u16 = 7;
    pub(super) const LEAVES: u16 = 8;
    pub(super) const NODES: u16 = 10;
    pub(super) const LEAF_OF_NODE: u16 = 11;
    pub(super) const ESTIMATED: u16 = 13;
}

fn probe(head: &Head<'_>) -> Certainty {
    // The size of the model follows, which no text could be.
    let size = head.front.get(4..8).unwrap_or_default();
    let is_binary = head.front.starts_with(b"CBM1") && size.contains(&0);
    Certainty::sure_if(is_binary || json::begins(&head.front))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let is_binary = window.bytes_at(0, 4)? == b"CBM1";
    let end = if is_binary {
        binary(window)?
    } else {
        match json::read(window)? {
            Some(end) => end,
            None => return Ok(()),
        }
    };
    if window.reaches(end.saturating_add(1))? {
        let bytes = window.len().saturating_sub(end);
        let after = Payload::Trees;
        let anomaly = Anomaly::TrailingData { bytes, after };
        reading.recorder.anomaly(anomaly, Place::Whole);
    }
    Ok(())
}

/// Reads the binary form; returns where it ends.
fn binary(window: &Window) -> Result<u64, ReadError> {
    let size = u64::from(u32_at(window, 4)?);
    let mut end = HEAD.saturating_add(size);
    let core = part(window, HEAD, size)?;
    let buffer = Flatbuffer::new(&core);
    let root = buffer.root()?;
    if root.text(model::VERSION)? != *VERSION {
        return Err(wrong_value("FormatVersion"));
    }
    let trees = root.table(model::TREES)?;
    if let Some(trees) = trees {
        Trees::read(&buffer, trees)?.check()?;
    }
    let parts = root.vector(model::PARTS, 4)?;
    let mut known = Calculations::default();
    let mut last = String::new();
    for number in 0..parts.count {
        let name = buffer.text_element(parts, number)?.to_string();
        let name = name.trim_end_matches("\\u{0}");
        // The part for embeddings is whatever follows.
        if name == last || last == EMBEDDINGS {
            return Err(wrong_value("ModelPartIds"));
        }
        end = match name {
            COUNTERS => counters(window, end)?,
            TEXTS => words::texts(window, end, &mut known)?,
            EMBEDDINGS => words::embeddings(window, end, &mut known)?,
            _ => {
                let name = Short::from(name);
                return Err(ReadError::unsupported(Unsupported::ModelPart(name)));
            }
        };
        name.clone_into(&mut last);
    }
    if let Some(trees) = trees {
        known.check(trees.tables(trees::ESTIMATED)?)?;
    }
    Ok(end)
}

fn u32_at(window: &Window, at: u64) -> Result<u32, ReadError> {
    let bytes = window.exact(at..at.saturating_add(4), Piece::Trees)?;
    Ok(bytes
        .first_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes)))
}

/// So many bytes of a window.
fn part(window: &Window, start: u64, size: u64) -> Result<Window, ReadError> {
    window
        .sub(start..start.saturating_add(size))
        .ok_or_else(|| {
            let left = window.len().saturating_sub(start);
            ReadError::truncated(Piece::Trees, size, left)
        })
}

/// Reads tables of counters; returns where they end.
fn counters(window: &Window, at: u64) -> Result<u64, ReadError> {
    let count = u32_at(window, at)?;
    let mut at = at.saturating_add(4);
    for _ in 0..count {
        let size = u64::from(u32_at(window, at)?);
        at = at.saturating_add(4);
        let table = part(window, at, size)?;
        let buffer = Flatbuffer::new(&table);
        let table = buffer.root()?;
        let base = table.table(0)?.ok_or_else(|| missing("ModelCtrBase"))?;
        base.table(0)?
            .ok_or_else(|| missing("FeatureCombination"))?;
        let slots = table.vector(1, 1)?;
        table.vector(2, 1)?;
        if slots.count.checked_rem(SLOT) != Some(0) {
            return Err(wrong_value("IndexHashRaw"));
        }
        at = at.saturating_add(size);
    }
    Ok(at)
}

/// Lists of the trees.
struct Trees {
    dimension: u64,
    splits: Vec<u32>,
    sizes: Vec<u32>,
    starts: Vec<u32>,
    leaves: u64,
    /// The left child and the right one, as distances; none for trees with one split for each level.
    nodes: Vec<u32>,
    leaf_of_node: Vec<u32>,
    borders: u64,
}

impl Trees {
    fn read(buffer: &Flatbuffer, table: Table<'_>) -> Result<Self, ReadError> {
        let list = |number| {
            let vector = table.vector(number, 4)?;
            numbers(buffer, vector)
        };
        let mut borders: u64 = 0;
        for (features, field) in [
            (trees::FLOATS, 3),
            (trees::ONE_HOT, 1),
            (trees::COUNTERS, 1),
            (trees::ESTIMATED, 3),
        ] {
            for feature in table.tables(features)? {
                let count = feature?.vector(field, 4)?.count;
                borders = borders.saturating_add(count);
            }
        }
        Ok(Self {
            dimension: u64::from(table.u32(trees::DIMENSION)?),
            splits: list(trees::SPLITS)?,
            sizes: list(trees::SIZES)?,
            starts: list(trees::STARTS)?,
            leaves: table.vector(trees::LEAVES, 8)?.count,
            nodes: list(trees::NODES)?,
            leaf_of_node: list(trees::LEAF_OF_NODE)?,
            borders,
        })
    }

    fn check(&self) -> Result<(), ReadError> {
        let count = |list: &[u32]| crate::bytes::wide(list.len());
        if self.dimension == 0 {
            return Err(wrong_value("ApproxDimension"));
        }
        check_count("TreeStartOffsets", count(&self.sizes), count(&self.starts))?;
        let greatest = self.splits.iter().max().map(|split| u64::from(*split));
        // Where no feature is used, splits say nothing.
        let unused = self.borders == 0 && greatest == Some(0) && !self.nodes.is_empty();
        if !unused {
            check_feature(greatest, self.borders)?;
        }
        if self.nodes.is_empty() {
            return self.check_levels();
        }
        check_count(
            "NonSymmetricStepNodes",
            count(&self.splits),
            count(&self.nodes),
        )?;
        let leaves = count(&self.leaf_of_node);
        check_count("NonSymmetricNodeIdToLeafId", count(&self.splits), leaves)?;
        self.check_nodes()
    }

    /// The splits of each tree.
    fn ranges(&self) -> impl Iterator<Item = Result<(u64, u64), ReadError>> {
        let splits = crate::bytes::wide(self.splits.len());
        self.starts
            .iter()
            .zip(&self.sizes)
            .map(move |(start, size)| {
                let (start, size) = (u64::from(*start), u64::from(*size));
                if start.saturating_add(size) > splits {
                    return Err(wrong_reference("TreeStartOffsets"));
                }
                Ok((start, size))
            })
    }

    /// Trees with one split for each level have a leaf for each way through them.
    fn check_levels(&self) -> Result<(), ReadError> {
        let mut leaves: u64 = 0;
        for range in self.ranges() {
            let (_, size) = range?;
            if size > DEPTH {
                return Err(wrong_value("TreeSizes"));
            }
            let of_tree = 1_u64.checked_shl(u32::try_from(size).unwrap_or(u32::MAX));
            let of_tree = of_tree.unwrap_or(u64::MAX).saturating_mul(self.dimension);
            leaves = leaves.saturating_add(of_tree);
        }
        check_count("LeafValues", leaves, self.leaves)
    }

    /// A node leads to nodes of its tree that come after it, or has a leaf.
    fn check_nodes(&self) -> Result<(), ReadError> {
        for range in self.ranges() {
            let (start, size) = range?;
            if size == 0 {
                return Err(wrong_value("TreeSizes"));
            }
            let end = start.saturating_add(size);
            let nodes = self.nodes.iter().zip(&self.leaf_of_node);
            let nodes = nodes.skip(narrow(start)).take(narrow(size));
            for (at, (node, leaf)) in (start..end).zip(nodes) {
                let [left, right] = [node & 0xffff, node >> 16].map(u64::from);
                let beyond = |distance: u64| at.saturating_add(distance) >= end;
                if beyond(left) || beyond(right) {
                    return Err(wrong_reference("NonSymmetricStepNodes"));
                }
                let last = u64::from(*leaf).saturating_add(self.dimension);
                if (left == 0 || right == 0) && last > self.leaves {
                    return Err(wrong_reference("NonSymmetricNodeIdToLeafId"));
                }
            }
        }
        Ok(())
    }
}

/// The numbers of a vector.
fn numbers(buffer: &Flatbuffer, vector: Vector) -> Result<Vec<u32>, ReadError> {
    if narrow(vector.count) > limits::MODEL_TREE_NODES {
        return Err(ReadError::Limit(limits::Id::MODEL_TREE_NODES));
    }
    (0..vector.count)
        .map(|number| buffer.number(vector, number))
        .collect()
}
