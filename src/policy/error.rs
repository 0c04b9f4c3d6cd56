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
            file: file.name.clone(),
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
        match self.0.as_slice() {
            [one] => write!(f, "the policy does not hold together: {one}"),
            many => write!(
                f,
                "the policy does not hold together: {} errors",
                many.len()
            ),
        }
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
