//! Lists of repositories: a line each, JSON, or a table.

use std::path::Path;

use serde_json::Value;

use super::{
    forge::{self, Row},
    target::{Place, Target, canonical, is_url, too_many},
};
use crate::{
    bytes::{ByteSource as _, FileSource, Window, narrow},
    error::Error,
    limits,
};

/// The repositories that a list names, in its order. Paths in it are relative to its folder.
///
/// `.jsonl` and `.ndjson` have an object on each line, `.json` an array of such objects or the pages that a forge's API answers, `.csv` a table whose first line
/// names the columns; any other file has a path or a URL on each line, and comments after `#`. Objects and tables have `location` (or what a forge calls it), and may
/// have `ref`, `owner`, `policy` and `size`.
///
/// # Errors
/// A list that cannot be read, with the line that is wrong.
pub fn read(path: &Path) -> Result<Vec<Target>, Error> {
    let text = text(path)?;
    let suffix = path.extension().and_then(|suffix| suffix.to_str());
    let rows = match suffix.map(str::to_ascii_lowercase).as_deref() {
        Some("json" | "jsonl" | "ndjson") => json(&text),
        Some("csv") => table(&text),
        _ => Ok(lines(&text)),
    };
    let rows = rows.map_err(|(line, message)| wrong(path, line, &message))?;
    if rows.len() > limits::AUDIT_REPOSITORIES {
        return Err(too_many());
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let targets = rows.into_iter().map(|row| row.target(folder));
    Ok(targets.collect())
}

pub(super) fn text(path: &Path) -> Result<String, Error> {
    let read = || {
        let source = FileSource::open(path)?;
        let length = source.len();
        if length > limits::AUDIT_LIST {
            let message = format!("it is larger than {} bytes", limits::AUDIT_LIST);
            return Err(std::io::Error::other(message));
        }
        Window::new(source).bytes_at(0, narrow(length))
    };
    let bytes = read().map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })?;
    let text = String::from_utf8(bytes);
    text.map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
        let line = before.map_or(0, |it| {
            it.split(|byte| *byte == b'\n').count().saturating_sub(1)
        });
        wrong(path, line.saturating_add(1), "it is not UTF-8")
    })
}

fn wrong(path: &Path, line: usize, message: &str) -> Error {
    Error::Usage {
        message: format!("{}:{line}: {message}", path.display()),
        help: String::from(
            "a list has a path or a URL on each line; `.jsonl` objects and `.csv` tables have `location`, and may have `ref`, `owner`, `policy` and `size`",
        ),
    }
}

impl Row {
    fn target(self, folder: &Path) -> Target {
        let mut target = if is_url(&self.location) {
            let location = canonical(&self.location);
            Target::new(location, self.reference, Place::Url(self.location))
        } else {
            let place = Place::Folder(folder.join(&self.location));
            let location = self.location.replace('\\', "/");
            let location = location.trim_end_matches('/').to_owned();
            Target::new(location, self.reference, place)
        };
        target.repository.owner = self.owner;
        target.policy = self.policy.map(|policy| folder.join(policy));
        target.size = self.size;
        target
    }
}

/// Rows, or the line that is wrong and why.
type Rows = Result<Vec<Row>, (usize, String)>;

fn lines(text: &str) -> Vec<Row> {
    let lines = text.lines().map(|line| {
        let comment = line.char_indices().find(|(at, c)| {
            *c == '#'
                && line
                    .get(..*at)
                    .is_none_or(|it| it.trim_end() != it || it.is_empty())
        });
        let line = comment.and_then(|(at, _)| line.get(..at)).unwrap_or(line);
        line.trim()
    });
    let rows = lines.filter(|line| !line.is_empty()).map(|line| Row {
        location: line.to_owned(),
        ..Row::default()
    });
    rows.collect()
}

/// JSON values one after another: objects of repositories, arrays of them, and pages of a forge.
fn json(text: &str) -> Rows {
    let mut rows = Vec::new();
    let mut has_more = false;
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    loop {
        let begins = values.byte_offset();
        let Some(value) = values.next() else { break };
        let value = value.map_err(|error| (error.line(), error.to_string()))?;
        let line = line_of(text, begins);
        for object in forge::objects(&value, &mut has_more) {
            rows.push(forge::row(object).ok_or_else(|| (line, without_location()))?);
        }
    }
    if has_more {
        let message = "the last page says that there are more: ask the forge for all pages, and list them here";
        return Err((line_of(text, values.byte_offset()), String::from(message)));
    }
    Ok(rows)
}

/// The line of the first value from an offset on.
fn line_of(text: &str, offset: usize) -> usize {
    let (before, rest) = text.split_at_checked(offset).unwrap_or((text, ""));
    let blank = rest.len().saturating_sub(rest.trim_start().len());
    let until = before.len().saturating_add(blank);
    let lines = text.as_bytes().get(..until).unwrap_or_default();
    memchr::memchr_iter(b'\n', lines).count().saturating_add(1)
}

fn without_location() -> String {
    String::from("there is no `location`")
}

fn table(text: &str) -> Rows {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let line_of = |error: &csv::Error| {
        let position = error.position().map_or(1, csv::Position::line);
        usize::try_from(position).unwrap_or(usize::MAX)
    };
    let columns = reader
        .headers()
        .map_err(|error| (1, error.to_string()))?
        .clone();
    let column = |name: &str| columns.iter().position(|column| column.trim() == name);
    let location = column("location").or_else(|| column("url"));
    let location = location.ok_or_else(|| {
        let message = "the first line names no column `location`";
        (1, String::from(message))
    })?;
    let others = [
        column("ref"),
        column("owner"),
        column("policy"),
        column("size"),
    ];
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| (line_of(&error), error.to_string()))?;
        let line = record.position().map_or(1, csv::Position::line);
        let value = |at: usize| {
            let value = record.get(at).map(str::trim);
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let Some(location) = value(location) else {
            let line = usize::try_from(line).unwrap_or(usize::MAX);
            return Err((line, without_location()));
        };
        let [reference, owner, policy, size] = others.map(|at| at.and_then(value));
        let size = size.map(|size| size.parse());
        let size = size.transpose().map_err(|_| {
            let line = usize::try_from(line).unwrap_or(usize::MAX);
            (line, String::from("`size` is no number of bytes"))
        })?;
        rows.push(Row {
            location,
            reference,
            owner,
            policy,
            size,
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::{Row, json, lines, table};

    fn row(location: &str, reference: &str, owner: &str) -> Row {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Row {
            location: location.into(),
            reference: some(reference),
            owner: some(owner),
            policy: None,
            size: None,
        }
    }

    #[test]
    fn each_kind_of_list_is_read() {
        let expected = vec![row("team/a", "", ""), row("https://x/b#c", "", "")];
        let text = "# all of them\nteam/a  # the first\n\nhttps://x/b#c\n";
        assert_eq!(lines(text), expected);
        let text =
            "{\"location\": \"a\", \"ref\": \"v1\", \"owner\": \"red\"}\n\n{\"location\": \"b\"}\n";
        let expected = vec![row("a", "v1", "red"), row("b", "", "")];
        assert_eq!(json(text), Ok(expected));
        assert_eq!(json(r#"[{"location": "a"}]"#), Ok(vec![row("a", "", "")]));
        let text = "owner,location,ref\nred,\"a,b\",\n,c,v1\n";
        assert_eq!(
            table(text),
            Ok(vec![row("a,b", "", "red"), row("c", "v1", "")])
        );
    }

    #[test]
    fn the_line_that_is_wrong_is_named() {
        assert_eq!(json("{\"location\": \"a\"}\n{}").unwrap_err().0, 2);
        assert_eq!(json("{\"location\": \"a\"}\n{").unwrap_err().0, 2);
        assert_eq!(table("location\na\n\"\"\n").unwrap_err().0, 3);
        assert_eq!(table("owner\nred\n").unwrap_err().0, 1);
        assert_eq!(json("{}").unwrap_err().0, 1);
        assert_eq!(json("\n\n[{\"location\": \"a\"}, 7]").unwrap_err().0, 3);
    }

    #[test]
    fn a_page_that_is_not_the_last_is_no_list() {
        let first = r#"{"values": [{"location": "a"}], "isLastPage": false, "nextPageStart": 1}"#;
        let last = r#"{"values": [{"location": "b"}], "isLastPage": true}"#;
        let rows = vec![row("a", "", ""), row("b", "", "")];
        assert_eq!(json(&format!("{first}{last}")), Ok(rows));
        for text in [
            first,
            r#"{"values": [{"location": "a"}], "next": "https://x/?page=2"}"#,
        ] {
            assert!(
                json(text).unwrap_err().1.contains("there are more"),
                "{text}"
            );
        }
    }
}
