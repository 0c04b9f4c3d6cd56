//! `weighbridge policy init`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::{OrganisationArgs, current_dir, output, terminal};
use crate::{
    error::Error,
    fact::{GlobalName, Text, argument},
    policy::{self, InitSummary, Need, Trust, edit},
    report::PathSpelling,
    scan::{self, Outcome, Survey, View},
};

/// Write a policy to start from
///
/// The policy extends the built-in `recommended` and allows what the present
/// files of the repository need, as far as that is not dangerous: packs, and
/// classes by name. What stays refused is listed in comments. Review the result.
/// An existing file is never replaced: `weighbridge policy allow` adds to it.
/// Below an organisation's policy it extends what that extends, and allows only
/// what that neither allows already nor locks.
#[derive(Debug, Args)]
pub(in crate::cli) struct Init {
    /// The file to write, instead of weighbridge.yaml at the root of the
    /// repository or in the current folder; `-` is standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    organisation: OrganisationArgs,
}

/// Files that are named; the others are counted.
const NAMED: usize = 10;

impl Init {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let view = scan::work_tree(&cwd, &[])?;
        let is_default = self.output.is_none();
        let output = self
            .output
            .unwrap_or_else(|| policy::from_here(&view.root, &cwd, policy::NAME));
        let to_stdout = output.as_os_str() == "-";
        // A policy that `check` finds before or instead of the new one.
        let others = policy::PLACES.iter();
        let mut others = others.map(|name| policy::from_here(&view.root, &cwd, name));
        if is_default && let Some(other) = others.find(|it| std::fs::symlink_metadata(it).is_ok()) {
            return Err(Error::Usage {
                message: format!("`{}` is already there", other.display()),
                help: String::from(
                    "`weighbridge policy allow PATH` adds what files need; or name another file with `--output`",
                ),
            });
        }
        if !to_stdout && std::fs::symlink_metadata(&output).is_ok() {
            return Err(Error::Usage {
                message: format!("`{}` is already there", output.display()),
                help: String::from(
                    "`weighbridge policy allow PATH` adds what files need; or give another name with `--output`",
                ),
            });
        }
        let organisation = self.organisation.file();
        let written = if to_stdout {
            Path::new(policy::NAME)
        } else {
            &output
        };
        let (summary, functions) = summary(&view, written, organisation)?;
        let text = policy::init(&summary);
        let target = (!to_stdout).then_some(output.as_path());
        output::deliver(target, std::slice::from_ref(&view.root), |out| {
            out.write_all(text.as_bytes())
        })
        .map_err(|error| error.about("the policy"))?;
        let mut named = match target {
            Some(path) if !is_found(path, &view.root, &cwd) => {
                let word = argument(path.as_os_str().as_encoded_bytes());
                format!(" --policy {}", word.as_deref().unwrap_or("FILE"))
            }
            _ => String::new(),
        };
        named.push_str(&self.organisation.option());
        if let Some(path) = target {
            terminal::note(&format!(
                "wrote {}: review it, commit it, then run `weighbridge check{named}`",
                path.display()
            ));
        }
        let paths = PathSpelling::between(&cwd, &view.root);
        note(&summary, &functions, &named, &paths);
        Ok(Outcome::Clean)
    }
}

/// What a policy at a path is to say of a view, and the files that call a function of their own, with its name.
fn summary(
    view: &View,
    path: &Path,
    organisation: Option<&Path>,
) -> Result<(InitSummary, Vec<(Text, GlobalName)>), Error> {
    let with = |text: Option<&str>| scan::policy_with(path, text, organisation);
    let before = with(None)?;
    let extends = before.own().extends();
    let written = |needs: &[Need]| {
        let fragment = policy::answer(needs, Trust::Classes);
        (edit::create(extends, &fragment), fragment)
    };
    let mut needs = scan::needs(view, &before);
    let functions = |need: &Need| {
        let name = need.functions().next().cloned();
        name.map(|name| (need.path.clone(), name))
    };
    let functions: Vec<(Text, GlobalName)> = needs
        .iter()
        .filter(|need| need.has_answer(Trust::Functions))
        .filter_map(functions)
        .collect();
    // What the organisation's policy locks is not added to.
    if with(Some(&written(&needs).0)).is_err() {
        needs.retain(|need| with(Some(&written(std::slice::from_ref(need)).0)).is_ok());
    }
    // What is allowed for a file that is refused all the same would allow more than anybody needs.
    loop {
        let (text, fragment) = written(&needs);
        let survey = scan::survey(view, &with(Some(&text))?)?;
        let before = needs.len();
        needs.retain(|need| {
            let at = survey
                .refused
                .binary_search_by(|it| it.path.cmp(&need.path));
            at.is_err()
        });
        if needs.len() == before {
            let summary = of(survey, (extends, fragment), &functions);
            return Ok((summary, functions));
        }
    }
}

fn of(
    survey: Survey,
    (extends, needs): (Option<&'static str>, edit::Fragment),
    functions: &[(Text, GlobalName)],
) -> InitSummary {
    let (unread, refused): (Vec<_>, Vec<_>) = survey
        .refused
        .into_iter()
        .partition(scan::Refusal::is_unread);
    let why = |refusal: scan::Refusal| {
        let function = functions.iter().find(|(path, _)| *path == refusal.path);
        let why = if let Some((_, name)) = function {
            format!(
                "loading calls `{name}`, a function that no pack lists: read it, then `weighbridge policy allow PATH`"
            )
        } else {
            let finding = refusal.findings.into_iter().next();
            finding.map(|finding| finding.message).unwrap_or_default()
        };
        (refusal.path, why)
    };
    InitSummary {
        formats: survey.formats,
        extends,
        needs,
        left_out: refused.into_iter().map(why).collect(),
        unread: unread.into_iter().map(|refusal| refusal.path).collect(),
    }
}

/// Says what stays refused, and what to do about it.
fn note(
    summary: &InitSummary,
    functions: &[(Text, GlobalName)],
    policy: &str,
    paths: &PathSpelling,
) {
    let names = |of: Vec<&Text>| {
        let more = of.len().saturating_sub(NAMED);
        let shown = of.iter().take(NAMED).map(|path| paths.spell(path));
        let shown: Vec<String> = shown.map(|path| path.to_string()).collect();
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}", shown.join(", "))
    };
    let is_function = |path: &&Text| functions.iter().any(|(of, _)| of == *path);
    let left = summary.left_out.iter().map(|(path, _)| path);
    let (functions, others): (Vec<&Text>, Vec<&Text>) = left.partition(is_function);
    if !functions.is_empty() {
        let (writable, others): (Vec<&Text>, Vec<&Text>) = functions
            .into_iter()
            .partition(|path| argument(paths.spell(path).as_bytes()).is_some());
        let words: Vec<String> = writable
            .iter()
            .take(NAMED)
            .filter_map(|path| argument(paths.spell(path).as_bytes()))
            .collect();
        if !writable.is_empty() {
            terminal::note(&format!(
                "still refused, because loading calls functions that nobody has reviewed: {}; read them, then run `weighbridge policy allow{policy} {}`",
                names(writable),
                words.join(" ")
            ));
        }
        if !others.is_empty() {
            terminal::note(&format!(
                "still refused for the same reason: {}; no command that is shown here can hold such a name, so rename the file, or name its folder",
                names(others)
            ));
        }
    }
    if !others.is_empty() {
        terminal::note(&format!(
            "still refused, because no plain entry can allow it: {}; `weighbridge check{policy}` says why",
            names(others)
        ));
    }
    if !summary.unread.is_empty() {
        terminal::note(&format!(
            "still refused, because nothing reads the format yet: {}; the policy has an `exclude` for what you answer for, in a comment",
            names(summary.unread.iter().collect())
        ));
    }
}

/// Whether `check` finds a policy there by itself.
fn is_found(path: &Path, root: &Path, cwd: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let found = real(&cwd.join(path));
    let mut places = policy::PLACES.iter().map(|name| root.join(name));
    found.is_some() && places.any(|place| real(&place) == found)
}
