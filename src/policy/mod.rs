//! The policy: what a reviewed YAML file allows, compiled, and asked per path.

mod error;

pub use error::{PolicyError, PolicyErrors};

use std::sync::Arc;

use crate::{
    fact::{GlobalName, Text, Usage},
    finding::{Level, Related, RuleMeta},
};

/// A policy with everything it extends, compiled.
#[derive(Debug, Default)]
pub struct Policy {}

/// What the policy says at one path: its overrides applied.
#[derive(Debug, Default)]
pub struct Scope {}

/// What a policy says about a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatVerdict {
    /// It may be stored and loaded.
    Allowed,
    /// It may not.
    Refused {
        /// The policy line that decided, or the list that does not name it.
        decided_by: Option<Related>,
        /// What the policy's author advises instead.
        advice: Option<String>,
    },
}

/// What a policy says about a use of a global.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlobalVerdict {
    /// It may be used so.
    Allowed,
    /// It may not.
    Refused {
        /// Why.
        why: Refusal,
        /// The policy line that decided, or the list that does not name it.
        decided_by: Option<Related>,
        /// What makes the name dangerous, if it is one of the known: a label, never the reason for the refusal.
        danger: Option<&'static str>,
    },
}

/// Why a use of a global is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing lists it.
    Unlisted {
        /// A listed global of the same name in another module, or of nearly the same spelling.
        near: Option<String>,
    },
    /// It is listed, but not for this use.
    Use {
        /// The uses it is listed for.
        allowed: Vec<Usage>,
    },
    /// An entry under `refuse` names it.
    Refused,
}

impl Policy {
    /// What holds at `path`.
    pub fn scope(&self, _path: &Text) -> Arc<Scope> {
        Arc::default()
    }

    /// Whether `path` is not to be looked at.
    pub fn excludes(&self, _path: &Text) -> bool {
        false
    }
}

impl Scope {
    /// The level of a rule here.
    pub fn level(&self, rule: &RuleMeta) -> Level {
        rule.default
    }

    /// Whether a format (by id) may be stored here.
    pub fn format(&self, _id: &str) -> FormatVerdict {
        FormatVerdict::Allowed
    }

    /// Whether a global may be used so here. Known aliases of the same module are one name.
    pub fn global(&self, _name: &GlobalName, _usage: Usage) -> GlobalVerdict {
        GlobalVerdict::Allowed
    }

    /// Whether the torch release that will load the artifacts lists this global by default for `weights_only=True`.
    /// The name is compared as torch compares it: after Python 2 names are mapped, without any other alias.
    pub fn torch_lists(&self, _name: &GlobalName) -> bool {
        false
    }
}
