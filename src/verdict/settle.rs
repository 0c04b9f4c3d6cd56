//! Which findings count: the levels that hold at a path, then waivers.
//!
//! A function of the findings, the policy, the content's digest and the day, and of nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::civil::Date;

use super::{LetPass, Weighed};
use crate::{
    fact::{Global, Text},
    finding::{Disposition, Finding, Level, LineRef, Subject},
    policy::{
        Acceptance, Comment, Obstacle, Policy, Scope, Waiver, WaiverVerdict, WaiversAt,
        is_dangerous,
    },
};

/// By what the findings about one entry are weighed.
pub struct Scales<'a> {
    /// What the policy says at its path.
    pub scope: &'a Scope,
    /// What the policy accepts.
    pub accepts: &'a Acceptance,
    /// The waivers at its path.
    pub waivers_here: WaiversAt<'a>,
    /// Whether a format that is refused may pass all the same: then what is in such a file is judged like anything else.
    pub formats_may_pass: bool,
    /// The day.
    pub today: Date,
    /// The SHA-256 of its content, computed when it is asked for.
    pub digest: &'a dyn Fn() -> Option<String>,
}

#[allow(
    clippy::missing_fields_in_debug,
    reason = "a function has nothing to show"
)]
impl fmt::Debug for Scales<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scales")
            .field("waivers", &self.waivers_here)
            .field("today", &self.today)
            .finish_non_exhaustive()
    }
}

impl<'a> Scales<'a> {
    /// The scales of an entry at a path.
    pub fn new(
        policy: &'a Policy,
        scope: &'a Scope,
        path: &'a Text,
        today: Date,
        digest: &'a dyn Fn() -> Option<String>,
    ) -> Self {
        let accepts = policy.accepts();
        let waivers_here = accepts.waivers().at(path);
        Self {
            scope,
            formats_may_pass: accepts.baseline().is_some()
                || waivers_here.are_about("format-not-allowed"),
            accepts,
            waivers_here,
            today,
            digest,
        }
    }

    /// The level at which a finding counts here. A rule that is switched off keeps the level that it had for names that are known to be
    /// dangerous, unless it is switched off for those on purpose.
    fn level(&self, finding: &mut Finding) -> Level {
        let level = self.scope.level(finding.rule);
        if level != Level::Allow || !is_dangerous(finding) {
            return level;
        }
        let kept = self.scope.level_of_danger(finding.rule);
        if kept != Level::Allow
            && let Some(line) = self.scope.level_decided_by(finding.rule)
        {
            finding.help.push_front(format!(
                "{}:{} switches the rule off, which does not cover a dangerous name: allow it by name with `dangerous: true` and a `reason`",
                line.file, line.line
            ));
        }
        kept
    }

    /// What lets a finding of level allow pass by name: an override.
    fn excused_by(&self, finding: &Finding) -> Option<(LineRef, Option<String>)> {
        if is_dangerous(finding) {
            self.scope.danger_excused_by(finding.rule)
        } else {
            self.scope.excused_by(finding.rule)
        }
    }

    /// Waives a finding, if a waiver covers it. Returns the waivers that are about it.
    fn waive(&self, finding: &mut Finding) -> Vec<usize> {
        // What nobody looked at cannot be accepted.
        if matches!(&finding.subject, Subject::Anomaly(kind) if kind == "late") {
            return Vec::new();
        }
        match self.waivers_here.judge(finding, self.today, self.digest) {
            WaiverVerdict::None => Vec::new(),
            WaiverVerdict::Covered(at) => {
                if let Some(waived) = self.accepts.waivers().waived(at) {
                    finding.disposition = Disposition::Waived(Box::new(waived));
                }
                vec![at]
            }
            WaiverVerdict::Uncovered(obstacles) => {
                for (at, obstacle) in &obstacles {
                    let waiver = self.accepts.waivers().all().get(*at);
                    finding
                        .help
                        .extend(waiver.map(|waiver| uncovered(waiver, obstacle)));
                }
                obstacles.into_iter().map(|(at, _)| at).collect()
            }
        }
    }
}

/// Why a waiver that is about a finding does not cover it.
fn uncovered(waiver: &Waiver, obstacle: &Obstacle) -> String {
    let line = waiver.line();
    let why = match obstacle {
        Obstacle::Ended(day) => format!("it ended on {day}"),
        Obstacle::BeyondTerms => String::from("it is beyond the policy's `waiver-terms`"),
        Obstacle::Dangerous => {
            String::from("a dangerous name needs `dangerous: true` and a `reason`")
        }
        Obstacle::OtherContent => String::from("its `sha256` is of another content"),
    };
    format!(
        "the waiver at {}:{} does not cover this: {why}",
        line.file, line.line
    )
}

/// Whether what a finding is about could run code, and not only what the policy's author knows.
fn could_run(finding: &Finding, scope: &Scope) -> bool {
    finding.rule.could_run_code()
        && match &finding.subject {
            Subject::Global(Global::Named(name)) => scope.globals().danger(name).is_some(),
            _ => true,
        }
}

/// What is let pass, and by which line.
fn told(message: &str, verb: &str, by: Option<(&LineRef, Option<&str>)>) -> String {
    let Some((by, reason)) = by else {
        return format!("{message}; the policy allows it");
    };
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    format!("{message}; {}:{} {verb} it{reason}", by.file, by.line)
}

/// The line that lets findings pass, and its reason.
type Excuse = (LineRef, Option<String>);

/// Gives findings the levels that hold at their path, and says which of them do not count. Those that are allowed are dropped; what
/// an override or a waiver lets pass is kept with what does.
/// `comments` are those of the findings' files.
pub fn settle(findings: Vec<Finding>, scales: &Scales<'_>, comments: &mut [Comment]) -> Weighed {
    let mut weighed = Weighed::default();
    let mut set_aside = Vec::new();
    let mut excused: BTreeMap<(&str, bool), Option<Excuse>> = BTreeMap::new();
    let mut matched = BTreeSet::new();
    for mut finding in findings {
        finding.level = scales.level(&mut finding);
        if finding.level == Level::Allow {
            let excused = excused
                .entry((finding.rule.id, is_dangerous(&finding)))
                .or_insert_with(|| scales.excused_by(&finding));
            if could_run(&finding, scales.scope) {
                let line = scales.scope.level_decided_by(finding.rule);
                let by = match excused {
                    Some((line, reason)) => Some((&*line, reason.as_deref())),
                    None => line.as_ref().map(|line| (line, None)),
                };
                weighed.let_pass.push(LetPass {
                    path: finding.primary.path.clone(),
                    said: told(&finding.message, "allows", by),
                    has_finding: excused.is_some(),
                });
            }
            if let Some((by, reason)) = excused.clone() {
                finding.disposition = Disposition::Overridden { by, reason };
                set_aside.push(finding);
            }
            continue;
        }
        matched.extend(scales.waive(&mut finding));
        for comment in comments.iter_mut() {
            if finding.is_active() {
                comment.set_aside(&mut finding, scales.accepts);
            }
        }
        if finding.is_active() {
            weighed.findings.push(finding);
            continue;
        }
        if could_run(&finding, scales.scope) {
            let by = finding.disposition.by();
            let by = by.map(|line| (line, finding.disposition.reason()));
            weighed.let_pass.push(LetPass {
                path: finding.primary.path.clone(),
                said: told(&finding.message, "waives", by),
                has_finding: true,
            });
        }
        set_aside.push(finding);
    }
    weighed.findings.append(&mut set_aside);
    weighed.waivers = matched.into_iter().collect();
    weighed
}
