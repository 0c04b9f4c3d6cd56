//! Which source has to be parsed at all, from its text alone.
//!
//! A fact needs a watched name or a switch, and a name gets into source in few ways. It is written out as a whole word: after
//! a dot, in the list of an import, or, with `from m import *`, by itself. Or a string becomes a name, by `getattr`, `vars`,
//! `__dict__`, `import_module`, `__import__` or `sys.modules`: then that word is there, and the string is written out as
//! well, unless it is spelt with escapes or put together of literals, of which the first is a beginning of the word and the
//! last an end. Identifiers that are not ASCII are normalised by the grammar, so characters that stand for ASCII letters
//! count as hiding something. Where none of this holds, no walk over the syntax finds anything, and none is made.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use unicode_normalization::UnicodeNormalization as _;

use super::watched;

/// What the text of a source shows.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Watched names may stand there without being written out: all of it has to be parsed.
    pub(super) hidden: bool,
    /// Watched names that are written out, in order.
    pub(super) names: Vec<Hit>,
    /// Where the name of a switch begins.
    pub(super) switches: Vec<usize>,
}

/// The last word of a watched name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) role: Role,
}

/// How a word stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// After a dot and before a parenthesis: `torch.load(`.
    Called,
    /// After a dot, or where it could be in the list of an import.
    Named,
    /// The whole of a string.
    Quoted,
    /// By itself: only another name that is written out, or `import *`, can make it stand for something.
    Bare,
}

/// What is looked for at once, and what it is a part of.
static WORDS: &[&str] = &[
    "load",
    "npickler",
    "read_array",
    "read_pickle",
    "NpzFile",
    "TORCH_FORCE_",
    "etattr",
    "vars",
    "__dict__",
    "import_module",
    "__import__",
    "modules",
];

/// Finds the words. Patterns of this table always make an automaton; without one everything is parsed.
static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::LeftmostFirst);
    builder.build(WORDS).ok()
});

impl Look {
    /// Looks at a source.
    pub(super) fn at(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut look = Self {
            hidden: !text.is_ascii() && text.chars().any(folds),
            ..Self::default()
        };
        let Some(finder) = FINDER.as_ref() else {
            look.hidden = true;
            return look;
        };
        let mut mechanism = false;
        let mut end = 0;
        for found in finder.find_iter(bytes) {
            // One word is looked at once.
            if found.start() < end {
                continue;
            }
            let start = found.start() - word_before(bytes, found.start());
            end = found.end() + word_after(bytes, found.end());
            let word = text.get(start..end).unwrap_or_default();
            if watched::variables().contains(&word) {
                look.switches.push(start);
            } else if watched::mechanisms().binary_search(&word).is_ok() {
                mechanism = true;
            } else if row(word).is_some() {
                let role = role(bytes, start, end);
                look.names.push(Hit { start, end, role });
            }
        }
        let switch = look.switches.is_empty() && begins_a_switch(bytes);
        look.hidden = look.hidden
            || mechanism && look.names.iter().any(|hit| hit.role == Role::Quoted)
            || (mechanism || switch) && Pieces::of(bytes, mechanism).make_a_word();
        // A module that is named nowhere, and cannot be hidden either, is not there.
        if !look.hidden {
            let mut there: Vec<(&str, bool)> = Vec::new();
            look.names.retain(|hit| {
                let word = text.get(hit.start..hit.end).unwrap_or_default();
                if let Some((_, there)) = there.iter().find(|(known, _)| *known == word) {
                    return *there;
                }
                let modules = row(word).unwrap_or_default();
                let named = modules.iter().any(|module| has_word(bytes, module));
                there.push((word, named));
                named
            });
        }
        look
    }

    /// Whether parsing could make a fact.
    pub(super) fn may_matter(&self, text: &str) -> bool {
        let named = |hit: &Hit| matches!(hit.role, Role::Called | Role::Named);
        self.hidden
            || !self.switches.is_empty()
            || self.names.iter().any(named)
            || !self.names.is_empty() && imports_all(text.as_bytes())
    }
}

/// The modules of which one must stand beside this last word of a watched name.
fn row(word: &str) -> Option<&'static [&'static str]> {
    let names = watched::names();
    let at = names.binary_search_by_key(&word, |(name, _)| name).ok()?;
    names.get(at).map(|(_, modules)| *modules)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Bytes of the same word before an offset.
fn word_before(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    before.iter().rev().take_while(|b| is_word(**b)).count()
}

/// Bytes of the same word from an offset on.
fn word_after(bytes: &[u8], at: usize) -> usize {
    let after = bytes.get(at..).unwrap_or_default();
    after.iter().take_while(|b| is_word(**b)).count()
}

/// Whether a whole word is there.
fn has_word(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find_iter(bytes, word).any(|at| {
        let beside = [at.checked_sub(1), at.checked_add(word.len())];
        let mut beside = beside.into_iter().flatten();
        !beside.any(|at| bytes.get(at).is_some_and(|b| is_word(*b)))
    })
}

/// How a word stands in the text.
fn role(bytes: &[u8], start: usize, end: usize) -> Role {
    let (before, after) = (
        bytes.get(..start).unwrap_or_default(),
        bytes.get(end..).unwrap_or_default(),
    );
    let quotes = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\''));
    if quotes(before.last()) && quotes(after.first()) {
        return Role::Quoted;
    }
    // What may stand between the tokens of a line, or of brackets.
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\x0c' | b'\n' | b'\r' | b'\\');
    let last = before.iter().rposition(|b| !blank(b));
    let kept = last.map_or(0, |at| at.saturating_add(1));
    let (front, gap) = before.split_at_checked(kept).unwrap_or_default();
    // A line may end with a comment, and what is before that cannot be told from here.
    let comment = (gap.contains(&b'\n') || gap.contains(&b'\r')) && {
        let line = memchr::memrchr2(b'\n', b'\r', front).map_or(0, |at| at.saturating_add(1));
        front.get(line..).is_some_and(|line| line.contains(&b'#'))
    };
    let word = word_before(front, front.len());
    let word = front.get(front.len() - word..).unwrap_or_default();
    let listed = matches!(front.last(), Some(b'.' | b',' | b'(')) || word == b"import";
    if !listed && !comment {
        return Role::Bare;
    }
    let next = after.iter().position(|b| !blank(b));
    let (next, second) = next.map_or((None, None), |at| {
        (after.get(at), after.get(at.saturating_add(1)))
    });
    match (front.last(), next) {
        _ if comment => Role::Named,
        (Some(b'.'), Some(b'(')) => Role::Called,
        // A keyword or a default, which no list of an import has.
        (Some(b',' | b'('), Some(b'=')) if second != Some(&b'=') => Role::Bare,
        _ => Role::Named,
    }
}

/// Whether the text has `import *`.
pub(super) fn imports_all(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, "import").any(|at| {
        let rest = bytes.get(at.saturating_add(6)..).unwrap_or_default();
        let next = rest
            .iter()
            .find(|b| !matches!(b, b' ' | b'\t' | b'\x0c' | b'\n' | b'\r' | b'\\' | b'('));
        next == Some(&b'*')
    })
}

/// Whether the grammar may make a letter of ASCII of a character in an identifier.
fn folds(c: char) -> bool {
    // Digits that count in identifiers are fullwidth or mathematical.
    let digits = c >= '\u{ff10}';
    !c.is_ascii()
        && std::iter::once(c)
            .nfkc()
            .any(|c| c.is_ascii_alphabetic() || c == '_' || digits && c.is_ascii_digit())
}

/// Whether a literal begins as the name of a switch does, or with an escape.
fn begins_a_switch(bytes: &[u8]) -> bool {
    ["'T", "\"T"]
        .iter()
        .any(|begin| memchr::memmem::find(bytes, begin.as_bytes()).is_some())
        || memchr::memchr_iter(b'\\', bytes).any(|at| {
            let quote = at.checked_sub(1).and_then(|before| bytes.get(before));
            let next = bytes.get(at.saturating_add(1));
            matches!(quote, Some(b'"' | b'\''))
                && matches!(
                    next,
                    Some(b'0'..=b'7' | b'x' | b'u' | b'U' | b'N' | b'\n' | b'\r')
                )
        })
}

/// Which words may be put together of literals: a bit for each.
#[derive(Debug, Default)]
struct Pieces {
    /// Of those with which some literal ends in a beginning.
    first: u64,
    /// Of those with which some literal begins in an end.
    last: u64,
    /// A word is spelt with escapes.
    spelt: bool,
}

/// Every word that a string may stand for: switches first, then those that need a mechanism.
static SPELT: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let names = watched::names();
    let mut words: Vec<&str> = watched::variables().to_vec();
    words.extend(names.iter().map(|(name, _)| *name));
    words.extend(watched::mechanisms());
    let mut modules: Vec<&str> = names
        .iter()
        .flat_map(|(_, modules)| modules.iter().copied())
        .collect();
    modules.sort_unstable();
    modules.dedup();
    words.extend(modules);
    words
});

impl Pieces {
    /// The literals of a text. Without a `mechanism` only the names of switches count.
    fn of(bytes: &[u8], mechanism: bool) -> Self {
        let words = if mechanism {
            SPELT.as_slice()
        } else {
            watched::variables()
        };
        let mut pieces = Self::default();
        let mut decoded = Vec::new();
        for at in memchr::memchr2_iter(b'"', b'\'', bytes) {
            let rest = bytes.get(at.saturating_add(1)..).unwrap_or_default();
            let plain = rest
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
                .count();
            match rest.get(plain) {
                Some(b'"' | b'\'') if plain > 0 => {
                    pieces.add(rest.get(..plain).unwrap_or_default(), words);
                }
                Some(b'\\') => match decode(rest, &mut decoded) {
                    Decoded::Literal => {
                        let whole = decoded.split(|b| *b == b'.');
                        let mut whole = whole.filter_map(|part| std::str::from_utf8(part).ok());
                        pieces.spelt |= whole.any(|part| words.contains(&part));
                        pieces.add(&decoded, words);
                    }
                    Decoded::Named => pieces.spelt = true,
                    Decoded::Other => {}
                },
                _ => {}
            }
            if pieces.make_a_word() {
                break;
            }
        }
        pieces
    }

    fn add(&mut self, literal: &[u8], words: &[&str]) {
        let first = literal.split(|b| *b == b'.').next().unwrap_or_default();
        let last = literal.rsplit(|b| *b == b'.').next().unwrap_or_default();
        for (word, bit) in words.iter().zip(0_u32..64) {
            let word = word.as_bytes();
            let bit = 1_u64.checked_shl(bit).unwrap_or_default();
            if !last.is_empty() && last.len() < word.len() && word.starts_with(last) {
                self.first |= bit;
            }
            if !first.is_empty() && first.len() < word.len() && word.ends_with(first) {
                self.last |= bit;
            }
        }
    }

    fn make_a_word(&self) -> bool {
        self.spelt || self.first & self.last != 0
    }
}

enum Decoded {
    /// A literal of letters, digits and dots.
    Literal,
    /// A character by its name.
    Named,
    /// Something else.
    Other,
}

/// What a literal with escapes stands for, from behind its quote on.
fn decode(rest: &[u8], out: &mut Vec<u8>) -> Decoded {
    out.clear();
    let mut at = 0_usize;
    loop {
        match rest.get(at) {
            Some(b'"' | b'\'') if !out.is_empty() => return Decoded::Literal,
            Some(b) if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.') => {
                out.push(*b);
                at += 1;
            }
            Some(b'\\') => {
                let (base, from, most) = match rest.get(at + 1) {
                    Some(b'x') => (16, 2, 2),
                    Some(b'u') => (16, 2, 4),
                    Some(b'U') => (16, 2, 8),
                    Some(b'0'..=b'7') => (8, 1, 3),
                    Some(b'N') => return Decoded::Named,
                    Some(b'\n') => {
                        at += 2;
                        continue;
                    }
                    Some(b'\r') => {
                        at += if rest.get(at + 2) == Some(&b'\n') {
                            3
                        } else {
                            2
                        };
                        continue;
                    }
                    _ => return Decoded::Other,
                };
                let digits = rest.get(at + from..).unwrap_or_default().iter();
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
                at += from + digits.len();
            }
            _ => return Decoded::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, SPELT};

    #[test]
    fn every_word_has_a_bit() {
        assert!(SPELT.len() <= 64);
    }

    #[test]
    fn text_is_parsed_if_it_could_name_what_is_watched() {
        for text in [
            "import torch\ntorch.load(p)",
            "import torch\ntorch . \\\n load(p)",
            "import torch\n(torch. # here\n load)(p)",
            "from torch import (ones, # load\n  load)\nload(p)",
            "from torch import *\nload(p)",
            "import numpy\ngetattr(numpy, 'load')(p)",
            "import numpy\ngetattr(numpy, '\\x6coad')(p)",
            "import numpy\ngetattr(numpy, '\\154o\\\nad')(p)",
            "import numpy\ngetattr(numpy, '\\N{LATIN SMALL LETTER L}oad')(p)",
            "import numpy\na = 'loa'\ngetattr(numpy, a + \"d\")(p)",
            "vars(__import__('t' 'orch'))['l' 'oad'](p)",
            "__import__('tor' 'ch').load(p)",
            "import importlib\nimportlib.import_module('six.moves.cPi' 'ckle').load(p)",
            "x['TORCH_FORCE_' 'NO_WEIGHTS_ONLY_LOAD'] = '1'",
            "x['\\x54ORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'",
            "x(TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD='1')",
            "import \u{1d561}ickle",
        ] {
            assert!(Look::at(text).may_matter(text), "{text}");
        }
        for text in [
            "import torch\ntorch.ones(3)",
            "def load(path): pass",
            "import torch\n# to load it\nx = getattr(torch, 'ones')",
            "import json\njson.load(p)",
            "import torch, json\njson.loads(p)",
            "import os\nos.environ['HOME'] = '\u{e9}'",
            "",
        ] {
            assert!(!Look::at(text).may_matter(text), "{text}");
        }
    }
}
