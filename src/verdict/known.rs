//! What a baseline makes of a report.

use super::{LetPass, Report};
use crate::{
    fact::Text,
    policy::{Baseline, is_dangerous},
};

/// Dangerous findings of a baseline that are said one by one.
const DANGERS: usize = 10;

impl Report {
    /// Sets the findings aside that a baseline has. `locks` says which rules a baseline cannot loosen. `stale` is asked, of the path of an
    /// entry that is no longer found, whether that is known for sure.
    pub fn compare(
        &mut self,
        baseline: &Baseline,
        locks: impl Fn(&str) -> bool,
        stale: impl Fn(&str) -> bool,
    ) {
        let gone = baseline.set_aside(&mut self.findings, |finding| locks(finding.rule.id));
        let gone = gone.iter().filter(|entry| stale(&entry.path)).count();
        let mut dangers = self.set_aside().filter(|finding| {
            let by_baseline = finding.disposition.by().is_none();
            by_baseline && is_dangerous(finding)
        });
        let mut said: Vec<LetPass> = dangers
            .by_ref()
            .take(DANGERS)
            .map(|finding| LetPass {
                path: finding.primary.path.clone(),
                said: format!("{}; {} has it", finding.message, baseline.name()),
                has_finding: true,
            })
            .collect();
        match dangers.count() {
            0 => {}
            more => said.push(LetPass {
                path: Text::default(),
                said: format!("{} has {more} more dangerous findings", baseline.name()),
                has_finding: true,
            }),
        }
        self.let_pass.append(&mut said);
        let name = Text::from(baseline.name());
        match gone {
            0 => {}
            1 => self.notices.push(format!(
                "1 finding of {name} is no longer found: `weighbridge baseline create` takes it out"
            )),
            n => self.notices.push(format!(
                "{n} findings of {name} are no longer found: `weighbridge baseline create` takes them out"
            )),
        }
    }
}
