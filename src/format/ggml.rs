//! GGML: the files that preceded GGUF, for llama.cpp, whisper.cpp and what was built on the same library.
//!
//! A file begins with a magic number and the numbers of its model, which each program has in an order of its own. What follows is alike: perhaps
//! the filters of a spectrogram (whisper.cpp), perhaps a list of words, and tensors to the end of the file. So a file is read in the one way in which its
//! tensors end where it ends. Tensors are stepped over.

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{ReadError, Stream, Window, narrow, wide},
    fact::{Piece, Tensor, Text, Unsupported},
    limits,
};

/// Files with one of the magics that preceded GGUF.
pub static FORMAT: Format = Format {
    id: "ggml",
    title: "GGML model",
    doc: DOC,
    suffixes: &[Suffix::own("ggml")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Weights and a vocabulary, as whisper.cpp keeps them (`ggml-base.en.bin`) and llama.cpp did before GGUF, with a LoRA adapter of it (`ggla`).

## What loading it does

Native code reads it. It names no Python code and no other file; old readers trust its sizes.

## How it is recognised

By `lmgg`, `fmgg`, `tjgg` or `algg` as its first bytes and a small number in the next four.

## What is checked

That it is some numbers, perhaps the filters of whisper.cpp, perhaps a vocabulary as long as one of the numbers says, and tensors with the sizes
of their types and shapes, to the end of the file. A file that is so in no way is not read: it is damaged, or of a program with another
layout. Tensors are not read.

## What to prefer

GGUF for llama.cpp, safetensors elsewhere. whisper.cpp reads nothing else.
";

const FILE: &[u8] = b"lmgg";
const VERSIONED: &[u8] = b"fmgg";
const ALIGNED: &[u8] = b"tjgg";
const ADAPTER: &[u8] = b"algg";

/// Where tensors of later versions begin: at a multiple of so many bytes.
const ALIGNMENT: u64 = 32;
/// Numbers at the front: programs have from two to some twenty.
const NUMBERS: usize = 24;
/// Bytes of the name of a model at the front (`silero-16k`).
const MODEL_NAME: usize = 64;
/// Bytes of a word.
const WORD: u64 = 4096;
/// Bytes of the name of a tensor.
const TENSOR_NAME: u64 = 512;
/// Dimensions of a tensor.
const DIMENSIONS: u64 = 4;

fn probe(head: &Head<'_>) -> Certainty {
    let magic = head.front.get(..4).unwrap_or_default();
    // The version, or the size of the vocabulary: below 2^24.
    let small = head.front.get(7) == Some(&0);
    let known = [FILE, VERSIONED, ALIGNED, ADAPTER].contains(&magic);
    Certainty::sure_if(small && known)
}

/// The number of a type, its name, elements of a block, and bytes of a block before and after blocks got scales of 16 bits.
const TYPES: &[(u64, &str, u64, [u64; 2])] = &[
    (0, "F32", 1, [4, 4]),
    (1, "F16", 1, [2, 2]),
    (2, "Q4_0", 32, [20, 18]),
    (3, "Q4_1", 32, [24, 20]),
    (4, "Q4_2", 16, [10, 10]),
    (5, "Q4_3", 16, [12, 12]),
    (6, "Q5_0", 32, [22, 22]),
    (7, "Q5_1", 32, [24, 24]),
    (8, "Q8_0", 32, [36, 34]),
    (10, "Q2_K", 256, [84, 84]),
    (11, "Q3_K", 256, [110, 110]),
    (12, "Q4_K", 256, [144, 144]),
    (13, "Q5_K", 256, [176, 176]),
    (14, "Q6_K", 256, [210, 210]),
];

/// How a file may go on behind its numbers.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Where its words or tensors begin.
    start: u64,
    words: Words,
    is_aligned: bool,
}

#[derive(Debug, Clone, Copy)]
enum Words {
    None,
    /// So many, each with a number behind it or without one.
    Many {
        count: u64,
        scored: bool,
    },
}

/// Reads in one way after another, until one leads to the end.
fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut tries = Tries {
        window,
        words: 0,
        tensors: 0,
        cut: None,
    };
    for layout in layouts(window)? {
        for scales in [1, 0] {
            if let Some(tensors) = tries.read(layout, scales)? {
                reading.recorder.list_tensors(|| tensors);
                return Ok(());
            }
        }
    }
    Err(match tries.cut {
        Some((needed, left)) => ReadError::truncated(Piece::Content, needed, left),
        None => ReadError::unsupported(Unsupported::GgmlLayout),
    })
}

/// The ways in which a file may be laid out, as far as its front tells: those of known programs first.
fn layouts(window: &Window) -> Result<Vec<Layout>, ReadError> {
    let front = window.bytes_at(0, 4_usize.saturating_add(NUMBERS.saturating_mul(4)))?;
    let (magic, rest) = front.split_at_checked(4).unwrap_or_default();
    let numbers: Vec<u64> = rest
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| u64::from(u32::from_le_bytes(*bytes)))
        .collect();
    let at = |numbers: usize| 4_u64.saturating_add(wide(numbers).saturating_mul(4));
    let is_aligned = magic == ALIGNED || magic == ADAPTER;
    let tensors = |start: u64| Layout {
        start,
        words: Words::None,
        is_aligned,
    };
    let mut layouts = Vec::new();
    if magic == ADAPTER {
        // A version, the rank and its factor.
        return Ok(vec![tensors(at(3))]);
    }
    if magic == FILE {
        layouts.extend(of_whisper(window, &numbers)?);
        layouts.extend(of_silero(&front).map(tensors));
    }
    // That of llama.cpp first: seven numbers, behind a version if there is one.
    let first = if magic == FILE { 7 } else { 8 };
    for count in std::iter::once(first).chain(2..numbers.len()) {
        let (before, from) = numbers.split_at_checked(count).unwrap_or_default();
        // The size of the vocabulary is one of the numbers, and may be said once more in front of it.
        let again = from.first().copied().unwrap_or_default();
        let mut sizes = vec![(again, at(count.saturating_add(1)))];
        sizes.retain(|(size, _)| before.contains(size));
        for size in before {
            let size = (*size, at(count));
            if !sizes.contains(&size) {
                sizes.push(size);
            }
        }
        for (count, start) in sizes {
            for scored in [magic != FILE, magic == FILE] {
                let words = Words::Many { count, scored };
                layouts.push(Layout {
                    start,
                    words,
                    is_aligned,
                });
            }
        }
        // Without a vocabulary a file has no sign of where its tensors begin but that they lead to the end.
        layouts.push(tensors(at(count)));
    }
    Ok(layouts)
}

/// Eleven numbers, filters, and words.
fn of_whisper(window: &Window, numbers: &[u64]) -> Result<Option<Layout>, ReadError> {
    let (Some(mels), Some(size)) = (numbers.get(11), numbers.get(12)) else {
        return Ok(None);
    };
    // The filters are as many as the numbers say.
    if numbers.get(9) != Some(mels) {
        return Ok(None);
    }
    let filters = mels.saturating_mul(*size).saturating_mul(4);
    let at = filters.saturating_add(4 + 13 * 4);
    let mut stream = Stream::new(window.clone(), at);
    let Some(count) = number(&mut stream)? else {
        return Ok(None);
    };
    Ok(Some(Layout {
        start: at.saturating_add(4),
        words: Words::Many {
            count,
            scored: false,
        },
        is_aligned: false,
    }))
}

/// The name of the model and its numbers, as the detector of voices of whisper.cpp has them: where its tensors begin.
fn of_silero(front: &[u8]) -> Option<u64> {
    const NAMED: usize = 22;
    let (length, rest) = front.get(4..)?.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let name = rest.get(..length.min(MODEL_NAME))?;
    let is_name = length <= MODEL_NAME && name.starts_with(b"silero");
    let start = length.saturating_add(8 + NAMED * 4);
    is_name.then_some(wide(start))
}

/// What trying has cost, over all ways.
#[derive(Debug)]
struct Tries<'w> {
    window: &'w Window,
    words: u64,
    tensors: usize,
    /// The first tensor behind others that the file does not hold: its bytes, and those that are left.
    cut: Option<(u64, u64)>,
}

impl Tries<'_> {
    /// The tensors, if the file is laid out so; `scales` says how large blocks are.
    fn read(&mut self, layout: Layout, scales: usize) -> Result<Option<Vec<Tensor>>, ReadError> {
        let mut stream = Stream::new(self.window.clone(), layout.start);
        if let Words::Many { count, scored } = layout.words
            && !self.words(&mut stream, count, scored)?
        {
            return Ok(None);
        }
        let mut tensors = Vec::new();
        while !stream.peek(1)?.is_empty() {
            let Some(tensor) = self.tensor(&mut stream, layout.is_aligned, scales)? else {
                return Ok(None);
            };
            if !pass(&mut stream, tensor.bytes)? {
                if !tensors.is_empty() {
                    self.cut.get_or_insert((tensor.bytes, stream.left()));
                }
                return Ok(None);
            }
            if tensors.len() < limits::TENSORS_LISTED {
                tensors.push(tensor);
            }
        }
        Ok((!tensors.is_empty()).then_some(tensors))
    }

    /// Whether so many words follow.
    fn words(&mut self, stream: &mut Stream, count: u64, scored: bool) -> Result<bool, ReadError> {
        for _ in 0..count {
            self.words = self.words.saturating_add(1);
            if self.words > limits::GGML_WORDS {
                return Err(ReadError::Limit(limits::Id::GGML_WORDS));
            }
            let Some(length) = number(stream)? else {
                return Ok(false);
            };
            if length > WORD {
                return Ok(false);
            }
            let behind = if scored { 4 } else { 0 };
            if !pass(stream, length.saturating_add(behind))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The tensor that follows, if one does.
    fn tensor(
        &mut self,
        stream: &mut Stream,
        is_aligned: bool,
        scales: usize,
    ) -> Result<Option<Tensor>, ReadError> {
        self.tensors = self.tensors.saturating_add(1);
        if self.tensors > limits::GGML_TENSORS {
            return Err(ReadError::Limit(limits::Id::GGML_TENSORS));
        }
        let front = (number(stream)?, number(stream)?, number(stream)?);
        let (Some(dimensions), Some(length), Some(kind)) = front else {
            return Ok(None);
        };
        let known = TYPES.iter().find(|row| row.0 == kind);
        let Some((_, dtype, block, bytes)) =
            known.filter(|_| dimensions <= DIMENSIONS && (1..=TENSOR_NAME).contains(&length))
        else {
            return Ok(None);
        };
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            // A negative one counts as too large.
            match number(stream)?
                .filter(|size| *size > 0 && *size <= i32::MAX.unsigned_abs().into())
            {
                Some(size) => shape.push(size),
                None => return Ok(None),
            }
        }
        let elements = shape
            .iter()
            .try_fold(1_u64, |all, size| all.checked_mul(*size));
        let row = shape.first().copied().unwrap_or(1);
        let bytes = bytes.get(scales).copied().unwrap_or_default();
        let size = elements
            .and_then(|elements| elements.checked_div(*block))
            .and_then(|blocks| blocks.checked_mul(bytes));
        let Some(size) = size.filter(|_| row.is_multiple_of(*block)) else {
            return Ok(None);
        };
        let Some(name) = stream.take(narrow(length))? else {
            return Ok(None);
        };
        let name = Text::new(name);
        if is_aligned {
            let behind = stream.offset().checked_rem(ALIGNMENT).unwrap_or_default();
            let filling = ALIGNMENT.saturating_sub(behind).checked_rem(ALIGNMENT);
            if !pass(stream, filling.unwrap_or_default())? {
                return Ok(None);
            }
        }
        // The innermost dimension is the first.
        shape.reverse();
        Ok(Some(Tensor {
            name,
            dtype: (*dtype).to_owned(),
            shape,
            bytes: size,
        }))
    }
}

/// The number that follows, if one does.
fn number(stream: &mut Stream) -> Result<Option<u64>, ReadError> {
    let bytes = stream.take(4)?.and_then(|bytes| bytes.first_chunk());
    Ok(bytes.map(|bytes| u64::from(u32::from_le_bytes(*bytes))))
}

/// Passes over bytes, if there are so many.
fn pass(stream: &mut Stream, length: u64) -> Result<bool, ReadError> {
    let has = stream.has(length)?;
    if has {
        stream.skip(length);
    }
    Ok(has)
}
