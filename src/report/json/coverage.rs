//! The coverage of version 1: made of a run's, and added up over many.

use super::v1::Coverage;
use crate::verdict;

impl Coverage {
    /// Adds that of others.
    pub fn add(&mut self, other: &Self) {
        for (all, own) in [
            (&mut self.entries, other.entries),
            (&mut self.artifacts, other.artifacts),
            (&mut self.sources, other.sources),
            (&mut self.incomplete, other.incomplete),
            (&mut self.excluded, other.excluded),
            (&mut self.pinned, other.pinned),
        ] {
            *all = all.saturating_add(own);
        }
        self.bytes = self.bytes.saturating_add(other.bytes);
        for (format, count) in &other.formats {
            let all = self.formats.entry(format.clone()).or_default();
            *all = all.saturating_add(*count);
        }
    }
}

impl From<&verdict::Coverage> for Coverage {
    fn from(coverage: &verdict::Coverage) -> Self {
        Self {
            entries: coverage.entries,
            artifacts: coverage.artifacts,
            sources: coverage.sources,
            incomplete: coverage.incomplete,
            excluded: coverage.excluded,
            pinned: coverage.pinned,
            formats: coverage.formats.clone(),
            bytes: coverage.bytes,
        }
    }
}
