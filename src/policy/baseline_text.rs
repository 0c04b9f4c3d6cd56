//! Reads the text of a baseline, and says in words and with the place what is wrong with one.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::error::{PolicyError, PolicyErrors, near};
use crate::error::Error;

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// A finding that is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// The file it is in, readable.
    pub path: String,
    /// The rule.
    pub rule: String,
    /// What it is about, readable.
    pub subject: String,
    /// What identifies it: 64 hexadecimal digits.
    pub(super) key: String,
    /// How many findings have this key.
    pub count: u64,
    /// Whether it is about a name that is known to be dangerous.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dangerous: bool,
}

/// What a baseline is written as.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    version: u32,
    pub(super) findings: Vec<BaselineEntry>,
}

/// The keys of a baseline and of its findings.
const KEYS: &[&str] = &[
    "version",
    "findings",
    "path",
    "rule",
    "subject",
    "key",
    "count",
    "dangerous",
];

const AGAIN: &str = "correct it, or write the baseline again with `weighbridge baseline create`";

/// What a text says, if it is a baseline; `name` is what errors call its file.
///
/// # Errors
/// What is wrong with it, at its place.
pub(super) fn document(name: &str, text: &str) -> Result<Document, Error> {
    let wrong = |range: Range<usize>, message: &str, help: &str| {
        let error = PolicyError::in_text(name, text, range, message, help);
        Error::Policy(PolicyErrors(vec![error]))
    };
    if let Some(at) = conflict(text) {
        return Err(wrong(
            at..line_end(text, at),
            "the baseline has a merge conflict",
            "keep the findings of both sides, each line with a comma at its end but the last",
        ));
    }
    let document: Document = serde_json::from_str(text).map_err(|error| {
        let at = offset(text, error.line(), error.column());
        let (message, help) = told(&error);
        wrong(at..at, &message, &help)
    })?;
    if document.version != VERSION {
        let at = text.find("\"version\"").unwrap_or(0);
        return Err(wrong(
            at..line_end(text, at),
            &format!("version {} of baselines is not known", document.version),
            "update weighbridge, or write the baseline again with `weighbridge baseline create`",
        ));
    }
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_key = |key: &str| key.len() == 64 && key.bytes().all(is_digit);
    if let Some(entry) = document.findings.iter().find(|it| !is_key(&it.key)) {
        let quoted = format!("\"{}\"", entry.key);
        let at = text.find(&quoted).unwrap_or(0);
        return Err(wrong(
            at..at.saturating_add(quoted.len()).min(text.len()),
            "the `key` of this finding is not 64 hexadecimal digits",
            AGAIN,
        ));
    }
    Ok(document)
}

/// Where a merge conflict begins.
fn conflict(text: &str) -> Option<usize> {
    const MARK: &str = "<<<<<<< ";
    if text.starts_with(MARK) {
        return Some(0);
    }
    text.find("\n<<<<<<< ").map(|at| at.saturating_add(1))
}

fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at.saturating_add(rest.lines().next().map_or(0, str::len))
}

/// The place of a line and a column, from 1, in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = before.map(str::len).sum();
    let at = start.saturating_add(column.saturating_sub(1));
    let mut places = (0..=at.min(text.len())).rev();
    places.find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// What the parser says, in the words of somebody who wants to mend it.
fn told(error: &serde_json::Error) -> (String, String) {
    let said = error.to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(said, _)| said);
    let quoted = said.split('`').nth(1).unwrap_or_default();
    if !error.is_data() {
        let help = "close what is open, and end each finding but the last with a comma";
        return (
            "the baseline is not valid JSON".to_owned(),
            format!("{help}; `weighbridge baseline create` writes it again"),
        );
    }
    let message = if said.starts_with("missing field") {
        let of = match quoted {
            "version" | "findings" => "the baseline",
            _ => "this finding",
        };
        format!("{of} has no `{quoted}`")
    } else if said.starts_with("unknown field") {
        let help = near(quoted, KEYS.iter().copied()).map_or_else(
            || AGAIN.to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return (format!("a baseline has no key `{quoted}`"), help);
    } else if said.starts_with("duplicate field") {
        format!("`{quoted}` is given twice")
    } else if let Some((_, wanted)) = said.rsplit_once("expected ") {
        format!("{} is expected here", kind(wanted))
    } else {
        "the baseline says something else than a baseline does".to_owned()
    };
    (message, AGAIN.to_owned())
}

/// A kind of value, as people call it.
fn kind(of: &str) -> &'static str {
    match of {
        "a string" => "a text in quotes",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list `[...]`",
        "u32" | "u64" => "a whole number, 0 or more,",
        _ => "a mapping `{...}`",
    }
}
