//! Text for a terminal: harmless, wrapped, coloured.
//!
//! Every string that may come from a file passes [`harmless`] or [`lay`] on its way out. Both escape what could move
//! the cursor or hide text, and break up what a continuous-integration system would take for a command of its own
//! (`##[error]`, and `::error::` at the start of a line).

use std::fmt::{Display, Write as _};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Style;
use crate::fact::{Text, argument, deceives, pathspec};

/// The narrowest page that is laid out; below it, the terminal wraps.
const NARROWEST: usize = 40;

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ink {
    Error,
    Warning,
    Strong,
    Frame,
    Faint,
    Note,
    Good,
    Help,
}

/// The characters to draw with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyphs {
    pub(super) open: &'static str,
    pub(super) join: &'static str,
    pub(super) bar: &'static str,
    pub(super) close: &'static str,
    pub(super) rule: &'static str,
    pub(super) offence: &'static str,
    pub(super) aside: &'static str,
    pub(super) ellipsis: &'static str,
    pub(super) bullet: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    open: "╭─",
    join: "├─",
    bar: "│",
    close: "╰─",
    rule: "─",
    offence: "━",
    aside: "─",
    ellipsis: "…",
    bullet: "•",
};

const ASCII: Glyphs = Glyphs {
    open: ",-",
    join: "|-",
    bar: "|",
    close: "`-",
    rule: "-",
    offence: "^",
    aside: "-",
    ellipsis: "...",
    bullet: "*",
};

impl Style {
    /// The characters to draw with.
    pub(super) fn glyphs(self) -> Glyphs {
        if self.unicode { UNICODE } else { ASCII }
    }

    /// The columns to lay out for.
    pub(super) fn columns(self) -> usize {
        self.width.max(NARROWEST)
    }

    /// Text in its colour. Text from files must be harmless already.
    pub(super) fn ink(self, ink: Ink, text: impl Display) -> String {
        let code = match ink {
            Ink::Error => "1;31",
            Ink::Warning => "1;33",
            Ink::Strong => "1",
            // Bright: the plain blue of many dark themes can hardly be read.
            Ink::Frame => "94",
            Ink::Faint => "2",
            Ink::Note => "36",
            Ink::Good => "32",
            Ink::Help => "1;36",
        };
        let text = text.to_string();
        if self.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text
        }
    }
}

/// Whether a system that reads logs for commands would find one at the start of `rest`.
fn commands(rest: &str) -> bool {
    ["##[", "##vso[", "##teamcity["]
        .iter()
        .any(|command| rest.starts_with(command))
}

/// One character as it is shown, given what follows it (itself included).
fn show(c: char, rest: &str, style: Style, out: &mut String) {
    let escape = match c {
        '\t' => return out.push_str("\\t"),
        '\n' => return out.push_str("\\n"),
        '\r' => return out.push_str("\\r"),
        // Previews are cut with it.
        '…' if !style.unicode => return out.push_str("..."),
        '#' => commands(rest),
        c => deceives(c) || !style.unicode && !c.is_ascii(),
    };
    if escape {
        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
    } else {
        out.push(c);
    }
}

/// A path as it can be pasted into a shell; `None` if it holds anything that is not plainly shown.
pub(super) fn quoted(path: &Text, style: Style) -> Option<String> {
    argument(path.as_bytes()).filter(|word| harmless(word, style) == *word)
}

/// The same for git, which takes some characters for patterns.
pub(super) fn quoted_for_git(path: &Text, style: Style) -> Option<String> {
    pathspec(path.as_bytes()).filter(|word| harmless(word, style) == *word)
}

/// A string on one line, with whatever could deceive escaped. What is harmless stays as it is, backslashes included,
/// so that text escaped earlier is not escaped twice.
pub(super) fn harmless(text: impl Display, style: Style) -> String {
    let text = text.to_string();
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        show(c, text.get(at..).unwrap_or_default(), style, &mut out);
    }
    out
}

/// Columns that harmless text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Breaks harmless text into lines of at most `columns`, at spaces where there are any. No line begins like a
/// command.
pub(super) fn wrap(text: &str, first: usize, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    let mut room = first.max(10);
    for word in text.split(' ') {
        let mut word = word;
        let gap = usize::from(!line.is_empty());
        let mut wide = width(word);
        if used + gap + wide <= room {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            used += gap + wide;
            continue;
        }
        // A long word begins where it stands if much of it fits there; a short one moves on whole.
        if !line.is_empty() {
            if wide > columns && used + gap + 10 < room {
                line.push(' ');
                let (head, tail) = split_softly(word, room - used - 1);
                line.push_str(head);
                word = tail;
            }
            flush(&mut lines, &mut line);
            room = columns.max(10);
        }
        wide = width(word);
        while wide > room {
            let (head, tail) = split_softly(word, room);
            line.push_str(head);
            flush(&mut lines, &mut line);
            room = columns.max(10);
            word = tail;
            wide = width(word);
        }
        line.push_str(word);
        used = wide;
    }
    flush(&mut lines, &mut line);
    lines
}

fn flush(lines: &mut Vec<String>, line: &mut String) {
    lines.push(guarded(std::mem::take(line)));
}

/// Harmless text that may begin a line: without what a log would take for a command there.
pub(super) fn guarded(mut text: String) -> String {
    let start = text.len() - text.trim_start().len();
    if text.get(start..).is_some_and(|rest| rest.starts_with("::")) {
        text.replace_range(start..=start, "\\u{3a}");
    }
    text
}

/// The longest front of `text` that takes at most `columns` (but at least one character), and the rest.
fn split_at_column(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns && at > 0 {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// The same, after a mark that divides names and paths, if there is one not too far from the end.
fn split_softly(text: &str, columns: usize) -> (&str, &str) {
    let (head, tail) = split_at_column(text, columns);
    if tail.is_empty() {
        return (head, tail);
    }
    head.rfind(['.', '_', '/', '(', '[', ',', '='])
        .map(|at| at + 1)
        .filter(|at| *at > head.len() / 2)
        .map_or((head, tail), |at| text.split_at(at))
}

/// Harmless text cut at its end to `columns`.
pub(super) fn clip(text: &str, columns: usize, style: Style) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let ellipsis = style.glyphs().ellipsis;
    let (head, _) = split_at_column(text, columns.saturating_sub(width(ellipsis)));
    format!("{head}{ellipsis}")
}

/// Harmless text cut in its middle to about `columns`: both ends of a path say something.
pub(super) fn clip_middle(text: &str, columns: usize, style: Style) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let half = columns / 2;
    let (head, rest) = split_at_column(text, half);
    let mut used = 0;
    let tail = rest
        .char_indices()
        .rev()
        .take_while(|(_, c)| {
            used += c.width().unwrap_or(0);
            used < half
        })
        .last()
        .map_or("", |(at, _)| rest.get(at..).unwrap_or_default());
    format!("{head}{}{tail}", style.glyphs().ellipsis)
}

/// A line of an excerpt, laid out, and the columns at which each mark begins and ends there.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) text: String,
    pub(super) marks: Vec<(usize, usize)>,
}

/// Lays a line of an excerpt out in at most `columns`, keeping the first mark in view. Marks are byte ranges of
/// `line`; they may lie anywhere, a range inside a character covers it.
pub(super) fn lay(line: &str, marks: &[(usize, usize)], columns: usize, style: Style) -> Laid {
    struct Cell {
        at: usize,
        end: usize,
        column: usize,
        shown: String,
    }
    let mut cells: Vec<Cell> = Vec::new();
    let mut column = 0;
    for (at, c) in line.char_indices() {
        let mut shown = String::new();
        if c == '\t' {
            shown.push_str("    ");
        } else {
            show(c, line.get(at..).unwrap_or_default(), style, &mut shown);
        }
        let wide = width(&shown);
        let end = at + c.len_utf8();
        cells.push(Cell {
            at,
            end,
            column,
            shown,
        });
        column += wide;
    }
    let total = column;
    let spans: Vec<(usize, usize)> = marks
        .iter()
        .map(|&(from, to)| {
            let start = cells
                .iter()
                .find(|cell| from < cell.end)
                .map_or(total, |cell| cell.column);
            let end = cells
                .iter()
                .find(|cell| to <= cell.at)
                .map_or(total, |cell| cell.column);
            (start, end.max(start + 1))
        })
        .collect();
    if total <= columns {
        let text: String = cells.iter().map(|cell| cell.shown.as_str()).collect();
        return Laid {
            text: text.trim_end().to_owned(),
            marks: spans,
        };
    }
    let ellipsis = style.glyphs().ellipsis;
    let dots = width(ellipsis);
    // A mark is in view if its beginning is, and enough of it to be recognised.
    let from = spans
        .first()
        .filter(|(start, end)| start + (end - start).min(columns / 3) + dots > columns)
        .map_or(0, |(start, _)| start.saturating_sub(columns / 3));
    let lead = if from > 0 { dots } else { 0 };
    let mut text = ellipsis.repeat(usize::from(from > 0));
    let mut used = lead;
    let mut skipped = None;
    for cell in cells.iter().filter(|cell| cell.column >= from) {
        let base = *skipped.get_or_insert(cell.column);
        let wide = width(&cell.shown);
        let rest = total - cell.column;
        if used + wide + dots > columns && used + rest > columns {
            text.push_str(ellipsis);
            used += dots;
            break;
        }
        text.push_str(&cell.shown);
        used = cell.column - base + wide + lead;
    }
    let base = skipped.unwrap_or(from);
    let clamp = |column: usize| (column + lead).saturating_sub(base).clamp(0, used);
    Laid {
        text: text.trim_end().to_owned(),
        marks: spans
            .iter()
            .map(|&(start, end)| {
                let start = clamp(start).min(used.saturating_sub(1));
                (start, clamp(end).max(start + 1))
            })
            .collect(),
    }
}

/// `1,234,567`.
pub(super) fn grouped(n: impl Display) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 error`, `3 errors`, `1,200 errors`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}
