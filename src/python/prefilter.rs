//! Which source has to be parsed at all, from its text alone.
//!
//! A fact needs a watched name or a switch, and a name gets into source in few ways. It is written out as a whole word: after
//! a dot, in the list of an import, or, with `from m import *`, by itself. Or a string becomes a name, by `getattr`, `vars`,
//! `__dict__`, `import_module`, `__import__` or `sys.modules`: then that word is there, and the string is written out as
//! well, unless it is spelt with escapes or put together of literals that are parts of it. Identifiers that are not ASCII are normalised by the grammar, so characters that stand for ASCII letters
//! count as hiding something. Where none of this holds, no walk over the syntax finds anything, and none is made.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    helper::{exports, follows},
    pieces::{MECHANISMS, Pieces, Spelt, imports_by_name, names_a_module},
    words::{has_word, is_word, word_after, word_before},
};
use crate::loader;

/// What the text of a source shows.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Watched names may stand there without being written out: all of it has to be parsed.
    pub(super) hidden: bool,
    /// Watched names that are written out, in order.
    pub(super) names: Vec<Hit>,
    /// Where the name of a switch begins.
    pub(super) switches: Vec<usize>,
    /// Functions of the repository are followed in it, or others may import them from it.
    pub(super) follows: bool,
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

/// Finds the words. Patterns of this table always make an automaton; without one everything is parsed.
static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    builder.match_kind(MatchKind::LeftmostFirst);
    builder.build(loader::PARTS.iter().chain(MECHANISMS)).ok()
});

impl Look {
    /// Looks at a source.
    pub(super) fn at(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut look = Self {
            hidden: !text.is_ascii() && text.chars().any(folds),
            follows: follows(text) || exports(text),
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
            if loader::variable(word).is_some() {
                look.switches.push(start);
            } else if MECHANISMS.binary_search(&word).is_ok() {
                imports |= imports_by_name(word);
                attributes |= !imports_by_name(word);
            } else if loader::beside_last_word(word).is_some() {
                let role = role(bytes, start, end);
                look.names.push(Hit { start, end, role });
            }
        }
        if look.names.iter().any(|hit| hit.role == Role::Quoted)
            && let Some(exported) = exported(bytes)
        {
            look.names
                .retain(|hit| hit.role != Role::Quoted || !exported.contains(&hit.start));
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
                let modules = loader::beside_last_word(word).unwrap_or_default();
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
            || self.follows
            || !self.switches.is_empty()
            || self.names.iter().any(named)
            || !self.names.is_empty() && imports_all(text.as_bytes())
    }
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
    let own = bytes.get(start..end).unwrap_or_default();
    let next = after.iter().position(|b| !blank(b));
    let (next, second) = next.map_or((None, None), |at| {
        (after.get(at), after.get(at.saturating_add(1)))
    });
    let ends = matches!(next, Some(b',' | b')'));
    if !listed && !comment {
        let renamed = ends.then(|| renamed_to_itself(front, own)).flatten();
        let imported = renamed.and_then(|before| imported(before, own));
        return if imported == Some(true) {
            Role::Listed
        } else {
            Role::Bare
        };
    }
    match (front.last(), next) {
        _ if comment => Role::Named,
        (Some(b'.'), Some(b'(')) => Role::Called,
        // A keyword or a default, which no list of an import has.
        (Some(b',' | b'('), Some(b'=')) if second != Some(&b'=') => Role::Bare,
        (Some(b'.'), _) => Role::Named,
        _ => match imported(front, own) {
            Some(false) => Role::Bare,
            Some(true) if ends || keeps_its_name(after, own) => Role::Listed,
            _ => Role::Named,
        },
    }
}

/// What is before `load as`, for the second word of `load as load`: the name that is imported stays its own, as stubs write it.
fn renamed_to_itself<'t>(front: &'t [u8], word: &[u8]) -> Option<&'t [u8]> {
    let first = front.strip_suffix(b"as")?;
    let kept = first.trim_ascii_end();
    let whole = word_before(kept, kept.len()) == word.len();
    let before = kept
        .strip_suffix(word)
        .filter(|_| whole && kept.len() < first.len())?;
    let list = before.trim_ascii_end();
    (list.ends_with(b",") || list.ends_with(b"(") || list.ends_with(b"import")).then_some(before)
}

/// Whether what is behind a word of such a list renames it to itself: ` as load,`.
fn keeps_its_name(after: &[u8], word: &[u8]) -> bool {
    let rest = after.trim_ascii_start();
    let rest = rest
        .strip_prefix(b"as")
        .map(|rest| (rest, rest.trim_ascii_start()));
    let rest = rest.and_then(|(all, rest)| {
        let rest = rest.strip_prefix(word)?;
        (all.first().is_some_and(u8::is_ascii_whitespace)).then_some(rest)
    });
    rest.is_some_and(|rest| matches!(rest.trim_ascii_start().first(), Some(b',' | b')')))
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
    let watched = loader::beside_last_word(word).unwrap_or_default();
    if !spaced || !from.trim_ascii_end().ends_with(b"from") || path.is_empty() {
        return None;
    }
    let known = |part: &[u8]| watched.iter().any(|module| module.as_bytes() == part);
    Some(path.first() != Some(&b'.') && path.split(|b| *b == b'.').any(known))
}

/// Whether the text has `import *`.
pub(super) fn imports_all(bytes: &[u8]) -> bool {
    star_imports(bytes).next().is_some()
}

/// Where `import *` stands.
pub(super) fn star_imports(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    memchr::memmem::find_iter(bytes, "import").filter(|at| {
        let rest = bytes.get(at.saturating_add(6)..).unwrap_or_default();
        let next = rest
            .iter()
            .find(|b| !matches!(b, b' ' | b'\t' | b'\x0c' | b'\n' | b'\r' | b'\\' | b'('));
        next == Some(&b'*')
    })
}

/// The list of names that the module exports, where nothing but `import *` elsewhere can ask for it: `__all__` stands there once,
/// as the only target of a display of plain strings.
fn exported(bytes: &[u8]) -> Option<Range<usize>> {
    const NAME: &[u8] = b"__all__";
    let mut places = memchr::memmem::find_iter(bytes, NAME);
    let at = places.next()?;
    let starts_line = at
        .checked_sub(1)
        .is_none_or(|before| bytes.get(before) == Some(&b'\n'));
    if places.next().is_some() || !starts_line {
        return None;
    }
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let skip = |at: usize| {
        let rest = bytes.get(at..).unwrap_or_default();
        at.saturating_add(rest.iter().take_while(|b| blank(b)).count())
    };
    let equals = skip(at.saturating_add(NAME.len()));
    if bytes.get(equals) != Some(&b'=') {
        return None;
    }
    let open = skip(equals.saturating_add(1));
    let start = open.saturating_add(1);
    let close = match bytes.get(open)? {
        b'[' => b']',
        b'(' => b')',
        _ => return None,
    };
    let length = memchr::memchr(close, bytes.get(start..)?)?;
    let end = start.saturating_add(length);
    let ends_line = matches!(
        bytes.get(skip(end.saturating_add(1))),
        None | Some(b'\n' | b'\r' | b'#')
    );
    (are_names(bytes.get(start..end)?) && ends_line).then_some(start..end)
}

/// Whether text is names in quotes and commas between them, and nothing else. So it holds no end of a text in three quotes: where
/// the line of `__all__` stands in such a text, all of this does.
fn are_names(text: &[u8]) -> bool {
    text.split(|b| *b == b',')
        .map(<[u8]>::trim_ascii)
        .rev()
        .enumerate()
        .all(|(at, name)| match name {
            [] => at == 0,
            [first @ (b'"' | b'\''), name @ .., last] => {
                first == last && !name.is_empty() && name.iter().all(|b| is_word(*b))
            }
            _ => false,
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

#[cfg(test)]
mod tests {
    use super::Look;

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
            // A line that looks like the list of what a module exports, inside a text.
            "import pickle\nf = getattr(pickle or \"\"\"\n__all__ = (\"\"\", \"load\")\nf(open(p))",
            "import pickle\na, b = (\"\"\"\n__all__ = (\"\"\", \"load\")\ngetattr(pickle, b)(p)",
            "import pickle\nf = getattr(pickle or '\\\n__all__ = [', \"load\")\nx[f(p)]",
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
