//! The releases of torch that will load the artifacts, and what they list, refuse and map.

use std::sync::OnceLock;

use super::{ListCall, alias, pack, target};
use crate::fact::GlobalName;

/// What will load the artifacts: `target.torch`.
#[derive(Debug)]
pub struct TorchTarget {
    text: String,
    releases: OnceLock<Vec<String>>,
}

impl TorchTarget {
    pub(super) fn new(text: String) -> Self {
        Self {
            text,
            releases: OnceLock::new(),
        }
    }

    /// What the policy says: `auto`, a version or a range.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The releases of torch that the target selects, oldest first. Asked for late: knowing them means reading a pack.
    pub(super) fn releases(&self) -> &[String] {
        self.releases
            .get_or_init(|| target::select(&self.text, &known_releases()).unwrap_or_default())
    }

    /// Whether the torch release that will load the artifacts lists this global by default for `weights_only=True`; for a range
    /// of releases, whether each of them does. The name is compared as torch compares it: after Python 2 names are mapped,
    /// where the release does so, and without any other alias.
    pub fn lists(&self, name: &GlobalName) -> bool {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return false;
        };
        let Some(pack) = pack::by_name(pack::TORCH) else {
            return false;
        };
        let releases = self.releases();
        !releases.is_empty()
            && releases.iter().all(|release| {
                let Some(known) = pack.releases.iter().find(|known| known.release == *release)
                else {
                    return false;
                };
                let spelled = pack::as_torch_spells(module, qualname, known);
                pack.spelled(&spelled)
                    .is_some_and(|entry| pack.holds(entry, std::slice::from_ref(release)))
            })
    }

    /// The module of this global, if the torch release that will load the artifacts refuses everything in it even when
    /// listed; for a range of releases, if one of them does.
    pub fn blocks(&self, name: &GlobalName) -> Option<String> {
        let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
        self.behaviour().find_map(|known| {
            let spelled = pack::as_torch_spells(module, qualname, known);
            let blocked = known.blocked_modules.iter().find(|blocked| {
                spelled
                    .strip_prefix(blocked.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
                    && (module == blocked.as_str() || !module.contains('.'))
            });
            blocked.cloned()
        })
    }

    /// The name under which the torch release that will load the artifacts looks a global up: the one to list with
    /// `torch.serialization.safe_globals`.
    pub fn spells(&self, name: &GlobalName) -> GlobalName {
        let maps = self.behaviour().any(|release| release.maps_python2_names);
        match (name.module.as_str(), name.name.as_str()) {
            (Some(module), Some(qualname)) if maps => {
                let (module, qualname) = alias::from_python2(module, qualname);
                GlobalName::new(module.into_owned(), qualname.into_owned())
            }
            _ => name.clone(),
        }
    }

    /// The release of torch that [`lists`](Self::lists) is about: `2.15`; of a range, the oldest.
    pub fn release(&self) -> &str {
        self.releases().first().map_or("unknown", String::as_str)
    }

    /// The torch releases that will load the artifacts, oldest first: `(2, 15)`.
    pub fn targets(&self) -> impl Iterator<Item = (u16, u16)> {
        self.releases().iter().filter_map(|release| {
            let (major, minor) = release.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        })
    }

    /// How the torch release that will load the artifacts is told which globals to accept; of a range, the oldest.
    pub fn list_call(&self) -> ListCall {
        self.targets()
            .next()
            .map_or(ListCall::Missing, ListCall::of)
    }

    /// How the torch releases that will load the artifacts behave, oldest first; more than one where the target is a range.
    pub fn behaviour(&self) -> impl Iterator<Item = &'static pack::Release> {
        let releases = self.releases();
        pack::torch_releases()
            .iter()
            .filter(|known| releases.contains(&known.release))
    }
}

pub(super) fn known_releases() -> Vec<String> {
    pack::torch_releases()
        .iter()
        .map(|release| release.release.clone())
        .collect()
}
