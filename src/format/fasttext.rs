//! fastText: a dictionary and matrices behind a magic number.
//!
//! Follows `FastText::loadModel` of releases with versions 11 and 12 of the file: settings, the dictionary, the input matrix and the output
//! matrix, either of which may be quantised. Matrices are stepped over.

use super::{Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix};
use crate::{
    bytes::{ReadError, Stream, Window, wide},
    fact::{ArraysFault, Piece, Short, Tensor, Text},
    limits,
};

/// Files that begin with fastText's magic number.
pub static FORMAT: Format = Format {
    id: "fasttext",
    title: "fastText model",
    doc: DOC,
    suffixes: &[Suffix::own("ftz")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

Word vectors or a classifier, as fastText writes them (`.bin`, quantised `.ftz`).

## What loading it does

`fasttext.load_model` reads it in native code, and `gensim.models.fasttext.load_facebook_model` in Python. It names no Python code; its readers trust
its sizes.

## How it is recognised

By its magic number, 793712314 in four bytes.

## What is checked

The settings, the words of the dictionary and their number, and the size of each matrix against the dictionary and the settings, to the end of
the file. Matrices are not read.

## What to prefer

The vectors as safetensors or npy.
";

const MAGIC: u32 = 793_712_314;
/// Rows of a codebook.
const CENTROIDS: u64 = 256;

fn probe(head: &Head<'_>) -> Certainty {
    Certainty::sure_if(head.front.starts_with(&MAGIC.to_le_bytes()))
}

fn wrong(name: &str) -> ReadError {
    let name = Short::from(name);
    ReadError::malformed(ArraysFault::Value { name })
}

fn same(name: &str, found: u64, expected: u64) -> Result<(), ReadError> {
    if found == expected {
        return Ok(());
    }
    let name = Short::from(name);
    Err(ReadError::malformed(ArraysFault::Size {
        name,
        expected,
        found,
    }))
}

/// The file, number by number.
struct Counts {
    stream: Stream,
}

impl Counts {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let left = self.stream.left();
        let short = || ReadError::truncated(Piece::Content, wide(N), left);
        let taken = self.stream.take(N)?.ok_or_else(short)?;
        taken.first_chunk().copied().ok_or_else(short)
    }

    /// A number that is not negative.
    fn count(&mut self, name: &str) -> Result<u64, ReadError> {
        let number = i32::from_le_bytes(self.take()?);
        u64::try_from(number).map_err(|_| wrong(name))
    }

    fn long(&mut self) -> Result<i64, ReadError> {
        self.take().map(i64::from_le_bytes)
    }

    fn long_count(&mut self, name: &str) -> Result<u64, ReadError> {
        u64::try_from(self.long()?).map_err(|_| wrong(name))
    }

    fn flag(&mut self, name: &str) -> Result<bool, ReadError> {
        match self.take::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(wrong(name)),
        }
    }

    /// Passes over bytes, which have to be there.
    fn pass(&mut self, length: u64) -> Result<(), ReadError> {
        if !self.stream.has(length)? {
            let left = self.stream.left();
            return Err(ReadError::truncated(Piece::Content, length, left));
        }
        self.stream.skip(length);
        Ok(())
    }

    /// Passes over a word, with the zero byte that ends it.
    fn word(&mut self) -> Result<(), ReadError> {
        let mut wanted = 64;
        loop {
            let most = limits::VECTOR_WORD;
            let buffered = self.stream.peek(wanted)?;
            if let Some(end) = memchr::memchr(0, buffered) {
                self.stream.advance(end.saturating_add(1));
                return Ok(());
            }
            if buffered.len() < wanted {
                let left = wide(buffered.len());
                return Err(ReadError::truncated(
                    Piece::Content,
                    left.saturating_add(1),
                    left,
                ));
            }
            if wanted > most {
                return Err(ReadError::Limit(limits::Id::VECTOR_WORD));
            }
            wanted = wanted.saturating_mul(4);
        }
    }
}

/// What the settings say of the matrices.
struct Settings {
    dimensions: u64,
    /// Rows for parts of words.
    buckets: u64,
    is_classifier: bool,
}

fn settings(walk: &mut Counts) -> Result<Settings, ReadError> {
    let dimensions = walk.count("dim")?;
    for name in ["ws", "epoch", "minCount", "neg", "wordNgrams"] {
        walk.count(name)?;
    }
    // Hierarchical softmax, negative sampling, softmax, one against all; CBOW, skip-gram, a classifier.
    if !(1..=4).contains(&walk.count("loss")?) {
        return Err(wrong("loss"));
    }
    let model = walk.count("model")?;
    if !(1..=3).contains(&model) || dimensions == 0 {
        return Err(wrong("model"));
    }
    let buckets = walk.count("bucket")?;
    for name in ["minn", "maxn", "lrUpdateRate"] {
        walk.count(name)?;
    }
    // A threshold for sampling.
    walk.take::<8>()?;
    Ok(Settings {
        dimensions,
        buckets,
        is_classifier: model == 3,
    })
}

/// What the dictionary says of the matrices.
struct Dictionary {
    words: u64,
    labels: u64,
    /// Rows of the input that are left, if it was pruned.
    pruned: Option<u64>,
}

fn dictionary(walk: &mut Counts) -> Result<Dictionary, ReadError> {
    let size = walk.count("size")?;
    let (words, labels) = (walk.count("nwords")?, walk.count("nlabels")?);
    same("dictionary", size, words.saturating_add(labels))?;
    walk.long_count("ntokens")?;
    // Negative where nothing was pruned.
    let pruned = u64::try_from(walk.long()?).ok();
    let (mut found_words, mut found_labels) = (0_u64, 0_u64);
    for _ in 0..size {
        walk.word()?;
        walk.long_count("count")?;
        match walk.take::<1>()? {
            [0] => found_words = found_words.saturating_add(1),
            [1] => found_labels = found_labels.saturating_add(1),
            _ => return Err(wrong("type")),
        }
    }
    same("nwords", found_words, words)?;
    same("nlabels", found_labels, labels)?;
    walk.pass(pruned.unwrap_or(0).saturating_mul(8))?;
    Ok(Dictionary {
        words,
        labels,
        pruned,
    })
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut walk = Counts {
        stream: Stream::new(window.clone(), 4),
    };
    if !matches!(walk.count("version")?, 11 | 12) {
        return Err(wrong("version"));
    }
    let settings = settings(&mut walk)?;
    let dictionary = dictionary(&mut walk)?;
    let of_parts = dictionary.pruned.unwrap_or(settings.buckets);
    let rows = dictionary.words.saturating_add(of_parts);
    let is_quantised = walk.flag("quant_input")?;
    if dictionary.pruned.is_some_and(|pruned| pruned > 0) && !is_quantised {
        return Err(wrong("pruneidx_size"));
    }
    let input = matrix(
        &mut walk,
        "input",
        is_quantised,
        (rows, settings.dimensions),
    )?;
    let is_quantised = walk.flag("qout")? && is_quantised;
    let rows = if settings.is_classifier {
        dictionary.labels
    } else {
        dictionary.words
    };
    let output = matrix(
        &mut walk,
        "output",
        is_quantised,
        (rows, settings.dimensions),
    )?;
    reading.recorder.list_tensors(|| vec![input, output]);
    match walk.stream.left() {
        0 => Ok(()),
        bytes => Err(ReadError::malformed(ArraysFault::Trailing { bytes })),
    }
}

/// A matrix of this size.
fn matrix(
    walk: &mut Counts,
    name: &str,
    is_quantised: bool,
    (rows, columns): (u64, u64),
) -> Result<Tensor, ReadError> {
    let has_norms = is_quantised && walk.flag("qnorm")?;
    same(name, walk.long_count(name)?, rows)?;
    same(name, walk.long_count(name)?, columns)?;
    let start = walk.stream.offset();
    if is_quantised {
        let codes = walk.count("codesize")?;
        walk.pass(codes)?;
        let parts = quantiser(walk, columns)?;
        same("codesize", codes, rows.saturating_mul(parts))?;
        if has_norms {
            walk.pass(rows)?;
            quantiser(walk, 1)?;
        }
    } else {
        walk.pass(rows.saturating_mul(columns).saturating_mul(4))?;
    }
    Ok(Tensor {
        name: Text::new(name),
        dtype: String::from(if is_quantised { "quantised" } else { "float32" }),
        shape: vec![rows, columns],
        bytes: walk.stream.offset().saturating_sub(start),
    })
}

/// The codebooks of a matrix with so many columns. Returns in how many parts its rows are.
fn quantiser(walk: &mut Counts, columns: u64) -> Result<u64, ReadError> {
    let dimensions = walk.count("dim")?;
    same("codebooks", dimensions, columns)?;
    let (parts, each, last) = (
        walk.count("nsubq")?,
        walk.count("dsub")?,
        walk.count("lastdsub")?,
    );
    let whole = parts.saturating_sub(1).saturating_mul(each);
    if each == 0 || last > each || parts == 0 {
        return Err(wrong("nsubq"));
    }
    same("codebooks", whole.saturating_add(last), dimensions)?;
    walk.pass(dimensions.saturating_mul(CENTROIDS).saturating_mul(4))?;
    Ok(parts)
}
