//! What of a repository was not looked at, and why: a result that lacks something says so.

use std::collections::BTreeMap;

use super::{
    record::Record,
    result::{Missing, MissingKind},
};
use crate::{
    fact::{Absent, Circumstances, Text, Unavailable},
    report::json::v1,
};

/// What is missing of a repository as it was recorded; `lost` is how many facts the store no longer has, `is_without_own` says
/// that its own policy could not be used.
pub(super) fn of(record: &Record, lost: u64, is_without_own: bool) -> Vec<Missing> {
    let mut all: BTreeMap<(MissingKind, String), (usize, Option<&Text>)> = BTreeMap::new();
    for entry in &record.entries {
        let Some(circumstances) = &entry.circumstances else {
            continue;
        };
        for (kind, why) in reasons(circumstances) {
            let (files, example) = all.entry((kind, why)).or_default();
            *files = files.saturating_add(1);
            // The entries are in the order of their paths.
            example.get_or_insert(&entry.path);
        }
    }
    if record.is_shallow && record.scope.what != "head" {
        let why = "the clone is shallow, and what came before its first commit was not looked at: `git fetch --unshallow` brings it";
        all.insert((MissingKind::Shallow, why.to_owned()), (1, None));
    }
    if is_without_own {
        let why = "its own policy cannot be used, and the one above it judged alone: mend what `policy-invalid` says";
        all.insert((MissingKind::Policy, why.to_owned()), (1, None));
    }
    if lost > 0 {
        let why = "the store no longer has facts about them: audit the repository again";
        let files = usize::try_from(lost).unwrap_or(usize::MAX);
        all.insert((MissingKind::Facts, why.to_owned()), (files, None));
    }
    let all = all
        .into_iter()
        .map(|((kind, why), (files, example))| Missing {
            kind,
            files,
            example: example.map(|path| v1::exact(path).0),
            why,
        });
    all.collect()
}

/// Why something of an entry was not looked at, each kind once.
fn reasons(circumstances: &Circumstances) -> BTreeMap<MissingKind, String> {
    let mut reasons = BTreeMap::new();
    if circumstances.late {
        let why = "the time for the repository was over; the next run reads what is left";
        reasons.insert(MissingKind::Time, why.to_owned());
    }
    if !circumstances.interrupted.is_empty() {
        let why = "the operating system would not give all of the bytes";
        reasons.insert(MissingKind::Unreadable, why.to_owned());
    }
    for why in circumstances.unavailable() {
        let (kind, why) = match why {
            Unavailable::NotFetched { what, .. } => match what {
                Absent::Object(_) => (
                    MissingKind::Object,
                    "the clone is partial and lacks their bytes: `git fetch --refetch --no-filter` brings them",
                ),
                Absent::LfsContent => (
                    MissingKind::Lfs,
                    "their git-lfs objects are not here: `git lfs fetch --all` brings them",
                ),
                Absent::AnnexContent => (
                    MissingKind::Annex,
                    "git-annex keeps their bytes elsewhere: `git annex get` brings them",
                ),
                Absent::DvcContent | Absent::DvcFolder(_) => (
                    MissingKind::Dvc,
                    "DVC keeps their bytes elsewhere: `dvc pull` brings them",
                ),
                // What is another repository is audited as one.
                Absent::Submodule | Absent::SubmoduleCommit(_) => continue,
            },
            Unavailable::Io(_) | Unavailable::MalformedTree { .. } => (
                MissingKind::Unreadable,
                "git could not give them: `git fsck` says what is damaged",
            ),
            Unavailable::Limit(_) => (MissingKind::Limit, "a limit was reached before them"),
            // It is what stands there, and was judged.
            Unavailable::Unsupported(_) => continue,
        };
        reasons.insert(kind, why.to_owned());
    }
    reasons
}
