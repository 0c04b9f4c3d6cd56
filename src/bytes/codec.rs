//! Compressed files: streams one after another, each with its own header and end, as Python's readers of them take them.

use std::{
    fmt,
    io::{self, BufRead as _, BufReader, Read},
};

use super::{
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

/// A decoder of one stream, which gives its input back at the stream's end.
trait Decode: Read + Send {
    fn into_input(self: Box<Self>) -> Input;
}

macro_rules! decode {
    ($($decoder:ty),* $(,)?) => {
        $(impl Decode for $decoder {
            fn into_input(self: Box<Self>) -> Input {
                (*self).into_inner()
            }
        })*
    };
}

decode! {
    flate2::bufread::GzDecoder<Input>,
    flate2::bufread::ZlibDecoder<Input>,
    bzip2::bufread::BzDecoder<Input>,
    lzma_rust2::XzReader<Input>,
    lzma_rust2::LzmaReader<Input>,
    ruzstd::decoding::StreamingDecoder<Input, ruzstd::decoding::FrameDecoder>,
    lz4_flex::frame::FrameDecoder<Input>,
}

/// What all streams of a file decompress to.
pub(super) struct Streams {
    codec: Codec,
    /// `None` after the last stream.
    decoder: Option<Box<dyn Decode>>,
}

impl Streams {
    /// At the first stream.
    pub(super) fn new(codec: Codec, packed: Packed) -> io::Result<Self> {
        let decoder = Some(start(codec, BufReader::new(packed))?);
        Ok(Self { codec, decoder })
    }

    /// The next stream's decoder, if there is another stream: gzip may be padded with zeros.
    fn next(&self, mut input: Input) -> io::Result<Option<Box<dyn Decode>>> {
        if self.codec == Codec::Gzip {
            loop {
                let buffered = input.fill_buf()?;
                let zeros = buffered.iter().take_while(|b| **b == 0).count();
                if zeros == 0 {
                    break;
                }
                input.consume(zeros);
            }
        }
        if input.fill_buf()?.is_empty() {
            return Ok(None);
        }
        start(self.codec, input).map(Some)
    }
}

impl Read for Streams {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut last = None;
        while let Some(mut decoder) = self.decoder.take() {
            let n = decoder.read(buf)?;
            if n > 0 {
                self.decoder = Some(decoder);
                return Ok(n);
            }
            let input = decoder.into_input();
            let here = position(&input);
            // Every stream has a header: one that takes no byte is none.
            if last == Some(here) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a stream without a header",
                ));
            }
            last = Some(here);
            self.decoder = self.next(input)?;
        }
        Ok(0)
    }
}

/// How many bytes have been taken.
fn position(input: &Input) -> u64 {
    input
        .get_ref()
        .at()
        .saturating_sub(wide(input.buffer().len()))
}

fn start(codec: Codec, input: Input) -> io::Result<Box<dyn Decode>> {
    Ok(match codec {
        Codec::Gzip => Box::new(flate2::bufread::GzDecoder::new(input)),
        Codec::Zlib => Box::new(flate2::bufread::ZlibDecoder::new(input)),
        Codec::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(input)),
        Codec::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
            input,
            true,
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
