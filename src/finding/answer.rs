//! What mends findings of a file together: what to add to a policy, and what is said about it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Help};
use crate::fact::{Argument, GlobalName, Usage};

/// Where the answer is printed, for the findings that are not the first.
pub const ELSEWHERE: &str =
    "what is printed for the first name of this file allows this one as well";

/// What to add to a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Additions {
    /// Packs.
    pub packs: BTreeSet<&'static str>,
    /// Globals, each with what is made of it.
    pub globals: BTreeMap<GlobalName, Need>,
    /// Patterns of paths that are not to be checked.
    pub exclude: BTreeSet<String>,
}

/// What a file makes of a global.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Need {
    /// The uses; one may come several times.
    pub usages: Vec<Usage>,
    /// The arguments of its calls.
    pub calls: Vec<Vec<Argument>>,
}

/// One answer to several findings of a file: when it is given, all of them are gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What the findings say together: one sentence.
    pub message: String,
    /// What they are about, in lines.
    pub names: String,
    /// Under which condition the additions are good advice: `if you trust these names with the contents of any file`.
    pub condition: String,
    /// What to add to the policy.
    pub additions: Additions,
    /// How to add it, and where: a sentence, and after a line end what to paste. In this order, later lines of a file first.
    pub edits: Vec<String>,
    /// What to do besides or instead.
    pub besides: Vec<String>,
}

impl Additions {
    /// Whether there is nothing to add.
    pub fn is_empty(&self) -> bool {
        self.packs.is_empty() && self.globals.is_empty() && self.exclude.is_empty()
    }

    /// Adds what others say as well.
    pub fn add(&mut self, other: &Self) {
        self.packs.extend(&other.packs);
        self.exclude.extend(other.exclude.iter().cloned());
        for (name, need) in &other.globals {
            let own = self.globals.entry(name.clone()).or_default();
            own.usages.extend(&need.usages);
            own.calls.extend(need.calls.iter().cloned());
        }
    }
}

impl Answer {
    /// What to do: the additions, each under the condition, then what is to be done besides or instead.
    pub fn help(&self) -> Vec<String> {
        let proposed = self.proposed();
        proposed.chain(self.besides.iter().cloned()).collect()
    }

    /// The additions alone.
    pub fn proposed(&self) -> impl Iterator<Item = String> {
        let edits = self.edits.iter().enumerate();
        edits.map(|(n, edit)| match n {
            0 => format!("{} {edit}", self.condition),
            _ => format!("and {edit}"),
        })
    }
}

impl Finding {
    /// What it says to do by itself, without its answer.
    pub fn own_help(&self) -> impl Iterator<Item = &Help> {
        let told = self.answer.as_ref().map(|answer| answer.help());
        let told = told.unwrap_or_default();
        self.help.iter().filter(move |help| match help {
            Help::Said(said) => !told.contains(said) && said != ELSEWHERE,
            Help::Run { .. } => true,
        })
    }
}
