//! One line for each finding, for editors, `grep` and long lists: `path:line:column: level[rule] message` for a line of
//! source, `path@offset` for bytes, `path!member@offset` for what is inside an archive. Every finding has its line. The lines
//! that begin with `weighbridge: ` tell of the run: how it ended, what was looked at, by which policy.

use std::io::{self, BufWriter, Write};

use super::{
    Detail, Presentation, Reporter, groups,
    terminal::{Ink, guarded, harmless},
    words,
};
use crate::{
    fact::{Place, Site},
    finding::{Finding, Level},
    verdict::Report,
};

/// How a line about the run begins.
const ABOUT: &str = "weighbridge: ";

/// See the module.
#[derive(Debug)]
pub(super) struct Concise;

impl Reporter for Concise {
    fn name(&self) -> &'static str {
        "concise"
    }

    fn summary(&self) -> &'static str {
        "one line per finding, for editors and grep"
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
        for finding in groups::shown(report, presentation.detail) {
            let path = presentation.paths.spell(&finding.primary.path);
            let mut at = guarded(harmless(format!("{path}{}", within(finding)), style));
            if at.starts_with(ABOUT.trim_end()) {
                // A file of this name must not speak for the program.
                at.insert_str(0, "./");
            }
            let ink = match finding.level {
                Level::Deny => Ink::Error,
                Level::Warn => Ink::Warning,
                Level::Allow => Ink::Note,
            };
            let head = format!("{}[{}]", words::severity(finding.level), finding.rule.id);
            writeln!(
                out,
                "{}: {} {}",
                style.ink(Ink::Strong, at),
                style.ink(ink, head),
                harmless(words::all(finding), style)
            )?;
        }
        let quiet = presentation.detail == Detail::Refusals;
        let rows = quiet.then(|| groups::quiet(report));
        for (head, text) in rows.into_iter().flatten() {
            writeln!(out, "{ABOUT}{}", harmless(format!("{head}: {text}"), style))?;
        }
        for line in words::closing(report).filter(|_| !quiet) {
            writeln!(out, "{ABOUT}{}", harmless(line, style))?;
        }
        out.flush()
    }
}

/// Where in its file, to stand right behind the path.
fn within(finding: &Finding) -> String {
    let Site { hops, at } = &finding.primary.site;
    let inwards = if hops.is_empty() {
        String::new()
    } else {
        let site = Site {
            hops: hops.clone(),
            at: Place::Whole,
        };
        format!("!{site}")
    };
    match at {
        Place::Whole => inwards,
        Place::Bytes { start, end } => format!("{inwards}@{start:#x}-{end:#x}"),
        Place::Opcode { offset, .. } => format!("{inwards}@{offset:#x}"),
        Place::Span { line, column, .. } => format!("{inwards}:{line}:{column}"),
    }
}
