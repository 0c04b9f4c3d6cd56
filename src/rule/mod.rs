//! Rules: one judgement each, one file each, over facts and a policy.
//!
//! A rule is one file and one word in `rules!`. Its doc comment is its documentation. A rule opens no bytes: one that
//! wants to read again is missing a fact.

use std::collections::BTreeMap;

use crate::{
    fact::{
        Argument, Circumstances, ContentFacts, Entry, Excerpt, Excerpts, FactKind, GlobalName,
        Observation, Usage,
    },
    finding::{Finding, HelpList, Location, MORE, RuleMeta, Subject},
    policy::Scope,
};

pub use advice::NOT_WHILE;
pub use index::{Call, FactIndex, GlobalUse};
pub use lock_not_current::LOCK_NOT_CURRENT;
pub use pin_mismatch::pinned_at;
pub use run::{JudgedCase, Run};
pub use waiver_run::WaiverRun;

/// A judgement.
#[derive(Debug)]
pub struct Rule {
    /// Who it is.
    pub meta: &'static RuleMeta,
    /// How it judges.
    pub check: Check,
}

/// What a rule looks at when it judges.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// One entry by itself.
    Case(fn(&Case<'_>, &mut Vec<Finding>)),
    /// All entries of a view, when each has been judged by itself.
    Run(fn(&Run<'_>, &mut Vec<Finding>)),
    /// The waivers of the policy, when all entries have been judged.
    Waivers(fn(&WaiverRun<'_>, &mut Vec<Finding>)),
}

/// An entry, what is known of it, and the policy that holds at its path.
#[derive(Debug)]
pub struct Case<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// What its content says.
    pub facts: &'a ContentFacts,
    /// What the view knows of it.
    pub circumstances: &'a Circumstances,
    /// What the policy says here.
    pub scope: &'a Scope,
    /// Whether a format that the policy refuses may pass all the same, because the finding about it may be waived or known.
    pub formats_may_pass: bool,
    excerpts: Option<&'a Excerpts>,
    index: FactIndex<'a>,
}

/// Declares a rule: its doc comment becomes its documentation. `check` judges a [`Case`]; a rule that judges a [`Run`] says
/// `over the run: check`, and one that judges a [`WaiverRun`] `over the waivers: check`.
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
        over the run: $check:path $(,)?
    ) => {
        declare_rule! {
            @ $(#[doc = $doc])* $id, $summary,
            level: $level, severity: $severity, precision: $precision, cwe: [$($cwe),*], tags: [$($tag),*],
            $crate::rule::Check::Run($check)
        }
    };
    (
        $(#[doc = $doc:literal])* $id:literal, $summary:literal,
        level: $level:ident, severity: $severity:ident, precision: $precision:ident,
        cwe: [$($cwe:literal),*], tags: [$($tag:literal),*],
        $check:path $(,)?
    ) => {
        declare_rule! {
            @ $(#[doc = $doc])* $id, $summary,
            level: $level, severity: $severity, precision: $precision, cwe: [$($cwe),*], tags: [$($tag),*],
            $crate::rule::Check::Case($check)
        }
    };
    (
        $(#[doc = $doc:literal])* $id:literal, $summary:literal,
        level: $level:ident, severity: $severity:ident, precision: $precision:ident,
        cwe: [$($cwe:literal),*], tags: [$($tag:literal),*],
        over the waivers: $check:path $(,)?
    ) => {
        declare_rule! {
            @ $(#[doc = $doc])* $id, $summary,
            level: $level, severity: $severity, precision: $precision, cwe: [$($cwe),*], tags: [$($tag),*],
            $crate::rule::Check::Waivers($check)
        }
    };
    (
        @ $(#[doc = $doc:literal])* $id:literal, $summary:literal,
        level: $level:ident, severity: $severity:ident, precision: $precision:ident,
        cwe: [$($cwe:literal),*], tags: [$($tag:literal),*],
        $check:expr
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
mod index;
mod lock_not_current;
mod payload;
mod policy_line;
mod run;
mod source;
mod waiver_run;
mod within;

rules! {
    anomalous_container,
    code_by_value,
    computed_target,
    custom_operator,
    dangerous_target,
    distributed_index,
    embedded_pickle,
    excluded_artifact_loaded,
    extension_registry,
    file_outside,
    format_not_allowed,
    global_not_allowed,
    incomplete_model,
    incomplete_read,
    inline_suppression,
    items_on_non_container,
    joblib_load,
    lfs_not_fetched,
    load_through_helper,
    loader_replaced,
    misleading_suffix,
    model_load,
    model_requirements,
    no_weights_only_env,
    not_followed,
    numpy_allow_pickle,
    other_release,
    out_of_band_buffer,
    pandas_read_pickle,
    partial_analysis,
    persistent_id,
    pickle_anomaly,
    pickle_load,
    pin_mismatch,
    pin_stale,
    pins_changed,
    policy_broken,
    policy_changed,
    policy_loosened,
    remote_code,
    repository_code,
    shard_without_index,
    state_on_non_instance,
    template_cost,
    template_reach,
    template_unknown,
    torch_load_computed,
    torch_load_implicit,
    torch_load_kwargs,
    torch_load_pickle_module,
    torch_load_unsafe,
    torch_weights_only,
    torchscript_code,
    unknown_artifact,
    unpinned_artifact,
    unresolved_global,
    unsafe_artifact_loaded,
    unsafe_loading_option,
    unsafe_operator,
    unusual_use,
    waiver_expired,
    waiver_terms,
    waiver_unused,
}

/// A finding that stands for so many more of a rule in one file, of the same level. It stands where the last that is told does,
/// so that it comes after them.
pub fn more(last: &Finding, count: u64) -> Finding {
    let noun = if count == 1 { "finding" } else { "findings" };
    let location = Location {
        path: last.primary.path.clone(),
        introduced_by: last.primary.introduced_by.clone(),
        site: last.primary.site.clone(),
        ..Location::default()
    };
    let message = format!("and {count} more {noun} of {} in this file", last.rule.id);
    let mut finding = Finding::new(last.rule, Subject::Anomaly(MORE.into()), location, message);
    finding.count = count;
    finding.help = HelpList::from_iter(["fix the ones that are shown first, then check again"]);
    finding
}

/// The globals that the policy does not allow in a file, each with the uses that are made of it and whether an entry may allow
/// it; one that is in several places of the file comes several times.
pub fn refused_globals<'a>(case: &Case<'a>) -> Vec<(&'a GlobalName, Vec<Usage>, bool)> {
    global_not_allowed::names(case)
}

/// Finishes the findings of a file, when all rules that judge it have: what mends them together is printed once, or not at all if it
/// would not let the file pass.
pub fn finish(case: &Case<'_>, findings: &mut [Finding]) {
    advice::finish(case, findings);
}

/// Says of findings about code of the repository which file of the view holds it; `has` tells whether the view has a path.
pub fn say_where_code_is(findings: &mut [Finding], has: &dyn Fn(&[u8]) -> bool) {
    repository_code::say_where(findings, has);
}

/// The arguments of the calls of each global in a file.
pub fn called_with<'a>(case: &Case<'a>) -> BTreeMap<&'a GlobalName, Vec<&'a [Argument]>> {
    advice::calls(case)
}

/// A rule by its id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.meta.id == id)
}

impl<'a> Case<'a> {
    /// An entry to be judged. What was seen in it is sorted by kind, once for all rules.
    pub fn new(
        entry: &'a Entry,
        facts: &'a ContentFacts,
        circumstances: &'a Circumstances,
        scope: &'a Scope,
    ) -> Self {
        Self {
            entry,
            facts,
            circumstances,
            scope,
            formats_may_pass: false,
            excerpts: None,
            index: FactIndex::new(facts, circumstances),
        }
    }

    /// The same, with the lines that show what was seen: findings carry them, and no rule decides by them.
    #[must_use]
    pub fn with_excerpts(self, excerpts: &'a Excerpts) -> Self {
        Self {
            excerpts: Some(excerpts),
            ..self
        }
    }

    /// The lines that show an observation.
    pub fn excerpt(&self, of: &Observation) -> Option<&'a Excerpt> {
        self.excerpts?.get(of.excerpt?)
    }

    /// All that was seen in its content, in order: here, then as git checks it out elsewhere.
    pub fn observations(&self) -> impl Iterator<Item = &'a Observation> + Clone {
        self.circumstances.observations(self.facts)
    }

    /// The observations of a kind, in order.
    pub fn of_kind(&self, kind: FactKind) -> impl Iterator<Item = &'a Observation> + Clone {
        self.index.of_kind(kind)
    }

    /// Every use of a global, in order.
    pub fn globals(&self) -> impl Iterator<Item = GlobalUse<'a>> {
        self.index.globals()
    }

    /// Every call, in order.
    pub fn calls(&self) -> impl Iterator<Item = Call<'a>> {
        self.index.calls()
    }

    /// A finding of `rule` about the entry as a whole.
    pub fn finding_of_entry(&self, rule: &'static RuleMeta, message: impl Into<String>) -> Finding {
        let location = Location {
            path: self.entry.path.clone(),
            introduced_by: self.entry.introduced_by.clone(),
            ..Location::default()
        };
        Finding::new(rule, Subject::Artifact, location, message)
    }

    /// A finding of `rule` about an observation, with its site and excerpt.
    pub fn finding(
        &self,
        rule: &'static RuleMeta,
        about: &Observation,
        message: impl Into<String>,
    ) -> Finding {
        let location = self.location(about, String::new());
        let mut finding = Finding::new(rule, Subject::Artifact, location, message);
        finding.count = about.count;
        finding
    }

    /// Where something was seen, with the lines that show it; `label` is what to say there.
    pub fn location(&self, about: &Observation, label: impl Into<String>) -> Location {
        Location {
            path: self.entry.path.clone(),
            introduced_by: self.entry.introduced_by.clone(),
            site: about.site.clone(),
            label: label.into(),
            excerpt: self.excerpt(about).cloned(),
        }
    }
}
