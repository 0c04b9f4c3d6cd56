//! What is written of one repository: a SARIF log for its code-scanning service, and the text of an issue for its maintainers.

use std::io::{self, Write};

use jiff::civil::Date;

use super::checked::{self, Rules};
use crate::{
    audit::{
        folder::{Line, RunFolder},
        governance::{WaiverState, days_left},
        result::{AuditResult, Repository, Status},
    },
    error::Error,
    report::{self, Issue, Presentation},
};

/// Bytes of a repository's location in the name of a file.
const NAME: usize = 100;
/// Days before its end from which on a waiver needs somebody.
pub(super) const SOON: i64 = 30;

/// An output for each repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EachFormat {
    /// A SARIF log.
    Sarif,
    /// The text of an issue.
    Issue,
}

/// The outputs of a run for each of its repositories.
#[derive(Debug)]
pub struct Each<'r> {
    run: &'r RunFolder,
    rules: Rules,
    format: EachFormat,
}

impl<'r> Each<'r> {
    /// Outputs in this format.
    pub fn new(run: &'r RunFolder, format: EachFormat) -> Self {
        Self {
            run,
            rules: Rules::all(),
            format,
        }
    }

    /// The repositories of which something can be written, in the order of their locations: those that did not fail.
    ///
    /// # Errors
    /// A run that cannot be read.
    pub fn repositories(&self) -> Result<Vec<Line>, Error> {
        let mut lines = self.run.lines()?;
        lines.retain(|line| line.status != Status::Failed);
        Ok(lines)
    }

    /// The repository with this location.
    ///
    /// # Errors
    /// None of the run, or one that failed.
    pub fn repository(&self, location: &str) -> Result<Line, Error> {
        let mut lines = self.run.lines()?.into_iter();
        // Where a repository was audited at several refs, the name says which.
        let line = lines.find(|line| {
            let Repository {
                location: own,
                reference,
                ..
            } = &line.repository;
            let at = reference
                .iter()
                .map(|reference| format!("{own}@{reference}"));
            own == location || at.into_iter().any(|name| name == location)
        });
        let unknown = |message: String| Error::Usage {
            message,
            help: String::from(
                "`weighbridge audit report RUN --format csv --table repositories` lists the repositories of the run",
            ),
        };
        match line {
            Some(line) if line.status == Status::Failed => {
                Err(unknown(format!("`{location}` could not be audited")))
            }
            Some(line) => Ok(line),
            None => Err(unknown(format!("the run has no result of `{location}`"))),
        }
    }

    /// What is written of a repository; `None` if there is nothing to say.
    ///
    /// # Errors
    /// A result that cannot be read.
    pub fn of(&self, line: &Line) -> Result<Option<Vec<u8>>, Error> {
        let result = self.run.result(line)?;
        let mut text = Vec::new();
        let written = match self.format {
            EachFormat::Sarif => self.sarif(&result, &mut text).map(|()| true),
            EachFormat::Issue => self.issue(&result, &mut text),
        };
        match written {
            Ok(is_any) => Ok(is_any.then_some(text)),
            Err(source) => Err(Error::Io {
                path: self.run.path().to_owned(),
                source,
            }),
        }
    }

    /// The name of its file in a folder: no two repositories have the same one.
    pub fn file_name(&self, repository: &Repository) -> String {
        let end = match self.format {
            EachFormat::Sarif => "sarif",
            EachFormat::Issue => "md",
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = repository.location.split(|c| !plain(c));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let mut name = words.join("-");
        name.truncate(NAME);
        if name.is_empty() {
            name.push_str("repository");
        }
        let id = repository.id.get(..8).unwrap_or(&repository.id);
        format!("{name}-{id}.{end}")
    }

    fn sarif(&self, result: &AuditResult, out: &mut dyn Write) -> io::Result<()> {
        let report = self.rules.report(result);
        let sarif = report::by_name("sarif").ok_or(io::ErrorKind::Unsupported)?;
        sarif.write(&report, &Presentation::default(), out)
    }

    fn issue(&self, result: &AuditResult, out: &mut dyn Write) -> io::Result<bool> {
        let today: Option<Date> = result.versions.judged_on.parse().ok();
        let own = result.waivers.iter().filter(|it| !it.is_organisations);
        let waivers = own.filter_map(|waiver| {
            let left = today.and_then(|today| days_left(waiver, today));
            let state = WaiverState::of(waiver, left, SOON);
            let expires = waiver.expires.as_deref().unwrap_or_default();
            let what = match state {
                WaiverState::Holds => return None,
                WaiverState::Ended => format!("the waiver of {} ended on {expires}", waiver.rule),
                WaiverState::EndsSoon => format!("the waiver of {} ends on {expires}", waiver.rule),
                WaiverState::BeyondTerms => {
                    format!(
                        "the waiver of {}: {}",
                        waiver.rule,
                        waiver.breaches.join("; ")
                    )
                }
                WaiverState::Stale => format!("the waiver of {} covers nothing", waiver.rule),
            };
            Some((format!("{}:{}", waiver.file, waiver.line), what))
        });
        let loosenings = result.loosenings.iter();
        let about = Issue {
            judged_on: &result.versions.judged_on,
            commit: result.scope.commit.as_deref(),
            view: match result.scope.what.as_str() {
                "history" => "--history",
                "all-refs" => "--all-refs",
                _ => "--rev HEAD",
            },
            organisation: checked::organisation(result),
            missing: result.missing.iter().map(|it| it.why.as_str()).collect(),
            loosenings: loosenings
                .map(|it| (format!("{}:{}", it.file, it.line), it.message.as_str()))
                .collect(),
            waivers: waivers.collect(),
        };
        let mut report = self.rules.report(result);
        // What is missing has a list of its own.
        report.notices.clone_from(&result.notices);
        report::issue(&report, &about, out)
    }
}
