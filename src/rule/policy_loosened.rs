//! A change after which the policy lets more pass.

use std::fmt::Write as _;

use super::{Case, policy_line};
use crate::{
    fact::{Circumstance, PolicyChange, PolicyEffect},
    finding::{Finding, Location, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Compares the policy before a change (`--diff`, `--staged`, or a push) with the policy after it, and reports what is
    /// looser: a name, a format or a pack that becomes allowed, a lower level, wider paths, a refusal that is gone, files that
    /// are no longer checked. Packs and the policies that are extended count. `weighbridge policy diff` shows the same and what
    /// became tighter.
    ///
    /// ## Why it matters
    ///
    /// What the policy lets through is decided by whoever can loosen it. The change is judged by the policy of its base, so that
    /// it cannot permit itself; a reviewer should know what the next one may do.
    ///
    /// ## Example
    ///
    /// ```text
    /// weighbridge.yaml:12: the change loosens the policy: `myapp.models.Net` may be imported and called
    /// ```
    ///
    /// ## Use instead
    ///
    /// A separate change for the policy, reviewed by its owners (`CODEOWNERS`). To refuse every change that loosens it:
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// rules: {policy-loosened: deny}
    /// ```
    "policy-loosened", "a change after which the policy lets more pass",
    level: Warn, severity: Medium, precision: High, cwe: [693], tags: ["policy"],
    check
}

/// What is named in the message of one finding; the rest is counted.
const NAMED: usize = 8;

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for noted in &case.circumstances.noted {
        let Circumstance::PolicyCompared(PolicyEffect::Compared(changes)) = noted else {
            continue;
        };
        let mut looser: Vec<&PolicyChange> = changes.iter().filter(|it| it.is_looser()).collect();
        // What is dangerous comes first, then the lines that the change brings.
        looser.sort_by_key(|change| {
            let line = change.line.as_ref();
            let here = line.filter(|line| line.is_new && case.entry.path == line.path.as_str());
            let lines = &case.circumstances.changed;
            let is_old = here.is_none_or(|line| !lines.touches(line.line, line.line));
            (!change.is_dangerous(), is_old)
        });
        let Some((first, others)) = looser.split_first() else {
            continue;
        };
        let mut message = format!("the change loosens the policy: {first}");
        if !others.is_empty() {
            let ways = if others.len() == 1 { "way" } else { "ways" };
            let _ = write!(message, "; and in {} other {ways}", others.len());
        }
        let mut finding = case.finding_of_entry(&META, message);
        finding.subject = Subject::Anomaly(String::from("looser"));
        place(&mut finding.primary, case, first, String::new());
        for other in others.iter().take(NAMED) {
            let mut related = Location {
                path: case.entry.path.clone(),
                introduced_by: case.entry.introduced_by.clone(),
                label: other.to_string(),
                ..Location::default()
            };
            place(&mut related, case, other, other.to_string());
            finding.related.push(related);
        }
        if !others.is_empty() {
            let left = others.len().saturating_sub(NAMED);
            let more = match left {
                0 => String::new(),
                n => format!("; {n} are not shown here"),
            };
            finding.help.push(format!(
                "`weighbridge policy diff` shows all that is looser and tighter{more}"
            ));
        }
        finding.help.extend(judge(case));
        finding.help.push(
            "have it reviewed by whoever answers for the policy: what it lets through is judged by it from then on",
        );
        findings.push(finding);
    }
}

/// Which policy judges the change.
fn judge(case: &Case<'_>) -> Option<String> {
    case.circumstances
        .noted
        .iter()
        .find_map(|noted| match noted {
            Circumstance::PolicyEdited { judge, judges, .. } => Some(if *judges {
                format!("the change is judged by the policy that it edits: {judge}")
            } else {
                format!("{judge} judges the change, not the new policy")
            }),
            _ => None,
        })
}

/// Puts a location at the line of a difference, where that is a line of the entry as the change leaves it.
fn place(location_of: &mut Location, case: &Case<'_>, change: &PolicyChange, label: String) {
    let line = change.line.as_ref();
    let here = line.filter(|line| line.is_new && case.entry.path == line.path.as_str());
    if let Some(line) = here {
        policy_line::put(location_of, line, label);
    }
}
