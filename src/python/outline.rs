//! The parts of a source that have to be parsed: all but the bodies of functions that nothing watched depends on.
//!
//! Where every watched name is called at once where it is written out, after a dot (`pickle.loads(`) or, with `import *`, by
//! itself, and no string can stand for one,
//! nothing else can be such a name: each fact is about a call that can be seen in the text. What a call's names mean is then
//! decided by the function it is in, and by what is outside of functions. A body of another function adds to that only by
//! `global` and `nonlocal`, by setting an attribute of its class or of a class by name, or by replacing something; one that
//! does none of this, and has no watched name, is left out. Only the outermost functions are looked at, with all they hold.
//!
//! In a large source, statements that share no word with all of this are left out as well (`related`).
//!
//! Where the lines of the source would have to be guessed (`lines`), all is parsed. What is left out is put in a comment of the same
//! length, so that every offset stays.
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{
    lines::{Body, Outline},
    prefilter::{Hit, Look, Role, star_imports},
    related::leave_out_unrelated,
    words::{is_blank, word_after, word_before},
    writers::is_writers,
};

/// What has to be parsed.
#[derive(Debug)]
pub(super) enum Parts {
    /// Nothing.
    None,
    /// This text, in which every offset is the source's.
    Some(String),
    /// The source as it is.
    All,
}

/// Words with one of which a body may change what stands outside (`written` asks for the same), and methods' names that are looked into.
static KEPT: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    // Which one it is does not matter, and so the words are looked for in many bytes at once.
    builder.match_kind(MatchKind::LeftmostFirst);
    let words = [
        "global",
        "nonlocal",
        "setattr",
        "setitem",
        "patch",
        "object(",
        "__dict__",
        "vars",
        "locals",
        "find_class",
    ];
    builder.build(words).ok()
});

/// The parts of a source that matter, by what its text shows.
pub(super) fn parts(text: &str, look: &Look) -> Parts {
    if !look.may_matter(text) {
        return Parts::None;
    }
    if look.hidden || look.follows || !look.switches.is_empty() {
        return Parts::All;
    }
    let Some(outline) = Outline::of(text, look) else {
        return Parts::All;
    };
    // `from m import *` makes a name by itself a watched one: it counts like one behind a dot. In a function, where only old
    // Python has it, it would have to stay.
    let stars: Vec<usize> = star_imports(text.as_bytes()).collect();
    if stars.iter().any(|star| outline.body_at(*star).is_some()) {
        return Parts::All;
    }
    let hits = || {
        let both = look.names.iter().zip(&outline.code);
        both.filter(|(_, code)| **code).map(|(hit, _)| hit)
    };
    let word = |hit: &Hit| text.get(hit.start..hit.end);
    let by_itself: Vec<_> = hits()
        .filter(|hit| hit.role == Role::Bare)
        .map(word)
        .collect();
    let is_called = |hit: &Hit| {
        let after = text.as_bytes().get(hit.end..).unwrap_or_default();
        after.iter().find(|b| !is_blank(**b)) == Some(&b'(')
    };
    if hits().any(|hit| match hit.role {
        Role::Named => true,
        Role::Listed => by_itself.contains(&word(hit)),
        Role::Bare => !stars.is_empty() && !is_called(hit),
        _ => false,
    }) {
        return outline.related(text, text.as_bytes().to_vec(), look, &stars);
    }
    let called: Vec<usize> = hits()
        .filter(|hit| hit.role == Role::Called || hit.role == Role::Bare && !stars.is_empty())
        .map(|hit| hit.start)
        .collect();
    if called.is_empty() {
        return Parts::None;
    }
    outline.without_bodies(text, look, &called, &stars)
}

impl Outline<'_> {
    fn without_bodies(&self, text: &str, look: &Look, called: &[usize], stars: &[usize]) -> Parts {
        let Some(kept) = KEPT.as_ref() else {
            return Parts::All;
        };
        let bytes = text.as_bytes();
        // A dict that is unpacked may be changed anywhere.
        let mut known = 0..0;
        for at in called {
            if known.contains(at) {
                continue;
            }
            known = self
                .body_at(*at)
                .map_or_else(|| self.line(*at, text.len()), |body| body.lines.clone());
            if unpacks(bytes.get(known.clone()).unwrap_or_default()) {
                return self.related(text, bytes.to_vec(), look, stars);
            }
        }
        let mut out = Vec::with_capacity(text.len());
        let mut copied = 0;
        for body in &self.bodies {
            let from = called.partition_point(|at| *at < body.lines.start);
            let has = called.get(from).is_some_and(|at| *at < body.lines.end);
            let lines = bytes.get(body.lines.clone()).unwrap_or_default();
            if has || kept.is_match(lines) || self.reaches_out(text, body, lines) {
                continue;
            }
            let indent = bytes.get(body.line..body.header).unwrap_or_default();
            let newline: &[u8] = if lines.ends_with(b"\n") { b"\n" } else { b"" };
            let end = body.lines.end.saturating_sub(newline.len());
            // A body of a letter or two has no room for a comment, and is no cost.
            if lines.len() < indent.len().saturating_add(4) {
                continue;
            }
            out.extend_from_slice(bytes.get(copied..body.lines.start).unwrap_or_default());
            out.extend_from_slice(indent);
            out.extend_from_slice(b" 0#");
            out.resize(end, b' ');
            out.extend_from_slice(newline);
            copied = body.lines.end;
        }
        out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
        self.related(text, out, look, stars)
    }

    /// What is left of a text, without the statements that are unrelated.
    fn related(&self, text: &str, mut left: Vec<u8>, look: &Look, stars: &[usize]) -> Parts {
        leave_out_unrelated(&mut left, &self.starts, look, stars);
        if left == text.as_bytes() {
            return Parts::All;
        }
        String::from_utf8(left).map_or(Parts::All, Parts::Some)
    }

    /// Whether a body sets an attribute that may be asked for elsewhere: of its first parameter, of a class by name, or of
    /// what writes.
    fn reaches_out(&self, text: &str, body: &Body, lines: &[u8]) -> bool {
        let header = text.get(body.header..body.lines.start).unwrap_or_default();
        let Some(first) = first_parameter(header) else {
            return true;
        };
        memchr::memchr_iter(b'.', lines).any(|dot| {
            let (before, rest) = lines.split_at_checked(dot).unwrap_or_default();
            let after = rest.get(1..).unwrap_or_default();
            let blanks = after.iter().take_while(|b| is_blank(**b)).count();
            let after = after.get(blanks..).unwrap_or_default();
            let (name, after) = after
                .split_at_checked(word_after(after, 0))
                .unwrap_or_default();
            // Most are called, or have attributes themselves.
            let Some(setting) = Setting::of(after) else {
                return false;
            };
            let before = before.trim_ascii_end();
            let owner = word_before(before, before.len());
            let (before, owner) = before
                .split_at_checked(before.len().saturating_sub(owner))
                .unwrap_or_default();
            let own =
                !owner.is_empty() && (owner == first.as_bytes() || self.classes.contains(owner));
            let writer = || std::str::from_utf8(name).is_ok_and(is_writers);
            (own || writer()) && setting.is_set(before)
        })
    }
}

/// How an attribute may be set, by what is after its name.
enum Setting<'t> {
    /// By what follows at once.
    Sure,
    /// Where it is part of a list of targets, which may go over lines: what is after it.
    Listed(&'t [u8]),
}

impl<'t> Setting<'t> {
    /// `None` where the attribute is not set.
    fn of(after: &'t [u8]) -> Option<Self> {
        let blanks = after.iter().take_while(|b| is_blank(**b)).count();
        let after = after.get(blanks..).unwrap_or_default();
        match after {
            [b'=', b'=', ..] => None,
            [b'=' | b'\\', ..] | [b'i', b'n', ..] | [] => Some(Self::Sure),
            [b',' | b')' | b']' | b':', ..] => Some(Self::Listed(after)),
            _ => None,
        }
    }

    /// Whether it may be set, by what is before its owner as well.
    fn is_set(&self, before: &[u8]) -> bool {
        /// Bytes of a line that are looked at. A longer one may hold anything.
        const LINE: usize = 2000;
        let Self::Listed(after) = self else {
            return true;
        };
        let near = before
            .get(before.len().saturating_sub(LINE)..)
            .unwrap_or_default();
        let rest = after.get(..LINE).unwrap_or(after);
        let first = memchr::memrchr(b'\n', near)
            .and_then(|at| near.get(at..))
            .is_none_or(|line| line.trim_ascii().is_empty());
        let set = memchr::memchr(b'\n', rest)
            .and_then(|at| rest.get(..at))
            .is_none_or(|line| line.contains(&b'='));
        first || set
    }
}

/// The name of the first parameter of a function, empty if there is none; `None` where that is not plain.
fn first_parameter(header: &str) -> Option<&str> {
    let open = header.find('(')?;
    let (name, rest) = header.split_at_checked(open)?;
    if name.contains('[') || name.contains('#') {
        return None;
    }
    let rest = rest
        .get(1..)?
        .trim_start_matches(|c: char| c.is_ascii_whitespace());
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(rest.len());
    let first = rest.get(..end)?;
    let closed = first.is_empty() && !rest.starts_with([')', '*']);
    (!closed).then_some(first)
}

/// Whether something may be unpacked into keywords: two stars that are surely no power.
fn unpacks(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"**").any(|at| {
        let before = bytes.get(..at).unwrap_or_default();
        let kept = before.trim_ascii_end();
        let gap = before.get(kept.len()..).unwrap_or_default();
        matches!(kept.last(), None | Some(b'(' | b',' | b'{')) || gap.contains(&b'\n')
    })
}
