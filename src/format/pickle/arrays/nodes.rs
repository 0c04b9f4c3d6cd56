//! Nodes of scikit-learn's trees: rows with the numbers of their children.
//!
//! What predicts goes from the first node to a leaf and compares nothing: neither the numbers of children with the number of nodes,
//! nor features with the columns of its input. Both builders of trees store a node before its children, so a tree whose nodes
//! do so is walked in one pass, and has no circle.

use super::Contents;
use crate::{
    bytes::{Window, narrow, wide},
    format::pickle::{
        digest::{NodeKind, Nodes},
        dtype::{Column, Integer},
    },
    limits,
};

/// Where a row has what is asked for.
#[derive(Debug, Clone, Copy)]
struct Fields {
    kind: NodeKind,
    left: Field,
    right: Field,
    feature: Field,
    /// Whether it is a leaf; otherwise a child of -1 says so.
    leaf: Option<Field>,
    /// Whether it compares with a set of categories, which is in another array.
    categorical: Option<Field>,
}

type Field = (usize, Integer);

/// The names that a tree's rows begin with. Releases add others behind the last of all.
const OF_TREE: &[&str] = &[
    "left_child",
    "right_child",
    "feature",
    "threshold",
    "impurity",
    "n_node_samples",
    "weighted_n_node_samples",
];
/// Those of a predictor's rows, of each age.
const OF_PREDICTOR: &[&[&str]] = &[
    &[
        "value",
        "count",
        "feature_idx",
        "num_threshold",
        "missing_go_to_left",
        "left",
        "right",
        "gain",
        "depth",
        "is_leaf",
        "bin_threshold",
        "is_categorical",
        "bitset_idx",
    ],
    &[
        "value",
        "count",
        "feature_idx",
        "threshold",
        "missing_go_to_left",
        "left",
        "right",
        "gain",
        "depth",
        "is_leaf",
        "bin_threshold",
    ],
];

impl Fields {
    /// Of the columns of a row. Their order counts as well: scikit-learn takes them by their places.
    fn of(columns: &[Column]) -> Option<Self> {
        let are = |names: &[&str]| {
            names
                .iter()
                .zip(columns)
                .all(|(name, column)| column.name == **name)
        };
        let field = |name: &str| {
            let column = columns.iter().find(|column| column.name == *name)?;
            Some((narrow(column.offset), column.integer?))
        };
        let more = columns.len().checked_sub(OF_TREE.len());
        if more.is_some_and(|more| more <= 1) && are(OF_TREE) {
            return Some(Self {
                kind: NodeKind::Tree,
                left: field("left_child")?,
                right: field("right_child")?,
                feature: field("feature")?,
                leaf: None,
                categorical: None,
            });
        }
        let names = OF_PREDICTOR
            .iter()
            .find(|names| names.len() == columns.len() && are(names))?;
        let categorical = if names.contains(&"is_categorical") {
            Some(field("is_categorical")?)
        } else {
            None
        };
        Some(Self {
            kind: NodeKind::Predictor,
            left: field("left")?,
            right: field("right")?,
            feature: field("feature_idx")?,
            leaf: Some(field("is_leaf")?),
            categorical,
        })
    }
}

/// Follows so many rows of a size; `None` if they make no tree, or one with more nodes than are followed.
pub(super) fn follow(
    (columns, size): (&[Column], u64),
    count: u64,
    contents: &Contents,
    window: &Window,
) -> Option<Nodes> {
    let fields = Fields::of(columns)?;
    if count == 0 || count > limits::TREE_NODES {
        return None;
    }
    let mut tree = Nodes {
        kind: fields.kind,
        count,
        depth: 0,
        features: 0,
    };
    // How deep each node is that a node before it names as a child.
    let mut depths: Vec<u16> = vec![0; narrow(count)];
    let mut at: u64 = 0;
    contents.each((size, count), window, |row| {
        let read = |(from, integer): Field| {
            let to = from.checked_add(usize::from(integer.bytes))?;
            integer.read(row.get(from..to)?)
        };
        let depth = depths.get(narrow(at)).copied()?;
        let (left, right) = (read(fields.left)?, read(fields.right)?);
        let is_leaf = match fields.leaf {
            Some(leaf) => read(leaf)? != 0,
            None => left == -1 && right == -1,
        };
        if is_leaf {
            tree.depth = tree.depth.max(u64::from(depth));
        } else {
            if let Some(categorical) = fields.categorical
                && read(categorical)? != 0
            {
                return None;
            }
            for child in [left, right] {
                let child = u64::try_from(child).ok().filter(|child| *child > at)?;
                let below = depths.get_mut(narrow(child))?;
                *below = depth.checked_add(1)?.max(*below);
            }
            let feature = u64::try_from(read(fields.feature)?).ok()?;
            tree.features = tree.features.max(feature.checked_add(1)?);
        }
        at = at.wrapping_add(1);
        Some(())
    })?;
    debug_assert_eq!(at, wide(depths.len()), "each row was followed");
    Some(tree)
}
