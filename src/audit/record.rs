//! What an audit keeps of a repository beside the result, so that another policy can judge it without the repository: its entries,
//! what its view knows of them, and the files that its policy was read from. What contents say is in the store.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::result::{Repository, Scope};
use crate::{
    fact::{Circumstances, ContentFacts, EntryKind, Excerpt, ExcerptId, Introduction, Text},
    limits,
    scan::{LinkEnd, RecordedFiles, RecordedItem, View, recorded_view},
    store::Digest,
};

/// How a record begins. The layout of facts is part of it: records of another are not read.
const MAGIC: &str = concat!(
    "weighbridge-record-2-",
    env!("WEIGHBRIDGE_FACTS_LAYOUT"),
    "\n"
);

/// What was seen of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Which repository.
    #[serde(with = "as_json")]
    pub(super) repository: Repository,
    /// What of it was looked at.
    #[serde(with = "as_json")]
    pub(super) scope: Scope,
    /// A digest of the state that it was in.
    pub(super) state: Digest,
    /// Whether its history is cut off.
    pub(super) is_shallow: bool,
    /// Whether the view is all files of a commit.
    pub(super) is_whole: bool,
    /// Where its policy was: `at 1a2b3c4 (main)`.
    pub(super) place: String,
    /// The files that its policy was read from, and `CODEOWNERS`.
    pub(super) files: RecordedFiles,
    /// What listing it showed.
    pub(super) notices: Vec<String>,
    /// What the lines of its own policy came with, by their place among `introductions`; empty if that is not known.
    pub(super) policy_lines: Vec<Option<u32>>,
    /// What introduced the entries and the lines of the policy.
    pub(super) introductions: Vec<Introduction>,
    /// The entries in the order of the view.
    pub(super) entries: Vec<RecordedEntry>,
}

/// Values of results, which leave out what is not there: no binary encoding can.
mod as_json {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned, ser};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(value).map_err(ser::Error::custom)?;
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map_err(de::Error::custom)
    }
}

/// What was seen of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordedEntry {
    pub(super) path: Text,
    pub(super) kind: EntryKind,
    /// What introduced it, by its place among the record's.
    pub(super) introduced_by: Option<u32>,
    /// Whether it stands for a commit, a tag or a tree.
    pub(super) is_object: bool,
    /// Whether it is a pointer that was not followed, under a name that is no model's.
    pub(super) is_unfetched: bool,
    pub(super) content: RecordedContent,
    /// What the view knows of it, if that is anything.
    pub(super) circumstances: Option<Box<Circumstances>>,
    pub(super) link: Option<(Text, LinkEnd)>,
}

/// What an entry's content says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RecordedContent {
    /// It was gone when its turn came.
    Gone,
    /// Nothing but its length and whether it is source.
    Plain {
        sha256: Digest,
        bytes: u64,
        source: bool,
    },
    /// What the store has of the blob with this digest.
    Stored(Digest),
    /// These facts, and a few of the lines that show them: no store has them, because they are not known to be those of a blob.
    Inline {
        facts: Box<ContentFacts>,
        lines: Vec<(ExcerptId, Excerpt)>,
        /// The digest of the content, if that was not too large to be read for it alone.
        sha256: Option<Digest>,
    },
}

/// The packed part of a record of this version, if it is what its digest says.
fn packed(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(MAGIC.as_bytes())?;
    let (digest, packed) = rest.split_at_checked(32)?;
    (Sha256::digest(packed).as_slice() == digest).then_some(packed)
}

impl Record {
    /// As bytes.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let encoded = postcard::to_allocvec(self).ok()?;
        let packed = lz4_flex::block::compress_prepend_size(&encoded);
        let mut bytes = MAGIC.as_bytes().to_vec();
        bytes.extend_from_slice(&Sha256::digest(&packed));
        bytes.extend_from_slice(&packed);
        Some(bytes)
    }

    /// Whether bytes are those of a record of this version, as they were written.
    pub(super) fn is_undamaged(bytes: &[u8]) -> bool {
        packed(bytes).is_some()
    }

    /// From bytes; `None` if they are no record of this version, or damaged.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let packed = packed(bytes)?;
        let (length, _) = lz4_flex::block::uncompressed_size(packed).ok()?;
        if u64::try_from(length).unwrap_or(u64::MAX) > limits::AUDIT_RESULT {
            return None;
        }
        let encoded = lz4_flex::block::decompress_size_prepended(packed).ok()?;
        postcard::from_bytes(&encoded).ok()
    }

    /// What introduced the version of a file that the newest commits have, in a history.
    pub(super) fn introduction(&self, path: &str) -> Option<&Introduction> {
        let entries = self
            .entries
            .iter()
            .filter(|it| it.path.as_str() == Some(path));
        let introductions = entries.filter_map(|entry| {
            let at = usize::try_from(entry.introduced_by?).ok()?;
            self.introductions.get(at)
        });
        introductions
            .filter(|it| !it.gone)
            .max_by_key(|it| it.commit.time)
    }

    /// The view that was recorded.
    pub(super) fn view(&self) -> View {
        let introductions: Vec<Arc<Introduction>> =
            self.introductions.iter().cloned().map(Arc::new).collect();
        let of = |at: Option<u32>| introductions.get(usize::try_from(at?).ok()?).cloned();
        let items = self.entries.iter().map(|entry| RecordedItem {
            path: entry.path.clone(),
            kind: entry.kind,
            introduced_by: of(entry.introduced_by),
            is_object: entry.is_object,
        });
        let root = self.repository.name.as_str().into();
        let label = self.scope.view.clone();
        let files = (self.files.clone(), self.place.clone());
        let mut view = recorded_view(root, label, items.collect(), files, self.is_whole);
        view.notices.clone_from(&self.notices);
        view
    }
}
