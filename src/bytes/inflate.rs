//! Compressed bytes as a source: decompressed forwards, started again when an earlier offset is asked for.

use crate::{
    fact::{Malformed, Piece},
    limits,
};
use std::{
    fmt,
    io::{self, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    Budget, ByteSource, ReadError, Window,
    codec::{self, Codec},
    narrow,
    packed::{DICTIONARY_KIB, Packed},
    segments::{CHUNK, Segments},
    wide,
};

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

/// Where decompressed bytes come from.
enum Origin {
    /// A compressed window, which can be decompressed again.
    Packed(Window, Method),
    /// A decoder that gives them once, until it is taken.
    Once(Mutex<Option<Box<dyn Read + Send>>>),
}

/// A source of decompressed bytes.
pub struct Inflated {
    origin: Origin,
    /// How many bytes come out, as the container says; `None` where nothing says it.
    declared: Option<u64>,
    budget: Arc<Budget>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    front: Option<Front>,
    /// How far the front has ever been.
    reached: u64,
    /// How many bytes there are, where that is not declared, once they have all come out.
    end: Option<u64>,
    /// What ended them, if it was not the end of the compressed data.
    error: Option<ReadError>,
    /// The first bytes, which are read without starting again.
    held: Segments,
}

struct Front {
    decoder: Box<dyn Read + Send>,
    /// The latest output, which ends at `produced`, and behind it room for more that was used before.
    kept: Vec<u8>,
    /// How much of it is output.
    filled: usize,
    produced: u64,
    ended: bool,
}

impl Front {
    /// Where the output begins that is at hand.
    fn from(&self) -> u64 {
        self.produced.saturating_sub(wide(self.filled))
    }

    /// The output at hand.
    fn kept(&self) -> &[u8] {
        self.kept.get(..self.filled).unwrap_or_default()
    }

    /// Decompresses at most `most` bytes more, to where they stay if they do, and returns how many.
    fn more(&mut self, most: u64, held: &mut Segments) -> io::Result<u64> {
        let most = narrow(most);
        let n = if held.takes(self.produced) {
            self.filled = 0;
            held.read_from(&mut self.decoder, most)?
        } else {
            self.pass(most)?
        };
        self.produced = self.produced.saturating_add(wide(n));
        self.ended = n == 0;
        Ok(wide(n))
    }

    /// Decompresses at most `most` bytes that do not stay.
    fn pass(&mut self, most: usize) -> io::Result<usize> {
        if self.filled > KEPT {
            let old = self.filled.saturating_sub(KEPT >> 1);
            self.kept.copy_within(old..self.filled, 0);
            self.filled = KEPT >> 1;
        }
        let start = self.filled;
        let end = start.saturating_add(most.min(CHUNK));
        if self.kept.len() < end {
            self.kept.resize(end, 0);
        }
        let room = self.kept.get_mut(start..end).unwrap_or_default();
        let n = self.decoder.read(room)?.min(room.len());
        self.filled = start.saturating_add(n);
        Ok(n)
    }
}

impl Inflated {
    /// `len` is what the container says will come out; a source that gives less is short, one that gives more is cut there. What comes
    /// to no more than `hold` bytes stays in memory, as far as it is read.
    pub fn new(packed: Window, method: Method, len: u64, hold: usize, budget: Arc<Budget>) -> Self {
        let state = State {
            held: Segments::up_to(if len <= wide(hold) { hold } else { 0 }),
            ..State::default()
        };
        Self {
            origin: Origin::Packed(packed, method),
            declared: Some(len),
            budget,
            state: Mutex::new(state),
        }
    }

    /// Of unknown length: it ends where the compressed data ends or breaks ([`Inflated::stopped`] says why). The first `hold` bytes
    /// stay in memory.
    pub fn open(packed: Window, codec: Codec, hold: usize, budget: Arc<Budget>) -> Self {
        let state = State {
            held: Segments::up_to(hold),
            ..State::default()
        };
        Self {
            origin: Origin::Packed(packed, Method::File(codec)),
            declared: None,
            budget,
            state: Mutex::new(state),
        }
    }

    /// From a decoder that gives `len` bytes once. The first `hold` of them stay in memory; to read others again is past a limit.
    pub fn once(decoder: Box<dyn Read + Send>, len: u64, hold: usize, budget: Arc<Budget>) -> Self {
        let state = State {
            held: Segments::up_to(hold),
            ..State::default()
        };
        Self {
            origin: Origin::Once(Mutex::new(Some(decoder))),
            declared: Some(len),
            budget,
            state: Mutex::new(state),
        }
    }

    /// What broke the compressed data, as far as it was decompressed, if its length was unknown. Asked once.
    pub fn stopped(&self) -> Option<ReadError> {
        self.lock().error.take()
    }

    /// Takes out the first bytes: all, where no more than those that stay in memory have come out.
    pub fn take_held(&self) -> impl ByteSource + use<> {
        std::mem::take(&mut self.lock().held)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in a decoder leaves no state that a fresh start would not replace.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> io::Result<Front> {
        let decoder = match &self.origin {
            Origin::Packed(packed, method) => decoder(packed, *method)?,
            Origin::Once(decoder) => {
                let mut decoder = decoder.lock().unwrap_or_else(PoisonError::into_inner);
                let again = ReadError::Limit(limits::Id::HELD_BYTES);
                decoder.take().ok_or(again)?
            }
        };
        Ok(Front {
            decoder,
            kept: Vec::new(),
            filled: 0,
            produced: 0,
            ended: false,
        })
    }

    /// Decompresses until the byte at `offset` is at hand, or to the end.
    fn advance(&self, state: &mut State, offset: u64) -> io::Result<()> {
        if state
            .front
            .as_ref()
            .is_some_and(|front| offset < front.from())
        {
            state.front = None;
        }
        let mut front = match state.front.take() {
            Some(front) => front,
            None => self.start()?,
        };
        while !front.ended && front.produced <= offset {
            // Not past the stated size: what follows there (an end marker, and how it ends) is no part of the content.
            let left = self
                .declared
                .unwrap_or(u64::MAX)
                .saturating_sub(front.produced);
            let n = front.more(left, &mut state.held)?;
            if front.produced > state.reached {
                let new = front.produced.saturating_sub(state.reached);
                self.budget.inflate(new)?;
                state.reached = front.produced;
            } else {
                self.budget.inflate_again(n)?;
            }
        }
        state.front = Some(front);
        Ok(())
    }

    /// The same, where the length is not declared: what breaks the data ends it, and is kept for [`Inflated::stopped`].
    fn advance_open(&self, state: &mut State, offset: u64) -> io::Result<()> {
        let before = state.end;
        match self.advance(state, offset).map_err(of_data) {
            Ok(()) => {
                let ended = state.front.as_ref().filter(|front| front.ended);
                state.end = before.or(ended.map(|front| front.produced));
                Ok(())
            }
            // Started again, it does not come as far as before.
            Err(error) if before.is_some() => Err(error),
            Err(error) => {
                state.end = Some(state.reached);
                state.error = Some(error.into());
                Ok(())
            }
        }
    }

    /// How many bytes there are, if that is known.
    fn known(&self, state: &State) -> Option<u64> {
        self.declared.or(state.end)
    }
}

/// A decoder at the beginning of a compressed window.
fn decoder(window: &Window, method: Method) -> io::Result<Box<dyn Read + Send>> {
    let packed = Packed::new(window.clone(), 0);
    Ok(match method {
        Method::Deflate => Box::new(flate2::read::DeflateDecoder::new(packed)),
        Method::Bzip2 => Box::new(bzip2::read::BzDecoder::new(packed)),
        Method::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
            packed,
            false,
            DICTIONARY_KIB,
        )),
        Method::ZipLzma => Box::new(zip_lzma(window)?),
        Method::File(codec) => Box::new(codec::Streams::new(codec, window.clone())?),
    })
}

/// APPNOTE 5.8.8: version (2), size of properties (2), properties (5: lc/lp/pb byte and dictionary size), then the stream.
fn zip_lzma(window: &Window) -> io::Result<lzma_rust2::LzmaReader<Packed>> {
    let head = window.exact(0..9, Piece::LzmaHead)?;
    let mut cursor = super::Cursor::new(&head, Piece::LzmaHead);
    cursor.take(2)?;
    if cursor.u16()? != 5 {
        return Err(ReadError::malformed(Malformed::LzmaProperties).into());
    }
    let properties = cursor.u8()?;
    let dictionary = cursor.u32()?;
    let body = Packed::new(window.clone(), 9);
    lzma_rust2::LzmaReader::new_with_props(body, u64::MAX, properties, dictionary, None)
}

/// What a decoder says of bad data is about the artifact, not about the machine.
fn of_data(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            let cut_off = error.kind() == io::ErrorKind::UnexpectedEof;
            ReadError::malformed(Malformed::Compressed { cut_off }).into()
        }
        _ => error,
    }
}

impl ByteSource for Inflated {
    fn len(&self) -> u64 {
        let mut state = self.lock();
        if self.known(&state).is_none() {
            // What breaks here is kept.
            let _ = self.advance_open(&mut state, u64::MAX);
        }
        self.known(&state).unwrap_or(state.reached)
    }

    fn known_len(&self) -> Option<u64> {
        self.known(&self.lock())
    }

    fn reaches(&self, offset: u64) -> io::Result<bool> {
        let mut state = self.lock();
        if self.known(&state).is_none() && offset > state.reached {
            // The byte before it.
            self.advance_open(&mut state, offset.saturating_sub(1))?;
        }
        Ok(offset <= self.known(&state).unwrap_or(state.reached))
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut state = self.lock();
        let most = self.known(&state).unwrap_or(u64::MAX);
        let n = narrow(most.saturating_sub(offset)).min(buf.len());
        let buf = buf.get_mut(..n).unwrap_or_default();
        if buf.is_empty() {
            return Ok(0);
        }
        if offset >= state.held.len() {
            if self.declared.is_none() {
                self.advance_open(&mut state, offset)?;
            } else {
                self.advance(&mut state, offset).map_err(of_data)?;
            }
        }
        if offset < state.held.len() {
            return state.held.read_at(offset, buf);
        }
        let Some(front) = &state.front else {
            return Ok(0);
        };
        let at = offset.saturating_sub(front.from());
        front.kept().read_at(at, buf)
    }
}

impl fmt::Debug for Inflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Packed(packed, method) => {
                write!(f, "Inflated({packed:?}, {method:?}, {:?})", self.declared)
            }
            Origin::Once(_) => write!(f, "Inflated(once, {:?})", self.declared),
        }
    }
}
