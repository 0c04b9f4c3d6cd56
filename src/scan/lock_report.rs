//! What `freeze --check` says of a lock file, as a report like any other.

use super::View;
use crate::{
    fact::{Command, Text},
    finding::{Finding, Help, Location, Payload, Subject},
    pins::{Drift, Pin},
    policy::Policy,
    rule::{self, LOCK_NOT_CURRENT},
    verdict::{Coverage, Report},
};

/// One way in which a lock file is not current.
#[derive(Debug, Clone, Copy)]
pub enum LockDifference<'a> {
    /// A file has no pin; the one that it would get.
    Added(&'a Pin),
    /// The bytes are those that are pinned, and what else the pin says is no longer so.
    Described(Drift<'a>),
    /// The file of a pin is gone, and one without a pin has its bytes.
    Renamed(Drift<'a>),
    /// The bytes are not those that are pinned.
    Changed(Drift<'a>),
    /// The file of a pin is gone.
    Gone(&'a Pin),
    /// Two branches changed the lock file, and git could not merge them.
    Conflict,
}

/// A report on a lock file. `policy` is called `name`; `artifacts` counts what was compared with it.
pub fn lock_report(
    view: &View,
    (policy, name): (&Policy, String),
    artifacts: usize,
    differences: &[LockDifference<'_>],
    notices: Vec<String>,
) -> Report {
    let lock = Lockfile::of(view, policy);
    let mut report = Report {
        view: view.label.clone(),
        findings: differences.iter().map(|it| lock.finding(*it)).collect(),
        coverage: Coverage {
            entries: view.items.len(),
            artifacts,
            ..Coverage::default()
        },
        policy: name,
        root: view
            .root
            .file_name()
            .map(|name| Text::new(name.as_encoded_bytes()))
            .unwrap_or_default(),
        content_source: view.content_source.clone(),
        notices,
        ..Report::default()
    };
    report.sort();
    report
}

/// The lock file that is looked at.
struct Lockfile<'a> {
    path: &'a str,
    /// What reports call it: `weighbridge.lock at 1a2b3c4 (v1.0)`.
    name: String,
}

impl<'a> Lockfile<'a> {
    fn of(view: &View, policy: &'a Policy) -> Self {
        let path = policy.lock_path();
        let name = match view.policy_files().state() {
            Some(state) => format!("{path} {state}"),
            None => path.to_owned(),
        };
        Self { path, name }
    }

    fn finding(&self, difference: LockDifference<'_>) -> Finding {
        let name = &self.name;
        let freeze = |path: &Text| Command::new("weighbridge freeze ").path(path.clone());
        match difference {
            LockDifference::Added(pin) => about(
                &pin.path,
                format!("{name} does not pin this file"),
                Some(&pin.sha256),
                Help::run("review it, then pin it", freeze(&pin.path)),
            ),
            LockDifference::Described(drift) => self.of_pin(
                drift.pin,
                about(
                    &drift.now.path,
                    with(
                        format!("what {name} says of this file is no longer so"),
                        drift,
                    ),
                    None,
                    Help::run("write what is so now", freeze(&drift.now.path)),
                ),
            ),
            LockDifference::Renamed(drift) => self.of_pin(
                drift.pin,
                about(
                    &drift.now.path,
                    format!(
                        "{name} pins these bytes as {}, which is gone: the file was renamed",
                        drift.pin.path
                    ),
                    None,
                    Help::run("move the pin", freeze(&drift.now.path)),
                ),
            ),
            LockDifference::Changed(drift) => {
                let path = &drift.now.path;
                let help = Help::Run {
                    purpose: String::from("if the new file is meant, review it and pin it"),
                    commands: vec![
                        Command::new("weighbridge inspect ").path(path.clone()),
                        Command::new("weighbridge freeze --update ").path(path.clone()),
                    ],
                };
                let message = with(String::from("this is not the file that was pinned"), drift);
                self.of_pin(
                    drift.pin,
                    about(path, message, Some(&drift.now.sha256), help),
                )
            }
            LockDifference::Gone(pin) => self.of_pin(
                pin,
                about(
                    &pin.path,
                    format!("{name} pins this file, which is gone"),
                    None,
                    Help::run(
                        "remove the pin",
                        Command::new("weighbridge freeze --prune ").path(pin.path.clone()),
                    ),
                ),
            ),
            LockDifference::Conflict => about(
                &Text::from(self.path),
                String::from("two branches changed this file, and git could not merge it"),
                None,
                Help::run(
                    "keep the pins of both, and where they differ those that the files match",
                    Command::new("weighbridge freeze"),
                ),
            ),
        }
    }

    fn of_pin(&self, pin: &Pin, mut finding: Finding) -> Finding {
        finding.decided_by = Some(rule::pinned_at(&self.name, pin));
        finding
    }
}

/// What differs, after a colon.
fn with(message: String, drift: Drift<'_>) -> String {
    match drift.to_string() {
        // Only how many names are left out.
        more if more.is_empty() => message,
        more => format!("{message}: {more}"),
    }
}

fn about(path: &Text, message: String, digest: Option<&str>, help: Help) -> Finding {
    let primary = Location {
        path: path.clone(),
        ..Location::default()
    };
    let mut finding = Finding::new(&LOCK_NOT_CURRENT, Subject::Artifact, primary, message);
    finding.payload = digest.map(|digest| Payload::of([digest]));
    finding.help.push(help);
    finding
}
