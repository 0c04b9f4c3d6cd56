//! Compressed bytes as the decoders take them.

use std::io::{self, Read};

use super::{Window, wide};

/// The memory an LZMA or xz dictionary may take, in KiB: the format's own presets end at 64 MiB.
pub(super) const DICTIONARY_KIB: u32 = 80 << 10;

/// The compressed window as `Read`.
#[derive(Debug)]
pub(super) struct Packed {
    window: Window,
    at: u64,
}

impl Packed {
    /// From an offset on.
    pub(super) fn new(window: Window, at: u64) -> Self {
        Self { window, at }
    }

    /// How far it has been read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }
}

impl Read for Packed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.window.read_at(self.at, buf)?;
        self.at = self.at.saturating_add(wide(n));
        Ok(n)
    }
}
