//! Constants and globals as they are digested: of one value one encoding, however a protocol spells it.

use std::ops::Range;

use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

use super::{Hash, of_fields};
use crate::{
    bytes::{Window, narrow, wide},
    fact::Global,
    format::pickle::{
        constant::{self, Instruction},
        events::EventLog,
        opcode::{self as op, Operand},
        shapes,
    },
    limits,
};

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;
/// Shorter constants are always digested: to remember a longer one for later costs less than to read it.
const SHORT: u64 = 16 << 10;

/// Longer constants count towards [`limits::PAYLOAD_BYTES`].
const COUNTED: u64 = 1 << 20;

/// The constants of a stream.
#[derive(Debug)]
pub(super) struct Constants {
    window: Window,
    /// What texts and bytes come to, by the offsets of their opcodes.
    by_offset: FxHashMap<u64, (u8, Hash)>,
    interned: Vec<Option<Hash>>,
    globals: Vec<Option<Hash>>,
    /// Bytes of long constants so far.
    long: u64,
}

impl Constants {
    pub(super) fn new(window: Window) -> Self {
        Self {
            window,
            by_offset: FxHashMap::default(),
            interned: Vec::new(),
            globals: Vec::new(),
            long: 0,
        }
    }

    /// A text whose bytes are at hand.
    pub(super) fn text(&mut self, at: u64, bytes: &[u8]) {
        self.keep(at, (b'U', Sha256::digest(bytes).into()));
    }

    /// Most are asked for soon, and the others are read again.
    fn keep(&mut self, at: u64, known: (u8, Hash)) {
        const KEPT: usize = 1 << 16;
        if self.by_offset.len() >= KEPT {
            self.by_offset.clear();
        }
        self.by_offset.insert(at, known);
    }

    /// Writes a text that is kept in memory.
    pub(super) fn write_interned(&mut self, id: usize, text: &[u8], out: &mut Sha256) {
        let digest = *known(&mut self.interned, id, || Sha256::digest(text).into());
        out.update(b"U");
        out.update(digest);
    }

    /// The digest of a global's name: as packs have it, where one lists it.
    pub(super) fn global(&mut self, row: usize, log: &EventLog) -> Hash {
        *known(&mut self.globals, row, || match log.global(row) {
            Some(Global::Named(name)) => {
                let (module, name) = (name.module.as_bytes(), name.name.as_bytes());
                match shapes::canonical(module, name) {
                    Some(canonical) => of_fields(&[canonical.as_bytes()]),
                    None => of_fields(&[module, name]),
                }
            }
            Some(Global::Unresolved(why)) => of_fields(&[why.id().as_bytes(), b"", b""]),
            None => of_fields(&[]),
        })
    }

    /// Writes the constant of the opcode at `at`. Of a long one the length, and whether it is one.
    pub(super) fn write(&mut self, at: u64, out: &mut Sha256) -> bool {
        if let Some((tag, digest)) = self.by_offset.get(&at) {
            out.update([*tag]);
            out.update(digest);
            return false;
        }
        let Some(instruction) = self.instruction(at) else {
            out.update(b"?");
            out.update(at.to_be_bytes());
            return false;
        };
        let operand = instruction.operand.as_slice();
        match instruction.code {
            op::BINFLOAT => {
                out.update(b"F");
                out.update(operand);
            }
            op::FLOAT | op::INT | op::LONG => write_number(operand, out),
            op::LONG1 => write_integer(operand, out),
            op::LONG4 => {
                let digest = self.payload(at).unwrap_or_default();
                out.update(b"L");
                out.update(digest);
            }
            code => {
                let tag = match code {
                    op::BYTEARRAY8 => b'a',
                    op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 => b'b',
                    _ => b'U',
                };
                let is_line = matches!(code, op::STRING | op::UNICODE);
                if !is_line && instruction.length > SHORT {
                    out.update([tag]);
                    out.update(Sha256::digest(instruction.length.to_be_bytes()));
                    return true;
                }
                let digest = match code {
                    op::STRING | op::UNICODE => match constant::decoded(&instruction) {
                        Some(text) => Sha256::digest(text).into(),
                        None => Sha256::digest(operand).into(),
                    },
                    _ => self.payload(at).unwrap_or_default(),
                };
                self.keep(at, (tag, digest));
                out.update([tag]);
                out.update(digest);
            }
        }
        false
    }

    /// The instruction at an offset: lines whole, of counted bytes the first.
    fn instruction(&self, at: u64) -> Option<Instruction> {
        let mut most = 256;
        loop {
            let read = constant::instruction(&self.window, at, most)?;
            let is_line = matches!(
                read.code,
                op::STRING | op::UNICODE | op::INT | op::LONG | op::FLOAT
            );
            let is_cut = is_line && read.operand.len() >= most;
            if !is_cut || wide(most) >= limits::LINE_BYTES {
                return Some(read);
            }
            most = most.saturating_mul(16);
        }
    }

    /// The digest of the counted bytes of the constant at `at`.
    pub(super) fn payload(&mut self, at: u64) -> Option<Hash> {
        let range = counted(&self.window, at)?;
        Some(self.stretch(range))
    }

    fn stretch(&mut self, range: Range<u64>) -> Hash {
        let length = range.end.saturating_sub(range.start);
        if length <= COUNTED {
            return digest(&self.window, range);
        }
        self.long = self.long.saturating_add(length);
        if self.long > limits::PAYLOAD_BYTES {
            place(&self.window, &range)
        } else {
            digest(&self.window, range)
        }
    }

    /// The digest of a text's characters as bytes, if each is one.
    pub(super) fn latin1_at(&mut self, at: u64) -> Option<Hash> {
        let instruction = self.instruction(at)?;
        if matches!(instruction.code, op::STRING | op::UNICODE) {
            let text = constant::decoded(&instruction)?;
            return latin1(&text);
        }
        let mut bytes = Latin1::default();
        let range = counted(&self.window, at)?;
        each_chunk(&self.window, range, |chunk| bytes.take(chunk));
        bytes.finish()
    }
}

/// The digest of all bytes of a stream.
pub(super) fn stream(window: &Window, range: Range<u64>) -> Hash {
    if range.end.saturating_sub(range.start) > limits::PAYLOAD_STREAM {
        place(window, &range)
    } else {
        digest(window, range)
    }
}

fn digest(window: &Window, range: Range<u64>) -> Hash {
    let mut hash = Sha256::new();
    each_chunk(window, range, |chunk| hash.update(chunk));
    hash.finalize().into()
}

/// What there is no time to read counts by where it stands, which another file has elsewhere.
fn place(window: &Window, range: &Range<u64>) -> Hash {
    let mut hash = Sha256::new();
    for number in [range.start, range.end, window.len()] {
        hash.update(number.to_be_bytes());
    }
    hash.finalize().into()
}

/// The digest of the characters of UTF-8 as bytes, if each is one.
pub(super) fn latin1(text: &[u8]) -> Option<Hash> {
    let mut bytes = Latin1::default();
    bytes.take(text);
    bytes.finish()
}

/// UTF-8 that is turned into Latin-1.
#[derive(Debug, Default)]
struct Latin1 {
    hash: Sha256,
    /// The first byte of a character of two.
    lead: Option<u8>,
    failed: bool,
}

impl Latin1 {
    fn take(&mut self, chunk: &[u8]) {
        let mut out = Vec::with_capacity(chunk.len());
        for byte in chunk {
            match (self.lead.take(), *byte) {
                (None, 0..=0x7f) => out.push(*byte),
                (None, 0xc2 | 0xc3) => self.lead = Some(*byte),
                (Some(lead), 0x80..=0xbf) => out.push((lead & 3) << 6 | (byte & 0x3f)),
                _ => self.failed = true,
            }
        }
        self.hash.update(out);
    }

    fn finish(self) -> Option<Hash> {
        let whole = !self.failed && self.lead.is_none();
        whole.then(|| self.hash.finalize().into())
    }
}

/// What is known under a number, or is found out now.
fn known(all: &mut Vec<Option<Hash>>, at: usize, find: impl FnOnce() -> Hash) -> &Hash {
    /// Rows and interned texts are fewer.
    const EMPTY: &Hash = &[0; 32];
    if all.len() <= at {
        all.resize(at.saturating_add(1), None);
    }
    match all.get_mut(at) {
        Some(slot) => slot.get_or_insert_with(find),
        None => EMPTY,
    }
}

/// An integer of little-endian two's complement that has 64 bits.
pub(super) fn small_integer(bytes: &[u8]) -> Option<i64> {
    let negative = bytes.last().is_some_and(|byte| *byte >= 0x80);
    let fill = if negative { 0xff } else { 0 };
    let mut all = [fill; 8];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i64::from_le_bytes(all))
}

/// Writes an integer of little-endian two's complement, as short as it can be.
pub(super) fn write_integer(bytes: &[u8], out: &mut Sha256) {
    let mut bytes = bytes;
    while let [rest @ .., next, last] = bytes {
        let is_needless = match last {
            0 => *next < 0x80,
            0xff => *next >= 0x80,
            _ => false,
        };
        if !is_needless {
            break;
        }
        let kept = rest.len().saturating_add(1);
        bytes = bytes.get(..kept).unwrap_or(bytes);
    }
    if bytes == [0] {
        bytes = &[];
    }
    out.update(b"I");
    out.update(wide(bytes.len()).to_be_bytes());
    out.update(bytes);
}

/// Writes a number that a line spells.
fn write_number(line: &[u8], out: &mut Sha256) {
    let text = std::str::from_utf8(line).unwrap_or_default().trim();
    let digits = text.strip_suffix('L').unwrap_or(text);
    if let Ok(integer) = digits.parse::<i128>() {
        write_integer(&integer.to_le_bytes(), out);
    } else if let Ok(float) = text.parse::<f64>() {
        out.update(b"F");
        out.update(float.to_bits().to_be_bytes());
    } else {
        out.update(b"#");
        out.update(of_fields(&[line]));
    }
}

/// Where the bytes of a constant stand that are counted in front of it.
fn counted(window: &Window, at: u64) -> Option<Range<u64>> {
    let instruction = constant::instruction(window, at, 0)?;
    let prefix = match op::lookup(instruction.code)?.operand {
        Operand::Size1 => 1,
        Operand::Size4 | Operand::Size4Signed => 4,
        Operand::Size8 => 8,
        _ => return None,
    };
    let begin = at.checked_add(1)?.checked_add(prefix)?;
    let end = begin.checked_add(instruction.length)?;
    (end <= window.len()).then_some(begin..end)
}

fn each_chunk(window: &Window, range: Range<u64>, mut take: impl FnMut(&[u8])) {
    let mut from = range.start;
    let longest = narrow(range.end.saturating_sub(range.start)).min(CHUNK);
    let mut chunk = vec![0; longest];
    while from < range.end {
        let wanted = narrow(range.end.saturating_sub(from)).min(CHUNK);
        let Some(part) = chunk.get_mut(..wanted) else {
            return;
        };
        let read = window.fill_at(from, part).unwrap_or(0);
        if read == 0 {
            return;
        }
        take(part.get(..read).unwrap_or_default());
        from = from.saturating_add(wide(read));
    }
}
