//! The opcodes of protocols 0 to 5: operand, and the protocol that brought it. [`Op`] has their bytes and names.
//!
//! One table, indexed by the byte; the lexer, the machine's dispatch and the disassembler all go by it.

use crate::fact::Op;
use Operand::{Byte, Eight, Four, Line, None, Size1, Size4, Size4Signed, Size8, Two, TwoLines};

/// What follows an opcode byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operand {
    /// Nothing.
    None,
    /// One byte.
    Byte,
    /// Two bytes, little-endian.
    Two,
    /// Four bytes.
    Four,
    /// Eight bytes.
    Eight,
    /// Everything up to a line feed.
    Line,
    /// Two such lines.
    TwoLines,
    /// One byte of length, then so many.
    Size1,
    /// Four bytes of length, unsigned, then so many.
    Size4,
    /// Four bytes of length that must not be negative, then so many.
    Size4Signed,
    /// Eight bytes of length, then so many.
    Size8,
}

/// One opcode.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opcode {
    /// As `pickletools` names it.
    pub name: &'static str,
    /// What follows it.
    pub operand: Operand,
    /// The protocol that brought it.
    pub protocol: u8,
}

macro_rules! opcodes {
    ($($name:ident, $operand:ident, $protocol:literal;)*) => {
        $(#[doc = concat!("`", stringify!($name), "`")] pub(super) const $name: u8 = Op::$name.byte();)*

        /// The opcode of a byte; `None` where the byte is none.
        pub(super) static OPCODES: [Option<Opcode>; 256] = {
            let mut table = [const { Option::<Opcode>::None }; 256];
            $(
                #[allow(clippy::indexing_slicing, clippy::as_conversions, reason = "a byte indexes 256 entries, at compile time")]
                {
                    table[$name as usize] =
                        Some(Opcode { name: stringify!($name), operand: $operand, protocol: $protocol });
                }
            )*
            table
        };
    };
}

opcodes! {
    MARK, None, 0;
    STOP, None, 0;
    POP, None, 0;
    POP_MARK, None, 1;
    DUP, None, 0;
    FLOAT, Line, 0;
    INT, Line, 0;
    BININT, Four, 1;
    BININT1, Byte, 1;
    LONG, Line, 0;
    BININT2, Two, 1;
    NONE, None, 0;
    PERSID, Line, 0;
    BINPERSID, None, 1;
    REDUCE, None, 0;
    STRING, Line, 0;
    BINSTRING, Size4Signed, 1;
    SHORT_BINSTRING, Size1, 1;
    UNICODE, Line, 0;
    BINUNICODE, Size4, 1;
    APPEND, None, 0;
    BUILD, None, 0;
    GLOBAL, TwoLines, 0;
    DICT, None, 0;
    EMPTY_DICT, None, 1;
    APPENDS, None, 1;
    GET, Line, 0;
    BINGET, Byte, 1;
    INST, TwoLines, 0;
    LONG_BINGET, Four, 1;
    LIST, None, 0;
    EMPTY_LIST, None, 1;
    OBJ, None, 1;
    PUT, Line, 0;
    BINPUT, Byte, 1;
    LONG_BINPUT, Four, 1;
    SETITEM, None, 0;
    TUPLE, None, 0;
    EMPTY_TUPLE, None, 1;
    SETITEMS, None, 1;
    BINFLOAT, Eight, 1;
    PROTO, Byte, 2;
    NEWOBJ, None, 2;
    EXT1, Byte, 2;
    EXT2, Two, 2;
    EXT4, Four, 2;
    TUPLE1, None, 2;
    TUPLE2, None, 2;
    TUPLE3, None, 2;
    NEWTRUE, None, 2;
    NEWFALSE, None, 2;
    LONG1, Size1, 2;
    LONG4, Size4Signed, 2;
    BINBYTES, Size4, 3;
    SHORT_BINBYTES, Size1, 3;
    SHORT_BINUNICODE, Size1, 4;
    BINUNICODE8, Size8, 4;
    BINBYTES8, Size8, 4;
    EMPTY_SET, None, 4;
    ADDITEMS, None, 4;
    FROZENSET, None, 4;
    NEWOBJ_EX, None, 4;
    STACK_GLOBAL, None, 4;
    MEMOIZE, None, 4;
    FRAME, Eight, 4;
    BYTEARRAY8, Size8, 5;
    NEXT_BUFFER, None, 5;
    READONLY_BUFFER, None, 5;
}

/// The opcode of a byte.
#[inline]
pub(super) fn lookup(code: u8) -> Option<&'static Opcode> {
    OPCODES.get(usize::from(code)).and_then(Option::as_ref)
}

/// The name of an opcode byte, or its number.
pub(super) fn name(code: u8) -> &'static str {
    lookup(code).map_or("?", |opcode| opcode.name)
}
