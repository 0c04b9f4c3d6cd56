//! What an audit says of one repository: the one type that every report, comparison and merge is made from.
//!
//! A result is a JSON file of its own, written whole and never changed. It holds nothing that depends on the machine, on the number
//! of workers or on what a store already knew: the same repository, policy, day and program give the same bytes. Within a version fields are
//! added, never renamed, removed or given another meaning. Findings are those of `docs/json.md`, without the lines that show
//! them: `weighbridge inspect` shows those.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::json::v1;

/// The version of this schema.
pub const VERSION: u32 = 1;

/// What an audit says of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditResult {
    /// Always 1.
    pub version: u32,
    /// Which repository.
    pub repository: Repository,
    /// Whether all of it was looked at. Totals of reports never mix these.
    pub status: Status,
    /// What was not looked at, and why: not empty exactly if the status is `partial`.
    pub missing: Vec<Missing>,
    /// Why there is nothing else here: present exactly if the status is `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What was looked at.
    pub scope: Scope,
    /// By what it was judged.
    pub versions: Versions,
    /// A digest of all that this result depends on: with the same, the repository need not be audited again.
    pub inputs: String,
    /// Whether another day may give another result: something in the policy or in a comment ends, or has to end.
    pub depends_on_day: bool,
    /// What was looked at, in numbers.
    pub coverage: v1::Coverage,
    /// What was found, in numbers.
    pub counts: Counts,
    /// The model files, by path; in a history, each version that there was.
    pub artifacts: Vec<Artifact>,
    /// The findings that count, by path and place.
    pub findings: Vec<v1::Finding>,
    /// What mends findings together: those of a file that have one answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// What to add to the policy for all files together, where they need different things.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
    /// What an override of the policy lets pass.
    pub overridden: Vec<v1::Finding>,
    /// What a waiver of the policy or a comment in source lets pass.
    pub waived: Vec<v1::Finding>,
    /// What the repository's baseline has.
    pub baseline: Vec<v1::Finding>,
    /// The waivers of the policy, with what each covers.
    pub waivers: Vec<Waiver>,
    /// What the repository's own policy tries to loosen although the organisation's locks it. None of it holds.
    pub loosenings: Vec<Loosening>,
    /// What the repository's own policy allows that is in use, by the line that allows it.
    pub allowed: Vec<AllowedHere>,
    /// Who owns the files with findings and the artifacts, as `CODEOWNERS` says, by path; paths without owners are left out.
    pub owners: BTreeMap<String, Vec<String>>,
    /// What is to be known of the repository as a whole, a sentence each.
    pub notices: Vec<String>,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Repository {
    /// What tells it from all others, and the name of its files: 32 hexadecimal digits, made of `location` and `reference`.
    pub id: String,
    /// What people call it: the end of its path or URL, without `.git`.
    pub name: String,
    /// Where it is: its canonical URL, or its path below the folder that was audited. Slashes on every system.
    pub location: String,
    /// The branch, tag or commit that was asked for, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Who answers for it, as the list of repositories says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Whether all of a repository was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// All that was asked for.
    Complete,
    /// Not all: `missing` says what is left.
    Partial,
    /// Nothing: `failure` says why.
    Failed,
}

impl AuditResult {
    /// Who owns a file: as the repository says, or as the list of repositories does.
    pub fn owners_of(&self, path: &str) -> Vec<&str> {
        match self.owners.get(path) {
            Some(owners) => owners.iter().map(String::as_str).collect(),
            None => self.repository.owner.as_deref().into_iter().collect(),
        }
    }
}

impl Status {
    /// How results name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// Something that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    /// What.
    pub kind: MissingKind,
    /// Of how many files; 1 where it is about the repository as a whole.
    pub files: usize,
    /// The path of one of them, the first by name; absent where it is about the repository as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Why, and what to do about it.
    pub why: String,
}

/// What was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingKind {
    /// The time for the repository was over.
    Time,
    /// A clone has only the newest part of the history.
    Shallow,
    /// An object that a partial clone has left at its remote.
    Object,
    /// What a git-lfs pointer stands for, under the name of a model.
    Lfs,
    /// What a key of git-annex stands for, under the name of a model.
    Annex,
    /// An output of DVC, under the name of a model.
    Dvc,
    /// Something that git or the operating system would not give.
    Unreadable,
    /// A limit of this program.
    Limit,
    /// Facts that the store no longer has.
    Facts,
    /// What its own policy says of its files: it cannot be used.
    Policy,
}

/// Why a repository could not be audited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What went wrong.
    pub message: String,
    /// What to do next, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// What of a repository was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// `head`: the files of one commit; `history`: those of its ancestors too; `all-refs`: those of every ref.
    pub what: String,
    /// The commit that `HEAD`, or what was asked for, stands for; absent in an empty repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How many refs the repository has.
    pub refs: usize,
    /// Where it was read, in words.
    pub view: String,
}

/// By what a repository was judged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The version of this program.
    pub scanner: String,
    /// The number of what its readers say.
    pub reader_epoch: u32,
    /// The organisation's policy: a path or `strict (built in)`; `recommended (built in)` where none was named.
    pub policy: String,
    /// The digest of its text and of what it extends: 64 hexadecimal digits.
    pub policy_sha256: String,
    /// The repository's own policy file, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_policy: Option<String>,
    /// The digest of that file's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_policy_sha256: Option<String>,
    /// The day on which waivers were judged: `2026-01-31`.
    pub judged_on: String,
}

/// What was found, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Findings of level deny that count.
    pub denied: usize,
    /// Findings of level warn that count.
    pub warned: usize,
    /// Findings that an override lets pass.
    pub overridden: usize,
    /// Findings that are waived.
    pub waived: usize,
    /// Findings that the baseline has.
    pub baseline: usize,
    /// Files with a finding of level deny that counts.
    pub refused_files: usize,
    /// Artifacts that can run code when they are loaded.
    pub executable: usize,
    /// Those of them that no lock file pins.
    pub executable_unpinned: usize,
}

/// A model file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its path; what is not UTF-8 is shown escaped.
    pub path: String,
    /// The bytes of a path that is not UTF-8, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// Bytes of its content, also where git-lfs keeps that elsewhere.
    pub size: u64,
    /// The formats it claims, outermost first.
    pub formats: Vec<String>,
    /// The globals that loading it resolves, `module.name`, in the order in which loading meets them.
    pub globals: Vec<String>,
    /// The SHA-256 of its content, where that is in git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The libraries that it comes from or needs.
    pub libraries: Vec<Library>,
    /// Whether loading it can run code.
    pub executable: bool,
    /// Whether a finding of level deny that counts is about it.
    pub refused: bool,
    /// Whether the lock file pins these bytes; absent where there is no lock file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// What brought it into the history, in an audit of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced_by: Option<v1::Introduction>,
    /// The calls in the repository's source that load it by a constant path.
    pub loaded_by: Vec<LoadedBy>,
}

/// A library.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Library {
    /// Its name where it is published: `scikit-learn`.
    pub name: String,
    /// Its version, where the artifact says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A call that loads an artifact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LoadedBy {
    /// The path of the source.
    pub source: String,
    /// Where in it: `12:5`.
    pub site: String,
    /// What is called: `torch.load`.
    pub callee: String,
}

/// What mends findings of a file together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Which of the findings that count, by their place among them.
    pub findings: Vec<usize>,
    /// What they say together: one sentence.
    pub message: String,
    /// What they are about, in lines.
    pub names: String,
    /// Under which condition the edits are good advice.
    pub condition: String,
    /// What to add to the policy, and where.
    pub edits: Vec<String>,
    /// What to do besides or instead.
    pub besides: Vec<String>,
    /// The packs that are all that has to be added to the policy; empty where something else has to be as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packs: Vec<String>,
}

/// A waiver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Waiver {
    /// The rule whose findings it covers.
    pub rule: String,
    /// The patterns of the files in which it does.
    pub paths: Vec<String>,
    /// What the findings are about, if it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The content that it is about, if it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// In what it is beyond the terms of the policy, a phrase each: then it covers nothing.
    pub breaches: Vec<String>,
    /// How many findings it covers.
    pub covers: usize,
    /// Whether the organisation's policy has it, and not the repository's.
    pub is_organisations: bool,
    /// The policy file.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
}

/// A line of a repository's policy that loosens what the organisation's policy locks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loosening {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The key: `rules.pickle-load`.
    pub key: String,
    /// What it says, and what locks it.
    pub message: String,
    /// Who owns the file, as `CODEOWNERS` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// What brought the line; where its history is not here, the first commit with this version of the file, in an audit of a history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced_by: Option<v1::Introduction>,
}

/// Something that a repository's own policy allows and that is in use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AllowedHere {
    /// The line that allows it: `weighbridge.yaml:12`.
    pub by: String,
    /// What is in use: globals by name, formats as `format torch-zip`.
    pub what: Vec<String>,
    /// In how many files.
    pub files: usize,
}
