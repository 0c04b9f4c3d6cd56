//! What the calls of globals are given, as digests: whoever follows a file sees that something else runs, however long it is.
//!
//! Only of globals that no pack describes: what a pack's shapes allow is data, and there may be millions of such calls. Equal
//! calls count once, in whatever order, so that saving an object again changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::{
    bytes::{Window, narrow, wide},
    fact::{Fact, Usage},
    format::pickle::{
        constant,
        events::EventLog,
        machine::{Call, Scene},
        opcode::{self as op, Operand},
        value::{Value, ValueKind},
    },
    limits,
};

/// Containers inside one another that are followed.
const DEPTH: u32 = 16;
/// Values of one call that are followed.
const VALUES: u64 = 10_000;
/// Bytes that are read at once.
const CHUNK: u64 = 64 << 10;

/// The payloads of a stream's globals, by their rows.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct Payloads {
    rows: BTreeMap<usize, Calls>,
    /// Digests that are kept, and bytes of constants that were digested, of all rows together.
    kept: usize,
    bytes: u64,
    /// Values that were followed, of all rows together.
    values: u64,
}

/// The calls of one global.
#[derive(Debug, Default)]
struct Calls {
    distinct: BTreeSet<[u8; 32]>,
    /// Those for which there was no room, in order.
    others: Sha256,
    /// It was called without arguments, which a million objects may do.
    bare: bool,
}

impl Payloads {
    /// A call of a global that no pack describes.
    pub(super) fn called(&mut self, call: &Call<()>, scene: &Scene<'_>) {
        let arguments = call.arguments.value;
        let is_bare = call.usage == Usage::Construct
            && call.keywords.is_none()
            && matches!(scene.nodes.get(arguments), Some((0, _)));
        let row = self.rows.entry(call.row).or_default();
        if is_bare && std::mem::replace(&mut row.bare, true) {
            return;
        }
        let room = limits::PAYLOAD_VALUES.saturating_sub(self.values);
        let values = room.min(VALUES);
        let mut digest = Digest {
            scene,
            hash: Sha256::new(),
            values,
            is_short: room < VALUES,
            bytes: &mut self.bytes,
        };
        digest.hash.update([
            u8::from(call.usage == Usage::Construct),
            u8::from(call.keywords.is_some()),
        ]);
        digest.value(arguments, DEPTH);
        self.values = self
            .values
            .saturating_add(values.saturating_sub(digest.values));
        let digest: [u8; 32] = digest.hash.finalize().into();
        if row.distinct.contains(&digest) {
            return;
        }
        if self.kept < limits::PAYLOADS {
            self.kept = self.kept.saturating_add(1);
            row.distinct.insert(digest);
        } else {
            row.others.update(digest);
        }
    }

    /// A fact for each global.
    pub(in crate::format::pickle) fn into_facts(self, log: &EventLog) -> Vec<Fact> {
        let facts = self.rows.into_iter().filter_map(|(row, calls)| {
            let mut hash = calls.others;
            for digest in &calls.distinct {
                hash.update(digest);
            }
            Some(Fact::Payload {
                global: log.global(row)?.clone(),
                sha256: hash.finalize().into(),
            })
        });
        facts.collect()
    }
}

/// A digest of values: of what they are, not of where they stand.
struct Digest<'a> {
    scene: &'a Scene<'a>,
    hash: Sha256,
    values: u64,
    /// There is no room for as many values as are followed of a call.
    is_short: bool,
    /// Bytes of long constants so far.
    bytes: &'a mut u64,
}

impl Digest<'_> {
    fn value(&mut self, value: Value, depth: u32) {
        let Some(left) = self.values.checked_sub(1) else {
            self.hash.update(b"...");
            if self.is_short {
                self.number(self.scene.at);
            }
            return;
        };
        self.values = left;
        let kind = value.kind();
        self.hash.update([tag(kind)]);
        match kind {
            ValueKind::Bool => self.number(value.number()),
            ValueKind::Int => self.hash.update(value.as_int().to_be_bytes()),
            ValueKind::Str => self.field(self.scene.names.text(value.index())),
            ValueKind::Long | ValueKind::Float | ValueKind::StrAt | ValueKind::Bytes => {
                self.constant(value.number());
            }
            ValueKind::Tuple
            | ValueKind::List
            | ValueKind::Dict
            | ValueKind::Set
            | ValueKind::FrozenSet => self.container(value, depth),
            ValueKind::Global | ValueKind::Result | ValueKind::Instance => {
                let row = match kind {
                    ValueKind::Global => Some(value.index()),
                    _ => value.global(),
                };
                if let Some(name) = row.and_then(|row| self.scene.log.name(row)) {
                    self.field(name.module.as_bytes());
                    self.field(name.name.as_bytes());
                }
            }
            ValueKind::None
            | ValueKind::Unknown
            | ValueKind::Persistent
            | ValueKind::Extension
            | ValueKind::Buffer
            | ValueKind::Stale => {}
        }
    }

    fn container(&mut self, container: Value, depth: u32) {
        let (Some((len, kept)), Some(depth)) =
            (self.scene.nodes.get(container), depth.checked_sub(1))
        else {
            return self.hash.update(b"...");
        };
        self.number(len);
        for child in kept {
            self.value(*child, depth);
        }
    }

    /// A constant, all of it. What there is no room for counts by where it stands, which another file has elsewhere.
    fn constant(&mut self, at: u64) {
        let window = self.scene.window;
        let Some(instruction) = constant::instruction(window, at, narrow(CHUNK)) else {
            return self.number(at);
        };
        // A short text is interned in one file and not in another, wherever it stands: only its bytes count.
        if let Some(text) = constant::string(window, at) {
            return self.field(text.as_bytes());
        }
        self.number(u64::from(instruction.code));
        self.number(instruction.length);
        if instruction.length <= wide(instruction.operand.len()) {
            return self.hash.update(&instruction.operand);
        }
        let Some(begin) = payload_begin(window, at, instruction.length) else {
            return self.number(at);
        };
        let end = begin.saturating_add(instruction.length);
        let mut from = begin;
        let mut chunk = vec![0; narrow(CHUNK)];
        while from < end && *self.bytes < limits::PAYLOAD_BYTES {
            let wanted = narrow(end.saturating_sub(from).min(CHUNK));
            let Some(chunk) = chunk.get_mut(..wanted) else {
                break;
            };
            let read = window.fill_at(from, chunk).unwrap_or(0);
            if read == 0 {
                break;
            }
            self.hash.update(chunk.get(..read).unwrap_or_default());
            from = from.saturating_add(wide(read));
            *self.bytes = self.bytes.saturating_add(wide(read));
        }
        if from < end {
            self.number(at);
            self.number(window.len());
        }
    }

    /// Bytes behind their length.
    fn field(&mut self, bytes: &[u8]) {
        self.number(wide(bytes.len()));
        self.hash.update(bytes);
    }

    fn number(&mut self, number: u64) {
        self.hash.update(number.to_be_bytes());
    }
}

/// Where the payload of the constant at `at` begins, which has so many bytes.
fn payload_begin(window: &Window, at: u64, length: u64) -> Option<u64> {
    let head = window.bytes_at(at, 9).ok()?;
    let code = *head.first()?;
    let prefix = match op::lookup(code)?.operand {
        Operand::Size1 => 1,
        Operand::Size4 | Operand::Size4Signed => 4,
        Operand::Size8 => 8,
        _ => 0,
    };
    let begin = at.checked_add(1)?.checked_add(prefix)?;
    (begin.checked_add(length)? <= window.len()).then_some(begin)
}

/// A byte for a kind of value; a text is a text wherever it is kept.
fn tag(kind: ValueKind) -> u8 {
    match kind {
        ValueKind::Unknown => b'?',
        ValueKind::None => b'N',
        ValueKind::Bool => b'B',
        ValueKind::Int | ValueKind::Long => b'I',
        ValueKind::Float => b'F',
        ValueKind::Str | ValueKind::StrAt => b'U',
        ValueKind::Bytes => b'b',
        ValueKind::Tuple => b't',
        ValueKind::List => b'l',
        ValueKind::Dict => b'd',
        ValueKind::Set => b's',
        ValueKind::FrozenSet => b'f',
        ValueKind::Global => b'c',
        ValueKind::Result => b'R',
        ValueKind::Instance => b'O',
        ValueKind::Persistent => b'P',
        ValueKind::Extension => b'X',
        ValueKind::Buffer => b'o',
        ValueKind::Stale => b'm',
    }
}
