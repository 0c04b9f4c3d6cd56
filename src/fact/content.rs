//! What an entry's bytes say: a function of them and of the last part of the name, and of nothing else.

use serde::{Deserialize, Serialize};

use super::{Fact, Observation};

/// Raised when a reader says something else of the same bytes than before: facts that were stored under another number are read
/// again. A test holds a digest of the facts about every fixture, so that nobody forgets.
pub const READER_EPOCH: u32 = 38;

/// All that readers say of a content. Whatever the path, the view, the policy or the target: the same bytes under a name with the
/// same suffix give the same facts, so that they can be stored by digest and judged again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentFacts {
    /// Bytes of the content.
    pub bytes: u64,
    /// Whether it is source code.
    pub source: bool,
    /// All that was seen, in the order in which readers met it.
    pub observations: Vec<Observation>,
}

impl ContentFacts {
    /// The formats that the content is in, by id; one that is several claims each of them. What is inside it does not count.
    pub fn formats(&self) -> impl Iterator<Item = &str> {
        self.observations
            .iter()
            .filter(|observation| observation.site.hops.is_empty())
            .filter_map(|observation| match &observation.fact {
                Fact::Is(id) => Some(id.as_str()),
                _ => None,
            })
    }
}
