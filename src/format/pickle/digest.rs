//! What is kept of an array whose items were read.

/// What the items of an array come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Integers(Integers),
    Nodes(Nodes),
    Spans(Spans),
}

/// Nodes of a binary tree of neighbours: each of them has points of a span, and the next two levels' nodes stand at twice its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spans {
    pub count: u64,
    /// The end of the span that ends last.
    pub end: u64,
}

/// The integers of an array without more dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Integers {
    /// How many bytes one has.
    pub bytes: u8,
    pub first: i64,
    pub last: i64,
    pub min: i64,
    pub max: i64,
    /// Their sum, or the nearest number that fits.
    pub sum: i64,
    /// None is less than the one before it.
    pub rising: bool,
}

/// Nodes that make a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nodes {
    pub kind: NodeKind,
    pub count: u64,
    /// How many steps it takes to the leaf that is farthest away.
    pub depth: u64,
    /// How many columns an input needs for what nodes compare.
    pub features: u64,
}

/// Which class has such nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// `sklearn.tree._tree.Tree`.
    Tree,
    /// `TreePredictor` of histogram-based gradient boosting.
    Predictor,
}

impl Integers {
    /// Whether all are at least 0 and less than this.
    pub(super) fn are_below(&self, end: u64) -> bool {
        let below = u64::try_from(self.max).map_or(self.max == -1, |max| max < end);
        self.min >= 0 && below
    }
}
