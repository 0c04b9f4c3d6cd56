//! Which entries are Python source: by name, or by an interpreter line.

use crate::{
    bytes::{ReadError, ReadStop, Window, wide},
    fact::{Fact, IoFault, Place, Unread},
    format::SourceReader,
    limits, python,
    record::Recorder,
};

/// How an entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Python text.
    Script,
    /// A Jupyter notebook.
    Notebook,
}

/// How many bytes of a file without a known suffix are looked at for an interpreter line.
pub(super) const INTERPRETER_LINE: usize = 256;

/// Reads source in archives as files of their own.
#[derive(Debug)]
pub(super) struct Sources;

impl SourceReader for Sources {
    fn is_source(&self, name: &[u8], front: &[u8]) -> bool {
        recognise(name, front).is_some()
    }

    fn read(&self, name: &[u8], window: &Window, recorder: &mut Recorder) {
        read(by_name(name).unwrap_or(Source::Script), window, recorder);
    }
}

/// Whether a file of this name that begins so is Python source.
fn recognise(name: &[u8], front: &[u8]) -> Option<Source> {
    by_name(name).or_else(|| by_interpreter(front))
}

/// Whether a file begins with an interpreter line of Python.
pub(super) fn by_interpreter(front: &[u8]) -> Option<Source> {
    let front = front.get(..INTERPRETER_LINE).unwrap_or(front);
    let line = front.strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?;
    let python = memchr::memmem::find(line, b"python").is_some();
    python.then_some(Source::Script)
}

/// Whether a file of this name is Python source, whatever its bytes.
pub(super) fn by_name(name: &[u8]) -> Option<Source> {
    let suffix = name
        .iter()
        .rposition(|b| *b == b'.')
        .and_then(|dot| name.get(dot.saturating_add(1)..))
        .map(<[u8]>::to_ascii_lowercase);
    match suffix.as_deref() {
        Some(b"py" | b"pyi" | b"pyw") => Some(Source::Script),
        Some(b"ipynb") => Some(Source::Notebook),
        _ => None,
    }
}

/// Records what source says.
pub(super) fn read(source: Source, window: &Window, recorder: &mut Recorder) {
    if window.len() > limits::SOURCE_BYTES {
        recorder.record(Fact::Unread(Unread::Limit(limits::Id::SOURCE_BYTES)));
        return;
    }
    match window.borrow_at(0, usize::try_from(window.len()).unwrap_or(usize::MAX)) {
        Ok(bytes) => {
            if wide(bytes.len()) < window.len() {
                recorder.unread(ReadStop::Io(IoFault::Shrank), Place::Whole);
            }
            python::read(&bytes, source == Source::Notebook, recorder);
        }
        Err(error) => {
            recorder.unread(ReadError::from(error), Place::Whole);
        }
    }
}

/// Records which releases a list of requirements or a lock file asks for. One that is larger than source may be asks for nothing.
pub(super) fn read_requirements(
    manifest: python::Manifest,
    window: &Window,
    recorder: &mut Recorder,
) {
    let length = usize::try_from(window.len().min(limits::SOURCE_BYTES)).unwrap_or_default();
    if window.len() <= limits::SOURCE_BYTES
        && let Ok(bytes) = window.borrow_at(0, length)
    {
        python::read_requirements(&bytes, manifest, recorder);
    }
}

/// Records which switches a file sets for the programs that it starts. Returns whether it sets any: larger ones are data.
pub(super) fn read_environment(window: &Window, recorder: &mut Recorder) -> bool {
    let length = usize::try_from(window.len().min(limits::ENVIRONMENT_BYTES)).unwrap_or_default();
    window.len() <= limits::ENVIRONMENT_BYTES
        && window
            .borrow_at(0, length)
            .is_ok_and(|bytes| python::read_environment(&bytes, recorder))
}

#[cfg(test)]
mod tests {
    use super::{Source, recognise};

    #[test]
    fn source_is_known_by_its_name_or_its_interpreter() {
        for (name, bytes, expected) in [
            ("a.py", "", Some(Source::Script)),
            ("A.PY", "", Some(Source::Script)),
            ("a.ipynb", "{}", Some(Source::Notebook)),
            ("train", "#!/usr/bin/env python3\n", Some(Source::Script)),
            ("train", "#!/bin/sh\npython train\n", None),
            ("notes.md", "python", None),
        ] {
            let found = recognise(name.as_bytes(), bytes.as_bytes());
            assert_eq!(found, expected, "{name}");
        }
    }
}
