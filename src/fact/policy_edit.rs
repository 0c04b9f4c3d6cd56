//! How one policy differs from another: what it lets pass that the other does not, and the reverse.

use std::ops::Range;

use super::{Text, Usage};

/// What a change makes of the policy that it edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyEffect {
    /// It differs in these respects; in none, where no verdict depends on the edit.
    Compared(Vec<PolicyChange>),
    /// It does not hold together afterwards.
    Broken {
        /// The first error.
        error: BrokenPolicy,
        /// How many there are besides.
        more: usize,
    },
}

/// The first error of a policy that does not hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenPolicy {
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// The line, from 1; `None` where the error has no place.
    pub line: Option<PolicyLine>,
}

/// One respect in which a policy differs from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyChange {
    /// Which of the two lets more pass.
    pub direction: Direction,
    /// In what.
    pub what: PolicyItem,
    /// The patterns of the paths for which the line says it; none where it says it for all.
    pub paths: Vec<String>,
    /// A path at which the policies differ; `None` where they do at all.
    pub example: Option<Text>,
    /// Whether both policies let it pass somewhere, and one of them at more paths.
    pub wider: bool,
    /// The line that makes the difference: one that was added, or one that is gone.
    pub line: Option<PolicyLine>,
}

/// Which of two policies lets more pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The new one.
    Looser,
    /// Perhaps the new one: it cannot be told.
    PerhapsLooser,
    /// The old one.
    Tighter,
}

/// In what two policies differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyItem {
    /// What a global may be used for.
    Global {
        /// As the entry spells it.
        entry: String,
        /// The uses that one policy allows and the other does not.
        uses: Vec<Usage>,
        /// What makes it dangerous, if it is known to be: `runs text as code`.
        danger: Option<&'static str>,
    },
    /// With what a global may be called.
    Arguments {
        /// As the entry spells it.
        entry: String,
    },
    /// Whether an entry allows shapes that no writer makes.
    AnyShape {
        /// As the entry spells it.
        entry: String,
    },
    /// Whether a call with constrained arguments may be given a global.
    GivenToCalls {
        /// As the entry spells it.
        entry: String,
    },
    /// A pack.
    Pack {
        /// Its name.
        name: String,
        /// How many names it allows that were not allowed, or the reverse.
        names: usize,
    },
    /// An entry that refuses globals.
    Refusal {
        /// As the entry spells it.
        entry: String,
    },
    /// Whether a format is allowed.
    Format {
        /// Its id.
        id: String,
    },
    /// A line that refuses a format.
    FormatRefusal {
        /// Its id.
        id: String,
    },
    /// The level of a rule.
    Level {
        /// Its id.
        rule: String,
        /// In the old policy.
        from: &'static str,
        /// In the new one.
        to: &'static str,
        /// Whether it is that of findings about names that are known to be dangerous, too.
        dangerous: bool,
    },
    /// The level of a rule's findings about names that are known to be dangerous.
    DangerLevel {
        /// Its id.
        rule: String,
        /// In the old policy.
        from: &'static str,
        /// In the new one.
        to: &'static str,
    },
    /// A key that no policy which extends this one may loosen.
    Lock {
        /// The key.
        key: String,
    },
    /// A waiver.
    Waiver {
        /// The rule whose findings it covers.
        rule: String,
        /// What they are about; `None` for whatever they are about.
        subject: Option<String>,
        /// Its last day, if it ends.
        until: Option<String>,
        /// Whether the other policy has one about the same, which covers less.
        was_there: bool,
        /// Whether it covers names that are known to be dangerous.
        dangerous: bool,
    },
    /// Paths that are not checked.
    Exclusion {
        /// The pattern.
        pattern: String,
    },
    /// Whether `.gitattributes` excludes files.
    Attributes,
    /// A line of `.gitattributes` about what is not checked.
    AttributeLine {
        /// The line.
        text: String,
        /// Whether it excludes files, rather than keeps others from excluding them.
        excludes: bool,
    },
    /// The order of the lines of `.gitattributes` about what is not checked.
    AttributeOrder,
    /// Findings that the baseline knows.
    Known {
        /// Their rule.
        rule: String,
        /// How many one policy knows and the other does not.
        findings: u64,
        /// Whether they are about names that are known to be dangerous.
        dangerous: bool,
    },
    /// The releases that files are judged for.
    Target {
        /// In the old policy.
        from: String,
        /// In the new one.
        to: String,
        /// The releases that one of them has and the other does not.
        releases: Vec<String>,
    },
    /// Another value of a key.
    Key {
        /// The key.
        key: String,
        /// In the old policy.
        from: String,
        /// In the new one.
        to: String,
    },
}

/// A line of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLine {
    /// The file, as people call it.
    pub file: String,
    /// Where the file is edited.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// Its text, harmless to print.
    pub text: String,
    /// The bytes of the text that make the difference.
    pub range: Range<usize>,
    /// Whether it is of the new policy.
    pub is_new: bool,
}

impl PolicyEffect {
    /// Whether the new policy lets something pass that the old one does not, or may.
    pub fn is_looser(&self) -> bool {
        match self {
            Self::Compared(changes) => changes.iter().any(PolicyChange::is_looser),
            Self::Broken { .. } => false,
        }
    }
}

impl PolicyChange {
    /// Whether it lets something pass that was refused, or may.
    pub fn is_looser(&self) -> bool {
        self.direction != Direction::Tighter
    }

    /// Whether it is about a global that is known to be dangerous.
    pub fn is_dangerous(&self) -> bool {
        matches!(
            self.what,
            PolicyItem::DangerLevel { .. }
                | PolicyItem::Level {
                    dangerous: true,
                    ..
                }
                | PolicyItem::Known {
                    dangerous: true,
                    ..
                }
                | PolicyItem::Waiver {
                    dangerous: true,
                    ..
                }
                | PolicyItem::Global {
                    danger: Some(_),
                    ..
                }
                | PolicyItem::AnyShape { .. }
        )
    }
}
