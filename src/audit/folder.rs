//! The folder of a run: a result, a record and a line for each repository, each written whole or not at all and never changed
//! afterwards. A run that was killed leaves nothing else behind, and the next one continues with what is there.
//!
//! ```text
//! run.json                      what was asked for
//! results/ab/abcd....json       the result of a repository
//! lines/ab/abcd....json         its numbers, written last: without it, there is no result
//! records/ab/abcd....record     what to judge it by again
//! summary.json                  the numbers of all
//! ```

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::{
    record::Record,
    result::{AuditResult, Counts, Failure, Repository, Status},
};
use crate::{
    bytes::{ByteSource as _, FileSource, Window, narrow},
    error::Error,
    files, limits,
    report::json::v1,
};

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct RunFolder(PathBuf);

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
    /// The repositories, by id: those of the run, in the order of their locations.
    pub repositories: Vec<Repository>,
}

impl RunFolder {
    /// A folder for the results of a run, which is made if it is not there.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let made = files::make_folder(path, &[]);
        made.map_err(|refused| unwritten(path, refused))?;
        Ok(Self(path.to_owned()))
    }

    /// The folder of a run that was made before.
    ///
    /// # Errors
    /// No run there.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let folder = Self(path.to_owned());
        if folder.0.join("lines").is_dir() || folder.0.join("run.json").is_file() {
            return Ok(folder);
        }
        Err(Error::Usage {
            message: format!("`{}` is no folder of an audit", path.display()),
            help: String::from("name the folder that `weighbridge audit --out` wrote"),
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn place(&self, kind: &str, id: &str, end: &str) -> PathBuf {
        // An id comes from a file of a run: it is no path.
        let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
        let front = id.get(..2).unwrap_or("00").to_owned();
        self.0.join(kind).join(front).join(format!("{id}.{end}"))
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
        let place = self.place("records", &result.repository.id, "record");
        match record.and_then(Record::encode) {
            Some(record) => put(&place, &record)?,
            None => remove(&place)?,
        }
        self.rewrite(result)
    }

    /// The same without touching what it can be judged by again.
    pub(super) fn rewrite(&self, result: &AuditResult) -> Result<Line, Error> {
        let id = &result.repository.id;
        let mut bytes = serde_json::to_vec(result).map_err(|error| self.broken(&error))?;
        bytes.push(b'\n');
        put(&self.place("results", id, "json"), &bytes)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let line = Line::of(result, length, HEXLOWER.encode(&Sha256::digest(&bytes)));
        self.write_json(&self.place("lines", id, "json"), &line)?;
        Ok(line)
    }

    /// Copies what another run has of a repository.
    pub(super) fn adopt(&self, other: &Self, line: &Line) -> Result<(), Error> {
        let id = &line.repository.id;
        for (kind, end) in [("records", "record"), ("results", "json")] {
            match read(&other.place(kind, id, end)) {
                Ok(bytes) => put(&self.place(kind, id, end), &bytes)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound && kind == "records" => {
                    remove(&self.place(kind, id, end))?;
                }
                Err(source) => {
                    return Err(Error::Io {
                        path: other.place(kind, id, end),
                        source,
                    });
                }
            }
        }
        self.write_json(&self.place("lines", id, "json"), line)
    }

    /// Writes JSON to a file of the run.
    pub(super) fn write_json(&self, place: &Path, value: &impl Serialize) -> Result<(), Error> {
        let mut bytes = serde_json::to_vec(value).map_err(|error| self.broken(&error))?;
        bytes.push(b'\n');
        put(place, &bytes)
    }

    fn broken(&self, error: &serde_json::Error) -> Error {
        Error::Write {
            path: self.0.clone(),
            source: io::Error::other(error.to_string()),
        }
    }

    /// The numbers of a repository; `None` if it has no result, or not a whole one.
    pub fn line(&self, id: &str) -> Option<Line> {
        let line: Line = read_json(&self.place("lines", id, "json")).ok()?;
        let length = fs::symlink_metadata(self.place("results", id, "json")).ok()?;
        (line.repository.id == id && length.len() == line.bytes).then_some(line)
    }

    /// The result of a repository.
    ///
    /// # Errors
    /// A file that is not there, is no result, or is not what was written.
    pub fn result(&self, line: &Line) -> Result<AuditResult, Error> {
        let path = self.place("results", &line.repository.id, "json");
        let unreadable = |source| Error::Io {
            path: path.clone(),
            source,
        };
        let bytes = read(&path).map_err(unreadable)?;
        if HEXLOWER.encode(&Sha256::digest(&bytes)) != line.sha256 {
            let message = "it is not what the audit wrote; audit the repository again";
            return Err(unreadable(io::Error::other(message)));
        }
        serde_json::from_slice(&bytes).map_err(|error| unreadable(io::Error::other(error)))
    }

    /// What a repository can be judged by again; `None` if there is nothing, or it is damaged or of another version.
    pub(super) fn record(&self, id: &str) -> Option<Record> {
        let record = Record::decode(&read(&self.place("records", id, "record")).ok()?)?;
        (record.repository.id == id).then_some(record)
    }

    /// The numbers of all repositories, by location.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn lines(&self) -> Result<Vec<Line>, Error> {
        let folder = self.0.join("lines");
        let mut lines = Vec::new();
        for front in names(&folder)? {
            for name in names(&folder.join(&front))? {
                lines.extend(name.strip_suffix(".json").and_then(|id| self.line(id)));
            }
        }
        lines.sort_by(|a, b| a.repository.cmp_place(&b.repository));
        Ok(lines)
    }

    /// What was asked for.
    pub fn info(&self) -> Option<RunInfo> {
        read_json(&self.0.join("run.json")).ok()
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
}

impl Repository {
    /// By location, then by reference: the order of all reports.
    pub fn cmp_place(&self, other: &Self) -> std::cmp::Ordering {
        let key = |it: &Self| (it.location.clone(), it.reference.clone(), it.id.clone());
        key(self).cmp(&key(other))
    }
}

fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let children = match fs::read_dir(folder) {
        Ok(children) => children,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(Error::Io {
                path: folder.to_owned(),
                source,
            });
        }
    };
    let names = children.flatten();
    let mut names: Vec<String> = names
        .filter_map(|child| child.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    Ok(names)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let source = FileSource::open(path)?;
    if source.len() > limits::AUDIT_RESULT {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let length = narrow(source.len());
    Window::new(source).bytes_at(0, length)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    serde_json::from_slice(&read(path)?).map_err(io::Error::other)
}

/// Writes a file, whole or not at all, and its folder if that is not there.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || -> Result<(), files::Refused> {
        let spot = files::spot(path, &[])?;
        let (draft, mut file) = match spot.draft(false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                files::make_folder(path.parent().unwrap_or(Path::new("")), &[])?;
                files::spot(path, &[])?.draft(false)?
            }
            other => other?,
        };
        file.write_all(bytes)?;
        Ok(draft.keep()?)
    };
    write().map_err(|refused| unwritten(path, refused))
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::Write {
            path: path.to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}

fn unwritten(path: &Path, refused: files::Refused) -> Error {
    let to = path.display().to_string();
    refused.into_error(&to.clone(), |source| Error::Output {
        what: "the results",
        to,
        source,
    })
}
