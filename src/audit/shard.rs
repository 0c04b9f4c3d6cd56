//! Which machine audits which repository: by a hash of both, so that a list that grows moves only what has to move.

use sha2::{Digest as _, Sha256};

use super::target::Target;

/// A part of a run: the first of four is `1/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    number: u32,
    of: u32,
}

/// Shards of one run.
const MOST: u32 = 100_000;

impl Shard {
    /// The `number`th of `of`, from 1; `None` if there is no such shard.
    pub fn new(number: u32, of: u32) -> Option<Self> {
        ((1..=of).contains(&number) && of <= MOST).then_some(Self { number, of })
    }

    /// From `k/n`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shard = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.trim().parse().ok()?, of.trim().parse().ok()?);
            Self::new(number, of)
        });
        shard.ok_or_else(|| {
            String::from("write the number of this shard, from 1, and how many there are: `3/16`")
        })
    }

    /// All of a run.
    pub fn whole() -> Self {
        Self { number: 1, of: 1 }
    }

    /// Whether it is all of the run.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }

    /// Which of them it is, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }

    /// Whether a repository belongs to it, as the plan says or else the hash: exactly one shard of a run has each.
    pub fn has(self, target: &Target) -> bool {
        let owner = || {
            target
                .shard
                .unwrap_or_else(|| owner(&target.repository.id, self.of))
        };
        self.of == 1 || owner() == self.number
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// The shard that has a repository: the one whose score is the highest.
fn owner(id: &str, of: u32) -> u32 {
    let scores = Scores::of(id);
    (1..=of)
        .max_by_key(|number| scores.of_shard(*number))
        .unwrap_or(1)
}

/// How much a repository belongs to each shard: a hash of both, so that a shard that is added takes only what is to be its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scores(u64);

impl Scores {
    /// Those of the repository with an id.
    pub(super) fn of(id: &str) -> Self {
        let digest = Sha256::digest(id);
        let bytes = digest.first_chunk().copied().unwrap_or_default();
        Self(u64::from_be_bytes(bytes))
    }

    /// That of a shard, higher than all others for the shard that has it. The lower number comes first where two are the same.
    pub(super) fn of_shard(self, number: u32) -> (u64, std::cmp::Reverse<u32>) {
        // The finalizer of splitmix64: each bit of the number changes half of the bits.
        let mut hash = self.0 ^ u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (hash ^ (hash >> 31), std::cmp::Reverse(number))
    }
}

#[cfg(test)]
mod tests {
    use super::{Shard, owner};
    use crate::audit::{Place, Target};

    fn targets() -> Vec<Target> {
        let target = |n: u32| {
            let location = format!("https://host.example/team/repo{n}");
            Target::new(location, None, Place::Folder("x".into()))
        };
        (0..2000).map(target).collect()
    }

    #[test]
    fn each_repository_has_one_shard_and_they_are_alike() {
        let shards: Vec<Shard> = (1..=8).filter_map(|n| Shard::new(n, 8)).collect();
        let targets = targets();
        for target in &targets {
            assert_eq!(shards.iter().filter(|shard| shard.has(target)).count(), 1);
        }
        for shard in shards {
            let own = targets.iter().filter(|target| shard.has(target)).count();
            assert!((150..350).contains(&own), "{shard}: {own}");
        }
    }

    #[test]
    fn another_shard_moves_only_its_own() {
        for target in targets() {
            let (before, after) = (
                owner(&target.repository.id, 8),
                owner(&target.repository.id, 9),
            );
            assert!(before == after || after == 9);
        }
    }

    #[test]
    fn a_shard_is_written_from_one() {
        for wrong in ["0/4", "5/4", "1", "a/b", "1/0"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Shard::parse("4/4").unwrap().to_string(), "4/4");
    }
}
