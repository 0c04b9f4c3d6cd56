//! The lines that show an observation, carried along so that no reporter ever opens a file.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A few lines of text, harmless to print, with what to underline.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Excerpt {
    /// The lines, joined by `\n`: source with its control characters escaped, or a disassembly.
    pub text: String,
    /// The number of the first line in its file; `None` for a disassembly, whose lines carry offsets.
    pub first_line: Option<u32>,
    /// The offence first, then what explains it. Ranges are byte ranges of `text` on character boundaries.
    pub marks: Vec<Mark>,
}

/// An underlined range and what to write at it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// The byte range in the excerpt's text.
    pub range: Range<usize>,
    /// What to say there; empty to leave it to the finding's message.
    pub label: String,
}

impl Excerpt {
    /// Whether a line of a disassembly is that of the opcode at an offset.
    pub fn shows_opcode_at(&self, offset: u64) -> bool {
        let address = format!("{offset:#06x} ");
        self.first_line.is_none() && self.text.lines().any(|line| line.starts_with(&address))
    }
}
