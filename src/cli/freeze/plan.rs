//! What becomes of the pins of a lock file, and how it is told.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{
    fact::{Text, argument},
    pins::{Drift, Lock, Pin},
    report::PathSpelling,
    scan::{Frozen, LockDifference, Unpinnable, View},
};

/// Paths that are named in a command.
const NAMED: usize = 5;

/// What is asked to be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wishes {
    /// Pin the new bytes of files that changed.
    pub(super) update: bool,
    /// Remove the pins of files that are gone.
    pub(super) prune: bool,
    /// Of files without a pin, pin those that can run code.
    pub(super) only_executable: bool,
}

/// What the lock file becomes, and why.
pub(super) struct Plan {
    pub(super) old: Lock,
    pub(super) lock: Lock,
    pub(super) added: Vec<Pin>,
    /// The pins before and after.
    pub(super) updated: Vec<(Pin, Pin)>,
    /// The path before, and the pin.
    pub(super) renamed: Vec<(Text, Pin)>,
    pub(super) removed: Vec<Pin>,
    /// Files that changed and keep their pin: the pin, and what is there.
    pub(super) left: Vec<(Pin, Pin)>,
    /// Pins that are kept although their file is gone.
    pub(super) gone: Vec<Pin>,
    /// Files that are not pinned, and why.
    pub(super) skipped: Vec<(Text, Unpinnable)>,
    /// The pins that a merge chose.
    pub(super) merged: Vec<Pin>,
    /// How the lock file would change, if that is asked for.
    pub(super) patch: String,
}

impl Plan {
    /// What becomes of the pins of a lock file; `holds` says which paths are asked about.
    pub(super) fn new(
        view: &View,
        old: Lock,
        found: Vec<Frozen>,
        holds: &dyn Fn(&Text) -> bool,
        wishes: Wishes,
    ) -> Self {
        let mut plan = Self {
            lock: Lock::default(),
            added: Vec::new(),
            updated: Vec::new(),
            renamed: Vec::new(),
            removed: Vec::new(),
            left: Vec::new(),
            gone: Vec::new(),
            skipped: Vec::new(),
            merged: Vec::new(),
            patch: String::new(),
            old,
        };
        let mut pins: BTreeMap<Text, Pin> = BTreeMap::new();
        for pin in plan.old.pins() {
            pins.insert(pin.path.clone(), pin.clone());
        }
        let paths = plan.old.pins().iter().map(|pin| &pin.path);
        let gone = view.lock_files().missing(paths).unwrap_or_default();
        let gone = plan
            .old
            .pins()
            .iter()
            .filter(|pin| gone.contains(&pin.path));
        // Of several with the same bytes, one is renamed.
        let (mut gone, more) = gone.fold(
            (BTreeMap::<String, Pin>::new(), Vec::new()),
            |(mut gone, mut more), pin| {
                more.extend(gone.insert(pin.sha256.clone(), pin.clone()));
                (gone, more)
            },
        );
        for frozen in found {
            let path = frozen.path.clone();
            let now = match frozen.pin {
                Ok(pin) => pin,
                Err(why) => {
                    plan.skipped.push((path, why));
                    continue;
                }
            };
            match plan.old.get(&path) {
                Some(pin) if pin.sha256 == now.sha256 => {
                    if *pin != now {
                        plan.updated.push((pin.clone(), now.clone()));
                    }
                    pins.insert(path, now);
                }
                Some(pin) if wishes.update && frozen.unwanted.is_none() => {
                    plan.updated.push((pin.clone(), now.clone()));
                    pins.insert(path, now);
                }
                Some(pin) => {
                    let why = frozen.unwanted.filter(|_| wishes.update);
                    plan.skipped.extend(why.map(|why| (path, why)));
                    plan.left.push((pin.clone(), now));
                }
                None => {
                    if let Some(before) = gone.remove(&now.sha256) {
                        pins.remove(&before.path);
                        plan.renamed.push((before.path.clone(), now.clone()));
                    } else if let Some(why) = frozen.unwanted {
                        plan.skipped.push((path, why));
                        continue;
                    } else if wishes.only_executable && !frozen.executable {
                        continue;
                    } else {
                        plan.added.push(now.clone());
                    }
                    pins.insert(path, now);
                }
            }
        }
        let mut gone: Vec<Pin> = gone.into_values().chain(more).collect();
        gone.sort_by(|a, b| a.path.cmp(&b.path));
        for pin in gone {
            if wishes.prune && holds(&pin.path) {
                pins.remove(&pin.path);
                plan.removed.push(pin);
            } else if holds(&pin.path) {
                plan.gone.push(pin);
            }
        }
        plan.lock = Lock::new(pins.into_values());
        plan
    }

    /// Whether what would be written is what is there.
    pub(super) fn is_current(&self) -> bool {
        self.lock == self.old
    }

    /// What happens to each pin, a line each.
    pub(super) fn told(&self, would: bool, paths: &PathSpelling) -> String {
        let mut out = String::new();
        let mut line = |verb: &str, path: &Text, more: &str| {
            let gap = if more.is_empty() { "" } else { "  " };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{verb:<9}{path}{gap}{more}");
        };
        let verbs = if would {
            ["add", "update", "rename", "remove"]
        } else {
            ["added", "updated", "renamed", "removed"]
        };
        let [added, updated, renamed, removed] = verbs;
        for pin in &self.merged {
            line("merged", &pin.path, &format!("sha256 {}", pin.sha256));
        }
        for pin in &self.added {
            let more = format!("sha256 {}, {} bytes", pin.sha256, pin.size);
            line(added, &pin.path, &more);
        }
        for (pin, now) in &self.updated {
            line(updated, &now.path, &Drift { pin, now }.to_string());
        }
        for (before, pin) in &self.renamed {
            line(renamed, &pin.path, &format!("from {before}"));
        }
        for pin in &self.removed {
            line(removed, &pin.path, "");
        }
        for (pin, now) in &self.left {
            let drift = Drift { pin, now };
            line("changed", &pin.path, &format!("{drift}; it keeps its pin"));
        }
        for pin in &self.gone {
            line("gone", &pin.path, "it keeps its pin");
        }
        for (path, why) in &self.skipped {
            line("skipped", path, &why.to_string());
        }
        let words = |pins: &mut dyn Iterator<Item = &Pin>| {
            let spelled = pins.map(|pin| argument(paths.spell(&pin.path).as_bytes()));
            // Where no command can hold a name, it says what to put there.
            let words: Vec<String> = spelled
                .take(NAMED)
                .map(|word| word.unwrap_or_else(|| String::from("FILE")))
                .collect();
            words.join(" ")
        };
        if !self.left.is_empty() {
            let words = words(&mut self.left.iter().map(|(pin, _)| pin));
            // What the policy refuses is not pinned again either.
            let is_skipped = |pin: &Pin| self.skipped.iter().any(|(path, _)| *path == pin.path);
            let _ = if self.left.iter().all(|(pin, _)| is_skipped(pin)) {
                writeln!(out, "see why it is refused: weighbridge check {words}")
            } else {
                writeln!(
                    out,
                    "review what changed, then: weighbridge freeze --update {words}"
                )
            };
        }
        if !self.gone.is_empty() {
            let words = words(&mut self.gone.iter());
            let _ = writeln!(out, "to remove pins: weighbridge freeze --prune {words}");
        }
        out
    }

    /// Files that get no pin, a sentence each.
    pub(super) fn not_pinned(&self) -> impl Iterator<Item = String> {
        let skipped = self.skipped.iter();
        skipped.map(|(path, why)| format!("{path} gets no pin: {why}"))
    }

    /// Each way in which the lock file is not current.
    pub(super) fn differences(&self) -> Vec<LockDifference<'_>> {
        let added = self.added.iter().map(LockDifference::Added);
        let updated = self
            .updated
            .iter()
            .map(|(pin, now)| LockDifference::Described(Drift { pin, now }));
        let renamed = self.renamed.iter().filter_map(|(before, now)| {
            let pin = self.old.get(before)?;
            Some(LockDifference::Renamed(Drift { pin, now }))
        });
        let left = self
            .left
            .iter()
            .map(|(pin, now)| LockDifference::Changed(Drift { pin, now }));
        let gone = self.gone.iter().map(LockDifference::Gone);
        added
            .chain(updated)
            .chain(renamed)
            .chain(left)
            .chain(gone)
            .collect()
    }
}
