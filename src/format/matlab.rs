//! MATLAB: matrices, cells and structures of version 5 of its files, some of them compressed. Function handles and objects are code.

use std::sync::Arc;

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{ByteSource, Codec, Inflated, ReadError, Window, narrow},
    fact::{
        Code, CodeByValue, Fact, ForeignCode, GlobalName, Hop, Piece, Place, Short, TableFault,
    },
    limits,
};

/// Files that begin with MATLAB's text and the version 5.
pub static FORMAT: Format = Format {
    id: "matlab",
    title: "MATLAB file",
    doc: DOC,
    suffixes: &[Suffix::plain("mat")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Variables as `save` writes them by default, or `scipy.io.savemat`: matrices, texts, cells and structures, each of them compressed or not.

## What loading it does

MATLAB rebuilds function handles, and asks the class of an object to restore it (`loadobj`). `scipy.io.loadmat` rebuilds neither. Files of
version 7.3 are [`hdf5`](#hdf5), where the class of each variable is read, and those of version 4 have matrices alone and no sign by which they would be known.

## How it is recognised

By `MATLAB 5.0 MAT-file` and the version and byte order in the head. Data alone is not reported, unless its name is that of a model.

## What is checked

Every element, also in what is compressed: sizes fit, and matrices are nested no deeper than any writer nests them. Function handles and
objects are refused, with the place and the class.

## What to prefer

npy or HDF5.
";

/// Bytes before the first variable.
const HEAD: u64 = 128;

/// Types of elements.
const UINT32: u32 = 6;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const LAST: u32 = 18;

/// Classes of matrices.
mod class {
    pub(super) const OBJECT: u8 = 3;
    pub(super) const FUNCTION: u8 = 16;
    pub(super) const OPAQUE: u8 = 17;
}

fn probe(head: &Head<'_>) -> Certainty {
    let is_text = head.front.starts_with(b"MATLAB 5.0 MAT-file");
    Certainty::sure_if(is_text && Order::of(&head.front).is_some())
}

/// The order of bytes in numbers.
#[derive(Debug, Clone, Copy)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn of(front: &[u8]) -> Option<Self> {
        match front.get(124..128)? {
            [0, 1, b'I', b'M'] => Some(Self::Little),
            [1, 0, b'M', b'I'] => Some(Self::Big),
            _ => None,
        }
    }

    fn number(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        }
    }
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let front = window.bytes_at(0, narrow(HEAD))?;
    let Some(order) = Order::of(&front) else {
        reading.disclaim();
        return Ok(());
    };
    let before = reading.recorder.checkpoint();
    let mut walk = Variables { order, elements: 0 };
    let mut at = HEAD;
    while window.reaches(at.saturating_add(1))? {
        let element = walk.element(window, at, None)?;
        match element.kind {
            MATRIX => walk.matrix(window, &element, 0, reading)?,
            COMPRESSED => walk.compressed(window, &element, reading)?,
            _ => return Err(wrong("variable", at)),
        }
        at = element.next;
    }
    reading.disclaim_data(before);
    Ok(())
}

/// An element: its type, where its data is, and where the next one is.
#[derive(Debug, Clone, Copy)]
struct Element {
    kind: u32,
    at: u64,
    start: u64,
    end: u64,
    next: u64,
}

struct Variables {
    order: Order,
    elements: u64,
}

impl Variables {
    /// The element at an offset, which ends before `limit`.
    fn element(
        &mut self,
        window: &Window,
        at: u64,
        limit: Option<u64>,
    ) -> Result<Element, ReadError> {
        self.elements = self.elements.saturating_add(1);
        if self.elements > limits::MATLAB_ELEMENTS {
            return Err(ReadError::Limit(limits::Id::MATLAB_ELEMENTS));
        }
        let head = window.exact(at..at.saturating_add(8), Piece::Content)?;
        let mut words = head.chunks_exact(4).filter_map(<[u8]>::first_chunk);
        let mut word = || words.next().map_or(0, |bytes| self.order.number(*bytes));
        let (first, second) = (word(), word());
        // A small one has its size beside its type, and its data in the second word.
        let small = u64::from(first >> 16);
        let element = if small > 0 {
            let start = at.saturating_add(4);
            Element {
                kind: first & 0xffff,
                at,
                start,
                end: start.saturating_add(small),
                next: at.saturating_add(8),
            }
        } else {
            let start = at.saturating_add(8);
            let end = start.saturating_add(u64::from(second));
            let padding = match first {
                COMPRESSED => 0,
                _ => end.wrapping_neg() & 7,
            };
            Element {
                kind: first,
                at,
                start,
                end,
                next: end.saturating_add(padding),
            }
        };
        let Element { kind, end, .. } = element;
        if small > 4 || !(1..=LAST).contains(&kind) {
            return Err(wrong("element", at));
        }
        if limit.is_some_and(|limit| end > limit) {
            return Err(wrong("size", at));
        }
        if !window.reaches(end)? {
            let left = window.len().saturating_sub(element.start);
            let needed = end.saturating_sub(element.start);
            return Err(ReadError::truncated(Piece::Content, needed, left));
        }
        Ok(element)
    }

    /// A variable that is compressed: one matrix.
    fn compressed(
        &mut self,
        window: &Window,
        element: &Element,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        let packed = window.up_to(element.start, element.end.saturating_sub(element.start));
        let hold = reading.may_hold();
        let inflated = Inflated::open(packed, Codec::Zlib, hold, reading.budget());
        let inflated = Arc::new(inflated);
        let source: Arc<dyn ByteSource> = inflated.clone();
        let unpacked = Window::shared(source);
        reading.recorder.enter(Hop::From(element.start));
        let done = self.variable(&unpacked, reading);
        reading.recorder.leave();
        match inflated.stopped() {
            Some(error) => Err(error),
            None => done,
        }
    }

    fn variable(&mut self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        let inner = self.element(window, 0, None)?;
        if inner.kind != MATRIX || window.reaches(inner.next.saturating_add(1))? {
            return Err(wrong("variable", 0));
        }
        self.matrix(window, &inner, 0, reading)
    }

    /// A matrix: its flags, and then its parts, of which any may be matrices.
    fn matrix(
        &mut self,
        window: &Window,
        matrix: &Element,
        depth: usize,
        reading: &mut Reading<'_>,
    ) -> Result<(), ReadError> {
        if depth >= limits::MATLAB_DEPTH {
            return Err(ReadError::Limit(limits::Id::MATLAB_DEPTH));
        }
        // One without anything is a cell that was never set.
        if matrix.start == matrix.end {
            return Ok(());
        }
        let flags = self.element(window, matrix.start, Some(matrix.end))?;
        if flags.kind != UINT32 || flags.end.saturating_sub(flags.start) != 8 {
            return Err(wrong("flags", flags.at));
        }
        let bytes = window.exact(flags.start..flags.start.saturating_add(4), Piece::Content)?;
        let number = bytes.first_chunk().map_or(0, |b| self.order.number(*b));
        let [class, ..] = number.to_le_bytes();
        let mut at = flags.next;
        let mut part: usize = 0;
        let mut name = None;
        while at < matrix.end {
            let element = self.element(window, at, Some(matrix.end))?;
            // Both have the name of their class in the fourth element.
            let is_class = part == 2 && matches!(class, class::OBJECT | class::OPAQUE);
            match element.kind {
                MATRIX => {
                    let depth = depth.saturating_add(1);
                    self.matrix(window, &element, depth, reading)?;
                }
                COMPRESSED => return Err(wrong("element", at)),
                _ if is_class => {
                    let length = element.end.saturating_sub(element.start);
                    let length = narrow(length.min(limits::NAME_BYTES));
                    name = Some(Short::new(&window.bytes_at(element.start, length)?));
                }
                _ => {}
            }
            part = part.saturating_add(1);
            at = element.next;
        }
        let what = match class {
            class::FUNCTION => ForeignCode::MatlabFunction,
            class::OBJECT | class::OPAQUE => ForeignCode::MatlabClass,
            1..=15 => return Ok(()),
            _ => return Err(wrong("class", flags.at)),
        };
        let fact = code(what, name.unwrap_or_default());
        let place = Place::Bytes {
            start: matrix.at,
            end: matrix.end,
        };
        reading.record_at(fact, place, None);
        Ok(())
    }
}

fn code(what: ForeignCode, name: Short) -> Fact {
    Fact::CodeByValue(Box::new(CodeByValue {
        made_by: GlobalName::new("matlab", "load"),
        code: Code::Foreign { what, name },
    }))
}

/// Classes of data, as files of version 7.3 name them.
const DATA: [&[u8]; 15] = [
    b"canonical empty",
    b"cell",
    b"char",
    b"double",
    b"int16",
    b"int32",
    b"int64",
    b"int8",
    b"logical",
    b"single",
    b"struct",
    b"uint16",
    b"uint32",
    b"uint64",
    b"uint8",
];

/// What MATLAB restores of an object of HDF5 that it marked with a class, if that is more than data.
pub(super) fn restored(class: &[u8]) -> Option<Fact> {
    match class {
        b"function_handle" => Some(code(ForeignCode::MatlabFunction, Short::default())),
        _ if DATA.contains(&class) => None,
        _ => Some(code(ForeignCode::MatlabClass, Short::new(class))),
    }
}

fn wrong(name: &str, at: u64) -> ReadError {
    let name = name.into();
    ReadError::malformed(TableFault::Value { name, at })
}
