//! Draws a picture: a sentence, a frame of lines with what matters underlined, and what to do next.
//!
//! The lines of a disassembly are known by their offsets and have no numbers. A label stands beside its underline (below it, if
//! there is no room), one row for each mark, so that overlapping marks stay readable and nothing depends on drawing.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use super::{
    super::{
        Style,
        terminal::{Ink, clip_middle, guarded, harmless, lay, width, wrap},
    },
    picture::{Picture, Snippet},
};
use crate::finding::Level;

/// Lines that a message may take: a hostile name should not push everything else off the frame.
const MESSAGE_LINES: usize = 12;

/// What stands before something to do.
const HELP: &str = "help:";

/// A line, with what is marked in it.
#[derive(Debug)]
struct Row<'a> {
    number: Option<usize>,
    text: &'a str,
    marks: Vec<Marked<'a>>,
}

#[derive(Debug)]
struct Marked<'a> {
    range: (usize, usize),
    label: &'a str,
    /// It is what the picture is about, and no aside.
    offence: bool,
    ink: Ink,
}

/// Draws a picture.
pub(super) fn draw(picture: &Picture<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    headline(picture, style, out)?;
    let numbers = picture.snippets.iter().filter_map(|snippet| {
        let lines = snippet.text.lines().count();
        let last = snippet.first_line?.saturating_add(lines);
        (lines > 0).then_some(last.saturating_sub(1))
    });
    let frame = Frame {
        style,
        gutter: numbers.max().map_or(1, |n| n.to_string().len()).max(2),
    };
    if let ([only], []) = (picture.snippets.as_slice(), picture.help.as_slice())
        && only.text.is_empty()
    {
        return frame.name(style.glyphs().close, &only.name, out);
    }
    for (i, snippet) in picture.snippets.iter().enumerate() {
        frame.snippet(i == 0, snippet, severity(picture.level).1, out)?;
    }
    // What is to be copied stands below the frame, at the left edge, and so does what follows it.
    let mut help = picture.help.iter();
    let inside = help.position(|help| help.contains('\n'));
    let (inside, below) = picture.help.split_at(inside.unwrap_or(picture.help.len()));
    let shows = |snippet: &Snippet<'_>| !snippet.text.is_empty();
    if picture.snippets.iter().any(shows) && !inside.is_empty() {
        frame.line(None, "", out)?;
    }
    frame.close(!picture.snippets.is_empty(), inside, out)?;
    below.iter().try_for_each(|help| aside(help, style, out))
}

/// Help outside of a frame: a sentence, and what is to be copied as it is to stand in a file.
pub(super) fn aside(help: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (said, code) = help.split_once('\n').unwrap_or((help, ""));
    let room = style.columns().saturating_sub(HELP.len() + 1);
    for (i, line) in wrap(&harmless(said, style), room, room).iter().enumerate() {
        if i == 0 {
            writeln!(out, "{} {line}", style.ink(Ink::Help, HELP))?;
        } else {
            writeln!(out, "{:1$} {line}", "", HELP.len())?;
        }
    }
    if code.is_empty() {
        return Ok(());
    }
    for line in code.split('\n') {
        writeln!(out, "{}", guarded(harmless(line, style)))?;
    }
    writeln!(out)
}

/// The word for a level and its colour, which is also that of what is underlined.
pub(super) fn severity(level: Level) -> (&'static str, Ink) {
    match level {
        Level::Deny => ("error", Ink::Error),
        Level::Warn => ("warning", Ink::Warning),
        Level::Allow => ("note", Ink::Note),
    }
}

fn headline(picture: &Picture<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (word, ink) = severity(picture.level);
    let rule = picture.rule.as_ref();
    let head = rule.map_or_else(|| word.to_owned(), |(id, _)| format!("{word}[{id}]"));
    let mut shown = style.ink(ink, &head);
    if let Some((_, url)) = rule.filter(|_| style.links) {
        let url = harmless(url, style);
        shown = format!("\u{1b}]8;;{url}\u{1b}\\{shown}\u{1b}]8;;\u{1b}\\");
    }
    let columns = style.columns();
    let mut lines = wrap(
        &harmless(&picture.message, style),
        columns.saturating_sub(width(&head) + 2),
        columns - 2,
    );
    if lines.len() > MESSAGE_LINES {
        lines.truncate(MESSAGE_LINES);
        lines.push(style.glyphs().ellipsis.to_owned());
    }
    for (i, line) in lines.iter().enumerate() {
        let line = style.ink(Ink::Strong, line);
        if i == 0 {
            writeln!(out, "{shown}: {line}")?;
        } else {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

/// The lines of a snippet, each with the marks that begin in it: a mark over several lines is drawn on its first, which the
/// others follow anyway.
fn rows<'a>(snippet: &'a Snippet<'a>, ink: Ink) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let mut begin = 0;
    for (i, line) in snippet.text.split_inclusive('\n').enumerate() {
        let text = line.trim_end_matches(['\n', '\r']);
        let end = begin + line.len();
        let is_last = end == snippet.text.len();
        let marks = snippet.marks.iter().enumerate();
        let marks = marks.filter(|(_, (range, label))| {
            let here = range.start >= begin && (range.start < end || is_last);
            here && (!range.is_empty() || !label.is_empty())
        });
        let marks = marks.map(|(n, (range, label))| {
            let offence = n == 0 && snippet.offends;
            let within = |at: usize| at.saturating_sub(begin).min(text.len());
            Marked {
                range: (within(range.start), within(range.end)),
                label,
                offence,
                ink: if offence { ink } else { Ink::Note },
            }
        });
        rows.push(Row {
            number: snippet.first_line.map(|first| first.saturating_add(i)),
            text,
            marks: marks.collect(),
        });
        begin = end;
    }
    rows
}

/// A frame being drawn.
#[derive(Debug, Clone, Copy)]
struct Frame {
    style: Style,
    /// Columns of the line numbers.
    gutter: usize,
}

impl Frame {
    /// A line inside the frame, after its bar.
    fn line(self, number: Option<usize>, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let bar = self.style.glyphs().bar;
        let gutter = self.gutter;
        let number = number.map(|n| n.to_string()).unwrap_or_default();
        let edge = self
            .style
            .ink(Ink::Frame, format_args!("{number:>gutter$} {bar}"));
        if text.is_empty() {
            writeln!(out, "{edge}")
        } else {
            writeln!(out, "{edge} {text}")
        }
    }

    /// Columns inside the frame.
    fn room(self) -> usize {
        self.style.columns().saturating_sub(self.gutter + 3).max(20)
    }

    /// Where the lines that follow are. Not wrapped, so that it can be copied, but not endless either.
    fn name(self, corner: &str, name: &str, out: &mut dyn Write) -> io::Result<()> {
        let style = self.style;
        let pad = self.gutter + 1;
        if name.is_empty() {
            return Ok(());
        }
        let name = clip_middle(&harmless(name, style), style.columns() * 3, style);
        let corner = style.ink(Ink::Frame, corner);
        writeln!(out, "{:pad$}{corner} {}", "", style.ink(Ink::Note, name))
    }

    fn snippet(
        self,
        first: bool,
        snippet: &Snippet<'_>,
        ink: Ink,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let style = self.style;
        let glyphs = style.glyphs();
        let corner = if first { glyphs.open } else { glyphs.join };
        self.name(corner, &snippet.name, out)?;
        if !snippet.caption.is_empty() {
            for line in wrap(&harmless(snippet.caption, style), self.room(), self.room()) {
                self.line(None, &line, out)?;
            }
        }
        for row in rows(snippet, ink) {
            self.row(&row, out)?;
        }
        Ok(())
    }

    fn row(self, row: &Row<'_>, out: &mut dyn Write) -> io::Result<()> {
        let style = self.style;
        // The offset of a disassembled line is its line number: it stays in view.
        let address = match row.text.find(' ') {
            Some(end) if row.number.is_none() && row.text.starts_with("0x") => end,
            _ => 0,
        };
        let (offset, rest) = row.text.split_at(address);
        let ranges: Vec<(usize, usize)> = row
            .marks
            .iter()
            .map(|mark| {
                let (start, end) = mark.range;
                (start.saturating_sub(address), end.saturating_sub(address))
            })
            .collect();
        let offset = harmless(offset, style);
        let taken = width(&offset);
        let laid = lay(rest, &ranges, self.room().saturating_sub(taken), style);
        let text = format!("{}{}", style.ink(Ink::Faint, offset), laid.text);
        self.line(row.number, &text, out)?;
        for (mark, (start, end)) in row.marks.iter().zip(laid.marks) {
            self.mark(mark, start + taken, end + taken, out)?;
        }
        Ok(())
    }

    fn mark(
        self,
        mark: &Marked<'_>,
        start: usize,
        end: usize,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let style = self.style;
        let glyphs = style.glyphs();
        let ink = mark.ink;
        let glyph = if mark.offence {
            glyphs.offence
        } else {
            glyphs.aside
        };
        let underline = glyph.repeat(end - start);
        let label = harmless(mark.label, style);
        if label.is_empty() || end + 1 + width(&label) <= self.room() {
            let text = format!("{underline} {label}");
            let text = style.ink(ink, text.trim_end());
            return self.line(None, &format!("{:start$}{text}", ""), out);
        }
        let text = style.ink(ink, underline);
        self.line(None, &format!("{:start$}{text}", ""), out)?;
        let wide = width(&label);
        let indent = start.min(self.room().saturating_sub(wide.max(self.room() / 2)));
        let room = self.room() - indent;
        for line in wrap(&label, room, room) {
            let text = style.ink(ink, line);
            self.line(None, &format!("{:indent$}{text}", ""), out)?;
        }
        Ok(())
    }

    /// What to do next, and the end of the frame.
    fn close(self, framed: bool, help: &[Cow<'_, str>], out: &mut dyn Write) -> io::Result<()> {
        let style = self.style;
        let glyphs = style.glyphs();
        let pad = self.gutter + 1;
        let end = |out: &mut dyn Write| {
            let corner = style.ink(Ink::Frame, format_args!("{}{}", glyphs.close, glyphs.rule));
            writeln!(out, "{:pad$}{corner}", "")
        };
        if help.is_empty() {
            return if framed { end(out) } else { Ok(()) };
        }
        let room = self.room() - 6;
        for said in help {
            for (i, line) in wrap(&harmless(said, style), room, room).iter().enumerate() {
                let head = if i == 0 {
                    style.ink(Ink::Help, HELP)
                } else {
                    " ".repeat(HELP.len())
                };
                self.line(None, &format!("{head} {line}"), out)?;
            }
        }
        end(out)
    }
}
