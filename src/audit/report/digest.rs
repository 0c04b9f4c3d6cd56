//! The digest: what a run came to as Markdown, for a message, a wiki or the summary of a job. Whatever comes from a repository stands in
//! code or is plain words, as in the Markdown of `check`.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    schema,
    table::{Cell, Column, Kind, Schema, Table},
    tables::Tables,
    words,
};
use crate::report::{markdown_code as code, markdown_prose as prose, size};

/// Rows of a table.
const ROWS: usize = 10;
/// Columns of a cell.
const COLUMNS: usize = 120;

/// A part of the digest: some columns of the rows of a table that are chosen.
struct Part {
    title: &'static str,
    schema: &'static Schema,
    columns: &'static [&'static str],
    chosen: fn(&Rows<'_>, &[Cell]) -> bool,
}

/// A table with its texts.
struct Rows<'a> {
    table: &'a Table,
    run: &'a Tables,
}

impl Rows<'_> {
    fn text(&self, row: &[Cell], name: &str) -> &str {
        self.table.text(row, name, &self.run.pool)
    }

    fn number(&self, row: &[Cell], name: &str) -> u64 {
        self.table.number(row, name)
    }
}

/// The parts, what matters most first. A part without rows is left out.
const PARTS: &[Part] = &[
    Part {
        title: "Repositories with something refused",
        schema: &schema::REPOSITORIES,
        columns: &[
            "repository",
            "status",
            "denied",
            "executable",
            "unpinned",
            "owner",
        ],
        chosen: |rows, row| rows.number(row, "denied") > 0,
    },
    Part {
        title: "What is found",
        schema: &schema::RULES,
        columns: &[
            "rule",
            "level",
            "findings",
            "repositories",
            "findings_partial",
        ],
        chosen: |_, _| true,
    },
    Part {
        title: "Whose it is",
        schema: &schema::OWNERS,
        columns: &["owner", "denied", "executable", "unpinned", "repositories"],
        chosen: |rows, row| {
            rows.number(row, "denied")
                .saturating_add(rows.number(row, "denied_partial"))
                > 0
        },
    },
    Part {
        title: "Libraries below their floor",
        schema: &schema::LIBRARIES,
        columns: &["library", "version", "floor", "artifacts", "repositories"],
        chosen: |rows, row| rows.number(row, "below") == 1,
    },
    Part {
        title: "Lines of policies that try to loosen what is locked",
        schema: &schema::LOOSENINGS,
        columns: &["repository", "owner", "file", "line", "key"],
        chosen: |_, _| true,
    },
    Part {
        title: "Waivers that need somebody",
        schema: &schema::WAIVERS,
        columns: &["owner", "state", "expires", "repository", "rule", "covers"],
        chosen: |rows, row| rows.text(row, "state") != "holds",
    },
    Part {
        title: "Allowed by hand in many repositories",
        schema: &schema::ALLOWED,
        columns: &["what", "repositories", "danger"],
        chosen: |rows, row| rows.number(row, "repositories") > 1,
    },
    Part {
        title: "Adoption",
        schema: &schema::ADOPTION,
        columns: &["what", "repositories", "of"],
        chosen: |_, _| true,
    },
    Part {
        title: "From run to run",
        schema: &schema::RUNS,
        columns: &[
            "run",
            "judged_on",
            "complete",
            "refused",
            "denied",
            "executable",
            "unpinned",
        ],
        chosen: |rows, _| rows.table.rows.len() > 1,
    },
    Part {
        title: "Not looked at",
        schema: &schema::COVERAGE,
        columns: &["repository", "status", "kind", "files", "why"],
        chosen: |_, _| true,
    },
];

/// Writes the digest.
///
/// # Errors
/// Whatever `out` answers.
pub(super) fn write(run: &Tables, out: &mut dyn Write) -> io::Result<()> {
    let summary = &run.summary;
    let mut text = format!("# Audit\n\n**{}.**\n\n", words::headline(summary));
    for sentence in words::beside(summary) {
        let _ = writeln!(text, "{}\n", prose(&sentence, usize::MAX));
    }
    for (name, said) in [
        ("looked at", words::looked_at(&run.info.what)),
        ("policy", run.info.policy.as_str()),
        ("judged on", run.judged_on.as_str()),
        ("weighbridge", run.info.scanner.as_str()),
    ] {
        if !said.is_empty() {
            let _ = writeln!(text, "* **{name}**: {}", prose(said, COLUMNS));
        }
    }
    let _ = writeln!(
        text,
        "* **repositories**: {} complete, {} partial, {} failed, {} without a result\n",
        words::grouped(summary.complete.repositories),
        words::grouped(summary.partial.repositories),
        words::grouped(summary.failed.repositories),
        words::grouped(summary.pending),
    );
    for part in PARTS {
        part.write(run, &mut text);
    }
    out.write_all(text.as_bytes())
}

impl Part {
    fn write(&self, run: &Tables, text: &mut String) {
        let Some(table) = run.table(self.schema.name) else {
            return;
        };
        let rows = Rows { table, run };
        let chosen = table.rows.iter().filter(|row| (self.chosen)(&rows, row));
        let chosen: Vec<_> = chosen.collect();
        if chosen.is_empty() {
            return;
        }
        let columns: Vec<(usize, &Column)> = self
            .columns
            .iter()
            .filter_map(|name| {
                let mut columns = self.schema.columns.iter().enumerate();
                columns.find(|(_, column)| column.name == *name)
            })
            .collect();
        let _ = writeln!(text, "## {}\n", self.title);
        let heads = columns
            .iter()
            .map(|(_, column)| column.name.replace('_', " "));
        let _ = writeln!(text, "| {} |", heads.collect::<Vec<_>>().join(" | "));
        let rules = columns.iter().map(|(_, column)| match column.kind {
            Kind::Number | Kind::Bytes => "---:",
            _ => "---",
        });
        let _ = writeln!(text, "| {} |", rules.collect::<Vec<_>>().join(" | "));
        for row in chosen.iter().take(ROWS) {
            let cells = columns.iter().map(|(at, column)| {
                let cell = row.get(*at).copied().unwrap_or(Cell::Empty);
                self::cell(cell, column.kind, run)
            });
            let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
        }
        if let Some(more) = chosen.len().checked_sub(ROWS).filter(|more| *more > 0) {
            let _ = writeln!(
                text,
                "\nand {} more: `weighbridge audit report RUN --format csv --table {}`",
                words::grouped(more),
                self.schema.name
            );
        }
        text.push('\n');
    }
}

/// A cell: no bar in it ends it.
fn cell(cell: Cell, kind: Kind, run: &Tables) -> String {
    let text = match (cell, kind) {
        (Cell::Empty, _) => return String::new(),
        (Cell::Number(0), Kind::Flag) => return String::from("no"),
        (Cell::Number(_), Kind::Flag) => return String::from("yes"),
        (Cell::Number(bytes), Kind::Bytes) => return size(bytes),
        (Cell::Number(number), _) => return words::grouped(number),
        (Cell::Text(text), _) => run.pool.text(text),
    };
    let first = text.split('\n').next().unwrap_or_default();
    let shown = match kind {
        Kind::Code => code(first, COLUMNS),
        _ => prose(first, COLUMNS),
    };
    shown.replace('|', "\\|")
}
