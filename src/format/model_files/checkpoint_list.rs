//! `checkpoint`: the text in which TensorFlow keeps the names of a model's checkpoints (`checkpoint_state.proto`).
//!
//! A saver that is given a path from the root writes that path here, so such a path is ordinary: it says where the folder was when it was
//! written. TensorFlow opens what is there as a checkpoint, which is data, and ignores the list if nothing is.

use std::ops::Range;

use indexmap::IndexSet;

use crate::{
    bytes::{ReadError, Window, narrow},
    fact::{Fact, FileReference, FileRole, Text},
    format::{Reading, lines::Lines},
    limits,
};

/// The fields of such a text that are paths.
const PATHS: &[&[u8]] = &[b"all_model_checkpoint_paths", b"model_checkpoint_path"];
/// Its other fields.
const TIMES: &[&[u8]] = &[
    b"all_model_checkpoint_timestamps",
    b"last_preserved_timestamp",
];

/// Records the paths of a text, as far as it is one; nothing of another.
pub(super) fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let most = narrow(limits::CONFIG_BYTES);
    let text = window.bytes_at(0, most.saturating_add(1))?;
    let mut lines = Lines::default();
    let mut seen = IndexSet::new();
    let mut fields = Fields {
        text: &text,
        at: 0,
        complete: false,
    };
    for (path, range) in fields.by_ref() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let role = FileRole::Checkpoint;
        let place = lines.place(&text, &range);
        let excerpt = Some(lines.excerpt(&text, &range));
        let fact = Fact::FileReference(Box::new(FileReference { role, path }));
        reading.record_at(fact, place, excerpt);
    }
    if text.len() > most && !seen.is_empty() {
        return Err(ReadError::Limit(limits::Id::CONFIG_BYTES));
    }
    Ok(())
}

/// The paths in a text, with their places.
struct Fields<'t> {
    text: &'t [u8],
    at: usize,
    complete: bool,
}

impl Fields<'_> {
    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let space = rest.iter().take_while(|b| is_space(**b)).count();
            let after = rest.get(space..).unwrap_or_default();
            let comment = if after.first() == Some(&b'#') {
                memchr::memchr(b'\n', after).unwrap_or(after.len())
            } else {
                0
            };
            if space.saturating_add(comment) == 0 {
                return;
            }
            self.at = self.at.saturating_add(space).saturating_add(comment);
        }
    }

    fn take_while(&mut self, is: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        let count = self.rest().iter().take_while(|b| is(**b)).count();
        self.at = start.saturating_add(count);
        start..self.at
    }

    /// The next field that is a path; `None` where the text ends, or is no such text.
    fn step(&mut self) -> Option<(Text, Range<usize>)> {
        loop {
            self.skip_space();
            let name = self.take_while(|b| b.is_ascii_alphanumeric() || b == b'_');
            let name = self.text.get(name).unwrap_or_default();
            self.skip_space();
            if self.rest().first() != Some(&b':') {
                return None;
            }
            self.at = self.at.saturating_add(1);
            self.skip_space();
            if PATHS.contains(&name) {
                return self.path();
            }
            if !TIMES.contains(&name) {
                return None;
            }
            self.take_while(|b| !is_space(b) && !matches!(b, b';' | b','));
            self.skip_separator();
        }
    }

    /// A path: texts one after another are one.
    fn path(&mut self) -> Option<(Text, Range<usize>)> {
        let start = self.at;
        let mut path = Vec::new();
        let mut end = start;
        while let Some(quote @ (b'"' | b'\'')) = self.rest().first() {
            let quote = *quote;
            self.at = self.at.saturating_add(1);
            self.quoted(quote, &mut path)?;
            end = self.at;
            self.skip_space();
        }
        self.skip_separator();
        (end > start).then(|| (Text::new(path), start..end))
    }

    fn skip_separator(&mut self) {
        self.skip_space();
        if matches!(self.rest().first(), Some(b';' | b',')) {
            self.at = self.at.saturating_add(1);
        }
    }

    /// What stands up to a quotation mark, with escapes as those of C.
    fn quoted(&mut self, quote: u8, into: &mut Vec<u8>) -> Option<()> {
        loop {
            let (byte, rest) = self.rest().split_first()?;
            let (mut byte, mut count) = (*byte, 1);
            if byte == quote {
                self.at = self.at.saturating_add(1);
                return Some(());
            }
            if byte == b'\n' {
                return None;
            }
            if byte == b'\\' {
                let (escaped, digits) = escape(rest)?;
                byte = escaped;
                count = digits.saturating_add(1);
            }
            into.push(byte);
            self.at = self.at.saturating_add(count);
        }
    }
}

impl Iterator for Fields<'_> {
    type Item = (Text, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.complete {
            return None;
        }
        let step = self.step();
        self.complete = step.is_none();
        step
    }
}

/// The byte that an escape stands for, and how many bytes it has after the backslash.
fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    let first = *rest.first()?;
    let digits = |from: usize, radix: u32, most: usize| {
        let digits = rest.iter().skip(from).take(most);
        let values = digits.map_while(|b| char::from(*b).to_digit(radix));
        let (mut value, mut count) = (0_u32, from);
        for digit in values {
            value = value.saturating_mul(radix).saturating_add(digit);
            count = count.saturating_add(1);
        }
        (count > from).then_some((u8::try_from(value & 0xff).unwrap_or_default(), count))
    };
    match first {
        b'0'..=b'7' => digits(0, 8, 3),
        b'x' | b'X' => digits(1, 16, 2),
        b'n' => Some((b'\n', 1)),
        b'r' => Some((b'\r', 1)),
        b't' => Some((b'\t', 1)),
        other => Some((other, 1)),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
