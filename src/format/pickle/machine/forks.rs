//! Frames that operands and pickles do not fit: the readings of unpicklers that buffer a frame, beside those that do not.

use super::{current::Current, interpreter::Interpreter, observer::Observer, state::State};
use crate::{
    fact::PickleAnomaly,
    format::pickle::lex::{Lexer, Straddle},
    limits,
};

/// States larger than this are not copied for another reading.
const VALUES: u64 = 1 << 20;

/// Another reading of an operand, to be followed when this one is done.
#[derive(Debug)]
struct Fork<O: Observer> {
    state: State<O::Note>,
    saved: O::Saved,
    /// The opcode of the operand.
    at: u64,
    straddle: Straddle,
}

/// The other readings of one stream.
#[derive(Debug)]
pub(super) struct Forks<O: Observer> {
    waiting: Vec<Fork<O>>,
    met: usize,
    /// There are some that are not followed.
    pub more: bool,
}

impl<O: Observer> Default for Forks<O> {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            met: 0,
            more: false,
        }
    }
}

impl<O: Observer> Forks<O> {
    /// Keeps what the other reading of an operand starts from, to be followed when this one is done.
    #[cold]
    pub(super) fn add(&mut self, straddle: Straddle, interpreter: &mut Interpreter<'_, O>) {
        interpreter.anomaly(PickleAnomaly::OperandAcrossFrame {
            at: straddle.at,
            frame_end: straddle.frame_end,
        });
        self.met = self.met.saturating_add(1);
        let few = self.met <= limits::STRADDLES && interpreter.state.len() <= VALUES;
        let Some(state) = few.then(|| interpreter.state.copy()).flatten() else {
            self.more = true;
            return;
        };
        self.waiting.push(Fork {
            state,
            saved: interpreter.observer.save(),
            at: interpreter.current.at,
            straddle,
        });
    }

    /// Goes back to where the reading that was met last begins; whether there is one.
    pub(super) fn go_back(
        &mut self,
        interpreter: &mut Interpreter<'_, O>,
        lexer: &mut Lexer,
    ) -> bool {
        let Some(fork) = self.waiting.pop() else {
            return false;
        };
        interpreter.state = fork.state;
        interpreter.observer.restore(fork.saved);
        interpreter.current = Current::new(fork.at);
        lexer.take_other_way(fork.at, fork.straddle);
        true
    }

    /// Follows none of them.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

/// Notes where the next pickle would begin after a STOP: right behind it, and for an unpickler that has buffered the frame
/// (CPython's, from a file) behind the frame.
pub(super) fn note_ends<O: Observer>(
    lexer: &Lexer,
    interpreter: &mut Interpreter<'_, O>,
    ends: &mut Vec<u64>,
) {
    let at = lexer.offset();
    let frame_end = lexer.inside_frame();
    if let Some(frame_end) = frame_end {
        interpreter.anomaly(PickleAnomaly::StopInsideFrame { at, frame_end });
    }
    for end in std::iter::once(at).chain(frame_end) {
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
}
