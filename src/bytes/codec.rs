//! Compressed files: streams one after another, each with its own header and end, as Python's readers of them take them.

use std::{
    fmt,
    io::{self, BufReader, Read},
};

use super::{
    Window,
    packed::{DICTIONARY_KIB, Packed},
    wide,
};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// gzip (RFC 1952).
    Gzip,
    /// zlib (RFC 1950).
    Zlib,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// LZMA alone: the format before xz.
    Lzma,
    /// zstd frames.
    Zstd,
    /// lz4 frames.
    Lz4,
}

type Input = BufReader<Packed>;

/// A decoder of one stream.
trait Decode: Read + Send {
    /// Where in the compressed bytes the stream ends, once it has been read to its end.
    fn end(self: Box<Self>) -> u64;
}

macro_rules! decode {
    ($($decoder:ty),* $(,)?) => {
        $(impl Decode for $decoder {
            fn end(self: Box<Self>) -> u64 {
                position(&(*self).into_inner())
            }
        })*
    };
}

decode! {
    flate2::bufread::GzDecoder<Input>,
    flate2::bufread::ZlibDecoder<Input>,
    bzip2::bufread::BzDecoder<Input>,
    lzma_rust2::XzReader<Input>,
    ruzstd::decoding::StreamingDecoder<Input, ruzstd::decoding::FrameDecoder>,
    lz4_flex::frame::FrameDecoder<Input>,
}

impl Decode for lzma_rust2::LzmaReader<Input> {
    fn end(self: Box<Self>) -> u64 {
        // It reads ahead.
        let (input, ahead) = (*self).into_parts();
        position(&input).saturating_sub(wide(ahead.len()))
    }
}

/// How many bytes have been taken.
fn position(input: &Input) -> u64 {
    input
        .get_ref()
        .at()
        .saturating_sub(wide(input.buffer().len()))
}

/// What all streams of a file decompress to.
pub(super) struct Streams {
    codec: Codec,
    packed: Window,
    /// Where the stream begins that is being read.
    start: u64,
    /// `None` after the last stream.
    decoder: Option<Box<dyn Decode>>,
}

impl Streams {
    /// At the first stream.
    pub(super) fn new(codec: Codec, packed: Window) -> io::Result<Self> {
        let start = match codec {
            Codec::Zstd | Codec::Lz4 => behind_skippable(&packed, 0)?,
            _ => 0,
        };
        let decoder = Some(decoder_of(codec, &packed, start)?);
        Ok(Self {
            codec,
            packed,
            start,
            decoder,
        })
    }

    /// The offset behind zeros that pad a stream of xz or LZMA. To Python, every 18 of them are an empty stream of LZMA alone, and fewer
    /// may be the beginning of one that is not empty.
    fn behind_padding(&self, at: u64) -> io::Result<u64> {
        const EMPTY: u64 = 18;
        let end = behind_zeros(&self.packed, at)?;
        let rest = end.saturating_sub(at).checked_rem(EMPTY).unwrap_or(0);
        let start = end.saturating_sub(rest);
        let front = self.packed.bytes_at(start, FRONT)?;
        let is_stream = Codec::is_lzma(&front) && front.iter().any(|byte| *byte != 0);
        Ok(if is_stream { start } else { end })
    }

    /// The decoder of the stream that begins at `at`, if one does.
    fn next(&mut self, mut at: u64) -> io::Result<Option<Box<dyn Decode>>> {
        match self.codec {
            Codec::Gzip => at = behind_zeros(&self.packed, at)?,
            Codec::Xz | Codec::Lzma => at = self.behind_padding(at)?,
            _ => {}
        }
        if matches!(self.codec, Codec::Zstd | Codec::Lz4) {
            at = behind_skippable(&self.packed, at)?;
        }
        let front = self.packed.bytes_at(at, FRONT)?;
        let codec = if front.is_empty() {
            None
        } else {
            self.codec.following(&front)
        };
        let Some(codec) = codec else { return Ok(None) };
        // Every stream has a header: one that takes no byte is none.
        if at <= self.start {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a stream without a header",
            ));
        }
        self.start = at;
        decoder_of(codec, &self.packed, at).map(Some)
    }
}

impl Read for Streams {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        while let Some(mut decoder) = self.decoder.take() {
            let n = decoder.read(buf)?;
            if n > 0 {
                self.decoder = Some(decoder);
                return Ok(n);
            }
            self.decoder = self.next(decoder.end())?;
        }
        Ok(0)
    }
}

/// Bytes that tell whether a stream begins: the header of LZMA alone is the longest.
const FRONT: usize = 13;

impl Codec {
    /// How bytes are compressed that begin with `front`, as far as a magic says so.
    ///
    /// # Errors
    /// What reading answers.
    pub fn of(window: &Window, front: &[u8]) -> io::Result<Option<Self>> {
        let magic = match front {
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                let start = behind_skippable(window, 0)?;
                window.bytes_at(start, 4)?
            }
            _ => Vec::new(),
        };
        let front = if magic.is_empty() { front } else { &magic };
        Ok(Some(match front {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0x78, flags, ..] if is_zlib(*flags) => Self::Zlib,
            [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
                if rest.starts_with(b"1AY&SY") || rest.starts_with(b"\x17rE8P\x90") =>
            {
                Self::Bzip2
            }
            [0x5d, 0, _, _, _, ..] => Self::Lzma,
            _ if front.starts_with(XZ) => Self::Xz,
            _ if front.starts_with(ZSTD) => Self::Zstd,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            _ => return Ok(None),
        }))
    }

    /// What a stream is compressed with that begins so and follows one of this codec. What begins no stream is passed over behind
    /// bzip2, xz, LZMA and zstd, as Python's modules pass over it, and breaks the others.
    fn following(self, front: &[u8]) -> Option<Self> {
        /// Also a part of the magic at the end of the file: it breaks off there.
        fn begins(front: &[u8], magic: &[u8]) -> bool {
            let n = front.len().min(magic.len());
            front.get(..n) == magic.get(..n)
        }
        match self {
            Self::Gzip | Self::Zlib | Self::Lz4 => Some(self),
            Self::Bzip2 => begins(front, b"BZh").then_some(self),
            Self::Zstd => begins(front, ZSTD).then_some(self),
            // Python takes either after either.
            Self::Xz | Self::Lzma if begins(front, XZ) => Some(Self::Xz),
            Self::Xz | Self::Lzma => Self::is_lzma(front).then_some(Self::Lzma),
        }
    }

    /// Whether bytes begin a stream of LZMA alone, as liblzma decides where it has to find out: properties within their limits, a dictionary
    /// of a size that its presets have, and a size below 256 GiB, if one is given. Of a header that breaks off, what there is counts.
    pub fn is_lzma(front: &[u8]) -> bool {
        let Some((properties, rest)) = front.split_first() else {
            return false;
        };
        let (lc, lp) = (properties.checked_rem(9), properties.checked_div(9));
        let lp = lp.and_then(|rest| rest.checked_rem(5));
        let sum = lc.zip(lp).and_then(|(lc, lp)| lc.checked_add(lp));
        if *properties > 224 || sum.is_none_or(|sum| sum > 4) {
            return false;
        }
        let Some((dictionary, size)) = rest.split_first_chunk::<4>() else {
            return true;
        };
        let dictionary = u32::from_le_bytes(*dictionary);
        // A power of two, or the sum of two powers next to each other.
        let top = dictionary.checked_ilog2().unwrap_or(0);
        let low = dictionary.trailing_zeros();
        let usual = dictionary.count_ones() <= 1
            || dictionary == u32::MAX
            || dictionary.count_ones() == 2 && top.checked_sub(low) == Some(1);
        let size = size
            .first_chunk::<8>()
            .map(|size| u64::from_le_bytes(*size));
        usual && size.is_none_or(|size| size == u64::MAX || size < 1 << 38)
    }
}

const XZ: &[u8] = b"\xfd7zXZ\0";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// The check bits of a zlib header, and no preset dictionary, which no loader of files has.
fn is_zlib(flags: u8) -> bool {
    let header = 0x7800_u16 | u16::from(flags);
    header.is_multiple_of(31) && flags & 0x20 == 0
}

/// The offset behind frames that every reader of zstd and lz4 skips.
fn behind_skippable(packed: &Window, mut at: u64) -> io::Result<u64> {
    loop {
        let head = packed.bytes_at(at, 8)?;
        let [0x50..=0x5f, 0x2a, 0x4d, 0x18, length @ ..] = head.as_slice() else {
            return Ok(at);
        };
        let Some(length) = length.first_chunk::<4>() else {
            return Ok(at);
        };
        let length = u64::from(u32::from_le_bytes(*length));
        at = at.saturating_add(8).saturating_add(length);
    }
}

/// The offset of the first byte from `at` on that is not zero.
fn behind_zeros(packed: &Window, mut at: u64) -> io::Result<u64> {
    loop {
        let piece = packed.bytes_at(at, 4096)?;
        let zeros = piece.iter().take_while(|byte| **byte == 0).count();
        at = at.saturating_add(wide(zeros));
        if piece.is_empty() || zeros < piece.len() {
            return Ok(at);
        }
    }
}

/// The decoder of the stream that begins at an offset.
fn decoder_of(codec: Codec, packed: &Window, at: u64) -> io::Result<Box<dyn Decode>> {
    let input = BufReader::new(Packed::new(packed.clone(), at));
    Ok(match codec {
        Codec::Gzip => Box::new(flate2::bufread::GzDecoder::new(input)),
        Codec::Zlib => Box::new(flate2::bufread::ZlibDecoder::new(input)),
        Codec::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(input)),
        Codec::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
            input,
            false,
            DICTIONARY_KIB,
        )),
        Codec::Lzma => Box::new(lzma_rust2::LzmaReader::new_mem_limit(
            input,
            DICTIONARY_KIB,
            None,
        )?),
        Codec::Zstd => Box::new(
            ruzstd::decoding::StreamingDecoder::new(input)
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?,
        ),
        Codec::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
    })
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Streams({:?})", self.codec)
    }
}
