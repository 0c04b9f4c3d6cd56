//! A member, and the bodies that loaders could take for its content.

use std::sync::Arc;

use super::entry::flag;
use crate::{
    bytes::{Budget, Held, Inflated, Method, ReadError, Window, wide},
    fact::{Hop, Piece, Text, Unsupported, ZipFault},
    format::is_artifact_name,
};

/// A member of an archive.
#[derive(Debug)]
pub struct Member {
    /// Its name as the directory stores it (as its local header does, if it is in no directory).
    pub name: Text,
    /// The name its local header stores, or a Unicode Path field gives, where that is another.
    pub other_name: Option<Text>,
    /// Its size when unpacked, in bytes, as the directory says.
    pub size: u64,
    /// Its size as packed, in bytes, as the directory says.
    pub packed: u64,
    /// Its compression method (APPNOTE 4.4.5), as the directory says.
    pub method: u16,
    /// Its general purpose flags, as the directory says.
    pub flags: u16,
    /// Which of the members of this name it is, from 0, in the directory's order; orphans follow.
    pub copy: u32,
    /// Which entry of the directory it is, from 0; `None` for an orphan, a local header in no directory.
    pub index: Option<u32>,
    /// The offset of its local header in the window.
    pub offset: u64,
    /// The offset of its packed body; `None` where no local header is.
    pub data: Option<u64>,
    /// The first bytes of its packed body, up to 16, as far as they came with its local header.
    pub front: Box<[u8]>,
    /// How its local header says it is stored, where that is different.
    pub(super) local: Option<Box<Storing>>,
}

/// How a body is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Storing {
    pub(super) method: u16,
    pub(super) packed: u64,
    pub(super) size: u64,
}

impl Member {
    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.name.as_bytes().ends_with(b"/") && self.size == 0
    }

    /// The way into it.
    pub fn hop(&self) -> Hop {
        Hop::Member {
            name: self.name.clone(),
            copy: self.copy,
        }
    }

    /// Whether a loader could take it for a model by one of its names.
    pub fn is_named_like_artifact(&self) -> bool {
        let names = [Some(&self.name), self.other_name.as_ref()];
        names
            .into_iter()
            .flatten()
            .any(|name| is_artifact_name(name.as_bytes()))
    }

    /// Whether it is in the archive but in no directory.
    pub fn is_orphan(&self) -> bool {
        self.index.is_none()
    }

    /// Whether its flags say it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.flags & (flag::ENCRYPTED | flag::STRONG | flag::MASKED) != 0
    }

    /// Its content, unpacked, as the directory describes it. Lazy: nothing is read yet.
    ///
    /// # Errors
    /// [`ReadError::Unsupported`] for encrypted members and methods that are not read here, [`ReadError::Malformed`] if the
    /// body is not inside the window.
    pub fn body(&self, window: &Window, budget: &Arc<Budget>) -> Result<Window, ReadError> {
        self.holding(0, window, budget)
    }

    /// The same; what is unpacked stays in memory if it comes to no more than `hold` bytes.
    fn holding(
        &self,
        hold: usize,
        window: &Window,
        budget: &Arc<Budget>,
    ) -> Result<Window, ReadError> {
        if self.is_encrypted() {
            return Err(ReadError::unsupported(Unsupported::EncryptedMember));
        }
        if self.flags & flag::PATCHED != 0 {
            return Err(ReadError::unsupported(Unsupported::PatchedMember));
        }
        self.stored_as(self.central(), hold, window, budget)
    }

    /// Every content that a loader could see, the directory's first: also what the local header describes, a stored body as
    /// long as either of its sizes says, and a body whose flags (which some loaders ignore) say that it is encrypted
    /// or patched. An error stands for a reading that fails. What comes to no more than `hold` bytes is unpacked once.
    pub fn bodies(
        &self,
        window: &Window,
        hold: usize,
        budget: &Arc<Budget>,
    ) -> Vec<Result<Window, ReadError>> {
        let central = self.central();
        let mut bodies = vec![self.holding(hold, window, budget)];
        let mut tried = vec![central];
        if bodies.first().is_some_and(Result::is_err) {
            // A flag may be a lie, and of a body that is cut off loaders take what there is.
            let left = window
                .len()
                .saturating_sub(self.data.unwrap_or(window.len()));
            let what_there_is = Storing {
                packed: central.packed.min(left),
                ..central
            };
            bodies.extend(
                self.stored_as(what_there_is, hold, window, budget)
                    .ok()
                    .map(Ok),
            );
        }
        let mut others = Vec::new();
        others.extend(self.local.as_deref().copied());
        if central.method == 0 && central.size != central.packed {
            others.push(Storing {
                packed: central.size,
                ..central
            });
        }
        for other in others {
            if !tried.contains(&other) {
                tried.push(other);
                // The directory's reading is what counts; that another one fails is no news.
                bodies.extend(self.stored_as(other, hold, window, budget).ok().map(Ok));
            }
        }
        bodies
    }

    fn central(&self) -> Storing {
        Storing {
            method: self.method,
            packed: self.packed,
            size: self.size,
        }
    }

    fn stored_as(
        &self,
        how: Storing,
        hold: usize,
        window: &Window,
        budget: &Arc<Budget>,
    ) -> Result<Window, ReadError> {
        let start = self
            .data
            .ok_or_else(|| ReadError::malformed(ZipFault::NoLocalHeader))?;
        let packed = start
            .checked_add(how.packed)
            .and_then(|end| window.sub(start..end))
            .ok_or_else(|| {
                let left = window.len().saturating_sub(start);
                ReadError::truncated(Piece::ZipMember, how.packed, left)
            })?;
        let method = match how.method {
            0 => return Ok(packed),
            8 => Method::Deflate,
            12 => Method::Bzip2,
            14 => Method::ZipLzma,
            95 => Method::Xz,
            other => {
                let form = Unsupported::CompressionMethod(other);
                return Err(ReadError::unsupported(form));
            }
        };
        Ok(Window::new(Inflated::new(
            packed,
            method,
            how.size,
            hold,
            Arc::clone(budget),
        )))
    }

    /// Finds the size of a deflated orphan whose header does not say it, by unpacking it once.
    pub(super) fn measure(&mut self, window: &Window, budget: &Arc<Budget>) {
        let how = Storing {
            size: u64::MAX,
            ..self.central()
        };
        let Ok(body) = self.stored_as(how, 0, window, budget) else {
            return;
        };
        let mut buf = vec![0; 32 << 10];
        self.size = 0;
        while let Ok(n @ 1..) = body.read_at(self.size, &mut buf) {
            self.size = self.size.saturating_add(wide(n));
        }
    }
}

/// What an archive holds.
#[derive(Debug, Default)]
pub struct Directory {
    /// Every member: those of the directory that miniz and `zipfile` would take, in its order, then those of any other
    /// directory, then orphans.
    pub members: Vec<Member>,
    /// What is added to every stored offset: not 0 if bytes were put before the archive. `zipfile` does so; torch refuses.
    pub shift: i64,
    /// Bytes of the archive's comment.
    pub comment: u64,
    /// Bytes after the end record and its comment.
    pub trailing: u64,
    /// Whether there was a directory; without one all members are orphans.
    pub found: bool,
    /// What is taken of the budget as long as they are here.
    pub(super) held: Option<Held>,
}

impl Directory {
    /// The folder that torch takes for the archive's root: what stands before the first `/` in the first member's name.
    pub fn root(&self) -> &[u8] {
        self.members
            .first()
            .and_then(|member| member.name.as_bytes().split(|b| *b == b'/').next())
            .unwrap_or_default()
    }

    /// Takes a member from the budget.
    pub(super) fn count_member(&mut self, budget: &Arc<Budget>) -> Result<(), ReadError> {
        let held = self.held.get_or_insert_with(|| Held::new(budget));
        held.member()
    }
}
