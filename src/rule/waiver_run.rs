//! What rules about waivers see: every waiver of the policy, and what came of it in a run.

use std::{collections::BTreeSet, fmt};

use jiff::civil::Date;

use super::policy_line;
use crate::{
    fact::Text,
    finding::{Finding, LineRef, Location, RuleMeta, Subject},
    policy::{Comment, Waiver, Waivers},
};

/// The waivers of a policy after a run.
pub struct WaiverRun<'a> {
    /// The waivers.
    pub waivers: &'a Waivers,
    /// Those that are about findings of the run, whether they cover them or not.
    pub matched: &'a BTreeSet<usize>,
    /// The comments in source that ask for findings not to count.
    pub comments: &'a [Comment],
    /// The day.
    pub today: Date,
    /// Whether the run is over all files of a repository: only then does a waiver that is about nothing have no use.
    pub is_whole: bool,
    /// The paths of files that were not judged in full: what waivers are about may be in them.
    pub unjudged: &'a [Text],
    /// Where the file of a waiver is in the view.
    pub path: &'a dyn Fn(&Waiver) -> Text,
}

#[allow(
    clippy::missing_fields_in_debug,
    reason = "a function has nothing to show"
)]
impl fmt::Debug for WaiverRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaiverRun")
            .field("matched", &self.matched)
            .field("today", &self.today)
            .field("is_whole", &self.is_whole)
            .finish_non_exhaustive()
    }
}

impl<'a> WaiverRun<'a> {
    /// The waivers of which this run has something to say: in a run over some files, those that are about findings in them.
    pub fn concerned(&self) -> impl Iterator<Item = (usize, &'a Waiver)> {
        let all = self.waivers.all().iter().enumerate();
        all.filter(|(at, _)| self.is_whole || self.matched.contains(at))
    }

    /// A finding of a rule about a waiver, at its line.
    pub fn finding(&self, rule: &'static RuleMeta, waiver: &Waiver, message: String) -> Finding {
        let line = waiver.line();
        let subject = Subject::Anomaly(waiver.rule.clone());
        let mut finding = Finding::new(rule, subject, self.location(waiver, line), message);
        finding.decided_by = Some(line.clone());
        finding
    }

    fn location(&self, waiver: &Waiver, line: &LineRef) -> Location {
        Location {
            path: (self.path)(waiver),
            site: policy_line::site(line.line, &line.text, &line.range),
            ..Location::default()
        }
    }
}

/// What a waiver is about, in words: `` `global-not-allowed` in models/legacy.pt ``.
pub(super) fn what(waiver: &Waiver) -> String {
    let mut paths = waiver.paths.iter();
    let first = paths.next().map(|path| Text::from(path.as_str()));
    let first = first.map_or_else(String::new, |path| format!(" in {path}"));
    let more = match paths.count() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("`{}`{first}{more}", waiver.rule)
}

/// Who answers for a waiver, in brackets after a space; nothing if nobody is named.
pub(super) fn owner(waiver: &Waiver) -> String {
    let owner = waiver.owner.as_ref();
    owner.map_or_else(String::new, |owner| {
        format!(" ({})", Text::from(owner.as_str()))
    })
}
