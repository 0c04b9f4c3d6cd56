//! The lines of a source: where logical lines begin, the bodies of outermost functions, the names of classes, and which watched names
//! are code.
//!
//! Lines, strings, comments, brackets and indentation are found exactly as the grammar has them; where that would need more
//! than this (an f-string with braces in strings of its own, an odd line end, brackets that do not match), there is no outline.
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::{
    prefilter::Look,
    words::{is_blank, word_after, word_before},
};

/// The body of an outermost function: its lines, up to the next that is not part of it.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) lines: Range<usize>,
    /// Where its `def` stands.
    pub(super) header: usize,
    /// Where the line of its `def` begins.
    pub(super) line: usize,
}

/// The lines of a source.
#[derive(Debug, Default)]
pub(super) struct Outline<'t> {
    pub(super) bodies: Vec<Body>,
    /// Names of classes.
    pub(super) classes: FxHashSet<&'t [u8]>,
    /// Where logical lines begin.
    pub(super) starts: Vec<usize>,
    /// Of each watched name, whether it is code.
    pub(super) code: Vec<bool>,
}

impl<'t> Outline<'t> {
    /// The outline of a text; `None` where it would have to be guessed.
    pub(super) fn of(text: &'t str, look: &'t Look) -> Option<Self> {
        Scanner::new(text, look).and_then(Scanner::run)
    }

    /// The body around an offset.
    pub(super) fn body_at(&self, at: usize) -> Option<&Body> {
        let next = self.bodies.partition_point(|body| body.lines.start <= at);
        let body = next.checked_sub(1).and_then(|n| self.bodies.get(n));
        body.filter(|body| body.lines.contains(&at))
    }

    /// The logical line around an offset.
    pub(super) fn line(&self, at: usize, end: usize) -> Range<usize> {
        let next = self.starts.partition_point(|start| *start <= at);
        let start = next.checked_sub(1).and_then(|n| self.starts.get(n));
        start.copied().unwrap_or_default()..self.starts.get(next).copied().unwrap_or(end)
    }
}

/// What ends a run of plain bytes in a logical line: a line end, a comment, a string, a bracket, a backslash.
#[allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a table of all bytes, made while compiling, where `usize::from` cannot be called"
)]
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut bytes: &[u8] = b"\n\r#\"'\\()[]{}";
    while let [byte, rest @ ..] = bytes {
        special[*byte as usize] = true;
        bytes = rest;
    }
    special
};

fn is_special(byte: u8) -> bool {
    SPECIAL
        .get(usize::from(byte))
        .is_some_and(|special| *special)
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
        let length = word_after(self.bytes, from);
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
        // The last byte of its tokens so far.
        let mut last = 0;
        loop {
            let run = self.bytes.get(self.at..).unwrap_or_default();
            let length = run.iter().take_while(|b| !is_special(**b)).count();
            let run = run.get(..length).unwrap_or_default();
            self.step(length);
            if let Some(end) = run.iter().rfind(|b| !is_blank(**b)) {
                last = *end;
            }
            let Some(byte) = self.peek(0) else {
                return self.brackets.is_empty().then_some(last == b':');
            };
            match byte {
                b'\n' if self.brackets.is_empty() => {
                    self.step(1);
                    return Some(last == b':');
                }
                b'\n' => {}
                b'\r' => {
                    if self.peek(1) != Some(b'\n') {
                        return None;
                    }
                }
                b'#' => {
                    self.comment();
                    continue;
                }
                b'"' | b'\'' => {
                    let prefix = word_before(run, run.len());
                    self.string(byte, self.at.saturating_sub(prefix)..self.at)?;
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
                _ => {
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
            }
            self.step(1);
        }
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
