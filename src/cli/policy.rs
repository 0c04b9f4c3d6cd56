//! `weighbridge policy`, and finding the policy that judges.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{current_dir, output, terminal};
use crate::{
    error::Error,
    fact::Text,
    policy::{self, Catalog, Files, Found, Policy},
    scan::{self, Outcome, View},
};

/// What a policy is called.
const NAME: &str = "weighbridge.yaml";

/// Where a repository keeps its policy, relative to its root; the first that is there counts.
const PLACES: &[&str] = &[NAME, ".weighbridge.yaml", ".github/weighbridge.yaml"];

/// What others take for its name.
const MISNAMED: &[&str] = &[
    "weighbridge.yml",
    ".weighbridge.yml",
    ".github/weighbridge.yml",
    ".github/.weighbridge.yaml",
];

/// Policies that are told of although they do not judge.
const TOLD: usize = 3;

/// The policy that judges, and its name for the report. A folder that is no repository is not asked for one, unless the
/// user stands in it: what was downloaded does not judge itself. What of the policy the view's change edits is marked.
pub(super) fn find(
    named: Option<&Path>,
    view: &mut View,
    cwd: &Path,
) -> Result<(Policy, String), Error> {
    let (policy, name) = if let Some(path) = named {
        named_policy(path)?
    } else if let Some(place) = view.policy_state() {
        let place = place.to_owned();
        recorded(view, &place)?
    } else {
        on_disk(view, cwd)?
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for file in policy.files() {
        if view.policy_state().is_some() && named.is_none() {
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
        say_unread(view, cwd, &policy, &name, &files);
        files.extend(PLACES.iter().map(PathBuf::from));
    }
    files.sort();
    files.dedup();
    let new = named.is_some() || view.is_index();
    view.mark_policy(&files, &name, new);
    Ok((policy, name))
}

/// A policy that the user names: a file, or a bundled one.
fn named_policy(path: &Path) -> Result<(Policy, String), Error> {
    let name = path.to_str().unwrap_or_default();
    let is_name = path.extension().is_none()
        && path.components().count() == 1
        && std::fs::symlink_metadata(path).is_err();
    if is_name {
        if let Some(policy) = Policy::bundled(name) {
            let name = policy.name().to_owned();
            return Ok((policy, name));
        }
        let known: Vec<String> = Policy::bundled_names()
            .map(|name| format!("`{name}`"))
            .collect();
        return Err(Error::Usage {
            message: format!(
                "there is no file and no bundled policy `{}`",
                name.escape_debug()
            ),
            help: format!(
                "the bundled policies are {}; a file is named by its path",
                known.join(" and ")
            ),
        });
    }
    Ok((load(path)?, path.display().to_string()))
}

/// Says which files look like a policy and do not judge: whoever wrote one expects that it does.
fn say_unread(view: &mut View, cwd: &Path, policy: &Policy, judge: &str, read: &[PathBuf]) {
    let asked = is_asked(view, cwd);
    let is_read =
        |path: &str| judge.starts_with(path) || read.iter().any(|file| file == Path::new(path));
    let mut said = Vec::new();
    for name in PLACES.iter().chain(MISNAMED) {
        let path = Path::new(name);
        let there = match view.policy_state() {
            Some(_) => view.has_policy_path(path),
            None => asked && view.root.join(path).is_file(),
        };
        if there && !is_read(name) {
            said.push(if MISNAMED.contains(name) {
                format!("{name} is not read: rename it to {NAME}")
            } else {
                format!("{name} is not read: another policy of this repository comes first")
            });
        }
    }
    let names = [
        NAME,
        ".weighbridge.yaml",
        "weighbridge.yml",
        ".weighbridge.yml",
    ];
    let mut nested: usize = 0;
    for item in &view.items {
        let entry = &item.entry;
        let is_one = names
            .iter()
            .any(|name| entry.file_name() == name.as_bytes());
        let Some(path) = entry.path.as_str().filter(|_| is_one) else {
            continue;
        };
        let at_root = PLACES.iter().chain(MISNAMED).any(|place| *place == path);
        if at_root
            || policy.excludes(&entry.path)
            || read.iter().any(|file| file == Path::new(path))
        {
            continue;
        }
        nested = nested.saturating_add(1);
        if nested <= TOLD {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            said.push(format!(
                "{} is not read: one policy judges a repository; say under `overrides` of {NAME} what holds for `{}/**`",
                entry.path,
                Text::from(folder)
            ));
        }
    }
    if let Some(more) = nested.checked_sub(TOLD).filter(|more| *more > 0) {
        said.push(format!("{more} more policies in folders are not read"));
    }
    view.notices.extend(said);
}

/// The same, where a pipeline judges a change by what it is for: a file of the work tree that is named is one that the change
/// can edit, so it is read from there as well.
pub(super) fn find_for_change(
    named: Option<&Path>,
    view: &mut View,
    cwd: &Path,
) -> Result<(Policy, String), Error> {
    let place = view
        .policy_state()
        .filter(|_| !view.is_index())
        .map(str::to_owned);
    let real = std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    let below = named.and_then(|named| {
        let path = normal(&real.join(named));
        path.strip_prefix(&view.root).ok().map(Path::to_owned)
    });
    let (Some(place), Some(below)) = (place, below) else {
        return find(named, view, cwd);
    };
    if view.has_policy_path(&below) {
        return at(view, &place, &below);
    }
    view.notices.push(format!(
        "there is no {} {place}, so it does not judge",
        Text::new(below.as_os_str().as_encoded_bytes())
    ));
    find(None, view, cwd)
}

/// A policy that git recorded.
fn at(view: &View, place: &str, path: &Path) -> Result<(Policy, String), Error> {
    let files = Recorded { view, place };
    let (rules, formats) = (scan::rule_ids(), scan::format_ids());
    let catalog = Catalog {
        rules: &rules,
        formats: &formats,
    };
    let policy = Policy::load_from(&files, path, &catalog)?;
    Ok((policy, files.name(path)))
}

/// Whether a policy is looked for on disk.
fn is_asked(view: &View, cwd: &Path) -> bool {
    view.is_repository() || std::fs::canonicalize(cwd).is_ok_and(|cwd| cwd == view.root)
}

/// The policy on disk at the view's root.
fn on_disk(view: &View, cwd: &Path) -> Result<(Policy, String), Error> {
    let asked = is_asked(view, cwd);
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
    for name in PLACES {
        let path = Path::new(name);
        if view.has_policy_path(path) {
            return at(view, place, path);
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
        self.view.read_policy_file(path)
    }

    fn real(&self, path: &Path) -> PathBuf {
        self.view.resolve_policy_path(path)
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
    /// Allow what the files here need, instead of proposing it in comments
    ///
    /// Each name with the uses that the files make of it. Nothing dangerous is
    /// allowed; files that are not read yet are excluded. Review what it writes.
    #[arg(long)]
    allow_found: bool,
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
        let found = if self.allow_found {
            Found::Allow
        } else {
            Found::Propose
        };
        let text = policy::init(&survey, found);
        let target = (!to_stdout).then_some(output.as_path());
        output::deliver(target, std::slice::from_ref(&view.root), |out| {
            out.write_all(text.as_bytes())
        })?;
        if let Some(path) = target {
            terminal::note(&format!(
                "wrote {}: review it, commit it, then run `weighbridge check`",
                path.display()
            ));
        }
        Ok(Outcome::Clean)
    }
}
