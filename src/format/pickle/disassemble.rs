//! Opcodes in words: the few lines that show an event, and the whole listing with the effect of each opcode.

use super::{
    constant::{self, Instruction},
    event_list::Event,
    opcode::{self as op},
};
use crate::{
    bytes::Window,
    fact::{Excerpt, Fact, Mark, Text},
};

/// The longest an operand is shown as evidence, in characters. A terminal cuts lines to its width; other reports show all of it.
const EVIDENCE: usize = 400;
/// The longest it is in a listing, where a line fits in 80 columns.
const LISTED: usize = 44;

/// One line: offset, opcode, operand. The second part is where in the line the operand stands (the opcode's name if it has none).
fn line(at: u64, instruction: &Instruction, longest: usize) -> (String, std::ops::Range<usize>) {
    let name = op::name(instruction.code);
    let mut operand = match instruction.code {
        _ if op::lookup(instruction.code).is_none() => {
            format!("{:#04x} is no opcode", instruction.code)
        }
        code if op::lookup(code).is_some_and(|opcode| opcode.operand == op::Operand::None) => {
            String::new()
        }
        _ => constant::repr_of(instruction, longest),
    };
    if let Some((cut, _)) = operand.char_indices().nth(longest.saturating_add(8)) {
        operand.truncate(cut);
        operand.push_str("...");
    }
    join(at, name, &operand)
}

fn join(at: u64, name: &str, operand: &str) -> (String, std::ops::Range<usize>) {
    let mut text = format!("{at:#06x}  {name:<16}");
    let start = text.len().saturating_add(2);
    if operand.is_empty() {
        let from = format!("{at:#06x}  ").len();
        let range = from..from.saturating_add(name.len());
        text.truncate(text.trim_end().len());
        return (text, range);
    }
    text.push_str("  ");
    text.push_str(operand);
    let end = text.len();
    (text, start..end)
}

/// The opcodes before an event and its own, with what is seen there underlined.
pub(super) fn excerpt(window: &Window, event: &Event) -> Option<Excerpt> {
    let mut text = String::new();
    for at in event
        .before
        .iter()
        .filter(|at| **at != u64::MAX && **at < event.at)
    {
        let instruction = constant::instruction(window, *at, EVIDENCE)?;
        text.push_str(&line(*at, &instruction, EVIDENCE).0);
        text.push('\n');
    }
    let shown = match &event.fact {
        Fact::Call { callee, given, .. } => Some(given.of(callee).to_string()),
        Fact::StateOnNonInstance { target } | Fact::ItemsOnNonContainer { target, .. } => {
            Some(target.to_string())
        }
        Fact::Global { global, usage }
            if *usage != crate::fact::Usage::Import || event.op == op::STACK_GLOBAL =>
        {
            Some(global.to_string())
        }
        Fact::ItemsOnInstance { class, .. } => Some(class.to_string()),
        Fact::PersistentId { id, .. } => Some(id.to_string()),
        _ => None,
    };
    let (last, range) = if let Some(shown) = shown {
        let shown = constant::quoted(Text::from(shown).as_bytes(), EVIDENCE, false);
        join(event.at, op::name(event.op), &shown.replace("\\\\", "\\"))
    } else {
        let instruction = constant::instruction(window, event.at, EVIDENCE)?;
        line(event.at, &instruction, EVIDENCE)
    };
    let base = text.len();
    let range = base.saturating_add(range.start)..base.saturating_add(range.end);
    text.push_str(&last);
    Some(Excerpt {
        text,
        first_line: None,
        marks: vec![Mark {
            range,
            label: String::new(),
        }],
        arguments: Vec::new(),
    })
}

/// One line of the whole listing: offset, opcode and operand.
pub(super) fn listed(window: &Window, at: u64) -> String {
    constant::instruction(window, at, LISTED).map_or_else(
        || format!("{at:#06x}  ?"),
        |instruction| line(at, &instruction, LISTED).0,
    )
}
