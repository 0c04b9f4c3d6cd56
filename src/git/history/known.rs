//! What makes an object known: the branches and tags of whoever has it.
//!
//! A host keeps other references in the same repository that nobody accepted: what a fork's pull request introduced
//! (`refs/pull/`, `refs/merge-requests/`), notes, replacements, a stash, and whatever it hides from a push. What only those reach is
//! as new as if it were not there.

use gix::bstr::{BStr, ByteSlice as _};

use super::{super::objects::Objects, tips::Tips};
use crate::error::Error;

/// Where branches and tags are.
const ACCEPTED: [&[u8]; 2] = [b"refs/heads/", b"refs/tags/"];

/// Whether a reference is a branch or a tag, by its full name.
pub(super) fn is_accepted(name: &[u8]) -> bool {
    ACCEPTED.iter().any(|prefix| name.starts_with(prefix))
}

/// Adds what the branches and tags of a repository lead to, as far as it shows them to who pushes.
///
/// # Errors
/// References that cannot be read.
pub(super) fn add_accepted(
    tips: &mut Tips,
    objects: &mut Objects,
    repository: &gix::Repository,
) -> Result<(), Error> {
    let hidden: Vec<Vec<Vec<u8>>> = ["transfer", "receive"]
        .iter()
        .map(|section| values(repository, section, None, "hideRefs"))
        .collect();
    tips.add_references(objects, repository, |name| {
        is_accepted(name) && !hidden.iter().any(|list| is_hidden(list, name))
    })
}

/// Adds what the branches and tags of a remote lead to, as far as they were fetched: what its tracking references say.
///
/// # Errors
/// References that cannot be read.
pub(super) fn add_tracked(
    tips: &mut Tips,
    objects: &mut Objects,
    repository: &gix::Repository,
    remote: &str,
) -> Result<(), Error> {
    let specs = values(repository, "remote", Some(remote), "fetch");
    tips.add_references(objects, repository, |name| is_tracking(&specs, name))
}

/// All values of a key, in order.
fn values(
    repository: &gix::Repository,
    section: &str,
    subsection: Option<&str>,
    key: &str,
) -> Vec<Vec<u8>> {
    let config = repository.config_snapshot();
    let subsection: Option<&BStr> = subsection.map(Into::into);
    let found = config.plumbing().strings_by(section, subsection, key);
    let found = found.unwrap_or_default().into_iter();
    found.map(|value| value.as_bytes().to_vec()).collect()
}

/// Whether a repository hides a reference; the last that speaks of it counts.
fn is_hidden(list: &[Vec<u8>], name: &[u8]) -> bool {
    let said = list.iter().rev().find_map(|line| {
        let (shown, prefix) = match line.strip_prefix(b"!") {
            Some(prefix) => (true, prefix),
            None => (false, line.as_slice()),
        };
        let prefix = prefix.strip_prefix(b"^").unwrap_or(prefix);
        let prefix = prefix.strip_suffix(b"/").unwrap_or(prefix);
        let rest = name.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with(b"/")).then_some(!shown)
    });
    said.unwrap_or_default()
}

/// Whether a reference is where a branch or a tag of a remote is fetched to, and nothing else is. `specs` are its refspecs.
fn is_tracking(specs: &[Vec<u8>], name: &[u8]) -> bool {
    // What is fetched to one's own branches moves with one's own work.
    if !name.starts_with(b"refs/remotes/") {
        return false;
    }
    let mut accepted = false;
    for spec in specs {
        let spec = spec.strip_prefix(b"+").unwrap_or(spec);
        let Some((from, to)) = spec.split_once_str(":") else {
            continue;
        };
        let Some(star) = matched(to, name) else {
            continue;
        };
        let source = from.replacen(b"*", star, 1);
        let excluded = specs.iter().any(|spec| {
            let negative = spec.strip_prefix(b"^");
            negative.is_some_and(|pattern| matched(pattern, &source).is_some())
        });
        if excluded {
            continue;
        }
        if !is_accepted(&source) {
            return false;
        }
        accepted = true;
    }
    accepted
}

/// What the `*` of a pattern stands for in a name that it matches.
fn matched<'n>(pattern: &[u8], name: &'n [u8]) -> Option<&'n [u8]> {
    match pattern.split_once_str("*") {
        Some((before, after)) => name.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == name).then_some(&[]),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_hidden, is_tracking};

    fn list(lines: &[&str]) -> Vec<Vec<u8>> {
        lines.iter().map(|line| line.as_bytes().to_vec()).collect()
    }

    #[test]
    fn only_where_branches_and_tags_are_fetched_to_is_a_remote_known() {
        let usual = "+refs/heads/*:refs/remotes/origin/*";
        for (specs, name, expected) in [
            (&[usual][..], "refs/remotes/origin/main", true),
            (&[usual], "refs/remotes/origin/pr/1", true),
            (&[usual], "refs/remotes/other/main", false),
            (&[usual], "refs/heads/main", false),
            (
                &[usual, "+refs/pull/*/head:refs/remotes/origin/pr/*"],
                "refs/remotes/origin/pr/1",
                false,
            ),
            (
                &[usual, "+refs/pull/*/head:refs/remotes/origin/pr/*"],
                "refs/remotes/origin/main",
                true,
            ),
            (
                &["refs/heads/main:refs/remotes/origin/main"],
                "refs/remotes/origin/main",
                true,
            ),
            (&["+refs/*:refs/*"], "refs/heads/main", false),
            (
                &["+refs/*:refs/remotes/origin/*"],
                "refs/remotes/origin/heads/main",
                true,
            ),
            (
                &["+refs/*:refs/remotes/origin/*"],
                "refs/remotes/origin/pull/1/head",
                false,
            ),
            (&[usual, "^refs/heads/x"], "refs/remotes/origin/x", false),
            (&["refs/heads/main"], "refs/remotes/origin/main", false),
            (&[], "refs/remotes/origin/main", false),
        ] {
            assert_eq!(
                is_tracking(&list(specs), name.as_bytes()),
                expected,
                "{specs:?} {name}"
            );
        }
    }

    #[test]
    fn what_is_hidden_is_said_by_the_last_line() {
        for (lines, name, expected) in [
            (&["refs/heads/secret"][..], "refs/heads/secret/x", true),
            (&["refs/heads/secret"], "refs/heads/secrets", false),
            (
                &["refs/heads", "!refs/heads/main"],
                "refs/heads/main",
                false,
            ),
            (&["refs/heads", "!refs/heads/main"], "refs/heads/x", true),
            (&["!refs/heads/main", "refs/heads"], "refs/heads/main", true),
            (&["^refs/heads/x"], "refs/heads/x", true),
        ] {
            assert_eq!(
                is_hidden(&list(lines), name.as_bytes()),
                expected,
                "{lines:?} {name}"
            );
        }
    }
}
