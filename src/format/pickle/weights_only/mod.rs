//! What torch's weights-only unpickler (`torch/_weights_only_unpickler.py`) makes of a stream: the globals it looks up,
//! and what no list of globals can mend.
//!
//! It observes the machine's run (`unpickler`): calls of globals (`call`) and what they make (`constructor`, `container`, `tensor`,
//! `quantized`, `sparse`), items (`execution`), state (`state`, `attribute`), and storages against the records of the archive
//! (`storage`). What these ask of values is answered without a change (`lookup`, `elements`, `arguments`). What
//! torch refuses with any error is refused. What releases do differently is an obstacle under a condition, and the run goes on
//! as where it does not hold. Which globals a release lists by default is not known here: every other global is taken for one
//! that the user lists.

mod arena;
mod arguments;
mod attribute;
mod call;
mod constructor;
mod container;
mod elements;
mod execution;
mod heap;
mod key;
mod lookup;
mod names;
mod object;
mod packed;
mod quantized;
mod refused;
mod sparse;
mod state;
mod storage;
mod tensor;
mod unpickler;
mod value;
mod walk;

pub use key::Key;
pub(in crate::format) use sparse::SparseCheck;

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashMap};

use self::{heap::Heap, names::Meaning, object::Object, value::TorchValue};
use super::machine;
use crate::{
    bytes::{Budget, Window},
    fact::{Condition, GlobalName, TorchBehaviour, TorchReason},
};

/// The records of an archive beside a pickle.
pub trait Records: std::fmt::Debug {
    /// The record of a storage's key: a number for it, and its size.
    fn record(&self, key: &[u8]) -> Option<(u32, u64)>;
    /// Whether numbers in records are big-endian.
    fn big_endian(&self) -> bool;
    /// Bytes of a record.
    fn read(&self, record: u32, from: u64, bytes: usize) -> Option<Vec<u8>>;
}

/// Where a pickle stands, which decides what its persistent ids are.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// Where no storages are.
    Alone,
    /// In torch's zip.
    Zip(&'a dyn Records),
    /// The object of the layout of before 1.6.
    Legacy,
}

/// Something said of an opcode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Where torch behaves so; everywhere if this is empty.
    pub when: Vec<Condition>,
    /// The opcode's offset.
    pub at: u64,
    /// Why.
    pub why: TorchReason,
}

/// What became of a stream.
#[derive(Debug)]
pub struct Outcome {
    /// The globals looked up, in order.
    pub globals: Vec<GlobalName>,
    /// Classes that have to be listed as well: those of what is given state, where no pickle names them.
    pub built: Vec<GlobalName>,
    /// What stands in the way, in order; the last may be what stops every release.
    pub obstacles: Vec<Said>,
    /// Memory outside a storage that is reached although torch loads the file.
    pub dangers: Vec<Said>,
    /// The offset after STOP.
    pub end: u64,
    /// What STOP returned.
    pub result: Returned,
    /// The storages of the layout of before 1.6, whose bytes follow.
    pub storages: FxHashMap<Key, Announced>,
    /// Indices of its sparse tensors, to be compared when the bytes are known.
    pub checks: Vec<SparseCheck>,
    /// What all of this holds under, where the stream is read in two ways.
    pub when: Vec<Condition>,
}

impl Outcome {
    /// Whether something stops every release.
    pub fn is_refused(&self) -> bool {
        self.obstacles.iter().any(|said| said.when == self.when)
    }
}

/// A storage whose bytes follow behind the pickles.
#[derive(Debug, Clone, Copy)]
pub struct Announced {
    /// By which checks know it.
    pub memory: u32,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// How long an element is.
    pub itemsize: u64,
}

/// What a stream returned, as far as anybody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// An integer.
    Int(i64),
    /// A longer integer: where its bytes stand.
    Big {
        /// The offset of its bytes.
        at: u64,
        /// How many there are.
        len: u8,
    },
    /// A list of keys of storages.
    Keys(Vec<Key>),
    /// Something else.
    Other,
}

/// Follows a run as torch's unpickler would go.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub(in crate::format) struct WeightsOnly<'a> {
    budget: Arc<Budget>,
    origin: Origin<'a>,
    heap: Heap,
    /// By the row of the machine's log.
    globals: IndexMap<usize, (GlobalName, Meaning), FxBuildHasher>,
    built: IndexSet<GlobalName, FxBuildHasher>,
    /// What persistent ids have been loaded as, by their keys.
    storages: FxHashMap<Key, TorchValue>,
    /// Sparse tensors whose indices are checked at the end.
    sparse: Vec<SparseCheck>,
    obstacles: Vec<Said>,
    dangers: Vec<Said>,
    /// How many calls are in one another.
    depth: u32,
    /// The offset of the opcode being executed.
    at: u64,
    /// What has been read cannot be read again.
    sequential: bool,
    /// Something stopped every release, or STOP came.
    ended: bool,
    /// Whether a storage keeps the type under which it was loaded first, once that matters.
    keeps_first_type: bool,
    /// That has mattered.
    two_ways: bool,
    result: Returned,
}

/// The other way in which releases go on where a stream loads a storage under two types.
fn other_way() -> Condition {
    Condition {
        behaviour: TorchBehaviour::KeepsFirstStorageType,
        holds: true,
    }
}

impl<'a> WeightsOnly<'a> {
    /// Before a stream.
    pub(in crate::format) fn new(origin: Origin<'a>, budget: &Arc<Budget>) -> Self {
        Self {
            origin,
            budget: Arc::clone(budget),
            heap: Heap::new(budget),
            globals: IndexMap::default(),
            built: IndexSet::default(),
            storages: FxHashMap::default(),
            sparse: Vec::new(),
            obstacles: Vec::new(),
            dangers: Vec::new(),
            depth: 0,
            at: 0,
            sequential: false,
            ended: false,
            keeps_first_type: false,
            two_ways: false,
            result: Returned::Other,
        }
    }

    /// What became of the stream that begins at `start` of the window and ends at `end`: one outcome, or two where a storage is
    /// loaded under two types.
    pub(in crate::format) fn outcomes(self, window: &Window, start: u64, end: u64) -> Vec<Outcome> {
        let two_ways = self.two_ways;
        let origin = self.origin;
        let budget = Arc::clone(&self.budget);
        let mut outcomes = vec![self.outcome(window, start, end)];
        if two_ways {
            let other = WeightsOnly {
                keeps_first_type: true,
                ..Self::new(origin, &budget)
            };
            let run = machine::run(window, start, None, other, &budget);
            outcomes.push(run.observer.outcome(window, start, run.end));
        }
        outcomes
    }

    fn outcome(mut self, window: &Window, start: u64, end: u64) -> Outcome {
        let when = self.base();
        let storages = match self.origin {
            Origin::Legacy => self.announced_storages(),
            _ => FxHashMap::default(),
        };
        let mut globals: IndexSet<GlobalName> =
            self.globals.drain(..).map(|(_, (name, _))| name).collect();
        if !self.obstacles.is_empty() {
            // The unpickler stops there, and torch's own list of what is unsafe does not.
            globals.extend(walk::globals(window, start).unwrap_or_default());
        }
        Outcome {
            globals: globals.into_iter().collect(),
            built: self.built.into_iter().collect(),
            obstacles: self.obstacles,
            dangers: self.dangers,
            end,
            result: self.result,
            storages,
            checks: self.sparse,
            when,
        }
    }

    /// What everything that is said now holds under.
    fn base(&self) -> Vec<Condition> {
        let way = Condition {
            holds: self.keeps_first_type,
            ..other_way()
        };
        if self.two_ways { vec![way] } else { Vec::new() }
    }

    fn says(&self, conditions: &[Condition], why: impl Into<TorchReason>) -> Said {
        let mut when = self.base();
        when.extend_from_slice(conditions);
        Said {
            when,
            at: self.at,
            why: why.into(),
        }
    }

    /// What stops every release.
    fn refuse(&mut self, why: impl Into<TorchReason>) {
        let said = self.says(&[], why);
        self.obstacles.push(said);
        self.ended = true;
        // Nothing is asked any more.
        self.heap.clear();
        self.storages = FxHashMap::default();
    }

    /// What stops releases that behave so. The first under the same conditions counts.
    fn refuse_where(&mut self, conditions: &[Condition], why: impl Into<TorchReason>) {
        let said = self.says(conditions, why);
        if !self.obstacles.iter().any(|known| known.when == said.when) {
            self.obstacles.push(said);
        }
    }

    /// Memory outside a storage that is reached where releases behave so.
    fn endanger(&mut self, conditions: &[Condition], why: impl Into<TorchReason>) {
        let said = self.says(conditions, why);
        if !self.dangers.iter().any(|known| known.when == said.when) {
            self.dangers.push(said);
        }
    }

    /// What stops releases that behave so, and reaches memory outside a storage in the others.
    fn refuse_or_endanger(&mut self, behaviour: TorchBehaviour, why: impl Into<TorchReason>) {
        let why = why.into();
        self.refuse_where(&[refused::holds(behaviour)], why.clone());
        self.endanger(&[refused::fails(behaviour)], why);
    }

    fn announced_storages(&self) -> FxHashMap<Key, Announced> {
        let sizes = self.storages.iter().filter_map(|(key, storage)| {
            let TorchValue::Object(at) = storage else {
                return None;
            };
            let Some(Object::Typed { memory, dtype }) = self.heap.get(*at) else {
                return None;
            };
            let announced = Announced {
                memory: *memory,
                bytes: self.heap.memory_at(*memory)?.bytes,
                itemsize: dtype.bytes,
            };
            Some((key.clone(), announced))
        });
        sizes.collect()
    }
}

/// Runs the stream that begins at `start` of the window for itself, without recording anything.
pub(in crate::format) fn run(
    window: &Window,
    start: u64,
    origin: Origin<'_>,
    budget: &Arc<Budget>,
) -> Vec<Outcome> {
    let observer = WeightsOnly::new(origin, budget);
    let run = machine::run(window, start, None, observer, budget);
    run.observer.outcomes(window, start, run.end)
}
