//! What torch's weights-only unpickler (`torch/_weights_only_unpickler.py`) makes of a stream: the globals it looks up,
//! and the first thing that no list of globals can mend.
//!
//! The unpickler is executed on abstract values: its third of the opcodes (`machine`), the functions that it lists and what
//! they check (`call`, `tensor`, `sparse`), state (`state`) and storages against the records of the archive (`storage`). What
//! torch refuses with any error is refused, and what releases do differently is asked of the release. Which globals
//! a release lists by default is not known here: every other global is taken for one that the user lists.

mod call;
mod machine;
mod names;
mod sparse;
mod state;
mod storage;
mod tensor;
mod value;

pub(in crate::format) use sparse::Check;
pub use storage::Key;

use indexmap::IndexSet;
use rustc_hash::FxHashMap;

use self::{machine::Machine, value::Object};
use super::{
    lex::Lexer,
    opcode::{self as op, Operand},
};
use crate::{
    bytes::Window,
    fact::{GlobalName, Text},
    limits,
};

/// A release of torch: `(2, 10)`.
pub type Release = (u16, u16);

/// The releases that brought something that is told apart here, oldest first. Each stands for those up to the next.
pub const RELEASES: &[Release] = &[
    (0, 0),
    (2, 6),
    (2, 7),
    (2, 8),
    (2, 10),
    (2, 13),
    (2, 14),
    (2, 15),
];

/// The records of an archive beside a pickle.
pub trait Records: std::fmt::Debug {
    /// The record of a storage's key: a number for it, and its size.
    fn record(&self, key: &[u8]) -> Option<(u32, u64)>;
    /// Whether numbers in records are big-endian.
    fn big_endian(&self) -> bool;
    /// Bytes of a record.
    fn read(&self, record: u32, from: u64, bytes: usize) -> Option<Vec<u8>>;
}

/// Where a pickle stands, which decides what its persistent ids are.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// Where no storages are.
    Alone,
    /// In torch's zip.
    Zip(&'a dyn Records),
    /// The object of the layout of before 1.6.
    Legacy,
}

/// Something said of an opcode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The opcode's offset.
    pub at: u64,
    /// What, readable.
    pub why: String,
}

/// What became of a stream in one release.
#[derive(Debug)]
pub struct Outcome {
    /// The globals looked up, in order.
    pub globals: Vec<GlobalName>,
    /// Classes that have to be listed as well: those of what is given state, where no pickle names them.
    pub built: Vec<GlobalName>,
    /// The first obstacle.
    pub obstacle: Option<Said>,
    /// Memory outside a storage that is reached although the release loads the file.
    pub danger: Option<Said>,
    /// Whether another release would have gone on differently somewhere.
    pub depends: bool,
    /// The offset after STOP.
    pub end: u64,
    /// What STOP returned.
    pub result: Returned,
    /// The storages of the layout of before 1.6, whose bytes follow.
    pub storages: FxHashMap<Key, Announced>,
    /// Indices of its sparse tensors, to be compared when the bytes are known.
    pub checks: Vec<Check>,
}

/// A storage whose bytes follow behind the pickles.
#[derive(Debug, Clone, Copy)]
pub struct Announced {
    /// By which checks know it.
    pub memory: u32,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// How long an element is.
    pub itemsize: u64,
}

/// What a stream returned, as far as anybody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// An integer.
    Int(i64),
    /// A longer integer: where its bytes stand.
    Big {
        /// The offset of its bytes.
        at: u64,
        /// How many there are.
        len: u8,
    },
    /// A list of keys of storages.
    Keys(Vec<Key>),
    /// Something else.
    Other,
}

/// Runs the stream that begins at `start` of the window, in one release.
pub(in crate::format) fn run(
    window: &Window,
    start: u64,
    origin: Origin<'_>,
    release: Release,
) -> Outcome {
    let mut machine = Machine::new(window, start, origin, release);
    let mut result = machine.run();
    if result.is_ok()
        && let Err(refused) = machine.check_sparse()
    {
        result = Err(refused);
    }
    let (obstacle, returned) = match result {
        Ok(value) => (None, machine.returned(value)),
        Err(refused) => (
            Some(Said {
                at: machine.at,
                why: refused.0,
            }),
            Returned::Other,
        ),
    };
    let storages = match origin {
        Origin::Legacy => machine.announced_storages(),
        _ => FxHashMap::default(),
    };
    let mut globals: Vec<GlobalName> = machine.globals.keys().cloned().collect();
    if obstacle.is_some() {
        // The unpickler stops there, and torch's own list of what is unsafe does not.
        globals = walk(window, start).unwrap_or(globals);
    }
    Outcome {
        globals,
        built: machine.built.iter().cloned().collect(),
        obstacle,
        depends: machine.depends,
        end: machine.end(),
        danger: machine.danger,
        result: returned,
        storages,
        checks: machine.sparse,
    }
}

impl Machine<'_> {
    fn returned(&self, value: value::Value) -> Returned {
        use value::Value;
        match value {
            Value::Int(n) => Returned::Int(n),
            Value::Bool(is) => Returned::Int(i64::from(is)),
            Value::Big { at, len, .. } => Returned::Big { at, len },
            value => {
                let keys = self.heap.elements(value).unwrap_or_default();
                let known: Option<Vec<Key>> = keys.iter().map(|key| self.key(*key)).collect();
                match self.heap.elements(value) {
                    Some(_) => known.map_or(Returned::Other, Returned::Keys),
                    None => Returned::Other,
                }
            }
        }
    }

    fn announced_storages(&self) -> FxHashMap<Key, Announced> {
        let sizes = self.storages.iter().filter_map(|(key, storage)| {
            let value::Value::Object(at) = storage else {
                return None;
            };
            let Some(Object::Typed { memory, dtype }) = self.heap.get(*at) else {
                return None;
            };
            let announced = Announced {
                memory: *memory,
                bytes: self.heap.memory_at(*memory)?.bytes,
                itemsize: dtype.bytes,
            };
            Some((key.clone(), announced))
        });
        sizes.collect()
    }
}

/// The globals of a stream as `get_unsafe_globals_in_checkpoint` finds them: a walk from opcode to opcode up to STOP, which
/// asks nothing of stack and memo. `None` where that walk fails.
pub(super) fn walk(window: &Window, start: u64) -> Option<Vec<GlobalName>> {
    let mut lexer = Lexer::new(window.clone(), start);
    let mut globals: IndexSet<GlobalName> = IndexSet::new();
    loop {
        let code = lexer.opcode().ok()??;
        if !supports(code) {
            return None;
        }
        match code {
            op::STOP => return Some(globals.into_iter().collect()),
            op::GLOBAL => {
                let mut line = || {
                    let line = lexer.line().ok()?;
                    let cut = if line.ended {
                        line.bytes
                    } else {
                        line.bytes.split_last().map_or(&b""[..], |(_, cut)| cut)
                    };
                    std::str::from_utf8(cut).ok().map(Text::from)
                };
                let (module, name) = (line()?, line()?);
                if globals.len() >= limits::GLOBALS {
                    return None;
                }
                globals.insert(GlobalName { module, name });
            }
            _ => {
                // Reads past the end give less, and the walk goes on to fail at the next opcode.
                let length = match op::lookup(code)?.operand {
                    Operand::Byte => 1,
                    Operand::Two => 2,
                    Operand::Four => 4,
                    Operand::Eight => 8,
                    Operand::Size1 => u64::from(lexer.array::<1>().ok()?[0]),
                    Operand::Size4 => u64::from(u32::from_le_bytes(lexer.array().ok()?)),
                    _ => 0,
                };
                lexer.skip(length, false).ok()?;
            }
        }
    }
}

/// Whether the weights-only unpickler knows an opcode.
pub(super) fn supports(code: u8) -> bool {
    matches!(
        code,
        op::GLOBAL
            | op::NEWOBJ
            | op::REDUCE
            | op::BUILD
            | op::APPEND
            | op::APPENDS
            | op::SETITEM
            | op::SETITEMS
            | op::MARK
            | op::TUPLE
            | op::TUPLE1
            | op::TUPLE2
            | op::TUPLE3
            | op::NONE
            | op::NEWTRUE
            | op::NEWFALSE
            | op::EMPTY_TUPLE
            | op::EMPTY_LIST
            | op::EMPTY_DICT
            | op::EMPTY_SET
            | op::BININT
            | op::BININT1
            | op::BININT2
            | op::BINFLOAT
            | op::BINUNICODE
            | op::SHORT_BINSTRING
            | op::LONG1
            | op::BINPERSID
            | op::BINGET
            | op::LONG_BINGET
            | op::BINPUT
            | op::LONG_BINPUT
            | op::PROTO
            | op::STOP
    )
}
