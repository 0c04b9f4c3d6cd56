//! Waivers: findings that somebody accepted, by rule, paths, subject and content, for a reason and for a time.
//!
//! A waiver never names a line or an offset: it holds when the file is saved again. Whether it covers a finding is a function of the
//! finding, the policy, the content's digest and the day. One that has ended, or that is beyond the policy's own terms, covers
//! nothing; nor does one cover a name that is known to be dangerous, unless it says so and why.

mod check;
mod terms;

pub(super) use check::check;
pub(super) use terms::RawTerms;
pub use terms::{Breach, Requirement, WaiverTerms};

use std::{collections::BTreeMap, sync::OnceLock};

use jiff::civil::Date;

use super::{alias, danger, error::Errors, locate::Origin, paths::Patterns, pattern::Pattern};
use crate::{
    fact::{Global, Text},
    finding::{Finding, LineRef, Subject, Waived, WaiverKind},
};

/// A waiver as it is written.
#[derive(Debug)]
pub(super) struct RawWaiver {
    pub(super) rule: String,
    pub(super) paths: Vec<(String, Origin)>,
    pub(super) subject: Option<(String, Origin)>,
    /// Lower-case hexadecimal.
    pub(super) sha256: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) expires: Option<Date>,
    pub(super) dangerous: bool,
    /// The whole waiver.
    pub(super) origin: Origin,
    /// Its rule.
    pub(super) rule_origin: Origin,
}

/// A waiver of a policy.
#[derive(Debug)]
pub struct Waiver {
    /// The rule whose findings it covers.
    pub rule: String,
    /// The patterns of the files in which it does, as they are written.
    pub paths: Vec<String>,
    /// What the findings are about, as it is written; `None` covers them whatever they are about.
    pub subject: Option<String>,
    /// The SHA-256 of the content that it is about, lower-case hexadecimal.
    pub sha256: Option<String>,
    /// Why the findings are accepted.
    pub reason: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it holds, in UTC.
    pub expires: Option<Date>,
    /// Whether it covers names that are known to be dangerous.
    pub dangerous: bool,
    /// The subject as a global, in canonical spelling.
    pub(in crate::policy) global: Option<(String, String)>,
    pub(in crate::policy) origin: Origin,
    pub(in crate::policy) line: OnceLock<LineRef>,
}

/// The waivers of a policy and of what it extends, found by rule.
#[derive(Debug, Default)]
pub struct Waivers {
    all: Vec<Waiver>,
    by_rule: BTreeMap<String, Vec<usize>>,
    terms: WaiverTerms,
    patterns: Vec<Vec<(String, Origin)>>,
    /// The paths of each, compiled when the first finding asks.
    paths: OnceLock<Patterns>,
}

/// The waivers at one path.
#[derive(Debug)]
pub struct WaiversAt<'a> {
    waivers: &'a Waivers,
    path: &'a Text,
    /// Those whose paths match, ascending.
    here: OnceLock<Vec<usize>>,
}

/// What waivers make of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaiverVerdict {
    /// None is about it.
    None,
    /// This one covers it.
    Covered(usize),
    /// These are about it, and do not cover it.
    Uncovered(Vec<(usize, Obstacle)>),
}

/// Why a waiver does not cover a finding that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It has ended, on this day.
    Ended(Date),
    /// It is beyond the terms of the policy.
    BeyondTerms,
    /// The finding is about a name that is known to be dangerous, and the waiver does not say `dangerous: true`.
    Dangerous,
    /// It is about another content.
    OtherContent,
}

impl Waivers {
    /// The waivers of policies, each after those it extends, and the terms that hold for them.
    pub(super) fn new(raws: Vec<RawWaiver>, terms: RawTerms) -> Self {
        let mut waivers = Self {
            terms: WaiverTerms::new(terms),
            ..Self::default()
        };
        for (at, raw) in raws.into_iter().enumerate() {
            let global = raw
                .subject
                .as_ref()
                .and_then(|(text, _)| match Pattern::parse(text) {
                    Ok(Pattern::Exact { module, name }) => Some((module, name)),
                    _ => None,
                });
            let of_rule = waivers.by_rule.entry(raw.rule.clone()).or_default();
            of_rule.push(at);
            waivers.all.push(Waiver {
                rule: raw.rule,
                paths: raw.paths.iter().map(|(text, _)| text.clone()).collect(),
                subject: raw.subject.map(|(text, _)| text),
                sha256: raw.sha256,
                reason: raw.reason,
                owner: raw.owner,
                expires: raw.expires,
                dangerous: raw.dangerous,
                global,
                origin: raw.origin,
                line: OnceLock::new(),
            });
            waivers.patterns.push(raw.paths);
        }
        waivers
    }

    /// Every waiver: what the policy extends first.
    pub fn all(&self) -> &[Waiver] {
        &self.all
    }

    /// The terms that hold for them.
    pub fn terms(&self) -> &WaiverTerms {
        &self.terms
    }

    /// The waivers at a path.
    pub fn at<'a>(&'a self, path: &'a Text) -> WaiversAt<'a> {
        WaiversAt {
            waivers: self,
            path,
            here: OnceLock::new(),
        }
    }

    /// What waives by a waiver, for whoever reads a report.
    pub fn waived(&self, at: usize) -> Option<Waived> {
        let waiver = self.all.get(at)?;
        Some(Waived {
            kind: WaiverKind::Policy,
            by: waiver.line().clone(),
            reason: waiver.reason.clone(),
            owner: waiver.owner.clone(),
            expires: waiver.expires,
        })
    }

    fn paths(&self) -> &Patterns {
        self.paths.get_or_init(|| {
            // What is wrong with a pattern was said when the policy was read.
            let mut said = Errors::default();
            Patterns::new(self.patterns.iter().map(Vec::as_slice), &mut said)
        })
    }
}

impl WaiversAt<'_> {
    /// Whether the paths of a waiver match here.
    pub fn has(&self, waiver: usize) -> bool {
        self.here().binary_search(&waiver).is_ok()
    }

    /// Whether any is about findings of a rule here.
    pub fn are_about(&self, rule: &str) -> bool {
        let of_rule = self.waivers.by_rule.get(rule);
        of_rule.is_some_and(|of_rule| of_rule.iter().any(|at| self.has(*at)))
    }

    /// Those whose paths match, ascending.
    pub(in crate::policy) fn here(&self) -> &[usize] {
        self.here
            .get_or_init(|| self.waivers.paths().matching(self.path))
    }

    /// What the waivers here make of a finding, on a day. `digest` gives the SHA-256 of the content; it is asked only if a waiver that
    /// is about the finding names one.
    pub fn judge(
        &self,
        finding: &Finding,
        today: Date,
        digest: &dyn Fn() -> Option<String>,
    ) -> WaiverVerdict {
        let Some(of_rule) = self.waivers.by_rule.get(finding.rule.id) else {
            return WaiverVerdict::None;
        };
        let mut obstacles = Vec::new();
        for at in of_rule.iter().copied().filter(|at| self.has(*at)) {
            let Some(waiver) = self.waivers.all.get(at) else {
                continue;
            };
            if !waiver.is_about(finding) {
                continue;
            }
            match waiver.obstacle(finding, &self.waivers.terms, today, digest) {
                None => return WaiverVerdict::Covered(at),
                Some(obstacle) => obstacles.push((at, obstacle)),
            }
        }
        if obstacles.is_empty() {
            WaiverVerdict::None
        } else {
            WaiverVerdict::Uncovered(obstacles)
        }
    }
}

impl Waiver {
    /// The line on which it begins.
    pub fn line(&self) -> &LineRef {
        self.line.get_or_init(|| self.origin.line_ref(""))
    }

    /// Where somebody would edit it: a path, without what says from which commit it was read.
    pub fn path(&self) -> String {
        self.origin.file.shown_path()
    }

    /// Days until its last one, on a day: negative when that has passed.
    pub fn days_left(&self, today: Date) -> Option<i64> {
        self.expires.map(|last| terms::days_between(today, last))
    }

    /// Since when it no longer holds on a day: its last day.
    pub fn ended(&self, today: Date) -> Option<Date> {
        self.expires.filter(|last| *last < today)
    }

    /// Whether it is about a finding of its rule at its paths.
    fn is_about(&self, finding: &Finding) -> bool {
        let Some(subject) = &self.subject else {
            return true;
        };
        match (&finding.subject, &self.global) {
            (Subject::Global(Global::Named(stored)), Some((module, name))) => {
                let (Some(m), Some(n)) = (stored.module.as_str(), stored.name.as_str()) else {
                    return false;
                };
                let (m, n) = alias::canonical(m, n);
                m == *module && n == *name
            }
            (Subject::Artifact, _) => false,
            (other, _) => !finding.is_more() && other.to_string() == *subject,
        }
    }

    fn obstacle(
        &self,
        finding: &Finding,
        terms: &WaiverTerms,
        today: Date,
        digest: &dyn Fn() -> Option<String>,
    ) -> Option<Obstacle> {
        if let Some(last) = self.ended(today) {
            return Some(Obstacle::Ended(last));
        }
        if !terms.breaches(self, today).is_empty() {
            return Some(Obstacle::BeyondTerms);
        }
        if is_dangerous(finding) && !(self.dangerous && self.reason.is_some()) {
            return Some(Obstacle::Dangerous);
        }
        match &self.sha256 {
            Some(sha256) if digest().as_ref() != Some(sha256) => Some(Obstacle::OtherContent),
            _ => None,
        }
    }
}

/// Whether a finding is about a name that is known to be dangerous.
pub fn is_dangerous(finding: &Finding) -> bool {
    let Subject::Global(Global::Named(name)) = &finding.subject else {
        return false;
    };
    let (Some(module), Some(name)) = (name.module.as_str(), name.name.as_str()) else {
        return false;
    };
    finding.rule.could_run_code() && danger::of(module, name).is_some()
}
