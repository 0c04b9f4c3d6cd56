//! A model file that the policy wants pinned, without a pin.

use super::Run;
use crate::{
    fact::Command,
    finding::{Finding, Help, Level, Location, Subject},
    pins::{self, Unpinned},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a model file that `pins.require` of the policy wants pinned and that has no pin in the lock file. With
    /// `executable`, those are the files that can run code: TorchScript, exported programs, archives with code, and pickles
    /// that use anything but what the packs of the policy list as data. A repository without a lock file gets one finding
    /// for all of them. A file that is refused for another reason is not to be pinned, and not reported here.
    ///
    /// ## Why it matters
    ///
    /// What such a file does is decided by its bytes. Without a pin, nobody can tell whether it is still the file that was
    /// reviewed.
    ///
    /// ## Example
    ///
    /// ```text
    /// models/classifier.joblib   uses `sklearn.svm._classes.SVC`, which the policy allows
    /// weighbridge.lock           does not pin it
    /// ```
    ///
    /// ## Use instead
    ///
    /// Review the file, pin it, and commit the lock file with it.
    ///
    /// ```sh
    /// weighbridge freeze models/classifier.joblib
    /// ```
    "unpinned-artifact", "a model file without the pin that the policy requires",
    level: Warn, severity: Medium, precision: High, cwe: [494], tags: ["artifact", "pins"],
    over the run: check
}

/// Files that are named in one finding; the others are counted.
const NAMED: usize = 3;

fn check(run: &Run<'_>, findings: &mut Vec<Finding>) {
    if run.pins.exists {
        findings.extend(run.pins.unpinned.iter().map(|one| of_one(run, one)));
        return;
    }
    // There is no lock file: one finding says so, or one for each level that holds for some of the files.
    for level in [Level::Deny, Level::Warn, Level::Allow] {
        let unpinned = run.pins.unpinned.iter();
        let of_level: Vec<&Unpinned<'_>> = unpinned
            .filter(|one| run.policy.scope(&one.entry.path).level(&META) == level)
            .collect();
        if let [first, others @ ..] = of_level.as_slice() {
            findings.push(of_all(run, first, others));
        }
    }
}

fn of_one(run: &Run<'_>, one: &Unpinned<'_>) -> Finding {
    let name = &run.pins.name;
    let why = if one.executable {
        "this file can run code"
    } else {
        "the policy wants every model file pinned"
    };
    let message = format!("{why}, and {name} does not pin it");
    let mut finding = finding(run, one, message);
    let command = Command::new("weighbridge freeze ").path(one.entry.path.clone());
    finding
        .help
        .push(Help::run("review it, then pin it", command));
    finding
}

fn of_all(run: &Run<'_>, first: &Unpinned<'_>, others: &[&Unpinned<'_>]) -> Finding {
    let all_executable = first.executable && others.iter().all(|one| one.executable);
    let of = if all_executable {
        "that can run code"
    } else {
        "that the policy wants pinned"
    };
    let message = match others.len() {
        0 if first.executable => {
            String::from("this file can run code, and there is no lock file that pins it")
        }
        0 => String::from(
            "the policy wants every model file pinned, and there is no lock file that pins this one",
        ),
        more => {
            let named: Vec<String> = others
                .iter()
                .take(NAMED)
                .map(|one| one.entry.path.to_string())
                .collect();
            let left = more.saturating_sub(NAMED);
            let left = match left {
                0 => String::new(),
                left => format!(" and {left} more"),
            };
            format!(
                "there is no lock file that pins the {} files {of}: this one, {}{left}",
                more.saturating_add(1),
                named.join(", ")
            )
        }
    };
    let mut finding = finding(run, first, message);
    finding.help.push(format!(
        "`weighbridge freeze` writes {}: review and commit it",
        if run.pins.path.is_empty() {
            pins::NAME.to_owned()
        } else {
            run.pins.path.to_string()
        }
    ));
    finding
}

fn finding(run: &Run<'_>, one: &Unpinned<'_>, message: String) -> Finding {
    let primary = Location {
        path: one.entry.path.clone(),
        ..Location::default()
    };
    let mut finding = Finding::new(&META, Subject::Artifact, primary, message);
    finding.decided_by = run.policy.scope(&one.entry.path).pins_decided_by();
    finding
}
