//! Weighing: what one entry's observations and findings come to, and what all entries come to together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Coverage, Inspection, JudgedGlobal, Report, TorchVerdict, WeightsOnly, weights_only};
use crate::{
    fact::{
        Circumstances, ContentFacts, Fact, Global, GlobalName, Observation, Text, TorchLoad,
        Unavailable, Unread, Usage,
    },
    finding::{Disposition, Finding, Level, LineRef, RuleMeta, Subject},
    inventory::Artifact,
    policy::{ArgumentVerdict, GlobalVerdict, Refusal, Scope},
};

/// What one entry comes to.
#[derive(Debug, Default)]
pub struct Weighed {
    /// Findings of level warn and deny, and what an override of the policy lets pass.
    pub findings: Vec<Finding>,
    /// What could run code and is let pass all the same: what loading would do, and the line of the policy, a sentence each.
    pub let_pass: Vec<String>,
    /// What the entry adds to the coverage.
    pub coverage: Coverage,
}

/// How many of the dangers that a policy lets pass are said one by one.
const LET_PASS: usize = 10;

/// Rules about what could run code: of what they find, people are told even where the policy lets it pass.
const COULD_RUN_CODE: &[&str] = &[
    "extension-registry",
    "global-not-allowed",
    "items-on-non-container",
    "state-on-non-instance",
    "unresolved-global",
    "unusual-use",
];

/// Whether a rule is about what could run code.
pub fn could_run_code(rule: &RuleMeta) -> bool {
    COULD_RUN_CODE.contains(&rule.id)
}

/// Whether what a finding is about could run code, and not only what the policy's author knows.
fn could_run(finding: &Finding, scope: &Scope) -> bool {
    could_run_code(finding.rule)
        && match &finding.subject {
            Subject::Global(Global::Named(name)) => scope.danger(name).is_some(),
            _ => true,
        }
}

/// Dangerous names that entries of the policy allow with any arguments.
fn listed_danger<'a>(
    scope: &Scope,
    observations: impl Iterator<Item = &'a Observation>,
) -> Vec<String> {
    let mut known: BTreeSet<&GlobalName> = BTreeSet::new();
    let mut said = Vec::new();
    for observation in observations {
        let Fact::Global {
            global: Global::Named(name),
            usage,
        } = &observation.fact
        else {
            continue;
        };
        let Some(danger) = scope.danger(name) else {
            continue;
        };
        if !scope.allows(name, *usage) || scope.constrains(name) || !known.insert(name) {
            continue;
        }
        let by = scope.listed_by(name, *usage).unwrap_or_default();
        said.push(format!(
            "loading uses `{name}`, which {danger}; {by} lets it pass"
        ));
    }
    said
}

/// What is let pass, and by which line.
fn told(message: &str, by: Option<(LineRef, Option<String>)>) -> String {
    let Some((by, reason)) = by else {
        return format!("{message}; the policy lets it pass");
    };
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    format!("{message}; {}:{} lets it pass{reason}", by.file, by.line)
}

/// Gives findings the levels that hold at their path. Those that are allowed are dropped; what an override allows by name is
/// kept with what allows it.
pub fn weigh(
    mut findings: Vec<Finding>,
    scope: &Scope,
    facts: &ContentFacts,
    circumstances: &Circumstances,
) -> Weighed {
    for finding in &mut findings {
        finding.level = scope.level(finding.rule);
    }
    let mut overridden = Vec::new();
    let mut let_pass = listed_danger(scope, circumstances.observations(facts));
    let mut excused: BTreeMap<&str, Option<(LineRef, Option<String>)>> = BTreeMap::new();
    for mut finding in findings.extract_if(.., |finding| finding.level == Level::Allow) {
        let excused = excused
            .entry(finding.rule.id)
            .or_insert_with(|| scope.excused_by(finding.rule));
        if could_run(&finding, scope) {
            let by = excused.clone().or_else(|| {
                let by = scope.level_decided_by(finding.rule)?;
                Some((by, None))
            });
            let_pass.push(told(&finding.message, by));
        }
        if let Some((by, reason)) = excused.clone() {
            finding.disposition = Disposition::Overridden { by, reason };
            overridden.push(finding);
        }
    }
    findings.append(&mut overridden);
    Weighed {
        findings,
        let_pass,
        coverage: cover(facts, circumstances),
    }
}

impl Weighed {
    /// Whether it has nothing to say but what it adds to the coverage.
    pub fn is_plain(&self) -> bool {
        self.findings.is_empty() && self.let_pass.is_empty()
    }
}

/// All entries together, in any order: the report does not depend on it. `coverage` is that of entries that are left out
/// because they are plain.
pub fn judge(
    view: String,
    policy: String,
    coverage: Coverage,
    entries: impl IntoIterator<Item = Weighed>,
    artifacts: Vec<Artifact>,
) -> Report {
    let mut report = Report {
        view,
        coverage,
        policy,
        artifacts,
        ..Report::default()
    };
    let mut let_pass: usize = 0;
    for entry in entries {
        report.findings.extend(entry.findings);
        for said in entry.let_pass {
            if let_pass < LET_PASS {
                report.notices.push(said);
            }
            let_pass = let_pass.saturating_add(1);
        }
        report.coverage.add(entry.coverage);
    }
    if let Some(more) = let_pass.checked_sub(LET_PASS).filter(|more| *more > 0) {
        report.notices.push(format!(
            "the policy lets pass {more} more that could run code"
        ));
    }
    report.sort();
    report
}

impl Coverage {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.artifacts += other.artifacts;
        self.sources += other.sources;
        self.incomplete += other.incomplete;
        self.late += other.late;
        self.excluded += other.excluded;
        self.bytes = self.bytes.saturating_add(other.bytes);
        for (format, count) in other.formats {
            *self.formats.entry(format).or_default() += count;
        }
    }
}

/// What an entry adds to the coverage. What its name promises to be an artifact is one, read or not.
fn cover(facts: &ContentFacts, circumstances: &Circumstances) -> Coverage {
    let source = facts.source;
    let mut coverage = Coverage {
        entries: 1,
        sources: usize::from(source),
        late: usize::from(circumstances.late),
        ..Coverage::default()
    };
    let mut promised = false;
    if circumstances.late {
        coverage.incomplete = 1;
    }
    for why in circumstances.unavailable() {
        coverage.incomplete = 1;
        promised |= !source && matches!(why, Unavailable::NotFetched { .. });
    }
    for observation in circumstances.observations(facts) {
        let outermost = observation.site.hops.is_empty();
        match &observation.fact {
            Fact::Is(id) if outermost => {
                coverage.formats.entry(id.to_string()).or_insert(1);
            }
            Fact::Unread(unread) => {
                coverage.incomplete = 1;
                promised |= outermost && !source && matches!(unread, Unread::Unknown { .. });
            }
            _ => {}
        }
    }
    if promised || !coverage.formats.is_empty() {
        coverage.artifacts = 1;
        coverage.bytes = circumstances.size(facts);
    }
    coverage
}

/// What loading an artifact would do, beside what the policy says about it. The policy's name and a disassembly are
/// the caller's to add.
pub fn inspect(
    path: Text,
    facts: ContentFacts,
    circumstances: Circumstances,
    scope: &Scope,
) -> Inspection {
    let size = circumstances.size(&facts);
    let observations = facts.observations;
    Inspection {
        path,
        size,
        globals: globals(&observations, scope),
        torch_loads: observations
            .iter()
            .filter_map(|observation| match &observation.fact {
                Fact::TorchLoad(load) => Some(torch_verdict(observation, load, scope)),
                _ => None,
            })
            .collect(),
        observations,
        circumstances,
        ..Inspection::default()
    }
}

/// Every global once, in the order in which loading first meets it.
fn globals(observations: &[Observation], scope: &Scope) -> Vec<JudgedGlobal> {
    let mut places: BTreeMap<&Global, usize> = BTreeMap::new();
    let mut judged: Vec<JudgedGlobal> = Vec::new();
    let mut counts: BTreeMap<(usize, Usage), u64> = BTreeMap::new();
    for observation in observations {
        let Fact::Global { global, usage } = &observation.fact else {
            continue;
        };
        let at = *places.entry(global).or_insert_with(|| {
            judged.push(JudgedGlobal {
                global: global.clone(),
                usages: Vec::new(),
                count: 0,
                verdict: GlobalVerdict::Allowed,
                listed_by: None,
                arguments_refused: None,
            });
            judged.len() - 1
        });
        let Some(entry) = judged.get_mut(at) else {
            continue;
        };
        entry.usages.push(*usage);
        let times = counts.entry((at, *usage)).or_default();
        *times = times.saturating_add(observation.count);
        entry.count = entry.count.max(*times);
        let verdict = match global {
            Global::Named(name) => scope.verdict(name, *usage),
            Global::Unresolved(_) => GlobalVerdict::Refused {
                why: Refusal::Unlisted { near: None },
                decided_by: None,
                danger: None,
            },
        };
        if entry.verdict == GlobalVerdict::Allowed {
            entry.verdict = verdict;
        }
    }
    for entry in &mut judged {
        entry.usages.sort_unstable();
        entry.usages.dedup();
        entry.count = entry.count.max(1);
        if entry.verdict == GlobalVerdict::Allowed {
            entry.listed_by = listed_by(entry, scope);
        }
    }
    for (callee, reason) in arguments_refused(observations, scope) {
        let entry = places.get(callee).and_then(|at| judged.get_mut(*at));
        if let Some(entry) = entry.filter(|entry| entry.arguments_refused.is_none()) {
            entry.arguments_refused = Some(reason);
        }
    }
    judged
}

/// What lists a global for each of its uses, each once.
fn listed_by(judged: &JudgedGlobal, scope: &Scope) -> Option<String> {
    let Global::Named(name) = &judged.global else {
        return None;
    };
    let mut lists: Vec<String> = Vec::new();
    for usage in &judged.usages {
        lists.extend(scope.listed_by(name, *usage));
    }
    lists.sort_unstable();
    lists.dedup();
    (!lists.is_empty()).then(|| lists.join(", "))
}

/// Listed globals that are called, or could be, with arguments that the policy does not allow, and why.
fn arguments_refused<'a>(
    observations: &'a [Observation],
    scope: &Scope,
) -> impl Iterator<Item = (&'a Global, String)> {
    observations
        .iter()
        .filter_map(|observation| match &observation.fact {
            Fact::Call {
                callee: callee @ Global::Named(name),
                arguments,
                ..
            } => match scope.arguments(name, arguments) {
                ArgumentVerdict::Refused { reason, .. } => Some((callee, reason)),
                ArgumentVerdict::Allowed => None,
            },
            Fact::HandedOn {
                global: global @ Global::Named(name),
            } if scope.constrains(name) => {
                let reason = "it is handed on to what could call it with any";
                Some((global, reason.to_owned()))
            }
            _ => None,
        })
}

fn torch_verdict(observation: &Observation, load: &TorchLoad, scope: &Scope) -> TorchVerdict {
    let (mut reasons, mut safe_globals) = match weights_only(load, scope) {
        WeightsOnly::Loads => (Vec::new(), Vec::new()),
        WeightsOnly::Listed(globals) => {
            let reason = "it names globals that torch does not list by default";
            (vec![reason.to_owned()], globals)
        }
        WeightsOnly::Refused { reason } => (vec![reason], Vec::new()),
    };
    // A list that would let a known danger through is not offered to be copied.
    for name in &load.globals {
        if let Some(danger) = scope.danger(name)
            && !scope.allows(name, Usage::Call)
            && !scope.torch_lists(name)
        {
            reasons.push(format!(
                "listing {name} would not make it safe: it {danger}"
            ));
            safe_globals.clear();
        }
    }
    TorchVerdict {
        place: observation.site.to_string(),
        loads: reasons.is_empty(),
        reasons,
        safe_globals,
    }
}

#[cfg(test)]
mod tests {
    use super::cover;
    use crate::fact::{
        Circumstances, ContentFacts, Fact, Hop, Observation, Place, Site, Text, Unread,
    };

    fn seen(fact: Fact, hops: Vec<Hop>) -> Observation {
        Observation {
            fact,
            site: Site {
                hops,
                at: Place::Whole,
            },
            count: 1,
            excerpt: None,
        }
    }

    #[test]
    fn an_archive_s_members_do_not_count_as_artifacts_of_the_view() {
        let member = vec![Hop::Stream(0)];
        let facts = ContentFacts {
            bytes: 7,
            observations: vec![
                seen(Fact::Is("torch-zip".into()), Vec::new()),
                seen(Fact::Is("pickle".into()), member),
            ],
            ..ContentFacts::default()
        };
        let coverage = cover(&facts, &Circumstances::default());
        assert_eq!((coverage.artifacts, coverage.bytes), (1, 7));
        assert_eq!(coverage.formats.keys().collect::<Vec<_>>(), ["torch-zip"]);
    }

    #[test]
    fn a_model_s_name_with_unknown_bytes_is_an_artifact_not_read() {
        let detail = Text::from("an empty file");
        let facts = ContentFacts {
            observations: vec![seen(Fact::Unread(Unread::Unknown { detail }), Vec::new())],
            ..ContentFacts::default()
        };
        let coverage = cover(&facts, &Circumstances::default());
        assert_eq!((coverage.artifacts, coverage.incomplete), (1, 1));
    }
}
