//! What was seen in an entry, found by kind: each rule looks at the facts that it is about, and at no others.

use crate::fact::{
    Argument, Circumstances, ContentFacts, Fact, FactKind, Global, Observation, Usage,
};

/// The observations of an entry by their kind, in the order of reading within each.
#[derive(Debug)]
pub struct FactIndex<'a> {
    sorted: Vec<(FactKind, &'a Observation)>,
}

/// A use of a global.
#[derive(Debug, Clone, Copy)]
pub struct GlobalUse<'a> {
    /// What says so.
    pub observation: &'a Observation,
    /// The global.
    pub global: &'a Global,
    /// How it is used.
    pub usage: Usage,
}

/// A call that loading makes.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What says so.
    pub observation: &'a Observation,
    /// What is called.
    pub callee: &'a Global,
    /// With which arguments, as far as they are known.
    pub arguments: &'a [Argument],
}

impl<'a> FactIndex<'a> {
    /// Of all that was seen in the content, here and as git checks it out elsewhere.
    pub fn new(facts: &'a ContentFacts, circumstances: &'a Circumstances) -> Self {
        let mut sorted: Vec<_> = circumstances
            .observations(facts)
            .map(|observation| (observation.fact.kind(), observation))
            .collect();
        sorted.sort_by_key(|(kind, _)| *kind);
        Self { sorted }
    }

    /// The observations of a kind.
    pub fn of_kind(
        &self,
        kind: FactKind,
    ) -> impl Iterator<Item = &'a Observation> + Clone + use<'_, 'a> {
        let start = self.sorted.partition_point(|(other, _)| *other < kind);
        let from = self.sorted.get(start..).unwrap_or_default();
        let end = from.partition_point(|(other, _)| *other == kind);
        let found = from.get(..end).unwrap_or_default();
        found.iter().map(|(_, observation)| *observation)
    }

    /// Every use of a global.
    pub fn globals(&self) -> impl Iterator<Item = GlobalUse<'a>> + use<'_, 'a> {
        self.of_kind(FactKind::Global)
            .filter_map(|observation| match &observation.fact {
                Fact::Global { global, usage } => Some(GlobalUse {
                    observation,
                    global,
                    usage: *usage,
                }),
                _ => None,
            })
    }

    /// Every call.
    pub fn calls(&self) -> impl Iterator<Item = Call<'a>> + use<'_, 'a> {
        self.of_kind(FactKind::Call)
            .filter_map(|observation| match &observation.fact {
                Fact::Call {
                    callee, arguments, ..
                } => Some(Call {
                    observation,
                    callee,
                    arguments,
                }),
                _ => None,
            })
    }
}
