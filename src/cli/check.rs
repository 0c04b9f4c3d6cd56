//! `weighbridge check`: the gate.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    PolicyArgs, STANDARD_INPUT,
    cache::CacheArgs,
    current_dir,
    outputs::{Outputs, Plan},
    progress::Bar,
    standard_input,
    store::{self, StoreArgs},
    terminal, today,
};
use crate::{
    error::Error,
    fact::Text,
    report::{PathSpelling, Presentation},
    scan::{
        self, Memory, Needs, Only, Outcome, PolicyFrom, PolicyRequest, Progress, Report, Request,
        View,
    },
};

const EXAMPLES: &str = "\
Examples:
  weighbridge check                          tracked files, and untracked ones
                                             that git does not ignore
  weighbridge check --staged                 in a pre-commit hook
  weighbridge check --diff main...HEAD       what a branch changes
  weighbridge check --rev v1.0               the files of a release
  weighbridge check --history=v1.0..HEAD     added since v1.0, even if removed
  weighbridge check ~/Downloads/model.ckpt   anywhere, repository or not
  weighbridge check --output sarif=out.sarif --output html=report.html
                                             the usual report, and two files

Exit codes:
  0  nothing is refused
  1  something is refused (0 with --exit-zero), shown or not
  2  the job could not be done
  3  no artifact and no source file was found (0 with --staged and for a
     range, where that is usual)";

const ENVIRONMENT: &str = "\
Environment:
  WEIGHBRIDGE_FORMAT   how to report where --format does not say
  NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM
                       whether to colour; the first that is set decides
  LANG                 which characters the terminal can show
  GITHUB_ACTIONS, GITLAB_CI
                       annotations, or how to get them
  GITHUB_WORKSPACE, CI_PROJECT_DIR
                       what paths in annotations are relative to, outside a
                       repository";

/// Check a repository, folders or files
///
/// Checks every file that git tracks or does not ignore; outside a repository,
/// every file. A path that is named is checked even if git ignores it. The type
/// of a file is determined by its content, not by its name.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{ENVIRONMENT}"))]
pub(super) struct Check {
    /// Files and folders to check, instead of the whole repository; `-` is
    /// standard input
    #[arg(value_name = "PATH", help_heading = "Selection")]
    paths: Vec<PathBuf>,
    /// Check only what a path or a pattern matches; may be repeated
    ///
    /// `models/*.pt`, `**/*.ckpt`, `data`: relative to the current folder; `*` stops
    /// at a slash. Unlike PATH, one that matches nothing is no error.
    #[arg(
        long,
        value_name = "PATTERN",
        help_heading = "Selection",
        conflicts_with = "paths"
    )]
    only: Vec<String>,
    /// Check what `git commit` would record
    ///
    /// Only files that differ from HEAD, as they are in the index. Changes that are
    /// not staged are ignored.
    #[arg(long, help_heading = "Selection", group = "view")]
    staged: bool,
    /// Check the files of a commit, a tag or a tree
    ///
    /// All of its files, as git recorded them. Files on disk are ignored.
    #[arg(long, value_name = "REV", help_heading = "Selection", group = "view")]
    rev: Option<String>,
    /// Check the files that a range changes, such as main...HEAD
    ///
    /// BASE..HEAD compares the two commits. BASE...HEAD compares HEAD with the merge
    /// base, as a pull request does. BASE alone is BASE..HEAD. Files on disk are
    /// ignored. The policy is taken from BASE, so that no change permits itself.
    #[arg(long, value_name = "RANGE", help_heading = "Selection", group = "view")]
    diff: Option<String>,
    /// Check the files of submodules as well
    ///
    /// Without it, a submodule is one entry, and its files are not checked.
    #[arg(long, help_heading = "Selection", conflicts_with_all = ["history", "all_refs"])]
    recurse_submodules: bool,
    /// Check every version of every file in the commits of RANGE, each once, with
    /// the commit that introduced it; RANGE is a commit, A..B or A...B, by default HEAD
    ///
    /// A checkpoint that was removed last year is still in every clone.
    #[arg(
        long,
        value_name = "RANGE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "HEAD",
        help_heading = "Selection",
        group = "view"
    )]
    history: Option<String>,
    /// Check the history of every branch, tag, remote and other ref
    #[arg(long, help_heading = "Selection", group = "view")]
    all_refs: bool,
    /// The name of standard input, for its suffix and for the paths in a policy
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    stdin_filename: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Take the policy from a commit, whatever is checked
    ///
    /// For a pipeline that checks the files or the commits of a change, which must
    /// not choose its own policy. `--diff` does this by itself.
    #[arg(
        long,
        value_name = "REV",
        help_heading = "Policy",
        conflicts_with = "policy"
    )]
    policy_from: Option<String>,
    /// Findings that are known and do not count, as `baseline create` writes them
    ///
    /// By default the file under `baseline` in the policy, if there is one.
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    outputs: Outputs,
    /// The category of this run in a SARIF log, to distinguish several runs of one commit
    #[arg(
        long,
        value_name = "NAME",
        env = "WEIGHBRIDGE_SARIF_CATEGORY",
        help_heading = "Output",
        default_value = "",
        hide_default_value = true
    )]
    sarif_category: String,
    /// The timestamp of a bill of materials, in seconds since 1970
    #[arg(
        long,
        value_name = "SECONDS",
        env = "SOURCE_DATE_EPOCH",
        help_heading = "Output",
        hide = true
    )]
    source_date_epoch: Option<String>,
    /// Number of files to read at once; by default the number of processors
    #[arg(long, value_name = "N", help_heading = "Limits", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    cache: CacheArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Check {
    pub(super) fn color(&self) -> terminal::Color {
        self.outputs.color()
    }

    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let mut plan = self.outputs.plan()?;
        let date = self.date(plan.needs())?;
        let view = self.view(&cwd)?;
        plan.probe(self.untrusted(&view))?;
        let request = Request {
            threads: self.threads.map(usize::from),
            needs: plan.needs(),
            today: today::today(),
            is_whole: self.is_whole() && view.is_repository(),
            keeps_digests: self.cache.keeps_digests(),
            ..Request::default()
        };
        let from = match &self.policy_from {
            Some(rev) => PolicyFrom::Revision(rev.clone()),
            None => PolicyFrom::View,
        };
        let asked = PolicyRequest {
            from,
            ..self.policy.request()
        };
        let (view, policy, name) = scan::find_policy(view, &asked, &cwd)?;
        let policy = scan::with_baseline(&view, policy, self.baseline.as_deref())?;
        let bar = Bar::new(terminal::shows_progress() && !plan.is_quiet());
        let known = self.store.known();
        let memory = known.as_ref().map(|known| -> &dyn Memory { known });
        let memory = (memory.unwrap_or(&()), &bar as &dyn Progress);
        let mut report = scan::check_with(&view, &policy, name, request, memory)?;
        bar.finish();
        if report.active().next().is_some() {
            report
                .notices
                .extend(scan::unstaged(&view, &policy, asked.named.is_some(), &cwd));
        }
        plan.look(&mut report);
        // A repository is shown from its own root, wherever it lies.
        let checkout = terminal::checkout().filter(|_| !view.is_repository());
        let presentation = Presentation {
            paths: PathSpelling::between(&cwd, &view.root),
            checkout: checkout
                .map(|checkout| PathSpelling::between(&checkout, &view.root))
                .unwrap_or_default(),
            date,
            category: self.sarif_category.clone(),
            ..Presentation::default()
        };
        plan.deliver(&report, presentation)?;
        let outcome = plan.outcome(self.outcome(&report, &plan));
        // What the store hid elsewhere is not known.
        Ok(if store::is_contradicted(known.as_ref()) {
            Outcome::Unable
        } else {
            outcome
        })
    }

    /// Whether all files of the work tree or of a commit are checked.
    fn is_whole(&self) -> bool {
        let is_part = self.staged || self.diff.is_some() || !self.only.is_empty();
        let is_history = self.history.is_some() || self.all_refs;
        self.paths.is_empty() && !is_part && !is_history
    }

    /// The moment given to outputs that tell one. The variable is many programs': where nothing tells a moment, it is not ours
    /// to judge.
    fn date(&self, needs: Needs) -> Result<Option<i64>, Error> {
        let said = self.source_date_epoch.as_deref().unwrap_or_default();
        today::moment(if needs.date { said } else { "" })
    }

    /// Folders whose content may be somebody else's: a link in them does not say where a report goes.
    fn untrusted(&self, view: &View) -> Vec<PathBuf> {
        let mut folders = self.paths.clone();
        if folders.is_empty() || view.is_repository() {
            folders.push(view.root.clone());
        }
        folders
    }

    fn view(&self, cwd: &Path) -> Result<View, Error> {
        let (stdin, named) = (Path::new(STANDARD_INPUT), self.stdin_filename.is_some());
        if self.paths.iter().any(|path| path == stdin) || named {
            let other =
                self.staged || self.all_refs || self.recurse_submodules || !self.only.is_empty();
            let range = [&self.rev, &self.diff, &self.history];
            if self.paths != [stdin] || other || range.iter().any(|range| range.is_some()) {
                return Err(Error::Usage {
                    message: String::from(
                        "standard input cannot be combined with other paths or views",
                    ),
                    help: String::from(
                        "`weighbridge check -` takes no other path and no view; a file called `-` is named `./-`",
                    ),
                });
            }
            return standard_input(cwd, self.stdin_filename.as_deref());
        }
        let view = if self.staged {
            scan::staged(cwd, &self.paths)
        } else if let Some(rev) = &self.rev {
            scan::revision(cwd, rev, &self.paths)
        } else if let Some(range) = &self.diff {
            scan::change(cwd, range, &self.paths)
        } else if let Some(range) = &self.history {
            let view = scan::history(cwd, range, &self.paths)?;
            if view.items.is_empty() {
                self.no_path_is_a_range(cwd)?;
            }
            Ok(view)
        } else if self.all_refs {
            scan::all_refs(cwd, &self.paths)
        } else {
            scan::work_tree(cwd, &self.paths)
        }?;
        let view = if self.recurse_submodules {
            view.with_submodules()
        } else {
            view
        };
        if self.only.is_empty() {
            return Ok(view);
        }
        let only = Only::new(cwd, &self.only);
        let view = only.of(view)?;
        let recorded = [&self.rev, &self.diff, &self.history];
        if self.staged || self.all_refs || recorded.iter().any(|it| it.is_some()) {
            return Ok(view);
        }
        only.and_named(view)
    }

    /// Whether none of the paths, which no file of the history has, is a range that was meant for `--history`.
    fn no_path_is_a_range(&self, cwd: &Path) -> Result<(), Error> {
        for path in self.paths.iter().filter_map(|path| path.to_str()) {
            let mut sides = path.split("..").map(|side| side.trim_start_matches('.'));
            let side = sides.find(|side| !side.is_empty()).unwrap_or_default();
            // The history may be that of another repository than the one here.
            let known = scan::first_revision(cwd, &[side.to_owned()]);
            if known.is_ok_and(|known| known.is_some()) {
                let shown = Text::from(path);
                return Err(Error::Usage {
                    message: format!("no file in the history is called `{shown}`"),
                    help: format!(
                        "to check the history of `{shown}`, write `=` before it: `--history={shown}`"
                    ),
                });
            }
        }
        Ok(())
    }

    fn outcome(&self, report: &Report, plan: &Plan) -> Outcome {
        let outcome = report.outcome();
        if outcome != Outcome::Nothing {
            return outcome;
        }
        // Text for people says this itself.
        if !plan.tells_people() && !plan.is_quiet() {
            terminal::note(&format!(
                "nothing to check: no artifact and no source file among {} in {}",
                counted(report.coverage.entries),
                report.view
            ));
        }
        // Most changes bring nothing of ours.
        let range = self.history.as_ref();
        if self.staged || self.diff.is_some() || range.is_some_and(|range| range.contains("..")) {
            Outcome::Clean
        } else {
            outcome
        }
    }
}

fn counted(files: usize) -> String {
    match files {
        1 => String::from("1 file"),
        n => format!("{n} files"),
    }
}
