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

/// The column that only a single row shows. Its texts are many and long: they come last, and no search looks into them.
pub(super) const ALONE: &str = "disassembly";

#[derive(Serialize)]
struct Data<'a> {
    texts: Texts<'a>,
    /// How many of the texts a search looks into.
    searched: usize,
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

/// The texts that the page shows, by new numbers: first those that a search looks into, then the others, each in the order of the
/// pool.
struct Numbering {
    numbers: Vec<Option<u32>>,
    searched: Vec<u32>,
    others: Vec<u32>,
}

/// Who shows a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    Nowhere,
    Alone,
    Searched,
}

impl Numbering {
    fn new(run: &Tables) -> Self {
        let mut shown: Vec<Shown> = run.pool.texts().map(|_| Shown::Nowhere).collect();
        for table in &run.tables {
            let columns: Vec<(usize, Shown)> = columns(table)
                .map(|(at, column)| match column.name {
                    ALONE => (at, Shown::Alone),
                    _ => (at, Shown::Searched),
                })
                .collect();
            for row in rows(table) {
                for (at, how) in &columns {
                    if let Some(Cell::Text(text)) = row.get(*at)
                        && let Some(shown) =
                            usize::try_from(*text).ok().and_then(|at| shown.get_mut(at))
                    {
                        *shown = (*how).max(*shown);
                    }
                }
            }
        }
        let of = |wanted: Shown| -> Vec<u32> {
            let texts = (0_u32..).zip(&shown);
            texts
                .filter(|(_, how)| **how == wanted)
                .map(|(text, _)| text)
                .collect()
        };
        let (searched, others) = (of(Shown::Searched), of(Shown::Alone));
        let mut numbers = vec![None; shown.len()];
        for (number, text) in (0_u32..).zip(searched.iter().chain(&others)) {
            if let Some(place) = usize::try_from(*text)
                .ok()
                .and_then(|at| numbers.get_mut(at))
            {
                *place = Some(number);
            }
        }
        Self {
            numbers,
            searched,
            others,
        }
    }

    fn of(&self, text: u32) -> u32 {
        let at = usize::try_from(text).ok();
        let number = at.and_then(|at| self.numbers.get(at).copied().flatten());
        number.unwrap_or_default()
    }
}

/// Texts as people are shown them; those of several lines keep these.
struct Texts<'a>(&'a Pool, &'a Numbering);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(pool, numbering) = self;
        let texts = numbering.searched.iter().chain(&numbering.others);
        serializer.collect_seq(texts.map(|text| shown(pool.text(*text))))
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
        searched: numbering.searched.len(),
        tables: tables.collect(),
    };
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(6));
    serde_json::to_writer(&mut packed, &data)?;
    packed.flush()?;
    packed.finish()
}
