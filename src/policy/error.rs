//! What is wrong with a policy: every error at once, each with its place and what to write instead.

use std::{ops::Range, sync::Arc};

use super::locate::{File, Origin, harmless};
pub use crate::error::{PolicyError, PolicyErrors};

impl PolicyError {
    /// An error at a range of a file.
    pub(super) fn at(
        file: &File,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            file: harmless(&file.name),
            source: Arc::clone(file.shown()),
            range,
            message: harmless(&message.into()),
            help: harmless(&help.into()),
        }
    }

    /// An error at a range of a text that is no policy but part of one: the lock file.
    pub fn in_text(
        name: &str,
        text: &str,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::at(&File::new(name, text), range, message, help)
    }

    /// An error at a value.
    pub(super) fn of(origin: &Origin, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::at(&origin.file, origin.range(), message, help)
    }
}

/// Errors being collected: as many as a person reads.
#[derive(Debug, Default)]
pub(super) struct Errors {
    list: Vec<PolicyError>,
}

/// Errors that one run tells. A file that is no policy at all has one for each of its values.
const MOST: usize = 100;

impl Errors {
    /// An error at a value.
    pub(super) fn of(
        &mut self,
        origin: &Origin,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(|| PolicyError::of(origin, message, help));
    }

    /// An error; it is not made when there are enough, because finding its place takes time.
    pub(super) fn push(&mut self, error: impl FnOnce() -> PolicyError) {
        if self.is_full() {
            return;
        }
        let error = error();
        // A file that is extended twice says everything twice.
        if !self.list.contains(&error) {
            self.list.push(error);
        }
    }

    /// Whether there are so many that no other is told.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them: file by file in the order they were read, each from top to bottom.
    pub(super) fn finish(mut self) -> PolicyErrors {
        let mut files: Vec<String> = Vec::new();
        for error in &self.list {
            if !files.contains(&error.file) {
                files.push(error.file.clone());
            }
        }
        self.list.sort_by_key(|error| {
            (
                files.iter().position(|file| *file == error.file),
                error.range.start,
            )
        });
        PolicyErrors(self.list)
    }
}

/// The known word nearest to a misspelt one, if any is near enough to be meant.
pub fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |(distance, name): &(usize, &str)| {
        *distance <= (name.len().max(word.len()) / 3).clamp(1, 4)
    };
    known
        .into_iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&word.to_lowercase(), name),
                name,
            )
        })
        .filter(near)
        .min()
        .map(|(_, name)| name)
}
