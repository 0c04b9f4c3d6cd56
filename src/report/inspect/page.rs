//! The layout of the page: headings, wrapped text, and tables of two columns.

use std::io::{self, Write};

use crate::report::{
    Style,
    terminal::{Ink, count, guarded, harmless, width, wrap},
};

/// Rows of a table before the rest is counted.
pub(super) const ROWS: usize = 40;

/// Where the sections are written: headings, text and tables in the width of the terminal.
pub(super) struct Page<'a> {
    pub(super) style: Style,
    pub(super) out: &'a mut dyn Write,
}

impl Page<'_> {
    pub(super) fn heading(&mut self, text: &str, ink: Ink) -> io::Result<()> {
        writeln!(self.out)?;
        writeln!(self.out, "{}", self.style.ink(ink, text))
    }

    /// Wrapped text, each line indented by `indent`.
    pub(super) fn text(&mut self, indent: usize, text: &str, ink: Option<Ink>) -> io::Result<()> {
        let room = self.style.columns().saturating_sub(indent);
        for (i, line) in wrap(&harmless(text, self.style), room, room.saturating_sub(2))
            .into_iter()
            .enumerate()
        {
            let line = ink.map_or_else(|| line.clone(), |ink| self.style.ink(ink, &line));
            let indent = if i == 0 { indent } else { indent + 2 };
            writeln!(self.out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    /// A row of two columns, the second wrapped in its own.
    fn row(&mut self, margin: usize, head: &str, tail: &str, ink: Option<Ink>) -> io::Result<()> {
        let head = guarded(harmless(head, self.style));
        let shown = ink.map_or_else(|| head.clone(), |ink| self.style.ink(ink, &head));
        let room = self.style.columns().saturating_sub(margin + 4);
        let mut lines = wrap(&harmless(tail, self.style), room, room).into_iter();
        if width(&head) > margin {
            writeln!(self.out, "  {shown}")?;
        } else {
            let pad = margin - width(&head);
            let first = lines.next().unwrap_or_default();
            let line = format!("  {shown}{:pad$}  {first}", "");
            writeln!(self.out, "{}", line.trim_end())?;
        }
        for line in lines.filter(|line| !line.is_empty()) {
            writeln!(self.out, "    {:margin$}{line}", "")?;
        }
        Ok(())
    }

    /// A table of at most [`ROWS`] rows; `what` names the others.
    pub(super) fn table(
        &mut self,
        rows: &[(String, String)],
        what: (&str, &str),
        ink: Option<Ink>,
    ) -> io::Result<()> {
        let widest = self.style.columns() * 3 / 5;
        let margin = rows
            .iter()
            .take(ROWS)
            .map(|row| width(&harmless(&row.0, self.style)))
            .filter(|wide| *wide <= widest)
            .max()
            .unwrap_or(widest / 2);
        for (head, tail) in rows.iter().take(ROWS) {
            self.row(margin, head, tail, ink)?;
        }
        if let Some(more) = rows.len().checked_sub(ROWS).filter(|more| *more > 0) {
            let text = format!("and {}", count(more, what.0, what.1));
            self.text(2, &text, Some(Ink::Note))?;
        }
        Ok(())
    }
}
