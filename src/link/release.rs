//! Artifacts that another release of their library wrote than the repository asks for.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Version, VersionSpecifiers};

use super::load::{folder, join};
use crate::{
    fact::{ContentFacts, Fact, Requirement, Site, Text},
    limits,
};

/// What an entry says of a release of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    /// It was written by one.
    WrittenBy {
        /// The library.
        library: String,
        /// The release.
        version: Text,
        /// Where it says so.
        site: Site,
    },
    /// It asks for some.
    AskedFor {
        /// Which.
        requirement: Requirement,
        /// Where.
        site: Site,
    },
    /// It includes another list of what is asked for: its path from the entry's folder.
    Includes(Text),
}

/// An artifact of another release than the repository asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRelease<'a> {
    /// The artifact.
    pub artifact: &'a Text,
    /// Where it says which release wrote it.
    pub site: Site,
    /// The release.
    pub version: Text,
    /// The file that asks for others.
    pub asking: &'a Text,
    /// Where it does.
    pub asked_at: Site,
    /// For which.
    pub requirement: Requirement,
}

impl Release {
    /// What an entry with these facts says; each once.
    pub fn of(facts: &ContentFacts) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        let said = |observation: &crate::fact::Observation| match &observation.fact {
            Fact::Library {
                name,
                version: Some(version),
            } => seen
                .insert((name.clone(), version.clone()))
                .then(|| Self::WrittenBy {
                    library: name.clone(),
                    version: version.clone(),
                    site: observation.site.clone(),
                }),
            Fact::Requirement(requirement) => Some(Self::AskedFor {
                requirement: (**requirement).clone(),
                site: observation.site.clone(),
            }),
            Fact::RequirementsFile(path) => Some(Self::Includes(path.clone())),
            _ => None,
        };
        facts.observations.iter().filter_map(said).collect()
    }
}

/// A place where a repository asks for releases.
type Asked<'a> = (&'a Text, Requirement, Site);

/// Compares what artifacts say with what the nearest folder above them asks for.
pub(super) fn compare(said: Vec<(&Text, Release)>) -> Vec<OtherRelease<'_>> {
    let mut lists = Lists::default();
    let mut written = Vec::new();
    for (path, release) in said {
        match release {
            Release::AskedFor { requirement, site } => {
                let list = lists.asked.entry(path.as_bytes()).or_default();
                list.push((path, requirement, site));
            }
            Release::Includes(other) => {
                let other = join(folder(path.as_bytes()), other.as_bytes());
                let included = lists.included.entry(path.as_bytes()).or_default();
                included.extend(other);
            }
            Release::WrittenBy {
                library,
                version,
                site,
            } => written.push((path, library, version, site)),
        }
    }
    if lists.asked.is_empty() || written.is_empty() {
        return Vec::new();
    }
    let folders = lists.by_folder();
    let mut nearest = BTreeMap::new();
    let mut others = Vec::new();
    for (artifact, library, version, site) in written {
        let Ok(release) = version.to_string().parse::<Version>() else {
            continue;
        };
        let key = (folder(artifact.as_bytes()), library);
        if !nearest.contains_key(&key) {
            let found = lists.nearest(&folders, key.0, &key.1);
            nearest.insert(key.clone(), found);
        }
        if let Some((asking, requirement, asked_at)) =
            nearest.get(&key).and_then(|asked| refuses(asked, &release))
        {
            others.push(OtherRelease {
                artifact,
                site,
                version,
                asking,
                asked_at: asked_at.clone(),
                requirement: requirement.clone(),
            });
        }
    }
    others
}

/// The lists of what a repository asks for, by their paths.
#[derive(Debug, Default)]
struct Lists<'a> {
    asked: BTreeMap<&'a [u8], Vec<Asked<'a>>>,
    /// Paths of other lists that they include.
    included: BTreeMap<&'a [u8], BTreeSet<Vec<u8>>>,
}

impl<'a> Lists<'a> {
    /// The lists that count in each folder: those that stand there, and what they include.
    fn by_folder(&self) -> BTreeMap<&[u8], BTreeSet<&[u8]>> {
        let mut folders: BTreeMap<&[u8], BTreeSet<&[u8]>> = BTreeMap::new();
        let roots: BTreeSet<&[u8]> = self
            .asked
            .keys()
            .chain(self.included.keys())
            .copied()
            .collect();
        for root in roots {
            let (mut seen, mut left) = (BTreeSet::from([root]), vec![root]);
            while let Some(path) = left.pop() {
                let others = self.included.get(path).into_iter().flatten();
                for other in others.map(Vec::as_slice) {
                    if seen.len() < limits::REQUIREMENT_LISTS && seen.insert(other) {
                        left.push(other);
                    }
                }
            }
            folders.entry(folder(root)).or_default().extend(seen);
        }
        folders
    }

    /// What the nearest folder at or above one asks for of a library.
    fn nearest<'l>(
        &'l self,
        folders: &BTreeMap<&[u8], BTreeSet<&'l [u8]>>,
        mut at: &[u8],
        library: &str,
    ) -> Vec<&'l Asked<'a>> {
        loop {
            let lists = folders.get(at).into_iter().flatten();
            let asked = lists.flat_map(|list| self.asked.get(list).into_iter().flatten());
            let asked: Vec<&Asked<'a>> = asked
                .filter(|(_, requirement, _)| requirement.library == library)
                .collect();
            if !asked.is_empty() || at.is_empty() {
                return asked;
            }
            at = folder(at);
        }
    }
}

/// The first place that asks for other releases, if none asks for this one. Where one asks for a single release, as lock files do,
/// ranges do not count.
fn refuses<'i, 'a>(asked: &[&'i Asked<'a>], release: &Version) -> Option<&'i Asked<'a>> {
    let any_exact = asked.iter().any(|(_, requirement, _)| requirement.is_exact);
    let mut counting = asked
        .iter()
        .copied()
        .filter(|(_, requirement, _)| requirement.is_exact == any_exact);
    // What is not understood takes any release.
    let refuses = |(_, requirement, _): &Asked<'_>| {
        let specifier = requirement.specifier.to_string();
        let specifiers = specifier.parse::<VersionSpecifiers>();
        specifiers.is_ok_and(|specifiers| !specifiers.contains(release))
    };
    let first = counting.clone().next()?;
    counting.all(refuses).then_some(first)
}
