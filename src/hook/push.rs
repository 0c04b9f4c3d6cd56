//! What git says to a hook about a push: a line for each ref, on standard input.
//!
//! `pre-receive` is told `<old> <new> <ref>`, `pre-push` `<local ref> <local id> <remote ref> <remote id>`; an id of zeros
//! is "none". What does not read exactly like that is an error: a push that is not understood is not let through.

use std::io::Read;

use crate::{error::Error, fact::Text, limits};

/// A ref that a push moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Where it is on the receiving side; `None` if it is new.
    pub old: Option<String>,
    /// Where it is to be: 40 or 64 lower-case digits; `None` if it is deleted.
    pub new: Option<String>,
    /// Its name on the receiving side.
    pub name: Text,
}

impl Update {
    /// Whether it moves a branch or a tag of the receiving side.
    pub fn is_of_branch_or_tag(&self) -> bool {
        let name = self.name.as_bytes();
        name.starts_with(b"refs/heads/") || name.starts_with(b"refs/tags/")
    }
}

/// What `pre-receive` is told. At least one ref is moved, or git would not have asked.
///
/// # Errors
/// Input that cannot be read, is malformed, too long or empty.
pub fn received(input: impl Read) -> Result<Vec<Update>, Error> {
    let updates = lines(input, "pre-receive", |line| {
        let mut words = line.split(|byte| *byte == b' ');
        let update = Update {
            old: id(words.next()?)?,
            new: id(words.next()?)?,
            name: name_of(words.next()?)?,
        };
        words.next().is_none().then_some(update)
    })?;
    if updates.is_empty() {
        return Err(refused(
            "pre-receive",
            String::from("standard input is empty"),
        ));
    }
    Ok(updates)
}

/// What `pre-push` is told; nothing if the remote is up to date.
///
/// # Errors
/// Input that cannot be read, is malformed or too long.
pub fn pushed(input: impl Read) -> Result<Vec<Update>, Error> {
    lines(input, "pre-push", |line| {
        // From the end: what is pushed may be any expression that names a commit, `HEAD@{1 day ago}` for one.
        let mut words = line.rsplitn(4, |byte| *byte == b' ');
        let old = id(words.next()?)?;
        let name = name_of(words.next()?)?;
        let new = id(words.next()?)?;
        words.next()?;
        Some(Update { old, new, name })
    })
}

fn lines(
    input: impl Read,
    hook: &str,
    parse: impl Fn(&[u8]) -> Option<Update>,
) -> Result<Vec<Update>, Error> {
    let mut bytes = Vec::new();
    input
        .take(limits::PUSH_LINES.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| refused(hook, format!("standard input cannot be read: {error}")))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits::PUSH_LINES {
        let limit = limits::PUSH_LINES >> 20;
        return Err(refused(
            hook,
            format!("standard input is longer than {limit} MiB"),
        ));
    }
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut updates: Vec<Update> = Vec::new();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let Some(update) = parse(line) else {
            let shown = Text::new(line.get(..line.len().min(120)).unwrap_or(line));
            return Err(refused(
                hook,
                format!("line {} of standard input is `{shown}`", at + 1),
            ));
        };
        updates.push(update);
    }
    Ok(updates)
}

fn refused(hook: &str, message: String) -> Error {
    let form = match hook {
        "pre-push" => "<local ref> <local id> <remote ref> <remote id>",
        _ => "<old id> <new id> <ref>",
    };
    Error::Usage {
        message,
        help: format!(
            "git passes a line `{form}` for each ref to {hook}; a push that cannot be parsed is refused"
        ),
    }
}

/// An object id; `Some(None)` for zeros.
#[allow(clippy::option_option, reason = "no id, and the id that says none")]
fn id(word: &[u8]) -> Option<Option<String>> {
    let digits = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if !matches!(word.len(), 40 | 64) || !word.iter().all(digits) {
        return None;
    }
    if word.iter().all(|byte| *byte == b'0') {
        return Some(None);
    }
    String::from_utf8(word.to_vec()).ok().map(Some)
}

fn name_of(word: &[u8]) -> Option<Text> {
    let plain = |byte: &u8| !byte.is_ascii_control();
    (!word.is_empty() && word.iter().all(plain)).then(|| Text::new(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_of_either_length_are_none() {
        let (a, zero) = ("a".repeat(40), "0".repeat(40));
        let input = format!("{zero} {a} refs/heads/new\n{a} {zero} refs/heads/gone\n");
        let updates = received(input.as_bytes()).unwrap();
        assert_eq!(updates[0].old, None);
        assert_eq!(updates[0].new.as_deref(), Some(a.as_str()));
        assert_eq!(updates[1].new, None);
        let (a, zero) = ("a".repeat(64), "0".repeat(64));
        let input = format!("refs/heads/main {a} refs/heads/main {zero}");
        let updates = pushed(input.as_bytes()).unwrap();
        assert_eq!(updates[0].new.as_deref(), Some(a.as_str()));
        assert_eq!(updates[0].old, None);
        assert_eq!(updates[0].name.to_string(), "refs/heads/main");
        assert_eq!(pushed(&b""[..]).unwrap(), []);
        let input = format!("HEAD@{{1 day ago}} {a} refs/heads/main {zero}\n");
        assert_eq!(pushed(input.as_bytes()).unwrap(), updates);
    }

    #[test]
    fn what_is_malformed_is_an_error() {
        let a = "a".repeat(40);
        for line in [
            String::new(),
            String::from("\n"),
            format!("{a} {a}\n"),
            format!("{a} {a} \n"),
            format!("{a} {a} x y\n"),
            format!("{a} {} x\n", "a".repeat(41)),
            format!("{a} {} x\n", "A".repeat(40)),
            format!("{a} {} x\n", "g".repeat(40)),
            format!("{a}  {a} x\n"),
            format!("{a} {a} x\x1b[2J\n"),
            format!("{a} {a} x\n\n"),
            format!("{a} {a} x\r\n"),
        ] {
            assert!(received(line.as_bytes()).is_err(), "{line:?}");
        }
        let long = std::io::repeat(b'a');
        assert!(received(long).unwrap_err().to_string().contains("MiB"));
    }
}
