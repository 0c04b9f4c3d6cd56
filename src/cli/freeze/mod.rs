//! `weighbridge freeze`: writes the lock file.

mod plan;

use std::path::{Component, Path, PathBuf};

use clap::Args;

use self::plan::{Plan, Wishes};
use super::{
    PolicyArgs, cache::CacheArgs, current_dir, output, outputs, patch, progress::Bar, terminal,
};
use crate::{
    error::Error,
    fact::Text,
    pins::Lock,
    policy,
    report::{self, PathSpelling, Presentation, Reporter},
    scan::{self, LockDifference, Outcome, Report, Request, Stored, View},
};

const EXAMPLES: &str = "\
Examples:
  weighbridge freeze                       pin every model file that has no pin
  weighbridge freeze models/a.pt           pin one file
  weighbridge freeze --update models/a.pt  pin the new bytes of a file
  weighbridge freeze --prune               remove the pins of files that are gone
  weighbridge freeze --staged              as `git commit` would record them
  weighbridge freeze --check               in a pipeline: is the lock file current?
  weighbridge freeze --check --rev v1.0    was it current in a release?
  weighbridge freeze --check --format sarif > lock.sarif

Exit codes:
  0  the lock file is current, or was written
  1  files changed and keep their old pin; with --check, the lock file is not
     current
  2  the job could not be done
  3  no model file was found";

/// Write which bytes of each model file were reviewed
///
/// Writes weighbridge.lock: the sha256, the size, the formats and the globals of
/// each model file, and the calls that load it. `weighbridge check` then refuses
/// a pinned file that changed. Pins that are there are kept: those of files that
/// changed until `--update`, those of files that are gone until `--prune`. A file
/// that the policy refuses is not pinned, and a pin allows nothing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option by itself")]
pub(super) struct Freeze {
    /// Files and folders, instead of the whole repository; one that git ignores
    /// is pinned only if it is named
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Pin the new bytes of files that changed
    #[arg(long)]
    update: bool,
    /// Remove the pins of files that are gone
    #[arg(long)]
    prune: bool,
    /// Write nothing; exit with 1 if the lock file is not current
    #[arg(long, conflicts_with_all = ["update", "prune", "dry_run", "output"])]
    check: bool,
    /// Format of the report of --check on standard output
    ///
    /// The default is `human`. The other formats report each difference as a finding
    /// of `lock-not-current`.
    #[arg(long, value_name = "FORMAT", requires = "check", help_heading = "Output", value_parser = outputs::formats_of_findings())]
    format: Option<String>,
    /// Write nothing, and print the difference as a patch
    #[arg(long, conflicts_with = "output")]
    dry_run: bool,
    /// Pin files as they are in the index, and not as they are on disk
    #[arg(long, conflicts_with = "rev")]
    staged: bool,
    /// Pin the files of a commit: with --check, --dry-run or --output
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Which files without a pin get one
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Which::All)]
    only: Which,
    /// Write to another file; `-` is standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Number of files to read at once; by default the number of processors
    #[arg(long, value_name = "N", help_heading = "Limits", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    cache: CacheArgs,
}

/// Which files without a pin get one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// Every model file
    All,
    /// Those that can run code
    Executable,
}

impl Freeze {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let mut view = self.view(&cwd)?;
        let root = view.root.clone();
        let mut named = Vec::new();
        for path in &self.paths {
            named.push(below(&root, &cwd, path)?);
        }
        if view.is_on_disk() {
            view.add_ignored(&named);
        }
        let (mut view, policy, policy_name) =
            scan::find_policy_only(view, &self.policy.request(), &cwd)?;
        let path = policy::from_here(&root, &cwd, policy.lock_path());
        let there = scan::on_disk(&path).ok();
        let stored = scan::read_lock(&view, &policy)?;
        let holds = |path: &Text| named.is_empty() || named.iter().any(|it| is_in(path, it));
        let bar = Bar::new(terminal::shows_progress());
        let request = Request {
            threads: self.threads.map(usize::from),
            keeps_digests: self.cache.keeps_digests(),
            ..Request::default()
        };
        let is_merge = matches!(stored, Stored::Conflict { .. });
        let (old, decided) = match stored {
            Stored::Nothing => (Lock::default(), Vec::new()),
            Stored::Lock(lock) => (lock, Vec::new()),
            Stored::Conflict { text, error } => {
                let merged = scan::merge(&view, &text).ok_or(error)?;
                (merged.lock, merged.decided)
            }
        };
        if self.staged && self.writes_lock() && !is_merge {
            is_staged(there.as_deref(), &old, &path)?;
        }
        if view.is_on_disk() {
            let pinned: Vec<Text> = old.pins().iter().map(|pin| pin.path.clone()).collect();
            view.add_ignored(&pinned);
        }
        let found = scan::freeze(&view, &policy, &old, request, &bar, &holds)?;
        bar.finish();
        let looked_at = found.len();
        let mut plan = Plan::new(&view, old, found, &holds, self.wishes());
        plan.merged = decided;
        if self.dry_run {
            let old = there.as_deref().map(String::from_utf8_lossy);
            let name = Text::from(policy.lock_path());
            plan.patch = patch::of_file(&name, old.as_deref(), &plan.lock.text());
        }
        self.no_path_is_idle(&plan, &view, &named)?;
        if let Some(reporter) = self.reporter() {
            let mut differences = plan.differences();
            differences.extend(is_merge.then_some(LockDifference::Conflict));
            // Where the paths that are named have no model file, the lock file is current for them.
            let compared = if looked_at == 0 {
                plan.old.pins().len()
            } else {
                looked_at
            };
            let mut notices = view.notices.clone();
            notices.extend(plan.not_pinned());
            let judged = (&policy, policy_name);
            let report = scan::lock_report(&view, judged, compared, &differences, notices);
            return deliver(reporter, &report, &cwd, &root);
        }
        if plan.lock.is_empty() && plan.old.is_empty() && plan.skipped.is_empty() {
            terminal::note("no model file was found: there is nothing to pin");
            return Ok(Outcome::Nothing);
        }
        self.finish(&plan, &root, (&path, there.as_deref()), is_merge)
    }

    /// What is asked to be done.
    fn wishes(&self) -> Wishes {
        Wishes {
            update: self.update,
            prune: self.prune,
            only_executable: self.only == Which::Executable,
        }
    }

    /// What is pinned.
    fn view(&self, cwd: &Path) -> Result<View, Error> {
        if self.rev.is_some() && self.writes_lock() {
            return Err(Error::Usage {
                message: String::from("the lock file of a commit cannot be written"),
                help: String::from(
                    "`--check` compares it with the files of the commit; `--output FILE` writes elsewhere",
                ),
            });
        }
        match &self.rev {
            Some(rev) => scan::revision(cwd, rev, &[]),
            None if self.staged => scan::index(cwd),
            None => scan::work_tree(cwd, &[]),
        }
    }

    /// What writes the report, if it is not the text of this command.
    fn reporter(&self) -> Option<&'static dyn Reporter> {
        let format = self.format.as_deref().filter(|format| *format != "human");
        format.and_then(report::by_name)
    }

    /// Whether the lock file is written.
    fn writes_lock(&self) -> bool {
        !self.check && !self.dry_run && self.output.is_none()
    }

    /// A path that names nothing is a mistake.
    fn no_path_is_idle(&self, plan: &Plan, view: &View, named: &[Text]) -> Result<(), Error> {
        for (given, path) in self.paths.iter().zip(named) {
            let mut items = view.items.iter().map(|item| &item.entry.path);
            let mut pins = plan.old.pins().iter().map(|pin| &pin.path);
            if !items.any(|item| is_in(item, path)) && !pins.any(|pin| is_in(pin, path)) {
                return Err(Error::Usage {
                    message: format!("there is no file and no pin at `{}`", given.display()),
                    help: String::from("paths are relative to the current folder"),
                });
            }
        }
        Ok(())
    }

    fn finish(
        &self,
        plan: &Plan,
        root: &Path,
        (path, there): (&Path, Option<&[u8]>),
        is_merge: bool,
    ) -> Result<Outcome, Error> {
        let text = plan.lock.text();
        let target = self.output.as_deref().unwrap_or(path);
        let to_stdout = target.as_os_str() == "-";
        let writes = !self.check && !self.dry_run;
        let paths = PathSpelling::between(&current_dir()?, root);
        let lines = plan.told(self.check || self.dry_run, &paths);
        let unchanged = !is_merge && plan.is_current() && self.output.is_none();
        if writes && !unchanged {
            let (to, roots) = ((!to_stdout).then_some(target), [root.to_owned()]);
            match to {
                // Another run may have written it meanwhile: its pins are not lost.
                Some(to) if self.output.is_none() => {
                    output::replace(to, &roots, there, text.as_bytes())
                }
                to => output::deliver(to, &roots, |out| out.write_all(text.as_bytes())),
            }
            .map_err(|error| error.about("the lock file"))?;
        }
        let shown = path.display();
        let count = match plan.lock.pins().len() {
            1 => String::from("1 pin"),
            n => format!("{n} pins"),
        };
        let last = if unchanged && plan.left.is_empty() && plan.gone.is_empty() {
            format!("{shown} is current: {count}")
        } else if self.check && unchanged {
            format!("{shown} is not current")
        } else if self.check {
            format!("{shown} is not current: run `weighbridge freeze`")
        } else if self.dry_run {
            format!(
                "{}{shown} would have {count}; nothing was written",
                plan.patch
            )
        } else if unchanged {
            format!("{shown} has {count}, as before")
        } else {
            format!("wrote {}: {count}; review and commit it", target.display())
        };
        // What is asked for goes to standard output; beside a lock file there, it is a note.
        if to_stdout {
            for line in lines.lines() {
                terminal::note(line);
            }
        } else {
            output::deliver(None, &[], |out| writeln!(out, "{lines}{last}"))?;
        }
        let is_current = unchanged && plan.left.is_empty() && plan.gone.is_empty();
        let refused = if self.check {
            !is_current
        } else {
            !plan.left.is_empty()
        };
        Ok(if refused {
            Outcome::Refused
        } else {
            Outcome::Clean
        })
    }
}

/// Writes a report to standard output.
fn deliver(
    reporter: &dyn Reporter,
    report: &Report,
    cwd: &Path,
    root: &Path,
) -> Result<Outcome, Error> {
    let presentation = Presentation {
        style: terminal::style(terminal::Color::Auto, false),
        paths: PathSpelling::between(cwd, root),
        ..Presentation::default()
    };
    output::deliver(None, &[], |out| reporter.write(report, &presentation, out))?;
    Ok(report.outcome())
}

/// Whether the lock file on disk, which is about to be written, says what the index has of it: what is not staged would be lost.
fn is_staged(there: Option<&[u8]>, staged: &Lock, path: &Path) -> Result<(), Error> {
    let text = there.map(String::from_utf8_lossy);
    let there = match text {
        Some(text) => Lock::parse(&text).ok(),
        None => Some(Lock::default()),
    };
    if there.as_ref() == Some(staged) {
        return Ok(());
    }
    Err(Error::Usage {
        message: format!("`{}` has changes that are not staged", path.display()),
        help: format!(
            "stage them (git add {}), or write elsewhere with `--output FILE`",
            path.display()
        ),
    })
}

/// Whether a path is another, or below it. The root is empty.
fn is_in(path: &Text, folder: &Text) -> bool {
    let rest = path.as_bytes().strip_prefix(folder.as_bytes());
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// A path as the user names it, from the root.
fn below(root: &Path, cwd: &Path, given: &Path) -> Result<Text, Error> {
    let cwd = std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    let mut whole = PathBuf::new();
    for part in cwd.join(given).components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            Component::CurDir => {}
            other => whole.push(other),
        }
    }
    let below = whole.strip_prefix(root).map_err(|_| Error::Usage {
        message: format!("`{}` is not in `{}`", given.display(), root.display()),
        help: String::from("a lock file pins the files of its own repository"),
    })?;
    let parts: Vec<&[u8]> = below
        .components()
        .map(|part| part.as_os_str().as_encoded_bytes())
        .collect();
    Ok(Text::new(parts.join(&b'/')))
}
