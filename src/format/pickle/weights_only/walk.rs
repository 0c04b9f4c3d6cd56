//! The globals of a stream as `get_unsafe_globals_in_checkpoint` finds them: a walk from opcode to opcode up to STOP, which
//! asks nothing of stack and memo.

use indexmap::IndexSet;

use super::unpickler::supports;
use crate::{
    bytes::Window,
    fact::{GlobalName, Text},
    format::pickle::{
        lex::Lexer,
        opcode::{self as op, Operand},
    },
    limits,
};

/// The globals in order; `None` where the walk fails.
pub(super) fn globals(window: &Window, start: u64) -> Option<Vec<GlobalName>> {
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
