//! `weighbridge policy`, and finding the policy that judges.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{current_dir, output, terminal};
use crate::{
    error::Error,
    policy::{self, Catalog, Files, Policy},
    scan::{self, Outcome, View},
};

/// What a policy is called.
const NAME: &str = "weighbridge.yaml";

/// Where a repository keeps its policy, relative to its root; the first that is there counts.
const PLACES: &[&str] = &[NAME, ".weighbridge.yaml", ".github/weighbridge.yaml"];

/// The policy that judges, and its name for the report. A folder that is no repository is not asked for one, unless the
/// user stands in it: what was downloaded does not judge itself. What of the policy the view's change edits is marked.
pub(super) fn find(
    named: Option<&Path>,
    view: &mut View,
    cwd: &Path,
) -> Result<(Policy, String), Error> {
    let (policy, name) = if let Some(path) = named {
        (load(path)?, path.display().to_string())
    } else if let Some(place) = view.ground() {
        let place = place.to_owned();
        recorded(view, &place)?
    } else {
        on_disk(view, cwd)?
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for file in policy.files() {
        if view.ground().is_some() && named.is_none() {
            // As it was named, for links on the way, and without its `..`.
            files.extend([file.clone(), normal(file)]);
            continue;
        }
        let spelled = normal(&cwd.join(file));
        let real = std::fs::canonicalize(file).ok();
        let inside = real.iter().chain([&spelled]);
        let inside = inside.filter_map(|path| path.strip_prefix(&view.root).ok());
        files.extend(inside.map(Path::to_owned));
    }
    if named.is_none() {
        files.extend(PLACES.iter().map(PathBuf::from));
    }
    files.sort();
    files.dedup();
    let new = named.is_some() || view.is_index();
    view.mark_policy(&files, &name, new);
    Ok((policy, name))
}

/// The policy on disk at the view's root.
fn on_disk(view: &View, cwd: &Path) -> Result<(Policy, String), Error> {
    let asked =
        view.is_repository() || std::fs::canonicalize(cwd).is_ok_and(|cwd| cwd == view.root);
    for place in PLACES.iter().filter(|_| asked) {
        let path = from_here(view, cwd, place);
        // A policy that is there but cannot be read is an error, never "no policy".
        match std::fs::symlink_metadata(&path) {
            Ok(_) => return Ok((load(&path)?, String::from(*place))),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) => {}
            Err(source) => return Err(Error::Io { path, source }),
        }
    }
    Ok(built_in())
}

/// The policy that git recorded, where the view's is: in a commit or in the index.
fn recorded(view: &mut View, place: &str) -> Result<(Policy, String), Error> {
    let files = Recorded { view, place };
    for name in PLACES {
        let path = Path::new(name);
        if view.ground_has(path) {
            let (rules, formats) = (scan::rule_ids(), scan::format_ids());
            let catalog = Catalog {
                rules: &rules,
                formats: &formats,
            };
            let policy = Policy::load_from(&files, path, &catalog)?;
            return Ok((policy, files.name(path)));
        }
    }
    // Where a policy lies about and was not recorded, its author expects it to judge.
    let unrecorded = PLACES
        .iter()
        .find(|name| view.root.join(name).is_file())
        .filter(|_| view.is_index());
    if let Some(name) = unrecorded {
        view.notices.push(format!(
            "{name} is not in the index and does not judge: `git add {name}` records it"
        ));
    }
    Ok(built_in())
}

fn built_in() -> (Policy, String) {
    (
        Policy::recommended(),
        String::from("recommended (built in)"),
    )
}

/// Policy files in what git recorded.
struct Recorded<'v> {
    view: &'v View,
    place: &'v str,
}

impl Files for Recorded<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.view.ground_file(path)
    }

    fn real(&self, path: &Path) -> PathBuf {
        self.view.ground_path(path)
    }

    fn name(&self, path: &Path) -> String {
        let path = path.to_string_lossy().replace('\\', "/");
        format!("{path} {}", self.place)
    }
}

/// A path below a root without its `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// A file at a view's root, as the user would type it where they stand.
fn from_here(view: &View, cwd: &Path, name: &str) -> PathBuf {
    match cwd.strip_prefix(&view.root) {
        Ok(below) => below.components().map(|_| "..").chain([name]).collect(),
        Err(_) => view.root.join(name),
    }
}

/// A policy file, checked against the rules and formats there are.
pub(super) fn load(path: &Path) -> Result<Policy, Error> {
    let (rules, formats) = (scan::rule_ids(), scan::format_ids());
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    Ok(Policy::load(path, &catalog)?)
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(Init),
}

/// Write a policy to start from
///
/// Extends the built-in `recommended` policy and comments on what the repository
/// holds today. It never allows anything dangerous, and never replaces a file.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to write it instead of weighbridge.yaml at the root of the
    /// repository, or in the current folder; `-` is standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

impl Command {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let Self::Init(init) = self;
        init.run()
    }
}

impl Init {
    fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let view = scan::work_tree(&cwd, &[])?;
        let output = self.output.unwrap_or_else(|| from_here(&view, &cwd, NAME));
        let to_stdout = output.as_os_str() == "-";
        if !to_stdout && std::fs::symlink_metadata(&output).is_ok() {
            return Err(Error::Usage {
                message: format!("`{}` is already there", output.display()),
                help: String::from("edit it, or give another name with `--output`"),
            });
        }
        let survey = scan::survey(&view, &Policy::recommended());
        let text = policy::init(&survey);
        let target = (!to_stdout).then_some(output.as_path());
        output::deliver(target, |out| out.write_all(text.as_bytes()))?;
        if let Some(path) = target {
            terminal::note(&format!(
                "wrote {}: review it, commit it, then run `weighbridge check`",
                path.display()
            ));
        }
        Ok(Outcome::Clean)
    }
}
