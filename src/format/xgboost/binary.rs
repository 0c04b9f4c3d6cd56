//! The binary form of releases before 3.1: structures of C, one after another, and trees as arrays of nodes.

use crate::{
    bytes::{ReadError, Window, narrow, wide},
    format::trees::{
        Node, check_count, check_feature, check_tree, missing, wrong_reference, wrong_value,
    },
    limits,
};

use super::source::Feed;

/// The parameters of a learner.
const LEARNER: u64 = 136;
/// The parameters of a model of trees.
const MODEL: u64 = 160;
/// The parameters of a tree.
const TREE: u64 = 148;
/// A node, and its statistics.
const NODE: usize = 20;
const STATISTICS: u64 = 16;

/// Whether bytes begin so: the name of an objective follows the parameters.
pub(super) fn begins(front: &[u8]) -> bool {
    let after = narrow(LEARNER.saturating_add(4));
    let name = || {
        let rest = front.get(after..)?;
        let length = usize::try_from(u64::from_le_bytes(*rest.first_chunk()?)).ok()?;
        let name = rest.get(8..length.checked_add(8)?)?;
        Some((1..=64).contains(&length) && name.iter().all(u8::is_ascii_graphic))
    };
    front.starts_with(b"binf") && name().unwrap_or(false)
}

/// Reads a model; returns where it ends.
///
/// # Errors
/// What its writer does not write.
pub(super) fn read(window: &Window) -> Result<u64, ReadError> {
    let mut feed = Binary(Feed::new(window, 4));
    let learner = feed.learner()?;
    let objective = feed.text()?;
    let booster = feed.text()?;
    let seen = match booster.as_str() {
        "gbtree" => feed.trees()?,
        "dart" => {
            let seen = feed.trees()?;
            if seen.trees > 0 {
                let drops = feed.numbers()?;
                check_count("weight_drop", seen.trees, drops)?;
            }
            seen
        }
        "gblinear" => {
            feed.0.skip(LEARNER)?;
            let weights = feed.numbers()?;
            let expected = learner
                .features
                .saturating_add(1)
                .saturating_mul(learner.groups);
            check_count("weights", expected, weights)?;
            Seen::default()
        }
        _ => return Err(wrong_value("name_gbm")),
    };
    check_feature(seen.feature, learner.features)?;
    if seen.group.is_some_and(|group| group >= learner.groups) {
        return Err(wrong_reference("tree_info"));
    }
    if learner.attributes {
        for _ in 0..feed.names()? {
            feed.text()?;
            feed.text()?;
        }
    }
    if objective == "count:poisson" {
        feed.text()?;
    }
    if learner.metrics {
        for _ in 0..feed.names()? {
            feed.text()?;
        }
    }
    Ok(feed.0.offset())
}

/// What the parameters of a learner say.
#[derive(Debug)]
struct Learner {
    features: u64,
    groups: u64,
    attributes: bool,
    metrics: bool,
}

/// What the trees are.
#[derive(Debug, Default)]
struct Seen {
    trees: u64,
    feature: Option<u64>,
    group: Option<u64>,
}

#[derive(Debug)]
struct Binary(Feed);

impl Binary {
    fn u32(&mut self) -> Result<u32, ReadError> {
        self.0.take().map(u32::from_le_bytes)
    }

    /// A number of things, which an `int` of C says.
    fn count(&mut self, name: &str) -> Result<u64, ReadError> {
        let count = self.0.take().map(i32::from_le_bytes)?;
        u64::try_from(count).map_err(|_| wrong_value(name))
    }

    fn text(&mut self) -> Result<String, ReadError> {
        let length = self.0.take().map(u64::from_le_bytes)?;
        self.0.text(length)
    }

    /// How many texts there are.
    fn names(&mut self) -> Result<usize, ReadError> {
        let count = narrow(self.0.take().map(u64::from_le_bytes)?);
        if wide(count) > limits::JSON_VALUES {
            return Err(ReadError::Limit(limits::Id::JSON_VALUES));
        }
        Ok(count)
    }

    /// Steps over a vector of floats; returns how many there are.
    fn numbers(&mut self) -> Result<u64, ReadError> {
        let count = self.0.take().map(u64::from_le_bytes)?;
        let bytes = self.0.has(count, 4)?;
        self.0.skip(bytes)?;
        Ok(count)
    }

    fn learner(&mut self) -> Result<Learner, ReadError> {
        self.0.has(LEARNER, 1)?;
        // The base score.
        self.0.skip(4)?;
        let features = u64::from(self.u32()?);
        let classes = self.count("num_class")?;
        let attributes = self.u32()? != 0;
        let metrics = self.u32()? != 0;
        // The version.
        self.0.skip(8)?;
        let targets = u64::from(self.u32()?);
        self.0.skip(LEARNER.saturating_sub(32))?;
        Ok(Learner {
            features,
            groups: classes.max(targets).max(1),
            attributes,
            metrics,
        })
    }

    fn trees(&mut self) -> Result<Seen, ReadError> {
        let mut seen = Seen {
            trees: self.count("num_trees")?,
            ..Seen::default()
        };
        self.0.skip(MODEL.saturating_sub(4))?;
        // Each tree has parameters and a node at least.
        let least = TREE.saturating_add(wide(NODE)).saturating_add(STATISTICS);
        self.0.has(seen.trees, least)?;
        for number in 0..seen.trees {
            seen.feature = seen.feature.max(self.tree(number)?);
        }
        for _ in 0..seen.trees {
            seen.group = seen.group.max(Some(self.count("tree_info")?));
        }
        Ok(seen)
    }

    /// A tree; returns the greatest feature that it compares.
    fn tree(&mut self, number: u64) -> Result<Option<u64>, ReadError> {
        self.0.skip(4)?;
        let count = self.count("num_nodes")?;
        self.0.skip(12)?;
        let vector = self.u32()?;
        self.0.skip(TREE.saturating_sub(24))?;
        if count == 0 {
            return Err(missing("nodes"));
        }
        if narrow(count) > limits::MODEL_TREE_NODES {
            return Err(ReadError::Limit(limits::Id::MODEL_TREE_NODES));
        }
        self.0.has(count, wide(NODE))?;
        let mut nodes = Vec::with_capacity(narrow(count));
        for _ in 0..count {
            let node: [u8; NODE] = self.0.take()?;
            nodes.push(node);
        }
        let statistics = self.0.has(count, STATISTICS)?;
        self.0.skip(statistics)?;
        if vector != 0 {
            self.numbers()?;
        }
        let word = |node: &[u8; NODE], at: usize| {
            let bytes = node.get(at..).and_then(|rest| rest.first_chunk().copied());
            bytes.unwrap_or_default()
        };
        let child = |node: &[u8; NODE], at| i64::from(i32::from_le_bytes(word(node, at)));
        check_tree(number, nodes.len(), |at| {
            let node = nodes.get(at)?;
            Some(match child(node, 4) {
                -1 => Node::Leaf,
                left => Node::Inner(left, child(node, 8)),
            })
        })?;
        // The highest bit says where missing values go. Nodes that were cut off have a feature beyond all.
        let inner = nodes.iter().filter(|node| child(node, 4) != -1);
        let features =
            inner.map(|node| u64::from(u32::from_le_bytes(word(node, 12)) & 0x7fff_ffff));
        Ok(features.max())
    }
}
