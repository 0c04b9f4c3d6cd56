//! What a change is judged by in a pipeline: the policy of what it is to go into, never its own.
//!
//! A pipeline says through its environment what runs it and which branch a change is for. Where it does not, its author says
//! so with `WEIGHBRIDGE_BASE`. The first name that stands for a commit here counts; nothing is fetched.

use std::path::Path;

use crate::{
    bytes::{FileSource, Window},
    error::Error,
    git,
};

/// What judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judge {
    /// The policy that lies there: somebody works here, or what is checked out is not under review.
    Own,
    /// The policy that this revision has.
    Revision(String),
    /// A revision that is not here.
    Missing {
        /// What is missing, as a sentence begins.
        message: String,
        /// How to get it.
        help: String,
    },
}

impl Judge {
    /// That what it is to be judged by is missing, as an error.
    ///
    /// # Errors
    /// Always so, if it is.
    pub fn revision(self) -> Result<Option<String>, Error> {
        match self {
            Self::Own => Ok(None),
            Self::Revision(name) => Ok(Some(name)),
            Self::Missing { message, help } => Err(Error::Usage { message, help }),
        }
    }
}

/// The variable that names the base, or says `none`.
const BASE: &str = "WEIGHBRIDGE_BASE";

/// Variables that are set where nobody sits.
const PIPELINES: &[&str] = &[
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "TF_BUILD",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "BUILDKITE",
    "CODEBUILD_BUILD_ID",
];

/// Variables that name the branch that a change is for. The second, if there is one, says whether there is a change.
const TARGETS: &[(&str, Option<&str>)] = &[
    ("GITHUB_BASE_REF", None),
    ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", None),
    ("BITBUCKET_PR_DESTINATION_BRANCH", None),
    ("SYSTEM_PULLREQUEST_TARGETBRANCH", None),
    ("CHANGE_TARGET", None),
    ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", None),
    ("CI_COMMIT_TARGET_BRANCH", None),
    ("DRONE_TARGET_BRANCH", Some("DRONE_PULL_REQUEST")),
    ("TRAVIS_BRANCH", Some("TRAVIS_PULL_REQUEST")),
    ("APPVEYOR_REPO_BRANCH", Some("APPVEYOR_PULL_REQUEST_NUMBER")),
];

/// Variables that name the default branch.
const DEFAULTS: &[&str] = &["CI_DEFAULT_BRANCH", "BUILDKITE_PIPELINE_DEFAULT_BRANCH"];

/// Bytes of a description of an event that are read.
const EVENT: usize = 4 << 20;

/// Whether nobody sits here. `said` gives the value of a variable that is set, and to something.
pub fn is_pipeline(said: impl Fn(&str) -> Option<String>) -> bool {
    PIPELINES.iter().any(|name| is_yes(&said, name))
}

/// Whether a variable is set, and not to a no.
fn is_yes(said: &impl Fn(&str) -> Option<String>, name: &str) -> bool {
    said(name).is_some_and(|value| value != "false" && value != "0")
}

/// What judges in the repository that `cwd` is in. `said` gives the value of a variable that is set, and to something.
///
/// # Errors
/// No repository, one that cannot be read.
pub fn judge(cwd: &Path, said: impl Fn(&str) -> Option<String>) -> Result<Judge, Error> {
    let yes = |name: &str| is_yes(&said, name);
    match said(BASE) {
        Some(base) if base == "none" => return Ok(Judge::Own),
        Some(base) => {
            let names = [
                remote(&base),
                // Before a tag of this name, which anybody may have pushed.
                format!("refs/remotes/{base}"),
                base.clone(),
            ];
            return Ok(first(cwd, &names)?.unwrap_or_else(|| Judge::Missing {
                message: format!("{BASE} is `{base}`, which is not a commit of this clone"),
                help: String::from("fetch it first: git fetch origin"),
            }));
        }
        None => {}
    }
    if !is_pipeline(&said) {
        return Ok(Judge::Own);
    }
    let event = Event::read(said("GITHUB_EVENT_PATH"));
    let target = TARGETS.iter().find_map(|(branch, change)| {
        let branch = said(branch)?;
        change.is_none_or(yes).then_some(branch)
    });
    let mut names = Vec::new();
    // In a pipeline of merged results the target is at exactly this commit.
    names.extend(said("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"));
    let target = target.map(|branch| {
        let short = branch.strip_prefix("refs/heads/");
        short.map_or(branch.clone(), str::to_owned)
    });
    names.extend(target.as_ref().map(|branch| remote(branch)));
    names.extend(event.base);
    if said("GITHUB_EVENT_NAME").is_some_and(|event| event == "pull_request") {
        // GitHub's merge of the change into its base.
        names.extend(said("GITHUB_SHA").map(|merge| format!("{merge}^1")));
    }
    if !names.is_empty() {
        let branch = target.unwrap_or_else(|| String::from("BRANCH"));
        return Ok(first(cwd, &names)?.unwrap_or_else(|| missing(&branch)));
    }

    // No change is named: a branch, of which only the default one is under nobody's review.
    let default = DEFAULTS
        .iter()
        .find_map(|name| said(name))
        .or(event.default);
    let here = said("CI_COMMIT_BRANCH").or_else(|| {
        let branch = said("GITHUB_REF")?;
        branch.strip_prefix("refs/heads/").map(str::to_owned)
    });
    if let Some(default) = default {
        if here.is_some_and(|here| here == default) {
            return Ok(Judge::Own);
        }
        let names = [remote(&default)];
        return Ok(first(cwd, &names)?.unwrap_or_else(|| missing(&default)));
    }
    let names = [remote("HEAD")];
    Ok(first(cwd, &names)?.unwrap_or_else(|| Judge::Missing {
        message: String::from(
            "the pipeline does not say which branch the change is for",
        ),
        help: format!(
            "set {BASE} to that branch or a commit, whose policy then applies, or to `none` if the checkout is not under review"
        ),
    }))
}

fn remote(branch: &str) -> String {
    format!("refs/remotes/origin/{branch}")
}

fn first(cwd: &Path, names: &[String]) -> Result<Option<Judge>, Error> {
    Ok(git::first_revision(cwd, names)?.map(Judge::Revision))
}

fn missing(branch: &str) -> Judge {
    // A command is to be copied: what a shell would read as more than a name is not put into one.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    let shown = if branch.bytes().all(plain) {
        branch
    } else {
        "BRANCH"
    };
    Judge::Missing {
        message: format!(
            "the policy comes from the branch that the change is for, but `origin/{branch}` is not in this clone"
        ),
        help: format!(
            "fetch it first: git fetch --depth=1 origin +refs/heads/{shown}:refs/remotes/origin/{shown}"
        ),
    }
}

/// What the description of an event says, where GitHub or one of its kin gives one.
#[derive(Debug, Default)]
struct Event {
    /// The commit that a change is for.
    base: Option<String>,
    /// The default branch.
    default: Option<String>,
}

impl Event {
    fn read(path: Option<String>) -> Self {
        let read = || {
            let window = Window::new(FileSource::open(Path::new(&path?)).ok()?);
            let bytes = window.bytes_at(0, EVENT).ok()?;
            let event: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
            let text = |place: &str| event.pointer(place)?.as_str().map(str::to_owned);
            Some(Self {
                base: text("/pull_request/base/sha").or_else(|| text("/merge_group/base_sha")),
                default: text("/repository/default_branch"),
            })
        };
        read().unwrap_or_default()
    }
}
