//! Results that several machines share: in an object store, or in a folder of a shared file system.
//!
//! Each machine works in a folder of its own and puts what it has done into the shared place, where nothing is ever changed: the name of an
//! object has the digest of its content. So two machines with the same work, a machine that is started again and one that is killed at
//! any moment do no harm, and no lock is needed.
//!
//! ```text
//! runs/<digest>.json                        what was asked for
//! results/ab/<id>.<digest>.json             the result of a repository
//! records/ab/<id>.<digest>.record           what to judge it by again
//! lines/ab/<id>.<generation>.<digest>.json  its numbers, put last: the highest generation counts
//! shards/3-of-16.<digest>.json              that a shard has finished
//! ```

#[cfg(feature = "object-store")]
mod cloud;
mod names;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use self::names::{LineName, digest};
use super::{
    folder::{Files, INFO, Line, RunFolder, RunInfo},
    marker::Marker,
    merge::{alike, better},
    result::Repository,
    results::{LocalResults, ResultStore},
};
use crate::{error::Error, files::Scratch};

/// Requests to a store at once.
const REQUESTS: usize = 16;

/// Variables of the stores begin with these: credentials, regions, endpoints.
pub const VARIABLES: &[&str] = &["AWS_", "AZURE_", "GOOGLE_"];

/// Opens the place that a URL names: `file://`, and with the feature `object-store` `s3://`, `gs://` and `az://`. `variables` are those of
/// the surroundings that begin as [`VARIABLES`] do.
///
/// # Errors
/// A URL of another kind, credentials that are missing.
#[cfg_attr(
    not(feature = "object-store"),
    allow(unused_variables, reason = "a folder has no credentials")
)]
pub fn open(url: &str, variables: &[(String, String)]) -> Result<Arc<dyn ResultStore>, Error> {
    if let Some(path) = url.strip_prefix("file://") {
        return Ok(Arc::new(LocalResults::new(path.as_ref())));
    }
    #[cfg(feature = "object-store")]
    return Ok(Arc::new(cloud::CloudStore::open(url, variables)?));
    #[cfg(not(feature = "object-store"))]
    Err(Error::Usage {
        message: format!(
            "this program was built without object stores, and cannot write to `{url}`"
        ),
        help: String::from(
            "install it with `cargo install weighbridge --features object-store`, or name a folder and copy it with the tool of the store",
        ),
    })
}

/// Whether a destination of results is a URL and no path.
pub fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|it| it.len() > 1 && it.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// The numbers of a repository, and the digest of its record.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct SharedLine {
    line: Line,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<String>,
}

/// Fetches a run that several machines share into a folder, and says which shared results are damaged.
///
/// # Errors
/// Runs that are not alike, nothing at all, a store that cannot be read, a folder that cannot be written.
pub fn fetch(store: &dyn ResultStore, folder: &RunFolder) -> Result<Vec<String>, Error> {
    let damaged = Sharing::open(store)?.fetch(folder)?;
    let notes = damaged.iter().map(|location| {
        format!(
            "{location}: what `{}` has is not what the audit wrote, and is left out; run its shard again",
            store.place().display()
        )
    });
    Ok(notes.collect())
}

/// The same into a folder that is removed with the run.
///
/// # Errors
/// As for [`fetch`].
pub fn open_run(store: &dyn ResultStore) -> Result<(RunFolder, Vec<String>), Error> {
    let results = LocalResults::fetched(Scratch::new()?, store.place());
    let folder = RunFolder::kept_by(Arc::new(results));
    let notes = fetch(store, &folder)?;
    Ok((folder, notes))
}

/// Puts a run of this machine where machines share it.
///
/// # Errors
/// A place that has another run, or takes nothing; a run that cannot be read.
pub fn publish(run: &RunFolder, store: &dyn ResultStore) -> Result<(), Error> {
    let sharing = Sharing::open(store)?;
    sharing.begin(&run.known_info()?)?;
    at_once(&run.lines()?, |line| sharing.push(run, line))
}

/// A run whose results are shared.
#[derive(Debug)]
pub(super) struct Sharing<'a> {
    store: &'a dyn ResultStore,
    /// The lines of each repository that were there when the run began.
    lines: BTreeMap<String, Vec<LineName>>,
    /// Those whose files are damaged.
    damaged: Mutex<BTreeSet<LineName>>,
}

impl<'a> Sharing<'a> {
    /// Looks at what is there.
    ///
    /// # Errors
    /// A store that cannot be listed.
    pub(super) fn open(store: &'a dyn ResultStore) -> Result<Self, Error> {
        let mut lines: BTreeMap<String, Vec<LineName>> = BTreeMap::new();
        for name in store.list("lines")? {
            if let Some(name) = LineName::parse(&name) {
                lines.entry(name.id.clone()).or_default().push(name);
            }
        }
        Ok(Self {
            store,
            lines,
            damaged: Mutex::default(),
        })
    }

    /// Says what is asked for.
    ///
    /// # Errors
    /// A store that takes nothing; one that has another run.
    pub(super) fn begin(&self, info: &RunInfo) -> Result<(), Error> {
        for other in self.infos()? {
            alike(info, &other, &self.name())?;
        }
        let bytes = json(info)?;
        self.put(&format!("runs/{}.json", digest(&bytes)), &bytes)
    }

    /// Fetches what the store has of a repository, if the folder has nothing.
    ///
    /// # Errors
    /// A store that cannot be read, a folder that cannot be written.
    pub(super) fn pull(&self, folder: &RunFolder, id: &str) -> Result<(), Error> {
        if folder.line(id).is_some() {
            return Ok(());
        }
        if let Some((line, files)) = self.best(id)? {
            folder.take(&line, &files)?;
        }
        Ok(())
    }

    /// Puts what the folder has of a repository into the store, unless it is there.
    ///
    /// # Errors
    /// A store that takes nothing, a folder that is damaged.
    pub(super) fn push(&self, folder: &RunFolder, line: &Line) -> Result<(), Error> {
        let id = &line.repository.id;
        let files = folder.files(line)?.ok_or_else(|| Error::Usage {
            message: format!(
                "`{}` has a result that is not what the audit wrote",
                folder.path().display()
            ),
            help: String::from("remove that folder and run again: the results are in the store"),
        })?;
        let record = files.record.as_deref().map(digest);
        let shared = json(&SharedLine {
            line: line.clone(),
            record: record.clone(),
        })?;
        let digest = digest(&shared);
        let known = self.lines.get(id);
        let newest = known.and_then(|names| names.iter().max_by_key(|name| name.generation));
        if newest.is_some_and(|name| name.digest == digest && !self.is_damaged(name)) {
            return Ok(());
        }
        self.put(&names::result(id, &line.sha256), &files.result)?;
        if let (Some(digest), Some(bytes)) = (record, &files.record) {
            self.put(&names::record(id, &digest), bytes)?;
        }
        let name = LineName {
            id: id.clone(),
            generation: newest.map_or(1, |name| name.generation.saturating_add(1)),
            digest,
        };
        self.put(&name.to_string(), &shared)
    }

    /// Says that a shard has finished.
    ///
    /// # Errors
    /// A store that takes nothing.
    pub(super) fn finish(&self, marker: &Marker) -> Result<(), Error> {
        let bytes = json(marker)?;
        let name = format!("shards/{}.{}.json", marker.stem(), digest(&bytes));
        self.put(&name, &bytes)
    }

    /// Fetches everything into a folder: what was asked for, all results, and which shards have finished. The repositories whose files are
    /// damaged, by location.
    ///
    /// # Errors
    /// Runs that are not alike, nothing at all, a store that cannot be read.
    pub(super) fn fetch(&self, folder: &RunFolder) -> Result<Vec<String>, Error> {
        let mut infos = self.infos()?.into_iter();
        let mut info = infos.next().ok_or_else(|| Error::Usage {
            message: format!("`{}` has no results of an audit", self.name()),
            help: String::from("name what `weighbridge audit --out` wrote to"),
        })?;
        if let Some(there) = folder.info() {
            alike(&info, &there, &folder.path().display().to_string())?;
        }
        for other in infos {
            alike(&info, &other, &self.name())?;
            info.repositories.extend(other.repositories);
        }
        info.repositories.sort_by(Repository::cmp_place);
        info.repositories.dedup_by(|a, b| a.id == b.id);
        folder.write_json(INFO, &info)?;
        let damaged: Mutex<Vec<String>> = Mutex::default();
        at_once(&info.repositories, |repository| {
            match self.best(&repository.id)? {
                Some((line, files)) => folder.take(&line, &files)?,
                None if self.lines.contains_key(&repository.id) => {
                    let mut damaged = damaged.lock().unwrap_or_else(PoisonError::into_inner);
                    damaged.push(repository.location.clone());
                }
                None => {}
            }
            Ok(())
        })?;
        let mut damaged = damaged.into_inner().unwrap_or_else(PoisonError::into_inner);
        damaged.sort_unstable();
        for name in self.store.list("shards")? {
            if let Some(marker) = self.read::<Marker>(&name)? {
                marker.write(folder)?;
            }
        }
        Ok(damaged)
    }

    /// What counts of a repository: of the highest generation whose files are whole, the result that says most.
    fn best(&self, id: &str) -> Result<Option<(Line, Files)>, Error> {
        let mut names: Vec<&LineName> = self.lines.get(id).into_iter().flatten().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.generation));
        for names in names.chunk_by(|a, b| a.generation == b.generation) {
            let mut found: Option<(Line, Files)> = None;
            for name in names {
                let Some((line, files)) = self.files(name)? else {
                    let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
                    damaged.insert((*name).clone());
                    continue;
                };
                if found.as_ref().is_none_or(|(known, _)| better(&line, known)) {
                    found = Some((line, files));
                }
            }
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The files of a line; `None` if it or one of them is not what was put there.
    fn files(&self, name: &LineName) -> Result<Option<(Line, Files)>, Error> {
        let Some(SharedLine { line, record }) = self.read::<SharedLine>(&name.to_string())? else {
            return Ok(None);
        };
        let id = &line.repository.id;
        if *id != name.id {
            return Ok(None);
        }
        let result = self.store.get(&names::result(id, &line.sha256))?;
        let Some(result) = result.filter(|bytes| line.is_of(bytes)) else {
            return Ok(None);
        };
        let record = match record {
            None => None,
            Some(digest) => {
                let bytes = self.store.get(&names::record(id, &digest))?;
                let Some(bytes) = bytes.filter(|bytes| names::digest(bytes) == digest) else {
                    return Ok(None);
                };
                Some(bytes)
            }
        };
        Ok(Some((line, Files { result, record })))
    }

    fn name(&self) -> String {
        self.store.place().display().to_string()
    }

    fn is_damaged(&self, name: &LineName) -> bool {
        let damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        damaged.contains(name)
    }

    /// What was asked for, by each list of repositories that there was.
    fn infos(&self) -> Result<Vec<RunInfo>, Error> {
        let mut infos = Vec::new();
        for name in self.store.list("runs")? {
            infos.extend(self.read(&name)?);
        }
        Ok(infos)
    }

    /// An object whose name ends with its digest; `None` if it is not there, or not what was put there.
    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let bytes = self.store.get(name)?;
        let bytes = bytes.filter(|bytes| names::digest_in(name) == Some(&digest(bytes)));
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Puts an object whose name has its digest. One that is there is looked at: what is damaged is put again.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        if self.store.put_new(name, bytes)? || self.store.get(name)?.as_deref() == Some(bytes) {
            return Ok(());
        }
        self.store.put(name, bytes)
    }
}

/// Does something for each of many things, several at once: a store answers many requests as fast as one.
fn at_once<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<Error>> = Mutex::default();
    let worker = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = work(item) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.get_or_insert(error);
                next.store(items.len(), Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..REQUESTS.min(items.len()).saturating_sub(1) {
            // With fewer threads it takes longer.
            let _ = thread::Builder::new().spawn_scoped(scope, worker);
        }
        worker();
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(()), Err)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec(value).map_err(|error| Error::Output {
        what: "the results",
        to: String::from("the store"),
        source: std::io::Error::other(error.to_string()),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}
