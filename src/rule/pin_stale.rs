//! A pin whose file is gone.

use super::{Run, pin_mismatch::pinned_at};
use crate::{
    fact::Command,
    finding::{Finding, Help, Location, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a pin of a file that is no longer there, and the file that has its bytes under another name, if there is one.
    /// Only a check of all files, or of a change that deletes the file, can tell.
    ///
    /// ## Why it matters
    ///
    /// A pin of nothing hides that a model was removed or renamed, and a renamed model is no longer compared with its pin.
    ///
    /// ## Example
    ///
    /// ```text
    /// weighbridge.lock pins models/resnet.pt
    /// models/resnet.pt is not there; models/resnet50.pt has its bytes
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```sh
    /// weighbridge freeze --prune
    /// ```
    "pin-stale", "a pin whose file is gone",
    level: Warn, severity: Low, precision: VeryHigh, cwe: [1164], tags: ["artifact", "pins"],
    over the run: check
}

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    for gone in &run.pins.gone {
        let path = &gone.pin.path;
        let primary = Location {
            path: path.clone(),
            ..Location::default()
        };
        let name = &run.pins.name;
        let (message, help) = match (gone.renamed_to, &gone.kept_by) {
            (Some(other), _) => (
                format!("{name} pins this file, and {other} has its bytes now: it was renamed"),
                Help::run(
                    "move the pin",
                    Command::new("weighbridge freeze ").path((*other).clone()),
                ),
            ),
            (None, Some(dvc)) => (
                format!(
                    "{name} pins this file, which is not here: {dvc} says where its bytes are kept"
                ),
                Help::run(
                    "fetch it (the md5 in that file is no identity that a pin accepts)",
                    Command::new("dvc pull ").path(path.clone()),
                ),
            ),
            (None, None) => (
                format!("{name} pins this file, which is gone"),
                Help::run(
                    "remove the pin",
                    Command::new("weighbridge freeze --prune ").path(path.clone()),
                ),
            ),
        };
        let mut finding = Finding::new(&META, Subject::Artifact, primary, message);
        finding.decided_by = Some(pinned_at(name, gone.pin));
        finding.help.push(help);
        if let Some(other) = gone.renamed_to {
            finding.related.push(Location {
                path: other.clone(),
                label: String::from("the same bytes"),
                ..Location::default()
            });
        }
        findings.push(finding);
    }
}
