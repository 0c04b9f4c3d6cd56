//! A list that only grows, in chunks: growing copies nothing, and no room is left for as much again.

use crate::bytes::narrow;

/// Items of a chunk; a run of more has a chunk of its own.
const CHUNK: usize = 4096;

/// Items by number. Runs of items lie side by side.
#[derive(Debug)]
pub(super) struct Arena<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
        }
    }
}

impl<T> Arena<T> {
    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds an item. Returns its number; `None` if there are too many.
    #[inline]
    pub(super) fn push(&mut self, item: T) -> Option<u32> {
        self.push_run(std::iter::once(item))
    }

    /// Adds a run of items. Returns the number of the first; `None` if there are too many.
    #[inline]
    pub(super) fn push_run(&mut self, items: impl ExactSizeIterator<Item = T>) -> Option<u32> {
        let count = items.len();
        if count == 0 {
            return Some(0);
        }
        let (chunk, at) = self.room(count)?;
        chunk.extend(items);
        self.len = self.len.saturating_add(count);
        Some(at)
    }

    /// A chunk with room for a run of so many, and the number of the first.
    #[inline]
    fn room(&mut self, items: usize) -> Option<(&mut Vec<T>, u32)> {
        let fits = |chunk: &Vec<T>| chunk.len().saturating_add(items) <= CHUNK;
        if !self.chunks.last().is_some_and(fits) {
            // The first grows as it is filled: most pickles are small.
            let first = self.chunks.is_empty();
            let most = if first { items } else { CHUNK.max(items) };
            self.chunks.push(Vec::with_capacity(most));
        }
        let number = self.chunks.len().checked_sub(1)?.checked_mul(CHUNK)?;
        let chunk = self.chunks.last_mut()?;
        // A chunk is longer than it may be counted only where one run fills it, which begins at its front.
        let at = u32::try_from(number.checked_add(chunk.len())?).ok()?;
        Some((chunk, at))
    }

    fn place(at: u32) -> (usize, usize) {
        let at = narrow(u64::from(at));
        (at / CHUNK, at % CHUNK)
    }

    /// An item by its number.
    #[inline]
    pub(super) fn get(&self, at: u32) -> Option<&T> {
        let (chunk, at) = Self::place(at);
        self.chunks.get(chunk)?.get(at)
    }

    /// The same, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        let (chunk, at) = Self::place(at);
        self.chunks.get_mut(chunk)?.get_mut(at)
    }

    /// A run of items, by the number of its first.
    #[inline]
    pub(super) fn run(&self, at: u32, len: u32) -> &[T] {
        let (chunk, at) = Self::place(at);
        let end = at.saturating_add(narrow(u64::from(len)));
        let chunk = self.chunks.get(chunk).map(Vec::as_slice);
        chunk
            .and_then(|chunk| chunk.get(at..end))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Arena, CHUNK};

    #[test]
    fn runs_are_found_again_however_long_they_are() {
        let mut arena = Arena::default();
        let lengths = [
            1,
            0,
            CHUNK - 1,
            1,
            3 * CHUNK + 7,
            2,
            CHUNK / 2,
            CHUNK / 2 + 1,
            CHUNK,
            5,
        ];
        let runs: Vec<Vec<usize>> = lengths
            .iter()
            .map(|length| (0..*length).map(|n| n * 31 + length).collect())
            .collect();
        let at: Vec<u32> = runs
            .iter()
            .map(|run| arena.push_run(run.iter().copied()).unwrap())
            .collect();
        for (run, at) in runs.iter().zip(at) {
            let len = u32::try_from(run.len()).unwrap();
            assert_eq!(arena.run(at, len), run);
        }
        assert_eq!(arena.len(), lengths.iter().sum::<usize>());
        let one = arena.push(7).unwrap();
        *arena.get_mut(one).unwrap() += 1;
        assert_eq!(arena.get(one), Some(&8));
        assert_eq!(arena.get(u32::MAX), None);
        assert!(arena.run(u32::MAX, 3).is_empty());
    }
}
