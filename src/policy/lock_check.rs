//! Locks hold: what loosens a locked key is found, and is an error, or is taken away where somebody asks for what is left.

use rustc_hash::FxHashSet;

use super::{
    Catalog,
    error::Errors,
    load::Ancestry,
    locate::Origin,
    locks::{Above, Attempt, Below, attempts, known},
    raw::Raw,
};
use crate::finding::LineRef;

/// What becomes of a repository's attempts to loosen what its organisation's policy locks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Attempts {
    /// Each is an error of the policy.
    #[default]
    AreErrors,
    /// The policy is read without them, and says them.
    AreSetAside,
}

/// A line of a repository's policy that would loosen what its organisation's policy locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockAttempt {
    /// The key that is locked: `formats.allow`, `rules.pickle-load`.
    pub key: String,
    /// What it does and who locks the key, in a sentence.
    pub message: String,
    /// The line: of the policy that would loosen the key, or the one that extends a bundled policy which would.
    pub line: LineRef,
    /// The line that locks the key.
    pub lock: LineRef,
}

/// What loosens a locked key.
struct Found<'r> {
    key: &'r str,
    locked_at: &'r Origin,
    attempt: Attempt,
    /// The policy that does it does not know the lock: the line that brings both together.
    beside: Option<&'r Origin>,
    /// Whether the organisation's policy locks the key, and the repository's loosens it.
    is_below_organisation: bool,
}

/// Reports what loosens a locked key, and locks of keys that there are not. With [`Attempts::AreSetAside`], what a repository's
/// policy says against a lock of its organisation's is taken away instead; it is returned together with where it stands.
pub(super) fn check(
    raws: &mut [Raw],
    ancestry: Ancestry,
    catalog: &Catalog<'_>,
    attempts: Attempts,
    errors: &mut Errors,
) -> (Vec<LockAttempt>, Vec<Origin>) {
    let mut set_aside = Vec::new();
    let mut gone = Vec::new();
    for found in find(raws, ancestry, catalog, errors) {
        if attempts == Attempts::AreSetAside && found.is_below_organisation {
            set_aside.push(found.told());
            gone.push(found.attempt.origin);
        } else {
            found.report(errors);
        }
    }
    if gone.is_empty() {
        return (set_aside, gone);
    }
    for raw in raws.iter_mut().skip(ancestry.above) {
        raw.remove(|origin| gone.iter().any(|gone| gone.is(origin)));
    }
    // What could not be taken away is refused as ever.
    for found in find(raws, ancestry, catalog, errors) {
        found.report(errors);
    }
    (set_aside, gone)
}

fn find<'r>(
    raws: &'r [Raw],
    ancestry: Ancestry,
    catalog: &'r Catalog<'_>,
    errors: &mut Errors,
) -> Vec<Found<'r>> {
    let mut all = Vec::new();
    for (owner, raw) in raws.iter().enumerate() {
        let locks: Vec<_> = raw
            .locked
            .iter()
            .filter(|lock| known(lock, catalog, errors))
            .collect();
        if locks.is_empty() {
            continue;
        }
        let closure = closure(raws, owner);
        let above = raws.iter().enumerate();
        let above = above.filter(|(at, _)| closure.contains(at));
        let above = Above::new(above.map(|(_, raw)| raw).collect(), catalog);
        for (at, other) in raws.iter().enumerate() {
            if closure.contains(&at) {
                continue;
            }
            let below = Below::new(other, at > owner);
            let is_below_organisation = owner < ancestry.above && at >= ancestry.above;
            // A file of the repository is itself to blame.
            let is_known = is_below_organisation && other.file.is_some()
                || self::closure(raws, at).contains(&owner);
            let beside = (!is_known).then(|| extending(raws, at)).flatten();
            for (key, locked_at) in &locks {
                all.extend(
                    attempts(key, &above, &below)
                        .into_iter()
                        .map(|attempt| Found {
                            key,
                            locked_at,
                            attempt,
                            beside,
                            is_below_organisation,
                        }),
                );
            }
        }
    }
    all
}

/// The first line that extends a policy.
fn extending(raws: &[Raw], policy: usize) -> Option<&Origin> {
    let mut lines = raws.iter().flat_map(|raw| &raw.parents);
    lines
        .find(|(parent, _)| *parent == policy)
        .map(|(_, origin)| origin)
}

/// A policy and all that it extends, by their indices.
fn closure(raws: &[Raw], of: usize) -> FxHashSet<usize> {
    let mut found = FxHashSet::default();
    let mut open = vec![of];
    while let Some(at) = open.pop() {
        if let Some(raw) = raws.get(at).filter(|_| found.insert(at)) {
            open.extend(raw.parents.iter().map(|(parent, _)| *parent));
            open.extend(raw.organisation);
        }
    }
    found
}

impl Found<'_> {
    /// The line to blame.
    fn origin(&self) -> &Origin {
        self.beside.unwrap_or(&self.attempt.origin)
    }

    fn message(&self, lock: &LineRef) -> String {
        let who = match self.beside {
            Some(_) => format!("`{}`", self.attempt.origin.file.name),
            None => "this".to_owned(),
        };
        let Self { attempt, key, .. } = self;
        let (file, line) = (&lock.file, lock.line);
        format!("{who} {}, and {file}:{line} locks `{key}`", attempt.what)
    }

    fn report(&self, errors: &mut Errors) {
        let lock = self.locked_at.line_ref("");
        let verb = match self.beside {
            Some(_) => "extend something else",
            None => "remove it",
        };
        let help = format!(
            "{verb}, or ask the owners of {} to change it there",
            lock.file
        );
        errors.of(self.origin(), self.message(&lock), help);
    }

    fn told(&self) -> LockAttempt {
        let lock = self.locked_at.line_ref("");
        LockAttempt {
            key: self.key.to_owned(),
            message: self.message(&lock),
            line: self.origin().line_ref(""),
            lock,
        }
    }
}
