//! What torch's weights-only unpickler (`torch/_weights_only_unpickler.py`) makes of a stream: the globals it looks up,
//! and the first thing that no list of globals can mend.
//!
//! It knows a third of the opcodes, calls only what it looked up, and checks what it builds and fills. Which globals it
//! lists by default is not known here.

use indexmap::IndexSet;

use super::{
    dtype::Dtype,
    lex::Lexer,
    opcode::{self as op, Operand},
    seen::Seen,
    value::{Kind, Value},
};
use crate::{
    bytes::Window,
    fact::{GlobalName, Text},
    limits,
};

/// The verdict in the making.
#[derive(Debug, Default)]
pub(super) struct WeightsOnly {
    globals: IndexSet<GlobalName>,
    obstacle: Option<(u64, String)>,
    /// Classes of what is given state, where they are others than those stored.
    built: IndexSet<GlobalName>,
    /// An opcode it does not know was met: the linear walk of `get_unsafe_globals_in_checkpoint` ends here too.
    unsupported: bool,
}

/// The verdict.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The globals looked up, in order.
    pub globals: Vec<GlobalName>,
    /// Classes that have to be listed as well: those of what is given state, where no pickle names them.
    pub built: Vec<GlobalName>,
    /// The first obstacle, with its opcode's offset.
    pub obstacle: Option<(u64, String)>,
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

impl WeightsOnly {
    /// The globals looked up, in order, and the first obstacle with its opcode's offset.
    pub(super) fn finish(self) -> Outcome {
        Outcome {
            globals: self.globals.into_iter().collect(),
            built: self.built.into_iter().collect(),
            obstacle: self.obstacle,
        }
    }

    /// Something that no list of globals can mend. The first counts.
    pub(super) fn block(&mut self, at: u64, reason: impl FnOnce() -> String) {
        if self.obstacle.is_none() {
            self.obstacle = Some((at, reason()));
        }
    }

    /// An opcode is met.
    #[inline]
    pub(super) fn opcode(&mut self, code: u8, at: u64) {
        if !self.unsupported && !supports(code) {
            self.unsupported = true;
            self.block(at, || match op::lookup(code) {
                Some(opcode) => format!(
                    "opcode {} (protocol {}) is not supported",
                    opcode.name, opcode.protocol
                ),
                None => format!("opcode {code:#04x} is not supported"),
            });
        }
    }

    /// A GLOBAL is looked up; its name is taken as it stands in the file.
    pub(super) fn global(&mut self, name: Option<&GlobalName>, at: u64) {
        if self.unsupported {
            return;
        }
        match name {
            Some(name) if self.globals.len() < limits::GLOBALS => {
                if !self.globals.contains(name) {
                    self.globals.insert(name.clone());
                }
            }
            _ => self.block(at, || "more globals than are read".into()),
        }
    }

    /// REDUCE of something.
    #[inline]
    pub(super) fn reduce(&mut self, callee: Value, at: u64) {
        if callee.kind() != Kind::Global {
            self.block(at, || {
                "REDUCE calls something that is not a listed global".into()
            });
        }
    }

    /// NEWOBJ of something.
    #[inline]
    pub(super) fn newobj(&mut self, class: Value, at: u64) {
        if class.kind() != Kind::Global {
            self.block(at, || {
                "NEWOBJ instantiates something that is not a listed global".into()
            });
        }
    }

    /// BUILD on something: an instance of a listed class, a tensor, a parameter or an ordered dict.
    #[inline]
    pub(super) fn build(&mut self, target: Value, state: Value, empty: bool, seen: &Seen, at: u64) {
        match target.kind() {
            // `inst.__dict__.update(state)`, which wants a mapping.
            Kind::Result | Kind::Instance if is_dictionary(target, seen) => {
                let counter = is_named(target, seen, "collections", "Counter");
                let fits = match state.kind() {
                    Kind::Dict | Kind::Unknown | Kind::Stale => true,
                    Kind::Tuple | Kind::List | Kind::Set | Kind::FrozenSet => empty,
                    Kind::None => counter,
                    Kind::Bool | Kind::Int => counter && state.number() == 0,
                    _ => false,
                };
                if !fits {
                    self.block(at, || {
                        format!(
                            "BUILD updates a dictionary's attributes with {}",
                            article(state.kind())
                        )
                    });
                }
            }
            // A dtype is an instance of a class of its own, which has to be listed as well.
            Kind::Result | Kind::Instance if is_named(target, seen, "numpy", "dtype") => {
                match Dtype::of(target).class() {
                    Some(class) => {
                        self.built.insert(GlobalName::new("numpy.dtypes", class));
                    }
                    None => self.block(at, || {
                        "BUILD sets state on a numpy dtype whose class is not known".into()
                    }),
                }
            }
            Kind::Result | Kind::Instance if !is_named(target, seen, "_codecs", "encode") => {}
            Kind::Persistent => {}
            kind => self.block(at, || format!("BUILD sets state on {}", article(kind))),
        }
    }

    /// Items are added to something: lists take APPEND, dicts (ordered ones and counters too) take SETITEM.
    #[inline]
    pub(super) fn items(&mut self, target: Value, kind: Kind, seen: &Seen, at: u64, code: u8) {
        let takes = match (kind, target.kind()) {
            (Kind::List, Kind::List) | (Kind::Dict, Kind::Dict) => true,
            (Kind::Dict, Kind::Result | Kind::Instance) => is_dictionary(target, seen),
            _ => false,
        };
        if !takes {
            self.block(at, || {
                let made_by = target
                    .global()
                    .and_then(|row| seen.global(row))
                    .filter(|_| target.kind() != Kind::Global);
                let what = made_by.map_or_else(
                    || article(target.kind()).to_owned(),
                    |class| format!("what {class} made"),
                );
                format!("{} adds items to {what}", op::name(code))
            });
        }
    }
}

/// Whether a value was made by one of the two dictionary classes that torch lists.
fn is_dictionary(value: Value, seen: &Seen) -> bool {
    is_named(value, seen, "collections", "OrderedDict")
        || is_named(value, seen, "collections", "Counter")
}

fn is_named(value: Value, seen: &Seen, module: &str, name: &str) -> bool {
    value
        .global()
        .and_then(|row| seen.name(row))
        .is_some_and(|known| known.module == module && known.name == name)
}

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Unknown | Kind::Stale | Kind::Persistent => "something that is not known",
        Kind::None => "None",
        Kind::Bool | Kind::Int | Kind::Long | Kind::Float => "a number",
        Kind::Str | Kind::StrAt => "a string",
        Kind::Bytes | Kind::Buffer => "bytes",
        Kind::Tuple => "a tuple",
        Kind::List => "a list",
        Kind::Dict => "a dict",
        Kind::Set | Kind::FrozenSet => "a set",
        Kind::Global => "a class or function itself",
        Kind::Result | Kind::Instance => "what a call returned",
        Kind::Extension => "an extension",
    }
}
