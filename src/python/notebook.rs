//! Jupyter notebooks (nbformat 2 to 4): the source of their code cells.
//!
//! A cell is Python with magics, unless its first line is a cell magic that hands it to something else.

use serde::Deserialize;

use crate::fact::{Text, Unread};

/// A code cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Its index among all cells, from 0.
    pub(super) index: u32,
    /// Its source. A cell magic that leaves the rest Python is blanked.
    pub(super) source: String,
    /// Whether the source is Python.
    pub(super) python: bool,
}

#[derive(Deserialize)]
struct Notebook {
    #[serde(default)]
    cells: Vec<Stored>,
    /// nbformat 2 and 3.
    #[serde(default)]
    worksheets: Vec<Worksheet>,
}

#[derive(Deserialize)]
struct Worksheet {
    #[serde(default)]
    cells: Vec<Stored>,
}

#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    cell_type: String,
    #[serde(default, alias = "input")]
    source: Source,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    One(String),
    Lines(Vec<String>),
}

impl Default for Source {
    fn default() -> Self {
        Self::One(String::new())
    }
}

/// Cell magics after which the rest of the cell is Python still.
const PYTHON_MAGICS: &[&str] = &[
    "capture", "prun", "time", "timeit", "memit", "mprun", "debug", "python", "python3", "pypy",
];

/// The code cells of a notebook, in order.
pub(super) fn cells(bytes: &[u8]) -> Result<Vec<Cell>, Unread> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        let detail = Text::from("not a notebook: it is not a JSON object");
        return Err(Unread::Malformed { detail });
    }
    let notebook: Notebook = serde_json::from_slice(bytes).map_err(|error| Unread::Malformed {
        detail: Text::from(format!("not a notebook: {error}")),
    })?;
    let worksheets = notebook
        .worksheets
        .into_iter()
        .flat_map(|sheet| sheet.cells);
    let cells = notebook.cells.into_iter().chain(worksheets).zip(0_u32..);
    Ok(cells
        .filter(|(cell, _)| cell.cell_type == "code")
        .map(|(cell, index)| {
            let source = match cell.source {
                Source::One(text) => text,
                Source::Lines(lines) => lines.concat(),
            };
            let (source, python) = without_magic(source);
            Cell {
                index,
                source,
                python,
            }
        })
        .collect())
}

/// Blanks a cell magic, so that the parser does not see it and every position stays.
fn without_magic(mut source: String) -> (String, bool) {
    let lead = source.len() - source.trim_start().len();
    let Some(magic) = source.get(lead..).and_then(|s| s.strip_prefix("%%")) else {
        return (source, true);
    };
    let line = magic.lines().next().unwrap_or_default();
    let end = lead + 2 + line.len();
    let name = line.split_whitespace().next().unwrap_or_default();
    let python = PYTHON_MAGICS.contains(&name);
    if python && line.is_ascii() {
        source.replace_range(lead..end, &" ".repeat(end - lead));
        // A line of blanks is no indentation.
    } else if python {
        source.replace_range(lead..end, "");
    }
    (source, python)
}

#[cfg(test)]
mod tests {
    use super::cells;

    #[test]
    fn code_cells_of_every_version_are_found() {
        let v4 = br#"{"cells":[{"cell_type":"markdown","source":"x"},{"cell_type":"code","source":["a\n","b"]}],"nbformat":4}"#;
        let found = cells(v4).unwrap();
        assert_eq!((found[0].index, found[0].source.as_str()), (1, "a\nb"));
        let v3 = br#"{"worksheets":[{"cells":[{"cell_type":"code","input":"%%time\na"}]}],"nbformat":3}"#;
        let found = cells(v3).unwrap();
        assert_eq!(
            (found[0].python, found[0].source.as_str()),
            (true, "      \na")
        );
        let bash = br#"{"cells":[{"cell_type":"code","source":"%%bash\nexport A=1"}]}"#;
        assert!(!cells(bash).unwrap()[0].python);
        assert!(cells(b"{").is_err() && cells(b"[1]").is_err());
    }
}
