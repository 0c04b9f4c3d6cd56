//! What formats of gradient-boosted trees have in common: nodes that have to be a tree, because loaders follow them without looking.

use rustc_hash::FxHashSet;

use crate::{
    bytes::{ReadError, narrow, wide},
    fact::{Short, TreesFault},
    limits,
};

/// Where a node leads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    /// Nowhere: it has a value.
    Leaf,
    /// To two nodes, by their numbers; a negative one is none.
    Inner(i64, i64),
}

/// Checks that the nodes that are reached from the first are a tree.
///
/// # Errors
/// The node that leads to none, or to one that has been reached before.
pub(super) fn check_tree(
    tree: u64,
    count: usize,
    node: impl Fn(usize) -> Option<Node>,
) -> Result<(), ReadError> {
    let fault = |node: usize| {
        let node = wide(node);
        ReadError::malformed(TreesFault::NotATree { tree, node })
    };
    let mut reached = vec![false; count];
    let mut left = vec![0];
    while let Some(at) = left.pop() {
        match reached.get_mut(at) {
            Some(reached) if !*reached => *reached = true,
            _ => return Err(fault(at)),
        }
        match node(at) {
            Some(Node::Leaf) => {}
            Some(Node::Inner(one, other)) => {
                for child in [one, other] {
                    let child = u64::try_from(child).map(narrow).map_err(|_| fault(at))?;
                    if child >= count {
                        return Err(fault(at));
                    }
                    left.push(child);
                }
            }
            None => return Err(fault(at)),
        }
    }
    Ok(())
}

/// Keys of one object: each is there once.
#[derive(Debug, Default)]
pub(super) struct Keys(FxHashSet<String>);

impl Keys {
    /// Adds a key.
    ///
    /// # Errors
    /// It is there already, or there are too many.
    pub(super) fn add(&mut self, key: &str) -> Result<(), ReadError> {
        if wide(self.0.len()) >= limits::JSON_VALUES {
            return Err(ReadError::Limit(limits::Id::JSON_VALUES));
        }
        if self.0.insert(key.to_owned()) {
            return Ok(());
        }
        Err(twice(key))
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains(key)
    }

    /// Checks that a key is there.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn need(&self, key: &str) -> Result<(), ReadError> {
        if self.has(key) {
            return Ok(());
        }
        Err(missing(key))
    }
}

/// Checks that a list is as long as it should be.
///
/// # Errors
/// Which list is not.
pub(super) fn check_count(name: &str, expected: u64, found: u64) -> Result<(), ReadError> {
    if expected == found {
        return Ok(());
    }
    Err(ReadError::malformed(TreesFault::Count {
        name: Short::from(name),
        expected,
        found,
    }))
}

/// Checks that the model has the features that its nodes compare.
///
/// # Errors
/// The feature that it has not.
pub(super) fn check_feature(greatest: Option<u64>, features: u64) -> Result<(), ReadError> {
    match greatest {
        Some(feature) if feature >= features => Err(ReadError::malformed(TreesFault::Feature {
            feature,
            features,
        })),
        _ => Ok(()),
    }
}

/// Something that the loader needs is not there.
pub(super) fn missing(name: &str) -> ReadError {
    let name = Short::from(name);
    ReadError::malformed(TreesFault::Missing { name })
}

/// Something is there a second time.
pub(super) fn twice(name: &str) -> ReadError {
    let name = Short::from(name);
    ReadError::malformed(TreesFault::Twice { name })
}

/// A value of another kind than its writer writes.
pub(super) fn wrong_value(name: &str) -> ReadError {
    let name = Short::from(name);
    ReadError::malformed(TreesFault::Value { name })
}

/// A list refers to what is not there.
pub(super) fn wrong_reference(name: &str) -> ReadError {
    let name = Short::from(name);
    ReadError::malformed(TreesFault::Reference { name })
}
