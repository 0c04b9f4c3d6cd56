//! `checkpoint`: the text in which TensorFlow keeps the names of a model's checkpoints (`checkpoint_state.proto`).
//!
//! A saver that is given a path from the root writes that path here, so such a path is ordinary: it says where the folder was when it was
//! written. TensorFlow opens what is there as a checkpoint, which is data, and ignores the list if nothing is.

use std::ops::Range;

use indexmap::IndexSet;

use crate::{
    bytes::{ReadError, Window, narrow},
    fact::{Fact, FileReference, FileRole, Text},
    format::{Reading, lines::Lines, protobuf_scanner::Scanner},
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
        scanner: Scanner { text: &text, at: 0 },
        complete: false,
    };
    for (path, range) in fields.by_ref() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let role = FileRole::Checkpoint;
        let place = lines.place(&text, &range);
        let excerpt = Some(lines.excerpt(&text, &range));
        let fact = Fact::FileReference(Box::new(FileReference::new(role, path)));
        reading.record_at(fact, place, excerpt);
    }
    if text.len() > most && !seen.is_empty() {
        return Err(ReadError::Limit(limits::Id::CONFIG_BYTES));
    }
    Ok(())
}

/// The paths in a text, with their places.
struct Fields<'t> {
    scanner: Scanner<'t>,
    complete: bool,
}

impl Fields<'_> {
    /// The next field that is a path; `None` where the text ends, or is no such text.
    fn step(&mut self) -> Option<(Text, Range<usize>)> {
        let scanner = &mut self.scanner;
        loop {
            let name = scanner.word();
            if !scanner.take(b':') {
                return None;
            }
            scanner.skip();
            if PATHS.contains(&name) {
                return self.path();
            }
            if !TIMES.contains(&name) {
                return None;
            }
            scanner.take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b';' | b','));
            scanner.separator();
        }
    }

    /// A path: texts one after another are one.
    fn path(&mut self) -> Option<(Text, Range<usize>)> {
        let scanner = &mut self.scanner;
        let start = scanner.at;
        let mut path = Vec::new();
        let mut end = start;
        while let Some(quote @ (b'"' | b'\'')) = scanner.next() {
            scanner.step();
            scanner.quoted(quote, &mut path)?;
            end = scanner.at;
        }
        scanner.separator();
        (end > start).then(|| (Text::new(path), start..end))
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
