//! The tables as lists for other programs: JSON lines, CSV, and the statements that make a database.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, Write},
};

use super::{
    table::{Cell, Kind, Pool, Table},
    tables::Tables,
};
use crate::{
    fact::{Text, deceives},
    report::json::Escaping,
};

/// Writes each row as a JSON object of a line of its own, `table` first.
///
/// # Errors
/// Whatever `out` answers.
pub(super) fn json_lines(tables: &[&Table], pool: &Pool, out: &mut dyn Write) -> io::Result<()> {
    let mut out: &mut dyn Write = &mut BufWriter::new(out);
    for table in tables {
        for row in &table.rows {
            let mut object = serde_json::Map::new();
            object.insert("table".to_owned(), table.schema.name.into());
            for (column, cell) in table.schema.columns.iter().zip(row) {
                let value: serde_json::Value = match (*cell, column.kind) {
                    (Cell::Empty, _) => continue,
                    (Cell::Text(text), _) => pool.text(text).into(),
                    (Cell::Number(number), Kind::Flag) => (number != 0).into(),
                    (Cell::Number(number), _) => number.into(),
                };
                object.insert(column.name.to_owned(), value);
            }
            serde_json::to_writer(Escaping(&mut out), &object)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}

/// Writes a table as CSV with a line of names.
///
/// # Errors
/// Whatever `out` answers.
pub(super) fn csv(table: &Table, pool: &Pool, out: &mut dyn Write) -> io::Result<()> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record(table.schema.columns.iter().map(|column| column.name))?;
    for row in &table.rows {
        out.write_record(row.iter().map(|cell| match cell {
            Cell::Empty => String::new(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => plain(pool.text(*text)),
        }))?;
    }
    out.flush()
}

/// A text as a spreadsheet may have it: what would deceive is escaped, and nothing is a formula.
fn plain(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| Text::from(line).to_string())
        .collect();
    let text = lines.join("\n");
    if text.starts_with(['=', '+', '-', '@']) {
        return format!("'{text}");
    }
    text
}

/// Writes the statements that make a database of all tables, for `SQLite` and what reads its language.
///
/// # Errors
/// Whatever `out` answers.
pub(super) fn sql(run: &Tables, tables: &[&Table], out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    out.write_all(b"BEGIN TRANSACTION;\n")?;
    for table in tables {
        let columns: Vec<String> = table
            .schema
            .columns
            .iter()
            .map(|column| {
                let kind = if column.kind.is_number() {
                    "INTEGER"
                } else {
                    "TEXT"
                };
                format!("\"{}\" {kind}", column.name)
            })
            .collect();
        let name = table.schema.name;
        writeln!(out, "CREATE TABLE \"{name}\" ({});", columns.join(", "))?;
        for row in &table.rows {
            let cells: Vec<String> = row.iter().map(|it| literal(*it, &run.pool)).collect();
            writeln!(out, "INSERT INTO \"{name}\" VALUES ({});", cells.join(","))?;
        }
    }
    out.write_all(b"COMMIT;\n")?;
    out.flush()
}

/// A cell as a literal on one line: characters that would do something elsewhere are written by their numbers.
fn literal(cell: Cell, pool: &Pool) -> String {
    let text = match cell {
        Cell::Empty => return String::from("NULL"),
        Cell::Number(number) => return number.to_string(),
        Cell::Text(text) => pool.text(text),
    };
    let mut literal = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => literal.push_str("''"),
            c if c == '\n' || c == '\r' || deceives(c) => {
                let _ = write!(literal, "'||char({})||'", u32::from(c));
            }
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}
