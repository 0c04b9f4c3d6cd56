//! What the engines that run many copies of a command say in the environment of each copy: which copy it is, and of how many.

use super::shard::Shard;

/// The variables of an engine.
struct Engine {
    name: &'static str,
    /// A variable that only this engine sets, where others have the same names.
    sign: Option<&'static str>,
    /// The number of this copy.
    number: &'static str,
    first: First,
    count: Count,
}

/// The number that the first copy has.
enum First {
    Zero,
    One,
    /// What this variable says.
    Said(&'static str),
}

/// How many copies there are.
enum Count {
    /// What this variable says.
    Said(&'static str),
    /// Those of a range: the last number, the step, and the count where that is said as well.
    Range {
        last: &'static str,
        step: &'static str,
        count: Option<&'static str>,
    },
    Unsaid,
}

const fn engine(name: &'static str, number: &'static str, first: First, count: Count) -> Engine {
    Engine {
        name,
        sign: None,
        number,
        first,
        count,
    }
}

/// The engines that are known.
const ENGINES: &[Engine] = &[
    engine(
        "AWS Batch",
        "AWS_BATCH_JOB_ARRAY_INDEX",
        First::Zero,
        Count::Said("AWS_BATCH_JOB_ARRAY_SIZE"),
    ),
    engine(
        "Azure Pipelines",
        "SYSTEM_JOBPOSITIONINPHASE",
        First::One,
        Count::Said("SYSTEM_TOTALJOBSINPHASE"),
    ),
    engine(
        "Bitbucket Pipelines",
        "BITBUCKET_PARALLEL_STEP",
        First::Zero,
        Count::Said("BITBUCKET_PARALLEL_STEP_COUNT"),
    ),
    engine(
        "Buildkite",
        "BUILDKITE_PARALLEL_JOB",
        First::Zero,
        Count::Said("BUILDKITE_PARALLEL_JOB_COUNT"),
    ),
    engine(
        "CircleCI",
        "CIRCLE_NODE_INDEX",
        First::Zero,
        Count::Said("CIRCLE_NODE_TOTAL"),
    ),
    engine(
        "Cloud Run",
        "CLOUD_RUN_TASK_INDEX",
        First::Zero,
        Count::Said("CLOUD_RUN_TASK_COUNT"),
    ),
    Engine {
        // Others have the same two names, and count from 0.
        sign: Some("GITLAB_CI"),
        ..engine(
            "GitLab CI",
            "CI_NODE_INDEX",
            First::One,
            Count::Said("CI_NODE_TOTAL"),
        )
    },
    engine(
        "Google Cloud Batch",
        "BATCH_TASK_INDEX",
        First::Zero,
        Count::Said("BATCH_TASK_COUNT"),
    ),
    engine(
        "Grid Engine",
        "SGE_TASK_ID",
        First::Said("SGE_TASK_FIRST"),
        Count::Range {
            last: "SGE_TASK_LAST",
            step: "SGE_TASK_STEPSIZE",
            count: None,
        },
    ),
    engine(
        "Kubernetes",
        "JOB_COMPLETION_INDEX",
        First::Zero,
        Count::Unsaid,
    ),
    engine(
        "LSF",
        "LSB_JOBINDEX",
        First::One,
        Count::Range {
            last: "LSB_JOBINDEX_END",
            step: "LSB_JOBINDEX_STEP",
            count: None,
        },
    ),
    engine("Nomad", "NOMAD_ALLOC_INDEX", First::Zero, Count::Unsaid),
    engine("PBS", "PBS_ARRAY_INDEX", First::One, Count::Unsaid),
    engine(
        "Semaphore",
        "SEMAPHORE_JOB_INDEX",
        First::One,
        Count::Said("SEMAPHORE_JOB_COUNT"),
    ),
    engine(
        "Slurm",
        "SLURM_ARRAY_TASK_ID",
        First::Said("SLURM_ARRAY_TASK_MIN"),
        Count::Range {
            last: "SLURM_ARRAY_TASK_MAX",
            step: "SLURM_ARRAY_TASK_STEP",
            count: Some("SLURM_ARRAY_TASK_COUNT"),
        },
    ),
];

/// What an engine says of this copy.
struct Said {
    engine: &'static str,
    /// From 0.
    index: u32,
    count: Option<u32>,
}

impl Engine {
    /// What it says, if it is the engine that runs this process.
    ///
    /// # Errors
    /// Numbers that do not go together.
    fn said(&self, variable: &dyn Fn(&str) -> Option<String>) -> Option<Result<Said, String>> {
        let number = |name: &str| variable(name)?.trim().parse::<u32>().ok();
        // Grid Engine says `undefined` outside of an array, LSF 0; an empty variable is none.
        let own = number(self.number)?;
        let is_other = self.sign.is_some_and(|sign| variable(sign).is_none());
        if is_other || (own == 0 && matches!(self.first, First::One)) {
            return None;
        }
        let first = match self.first {
            First::Zero => 0,
            First::One => 1,
            First::Said(name) => number(name).unwrap_or(1),
        };
        let wrong = || {
            format!(
                "{} runs an array whose numbers are not evenly spaced: submit it as one range, such as 1-16, or write the shard, as in `--shard 3/16`",
                self.name
            )
        };
        let (step, count) = match self.count {
            Count::Unsaid => (1, None),
            Count::Said(name) => (1, number(name)),
            Count::Range { last, step, count } => {
                let step = number(step).filter(|step| *step > 0).unwrap_or(1);
                let steps =
                    number(last).and_then(|last| last.checked_sub(first)?.checked_div(step));
                let of_range = steps.and_then(|steps| steps.checked_add(1));
                let said = count.and_then(number);
                if of_range.is_some() && said.is_some() && of_range != said {
                    return Some(Err(wrong()));
                }
                (step, of_range.or(said))
            }
        };
        let past = own.checked_sub(first);
        let index = past.filter(|past| past.checked_rem(step) == Some(0));
        Some(match index.and_then(|past| past.checked_div(step)) {
            Some(index) => Ok(Said {
                engine: self.name,
                index,
                count,
            }),
            None => Err(wrong()),
        })
    }
}

/// The shard that the surroundings give this process, and the engine that does. `variable` looks up one of its variables, `of` is how many
/// shards the user or the plan says there are: some engines do not say it.
///
/// # Errors
/// No engine that is known, several that do not agree, one that does not say how many copies there are, or says another number than `of`.
pub fn detect(
    variable: &dyn Fn(&str) -> Option<String>,
    of: Option<u32>,
) -> Result<(Shard, &'static str), String> {
    let said = ENGINES.iter().filter_map(|engine| engine.said(variable));
    let said = said.collect::<Result<Vec<Said>, String>>()?;
    let Some(first) = said.first() else {
        if variable("GITHUB_ACTIONS").is_some() {
            return Err(String::from(
                "GitHub Actions sets no variable that says which shard this is: hand over `strategy.job-index` and `strategy.job-total`",
            ));
        }
        let names: Vec<&str> = ENGINES.iter().map(|engine| engine.number).collect();
        return Err(format!(
            "no variable says which shard this is; known are {}",
            names.join(", ")
        ));
    };
    // One engine may run in a copy of another.
    if let Some(other) = said.iter().find(|other| other.index != first.index) {
        return Err(format!(
            "{} and {} both say which shard this is, and not the same",
            first.engine, other.engine
        ));
    }
    let mut counts = said.iter().filter_map(|it| Some((it.engine, it.count?)));
    let (engine, count) = match (counts.next(), of) {
        (Some((engine, count)), Some(of)) if count != of => {
            return Err(format!(
                "{engine} runs {count} copies, and there are {of} shards"
            ));
        }
        (Some((engine, count)), _) => (engine, count),
        (None, Some(of)) => (first.engine, of),
        (None, None) => {
            return Err(format!(
                "{} does not say how many shards there are: write `--shard auto/N`",
                first.engine
            ));
        }
    };
    if let Some((other, another)) = counts.find(|(_, other)| *other != count) {
        return Err(format!(
            "{engine} says that there are {count} shards, and {other} that there are {another}"
        ));
    }
    let number = first.index.checked_add(1);
    let shard = number.and_then(|number| Shard::new(number, count));
    shard
        .map(|shard| (shard, engine))
        .ok_or_else(|| format!("{engine} says a shard that is not one of {count}"))
}

#[cfg(test)]
mod tests {
    use super::detect;

    fn said(pairs: &[(&str, &str)], of: Option<u32>) -> Result<String, String> {
        let variable = |name: &str| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        detect(&variable, of).map(|(shard, engine)| format!("{shard} {engine}"))
    }

    #[test]
    fn each_engine_says_its_shard() {
        for (text, expected) in [
            (
                "AWS_BATCH_JOB_ARRAY_INDEX=0 AWS_BATCH_JOB_ARRAY_SIZE=10",
                "1/10 AWS Batch",
            ),
            (
                "SYSTEM_JOBPOSITIONINPHASE=3 SYSTEM_TOTALJOBSINPHASE=5",
                "3/5 Azure Pipelines",
            ),
            (
                "BITBUCKET_PARALLEL_STEP=1 BITBUCKET_PARALLEL_STEP_COUNT=2",
                "2/2 Bitbucket Pipelines",
            ),
            (
                "BUILDKITE_PARALLEL_JOB=0 BUILDKITE_PARALLEL_JOB_COUNT=4",
                "1/4 Buildkite",
            ),
            ("CIRCLE_NODE_INDEX=3 CIRCLE_NODE_TOTAL=4", "4/4 CircleCI"),
            (
                "CLOUD_RUN_TASK_INDEX=9 CLOUD_RUN_TASK_COUNT=16",
                "10/16 Cloud Run",
            ),
            (
                "GITLAB_CI=true CI_NODE_INDEX=1 CI_NODE_TOTAL=5",
                "1/5 GitLab CI",
            ),
            (
                "BATCH_TASK_INDEX=2 BATCH_TASK_COUNT=3",
                "3/3 Google Cloud Batch",
            ),
            (
                "SGE_TASK_ID=7 SGE_TASK_FIRST=1 SGE_TASK_LAST=9 SGE_TASK_STEPSIZE=2",
                "4/5 Grid Engine",
            ),
            (
                "LSB_JOBINDEX=4 LSB_JOBINDEX_END=8 LSB_JOBINDEX_STEP=1",
                "4/8 LSF",
            ),
            (
                "SEMAPHORE_JOB_INDEX=1 SEMAPHORE_JOB_COUNT=2",
                "1/2 Semaphore",
            ),
            (
                "SLURM_ARRAY_TASK_ID=12 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_MAX=13 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_STEP=1",
                "3/4 Slurm",
            ),
            (
                "SLURM_ARRAY_TASK_ID=8 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=12 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_STEP=4",
                "3/4 Slurm",
            ),
            // An engine in a copy of another, which say the same.
            (
                "AWS_BATCH_JOB_ARRAY_INDEX=2 AWS_BATCH_JOB_ARRAY_SIZE=4 JOB_COMPLETION_INDEX=2",
                "3/4 AWS Batch",
            ),
        ] {
            let pairs: Vec<_> = text
                .split(' ')
                .filter_map(|it| it.split_once('='))
                .collect();
            assert_eq!(said(&pairs, None).as_deref(), Ok(expected), "{text}");
        }
        for (name, engine) in [
            ("JOB_COMPLETION_INDEX", "6/7 Kubernetes"),
            ("NOMAD_ALLOC_INDEX", "6/7 Nomad"),
            ("PBS_ARRAY_INDEX", "5/7 PBS"),
        ] {
            assert_eq!(said(&[(name, "5")], Some(7)).as_deref(), Ok(engine));
            assert!(said(&[(name, "5")], None).is_err());
        }
    }

    #[test]
    fn what_is_in_doubt_is_no_shard() {
        for (text, of, why) in [
            ("", Some(7), "no variable"),
            ("GITHUB_ACTIONS=true", None, "job-index"),
            ("JOB_COMPLETION_INDEX=7", Some(7), "not one of 7"),
            // Not of an array, or of another engine that counts from 0.
            ("SGE_TASK_ID=undefined", Some(7), "no variable"),
            ("LSB_JOBINDEX=0", Some(7), "no variable"),
            ("CI_NODE_INDEX=0 CI_NODE_TOTAL=5", None, "no variable"),
            // Only one task of an array was submitted again.
            (
                "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_COUNT=1",
                Some(16),
                "runs 1 copies",
            ),
            (
                "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_COUNT=3",
                None,
                "evenly",
            ),
            (
                "CIRCLE_NODE_INDEX=1 CIRCLE_NODE_TOTAL=4 JOB_COMPLETION_INDEX=2",
                None,
                "not the same",
            ),
            (
                "CIRCLE_NODE_INDEX=1 CIRCLE_NODE_TOTAL=4 BATCH_TASK_INDEX=1 BATCH_TASK_COUNT=5",
                None,
                "that there are 4",
            ),
        ] {
            let pairs: Vec<_> = text
                .split(' ')
                .filter_map(|it| it.split_once('='))
                .collect();
            let error = said(&pairs, of).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
