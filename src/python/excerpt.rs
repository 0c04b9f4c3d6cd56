//! The lines that show an observation: harmless to print, cut to a readable width, with marks that still fit.

use std::{cell::Cell, ops::Range};

use crate::fact::{Excerpt, Mark, Place, Text};

/// Lines shown before and after the offence.
const BEFORE: usize = 2;
const AFTER: usize = 1;
/// Lines of the offence itself that are shown.
const LINES: usize = 8;
/// Characters shown of a line, and how many of them before a mark in a line that is longer.
const WIDTH: usize = 160;
const LEAD: usize = 60;

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The offset whose column was asked for last, and how many characters stand before it in its line: a line may be the
    /// whole file, and hold thousands of calls.
    last: Cell<(usize, usize)>,
}

/// An excerpt in the making: the shown text, and which source offset went where.
#[derive(Debug, Default)]
pub(super) struct Shown {
    text: String,
    first_line: u32,
    /// Source offset and excerpt offset, both rising.
    map: Vec<(usize, usize)>,
    source: Range<usize>,
}

impl<'t> Lines<'t> {
    /// Finds the lines: they end with `\n`, `\r\n` or `\r`, as in Python.
    pub(super) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let next = memchr::memchr2_iter(b'\n', b'\r', bytes).map(|at| at.saturating_add(1));
        // The `\r` of a `\r\n` ends no line.
        let next = next.filter(|next| {
            bytes.get(next.saturating_sub(1)) == Some(&b'\n') || bytes.get(*next) != Some(&b'\n')
        });
        let starts = std::iter::once(0).chain(next).collect();
        Self {
            text,
            starts,
            last: Cell::new((0, 0)),
        }
    }

    /// The line of an offset, from 0.
    fn line(&self, offset: usize) -> usize {
        let after = self.starts.partition_point(|start| *start <= offset);
        after.saturating_sub(1)
    }

    /// Where a line begins; the end of the text if there is no such line.
    fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// Line and column of an offset, both from 1.
    pub(super) fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.line(offset);
        let (last, column) = self.last.get();
        let (from, counted) = if (self.start(line)..=offset).contains(&last) {
            (last, column)
        } else {
            (self.start(line), 0)
        };
        let between = self.text.get(from..offset);
        let column = counted.saturating_add(between.map_or(0, |between| between.chars().count()));
        if between.is_some() {
            self.last.set((offset, column));
        }
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        (number(line), number(column))
    }

    /// A range of bytes as lines and columns.
    pub(super) fn place(&self, range: &Range<usize>) -> Place {
        let (line, column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end);
        Place::Span {
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// Shows the lines around a range.
    pub(super) fn show(&self, range: &Range<usize>) -> Shown {
        let offence = self.line(range.start);
        let last = self
            .line(range.end.saturating_sub(1).max(range.start))
            .min(offence.saturating_add(LINES.saturating_sub(1)));
        let first = offence.saturating_sub(BEFORE);
        let end = last
            .saturating_add(AFTER)
            .saturating_add(1)
            .min(self.starts.len());
        let mut shown = Shown {
            first_line: u32::try_from(first).unwrap_or(u32::MAX).saturating_add(1),
            ..Shown::default()
        };
        shown.source = self.start(first)..self.start(end);
        for line in first..end {
            let next = line.saturating_add(1);
            let start = self.start(line);
            let stop = self.start(next);
            let text = self.text.get(start..stop).unwrap_or_default();
            let text = text.trim_end_matches(['\n', '\r']);
            // The file ends with a line end: nothing follows it.
            if line > last && text.is_empty() && next == self.starts.len() {
                break;
            }
            if line > first {
                shown.text.push('\n');
            }
            let focus = if line == offence {
                range.start.saturating_sub(start)
            } else {
                0
            };
            shown.line(text, start, focus);
        }
        shown
    }
}

impl Shown {
    fn line(&mut self, text: &str, start: usize, focus: usize) {
        // Looking no further than needed keeps minified files cheap.
        let long = text.chars().nth(WIDTH).is_some();
        let from = if long {
            let before = text.get(..focus).unwrap_or_default();
            before
                .char_indices()
                .rev()
                .nth(LEAD)
                .map_or(0, |(at, _)| at)
        } else {
            0
        };
        if from > 0 {
            self.text.push('…');
        }
        let rest = text.get(from..).unwrap_or_default();
        for (column, (at, c)) in rest.char_indices().enumerate() {
            if column >= WIDTH {
                self.text.push('…');
                break;
            }
            let offset = start.saturating_add(from).saturating_add(at);
            self.map.push((offset, self.text.len()));
            match c {
                '\t' => self.text.push_str("    "),
                // Form feeds separate pages of source; they would clear a terminal's.
                '\x0c' => self.text.push(' '),
                ' '..='~' => self.text.push(c),
                c => self.text.push_str(&Text::from(c.to_string()).to_string()),
            }
        }
        self.map
            .push((start.saturating_add(text.len()), self.text.len()));
    }

    /// Where a range of the source stands in the excerpt, if its start is shown. A range over several lines ends with the first.
    pub(super) fn mark(&self, range: &Range<usize>) -> Option<Range<usize>> {
        if !self.source.contains(&range.start) {
            return None;
        }
        let at = self
            .map
            .partition_point(|(source, _)| *source < range.start);
        let (source, start) = *self.map.get(at)?;
        if source >= range.end {
            return None;
        }
        let at = self.map.partition_point(|(source, _)| *source < range.end);
        let end = self
            .map
            .get(at)
            .map_or(self.text.len(), |(_, shown)| *shown);
        let line = self.text.get(start..end)?;
        let end = line.find('\n').map_or(end, |at| start.saturating_add(at));
        (end > start).then_some(start..end)
    }

    /// The finished excerpt.
    pub(super) fn finish(self, primary: &Range<usize>) -> Excerpt {
        let range = self.mark(primary).unwrap_or(0..0);
        Excerpt {
            text: self.text,
            first_line: Some(self.first_line),
            marks: vec![Mark {
                range,
                label: String::new(),
            }],
            arguments: Vec::new(),
        }
    }
}

/// Source on one line, cut to some 80 characters.
pub(super) fn brief(text: &str) -> Text {
    let mut brief = String::new();
    for word in text.split_whitespace() {
        if !brief.is_empty()
            && !brief.ends_with(['(', '[', '{'])
            && !word.starts_with([')', ']', '}'])
        {
            brief.push(' ');
        }
        brief.extend(word.chars().take(81));
        if let Some((at, _)) = brief.char_indices().nth(80) {
            brief.truncate(at);
            brief.push_str("...");
            break;
        }
    }
    Text::from(brief)
}

#[cfg(test)]
mod tests {
    use super::{Lines, brief};

    fn marked(text: &str, needle: &str) -> (String, String) {
        let at = text.find(needle).unwrap();
        let range = at..at + needle.len();
        let excerpt = Lines::new(text).show(&range).finish(&range);
        let shown = excerpt
            .text
            .get(excerpt.marks[0].range.clone())
            .unwrap()
            .to_owned();
        (excerpt.text, shown)
    }

    #[test]
    fn marks_survive_tabs_escapes_and_line_ends() {
        let (text, mark) = marked(
            "a\r\nb\r\n\tif \u{202e}x:\r\n\t\tload(p)\r\nc\r\n",
            "load(p)",
        );
        assert_eq!(text, "b\n    if \\u{202e}x:\n        load(p)\nc");
        assert_eq!(mark, "load(p)");
    }

    #[test]
    fn long_lines_are_cut_around_the_mark() {
        let line = format!("{}load(p){}", "x;".repeat(5000), ";y".repeat(5000));
        let (text, mark) = marked(&line, "load(p)");
        assert_eq!(mark, "load(p)");
        assert!(text.chars().count() < 170 && text.starts_with('…') && text.ends_with('…'));
    }

    #[test]
    fn source_on_one_line() {
        assert_eq!(brief("f(\n    a,\n  b\n)").to_string(), "f(a, b)");
        assert_eq!(brief(&"x".repeat(100)).to_string().len(), 83);
    }
}
