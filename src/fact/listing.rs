//! A whole pickle in words, for people: it travels with the facts and is judged by nobody.

use super::Site;

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListingLine {
    /// The opcodes that follow are read here.
    In(Site),
    /// An opcode.
    Opcode {
        /// Its offset, name and operand, in columns: `0x0002  GLOBAL            os system`.
        text: String,
        /// What it does to the stack or the memo; empty if its name and operand say it.
        effect: String,
    },
    /// Anything else, as a sentence.
    Note(String),
}
