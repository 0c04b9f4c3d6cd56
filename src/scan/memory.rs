//! What was read before: an audit reads each content once, however many repositories have it, and judges recorded views without
//! reading anything.

use std::fmt;

use crate::{
    fact::{Circumstances, ContentFacts, Excerpts, Text},
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

    /// Of the lines that show what was just read, those that are kept with the facts: findings carry no others, so that they are
    /// the same when nothing has to be read.
    fn kept_excerpts(&self, _: &ContentFacts, read: Excerpts) -> Excerpts {
        read
    }

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

/// What an entry was seen to be.
#[derive(Debug, Clone, Default)]
pub struct Recalled {
    /// What its content says.
    pub facts: ContentFacts,
    /// The lines that show it, as far as they were kept.
    pub excerpts: Excerpts,
    /// What the view knows of it.
    pub circumstances: Circumstances,
    /// Its target and where that leads, if it is a symbolic link.
    pub link: Option<(Text, LinkEnd)>,
    /// The sha256 of the content, lower-case hexadecimal, if it is known.
    pub sha256: Option<String>,
    /// The same, told only where something asks for it: as of a content that is read.
    pub sha256_if_asked: Option<String>,
    /// Whether it is a git-lfs pointer whose content is not here, under a name that is no model's.
    pub unfetched: bool,
    /// Whether the facts are those of exactly the item's blob.
    pub is_of_blob: bool,
}

/// What an entry was seen to be, for whoever keeps it.
#[derive(Clone, Copy)]
pub struct Sighting<'a> {
    /// What its content says.
    pub facts: &'a ContentFacts,
    /// The lines that show it, of those that are [kept](Memory::kept_excerpts).
    pub excerpts: &'a Excerpts,
    /// What the view knows of it.
    pub circumstances: &'a Circumstances,
    /// Its target and where that leads, if it is a symbolic link.
    pub link: Option<&'a (Text, LinkEnd)>,
    /// Whether the facts are those of exactly the item's blob, read to its end.
    pub is_of_blob: bool,
    /// Whether it is a git-lfs pointer whose content is not here, under a name that is no model's.
    pub is_unfetched: bool,
    /// Whether nothing was read for it: it is known from another item, or was [recalled](Memory::recall).
    pub is_known: bool,
    /// The sha256 of the content, lower-case hexadecimal, for which it is read whole.
    pub sha256: &'a dyn Fn() -> Option<String>,
}

impl fmt::Debug for Sighting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sighting")
            .field("is_of_blob", &self.is_of_blob)
            .field("is_known", &self.is_known)
            .finish_non_exhaustive()
    }
}
