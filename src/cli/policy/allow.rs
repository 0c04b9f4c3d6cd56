//! `weighbridge policy allow`: adds to a policy what artifacts need.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    super::{OrganisationArgs, current_dir, output, patch},
    below,
};
use crate::{
    error::Error,
    fact::Text,
    policy::{self, Answering, EntryTerms, Need, PathPatterns, Policy, Trust, edit},
    scan::{self, Outcome, View},
};

const EXAMPLES: &str = "\
Examples:
  weighbridge policy allow models/net.pt     what this file needs
  weighbridge policy allow models/           what the files of a folder need
  weighbridge policy allow --dry-run .       only shows what would change
  weighbridge policy allow models/legacy/ --paths 'models/legacy/**' \
      --reason 'until the next release'      for these files alone, and why

Exit codes:
  0  every artifact passes
  1  something is still refused
  2  the job could not be done, and nothing was written
  3  no artifact was found";

/// Add to the policy what artifacts need
///
/// Adds what the policy does not allow yet, and no more: a pack where it lists
/// the names, otherwise each name for the uses that the artifacts make of it.
/// Nothing dangerous is ever added. Comments, order and style of the file stay.
/// Without a policy, one is written that extends the built-in `recommended`, or
/// what the policy of the organisation extends.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Allow {
    /// Artifacts, and folders of them
    #[arg(value_name = "ARTIFACT", required = true)]
    artifacts: Vec<PathBuf>,
    /// The policy file, instead of the one that `weighbridge check` finds; it
    /// need not be there yet
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Why what is added may be allowed
    ///
    /// Each entry says it. A pack or a format that is added for all files has no
    /// key for it: there it is part of the comment.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: Option<String>,
    /// Allow it only in these files; may be repeated
    ///
    /// A pattern as in the policy, from the root of the repository: `models/old/**`.
    /// By default an entry holds for every file, because it trusts what a name does
    /// and not one file.
    #[arg(long, value_name = "GLOB")]
    paths: Vec<String>,
    /// Print the difference as a patch, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    organisation: OrganisationArgs,
}

/// Rounds of adding: what a format that was refused needs is known when it is allowed.
const ROUNDS: usize = 4;

/// Findings that are told of a file that stays refused, and files that are told of.
const TOLD: (usize, usize) = (3, 20);

/// The file that is edited.
struct Target {
    path: PathBuf,
    /// Its text; `None` if there is no file yet.
    old: Option<String>,
}

impl Allow {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let view = scan::work_tree(&cwd, &self.artifacts)?;
        let target = self.target(&view, &cwd)?;
        let only = PathPatterns::new(&self.paths)
            .map_err(|(message, help)| Error::Usage { message, help })?;
        let is_meant = |path: &Text| self.paths.is_empty() || only.is_match(path);
        let (text, policy) = self.edited(&view, &target, &is_meant)?;
        let survey = scan::survey(&view, &policy)?;
        if survey.artifacts.is_empty() {
            said("no artifact was found\n")?;
            return Ok(Outcome::Nothing);
        }
        let changed = text.filter(|text| target.old.as_ref() != Some(text));
        let mut told = String::new();
        match &changed {
            None => told.push_str("nothing is added to the policy\n"),
            Some(new) if self.dry_run => {
                told.push_str(&target.patch(&from_root(&target.path, &view, &cwd), new));
            }
            Some(new) => {
                let old = target.old.as_ref().map(String::as_bytes);
                let checked = [view.root.clone()];
                output::replace(&target.path, &checked, old, new.as_bytes())
                    .map_err(|error| error.about("the policy"))?;
                let lines = target.added(new);
                let _ = writeln!(told, "{}: {lines}", shown(&target.path));
            }
        }
        // A patch stands alone; where there is none, it is said why.
        if !self.dry_run || changed.is_none() {
            tell(&mut told, &survey, changed.is_some());
            for refusal in survey.refused.iter().filter(|it| !is_meant(&it.path)) {
                let _ = writeln!(
                    told,
                    "{}: `--paths` does not match it, so nothing is added for it",
                    refusal.path
                );
            }
        }
        self.name_others(&mut told, &view, &survey, &cwd);
        said(&told)?;
        Ok(if survey.refused.is_empty() {
            Outcome::Clean
        } else {
            Outcome::Refused
        })
    }

    /// The text of the policy with what files need that are meant, if there is any, and the policy that it is.
    fn edited(
        &self,
        view: &View,
        target: &Target,
        is_meant: &dyn Fn(&Text) -> bool,
    ) -> Result<(Option<String>, Policy), Error> {
        let terms = EntryTerms {
            reason: self.reason.clone(),
            paths: self.paths.clone(),
        };
        let mut text = target.old.clone();
        let organisation = self.organisation.file();
        let with = |text: Option<&str>| scan::policy_with(&target.path, text, organisation);
        let mut policy = with(text.as_deref())?;
        let extends = policy.own().extends();
        let mut all: Vec<Need> = Vec::new();
        for _ in 0..ROUNDS {
            let mut needs = scan::needs(view, &policy);
            needs.retain(|need| is_meant(&need.path));
            policy::add_needs(&mut all, needs);
            let avoid = if terms.paths.is_empty() {
                Vec::new()
            } else {
                policy.packs_with_refusals()
            };
            let how = Answering {
                trust: Trust::Functions,
                terms: &terms,
                avoid: &avoid,
            };
            let fragment = policy::answer_with(&all, &how);
            let new = match &target.old {
                _ if fragment.is_empty() => target.old.clone(),
                Some(old) => Some(
                    edit::edit(old, &fragment)
                        .map_err(|why| cannot_edit(&target.path, &why, &fragment))?,
                ),
                None => Some(edit::create(extends, &fragment)),
            };
            if new == text {
                break;
            }
            policy = with(new.as_deref())?;
            text = new;
        }
        Ok((text, policy))
    }

    #[allow(clippy::disallowed_methods, reason = "the policy is the user's own")]
    /// The policy that is edited: the named one, or the one that `check` finds, or would.
    fn target(&self, view: &View, cwd: &Path) -> Result<Target, Error> {
        let path = match &self.policy {
            Some(named) if policy::is_bundled_name(named) && is_bundled(named) => {
                return Err(Error::Usage {
                    message: format!("`{}` is built in and cannot be edited", named.display()),
                    help: format!(
                        "name a file, and write `extends: {}` into it",
                        named.display()
                    ),
                });
            }
            Some(named) => named.clone(),
            None => {
                let here = || fs::canonicalize(cwd).is_ok_and(|cwd| cwd == view.root);
                if !view.is_repository() && !here() {
                    return Err(Error::Usage {
                        message: String::from(
                            "these files are in no repository, so no policy is theirs",
                        ),
                        help: String::from(
                            "name a policy with `--policy FILE`; it need not be there yet",
                        ),
                    });
                }
                let places = policy::PLACES.iter();
                let mut places = places.map(|name| policy::from_here(&view.root, cwd, name));
                let found = places.find(|path| fs::symlink_metadata(path).is_ok());
                found.unwrap_or_else(|| policy::from_here(&view.root, cwd, policy::NAME))
            }
        };
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Error::Usage {
                message: format!("`{}` is no file", path.display()),
                help: String::from("name a policy with `--policy FILE`; it need not be there yet"),
            });
        }
        let old = match policy::read_file(&path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Some(text),
                // Says where it is not.
                Err(_) => return Err(not_text(&path)),
            },
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && fs::symlink_metadata(&path).is_err() =>
            {
                None
            }
            Err(source) => return Err(Error::Io { path, source }),
        };
        Ok(Target { path, old })
    }

    /// Says which of the named files are no artifacts.
    fn name_others(&self, told: &mut String, view: &View, survey: &scan::Survey, cwd: &Path) {
        for named in &self.artifacts {
            let real = fs::canonicalize(cwd.join(named)).ok();
            let below = real
                .as_ref()
                .and_then(|real| real.strip_prefix(&view.root).ok());
            let Some(below) = below.filter(|_| real.as_ref().is_some_and(|real| real.is_file()))
            else {
                continue;
            };
            let path = Text::new(below.as_os_str().as_encoded_bytes());
            if survey.artifacts.binary_search(&path).is_err() {
                let _ = writeln!(told, "{}: is no artifact, and needs nothing", shown(named));
            }
        }
    }
}

impl Target {
    /// What changes, as a patch of a file with this name.
    fn patch(&self, name: &Text, new: &str) -> String {
        patch::of_file(name, self.old.as_deref(), new)
    }

    /// How many lines a change adds, in words.
    fn added(&self, new: &str) -> String {
        let Some(old) = &self.old else {
            return format!("written, {} lines", new.lines().count());
        };
        match patch::additions(old, new) {
            1 => String::from("1 line added"),
            lines => format!("{lines} lines added"),
        }
    }
}

/// What becomes of each artifact.
fn tell(told: &mut String, survey: &scan::Survey, changed: bool) {
    let passing = survey.artifacts.len().saturating_sub(survey.refused.len());
    let (findings, files) = TOLD;
    for refusal in survey.refused.iter().take(files) {
        let _ = writeln!(told, "{}: is still refused", refusal.path);
        let reasons = refusal.reasons();
        for reason in reasons.iter().take(findings) {
            let _ = writeln!(told, "  {reason}");
        }
        let more = reasons.len().saturating_sub(findings);
        if more > 0 {
            let _ = writeln!(told, "  and {more} more findings");
        }
        if let Some(instead) = refusal.instead() {
            let _ = writeln!(told, "  {instead}");
        }
    }
    let more = survey.refused.len().saturating_sub(files);
    if more > 0 {
        let _ = writeln!(told, "{more} more files are still refused");
    }
    if !survey.refused.is_empty() {
        let _ = writeln!(
            told,
            "`weighbridge check` says what to do about what is refused"
        );
    }
    let now = if changed { "now pass" } else { "pass" };
    match (passing, survey.artifacts.as_slice()) {
        (0, _) => {}
        (1, [only]) => {
            let _ = writeln!(told, "{only}: {now}es");
        }
        (n, _) if survey.refused.is_empty() => {
            let _ = writeln!(told, "all {n} artifacts {now}");
        }
        (n, all) => {
            let _ = writeln!(told, "{n} of {} artifacts {now}", all.len());
        }
    }
}

/// A path from the root, as patches and findings spell it; one that is elsewhere as it was typed.
fn from_root(path: &Path, view: &View, cwd: &Path) -> Text {
    below(&view.root, cwd, path).unwrap_or_else(|| shown(path))
}

/// A reason that says something.
fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(String::from("say why"));
    }
    Ok(text.to_owned())
}

fn said(text: &str) -> Result<(), Error> {
    output::deliver(None, &[], |out| out.write_all(text.as_bytes()))
}

fn shown(path: &Path) -> Text {
    Text::new(path.as_os_str().as_encoded_bytes())
}

fn is_bundled(named: &Path) -> bool {
    named
        .to_str()
        .is_some_and(|name| Policy::bundled_names().any(|known| known == name))
}

/// Why a policy that is no text cannot be read, as for every command.
fn not_text(path: &Path) -> Error {
    match scan::load_policy(path) {
        Err(error) => error,
        Ok(_) => Error::Usage {
            message: format!("`{}` is not UTF-8", shown(path)),
            help: String::from("save it as UTF-8"),
        },
    }
}

fn cannot_edit(path: &Path, why: &edit::CannotEdit, fragment: &edit::Fragment) -> Error {
    let path = shown(path);
    Error::Usage {
        message: format!(
            "{path}:{} cannot be edited without changing what it says: {}",
            why.line, why.why
        ),
        help: format!("add this by hand:\n{}", edit::alone(fragment).join("\n")),
    }
}
