//! Strings of a source that may be put together to a watched name, or spell one with escapes.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::words::{has_word, is_word, word_before};
use crate::loader::{LAST_WORDS, VARIABLES};

/// Words without one of which no source makes a name of a string.
pub(super) static MECHANISMS: &[&str] = &[
    "__dict__",
    "__import__",
    "getattr",
    "import_module",
    "modules",
    "setattr",
    "vars",
];

/// What a string may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelt {
    Switch,
    Name,
    /// What makes an attribute of a string.
    Attribute,
    /// What makes a module of a string.
    Import,
    Module,
}

/// Whether a mechanism makes a module of a string, and not an attribute.
pub(super) fn imports_by_name(word: &str) -> bool {
    matches!(word, "__import__" | "import_module" | "modules")
}

/// Every word that a string may stand for.
pub(super) static SPELT: LazyLock<Vec<(&'static str, Spelt)>> = LazyLock::new(|| {
    let mut modules: Vec<&str> = LAST_WORDS
        .iter()
        .flat_map(|(_, modules)| modules.iter().copied())
        .collect();
    modules.sort_unstable();
    modules.dedup();
    let switches = VARIABLES
        .iter()
        .map(|variable| (variable.name, Spelt::Switch));
    let names = LAST_WORDS.iter().map(|(word, _)| (*word, Spelt::Name));
    let mechanisms = MECHANISMS.iter().map(|word| {
        let import = imports_by_name(word);
        (
            *word,
            if import {
                Spelt::Import
            } else {
                Spelt::Attribute
            },
        )
    });
    let modules = modules.into_iter().map(|word| (word, Spelt::Module));
    switches
        .chain(names)
        .chain(mechanisms)
        .chain(modules)
        .collect()
});

/// Of which word something is a part, and from which of its letters to which.
type Part = (usize, usize, u32);

/// Every part of such a word but the whole.
static PARTS: LazyLock<FxHashMap<&'static [u8], Vec<Part>>> = LazyLock::new(|| {
    let mut parts: FxHashMap<&[u8], Vec<Part>> = FxHashMap::default();
    for (place, (word, _)) in SPELT.iter().enumerate() {
        for length in 1..word.len() {
            for (at, part) in word.as_bytes().windows(length).enumerate() {
                let end = u32::try_from(at.saturating_add(length)).unwrap_or(u32::MAX);
                parts.entry(part).or_default().push((place, at, end));
            }
        }
    }
    parts
});

/// Whether any of the modules is named.
pub(super) fn names_a_module(bytes: &[u8]) -> bool {
    let mut modules = SPELT.iter().filter(|(_, spelt)| *spelt == Spelt::Module);
    modules.any(|(word, _)| has_word(bytes, word))
}

/// The literals that are parts of such words: for each word, from which of its letters to which some literal leads.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// A bit for each end, for each beginning, for each word.
    parts: Vec<Vec<u64>>,
    /// Words that a literal with escapes is.
    spelt: Vec<&'static str>,
}

impl Pieces {
    /// The literals of a text.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let parts = SPELT.iter().map(|(word, _)| vec![0; word.len()]).collect();
        let mut pieces = Self {
            parts,
            ..Self::default()
        };
        let mut decoded = Vec::new();
        let mut known: FxHashSet<Vec<u8>> = FxHashSet::default();
        for at in memchr::memchr2_iter(b'"', b'\'', bytes) {
            let rest = bytes.get(at.saturating_add(1)..).unwrap_or_default();
            let plain = rest
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
                .count();
            match rest.get(plain) {
                Some(b'"' | b'\'') if plain == 1 && !is_part_of_more(bytes, at, 1) => {}
                Some(b'"' | b'\'') if plain > 0 => {
                    let literal = rest.get(..plain).unwrap_or_default();
                    if !known.contains(literal) {
                        pieces.add(literal);
                        known.insert(literal.to_vec());
                    }
                }
                Some(b'\\') => match decode(rest, &mut decoded) {
                    // As for a letter that is written out.
                    Decoded::Literal(length)
                        if decoded.len() == 1 && !is_part_of_more(bytes, at, length) => {}
                    Decoded::Literal(_) => {
                        for part in decoded.split(|b| *b == b'.') {
                            let mut words = SPELT.iter().map(|(word, _)| *word);
                            pieces
                                .spelt
                                .extend(words.find(|word| word.as_bytes() == part));
                        }
                        pieces.add(&decoded);
                    }
                    Decoded::Other => {}
                },
                _ => {}
            }
        }
        pieces
    }

    /// Adds a literal: what is before its first dot may go on with a word, what is behind its last may begin one.
    fn add(&mut self, literal: &[u8]) {
        let first = literal.split(|b| *b == b'.').next();
        let last = literal.rsplit(|b| *b == b'.').next();
        for piece in [first, last]
            .into_iter()
            .flatten()
            .filter(|piece| !piece.is_empty())
        {
            for (word, at, end) in PARTS.get(piece).into_iter().flatten() {
                if let Some(part) = self.parts.get_mut(*word).and_then(|it| it.get_mut(*at)) {
                    *part |= 1_u64.checked_shl(*end).unwrap_or_default();
                }
            }
        }
    }

    /// Whether some word of a kind can be put together, or is spelt with escapes.
    pub(super) fn make(&self, kind: Spelt) -> bool {
        SPELT.iter().zip(&self.parts).any(|((word, spelt), parts)| {
            if *spelt != kind {
                return false;
            }
            let mut reached = 1_u64;
            for (at, part) in (0..).zip(parts) {
                if reached.checked_shr(at).unwrap_or_default() & 1 == 1 {
                    reached |= part;
                }
            }
            let end = u32::try_from(word.len()).unwrap_or(u32::MAX);
            let whole = reached.checked_shr(end).unwrap_or_default() & 1 == 1;
            whole || self.spelt.contains(word)
        })
    }
}

enum Decoded {
    /// A literal of letters, digits and dots, and its length as it is written.
    Literal(usize),
    /// Something else.
    Other,
}

/// Whether a literal of one letter may be joined with others, or has a name: letters in lists are many, and no name is
/// followed to them. `at` is where its quote stands, `length` that of the letter as it is written.
fn is_part_of_more(bytes: &[u8], at: usize, length: usize) -> bool {
    let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\x0c' | b'\n' | b'\r' | b'\\' | b')');
    let after = bytes
        .get(at.saturating_add(length).saturating_add(2)..)
        .unwrap_or_default();
    let (next, then) = match after.iter().position(|b| !blank(&b)) {
        Some(found) => after
            .split_at_checked(found)
            .unwrap_or_default()
            .1
            .split_at_checked(1),
        None => None,
    }
    .unwrap_or_default();
    let part = |b: &u8| is_word(*b) || *b == b'.';
    let ends = |b: Option<&u8>| matches!(b, Some(b'"' | b'\'' | b'\\'));
    match next {
        // What joins, a comment, the prefix of another literal.
        b"+" | b"#" => return true,
        [b'r' | b'R' | b'u' | b'U' | b'b' | b'B' | b'f' | b'F'] if ends(then.first()) => {
            return true;
        }
        // Another literal, which is a part as well; the end of the one that this stands in is none.
        b"\"" | b"'" if ends(then.iter().find(|b| !part(b))) => return true,
        _ => {}
    }
    let before = bytes.get(..at).unwrap_or_default();
    let prefix = before
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_alphabetic())
        .count();
    let before = match prefix {
        1 | 2 => before
            .get(..before.len().saturating_sub(prefix))
            .unwrap_or_default(),
        _ => before,
    };
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\x0c' | b'\n' | b'\r' | b'\\');
    let kept = before
        .iter()
        .rposition(|b| !blank(b))
        .map_or(0, |at| at.saturating_add(1));
    let (front, gap) = before.split_at_checked(kept).unwrap_or_default();
    match front {
        [] | [.., b'+'] => true,
        [rest @ .., b'"' | b'\''] => ends(rest.iter().rev().find(|b| !part(b))),
        [.., b'=' | b'!' | b'<' | b'>', b'='] => false,
        [rest @ .., b'='] => !is_keyword(rest),
        // Brackets around it alone, and not those of a call.
        [.., _, b'('] if next == b"," => false,
        [.., last, b'('] => !is_word(*last) && !matches!(last, b')' | b']'),
        [.., b'[' | b',' | b'{' | b':' | b'('] => false,
        // What is before that may be the end of a comment.
        [.., last] => gap.contains(&b'\n') || matches!(last, b'#' | b';'),
    }
}

/// Whether what stands before `=` is a keyword or a default, not a target.
fn is_keyword(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let name = word_before(before, before.len());
    let rest = before
        .get(..before.len().saturating_sub(name))
        .unwrap_or_default();
    name > 0 && matches!(rest.trim_ascii_end().last(), Some(b',' | b'('))
}

/// The letter that `{LATIN SMALL LETTER L}` and its like stand for, and how long that is.
fn named(name: &[u8]) -> Option<(u8, usize)> {
    let end = memchr::memchr(b'}', name.get(..64).unwrap_or(name))?;
    let text = name.get(..end)?.strip_prefix(b"{")?.to_ascii_uppercase();
    let letter = match text.as_slice() {
        b"LOW LINE" => b'_',
        b"FULL STOP" => b'.',
        b"DIGIT FIVE" => b'5',
        _ => match text.strip_prefix(b"LATIN CAPITAL LETTER ") {
            Some([letter]) => *letter,
            Some(_) => return None,
            None => match text.strip_prefix(b"LATIN SMALL LETTER ")? {
                [letter] => letter.to_ascii_lowercase(),
                _ => return None,
            },
        },
    };
    Some((letter, end.saturating_add(1)))
}

/// What a literal with escapes stands for, from behind its quote on.
fn decode(rest: &[u8], out: &mut Vec<u8>) -> Decoded {
    out.clear();
    let mut at = 0_usize;
    let from = |at: usize, by: usize| rest.get(at.saturating_add(by)..).unwrap_or_default();
    loop {
        match rest.get(at) {
            Some(b'"' | b'\'') if !out.is_empty() => return Decoded::Literal(at),
            Some(b) if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.') => {
                out.push(*b);
                at = at.saturating_add(1);
            }
            Some(b'\\') => {
                let (base, start, most) = match from(at, 1).first() {
                    Some(b'x') => (16, 2, 2),
                    Some(b'u') => (16, 2, 4),
                    Some(b'U') => (16, 2, 8),
                    Some(b'0'..=b'7') => (8, 1, 3),
                    Some(b'N') => {
                        let Some((letter, length)) = named(from(at, 2)) else {
                            return Decoded::Other;
                        };
                        out.push(letter);
                        at = at.saturating_add(2).saturating_add(length);
                        continue;
                    }
                    Some(b'\n') => {
                        at = at.saturating_add(2);
                        continue;
                    }
                    Some(b'\r') => {
                        let both = from(at, 2).first() == Some(&b'\n');
                        at = at.saturating_add(if both { 3 } else { 2 });
                        continue;
                    }
                    _ => return Decoded::Other,
                };
                let digits = from(at, start).iter();
                let digits: Vec<u32> = digits
                    .take(most)
                    .map_while(|b| char::from(*b).to_digit(base))
                    .collect();
                let code = digits.iter().fold(0_u32, |code, digit| {
                    code.saturating_mul(base).saturating_add(*digit)
                });
                match u8::try_from(code) {
                    Ok(b) if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.') => out.push(b),
                    _ => return Decoded::Other,
                }
                at = at.saturating_add(start).saturating_add(digits.len());
            }
            _ => return Decoded::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MECHANISMS, SPELT};

    #[test]
    fn every_word_has_a_bit() {
        assert!(MECHANISMS.is_sorted(), "a binary search needs it");
        assert!(SPELT.iter().all(|(word, _)| word.len() < 64));
    }
}
