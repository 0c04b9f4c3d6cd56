//! What people and other programs read of a run. Everything is made of the same [tables](Tables), so that no two outputs say different
//! numbers; the same results give the same bytes.

mod bill;
mod checked;
mod digest;
mod each;
mod floors;
mod governance;
mod html;
mod rows;
mod runs;
pub mod schema;
mod spread;
mod sums;
pub mod table;
mod tables;
mod words;

pub use bill::write as bill;
pub use each::{Each, EachFormat};
pub use schema::SCHEMAS;
pub use tables::Tables;

use std::io::{self, Write};

use table::Table;

/// An output of a run as one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A page for people.
    Html,
    /// A digest for people, as Markdown.
    Markdown,
    /// Rows of tables, a JSON object on each line.
    JsonLines,
    /// One table as CSV.
    Csv,
    /// The statements that make a database.
    Sql,
}

impl Tables {
    /// Writes an output; `only` is the one table that is wanted of those that have tables.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn write(
        &self,
        format: Format,
        only: Option<&Table>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let wanted: Vec<&Table> = match only {
            Some(table) => vec![table],
            None => self.tables.iter().collect(),
        };
        match format {
            Format::Html => html::write(self, out),
            Format::Markdown => digest::write(self, out),
            Format::JsonLines => rows::json_lines(&wanted, &self.pool, out),
            Format::Sql => rows::sql(self, &wanted, out),
            Format::Csv => {
                for table in wanted {
                    rows::csv(table, &self.pool, out)?;
                }
                Ok(())
            }
        }
    }
}
