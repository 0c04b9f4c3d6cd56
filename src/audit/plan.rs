//! Plans: which shard of a run audits which repository, by their sizes, before any of them is read.
//!
//! Each repository goes to the shard that its hash prefers, as without a plan, unless that one already has its part of the bytes: then
//! to the next that it prefers. So the shards are alike, and a repository or a shard that is added moves little else.

use std::path::Path;

use data_encoding::HEXLOWER;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    fetch::Mirrors,
    list,
    shard::Scores,
    state::git_folders,
    target::{Place, Target, canonical},
};
use crate::error::Error;

/// The version of a plan's schema.
const VERSION: u32 = 1;

/// What a repository costs before any of its bytes is read, in bytes: about ten milliseconds to open it and to write its files, in which
/// one to two megabytes of most histories are read.
const EACH: u64 = 1 << 20;

/// What an object costs besides its bytes, in bytes: trees that are walked and files of source that are parsed take as long as this much of a
/// picture or of a model. Among histories of real repositories, the time for an object differs twentyfold, that for a byte four hundredfold.
const OBJECT: u64 = 32 << 10;

/// Bytes of an object in the index of a pack: its id, its checksum and its place.
const INDEXED: u64 = 28;

/// What a shard may have more than its part of the bytes: a sixteenth.
const SPARE: u64 = 16;

/// How far the clock of a machine may be from the day of its plan. A plan that is made once and used for months would let waivers hold that
/// have ended.
const DAYS: i32 = 7;

/// Which shard audits which repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Always 1.
    pub version: u32,
    /// The day on which the plan was made: all shards judge waivers on it.
    pub day: String,
    /// How many shards there are.
    pub shards: u32,
    /// The repositories, by location.
    pub repositories: Vec<Planned>,
}

/// A repository of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The shard that audits it, from 1.
    pub shard: u32,
    /// Its canonical URL, or its path below the folder that is audited.
    pub location: String,
    /// What git fetches it from, where it is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The folder where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The branch, tag or commit that is audited, if one was named.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Who answers for it, if the list says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The policy for it alone, if the list names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Its size, where it is known: bytes, with what its objects cost besides if it is on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// What a shard has to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Its repositories.
    pub repositories: usize,
    /// Their bytes; where those are not known, what the others have at the median.
    pub bytes: u64,
}

impl Plan {
    /// Gives each repository to one of `shards`.
    ///
    /// # Errors
    /// A path that is not UTF-8: a plan is JSON.
    pub fn new(targets: &[Target], shards: u32, day: Date) -> Result<Self, Error> {
        let sizes: Vec<Option<u64>> = targets.iter().map(|target| target.size).collect();
        let weights = weights(&sizes);
        let ids: Vec<&str> = targets.iter().map(|it| it.repository.id.as_str()).collect();
        let owners = assign(&ids, &weights, shards);
        let planned = targets.iter().zip(owners);
        let planned = planned.map(|(target, shard)| Planned::new(target, shard));
        let mut repositories = planned.collect::<Result<Vec<_>, _>>()?;
        repositories.sort_by(|a, b| (&a.location, &a.reference).cmp(&(&b.location, &b.reference)));
        Ok(Self {
            version: VERSION,
            day: day.to_string(),
            shards,
            repositories,
        })
    }

    /// The plan of a file, and what tells it from all others.
    ///
    /// # Errors
    /// A file that cannot be read or is no plan.
    pub fn read(path: &Path) -> Result<(Self, String), Error> {
        let wrong = |message: String| Error::Usage {
            message: format!("{}: {message}", path.display()),
            help: String::from("write it with `weighbridge audit plan --output FILE`"),
        };
        let text = list::text(path)?;
        let plan: Self = serde_json::from_str(&text)
            .map_err(|error| wrong(format!("it is no plan of an audit: {error}")))?;
        if plan.version != VERSION {
            return Err(wrong(format!(
                "it is of version {}, and this program knows version {VERSION}",
                plan.version
            )));
        }
        let strange = |it: &&Planned| {
            !(1..=plan.shards).contains(&it.shard) || it.path.is_some() == it.url.is_some()
        };
        if let Some(it) = plan.repositories.iter().find(strange) {
            let message = format!(
                "`{}` has no shard of 1 to {}, or not exactly one of `path` and `url`",
                it.location, plan.shards
            );
            return Err(wrong(message));
        }
        Ok((plan, HEXLOWER.encode(&Sha256::digest(&text))))
    }

    /// The repositories of a plan that was read from a file, each with its shard.
    pub fn targets(&self, file: &Path) -> Vec<Target> {
        let folder = file.parent().unwrap_or(Path::new(""));
        self.repositories
            .iter()
            .map(|it| it.target(folder))
            .collect()
    }

    /// The day on which the shards of the plan judge.
    ///
    /// # Errors
    /// A plan of another time than this machine's.
    pub fn judged_on(&self, today: Date) -> Result<Date, Error> {
        if let Ok(day) = self.day.parse::<Date>()
            && day
                .until(today)
                .is_ok_and(|span| span.get_days().abs() <= DAYS)
        {
            return Ok(day);
        }
        Err(Error::Usage {
            message: format!(
                "the plan was made on {}, and this machine says that today is {today}",
                self.day
            ),
            help: String::from(
                "make a plan for each run, or set the clock: waivers that have ended in between would still hold",
            ),
        })
    }

    /// What each shard has to do, the first shard first.
    pub fn loads(&self) -> Vec<Load> {
        let sizes: Vec<Option<u64>> = self.repositories.iter().map(|it| it.size).collect();
        let middle = median(&sizes);
        let count = usize::try_from(self.shards).unwrap_or(usize::MAX);
        let mut loads = vec![Load::default(); count];
        for it in &self.repositories {
            let at = usize::try_from(it.shard.saturating_sub(1)).unwrap_or(usize::MAX);
            if let Some(load) = loads.get_mut(at) {
                load.repositories = load.repositories.saturating_add(1);
                load.bytes = load.bytes.saturating_add(it.size.unwrap_or(middle));
            }
        }
        loads
    }

    /// The repository with the most bytes, if any are known.
    pub fn largest(&self) -> Option<(&Planned, u64)> {
        let known = self
            .repositories
            .iter()
            .filter_map(|it| Some((it, it.size?)));
        known.max_by_key(|(_, size)| *size)
    }

    /// How many repositories have no size that is known.
    pub fn unknown(&self) -> usize {
        self.repositories
            .iter()
            .filter(|it| it.size.is_none())
            .count()
    }
}

impl Planned {
    fn new(target: &Target, shard: u32) -> Result<Self, Error> {
        let text = |path: &Path| {
            let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let text = whole.to_str().map(str::to_owned);
            text.ok_or_else(|| Error::Usage {
                message: format!("`{}` is not UTF-8", path.display()),
                help: String::from("rename it, or audit without a plan: a plan is JSON"),
            })
        };
        let (path, url) = match &target.place {
            Place::Folder(folder) => (Some(text(folder)?), None),
            Place::Url(url) => (None, Some(without_password(url))),
        };
        Ok(Self {
            shard,
            location: target.repository.location.clone(),
            url,
            path,
            reference: target.repository.reference.clone(),
            owner: target.repository.owner.clone(),
            policy: target.policy.as_deref().map(text).transpose()?,
            size: target.size,
        })
    }

    fn target(&self, folder: &Path) -> Target {
        let place = match (&self.path, &self.url) {
            (Some(path), _) => Place::Folder(folder.join(path)),
            (None, url) => Place::Url(url.clone().unwrap_or_default()),
        };
        let location = match &self.url {
            Some(url) => canonical(url),
            None => self.location.clone(),
        };
        let mut target = Target::new(location, self.reference.clone(), place);
        target.repository.owner.clone_from(&self.owner);
        target.policy = self.policy.as_ref().map(|policy| folder.join(policy));
        target.size = self.size;
        target.shard = Some(self.shard);
        target
    }
}

/// A URL without the password in it: plans are handed around, and credentials are git's.
fn without_password(url: &str) -> String {
    let split = url.split_once("://").and_then(|(scheme, rest)| {
        let host = rest.split('/').next().unwrap_or(rest);
        let (user, _) = host.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some((scheme, name, rest.get(user.len()..)?))
    });
    match split {
        Some((scheme, name, rest)) => format!("{scheme}://{name}{rest}"),
        None => url.to_owned(),
    }
}

/// What the repositories cost: their bytes, those of unknown size as the median of the others, and each something of its own.
fn weights(sizes: &[Option<u64>]) -> Vec<u64> {
    let middle = median(sizes);
    let weights = sizes
        .iter()
        .map(|size| size.unwrap_or(middle).saturating_add(EACH));
    weights.collect()
}

/// The size in the middle of those that are known; 0 if none is.
fn median(sizes: &[Option<u64>]) -> u64 {
    let mut known: Vec<u64> = sizes.iter().copied().flatten().collect();
    known.sort_unstable();
    known.get(known.len() / 2).copied().unwrap_or(0)
}

/// The shard of each repository. The largest choose first.
fn assign(ids: &[&str], weights: &[u64], shards: u32) -> Vec<u32> {
    let count = usize::try_from(shards).unwrap_or(usize::MAX);
    let total: u64 = weights
        .iter()
        .fold(0, |sum, weight| sum.saturating_add(*weight));
    let part = total.div_ceil(u64::from(shards.max(1)));
    let room = part.saturating_add(part / SPARE);
    let mut loads = vec![0_u64; count];
    let mut owners = vec![1; ids.len()];
    let mut order: Vec<(u64, &str, usize)> = ids
        .iter()
        .zip(weights)
        .enumerate()
        .map(|(at, (id, weight))| (*weight, *id, at))
        .collect();
    order.sort_unstable_by_key(|(weight, id, _)| (std::cmp::Reverse(*weight), *id));
    for (weight, id, at) in order {
        let scores = Scores::of(id);
        let load_of = |number: u32| {
            let at = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            loads.get(at).copied().unwrap_or(u64::MAX)
        };
        let fits = |number: &u32| load_of(*number).saturating_add(weight) <= room;
        let preferred = (1..=shards)
            .filter(fits)
            .max_by_key(|number| scores.of_shard(*number));
        // What fits nowhere goes where there is least.
        let least = || {
            (1..=shards).min_by_key(|number| {
                (
                    load_of(*number),
                    std::cmp::Reverse(scores.of_shard(*number)),
                )
            })
        };
        let number = preferred.or_else(least).unwrap_or(1);
        let owner = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(load) = loads.get_mut(owner) {
            *load = load.saturating_add(weight);
        }
        if let Some(owner) = owners.get_mut(at) {
            *owner = number;
        }
    }
    owners
}

/// The sizes of repositories where their list does not say them: those of the clones and mirrors that are on this machine.
pub fn measure(targets: &mut [Target], mirrors: &Path) {
    let mirrors = Mirrors::new(mirrors.to_owned());
    for target in targets.iter_mut().filter(|target| target.size.is_none()) {
        target.size = size_of(&mirrors.folder(target));
    }
}

/// The size of a repository with its history: bytes of the objects that it has and of the files that git-lfs keeps for it, and [`OBJECT`]
/// for each object.
fn size_of(repository: &Path) -> Option<u64> {
    let (_, common) = git_folders(repository)?;
    let mut folders = vec![common.join("objects"), common.join("lfs/objects")];
    let (mut bytes, mut objects) = (0_u64, 0_u64);
    while let Some(folder) = folders.pop() {
        for child in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(metadata) = child.metadata() else {
                continue;
            };
            let path = child.path();
            if metadata.is_dir() {
                folders.push(path);
                continue;
            }
            bytes = bytes.saturating_add(metadata.len());
            let packed = path.extension().is_some_and(|suffix| suffix == "idx");
            let count = if packed {
                metadata.len() / INDEXED
            } else {
                u64::from(path.extension().is_none())
            };
            objects = objects.saturating_add(count);
        }
    }
    let size = bytes.saturating_add(objects.saturating_mul(OBJECT));
    (bytes > 0).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::{assign, weights, without_password};

    /// Sizes as organisations have them: most small, some a thousand times as large.
    fn repositories(count: u64) -> (Vec<String>, Vec<u64>) {
        let ids = (0..count).map(|n| format!("repository {n}")).collect();
        let sizes: Vec<Option<u64>> = (1..=count)
            .map(|n| (n % 7 > 0).then_some((1 << 32) / n))
            .collect();
        (ids, weights(&sizes))
    }

    fn planned(count: u64, shards: u32) -> (Vec<u64>, Vec<u32>) {
        let (ids, weights) = repositories(count);
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let owners = assign(&ids, &weights, shards);
        (weights, owners)
    }

    #[test]
    fn shards_have_about_the_same_to_do() {
        for shards in [2_u32, 3, 8, 16] {
            let (weights, owners) = planned(5_000, shards);
            let mut loads = vec![0_u64; shards as usize];
            for (owner, weight) in owners.iter().zip(&weights) {
                loads[*owner as usize - 1] += weight;
            }
            let part = weights.iter().sum::<u64>() / u64::from(shards);
            let most = loads.iter().max().unwrap();
            let largest = weights.iter().max().unwrap();
            assert!(
                *most <= (part + part / 16 + 2).max(*largest),
                "{shards}: {loads:?}"
            );
        }
    }

    #[test]
    fn what_is_added_moves_little_else() {
        let moved = |before: &[u32], after: &[u32]| {
            let pairs = before.iter().zip(after);
            pairs.filter(|(before, after)| before != after).count()
        };
        let (_, before) = planned(5_000, 16);
        // A seventeenth of them has to move to a shard that is added.
        let (_, after) = planned(5_000, 17);
        let count = moved(&before, &after);
        assert!(
            (200..900).contains(&count),
            "{count} of 5000 move to another shard"
        );
        let (_, after) = planned(5_050, 16);
        let count = moved(&before, &after);
        assert!(
            count < 250,
            "{count} of 5000 move for one in a hundred more"
        );
    }

    #[test]
    fn repositories_of_unknown_size_count_alike() {
        let ids: Vec<String> = (0..1_000).map(|n| format!("repository {n}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let owners = assign(&ids, &weights(&vec![None; 1_000]), 10);
        for number in 1..=10 {
            let own = owners.iter().filter(|owner| **owner == number).count();
            assert!((80..=106).contains(&own), "{number}: {own}");
        }
    }

    #[test]
    fn a_plan_has_no_password() {
        for (url, expected) in [
            (
                "https://ada:secret@host/team/repo",
                "https://ada@host/team/repo",
            ),
            ("https://ada:s@cret@host/a", "https://ada@host/a"),
            (
                "https://ada@host/team/repo:x@y",
                "https://ada@host/team/repo:x@y",
            ),
            ("https://host:8443/a", "https://host:8443/a"),
            ("git@host:team/repo", "git@host:team/repo"),
        ] {
            assert_eq!(without_password(url), expected);
        }
    }
}
