//! A table as plain HTML: its first rows, which are what matters most. The script puts all rows in their place.

use std::io;

use super::data::{ALONE, shown};
use crate::{
    audit::report::{
        table::{Cell, Column, Kind, Pool, Table},
        words,
    },
    report::{HtmlPage as Page, size},
};

/// Rows that are there without the script.
const ROWS: usize = 25;

/// The section of a table.
pub(super) fn section(table: &Table, pool: &Pool, page: &mut Page<'_>) -> io::Result<()> {
    let schema = table.schema;
    page.raw("<section class=\"table\"")?;
    page.attribute("id", schema.name)?;
    page.attribute("aria-labelledby", format_args!("title-{}", schema.name))?;
    page.raw(">\n<h2")?;
    page.attribute("id", format_args!("title-{}", schema.name))?;
    page.element(">", schema.title, " <small>")?;
    page.element("", words::grouped(table.rows.len()), "</small></h2>\n")?;
    if table.rows.is_empty() {
        return page.element("<p class=\"empty\">", schema.empty, "</p>\n</section>\n");
    }
    page.raw("<p class=\"about\">")?;
    page.inline(schema.about)?;
    page.raw("</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\"")?;
    page.attribute("aria-labelledby", format_args!("title-{}", schema.name))?;
    page.raw("><table>\n<thead><tr>")?;
    let in_grid = |column: &Column| column.name != ALONE;
    for column in schema.columns.iter().filter(|column| in_grid(column)) {
        page.raw("<th scope=\"col\"")?;
        page.attribute("class", column.kind.word())?;
        page.attribute("title", column.about.replace('`', ""))?;
        page.element(">", column.name.replace('_', " "), "</th>")?;
    }
    page.raw("</tr></thead>\n<tbody>\n")?;
    for row in table.rows.iter().take(ROWS) {
        page.raw("<tr>")?;
        let cells = schema.columns.iter().zip(row);
        for (column, cell) in cells.filter(|(column, _)| in_grid(column)) {
            page.raw("<td")?;
            page.attribute("class", column.kind.word())?;
            page.element(">", self::cell(*cell, column.kind, pool), "</td>")?;
        }
        page.raw("</tr>\n")?;
    }
    page.raw("</tbody></table></div>\n")?;
    if let more @ 1.. = table.rows.len().saturating_sub(ROWS) {
        page.raw("<p class=\"more\">and ")?;
        page.text(words::grouped(more))?;
        page.raw(" more, which this page shows with scripts; <code>weighbridge audit report --format csv --table ")?;
        page.element("", schema.name, "</code> writes all.</p>\n")?;
    }
    page.raw("</section>\n")
}

fn cell(cell: Cell, kind: Kind, pool: &Pool) -> String {
    match (cell, kind) {
        (Cell::Empty, _) => String::new(),
        (Cell::Text(text), _) => shown(pool.text(text)),
        (Cell::Number(0), Kind::Flag) => String::from("no"),
        (Cell::Number(_), Kind::Flag) => String::from("yes"),
        (Cell::Number(bytes), Kind::Bytes) => size(bytes),
        (Cell::Number(number), _) => words::grouped(number),
    }
}
