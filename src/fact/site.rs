//! Where something was seen: hops into an entry, then a place there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Op, Text};

/// A way into an entry's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Site {
    /// From the entry inwards.
    pub hops: Vec<Hop>,
    /// The place in what the last hop led to.
    pub at: Place,
}

/// One step inwards.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hop {
    /// A member of an archive, by its stored name. `copy` counts members of the same name, from 0.
    Member {
        /// The name as stored.
        name: Text,
        /// Which of the members with this name.
        copy: u32,
    },
    /// The nth pickle of a file of several, from 0.
    Stream(u32),
    /// A constant inside a pickle, by the offset of its opcode.
    Constant(u64),
    /// What begins at this offset: the data of an array, or whatever follows the end of what a format describes.
    From(u64),
    /// A cell of a notebook, from 0.
    Cell(u32),
    /// The text that a key has for its value, by the name of the key.
    Key(Text),
}

/// A stretch of a text, in the counting of [`Place::Span`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First line, first column.
    pub start: (u32, u32),
    /// Last line, and the column after the last.
    pub end: (u32, u32),
}

/// A place in a run of bytes or in a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// All of it.
    #[default]
    Whole,
    /// A byte range, relative to what the last hop led to.
    Bytes {
        /// The first byte.
        start: u64,
        /// The byte after the last.
        end: u64,
    },
    /// An opcode of a pickle, by its offset from the start of what the last hop other than [`Hop::Stream`] led to.
    Opcode {
        /// The offset of the opcode byte.
        offset: u64,
        /// It; `None` where the bytes end.
        op: Option<Op>,
    },
    /// A span of source: lines and columns count from 1, columns in characters; the end is exclusive.
    Span {
        /// First line.
        line: u32,
        /// First column.
        column: u32,
        /// Last line.
        end_line: u32,
        /// The column after the last.
        end_column: u32,
    },
}

/// The name of an opcode at a place; `end` where the bytes end.
pub fn op_name(op: Option<Op>) -> &'static str {
    op.map_or("end", |op| op.name().unwrap_or("?"))
}

impl fmt::Display for Site {
    /// `archive/data.pkl @ 0x1f REDUCE`, without the entry's path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, hop) in self.hops.iter().enumerate() {
            if i > 0 {
                f.write_str(" > ")?;
            }
            match hop {
                Hop::Member { name, copy: 0 } | Hop::Key(name) => write!(f, "{name}")?,
                Hop::Member { name, copy } => write!(f, "{name} (copy {})", u64::from(*copy) + 1)?,
                Hop::Stream(n) => write!(f, "pickle {}", u64::from(*n) + 1)?,
                Hop::Constant(offset) => write!(f, "constant at {offset:#x}")?,
                Hop::From(offset) => write!(f, "from {offset:#x}")?,
                Hop::Cell(n) => write!(f, "cell {}", u64::from(*n) + 1)?,
            }
        }
        let gap = if self.hops.is_empty() { "" } else { " " };
        match &self.at {
            Place::Whole => Ok(()),
            Place::Bytes { start, end } => write!(f, "{gap}@ {start:#x}..{end:#x}"),
            Place::Opcode { offset, op } => {
                write!(f, "{gap}@ {offset:#x} {}", op_name(*op))
            }
            Place::Span { line, column, .. } => write!(f, "{gap}{line}:{column}"),
        }
    }
}
