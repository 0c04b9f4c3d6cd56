//! All rows for the page's script: columns of numbers, in which texts are numbers of a list, compressed.

use std::io::{self, Write as _};

use flate2::{Compression, write::ZlibEncoder};
use serde::{Serialize, Serializer};

use crate::{
    audit::report::{
        table::{Cell, Column, Pool, Table},
        tables::Tables,
    },
    fact::Text,
    limits,
};

/// Columns that other programs need and nobody reads: each cell is another digest, which no compression makes small.
const NOT_SHOWN: &[&str] = &["fingerprint"];

#[derive(Serialize)]
struct Data<'a> {
    texts: Texts<'a>,
    tables: Vec<TableData<'a>>,
}

#[derive(Serialize)]
struct TableData<'a> {
    name: &'static str,
    title: &'static str,
    /// Rows that the table has; the columns may have fewer.
    total: usize,
    columns: Vec<InPage<'a>>,
}

#[derive(Serialize)]
struct InPage<'a> {
    name: &'static str,
    kind: &'static str,
    about: &'static str,
    cells: Cells<'a>,
}

/// The cells of a column: numbers, and -1 for nothing.
struct Cells<'a> {
    table: &'a Table,
    at: usize,
    numbering: &'a Numbering,
}

impl Serialize for Cells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(rows(self.table).map(|row| match row.get(self.at) {
            Some(Cell::Text(text)) => i64::from(self.numbering.of(*text)),
            Some(Cell::Number(number)) => i64::try_from(*number).unwrap_or(i64::MAX),
            Some(Cell::Empty) | None => -1,
        }))
    }
}

/// The texts that the page shows, by new numbers in the order of the old ones.
struct Numbering(Vec<Option<u32>>);

impl Numbering {
    fn new(run: &Tables) -> Self {
        let mut used: Vec<bool> = run.pool.texts().map(|_| false).collect();
        for table in &run.tables {
            for row in rows(table) {
                for (at, _) in columns(table) {
                    if let Some(Cell::Text(text)) = row.get(at)
                        && let Some(used) =
                            usize::try_from(*text).ok().and_then(|at| used.get_mut(at))
                    {
                        *used = true;
                    }
                }
            }
        }
        let mut numbers = 0_u32..;
        let numbers = used
            .into_iter()
            .map(|used| used.then(|| numbers.next()).flatten());
        Self(numbers.collect())
    }

    fn of(&self, text: u32) -> u32 {
        let at = usize::try_from(text).ok();
        let number = at.and_then(|at| self.0.get(at).copied().flatten());
        number.unwrap_or_default()
    }
}

/// Texts as people are shown them; those of several lines keep these.
struct Texts<'a>(&'a Pool, &'a Numbering);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(pool, Numbering(numbers)) = self;
        let texts = pool.texts().zip(numbers);
        serializer.collect_seq(
            texts
                .filter(|(_, number)| number.is_some())
                .map(|(text, _)| shown(text)),
        )
    }
}

/// A text as people are shown it: what would deceive is escaped, line by line.
pub(super) fn shown(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| Text::from(line).to_string())
        .collect();
    lines.join("\n")
}

/// The rows that are on the page.
fn rows(table: &Table) -> impl Iterator<Item = &[Cell]> {
    let rows = table.rows.iter().take(limits::DASHBOARD_ROWS);
    rows.map(AsRef::as_ref)
}

/// The columns that are on the page, each with its place in a row.
fn columns(table: &Table) -> impl Iterator<Item = (usize, &'static Column)> {
    let columns = table.schema.columns.iter().enumerate();
    columns.filter(|(_, column)| !NOT_SHOWN.contains(&column.name))
}

/// The data of the page.
pub(super) fn packed(run: &Tables) -> io::Result<Vec<u8>> {
    let numbering = &Numbering::new(run);
    let tables = run.tables.iter().map(|table| TableData {
        name: table.schema.name,
        title: table.schema.title,
        total: table.rows.len(),
        columns: columns(table)
            .map(|(at, column)| InPage {
                name: column.name,
                kind: column.kind.word(),
                about: column.about,
                cells: Cells {
                    table,
                    at,
                    numbering,
                },
            })
            .collect(),
    });
    let data = Data {
        texts: Texts(&run.pool, numbering),
        tables: tables.collect(),
    };
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(6));
    serde_json::to_writer(&mut packed, &data)?;
    packed.flush()?;
    packed.finish()
}
