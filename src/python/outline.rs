//! The parts of a source that have to be parsed: all but the bodies of functions that nothing watched depends on.
//!
//! Where every watched name is called at once where it is written out, after a dot (`pickle.loads(`) or, with `import *`, by
//! itself, and no string can stand for one,
//! nothing else can be such a name: each fact is about a call that can be seen in the text. What a call's names mean is then
//! decided by the function it is in, and by what is outside of functions. A body of another function adds to that only by
//! `global` and `nonlocal`, by setting an attribute of its class or of a class by name, or by replacing something; one that
//! does none of this, and has no watched name, is left out. Only the outermost functions are looked at, with all they hold.
//!
//! Lines, strings, comments, brackets and indentation are found exactly as the grammar has them; where that would need more
//! than this (an f-string with braces in strings of its own, an odd line end, brackets that do not match), all is parsed. What
//! is left out is put in a comment of the same length, so that every offset stays.
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;
use rustc_hash::FxHashSet;

use super::prefilter::{Hit, Look, Role, star_imports};

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

/// The body of an outermost function: its lines, up to the next that is not part of it.
#[derive(Debug)]
struct Body {
    lines: Range<usize>,
    /// Where its `def` stands.
    header: usize,
    /// Where the line of its `def` begins.
    line: usize,
}

/// The lines of a source.
#[derive(Debug, Default)]
struct Outline<'t> {
    bodies: Vec<Body>,
    /// Names of classes.
    classes: FxHashSet<&'t [u8]>,
    /// Where logical lines begin.
    starts: Vec<usize>,
    /// Of each watched name, whether it is code.
    code: Vec<bool>,
}

/// Words with one of which a body may change what stands outside, and methods' names that are looked into.
static KEPT: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::new(["global", "nonlocal", "setattr", "patch", "find_class"]).ok()
});

/// What writes pickles, if nobody replaces it.
const WRITERS: &[&str] = &[
    "dump",
    "dumps",
    "save",
    "savez",
    "savez_compressed",
    "BytesIO",
    "open",
    "Pickler",
];

/// The parts of a source that matter, by what its text shows.
pub(super) fn parts(text: &str, look: &Look) -> Parts {
    if !look.may_matter(text) {
        return Parts::None;
    }
    if look.hidden || !look.switches.is_empty() {
        return Parts::All;
    }
    let Some(outline) = Scanner::new(text, look).and_then(Scanner::run) else {
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
        return Parts::All;
    }
    let called: Vec<usize> = hits()
        .filter(|hit| hit.role == Role::Called || hit.role == Role::Bare && !stars.is_empty())
        .map(|hit| hit.start)
        .collect();
    if called.is_empty() {
        return Parts::None;
    }
    outline.without_bodies(text, &called)
}

impl Outline<'_> {
    fn without_bodies(&self, text: &str, called: &[usize]) -> Parts {
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
                return Parts::All;
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
        if copied == 0 {
            return Parts::All;
        }
        out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
        String::from_utf8(out).map_or(Parts::All, Parts::Some)
    }

    /// The body around an offset.
    fn body_at(&self, at: usize) -> Option<&Body> {
        let next = self.bodies.partition_point(|body| body.lines.start <= at);
        let body = next.checked_sub(1).and_then(|n| self.bodies.get(n));
        body.filter(|body| body.lines.contains(&at))
    }

    /// The logical line around an offset.
    fn line(&self, at: usize, end: usize) -> Range<usize> {
        let next = self.starts.partition_point(|start| *start <= at);
        let start = next.checked_sub(1).and_then(|n| self.starts.get(n));
        start.copied().unwrap_or_default()..self.starts.get(next).copied().unwrap_or(end)
    }

    /// Whether a body sets an attribute that may be asked for elsewhere: of its first parameter, of a class by name, or of
    /// what writes.
    fn reaches_out(&self, text: &str, body: &Body, lines: &[u8]) -> bool {
        let header = text.get(body.header..body.lines.start).unwrap_or_default();
        let Some(first) = first_parameter(header) else {
            return true;
        };
        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80;
        memchr::memchr_iter(b'.', lines).any(|dot| {
            let (before, rest) = lines.split_at_checked(dot).unwrap_or_default();
            let after = rest.get(1..).unwrap_or_default();
            let blanks = after.iter().take_while(|b| is_blank(**b)).count();
            let after = after.get(blanks..).unwrap_or_default();
            let length = after.iter().take_while(|b| word(b)).count();
            let (name, after) = after.split_at_checked(length).unwrap_or_default();
            let before = before.trim_ascii_end();
            let length = before.iter().rev().take_while(|b| word(b)).count();
            let owner_at = before.len().saturating_sub(length);
            let owner = before.get(owner_at..).unwrap_or_default();
            let own =
                !owner.is_empty() && (owner == first.as_bytes() || self.classes.contains(owner));
            let writer = WRITERS.iter().any(|writer| writer.as_bytes() == name);
            (own || writer) && is_set(before.get(..owner_at).unwrap_or_default(), after)
        })
    }
}

/// Whether an attribute may be set, by what is before its owner and after its name.
fn is_set(before: &[u8], after: &[u8]) -> bool {
    /// Bytes of a line that are looked at. A longer one may hold anything.
    const LINE: usize = 2000;
    let blanks = after.iter().take_while(|b| is_blank(**b)).count();
    let after = after.get(blanks..).unwrap_or_default();
    match after {
        [b'=', next, ..] => *next != b'=',
        [b'=' | b'\\', ..] | [b'i', b'n', ..] | [] => true,
        // Part of a list of targets, which may go over lines.
        [b',' | b')' | b']' | b':', ..] => {
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
        _ => false,
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

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
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

/// An open block.
struct Block {
    indent: Range<usize>,
    /// Of an outermost function: its place among the bodies.
    body: Option<usize>,
}

/// Finds the lines of a source; gives up where it would have to guess.
struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Watched names, and the next that was not passed yet.
    look: &'t Look,
    next: usize,
    brackets: Vec<u8>,
    outline: Outline<'t>,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str, look: &'t Look) -> Option<Self> {
        // The parser takes NUL for the end.
        if memchr::memchr(0, text.as_bytes()).is_some() {
            return None;
        }
        let outline = Outline {
            code: vec![true; look.names.len()],
            ..Outline::default()
        };
        Some(Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            look,
            next: 0,
            brackets: Vec::new(),
            outline,
        })
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(ahead)).copied()
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn run(mut self) -> Option<Outline<'t>> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut opened = false;
        // A `def` whose block may follow, and where its line begins.
        let mut pending: Option<(usize, usize)> = None;
        while self.at < self.bytes.len() {
            let line = self.at;
            let Some(indent) = self.indent()? else {
                continue;
            };
            self.outline.starts.push(line);
            let this = self.text.get(indent.clone())?;
            let top = |blocks: &[Block]| blocks.last().map_or(0..0, |block| block.indent.clone());
            let outer = self.text.get(top(&blocks))?;
            if this != outer && this.starts_with(outer) {
                if !opened {
                    return None;
                }
                let inside = blocks.iter().any(|block| block.body.is_some());
                let body = pending.take().filter(|_| !inside).map(|(header, begin)| {
                    self.outline.bodies.push(Body {
                        lines: line..self.bytes.len(),
                        header,
                        line: begin,
                    });
                    self.outline.bodies.len().saturating_sub(1)
                });
                blocks.push(Block {
                    indent: indent.clone(),
                    body,
                });
            } else if opened {
                // A block without lines breaks the grammar.
                return None;
            } else {
                while self.text.get(top(&blocks))? != this {
                    let block = blocks.pop()?;
                    if let Some(body) = block.body.and_then(|at| self.outline.bodies.get_mut(at)) {
                        body.lines.end = line;
                    }
                }
            }
            pending = self.is_def().then_some((self.at, line));
            if let Some(class) = self.class() {
                self.outline.classes.insert(class.as_bytes());
            }
            opened = self.logical_line()?;
        }
        (self.brackets.is_empty() && !opened).then_some(self.outline)
    }

    /// The indentation of a line, and steps behind it; `None` of a line that has nothing but blanks and a comment, which is
    /// passed.
    #[allow(
        clippy::option_option,
        reason = "giving up is not the same as nothing there"
    )]
    fn indent(&mut self) -> Option<Option<Range<usize>>> {
        let start = self.at;
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.step(1);
        }
        let indent = start..self.at;
        let mut feed = false;
        while let Some(b' ' | b'\t' | b'\x0c') = self.peek(0) {
            feed = true;
            self.step(1);
        }
        match self.peek(0) {
            None => Some(None),
            Some(b'\n') => {
                self.step(1);
                Some(None)
            }
            Some(b'\r') if self.peek(1) == Some(b'\n') => {
                self.step(2);
                Some(None)
            }
            Some(b'#') => {
                self.comment();
                self.step(1);
                Some(None)
            }
            Some(b'\\' | b'\r') => None,
            Some(_) if feed => None,
            Some(_) => Some(Some(indent)),
        }
    }

    fn word_at(&self, ahead: usize) -> &'t str {
        let from = self.at.saturating_add(ahead);
        let rest = self.bytes.get(from..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_' || **b >= 0x80)
            .count();
        self.text
            .get(from..from.saturating_add(length))
            .unwrap_or_default()
    }

    fn blanks_at(&self, ahead: usize) -> usize {
        let rest = self.bytes.get(self.at.saturating_add(ahead)..);
        rest.unwrap_or_default()
            .iter()
            .take_while(|b| is_blank(**b))
            .count()
    }

    /// Whether a function begins here.
    fn is_def(&self) -> bool {
        match self.word_at(0) {
            "def" => true,
            "async" => self.word_at(self.blanks_at(5).saturating_add(5)) == "def",
            _ => false,
        }
    }

    /// The name of a class that begins here.
    fn class(&self) -> Option<&'t str> {
        (self.word_at(0) == "class").then(|| self.word_at(self.blanks_at(5).saturating_add(5)))
    }

    /// Passes the rest of a logical line, and says whether a block has to follow.
    fn logical_line(&mut self) -> Option<bool> {
        let mut last = 0;
        let mut word = 0..0;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' => {
                    self.step(1);
                    if self.brackets.is_empty() {
                        return Some(last == b':');
                    }
                    continue;
                }
                b'\r' => {
                    if self.peek(1) != Some(b'\n') {
                        return None;
                    }
                }
                b' ' | b'\t' | b'\x0c' => {}
                b'#' => {
                    self.comment();
                    continue;
                }
                b'"' | b'\'' => {
                    let prefix = if word.end == self.at {
                        word.clone()
                    } else {
                        0..0
                    };
                    self.string(byte, prefix)?;
                    last = byte;
                    continue;
                }
                b'\\' => match (self.peek(1), self.peek(2)) {
                    (Some(b'\n'), _) => self.step(1),
                    (Some(b'\r'), Some(b'\n')) => self.step(2),
                    _ => return None,
                },
                b'(' | b'[' | b'{' => {
                    self.brackets.push(byte);
                    last = byte;
                }
                b')' | b']' | b'}' => {
                    let open = match byte {
                        b')' => b'(',
                        b']' => b'[',
                        _ => b'{',
                    };
                    if self.brackets.pop() != Some(open) {
                        return None;
                    }
                    last = byte;
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80.. => {
                    let start = self.at;
                    let length = self.word_length();
                    self.step(length);
                    word = start..self.at;
                    last = byte;
                    continue;
                }
                _ => last = byte,
            }
            self.step(1);
        }
        self.brackets.is_empty().then_some(last == b':')
    }

    fn word_length(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_' || **b >= 0x80)
            .count()
    }

    /// Passes a comment, up to its line end.
    fn comment(&mut self) {
        let start = self.at;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        self.step(length);
        self.no_code(start);
    }

    /// What was passed since `start` is no code.
    fn no_code(&mut self, start: usize) {
        let names = &self.look.names;
        while names.get(self.next).is_some_and(|hit| hit.start < start) {
            self.next = self.next.saturating_add(1);
        }
        while names.get(self.next).is_some_and(|hit| hit.start < self.at) {
            if let Some(code) = self.outline.code.get_mut(self.next) {
                *code = false;
            }
            self.next = self.next.saturating_add(1);
        }
    }

    /// Passes a string. `prefix` is the word right before it.
    fn string(&mut self, quote: u8, prefix: Range<usize>) -> Option<()> {
        let prefix = self.text.get(prefix)?;
        if !prefix.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_') {
            return None;
        }
        let formatted = prefix.len() < 3
            && prefix.contains(['f', 'F', 't', 'T'])
            && prefix
                .bytes()
                .all(|b| matches!(b, b'f' | b'F' | b't' | b'T' | b'r' | b'R'));
        let start = self.at;
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        self.step(if triple { 3 } else { 1 });
        let inside = self.at;
        let end = loop {
            let rest = self.bytes.get(self.at..)?;
            let found = if triple {
                memchr::memchr2(quote, b'\\', rest)?
            } else {
                memchr::memchr3(quote, b'\\', b'\n', rest)?
            };
            self.step(found);
            match self.peek(0)? {
                b'\\' if self.peek(1) == Some(b'\r') && self.peek(2) == Some(b'\n') => self.step(3),
                b'\\' => self.step(2),
                b'\n' => return None,
                _ if !triple => break self.at,
                _ if self.peek(1) == Some(quote) && self.peek(2) == Some(quote) => break self.at,
                _ => self.step(1),
            }
        };
        self.step(if triple { 3 } else { 1 });
        if formatted {
            return is_plain_format(self.bytes.get(inside..end)?).then_some(());
        }
        // A carriage return alone ends a line as well.
        if !triple && memchr::memchr(b'\r', self.bytes.get(inside..end)?).is_some() {
            return None;
        }
        self.no_code(start);
        Some(())
    }
}

/// Whether the end of an f-string is surely where its quote is found: braces match, and there is none of them, no escape and no
/// quote in the strings inside.
fn is_plain_format(content: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut at = 0_usize;
    while let Some(byte) = content.get(at) {
        let next = content.get(at.saturating_add(1));
        match (byte, depth) {
            (b'{', 0) if next == Some(&b'{') => at = at.saturating_add(1),
            (b'}', 0) if next == Some(&b'}') => at = at.saturating_add(1),
            (b'{', _) => depth = depth.saturating_add(1),
            (b'}', 0) => return false,
            (b'}', _) => depth = depth.saturating_sub(1),
            (b'\\', 0) if !matches!(next, Some(b'{' | b'}' | b'N')) => at = at.saturating_add(1),
            (b'\\', _) | (b'#' | b'\n' | b'\r', 1..) => return false,
            (b'"' | b'\'', 1..) => {
                let rest = content.get(at.saturating_add(1)..).unwrap_or_default();
                let Some(end) = memchr::memchr(*byte, rest) else {
                    return false;
                };
                let inner = rest.get(..end).unwrap_or_default();
                if inner
                    .iter()
                    .any(|b| matches!(b, b'{' | b'}' | b'\\' | b'"' | b'\'' | b'\n' | b'\r'))
                {
                    return false;
                }
                at = at.saturating_add(end).saturating_add(1);
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    depth == 0
}
