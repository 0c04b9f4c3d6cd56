//! Frames that operands and pickles do not fit: the readings of unpicklers that buffer a frame, beside those that do not.

use super::{Fork, Machine, observer::Observer};
use crate::{bytes::wide, fact::PickleAnomaly, limits};

/// Machines larger than this are not copied for another reading.
const FORK_VALUES: u64 = 1 << 20;

impl<O: Observer> Machine<'_, O> {
    /// Notes where the next pickle would begin after a STOP: right behind it, and for an unpickler that has buffered the
    /// frame (CPython's, from a file) behind the frame.
    pub(super) fn ended(&mut self, stopped: bool, ends: &mut Vec<u64>) {
        if !stopped {
            return;
        }
        let here = self.lexer.offset();
        let behind_frame = self.lexer.inside_frame();
        if let Some(frame_end) = behind_frame {
            let anomaly = PickleAnomaly::StopInsideFrame {
                at: here,
                frame_end,
            };
            self.log.anomaly(anomaly, self.moment());
        }
        for end in std::iter::once(here).chain(behind_frame) {
            if !ends.contains(&end) {
                ends.push(end);
            }
        }
    }

    /// Keeps the other reading of an operand that crosses the end of its frame, to be run when this one is done.
    #[cold]
    pub(super) fn straddled(&mut self) {
        let Some(straddle) = self.lexer.straddle.take() else {
            return;
        };
        let anomaly = PickleAnomaly::OperandAcrossFrame {
            at: straddle.at,
            frame_end: straddle.frame_end,
        };
        self.log.anomaly(anomaly, self.moment());
        self.forked = self.forked.saturating_add(1);
        let size = wide(self.state.stack.len()).saturating_add(self.state.memo.len());
        if self.forked <= limits::STRADDLES && size <= FORK_VALUES {
            self.forks.push(Fork {
                state: self.state.clone(),
                saved: self.observer.save(),
                at: self.at,
                straddle,
            });
        } else {
            self.forks_left = self.forks_left.saturating_add(1);
        }
    }
}
