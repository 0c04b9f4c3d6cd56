//! An artifact that could run code, and a call in the same view that lets it.

use super::{
    Run,
    source::{CONVERT, lets_run},
};
use crate::{
    finding::{Finding, Location, Subject},
    link::Load,
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports an artifact in which something could run code, if a call in checked source names its path and lets it:
    /// `torch.load` with `weights_only=False`, `joblib.load`, `pandas.read_pickle`, `numpy.load` with `allow_pickle=True`.
    /// The finding shows the call. Artifacts count that an override of the policy lets pass, too.
    ///
    /// ## Why it matters
    ///
    /// A dangerous file that nothing loads waits for somebody to load it. This one runs as soon as that source does.
    ///
    /// ## Example
    ///
    /// ```text
    /// models/resnet.pt   calls `posix.system`
    /// train.py:3         torch.load("models/resnet.pt", weights_only=False)
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// train.py:3         torch.load("models/resnet.pt", weights_only=True)
    /// ```
    "unsafe-artifact-loaded", "an artifact that could run code, loaded by a call that lets it",
    level: Warn, severity: Critical, precision: High, cwe: [502], tags: ["artifact", "source"],
    over the run: check
}

/// Calls that are shown for one artifact.
const SHOWN: usize = 3;

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    for case in run.cases {
        let mut dangers = case.findings.iter();
        if !dangers.any(|finding| finding.rule.could_run_code()) {
            continue;
        }
        let loads = run.index.loads_of(&case.entry.path).iter();
        let loads: Vec<&Load> = loads.filter(|load| lets_run(load, run.policy)).collect();
        let Some(first) = loads.first() else {
            continue;
        };
        let primary = Location {
            path: case.entry.path.clone(),
            introduced_by: case.entry.introduced_by.clone(),
            ..Location::default()
        };
        let message = format!(
            "`{}` in {} loads this file and lets it run what is found in it",
            first.callee, first.source
        );
        let subject = Subject::Call(first.callee.clone());
        let mut finding = Finding::new(&META, subject, primary, message);
        let shown = loads.iter().take(SHOWN);
        let (related, on_change): (Vec<_>, Vec<_>) =
            shown.map(|load| run.location(load, "loaded here")).unzip();
        finding.related = related;
        finding.on_change =
            on_change.contains(&true) || case.findings.iter().any(|finding| finding.on_change);
        finding.help.push(format!(
            "do not run {} before this file is replaced or removed",
            first.source
        ));
        finding.help.push(CONVERT);
        findings.push(finding);
    }
}
