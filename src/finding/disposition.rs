//! Whether a finding counts, and if not, who says so.

use jiff::civil::Date;

use super::LineRef;

/// Whether a finding counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Disposition {
    /// It does.
    #[default]
    Active,
    /// An override of the policy lets it pass: its level is allow.
    Overridden {
        /// The line that does.
        by: LineRef,
        /// Why, if the override says.
        reason: Option<String>,
    },
    /// Somebody accepted it, for a reason and often for a time. Its level is what it would be.
    Waived(Box<Waived>),
    /// It was known when the baseline was taken. Its level is what it would be.
    Baseline {
        /// The file, as the user knows it.
        file: String,
    },
}

/// Who accepted a finding, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// Where it is written.
    pub kind: WaiverKind,
    /// The line.
    pub by: LineRef,
    /// Why, if it says.
    pub reason: Option<String>,
    /// Who answers for it, if it says.
    pub owner: Option<String>,
    /// The last day on which it holds, if it ends.
    pub expires: Option<Date>,
}

/// Where a waiver is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaiverKind {
    /// Under `waivers` in the policy.
    Policy,
    /// In a comment of the source.
    Inline,
}

impl Disposition {
    /// The line that keeps the finding from counting, if one does.
    pub fn by(&self) -> Option<&LineRef> {
        match self {
            Self::Active | Self::Baseline { .. } => None,
            Self::Overridden { by, .. } => Some(by),
            Self::Waived(waived) => Some(&waived.by),
        }
    }

    /// The reason that the line gives.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Active | Self::Baseline { .. } => None,
            Self::Overridden { reason, .. } => reason.as_deref(),
            Self::Waived(waived) => waived.reason.as_deref(),
        }
    }
}
