//! Which source has to be parsed at all, from its text alone.
//!
//! A fact needs a watched name or a switch, and a name gets into source in few ways. It is written out as a whole word: after
//! a dot, in the list of an import, or, with `from m import *`, by itself. Or a string becomes a name, by `getattr`, `vars`,
//! `__dict__`, `import_module`, `__import__` or `sys.modules`: then that word is there, and the string is written out as
//! well, unless it is spelt with escapes or put together of literals that are parts of it. Identifiers that are not ASCII are normalised by the grammar, so characters that stand for ASCII letters
//! count as hiding something. Where none of this holds, no walk over the syntax finds anything, and none is made.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use rustc_hash::FxHashSet;
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
    /// In the list of an import from where it is watched, under its own name: used only where the word stands by itself.
    Listed,
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
        let (mut attributes, mut imports) = (false, false);
        let mut end = 0;
        for found in finder.find_iter(bytes) {
            // One word is looked at once.
            if found.start() < end {
                continue;
            }
            let start = found
                .start()
                .saturating_sub(word_before(bytes, found.start()));
            end = found.end().saturating_add(word_after(bytes, found.end()));
            let word = text.get(start..end).unwrap_or_default();
            if watched::variables().contains(&word) {
                look.switches.push(start);
            } else if watched::mechanisms().binary_search(&word).is_ok() {
                imports |= imports_by_name(word);
                attributes |= !imports_by_name(word);
            } else if row(word).is_some() {
                let role = role(bytes, start, end);
                look.names.push(Hit { start, end, role });
            }
        }
        let switch = look.switches.is_empty() && begins_a_switch(bytes);
        let mut module_hidden = false;
        if switch || attributes || imports {
            let pieces = Pieces::of(bytes);
            // What makes a name of a string may be made so itself.
            attributes |= pieces.make(Spelt::Attribute);
            imports |= pieces.make(Spelt::Import);
            let name = attributes && pieces.make(Spelt::Name);
            module_hidden = imports && pieces.make(Spelt::Module);
            look.hidden |= switch && pieces.make(Spelt::Switch)
                || name && (module_hidden || names_a_module(bytes))
                || module_hidden && !look.names.is_empty();
        }
        // A module that is named nowhere, and cannot be hidden either, is not there.
        if !look.hidden && !module_hidden {
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
            // A name that is the whole of a string, and what makes a name of that.
            look.hidden = attributes && look.names.iter().any(|hit| hit.role == Role::Quoted);
        }
        look
    }

    /// Whether parsing could make a fact.
    pub(super) fn may_matter(&self, text: &str) -> bool {
        let named = |hit: &Hit| matches!(hit.role, Role::Called | Role::Named | Role::Listed);
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
    let word = front
        .get(front.len().saturating_sub(word)..)
        .unwrap_or_default();
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
        (Some(b'.'), _) => Role::Named,
        _ => match imported(front, bytes.get(start..end).unwrap_or_default()) {
            Some(false) => Role::Bare,
            Some(true) if matches!(next, Some(b',' | b')')) => Role::Listed,
            _ => Role::Named,
        },
    }
}

/// Whether a word behind this text is in the list of an import, and then whether it may be watched in that module; `None`
/// where it cannot be told from here.
fn imported(before: &[u8], word: &[u8]) -> Option<bool> {
    /// Bytes of such a list that are looked at.
    const LIST: usize = 4000;
    let near = before
        .get(before.len().saturating_sub(LIST)..)
        .unwrap_or(before);
    let at = memchr::memmem::rfind(near, b"import")?;
    let (module, list) = near.split_at_checked(at).unwrap_or_default();
    let list = list.get(6..).unwrap_or_default();
    let plain = |b: &u8| is_word(*b) || matches!(b, b' ' | b',' | b'(' | b'\n' | b'\r' | b'\t');
    // An open bracket stands only at its beginning, and without one the list ends with the line.
    let list = list.trim_ascii_start();
    let (bracket, names) = list
        .strip_prefix(b"(")
        .map_or((false, list), |names| (true, names));
    if !names.iter().all(plain)
        || names.contains(&b'(')
        || !bracket && (names.contains(&b'\n') || names.contains(&b'\r'))
    {
        return None;
    }
    let path: Vec<u8> = module
        .trim_ascii_end()
        .iter()
        .rev()
        .take_while(|b| is_word(**b) || **b == b'.')
        .copied()
        .collect();
    let from = module.trim_ascii_end();
    let from = from
        .get(..from.len().saturating_sub(path.len()))
        .unwrap_or_default();
    let spaced =
        from.len() > from.trim_ascii_end().len() && module.len() > module.trim_ascii_end().len();
    let path: Vec<u8> = path.into_iter().rev().collect();
    let word = std::str::from_utf8(word).unwrap_or_default();
    let watched = row(word).unwrap_or_default();
    if !spaced || !from.trim_ascii_end().ends_with(b"from") || path.is_empty() {
        return None;
    }
    let known = |part: &[u8]| watched.iter().any(|module| module.as_bytes() == part);
    Some(path.first() != Some(&b'.') && path.split(|b| *b == b'.').any(known))
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

/// What a string may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelt {
    Switch,
    Name,
    /// What makes an attribute of a string.
    Attribute,
    /// What makes a module of a string.
    Import,
    Module,
}

/// Whether a mechanism makes a module of a string, and not an attribute.
fn imports_by_name(word: &str) -> bool {
    matches!(word, "__import__" | "import_module" | "modules")
}

/// Every word that a string may stand for.
static SPELT: LazyLock<Vec<(&'static str, Spelt)>> = LazyLock::new(|| {
    let names = watched::names();
    let mut modules: Vec<&str> = names
        .iter()
        .flat_map(|(_, modules)| modules.iter().copied())
        .collect();
    modules.sort_unstable();
    modules.dedup();
    let switches = watched::variables()
        .iter()
        .map(|word| (*word, Spelt::Switch));
    let names = names.iter().map(|(word, _)| (*word, Spelt::Name));
    let mechanisms = watched::mechanisms().iter();
    let mechanisms = mechanisms.map(|word| {
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

/// Whether any of the modules is named.
fn names_a_module(bytes: &[u8]) -> bool {
    let mut modules = SPELT.iter().filter(|(_, spelt)| *spelt == Spelt::Module);
    modules.any(|(word, _)| has_word(bytes, word))
}

/// The literals that are parts of such words: for each word, from which of its letters to which some literal leads.
#[derive(Debug, Default)]
struct Pieces {
    /// A bit for each end, for each beginning, for each word.
    parts: Vec<Vec<u64>>,
    /// Words that a literal with escapes is.
    spelt: Vec<&'static str>,
}

impl Pieces {
    /// The literals of a text.
    fn of(bytes: &[u8]) -> Self {
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
            for ((word, _), parts) in SPELT.iter().zip(&mut self.parts) {
                if piece.len() >= word.len() {
                    continue;
                }
                for (at, window) in word.as_bytes().windows(piece.len()).enumerate() {
                    let end = u32::try_from(at.saturating_add(piece.len())).unwrap_or(u32::MAX);
                    if window == piece
                        && let Some(part) = parts.get_mut(at)
                    {
                        *part |= 1_u64.checked_shl(end).unwrap_or_default();
                    }
                }
            }
        }
    }

    /// Whether some word of a kind can be put together, or is spelt with escapes.
    fn make(&self, kind: Spelt) -> bool {
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
    use super::{Look, SPELT};

    #[test]
    fn every_word_has_a_bit() {
        assert!(SPELT.iter().all(|(word, _)| word.len() < 64));
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
