//! Compressed bytes as a source: decompressed forwards, started again when an earlier offset is asked for.

use crate::fact::{Malformed, Piece};
use std::{
    fmt,
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Budget, ByteSource, ReadError, Window,
    codec::{self, Codec},
    narrow,
    packed::{DICTIONARY_KIB, Packed},
    wide,
};
use crate::limits;

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Raw deflate (zip method 8).
    Deflate,
    /// bzip2 (zip method 12).
    Bzip2,
    /// LZMA with the zip archive's own four-byte preamble and properties (zip method 14).
    ZipLzma,
    /// An xz stream (zip method 95).
    Xz,
    /// A file of compressed streams one after another.
    File(Codec),
}

/// How much output is kept so that reads a little behind the front do not start again. A pickle inside joblib's arrays is read by a
/// second walk, which begins up to a buffer behind the front.
const KEPT: usize = 512 << 10;

/// A compressed window as a source of decompressed bytes.
pub struct Inflated {
    packed: Window,
    method: Method,
    len: u64,
    budget: Arc<Budget>,
    front: Mutex<Option<Front>>,
}

struct Front {
    decoder: Box<dyn Read + Send>,
    /// The latest output, which ends at `produced`.
    kept: Vec<u8>,
    produced: u64,
    ended: bool,
}

impl Inflated {
    /// `len` is what the container says will come out; a source that gives less is short, one that gives more is cut there.
    pub fn new(packed: Window, method: Method, len: u64, budget: Arc<Budget>) -> Self {
        Self {
            packed,
            method,
            len,
            budget,
            front: Mutex::new(None),
        }
    }

    fn start(&self) -> io::Result<Front> {
        let packed = Packed::new(self.packed.clone());
        let decoder: Box<dyn Read + Send> = match self.method {
            Method::Deflate => Box::new(flate2::read::DeflateDecoder::new(packed)),
            Method::Bzip2 => Box::new(bzip2::read::BzDecoder::new(packed)),
            Method::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
                packed,
                false,
                DICTIONARY_KIB,
            )),
            Method::ZipLzma => Box::new(self.zip_lzma()?),
            Method::File(codec) => Box::new(codec::Streams::new(codec, packed)?),
        };
        Ok(Front {
            decoder,
            kept: Vec::new(),
            produced: 0,
            ended: false,
        })
    }

    /// APPNOTE 5.8.8: version (2), size of properties (2), properties (5: lc/lp/pb byte and dictionary size), then the stream.
    fn zip_lzma(&self) -> io::Result<lzma_rust2::LzmaReader<Packed>> {
        let head = self.packed.exact(0..9, Piece::LzmaHead)?;
        let mut cursor = super::Cursor::new(&head, Piece::LzmaHead);
        cursor.take(2)?;
        if cursor.u16()? != 5 {
            return Err(ReadError::malformed(Malformed::LzmaProperties).into());
        }
        let properties = cursor.u8()?;
        let dictionary = cursor.u32()?;
        let body = Packed::new(self.packed.from(9));
        lzma_rust2::LzmaReader::new_with_props(body, u64::MAX, properties, dictionary, None)
    }

    fn read(&self, front: &mut Front, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut chunk = vec![0; 32 << 10];
        while !front.ended && front.produced <= offset {
            // Not past the stated size: what follows there (an end marker, and how it ends) is no part of the content.
            let left = narrow(self.len.saturating_sub(front.produced));
            let wanted = left.min(chunk.len());
            let n = front
                .decoder
                .read(chunk.get_mut(..wanted).unwrap_or_default())?;
            if n == 0 {
                front.ended = true;
                break;
            }
            let produced = front.produced.saturating_add(wide(n));
            self.budget.inflate(wide(n))?;
            let allowed = limits::INFLATE_RATIO_FLOOR
                .max(self.packed.len().saturating_mul(limits::INFLATE_RATIO));
            if produced > allowed {
                return Err(ReadError::Limit(limits::Id::INFLATE_RATIO).into());
            }
            if front.kept.len() > KEPT {
                front
                    .kept
                    .drain(..front.kept.len().saturating_sub(KEPT >> 1));
            }
            front
                .kept
                .extend_from_slice(chunk.get(..n).unwrap_or_default());
            front.produced = produced;
        }
        let from = front.produced.saturating_sub(wide(front.kept.len()));
        let at = narrow(offset.saturating_sub(from));
        let rest = front.kept.get(at..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }
}

impl ByteSource for Inflated {
    fn len(&self) -> u64 {
        self.len
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = narrow(self.len.saturating_sub(offset));
        let n = left.min(buf.len());
        let buf = buf.get_mut(..n).unwrap_or_default();
        if buf.is_empty() {
            return Ok(0);
        }
        // A panic in a decoder leaves no state that a fresh start would not replace.
        let mut slot = self.front.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = slot
            .as_ref()
            .is_some_and(|front| offset < front.produced.saturating_sub(wide(front.kept.len())));
        if behind {
            *slot = None;
        }
        let front = match &mut *slot {
            Some(front) => front,
            none => none.insert(self.start()?),
        };
        let result = self.read(front, offset, buf);
        if result.is_err() {
            *slot = None;
        }
        // What a decoder says of bad data is about the artifact, not about the machine.
        result.map_err(|e| match e.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof => {
                let cut_off = e.kind() == io::ErrorKind::UnexpectedEof;
                ReadError::malformed(Malformed::Compressed { cut_off }).into()
            }
            _ => e,
        })
    }
}

impl fmt::Debug for Inflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Inflated({:?}, {:?}, {})",
            self.packed, self.method, self.len
        )
    }
}
