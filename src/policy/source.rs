//! Which policy judges what is looked at: the one place that decides it, for `check`, `inspect`, the hooks and the action.
//!
//! A policy that the user names judges. Otherwise the first of [`PLACES`] does, where the view keeps its policy: on disk, in the
//! index, in the commit that a change starts from. A folder that is no repository is not asked for one, unless the user
//! stands in it: what was downloaded does not judge itself. Where nothing is found, `recommended` judges. An organisation's policy
//! stands above whatever is found, and judges instead of `recommended`.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use super::{
    Attempts, Catalog, Files, Policy, PolicyAt,
    decode::list,
    edit::Edited,
    load::Disk,
    place::{PLACES, Place},
    unread,
};
use crate::{
    error::Error,
    fact::{Text, pathspec},
};

/// Who asks for a policy.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The policy that the user names: a file, or a bundled one.
    pub named: Option<&'a Path>,
    /// A named file of the work tree is one that the change under review can edit: it is read where the view keeps its policy.
    pub reviews: bool,
    /// The organisation's policy above: a file, or a bundled one. A file of what is looked at is read where the view keeps its
    /// policy, so that no change edits it.
    pub organisation: Option<&'a Path>,
    /// What becomes of attempts to loosen what that locks.
    pub attempts: Attempts,
    /// The folder the user stands in.
    pub cwd: &'a Path,
    /// The rules and formats that a policy may name.
    pub catalog: Catalog<'a>,
}

/// The policy that judges, and what is to be said about it.
#[derive(Debug)]
pub struct Source {
    /// The policy.
    pub policy: Policy,
    /// What reports call it: a path, `weighbridge.yaml at 1a2b3c4 (main)`, `recommended (built in)`; with an organisation's above
    /// it, both.
    pub name: String,
    /// The files below the root that are the policy or a part of it, or would be if they were there: a change of them is reported.
    pub files: Vec<PathBuf>,
    /// Whether a change is judged by the policy as the change leaves it.
    pub is_new: bool,
    /// What is to be known of other policies, a sentence each.
    pub notices: Vec<String>,
}

/// A policy that was found.
#[derive(Debug)]
struct Found {
    at: FoundAt,
    /// What reports call it.
    name: String,
}

#[derive(Debug)]
enum FoundAt {
    Bundled(&'static str),
    Disk(PathBuf),
    Recorded(PathBuf),
}

impl Source {
    /// The policy that judges what is looked at.
    ///
    /// # Errors
    /// A policy that cannot be read, or does not hold together; a name that stands for none.
    pub fn find(place: &dyn Place, asker: Asker<'_>) -> Result<Self, Error> {
        let mut notices = Vec::new();
        let mut named = asker.named;
        let mut own = None;
        if let Some((state, below)) = asker.under_review(place, named.filter(|_| asker.reviews)) {
            if place.has(&below) {
                own = Some(Found::recorded(below, &state));
            } else {
                notices.push(format!(
                    "there is no {} {state}, so it does not judge",
                    Text::new(below.as_os_str().as_encoded_bytes())
                ));
                named = None;
            }
        }
        let is_recorded = own.is_some() || named.is_none() && place.state().is_some();
        let own = match (own, named, place.state()) {
            (Some(found), ..) => Some(found),
            (None, Some(path), _) => Some(Found::named(path)?),
            (None, None, Some(state)) => asker.recorded(place, state, &mut notices),
            (None, None, None) => asker.on_disk(place)?,
        };
        let organisation = asker.organisation_at(place)?;
        let above_is_recorded =
            matches!(&organisation, Some(found) if matches!(found.at, FoundAt::Recorded(_)));
        let own_name = own.as_ref().map(|found| found.name.clone());
        let (policy, name) = asker.load(place, own, organisation)?;
        let mut files = below_root(place, asker.cwd, policy.files(), is_recorded);
        if let Some(above) = policy.organisation() {
            files.extend(below_root(
                place,
                asker.cwd,
                &above.files,
                above_is_recorded,
            ));
        }
        if named.is_none() {
            let judge = unread::Judge {
                policy: &policy,
                name: own_name.as_deref().unwrap_or_default(),
                files: &files,
            };
            notices.extend(unread::notices(place, is_asked(place, asker.cwd), judge));
            files.extend(PLACES.iter().map(PathBuf::from));
        }
        files.sort();
        files.dedup();
        Ok(Self {
            policy,
            name,
            files,
            is_new: !is_recorded && named.is_some() || place.is_index(),
            notices,
        })
    }
}

/// Whether a file below the root is one of another repository that lies there and that nothing recorded: no change edits it.
fn is_of_another(place: &dyn Place, below: &Path) -> bool {
    let mut folders = below.ancestors().skip(1);
    let is_repository = |folder: &&Path| {
        let git = place.root().join(folder).join(".git");
        !folder.as_os_str().is_empty() && std::fs::symlink_metadata(git).is_ok()
    };
    folders
        .find(is_repository)
        .is_some_and(|folder| !place.has(folder))
}

/// Those of a policy's files that are below the root, as they are named from there.
fn below_root(place: &dyn Place, cwd: &Path, files: &[PathBuf], is_recorded: bool) -> Vec<PathBuf> {
    let mut below = Vec::new();
    for file in files {
        if is_recorded {
            // As it was named, for links on the way, and without its `..`.
            below.extend([file.clone(), normal(file)]);
            continue;
        }
        let spelled = normal(&cwd.join(file));
        let real = std::fs::canonicalize(file).ok();
        let inside = real.iter().chain([&spelled]);
        let inside = inside.filter_map(|path| path.strip_prefix(place.root()).ok());
        below.extend(inside.map(Path::to_owned));
    }
    below
}

impl Found {
    fn recorded(path: PathBuf, state: &str) -> Self {
        Self {
            name: recorded_name(&path, state),
            at: FoundAt::Recorded(path),
        }
    }

    /// A policy that the user names.
    fn named(path: &Path) -> Result<Self, Error> {
        if !is_bundled_name(path) {
            return Ok(Self {
                at: FoundAt::Disk(path.to_owned()),
                name: path.display().to_string(),
            });
        }
        let name = path.to_str().unwrap_or_default();
        if let Some(bundled) = Policy::bundled_names().find(|bundled| *bundled == name) {
            return Ok(Self {
                at: FoundAt::Bundled(bundled),
                name: format!("{bundled} (built in)"),
            });
        }
        let known: Vec<&str> = Policy::bundled_names().collect();
        Err(Error::Usage {
            message: format!(
                "there is no file and no bundled policy `{}`",
                name.escape_debug()
            ),
            help: format!(
                "the bundled policies are {}; a file is named by its path",
                list(&known)
            ),
        })
    }

    fn at<'f>(&'f self, recorded: Option<&'f Recorded<'f>>) -> PolicyAt<'f> {
        match (&self.at, recorded) {
            (FoundAt::Bundled(name), _) => PolicyAt::Bundled(name),
            (FoundAt::Recorded(path), Some(recorded)) => PolicyAt::File(recorded, path),
            (FoundAt::Recorded(path) | FoundAt::Disk(path), _) => PolicyAt::File(&Disk, path),
        }
    }
}

impl Asker<'_> {
    /// A file that is named, below the root, and the state that it is read from, where a change is under review that can edit it.
    fn under_review(&self, place: &dyn Place, named: Option<&Path>) -> Option<(String, PathBuf)> {
        let named = named.filter(|named| !is_bundled(named))?;
        let state = place.state().filter(|_| !place.is_index())?;
        let real = std::fs::canonicalize(self.cwd).unwrap_or_else(|_| self.cwd.to_owned());
        let path = normal(&real.join(named));
        let below = path.strip_prefix(place.root()).ok()?;
        Some((state.to_owned(), below.to_owned()))
    }

    /// The organisation's policy.
    fn organisation_at(&self, place: &dyn Place) -> Result<Option<Found>, Error> {
        let Some(named) = self.organisation else {
            return Ok(None);
        };
        let reviewed = self.under_review(place, Some(named));
        let reviewed = reviewed.filter(|(_, below)| !is_of_another(place, below));
        let Some((state, below)) = reviewed else {
            return Found::named(named).map(Some);
        };
        if place.has(&below) {
            return Ok(Some(Found::recorded(below, &state)));
        }
        let shown = Text::new(below.as_os_str().as_encoded_bytes());
        Err(Error::Usage {
            message: format!(
                "the organisation's policy is to be {shown}, and there is none {state}"
            ),
            help: String::from("keep it outside of what is checked: there it is read from disk"),
        })
    }

    /// The policy that git recorded, where the view's is: in a commit or in the index.
    fn recorded(&self, place: &dyn Place, state: &str, notices: &mut Vec<String>) -> Option<Found> {
        let mut names = PLACES.iter().map(PathBuf::from);
        if let Some(path) = names.find(|path| place.has(path)) {
            return Some(Found::recorded(path, state));
        }
        // Where a policy lies about and was not recorded, its author expects it to judge.
        let unrecorded = PLACES
            .iter()
            .find(|name| place.root().join(name).is_file())
            .filter(|_| place.is_index());
        if let Some(name) = unrecorded {
            notices.push(format!(
                "{name} is not in the index and does not judge: `{}` records it",
                staging(place.root(), self.cwd, Path::new(name))
            ));
        }
        None
    }

    /// The policy on disk at the root.
    fn on_disk(&self, place: &dyn Place) -> Result<Option<Found>, Error> {
        let asked = is_asked(place, self.cwd);
        for name in PLACES.iter().filter(|_| asked) {
            let path = from_here(place.root(), self.cwd, name);
            // A policy that is there but cannot be read is an error, never "no policy".
            match std::fs::symlink_metadata(&path) {
                Ok(_) => {
                    return Ok(Some(Found {
                        at: FoundAt::Disk(path),
                        name: String::from(*name),
                    }));
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) => {}
                Err(source) => return Err(Error::Io { path, source }),
            }
        }
        Ok(None)
    }

    /// What was found, read, and what reports call it.
    fn load(
        &self,
        place: &dyn Place,
        own: Option<Found>,
        organisation: Option<Found>,
    ) -> Result<(Policy, String), Error> {
        let recorded = place.state().map(|state| Recorded {
            place,
            state,
            cwd: self.cwd,
        });
        let at = |found| Found::at(found, recorded.as_ref());
        let Some(above) = organisation else {
            let Some(own) = own else {
                let name = String::from("recommended (built in)");
                return Ok((Policy::recommended(), name));
            };
            return Ok((at(&own).load(&self.catalog)?, own.name));
        };
        let own_at = own.as_ref().map(at);
        let policy = at(&above).load_above(own_at, self.attempts, &self.catalog)?;
        let alone = policy.organisation().is_some_and(|it| it.judges_alone);
        let own = own.filter(|_| !alone);
        Ok((policy, named_below(own, above)))
    }
}

/// What reports call a policy below an organisation's; none of its own where that judges alone.
fn named_below(own: Option<Found>, above: Found) -> String {
    match own {
        Some(own) => format!("{}, below {}", own.name, above.name),
        None => above.name,
    }
}

/// A policy that the user names, a file or a bundled one, as it judges below an organisation's, and what reports call it.
///
/// # Errors
/// A file that cannot be read or does not hold together; a name that stands for none.
pub fn named_policy(
    path: &Path,
    organisation: Option<&Path>,
    catalog: &Catalog<'_>,
) -> Result<(Policy, String), Error> {
    let found = Found::named(path)?;
    let Some(named) = organisation else {
        let policy = found.at(None).load(catalog)?;
        return Ok((policy, found.name));
    };
    let above = Found::named(named)?;
    let own = Some(found.at(None));
    let policy = above
        .at(None)
        .load_above(own, Attempts::AreErrors, catalog)?;
    let alone = policy.organisation().is_some_and(|it| it.judges_alone);
    Ok((policy, named_below((!alone).then_some(found), above)))
}

/// The policy at a path, as it would be with a text below an organisation's; without a text, what judges where there is no file.
///
/// # Errors
/// A text that does not hold together with what it extends or with what the organisation locks.
pub fn edited_policy(
    path: &Path,
    text: Option<&str>,
    organisation: Option<&Path>,
    catalog: &Catalog<'_>,
) -> Result<Policy, Error> {
    let files = text.map(|text| Edited { path, text });
    let own = files.as_ref().map(|files| PolicyAt::File(files, path));
    Ok(match (organisation, own) {
        (Some(named), own) => {
            let above = Found::named(named)?;
            let above = above.at(None);
            above.load_above(own, Attempts::AreErrors, catalog)?
        }
        (None, Some(own)) => own.load(catalog)?,
        (None, None) => Policy::recommended(),
    })
}

/// Whether what the user names is the name of a bundled policy, or can be nothing else because no such file is there. A file
/// that is called like a bundled policy is `./strict`: a repository cannot put its own in the place of the one that is meant.
pub fn is_bundled_name(path: &Path) -> bool {
    is_bundled(path)
        || path.extension().is_none()
            && path.components().count() == 1
            && std::fs::symlink_metadata(path).is_err()
}

fn is_bundled(path: &Path) -> bool {
    Policy::bundled_names().any(|name| path.as_os_str() == name)
}

/// Whether a policy is looked for on disk.
fn is_asked(place: &dyn Place, cwd: &Path) -> bool {
    place.is_repository() || std::fs::canonicalize(cwd).is_ok_and(|cwd| cwd == place.root())
}

/// Policy files in what git recorded.
struct Recorded<'p> {
    place: &'p dyn Place,
    state: &'p str,
    cwd: &'p Path,
}

impl Files for Recorded<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.place.read(path)
    }

    fn real(&self, path: &Path) -> PathBuf {
        self.place.real(path)
    }

    fn name(&self, path: &Path) -> String {
        recorded_name(path, self.state)
    }

    fn brought_by(&self, path: &Path) -> Option<String> {
        let path = normal(path);
        let root = self.place.root();
        let is_there = self.place.is_index() && !self.place.has(&path);
        let is_there = is_there && root.join(&path).is_file();
        is_there.then(|| staging(root, self.cwd, &path))
    }
}

/// The command that puts a file below a root into the index.
pub fn staging(root: &Path, cwd: &Path, path: &Path) -> String {
    let path = match path.to_str() {
        Some(name) => from_here(root, cwd, name),
        None => root.join(path),
    };
    let word = pathspec(path.as_os_str().as_encoded_bytes());
    format!("git add {}", word.as_deref().unwrap_or("FILE"))
}

/// What a file that git recorded is called: `weighbridge.yaml at 1a2b3c4 (main)`.
fn recorded_name(path: &Path, state: &str) -> String {
    let path = path.to_string_lossy().replace('\\', "/");
    format!("{path} {state}")
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

/// A file at a root, as the user would type it where they stand.
pub fn from_here(root: &Path, cwd: &Path, name: &str) -> PathBuf {
    match cwd.strip_prefix(root) {
        Ok(below) => below.components().map(|_| "..").chain([name]).collect(),
        Err(_) => root.join(name),
    }
}
