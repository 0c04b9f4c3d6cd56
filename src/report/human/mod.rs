//! The report for people at a terminal: findings file by file, each with the lines that show it, the policy line that
//! decided and what to do next; at the end what was refused and what was looked at.
//!
//! Without findings two lines are left, because "nothing found" means nothing without what was looked at.

mod frame;
mod picture;

use std::{
    collections::BTreeSet,
    io::{self, BufWriter, Write},
};

use super::{
    Detail, Presentation, Reporter, Style,
    alike::{self, Sections},
    groups::{self, File, Part},
    joint, set_aside,
    terminal::{Ink, harmless, width, wrap},
};
use crate::{
    error::Error,
    fact::{Place, Site},
    finding::{Finding, Level},
    policy::PolicyError,
    verdict::Report,
};
use picture::Picture;

/// See the module.
#[derive(Debug)]
pub(super) struct Human;

impl Reporter for Human {
    fn name(&self) -> &'static str {
        "human"
    }

    fn summary(&self) -> &'static str {
        "excerpts and explanations for a terminal (the default)"
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
            heading(file, style, out)?;
            let mut said = BTreeSet::new();
            for part in &file.parts {
                match part {
                    Part::Full(finding, _) => {
                        let paths = &presentation.paths;
                        let picture = Picture::of_finding(finding, &file.path, paths, &mut said);
                        frame::draw(&picture, style, out)?;
                        writeln!(out)?;
                    }
                    Part::Brief(finding, last) => {
                        brief(finding, style, out)?;
                        if *last {
                            writeln!(out)?;
                        }
                    }
                    Part::More(more) => further(&more.sentence(), style, out)?,
                }
            }
        }
        for others in &others {
            further(&others.sentence, style, out)?;
        }
        if !others.is_empty() && presentation.detail != Detail::Refusals {
            further(alike::ALL, style, out)?;
        }
        for help in joint::common(report, presentation.detail).unwrap_or_default() {
            frame::aside(&help, style, out)?;
        }
        if presentation.detail == Detail::Refusals {
            rows(&groups::quiet(report), report, presentation.style, out)?;
            return out.flush();
        }
        closing(report, presentation, out)?;
        out.flush()
    }
}

/// Writes an error in the same hand as findings.
///
/// # Errors
/// Whatever `out` answers.
pub fn error(error: &Error, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if let Error::Policy(errors) = error {
        for error in &errors.0 {
            policy_error(error, Level::Deny, style, out)?;
        }
        return Ok(());
    }
    let help = error.help();
    let picture = Picture::of_error(error.to_string(), help.as_deref());
    frame::draw(&picture, style, out)
}

/// Writes what is wrong with a policy, or worth a note.
///
/// # Errors
/// Whatever `out` answers.
pub fn policy_error(
    error: &PolicyError,
    level: Level,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    frame::draw(&Picture::of_policy_error(error, level), style, out)
}

/// `── models/resnet.pt ─────────────────── 3 errors, 1 warning ──`
fn heading(file: &File<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let rule = style.glyphs().rule;
    let path = harmless(&file.path, style);
    let counts = groups::counts(file);
    let lead = style.ink(Ink::Frame, rule.repeat(2));
    let taken = width(&path) + width(&counts) + 8;
    let shown = style.ink(Ink::Strong, path);
    if taken < style.columns() {
        let line = style.ink(Ink::Frame, rule.repeat(style.columns() - taken));
        writeln!(out, "{lead} {shown} {line} {counts} {lead}")?;
    } else {
        writeln!(out, "{lead} {shown}")?;
        writeln!(out, "   {counts}")?;
    }
    if let Some(introduction) = file.introduced_by {
        let words = harmless(super::introduction(introduction), style);
        for line in wrap(&words, style.columns() - 3, style.columns() - 3) {
            writeln!(out, "   {}", style.ink(Ink::Note, line))?;
        }
    }
    writeln!(out)
}

/// What is left, in a few lines.
fn further(sentence: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let text = harmless(sentence, style);
    let lines = wrap(&text, style.columns() - 2, style.columns() - 4);
    for (i, line) in lines.into_iter().enumerate() {
        let indent = if i == 0 { 2 } else { 4 };
        writeln!(out, "{:indent$}{}", "", style.ink(Ink::Note, line))?;
    }
    writeln!(out)
}

/// A finding in a line or two: what, and where.
fn brief(finding: &Finding, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (word, ink) = frame::severity(finding.level);
    let head = format!("{word}[{}]", finding.rule.id);
    let place = match &finding.primary.site {
        Site {
            hops,
            at: Place::Span { line, .. },
        } if hops.is_empty() && finding.on_change => format!(" (line {line})"),
        Site {
            hops,
            at: Place::Span { line, .. },
        } if hops.is_empty() => format!(" (unchanged line {line})"),
        site if *site == Site::default() => String::new(),
        site => format!(" ({site})"),
    };
    let text = harmless(format!("{}{place}", finding.message), style);
    let lines = wrap(
        &text,
        style.columns().saturating_sub(width(&head) + 2),
        style.columns() - 2,
    );
    for (i, line) in lines.iter().enumerate() {
        if i == 0 {
            writeln!(out, "{}: {line}", style.ink(ink, &head))?;
        } else {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn closing(report: &Report, presentation: &Presentation, out: &mut dyn Write) -> io::Result<()> {
    let style = presentation.style;
    let mut all = groups::closing(report);
    if presentation.detail == Detail::All {
        all.extend(set_aside::rows(report));
    }
    let margin = rows(&all, report, style, out)?;
    let commands = groups::next(report, presentation);
    // A command that leaves no room for its reason takes it from no other.
    let fits = |longest: usize, why| margin + longest + 2 + width(why) <= style.columns();
    let longest = commands
        .iter()
        .map(|(command, why)| (width(command), why))
        .filter(|(command, why)| fits(*command, why))
        .map(|(command, _)| command)
        .max()
        .unwrap_or_default();
    for (i, (command, why)) in commands.iter().enumerate() {
        let head = if i == 0 { "next:" } else { "" };
        let pad = margin - head.len();
        write!(out, "{}{:pad$}", style.ink(Ink::Strong, head), "")?;
        write!(out, "{}", style.ink(Ink::Help, command))?;
        if width(command) <= longest && fits(longest, why) {
            let gap = longest - width(command) + 2;
            write!(out, "{:gap$}{}", "", style.ink(Ink::Faint, why))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Rows of a heading and a text. Returns the column of the texts.
fn rows(
    rows: &[(&'static str, String)],
    report: &Report,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<usize> {
    let margin = rows.iter().map(|row| row.0.len()).max().unwrap_or_default() + 2;
    for (i, (head, text)) in rows.iter().enumerate() {
        let ink = match (i, report.outcome()) {
            (0, crate::verdict::Outcome::Refused) => Ink::Error,
            (0, crate::verdict::Outcome::Clean) => Ink::Good,
            _ => Ink::Strong,
        };
        let room = style.columns().saturating_sub(margin);
        for (j, line) in wrap(&harmless(text, style), room, room).iter().enumerate() {
            let head = if j == 0 {
                format!("{head}:")
            } else {
                String::new()
            };
            let pad = margin - width(&head);
            writeln!(out, "{}{:pad$}{line}", style.ink(ink, &head), "")?;
        }
    }
    Ok(margin)
}
