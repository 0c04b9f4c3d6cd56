//! Long constants: read only if something that runs is given them, because most are the data of arrays.
//!
//! What holds some keeps a tree of them, in order, and a digest of it is found when it is asked for. Each is read once.

use sha2::{Digest as _, Sha256};

use super::{Hash, constants::Constants};
use crate::bytes::narrow;

/// The long constants in something, if there are any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tree(u32);

#[derive(Debug)]
enum Node {
    /// The offset of its opcode.
    Constant(u64),
    Both(Tree, Tree),
}

/// All trees.
#[derive(Debug, Default)]
pub(super) struct Trees {
    nodes: Vec<(Node, Option<Hash>)>,
}

impl Trees {
    /// One constant.
    pub(super) fn constant(&mut self, at: u64) -> Tree {
        self.push(Node::Constant(at))
    }

    /// The one and the other.
    pub(super) fn join(&mut self, one: Tree, other: Tree) -> Tree {
        match (one, other) {
            (Tree(0), tree) | (tree, Tree(0)) => tree,
            _ => self.push(Node::Both(one, other)),
        }
    }

    fn push(&mut self, node: Node) -> Tree {
        self.nodes.push((node, None));
        u32::try_from(self.nodes.len()).map_or(Tree(0), Tree)
    }

    fn slot(tree: Tree) -> usize {
        narrow(u64::from(tree.0).saturating_sub(1))
    }

    fn known(&self, tree: Tree) -> Option<Hash> {
        self.nodes.get(Self::slot(tree)).and_then(|(_, hash)| *hash)
    }

    /// A digest and those of the long constants that belong to it.
    pub(super) fn with(&mut self, digest: Hash, tree: Tree, constants: &mut Constants) -> Hash {
        if tree == Tree(0) {
            return digest;
        }
        let mut todo = vec![tree];
        while let Some(next) = todo.last().copied() {
            let found: Hash = match self.nodes.get(Self::slot(next)) {
                Some((_, Some(_))) | None => {
                    todo.pop();
                    continue;
                }
                Some((Node::Constant(at), _)) => constants.payload(*at).unwrap_or_default(),
                Some((Node::Both(one, other), _)) => {
                    let parts = [*one, *other];
                    let [Some(one), Some(other)] = parts.map(|part| self.known(part)) else {
                        todo.extend(parts);
                        continue;
                    };
                    joined(&one, &other)
                }
            };
            if let Some((_, slot)) = self.nodes.get_mut(Self::slot(next)) {
                *slot = Some(found);
            }
            todo.pop();
        }
        joined(&digest, &self.known(tree).unwrap_or_default())
    }
}

fn joined(one: &Hash, other: &Hash) -> Hash {
    let hash = Sha256::new().chain_update(one).chain_update(other);
    hash.finalize().into()
}
