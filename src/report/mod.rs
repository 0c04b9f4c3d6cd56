//! Reporters: the only place where a finished [`Report`] is worded, for people or for machines.
//!
//! A reporter is one file and one line in `reporters!`. It opens no file (excerpts travel with the findings), decides
//! nothing, and shows nothing from a file before it is made harmless: no name can move the cursor, forge a line or
//! speak to the system that runs the check.

mod alike;
mod groups;
mod help;
mod inspect;
mod introduction;
mod issue;
mod joint;
pub mod json;
mod path_spelling;
pub mod policy;
pub mod policy_diff;
pub mod policy_export;
pub mod policy_test;
mod presentation;
mod prose;
mod push;
mod set_aside;
mod statistics;
mod terminal;
pub mod waivers;
mod words;

pub(crate) use html::{TOKENS as HTML_TOKENS, page::Page as HtmlPage};
pub(crate) use inspect::bytes as size;
pub(crate) use markdown::{code as markdown_code, prose as markdown_prose};

pub use cyclonedx::{Bill, Knowledge};
pub use github::KEPT as ANNOTATIONS;
pub use human::{error, policy_error};
pub use inspect::inspect;
pub use introduction::{date, introduction, short};
pub use issue::{Issue, issue};
pub use markdown::{COMMENT_BYTES, SUMMARY_BYTES};
pub use path_spelling::PathSpelling;
pub use policy_diff::PolicyDiff;
pub use presentation::{Detail, Presentation, Style};
pub use prose::prose;
pub use push::{push, removal_steps};
pub use statistics::statistics;

use std::io::{self, Write};

use crate::{
    finding::RuleMeta,
    verdict::{Needs, Report},
};

/// An output format for a finished report.
pub trait Reporter: Sync {
    /// The word after `--format`.
    fn name(&self) -> &'static str;
    /// What it is for, in one line.
    fn summary(&self) -> &'static str;
    /// How the names of its files end, longer ends first: `--output` knows the format by them. Where several formats have one
    /// end, the first in the list is meant.
    fn ends(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether people read it as it is, so that nothing more need be said to them.
    fn is_for_people(&self) -> bool {
        false
    }
    /// What it shows beside findings and coverage.
    fn needs(&self) -> Needs {
        Needs::default()
    }
    /// Writes all of the report. Formats for machines ignore the style of the presentation.
    ///
    /// # Errors
    /// Whatever `out` answers, a broken pipe included.
    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()>;
}

/// Declares the modules of the reporters and the one list of them.
macro_rules! reporters {
    ($($([mod $module:ident])? $reporter:path),* $(,)?) => {
        $($(mod $module;)?)*

        /// Every reporter; the first is the default.
        pub static REPORTERS: &[&dyn Reporter] = &[$(&$reporter),*];
    };
}

reporters! {
    [mod human] human::Human,
    [mod concise] concise::Concise,
    [mod plain] plain::Plain,
    json::Json,
    json::lines::JsonLines,
    [mod github] github::Github,
    [mod sarif] sarif::Sarif,
    [mod gitlab] gitlab::Gitlab,
    [mod junit] junit::Junit,
    [mod markdown] markdown::Markdown,
    [mod html] html::Html,
    [mod cyclonedx] cyclonedx::CycloneDx,
}

/// What standard output shows in GitHub Actions where no format was asked for: annotations, then the report for people, so
/// that the log ends as it does on a terminal. It is in no list, because it has no name to ask for.
pub static IN_ACTIONS: &dyn Reporter = &InActions;

#[derive(Debug)]
struct InActions;

impl Reporter for InActions {
    fn name(&self) -> &'static str {
        "human"
    }

    fn summary(&self) -> &'static str {
        "annotations, and the report for people"
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
        github::annotate(report, &presentation.checkout, out)?;
        human::Human.write(report, presentation, out)
    }
}

/// A reporter by its name.
pub fn by_name(name: &str) -> Option<&'static dyn Reporter> {
    REPORTERS
        .iter()
        .copied()
        .find(|reporter| reporter.name() == name)
}

/// The longest end of a file's name that formats have, and those formats in the order of the list.
pub fn by_end(name: &str) -> Option<(&'static str, Vec<&'static dyn Reporter>)> {
    let name = name.to_lowercase();
    let ends = REPORTERS.iter().flat_map(|reporter| reporter.ends());
    let end = ends
        .copied()
        .filter(|end| name.len() > end.len() && name.ends_with(end))
        .max_by_key(|end| end.len())?;
    let has_end = |reporter: &&dyn Reporter| reporter.ends().contains(&end);
    Some((end, REPORTERS.iter().copied().filter(has_end).collect()))
}

/// Where a rule is documented.
fn rule_url(rule: &RuleMeta) -> String {
    format!(
        "{}/blob/main/docs/rules.md#{}",
        env!("CARGO_PKG_REPOSITORY"),
        rule.id
    )
}

/// What to add to a policy for all files of a report together, where they need different things.
pub fn advice(report: &Report) -> Option<Vec<String>> {
    joint::common(report, Detail::Usual)
}

/// Writes a report for people at a terminal.
///
/// # Errors
/// Whatever `out` answers.
pub fn human(report: &Report, presentation: &Presentation, out: &mut dyn Write) -> io::Result<()> {
    human::Human.write(report, presentation, out)
}

/// Writes a report for people who listen to it: full sentences, no drawing, nothing that depends on columns.
///
/// # Errors
/// Whatever `out` answers.
pub fn plain(report: &Report, presentation: &Presentation, out: &mut dyn Write) -> io::Result<()> {
    plain::Plain.write(report, presentation, out)
}

/// Writes a report as Markdown of at most `budget` bytes (but 16 KiB at least): [`SUMMARY_BYTES`] for the summary of a job,
/// [`COMMENT_BYTES`] for a comment.
///
/// # Errors
/// Whatever `out` answers.
pub fn markdown(
    report: &Report,
    paths: &PathSpelling,
    budget: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(markdown::page(report, paths, budget).as_bytes())?;
    out.flush()
}

/// A string on one line, with whatever could deceive the reader of a terminal or a log escaped.
pub fn harmless(text: &str, style: Style) -> String {
    terminal::harmless(text, style)
}

/// Writes a report for programs, in the newest version of the schema ([`json::v1`]).
///
/// # Errors
/// Whatever `out` answers.
pub fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    json::Json.write(report, &Presentation::default(), out)
}
