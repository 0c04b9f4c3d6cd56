//! Where in a policy file a value stands: found only when somebody has to be told.
//!
//! Values carry the way to them (`globals`, `allow`, 2, `as`) instead of positions. Bundled policies are read from JSON,
//! so their YAML is looked at only here, at most once for each file.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use yamlpath::{Component, Document, Route};

use crate::{
    fact::{PolicyLine, Text},
    finding::LineRef,
};

/// A policy file or pack, with its text.
pub(super) struct File {
    /// As the user knows it: a path, or `recommended.yaml (built in)`.
    pub(super) name: String,
    /// Where somebody would edit it: a path, also where `name` says more than that.
    path: String,
    /// Its text, without a byte order mark.
    pub(super) text: Arc<str>,
    document: OnceLock<Option<Document>>,
    shown: OnceLock<Arc<str>>,
}

/// One step of the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a mapping.
    Key(Arc<str>),
    /// Into a sequence.
    Index(usize),
}

/// A value in a policy file: the answer to "says who?".
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) file: Arc<File>,
    pub(super) way: Box<[Step]>,
    /// Whether the key, rather than the value, is what to underline.
    key: bool,
    /// Its line without a label: a line that says nothing of a name is shown for each such name.
    line: OnceLock<Box<LineRef>>,
}

impl File {
    pub(super) fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<Self> {
        let name = name.into();
        let path = name.clone();
        Self::at(path, name, text)
    }

    /// A file at a path that has a longer name: `weighbridge.yaml at 1a2b3c4 (main)`.
    pub(super) fn at(path: String, name: String, text: impl Into<Arc<str>>) -> Arc<Self> {
        Arc::new(Self {
            name,
            path,
            text: text.into(),
            document: OnceLock::new(),
            shown: OnceLock::new(),
        })
    }

    /// Whether it is embedded in the program.
    pub(super) fn is_built_in(&self) -> bool {
        self.name.ends_with(" (built in)")
    }

    /// Its text, harmless to print, with every byte at its place.
    pub(super) fn shown(&self) -> &Arc<str> {
        self.shown.get_or_init(|| harmless(&self.text).into())
    }

    /// The byte range of the first line of a value, or of its key. Empty at the start of the file if it cannot be found.
    pub(super) fn range(&self, way: &[Step], key: bool) -> Range<usize> {
        self.one_line(self.find(way, key))
    }

    /// The byte range of a whole value.
    pub(super) fn extent(&self, way: &[Step]) -> Range<usize> {
        self.find(way, false)
    }

    /// Where somebody would edit it, harmless to print.
    pub(super) fn shown_path(&self) -> String {
        shown(&self.path)
    }

    fn find(&self, way: &[Step], key: bool) -> Range<usize> {
        let document = self
            .document
            .get_or_init(|| Document::new(self.text.as_ref()).ok());
        let Some(document) = document else {
            return 0..0;
        };
        let route: Route<'_> = way
            .iter()
            .map(|step| match step {
                Step::Key(key) => Component::from(key.as_ref()),
                Step::Index(index) => Component::from(*index),
            })
            .collect::<Vec<_>>()
            .into();
        let by_key = || document.query_key_only(&route).ok();
        let found = if key && matches!(way.last(), Some(Step::Key(_))) {
            by_key()
        } else {
            document.query_exact(&route).ok().flatten().or_else(by_key)
        };
        found.map_or(0..0, |feature| {
            let (start, end) = feature.location.byte_span;
            start..end.max(start)
        })
    }

    /// A range cut at the end of its first line: an underlined block says less than its first line.
    pub(super) fn one_line(&self, range: Range<usize>) -> Range<usize> {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default().trim_end();
        range.start..range.start.saturating_add(first.len())
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.name).finish()
    }
}

impl Origin {
    pub(super) fn new(file: Arc<File>, way: Box<[Step]>, key: bool) -> Self {
        Self {
            file,
            way,
            key,
            line: OnceLock::new(),
        }
    }

    /// Whether it is the same value of the same file.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file) && self.way == other.way
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.file.range(&self.way, self.key)
    }

    /// The line, as a policy's change says it.
    pub(super) fn policy_line(&self) -> PolicyLine {
        let line = self.line_ref("");
        PolicyLine {
            file: line.file,
            path: self.file.shown_path(),
            line: line.line,
            text: line.text,
            range: line.range,
            is_new: true,
        }
    }

    /// The line, ready to be shown beside a finding.
    pub(super) fn line_ref(&self, label: impl Into<String>) -> LineRef {
        let line = self.line.get_or_init(|| Box::new(self.unlabelled()));
        LineRef {
            label: label.into(),
            ..LineRef::clone(line)
        }
    }

    fn unlabelled(&self) -> LineRef {
        let range = self.range();
        let text = self.file.text.as_ref();
        let before = text.get(..range.start).unwrap_or_default();
        let begin = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let line = text
            .get(begin..)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        let cut = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        let (head, marked) = (cut(begin, range.start), cut(range.start, range.end));
        let tail = line
            .get(head.len().saturating_add(marked.len())..)
            .unwrap_or_default();
        // The line may hold what could forge output; shown, it may not.
        let (head, marked, tail) = (shown(head), shown(marked), shown(tail));
        LineRef {
            file: shown(&self.file.name),
            line: u32::try_from(before.matches('\n').count())
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            range: head.len()..head.len().saturating_add(marked.len()),
            text: [head, marked, tail].concat(),
            label: String::new(),
        }
    }
}

/// Text with everything that deceives replaced, and nothing else.
pub(super) fn shown(text: &str) -> String {
    text.split('\\')
        .map(|part| Text::from(part).to_string())
        .collect::<Vec<_>>()
        .join("\\")
}

/// The same text, of the same length in bytes, with everything that deceives replaced: ranges stay valid.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| {
            let kept = matches!(c, '\n' | '\t' | '\\' | ' '..='~')
                || Text::from(c.to_string()).to_string() == c.to_string();
            match (kept, c.len_utf8()) {
                (true, _) => c.to_string(),
                (false, 1) => "?".to_owned(),
                (false, 2) => "·".to_owned(),
                (false, 3) => "\u{fffd}".to_owned(),
                (false, _) => "··".to_owned(),
            }
        })
        .collect()
}
