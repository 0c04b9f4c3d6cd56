//! A lock file that git could not merge: both sides are in it, between markers.

use super::{Lock, LockError, Pin};

/// What git writes at the start of the lines around and between the sides of a conflict.
const OURS: &str = "<<<<<<<";
const BASE: &str = "|||||||";
const THEIRS: &str = "=======";
const END: &str = ">>>>>>>";

/// Whether a line is a marker of this kind: nothing but a space and a name may follow.
fn is(line: &str, marker: &str) -> bool {
    let rest = line.trim_end().strip_prefix(marker);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// The error that says how to resolve a conflict, at its first line.
pub(super) fn markers(text: &str) -> Option<LockError> {
    let mut start = 0_usize;
    for line in text.split_inclusive('\n') {
        if is(line, OURS) {
            return Some(LockError {
                range: start..start.saturating_add(line.trim_end().len()),
                message: String::from("git could not merge the lock file: two branches changed it"),
                help: String::from(
                    "run `weighbridge freeze`: it keeps the pins of both sides, of two for one file the one that the file \
                     matches; then `git add` the lock file",
                ),
            });
        }
        start = start.saturating_add(line.len());
    }
    None
}

/// The pins of both sides of a lock file with conflicts. Where they differ about a file, `holds` decides: the first pin of which it
/// says so counts, and ours if it says so of none. Pins that one side alone has are kept: what the other side removed can be
/// removed again. `None` if there is no conflict, or a side does not read as a lock file.
pub fn merge(text: &str, holds: impl Fn(&Pin) -> bool) -> Option<Merged> {
    markers(text)?;
    let (mut ours, mut theirs) = (String::new(), String::new());
    let mut side = THEIRS;
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        match [OURS, BASE, THEIRS, END]
            .iter()
            .find(|marker| is(line, marker))
        {
            Some(&END) => inside = false,
            Some(marker) => (inside, side) = (true, marker),
            None if !inside => {
                ours.push_str(line);
                theirs.push_str(line);
            }
            None if side == OURS => ours.push_str(line),
            None if side == THEIRS => theirs.push_str(line),
            None => {}
        }
    }
    let (ours, theirs) = (Lock::parse(&ours).ok()?, Lock::parse(&theirs).ok()?);
    let mut decided = Vec::new();
    let others = theirs
        .pins()
        .iter()
        .filter(|pin| ours.get(&pin.path).is_none());
    let mut pins: Vec<Pin> = others.cloned().collect();
    for pin in ours.pins() {
        let other = theirs
            .get(&pin.path)
            .filter(|other| other.sha256 != pin.sha256);
        let chosen = match other {
            Some(other) if !holds(pin) && holds(other) => other,
            _ => pin,
        };
        if other.is_some() {
            decided.push(chosen.clone());
        }
        pins.push(chosen.clone());
    }
    Some(Merged {
        lock: Lock::new(pins),
        decided,
    })
}

/// What two sides of a conflict come to.
#[derive(Debug)]
pub struct Merged {
    /// The pins of both.
    pub lock: Lock,
    /// The pins that were chosen where the sides differ about a file's bytes.
    pub decided: Vec<Pin>,
}

#[cfg(test)]
mod tests {
    use super::merge;
    use crate::pins::{Lock, Pin};

    fn pin(path: &str, digit: char) -> Pin {
        Pin {
            path: path.into(),
            sha256: String::from(digit).repeat(64),
            size: 1,
            ..Pin::default()
        }
    }

    #[test]
    fn of_two_pins_the_one_that_holds_is_kept() {
        let whole = Lock::new([pin("a", 'a')]).text();
        let (head, block) = whole.split_at(whole.find("  - path").unwrap());
        let other = block.replace(&"a".repeat(64), &"b".repeat(64));
        let more = Lock::new([pin("c", 'c')]).text();
        let (_, more) = more.split_at(more.find("  - path").unwrap());
        for base in ["", "||||||| 1234567\n  - path: gone\n"] {
            let text =
                format!("{head}<<<<<<< HEAD\n{block}{base}=======\n{other}{more}>>>>>>> branch\n");
            let errors = Lock::parse(&text).unwrap_err();
            assert!(errors[0].help.contains("weighbridge freeze"));
            let merged = merge(&text, |pin| pin.sha256.starts_with('b')).unwrap();
            assert_eq!(merged.lock, Lock::new([pin("a", 'b'), pin("c", 'c')]));
            assert_eq!(merged.decided, [pin("a", 'b')]);
            let merged = merge(&text, |_| false).unwrap();
            assert_eq!(merged.decided, [pin("a", 'a')]);
        }
        assert!(merge(&whole, |_| true).is_none());
    }
}
