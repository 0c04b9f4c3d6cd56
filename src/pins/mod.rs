//! The lock file: which bytes of each artifact were reviewed, and what was found in them.
//!
//! A [`Lock`] is a list of [`Pin`]s, sorted by path. [`Lock::parse`] reads exactly the YAML that [`Lock::text`] writes, line by
//! line: every error has its line, a hundred thousand pins take a fraction of a second, and no two readers of YAML can disagree
//! about what is pinned. Pure data and text: what a view holds is compared with it in `scan/`, and rules judge the [`PinReport`].

mod book;
mod conflict;
mod difference;
mod read;
mod report;
mod scalar;
mod write;

pub use book::{LockChange, PinBook};
pub use conflict::{Merged, merge};
pub use difference::{Drift, LockEdit, edits};
pub use read::{KEYS as PIN_KEYS, PinKey, is_path};
pub use report::{Changed, ChangedLock, Gone, PinReport, Unpinned};

use std::ops::Range;

use crate::fact::Text;

/// What a lock file is called where the policy names none.
pub const NAME: &str = "weighbridge.lock";

/// Which artifacts need a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Required {
    /// None does. Pins that are there are compared all the same.
    #[default]
    Never,
    /// Those that can run code, or resolve more than the data packs list.
    Executable,
    /// Every one.
    All,
}

impl Required {
    /// Each, as a policy spells it, the loosest first.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("never", Self::Never),
        ("executable", Self::Executable),
        ("all", Self::All),
    ];

    /// As a policy spells it.
    pub fn word(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(_, value)| *value == self);
        known.map_or("never", |(word, _)| word)
    }

    /// Whether it asks for a pin of an artifact.
    pub fn asks(self, executable: bool) -> bool {
        match self {
            Self::Never => false,
            Self::Executable => executable,
            Self::All => true,
        }
    }
}

/// What was found in one artifact when it was frozen.
#[derive(Debug, Clone, Default)]
pub struct Pin {
    /// Its path from the root of what is checked, `/`-separated.
    pub path: Text,
    /// The sha256 of its bytes, 64 lower-case hex digits.
    pub sha256: String,
    /// How many bytes it has.
    pub size: u64,
    /// The formats it claims, by id, outermost first.
    pub formats: Vec<String>,
    /// The globals that loading it resolves, sorted, each once; as many as [`PIN_GLOBALS`](crate::limits::PIN_GLOBALS).
    pub globals: Vec<Text>,
    /// How many globals are left out.
    pub more_globals: u64,
    /// The calls in source that load it, sorted, each once: what is called, and where.
    pub loaded_by: Vec<Text>,
    /// The line of the lock file at which it stands, from 1; 0 where it stands in none.
    pub line: u32,
}

/// All but the place in the file, which moves when another pin is added.
impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        let key = |pin: &Self| (pin.size, pin.more_globals);
        self.path == other.path
            && self.sha256 == other.sha256
            && key(self) == key(other)
            && self.formats == other.formats
            && self.globals == other.globals
            && self.loaded_by == other.loaded_by
    }
}

impl Eq for Pin {}

/// The pins of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// Sorted by path, each path once.
    pins: Vec<Pin>,
}

impl Lock {
    /// Of pins in any order; of several for one path, the last counts.
    pub fn new(pins: impl IntoIterator<Item = Pin>) -> Self {
        let mut pins: Vec<Pin> = pins.into_iter().collect();
        pins.reverse();
        pins.sort_by(|a, b| a.path.cmp(&b.path));
        pins.dedup_by(|a, b| a.path == b.path);
        Self { pins }
    }

    /// The pin of a path.
    pub fn get(&self, path: &Text) -> Option<&Pin> {
        let found = self.pins.binary_search_by(|pin| pin.path.cmp(path));
        found.ok().and_then(|at| self.pins.get(at))
    }

    /// All of them, by path.
    pub fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }
}

/// What is wrong with a lock file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockError {
    /// The bytes of the text to underline, within one line.
    pub range: Range<usize>,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to do, lower case, no full stop.
    pub help: String,
}
