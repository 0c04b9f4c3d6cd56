//! word2vec: words with their vectors, as the original program and gensim write them in binary.
//!
//! A line says how many words there are and how many dimensions. Each word is followed by a blank and its vector, and often by the end of a line.

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{ReadError, Stream, Window, narrow, wide},
    fact::{ArraysFault, Piece, Short, Tensor, Text},
    limits,
};

/// Files whose first line has two numbers, and whose length fits them.
pub static FORMAT: Format = Format {
    id: "word2vec",
    title: "word2vec vectors",
    doc: DOC,
    suffixes: &[Suffix::plain("w2v")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Words with their vectors, as word2vec and `gensim.models.KeyedVectors.save_word2vec_format(binary=True)` write them (`.bin`). What they write as text
(`.vec`, `.txt`, GloVe) is text.

## What loading it does

`KeyedVectors.load_word2vec_format` reads words and numbers. It names no code. `KeyedVectors.load` reads another format, which is a pickle.

## How it is recognised

By a first line of two numbers, how many words and how many dimensions, with a word, a blank and a vector behind it, in a file that is as long as
that takes.

## What is checked

Each word and each vector, to the end of the file. Vectors are stepped over.

## What to prefer

safetensors or npy.
";

/// What the first line says, and its length.
struct Line {
    words: u64,
    dimensions: u64,
    length: usize,
}

/// A first line of two numbers.
fn line(front: &[u8]) -> Option<Line> {
    let end = memchr::memchr(b'\n', front.get(..32.min(front.len()))?)?;
    let text = std::str::from_utf8(front.get(..end)?).ok()?;
    let (words, dimensions) = text.split_once(' ')?;
    let number = |text: &str| {
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| text.parse::<u64>().ok()).flatten()
    };
    Some(Line {
        words: number(words)?,
        dimensions: number(dimensions).filter(|dimensions| *dimensions > 0)?,
        length: end.saturating_add(1),
    })
}

impl Line {
    /// Bytes of a vector.
    fn vector(&self) -> u64 {
        self.dimensions.saturating_mul(4)
    }
}

fn probe(head: &Head<'_>) -> Certainty {
    let Some(line) = line(&head.front) else {
        return Certainty::No;
    };
    let rest = head.front.get(line.length..).unwrap_or_default();
    // A word, and a vector: neither numbers that are written as digits nor words of any language have such bytes.
    let word = memchr::memchr(b' ', rest).filter(|length| *length > 0);
    let vector = word.and_then(|word| rest.get(word.saturating_add(1)..));
    let vector = vector.map(|rest| rest.get(..narrow(line.vector())).unwrap_or(rest));
    let is_binary = vector.is_some_and(|vector| {
        let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
        let broken = std::str::from_utf8(vector).err();
        let is_broken = broken.is_some_and(|error| error.error_len().is_some());
        vector.iter().any(is_control) || is_broken
    });
    let least = line.words.saturating_mul(line.vector().saturating_add(2));
    let fits = line.words > 0 && head.window.reaches(least).unwrap_or(false);
    Certainty::sure_if(is_binary && fits)
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let front = window.bytes_at(0, 64)?;
    let wrong = |name: &str| {
        let name = Short::from(name);
        ReadError::malformed(ArraysFault::Value { name })
    };
    let line = line(&front).ok_or_else(|| wrong("the first line"))?;
    let mut stream = Stream::new(window.clone(), wide(line.length));
    for _ in 0..line.words {
        // The end of the line before it, if the writer ends lines.
        while stream.peek(1)?.first() == Some(&b'\n') {
            stream.advance(1);
        }
        let most = limits::VECTOR_WORD;
        let buffered = stream.peek(most)?;
        let buffered = buffered.get(..most.min(buffered.len())).unwrap_or_default();
        let (length, left) = (memchr::memchr(b' ', buffered), wide(buffered.len()));
        match length {
            Some(length) if length > 0 => stream.advance(length.saturating_add(1)),
            None if left < wide(most) => {
                return Err(ReadError::truncated(
                    Piece::Content,
                    left.saturating_add(1),
                    left,
                ));
            }
            None => return Err(ReadError::Limit(limits::Id::VECTOR_WORD)),
            Some(_) => return Err(wrong("a word")),
        }
        if !stream.has(line.vector())? {
            let left = stream.left();
            return Err(ReadError::truncated(Piece::Content, line.vector(), left));
        }
        stream.skip(line.vector());
    }
    reading.recorder.list_tensors(|| {
        vec![Tensor {
            name: Text::new("vectors"),
            dtype: String::from("float32"),
            shape: vec![line.words, line.dimensions],
            bytes: line.words.saturating_mul(line.vector()),
        }]
    });
    while stream.peek(1)?.first() == Some(&b'\n') {
        stream.advance(1);
    }
    match stream.left() {
        0 => Ok(()),
        bytes => Err(ReadError::malformed(ArraysFault::Trailing { bytes })),
    }
}
