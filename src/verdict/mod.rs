//! The verdict: findings weighed by the policy's levels, and the coverage of what was looked at.
//!
//! Pure: findings, scopes, waivers and a day in, a [`Report`] out.

mod evidence;
mod inspection;
mod judge;
mod known;
mod look;
mod needs;
mod settle;
mod weighed;
mod weights;

pub use evidence::{Allowed, Evidence};
pub use inspection::{GlobalRefusal, Inspection, JudgedGlobal, PinState, TorchVerdict, inspect};
pub use judge::{judge, weigh};
pub use look::{Hidden, Look};
pub use needs::Needs;
pub use settle::{Scales, settle};
pub use weighed::{LetPass, Weighed};
pub use weights::{WeightsOnly, unlisted, weights_only};

use std::{cmp::Ordering, collections::BTreeSet, process::ExitCode, sync::Arc};

use crate::{
    fact::{ContentSource, Introduction, Site, Text},
    finding::{Finding, Level, Subject},
    inventory::Artifact,
    policy::OwnPolicy,
};

/// What was looked at. Part of every report: "no findings" never means "not looked at".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Entries in the view.
    pub entries: usize,
    /// Entries that are model artifacts.
    pub artifacts: usize,
    /// Entries that are source.
    pub sources: usize,
    /// Policy files, where those are what is looked at.
    pub policies: usize,
    /// Entries of which something was not read.
    pub incomplete: usize,
    /// Entries of which something was not read because the time given for it had passed. Whatever the policy says about
    /// them, they are refused: nobody looked.
    pub late: usize,
    /// Entries that the policy excludes.
    pub excluded: usize,
    /// git-lfs pointers whose content is not here, under names that are no model's: findings about others say so.
    pub unfetched: usize,
    /// Entries whose bytes the lock file pins.
    pub pinned: usize,
    /// How many artifacts of each format, by format id.
    pub formats: std::collections::BTreeMap<String, usize>,
    /// Bytes of the artifacts.
    pub bytes: u64,
}

impl Coverage {
    /// Whether neither an artifact, nor source, nor a policy was looked at.
    pub fn is_empty(&self) -> bool {
        self.artifacts == 0 && self.sources == 0 && self.policies == 0
    }
}

/// What a run has to say, finished: sorted, levelled, complete.
#[derive(Debug, Default)]
pub struct Report {
    /// What the user asked to look at, in words: `the work tree`, `the index`, a path.
    pub view: String,
    /// Every finding, by path, then by where in it: active ones of level warn and deny, and those that do not count, which are no
    /// part of the outcome.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub coverage: Coverage,
    /// The policy that judged: a path, or `recommended (built in)`.
    pub policy: String,
    /// The policy file that somebody would edit.
    pub own_policy: Arc<OwnPolicy>,
    /// The name of the folder that the paths are relative to.
    pub root: Text,
    /// Commits that introduced what is no longer there, and that no remote is known to have.
    pub unpushed: BTreeSet<String>,
    /// Where the bytes of the files are.
    pub content_source: ContentSource,
    /// What could run code and is let pass all the same.
    pub let_pass: Vec<LetPass>,
    /// What else is to be known of the run as a whole, a sentence each.
    pub notices: Vec<String>,
    /// What a look leaves out.
    pub hidden: Hidden,
    /// What let files pass or be left out, if it was asked for.
    pub evidence: Evidence,
    /// The artifacts by path, if they were asked for.
    pub artifacts: Vec<Artifact>,
    /// What to add to the policy for all files together, where that was worked out before: of a report that was kept.
    pub advice: Option<Vec<String>>,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was refused: exit code 0.
    Clean,
    /// Something was refused: 1.
    Refused,
    /// The job could not be done: 2.
    Unable,
    /// Nothing was there to check: 3.
    Nothing,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Clean => 0,
            Outcome::Refused => 1,
            Outcome::Unable => 2,
            Outcome::Nothing => 3,
        })
    }
}

impl Outcome {
    /// How programs are told.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Refused => "refused",
            Self::Unable => "unable",
            Self::Nothing => "nothing",
        }
    }
}

impl Report {
    /// How the run ends.
    pub fn outcome(&self) -> Outcome {
        let refuses = self.active().any(|finding| finding.level == Level::Deny);
        if refuses || self.hidden.of(Level::Deny) > 0 || self.coverage.late > 0 {
            Outcome::Refused
        } else if self.active().next().is_none() && self.coverage.is_empty() {
            // Where the policy excludes what there is, somebody decided that nothing is to be looked at.
            if self.coverage.excluded > 0 {
                Outcome::Clean
            } else {
                Outcome::Nothing
            }
        } else {
            Outcome::Clean
        }
    }

    /// What is to be known of the run, a sentence each: first what is let pass although it could run code.
    pub fn told(&self) -> impl Iterator<Item = String> {
        let let_pass = self.let_pass.iter().map(ToString::to_string);
        let_pass.chain(self.notices.iter().cloned())
    }

    /// The findings that count.
    pub fn active(&self) -> impl Iterator<Item = &Finding> + Clone {
        self.findings.iter().filter(|finding| finding.is_active())
    }

    /// The findings that do not count: what an override of the policy lets pass, what is waived, what the baseline has.
    pub fn set_aside(&self) -> impl Iterator<Item = &Finding> + Clone {
        self.findings.iter().filter(|finding| !finding.is_active())
    }

    /// Sorts findings by path, site and rule, so that output does not depend on the order of work.
    pub fn sort(&mut self) {
        self.findings.sort_by(in_order);
        self.artifacts.sort_by(|a, b| {
            (&a.path, version(a.introduced_by.as_deref()))
                .cmp(&(&b.path, version(b.introduced_by.as_deref())))
        });
    }
}

fn in_order(a: &Finding, b: &Finding) -> Ordering {
    fn key(finding: &Finding) -> (&Text, Option<(i64, &str)>, &Site, &str, &Subject) {
        let at = &finding.primary;
        let version = version(at.introduced_by.as_deref());
        (
            &at.path,
            version,
            &at.site,
            finding.rule.id,
            &finding.subject,
        )
    }
    key(a).cmp(&key(b))
}

fn version(introduction: Option<&Introduction>) -> Option<(i64, &str)> {
    introduction.map(|it| (it.commit.time, it.commit.id.as_str()))
}
