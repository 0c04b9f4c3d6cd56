//! The opcodes of protocols 0 to 5: byte, name as `pickletools` has it, operand, and the protocol that brought it.
//!
//! One table, indexed by the byte; the lexer, the machine's dispatch and the disassembler all go by it.

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
    ($($name:ident = $code:literal, $operand:ident, $protocol:literal;)*) => {
        $(#[doc = concat!("`", stringify!($name), "`")] pub(super) const $name: u8 = $code;)*

        /// The opcode of a byte; `None` where the byte is none.
        pub(super) static OPCODES: [Option<Opcode>; 256] = {
            let mut table = [const { Option::<Opcode>::None }; 256];
            $(
                #[allow(clippy::indexing_slicing, clippy::as_conversions, reason = "a byte indexes 256 entries, at compile time")]
                {
                    table[$code as usize] =
                        Some(Opcode { name: stringify!($name), operand: $operand, protocol: $protocol });
                }
            )*
            table
        };
    };
}

opcodes! {
    MARK = b'(', None, 0;
    STOP = b'.', None, 0;
    POP = b'0', None, 0;
    POP_MARK = b'1', None, 1;
    DUP = b'2', None, 0;
    FLOAT = b'F', Line, 0;
    INT = b'I', Line, 0;
    BININT = b'J', Four, 1;
    BININT1 = b'K', Byte, 1;
    LONG = b'L', Line, 0;
    BININT2 = b'M', Two, 1;
    NONE = b'N', None, 0;
    PERSID = b'P', Line, 0;
    BINPERSID = b'Q', None, 1;
    REDUCE = b'R', None, 0;
    STRING = b'S', Line, 0;
    BINSTRING = b'T', Size4Signed, 1;
    SHORT_BINSTRING = b'U', Size1, 1;
    UNICODE = b'V', Line, 0;
    BINUNICODE = b'X', Size4, 1;
    APPEND = b'a', None, 0;
    BUILD = b'b', None, 0;
    GLOBAL = b'c', TwoLines, 0;
    DICT = b'd', None, 0;
    EMPTY_DICT = b'}', None, 1;
    APPENDS = b'e', None, 1;
    GET = b'g', Line, 0;
    BINGET = b'h', Byte, 1;
    INST = b'i', TwoLines, 0;
    LONG_BINGET = b'j', Four, 1;
    LIST = b'l', None, 0;
    EMPTY_LIST = b']', None, 1;
    OBJ = b'o', None, 1;
    PUT = b'p', Line, 0;
    BINPUT = b'q', Byte, 1;
    LONG_BINPUT = b'r', Four, 1;
    SETITEM = b's', None, 0;
    TUPLE = b't', None, 0;
    EMPTY_TUPLE = b')', None, 1;
    SETITEMS = b'u', None, 1;
    BINFLOAT = b'G', Eight, 1;
    PROTO = 0x80, Byte, 2;
    NEWOBJ = 0x81, None, 2;
    EXT1 = 0x82, Byte, 2;
    EXT2 = 0x83, Two, 2;
    EXT4 = 0x84, Four, 2;
    TUPLE1 = 0x85, None, 2;
    TUPLE2 = 0x86, None, 2;
    TUPLE3 = 0x87, None, 2;
    NEWTRUE = 0x88, None, 2;
    NEWFALSE = 0x89, None, 2;
    LONG1 = 0x8a, Size1, 2;
    LONG4 = 0x8b, Size4Signed, 2;
    BINBYTES = b'B', Size4, 3;
    SHORT_BINBYTES = b'C', Size1, 3;
    SHORT_BINUNICODE = 0x8c, Size1, 4;
    BINUNICODE8 = 0x8d, Size8, 4;
    BINBYTES8 = 0x8e, Size8, 4;
    EMPTY_SET = 0x8f, None, 4;
    ADDITEMS = 0x90, None, 4;
    FROZENSET = 0x91, None, 4;
    NEWOBJ_EX = 0x92, None, 4;
    STACK_GLOBAL = 0x93, None, 4;
    MEMOIZE = 0x94, None, 4;
    FRAME = 0x95, Eight, 4;
    BYTEARRAY8 = 0x96, Size8, 5;
    NEXT_BUFFER = 0x97, None, 5;
    READONLY_BUFFER = 0x98, None, 5;
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
