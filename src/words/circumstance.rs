//! What a view knows of an entry beside its content.

use std::fmt;

use crate::fact::{
    Absent, Answer, ConflictSide, LinkAway, NotFollowed, PathFault, Unreadable, UnreadablePart,
    UnsupportedEntry,
};

impl fmt::Display for NotFollowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submodule {
                old: Some(old),
                new,
                ..
            } => write!(f, "the submodule moves from {old} to {new}"),
            Self::Submodule { old: None, new, .. } => write!(f, "the submodule comes at {new}"),
            Self::AnnexPointer { .. } => {
                f.write_str("a key of git-annex, whose bytes are not here")
            }
            Self::Pointer { .. } => f.write_str("a git-lfs pointer, whose bytes are not here"),
            Self::Link(link) => link.fmt(f),
            Self::DvcOutput {
                what: what @ Absent::DvcFolder(_),
                ..
            } => what.fmt(f),
            Self::DvcOutput { .. } => f.write_str("an output of DVC, whose bytes are not here"),
            Self::UnreadOutputs(why) => write!(f, "its list of outputs cannot be read: {why}"),
            Self::OutputOutside(path) => {
                write!(f, "an output of DVC outside of the repository, `{path}`")
            }
        }
    }
}

impl fmt::Display for LinkAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = &self.target;
        match &self.submodule {
            Some(module) => write!(
                f,
                "a symbolic link into the submodule `{module}`, to {target}"
            ),
            None => write!(f, "a symbolic link out of what is checked, to {target}"),
        }
    }
}

impl fmt::Display for PathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::NoName => "without a name",
            Self::Dots => "named `.` or `..`",
            Self::DotGit => "named `.git`, or as some system spells it",
            Self::Slash => "with a slash in its name",
        };
        write!(f, "git checks out no file {name}")
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LfsContent => f.write_str("in git-lfs"),
            Self::AnnexContent => f.write_str("in git-annex"),
            Self::DvcContent => f.write_str("in storage of DVC"),
            Self::DvcFolder(Some(files)) => {
                write!(
                    f,
                    "a folder of DVC with {files} files, whose list is not here"
                )
            }
            Self::DvcFolder(None) => f.write_str("a folder of DVC, whose list is not here"),
            Self::Object(id) => write!(f, "git object {id}, which this partial clone lacks"),
            Self::Submodule => f.write_str("a submodule that is not initialised"),
            Self::SubmoduleCommit(id) => {
                write!(f, "the submodule's commit {id}, which its clone lacks")
            }
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            UnreadablePart::Content => {}
            UnreadablePart::Folder => f.write_str("the folder cannot be listed: ")?,
            UnreadablePart::Object(id) => write!(f, "git object {id}: ")?,
            UnreadablePart::Objects => f.write_str("the repository's objects: ")?,
            UnreadablePart::SubmoduleObjects => f.write_str("the submodule's objects: ")?,
            UnreadablePart::SubmoduleRepository => f.write_str("the submodule's repository: ")?,
            UnreadablePart::SubmoduleIndex => f.write_str("the submodule's index: ")?,
        }
        self.answer.fmt(f)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(text) => text.fmt(f),
            Self::Missing => f.write_str("it is not in the object store"),
            Self::Damaged => f.write_str("it is damaged"),
            Self::IsNot(kind) => write!(f, "it is not a {}", kind.word()),
            Self::NoWorkTree => f.write_str("it has no work tree"),
        }
    }
}

impl fmt::Display for UnsupportedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(side) => write!(f, "an unresolved merge conflict: {side}"),
            Self::Special => {
                f.write_str("a pipe, socket or device: what it would give is not known")
            }
            Self::PaddedPointer => f.write_str(
                "a git-lfs pointer with more after it: git-lfs may bring other bytes",
            ),
            Self::LfsExtensions => {
                f.write_str("git-lfs extensions, which transform the stored bytes")
            }
            Self::LinkToNoName => f.write_str(
                "a link to what is no name; where there are no links, git makes it a file of these bytes",
            ),
            Self::LinkAway(link) => link.fmt(f),
            Self::LinkToExcluded(path) => write!(
                f,
                "a symbolic link to `{path}`, which the policy excludes; exclude the link as well, or not what it leads to"
            ),
            Self::Encoding(name) => write!(
                f,
                "`working-tree-encoding={name}` in .gitattributes: what git makes of it on checkout"
            ),
        }
    }
}

impl fmt::Display for ConflictSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "this is the common ancestor's side",
            Self::Ours => "this is our side",
            Self::Theirs => "this is their side",
        })
    }
}
