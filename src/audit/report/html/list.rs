//! Short lists on the overview, and the searches that lead from it to the tables.

use std::io;

use super::data::shown;
use crate::{
    audit::report::{
        table::{Cell, Table},
        tables::Tables,
    },
    report::HtmlPage as Page,
};

/// Bars of a chart.
pub(super) const BARS: usize = 8;
/// Rows of a short list.
const ROWS: usize = 6;

/// A search for a value of a column.
pub(super) fn quoted(column: &str, value: &str) -> String {
    format!("{column}:=\"{}\"", shown(value))
}

/// A panel with the first of some rows; nothing if there is none.
pub(super) fn list(
    run: &Tables,
    table: &Table,
    title: &'static str,
    rows: &[&[Cell]],
    columns: &[&'static str],
    beside: &dyn Fn(&[Cell]) -> String,
    page: &mut Page<'_>,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    page.element(
        "<section class=\"panel\">\n<h3>",
        title,
        "</h3>\n<ol class=\"list\">\n",
    )?;
    for row in rows.iter().take(ROWS) {
        page.raw("<li><span class=\"code\">")?;
        for (at, column) in columns.iter().enumerate() {
            let text = shown(table.text(row, column, &run.pool));
            if !text.is_empty() {
                page.raw(if at > 0 {
                    " <span class=\"soft\">"
                } else {
                    "<span>"
                })?;
                page.element("", text, "</span>")?;
            }
        }
        page.element(
            "</span><span class=\"soft\">",
            beside(row),
            "</span></li>\n",
        )?;
    }
    page.raw("</ol>\n<p class=\"unit\"><a")?;
    page.attribute("href", format_args!("#{}", table.schema.name))?;
    page.element(
        ">all ",
        table.schema.title.to_lowercase(),
        "</a></p>\n</section>\n",
    )
}
