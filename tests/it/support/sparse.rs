//! A source of any length that is zero but for a few patches, and counts what is read of it: proves that tensors are not read.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use weighbridge::bytes::ByteSource;

/// Zeros with patches.
pub(crate) struct Sparse {
    len: u64,
    patches: Vec<(u64, Vec<u8>)>,
    read: Arc<AtomicU64>,
}

impl Sparse {
    /// `len` zeros with these bytes at these offsets.
    pub(crate) fn new(len: u64, patches: Vec<(u64, Vec<u8>)>) -> Self {
        Self {
            len,
            patches,
            read: Arc::default(),
        }
    }

    /// How many bytes have been read; stays readable after the source is given away.
    pub(crate) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }
}

impl ByteSource for Sparse {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let n = (self.len.saturating_sub(offset)).min(buf.len() as u64);
        let buf = &mut buf[..usize::try_from(n).unwrap()];
        buf.fill(0);
        for (at, bytes) in &self.patches {
            let start = offset.max(*at);
            let end = (offset + n).min(at + bytes.len() as u64);
            if start < end {
                let from = usize::try_from(start - at).unwrap()..usize::try_from(end - at).unwrap();
                let to = usize::try_from(start - offset).unwrap();
                buf[to..to + from.len()].copy_from_slice(&bytes[from]);
            }
        }
        self.read.fetch_add(n, Ordering::Relaxed);
        Ok(buf.len())
    }
}
