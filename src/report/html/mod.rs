//! One page for people: the outcome, the findings by file with what shows them, and what was looked at.
//!
//! The page is whole in itself: no network, no other file. A little script filters; without it, everything is there. A content
//! security policy admits that script and that style by their hashes and nothing else, so that even a mistake in escaping
//! could not run or fetch anything.

mod files;
mod finding;
mod header;
pub(crate) mod page;
mod tables;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    io::{self, BufWriter, Write},
};

use super::{
    Detail, PathSpelling, Presentation, Reporter,
    alike::{self, Sections},
    groups::{self, File},
    joint,
};
use crate::{
    fact::Text,
    finding::{Finding, RuleMeta},
    inventory::Artifact,
    limits,
    verdict::{Needs, Outcome, Report},
};
use page::Page;

/// Colours and type of every page that the program writes.
macro_rules! tokens {
    () => {
        include_str!("tokens.css")
    };
}

/// The beginning of every page's style.
pub(crate) const TOKENS: &str = tokens!();
const STYLE: &str = concat!(tokens!(), include_str!("page.css"));
const SCRIPT: &str = include_str!("page.js");

/// Files whose findings stand open; those that are like one of them, and the rest, are folded.
const OPEN: usize = 100;
/// Where the page says what mends several files.
const ANSWERS: &str = "answers";
/// What is said of a finding whose answer is printed there.
const BELOW: &str = "what allows it is said below, with what other files need";

/// The reporter.
#[derive(Debug)]
pub(super) struct Html;

impl Reporter for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn summary(&self) -> &'static str {
        "one self-contained page to read, filter and print"
    }

    fn ends(&self) -> &'static [&'static str] {
        &[".html", ".htm"]
    }

    fn needs(&self) -> Needs {
        Needs {
            artifacts: true,
            listings: true,
            ..Needs::default()
        }
    }

    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let mut content = Content::new(report, presentation);
        write_page(&mut content, &mut Page::new(&mut out))?;
        out.flush()
    }
}

/// What the page shows of a report.
struct Content<'a> {
    report: &'a Report,
    /// What the page calls the present.
    date: Option<i64>,
    /// The findings by file, refusals first; of too many, the most important.
    files: BTreeMap<&'a Text, Vec<&'a Finding>>,
    /// The number of each of these files, which links to it name.
    numbers: BTreeMap<&'a Text, usize>,
    /// How many of each file's are left out.
    left_out: BTreeMap<&'a Text, usize>,
    rules: BTreeMap<&'static str, &'static RuleMeta>,
    /// Lines of disassembly there is still room for.
    lines: usize,
    /// Where the reader stands, if that is where the artifacts are: commands are printed for there.
    paths: PathSpelling,
    /// What mends several files that need different things.
    common: Option<Vec<String>>,
}

impl<'a> Content<'a> {
    fn new(report: &'a Report, presentation: &Presentation) -> Self {
        let mut order: Vec<&Finding> = report.active().collect();
        order.sort_by_key(|finding| (!finding.on_change, Reverse(finding.level)));
        let rest = order.split_off(order.len().min(limits::HTML_FINDINGS));
        let mut content = Self {
            report,
            date: presentation.date,
            files: BTreeMap::new(),
            numbers: BTreeMap::new(),
            left_out: BTreeMap::new(),
            rules: BTreeMap::new(),
            lines: limits::HTML_LISTING_LINES,
            // A page that is handed on is read at the root.
            paths: if presentation.paths.is_inside() {
                PathSpelling::default()
            } else {
                presentation.paths.clone()
            },
            common: joint::common(report, Detail::Usual),
        };
        for finding in order {
            content
                .files
                .entry(&finding.primary.path)
                .or_default()
                .push(finding);
            content.rules.insert(finding.rule.id, finding.rule);
        }
        let paths = content.files.keys().copied();
        content.numbers = paths.zip(0..).collect();
        for finding in rest {
            *content.left_out.entry(&finding.primary.path).or_default() += 1;
        }
        content
    }

    /// What is told of each file, and which files stand open.
    fn sections(&self) -> Sections<'a> {
        let common = self.common.as_ref().map(|_| BELOW);
        let files = self.files.iter().map(|(path, findings)| {
            let mut whole = File {
                path: Text::clone(path),
                introduced_by: None,
                errors: 0,
                warnings: 0,
                findings: Vec::new(),
                parts: Vec::new(),
            };
            // A history has one for each content.
            for file in groups::complete(self.report, findings.clone(), &self.paths, common) {
                whole.errors += file.errors;
                whole.warnings += file.warnings;
                whole.findings.extend(file.findings);
                whole.parts.extend(file.parts);
            }
            whole
        });
        alike::choose(files.collect(), OPEN)
    }

    /// A class, and a word.
    fn outcome(&self) -> (&'static str, &'static str) {
        match self.report.outcome() {
            Outcome::Refused => ("refused", "Refused"),
            Outcome::Clean if self.report.active().next().is_some() => {
                ("warned", "Passed, with warnings")
            }
            Outcome::Clean => ("passed", "Passed"),
            Outcome::Nothing | Outcome::Unable => ("nothing", "Nothing to check"),
        }
    }

    /// The artifacts at a path: one for each content that a history has of it.
    fn at(&self, path: &Text) -> &'a [Artifact] {
        let all = &self.report.artifacts;
        let from = all.partition_point(|artifact| artifact.path < *path);
        let rest = all.get(from..).unwrap_or_default();
        let to = rest.partition_point(|artifact| artifact.path == *path);
        rest.get(..to).unwrap_or_default()
    }

    fn formats(&self, path: &Text) -> BTreeSet<&'a str> {
        let formats = self.at(path).iter().flat_map(|artifact| &artifact.formats);
        let mut formats: BTreeSet<&str> = formats.map(String::as_str).collect();
        if formats.is_empty() {
            formats.insert("source");
        }
        formats
    }
}

/// Writes all of the page.
fn write_page(content: &mut Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    header::head(content, page)?;
    header::ticket(content, page)?;
    header::filter(content, page)?;
    page.raw("<main id=\"main\" class=\"wrap\">\n")?;
    tables::summary(content, page)?;
    tables::artifacts(content, page)?;
    files::findings(content, page)?;
    files::set_aside(content, page)?;
    tables::rules(content, page)?;
    page.raw("</main>\n<footer><div class=\"wrap\">Written by ")?;
    page.text(format_args!(
        "{} {}",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    ))?;
    page.raw(". Nothing was loaded, imported or run to write this page.</div></footer>\n<script>")?;
    page.raw(SCRIPT)?;
    page.raw("</script>\n</body>\n</html>\n")
}
