//! Lists of repositories: a line each, JSON lines or an export of a forge, or a table.

use std::path::Path;

use serde_json::Value;

use super::target::{Place, Target, canonical, is_url, too_many};
use crate::{
    bytes::{ByteSource as _, FileSource, Window, narrow},
    error::Error,
    limits,
};

/// The repositories that a list names, in its order. Paths in it are relative to its folder.
///
/// `.jsonl` and `.ndjson` have an object on each line, `.json` an array of such objects, `.csv` a table whose first line names the columns; any other file has a
/// path or a URL on each line, and comments after `#`. Objects and tables have `location` (or what a forge calls it), and may have `ref`, `owner`, `policy` and `size`.
///
/// # Errors
/// A list that cannot be read, with the line that is wrong.
pub fn read(path: &Path) -> Result<Vec<Target>, Error> {
    let text = text(path)?;
    let suffix = path.extension().and_then(|suffix| suffix.to_str());
    let rows = match suffix.map(str::to_ascii_lowercase).as_deref() {
        Some("jsonl" | "ndjson") => json_lines(&text),
        Some("json") => json(&text),
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

/// What a list says of one repository.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    location: String,
    reference: Option<String>,
    owner: Option<String>,
    policy: Option<String>,
    size: Option<u64>,
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

fn json_lines(text: &str) -> Rows {
    let mut rows = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let number = at.saturating_add(1);
        let value: Value =
            serde_json::from_str(line).map_err(|error| (number, error.to_string()))?;
        rows.push(object(&value).ok_or_else(|| (number, without_location()))?);
    }
    Ok(rows)
}

fn json(text: &str) -> Rows {
    let value: Value =
        serde_json::from_str(text).map_err(|error| (error.line(), error.to_string()))?;
    let Value::Array(values) = value else {
        return Err((1, String::from("it is no array of objects")));
    };
    let rows = values.iter().enumerate().map(|(at, value)| {
        let number = at.saturating_add(1);
        object(value).ok_or_else(|| (1, format!("{} (object {number})", without_location())))
    });
    rows.collect()
}

fn without_location() -> String {
    String::from("there is no `location`")
}

/// An object of ours, or of a forge's export: GitHub, Gitea and GitLab name the URL to clone differently.
fn object(value: &Value) -> Option<Row> {
    const LOCATIONS: [&str; 5] = [
        "location",
        "clone_url",
        "http_url_to_repo",
        "ssh_url",
        "url",
    ];
    const OWNERS: [&str; 4] = ["login", "full_path", "username", "name"];
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let location = LOCATIONS.into_iter().find_map(text)?;
    let of_object = |owner: &Value| {
        let mut names = OWNERS.into_iter();
        names.find_map(|key| owner.get(key).and_then(Value::as_str).map(str::to_owned))
    };
    let owner = text("owner").or_else(|| {
        let owner = value.get("owner").or_else(|| value.get("namespace"));
        owner.and_then(of_object)
    });
    let reference = text("ref");
    let policy = text("policy");
    (!location.trim().is_empty()).then_some(Row {
        location,
        reference,
        owner,
        policy,
        size: size(value),
    })
}

/// Bytes of a repository: what `size` says in a list of ours, and in a forge's export what the forge calls it. GitHub and Gitea count
/// in KiB.
fn size(value: &Value) -> Option<u64> {
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64);
    if let Some(statistics) = value.get("statistics") {
        return number(statistics, "repository_size");
    }
    let size = number(value, "size")?;
    if value.get("location").is_some() {
        return Some(size);
    }
    Some(size.saturating_mul(1024))
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
    use super::{Row, json, json_lines, lines, table};

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
        let text = r#"{"location": "a", "ref": "v1", "owner": "red"}

{"clone_url": "https://x/b.git", "url": "https://api.x/b", "owner": {"login": "blue", "id": 7}}
{"http_url_to_repo": "https://y/c.git", "namespace": {"full_path": "green/sub"}}"#;
        let expected = vec![
            row("a", "v1", "red"),
            row("https://x/b.git", "", "blue"),
            row("https://y/c.git", "", "green/sub"),
        ];
        assert_eq!(json_lines(text), Ok(expected));
        assert_eq!(json(r#"[{"location": "a"}]"#), Ok(vec![row("a", "", "")]));
        let text = "owner,location,ref\nred,\"a,b\",\n,c,v1\n";
        assert_eq!(
            table(text),
            Ok(vec![row("a,b", "", "red"), row("c", "v1", "")])
        );
    }

    #[test]
    fn the_line_that_is_wrong_is_named() {
        assert_eq!(json_lines("{\"location\": \"a\"}\n{}").unwrap_err().0, 2);
        assert_eq!(json_lines("{\"location\": \"a\"}\n{").unwrap_err().0, 2);
        assert_eq!(table("location\na\n\"\"\n").unwrap_err().0, 3);
        assert_eq!(table("owner\nred\n").unwrap_err().0, 1);
        assert_eq!(json("{}").unwrap_err().0, 1);
    }
}
