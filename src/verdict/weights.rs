//! How `torch.load(weights_only=True)` would take an artifact: what its bytes decide, with what torch lists by default.

use indexmap::IndexSet;

use crate::{
    fact::{GlobalName, Obstacle, TorchLoad},
    policy::Scope,
};

/// How `torch.load(weights_only=True)` would take an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightsOnly {
    /// As it is.
    Loads,
    /// Once these are listed with `torch.serialization.safe_globals`, under the names by which torch looks them up.
    Listed(Vec<GlobalName>),
    /// Not, whatever is listed.
    Refused {
        /// Why, readable, with the place.
        reason: String,
    },
}

/// The verdict for the torch releases that a policy targets.
pub fn weights_only(load: &TorchLoad, scope: &Scope) -> WeightsOnly {
    let unlisted = unlisted(load, scope);
    let blocked = unlisted
        .iter()
        .find_map(|name| scope.torch().blocks(name).map(|module| (name, module)));
    if let Some((name, module)) = blocked {
        let reason = format!(
            "it names {name}, and torch refuses everything in `{module}` even if it is listed"
        );
        return WeightsOnly::Refused { reason };
    }
    if let Some(obstacle) = obstacle(load, scope) {
        let site = obstacle.site.to_string();
        let gap = if site.is_empty() { "" } else { ": " };
        return WeightsOnly::Refused {
            reason: format!("{site}{gap}{}", obstacle.reason),
        };
    }
    let mut needed = unlisted;
    needed.extend(
        load.built
            .iter()
            .filter(|class| !scope.torch().lists(class))
            .cloned(),
    );
    if needed.is_empty() {
        WeightsOnly::Loads
    } else {
        WeightsOnly::Listed(needed)
    }
}

/// The first thing that no list of globals can mend, for one of the releases that a policy targets.
fn obstacle<'a>(load: &'a TorchLoad, scope: &Scope) -> Option<&'a Obstacle> {
    scope
        .torch()
        .behaviour()
        .find_map(|release| load.obstacle(|kind| release.behaves(kind)))
}

/// The globals that torch does not list by default, under the names by which it looks them up, in the order in which they are looked up: what
/// `torch.serialization.get_unsafe_globals_in_checkpoint` gives.
pub fn unlisted(load: &TorchLoad, scope: &Scope) -> Vec<GlobalName> {
    let names = load
        .globals
        .iter()
        .filter(|name| !scope.torch().lists(name));
    let unlisted: IndexSet<GlobalName> = names.map(|name| scope.torch().spells(name)).collect();
    unlisted.into_iter().collect()
}
