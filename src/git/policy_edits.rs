//! Which files of the policy a view's change adds, edits or deletes.

use std::{
    collections::BTreeSet,
    path::{Component, PathBuf},
};

use super::{Item, Origin, View, objects::Trees, relative_bytes, snapshot::Snapshot};
use crate::fact::{Circumstance, EntryKind, PolicyEffect, Text};

/// Marks the policy's files (relative to the root) that the view's change adds, edits or deletes, and the links by which they
/// are reached. `judge` is the policy that judges the change, in words; `judges` says whether that is the policy as the change
/// leaves it.
pub fn mark_policy_edits(view: &mut View, files: &[PathBuf], judge: &str, judges: bool) {
    let sides = view.policy_change.as_ref().or(view.sides.as_ref());
    let (Some(sides), Ok(Some(stores))) = (sides, view.stores(None)) else {
        return;
    };
    if sides.before.is_empty() {
        return;
    }
    let mut trees = Trees::new(stores.open());
    // Whatever decides what stands there is part of it: links on the way, and where they lead.
    let mut paths: BTreeSet<Vec<u8>> = BTreeSet::new();
    for file in files {
        for snapshot in sides.before.iter().chain([&sides.after]) {
            paths.extend(snapshot.way(&mut trees, file));
        }
        if !file.components().any(|part| part == Component::ParentDir) {
            paths.insert(relative_bytes(file));
        }
    }
    // Where letters are compared without their case, another spelling is the same file.
    let spelled: BTreeSet<Vec<u8>> = paths.iter().map(|it| it.to_ascii_lowercase()).collect();
    let others = view.items.iter().map(|item| item.entry.path.as_bytes());
    let others = others.filter(|path| spelled.contains(&path.to_ascii_lowercase()));
    let others: Vec<Vec<u8>> = others.map(<[u8]>::to_vec).collect();
    paths.extend(others);
    let mut marks = Vec::new();
    for path in paths {
        // A folder is as good as nothing: what is in it is looked at by itself.
        let mut side = |snapshot: &Snapshot| {
            let entry = snapshot.entry(&mut trees, &path).ok().flatten();
            entry.filter(|(mode, _)| !mode.is_tree())
        };
        let new = side(&sides.after);
        let differs = sides.before.iter().any(|before| side(before) != new);
        if sides.filter.holds(&path) && differs {
            marks.push((path, new.is_none()));
        }
    }
    for (path, deleted) in marks {
        let edited = Circumstance::PolicyEdited {
            judge: Text::from(judge),
            judges,
            deleted,
        };
        // Of several contents in a history, the newest.
        let mut items = view.items.iter_mut().rev();
        let known = items.find(|item| item.entry.path.as_bytes() == path);
        match known {
            Some(item) => item.noted.push(edited),
            None => view.add(Item::new(&path, EntryKind::File, Origin::Nowhere).with(edited)),
        }
    }
}

/// Notes what the view's change makes of the policy at each of its files that [`mark_policy_edits`] marked; `effect` says what, of
/// a path, and is asked for the first of them with whether it is.
pub fn mark_policy_effect(
    view: &mut View,
    mut effect: impl FnMut(&Text, bool) -> Option<PolicyEffect>,
) {
    let is_edit = |noted: &Circumstance| matches!(noted, Circumstance::PolicyEdited { .. });
    let edited = view
        .items
        .iter_mut()
        .filter(|item| item.noted.iter().any(is_edit));
    for (at, item) in edited.enumerate() {
        let effect = effect(&item.entry.path, at == 0);
        item.noted.extend(effect.map(Circumstance::PolicyCompared));
    }
}
