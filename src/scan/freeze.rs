//! Freezing: what the pins of a view's artifacts would be.

use std::{collections::BTreeMap, fmt, io, path::PathBuf};

use rayon::prelude::*;

use super::{
    Needs, Progress, Request,
    digests::Digests,
    pins::{is_not_there, on_disk, parsed, pin_of},
};
use crate::{
    bytes::Window,
    error::Error,
    fact::{Circumstance, Text},
    finding::Level,
    git::{Content, Item, Reader, View},
    inventory::{self, Artifact},
    limits,
    pins::{self, Lock, Merged, Pin},
    policy::Policy,
};

/// One file that may be pinned.
#[derive(Debug)]
pub struct Frozen {
    /// Its path.
    pub path: Text,
    /// Whether it can run code, or resolve what is no data.
    pub executable: bool,
    /// Its pin, or why it has none.
    pub pin: Result<Pin, Unpinnable>,
    /// Why it is not to be pinned, unless its bytes are pinned already.
    pub unwanted: Option<Unpinnable>,
}

/// Why a file is not pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpinnable {
    /// The policy refuses it; the finding's message.
    Refused(String),
    /// Its content is elsewhere: nobody looked at it here.
    NotHere,
    /// Its content could not be read.
    Unreadable,
    /// It is no model file.
    NoArtifact,
}

impl fmt::Display for Unpinnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(message) => write!(f, "the policy refuses it: {message}"),
            Self::NotHere => {
                f.write_str("its content is not here, and nobody looked at it: fetch it first")
            }
            Self::Unreadable => f.write_str("its content could not be read"),
            Self::NoArtifact => f.write_str("it is no model file"),
        }
    }
}

/// The lock file as it is stored.
#[derive(Debug)]
pub enum Stored {
    /// There is none.
    Nothing,
    /// It reads.
    Lock(Lock),
    /// Two branches changed it, and git could not merge them.
    Conflict {
        /// Its text.
        text: String,
        /// What is wrong with it as it is.
        error: Error,
    },
}

/// The lock file of a view: on disk, in the index or in a commit.
///
/// # Errors
/// One that cannot be read and is not merely in conflict.
pub fn read_lock(view: &View, policy: &Policy) -> Result<Stored, Error> {
    let path = PathBuf::from(policy.lock_path());
    let files = view.policy_files();
    let read = match files.state() {
        Some(_) if files.resolve(&path) != path => Err(io::Error::other("it is a symbolic link")),
        Some(_) => files.read_up_to(&path, limits::Id::LOCK_BYTES),
        None => on_disk(&view.root.join(&path)),
    };
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) if is_not_there(&error) => return Ok(Stored::Nothing),
        Err(source) => return Err(Error::Io { path, source }),
    };
    match parsed(policy.lock_path(), Ok(Some(bytes.clone()))) {
        Ok(Some(lock)) => Ok(Stored::Lock(lock)),
        Ok(None) => Ok(Stored::Nothing),
        Err(error) => match String::from_utf8(bytes) {
            Ok(text) if pins::merge(&text, |_| false).is_some() => {
                Ok(Stored::Conflict { text, error })
            }
            _ => Err(error),
        },
    }
}

/// The pins of both sides of a lock file in conflict; where they differ, those that the files match.
pub fn merge(view: &View, text: &str) -> Option<Merged> {
    let mut reader = view.reader();
    let mut known: BTreeMap<Text, Option<String>> = BTreeMap::new();
    let known = std::cell::RefCell::new((&mut reader, &mut known));
    pins::merge(text, |pin| {
        let mut known = known.borrow_mut();
        let (reader, digests) = &mut *known;
        let digest = digests.entry(pin.path.clone()).or_insert_with(|| {
            let item = item_at(view, &pin.path)?;
            Some(digest(reader, item, inventory::sha256).ok()?.1)
        });
        digest.as_ref() == Some(&pin.sha256)
    })
}

/// What can be pinned: the artifacts of the view for which `holds` says so, and the files that are pinned already.
///
/// # Errors
/// Workers that cannot be started.
pub fn freeze(
    view: &View,
    policy: &Policy,
    pinned: &Lock,
    request: Request,
    progress: &dyn Progress,
    holds: &(dyn Fn(&Text) -> bool + Sync),
) -> Result<Vec<Frozen>, Error> {
    let request = Request {
        needs: Needs {
            artifacts: true,
            ..Needs::default()
        },
        ..request
    };
    let report = super::check(view, policy, String::new(), request, progress)?;
    let mut refused: BTreeMap<&Text, &str> = BTreeMap::new();
    for finding in report.active().filter(|it| it.level == Level::Deny) {
        refused
            .entry(&finding.primary.path)
            .or_insert(&finding.message);
    }
    let mut wanted: BTreeMap<&Text, Option<&Artifact>> = BTreeMap::new();
    for pin in pinned.pins() {
        if view.has_item(&pin.path) {
            wanted.insert(&pin.path, None);
        }
    }
    let artifacts = report.artifacts.iter();
    wanted.extend(artifacts.map(|artifact| (&artifact.path, Some(artifact))));
    let wanted: Vec<(&Text, Option<&Artifact>)> =
        wanted.into_iter().filter(|(path, _)| holds(path)).collect();
    let workers = super::workers(request.threads)?;
    let digests = Digests::of(view, request.keeps_digests);
    let one = |reader: &mut Reader<'_>, (path, artifact): &(&Text, Option<&Artifact>)| {
        let item = item_at(view, path)?;
        let nothing = Artifact {
            path: (*path).clone(),
            ..Artifact::default()
        };
        let pin = pinned.get(path);
        let digest = digest(reader, item, |content| match pin {
            Some(pin) if digests.holds(path, content, &pin.sha256) => Some(pin.sha256.clone()),
            _ => digests.sha256(path, content),
        });
        let pin = digest.map(|(size, digest)| Pin {
            size,
            ..pin_of(artifact.unwrap_or(&nothing), digest)
        });
        let refusal = refused
            .get(path)
            .map(|it| Unpinnable::Refused((*it).to_owned()));
        Some(Frozen {
            path: (*path).clone(),
            executable: artifact.is_some_and(|artifact| artifact.executable),
            pin,
            unwanted: refusal.or(artifact.is_none().then_some(Unpinnable::NoArtifact)),
        })
    };
    // Each is read whole: as many at a time as there are workers.
    let frozen = workers.install(|| {
        wanted
            .par_iter()
            .map_init(|| view.reader(), one)
            .flatten()
            .collect()
    });
    digests.keep(|path| pinned.get(path).is_some());
    Ok(frozen)
}

fn item_at<'v>(view: &'v View, path: &Text) -> Option<&'v Item> {
    let found = view
        .items
        .binary_search_by(|item| item.entry.path.cmp(path));
    view.items.get(found.ok()?)
}

/// The size and the sha256 of an item's content.
fn digest(
    reader: &mut Reader<'_>,
    item: &Item,
    sha256: impl FnOnce(&Window) -> Option<String>,
) -> Result<(u64, String), Unpinnable> {
    let opened = reader.open(item);
    match opened.content {
        Content::Bytes(window) => {
            let digest = sha256(&window).ok_or(Unpinnable::Unreadable)?;
            Ok((window.len(), digest))
        }
        _ if opened.noted.iter().chain(&item.noted).any(|it| {
            matches!(
                it,
                Circumstance::Pointer { .. } | Circumstance::OutputOfDvc { .. }
            )
        }) =>
        {
            Err(Unpinnable::NotHere)
        }
        _ => Err(Unpinnable::Unreadable),
    }
}
