//! What models of `MLflow` have installed: the lists beside their descriptions.

use super::load::{folder, join};
use crate::fact::{ContentFacts, Fact, Install, Site, Text};

/// The name of the description of a model.
const DESCRIPTION: &[u8] = b"MLmodel";

/// What a list has installed, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// What.
    pub install: Install,
    /// Where.
    pub site: Site,
}

impl Installed {
    /// What an entry with these facts has installed, as far as it is a file of its own.
    pub fn of(facts: &ContentFacts) -> Vec<Self> {
        let observations = facts.observations.iter();
        let installed = observations.filter_map(|observation| match &observation.fact {
            Fact::Install(install) if observation.site.hops.is_empty() => Some(Self {
                install: (**install).clone(),
                site: observation.site.clone(),
            }),
            _ => None,
        });
        installed.collect()
    }
}

/// Whether the list at a path lies beside the description of a model. `has` tells whether the view has a path.
pub(super) fn is_of_model(path: &Text, has: &dyn Fn(&[u8]) -> bool) -> bool {
    join(folder(path.as_bytes()), DESCRIPTION).is_some_and(|path| has(&path))
}
