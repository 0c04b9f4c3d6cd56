//! What is wrong with a policy: every error at once, each with its place and what to write instead.

use std::{fmt, ops::Range, sync::Arc};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::locate::{File, Origin, harmless};

/// One error.
#[derive(Debug, Clone)]
pub struct PolicyError {
    /// The policy file.
    pub file: String,
    /// Its text, harmless to print and with every byte at its place; empty if it could not be read.
    pub source: Arc<str>,
    /// The bytes of `source` to underline; empty if the place is unknown.
    pub range: Range<usize>,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
    shown: Arc<NamedSource<Arc<str>>>,
}

/// All errors of a policy and of what it extends. Never empty.
#[derive(Debug, Clone)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl PolicyError {
    /// An error at a range of a file.
    pub(super) fn at(
        file: &File,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let source = Arc::clone(file.shown());
        let shown = NamedSource::new(harmless(&file.name), Arc::clone(&source));
        Self {
            file: harmless(&file.name),
            source,
            range,
            message: harmless(&message.into()),
            help: harmless(&help.into()),
            shown: Arc::new(shown),
        }
    }

    /// An error at a value.
    pub(super) fn of(origin: &Origin, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::at(&origin.file, origin.range(), message, help)
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count().saturating_add(1)
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        let before = self.before();
        before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            .saturating_add(1)
    }

    fn before(&self) -> &str {
        self.source.get(..self.range.start).unwrap_or_default()
    }
}

impl PartialEq for PolicyError {
    fn eq(&self, other: &Self) -> bool {
        (&self.file, &self.range, &self.message, &self.help)
            == (&other.file, &other.range, &other.message, &other.help)
    }
}

impl Eq for PolicyError {}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PolicyError {}

impl Diagnostic for PolicyError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(&self.help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.source.is_empty()).then_some(self.shown.as_ref() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.source.is_empty()).then(|| {
            let span = LabeledSpan::new_with_span(None, self.range.clone());
            Box::new(std::iter::once(span)) as Box<dyn Iterator<Item = _>>
        })
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = if self.0.len() == 1 { "error" } else { "errors" };
        write!(
            f,
            "the policy does not hold together: {} {errors}",
            self.0.len()
        )
    }
}

impl std::error::Error for PolicyErrors {}

impl Diagnostic for PolicyErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.0.iter().map(|error| error as &dyn Diagnostic),
        ))
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
        if self.list.len() >= MOST {
            return;
        }
        let error = error();
        // A file that is extended twice says everything twice.
        if !self.list.contains(&error) {
            self.list.push(error);
        }
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
pub(super) fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
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
