//! The pickle machine: CPython's C unpickler (`Modules/_pickle.c`) run on abstract values.
//!
//! Stack, marks and fence, memo, frames and every opcode of protocols 0 to 5 do what the C code does; where the
//! pure-Python unpickler resolves a global that the C one would refuse first, it is resolved here too. Nothing is
//! imported or called: a call's result is a value of which only the callee is known. A name is resolved only from proven
//! constants. What makes an unpickler stop makes the machine stop, with everything seen before it kept.

use std::{ops::Range, sync::Arc};

mod calls;
mod constants;
mod current;
mod dispatch;
mod embeds;
mod forks;
mod indexes;
mod interpreter;
mod listing;
mod memo_notes;
mod names;
mod observer;
mod reused;
mod stack;
mod state;
mod stops;
mod trace;

pub(in crate::format::pickle) use embeds::Embedded;
pub(in crate::format::pickle) use listing::list;
pub(in crate::format::pickle) use observer::{
    Call, Constant, Effect, Flow, Items, Made, Note, Noted, Observer, Scene,
};
pub(in crate::format::pickle) use reused::Reused;

use constants::Constants;
use forks::Forks;
use indexes::LongIndexes;
use interpreter::Interpreter;

use super::{events::EventLog, lex::Lexer, memo::Memo, value::Value};
use crate::{
    bytes::{Budget, ReadError, Window},
    fact::PickleFault,
};

/// What is left of a machine when its stream ends.
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says what was not kept or followed"
)]
pub(in crate::format::pickle) struct Run<O> {
    /// The offset after the last opcode read.
    pub end: u64,
    /// The offsets after STOP, in every reading that comes to one; the main reading's first.
    pub ends: Vec<u64>,
    /// `Ok` after STOP; otherwise why and where it stopped.
    pub result: Result<(), (u64, ReadError)>,
    /// Everything seen.
    pub log: EventLog,
    /// Constants that look like pickles: where their bytes are, and their opcode's offset.
    pub embedded: Vec<Embedded>,
    /// There are pickles among the constants that were not kept.
    pub embedded_more: bool,
    /// Pickles that stand between the opcodes.
    pub nested: Vec<Range<u64>>,
    /// There are more of them.
    pub nested_more: bool,
    /// There are other readings of operands that cross a frame which were not followed.
    pub forks_more: bool,
    /// Containers that were made, items and state that were added, calls and persistent ids, in all readings.
    pub actions: u64,
    /// Who followed it.
    pub observer: O,
    /// The memo, for what a re-used unpickler would still have.
    pub memo: Memo,
    /// Entries were fetched, and their indexes depend on how many there are: an unpickler that is used again fetches others.
    pub counts_memo: bool,
}

/// One run over one stream: reads opcodes and their operands, and has them executed.
pub(in crate::format::pickle) struct Machine<'m, O: Observer> {
    lexer: Lexer,
    interpreter: Interpreter<'m, O>,
    constants: Constants,
    indexes: LongIndexes,
    forks: Forks<O>,
}

/// Why the machine stops.
enum Halt {
    Stop(Value),
    Error(ReadError),
}

impl From<ReadError> for Halt {
    fn from(error: ReadError) -> Self {
        Self::Error(error)
    }
}

impl From<std::io::Error> for Halt {
    fn from(error: std::io::Error) -> Self {
        Self::Error(error.into())
    }
}

fn malformed(fault: PickleFault) -> Halt {
    Halt::Error(ReadError::malformed(fault))
}

/// Runs the stream that begins at `start` of the window.
pub(in crate::format::pickle) fn run<O: Observer>(
    window: &Window,
    start: u64,
    earlier: Option<&Memo>,
    observer: O,
    budget: &Arc<Budget>,
) -> Run<O> {
    let machine = Machine::new((window, start), earlier, observer, budget);
    run_to_end(machine, budget)
}

/// Runs a stream a second time, for another observer: pickles among its constants were found the first time.
pub(in crate::format::pickle) fn run_again<O: Observer>(
    window: &Window,
    start: u64,
    earlier: Option<&Memo>,
    observer: O,
    budget: &Arc<Budget>,
) -> Run<O> {
    let mut machine = Machine::new((window, start), earlier, observer, budget);
    machine.constants.embeds.ignored = true;
    run_to_end(machine, budget)
}

/// Runs a machine's stream in every reading.
fn run_to_end<O: Observer>(mut machine: Machine<'_, O>, budget: &Arc<Budget>) -> Run<O> {
    let result = machine.run_on();
    let end = machine.lexer.offset();
    let memo = std::mem::replace(&mut machine.interpreter.state.memo, Memo::new(budget));
    let mut ends: Vec<u64> = Vec::new();
    if result.is_ok() {
        forks::note_ends(&machine.lexer, &mut machine.interpreter, &mut ends);
    }
    // The other readings of straddled operands add what they see, and may end elsewhere.
    while machine
        .forks
        .go_back(&mut machine.interpreter, &mut machine.lexer)
    {
        if machine.run_on().is_ok() {
            forks::note_ends(&machine.lexer, &mut machine.interpreter, &mut ends);
        }
    }
    let interpreter = machine.interpreter;
    let (memo_use, actions) = (interpreter.memo_use, interpreter.actions);
    Run {
        end,
        ends,
        actions,
        observer: interpreter.observer,
        result: result.map(|_| ()),
        log: interpreter.trace.log,
        embedded: machine.constants.embeds.kept,
        embedded_more: machine.constants.embeds.more,
        nested: machine.constants.embeds.nested,
        nested_more: machine.constants.embeds.nested_more,
        forks_more: machine.forks.more,
        memo,
        counts_memo: memo_use.fetched && memo_use.counted,
    }
}

/// Whether a window reads as a pickle to its STOP and names something.
fn is_pickle(window: &Window, budget: &Arc<Budget>) -> bool {
    let mut machine = Machine::new((window, 0), None, (), budget);
    machine.constants.embeds.ignored = true;
    machine.run_on().is_ok() && machine.interpreter.trace.log.names_any()
}

impl<'m, O: Observer> Machine<'m, O> {
    fn new(
        (window, start): (&Window, u64),
        earlier: Option<&'m Memo>,
        observer: O,
        budget: &Arc<Budget>,
    ) -> Self {
        let window = window.clone();
        Self {
            lexer: Lexer::new(window.clone(), start),
            constants: Constants::new(window.clone(), budget),
            interpreter: Interpreter::new((window, start), earlier, observer, budget),
            indexes: LongIndexes::default(),
            forks: Forks::default(),
        }
    }

    /// Executes opcodes up to STOP, or to what stops it.
    fn run_on(&mut self) -> Result<Value, (u64, ReadError)> {
        let (most, limit) = self.interpreter.budget.opcodes();
        let mut left = most;
        let ended = loop {
            if left == 0 {
                break Err(ReadError::Limit(limit));
            }
            left = left.wrapping_sub(1);
            match self.step() {
                Ok(()) => {}
                Err(Halt::Stop(value)) => break Ok(value),
                Err(Halt::Error(error)) => break Err(error),
            }
        };
        self.interpreter.budget.executed(most.saturating_sub(left));
        let error = match ended {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        // The operand may be wrong here and right where the other reading takes it.
        self.settle();
        let at = self.interpreter.current.at;
        self.interpreter.observer.on_error(at, &error);
        Err((at, error))
    }

    /// Before an opcode with an operand does anything: keeps the other reading of an operand that crosses the end of its frame, to
    /// be run when this one is done.
    #[inline]
    fn settle(&mut self) {
        if let Some(straddle) = self.lexer.straddle.take() {
            self.forks.add(straddle, &mut self.interpreter);
        }
    }
}
