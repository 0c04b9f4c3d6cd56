//! Installing, renewing and taking away, after a look at everything that is there: what cannot be done is said before
//! anything is changed.

use std::path::{Path, PathBuf};

use super::{
    Stage,
    folder::{self, Standing},
    others,
    script::{self, Options},
};
use crate::{
    error::Error,
    files::Refused,
    git::{self, Hooks},
};

/// What an installation, or taking one away, came to.
#[derive(Debug)]
pub struct Change {
    /// Where the hooks are.
    pub hooks: Hooks,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// What the user should know, a sentence each.
    pub remarks: Vec<String>,
}

/// What was done about one hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Our script is there now.
    Installed(PathBuf),
    /// Our script is there now; it runs the hook that was there first, which is now called this.
    Chained(PathBuf, PathBuf),
    /// An older script of ours was replaced.
    Renewed(PathBuf),
    /// Our script was there already.
    Present(PathBuf),
    /// Our script is gone.
    Removed(PathBuf),
    /// Our script is gone, and the hook before it is there again.
    Restored(PathBuf),
    /// There was no script of ours.
    Absent(PathBuf),
}

/// What hooks of commits do not see.
const NOT_ASKED: &str = "git runs no hook for commits made by a rebase, a cherry-pick, a revert or `git am`, nor for a \
                         fast-forward: `weighbridge hook install --pre-push` checks them before they are pushed";

/// A hook's place, as it was found.
pub(super) struct HookSlot {
    pub(super) stage: Stage,
    pub(super) path: PathBuf,
    pub(super) before: PathBuf,
    pub(super) found: Standing,
    pub(super) kept: bool,
}

/// Puts scripts into the repository that `cwd` is in. A hook of another kind is kept beside ours, which runs it first; a
/// script of ours is renewed, and hands on what it handed on unless the options say otherwise. Without stages it is
/// `pre-commit` and `pre-merge-commit`. `shared` agrees to a folder that other repositories may use.
///
/// # Errors
/// No repository; a folder that is shared, or kept by a tool that would undo it; a script of ours that was changed; two hooks
/// for one place; files that cannot be written.
pub fn install(
    cwd: &Path,
    stages: &[Stage],
    options: &Options,
    shared: bool,
) -> Result<Change, Error> {
    let hooks = git::hooks(cwd)?.on()?;
    if stages.is_empty() && hooks.work_tree.is_none() {
        return Err(Error::Usage {
            message: String::from("this is a bare repository, where nobody commits"),
            help: String::from("use `--pre-receive` to check what is pushed to it"),
        });
    }
    allowed(&hooks, shared)?;
    let stages = match stages {
        [] => &[Stage::PreCommit, Stage::PreMergeCommit],
        stages => stages,
    };
    let mut change = Change {
        steps: Vec::new(),
        remarks: Vec::new(),
        hooks,
    };
    let slots = slots(&change.hooks, stages)?;
    for slot in &slots {
        slot.may_be_ours(&mut change)?;
        folder::spot(&change.hooks, &slot.path)
            .map_err(|refused| unwritten(&slot.path, refused))?;
    }
    let mut options = options.clone();
    if change.hooks.versioned {
        // Where the program is on this machine is nobody else's business.
        options.program = None;
        change.remarks.push(format!(
            "`{}` is in the work tree: commit the script to share it with everyone who sets core.hooksPath",
            shown(&change.hooks.folder, cwd).display()
        ));
    }
    for slot in slots {
        let step = slot.install(&change.hooks, &options)?;
        change.steps.push(step);
    }
    let new = |step: &Step| matches!(step, Step::Installed(_) | Step::Chained(..));
    let pushes = stages.contains(&Stage::PrePush)
        || matches!(
            folder::look(&change.hooks.folder.join(Stage::PrePush.name())),
            Ok(Standing::Ours { .. })
        );
    if change.hooks.work_tree.is_some() && !pushes && change.steps.iter().any(new) {
        change.remarks.push(String::from(NOT_ASKED));
    }
    Ok(change)
}

/// Takes our scripts away, all of them without stages, and puts back what was there before, exactly as it was.
///
/// # Errors
/// No repository; a script of ours that was changed or replaced by someone; files that cannot be removed.
pub fn uninstall(cwd: &Path, stages: &[Stage]) -> Result<Change, Error> {
    let hooks = git::hooks(cwd)?.on()?;
    let stages = match stages {
        [] => &Stage::ALL,
        stages => stages,
    };
    let slots = slots(&hooks, stages)?;
    for slot in &slots {
        match slot.found {
            Standing::Changed => return Err(slot.changed("remove it by hand")),
            Standing::Other { .. } if slot.kept && !folder::same(&slot.path, &slot.before) => {
                return Err(Error::Usage {
                    message: format!(
                        "`{}` was replaced by another hook, so it is left unchanged",
                        slot.path.display()
                    ),
                    help: format!(
                        "the hook from before the installation is `{}`: keep one of the two",
                        slot.before.display()
                    ),
                });
            }
            _ => {}
        }
    }
    let steps = slots
        .into_iter()
        .map(HookSlot::uninstall)
        .collect::<Result<_, _>>()?;
    Ok(Change {
        hooks,
        steps,
        remarks: Vec::new(),
    })
}

/// Whether scripts may be put into this folder.
fn allowed(hooks: &Hooks, shared: bool) -> Result<(), Error> {
    let folder = hooks.folder.display();
    if let Some(tool) = others::of_folder(hooks) {
        return Err(Error::Usage {
            message: format!(
                "{} manages the hooks in `{folder}` and overwrites them",
                tool.name
            ),
            help: String::from(tool.better),
        });
    }
    if !hooks.elsewhere || shared {
        return Ok(());
    }
    let why = match &hooks.configured {
        Some(value) => format!("core.hooksPath is `{value}`"),
        None => String::from("it is a link"),
    };
    Err(Error::Usage {
        message: format!(
            "the hooks are in `{folder}`, outside of this repository ({why}): other repositories may use them too"
        ),
        help: format!(
            "`--shared` installs there, for every repository that uses it; or let this one have its own: \
             git config core.hooksPath '{}'",
            hooks.common.join("hooks").display()
        ),
    })
}

pub(super) fn slots(hooks: &Hooks, stages: &[Stage]) -> Result<Vec<HookSlot>, Error> {
    let mut slots = Vec::new();
    for stage in Stage::ALL {
        if !stages.contains(&stage) {
            continue;
        }
        let path = hooks.folder.join(stage.name());
        let before = hooks.folder.join(format!("{stage}.before-weighbridge"));
        let found = folder::look(&path).map_err(|source| Error::Io {
            path: path.clone(),
            source,
        })?;
        slots.push(HookSlot {
            stage,
            kept: folder::is_there(&before),
            path,
            before,
            found,
        });
    }
    Ok(slots)
}

impl HookSlot {
    /// Whether a script can be put here, and what to remark about it.
    fn may_be_ours(&self, change: &mut Change) -> Result<(), Error> {
        let (bytes, runs) = match &self.found {
            Standing::Nothing | Standing::Ours { .. } => return Ok(()),
            Standing::Changed => return Err(self.changed("move it elsewhere and install again")),
            Standing::Other { bytes, runs } => (bytes, *runs),
        };
        if self.kept && !folder::same(&self.path, &self.before) {
            return Err(Error::Usage {
                message: format!(
                    "there is a hook at `{}`, and another one from an earlier installation at `{}`",
                    self.path.display(),
                    self.before.display()
                ),
                help: String::from("keep one of the two, and move the other elsewhere"),
            });
        }
        let tool = others::of_script(bytes);
        if let Some(tool) = tool.filter(|tool| !tool.chains) {
            return Err(Error::Usage {
                message: format!(
                    "{} manages the hook `{}` and does not run it under another name",
                    tool.name,
                    self.path.display()
                ),
                help: String::from(tool.better),
            });
        }
        if let Some(tool) = tool {
            change.remarks.push(format!(
                "`{}` belongs to {}; instead of a second hook, {}",
                self.path.display(),
                tool.name,
                tool.better
            ));
        }
        if !runs {
            change.remarks.push(format!(
                "`{}` is not executable: git did not run it, and weighbridge does not either",
                self.path.display()
            ));
        }
        Ok(())
    }

    fn changed(&self, then: &str) -> Error {
        Error::Usage {
            message: format!(
                "`{}` is a weighbridge script that was edited, so it is left unchanged",
                self.path.display()
            ),
            help: format!(
                "compare it with `weighbridge hook print {}`, then {then}",
                self.stage
            ),
        }
    }

    fn install(self, hooks: &Hooks, options: &Options) -> Result<Step, Error> {
        let policies = [&options.policy, &options.organisation];
        let chosen = policies.iter().any(|it| it.is_some()) || options.deadline.is_some();
        let text = match &self.found {
            Standing::Ours { bytes, .. } if !chosen => script::renewed(self.stage, options, bytes),
            _ => script::script(self.stage, options),
        };
        let put = || {
            folder::put(hooks, &self.path, &text).map_err(|refused| unwritten(&self.path, refused))
        };
        match &self.found {
            Standing::Ours { bytes, runs: true } if *bytes == text => Ok(Step::Present(self.path)),
            Standing::Ours { .. } => {
                put()?;
                Ok(Step::Renewed(self.path))
            }
            Standing::Other { .. } => {
                // What an interrupted run kept is kept already.
                if !self.kept {
                    folder::keep(&self.path, &self.before).map_err(|source| Error::Write {
                        path: self.before.clone(),
                        source,
                    })?;
                }
                if let Err(error) = put() {
                    let _ = folder::unkeep(&self.path, &self.before);
                    return Err(error);
                }
                Ok(Step::Chained(self.path, self.before))
            }
            _ => {
                put()?;
                Ok(if self.kept {
                    Step::Chained(self.path, self.before)
                } else {
                    Step::Installed(self.path)
                })
            }
        }
    }

    fn uninstall(self) -> Result<Step, Error> {
        let written = |path: &Path, result: std::io::Result<()>| {
            result.map_err(|source| Error::Write {
                path: path.to_owned(),
                source,
            })
        };
        match self.found {
            Standing::Ours { .. } if !self.kept => {
                written(&self.path, std::fs::remove_file(&self.path))?;
                Ok(Step::Removed(self.path))
            }
            Standing::Nothing | Standing::Other { .. } if !self.kept => Ok(Step::Absent(self.path)),
            _ => {
                written(&self.path, folder::unkeep(&self.path, &self.before))?;
                Ok(Step::Restored(self.path))
            }
        }
    }
}

fn unwritten(path: &Path, refused: Refused) -> Error {
    refused.into_error(&path.display().to_string(), |source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

/// A path as the user would type it, if it is below where they stand.
fn shown<'p>(path: &'p Path, cwd: &Path) -> &'p Path {
    path.strip_prefix(cwd).unwrap_or(path)
}
