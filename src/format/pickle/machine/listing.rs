//! A stream as a listing: each opcode with its effect.

use std::sync::Arc;

use super::{Halt, Machine, Observer};
use crate::{
    bytes::{Budget, Window},
    fact::{ListingLine, Site},
    format::pickle::{
        disassemble,
        memo::Memo,
        opcode as op,
        preview::Preview,
        value::{Value, ValueKind},
    },
};

/// Lists the stream that begins at `start`, each opcode with its effect. The observer knows what its loader reads between them.
pub(in crate::format::pickle) fn list<O: Observer>(
    window: &Window,
    start: u64,
    earlier: Option<&Memo>,
    observer: O,
    site: Site,
    (lines, most): (&mut Vec<ListingLine>, usize),
    budget: &Arc<Budget>,
) {
    if lines.len() >= most {
        return;
    }
    lines.push(ListingLine::In(site));
    let mut machine = Machine::new((window, start), earlier, observer, budget);
    while lines.len() <= most {
        let arguments = machine.interpreter.state.stack.values.last().copied();
        let result = machine.step();
        let effect = match &result {
            Ok(()) => effect(&machine, arguments),
            Err(Halt::Stop(value)) => format!("returns {}", preview(&machine).value(*value)),
            Err(Halt::Error(error)) => format!("stops: {error}"),
        };
        let text = disassemble::listed(window, machine.interpreter.current.at);
        lines.push(ListingLine::Opcode { text, effect });
        if result.is_err() {
            return;
        }
    }
    let note = format!("... (the listing stops after {most} lines)");
    lines.push(ListingLine::Note(note));
}

fn preview<'a, O: Observer>(machine: &'a Machine<'_, O>) -> Preview<'a> {
    let state = &machine.interpreter.state;
    machine.interpreter.trace.preview(&state.nodes)
}

/// What the last opcode did, for a listing; empty where its name and operand say it. `arguments` was on top before.
fn effect<O: Observer>(machine: &Machine<'_, O>, arguments: Option<Value>) -> String {
    let values = preview(machine);
    let Some(top) = machine.interpreter.state.stack.values.last().copied() else {
        return String::new();
    };
    if let (op::REDUCE, ValueKind::Instance) = (machine.interpreter.current.code, top.kind()) {
        return format!("makes {}", values.value(top));
    }
    if let (op::REDUCE | op::NEWOBJ, ValueKind::Result | ValueKind::Instance, Some(arguments)) =
        (machine.interpreter.current.code, top.kind(), arguments)
    {
        return format!("calls {}", values.call_in_words(top.index(), arguments));
    }
    let looks_up = matches!(
        machine.interpreter.current.code,
        op::GET | op::BINGET | op::LONG_BINGET | op::PERSID | op::EXT1 | op::EXT2 | op::EXT4
    );
    let constant = op::lookup(machine.interpreter.current.code)
        .is_some_and(|opcode| opcode.operand != op::Operand::None && !looks_up);
    let top = values.value(top).to_string();
    match machine.interpreter.current.code {
        op::MEMOIZE | op::PUT | op::BINPUT | op::LONG_BINPUT => format!("memo: {top}"),
        op::REDUCE | op::INST | op::OBJ | op::NEWOBJ | op::NEWOBJ_EX => format!("calls {top}"),
        op::BUILD => format!("sets state on {top}"),
        op::GLOBAL | op::STACK_GLOBAL => format!("imports {top}"),
        op::APPEND | op::APPENDS | op::SETITEM | op::SETITEMS | op::ADDITEMS => {
            format!("fills {top}")
        }
        op::MARK
        | op::POP
        | op::POP_MARK
        | op::EMPTY_DICT
        | op::EMPTY_LIST
        | op::EMPTY_SET
        | op::EMPTY_TUPLE
        | op::NONE
        | op::NEWTRUE
        | op::NEWFALSE => String::new(),
        _ if constant => String::new(),
        _ => top,
    }
}
