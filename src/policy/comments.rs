//! Comments in source that ask for findings not to count, and whether they do.
//!
//! A function of what the comment says, the policy, the day, and whether the change under review brings it.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Acceptance, day::day, inline::InlineMode};
use crate::{
    fact::{Hop, Place, Suppression},
    finding::{Disposition, Finding, LineRef, Location, Waived, WaiverKind},
};

/// How a comment came into what is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was there, or nothing is said of changes.
    Old,
    /// The change under review brings it, and what judges the change comes with it.
    New,
    /// The change under review brings it, and the policy of its base judges.
    JudgedByBase,
}

/// Why a comment does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommentFault {
    /// The policy refuses them all.
    Refused,
    /// The word that asks is not `allow`.
    Verb,
    /// It names no rule.
    NoRule,
    /// It gives no reason.
    NoReason,
    /// Its last day is none.
    NoDay,
    /// It has ended, on this day.
    Ended(Date),
    /// The change under review brings it.
    New,
}

/// A comment that asks for findings not to count.
#[derive(Debug)]
pub struct Comment {
    /// Where it is.
    pub location: Location,
    /// What it says.
    pub says: Suppression,
    /// How it came there.
    pub arrival: Arrival,
    /// Why it does not count, if it does not.
    pub fault: Option<CommentFault>,
    /// Whether it stands on what the view's change brings; true where the view is of no change.
    pub on_change: bool,
    /// Whether its file was judged in full: only then is it known to have no use.
    pub is_judged: bool,
    /// The rules of which it sets findings aside.
    pub used: BTreeSet<&'static str>,
    until: Option<Date>,
    /// Whether it covers only what the view's change does not bring.
    only_old: bool,
}

impl Comment {
    /// A comment, weighed by a policy on a day. `new` is the arrival of comments that the view's change brings, and `on_change` whether it
    /// brings this one.
    pub fn new(
        location: Location,
        says: Suppression,
        (new, on_change): (Arrival, bool),
        accepts: &Acceptance,
        today: Date,
    ) -> Self {
        let arrival = if on_change { new } else { Arrival::Old };
        let until = says
            .until
            .as_ref()
            .map(|text| day(text.as_str().unwrap_or_default()));
        let ended = until.flatten().filter(|last| *last < today);
        let mode = accepts.inline();
        let fault = if mode == InlineMode::Refuse {
            Some(CommentFault::Refused)
        } else if says.verb.as_bytes() != b"allow" {
            Some(CommentFault::Verb)
        } else if says.rules.is_empty() {
            Some(CommentFault::NoRule)
        } else if says.reason.as_bytes().is_empty() {
            Some(CommentFault::NoReason)
        } else if until == Some(None) {
            Some(CommentFault::NoDay)
        } else if let Some(day) = ended {
            Some(CommentFault::Ended(day))
        } else if arrival == Arrival::JudgedByBase && mode != InlineMode::HonourNew {
            Some(CommentFault::New)
        } else {
            None
        };
        Self {
            location,
            says,
            arrival,
            fault,
            on_change,
            only_old: new == Arrival::JudgedByBase && mode != InlineMode::HonourNew,
            is_judged: true,
            used: BTreeSet::new(),
            until: until.flatten(),
        }
    }

    /// Sets a finding aside, if it stands in the line that the comment is about and is of a rule that it names. Nothing inside an archive or
    /// an artifact is.
    pub fn set_aside(&mut self, finding: &mut Finding, accepts: &Acceptance) {
        let at = &finding.primary;
        let Place::Span { line, end_line, .. } = at.site.at else {
            return;
        };
        let is_here = at.path == self.location.path
            && at.introduced_by == self.location.introduced_by
            && at.site.hops == self.location.site.hops
            && (line..=end_line).contains(&self.says.line);
        let is_source = at.site.hops.iter().all(|hop| matches!(hop, Hop::Cell(_)));
        let id = finding.rule.id;
        let is_named = self
            .says
            .rules
            .iter()
            .any(|rule| rule.as_bytes() == id.as_bytes());
        if !is_here || !is_source || !is_named || self.fault.is_some() || accepts.locks_rule(id) {
            return;
        }
        // Whoever changes the code that a comment is about brings the comment anew.
        if self.only_old && finding.on_change {
            self.fault = Some(CommentFault::New);
            return;
        }
        self.used.insert(id);
        finding.disposition = Disposition::Waived(Box::new(Waived {
            kind: WaiverKind::Inline,
            by: self.line(),
            reason: Some(self.says.reason.to_string()),
            owner: None,
            expires: self.until,
        }));
    }

    /// Its line.
    fn line(&self) -> LineRef {
        let line = match self.location.site.at {
            Place::Span { line, .. } => line,
            _ => 0,
        };
        let excerpt = self.location.excerpt.as_ref();
        let marked = excerpt.and_then(|excerpt| {
            let first = excerpt.first_line?;
            let skip = usize::try_from(line.checked_sub(first)?).ok()?;
            excerpt.text.split('\n').nth(skip)
        });
        let text = marked.unwrap_or_default().to_owned();
        LineRef {
            file: self.location.path.to_string(),
            line,
            range: 0..text.len(),
            text,
            label: String::new(),
        }
    }
}
