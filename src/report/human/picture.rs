//! What is drawn of a finding or an error, as plain data: a sentence, the lines that show it, and what to do next.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use super::super::{PathSpelling, help, words};
use crate::{
    fact::{Excerpt, Text},
    finding::{Finding, Level, LineRef, Location},
    policy::PolicyError,
};

/// Lines around a mark in a source that is a whole file.
const CONTEXT: usize = 1;

/// A finding or an error, ready to be drawn.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    /// How bad it is: the word before the message, and the colour of what is underlined.
    pub(super) level: Level,
    /// The rule, if it is of one, and where that is documented.
    pub(super) rule: Option<(&'static str, String)>,
    /// One sentence.
    pub(super) message: String,
    /// The lines that show it, those of the offence first.
    pub(super) snippets: Vec<Snippet<'a>>,
    /// What to do next; lines after the first of one are to be copied.
    pub(super) help: Vec<Cow<'a, str>>,
}

/// Some lines of one file.
#[derive(Debug, Default)]
pub(super) struct Snippet<'a> {
    /// Where they are.
    pub(super) name: String,
    /// What is said above them.
    pub(super) caption: &'a str,
    /// The lines, joined by `\n`; none if empty.
    pub(super) text: &'a str,
    /// The number of the first; `None` where lines begin with addresses of their own.
    pub(super) first_line: Option<usize>,
    /// What is underlined: byte ranges of the text, and what to say there.
    pub(super) marks: Vec<(Range<usize>, &'a str)>,
    /// Whether the first mark is what all is about.
    pub(super) offends: bool,
}

impl<'a> Picture<'a> {
    /// A finding. `path` is how the user knows the file, `paths` how they know others, `said` the advice that was given for it already:
    /// each is given once.
    pub(super) fn of_finding(
        finding: &'a Finding,
        path: &Text,
        paths: &PathSpelling,
        said: &mut BTreeSet<Cow<'a, str>>,
    ) -> Self {
        let mut name = words::spot(&finding.primary, path);
        if words::span(finding).is_some() && !finding.on_change {
            name.push_str(" (unchanged)");
        }
        let offence = Snippet {
            offends: finding.level != Level::Allow,
            ..Snippet::of_excerpt(name, finding.primary.excerpt.as_ref())
        };
        let related = finding.related.iter().map(Snippet::of_location);
        let policy = finding.decided_by.as_ref().map(Snippet::of_line);
        let help = finding.help.iter().map(|help| help::worded(help, paths));
        Self {
            level: finding.level,
            rule: Some((finding.rule.id, super::super::rule_url(finding.rule))),
            message: words::sentence(finding),
            snippets: std::iter::once(offence)
                .chain(related)
                .chain(policy)
                .collect(),
            help: help.filter(|help| said.insert(help.clone())).collect(),
        }
    }

    /// An error in a policy file.
    pub(super) fn of_policy_error(error: &'a PolicyError, level: Level) -> Self {
        Self {
            level,
            rule: None,
            message: error.message.clone(),
            snippets: Snippet::of_policy_error(error).into_iter().collect(),
            help: Vec::from_iter((!error.help.is_empty()).then_some(Cow::Borrowed(&*error.help))),
        }
    }

    /// An error that is in no file.
    pub(super) fn of_error(message: String, help: Option<&'a str>) -> Self {
        Self {
            level: Level::Deny,
            rule: None,
            message,
            snippets: Vec::new(),
            help: Vec::from_iter(help.map(Cow::Borrowed)),
        }
    }
}

impl<'a> Snippet<'a> {
    fn of_excerpt(name: String, excerpt: Option<&'a Excerpt>) -> Self {
        let Some(excerpt) = excerpt else {
            return Self {
                name,
                ..Self::default()
            };
        };
        let marks = excerpt.marks.iter();
        Self {
            name,
            text: &excerpt.text,
            first_line: excerpt
                .first_line
                .map(|first| usize::try_from(first).unwrap_or_default()),
            marks: marks
                .map(|mark| (mark.range.clone(), mark.label.as_str()))
                .collect(),
            ..Self::default()
        }
    }

    fn of_location(location: &'a Location) -> Self {
        Self {
            caption: &location.label,
            ..Self::of_excerpt(
                words::spot(location, &location.path),
                location.excerpt.as_ref(),
            )
        }
    }

    fn of_line(line: &'a LineRef) -> Self {
        let name = match line.line {
            0 => line.file.clone(),
            n => format!("{}:{n}", line.file),
        };
        // Without a line to underline, what would be said there still is.
        let caption = if line.text.is_empty() {
            &line.label
        } else {
            ""
        };
        Self {
            name,
            caption,
            text: &line.text,
            first_line: Some(usize::try_from(line.line).unwrap_or_default()),
            marks: vec![(line.range.clone(), line.label.as_str())],
            offends: false,
        }
    }

    fn of_policy_error(error: &'a PolicyError) -> Option<Self> {
        if error.source.is_empty() {
            return None;
        }
        let source: &'a str = &error.source;
        let line = error.line();
        let first = line.saturating_sub(CONTEXT).max(1);
        let mut lines = source.split_inclusive('\n');
        let before: usize = lines.by_ref().take(first - 1).map(str::len).sum();
        let shown: usize = lines.take(line + CONTEXT + 1 - first).map(str::len).sum();
        let text = source.get(before..before + shown)?;
        let at = |offset: usize| offset.saturating_sub(before);
        Some(Self {
            name: format!("{}:{line}:{}", error.file, error.column()),
            text: text.trim_end_matches(['\n', '\r']),
            first_line: Some(first),
            marks: vec![(at(error.range.start)..at(error.range.end), "")],
            offends: true,
            ..Self::default()
        })
    }
}
