//! The differences, while they are collected: what one line makes of many names and paths is one difference.

use rustc_hash::FxHashMap;

use super::{Pair, Where, patterns};
use crate::{
    fact::{Direction, PolicyChange, PolicyItem, PolicyLine, Text},
    policy::{Policy, locate::Origin},
};

/// The differences that were found.
#[derive(Default)]
pub(super) struct Drafts {
    list: Vec<Draft>,
    /// By what makes two differences one.
    known: FxHashMap<(Direction, String), usize>,
}

struct Draft {
    direction: Direction,
    what: PolicyItem,
    line: Option<Origin>,
    is_new: bool,
    example: Option<Text>,
    wider: bool,
}

impl Drafts {
    /// A difference that a line of the policy makes which lets more pass.
    pub(super) fn added(
        &mut self,
        pair: Pair<'_>,
        what: PolicyItem,
        line: Option<&Origin>,
        place: Where<'_>,
    ) {
        let is_new = pair.direction == Direction::Looser;
        self.at_line(pair, what, line, is_new, place);
    }

    /// A difference that the absence of a line makes, which the other policy has.
    pub(super) fn gone(
        &mut self,
        pair: Pair<'_>,
        what: PolicyItem,
        line: &Origin,
        place: Where<'_>,
    ) {
        let is_new = pair.direction == Direction::Tighter;
        let place = Where {
            wider: false,
            ..place
        };
        self.at_line(pair, what, Some(line), is_new, place);
    }

    /// Something that may be looser. That it may be tighter is of no use to anybody.
    pub(super) fn undecided(&mut self, pair: Pair<'_>, what: PolicyItem, line: Option<&Origin>) {
        if pair.direction == Direction::Looser {
            let pair = Pair {
                direction: Direction::PerhapsLooser,
                ..pair
            };
            self.at_line(pair, what, line, true, Where::EVERYWHERE);
        }
    }

    pub(super) fn at_line(
        &mut self,
        pair: Pair<'_>,
        what: PolicyItem,
        line: Option<&Origin>,
        is_new: bool,
        place: Where<'_>,
    ) {
        let key = (pair.direction, key(&what, line));
        let draft = self
            .known
            .get(&key)
            .and_then(|known| self.list.get_mut(*known));
        if let Some(draft) = draft {
            join(&mut draft.what, what);
            return;
        }
        self.known.insert(key, self.list.len());
        self.list.push(Draft {
            direction: pair.direction,
            what,
            line: line.cloned(),
            is_new,
            example: place.example.cloned(),
            wider: place.wider,
        });
    }

    /// All of them.
    pub(super) fn finish(self, old: &Policy, new: &Policy) -> Vec<PolicyChange> {
        let drafts = self.list.into_iter();
        drafts
            .map(|draft| {
                let policy = if draft.is_new { new } else { old };
                let line = draft.line.as_ref();
                PolicyChange {
                    direction: draft.direction,
                    paths: line.map_or_else(Vec::new, |line| paths_of(policy, line)),
                    line: line.map(|line| PolicyLine {
                        is_new: draft.is_new,
                        ..line.policy_line()
                    }),
                    what: draft.what,
                    example: draft.example,
                    wider: draft.wider,
                }
            })
            .collect()
    }
}

/// What makes two differences one: the line and the kind.
fn key(what: &PolicyItem, line: Option<&Origin>) -> String {
    let kind = match what {
        PolicyItem::Global { entry, .. } => format!("global {entry}"),
        PolicyItem::Pack { name, .. } => format!("pack {name}"),
        other => format!("{other:?}"),
    };
    let line = line.map(|line| format!("{} {:?}", line.file.name, line.way));
    format!("{kind} {line:?}")
}

/// Adds what another difference of the same line says.
fn join(what: &mut PolicyItem, other: PolicyItem) {
    match (what, other) {
        (
            PolicyItem::Global { uses, danger, .. },
            PolicyItem::Global {
                uses: more,
                danger: other,
                ..
            },
        ) => {
            *danger = danger.or(other);
            uses.extend(more);
            uses.sort_unstable();
            uses.dedup();
        }
        (PolicyItem::Pack { names, .. }, PolicyItem::Pack { names: more, .. }) => {
            *names = names.saturating_add(more);
        }
        _ => {}
    }
}

/// The patterns of the paths for which a line of a policy holds; none where it holds for all.
fn paths_of(policy: &Policy, line: &Origin) -> Vec<String> {
    let same = |origin: &Origin| {
        std::sync::Arc::ptr_eq(&origin.file, &line.file) && origin.way == line.way
    };
    for (at, layer) in policy.layers.iter().enumerate() {
        let listed = layer.allow.iter().find(|listed| same(&listed.entry.origin));
        let is_here = listed.is_some()
            || layer.refuse.iter().any(|entry| same(&entry.origin))
            || layer.packs.iter().any(|(_, origin)| same(origin))
            || layer.formats_allow.values().any(same)
            || layer
                .formats_refuse
                .values()
                .any(|(_, origin)| same(origin))
            || layer.rules.values().any(|(_, origin)| same(origin));
        if is_here {
            let own = listed.and_then(|listed| listed.group);
            let groups = own.into_iter().chain(at.checked_sub(1));
            let found = groups.filter_map(|group| patterns(policy, group));
            // Those of the entry are the narrower ones.
            return found.into_iter().next().unwrap_or_default();
        }
    }
    Vec::new()
}
