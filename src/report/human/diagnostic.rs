//! A finding as miette's [`Diagnostic`]: severity, rule, lines, labels, the policy line that decided.

use std::{collections::BTreeSet, fmt};

use miette::{
    Diagnostic, LabeledSpan, MietteError, MietteSpanContents, Severity, SourceCode, SourceSpan,
    SpanContents,
};

use crate::{
    fact::{Place, Text},
    finding::{Finding, Level, Related},
};

/// The language of lines that carry addresses of their own and are not numbered.
pub(super) const DISASSEMBLY: &str = "disassembly";
/// The language of lines with numbers, whose name already says where they are.
pub(super) const PLACED: &str = "placed";

/// A finding, ready to be drawn.
#[derive(Debug)]
pub(super) struct FindingDiagnostic<'a> {
    finding: &'a Finding,
    /// What to do next, less what was said before.
    help: Vec<&'a str>,
    lines: Lines<'a>,
    asides: Vec<Aside<'a>>,
}

impl<'a> FindingDiagnostic<'a> {
    /// `path` is how the user knows the file, `said` the advice that was given for it already: each is given once.
    pub(super) fn new(finding: &'a Finding, path: &Text, said: &mut BTreeSet<&'a str>) -> Self {
        let excerpt = finding.excerpt.as_ref();
        let lines = Lines {
            name: place(finding, path),
            text: excerpt.map_or("", |excerpt| &excerpt.text),
            first: excerpt.and_then(|excerpt| excerpt.first_line),
        };
        let asides = finding
            .related
            .iter()
            .map(|related| Aside {
                related,
                lines: Lines {
                    name: match related.line {
                        0 => related.file.clone(),
                        line => format!("{}:{line}", related.file),
                    },
                    text: &related.text,
                    first: Some(related.line),
                },
            })
            .collect();
        let help = finding.help.iter().map(String::as_str);
        Self {
            finding,
            help: help.filter(|help| said.insert(help)).collect(),
            lines,
            asides,
        }
    }
}

/// Where a finding is: `path:line:column` for source, so that editors can jump there; the way inwards for an artifact.
fn place(finding: &Finding, path: &Text) -> String {
    let site = &finding.site;
    match &site.at {
        Place::Span { line, column, .. } if site.hops.is_empty() => {
            let unchanged = if finding.on_change {
                ""
            } else {
                " (unchanged)"
            };
            format!("{path}:{line}:{column}{unchanged}")
        }
        _ if site.hops.is_empty() && site.at == Place::Whole => path.to_string(),
        _ if site.hops.is_empty() => format!("{path} {site}"),
        _ => format!("{path} > {site}"),
    }
}

impl fmt::Display for FindingDiagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding.message)?;
        match self.finding.count {
            0 | 1 => Ok(()),
            n => write!(f, " ({n} times)"),
        }
    }
}

impl std::error::Error for FindingDiagnostic<'_> {}

impl Diagnostic for FindingDiagnostic<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(self.finding.rule.id))
    }

    fn url<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(super::super::rule_url(self.finding.rule)))
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.finding.level {
            Level::Deny => Severity::Error,
            Level::Warn => Severity::Warning,
            Level::Allow => Severity::Advice,
        })
    }

    /// One help a line; further lines of one help begin with two spaces.
    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let helps: Vec<String> = self
            .help
            .iter()
            .map(|help| help.replace('\n', "\n  "))
            .collect();
        (!helps.is_empty()).then(|| Box::new(helps.join("\n")) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.lines)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let marks = self
            .finding
            .excerpt
            .as_ref()
            .map_or(&[][..], |excerpt| &excerpt.marks);
        if marks.is_empty() {
            return Some(Box::new(std::iter::once(LabeledSpan::new(None, 0, 0))));
        }
        Some(Box::new(marks.iter().enumerate().map(|(i, mark)| {
            let label = (!mark.label.is_empty()).then(|| mark.label.clone());
            let span = (mark.range.start, mark.range.len());
            if i == 0 {
                LabeledSpan::new_primary_with_span(label, span)
            } else {
                LabeledSpan::new_with_span(label, span)
            }
        })))
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn Diagnostic> + 'b>> {
        Some(Box::new(
            self.asides.iter().map(|aside| aside as &dyn Diagnostic),
        ))
    }
}

/// A place elsewhere that explains a finding: it has no message of its own.
#[derive(Debug)]
struct Aside<'a> {
    related: &'a Related,
    lines: Lines<'a>,
}

impl fmt::Display for Aside<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Aside<'_> {}

impl Diagnostic for Aside<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.lines)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = (!self.related.label.is_empty()).then(|| self.related.label.clone());
        let range = &self.related.range;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(
            label,
            (range.start, range.len()),
        ))))
    }
}

/// The lines of an excerpt: always all of them, since whoever cut it knew how much shows the thing.
#[derive(Debug)]
struct Lines<'a> {
    name: String,
    text: &'a str,
    first: Option<u32>,
}

impl SourceCode for Lines<'_> {
    fn read_span<'b>(
        &'b self,
        _span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let first = self.first.unwrap_or(1).saturating_sub(1);
        let contents = MietteSpanContents::new_named(
            self.name.clone(),
            self.text.as_bytes(),
            (0, self.text.len()).into(),
            usize::try_from(first).unwrap_or_default(),
            0,
            self.text.lines().count(),
        );
        let language = if self.first.is_none() && !self.text.is_empty() {
            DISASSEMBLY
        } else {
            PLACED
        };
        Ok(Box::new(contents.with_language(language)))
    }
}
