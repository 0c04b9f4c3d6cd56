//! The entry that allows something: the answer to "says who?", where the answer is yes.

use std::fmt;

use super::{
    Pack, PackEntry, layer,
    locate::{Origin, shown},
};
use crate::finding::LineRef;

/// An entry of a policy or of a pack. On which line it stands is looked up only when somebody asks.
#[derive(Debug, Clone)]
pub struct EntryRef(Source);

#[derive(Debug, Clone)]
enum Source {
    Policy(Origin),
    Pack(&'static Pack, &'static PackEntry),
}

impl EntryRef {
    pub(super) fn of_policy(origin: &Origin) -> Self {
        Self(Source::Policy(origin.clone()))
    }

    pub(super) fn of_pack(pack: &'static Pack, entry: &'static PackEntry) -> Self {
        Self(Source::Pack(pack, entry))
    }

    /// The pack whose entry it is.
    pub(super) fn pack(&self) -> Option<&'static str> {
        match self.0 {
            Source::Pack(pack, _) => Some(&pack.pack),
            Source::Policy(_) => None,
        }
    }

    /// The entry of a policy; `None` for one of a pack.
    pub(super) fn of_a_policy(&self) -> Option<&Origin> {
        match &self.0 {
            Source::Policy(origin) => Some(origin),
            Source::Pack(..) => None,
        }
    }

    /// The entry's line, with what to say there.
    pub fn line_ref(&self, label: impl Into<String>) -> LineRef {
        let origin = match &self.0 {
            Source::Policy(origin) => Some(origin.clone()),
            Source::Pack(pack, entry) => layer::pack_origin(pack, entry),
        };
        let label = label.into();
        match origin {
            Some(origin) => origin.line_ref(label),
            None => LineRef {
                file: self.to_string(),
                label,
                ..LineRef::default()
            },
        }
    }
}

/// `weighbridge.yaml:7` for an entry of a policy, the pack's name for one of a pack.
impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Policy(origin) => {
                let line = origin.line_ref("");
                write!(f, "{}:{}", line.file, line.line)
            }
            Source::Pack(pack, _) => f.write_str(&shown(&pack.pack)),
        }
    }
}

/// Whether both are the same entry of the same file.
impl PartialEq for EntryRef {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Source::Policy(a), Source::Policy(b)) => a.file.name == b.file.name && a.way == b.way,
            (Source::Pack(_, a), Source::Pack(_, b)) => std::ptr::eq(*a, *b),
            _ => false,
        }
    }
}

impl Eq for EntryRef {}
