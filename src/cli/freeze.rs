//! `weighbridge freeze`: writes the lock file.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Component, Path, PathBuf},
};

use clap::Args;

use super::{PolicyArgs, cache::CacheArgs, current_dir, output, patch, progress::Bar, terminal};
use crate::{
    error::Error,
    fact::{Text, argument},
    pins::{Drift, Lock, Pin},
    policy,
    report::PathSpelling,
    scan::{self, Frozen, Outcome, Request, Stored, Unpinnable, View},
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
        let (mut view, policy, _) = scan::find_policy_only(view, &self.policy.request(), &cwd)?;
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
        let mut plan = Plan::new(&view, old, found, &holds, &self);
        plan.merged = decided;
        if self.dry_run {
            let old = there.as_deref().map(String::from_utf8_lossy);
            let name = Text::from(policy.lock_path());
            plan.patch = patch::of_file(&name, old.as_deref(), &plan.lock.text());
        }
        self.no_path_is_idle(&plan, &view, &named)?;
        if plan.lock.is_empty() && plan.old.is_empty() && plan.skipped.is_empty() {
            terminal::note("no model file was found: there is nothing to pin");
            return Ok(Outcome::Nothing);
        }
        self.finish(&plan, &root, (&path, there.as_deref()), is_merge)
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

/// What the lock file becomes, and why.
struct Plan {
    old: Lock,
    lock: Lock,
    added: Vec<Pin>,
    /// The pins before and after.
    updated: Vec<(Pin, Pin)>,
    /// The path before, and the pin.
    renamed: Vec<(Text, Pin)>,
    removed: Vec<Pin>,
    /// Files that changed and keep their pin: the pin, and what is there.
    left: Vec<(Pin, Pin)>,
    /// Pins that are kept although their file is gone.
    gone: Vec<Pin>,
    /// Files that are not pinned, and why.
    skipped: Vec<(Text, Unpinnable)>,
    /// The pins that a merge chose.
    merged: Vec<Pin>,
    /// How the lock file would change, if that is asked for.
    patch: String,
}

impl Plan {
    fn new(
        view: &View,
        old: Lock,
        found: Vec<Frozen>,
        holds: &dyn Fn(&Text) -> bool,
        options: &Freeze,
    ) -> Self {
        let mut plan = Self {
            lock: Lock::default(),
            added: Vec::new(),
            updated: Vec::new(),
            renamed: Vec::new(),
            removed: Vec::new(),
            left: Vec::new(),
            gone: Vec::new(),
            skipped: Vec::new(),
            merged: Vec::new(),
            patch: String::new(),
            old,
        };
        let mut pins: BTreeMap<Text, Pin> = BTreeMap::new();
        for pin in plan.old.pins() {
            pins.insert(pin.path.clone(), pin.clone());
        }
        let paths = plan.old.pins().iter().map(|pin| &pin.path);
        let gone = view.lock_files().missing(paths).unwrap_or_default();
        let gone = plan
            .old
            .pins()
            .iter()
            .filter(|pin| gone.contains(&pin.path));
        // Of several with the same bytes, one is renamed.
        let (mut gone, more) = gone.fold(
            (BTreeMap::<String, Pin>::new(), Vec::new()),
            |(mut gone, mut more), pin| {
                more.extend(gone.insert(pin.sha256.clone(), pin.clone()));
                (gone, more)
            },
        );
        for frozen in found {
            let path = frozen.path.clone();
            let now = match frozen.pin {
                Ok(pin) => pin,
                Err(why) => {
                    plan.skipped.push((path, why));
                    continue;
                }
            };
            match plan.old.get(&path) {
                Some(pin) if pin.sha256 == now.sha256 => {
                    if *pin != now {
                        plan.updated.push((pin.clone(), now.clone()));
                    }
                    pins.insert(path, now);
                }
                Some(pin) if options.update && frozen.unwanted.is_none() => {
                    plan.updated.push((pin.clone(), now.clone()));
                    pins.insert(path, now);
                }
                Some(pin) => {
                    let why = frozen.unwanted.filter(|_| options.update);
                    plan.skipped.extend(why.map(|why| (path, why)));
                    plan.left.push((pin.clone(), now));
                }
                None => {
                    if let Some(before) = gone.remove(&now.sha256) {
                        pins.remove(&before.path);
                        plan.renamed.push((before.path.clone(), now.clone()));
                    } else if let Some(why) = frozen.unwanted {
                        plan.skipped.push((path, why));
                        continue;
                    } else if options.only == Which::Executable && !frozen.executable {
                        continue;
                    } else {
                        plan.added.push(now.clone());
                    }
                    pins.insert(path, now);
                }
            }
        }
        let mut gone: Vec<Pin> = gone.into_values().chain(more).collect();
        gone.sort_by(|a, b| a.path.cmp(&b.path));
        for pin in gone {
            if options.prune && holds(&pin.path) {
                pins.remove(&pin.path);
                plan.removed.push(pin);
            } else if holds(&pin.path) {
                plan.gone.push(pin);
            }
        }
        plan.lock = Lock::new(pins.into_values());
        plan
    }

    /// Whether what would be written is what is there.
    fn is_current(&self) -> bool {
        self.lock == self.old
    }

    /// What happens to each pin, a line each.
    fn told(&self, would: bool, paths: &PathSpelling) -> String {
        let mut out = String::new();
        let mut line = |verb: &str, path: &Text, more: &str| {
            let gap = if more.is_empty() { "" } else { "  " };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{verb:<9}{path}{gap}{more}");
        };
        let verbs = if would {
            ["add", "update", "rename", "remove"]
        } else {
            ["added", "updated", "renamed", "removed"]
        };
        let [added, updated, renamed, removed] = verbs;
        for pin in &self.merged {
            line("merged", &pin.path, &format!("sha256 {}", pin.sha256));
        }
        for pin in &self.added {
            let more = format!("sha256 {}, {} bytes", pin.sha256, pin.size);
            line(added, &pin.path, &more);
        }
        for (pin, now) in &self.updated {
            line(updated, &now.path, &Drift { pin, now }.to_string());
        }
        for (before, pin) in &self.renamed {
            line(renamed, &pin.path, &format!("from {before}"));
        }
        for pin in &self.removed {
            line(removed, &pin.path, "");
        }
        for (pin, now) in &self.left {
            let drift = Drift { pin, now };
            line("changed", &pin.path, &format!("{drift}; it keeps its pin"));
        }
        for pin in &self.gone {
            line("gone", &pin.path, "it keeps its pin");
        }
        for (path, why) in &self.skipped {
            line("skipped", path, &why.to_string());
        }
        let words = |pins: &mut dyn Iterator<Item = &Pin>| {
            let spelled = pins.map(|pin| argument(paths.spell(&pin.path).as_bytes()));
            // Where no command can hold a name, it says what to put there.
            let words: Vec<String> = spelled
                .take(NAMED)
                .map(|word| word.unwrap_or_else(|| String::from("FILE")))
                .collect();
            words.join(" ")
        };
        if !self.left.is_empty() {
            let words = words(&mut self.left.iter().map(|(pin, _)| pin));
            // What the policy refuses is not pinned again either.
            let is_skipped = |pin: &Pin| self.skipped.iter().any(|(path, _)| *path == pin.path);
            let _ = if self.left.iter().all(|(pin, _)| is_skipped(pin)) {
                writeln!(out, "see why it is refused: weighbridge check {words}")
            } else {
                writeln!(
                    out,
                    "review what changed, then: weighbridge freeze --update {words}"
                )
            };
        }
        if !self.gone.is_empty() {
            let words = words(&mut self.gone.iter());
            let _ = writeln!(out, "to remove pins: weighbridge freeze --prune {words}");
        }
        out
    }
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

/// Paths that are named in a command.
const NAMED: usize = 5;

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
