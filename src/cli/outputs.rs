//! Which reports are written where: one to standard output, any number to files.
//!
//! `--format` says how standard output looks, `--output FORMAT=FILE` adds a report. A file without a format takes standard
//! output's place, as `>` would. What cannot work is said before anything is checked; a report that cannot be written does not
//! keep the others from being written.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser},
};

use super::{
    error, output,
    terminal::{self, Color, Host},
};
use crate::{
    error::Error,
    report::{self, Detail, Presentation, Reporter},
    scan::{self, Look, Needs, Outcome, Report},
};

/// Which reports are written where, as it was asked for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Destinations {
    /// Format of the report on standard output
    ///
    /// The default is `human`; in GitHub Actions, annotations as well.
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    format: Option<String>,
    /// Write another report to a file; may be repeated
    ///
    /// `sarif=out.sarif` adds a report to the one on standard output. A file without
    /// a format replaces standard output, in the format of `--format` or of its
    /// suffix. `-` is standard output. Files are written completely or not at all.
    /// Write a name that contains `=` as `./a=b.json`.
    #[arg(long, short, value_name = "[FORMAT=]FILE")]
    output: Vec<OsString>,
    /// Exit with 0 even if something is refused
    ///
    /// For pipelines that decide by the report, which still says what is refused. A
    /// job that could not be done still exits with 2, nothing to check with 3.
    #[arg(long)]
    exit_zero: bool,
    /// When to colour
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    color: Color,
}

/// The same, and how much standard output shows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct Outputs {
    #[command(flatten)]
    to: Destinations,
    /// Count findings by rule instead of showing them
    ///
    /// As text, or with `--format json` as JSON.
    #[arg(long)]
    statistics: bool,
    /// Show only what is refused, and what waivers, a baseline or dangerous entries
    /// let pass; nothing if there is neither
    ///
    /// In text for people on standard output. Reports in files and for programs are
    /// complete.
    #[arg(long, short)]
    quiet: bool,
    /// Show every finding of every file, which lines of the policy let files pass,
    /// and what is excluded
    #[arg(long, short, visible_alias = "all", conflicts_with = "quiet")]
    verbose: bool,
    /// Show only what these rules find: ids, patterns such as `torch-*`, or tags
    /// such as `source`
    ///
    /// For a look: the exit code is that of all findings, and a note says what is
    /// not shown. Reports for other programs are complete, so only text and JSON on
    /// standard output can be a look.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    select: Vec<String>,
    /// Do not show what these rules find; see --select
    ///
    /// To switch a rule off, set its level in the policy.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(
        report::REPORTERS
            .iter()
            .map(|reporter| PossibleValue::new(reporter.name()).help(reporter.summary())),
    )
}

/// The formats of reports that need nothing but findings.
pub(super) fn formats_of_findings() -> PossibleValuesParser {
    let reporters = report::REPORTERS.iter();
    PossibleValuesParser::new(
        reporters
            .filter(|reporter| reporter.name() != "cyclonedx")
            .map(|reporter| PossibleValue::new(reporter.name()).help(reporter.summary())),
    )
}

/// Which reports are written where.
pub(super) struct Plan {
    files: Vec<(&'static dyn Reporter, PathBuf)>,
    stdout: Option<&'static dyn Reporter>,
    /// Folders whose content is not trusted.
    checked: Vec<PathBuf>,
    color: Color,
    exit_zero: bool,
    /// Whether nobody said what is to be written.
    unasked: bool,
    /// How much of the report standard output shows to people.
    detail: Detail,
    look: Option<Look>,
}

impl Outputs {
    pub(super) fn color(&self) -> Color {
        self.to.color
    }

    /// What is to be done, if it can be.
    pub(super) fn plan(&self) -> Result<Plan, Error> {
        let mut plan = self.to.plan()?;
        let look = scan::look(&self.select, &self.ignore)?;
        if let Some(look) = &look {
            may_be_a_look(
                look,
                !plan.files.is_empty(),
                plan.reporters().find(|it| !is_for_a_look(*it)),
            )?;
        }
        plan.stdout = self.counted(plan.stdout)?;
        plan.detail = match (self.quiet, self.verbose) {
            (true, _) => Detail::Refusals,
            (_, true) => Detail::All,
            _ => Detail::Usual,
        };
        plan.look = look;
        Ok(plan)
    }
}

impl Destinations {
    pub(super) fn color(&self) -> Color {
        self.color
    }

    /// What is to be done, if it can be: formats exist, nothing is written twice.
    pub(super) fn plan(&self) -> Result<Plan, Error> {
        let asked = self.format.as_deref().map(named).transpose()?;
        let usual = match terminal::format() {
            Some(name) => Some(named(&name).map_err(|_| Error::Usage {
                message: format!("WEIGHBRIDGE_FORMAT is `{name}`, which is not a format"),
                help: known(),
            })?),
            None => None,
        };
        let unasked = asked.is_none() && usual.is_none() && self.output.is_empty();
        let shown = match asked.or(usual) {
            Some(reporter) => reporter,
            None if terminal::host() == Some(Host::Actions) => report::IN_ACTIONS,
            None => named("human")?,
        };
        let (mut files, mut stdout, mut instead) = (Vec::new(), None, false);
        for given in &self.output {
            let (format, file) = split(given)?;
            if file.as_os_str() == "-" {
                if stdout.replace(format.unwrap_or(shown)).is_some() {
                    return Err(twice("standard output"));
                }
                continue;
            }
            instead |= format.is_none();
            let format = match (format, asked) {
                (Some(format), _) => format,
                (None, Some(asked)) => fits(asked, &file)?,
                (None, None) => end(&file)
                    .and_then(|(_, formats)| formats.first().copied())
                    .or(usual)
                    .unwrap_or(named("human")?),
            };
            files.push((format, file));
        }
        if let (Some(stdout), Some(asked), false) = (stdout, asked, instead)
            && stdout.name() != asked.name()
        {
            return Err(Error::Usage {
                message: format!(
                    "standard output cannot be both `{}` and `{}`",
                    asked.name(),
                    stdout.name()
                ),
                help: String::from("leave out one of `--format` and `--output FORMAT=-`"),
            });
        }
        apart(&files)?;
        let stdout = stdout.or_else(|| (!instead).then_some(shown));
        Ok(Plan {
            stdout,
            files,
            checked: Vec::new(),
            color: self.color,
            exit_zero: self.exit_zero,
            unasked,
            detail: Detail::Usual,
            look: None,
        })
    }
}

impl Outputs {
    /// What standard output shows: the report, or what it counts.
    fn counted(
        &self,
        stdout: Option<&'static dyn Reporter>,
    ) -> Result<Option<&'static dyn Reporter>, Error> {
        let Some(shown) = stdout.filter(|_| self.statistics) else {
            return Ok(stdout);
        };
        report::statistics(shown)
            .map(Some)
            .ok_or_else(|| Error::Usage {
                message: format!("`--statistics` cannot be written as `{}`", shown.name()),
                help: String::from("use it with `--format human` or `--format json`"),
            })
    }
}

impl Plan {
    /// Takes out of a report what is not asked for, when all of it has been judged.
    pub(super) fn look(&self, report: &mut Report) {
        if let Some(look) = &self.look {
            report.look(look);
        }
    }

    /// Whether files can be made where they are to be; none is written through a link in `checked`, folders that are looked at.
    pub(super) fn probe(&mut self, checked: Vec<PathBuf>) -> Result<(), Error> {
        self.checked = checked;
        self.files
            .iter()
            .try_for_each(|(_, file)| output::probe(file, &self.checked))
    }

    /// Everything is told: for a report that somebody asked for to work through it.
    pub(super) fn in_full(mut self) -> Self {
        self.detail = Detail::All;
        self
    }

    /// Whether a report in this format is to be written.
    pub(super) fn has(&self, format: &str) -> bool {
        self.reporters().any(|reporter| reporter.name() == format)
    }

    /// Whether only refusals are told.
    pub(super) fn is_quiet(&self) -> bool {
        self.detail == Detail::Refusals
    }

    /// What the reports need beside findings.
    pub(super) fn needs(&self) -> Needs {
        let evidence = Needs {
            evidence: self.detail == Detail::All && self.tells_people(),
            ..Needs::default()
        };
        self.reporters()
            .fold(evidence, |needs, reporter| needs.or(reporter.needs()))
    }

    /// Whether standard output tells people how the run ended.
    pub(super) fn tells_people(&self) -> bool {
        self.stdout.is_some_and(Reporter::is_for_people)
    }

    fn reporters(&self) -> impl Iterator<Item = &'static dyn Reporter> {
        self.files
            .iter()
            .map(|(reporter, _)| *reporter)
            .chain(self.stdout)
    }

    /// Writes all reports that can be written, each in the style of where it goes. If some cannot be, all but the last of the errors are told here.
    pub(super) fn deliver(
        &self,
        report: &Report,
        mut presentation: Presentation,
    ) -> Result<(), Error> {
        let files = self
            .files
            .iter()
            .map(|(reporter, file)| (*reporter, Some(file.as_path())));
        let stdout = self.stdout.map(|reporter| (reporter, None));
        let mut failed = None;
        for (reporter, to) in files.chain(stdout) {
            presentation.style = terminal::style(self.color, to.is_some());
            presentation.detail = match to {
                Some(_) => Detail::Usual,
                None => self.detail,
            };
            let result = output::deliver(to, &self.checked, |out| {
                reporter.write(report, &presentation, out)
            });
            if let Err(error) = result
                && let Some(before) = failed.replace(error)
            {
                error::show(&before, self.color);
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        // GitLab reads files. Writing one unasked would be writing into the user's project.
        if self.unasked
            && !self.is_quiet()
            && report.active().next().is_some()
            && terminal::host() == Some(Host::Gitlab)
        {
            terminal::note(
                "`--output gitlab=gl-code-quality-report.json`, named under `artifacts: reports: codequality`, \
                 shows these findings in the merge request",
            );
        }
        Ok(())
    }

    /// How the program ends when the run ended so.
    pub(super) fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Refused if self.exit_zero => Outcome::Clean,
            outcome => outcome,
        }
    }
}

/// Whether a report may leave something out: not if it is for a service, which would take what is missing for mended.
fn is_for_a_look(reporter: &dyn Reporter) -> bool {
    ["human", "plain", "concise", "json", "json-lines"].contains(&reporter.name())
}

fn may_be_a_look(
    look: &Look,
    in_files: bool,
    complete: Option<&'static dyn Reporter>,
) -> Result<(), Error> {
    let message = match complete {
        Some(reporter) => format!("a report as `{}` is always complete", reporter.name()),
        None if in_files => String::from("a report in a file is always complete"),
        None => return Ok(()),
    };
    Err(Error::Usage {
        message,
        help: format!("use `{}` with text or JSON on standard output", look.asked),
    })
}

fn known() -> String {
    let names: Vec<&str> = report::REPORTERS.iter().map(|r| r.name()).collect();
    format!("the formats are {}", names.join(", "))
}

fn named(name: &str) -> Result<&'static dyn Reporter, Error> {
    report::by_name(name).ok_or_else(|| Error::Usage {
        message: format!("unknown format `{name}`"),
        help: known(),
    })
}

fn twice(what: &str) -> Error {
    Error::Usage {
        message: format!("two reports would be written to {what}"),
        help: String::from("give each report a file of its own"),
    }
}

/// A format, if there is one, and a file. What stands before the first `=` is a format, unless it can only be part of a path.
fn split(given: &OsStr) -> Result<(Option<&'static dyn Reporter>, PathBuf), Error> {
    let bytes = given.as_encoded_bytes();
    let word = bytes
        .iter()
        .position(|b| *b == b'=')
        .and_then(|at| Some((at, std::str::from_utf8(bytes.get(..at)?).ok()?)))
        .filter(|(_, word)| {
            word.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
    let (format, file) = match word {
        None => (None, PathBuf::from(given)),
        Some((at, word)) => {
            let format = report::by_name(word).ok_or_else(|| Error::Usage {
                message: format!("unknown format `{word}`"),
                help: format!(
                    "{}; to write a file of this name, use `--output ./{}`",
                    known(),
                    given.display()
                ),
            })?;
            (Some(format), PathBuf::from(after(given, at + 1)))
        }
    };
    if file.as_os_str().is_empty() {
        return Err(Error::Usage {
            message: format!("`--output {}` names no file", given.display()),
            help: String::from("write `--output FORMAT=FILE`, or `-` for standard output"),
        });
    }
    Ok((format, file))
}

/// What follows the first `at` bytes, which are ASCII.
#[cfg(unix)]
fn after(given: &OsStr, at: usize) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(given.as_bytes().get(at..).unwrap_or_default()).to_owned()
}

/// The same where names are not bytes; one that is no text is shown, and will not be found.
#[cfg(not(unix))]
fn after(given: &OsStr, at: usize) -> OsString {
    given.to_string_lossy().get(at..).unwrap_or_default().into()
}

/// The end of a file's name that says its format, and the formats it may be.
fn end(file: &Path) -> Option<(&'static str, Vec<&'static dyn Reporter>)> {
    report::by_end(&file.file_name()?.to_string_lossy())
}

/// The format that was asked for, unless the file's name says that it is something else.
fn fits(asked: &'static dyn Reporter, file: &Path) -> Result<&'static dyn Reporter, Error> {
    match end(file) {
        Some((end, formats)) if !formats.iter().any(|format| format.name() == asked.name()) => {
            let shown = file.display();
            let (asked, other) = (
                asked.name(),
                formats.first().map_or("", |format| format.name()),
            );
            Err(Error::Usage {
                message: format!(
                    "`--format {asked}` does not fit a file whose name ends in `{end}`"
                ),
                help: format!(
                    "write `--output {other}={shown}`, or `--output {asked}={shown}` if that is meant"
                ),
            })
        }
        _ => Ok(asked),
    }
}

/// That no file is written twice, under whatever names. Devices and pipes take several reports.
fn apart(files: &[(&'static dyn Reporter, PathBuf)]) -> Result<(), Error> {
    let mut seen: Vec<PathBuf> = Vec::new();
    for (_, file) in files {
        if fs::metadata(file).is_ok_and(|metadata| !metadata.is_file()) {
            continue;
        }
        let real = fs::canonicalize(file).unwrap_or_else(|_| {
            let name = file.file_name().unwrap_or_default();
            let folder = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            fs::canonicalize(folder.unwrap_or(Path::new(".")))
                .map_or_else(|_| file.clone(), |folder| folder.join(name))
        });
        if seen.contains(&real) {
            return Err(twice(&format!("`{}`", file.display())));
        }
        seen.push(real);
    }
    Ok(())
}
