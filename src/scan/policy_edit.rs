//! What a view's change makes of the policy: the policy before it is compared with the one after it.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{View, policy_baseline};
use crate::{
    error::{Error, PolicyError, PolicyErrors},
    fact::{BrokenPolicy, Circumstance, PolicyEffect, PolicyLine, Text},
    git::{self, PolicyFiles},
    policy::{self, Asker, Place, Policy, Source},
};

/// Notes at each file of the policy that the view's change edits what the edit makes of the policy. Where that is not looser, a
/// notice says so.
pub(super) fn note_effect(view: &mut View, asker: Asker<'_>) {
    let is_edit = |noted: &Circumstance| matches!(noted, Circumstance::PolicyEdited { .. });
    let mut items = view.items.iter();
    let named_bundled = asker.named.is_some_and(policy::is_bundled_name);
    if named_bundled || !items.any(|item| item.noted.iter().any(is_edit)) {
        return;
    }
    let Some((mut effect, mut read)) = effect(view, asker) else {
        return;
    };
    attributes(view, &mut effect, &mut read);
    let is_read = |path: &Text| {
        let mut read = read.iter();
        read.any(|file| Text::new(file.as_os_str().as_encoded_bytes()) == *path)
    };
    let edited = view.items.iter().filter(|it| it.noted.iter().any(is_edit));
    // Of what could not be read nobody knows here what the edit comes to.
    let is_known = edited.map(|item| &item.entry.path).all(is_read);
    if let PolicyEffect::Compared(changes) = &effect
        && is_known
        && !effect.is_looser()
    {
        view.notices.push(match changes.len() {
            0 => String::from("the change edits the policy, and no verdict changes by it"),
            1 => {
                String::from("the change makes the policy tighter in 1 respect, and looser in none")
            }
            n => format!("the change makes the policy tighter in {n} respects, and looser in none"),
        });
    }
    let paths: Vec<String> = view
        .items
        .iter()
        .filter(|item| item.noted.iter().any(is_edit))
        .map(|item| item.entry.path.to_string())
        .collect();
    git::mark_policy_effect(view, |path, is_first| {
        let part = part(&effect, path, is_first, &paths);
        // A file that is no part of either policy here may be one where letters are compared without their case, or for
        // somebody who follows links otherwise: that it is edited is said as it is.
        let tells = part.is_looser() || matches!(part, PolicyEffect::Broken { .. });
        (is_read(path) || tells).then_some(part)
    });
}

/// Adds what the change makes of lines of `.gitattributes` that exclude files. That it edits such a file is noted only where they do.
fn attributes(view: &View, effect: &mut PolicyEffect, read: &mut Vec<PathBuf>) {
    let PolicyEffect::Compared(changes) = effect else {
        return;
    };
    let edited = view.items.iter().filter(|item| {
        let is_edit = |noted: &Circumstance| matches!(noted, Circumstance::PolicyEdited { .. });
        item.noted.iter().any(is_edit) && git::is_attributes(&item.entry.path)
    });
    for item in edited {
        let path = &item.entry.path;
        if let (Ok(more), Some(shown)) = (git::attribute_edits(view, path), path.as_str()) {
            changes.extend(more);
            read.push(PathBuf::from(shown));
        }
    }
    policy::sort_changes(changes);
}

/// What of an effect is told at one file: what its lines do, and at the first file what no line of an edited file does.
fn part(effect: &PolicyEffect, path: &Text, is_first: bool, paths: &[String]) -> PolicyEffect {
    let path = path.to_string();
    let is_here = |line: Option<&PolicyLine>| {
        let elsewhere = line.is_none_or(|line| !paths.contains(&line.path));
        line.is_some_and(|line| line.path == path) || is_first && elsewhere
    };
    match effect {
        PolicyEffect::Compared(changes) => {
            let here = changes.iter();
            let here = here.filter(|change| is_here(change.line.as_ref()));
            PolicyEffect::Compared(here.cloned().collect())
        }
        PolicyEffect::Broken { error, .. } if is_here(error.line.as_ref()) => effect.clone(),
        PolicyEffect::Broken { .. } => PolicyEffect::Compared(Vec::new()),
    }
}

/// What the change makes of the policy, and the files that the policies were read from; `None` if the policy before the change does
/// not hold together: there is nothing to compare with.
fn effect(view: &View, asker: Asker<'_>) -> Option<(PolicyEffect, Vec<PathBuf>)> {
    let [before, after] = view.policy_states()?;
    let find = |state| {
        let side = Side {
            view,
            files: view.files_of(state),
        };
        // A policy that the user names is compared as git recorded it, whoever judges.
        Source::find(
            &side,
            Asker {
                reviews: true,
                ..asker
            },
        )
    };
    // With what is known: that is a part of it.
    let with_known = |state, policy: Policy| -> Result<Policy, Error> {
        let known = policy_baseline::of_policy(view, view.files_of(state), &policy)?;
        Ok(match known {
            Some(known) => policy.with_baseline(known),
            None => policy,
        })
    };
    let before_policy = find(&before).ok()?.policy;
    let mut read = before_policy.files().to_vec();
    if let Some(organisation) = before_policy.organisation() {
        read.extend(organisation.files.iter().cloned());
    }
    read.extend(before_policy.accepts().baseline_path().map(PathBuf::from));
    // One that cannot be read knows nothing.
    let before = match with_known(&before, before_policy) {
        Ok(policy) => policy,
        Err(_) => find(&before).ok()?.policy,
    };
    let after = find(&after).and_then(|found| {
        read.extend(found.policy.files().iter().cloned());
        read.extend(found.policy.accepts().baseline_path().map(PathBuf::from));
        with_known(&after, found.policy)
    });
    let effect = match after {
        Ok(after) => PolicyEffect::Compared(policy::compare(&before, &after, asker.catalog.rules)),
        Err(Error::Policy(errors)) => broken(&errors)?,
        Err(error) => PolicyEffect::Broken {
            error: BrokenPolicy {
                message: error.to_string(),
                line: None,
            },
            more: 0,
        },
    };
    Some((effect, read))
}

fn broken(PolicyErrors(errors): &PolicyErrors) -> Option<PolicyEffect> {
    let first = errors.first()?;
    Some(PolicyEffect::Broken {
        error: BrokenPolicy {
            message: first.message.clone(),
            line: Some(line_of(first)),
        },
        more: errors.len().saturating_sub(1),
    })
}

/// The line of an error.
fn line_of(error: &PolicyError) -> PolicyLine {
    let before = error.source.get(..error.range.start).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let text = error.source.get(start..).unwrap_or_default();
    let text = text.lines().next().unwrap_or_default();
    let within = |at: usize| at.saturating_sub(start).min(text.len());
    PolicyLine {
        file: error.file.clone(),
        path: git::without_place(&error.file).to_owned(),
        line: u32::try_from(error.line()).unwrap_or(u32::MAX),
        text: text.to_owned(),
        range: within(error.range.start)..within(error.range.end),
        is_new: true,
    }
}

/// One state of a repository, as a place that has a policy.
struct Side<'v> {
    view: &'v View,
    files: PolicyFiles<'v>,
}

impl Place for Side<'_> {
    fn root(&self) -> &Path {
        &self.view.root
    }

    fn is_repository(&self) -> bool {
        true
    }

    fn state(&self) -> Option<&str> {
        self.files.state()
    }

    // The index is a state like any other here.
    fn is_index(&self) -> bool {
        false
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.read(path)
    }

    fn has(&self, path: &Path) -> bool {
        self.files.has(path)
    }

    fn real(&self, path: &Path) -> PathBuf {
        self.files.resolve(path)
    }

    fn paths(&self) -> Box<dyn Iterator<Item = &Text> + '_> {
        Box::new(std::iter::empty())
    }
}
