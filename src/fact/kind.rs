//! The kinds of facts, to ask for one kind among all that was seen.

use super::Fact;

/// Which [`Fact`] something is: a variant for each of its variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the variants of `Fact` have them")]
pub enum FactKind {
    Is,
    Global,
    Attribute,
    UnusualUse,
    Call,
    Payload,
    CodeByValue,
    HandedOn,
    StateOnNonInstance,
    ItemsOnNonContainer,
    ItemsOnInstance,
    Extension,
    PersistentId,
    OfReusedMemo,
    OfArrayAsOpcodes,
    ShardIndex,
    FileReference,
    OutOfBandBuffer,
    EmbeddedPickle,
    Member,
    Special,
    Anomaly,
    Unread,
    Unopened,
    TorchLoad,
    Native,
    ConfiguredCall,
    NamedCode,
    Template,
    PyCall,
    Library,
    Partial,
    Env,
    Suppression,
    Requirement,
    RequirementsFile,
}

impl Fact {
    /// Which variant this is.
    pub fn kind(&self) -> FactKind {
        match self {
            Self::Is(_) => FactKind::Is,
            Self::Global { .. } => FactKind::Global,
            Self::Attribute { .. } => FactKind::Attribute,
            Self::UnusualUse(_) => FactKind::UnusualUse,
            Self::Call { .. } => FactKind::Call,
            Self::Payload { .. } => FactKind::Payload,
            Self::CodeByValue(_) => FactKind::CodeByValue,
            Self::HandedOn { .. } => FactKind::HandedOn,
            Self::StateOnNonInstance { .. } => FactKind::StateOnNonInstance,
            Self::ItemsOnNonContainer { .. } => FactKind::ItemsOnNonContainer,
            Self::ItemsOnInstance { .. } => FactKind::ItemsOnInstance,
            Self::Extension { .. } => FactKind::Extension,
            Self::PersistentId { .. } => FactKind::PersistentId,
            Self::OfReusedMemo { .. } => FactKind::OfReusedMemo,
            Self::OfArrayAsOpcodes { .. } => FactKind::OfArrayAsOpcodes,
            Self::ShardIndex(_) => FactKind::ShardIndex,
            Self::FileReference(_) => FactKind::FileReference,
            Self::OutOfBandBuffer => FactKind::OutOfBandBuffer,
            Self::EmbeddedPickle { .. } => FactKind::EmbeddedPickle,
            Self::Member { .. } => FactKind::Member,
            Self::Special { .. } => FactKind::Special,
            Self::Anomaly(_) => FactKind::Anomaly,
            Self::Unread(_) => FactKind::Unread,
            Self::Unopened(_) => FactKind::Unopened,
            Self::TorchLoad(_) => FactKind::TorchLoad,
            Self::Native(_) => FactKind::Native,
            Self::ConfiguredCall(_) => FactKind::ConfiguredCall,
            Self::NamedCode(_) => FactKind::NamedCode,
            Self::Template(_) => FactKind::Template,
            Self::PyCall(_) => FactKind::PyCall,
            Self::Library { .. } => FactKind::Library,
            Self::Partial(_) => FactKind::Partial,
            Self::Env { .. } => FactKind::Env,
            Self::Suppression(_) => FactKind::Suppression,
            Self::Requirement(_) => FactKind::Requirement,
            Self::RequirementsFile(_) => FactKind::RequirementsFile,
        }
    }
}
