//! Lines and columns of places in text, and the line to show.

use std::ops::Range;

use crate::fact::{Excerpt, Mark, Place, Text};

/// Characters of a line that an excerpt shows before and after what it is about.
const SHOWN: usize = 60;

/// Counts lines as places are asked for, which come in order.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Lines that end before.
    count: u32,
    /// Where the line begins.
    start: usize,
    /// Up to where its characters are counted, and how many there are: a line may be as long as the file.
    counted: (usize, u32),
}

impl Lines {
    /// The line on which a range begins.
    pub(super) fn line(&mut self, code: &[u8], range: &Range<usize>) -> u32 {
        match self.place(code, &(range.start..range.start)) {
            Place::Span { line, .. } => line,
            _ => 0,
        }
    }

    /// Lines and columns of a range, which is on one line or shown as if it were.
    pub(super) fn place(&mut self, code: &[u8], range: &Range<usize>) -> Place {
        let from = self.counted.0;
        let passed = code.get(from..range.start).unwrap_or_default();
        for end in memchr::memchr_iter(b'\n', passed) {
            self.count = self.count.saturating_add(1);
            self.start = from.saturating_add(end).saturating_add(1);
            self.counted = (self.start, 0);
        }
        let characters = |range: Range<usize>| {
            let text = code.get(range).unwrap_or_default();
            let count = String::from_utf8_lossy(text).chars().count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let (counted, before) = self.counted;
        let before = before.saturating_add(characters(counted..range.start));
        self.counted = (range.start, before);
        let line = self.count.saturating_add(1);
        let column = before.saturating_add(1);
        let end_column = column.saturating_add(characters(range.clone()));
        Place::Span {
            line,
            column,
            end_line: line,
            end_column,
        }
    }

    /// The line of the last place, as far as it is near.
    pub(super) fn excerpt(&self, code: &[u8], range: &Range<usize>) -> Excerpt {
        let near = range.end.saturating_add(SHOWN).min(code.len());
        let line = code.get(range.start..near).unwrap_or_default();
        let end = memchr::memchr(b'\n', line).map_or(near, |end| range.start.saturating_add(end));
        let focus = range.start..range.end.min(end).max(range.start);
        let shown = |range: Range<usize>| {
            let bytes = code.get(range).unwrap_or_default();
            Text::new(bytes).to_string()
        };
        let before = self.start.max(focus.start.saturating_sub(SHOWN))..focus.start;
        let after = focus.end..end.min(focus.end.saturating_add(SHOWN));
        let mut text = shown(before);
        let start = text.len();
        text.push_str(&shown(focus));
        let range = start..text.len();
        text.push_str(&shown(after));
        Excerpt {
            text,
            first_line: Some(self.count.saturating_add(1)),
            marks: vec![Mark {
                range,
                label: String::new(),
            }],
            arguments: Vec::new(),
        }
    }
}
