//! Rules: one judgement each, one file each, over facts and a policy.
//!
//! A rule is one file and one word in `rules!`. Its doc comment is its documentation. A rule opens no bytes: one that
//! wants to read again is missing a fact.

use std::collections::BTreeMap;

use crate::{
    fact::{Argument, Entry, GlobalName, Observation, Site, Usage},
    finding::{Finding, RuleMeta, Subject},
    policy::Scope,
};

/// The subject of a finding that stands for others.
pub const MORE: &str = "more";

/// A judgement.
#[derive(Debug)]
pub struct Rule {
    /// Who it is.
    pub meta: &'static RuleMeta,
    /// Judges one entry.
    pub check: fn(&Case<'_>, &mut Vec<Finding>),
}

/// An entry, what was seen in it, and the policy that holds at its path.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// All that was seen, in order.
    pub observations: &'a [Observation],
    /// What the policy says here.
    pub scope: &'a Scope,
}

/// Declares a rule: its doc comment becomes its documentation.
///
/// ```ignore
/// declare_rule! {
///     /// ## What it does
///     /// ...
///     "global-not-allowed", "a global that the policy does not list",
///     level: Deny, severity: Critical, precision: VeryHigh, cwe: [502], tags: ["artifact", "pickle"],
///     check
/// }
/// ```
macro_rules! declare_rule {
    (
        $(#[doc = $doc:literal])* $id:literal, $summary:literal,
        level: $level:ident, severity: $severity:ident, precision: $precision:ident,
        cwe: [$($cwe:literal),*], tags: [$($tag:literal),*],
        $check:path $(,)?
    ) => {
        /// Who this rule is.
        pub(super) static META: $crate::finding::RuleMeta = $crate::finding::RuleMeta {
            id: $id,
            summary: $summary,
            doc: concat!($($doc, "\n"),*),
            level: $crate::finding::Level::$level,
            severity: $crate::finding::Severity::$severity,
            precision: $crate::finding::Precision::$precision,
            cwe: &[$($cwe),*],
            tags: &[$($tag),*],
        };
        /// The rule.
        pub(super) static RULE: $crate::rule::Rule = $crate::rule::Rule { meta: &META, check: $check };
    };
}

/// Declares the modules and the one list of rules.
macro_rules! rules {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every rule, in alphabetical order.
        pub static RULES: &[&Rule] = &[$(&$module::RULE),*];
    };
}

mod advice;
mod source;
mod within;

rules! {
    anomalous_container,
    embedded_pickle,
    extension_registry,
    format_not_allowed,
    global_not_allowed,
    incomplete_read,
    items_on_non_container,
    joblib_load,
    lfs_not_fetched,
    loader_replaced,
    misleading_suffix,
    no_weights_only_env,
    not_followed,
    numpy_allow_pickle,
    out_of_band_buffer,
    pandas_read_pickle,
    partial_analysis,
    persistent_id,
    pickle_anomaly,
    pickle_load,
    policy_changed,
    state_on_non_instance,
    torch_load_computed,
    torch_load_implicit,
    torch_load_kwargs,
    torch_load_pickle_module,
    torch_load_unsafe,
    torch_weights_only,
    unknown_artifact,
    unresolved_global,
    unusual_use,
}

/// A finding that stands for so many more of a rule in one file, of the same level. It stands where the last that is told does,
/// so that it comes after them.
pub fn more(entry: &Entry, rule: &'static RuleMeta, count: u64, last: &Site) -> Finding {
    let noun = if count == 1 { "finding" } else { "findings" };
    Finding {
        rule,
        level: rule.level,
        path: entry.path.clone(),
        site: last.clone(),
        message: format!("and {count} more {noun} of {} in this file", rule.id),
        subject: Subject::Anomaly(MORE.into()),
        count,
        related: Vec::new(),
        help: vec!["mend the ones that are told first, then check again".into()],
        excerpt: None,
        introduced_by: None,
        on_change: true,
        fix: Vec::new(),
    }
}

/// The globals that the policy does not allow in a file, each with the uses that are made of it and whether an entry may allow
/// it; one that is in several places of the file comes several times.
pub fn refused_globals<'a>(case: &Case<'a>) -> Vec<(&'a GlobalName, Vec<Usage>, bool)> {
    global_not_allowed::names(case)
}

/// The arguments of the calls of each global in a file.
pub fn called_with<'a>(case: &Case<'a>) -> BTreeMap<&'a GlobalName, Vec<&'a [Argument]>> {
    advice::calls(case)
}

/// A rule by its id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.meta.id == id)
}

impl Case<'_> {
    /// A finding of `rule` about an observation, with its site and excerpt.
    pub fn finding(
        &self,
        rule: &'static RuleMeta,
        about: &Observation,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            rule,
            level: rule.level,
            path: self.entry.path.clone(),
            site: about.site.clone(),
            message: message.into(),
            subject: Subject::Artifact,
            count: about.count,
            related: Vec::new(),
            help: Vec::new(),
            excerpt: about.excerpt.as_deref().cloned(),
            introduced_by: None,
            on_change: true,
            fix: Vec::new(),
        }
    }
}
