//! A change that edits the lock file.

use super::Run;
use crate::{
    finding::{Finding, Location, Subject},
    pins::LockEdit,
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a change (`--diff`) that adds, changes or removes pins in the lock file, with the sha256 of each. A file that
    /// the change brings and pins is not refused for it: the new pin is what a reviewer looks at. For `--staged`, where the
    /// author looks, only a removed pin of a file that stays is reported.
    ///
    /// ## Why it matters
    ///
    /// A pin says that somebody reviewed these bytes. A change that pins other bytes says so of its own files, so its
    /// reviewer has to.
    ///
    /// ## Example
    ///
    /// ```text
    /// weighbridge.lock: the change pins other bytes for models/resnet.pt
    /// ```
    ///
    /// ## Use instead
    ///
    /// A reviewer for the lock file, such as a line in `CODEOWNERS`. To refuse every change of it that comes with other
    /// changes:
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// rules: {pins-changed: deny}
    /// ```
    "pins-changed", "a change that edits the lock file",
    level: Warn, severity: Medium, precision: VeryHigh, cwe: [693], tags: ["policy", "pins"],
    over the run: check
}

/// Pins that are shown one by one; the others are counted.
const SHOWN: usize = 10;

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    let Some(change) = &run.pins.edits else {
        return;
    };
    let told = |edit: &&LockEdit<'_>| !change.by_author || matches!(edit, LockEdit::Removed(_));
    let mut edits: Vec<&LockEdit<'_>> = change.edits.iter().filter(told).collect();
    if edits.is_empty() {
        return;
    }
    // What loosens comes first.
    edits.sort_by_key(|edit| match edit {
        LockEdit::Removed(_) => 0,
        LockEdit::Changed { .. } => 1,
        LockEdit::Added(_) => 2,
    });
    let primary = Location {
        path: run.pins.path.clone(),
        ..Location::default()
    };
    let message = format!("the change {}", summary(&edits));
    let subject = Subject::Anomaly(String::from("pins"));
    let mut finding = Finding::new(&META, subject, primary, message);
    let mut lines: Vec<String> = edits.iter().take(SHOWN).map(|edit| told_of(edit)).collect();
    match edits.len().saturating_sub(SHOWN) {
        0 => {}
        more => lines.push(format!("and {more} more")),
    }
    finding.help.push(format!(
        "review the files that it pins:\n{}",
        lines.join("\n")
    ));
    findings.push(finding);
}

/// How many pins are removed, changed and added.
fn summary(edits: &[&LockEdit<'_>]) -> String {
    let count = |of: fn(&LockEdit<'_>) -> bool| edits.iter().filter(|edit| of(edit)).count();
    let files = |n: usize| match n {
        1 => String::from("1 file"),
        n => format!("{n} files"),
    };
    let (removed, changed, added) = (
        count(|edit| matches!(edit, LockEdit::Removed(_))),
        count(|edit| matches!(edit, LockEdit::Changed { .. })),
        count(|edit| matches!(edit, LockEdit::Added(_))),
    );
    let mut parts = Vec::new();
    if removed > 0 {
        let plural = if removed == 1 { "the pin" } else { "the pins" };
        parts.push(format!("removes {plural} of {}", files(removed)));
    }
    if changed > 0 {
        parts.push(format!("pins other bytes for {}", files(changed)));
    }
    if added > 0 {
        parts.push(format!("pins {}", files(added)));
    }
    match parts.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        parts => parts.concat(),
    }
}

fn told_of(edit: &LockEdit<'_>) -> String {
    match edit {
        LockEdit::Removed(pin) => format!("{}: no pin any more", pin.path),
        LockEdit::Changed { old, new } => {
            format!(
                "{}: sha256 {} instead of {}",
                new.path, new.sha256, old.sha256
            )
        }
        LockEdit::Added(pin) => format!("{}: sha256 {}", pin.path, pin.sha256),
    }
}
