//! What a repository holds, as far as a policy is concerned: the words a policy may use, and those it would need.

use super::{Listing, Needs, Request, View, entry, guard};
use crate::{
    error::Error,
    fact::{Fact, FactKind, Text},
    finding::{Finding, Help, Level, RuleMeta},
    format::FORMATS,
    policy::{FormatVerdict, Need, NeededGlobal, Policy},
    rule::{Case, NOT_WHILE, RULES, called_with, refused_globals},
};

/// What all rules say of themselves.
pub fn rules() -> Vec<&'static RuleMeta> {
    RULES.iter().map(|rule| rule.meta).collect()
}

/// The ids of all formats that are read, which a policy may allow or refuse.
pub fn format_ids() -> Vec<&'static str> {
    let read = FORMATS.iter().filter(|format| format.is_read());
    read.map(|format| format.id).collect()
}

/// What a policy still has against an artifact: the findings that refuse it.
#[derive(Debug)]
pub struct Refusal {
    /// The artifact.
    pub path: Text,
    /// At least one, by place.
    pub findings: Vec<Finding>,
}

/// What a policy makes of the artifacts of a view; what it says of source does not count.
#[derive(Debug, Default)]
pub struct Survey {
    /// Every artifact, by path, and whatever else is refused as one.
    pub artifacts: Vec<Text>,
    /// How many artifacts have each format, by id.
    pub formats: Vec<(String, usize)>,
    /// The artifacts that are refused.
    pub refused: Vec<Refusal>,
}

/// Judges the artifacts of a view.
///
/// # Errors
/// Workers that cannot be started.
pub fn survey(view: &View, policy: &Policy) -> Result<Survey, Error> {
    let request = Request {
        needs: Needs {
            artifacts: true,
            ..Needs::default()
        },
        ..Request::default()
    };
    let report = super::check(view, policy, String::new(), request, &())?;
    let mut survey = Survey {
        artifacts: report.artifacts.into_iter().map(|it| it.path).collect(),
        formats: report.coverage.formats.into_iter().collect(),
        refused: Vec::new(),
    };
    for finding in report.findings {
        let of_artifact = finding.rule.tags.first() == Some(&"artifact");
        if !finding.is_active() || finding.level != Level::Deny || !of_artifact {
            continue;
        }
        match survey.refused.last_mut() {
            Some(last) if last.path == finding.primary.path => last.findings.push(finding),
            _ => survey.refused.push(Refusal {
                path: finding.primary.path.clone(),
                findings: vec![finding],
            }),
        }
    }
    let refused = survey.refused.iter().map(|refusal| refusal.path.clone());
    survey.artifacts.extend(refused);
    survey.artifacts.sort();
    survey.artifacts.dedup();
    Ok(survey)
}

impl Refusal {
    /// Whether it is refused because nothing reads its format.
    pub fn is_unread(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.all(|finding| finding.rule.id == "unknown-artifact")
    }

    /// What stands against it, a line each; first what no entry mends.
    pub fn reasons(&self) -> Vec<String> {
        let (first, others): (Vec<&Finding>, Vec<&Finding>) =
            self.findings.iter().partition(|it| instead(it).is_some());
        let findings = first.into_iter().chain(others);
        findings
            .map(|finding| format!("{}: {}", finding.rule.id, finding.message))
            .collect()
    }

    /// What to do about the first of them that no entry mends.
    pub fn instead(&self) -> Option<&str> {
        self.findings.iter().find_map(instead)
    }
}

/// What a finding says to do, unless that is to add to the policy, now or when nothing else stands against the file.
fn instead(finding: &Finding) -> Option<&str> {
    let help = finding.help.first().and_then(Help::sentence);
    help.filter(|help| !help.starts_with(NOT_WHILE))
}

/// What the artifacts of a view need that a policy does not allow, by path.
pub fn needs(view: &View, policy: &Policy) -> Vec<Need> {
    guard::install();
    let mut reader = view.reader();
    let mut needs = Vec::new();
    for item in &view.items {
        let path = &item.entry.path;
        if policy.excludes(path) {
            continue;
        }
        let Some(seen) = entry::observe(&mut reader, item, Listing::None, None) else {
            continue;
        };
        let scope = policy.scope(path);
        let case = Case::new(&item.entry, &seen.facts, &seen.circumstances, &scope);
        let mut need = Need {
            path: path.clone(),
            ..Need::default()
        };
        for observation in case.of_kind(FactKind::Is) {
            if let Fact::Is(id) = &observation.fact
                && matches!(scope.format(id.as_str()), FormatVerdict::Refused { .. })
                && !scope.refuses_format(id.as_str())
                && !need.formats.iter().any(|known| id.as_str() == known)
            {
                need.formats.push(id.to_string());
            }
        }
        let calls = called_with(&case);
        for (name, usages, may_be_allowed) in refused_globals(&case) {
            let at = need.globals.iter().position(|global| global.name == *name);
            if let Some(known) = at.and_then(|at| need.globals.get_mut(at)) {
                known.usages.extend(usages);
                known.may_be_allowed &= may_be_allowed;
                continue;
            }
            let own = calls.get(name).into_iter().flatten();
            need.globals.push(NeededGlobal {
                name: name.clone(),
                usages: usages
                    .into_iter()
                    .chain(scope.globals().entered(name))
                    .collect(),
                calls: own.map(|arguments| arguments.to_vec()).collect(),
                may_be_allowed,
            });
        }
        if !need.is_empty() {
            needs.push(need);
        }
    }
    needs
}

/// The rules by which a policy refuses something in a view, each once.
///
/// # Errors
/// Workers that cannot be started.
pub fn refusing_rules(view: &View, policy: &Policy) -> Result<Vec<&'static str>, Error> {
    let report = super::check(view, policy, String::new(), Request::default(), &())?;
    let refused = report
        .active()
        .filter(|finding| finding.level == Level::Deny);
    let mut rules: Vec<&str> = refused.map(|finding| finding.rule.id).collect();
    rules.sort_unstable();
    rules.dedup();
    Ok(rules)
}
