//! What torch's weights-only unpickler (`torch/_weights_only_unpickler.py`) makes of a stream: the globals it looks up,
//! and the first thing that no list of globals can mend.
//!
//! It knows a third of the opcodes, calls only what it looked up, and checks what it builds and fills. Which globals it
//! lists by default is not known here.

use indexmap::IndexSet;

use super::{
    opcode as op,
    seen::Seen,
    value::{Kind, Value},
};
use crate::{fact::GlobalName, limits};

/// The verdict in the making.
#[derive(Debug, Default)]
pub(super) struct WeightsOnly {
    globals: IndexSet<GlobalName>,
    obstacle: Option<(u64, String)>,
    /// An opcode it does not know was met: the linear walk of `get_unsafe_globals_in_checkpoint` ends here too.
    unsupported: bool,
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
    pub(super) fn finish(self) -> (Vec<GlobalName>, Option<(u64, String)>) {
        (self.globals.into_iter().collect(), self.obstacle)
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
    pub(super) fn build(&mut self, target: Value, seen: &Seen, at: u64) {
        match target.kind() {
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
            (Kind::Dict, Kind::Result | Kind::Instance) => {
                is_named(target, seen, "collections", "OrderedDict")
                    || is_named(target, seen, "collections", "Counter")
            }
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
