//! Constants that look like pickles, to be tried as such when the stream is done.

use std::{ops::Range, sync::Arc};

use super::{Flow, Halt, is_pickle};
use crate::{
    bytes::{Budget, ReadError, Window, narrow, wide},
    fact::Unsupported,
    format::pickle::{begins_embedded, lex::Lexer, text},
    limits,
};

/// Bytes of such constants that are held because they do not stand in the file as they are.
const DECODED: u64 = 16 << 20;

/// `PROTO` as protocols 0 to 2 store it in bytes: as Latin-1 text that `_codecs.encode` turns back.
pub(super) const ENCODED_PROTO: &[u8] = b"\xc2\x80";

/// A constant that looks like a pickle.
#[derive(Debug)]
pub(in crate::format::pickle) struct Embedded {
    /// The opcode's offset.
    pub opcode: u64,
    /// Its bytes.
    pub bytes: EmbeddedBytes,
}

/// The bytes of a constant.
#[derive(Debug)]
pub(in crate::format::pickle) enum EmbeddedBytes {
    /// They stand in the file.
    Stored(Range<u64>),
    /// They come out of a text operand.
    Decoded(Vec<u8>),
}

impl EmbeddedBytes {
    /// The bytes as a window of their own; `window` is the stream's.
    pub(in crate::format::pickle) fn window(self, window: &Window) -> Option<Window> {
        match self {
            Self::Stored(range) => window.sub(range),
            Self::Decoded(bytes) => Some(Window::new(bytes)),
        }
    }
}

/// Those of one stream.
#[derive(Debug)]
pub(super) struct Embeds {
    window: Window,
    budget: Arc<Budget>,
    pub kept: Vec<Embedded>,
    /// Bytes of those that do not stand in the file.
    decoded: u64,
    /// There are pickles among those that were not kept.
    pub more: bool,
    /// Pickles that stand between the opcodes.
    pub nested: Vec<Range<u64>>,
    /// There are more of them.
    pub nested_more: bool,
    /// Constants are not looked into.
    pub ignored: bool,
}

impl Embeds {
    pub(super) fn new(window: Window, budget: &Arc<Budget>) -> Self {
        Self {
            window,
            budget: Arc::clone(budget),
            kept: Vec::new(),
            decoded: 0,
            more: false,
            nested: Vec::new(),
            nested_more: false,
            ignored: false,
        }
    }

    /// Keeps bytes of the file, if the first of them could be a pickle's.
    pub(super) fn stored(&mut self, opcode: u64, start: u64, len: u64) {
        if self.ignored {
            return;
        }
        let front = self.window.bytes_at(start, narrow(len).min(64));
        if front.is_ok_and(|front| begins_embedded(&front)) {
            let bytes = EmbeddedBytes::Stored(start..start.saturating_add(len));
            self.keep(opcode, bytes);
        }
    }

    /// The same for a text that may be Latin-1 of bytes.
    pub(super) fn text(&mut self, opcode: u64, start: u64, len: u64) {
        if self.ignored {
            return;
        }
        let front = self.window.bytes_at(start, ENCODED_PROTO.len());
        if len > DECODED || !front.is_ok_and(|front| front == ENCODED_PROTO) {
            return;
        }
        if let Ok(bytes) = self.window.bytes_at(start, narrow(len)) {
            self.decoded(opcode, text::latin1(&bytes));
        }
    }

    /// The same for bytes that come out of a text.
    pub(super) fn decoded(&mut self, opcode: u64, bytes: Vec<u8>) {
        if begins_embedded(&bytes) {
            self.keep(opcode, EmbeddedBytes::Decoded(bytes));
        }
    }

    /// Passes over what a loader reads itself, and keeps where it is if it is a pickle.
    #[cold]
    pub(super) fn pass_over(&mut self, flow: Flow, lexer: &mut Lexer) -> Result<(), Halt> {
        let start = lexer.offset();
        match flow {
            Flow::Continue => {}
            Flow::Skip(n) => lexer.skip(n, true)?,
            Flow::Nested(n) => {
                lexer.skip(n, true)?;
                if self.nested.len() < limits::STREAMS {
                    self.nested.push(start..lexer.offset());
                } else {
                    self.nested_more = true;
                }
            }
            Flow::Lost(fault) => {
                let form = Unsupported::JoblibArray(fault);
                return Err(Halt::Error(ReadError::unsupported(form)));
            }
        }
        Ok(())
    }

    /// Keeps bytes whatever they begin with.
    fn keep(&mut self, opcode: u64, bytes: EmbeddedBytes) {
        if self.ignored {
            return;
        }
        let held = match &bytes {
            EmbeddedBytes::Stored(_) => self.decoded,
            EmbeddedBytes::Decoded(bytes) => self.decoded.saturating_add(wide(bytes.len())),
        };
        if self.kept.len() < limits::EMBEDDED && held <= DECODED {
            self.decoded = held;
            self.kept.push(Embedded { opcode, bytes });
        } else if !self.more {
            let window = bytes.window(&self.window);
            self.more = window.is_some_and(|window| is_pickle(&window, &self.budget));
        }
    }
}
