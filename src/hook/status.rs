//! Whether git runs this program: for each hook what stands at its place, and whether it leads here.
//!
//! Only files are looked at. What another tool's script or configuration does is not worked out; that it names this program
//! counts, and is said.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use super::{
    Stage,
    folder::{self, Standing},
    install::{HookSlot, slots},
    others,
    script::{self, Options, ScriptKind},
};
use crate::{
    error::Error,
    git::{self, Hooks},
};

/// What there is of a repository's hooks.
#[derive(Debug)]
pub struct Status {
    /// Where they are.
    pub hooks: Hooks,
    /// Each of them.
    pub installed: Vec<Installed>,
    /// What keeps git from running any of them, a sentence.
    pub none: Option<String>,
}

/// What there is of one hook.
#[derive(Debug)]
pub struct Installed {
    /// Which.
    pub stage: Stage,
    /// Its file.
    pub path: PathBuf,
    /// What stands there.
    pub state: State,
    /// The hook that ours runs first.
    pub before: Option<PathBuf>,
}

/// What stands at a hook's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// No hook.
    None,
    /// Our script: git runs it.
    Ours,
    /// Our script of another release: git runs it.
    Old,
    /// Our script, under another name, which a tool's hook runs first.
    Legacy(&'static str, PathBuf),
    /// A hook of something else that names this program, in this file: its script, or the tool's configuration.
    Called(Option<&'static str>, PathBuf),
    /// Our script, but git does not run a file that is not executable.
    Idle,
    /// Our script, but the program is neither on the PATH nor where it was at installation, if that was written down.
    Lost(Option<PathBuf>),
    /// Our script, changed by someone: what it does is not known.
    Changed,
    /// Another hook, of a tool if it is known; git does not run one that is not executable.
    Other {
        /// The tool, and how it is made to run this program before a commit.
        tool: Option<(&'static str, &'static str)>,
        /// Whether git runs it.
        runs: bool,
    },
    /// Another hook took the place of our script, which is kept here and not run.
    Replaced(Option<&'static str>, PathBuf),
    /// Our script is here, and `core.hooksPath` leads git elsewhere.
    PassedOver(PathBuf),
}

impl State {
    /// Whether git runs this program.
    pub fn runs(&self) -> bool {
        matches!(
            self,
            Self::Ours | Self::Old | Self::Legacy(..) | Self::Called(..)
        )
    }

    /// Whether this program was installed there, and git does not run it.
    pub fn is_broken(&self) -> bool {
        !self.runs() && !matches!(self, Self::None | Self::Other { .. })
    }
}

impl Status {
    /// Whether git runs this program for each of these hooks; without any, for at least one, and for all that it was
    /// installed for.
    pub fn holds(&self, stages: &[Stage]) -> bool {
        let runs = |stage: &Stage| {
            self.installed
                .iter()
                .any(|hook| hook.stage == *stage && hook.state.runs())
        };
        self.none.is_none()
            && if stages.is_empty() {
                Stage::ALL.iter().any(runs)
                    && !self.installed.iter().any(|hook| hook.state.is_broken())
            } else {
                stages.iter().all(runs)
            }
    }
}

/// What there is of every hook. `path` is where programs are looked for.
///
/// # Errors
/// No repository, or files that cannot be read.
pub fn status(cwd: &Path, path: Option<&OsStr>) -> Result<Status, Error> {
    let hooks = git::hooks(cwd)?;
    let on_path = path.is_some_and(|path| {
        std::env::split_paths(path).any(|folder| is_program(&folder.join(PROGRAM)))
    });
    let installed = slots(&hooks, &Stage::ALL)?
        .into_iter()
        .map(|slot| Installed {
            stage: slot.stage,
            state: state(&hooks, &slot, on_path),
            before: slot.kept.then_some(slot.before),
            path: slot.path,
        })
        .collect();
    let configured = hooks.configured.as_deref().unwrap_or_default();
    let configured = configured.escape_debug();
    let none = if hooks.off {
        Some(format!(
            "core.hooksPath is `{configured}`, which disables all hooks: find the setting with `git config --show-origin core.hooksPath`"
        ))
    } else if hooks.within.is_some() && !hooks.folder.is_dir() {
        Some(format!(
            "core.hooksPath is `{configured}`, and this work tree has no such folder: git runs no hooks"
        ))
    } else {
        None
    };
    Ok(Status {
        hooks,
        installed,
        none,
    })
}

/// What the scripts look for on the PATH.
const PROGRAM: &str = if cfg!(windows) {
    "weighbridge.exe"
} else {
    "weighbridge"
};

fn state(hooks: &Hooks, slot: &HookSlot, on_path: bool) -> State {
    match &slot.found {
        Standing::Changed => State::Changed,
        Standing::Ours { bytes, runs } => ours(slot.stage, bytes, *runs, on_path),
        Standing::Other { bytes, runs } => {
            // A link to a script of ours.
            if script::kind(bytes) == ScriptKind::Ours {
                return ours(slot.stage, bytes, *runs, on_path);
            }
            other(hooks, slot, bytes, *runs, on_path)
        }
        Standing::Nothing => {
            let own = hooks.common.join("hooks").join(slot.stage.name());
            if own != slot.path && is_ours(&own) {
                State::PassedOver(own)
            } else {
                State::None
            }
        }
    }
}

fn ours(stage: Stage, bytes: &[u8], runs: bool, on_path: bool) -> State {
    if !runs {
        return State::Idle;
    }
    let recorded = script::recorded(bytes);
    if !on_path && !recorded.as_deref().is_some_and(is_program) {
        return State::Lost(recorded);
    }
    let options = Options {
        program: recorded,
        ..Options::default()
    };
    if script::is_plain(stage, bytes) || script::renewed(stage, &options, bytes) == bytes {
        State::Ours
    } else {
        State::Old
    }
}

fn other(hooks: &Hooks, slot: &HookSlot, bytes: &[u8], runs: bool, on_path: bool) -> State {
    let tool = others::of_script(bytes).or_else(|| others::of_folder(hooks));
    let name = tool.map(|tool| tool.name);
    if runs {
        if others::names_us(bytes) {
            return State::Called(name, slot.path.clone());
        }
        if let Some((tool, file)) = tool.zip(tool.and_then(|tool| tool.calls_us(hooks, slot.stage)))
        {
            return State::Called(Some(tool.name), file);
        }
    }
    for end in ["legacy", "old"] {
        let kept = slot.path.with_file_name(format!("{}.{end}", slot.stage));
        let Ok(Standing::Ours {
            bytes,
            runs: executable,
        }) = folder::look(&kept)
        else {
            continue;
        };
        return match tool {
            Some(tool) if runs && tool.legacy == Some(end) => {
                match ours(slot.stage, &bytes, executable, on_path) {
                    State::Ours | State::Old => State::Legacy(tool.name, kept),
                    not => not,
                }
            }
            _ => State::Replaced(name, kept),
        };
    }
    let own = hooks.common.join("hooks").join(slot.stage.name());
    if own != slot.path && is_ours(&own) {
        return State::PassedOver(own);
    }
    State::Other {
        tool: tool.map(|tool| (tool.name, tool.better)),
        runs,
    }
}

fn is_ours(path: &Path) -> bool {
    matches!(folder::look(path), Ok(Standing::Ours { .. }))
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|there| there.is_file() && folder::executable(&there))
}
