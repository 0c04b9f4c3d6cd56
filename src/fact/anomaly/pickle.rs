//! Anomalies of pickles.

use serde::{Deserialize, Serialize};

use crate::fact::Op;

/// Something in a pickle that unpicklers take differently, or that no pickler writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PickleAnomaly {
    /// A number in a spelling that no pickler writes and only some unpicklers take.
    BadNumber {
        /// The opcode of the number.
        op: Op,
        /// It ends in CRLF: something took the pickle for text.
        crlf: bool,
    },
    /// Bytes after the last pickle that begin no other.
    BytesAfterStop {
        /// How many.
        bytes: u64,
        /// They are all zero.
        zeros: bool,
    },
    /// Containers inside one another, deeper than any pickler writes.
    DeepNesting,
    /// Containers that come to more values than any memory holds, once every reference is followed.
    ExponentialReferences,
    /// A container is filled through the memo or a copy of it, not where it was made: something may hold it already.
    FilledByAnotherName {
        /// The opcode that fills it.
        op: Op,
    },
    /// A frame that announces more bytes than follow.
    FramePastEnd {
        /// How many it announces.
        announced: u64,
        /// How many follow.
        left: u64,
    },
    /// An operand that crosses the end of its frame.
    OperandAcrossFrame {
        /// The offset of the operand.
        at: u64,
        /// The offset at which the frame ends.
        frame_end: u64,
    },
    /// A pickle that stops inside a frame.
    StopInsideFrame {
        /// The offset after STOP.
        at: u64,
        /// The offset at which the frame ends.
        frame_end: u64,
    },
    /// A memo index for which CPython would allocate gigabytes.
    HugeMemoIndex {
        /// The index.
        index: u64,
    },
    /// A memo entry that only an earlier pickle of the same file sets.
    MemoOfEarlierPickle {
        /// Its index.
        index: u64,
    },
    /// A global whose name holds control characters.
    OddName {
        /// Its lines end in CRLF: something took the pickle for text.
        crlf: bool,
    },
    /// A protocol that CPython does not know.
    UnknownProtocol {
        /// Its number.
        protocol: u8,
    },
    /// Values on the stack besides the result when the pickle stops.
    ValuesLeft {
        /// How many.
        values: u64,
    },
}

impl PickleAnomaly {
    /// The stable kebab-case id of its kind.
    pub fn kind(self) -> &'static str {
        match self {
            Self::BadNumber { .. } => "bad-number",
            Self::BytesAfterStop { .. } => "bytes-after-stop",
            Self::DeepNesting => "deep-nesting",
            Self::ExponentialReferences => "exponential-references",
            Self::FilledByAnotherName { .. } => "filled-by-another-name",
            Self::FramePastEnd { .. } => "frame-past-end",
            Self::OperandAcrossFrame { .. } | Self::StopInsideFrame { .. } => "frame-straddle",
            Self::HugeMemoIndex { .. } => "huge-memo-index",
            Self::MemoOfEarlierPickle { .. } => "memo-of-earlier-pickle",
            Self::OddName { .. } => "odd-name",
            Self::UnknownProtocol { .. } => "unknown-protocol",
            Self::ValuesLeft { .. } => "values-left",
        }
    }
}
