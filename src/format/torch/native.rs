//! What the programs of an archive name of native code, collected.

use indexmap::IndexMap;

use super::site_in;
use crate::{
    bytes::{ReadError, ReadStop, Window, narrow},
    fact::{Excerpt, Fact, Native, Place, Site, Unread},
    format::{Reading, zip::Member},
    limits,
};

/// What the programs of an archive name, each once, with the first place and how often.
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
}

/// Gives every content of some members to `read`, whole, up to a limit of bytes for all of them together. What cannot be had of one
/// is recorded where all members are read.
pub(super) fn read_whole<'m>(
    window: &Window,
    members: impl Iterator<Item = &'m Member>,
    (mut left, limit): (u64, limits::Id),
    reading: &mut Reading<'_>,
    mut read: impl FnMut(&'m Member, &[u8], &Site, &mut Reading<'_>),
) {
    for member in members {
        let site = site_in(reading, Some(member.hop()));
        let bodies = member.bodies(window, &reading.budget());
        for body in bodies.into_iter().flatten() {
            let Some(rest) = left.checked_sub(body.len()) else {
                return unread_in(member, Unread::Limit(limit), reading);
            };
            left = rest;
            match body.bytes_at(0, narrow(body.len())) {
                Ok(bytes) => read(member, &bytes, &site, reading),
                Err(error) => unread_in(member, ReadError::from(error), reading),
            }
        }
    }
}

/// Records that a member was not read.
pub(super) fn unread_in(member: &Member, stop: impl Into<ReadStop>, reading: &mut Reading<'_>) {
    reading.recorder.enter(member.hop());
    reading.unread(stop, Place::Whole);
    reading.recorder.leave();
}

/// Records what programs name, each thing once.
pub(super) fn record(names: Names, reading: &mut Reading<'_>) {
    if names.overflow {
        reading.record(Fact::Unread(Unread::Limit(limits::Id::OPERATORS)));
    }
    for (native, found) in names.found {
        let fact = Fact::Native(native);
        reading
            .recorder
            .record_found(fact, found.site, found.excerpt, found.count);
    }
}
