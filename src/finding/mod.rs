//! Findings: what a rule says about facts, ready to be weighed and told, not yet worded for any output.

mod level;
mod rule;
mod subject;

pub use level::Level;
pub use rule::{Precision, RuleMeta, Severity};
pub use subject::Subject;

use std::{ops::Range, sync::Arc};

use crate::fact::{Excerpt, Introduction, Site, Text};

/// One verdict of a rule at one site.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Whose verdict.
    pub rule: &'static RuleMeta,
    /// How bad; set when the verdict is weighed.
    pub level: Level,
    /// The entry's path in its view.
    pub path: Text,
    /// Where in the entry.
    pub site: Site,
    /// What loading would do and why it is refused: one sentence, lower case, no full stop.
    pub message: String,
    /// What it is about, for waivers, grouping and fingerprints.
    pub subject: Subject,
    /// How many times the same was seen.
    pub count: u64,
    /// What else explains it: most of all the policy line that decided.
    pub related: Vec<Related>,
    /// What to do next, most helpful first: commands and edits.
    pub help: Vec<String>,
    /// The lines that show the offence.
    pub excerpt: Option<Excerpt>,
    /// What introduced the entry, in a view of a history.
    pub introduced_by: Option<Arc<Introduction>>,
    /// Whether it stands on what the view's change brings; true where the view is of no change.
    pub on_change: bool,
    /// Edits that would mend it, if one is certain to: all of them together.
    pub fix: Vec<Edit>,
}

/// A replacement in a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The span that goes, in [`Place::Span`](crate::fact::Place::Span)'s counting: first line, first column.
    pub start: (u32, u32),
    /// Last line, and the column after the last.
    pub end: (u32, u32),
    /// What comes instead.
    pub text: String,
}

/// A place elsewhere that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The file, as the user knows it, or the bundled policy's name.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// That line's text and what to underline in it.
    pub text: String,
    /// Byte range in `text`.
    pub range: Range<usize>,
    /// What to say there.
    pub label: String,
}
