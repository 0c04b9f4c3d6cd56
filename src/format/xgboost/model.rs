//! The model that a document describes, in either encoding.

use super::source::Source;
use crate::{
    bytes::{ReadError, narrow, wide},
    format::trees::{
        Keys, Node, check_count, check_feature, check_tree, missing, wrong_reference, wrong_value,
    },
    limits,
};

/// XGBoost has no category beyond: it sets aside one bit for each.
const CATEGORIES: i64 = 1 << 24;

/// Reads a model to its end.
///
/// # Errors
/// What its writer does not write.
pub(super) fn read(source: &mut impl Source) -> Result<(), ReadError> {
    let mut keys = Keys::default();
    source.object()?;
    while let Some(key) = source.key()? {
        keys.add(&key)?;
        match key.as_str() {
            "learner" => learner(source)?,
            "version" => {
                let parts = source.numbers(None)?;
                check_count("version", 3, parts)?;
            }
            _ => source.skip()?,
        }
    }
    keys.need("learner")
}

/// What the booster and the parameters of the learner say, which stand in any order.
#[derive(Debug, Default)]
struct Learner {
    features: Option<u64>,
    classes: u64,
    targets: u64,
    booster: Booster,
}

/// What of a booster has to fit the learner.
#[derive(Debug, Default)]
struct Booster {
    trees: Option<u64>,
    /// The greatest feature that a node compares.
    feature: Option<u64>,
    /// The greatest group that a tree is for.
    group: Option<u64>,
    /// Weights of a linear model.
    weights: Option<u64>,
    /// Weights of the trees of a `dart`.
    drops: Option<u64>,
}

fn learner(source: &mut impl Source) -> Result<(), ReadError> {
    let mut keys = Keys::default();
    let mut learner = Learner {
        targets: 1,
        ..Learner::default()
    };
    source.object()?;
    while let Some(key) = source.key()? {
        keys.add(&key)?;
        match key.as_str() {
            "gradient_booster" => booster(source, &mut learner.booster)?,
            "learner_model_param" => parameters(source, |key, value| {
                let number = || value.parse::<u64>().map_err(|_| wrong_value(key));
                match key {
                    "num_feature" => learner.features = Some(number()?),
                    "num_class" => learner.classes = number()?,
                    "num_target" => learner.targets = number()?,
                    _ => {}
                }
                Ok(())
            })?,
            "objective" => objective(source)?,
            "attributes" => parameters(source, |_, _| Ok(()))?,
            "feature_names" | "feature_types" => texts(source)?,
            _ => source.skip()?,
        }
    }
    keys.need("gradient_booster")?;
    keys.need("objective")?;
    let features = learner.features.ok_or_else(|| missing("num_feature"))?;
    let groups = learner.classes.max(learner.targets).max(1);
    let booster = learner.booster;
    check_feature(booster.feature, features)?;
    if booster.group.is_some_and(|group| group >= groups) {
        return Err(wrong_reference("tree_info"));
    }
    if let Some(weights) = booster.weights {
        let expected = features.saturating_add(1).saturating_mul(groups);
        check_count("weights", expected, weights)?;
    }
    if let (Some(drops), Some(trees)) = (booster.drops, booster.trees) {
        check_count("weight_drop", trees, drops)?;
    }
    Ok(())
}

/// An object of texts.
fn parameters(
    source: &mut impl Source,
    mut each: impl FnMut(&str, &str) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut keys = Keys::default();
    source.object()?;
    while let Some(key) = source.key()? {
        keys.add(&key)?;
        let value = source.text()?;
        each(&key, &value)?;
    }
    Ok(())
}

fn texts(source: &mut impl Source) -> Result<(), ReadError> {
    source.array()?;
    while source.item()? {
        source.text()?;
    }
    Ok(())
}

/// Its name, which is data, and what parameters it has.
fn objective(source: &mut impl Source) -> Result<(), ReadError> {
    let mut keys = Keys::default();
    source.object()?;
    while let Some(key) = source.key()? {
        keys.add(&key)?;
        match key.as_str() {
            "name" => source.text().map(|_| ())?,
            _ => source.skip()?,
        }
    }
    keys.need("name")
}

fn booster(source: &mut impl Source, booster: &mut Booster) -> Result<(), ReadError> {
    let mut keys = Keys::default();
    let mut name = None;
    source.object()?;
    while let Some(key) = source.key()? {
        keys.add(&key)?;
        match key.as_str() {
            "name" => name = Some(source.text()?),
            "model" => model(source, booster)?,
            // The trees of a `dart`.
            "gbtree" => trees_of_dart(source, booster)?,
            "weight_drop" => booster.drops = Some(source.numbers(None)?),
            _ => source.skip()?,
        }
    }
    match name.as_deref() {
        Some("gbtree" | "gblinear") => keys.need("model"),
        Some("dart") => {
            keys.need("gbtree")?;
            keys.need("weight_drop")
        }
        Some(_) => Err(wrong_value("name")),
        None => Err(missing("name")),
    }
}

fn trees_of_dart(source: &mut impl Source, booster: &mut Booster) -> Result<(), ReadError> {
    let mut keys = Keys::default();
    source.object()?;
    while let Some(key) = source.key()? {
        keys.add(&key)?;
        match key.as_str() {
            "model" => model(source, booster)?,
            _ => source.skip()?,
        }
    }
    keys.need("model")
}

fn model(source: &mut impl Source, booster: &mut Booster) -> Result<(), ReadError> {
    let mut keys = Keys::default();
    let (mut told, mut found, mut information) = (None, None, None);
    source.object()?;
    while let Some(key) = source.key()? {
        keys.add(&key)?;
        match key.as_str() {
            "gbtree_model_param" => parameters(source, |key, value| {
                if key == "num_trees" {
                    told = Some(value.parse::<u64>().map_err(|_| wrong_value(key))?);
                }
                Ok(())
            })?,
            "trees" => {
                let mut count: u64 = 0;
                source.array()?;
                while source.item()? {
                    let feature = tree(source, count)?;
                    booster.feature = booster.feature.max(feature);
                    count = count.saturating_add(1);
                }
                found = Some(count);
            }
            "tree_info" => {
                let groups = indices(source, "tree_info")?;
                let negative = groups.iter().any(|group| *group < 0);
                if negative {
                    return Err(wrong_reference("tree_info"));
                }
                let greatest = groups.iter().max().copied();
                booster.group = greatest.and_then(|group| u64::try_from(group).ok());
                information = Some(wide(groups.len()));
            }
            "iteration_indptr" => check_iterations(source)?,
            "weights" => booster.weights = Some(source.numbers(None)?),
            _ => source.skip()?,
        }
    }
    if booster.weights.is_some() && found.is_none() {
        return Ok(());
    }
    let found = found.ok_or_else(|| missing("trees"))?;
    check_count("trees", told.ok_or_else(|| missing("num_trees"))?, found)?;
    let information = information.ok_or_else(|| missing("tree_info"))?;
    check_count("tree_info", found, information)?;
    booster.trees = Some(found);
    Ok(())
}

/// Where the trees of each round begin: not before those of the round before.
fn check_iterations(source: &mut impl Source) -> Result<(), ReadError> {
    let starts = indices(source, "iteration_indptr")?;
    if starts.is_sorted() && starts.first().is_none_or(|first| *first >= 0) {
        return Ok(());
    }
    Err(wrong_reference("iteration_indptr"))
}

/// A number without a fraction.
#[allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the range is checked, and a fraction is refused"
)]
fn whole(number: f64) -> Option<i64> {
    let fits = number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX) + 1.0;
    fits.then_some(number as i64)
}

/// Lists of one tree that have to fit one another.
#[derive(Debug, Default)]
struct Lists {
    left: Vec<i64>,
    right: Vec<i64>,
    features: Vec<i64>,
    parents: Option<Vec<i64>>,
    categories: u64,
    category_nodes: Vec<i64>,
    category_segments: Vec<i64>,
    category_sizes: Vec<i64>,
    leaf_weights: Option<u64>,
    base_weights: Option<u64>,
}

/// Reads a tree; returns the greatest feature that it compares.
fn tree(source: &mut impl Source, number: u64) -> Result<Option<u64>, ReadError> {
    let mut keys = Keys::default();
    let mut lists = Lists::default();
    let mut counts: Vec<(&str, u64)> = Vec::new();
    let (mut nodes, mut vector) = (None, 1_u64);
    source.object()?;
    while let Some(key) = source.key()? {
        keys.add(&key)?;
        match key.as_str() {
            "tree_param" => parameters(source, |key, value| {
                let number = || value.parse::<u64>().map_err(|_| wrong_value(key));
                match key {
                    "num_nodes" => nodes = Some(number()?),
                    "size_leaf_vector" => vector = number()?.max(1),
                    _ => {}
                }
                Ok(())
            })?,
            "left_children" => lists.left = indices(source, "left_children")?,
            "right_children" => lists.right = indices(source, "right_children")?,
            "split_indices" => lists.features = indices(source, "split_indices")?,
            "categories_nodes" => lists.category_nodes = indices(source, "categories_nodes")?,
            "categories_segments" => {
                lists.category_segments = indices(source, "categories_segments")?;
            }
            "categories_sizes" => lists.category_sizes = indices(source, "categories_sizes")?,
            "categories" => {
                let categories = indices(source, "categories")?;
                if !categories.iter().all(|one| (0..CATEGORIES).contains(one)) {
                    return Err(wrong_reference("categories"));
                }
                lists.categories = wide(categories.len());
            }
            "leaf_weights" => lists.leaf_weights = Some(source.numbers(None)?),
            "base_weights" => lists.base_weights = Some(source.numbers(None)?),
            "default_left" => counts.push(("default_left", source.numbers(None)?)),
            "loss_changes" => counts.push(("loss_changes", source.numbers(None)?)),
            "parents" => lists.parents = Some(indices(source, "parents")?),
            "split_conditions" => counts.push(("split_conditions", source.numbers(None)?)),
            "split_type" => counts.push(("split_type", source.numbers(None)?)),
            "sum_hessian" => counts.push(("sum_hessian", source.numbers(None)?)),
            _ => source.skip()?,
        }
    }
    let nodes = nodes.ok_or_else(|| missing("num_nodes"))?;
    check_count("left_children", nodes, wide(lists.left.len()))?;
    check_count("right_children", nodes, wide(lists.right.len()))?;
    check_count("split_indices", nodes, wide(lists.features.len()))?;
    keys.need("split_conditions")?;
    for (name, found) in counts {
        let absent = found == 0 && matches!(name, "split_type" | "loss_changes" | "sum_hessian");
        if !absent {
            check_count(name, nodes, found)?;
        }
    }
    lists.check(number, vector)
}

/// A list of whole numbers.
fn indices(source: &mut impl Source, name: &str) -> Result<Vec<i64>, ReadError> {
    let mut list = Vec::new();
    source.numbers(Some(&mut |number| {
        if list.len() >= limits::MODEL_TREE_NODES {
            return Err(ReadError::Limit(limits::Id::MODEL_TREE_NODES));
        }
        list.push(whole(number).ok_or_else(|| wrong_reference(name))?);
        Ok(())
    }))?;
    Ok(list)
}

impl Lists {
    fn check(&self, number: u64, vector: u64) -> Result<Option<u64>, ReadError> {
        let count = self.left.len();
        check_tree(number, count, |node| {
            let (left, right) = (*self.left.get(node)?, *self.right.get(node)?);
            Some(match left {
                -1 => Node::Leaf,
                _ => Node::Inner(left, right),
            })
        })?;
        self.check_parents()?;
        self.check_leaves(vector)?;
        self.check_categories(count)?;
        let inner = self.left.iter().zip(&self.features);
        let compared = inner.filter(|(left, _)| **left != -1);
        let mut greatest = None;
        for (_, feature) in compared {
            let feature = u64::try_from(*feature).map_err(|_| wrong_reference("split_indices"))?;
            greatest = greatest.max(Some(feature));
        }
        Ok(greatest)
    }

    /// The parent of a node is the one whose child it is, and the root has none. The loader follows them. What was cut off the tree names some
    /// node.
    fn check_parents(&self) -> Result<(), ReadError> {
        let Some(parents) = &self.parents else {
            return Ok(());
        };
        let count = parents.len();
        check_count("parents", wide(self.left.len()), wide(count))?;
        let has_none = |parent: &i64| [-1, i64::from(i32::MAX)].contains(parent);
        let is_node = |parent: &i64| usize::try_from(*parent).is_ok_and(|parent| parent < count);
        let children = self.left.iter().zip(&self.right).zip(0..);
        let mut children = children
            .filter(|((left, _), _)| **left != -1)
            .flat_map(|((left, right), node)| [(*left, node), (*right, node)]);
        let is_child_of = |(child, node): (i64, i64)| {
            let child = usize::try_from(child).ok();
            child.and_then(|child| parents.get(child)) == Some(&node)
        };
        if parents.first().is_none_or(has_none)
            && parents.iter().all(|it| has_none(it) || is_node(it))
            && children.all(is_child_of)
        {
            return Ok(());
        }
        Err(wrong_reference("parents"))
    }

    /// A leaf of several targets has its weights in a list of their own, where its right child says. In older releases each node has them
    /// in `base_weights`.
    fn check_leaves(&self, vector: u64) -> Result<(), ReadError> {
        let nodes = wide(self.left.len());
        let of_targets = nodes.saturating_mul(vector);
        let Some(weights) = self.leaf_weights.filter(|_| vector > 1) else {
            let mut leaves = self.left.iter().zip(&self.right);
            if vector > 1 && leaves.any(|(left, right)| *left == -1 && *right != -1) {
                return Err(missing("leaf_weights"));
            }
            return match self.base_weights {
                Some(found) => check_count("base_weights", of_targets, found),
                None if vector > 1 => Err(missing("base_weights")),
                None => Ok(()),
            };
        };
        if let Some(found) = self.base_weights.filter(|found| *found != of_targets) {
            check_count("base_weights", nodes, found)?;
        }
        let leaves = weights.checked_div(vector).unwrap_or_default();
        let mut nodes = self.left.iter().zip(&self.right);
        let is_wrong = |(left, right): (&i64, &i64)| {
            *left == -1 && u64::try_from(*right).is_ok_and(|leaf| leaf >= leaves)
        };
        if nodes.any(is_wrong) {
            return Err(wrong_reference("leaf_weights"));
        }
        Ok(())
    }

    fn check_categories(&self, nodes: usize) -> Result<(), ReadError> {
        let of = wide(self.category_nodes.len());
        check_count(
            "categories_segments",
            of,
            wide(self.category_segments.len()),
        )?;
        check_count("categories_sizes", of, wide(self.category_sizes.len()))?;
        let segments = self.category_segments.iter().zip(&self.category_sizes);
        for (start, size) in segments {
            let end = match (u64::try_from(*start), u64::try_from(*size)) {
                (Ok(start), Ok(size)) => start.saturating_add(size),
                _ => u64::MAX,
            };
            if end > self.categories {
                return Err(wrong_reference("categories_segments"));
            }
        }
        let is_node = |node: &i64| u64::try_from(*node).is_ok_and(|node| narrow(node) < nodes);
        if !self.category_nodes.iter().all(is_node) {
            return Err(wrong_reference("categories_nodes"));
        }
        Ok(())
    }
}
