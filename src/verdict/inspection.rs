//! What loading one artifact would do, beside what the policy says about it: no findings, no outcome.

use crate::{
    fact::{Circumstances, Global, GlobalName, ListingLine, Observation, Tensors, Text, Usage},
    policy::GlobalVerdict,
};

/// One artifact, explained.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// The path as it was given.
    pub path: Text,
    /// Its size in bytes.
    pub size: u64,
    /// The policy that judged: a path, or `recommended (built in)`.
    pub policy: String,
    /// All that was seen in its content, in order.
    pub observations: Vec<Observation>,
    /// What the view knows of it.
    pub circumstances: Circumstances,
    /// Every global that loading would resolve, once, with the policy's verdict.
    pub globals: Vec<JudgedGlobal>,
    /// How `torch.load(weights_only=True)` would take it; empty if it is nothing of torch's.
    pub torch_loads: Vec<TorchVerdict>,
    /// The annotated opcodes, a line each, if they were asked for.
    pub disassembly: Option<Vec<ListingLine>>,
    /// The tensors that it describes, where its format lists them.
    pub tensors: Vec<Tensors>,
}

/// A global with its uses and the worst verdict among them.
#[derive(Debug, Clone)]
pub struct JudgedGlobal {
    /// The global, exactly as stored; one that could not be named is refused as unlisted.
    pub global: Global,
    /// How loading uses it, in the order of [`Usage`].
    pub usages: Vec<Usage>,
    /// How often its most frequent use is made (at least 1).
    pub count: u64,
    /// The policy's verdict.
    pub verdict: GlobalVerdict,
    /// The packs and policy lines that list it, if it is allowed.
    pub listed_by: Option<String>,
    /// Why some call's arguments are not those that the policy allows; then it is refused, though listed.
    pub arguments_refused: Option<String>,
}

/// How `torch.load(weights_only=True)` would take one artifact, or one inside it.
#[derive(Debug, Clone, Default)]
pub struct TorchVerdict {
    /// The way to it from the file, readable; empty for the file itself.
    pub place: String,
    /// Whether it would load.
    pub loads: bool,
    /// Why not, or under which condition; sentences in lower case without a full stop.
    pub reasons: Vec<String>,
    /// The globals, as torch looks them up, that would have to be listed with `torch.serialization.safe_globals`.
    /// Empty if nothing needs listing, or if no list could mend it.
    pub safe_globals: Vec<GlobalName>,
}
