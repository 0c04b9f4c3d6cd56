//! `weighbridge hook`: git's hooks, installed, taken away and run.

mod run;
mod watch;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Subcommand, ValueEnum};

use super::{current_dir, output, terminal};
use crate::{
    error::Error,
    hook::{self, Options, Stage, State, Step},
    policy,
    scan::{self, Outcome},
};

const EXAMPLES: &str = "\
Examples:
  weighbridge hook install                       check commits and merges
  weighbridge hook install --pre-commit --pre-merge-commit --pre-push
  weighbridge hook install --pre-receive --policy /etc/weighbridge.yaml
                                                 on a server, in the bare
                                                 repository
  weighbridge hook uninstall                     restores everything";

const STATUS_CODES: &str = "\
Examples:
  weighbridge hook status
  weighbridge hook status --pre-commit --pre-push

Exit codes:
  0  git runs weighbridge for every hook that is named; if none is named, for
     one at least, and for each that it was installed for
  1  it does not
  2  the status is unknown: no repository, or one that cannot be read";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Install(Install),
    Uninstall(Uninstall),
    Status(Status),
    Print(Print),
    Run(run::Run),
}

/// Install hooks, by default pre-commit and pre-merge-commit
///
/// An existing hook is kept and runs first. Linked work trees share their hooks,
/// and `core.hooksPath` is respected. Installing again updates the scripts. git
/// runs no hook for commits made by a rebase, a cherry-pick, a revert or `git am`,
/// nor for a fast-forward: pre-push checks them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Install {
    #[command(flatten)]
    stages: Stages,
    #[command(flatten)]
    options: OptionArgs,
    /// Install even if other repositories use the same hooks
    #[arg(long)]
    shared: bool,
}

/// Remove hooks, by default all, and restore the previous ones
#[derive(Debug, Args)]
pub(super) struct Uninstall {
    #[command(flatten)]
    stages: Stages,
}

/// Show for each hook whether git runs weighbridge
///
/// The hook of another tool counts if its script or configuration names
/// weighbridge; what it does is not analysed.
#[derive(Debug, Args)]
#[command(after_help = STATUS_CODES)]
pub(super) struct Status {
    #[command(flatten)]
    stages: Stages,
}

/// Print the script of a hook, to install it by hand on a server
#[derive(Debug, Args)]
pub(super) struct Print {
    /// The hook
    #[arg(value_name = "HOOK")]
    stage: StageName,
    #[command(flatten)]
    options: OptionArgs,
}

/// Which hooks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hooks")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
struct Stages {
    /// Check what a commit records
    #[arg(long)]
    pre_commit: bool,
    /// Check what a merge records, for which git does not run pre-commit
    #[arg(long)]
    pre_merge_commit: bool,
    /// Check the commits of a push before it starts
    #[arg(long)]
    pre_push: bool,
    /// On a server, check what is pushed before it is accepted
    #[arg(long)]
    pre_receive: bool,
}

/// What a script hands on.
#[derive(Debug, Args)]
struct OptionArgs {
    /// The policy, a file or a bundled one, written into the script
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    policy: Option<PathBuf>,
    /// The policy of an organisation above it, a file or a bundled one, written into the script
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    organisation_policy: Option<PathBuf>,
    /// The time allowed for reading, written into the script; what is not read by then is refused
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Limits")]
    deadline: Option<Duration>,
}

/// A hook by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(clippy::enum_variant_names, reason = "they are git's own names")]
enum StageName {
    /// What a commit records
    PreCommit,
    /// What a merge records
    PreMergeCommit,
    /// The commits of a push
    PrePush,
    /// The same, on a server
    PreReceive,
}

impl From<StageName> for Stage {
    fn from(name: StageName) -> Self {
        match name {
            StageName::PreCommit => Self::PreCommit,
            StageName::PreMergeCommit => Self::PreMergeCommit,
            StageName::PrePush => Self::PrePush,
            StageName::PreReceive => Self::PreReceive,
        }
    }
}

impl Stages {
    fn named(&self) -> Vec<Stage> {
        [
            (self.pre_commit, Stage::PreCommit),
            (self.pre_merge_commit, Stage::PreMergeCommit),
            (self.pre_push, Stage::PrePush),
            (self.pre_receive, Stage::PreReceive),
        ]
        .into_iter()
        .filter_map(|(named, stage)| named.then_some(stage))
        .collect()
    }
}

impl OptionArgs {
    fn options(self, cwd: &Path) -> Result<Options, Error> {
        let checked = |path: PathBuf| {
            // A policy with a mistake would refuse everything, later and to someone else.
            scan::load_policy(&path)?;
            // A script is run in other folders; the name of a bundled policy is the same everywhere.
            Ok::<_, Error>(if policy::is_bundled_name(&path) {
                path
            } else {
                cwd.join(path)
            })
        };
        Ok(Options {
            policy: self.policy.map(checked).transpose()?,
            organisation: self.organisation_policy.map(checked).transpose()?,
            deadline: self.deadline,
            program: std::env::current_exe().ok().filter(|path| path.is_file()),
        })
    }
}

impl Command {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        match self {
            Self::Install(install) => {
                let options = install.options.options(&cwd)?;
                let stages = install.stages.named();
                let change = hook::install(&cwd, &stages, &options, install.shared)?;
                told(&change, &cwd);
            }
            Self::Uninstall(uninstall) => {
                told(&hook::uninstall(&cwd, &uninstall.stages.named())?, &cwd);
            }
            Self::Status(status) => return status.run(&cwd),
            Self::Print(print) => {
                let script = hook::script(print.stage.into(), &print.options.options(&cwd)?);
                output::deliver(None, &[], |out| out.write_all(&script))?;
            }
            Self::Run(run) => return run.run(&cwd),
        }
        Ok(Outcome::Clean)
    }
}

fn told(change: &hook::Change, cwd: &Path) {
    let mut nothing = true;
    for step in &change.steps {
        let said = match step {
            Step::Installed(path) => format!("installed {}", shown(path, cwd)),
            Step::Chained(path, before) => format!(
                "installed {}; the previous hook runs first, as {}",
                shown(path, cwd),
                shown(before, cwd)
            ),
            Step::Renewed(path) => format!("updated {}", shown(path, cwd)),
            Step::Present(path) => format!("{} is already installed", shown(path, cwd)),
            Step::Removed(path) => format!("removed {}", shown(path, cwd)),
            Step::Restored(path) => {
                format!(
                    "removed {} and restored the previous hook",
                    shown(path, cwd)
                )
            }
            Step::Absent(_) => continue,
        };
        nothing = false;
        terminal::note(&said);
    }
    if nothing {
        terminal::note(&format!(
            "nothing to remove: there is no weighbridge hook in {}",
            shown(&change.hooks.folder, cwd)
        ));
    }
    for remark in &change.remarks {
        terminal::note(remark);
    }
}

impl Status {
    fn run(self, cwd: &Path) -> Result<Outcome, Error> {
        let status = hook::status(cwd, std::env::var_os("PATH").as_deref())?;
        let hooks = &status.hooks;
        let stages = self.stages.named();
        let holds = status.holds(&stages);
        output::deliver(None, &[], |out| {
            let by = match &hooks.configured {
                Some(value) => format!(" (core.hooksPath is {})", value.escape_debug()),
                None => String::new(),
            };
            writeln!(out, "hooks in {}{by}", shown(&hooks.folder, cwd))?;
            for hook in &status.installed {
                let before = match &hook.before {
                    Some(before) => format!(", after {}", shown(before, cwd)),
                    None => String::new(),
                };
                let state = words(&hook.state, hook.stage, cwd);
                writeln!(out, "  {:<18}{state}{before}", hook.stage.name())?;
            }
            if let Some(why) = &status.none {
                return writeln!(out, "{why}");
            }
            let runs: Vec<&str> = status
                .installed
                .iter()
                .filter(|hook| hook.state.runs())
                .map(|hook| hook.stage.name())
                .collect();
            if runs.is_empty() {
                writeln!(out, "git does not run weighbridge here")
            } else {
                writeln!(out, "git runs weighbridge at {}", runs.join(", "))
            }
        })?;
        Ok(if holds {
            Outcome::Clean
        } else {
            Outcome::Refused
        })
    }
}

/// What stands at a hook's place, and what to do if git does not run it.
fn words(state: &State, at: Stage, cwd: &Path) -> String {
    let owned = |tool: Option<&str>| match tool {
        Some(tool) => format!("the hook of {tool}"),
        None => String::from("another hook"),
    };
    match state {
        State::None => String::from("none"),
        State::Ours => String::from("weighbridge"),
        State::Old => format!(
            "weighbridge, with a script of another release: `weighbridge hook install --{at}` updates it"
        ),
        State::Legacy(tool, path) => {
            format!("weighbridge, which {tool} runs as {}", shown(path, cwd))
        }
        State::Called(tool, path) => format!(
            "{}, which names weighbridge in {}",
            owned(*tool),
            shown(path, cwd)
        ),
        State::Idle => format!(
            "weighbridge, but not executable: git does not run it; `weighbridge hook install --{at}` fixes it"
        ),
        State::Lost(Some(path)) => format!(
            "weighbridge, but the program is neither on the PATH nor at {}: `weighbridge hook install --{at}` fixes it",
            shown(path, cwd)
        ),
        State::Lost(None) => String::from("weighbridge, but the program is not on the PATH"),
        State::Changed => {
            format!("weighbridge, but edited: compare it with `weighbridge hook print {at}`")
        }
        State::Other { tool, runs: true } => {
            let commits = matches!(at, Stage::PreCommit | Stage::PreMergeCommit);
            let help = match tool.filter(|_| commits) {
                Some((_, better)) => format!(": {better}"),
                None if tool.is_none() => format!(": `weighbridge hook install --{at}` runs both"),
                None => String::new(),
            };
            format!(
                "{}, which does not run weighbridge{help}",
                owned(tool.map(|it| it.0))
            )
        }
        State::Other { tool, runs: false } => {
            format!(
                "{}, not executable: git does not run it",
                owned(tool.map(|it| it.0))
            )
        }
        State::Replaced(tool, path) => format!(
            "{}, which replaced weighbridge; its script is kept as {} and not run",
            owned(*tool),
            shown(path, cwd)
        ),
        State::PassedOver(path) => format!(
            "weighbridge is in {}, which git does not use: core.hooksPath names this folder",
            shown(path, cwd)
        ),
    }
}

/// A path as the user would type it where they stand.
fn shown(path: &Path, cwd: &Path) -> String {
    let cwd = std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    let path = path.strip_prefix(&cwd).unwrap_or(path);
    path.display().to_string().escape_debug().to_string()
}

/// A time in seconds, with a fraction if need be.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| String::from("it is a number of seconds"))?;
    if !(0.0..=86_400.0).contains(&seconds) {
        return Err(String::from("it is from 0 to 86400 seconds"));
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
