//! What opcodes do, once their operands are read, with the stack, the memo and the containers on them.

use std::sync::Arc;

use super::{
    Halt,
    current::Current,
    malformed,
    observer::{Note, Noted, Observer, Scene},
    stack::Stack,
    state::State,
    trace::Trace,
};
use crate::{
    bytes::{Budget, ReadError, Window, wide},
    fact::{PickleAnomaly, PickleFault},
    format::pickle::{
        lex::Lexer,
        memo::{Memo, Stored},
        value::{Overgrown, Value, ValueKind},
    },
};

/// The state of a run, who follows it, and what it has shown so far.
#[derive(Debug)]
pub(super) struct Interpreter<'m, O: Observer> {
    pub current: Current,
    pub state: State<O::Note>,
    pub observer: O,
    pub trace: Trace,
    /// Entries that an earlier stream set.
    earlier: Option<&'m Memo>,
    pub memo_use: MemoUse,
    /// Containers that were made, items and state that were added, calls and persistent ids.
    pub actions: u64,
    pub(super) budget: Arc<Budget>,
}

/// What decides whether an unpickler that is used again fetches other memo entries.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MemoUse {
    /// An entry was fetched.
    pub fetched: bool,
    /// One was stored under the number of entries.
    pub counted: bool,
}

impl<'m, O: Observer> Interpreter<'m, O> {
    pub(super) fn new(
        (window, start): (Window, u64),
        earlier: Option<&'m Memo>,
        mut observer: O,
        budget: &Arc<Budget>,
    ) -> Self {
        let trace = Trace::new(window);
        observer.on_start(&trace.window);
        Self {
            current: Current::new(start),
            state: State::new(budget),
            observer,
            trace,
            earlier,
            memo_use: MemoUse::default(),
            actions: 0,
            budget: Arc::clone(budget),
        }
    }

    /// The observer and what it sees, and the stack.
    #[inline]
    pub(super) fn watched<'a>(
        &'a mut self,
        lexer: &'a Lexer,
    ) -> (&'a mut O, Scene<'a>, &'a mut Stack<O::Note>) {
        self.actions = self.actions.wrapping_add(1);
        let scene = Scene {
            code: self.current.code,
            at: self.current.at,
            recent: &self.current.before,
            nodes: &self.state.nodes,
            names: &self.trace.names.texts,
            log: &mut self.trace.log,
            window: &self.trace.window,
            lexer,
            budget: &self.budget,
        };
        (&mut self.observer, scene, &mut self.state.stack)
    }

    #[allow(
        clippy::inline_always,
        reason = "it runs for each opcode, and most often does nothing"
    )]
    #[inline(always)]
    pub(super) fn push(&mut self, value: Value, note: O::Note) -> Result<(), Halt> {
        self.state.stack.push(value)?;
        if !note.is_blank() && !self.state.stack.note_top(note) {
            self.grow_notes(note);
        }
        Ok(())
    }

    /// Makes room for the note of the topmost value, or ends what needs notes.
    #[cold]
    fn grow_notes(&mut self, note: O::Note) {
        if !self.observer.takes_notes() {
            self.state.forget_notes();
        }
        if !self.state.stack.is_noting() {
            return;
        }
        while !self.state.stack.note_top(note) {
            if let Err(error) = self.state.stack.grow_notes() {
                return self.without_notes(&error);
            }
        }
    }

    #[cold]
    fn without_notes(&mut self, error: &ReadError) {
        self.observer.on_error(self.current.at, error);
        self.state.forget_notes();
    }

    /// Pushes a value of which nothing is noted.
    #[inline]
    pub(super) fn push_unnoted(&mut self, value: Value) -> Result<(), Halt> {
        self.state.stack.push(value)
    }

    /// DUP pushes another name for the topmost value.
    pub(super) fn dup(&mut self) -> Result<(), Halt> {
        let Noted { value, note } = self.state.stack.top()?;
        self.push(value.by_name(), note)
    }

    /// Ends an opcode of which excerpts tell.
    #[inline]
    pub(super) fn remember(&mut self) {
        self.current.remember();
        if let Some(what) = self.state.nodes.overgrown() {
            self.overgrown(what);
        }
    }

    #[cold]
    fn overgrown(&mut self, what: Overgrown) {
        self.anomaly(match what {
            Overgrown::Values => PickleAnomaly::ExponentialReferences,
            Overgrown::Depth => PickleAnomaly::DeepNesting,
        });
    }

    #[cold]
    pub(super) fn anomaly(&mut self, anomaly: PickleAnomaly) {
        self.trace.log.anomaly(anomaly, self.current.moment());
    }

    // ---- containers

    /// Makes a container of what lies on the stack from a place on.
    pub(super) fn gather(
        &mut self,
        from: usize,
        kind: ValueKind,
        lexer: &Lexer,
    ) -> Result<(), Halt> {
        let (value, note) = self.taken(from, kind, lexer);
        self.push(value, note)
    }

    /// The same, without pushing it.
    #[inline]
    pub(super) fn taken(
        &mut self,
        from: usize,
        kind: ValueKind,
        lexer: &Lexer,
    ) -> (Value, O::Note) {
        let items = self.state.stack.from(from).values;
        self.trace.handed_on(items, &self.current);
        let value = self.state.container(from, kind);
        let (observer, mut scene, stack) = self.watched(lexer);
        let note = observer.on_container(value, stack.from(from), &mut scene);
        stack.truncate(from);
        (value, note)
    }

    /// APPEND(S), ADDITEMS and SETITEM(S): everything from `from` on goes into the value below it.
    #[inline]
    pub(super) fn add_items(
        &mut self,
        from: usize,
        kind: ValueKind,
        lexer: &Lexer,
    ) -> Result<(), Halt> {
        let stack = &self.state.stack;
        let place = from.checked_sub(1).filter(|at| *at >= stack.fence);
        let target = place.and_then(|at| stack.at(at));
        let Some(target) = target.filter(|_| from <= stack.len()) else {
            return Err(stack.underflow());
        };
        let target = target.value;
        let count = stack.len().saturating_sub(from);
        let pairs = kind != ValueKind::Dict || count.is_multiple_of(2);
        if count > 0 && pairs {
            let items = stack.from(from).values;
            self.trace.handed_on(items, &self.current);
            if target.kind() == kind {
                if !target.is_fresh() {
                    // Something may hold the container already, and would hold another than was looked at.
                    let op = self.current.op();
                    self.anomaly(PickleAnomaly::FilledByAnotherName { op });
                }
                self.state.fill(target, from);
            } else {
                self.trace
                    .items_on(target, &self.state.nodes, &self.current);
            }
        }
        self.told_of_items(from, lexer);
        if !pairs {
            let op = self.current.op();
            return Err(malformed(PickleFault::KeyWithoutValue { op }));
        }
        self.state.stack.truncate(from);
        Ok(())
    }

    /// Tells the observer of the items that lie on the stack from `from` on, which go into the value below them.
    #[inline]
    fn told_of_items(&mut self, from: usize, lexer: &Lexer) {
        let place = from.saturating_sub(1);
        let (observer, mut scene, stack) = self.watched(lexer);
        let Some(target) = stack.at(place) else {
            return;
        };
        let detail = observer.on_items(target, stack.from(from), &mut scene);
        if let Some(detail) = detail
            && let Some(value) = stack.values.get_mut(place)
        {
            *value = value.with_detail(detail);
        }
    }

    // ---- the memo

    #[inline]
    pub(super) fn get(&mut self, index: u64) -> Result<(), Halt> {
        self.memo_use.fetched = true;
        match self.state.fetch(index) {
            Some(entry) => self.push(entry.value, entry.note),
            None => self.get_of_earlier(index),
        }
    }

    /// An unpickler object that is used again still has the memo of its last pickle. A fresh one stops here.
    #[cold]
    fn get_of_earlier(&mut self, index: u64) -> Result<(), Halt> {
        let not_set = ReadError::malformed(PickleFault::MemoUnset { index });
        if self.earlier.and_then(|memo| memo.get(index)).is_none() {
            return Err(Halt::Error(not_set));
        }
        self.anomaly(PickleAnomaly::MemoOfEarlierPickle { index });
        self.observer.on_error(self.current.at, &not_set);
        self.push_unnoted(Value::new(ValueKind::Stale, index))
    }

    #[inline]
    pub(super) fn memoize(&mut self) -> Result<(), Halt> {
        self.memo_use.counted = true;
        self.put(self.state.memo.len())
    }

    #[inline]
    pub(super) fn put(&mut self, index: u64) -> Result<(), Halt> {
        let Some(Noted { value, note }) = self.state.stack.peek() else {
            return Err(self.state.stack.underflow());
        };
        let stored = self.state.memo.put(index, value.by_name());
        if stored != Stored::Fine {
            self.stored_beyond(stored, index)?;
        }
        if self.observer.takes_notes()
            && let Err(error) = self.state.store_note(index, note)
        {
            self.without_notes(&error);
        }
        Ok(())
    }

    #[cold]
    fn stored_beyond(&mut self, stored: Stored, index: u64) -> Result<(), Halt> {
        match stored {
            Stored::Fine => {}
            Stored::Far => self.anomaly(PickleAnomaly::HugeMemoIndex { index }),
            Stored::Full(limit) => return Err(Halt::Error(ReadError::Limit(limit))),
        }
        Ok(())
    }

    /// STOP takes the top of the stack for the result. Picklers leave nothing else there.
    pub(super) fn stop(&mut self, lexer: &Lexer) -> Result<(), Halt> {
        let result = self.state.stack.pop()?;
        let values = wide(self.state.stack.len());
        if values > 0 {
            self.anomaly(PickleAnomaly::ValuesLeft { values });
        }
        let (observer, mut scene, _) = self.watched(lexer);
        observer.on_stop(result, &mut scene);
        Err(Halt::Stop(result.value))
    }
}
