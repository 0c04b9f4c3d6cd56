//! Tests of `rule`: the registry and every rule's own examples, and each rule where examples are not enough.

mod advice;
mod anomalous_container;
mod code_by_value;
mod computed_target;
mod contents;
mod custom_operator;
mod dangerous_target;
mod distributed_index;
mod embedded_pickle;
mod excluded_artifact_loaded;
mod extension_registry;
mod file_outside;
mod fingerprint;
mod fix;
mod format_not_allowed;
mod frames;
mod gadgets;
mod global_not_allowed;
mod incomplete_model;
mod incomplete_read;
mod inline_suppression;
mod instances;
mod items_on_non_container;
mod lfs_not_fetched;
mod libraries;
mod load_through_helper;
mod misleading_suffix;
mod model_load;
mod model_requirements;
mod not_followed;
mod other_release;
mod out_of_band_buffer;
mod pack_shapes;
mod parts;
mod persistent_id;
mod pickle_anomaly;
mod pin_mismatch;
mod pin_stale;
mod pins_changed;
mod policy_broken;
mod policy_changed;
mod policy_loosened;
mod registry;
mod remote_code;
mod repository_code;
mod shard_without_index;
mod snippets;
mod source;
mod state_on_non_instance;
mod template_cost;
mod template_reach;
mod template_unknown;
mod torch_weights_only;
mod torchscript_code;
mod unknown_artifact;
mod unpinned_artifact;
mod unresolved_global;
mod unsafe_artifact_loaded;
mod unsafe_loading_option;
mod unsafe_operator;
mod unusual_use;
mod waiver_expired;
mod waiver_terms;
mod waiver_unused;
mod whole_objects;

use weighbridge::{
    fact::{Circumstance, Circumstances, ContentFacts, Entry, EntryKind, Excerpts, Text},
    finding::Finding,
    policy::{Catalog, Policy},
    rule::{self, Case, Check, RULES},
};

use crate::support::fixture::{Observed, facts};

/// What every rule says about observations under the recommended policy.
pub(crate) fn judge(path: &str, observed: &Observed) -> Vec<Finding> {
    judge_by(&Policy::default(), path, observed)
}

/// What every rule says about observations under a policy.
pub(crate) fn judge_by(policy: &Policy, path: &str, observed: &Observed) -> Vec<Finding> {
    let facts = ContentFacts {
        observations: observed.observations.clone(),
        ..ContentFacts::default()
    };
    let known = (&facts, &Circumstances::default());
    judge_all(policy, path, known, Some(&observed.excerpts))
}

/// What every rule says about an entry of which nothing is known but this.
fn judge_noted(path: &str, noted: Circumstance) -> Vec<Finding> {
    judge_known(path, &Circumstances::of(vec![noted]))
}

/// What every rule says about an entry of which only the view knows something.
fn judge_known(path: &str, circumstances: &Circumstances) -> Vec<Finding> {
    judge_all(
        &Policy::default(),
        path,
        (&ContentFacts::default(), circumstances),
        None,
    )
}

pub(crate) fn judge_all(
    policy: &Policy,
    path: &str,
    (facts, circumstances): (&ContentFacts, &Circumstances),
    excerpts: Option<&Excerpts>,
) -> Vec<Finding> {
    let entry = Entry {
        introduced_by: None,
        path: Text::from(path),
        kind: EntryKind::File,
    };
    let scope = policy.scope(&entry.path);
    let case = Case::new(&entry, facts, circumstances, &scope);
    let case = match excerpts {
        Some(excerpts) => case.with_excerpts(excerpts),
        None => case,
    };
    let mut findings = Vec::new();
    for rule in RULES {
        if let Check::Case(check) = rule.check {
            check(&case, &mut findings);
        }
    }
    rule::finish(&case, &mut findings);
    findings
}

/// Findings about a file of this name under the recommended policy.
fn findings(path: &str, bytes: &[u8]) -> Vec<Finding> {
    judge(path, &facts(bytes.to_vec(), path))
}

/// The rules that fire on a file, in the registry's order.
fn rules(path: &str, bytes: &[u8]) -> Vec<&'static str> {
    findings(path, bytes).iter().map(|f| f.rule.id).collect()
}

/// What one rule says about a file, as a user reads it.
fn told(rule: &str, path: &str, bytes: &[u8]) -> String {
    told_by(&Policy::default(), rule, path, bytes)
}

/// What one rule says about a file under a policy.
fn told_by(policy: &Policy, rule: &str, path: &str, bytes: &[u8]) -> String {
    tell(&judge_by(policy, path, &facts(bytes.to_vec(), path)), rule)
}

fn tell(findings: &[Finding], rule: &str) -> String {
    let mut lines = Vec::new();
    for finding in findings.iter().filter(|f| f.rule.id == rule) {
        let times = match finding.count {
            1 => String::new(),
            n => format!(" (x{n})"),
        };
        lines.push(format!(
            "{} [{}]{times} {}",
            finding.rule.id, finding.level, finding.message
        ));
        let sentence = finding.message.chars();
        assert!(
            !finding.message.ends_with('.')
                && !sentence.clone().next().is_some_and(char::is_uppercase)
        );
        lines.push(format!(
            "  at {} about {}",
            finding.primary.site, finding.subject
        ));
        lines.extend(
            finding
                .related
                .iter()
                .map(|r| format!("  {}: {}", r.site, r.label)),
        );
        lines.extend(
            finding
                .decided_by
                .iter()
                .map(|r| format!("  {}:{} `{}`: {}", r.file, r.line, r.text.trim(), r.label)),
        );
        assert!(!finding.help.is_empty(), "every finding says what to do");
        let help = finding.help.iter();
        lines.extend(
            help.map(|help| format!("  help: {}", help.to_string().replace('\n', "\n        "))),
        );
    }
    lines.join("\n")
}

/// Findings, each with its place, its rule and its message.
pub(crate) fn placed(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let (rule, message) = (finding.rule.id, &finding.message);
        format!("{} {rule}: {message}", finding.primary.site)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A policy that must hold together.
pub(crate) fn policy(text: &str) -> Policy {
    let rules = weighbridge::scan::rules();
    let formats: Vec<&str> = weighbridge::scan::format_ids();
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    Policy::parse("weighbridge.yaml", text, &catalog).unwrap()
}

/// The Python in the documentation of every rule, each with what it shows.
pub(crate) fn python_examples() -> Vec<(String, String)> {
    let mut examples = Vec::new();
    for rule in RULES {
        for heading in ["Example", "Use instead"] {
            let blocks = registry::blocks(rule.meta.doc, heading).into_iter();
            let python = blocks.filter(|(tag, _)| tag == "python");
            examples.extend(python.map(|(_, text)| (format!("{} {heading}", rule.meta.id), text)));
        }
    }
    examples
}
