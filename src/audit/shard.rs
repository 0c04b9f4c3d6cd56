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

    /// Whether a repository belongs to it: exactly one shard of a run has each.
    pub fn has(self, target: &Target) -> bool {
        self.of == 1 || owner(&target.repository.id, self.of) == self.number
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// The shard that has a repository: the one whose hash together with the repository's id is the largest.
fn owner(id: &str, of: u32) -> u32 {
    let weight = |number: &u32| {
        let mut digest = Sha256::new();
        digest.update(id);
        digest.update(number.to_be_bytes());
        let digest: [u8; 32] = digest.finalize().into();
        (digest, std::cmp::Reverse(*number))
    };
    (1..=of).max_by_key(weight).unwrap_or(1)
}

/// What an engine that runs many copies of a command says in its environment: the variable with the number of this copy, the number
/// of the first copy, the variable with how many there are.
struct Engine {
    name: &'static str,
    number: &'static str,
    first: First,
    count: Option<&'static str>,
}

/// The number that the first copy has.
enum First {
    Zero,
    One,
    /// What this variable says.
    Said(&'static str),
}

/// The engines that are known, by what they set.
const ENGINES: &[Engine] = &[
    Engine {
        name: "AWS Batch",
        number: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: First::Zero,
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
    },
    Engine {
        name: "Slurm",
        number: "SLURM_ARRAY_TASK_ID",
        first: First::Said("SLURM_ARRAY_TASK_MIN"),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    Engine {
        name: "GitLab CI",
        number: "CI_NODE_INDEX",
        first: First::One,
        count: Some("CI_NODE_TOTAL"),
    },
    Engine {
        name: "CircleCI",
        number: "CIRCLE_NODE_INDEX",
        first: First::Zero,
        count: Some("CIRCLE_NODE_TOTAL"),
    },
    Engine {
        name: "Buildkite",
        number: "BUILDKITE_PARALLEL_JOB",
        first: First::Zero,
        count: Some("BUILDKITE_PARALLEL_JOB_COUNT"),
    },
    Engine {
        name: "Cloud Run",
        number: "CLOUD_RUN_TASK_INDEX",
        first: First::Zero,
        count: Some("CLOUD_RUN_TASK_COUNT"),
    },
    Engine {
        name: "Google Cloud Batch",
        number: "BATCH_TASK_INDEX",
        first: First::Zero,
        count: Some("BATCH_TASK_COUNT"),
    },
    Engine {
        name: "Kubernetes",
        number: "JOB_COMPLETION_INDEX",
        first: First::Zero,
        count: None,
    },
    Engine {
        name: "PBS",
        number: "PBS_ARRAY_INDEX",
        first: First::One,
        count: None,
    },
];

/// The shard that the surroundings give this process, and the engine that does. `variable` looks up one of its variables, `of` is how many
/// shards the user says there are: some engines do not say it.
///
/// # Errors
/// No engine that is known, or one that does not say how many copies there are.
pub fn detect(
    variable: &dyn Fn(&str) -> Option<String>,
    of: Option<u32>,
) -> Result<(Shard, &'static str), String> {
    let number = |name: &str| variable(name)?.trim().parse::<u32>().ok();
    // A zeroth Slurm task is one; a variable that is empty is none.
    let engine = ENGINES
        .iter()
        .find(|engine| number(engine.number).is_some());
    let Some(engine) = engine else {
        let names: Vec<&str> = ENGINES.iter().map(|engine| engine.number).collect();
        return Err(format!(
            "no variable says which shard this is; known are {}",
            names.join(", ")
        ));
    };
    let first = match engine.first {
        First::Zero => 0,
        First::One => 1,
        First::Said(name) => number(name).unwrap_or(0),
    };
    let count = of.or_else(|| number(engine.count?));
    let Some(count) = count else {
        return Err(format!(
            "{} does not say how many shards there are: write `--shard auto/N`",
            engine.name
        ));
    };
    let own = number(engine.number).unwrap_or(0);
    let own = own.checked_sub(first).and_then(|own| own.checked_add(1));
    let shard = own.and_then(|own| Shard::new(own, count));
    shard
        .map(|shard| (shard, engine.name))
        .ok_or_else(|| format!("{} says a shard that is not one of {count}", engine.name))
}

#[cfg(test)]
mod tests {
    use super::{Shard, detect, owner};
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
    fn engines_are_known() {
        let said = |pairs: &'static [(&str, &str)], of: Option<u32>| {
            let variable = move |name: &str| {
                let found = pairs.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            detect(&variable, of).map(|(shard, engine)| format!("{shard} {engine}"))
        };
        let slurm: &[_] = &[
            ("SLURM_ARRAY_TASK_ID", "12"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_eq!(said(slurm, None).unwrap(), "3/4 Slurm");
        let gitlab: &[_] = &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "5")];
        assert_eq!(said(gitlab, None).unwrap(), "1/5 GitLab CI");
        let kubernetes: &[_] = &[("JOB_COMPLETION_INDEX", "0")];
        assert!(said(kubernetes, None).is_err());
        assert_eq!(said(kubernetes, Some(7)).unwrap(), "1/7 Kubernetes");
        assert!(said(&[("JOB_COMPLETION_INDEX", "7")], Some(7)).is_err());
        assert!(said(&[], Some(7)).is_err());
        for wrong in ["0/4", "5/4", "1", "a/b", "1/0"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Shard::parse("4/4").unwrap().to_string(), "4/4");
    }
}
