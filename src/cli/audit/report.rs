//! `weighbridge audit report`: what people and other programs read of a run.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::place;
use crate::{
    audit::{
        RunFolder,
        report::{self, Each, EachFormat, SCHEMAS, Tables},
    },
    cli::{output, terminal, today},
    error::Error,
    scan::Outcome,
};

const EXAMPLES: &str = "\
Examples:
  weighbridge audit report weighbridge-audit -o audit.html
                                   a page to look at, search and export from
  weighbridge audit report weighbridge-audit --before last-week -o audit.html
                                   the same, with how the numbers went
  weighbridge audit report weighbridge-audit --format markdown
                                   a digest for a message or a wiki
  weighbridge audit report weighbridge-audit --format issue -o issues
                                   a folder with the text of an issue for each
                                   repository that somebody should look after
  weighbridge audit report weighbridge-audit --format sarif --repository team/model
                                   the findings of one, for its code scanning
  weighbridge audit report weighbridge-audit --format csv --table waivers
                                   one table as CSV
  weighbridge audit report weighbridge-audit --format sql | sqlite3 audit.db
                                   all tables as a database for your own queries";

/// Write what a run found: for people, for other programs, for each repository
///
/// Reads only the folder of the run. The same results give the same bytes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Report {
    /// The folder or the URL that `weighbridge audit --out` wrote to
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// An earlier run to compare the numbers with; oldest first
    #[arg(long, value_name = "RUN")]
    before: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Html, help_heading = "Output")]
    format: Format,
    /// The one table to write
    #[arg(long, value_name = "TABLE", value_parser = tables(), help_heading = "Output")]
    table: Option<String>,
    /// The one repository to write of, by its location: for `sarif` and `issue`
    #[arg(long, value_name = "LOCATION", help_heading = "Output")]
    repository: Option<String>,
    /// The timestamp of a bill of materials, in seconds since 1970
    #[arg(
        long,
        value_name = "SECONDS",
        env = "SOURCE_DATE_EPOCH",
        help_heading = "Output",
        hide = true
    )]
    source_date_epoch: Option<String>,
    /// Write to a file instead of standard output; to a folder where there is a file
    /// for each repository
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// How a run is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A page to look at, search and export from
    Html,
    /// A digest, for a message, a wiki or the summary of a job
    Markdown,
    /// Every row as a JSON object on a line of its own
    Jsonl,
    /// One table as CSV: name it with `--table`
    Csv,
    /// SQL statements that make a database, for SQLite
    Sql,
    /// A bill of materials of all repositories: CycloneDX 1.6 ML-BOM
    Cyclonedx,
    /// A log for the code scanning of each repository: SARIF 2.1.0
    Sarif,
    /// The text of an issue for each repository that somebody should look after
    Issue,
}

fn tables() -> clap::builder::PossibleValuesParser {
    SCHEMAS
        .iter()
        .map(|schema| schema.name)
        .collect::<Vec<_>>()
        .into()
}

impl Report {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        if self.format == Format::Csv && self.table.is_none() {
            return Err(Error::Usage {
                message: String::from("a file of CSV is one table"),
                help: String::from("name it, as in `--table findings`"),
            });
        }
        let has_tables = matches!(self.format, Format::Jsonl | Format::Csv | Format::Sql);
        if self.table.is_some() && !has_tables {
            return Err(Error::Usage {
                message: String::from("this format has no single tables"),
                help: String::from("leave `--table` out, or ask for `--format csv`"),
            });
        }
        let is_of_each = matches!(self.format, Format::Sarif | Format::Issue);
        if self.repository.is_some() && !is_of_each {
            return Err(Error::Usage {
                message: String::from("this format is of all repositories"),
                help: String::from(
                    "leave `--repository` out, or ask for `--format sarif` or `--format issue`",
                ),
            });
        }
        let run = place::open_run(&self.run)?;
        let format = match self.format {
            Format::Sarif => return self.each(&run, EachFormat::Sarif),
            Format::Issue => return self.each(&run, EachFormat::Issue),
            Format::Cyclonedx => {
                let bill = report::bill(
                    &run,
                    today::moment(self.source_date_epoch.as_deref().unwrap_or_default())?,
                )?;
                output::deliver(self.output.as_deref(), &[], bill)?;
                return Ok(Outcome::Clean);
            }
            Format::Html => report::Format::Html,
            Format::Markdown => report::Format::Markdown,
            Format::Jsonl => report::Format::JsonLines,
            Format::Csv => report::Format::Csv,
            Format::Sql => report::Format::Sql,
        };
        let before = self.before.iter().map(|run| place::open_run(run));
        let before = before.collect::<Result<Vec<_>, _>>()?;
        let tables = Tables::read(&run, &before)?;
        let only = self.table.as_deref().and_then(|name| tables.table(name));
        output::deliver(self.output.as_deref(), &[], |out| {
            tables.write(format, only, out)
        })?;
        Ok(Outcome::Clean)
    }

    /// Writes what is of single repositories: of the one that was asked for, or a file for each in a folder.
    fn each(&self, run: &RunFolder, format: EachFormat) -> Result<Outcome, Error> {
        let each = Each::new(run, format);
        if let Some(location) = &self.repository {
            let line = each.repository(location)?;
            match each.of(&line)? {
                Some(text) => {
                    output::deliver(self.output.as_deref(), &[], |out| out.write_all(&text))?;
                }
                None => terminal::note(&format!("there is nothing to say of `{location}`")),
            }
            return Ok(Outcome::Clean);
        }
        let Some(folder) = self.output.as_deref() else {
            return Err(Error::Usage {
                message: String::from("there is a file for each repository"),
                help: String::from(
                    "name a folder for them with `-o FOLDER`, or one repository with `--repository`",
                ),
            });
        };
        empty_folder(folder)?;
        let mut written: usize = 0;
        for line in each.repositories()? {
            if let Some(text) = each.of(&line)? {
                let path = folder.join(each.file_name(&line.repository));
                output::deliver(Some(&path), &[], |out| out.write_all(&text))?;
                written = written.saturating_add(1);
            }
        }
        let files = if written == 1 { "file" } else { "files" };
        terminal::note(&format!("{written} {files} in {}", folder.display()));
        Ok(Outcome::Clean)
    }
}

/// Makes a folder, which has to be new or empty: what an earlier report wrote of a repository would pass for what this one writes.
fn empty_folder(folder: &Path) -> Result<(), Error> {
    output::make_folder(folder)?;
    let mut children = std::fs::read_dir(folder).map_err(|source| Error::Io {
        path: folder.to_owned(),
        source,
    })?;
    if children.next().is_some() {
        return Err(Error::Usage {
            message: format!("`{}` is not empty", folder.display()),
            help: String::from(
                "name a folder that is not there: files of an earlier report would stay in it",
            ),
        });
    }
    Ok(())
}
