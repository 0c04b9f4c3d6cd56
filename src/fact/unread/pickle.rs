//! What stops every unpickler.

use serde::{Deserialize, Serialize};

use crate::fact::Op;

/// How a pickle breaks the rules of its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PickleFault {
    /// A STRING whose lines were converted to CRLF.
    Crlf,
    /// A key without a value.
    KeyWithoutValue {
        /// The opcode that takes both.
        op: Op,
    },
    /// A line operand that does not end.
    LineFeedMissing {
        /// The opcode; `None` where the line is longer than is read.
        op: Option<Op>,
    },
    /// No mark is on the stack.
    MarkMissing,
    /// A memo entry that is not set.
    MemoUnset {
        /// Its index.
        index: u64,
    },
    /// A name that is not ASCII.
    NameNotAscii,
    /// A name that is not UTF-8.
    NameNotUtf8,
    /// A negative length.
    NegativeLength {
        /// The opcode.
        op: Op,
    },
    /// `OBJ` without a class above the mark.
    NoClass,
    /// The stream ends before STOP.
    NoStop,
    /// A constant or a container is called.
    NotCallable,
    /// A memo index that is not a number.
    NotAnIndex {
        /// The opcode.
        op: Op,
    },
    /// An operand that is not a number.
    NotANumber {
        /// The opcode.
        op: Op,
    },
    /// A byte that is no opcode.
    NotAnOpcode {
        /// The byte.
        byte: u8,
    },
    /// `STACK_GLOBAL` with an operand that is not a string.
    NotNames,
    /// An extension code that is not positive.
    NotPositiveCode,
    /// An opcode takes more from the stack than is there.
    StackUnderflow {
        /// A mark is in the way.
        marked: bool,
    },
    /// A STRING or UNICODE operand with an escape that ends early.
    EscapeCutOff {
        /// The opcode.
        op: Op,
    },
    /// A STRING or UNICODE operand with an escape that is not hexadecimal.
    EscapeNotHex {
        /// The opcode.
        op: Op,
    },
    /// A UNICODE operand with an escape beyond U+10FFFF.
    EscapeTooLarge,
    /// A STRING operand without quotes.
    StringNotQuoted,
    /// A string that is not UTF-8.
    StringNotUtf8,
}
