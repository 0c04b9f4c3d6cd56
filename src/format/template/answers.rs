//! Answers about names of a template, which may stand for one another and for themselves.

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashMap;

use super::names;
use crate::limits;

/// What a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// Data, a number, or a name that says no more than that.
    Plain,
    /// A name of Python's own objects.
    Internal(String),
    /// Text that the template puts together.
    Computed,
}

impl Key {
    pub(super) fn of_name(name: &str) -> Self {
        if names::is_internal(name) {
            Self::Internal(name.to_owned())
        } else {
            Self::Plain
        }
    }

    pub(super) fn plain_if(holds: bool) -> Self {
        if holds { Self::Plain } else { Self::Computed }
    }

    pub(super) fn and(self, other: impl FnOnce() -> Self) -> Self {
        if self == Self::Plain { other() } else { self }
    }
}

/// What is being asked of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum About {
    /// What it is as a key.
    Key,
    /// What its elements are as keys.
    Elements,
    /// Whether it is made of data alone, so that texts of the template have no part in it.
    Data,
    /// Whether each part of its text is data, or of a text that holds no name of Python's own objects.
    Parts,
    /// Whether it is surely a number.
    Number,
}

/// A question about a name.
pub(super) type Question = (About, String);

/// Answers to questions about names.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Those that hold.
    settled: RefCell<FxHashMap<Question, Key>>,
    /// Those of this round, and of the round before: these are taken for names that stand for themselves.
    round: RefCell<FxHashMap<Question, Key>>,
    assumed: RefCell<FxHashMap<Question, Key>>,
    /// Whether an answer is another one than was assumed.
    changed: Cell<bool>,
    /// Names that are being followed.
    depth: Cell<usize>,
}

impl Answers {
    /// What `ask` comes to when no answer changes any more. Each changes once at most.
    pub(super) fn settle(&self, ask: impl Fn() -> Key, is_over: impl Fn() -> bool) -> Key {
        loop {
            self.changed.set(false);
            let key = ask();
            let round = self.round.take();
            if !self.changed.get() || is_over() {
                self.settled.borrow_mut().extend(round);
                self.assumed.take();
                return key;
            }
            self.assumed.replace(round);
        }
    }

    /// The answer to a question, of which `find` asks others; `None` if too many names stand for one another.
    pub(super) fn answer(&self, question: Question, find: impl FnOnce() -> Key) -> Option<Key> {
        let known = self.settled.borrow().get(&question).cloned();
        let known = known.or_else(|| self.round.borrow().get(&question).cloned());
        if known.is_some() {
            return known;
        }
        let depth = self.depth.get();
        if depth >= limits::TEMPLATE_NAMES {
            return None;
        }
        let assumed = self.assumed.borrow().get(&question).cloned();
        let assumed = assumed.unwrap_or(Key::Plain);
        self.round
            .borrow_mut()
            .insert(question.clone(), assumed.clone());
        self.depth.set(depth.saturating_add(1));
        let key = find();
        self.depth.set(depth);
        if key != assumed {
            self.changed.set(true);
        }
        self.round.borrow_mut().insert(question, key.clone());
        Some(key)
    }
}
