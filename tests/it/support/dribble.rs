//! A source that gives one byte per read: finds every assumption that a read fills its buffer.

use std::io;

use weighbridge::bytes::ByteSource;

/// Bytes, one at a time.
pub(crate) struct Dribble(pub(crate) Vec<u8>);

impl ByteSource for Dribble {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let byte = usize::try_from(offset).ok().and_then(|at| self.0.get(at));
        match (byte, buf.first_mut()) {
            (Some(byte), Some(first)) => {
                *first = *byte;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}
