//! Jupyter notebooks (nbformat 2 to 4): the source of their code cells.
//!
//! A cell is Python with magics (`magic`), unless its first line is a cell magic that hands it to something else. JSON is read
//! as Python's `json` and the viewers of notebooks read it: with line breaks and other control characters in strings, with
//! `NaN`, with halves of surrogate pairs.

use std::borrow::Cow;

use serde::Deserialize;

use super::magic;
use crate::fact::{Malformed, SyntaxFault, Unread};

/// A code cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Its index among all cells, from 0.
    pub(super) index: u32,
    /// Its source as the interpreter has it, magics apart.
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
    #[serde(default)]
    source: Source,
    /// nbformat 2 and 3.
    #[serde(default)]
    input: Source,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    One(String),
    Lines(Vec<String>),
}

impl Source {
    fn text(self) -> String {
        match self {
            Self::One(text) => text,
            Self::Lines(lines) => lines.concat(),
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::One(String::new())
    }
}

/// The code cells of a notebook, in order.
pub(super) fn cells(bytes: &[u8]) -> Result<Vec<Cell>, Unread> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Malformed::NotebookNotObject.into());
    }
    let notebook: Notebook = serde_json::from_slice(bytes)
        .or_else(|_| as_python_reads(bytes))
        .map_err(|error| Malformed::Notebook(SyntaxFault::from(&error)))?;
    let worksheets = notebook
        .worksheets
        .into_iter()
        .flat_map(|sheet| sheet.cells);
    let cells = notebook.cells.into_iter().chain(worksheets).zip(0_u32..);
    Ok(cells
        .filter(|(cell, _)| cell.cell_type == "code")
        .map(|(cell, index)| {
            let (source, input) = (cell.source.text(), cell.input.text());
            // Which of the two counts is a matter of the version: a cell that has both is read as both.
            let source = if source.is_empty() || input.is_empty() {
                source + &input
            } else {
                source + "\n" + &input
            };
            let (source, python) = magic::as_python(&source);
            Cell {
                index,
                source,
                python,
            }
        })
        .collect())
}

/// The same, as Python's `json` takes it: of two keys of one name the last counts.
fn as_python_reads(bytes: &[u8]) -> serde_json::Result<Notebook> {
    let value: serde_json::Value = serde_json::from_slice(&lenient(bytes))?;
    serde_json::from_value(value)
}

/// The same JSON, strictly: what only lenient readers take is written as they understand it.
fn lenient(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut at = 0_usize;
    let mut string = false;
    // What stands at `at` up to `end` becomes `new`.
    let replace = |out: &mut Vec<u8>, copied: &mut usize, at: usize, end: usize, new: &[u8]| {
        out.extend_from_slice(bytes.get(*copied..at).unwrap_or_default());
        out.extend_from_slice(new);
        *copied = end;
    };
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let mut length = 1;
        match byte {
            b'"' => string = !string,
            b'\\' if string => {
                length = 2;
                if let Some(half) = surrogate(rest) {
                    length = 6;
                    let low = rest.get(6..).and_then(surrogate);
                    match (half, low) {
                        (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => length = 12,
                        _ => replace(&mut out, &mut copied, at, at.saturating_add(6), b"\\ufffd"),
                    }
                }
            }
            0..0x20 if string => {
                let escape = format!("\\u{byte:04x}");
                replace(
                    &mut out,
                    &mut copied,
                    at,
                    at.saturating_add(1),
                    escape.as_bytes(),
                );
            }
            b'N' | b'I' | b'-' if !string => {
                let words: [&[u8]; 3] = [b"NaN", b"-Infinity", b"Infinity"];
                if let Some(word) = words.iter().find(|word| rest.starts_with(word)) {
                    length = word.len();
                    replace(
                        &mut out,
                        &mut copied,
                        at,
                        at.saturating_add(length),
                        b"null",
                    );
                }
            }
            _ => {}
        }
        at = at.saturating_add(length);
    }
    if copied == 0 {
        return Cow::Borrowed(bytes);
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// The half of a surrogate pair that an escape stands for.
fn surrogate(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (0xd800..0xe000).contains(&code).then_some(code)
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
            (true, "0     \na")
        );
        let bash = br#"{"cells":[{"cell_type":"code","source":"%%bash\nexport A=1"}]}"#;
        assert!(!cells(bash).unwrap()[0].python);
        assert!(cells(b"{").is_err() && cells(b"[1]").is_err());
    }

    #[test]
    fn json_is_read_as_leniently_as_viewers_read_it() {
        for (cell, source) in [
            ("\"a\nb\"", "a\nb"),
            ("\"a\tb\", \"metadata\": {\"x\": [NaN, -Infinity]}", "a\tb"),
            (
                r#""\ud83d \ud83d\ude00 \ude00\\u0041""#,
                "\u{fffd} \u{1f600} \u{fffd}\\u0041",
            ),
        ] {
            let text = format!(r#"{{"cells":[{{"cell_type":"code","source":{cell}}}]}}"#);
            assert_eq!(cells(text.as_bytes()).unwrap()[0].source, source, "{text}");
        }
        assert!(cells(b"{\"cells\": [\n}").is_err());
    }
}
