//! `weighbridge audit report`: what people and other programs read of a run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    audit::{
        RunFolder,
        report::{self, SCHEMAS, Tables},
    },
    cli::output,
    error::Error,
    scan::Outcome,
};

const EXAMPLES: &str = "\
Examples:
  weighbridge audit report weighbridge-audit -o audit.html
                                   a page to look at, search and export from
  weighbridge audit report weighbridge-audit --before last-week -o audit.html
                                   the same, with how the numbers went
  weighbridge audit report weighbridge-audit --format csv --table waivers
                                   one table as CSV
  weighbridge audit report weighbridge-audit --format sql | sqlite3 audit.db
                                   all tables as a database for your own queries";

/// Write what a run found: a page for people, or tables for other programs
///
/// Reads only the folder of the run. The same results give the same bytes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Report {
    /// The folder that `weighbridge audit --out` wrote
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The folder of an earlier run to compare the numbers with; oldest first
    #[arg(long, value_name = "RUN")]
    before: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Html, help_heading = "Output")]
    format: Format,
    /// The one table to write
    #[arg(long, value_name = "TABLE", value_parser = tables(), help_heading = "Output")]
    table: Option<String>,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// How a run is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A page to look at, search and export from
    Html,
    /// Every row as a JSON object on a line of its own
    Jsonl,
    /// One table as CSV: name it with `--table`
    Csv,
    /// SQL statements that make a database, for SQLite
    Sql,
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
        if self.format == Format::Html && self.table.is_some() {
            return Err(Error::Usage {
                message: String::from("the page has all tables"),
                help: String::from("leave `--table` out, or ask for `--format csv`"),
            });
        }
        let run = RunFolder::open(&self.run)?;
        let before = self.before.iter().map(|run| RunFolder::open(run));
        let before = before.collect::<Result<Vec<_>, _>>()?;
        let tables = Tables::read(&run, &before)?;
        let only = self.table.as_deref().and_then(|name| tables.table(name));
        let format = match self.format {
            Format::Html => report::Format::Html,
            Format::Jsonl => report::Format::JsonLines,
            Format::Csv => report::Format::Csv,
            Format::Sql => report::Format::Sql,
        };
        output::deliver(self.output.as_deref(), &[], |out| {
            tables.write(format, only, out)
        })?;
        Ok(Outcome::Clean)
    }
}
