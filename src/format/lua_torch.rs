//! Torch7: what torch wrote in Lua, in its binary form and in text.
//!
//! An object is a type and what that type has. Tensors and tables are data; functions are bytecode of Lua, and classes that nobody knows here
//! read what follows themselves.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{ReadError, Stream, Window, narrow, wide},
    fact::{
        Anomaly, Code, CodeByValue, Fact, ForeignCode, GlobalName, Payload, Piece, Place, Short,
        TableFault,
    },
    limits,
};

/// Files that begin with an object of a class or with a table, and those that are called so.
pub static FORMAT: Format = Format {
    id: "lua-torch",
    title: "Lua Torch7 file",
    doc: DOC,
    suffixes: &[Suffix::own("t7")],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

What `torch.save` wrote in Lua, before PyTorch: tensors, tables, modules of `nn`, and functions.

## What loading it does

Lua loads the functions that the file brings as bytecode, which is not verified, and an object of a class is read by what its package registered
for that. Readers in Python only read tensors and tables.

## How it is recognised

By an object of a class or a table that begins it, in binary or in text, or by any object with bytecode in its front; under the name `.t7`, by any
object.

## What is checked

All of it is read: numbers, texts, tables, those of `tds`, tensors with their storages, and modules of `nn`, `nngraph`, `cudnn` and `cunn`, which are tables.
Functions and other classes are refused, each with its place.

## What to prefer

safetensors.
";

/// Types of objects.
mod kind {
    pub(super) const NIL: i64 = 0;
    pub(super) const NUMBER: i64 = 1;
    pub(super) const TEXT: i64 = 2;
    pub(super) const TABLE: i64 = 3;
    pub(super) const CLASS: i64 = 4;
    pub(super) const BOOL: i64 = 5;
    pub(super) const FUNCTION: i64 = 6;
    pub(super) const OLD_SHARED_FUNCTION: i64 = 7;
    pub(super) const SHARED_FUNCTION: i64 = 8;
}

/// Types of elements, with their sizes.
const ELEMENTS: [(&str, u64); 8] = [
    ("Byte", 1),
    ("Char", 1),
    ("Short", 2),
    ("Int", 4),
    ("Long", 8),
    ("Float", 4),
    ("Double", 8),
    ("Half", 2),
];
/// Packages whose classes are tables.
const PACKAGES: [&str; 6] = ["cudnn.", "cunn.", "graph.", "nn.", "nngraph.", "cltorch."];

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    if is_binary(front) || is_text(front) || has_code(front) {
        return Certainty::Sure;
    }
    let named = FORMAT.suffix_of(head.name).is_some();
    let begins = matches!(front, [0..=8, 0, 0, 0, ..] | [b'0'..=b'8', b'\n', ..]);
    Certainty::maybe_if(named && begins)
}

/// Any object in whose front there is bytecode of `LuaJIT` or Lua.
fn has_code(front: &[u8]) -> bool {
    let has = |magic: &[u8]| memchr::memmem::find(front, magic).is_some();
    matches!(front, [1..=8, 0, 0, 0, ..] | [b'1'..=b'8', b'\n', ..])
        && (has(b"\x1bLJ") || has(b"\x1bLua"))
}

/// An object of a class or a table with a first key.
fn is_binary(front: &[u8]) -> bool {
    matches!(
        front,
        [
            4,
            0,
            0,
            0,
            _,
            _,
            _,
            0,
            3,
            0,
            0,
            0,
            b'V',
            b' ',
            b'0'..=b'9',
            ..
        ] | [
            3,
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            _,
            _,
            _,
            0,
            2,
            0,
            0,
            0,
            _,
            0,
            0,
            0,
            b' '..=b'~',
            ..
        ] | [
            3,
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            _,
            _,
            _,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0xf0,
            0x3f,
            ..
        ]
    )
}

/// The same in text.
fn is_text(front: &[u8]) -> bool {
    let Some(rest) = front.strip_prefix(b"4\n") else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest.get(digits..)
        .is_some_and(|rest| digits > 0 && rest.starts_with(b"\n3\nV "))
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let front = window.bytes_at(0, 2)?;
    let mut walk = Objects {
        stream: Stream::new(window.clone(), 0),
        is_text: matches!(front.as_slice(), [b'0'..=b'9', b'\n' | b'\r']),
        left: vec![1],
        seen: FxHashSet::default(),
        code: FxHashMap::default(),
    };
    let done = walk.run();
    let mut code: Vec<_> = std::mem::take(&mut walk.code).into_iter().collect();
    code.sort_unstable_by_key(|(_, (at, _))| *at);
    for ((what, name), (at, count)) in code {
        let fact = Fact::CodeByValue(Box::new(CodeByValue {
            made_by: GlobalName::new("torch", "load"),
            code: Code::Foreign { what, name },
        }));
        let end = at.saturating_add(4);
        let place = Place::Bytes { start: at, end };
        reading.recorder.record_times(fact, place, None, count);
    }
    done?;
    let end = walk.stream.offset();
    if window.reaches(end.saturating_add(1))? {
        let bytes = window.len().saturating_sub(end);
        let after = Payload::Object;
        let anomaly = Anomaly::TrailingData { bytes, after };
        reading.recorder.anomaly(anomaly, Place::Whole);
    }
    Ok(())
}

struct Objects {
    stream: Stream,
    is_text: bool,
    /// Objects that are still to be read, outermost first.
    left: Vec<u64>,
    /// Numbers of objects that may be referred to.
    seen: FxHashSet<i64>,
    code: FxHashMap<(ForeignCode, Short), (u64, u64)>,
}

impl Objects {
    fn run(&mut self) -> Result<(), ReadError> {
        while let Some(count) = self.left.pop() {
            if let Some(more) = count.checked_sub(1) {
                if more > 0 {
                    self.push(more)?;
                }
                self.object()?;
            }
        }
        if self.is_text {
            while let Some(byte) = self.stream.peek(1)?.first()
                && byte.is_ascii_whitespace()
            {
                self.stream.advance(1);
            }
        }
        Ok(())
    }

    fn push(&mut self, count: u64) -> Result<(), ReadError> {
        if self.left.len() >= limits::T7_NESTING {
            return Err(ReadError::Limit(limits::Id::T7_NESTING));
        }
        self.left.push(count);
        Ok(())
    }

    fn object(&mut self) -> Result<(), ReadError> {
        let at = self.stream.offset();
        match self.number(4)? {
            kind::NIL => Ok(()),
            kind::NUMBER => self.skip(1, 8),
            kind::TEXT => self.text().map(|_| ()),
            kind::BOOL => self.skip(1, 4),
            kind::TABLE => {
                if self.is_new()? {
                    let pairs = self.count(4)?;
                    self.push(pairs.saturating_mul(2))?;
                }
                Ok(())
            }
            kind::CLASS => {
                if self.is_new()? {
                    self.class(at)?;
                }
                Ok(())
            }
            kind::FUNCTION => self.function(at),
            kind::OLD_SHARED_FUNCTION | kind::SHARED_FUNCTION => {
                if self.is_new()? {
                    self.function(at)?;
                }
                Ok(())
            }
            _ => Err(wrong("type", at)),
        }
    }

    /// Bytecode, and a table of what it has from outside.
    fn function(&mut self, at: u64) -> Result<(), ReadError> {
        self.code(ForeignCode::LuaFunction, Short::default(), at);
        self.text()?;
        self.push(1)
    }

    fn class(&mut self, at: u64) -> Result<(), ReadError> {
        let mut name = self.text()?;
        if name.starts_with(b"V ") {
            name = self.text()?;
        }
        let name = String::from_utf8(name).map_err(|_| wrong("class", at))?;
        if let Some((is_tensor, size)) = of_torch(&name) {
            return if is_tensor {
                self.tensor()
            } else {
                self.storage(size)
            };
        }
        if let "tds.Hash" | "tds.Vec" = name.as_str() {
            let of_each = if name == "tds.Hash" { 2 } else { 1 };
            let count = self.count(4)?.saturating_mul(of_each);
            return self.push(count.saturating_add(1));
        }
        if !PACKAGES.iter().any(|package| name.starts_with(package)) {
            self.code(ForeignCode::LuaClass, Short::from(name.as_str()), at);
        }
        self.push(1)
    }

    /// Sizes, strides and an offset; the storage follows.
    fn tensor(&mut self) -> Result<(), ReadError> {
        let dimensions = self.count(4)?;
        if dimensions > wide(limits::TENSOR_DIMENSIONS) {
            return Err(ReadError::Limit(limits::Id::TENSOR_DIMENSIONS));
        }
        self.skip(dimensions.saturating_mul(2).saturating_add(1), 8)?;
        self.push(1)
    }

    fn storage(&mut self, size: u64) -> Result<(), ReadError> {
        let count = self.count(8)?;
        // Characters are themselves in text as well.
        if self.is_text && size == 1 {
            self.separator()?;
            return self.raw(count);
        }
        self.skip(count, size)
    }

    fn code(&mut self, what: ForeignCode, name: Short, at: u64) {
        let many = self.code.len() >= limits::OPERATORS;
        let name = if many { Short::default() } else { name };
        let (_, count) = self.code.entry((what, name)).or_insert((at, 0));
        *count = count.saturating_add(1);
    }

    /// Whether the object that comes next is one that has not come before.
    fn is_new(&mut self) -> Result<bool, ReadError> {
        let number = self.number(4)?;
        if self.seen.len() >= limits::T7_OBJECTS {
            return Err(ReadError::Limit(limits::Id::T7_OBJECTS));
        }
        Ok(self.seen.insert(number))
    }

    /// A whole number of so many bytes.
    fn number(&mut self, size: usize) -> Result<i64, ReadError> {
        let at = self.stream.offset();
        if self.is_text {
            let word = self.word()?;
            return word.parse().map_err(|_| wrong("number", at));
        }
        let left = self.stream.left();
        let bytes = self.stream.take(size)?;
        let bytes = bytes.ok_or_else(|| ReadError::truncated(Piece::Content, wide(size), left))?;
        match (bytes.first_chunk::<8>(), bytes.first_chunk::<4>()) {
            (Some(bytes), _) => Ok(i64::from_le_bytes(*bytes)),
            (None, Some(bytes)) => Ok(i64::from(i32::from_le_bytes(*bytes))),
            _ => Err(wrong("number", at)),
        }
    }

    fn count(&mut self, size: usize) -> Result<u64, ReadError> {
        let at = self.stream.offset();
        u64::try_from(self.number(size)?).map_err(|_| wrong("size", at))
    }

    /// A text with its length: the front of it, as far as names go.
    fn text(&mut self) -> Result<Vec<u8>, ReadError> {
        let length = self.count(4)?;
        if self.is_text {
            self.separator()?;
        }
        let kept = length.min(limits::NAME_BYTES);
        let left = self.stream.left();
        let text = self.stream.take(narrow(kept))?;
        let text = text.ok_or_else(|| ReadError::truncated(Piece::Content, kept, left))?;
        let text = text.to_vec();
        self.raw(length.saturating_sub(kept))?;
        Ok(text)
    }

    /// Steps over numbers of so many bytes each; in text they are words.
    fn skip(&mut self, count: u64, size: u64) -> Result<(), ReadError> {
        if self.is_text {
            for _ in 0..count {
                self.word()?;
            }
            return Ok(());
        }
        self.raw(count.saturating_mul(size))
    }

    fn raw(&mut self, bytes: u64) -> Result<(), ReadError> {
        if !self.stream.has(bytes)? {
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::Content, bytes, left));
        }
        self.stream.skip(bytes);
        Ok(())
    }

    /// The one line feed behind a number.
    fn separator(&mut self) -> Result<(), ReadError> {
        self.raw(1)
    }

    /// A word of text: digits, and what else a number may have.
    fn word(&mut self) -> Result<String, ReadError> {
        let at = self.stream.offset();
        let word = self.stream.word(limits::NUMBER_TEXT)?;
        match word.len() {
            0 => Err(ReadError::truncated(Piece::Content, 1, 0)),
            limits::NUMBER_TEXT.. => Err(wrong("number", at)),
            _ => Ok(word),
        }
    }
}

/// Whether a class is a tensor rather than a storage, and the size of its elements.
fn of_torch(name: &str) -> Option<(bool, u64)> {
    let name = name.strip_prefix("torch.")?;
    let tensor = name.strip_suffix("Tensor");
    let element = tensor.or_else(|| name.strip_suffix("Storage"))?;
    let size = match element.strip_prefix("Cuda") {
        // Floats.
        Some("") => 4,
        of_cuda => {
            let element = of_cuda.unwrap_or(element);
            ELEMENTS.iter().find(|(known, _)| *known == element)?.1
        }
    };
    Some((tensor.is_some(), size))
}

fn wrong(name: &str, at: u64) -> ReadError {
    let name = name.into();
    ReadError::malformed(TableFault::Value { name, at })
}
