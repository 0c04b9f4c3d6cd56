//! A file that the policy excludes, loaded by a call that would let it run code.

use super::{
    Run,
    source::{CONVERT, lets_run},
};
use crate::{
    finding::{Finding, Location, Subject},
    link::{Load, Match},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a call in checked source that names the path of an excluded file and lets that file run code: `torch.load`
    /// with `weights_only=False`, `joblib.load`, `pandas.read_pickle`, `numpy.load` with `allow_pickle=True`.
    ///
    /// ## Why it matters
    ///
    /// Files are excluded because nothing loads them: fixtures, samples, somebody else's examples. Nobody checked this one,
    /// and this call runs whatever is in it.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// exclude: ["third_party/**"]
    /// ```
    ///
    /// ```text
    /// train.py:3         torch.load("third_party/backbone.pt", weights_only=False)
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// exclude: ["third_party/docs/**"]
    /// ```
    "excluded-artifact-loaded", "an excluded file, loaded by a call that lets it run code",
    level: Warn, severity: High, precision: High, cwe: [502], tags: ["source", "policy"],
    over the run: check
}

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    for (path, loads) in run.index.loads_of_excluded() {
        // The end of a path may be another file's, which is elsewhere.
        let loads = loads.iter().filter(|load| load.matched != Match::End);
        let loads: Vec<&Load> = loads.filter(|load| lets_run(load, run.policy)).collect();
        if loads.is_empty() {
            continue;
        }
        let decided_by = run.policy.excluded_by(path);
        let by = match &decided_by {
            Some(_) => "the policy excludes",
            None => "`.gitattributes` excludes",
        };
        for load in loads {
            let (primary, on_change) = run.location(load, "");
            let message = format!(
                "`{}` loads {path}, which {by} from the check, and lets it run code",
                load.callee
            );
            let subject = Subject::Call(load.callee.clone());
            let mut finding = Finding::new(&META, subject, primary, message);
            finding.on_change = on_change;
            finding.decided_by.clone_from(&decided_by);
            finding.related.push(Location {
                path: path.clone(),
                label: "not checked".into(),
                ..Location::default()
            });
            finding.help.push(format!(
                "check {path} as well: narrow `exclude` so that it does not match"
            ));
            finding.help.push(CONVERT);
            findings.push(finding);
        }
    }
}
