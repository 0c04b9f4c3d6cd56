//! The folder of a run: a result, a record and a line for each repository, each written whole or not at all and never changed
//! afterwards. A run that was killed leaves nothing else behind, and the next one continues with what is there.
//!
//! ```text
//! run.json                      what was asked for
//! shards/3-of-16.json           that a shard has finished, written last
//! results/ab/abcd....json       the result of a repository
//! lines/ab/abcd....json         its numbers, written last: without it, there is no result
//! records/ab/abcd....record     what to judge it by again
//! summary.json                  the numbers of all
//! ```

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::{
    record::Record,
    refusals::Refusals,
    result::{AuditResult, Counts, Failure, Repository, Status},
    results::{LocalResults, ResultStore},
};
use crate::{error::Error, report::json::v1};

/// What was asked for, in a run's folder.
pub(super) const INFO: &str = "run.json";

/// The numbers of all, in a run's folder.
pub(super) const SUMMARY: &str = "summary.json";

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct RunFolder(Arc<dyn ResultStore>);

/// The files of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    /// Its result.
    pub(super) result: Vec<u8>,
    /// What it can be judged by again, if there is that.
    pub(super) record: Option<Vec<u8>>,
}

/// The numbers of a repository, and what tells whether they still hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which repository.
    pub repository: Repository,
    /// Whether all of it was looked at.
    pub status: Status,
    /// Why not, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What was looked at, in numbers.
    pub coverage: v1::Coverage,
    /// What was found, in numbers.
    pub counts: Counts,
    /// How many lines of its policy try to loosen what is locked.
    pub loosenings: usize,
    /// A digest of what the result depends on.
    pub inputs: String,
    /// Whether another day may give another result.
    pub depends_on_day: bool,
    /// The day on which it was judged.
    pub judged_on: String,
    /// Bytes of the result.
    pub bytes: u64,
    /// The digest of the result.
    pub sha256: String,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Always 1.
    pub version: u32,
    /// `head`, `history` or `all-refs`.
    pub what: String,
    /// The organisation's policy.
    pub policy: String,
    /// Its digest.
    pub policy_sha256: String,
    /// The version of this program.
    pub scanner: String,
    /// The number of what its readers say.
    #[serde(default)]
    pub reader_epoch: u32,
    /// The digest of the plan that gave each shard its repositories, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The repositories, by id: those of the run, in the order of their locations.
    pub repositories: Vec<Repository>,
}

impl RunFolder {
    /// A folder for the results of a run, which is made when something is written.
    pub fn create(path: &Path) -> Self {
        Self(Arc::new(LocalResults::new(path)))
    }

    /// The folder of a run that was made before.
    ///
    /// # Errors
    /// No run there.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.join("lines").is_dir() || path.join("run.json").is_file() {
            return Ok(Self::create(path));
        }
        Err(Error::Usage {
            message: format!("`{}` is no folder of an audit", path.display()),
            help: String::from("name the folder that `weighbridge audit --out` wrote"),
        })
    }

    /// A run whose files something else keeps.
    pub fn kept_by(results: Arc<dyn ResultStore>) -> Self {
        Self(results)
    }

    /// What people know it by: its path, or a URL.
    pub fn path(&self) -> &Path {
        self.0.place()
    }

    /// Writes the result of a repository, and what it can be judged by again.
    ///
    /// # Errors
    /// Whatever writing answers: a full disk ends the run.
    pub(super) fn write(
        &self,
        result: &AuditResult,
        record: Option<&Record>,
    ) -> Result<Line, Error> {
        let name = Kind::Record.name(&result.repository.id);
        match record.and_then(Record::encode) {
            Some(record) => self.0.put(&name, &record)?,
            None => self.0.remove(&name)?,
        }
        self.rewrite(result)
    }

    /// The same without touching what it can be judged by again.
    pub(super) fn rewrite(&self, result: &AuditResult) -> Result<Line, Error> {
        let id = &result.repository.id;
        let bytes = self.json(result)?;
        self.0.put(&Kind::Result.name(id), &bytes)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let line = Line::of(result, length, HEXLOWER.encode(&Sha256::digest(&bytes)));
        self.write_json(&Kind::Line.name(id), &line)?;
        Ok(line)
    }

    /// Copies what another run has of a repository. Whether it is what that run wrote: if not, nothing is copied.
    ///
    /// # Errors
    /// A folder that cannot be written, or a file that cannot be read although it is there.
    pub(super) fn adopt(&self, other: &Self, line: &Line) -> Result<bool, Error> {
        let Some(files) = other.files(line)? else {
            return Ok(false);
        };
        self.take(line, &files)?;
        Ok(true)
    }

    /// The files of a repository; `None` if they are not what was written.
    ///
    /// # Errors
    /// A file that cannot be read although it is there.
    pub(super) fn files(&self, line: &Line) -> Result<Option<Files>, Error> {
        let id = &line.repository.id;
        let result = self.0.get(&Kind::Result.name(id))?;
        let Some(result) = result.filter(|result| line.is_of(result)) else {
            return Ok(None);
        };
        let record = self.0.get(&Kind::Record.name(id))?;
        Ok(Some(Files { result, record }))
    }

    /// Writes the files of a repository.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn take(&self, line: &Line, files: &Files) -> Result<(), Error> {
        let id = &line.repository.id;
        match &files.record {
            Some(record) => self.0.put(&Kind::Record.name(id), record)?,
            None => self.0.remove(&Kind::Record.name(id))?,
        }
        self.0.put(&Kind::Result.name(id), &files.result)?;
        self.write_json(&Kind::Line.name(id), line)
    }

    /// Makes a repository one without a result.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn forget(&self, id: &str) -> Result<(), Error> {
        self.0.remove(&Kind::Line.name(id))
    }

    /// The files of a run that are of no repository, below a folder.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub(super) fn others(&self, folder: &str) -> Result<Vec<Vec<u8>>, Error> {
        let mut found = Vec::new();
        for name in self.0.list(folder)? {
            found.extend(self.0.get(&name)?);
        }
        Ok(found)
    }

    /// Removes a file of the run that is of no repository.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn remove(&self, name: &str) -> Result<(), Error> {
        self.0.remove(name)
    }

    /// Writes JSON to a file of the run, unless the file has it already.
    pub(super) fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        let bytes = self.json(value)?;
        let length = u64::try_from(bytes.len()).ok();
        let is_there = self.0.size(name).is_ok_and(|size| size == length)
            && self.0.get(name).is_ok_and(|it| it.as_ref() == Some(&bytes));
        if is_there {
            return Ok(());
        }
        self.0.put(name, &bytes)
    }

    fn json(&self, value: &impl Serialize) -> Result<Vec<u8>, Error> {
        let bytes = serde_json::to_vec(value).map_err(|error| Error::Write {
            path: self.path().to_owned(),
            source: io::Error::other(error),
        });
        let mut bytes = bytes?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The numbers of a repository; `None` if it has no result, or not a whole one.
    pub fn line(&self, id: &str) -> Option<Line> {
        let line = self.0.get(&Kind::Line.name(id)).ok()??;
        let line: Line = serde_json::from_slice(&line).ok()?;
        let length = self.0.size(&Kind::Result.name(id)).ok()??;
        (line.repository.id == id && length == line.bytes).then_some(line)
    }

    /// The result of a repository.
    ///
    /// # Errors
    /// A file that is not there, is no result, or is not what was written.
    pub fn result(&self, line: &Line) -> Result<AuditResult, Error> {
        self.read_result(line)
    }

    /// As much of the result of a repository as tells what it refuses.
    ///
    /// # Errors
    /// As above.
    pub(super) fn refusals(&self, line: &Line) -> Result<Refusals, Error> {
        self.read_result(line)
    }

    fn read_result<T: DeserializeOwned>(&self, line: &Line) -> Result<T, Error> {
        let bytes = self.result_bytes(&line.repository.id)?;
        let unreadable = |source| Error::Io {
            path: self.path().join(Kind::Result.name(&line.repository.id)),
            source,
        };
        if HEXLOWER.encode(&Sha256::digest(&bytes)) != line.sha256 {
            let message = "it is not what the audit wrote: remove it, and audit again";
            return Err(unreadable(io::Error::other(message)));
        }
        serde_json::from_slice(&bytes).map_err(|error| unreadable(io::Error::other(error)))
    }

    fn result_bytes(&self, id: &str) -> Result<Vec<u8>, Error> {
        let name = Kind::Result.name(id);
        self.0.get(&name)?.ok_or_else(|| Error::Io {
            path: self.path().join(name),
            source: io::ErrorKind::NotFound.into(),
        })
    }

    /// The file without which a repository is audited again.
    pub(super) fn place_of_line(&self, id: &str) -> PathBuf {
        self.path().join(Kind::Line.name(id))
    }

    /// What a repository can be judged by again; `None` if there is nothing, or it is damaged or of another version.
    pub(super) fn record(&self, id: &str) -> Option<Record> {
        let record = Record::decode(&self.0.get(&Kind::Record.name(id)).ok()??)?;
        (record.repository.id == id).then_some(record)
    }

    /// The numbers of all repositories, by location.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn lines(&self) -> Result<Vec<Line>, Error> {
        let names = self.0.list("lines")?;
        let ids = names.iter().filter_map(|name| {
            let (_, name) = name.rsplit_once('/')?;
            name.strip_suffix(".json")
        });
        let mut lines: Vec<Line> = ids.filter_map(|id| self.line(id)).collect();
        lines.sort_by(|a, b| a.repository.cmp_place(&b.repository));
        Ok(lines)
    }

    /// A file of the run that is text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        String::from_utf8(self.0.get(name).ok()??).ok()
    }

    /// Writes such a file.
    pub(super) fn write_text(&self, name: &str, text: &str) -> Result<(), Error> {
        self.0.put(name, text.as_bytes())
    }

    /// What stays the same as long as no file of a folder is added, replaced or removed, if anything can tell.
    pub(super) fn mark(&self, folder: &str) -> Option<String> {
        self.0.mark(folder)
    }

    /// What stays the same as long as nobody changes the files of a repository, if anything can tell.
    pub(super) fn mark_of(&self, id: &str) -> Option<String> {
        let [result, line, record] =
            [Kind::Result, Kind::Line, Kind::Record].map(|kind| self.0.mark(&kind.name(id)));
        Some([result?, line?, record.unwrap_or_default()].join(" "))
    }

    /// Whether the files of a repository are what was written.
    pub(super) fn is_whole(&self, line: &Line) -> bool {
        let id = &line.repository.id;
        let get = |kind: Kind| self.0.get(&kind.name(id)).ok();
        let is_result = |bytes: &[u8]| HEXLOWER.encode(&Sha256::digest(bytes)) == line.sha256;
        let is_record = |bytes: &[u8]| Record::is_undamaged(bytes);
        get(Kind::Result).flatten().is_some_and(|it| is_result(&it))
            && self.line(id).as_ref() == Some(line)
            && get(Kind::Record).is_some_and(|it| it.is_none_or(|it| is_record(&it)))
    }

    /// What was asked for.
    pub fn info(&self) -> Option<RunInfo> {
        serde_json::from_slice(&self.0.get(INFO).ok()??).ok()
    }

    /// What was asked for, of a run that says it.
    ///
    /// # Errors
    /// One that does not.
    pub fn known_info(&self) -> Result<RunInfo, Error> {
        self.info().ok_or_else(|| Error::Usage {
            message: format!("`{}` has no `run.json`", self.path().display()),
            help: String::from("name the folder that `weighbridge audit --out` wrote"),
        })
    }
}

/// The files of one repository.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Result,
    Line,
    Record,
}

impl Kind {
    fn name(self, id: &str) -> String {
        let (folder, end) = match self {
            Self::Result => ("results", "json"),
            Self::Line => ("lines", "json"),
            Self::Record => ("records", "record"),
        };
        // An id comes from a file of a run: it is no path.
        let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
        let front = id.get(..2).unwrap_or("00");
        format!("{folder}/{front}/{id}.{end}")
    }
}

impl Line {
    /// The numbers of a result, of which the file has so many bytes and this digest.
    pub(super) fn of(result: &AuditResult, bytes: u64, sha256: String) -> Self {
        Self {
            repository: result.repository.clone(),
            status: result.status,
            failure: result.failure.clone(),
            coverage: result.coverage.clone(),
            counts: result.counts,
            loosenings: result.loosenings.len(),
            inputs: result.inputs.clone(),
            depends_on_day: result.depends_on_day,
            judged_on: result.versions.judged_on.clone(),
            bytes,
            sha256,
        }
    }

    /// Whether it has the numbers of a result.
    pub(super) fn is_of(&self, result: &[u8]) -> bool {
        let sha256 = HEXLOWER.encode(&Sha256::digest(result));
        let length = u64::try_from(result.len()).unwrap_or(u64::MAX);
        let parsed = serde_json::from_slice::<AuditResult>(result);
        sha256 == self.sha256
            && parsed.is_ok_and(|result| Self::of(&result, length, sha256) == *self)
    }
}

impl Repository {
    /// By location, then by reference: the order of all reports.
    pub fn cmp_place(&self, other: &Self) -> std::cmp::Ordering {
        fn key(it: &Repository) -> (&str, Option<&str>, &str) {
            (&it.location, it.reference.as_deref(), &it.id)
        }
        key(self).cmp(&key(other))
    }
}
