//! The terms on which a policy lets findings be waived.

use std::fmt;

use jiff::civil::Date;

use super::Waiver;
use crate::{finding::LineRef, policy::locate::Origin};

/// The terms as they are written.
#[derive(Debug, Default)]
pub(in crate::policy) struct RawTerms {
    pub(in crate::policy) max_days: Option<(u32, Origin)>,
    pub(in crate::policy) require: Option<(Vec<Requirement>, Origin)>,
}

impl RawTerms {
    /// The terms of a policy that extends the one of `self`: what it says counts, the rest is inherited.
    #[must_use]
    pub(in crate::policy) fn then(self, nearer: Self) -> Self {
        Self {
            max_days: nearer.max_days.or(self.max_days),
            require: nearer.require.or(self.require),
        }
    }
}

/// What a waiver has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// What the findings are about.
    Subject,
    /// The content that it is about.
    Sha256,
    /// Why.
    Reason,
    /// Who answers for it.
    Owner,
    /// Until when.
    Expires,
}

impl Requirement {
    /// All of them, in the order in which waivers are written.
    pub const ALL: &[Self] = &[
        Self::Subject,
        Self::Sha256,
        Self::Reason,
        Self::Owner,
        Self::Expires,
    ];

    /// The key of a waiver that meets it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Sha256 => "sha256",
            Self::Reason => "reason",
            Self::Owner => "owner",
            Self::Expires => "expires",
        }
    }

    pub(in crate::policy) fn is_met(self, waiver: &Waiver) -> bool {
        match self {
            Self::Subject => waiver.subject.is_some(),
            Self::Sha256 => waiver.sha256.is_some(),
            Self::Reason => waiver.reason.is_some(),
            Self::Owner => waiver.owner.is_some(),
            Self::Expires => waiver.expires.is_some(),
        }
    }
}

/// The terms on which findings may be waived.
#[derive(Debug, Default)]
pub struct WaiverTerms {
    pub(in crate::policy) max_days: Option<(u32, Origin)>,
    pub(in crate::policy) require: Option<(Vec<Requirement>, Origin)>,
}

/// In what a waiver is beyond the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// It does not say this.
    Lacks(Requirement),
    /// It ends later than so many days from now.
    TooLong(u32),
    /// It does not end, and may hold for so many days.
    Endless(u32),
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lacks(what) => write!(f, "it has no `{}`", what.key()),
            Self::TooLong(days) => write!(f, "it ends later than {days} days from now"),
            Self::Endless(days) => {
                write!(f, "it has no `expires`, and may hold for {days} days")
            }
        }
    }
}

impl WaiverTerms {
    pub(super) fn new(raw: RawTerms) -> Self {
        Self {
            max_days: raw.max_days,
            require: raw.require,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.max_days.is_none() && self.require.is_none()
    }

    /// In what a waiver is beyond them on a day.
    pub fn breaches(&self, waiver: &Waiver, today: Date) -> Vec<Breach> {
        let required = self.require.iter().flat_map(|(required, _)| required);
        let missing = required.filter(|required| !required.is_met(waiver));
        let mut breaches: Vec<Breach> = missing.copied().map(Breach::Lacks).collect();
        if let Some((days, _)) = self.max_days {
            match waiver.expires {
                Some(last) if days_between(today, last) > i64::from(days) => {
                    breaches.push(Breach::TooLong(days));
                }
                None if !breaches.contains(&Breach::Lacks(Requirement::Expires)) => {
                    breaches.push(Breach::Endless(days));
                }
                _ => {}
            }
        }
        breaches
    }

    /// The line that says what a waiver breaks.
    pub fn line(&self, breach: &Breach) -> Option<LineRef> {
        let origin = match breach {
            Breach::Lacks(_) => self.require.as_ref().map(|(_, origin)| origin),
            Breach::TooLong(_) | Breach::Endless(_) => {
                self.max_days.as_ref().map(|(_, origin)| origin)
            }
        };
        origin.map(|origin| origin.line_ref("the terms of waivers"))
    }
}

/// Days from one day to another; negative if that is earlier.
pub(super) fn days_between(from: Date, to: Date) -> i64 {
    from.until(to)
        .map_or(i64::MAX, |span| i64::from(span.get_days()))
}
