//! What a run saw of all repositories, in one file: the next one learns from it that a repository has not changed, without reading a file of
//! the repository or of the run.
//!
//! It only ever saves work. The results are what counts: where their folder is not as it was when the file was written, or a
//! repository is not as it looked, the file says nothing.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::{
    folder::{Line, RunFolder},
    look::Look,
    recall::{Doubt, hex, unhex},
    result::Status,
    shard::Shard,
    state::RefState,
};
use crate::error::Error;

/// What was seen of one repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SeenRepository {
    /// Where it was.
    pub(super) folder: String,
    /// A digest of what its refs lead to, hexadecimal.
    pub(super) state: String,
    /// How its files looked.
    pub(super) look: Look,
    /// Of a result that is partial: how the places looked where what it lacks would appear.
    pub(super) lacking: Option<Look>,
    /// What stays the same as long as nobody changes its result.
    pub(super) mark: Option<String>,
    /// The numbers of its result.
    pub(super) line: Line,
}

impl SeenRepository {
    /// What is to be known of a repository in a folder and in a state, as JSON; `None` if it could not be relied on.
    pub(super) fn json(
        run: &RunFolder,
        line: &Line,
        folder: &Path,
        state: &RefState,
        lacking: Option<Look>,
    ) -> Option<String> {
        let is_whole = match line.status {
            Status::Complete => true,
            Status::Partial => lacking.is_some(),
            Status::Failed => false,
        };
        let seen = Self {
            folder: folder.to_str()?.to_owned(),
            state: hex(&state.digest),
            look: state.look.clone()?,
            lacking,
            mark: run.mark_of(&line.repository.id),
            line: line.clone(),
        };
        is_whole.then(|| serde_json::to_string(&seen).ok())?
    }

    /// Whether another look would find no more than the result has.
    pub(super) fn lacks_the_same(&self) -> bool {
        match self.line.status {
            Status::Complete => true,
            // What it lacks has not come, either.
            Status::Partial => self.lacking.as_ref().is_some_and(Look::holds),
            Status::Failed => false,
        }
    }

    /// Whether the files of the result are as they were written. Those that nobody has touched are read now and then: a disk forgets, too.
    pub(super) fn has_result(&self, run: &RunFolder, doubt: Doubt) -> bool {
        let is_touched = self.mark.is_none() || run.mark_of(&self.line.repository.id) != self.mark;
        let result = unhex(&self.line.sha256);
        let is_doubted = || result.is_none_or(|it| doubt.is_about(&it));
        !(is_touched || is_doubted()) || run.is_whole(&self.line)
    }
}

/// The first line of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Head {
    version: u32,
    /// By the first letters of ids, marks of the folders that the results are in.
    marks: BTreeMap<String, [String; 2]>,
}

/// What the last run saw. Behind the first line there is one for each repository: its id, a space, and JSON.
#[derive(Debug, Default)]
pub(super) struct Seen {
    text: String,
    /// Where the JSON of a repository is, by its id.
    places: FxHashMap<[u8; 32], (usize, usize)>,
}

/// The version of the file.
const VERSION: u32 = 2;

/// Folders with two files of each repository.
const FOLDERS: [&str; 2] = ["results", "lines"];

impl Seen {
    /// What the last run of a folder and a part of it saw; nothing if there was none, or if it is not sure.
    pub(super) fn read(folder: &RunFolder, shard: Shard) -> Self {
        let text = folder.text(&name(shard)).unwrap_or_default();
        let mut places = FxHashMap::default();
        let (head, _) = text.split_once('\n').unwrap_or_default();
        let head: Head = serde_json::from_str(head).unwrap_or_default();
        if head.version == VERSION {
            let as_they_were: BTreeSet<&str> = head
                .marks
                .iter()
                .filter(|(front, marks)| self::marks(folder, front).as_ref() == Some(marks))
                .map(|(front, _)| front.as_str())
                .collect();
            let mut at = 0;
            for line in text.split_inclusive('\n') {
                let (from, to) = (at, at + line.len());
                at = to;
                let Some((id, _)) = line.split_once(' ') else {
                    continue;
                };
                let Ok(key) = <[u8; 32]>::try_from(id.as_bytes()) else {
                    continue;
                };
                if id
                    .get(..2)
                    .is_some_and(|front| as_they_were.contains(front))
                {
                    places.insert(key, (from + 33, to));
                }
            }
        }
        Self { text, places }
    }

    /// What was seen of a repository.
    pub(super) fn of(&self, id: &str) -> Option<(SeenRepository, &str)> {
        let (from, to) = self.places.get(id.as_bytes())?;
        let json = self.text.get(*from..*to)?.trim_end();
        Some((serde_json::from_str(json).ok()?, json))
    }

    /// Writes what this run saw: of each repository the id and the JSON. What the last one saw is borrowed from here.
    ///
    /// # Errors
    /// Whatever writing answers.
    pub(super) fn write(
        &self,
        folder: &RunFolder,
        shard: Shard,
        all: &BTreeMap<String, Cow<'_, str>>,
    ) -> Result<(), Error> {
        let is_known = |json: &Cow<'_, str>| matches!(json, Cow::Borrowed(_));
        if all.len() == self.places.len() && all.values().all(is_known) {
            return Ok(());
        }
        let fronts = all.keys().filter_map(|id| id.get(..2));
        let fronts: BTreeSet<&str> = fronts.collect();
        let marked = fronts.into_iter();
        let marked = marked.filter_map(|front| Some((front.to_owned(), marks(folder, front)?)));
        let head = Head {
            version: VERSION,
            marks: marked.collect(),
        };
        let mut text = serde_json::to_string(&head).unwrap_or_default();
        text.push('\n');
        for (id, json) in all {
            text.extend([id, " ", json.as_ref(), "\n"]);
        }
        folder.write_text(&name(shard), &text)
    }
}

/// The name of the file: machines that share a folder have one each.
fn name(shard: Shard) -> String {
    format!("seen/{}", shard.to_string().replace('/', "-of-"))
}

/// Marks of the folders in which the files of repositories are whose ids begin so.
fn marks(folder: &RunFolder, front: &str) -> Option<[String; 2]> {
    let [one, other] = FOLDERS.map(|kind| folder.mark(&format!("{kind}/{front}")));
    Some([one?, other?])
}
