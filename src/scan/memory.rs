//! What was read before: an audit reads each content once, however many repositories have it, and judges recorded views without
//! reading anything.

use std::fmt;

use super::entry::Seen;
use crate::{
    fact::{Circumstances, ContentFacts, Text},
    git::{Item, LinkEnd},
};

/// What is known of entries that were read before, and who takes what is read now. `()` knows nothing and keeps nothing.
pub trait Memory: Sync {
    /// Whether it may know or keep something.
    fn is_active(&self) -> bool;

    /// Whether entries that the policy excludes are read and kept as well: another policy may not exclude them.
    fn wants_excluded(&self) -> bool;

    /// What the item at this place of the view was seen to be, so that it need not be opened. An item with a
    /// [blob](Item::blob) is only asked about if git writes that to disk as it does by default.
    fn recall(&self, at: usize, item: &Item) -> Option<Recalled>;

    /// Takes what the item at this place was seen to be.
    fn keep(&self, at: usize, item: &Item, sighting: &Sighting<'_>);
}

impl Memory for () {
    fn is_active(&self) -> bool {
        false
    }

    fn wants_excluded(&self) -> bool {
        false
    }

    fn recall(&self, _: usize, _: &Item) -> Option<Recalled> {
        None
    }

    fn keep(&self, _: usize, _: &Item, _: &Sighting<'_>) {}
}

/// What an entry was seen to be, without the lines that show it.
#[derive(Debug, Clone, Default)]
pub struct Recalled {
    /// What its content says.
    pub facts: ContentFacts,
    /// What the view knows of it.
    pub circumstances: Circumstances,
    /// Its target and where that leads, if it is a symbolic link.
    pub link: Option<(Text, LinkEnd)>,
    /// The sha256 of the content, lower-case hexadecimal, if it is known.
    pub sha256: Option<String>,
    /// Whether it is a git-lfs pointer whose content is not here, under a name that is no model's.
    pub unfetched: bool,
}

/// What an entry was seen to be, for whoever keeps it.
#[derive(Clone, Copy)]
pub struct Sighting<'a> {
    seen: &'a Seen,
    /// Whether it was [recalled](Memory::recall).
    pub is_recalled: bool,
}

impl<'a> Sighting<'a> {
    pub(super) fn new(seen: &'a Seen, is_recalled: bool) -> Self {
        Self { seen, is_recalled }
    }

    /// What its content says.
    pub fn facts(&self) -> &'a ContentFacts {
        &self.seen.facts
    }

    /// What the view knows of it.
    pub fn circumstances(&self) -> &'a Circumstances {
        &self.seen.circumstances
    }

    /// Its target and where that leads, if it is a symbolic link.
    pub fn link(&self) -> Option<&'a (Text, LinkEnd)> {
        self.seen.link.as_ref()
    }

    /// Whether the facts are those of exactly the item's blob, read to its end.
    pub fn is_of_blob(&self) -> bool {
        self.seen.is_of_blob()
    }

    /// Whether it is a git-lfs pointer whose content is not here, under a name that is no model's.
    pub fn is_unfetched(&self) -> bool {
        self.seen.unfetched
    }

    /// The sha256 of the content, for which it is read whole: `None` if it is not the item's blob.
    pub fn sha256_of_blob(&self) -> Option<String> {
        self.seen.is_of_blob().then(|| self.seen.sha256())?
    }
}

impl fmt::Debug for Sighting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sighting")
            .field("is_recalled", &self.is_recalled)
            .finish_non_exhaustive()
    }
}
