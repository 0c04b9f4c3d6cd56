//! Sums over repositories. Those that were looked at completely and those that were looked at in part are never added up.

use std::collections::BTreeMap;

use crate::audit::result::Status;

/// How far something is spread: in complete repositories, and in partial ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Spread {
    /// How often it is there.
    pub(super) count: [usize; 2],
    /// In how many repositories.
    pub(super) repositories: [usize; 2],
    /// Of those that can run code, in complete repositories.
    pub(super) executable: usize,
    /// Bytes, in complete repositories.
    pub(super) bytes: u64,
    /// The number of the repository that counted last, from 1.
    last: usize,
}

/// A repository whose numbers are added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// 0 for a complete repository, 1 for a partial one.
    pub(super) part: usize,
    /// Its number in the run, from 1.
    number: usize,
}

impl Place {
    pub(super) fn new(status: Status, index: usize) -> Self {
        Self {
            part: usize::from(status != Status::Complete),
            number: index.saturating_add(1),
        }
    }
}

impl Spread {
    /// Counts it once more, in a repository. Repositories come one after another.
    pub(super) fn add(&mut self, at: Place) {
        increment(&mut self.count, at.part);
        if self.last != at.number {
            self.last = at.number;
            increment(&mut self.repositories, at.part);
        }
    }
}

pub(super) fn increment(numbers: &mut [usize; 2], part: usize) {
    if let Some(number) = numbers.get_mut(part) {
        *number = number.saturating_add(1);
    }
}

/// What is spread most comes first: by repositories, then by count, then by name.
pub(super) fn most_first<K: Ord + Clone, V>(
    all: BTreeMap<K, V>,
    spread: impl Fn(&V) -> &Spread,
) -> Vec<(K, V)> {
    let mut all: Vec<(K, V)> = all.into_iter().collect();
    // The order of the names stays among equals.
    all.sort_by_key(|(_, value)| {
        let spread = spread(value);
        std::cmp::Reverse((
            spread.repositories.iter().sum::<usize>(),
            spread.count.iter().sum::<usize>(),
        ))
    });
    all
}
