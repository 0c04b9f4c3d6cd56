//! `weighbridge hook run`: what the scripts call.
//!
//! The variables that are read, for pre-commit and prek: `PRE_COMMIT_FROM_REF`, `PRE_COMMIT_TO_REF`,
//! `PRE_COMMIT_LOCAL_BRANCH` and `PRE_COMMIT_REMOTE_NAME`, by which they say what they were asked for, and git's own
//! `GIT_INDEX_FILE`, by which it says that a commit is made. `hook::judge` reads those of pipelines.

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};

use super::watch;
use crate::{
    cli::{OrganisationArgs, cache, output, progress::Bar, terminal, today},
    error::Error,
    fact::Text,
    hook::{self, Judge, Update},
    report::{self, Detail, PathSpelling, Presentation, Style},
    scan::{self, Incoming, Known, Outcome, PolicyFrom, PolicyRequest, Report, Request, View},
};

/// How long `pre-receive` reads unless it is told otherwise: there are servers that give all hooks five seconds together.
const RECEIVE: Duration = Duration::from_secs(4);

/// Columns of what a server says: git puts `remote: ` in front.
const REMOTE_COLUMNS: usize = 72;

/// Check what git runs a hook for; called by the scripts
///
/// pre-push and pre-receive read the refs that move from standard input.
#[derive(Debug, Args)]
pub(in crate::cli) struct Run {
    /// The hook that runs
    #[arg(value_name = "HOOK")]
    hook: Caller,
    /// The arguments that git passes to the hook
    #[arg(value_name = "ARG")]
    arguments: Vec<String>,
    /// The policy, a file or a bundled one
    ///
    /// By default, the policy of the repository; for pre-receive, the one of HEAD in
    /// the receiving repository, never the one that is pushed.
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    organisation: OrganisationArgs,
    /// Check the files of submodules as well
    #[arg(long, help_heading = "Selection")]
    recurse_submodules: bool,
    /// The time allowed for the check; what is not checked by then is refused
    ///
    /// By default, 4 seconds for pre-receive and no limit for the others.
    #[arg(long, value_name = "SECONDS", value_parser = super::seconds, help_heading = "Limits")]
    deadline: Option<Duration>,
}

/// Who runs the hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Caller {
    /// git, before it records a commit
    PreCommit,
    /// git, before it records a merge
    PreMergeCommit,
    /// git, before it pushes
    PrePush,
    /// git on a server, before it takes what is pushed
    PreReceive,
    /// pre-commit or prek, at any of their stages
    Framework,
}

impl Run {
    pub(super) fn run(self, cwd: &Path) -> Result<Outcome, Error> {
        let started = Instant::now();
        let deadline = match self.hook {
            Caller::PreReceive => Some(self.deadline.unwrap_or(RECEIVE)),
            _ => self.deadline,
        };
        let Some(deadline) = deadline else {
            let bar = Bar::new(terminal::shows_progress());
            let report = self.report(cwd, None, &bar);
            bar.finish();
            return self.hook.conclude(report);
        };
        let (caller, cwd) = (self.hook, cwd.to_owned());
        let until = started.checked_add(deadline);
        watch::within(
            started,
            deadline,
            move |stage| {
                let report = self.report(&cwd, until, stage);
                if stage.speak() {
                    self.hook.conclude(report)
                } else {
                    Ok(Outcome::Refused)
                }
            },
            // No file is named in what is said of work that was left.
            move |report| caller.tell(report, PathSpelling::default()),
        )
    }

    /// What there is to judge, if there is anything.
    fn view(&self, cwd: &Path) -> Result<Option<(View, PolicyFrom)>, Error> {
        let own = |view| (view, PolicyFrom::View);
        Ok(match self.hook {
            Caller::PreCommit | Caller::PreMergeCommit => Some(own(scan::staged(cwd, &[])?)),
            Caller::PrePush => self.push(cwd)?.map(own),
            // What is pushed does not choose its judge.
            Caller::PreReceive => {
                let updates = hook::received(input()?)?;
                if self.policy.is_none() {
                    check_next_policy(cwd, &updates, self.organisation.file())?;
                }
                receive(cwd, &updates)?.map(|view| (view, PolicyFrom::Head))
            }
            Caller::Framework => Some(asked(cwd)?),
        })
    }

    /// What goes to a remote: the commits that it is not known to have.
    fn push(&self, cwd: &Path) -> Result<Option<View>, Error> {
        let [remote, url] = self.arguments.as_slice() else {
            return Err(Error::Usage {
                message: String::from("pre-push needs the name and the URL of the remote"),
                help: String::from("weighbridge hook run pre-push REMOTE URL <REFS"),
            });
        };
        let updates = hook::pushed(input()?)?;
        // What is not a branch or a tag there, such as a pull request, was accepted by nobody.
        let accepted = updates.iter().filter(|it| it.is_of_branch_or_tag());
        let mut known = vec![Known::Commits(ids(accepted.map(|it| &it.old)))];
        // Without a name there is nothing that is known to be there but what git has just asked.
        if remote != url {
            known.push(Known::Remote(remote.clone()));
        }
        let tips = ids(updates.iter().map(|it| &it.new));
        if tips.is_empty() {
            return Ok(None);
        }
        scan::incoming(cwd, &Incoming { tips, known }).map(Some)
    }

    /// The judgement, if there is anything to judge.
    fn report(
        &self,
        cwd: &Path,
        deadline: Option<Instant>,
        progress: &dyn scan::Progress,
    ) -> Result<Option<(Report, PathSpelling)>, Error> {
        let Some((mut view, from)) = self.view(cwd)? else {
            return Ok(None);
        };
        if self.recurse_submodules {
            view.add_submodules();
        }
        let asked = PolicyRequest {
            from,
            named: self.policy.as_deref(),
            organisation: self.organisation.file(),
            ..PolicyRequest::default()
        };
        let (view, policy, name) = scan::find_policy(view, &asked, cwd)?;
        let policy = scan::with_baseline(&view, policy, None)?;
        let request = Request {
            deadline,
            today: today::today(),
            keeps_digests: cache::keeps_digests(),
            ..Request::default()
        };
        let mut report = scan::check(&view, &policy, name, request, progress)?;
        if report.active().next().is_some() {
            report
                .notices
                .extend(scan::unstaged(&view, &policy, asked.named.is_some(), cwd));
        }
        let paths = PathSpelling::between(cwd, &view.root);
        Ok(Some((report, paths)))
    }
}

impl Caller {
    fn conclude(
        self,
        report: Result<Option<(Report, PathSpelling)>, Error>,
    ) -> Result<Outcome, Error> {
        report?.map_or(Ok(Outcome::Clean), |(report, paths)| {
            self.tell(&report, paths)
        })
    }

    /// Says what there is to say to whoever waits for the hook.
    fn tell(self, report: &Report, paths: PathSpelling) -> Result<Outcome, Error> {
        let outcome = report.outcome();
        if matches!(self, Self::PreReceive) {
            let style = Style {
                width: REMOTE_COLUMNS,
                ..Style::default()
            };
            output::deliver(None, &[], |out| report::push(report, style, out))?;
            return Ok(clean(outcome));
        }
        // Most commits bring nothing to judge, and nobody wants to read that.
        let is_empty = outcome == Outcome::Clean && report.coverage.is_empty();
        if outcome == Outcome::Nothing || is_empty && report.active().next().is_none() {
            return Ok(Outcome::Clean);
        }
        let style = terminal::style(terminal::Color::Auto, false);
        let presentation = Presentation {
            style,
            detail: Detail::Screen,
            paths,
            ..Presentation::default()
        };
        output::deliver(None, &[], |out| {
            report::human(report, &presentation, out)?;
            match self {
                Self::PrePush => report::removal_steps(report, style, out),
                _ => out.flush(),
            }
        })?;
        Ok(outcome)
    }
}

/// What is pushed to this server: the commits that no branch and no tag of it reaches.
fn receive(cwd: &Path, updates: &[Update]) -> Result<Option<View>, Error> {
    let tips = ids(updates.iter().map(|it| &it.new));
    if tips.is_empty() {
        return Ok(None);
    }
    let known = vec![Known::Accepted];
    let view = scan::incoming(cwd, &Incoming { tips, known })?;
    let tip = pushed_tip(updates, scan::head_name(cwd)?.as_ref());
    Ok(Some(match tip {
        Some(tip) => scan::pushed(view, &tip),
        None => view,
    }))
}

/// The commit whose files are compared with the pins: the one that `HEAD` gets, else the only one that is pushed.
fn pushed_tip(updates: &[Update], head: Option<&Text>) -> Option<String> {
    let mut moved = updates.iter().filter(|it| head == Some(&it.name));
    let moved = moved.find_map(|it| it.new.clone());
    moved.or_else(|| match updates {
        [only] => only.new.clone(),
        _ => None,
    })
}

/// Refuses a push after which `HEAD` has a policy that does not hold together: it would refuse every later push, also the one
/// that mends it.
fn check_next_policy(
    cwd: &Path,
    updates: &[Update],
    organisation: Option<&Path>,
) -> Result<(), Error> {
    let Some(head) = scan::head_name(cwd)? else {
        return Ok(());
    };
    let moved = updates.iter().filter(|update| update.name == head);
    for commit in moved.filter_map(|update| update.new.as_deref()) {
        if let Err(error) = scan::check_policy_of(cwd, commit, organisation) {
            terminal::note(
                "this push is refused: its policy is invalid, and would refuse every later push",
            );
            return Err(error);
        }
    }
    Ok(())
}

/// What pre-commit or prek want judged. They call the hook when a commit is made, before a push, in a pipeline with two refs,
/// and for all files; only their variables say which. In a pipeline a change is judged by what it is for, never by itself.
fn asked(cwd: &Path) -> Result<(View, PolicyFrom), Error> {
    let said = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(|value| value.to_string_lossy().into_owned())
    };
    if let (Some(from), Some(to)) = (said("PRE_COMMIT_FROM_REF"), said("PRE_COMMIT_TO_REF")) {
        let view = scan::history(cwd, &format!("{from}..{to}"), &[])?;
        // Before a push git itself asks: that is the work of whoever sits there.
        if said("PRE_COMMIT_REMOTE_NAME").is_some() {
            return Ok((view, PolicyFrom::View));
        }
        let view = view.with_policy_change(&from, &to)?;
        let judge = match hook::judge(cwd, said)? {
            Judge::Revision(base) => base,
            Judge::Own | Judge::Missing { .. } => from,
        };
        return Ok((view, PolicyFrom::Revision(judge)));
    }
    // A push of a whole history has no commit before its first.
    if let (Some(branch), Some(_)) = (
        said("PRE_COMMIT_LOCAL_BRANCH"),
        said("PRE_COMMIT_REMOTE_NAME"),
    ) {
        return Ok((scan::history(cwd, &branch, &[])?, PolicyFrom::View));
    }
    let staged = scan::staged(cwd, &[])?;
    // git names the index of the commit that it makes.
    if said("GIT_INDEX_FILE").is_some() {
        return Ok((staged, PolicyFrom::View));
    }
    // Where it makes none and nothing is staged, somebody asks for all files.
    let base = hook::judge(cwd, said)?.revision()?;
    if !staged.items.is_empty() {
        return Ok((staged, base.map_or(PolicyFrom::View, PolicyFrom::Revision)));
    }
    let view = scan::work_tree(cwd, &[])?;
    Ok(match base {
        Some(base) => (
            view.with_policy_change(&base, "HEAD")?,
            PolicyFrom::Revision(base),
        ),
        None => (view, PolicyFrom::View),
    })
}

/// The ids that there are, each once.
fn ids<'u>(ids: impl Iterator<Item = &'u Option<String>>) -> Vec<String> {
    let mut ids: Vec<String> = ids.flatten().cloned().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Nothing to judge is nothing against it.
fn clean(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Nothing => Outcome::Clean,
        outcome => outcome,
    }
}

/// What git says about the refs that move.
fn input() -> Result<io::StdinLock<'static>, Error> {
    let input = io::stdin().lock();
    if input.is_terminal() {
        return Err(Error::Usage {
            message: String::from(
                "the refs that move are read from standard input, which is a terminal",
            ),
            help: String::from("git runs this command; to check files, use `weighbridge check`"),
        });
    }
    Ok(input)
}
