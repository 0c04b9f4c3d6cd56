//! Artifacts that another release of their library wrote than the repository asks for.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Version, VersionSpecifiers};

use crate::fact::{ContentFacts, Fact, Requirement, Site, Text};

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
            _ => None,
        };
        facts.observations.iter().filter_map(said).collect()
    }
}

/// A place where a repository asks for releases.
type Asked<'a> = (&'a Text, Requirement, Site);

/// Compares what artifacts say with what the nearest folder above them asks for.
pub(super) fn compare<'a>(said: Vec<(&'a Text, Release)>) -> Vec<OtherRelease<'a>> {
    let mut asked: BTreeMap<(&[u8], String), Vec<Asked<'a>>> = BTreeMap::new();
    let mut written = Vec::new();
    for (path, release) in said {
        match release {
            Release::AskedFor { requirement, site } => {
                let at = (folder(path.as_bytes()), requirement.library.clone());
                asked.entry(at).or_default().push((path, requirement, site));
            }
            Release::WrittenBy {
                library,
                version,
                site,
            } => written.push((path, library, version, site)),
        }
    }
    if asked.is_empty() {
        return Vec::new();
    }
    let mut others = Vec::new();
    for (artifact, library, version, site) in written {
        let Ok(release) = version.to_string().parse::<Version>() else {
            continue;
        };
        let mut at = folder(artifact.as_bytes());
        let nearest = loop {
            match asked.get(&(at, library.clone())) {
                Some(found) => break Some(found),
                None if at.is_empty() => break None,
                None => at = folder(at),
            }
        };
        if let Some((asking, requirement, asked_at)) =
            nearest.and_then(|asked| refuses(asked, &release))
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

/// The first place that asks for other releases, if none asks for this one. Where one asks for a single release, as lock files do,
/// ranges do not count.
fn refuses<'i, 'a>(asked: &'i [Asked<'a>], release: &Version) -> Option<&'i Asked<'a>> {
    let any_exact = asked.iter().any(|(_, requirement, _)| requirement.is_exact);
    let mut counting = asked
        .iter()
        .filter(|(_, requirement, _)| requirement.is_exact == any_exact);
    // What is not understood takes any release.
    let refuses = |(_, requirement, _): &&Asked<'_>| {
        let specifier = requirement.specifier.to_string();
        let specifiers = specifier.parse::<VersionSpecifiers>();
        specifiers.is_ok_and(|specifiers| !specifiers.contains(release))
    };
    let first = counting.clone().next()?;
    counting.all(|it| refuses(&it)).then_some(first)
}

/// The folder of a path; empty for the root.
fn folder(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|b| *b == b'/');
    slash.and_then(|at| path.get(..at)).unwrap_or_default()
}
