//! The oldest releases of libraries for which a policy holds, of what the catalogue of loaders knows.

use std::str::FromStr as _;

use pep440_rs::Version;

use super::Scope;
use crate::{
    finding::{Level, RuleMeta},
    loader::{DecidingArgument, LOADERS, Loader},
};

/// A floor of a version, as pip takes it.
#[derive(Debug)]
pub struct Floor {
    /// The library, as pip calls it.
    pub library: &'static str,
    /// The first release.
    pub since: String,
    /// Why.
    pub reason: String,
}

impl Floor {
    /// Whether a version is not older; `None` if it is no version as pip takes it.
    pub fn is_met(&self, version: &str) -> Option<bool> {
        let version = Version::from_str(version).ok()?;
        Some(version >= Version::from_str(&self.since).ok()?)
    }
}

/// The oldest releases of libraries for which the policy holds at a path.
pub fn floors(scope: &Scope, rules: &[&RuleMeta]) -> Vec<Floor> {
    let mut floors: Vec<Floor> = Vec::new();
    for loader in LOADERS {
        let matters = loader.rules.iter().any(|id| {
            let rule = rules.iter().find(|rule| rule.id == *id);
            rule.is_some_and(|rule| scope.level(rule) != Level::Allow)
        });
        if !matters || floors.iter().any(|floor| floor.library == loader.library) {
            continue;
        }
        if let Some((since, argument)) = safe_since(loader) {
            let since = dotted(since);
            let reason = format!(
                "From {since} on, `{}` has `{}={}` by default",
                loader.name, argument.name, argument.safe
            );
            floors.push(Floor {
                library: loader.library,
                since,
                reason,
            });
        }
    }
    if scope.torch().text() != "auto" {
        let by_default = floors.iter().position(|floor| floor.library == TORCH);
        let by_default = by_default.map(|at| floors.remove(at));
        let mut reason = format!("The policy has `target.torch: {}`", scope.torch().text());
        let is_older = scope
            .torch()
            .behaviour()
            .any(|release| !release.weights_only_by_default);
        if let Some(floor) = by_default.filter(|_| is_older) {
            reason = format!("{reason}. {}", floor.reason);
        }
        floors.push(Floor {
            library: TORCH,
            since: scope.torch().release().to_owned(),
            reason,
        });
    }
    floors.sort_by_key(|floor| floor.library);
    floors
}

const TORCH: &str = "torch";

/// The release from which on a loader runs no code by default, if it once did.
fn safe_since(loader: &Loader) -> Option<(&'static [u16], &'static DecidingArgument)> {
    loader.arguments.iter().find_map(|argument| {
        let first = argument.defaults.first()?;
        let last = argument.defaults.last()?;
        (first.value != argument.safe && last.value == argument.safe)
            .then_some((last.since, argument))
    })
}

fn dotted(release: &[u16]) -> String {
    let parts: Vec<String> = release.iter().map(ToString::to_string).collect();
    parts.join(".")
}
