//! Where runs are: in a folder of this machine, or where machines share them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    audit::{self, ResultStore, RunFolder},
    cli::terminal,
    error::Error,
    files::Scratch,
};

/// The run of a folder, or one that machines share at a URL.
pub(super) fn open_run(place: &Path) -> Result<RunFolder, Error> {
    let Some(store) = shared(place)? else {
        return RunFolder::open(place);
    };
    let (run, notes) = audit::open_shared_run(store.as_ref())?;
    for note in &notes {
        terminal::note(note);
    }
    Ok(run)
}

/// Where a run is written to.
#[derive(Debug)]
pub(super) enum Destination {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A URL: the run is made in a folder, and put there when it is whole.
    Shared(Arc<dyn ResultStore>, Scratch),
}

impl Destination {
    pub(super) fn new(place: &Path) -> Result<Self, Error> {
        Ok(match shared(place)? {
            Some(store) => Self::Shared(store, Scratch::new()?),
            None => Self::Folder(place.to_owned()),
        })
    }

    /// The folder that the run is made in.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder,
            Self::Shared(_, scratch) => scratch.path(),
        }
    }

    /// Puts the run where it belongs.
    pub(super) fn finish(&self) -> Result<(), Error> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Shared(store, scratch) => {
                audit::publish(&RunFolder::create(scratch.path()), store.as_ref())
            }
        }
    }
}

/// The place of a URL, where machines share their results; `None` if it is the path of a folder.
pub(super) fn shared(place: &Path) -> Result<Option<Arc<dyn ResultStore>>, Error> {
    let Some(url) = place.to_str().filter(|place| audit::is_shared(place)) else {
        return Ok(None);
    };
    #[allow(
        clippy::disallowed_methods,
        reason = "credentials and endpoints, as the tools of the stores take them"
    )]
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        let is_of_a_store = audit::SHARED_VARIABLES
            .iter()
            .any(|begin| name.starts_with(begin));
        is_of_a_store.then_some((name, value))
    });
    audit::open_shared(url, &variables.collect::<Vec<_>>()).map(Some)
}
