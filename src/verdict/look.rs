//! A look at a part of a report: what some rules find is shown, all of it is judged.

use std::collections::{BTreeMap, BTreeSet};

use super::Report;
use crate::finding::{Finding, Level};

/// Which rules a look leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// What was asked for, as it was written: `--ignore pickle-load`.
    pub asked: String,
    /// The ids of the rules whose findings are not shown.
    pub hidden: BTreeSet<&'static str>,
}

/// What a look left out of a report: the outcome still counts it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Findings by level and rule.
    pub by_rule: BTreeMap<(Level, &'static str), usize>,
}

impl Hidden {
    /// How many findings of a level are not shown.
    pub fn of(&self, level: Level) -> usize {
        let of_level = self.by_rule.iter().filter(|((of, _), _)| *of == level);
        of_level.map(|(_, n)| n).sum()
    }
}

impl Report {
    /// Takes out what a look leaves out. The outcome stays, and a notice says what is missing.
    pub fn look(&mut self, look: &Look) {
        let is_hidden = |rule: &str| look.hidden.contains(rule);
        let hidden = self
            .findings
            .extract_if(.., |finding| is_hidden(finding.rule.id));
        for finding in hidden.filter(Finding::is_active) {
            let key = (finding.level, finding.rule.id);
            *self.hidden.by_rule.entry(key).or_default() += 1;
        }
        let notice = self.left_out(look);
        self.notices.insert(0, notice);
    }

    fn left_out(&self, look: &Look) -> String {
        let asked = &look.asked;
        let mut by_rule: Vec<_> = self.hidden.by_rule.iter().collect();
        if by_rule.is_empty() {
            return format!("`{asked}` is for a look: it leaves out nothing here");
        }
        by_rule.sort_by_key(|((level, rule), n)| (std::cmp::Reverse((*level, **n)), *rule));
        let counts: Vec<String> = by_rule
            .iter()
            .map(|((level, rule), n)| {
                let noun = if *level == Level::Deny {
                    "error"
                } else {
                    "warning"
                };
                let s = if **n == 1 { "" } else { "s" };
                format!("{n} {noun}{s} of {rule}")
            })
            .collect();
        format!(
            "`{asked}` is for a look: it leaves out {}, which still count",
            counts.join(", ")
        )
    }
}
