//! Where a finding is, and what is shown there.

use std::{ops::Range, sync::Arc};

use crate::fact::{Excerpt, Introduction, Site, Text};

/// A place in an entry of the view, with the lines that show it: no reporter opens a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The entry's path in its view.
    pub path: Text,
    /// What introduced the entry, in a view of a history.
    pub introduced_by: Option<Arc<Introduction>>,
    /// Where in the entry.
    pub site: Site,
    /// What to say there, lower case, no full stop; empty where the finding's message says it.
    pub label: String,
    /// The lines that show it.
    pub excerpt: Option<Excerpt>,
}

/// What a location is to its finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The finding is about it.
    Primary,
    /// It explains the finding.
    Related,
}

/// A line of a policy or of a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineRef {
    /// The file, as the user knows it, or the bundled policy's name.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// That line's text.
    pub text: String,
    /// The byte range of `text` that decides.
    pub range: Range<usize>,
    /// What to say there.
    pub label: String,
}
