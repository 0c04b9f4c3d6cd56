//! Draws a miette diagnostic: a sentence, a frame of lines with what matters underlined, and what to do next.
//!
//! It stands where miette's own handlers would, because theirs number every line, and the lines of a disassembly are
//! known by their offsets. A label stands beside its underline (below it, if there is no room), one row for each
//! mark, so that overlapping marks stay readable and nothing depends on drawing.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::{
    super::{
        Style,
        terminal::{Ink, clip_middle, harmless, lay, width, wrap},
    },
    diagnostic::{DISASSEMBLY, PLACED},
};

/// Lines around a label in a source that is a whole file.
const CONTEXT: usize = 1;
/// Lines that a message may take: a hostile name should not push everything else off the page.
const MESSAGE_LINES: usize = 12;

/// Lines of a source, with what is marked in each.
#[derive(Debug, Default)]
struct Snippet {
    name: String,
    numbered: bool,
    lines: BTreeMap<usize, Row>,
}

#[derive(Debug)]
struct Row {
    offset: usize,
    text: String,
    marks: Vec<Marked>,
}

#[derive(Debug)]
struct Marked {
    range: (usize, usize),
    label: String,
    /// It is what the diagnostic is about, and no aside.
    offence: bool,
    ink: Ink,
}

/// Draws a diagnostic and everything related to it.
pub(super) fn draw(
    diagnostic: &dyn Diagnostic,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    headline(diagnostic, style, out)?;
    let mut snippets: Vec<(String, Snippet)> = snippet(diagnostic, None)
        .map(|snippet| (String::new(), snippet))
        .into_iter()
        .collect();
    for related in diagnostic.related().into_iter().flatten() {
        let mut message = related.to_string();
        match snippet(related, diagnostic.source_code()) {
            Some(snippet) => {
                // Without a line to underline, what would be said there still is.
                if message.is_empty() && snippet.lines.is_empty() {
                    let labels = related.labels().into_iter().flatten();
                    message = labels
                        .filter_map(|label| label.label().map(str::to_owned))
                        .collect::<Vec<_>>()
                        .join("; ");
                }
                snippets.push((message, snippet));
            }
            None if message.is_empty() => {}
            None => snippets.push((message, Snippet::default())),
        }
    }
    let numbers = snippets
        .iter()
        .filter(|(_, snippet)| snippet.numbered)
        .filter_map(|(_, snippet)| snippet.lines.keys().next_back())
        .max();
    let page = Page {
        style,
        gutter: numbers.map_or(1, |n| n.to_string().len()).max(2),
    };
    let advice = diagnostic.help().map(|help| help.to_string());
    let advice = advice.as_deref().unwrap_or_default().trim_matches('\n');
    if let ([(_, only)], "") = (snippets.as_slice(), advice)
        && only.lines.is_empty()
    {
        return page.name(style.glyphs().close, &only.name, out);
    }
    for (i, (message, snippet)) in snippets.iter().enumerate() {
        page.snippet(i == 0, message, snippet, out)?;
    }
    if snippets
        .iter()
        .any(|(_, snippet)| !snippet.lines.is_empty())
        && !advice.is_empty()
    {
        page.line(None, "", out)?;
    }
    page.close(!snippets.is_empty(), advice, out)
}

/// The word for a severity and its colour, which is also that of what is underlined.
fn severity(diagnostic: &dyn Diagnostic) -> (&'static str, Ink) {
    match diagnostic.severity() {
        Some(Severity::Error) | None => ("error", Ink::Error),
        Some(Severity::Warning) => ("warning", Ink::Warning),
        Some(Severity::Advice) => ("note", Ink::Note),
    }
}

fn headline(diagnostic: &dyn Diagnostic, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (word, ink) = severity(diagnostic);
    let head = diagnostic.code().map_or_else(
        || word.to_owned(),
        |code| format!("{word}[{}]", harmless(code, style)),
    );
    let mut shown = style.ink(ink, &head);
    if let Some(url) = diagnostic.url().filter(|_| style.links) {
        let url = harmless(url, style);
        shown = format!("\u{1b}]8;;{url}\u{1b}\\{shown}\u{1b}]8;;\u{1b}\\");
    }
    let columns = style.columns();
    let mut lines = wrap(
        &harmless(diagnostic, style),
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

/// Reads the lines around every label.
fn snippet(diagnostic: &dyn Diagnostic, parent: Option<&dyn SourceCode>) -> Option<Snippet> {
    let source = diagnostic.source_code().or(parent)?;
    let labels: Vec<LabeledSpan> = diagnostic.labels()?.collect();
    let primary = labels.iter().position(LabeledSpan::primary).unwrap_or(0);
    let own = diagnostic.severity() != Some(Severity::Advice);
    let (_, ink) = severity(diagnostic);
    let mut found = Snippet::default();
    for (i, label) in labels.iter().enumerate() {
        let Ok(contents) = source.read_span(label.inner(), CONTEXT, CONTEXT) else {
            continue;
        };
        let language = contents.language();
        found.numbered = language != Some(DISASSEMBLY);
        let text = String::from_utf8_lossy(contents.data());
        let mut offset = contents.span().offset();
        let mut at = None;
        for (number, line) in (contents.line() + 1..).zip(text.split_inclusive('\n')) {
            if offset <= label.offset() {
                at = Some(number);
            }
            found.lines.entry(number).or_insert_with(|| Row {
                offset,
                text: line.trim_end_matches(['\n', '\r']).to_owned(),
                marks: Vec::new(),
            });
            offset += line.len();
        }
        if i == primary || found.name.is_empty() {
            contents
                .name()
                .unwrap_or_default()
                .clone_into(&mut found.name);
            let here = at.and_then(|at| Some((at, found.lines.get(&at)?)));
            if let Some((number, row)) = here
                && language != Some(DISASSEMBLY)
                && language != Some(PLACED)
            {
                let before = label.offset().saturating_sub(row.offset);
                let column = row.text.get(..before).map_or(1, |t| t.chars().count() + 1);
                found.name = format!("{}:{number}:{column}", found.name);
            }
        }
        let wanted = !label.is_empty() || label.label().is_some();
        if let Some(row) = at
            .filter(|_| wanted)
            .and_then(|at| found.lines.get_mut(&at))
        {
            // A mark over several lines is drawn on its first: the others follow it anyway.
            let start = label
                .offset()
                .saturating_sub(row.offset)
                .min(row.text.len());
            let end = start.saturating_add(label.len()).min(row.text.len());
            let offence = i == primary && own;
            row.marks.push(Marked {
                range: (start, end),
                label: label.label().unwrap_or_default().to_owned(),
                offence,
                ink: if offence { ink } else { Ink::Note },
            });
        }
    }
    (!labels.is_empty()).then_some(found)
}

/// A frame being drawn.
#[derive(Debug, Clone, Copy)]
struct Page {
    style: Style,
    /// Columns of the line numbers.
    gutter: usize,
}

impl Page {
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
        message: &str,
        snippet: &Snippet,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let style = self.style;
        let glyphs = style.glyphs();
        let pad = self.gutter + 1;
        let corner = if first { glyphs.open } else { glyphs.join };
        self.name(corner, &snippet.name, out)?;
        if !message.is_empty() {
            for line in wrap(&harmless(message, style), self.room(), self.room()) {
                self.line(None, &line, out)?;
            }
        }
        let mut last = None;
        for (number, row) in &snippet.lines {
            if last.is_some_and(|last| *number > last + 1) {
                writeln!(out, "{:pad$}{}", "", style.ink(Ink::Frame, glyphs.gap))?;
            }
            last = Some(*number);
            self.row(snippet.numbered.then_some(*number), row, out)?;
        }
        Ok(())
    }

    fn row(self, number: Option<usize>, row: &Row, out: &mut dyn Write) -> io::Result<()> {
        let style = self.style;
        // The offset of a disassembled line is its line number: it stays in view.
        let address = match row.text.find(' ') {
            Some(end) if number.is_none() && row.text.starts_with("0x") => end,
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
        self.line(number, &text, out)?;
        for (mark, (start, end)) in row.marks.iter().zip(laid.marks) {
            self.mark(mark, start + taken, end + taken, out)?;
        }
        Ok(())
    }

    fn mark(self, mark: &Marked, start: usize, end: usize, out: &mut dyn Write) -> io::Result<()> {
        let style = self.style;
        let glyphs = style.glyphs();
        let ink = mark.ink;
        let glyph = if mark.offence {
            glyphs.offence
        } else {
            glyphs.aside
        };
        let underline = glyph.repeat(end - start);
        let label = harmless(&mark.label, style);
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
    fn close(self, framed: bool, advice: &str, out: &mut dyn Write) -> io::Result<()> {
        let style = self.style;
        let glyphs = style.glyphs();
        let pad = self.gutter + 1;
        let end = |out: &mut dyn Write| {
            let corner = style.ink(Ink::Frame, format_args!("{}{}", glyphs.close, glyphs.rule));
            writeln!(out, "{:pad$}{corner}", "")
        };
        if advice.is_empty() {
            return if framed { end(out) } else { Ok(()) };
        }
        let room = self.room() - 6;
        for item in advice.split('\n') {
            if let Some(code) = item.strip_prefix("  ") {
                // Lines to copy are not wrapped.
                self.line(None, &format!("      {}", harmless(code, style)), out)?;
                continue;
            }
            for (i, line) in wrap(&harmless(item, style), room, room).iter().enumerate() {
                let head = if i == 0 {
                    style.ink(Ink::Help, "help:")
                } else {
                    "     ".to_owned()
                };
                self.line(None, &format!("{head} {line}"), out)?;
            }
        }
        end(out)
    }
}
