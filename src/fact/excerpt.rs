//! The lines that show an observation: kept beside the facts and carried along by findings, so that no reporter opens a file.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::limits;

/// A few lines of text, harmless to print, with what to underline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The lines, joined by `\n`: source with its control characters escaped, or a disassembly.
    pub text: String,
    /// The number of the first line in its file; `None` for a disassembly, whose lines carry offsets.
    pub first_line: Option<u32>,
    /// The offence first, then what explains it. Ranges are byte ranges of `text` on character boundaries.
    pub marks: Vec<Mark>,
    /// Where the arguments of a call in source stand in `text`, in their order; `None` for one that is not shown.
    pub arguments: Vec<Option<Range<usize>>>,
}

/// An underlined range and what to write at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The byte range in the excerpt's text.
    pub range: Range<usize>,
    /// What to say there; empty to leave it to the finding's message.
    pub label: String,
}

/// Which of the [`Excerpts`] of a content shows an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExcerptId(u32);

/// The excerpts of a content, kept beside its facts: reading the bytes again makes the same excerpts under the same ids. Where
/// facts are stored, [few](Self::only) or none are stored with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpts(Vec<Option<Excerpt>>);

impl Excerpts {
    /// Keeps an excerpt.
    pub fn add(&mut self, excerpt: Excerpt) -> Option<ExcerptId> {
        let id = u32::try_from(self.0.len()).ok()?;
        self.0.push(Some(excerpt));
        Some(ExcerptId(id))
    }

    /// An excerpt; `None` if it is not among these.
    pub fn get(&self, id: ExcerptId) -> Option<&Excerpt> {
        self.0.get(usize::try_from(id.0).ok()?)?.as_ref()
    }

    /// Those with these ids, under the same ids.
    pub fn only(&self, ids: &[ExcerptId]) -> Vec<(ExcerptId, Excerpt)> {
        let found = ids
            .iter()
            .filter_map(|id| Some((*id, self.get(*id)?.clone())));
        found.collect()
    }

    /// How many are kept.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Forgets all but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.0.truncate(count);
    }
}

impl FromIterator<(ExcerptId, Excerpt)> for Excerpts {
    /// Excerpts under their ids. An id that no content of a readable size has is left out.
    fn from_iter<T: IntoIterator<Item = (ExcerptId, Excerpt)>>(found: T) -> Self {
        let mut all = Vec::new();
        for (id, excerpt) in found {
            let Ok(at) = usize::try_from(id.0) else {
                continue;
            };
            if at > limits::OBSERVATIONS {
                continue;
            }
            if all.len() <= at {
                all.resize(at.saturating_add(1), None);
            }
            if let Some(place) = all.get_mut(at) {
                *place = Some(excerpt);
            }
        }
        Self(all)
    }
}

impl Excerpt {
    /// Whether a line of a disassembly is that of the opcode at an offset.
    pub fn shows_opcode_at(&self, offset: u64) -> bool {
        let address = format!("{offset:#06x} ");
        self.first_line.is_none() && self.text.lines().any(|line| line.starts_with(&address))
    }
}
