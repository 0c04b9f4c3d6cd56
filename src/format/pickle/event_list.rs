//! What was seen at which opcode of one stream, each kept once with a count, and no more than a file's observations are kept of.

use rustc_hash::FxHashSet;

use crate::{fact::Fact, limits};

/// How many opcodes before an event its excerpt can show.
pub(super) const CONTEXT: usize = 4;

/// Something seen at an opcode.
#[derive(Debug)]
pub(super) struct Event {
    /// The fact.
    pub fact: Fact,
    /// The opcode's offset.
    pub at: u64,
    /// The opcode.
    pub op: u8,
    /// How often.
    pub count: u64,
    /// Offsets of the telling opcodes before it, latest last; `u64::MAX` where there was none.
    pub before: [u64; CONTEXT],
}

/// The opcode at which something is seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Its offset.
    pub at: u64,
    /// Its byte.
    pub op: u8,
    /// The opcodes before it.
    pub before: [u64; CONTEXT],
}

/// Events in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct EventList {
    events: Vec<Event>,
    /// Something was called, or set on something.
    pub acts: bool,
    /// More was seen than is kept.
    pub more: bool,
}

impl EventList {
    /// Whether no more events are kept: a file's observations are no more than these.
    pub(super) fn is_full(&self) -> bool {
        self.events.len() > limits::OBSERVATIONS
    }

    /// Keeps an event, if there is room, and returns its index. Without room it is the index of the next one.
    pub(super) fn keep(&mut self, fact: Fact, moment: Moment) -> usize {
        let index = self.events.len();
        self.acts |= matches!(
            fact,
            Fact::Call { .. } | Fact::StateOnNonInstance { .. } | Fact::ItemsOnNonContainer { .. }
        );
        if self.is_full() {
            self.more = true;
        } else {
            self.events.push(Event {
                fact,
                at: moment.at,
                op: moment.op,
                count: 1,
                before: moment.before,
            });
        }
        index
    }

    /// Counts an event once more.
    #[inline]
    pub(super) fn count(&mut self, index: usize) {
        if let Some(event) = self.events.get_mut(index) {
            event.count = event.count.saturating_add(1);
        }
    }

    /// The event with this index, if it was kept.
    pub(super) fn get(&self, index: usize) -> Option<&Event> {
        self.events.get(index)
    }

    /// All facts so far.
    pub(super) fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.events.iter().map(|event| &event.fact)
    }

    /// The events whose index is not in `dropped`.
    pub(super) fn without(mut self, dropped: &FxHashSet<usize>) -> Vec<Event> {
        let mut at = 0_usize;
        self.events.retain(|_| {
            let kept = !dropped.contains(&at);
            at = at.saturating_add(1);
            kept
        });
        self.events
    }
}
