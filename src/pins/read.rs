//! Reads a lock file, line by line.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{Lock, LockError, Pin, conflict, scalar};
use crate::fact::Text;

/// Errors that one run tells.
const MOST: usize = 20;

/// A key of a pin.
#[derive(Debug, Clone, Copy)]
pub struct PinKey {
    /// Its name.
    pub name: &'static str,
    /// What is written after it.
    pub value: &'static str,
    /// What it is, in one phrase.
    pub summary: &'static str,
}

/// The keys of a pin.
pub const KEYS: &[PinKey] = &[
    PinKey {
        name: "path",
        value: "a path",
        summary: "the file, from the root of the repository; required",
    },
    PinKey {
        name: "sha256",
        value: "64 hexadecimal digits",
        summary: "the digest of its content; required",
    },
    PinKey {
        name: "size",
        value: "a number",
        summary: "its bytes; required",
    },
    PinKey {
        name: "formats",
        value: "a list of texts",
        summary: "what it was read as",
    },
    PinKey {
        name: "globals",
        value: "a list of texts",
        summary: "what loading it may resolve",
    },
    PinKey {
        name: "more-globals",
        value: "a number",
        summary: "globals that are not listed",
    },
    PinKey {
        name: "loaded-by",
        value: "a list of texts",
        summary: "the calls in source that load it",
    },
];

/// What mends a file that a person or a program edited.
const AGAIN: &str = "restore the file from git, or delete it and run `weighbridge freeze`";

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// What is wrong with it, in the order of its lines; never empty.
    pub fn parse(text: &str) -> Result<Self, Vec<LockError>> {
        if let Some(error) = conflict::markers(text) {
            return Err(vec![error]);
        }
        let mut reading = Reading::default();
        let mut start = 0;
        for (line, number) in text.split_inclusive('\n').zip(1_u32..) {
            let content = line.strip_suffix('\n').unwrap_or(line);
            let content = content.strip_suffix('\r').unwrap_or(content);
            reading.line(content, start, number);
            start = start.saturating_add(line.len());
        }
        reading.finish(text.len())
    }
}

/// Whether a path can be that of a file below the root: no part of it is empty, `.`, `..` or git's own folder.
pub fn is_path(path: &Text) -> bool {
    let bytes = path.as_bytes();
    let mut parts = bytes.split(|b| *b == b'/');
    !bytes.contains(&0)
        && parts
            .all(|part| !matches!(part, b"" | b"." | b"..") && !part.eq_ignore_ascii_case(b".git"))
}

#[derive(Default)]
struct Reading {
    pins: Vec<Pin>,
    /// Where the first line of each pin is.
    places: Vec<Range<usize>>,
    /// The key whose items follow.
    list: Option<&'static str>,
    /// The keys that the pin has.
    seen: Vec<&'static str>,
    version: bool,
    artifacts: bool,
    errors: Vec<LockError>,
}

impl Reading {
    fn line(&mut self, line: &str, start: usize, number: u32) {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            return;
        }
        let indented = line.len().saturating_sub(line.trim_start().len());
        let place = start.saturating_add(indented)..start.saturating_add(line.trim_end().len());
        if let Some(pair) = line.strip_prefix("  - ") {
            self.end_pin();
            self.pins.push(Pin {
                line: number,
                ..Pin::default()
            });
            self.places.push(place.clone());
            self.key(pair, place);
        } else if let Some(item) = line.strip_prefix("      - ") {
            self.item(item, place);
        } else if let Some(pair) = line.strip_prefix("    ") {
            self.key(pair, place);
        } else {
            self.top(line, place);
        }
    }

    fn error(&mut self, range: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        if self.errors.len() < MOST {
            self.errors.push(LockError {
                range,
                message: message.into(),
                help: help.into(),
            });
        }
    }

    fn top(&mut self, line: &str, place: Range<usize>) {
        self.list = None;
        match line {
            "version: 1" if !self.version => self.version = true,
            "artifacts:" | "artifacts: []" if self.version && !self.artifacts => {
                self.artifacts = true;
            }
            line if line.starts_with("version: ") && !self.version => {
                self.version = true;
                self.error(
                    place,
                    "this version of the lock file is not known",
                    "this version of weighbridge reads `version: 1`; update it",
                );
            }
            _ => self.error(place, "this line is none of a lock file", AGAIN),
        }
    }

    fn key(&mut self, pair: &str, place: Range<usize>) {
        self.list = None;
        let (key, value) = pair.split_once(':').unwrap_or((pair, ""));
        let Some(key) = KEYS
            .iter()
            .map(|known| known.name)
            .find(|known| *known == key)
        else {
            self.error(place, "this line is none of a lock file", AGAIN);
            return;
        };
        if self.seen.contains(&key) {
            self.error(place, format!("`{key}` occurs twice in a pin"), AGAIN);
            return;
        }
        self.seen.push(key);
        let value = value.strip_prefix(' ').unwrap_or(value);
        let wrong = match (key, self.pins.last_mut()) {
            (_, None) => Some(("a pin begins with `- path:`", AGAIN)),
            ("path", Some(pin)) => match scalar::text(value) {
                Some(path) if is_path(&path) => {
                    pin.path = path;
                    None
                }
                Some(_) => Some((
                    "this path leads out of the repository",
                    "a pin is of a file below the root, named from there: `models/a.pt`",
                )),
                None => Some(("this is not a path", AGAIN)),
            },
            ("sha256", Some(pin)) => match scalar::unquoted_digest(value) {
                Ok(digest) => {
                    pin.sha256 = digest;
                    None
                }
                Err(why) => Some((
                    why,
                    "`sha256sum FILE` prints it; `weighbridge freeze --update FILE` writes it",
                )),
            },
            ("size", Some(pin)) => number(value, &mut pin.size),
            ("more-globals", Some(pin)) => number(value, &mut pin.more_globals),
            (list, Some(_)) if value.is_empty() => {
                self.list = Some(list);
                None
            }
            (_, Some(_)) => Some(("a list begins on the next line", AGAIN)),
        };
        if let Some((message, help)) = wrong {
            self.error(place, message, help);
        }
    }

    fn item(&mut self, item: &str, place: Range<usize>) {
        let text = scalar::text(item);
        match (self.list, self.pins.last_mut(), text) {
            (Some("formats"), Some(pin), Some(text)) => pin.formats.push(text.to_string()),
            (Some("globals"), Some(pin), Some(text)) => pin.globals.push(text),
            (Some("loaded-by"), Some(pin), Some(text)) => pin.loaded_by.push(text),
            (Some(_), Some(_), None) => self.error(place, "this is not a text", AGAIN),
            _ => self.error(place, "this line is none of a lock file", AGAIN),
        }
    }

    /// Whether the last pin has what every pin has.
    fn end_pin(&mut self) {
        let missing = ["path", "sha256", "size"];
        let missing = missing.iter().find(|key| !self.seen.contains(key));
        let place = self.places.last().cloned();
        if let (Some(missing), Some(place)) = (missing, place) {
            self.error(place, format!("this pin has no `{missing}`"), AGAIN);
        }
        if !self.artifacts && self.pins.len() == 1 {
            let place = self.places.last().cloned().unwrap_or_default();
            self.error(place, "there is no `artifacts:` above the pins", AGAIN);
        }
        self.seen.clear();
        self.list = None;
    }

    fn finish(mut self, length: usize) -> Result<Lock, Vec<LockError>> {
        self.end_pin();
        if !self.version {
            let help = "a lock file begins with `version: 1`; `weighbridge freeze` writes one";
            self.error(0..length.min(1), "the lock file has no `version`", help);
        }
        let mut known: FxHashMap<&Text, u32> = FxHashMap::default();
        let mut twice = Vec::new();
        for (pin, place) in self.pins.iter().zip(&self.places) {
            if let Some(line) = known.insert(&pin.path, pin.line)
                && !pin.path.is_empty()
            {
                twice.push((
                    place.clone(),
                    format!("`{}` is pinned in line {line} already", pin.path),
                ));
            }
        }
        for (place, message) in twice {
            self.error(
                place,
                message,
                "remove one of the two, then run `weighbridge freeze --check`",
            );
        }
        if self.errors.is_empty() {
            return Ok(Lock::new(self.pins));
        }
        self.errors.sort_by_key(|error| error.range.start);
        Err(self.errors)
    }
}

/// A number as it is written, or what is wrong with it.
fn number(value: &str, into: &mut u64) -> Option<(&'static str, &'static str)> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits => {
            *into = number;
            None
        }
        _ => Some(("this is not a number", AGAIN)),
    }
}
