//! What to do next about a finding.

use std::{borrow::Cow, fmt};

use crate::fact::{Command, Text};

/// Where commands are to be run, for readers who may stand anywhere.
pub const IN_ROOT: &str = "in the root of the repository";

/// Said of commands that leave a name out.
const INCOMPLETE: &str =
    " (FILE stands for the name, which no command that is shown here can hold)";

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Help {
    /// A sentence, and after a line end what to copy.
    Said(String),
    /// Commands about files of the view. Reporters spell their paths for whoever reads them.
    Run {
        /// What they are for: an imperative, without a colon at its end.
        purpose: String,
        /// The commands, one for a line.
        commands: Vec<Command>,
    },
}

impl Help {
    /// One command and what it is for.
    pub fn run(purpose: impl Into<String>, command: Command) -> Self {
        Self::Run {
            purpose: purpose.into(),
            commands: vec![command],
        }
    }

    /// A sentence, and after a line end what to copy: for readers who know files by other paths than the view, or for those who may
    /// stand anywhere.
    pub fn worded(&self, spell: Option<&dyn Fn(&Text) -> Text>) -> Cow<'_, str> {
        let (purpose, commands) = match self {
            Self::Said(said) => return Cow::Borrowed(said),
            Self::Run { purpose, commands } => (purpose, commands),
        };
        let mut text = purpose.clone();
        if spell.is_none() && commands.iter().any(Command::is_of_a_place) {
            text.push_str(", ");
            text.push_str(IN_ROOT);
        }
        if commands.iter().any(Command::is_incomplete) {
            text.push_str(INCOMPLETE);
        }
        text.push(':');
        for command in commands {
            text.push('\n');
            text.push_str(&match spell {
                Some(spell) => command.line(spell),
                None => command.to_string(),
            });
        }
        Cow::Owned(text)
    }

    /// The sentence, if it is one with nothing to copy.
    pub fn sentence(&self) -> Option<&str> {
        match self {
            Self::Said(said) if !said.contains('\n') => Some(said),
            Self::Said(_) | Self::Run { .. } => None,
        }
    }
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.worded(None))
    }
}

impl From<String> for Help {
    fn from(said: String) -> Self {
        Self::Said(said)
    }
}

impl From<&str> for Help {
    fn from(said: &str) -> Self {
        Self::Said(said.to_owned())
    }
}

/// What to do next, most helpful first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HelpList(Vec<Help>);

impl HelpList {
    /// Adds what is less helpful than all before it.
    pub fn push(&mut self, help: impl Into<Help>) {
        self.0.push(help.into());
    }

    /// Whether it says this.
    pub fn says(&self, text: &str) -> bool {
        let said = |help: &Help| matches!(help, Help::Said(said) if said == text);
        self.0.iter().any(said)
    }

    /// Adds what is more helpful than all there is.
    pub fn push_front(&mut self, help: impl Into<Help>) {
        self.0.insert(0, help.into());
    }
}

impl std::ops::Deref for HelpList {
    type Target = [Help];

    fn deref(&self) -> &[Help] {
        &self.0
    }
}

impl<T: Into<Help>> Extend<T> for HelpList {
    fn extend<I: IntoIterator<Item = T>>(&mut self, all: I) {
        self.0.extend(all.into_iter().map(Into::into));
    }
}

impl<T: Into<Help>> FromIterator<T> for HelpList {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        Self(all.into_iter().map(Into::into).collect())
    }
}
