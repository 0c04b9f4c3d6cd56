//! What opening an item gives.

use std::io;

use super::super::{lfs::Pointer, links::LinkEnd};
use crate::{
    bytes::Window,
    fact::{
        Answer, Changed, Circumstance, Text, Unavailable, Unreadable, UnreadablePart,
        UnsupportedEntry,
    },
};

/// An opened item.
#[derive(Debug)]
pub struct Opened {
    /// What stands there.
    pub content: Content,
    /// Bytes of the content; those a git-lfs pointer speaks of if they are not here.
    pub size: u64,
    /// What listing and opening it showed.
    pub noted: Vec<Circumstance>,
    /// What of the content the view's change brings.
    pub changed: Changed,
    /// Other bytes that git may write instead: where `core.autocrlf` or `core.ignoreCase` is true.
    pub other_forms: OtherForms,
    /// The content is exactly the blob of the item, so that what is known of one holds for the other. False if in doubt: of bytes that
    /// a pointer stands for, and of a file on disk.
    pub is_blob: bool,
}

/// Bytes that git may write instead of others, or why they are not known.
pub type OtherForms = Vec<Result<Window, Unavailable>>;

/// What stands at a path.
#[derive(Debug)]
pub enum Content {
    /// Bytes to be read.
    Bytes(Window),
    /// A symbolic link, which is not followed.
    Link {
        /// As the link spells it.
        target: Text,
        /// Where that leads.
        end: LinkEnd,
    },
    /// Nothing that can be read: what was noted says why, or it is another repository's commit.
    Nothing,
    /// It has gone since it was listed: no longer part of the view.
    Gone,
}

impl Opened {
    pub(super) fn nothing() -> Self {
        Self {
            content: Content::Nothing,
            size: 0,
            noted: Vec::new(),
            changed: Changed::All,
            other_forms: Vec::new(),
            is_blob: false,
        }
    }

    pub(super) fn unread(unread: Unavailable) -> Self {
        Self::nothing().with(Circumstance::Unavailable(unread))
    }

    pub(super) fn bytes(window: Window) -> Self {
        Self {
            size: window.len(),
            content: Content::Bytes(window),
            noted: Vec::new(),
            changed: Changed::All,
            other_forms: Vec::new(),
            is_blob: false,
        }
    }

    /// The bytes of a blob, as they are.
    pub(super) fn blob(window: Window) -> Self {
        Self {
            is_blob: true,
            ..Self::bytes(window)
        }
    }

    pub(super) fn link(target: Text, end: LinkEnd) -> Self {
        Self {
            content: Content::Link { target, end },
            ..Self::nothing()
        }
    }

    pub(super) fn pointer(pointer: &Pointer) -> Self {
        Self {
            size: pointer.size,
            ..Self::nothing()
        }
        .with(Circumstance::Pointer {
            oid: pointer.oid.clone(),
            size: pointer.size,
        })
    }

    pub(super) fn with(mut self, noted: Circumstance) -> Self {
        self.noted.push(noted);
        self
    }
}

/// What the system answered, as a reason that nothing was read.
pub(super) fn io_error(error: &io::Error) -> Unavailable {
    Unavailable::Io(Unreadable {
        part: UnreadablePart::Content,
        answer: Answer::Said(Text::from(error.to_string())),
    })
}

/// A form of an entry that is not read.
pub(super) fn unsupported(entry: UnsupportedEntry) -> Circumstance {
    Circumstance::Unavailable(Unavailable::Unsupported(entry))
}
