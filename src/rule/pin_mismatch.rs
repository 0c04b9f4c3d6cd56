//! A pinned file that is not what was pinned.

use super::Run;
use crate::{
    fact::Command,
    finding::{Finding, Help, LineRef, Location, Payload, Subject},
    pins::{Drift, Pin},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses a file whose bytes are not those that the lock file pins, and says what changed: the size, the format, the
    /// globals that it names now and no longer names. A git-lfs pointer is compared by its sha256, so the content need not be
    /// here.
    ///
    /// ## Why it matters
    ///
    /// The file was reviewed, and this is another one. Whoever replaces a model replaces what every program that loads it
    /// does.
    ///
    /// ## Example
    ///
    /// ```text
    /// weighbridge.lock pins models/resnet.pt: 46123 bytes, sha256 9f86d081...
    /// models/resnet.pt is 46827 bytes, and also names `posix.system`
    /// ```
    ///
    /// ## Use instead
    ///
    /// If the new file is meant, review it and pin it:
    ///
    /// ```sh
    /// weighbridge freeze --update models/resnet.pt
    /// ```
    "pin-mismatch", "a pinned file that changed",
    level: Deny, severity: High, precision: VeryHigh, cwe: [345, 494], tags: ["artifact", "pins"],
    over the run: check
}

/// Calls that are shown for one file.
const SHOWN: usize = 3;

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    for changed in &run.pins.changed {
        let primary = Location {
            path: changed.entry.path.clone(),
            ..Location::default()
        };
        let message = match changed.now {
            Some(now) => {
                let drift = Drift {
                    pin: changed.pin,
                    now,
                };
                format!("this is not the file that was pinned: {drift}")
            }
            None => String::from(
                "it cannot be compared with its pin: there is no content here that could be read",
            ),
        };
        let mut finding = Finding::new(&META, Subject::Artifact, primary, message);
        let digest = changed.now.map_or("", |now| now.sha256.as_str());
        finding.payload = Some(Payload::of([digest]));
        finding.decided_by = Some(pinned_at(&run.pins.name, changed.pin));
        let loads = run.index.loads_of(&changed.entry.path).iter().take(SHOWN);
        let loads = loads.map(|load| run.location(load, "loaded here").0);
        finding.related.extend(loads);
        if changed.now.is_some() {
            let path = &changed.entry.path;
            finding.help.push(Help::Run {
                purpose: String::from("if the new file is meant, review it and pin it"),
                commands: vec![
                    Command::new("weighbridge inspect ").path(path.clone()),
                    Command::new("weighbridge freeze --update ").path(path.clone()),
                ],
            });
        }
        finding.help.push(String::from(
            "if it is not, restore the file and find out who changed it",
        ));
        findings.push(finding);
    }
}

/// The line of a pin in a lock file.
pub fn pinned_at(lock: &str, pin: &Pin) -> LineRef {
    let head = "- path: ";
    let text = format!("{head}{}", pin.path);
    LineRef {
        file: lock.to_owned(),
        line: pin.line,
        range: head.len()..text.len(),
        text,
        label: format!("sha256 {}", pin.sha256),
    }
}
