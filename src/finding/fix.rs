//! What would mend a finding, as edits.

/// A change of the file in which a finding is that would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does: an imperative, lower case, no full stop.
    pub title: String,
    /// Whether it may be applied unseen.
    pub applicability: Applicability,
    /// The SHA-256 of the file that the edits are of, 64 lower-case hex digits: they fit no other content. `None` where it could
    /// not be read, and before the finding is judged.
    pub base: Option<String>,
    /// All of them together, from the top of the file down; none overlaps another. Never empty.
    pub edits: Vec<Edit>,
}

/// Whether a fix may be applied unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// It changes nothing that the program does today.
    Safe,
    /// It ends what the finding is about, and with it what some files may need.
    Unsafe,
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
