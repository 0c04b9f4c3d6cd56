//! What lets findings about a name pass in a file besides the entries and levels of a policy: waivers, the baseline, comments.

use jiff::civil::Date;

use super::{Asked, Policy, Ruling, Waiver, alias};
use crate::{
    fact::{Global, GlobalName, Text},
    finding::{Disposition, Finding, Subject, Waived, WaiverKind, key},
};

impl Asked<'_> {
    /// Whether a finding is about it.
    fn is_about(&self, finding: &Finding) -> bool {
        match (self, &finding.subject) {
            (Asked::Rule(rule), _) => finding.rule.id == rule.id,
            (Asked::Format(id), Subject::Format(format)) => format == id,
            (Asked::Global(name), Subject::Global(Global::Named(stored))) => {
                canonical(name) == canonical(stored)
            }
            _ => false,
        }
    }

    /// Whether a waiver is about it, whatever it is found in.
    fn is_waived_by(&self, waiver: &Waiver) -> bool {
        match self {
            Asked::Rule(rule) => waiver.rule == rule.id,
            Asked::Format(id) => waiver.subject.as_deref() == Some(id),
            Asked::Global(name) => waiver.global.is_some() && waiver.global == canonical(name),
            Asked::Pack(_) => false,
        }
    }
}

fn canonical(name: &GlobalName) -> Option<(String, String)> {
    let (module, name) = (name.module.as_str()?, name.name.as_str()?);
    let (module, name) = alias::canonical(module, name);
    Some((module.into_owned(), name.into_owned()))
}

/// What lets findings about a name pass at a path, and the waivers there that do not. `findings` are those of a check of what is
/// there; `None` if nothing is. The rule stands in [`Ruling::of`].
pub fn covering(
    policy: &Policy,
    asked: Asked<'_>,
    path: &Text,
    findings: Option<&[Finding]>,
    today: Date,
) -> Vec<Ruling> {
    let mut rulings: Vec<Ruling> = Vec::new();
    let about = findings.unwrap_or_default().iter();
    for finding in about.filter(|it| it.primary.path == *path && asked.is_about(it)) {
        let of = finding.rule.id.to_owned();
        let ruling = match &finding.disposition {
            Disposition::Waived(waived) => Ruling {
                of,
                says: "waived".to_owned(),
                line: Some(waived.by.clone()),
                why: terms(waived),
            },
            Disposition::Baseline { file } => Ruling {
                of,
                says: "known".to_owned(),
                line: policy
                    .accepts()
                    .baseline()
                    .and_then(|it| it.line_ref(&key(finding))),
                why: format!("the baseline {file} has it"),
            },
            Disposition::Active | Disposition::Overridden { .. } => continue,
        };
        if !rulings.contains(&ruling) {
            rulings.push(ruling);
        }
    }
    let waivers = policy.accepts().waivers();
    let here = waivers.at(path);
    for (at, waiver) in waivers.all().iter().enumerate() {
        let line = Some(waiver.line().clone());
        let is_told = rulings.iter().any(|ruling| ruling.line == line);
        if is_told || !here.has(at) || !asked.is_waived_by(waiver) {
            continue;
        }
        let breaches = waivers.terms().breaches(waiver, today);
        let (says, why) = if let Some(last) = waiver.ended(today) {
            ("ended", format!("its last day was {last}"))
        } else if !breaches.is_empty() {
            let breaches: Vec<String> = breaches.iter().map(ToString::to_string).collect();
            ("void", breaches.join("; "))
        } else if findings.is_some() {
            let what = match waiver.sha256 {
                Some(_) => "nothing that is found in this content",
                None => "nothing that is found in this file",
            };
            ("unused", format!("it covers {what}"))
        } else {
            let waived = waivers.waived(at);
            (
                "waived",
                waived.map_or_else(String::new, |waived| terms(&waived)),
            )
        };
        rulings.push(Ruling {
            of: waiver.rule.clone(),
            says: says.to_owned(),
            line,
            why,
        });
    }
    rulings
}

/// Why, until when and by whom something is accepted.
fn terms(waived: &Waived) -> String {
    let by = match waived.kind {
        WaiverKind::Inline => "a comment: ",
        WaiverKind::Policy => "",
    };
    let reason = waived.reason.as_deref().unwrap_or("no reason is given");
    let mut terms = format!("{by}{reason}");
    if let Some(last) = waived.expires {
        terms = format!("{terms}, until {last}");
    }
    if let Some(owner) = &waived.owner {
        terms = format!("{terms}, by {owner}");
    }
    terms
}
