//! Bytes at rest: sources of known length read at positions, windows into them, and the readers that walk them.
//!
//! Nothing here knows a format. Offsets and lengths in files are hostile: a [`Window`] cannot reach outside itself,
//! a [`Cursor`] checks every step, an [`Inflated`] source charges a [`Budget`] for what it produces. No mmap.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::unwrap_used,
        reason = "tests may fail loudly"
    )
)]

mod brackets;
mod budget;
mod codec;
mod cursor;
mod error;
mod file;
mod inflate;
pub(crate) mod links;
mod packed;
mod paged;
mod pages;
mod segments;
mod snappy;
mod stamp;
mod stream;
mod window;
mod work_tree;

pub use brackets::is_deep;
pub use budget::{Budget, Held, HeldMemory, Spent};
pub use codec::Codec;
pub use cursor::Cursor;
pub use error::{ReadError, ReadStop};
pub use file::{FileSource, standard_input};
pub use inflate::{Inflated, Method};
pub use paged::Paged;
pub use pages::Pages;
pub use snappy::unsnap;
pub use stamp::FileStamp;
pub use stream::Stream;
pub use window::Window;
pub use work_tree::LeadsOut;

use std::io;

/// Random access to bytes of a known length.
pub trait ByteSource: Send + Sync {
    /// How many bytes there are. A source may turn out shorter (a file that shrinks, a lying archive): reads then return 0.
    fn len(&self) -> u64;

    /// The same, if nothing has to be read to find it out.
    fn known_len(&self) -> Option<u64> {
        Some(self.len())
    }

    /// Whether there are so many bytes. Where the length is not known yet, no more is read than it takes.
    ///
    /// # Errors
    /// What reading answers.
    fn reaches(&self, length: u64) -> io::Result<bool> {
        Ok(length <= self.len())
    }

    /// Reads some bytes at `offset` into `buf` and returns how many: as few as it likes, 0 only at the end.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Whether reading backwards costs starting again from the front (compressed data).
    fn is_sequential(&self) -> bool {
        false
    }

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of the bytes, where they are in memory: they can be looked at without a copy.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }

    /// Whether it is known, without reading, that a byte occurs nowhere.
    fn lacks(&self, _byte: u8) -> bool {
        false
    }

    /// What the file system says of the file that it is, now; `None` if it is none, or the platform does not say it.
    fn stamp(&self) -> Option<FileStamp> {
        None
    }
}

/// A length in memory as a length in a file; lossless on every platform we build for.
#[inline]
pub fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// A length in a file as a length in memory, saturating: compare with what is there before using it.
#[inline]
pub fn narrow(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

impl ByteSource for Vec<u8> {
    fn len(&self) -> u64 {
        ByteSource::len(&self.as_slice())
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buf)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl ByteSource for &[u8] {
    fn len(&self) -> u64 {
        wide(<[u8]>::len(self))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|at| self.get(at..))
            .unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}
