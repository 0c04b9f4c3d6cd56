//! Findings: what a rule says about facts, with the evidence for it, not yet worded for any output.

mod answer;
mod disposition;
mod fingerprint;
mod fix;
mod help;
mod level;
mod location;
mod rule;
mod subject;

pub use answer::{Additions, Answer, ELSEWHERE, Need};
pub use disposition::{Disposition, Waived, WaiverKind};
pub use fingerprint::{Payload, fingerprints, key};
pub use fix::{Applicability, Edit, Fix};
pub use help::{Help, HelpList, IN_ROOT};
pub use level::Level;
pub use location::{LineRef, Location, Role};
#[cfg(test)]
pub(crate) use rule::TESTED;
pub use rule::{Precision, RuleMeta, Severity};
pub use subject::Subject;

use std::sync::Arc;

/// The kind of subject of a finding that stands for others.
pub const MORE: &str = "more";

/// What a rule says about one place, with the evidence for it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Whose verdict.
    pub rule: &'static RuleMeta,
    /// How bad; set when the verdict is weighed.
    pub level: Level,
    /// What loading would do and why it is refused: one sentence, lower case, no full stop.
    pub message: String,
    /// What it is about, for waivers, grouping and fingerprints.
    pub subject: Subject,
    /// What runs, if something does: part of what makes it the same finding in the next run.
    pub payload: Option<Payload>,
    /// Its fingerprint, where what that is made of is not here: of a finding that was kept.
    pub known_fingerprint: Option<String>,
    /// Where it is.
    pub primary: Location,
    /// Places that explain it, in the same entry or another; most telling first.
    pub related: Vec<Location>,
    /// The line of the policy that decided, if one did.
    pub decided_by: Option<LineRef>,
    /// How many times the same was seen.
    pub count: u64,
    /// What to do next, most helpful first: commands and edits.
    pub help: HelpList,
    /// What mends it together with others of the file that have the same answer.
    pub answer: Option<Arc<Answer>>,
    /// What would mend it, if something is certain to.
    pub fix: Option<Fix>,
    /// Whether what it is about is known to run code: it is told first, and by itself.
    pub dangerous: bool,
    /// Whether it stands on what the view's change brings; true where the view is of no change.
    pub on_change: bool,
    /// Whether it counts.
    pub disposition: Disposition,
}

impl Finding {
    /// A finding of a rule at a place, as bad as the rule is by default, with no evidence but the place.
    pub fn new(
        rule: &'static RuleMeta,
        subject: Subject,
        primary: Location,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            level: rule.level,
            message: message.into(),
            subject,
            payload: None,
            known_fingerprint: None,
            primary,
            related: Vec::new(),
            decided_by: None,
            count: 1,
            help: HelpList::default(),
            answer: None,
            fix: None,
            dangerous: false,
            on_change: true,
            disposition: Disposition::Active,
        }
    }

    /// Every place of the view that it shows, the one it is about first.
    pub fn locations(&self) -> impl Iterator<Item = (Role, &Location)> {
        let related = self
            .related
            .iter()
            .map(|location| (Role::Related, location));
        std::iter::once((Role::Primary, &self.primary)).chain(related)
    }

    /// Whether it stands for others of its rule in the file, which are only counted.
    pub fn is_more(&self) -> bool {
        matches!(&self.subject, Subject::Anomaly(kind) if kind == MORE)
    }

    /// Whether it counts.
    pub fn is_active(&self) -> bool {
        self.disposition == Disposition::Active
    }
}
