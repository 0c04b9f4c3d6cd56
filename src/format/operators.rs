//! What the programs and graphs of a file name of native code, collected.

use indexmap::IndexMap;

use super::Reading;
use crate::{
    fact::{Excerpt, Fact, Native, Site, Unread},
    limits,
};

/// What programs and graphs name, each once, with the first place and how often.
#[derive(Debug, Default)]
pub(super) struct Names {
    found: IndexMap<Native, Found>,
    /// More is named than is kept.
    overflow: bool,
}

/// Where something is named first.
#[derive(Debug)]
struct Found {
    site: Site,
    excerpt: Option<Excerpt>,
    count: u64,
}

impl Names {
    /// Adds one thing that is named.
    pub(super) fn add(&mut self, native: Native, at: impl FnOnce() -> (Site, Option<Excerpt>)) {
        if let Some(found) = self.found.get_mut(&native) {
            found.count = found.count.saturating_add(1);
        } else if self.found.len() >= limits::OPERATORS {
            self.overflow = true;
        } else {
            let (site, excerpt) = at();
            let count = 1;
            self.found.insert(
                native,
                Found {
                    site,
                    excerpt,
                    count,
                },
            );
        }
    }

    /// Leaves out what a program brings itself.
    pub(super) fn retain(&mut self, is_foreign: impl Fn(&Native) -> bool) {
        self.found.retain(|native, _| is_foreign(native));
    }

    /// Records what is named, each thing once.
    pub(super) fn record(self, reading: &mut Reading<'_>) {
        if self.overflow {
            reading.record(Fact::Unread(Unread::Limit(limits::Id::OPERATORS)));
        }
        for (native, found) in self.found {
            let fact = Fact::Native(native);
            reading
                .recorder
                .record_found(fact, found.site, found.excerpt, found.count);
        }
    }
}
