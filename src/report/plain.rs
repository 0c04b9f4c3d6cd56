//! The report for people who listen to it, and for logs: the same things as sentences, each line with a word in front
//! that says what it is. No drawing, no colour, no columns; what a picture would underline is quoted.

use std::io::{self, BufWriter, Write};

use super::{
    Detail, PathSpelling, Presentation, Reporter, Style,
    alike::{self, Sections},
    groups::{self, Part},
    help, joint, set_aside,
    terminal::harmless,
    words,
};
use crate::{
    fact::{Excerpt, Place, Site, op_name},
    finding::{Finding, Level, LineRef},
    verdict::Report,
};

/// See the module.
#[derive(Debug)]
pub(super) struct Plain;

impl Reporter for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn summary(&self) -> &'static str {
        "full sentences, for screen readers and logs"
    }

    fn is_for_people(&self) -> bool {
        true
    }

    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (out, style) = (&mut BufWriter::new(out), presentation.style);
        let Sections { files, others } = alike::sections(report, presentation);
        for file in &files {
            let path = harmless(&file.path, style);
            writeln!(out, "File {path}: {}.", groups::counts(file))?;
            if let Some(introduction) = file.introduced_by {
                let words = harmless(super::introduction(introduction), style);
                writeln!(out, "History: {words}.")?;
            }
            writeln!(out)?;
            for part in &file.parts {
                match part {
                    Part::Full(finding, _) => full(finding, style, &presentation.paths, out)?,
                    Part::Brief(finding, _) => {
                        headline(finding, style, out)?;
                        place(finding, style, out)?;
                    }
                    Part::More(more) => {
                        let sentence = harmless(more.sentence(), style);
                        let sentence = sentence.trim_start_matches("and ");
                        writeln!(out, "Also: {sentence}.")?;
                    }
                }
                writeln!(out)?;
            }
        }
        for others in &others {
            let sentence = harmless(&others.sentence, style);
            writeln!(out, "Also: {}.\n", sentence.trim_start_matches("and "))?;
        }
        if !others.is_empty() && presentation.detail != Detail::Refusals {
            writeln!(out, "Also: {}.\n", alike::ALL)?;
        }
        if let Some(common) = joint::common(report, presentation.detail) {
            common
                .iter()
                .try_for_each(|help| tell_help(help, style, out))?;
            writeln!(out)?;
        }
        if presentation.detail == Detail::Refusals {
            for (head, text) in groups::quiet(report) {
                writeln!(out, "{}: {}.", capital(head), harmless(text, style))?;
            }
            return out.flush();
        }
        let all = presentation.detail == Detail::All;
        let set_aside = all.then(|| set_aside::rows(report)).into_iter().flatten();
        for (head, text) in groups::closing(report).into_iter().chain(set_aside) {
            writeln!(out, "{}: {}.", capital(head), harmless(text, style))?;
        }
        for (command, why) in groups::next(report, presentation) {
            writeln!(out, "Next: {}: {why}.", harmless(command, style))?;
        }
        out.flush()
    }
}

fn headline(finding: &Finding, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let word = match finding.level {
        Level::Deny => "Error",
        Level::Warn => "Warning",
        Level::Allow => "Note",
    };
    let times = match finding.count {
        0 | 1 => String::new(),
        n => format!(" ({n} times)"),
    };
    let message = harmless(&finding.message, style);
    writeln!(out, "{word}, rule {}: {message}{times}.", finding.rule.id)
}

fn place(finding: &Finding, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let inwards = Site {
        hops: finding.primary.site.hops.clone(),
        at: Place::Whole,
    };
    let mut words = Vec::new();
    if !inwards.hops.is_empty() {
        words.push(inwards.to_string());
    }
    match &finding.primary.site.at {
        Place::Whole => {}
        Place::Bytes { start, end } => words.push(format!("bytes {start:#x} to {end:#x}")),
        Place::Opcode { offset, op } => {
            let op = op_name(*op);
            words.push(format!("opcode {op} at offset {offset:#x}"));
        }
        Place::Span { line, column, .. } => words.push(format!("line {line}, column {column}")),
    }
    if !finding.on_change {
        words.push(String::from("not touched by the change"));
    }
    if words.is_empty() {
        return Ok(());
    }
    writeln!(out, "Place: {}.", harmless(words.join(", "), style))
}

pub(super) fn full(
    finding: &Finding,
    style: Style,
    paths: &PathSpelling,
    out: &mut dyn Write,
) -> io::Result<()> {
    headline(finding, style, out)?;
    place(finding, style, out)?;
    if let Some(excerpt) = &finding.primary.excerpt {
        lines(excerpt, style, out)?;
    }
    for location in &finding.related {
        let spot = harmless(words::spot(location, &location.path), style);
        let label = harmless(&location.label, style);
        writeln!(out, "Related, {spot}: {label}.")?;
        if let Some(excerpt) = &location.excerpt {
            lines(excerpt, style, out)?;
        }
    }
    if let Some(line) = &finding.decided_by {
        decided(line, style, out)?;
    }
    finding
        .help
        .iter()
        .try_for_each(|it| tell_help(&help::worded(it, paths), style, out))
}

fn tell_help(help: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = help.split('\n');
    let first = rows.next().unwrap_or_default();
    writeln!(out, "Help: {}", harmless(first, style))?;
    for row in rows {
        writeln!(out, "Help, continued: {}", harmless(row, style))?;
    }
    Ok(())
}

fn lines(excerpt: &Excerpt, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for (i, line) in excerpt.text.split('\n').enumerate() {
        let line = harmless(line.replace('\t', "    "), style);
        let line = match excerpt.first_line {
            Some(first) => {
                let number = u64::from(first) + u64::try_from(i).unwrap_or_default();
                format!("Line {number}: {line}")
            }
            None if line.starts_with("0x") => format!("Opcode at {line}"),
            None => format!("Of this: {line}"),
        };
        writeln!(out, "{}", line.trim_end())?;
    }
    for mark in &excerpt.marks {
        marked(&excerpt.text, mark.range.clone(), &mark.label, style, out)?;
    }
    Ok(())
}

fn decided(line: &LineRef, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let file = harmless(&line.file, style);
    let text = harmless(&line.text, style);
    match line.line {
        0 => writeln!(out, "Decided by {file}. {text}")?,
        n => writeln!(out, "Decided by {file}, line {n}: {text}")?,
    }
    marked(&line.text, line.range.clone(), &line.label, style, out)
}

/// What an underline would point at, quoted.
fn marked(
    text: &str,
    range: std::ops::Range<usize>,
    label: &str,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(quoted) = text.get(range).filter(|quoted| !quoted.is_empty()) else {
        return if label.is_empty() {
            Ok(())
        } else {
            writeln!(out, "Marked: {}.", harmless(label, style))
        };
    };
    let quoted = harmless(quoted, style);
    if label.is_empty() {
        writeln!(out, "Marked: {quoted}")
    } else {
        writeln!(out, "Marked: {quoted}: {}.", harmless(label, style))
    }
}

/// A word with its first letter in upper case.
fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
