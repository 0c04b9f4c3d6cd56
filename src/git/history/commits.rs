//! The commits of a history: which there are, and in which order, parents before children.
//!
//! Commits are read from the objects themselves, never from a commit-graph file, from grafts or from replacements: those
//! can leave out what a clone carries. What is known is left out by painting, as `git rev-list` does it: from both kinds of
//! tips at once, the newest commit first, until only known ones are left to look at. Where clocks were wrong a known commit
//! may be taken for a new one, never the other way round.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

use gix::{ObjectId, objs::Kind};
use rustc_hash::FxHashMap;

use super::{
    super::objects::{Objects, object_error},
    header::Header,
};
use crate::fact::{Answer, ObjectKind, Unavailable};

/// How many known commits are looked at after the last new one, for clocks that go wrong: as many as git does.
const SLOP: usize = 5;

/// The commits of a history.
#[derive(Debug, Default)]
pub(super) struct Commits {
    nodes: Vec<Node>,
    places: FxHashMap<ObjectId, u32>,
    /// Parents of all nodes, one after another.
    edges: Vec<u32>,
    /// Places in `nodes` of what is new and could be read, parents before children; ties by time, then id.
    pub(super) order: Vec<u32>,
    /// Commits that could not be read, and why.
    pub(super) lost: Vec<(ObjectId, Unavailable)>,
    /// A commit was met whose parents a shallow clone has left out.
    pub(super) cut: bool,
}

#[derive(Debug)]
struct Node {
    id: ObjectId,
    /// `None` if it could not be read.
    tree: Option<ObjectId>,
    time: i64,
    /// Of its parents in `edges`.
    first: u32,
    count: u32,
    known: bool,
    /// Some new commit is its child.
    has_child: bool,
}

impl Commits {
    /// The commits that `tips` reach and `known` do not. The parents of those in `shallow` are not asked for.
    pub(super) fn walk(
        objects: &mut Objects,
        tips: &[ObjectId],
        known: &[ObjectId],
        shallow: &BTreeSet<ObjectId>,
    ) -> Self {
        let mut walk = Walk {
            objects,
            shallow,
            commits: Self::default(),
            parents: Vec::new(),
            buffer: Vec::new(),
        };
        walk.run(tips, known);
        let mut commits = walk.commits;
        commits.sort();
        commits
    }

    fn parents_of(&self, node: &Node) -> &[u32] {
        let first = usize_of(node.first);
        let end = first.saturating_add(usize_of(node.count));
        self.edges.get(first..end).unwrap_or_default()
    }

    /// A commit's id and root tree, and the root trees of its parents, known ones too.
    pub(super) fn step(&self, place: u32) -> Option<Step> {
        let node = self.nodes.get(usize_of(place))?;
        let parents = self.parents_of(node).iter();
        Some(Step {
            commit: node.id,
            tree: node.tree?,
            parents: parents
                .filter_map(|parent| self.nodes.get(usize_of(*parent))?.tree)
                .collect(),
        })
    }

    /// The root trees of new commits that no other new commit has for a parent.
    pub(super) fn newest(&self) -> Vec<ObjectId> {
        let nodes = self.order.iter().rev();
        nodes
            .filter_map(|place| self.nodes.get(usize_of(*place)))
            .filter(|node| !node.has_child)
            .filter_map(|node| node.tree)
            .collect()
    }

    /// Whether a commit is one of the new ones.
    pub(super) fn is_new(&self, id: ObjectId) -> bool {
        let node = self
            .places
            .get(&id)
            .and_then(|at| self.nodes.get(usize_of(*at)));
        node.is_some_and(|node| !node.known)
    }

    /// The root tree of a commit that was met.
    pub(super) fn tree_of(&self, id: ObjectId) -> Option<ObjectId> {
        let place = self.places.get(&id)?;
        self.nodes.get(usize_of(*place))?.tree
    }

    /// Puts what is new in order.
    fn sort(&mut self) {
        let mut waiting: Vec<u32> = vec![0; self.nodes.len()];
        let mut children: Vec<(u32, u32)> = Vec::new();
        let mut ready = BinaryHeap::new();
        for (place, node) in (0_u32..).zip(&self.nodes) {
            if node.known {
                continue;
            }
            let mut count = 0_u32;
            for parent in self.parents_of(node) {
                if self
                    .nodes
                    .get(usize_of(*parent))
                    .is_some_and(|node| !node.known)
                {
                    children.push((*parent, place));
                    count = count.saturating_add(1);
                }
            }
            if count == 0 {
                ready.push(Reverse((node.time, node.id, place)));
            }
            if let Some(waiting) = waiting.get_mut(usize_of(place)) {
                *waiting = count;
            }
        }
        children.sort_unstable();
        for (parent, _) in &children {
            if let Some(node) = self.nodes.get_mut(usize_of(*parent)) {
                node.has_child = true;
            }
        }
        while let Some(Reverse((_, _, place))) = ready.pop() {
            let read = self.nodes.get(usize_of(place));
            if read.is_some_and(|node| node.tree.is_some()) {
                self.order.push(place);
            }
            let from = children.partition_point(|(parent, _)| *parent < place);
            let rest = children.get(from..).unwrap_or_default();
            for (_, child) in rest.iter().take_while(|(parent, _)| *parent == place) {
                let Some(count) = waiting.get_mut(usize_of(*child)) else {
                    continue;
                };
                *count = count.saturating_sub(1);
                if *count == 0
                    && let Some(node) = self.nodes.get(usize_of(*child))
                {
                    ready.push(Reverse((node.time, node.id, *child)));
                }
            }
        }
    }
}

/// What a commit has to be compared with.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) commit: ObjectId,
    pub(super) tree: ObjectId,
    pub(super) parents: Vec<ObjectId>,
}

struct Walk<'w> {
    objects: &'w mut Objects,
    shallow: &'w BTreeSet<ObjectId>,
    commits: Commits,
    /// The parents of each node, until they are nodes themselves.
    parents: Vec<Option<Box<[ObjectId]>>>,
    buffer: Vec<u8>,
}

impl Walk<'_> {
    fn run(&mut self, tips: &[ObjectId], known: &[ObjectId]) {
        // The newest first; of the same age the one with the larger id, so that the walk is the same each time.
        let mut queue: BinaryHeap<(i64, ObjectId, u32)> = BinaryHeap::new();
        let mut new: usize = 0;
        let mut oldest = i64::MAX;
        for (ids, is_known) in [(known, true), (tips, false)] {
            for id in ids {
                if is_known && !self.is_there(*id) {
                    continue;
                }
                let (place, fresh) = self.node(*id, is_known);
                if let Some(node) = self.commits.nodes.get(usize_of(place)).filter(|_| fresh) {
                    queue.push((node.time, node.id, place));
                    new = new.saturating_add(usize::from(!is_known));
                }
            }
        }
        let mut slop = SLOP;
        let mut left_new = new;
        while let Some((time, _, place)) = queue.pop() {
            let is_known = self.is_known(place);
            if is_known {
                // What was queued as new may have been painted since; count it when it leaves the queue.
                if left_new == 0 {
                    if time < oldest && slop == 0 {
                        break;
                    }
                    if time < oldest {
                        slop = slop.saturating_sub(1);
                    }
                }
            } else {
                left_new = left_new.saturating_sub(1);
                oldest = oldest.min(time);
                slop = SLOP;
            }
            for parent in self.expand(place) {
                let (parent, fresh) = self.node(parent, is_known);
                self.commits.edges.push(parent);
                if let Some(node) = self.commits.nodes.get_mut(usize_of(place)) {
                    node.count = node.count.saturating_add(1);
                }
                if fresh {
                    if let Some(node) = self.commits.nodes.get(usize_of(parent)) {
                        queue.push((node.time, node.id, parent));
                    }
                    left_new = left_new.saturating_add(usize::from(!is_known));
                } else if is_known && !self.is_known(parent) {
                    left_new = left_new.saturating_sub(self.paint(parent));
                }
            }
        }
    }

    fn is_known(&self, place: u32) -> bool {
        self.commits
            .nodes
            .get(usize_of(place))
            .is_some_and(|node| node.known)
    }

    /// Whether the other side's commit is here at all: only then does it tell anything.
    fn is_there(&mut self, id: ObjectId) -> bool {
        self.commits.places.contains_key(&id) || self.objects.header(id).is_ok()
    }

    /// Paints a commit, and what it is known to reach, as known; the number of those that were waiting in the queue.
    fn paint(&mut self, place: u32) -> usize {
        let mut waiting = 0_usize;
        let mut places = vec![place];
        while let Some(place) = places.pop() {
            let Some(node) = self.commits.nodes.get_mut(usize_of(place)) else {
                continue;
            };
            if std::mem::replace(&mut node.known, true) {
                continue;
            }
            let (first, end) = (
                usize_of(node.first),
                usize_of(node.first).saturating_add(usize_of(node.count)),
            );
            if self
                .parents
                .get(usize_of(place))
                .is_some_and(Option::is_some)
            {
                waiting = waiting.saturating_add(1);
            } else {
                places.extend(self.commits.edges.get(first..end).unwrap_or_default());
            }
        }
        waiting
    }

    /// The node of a commit, and whether it is a new one.
    fn node(&mut self, id: ObjectId, known: bool) -> (u32, bool) {
        if let Some(place) = self.commits.places.get(&id) {
            return (*place, false);
        }
        let place = u32::try_from(self.commits.nodes.len()).unwrap_or(u32::MAX);
        let (tree, time, parents) = match self.read(id) {
            Ok((tree, time, parents)) => (Some(tree), time, parents),
            Err(unread) => {
                if !known {
                    self.commits.lost.push((id, unread));
                }
                (None, 0, Box::default())
            }
        };
        self.commits.nodes.push(Node {
            id,
            tree,
            time,
            first: 0,
            count: 0,
            known,
            has_child: false,
        });
        self.parents.push(Some(parents));
        self.commits.places.insert(id, place);
        (place, true)
    }

    fn read(&mut self, id: ObjectId) -> Result<(ObjectId, i64, Box<[ObjectId]>), Unavailable> {
        let kind = self.objects.read(id, &mut self.buffer)?;
        let hash = self.objects.hash();
        let header = Header::parse(&self.buffer, hash).filter(|_| kind == Kind::Commit);
        let header = header.ok_or_else(|| object_error(id, Answer::IsNot(ObjectKind::Commit)))?;
        Ok((header.tree, header.time, header.parents.collect()))
    }

    /// A commit's parents, once.
    fn expand(&mut self, place: u32) -> Box<[ObjectId]> {
        let first = u32::try_from(self.commits.edges.len()).unwrap_or(u32::MAX);
        let Some(node) = self.commits.nodes.get_mut(usize_of(place)) else {
            return Box::default();
        };
        node.first = first;
        let (id, known) = (node.id, node.known);
        let parents = self.parents.get_mut(usize_of(place)).and_then(Option::take);
        let parents = parents.unwrap_or_default();
        if self.shallow.contains(&id) {
            self.commits.cut |= !known;
            return Box::default();
        }
        parents
    }
}

fn usize_of(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
