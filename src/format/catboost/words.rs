//! The parts for texts and for embeddings: a list of what there is, and then each of it under its number.

use rustc_hash::FxHashMap;

use super::{
    calculations::{self, Calculations},
    stream::{Guid, Slots, Stream},
};
use crate::{
    bytes::{ReadError, Window, narrow},
    format::{
        flatbuffer::{Flatbuffer, Table, Vector},
        trees::{check_count, check_feature, missing, wrong_reference, wrong_value},
    },
    limits,
};

/// A word and its number.
const WORDS: Slots = Slots { size: 16, key: 8 };
/// The longest row of words that a dictionary takes as one.
const GRAMS: u32 = 5;
/// Bytes of a text among the options of a tokenizer.
const OPTION: u64 = 64 << 10;

/// Kinds of things under numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tokenizer,
    Dictionary,
    Calculation,
}

/// What a list says there is.
#[derive(Debug, Default)]
struct Listed {
    /// What is still to come.
    left: FxHashMap<Guid, Kind>,
}

impl Listed {
    fn add(&mut self, buffer: &Flatbuffer, guids: Vector, kind: Kind) -> Result<(), ReadError> {
        for number in 0..guids.count {
            if self.left.len() >= limits::MODEL_PARTS {
                return Err(ReadError::Limit(limits::Id::MODEL_PARTS));
            }
            let guid = buffer.inline(guids, number)?;
            if self.left.insert(guid, kind).is_some() {
                return Err(wrong_value("Id"));
            }
        }
        Ok(())
    }

    /// Something of a kind comes: it is in the list, and has not come before.
    fn take(&mut self, guid: Guid, kind: Kind) -> Result<(), ReadError> {
        if self.left.remove(&guid) == Some(kind) {
            return Ok(());
        }
        Err(wrong_reference("Id"))
    }

    fn end(&self) -> Result<(), ReadError> {
        if self.left.is_empty() {
            return Ok(());
        }
        Err(missing("TCollectionPart"))
    }
}

/// Checks lists of numbers of so many things; returns how many there are in all of them.
fn lists(buffer: &Flatbuffer, root: Table<'_>, field: u16, of: u64) -> Result<u64, ReadError> {
    let mut all: u64 = 0;
    for list in root.tables(field)? {
        let ids = list?.vector(0, 4)?;
        for number in 0..ids.count {
            check_feature(Some(u64::from(buffer.number(ids, number)?)), of)?;
        }
        all = all.saturating_add(ids.count);
        if all > limits::FLATBUFFER_TABLES {
            return Err(ReadError::Limit(limits::Id::FLATBUFFER_TABLES));
        }
    }
    Ok(all)
}

/// What comes next, and its number.
fn next(stream: &mut Stream<'_>) -> Result<(u8, Guid), ReadError> {
    let table = stream.table()?;
    let buffer = Flatbuffer::new(&table);
    let root = buffer.root()?;
    let guid = root.inline(1)?.ok_or_else(|| missing("Id"))?;
    Ok((root.u8(0)?, guid))
}

/// Reads the part for texts; returns where it ends.
pub(super) fn texts(window: &Window, at: u64, known: &mut Calculations) -> Result<u64, ReadError> {
    let mut stream = Stream::new(window, at);
    stream.mark(super::TEXTS)?;
    let header = stream.table()?;
    let buffer = Flatbuffer::new(&header);
    let root = buffer.root()?;
    let mut listed = Listed::default();
    let [tokenizers, dictionaries, calculations] = [
        root.vector(0, 16)?,
        root.vector(1, 16)?,
        root.vector(2, 16)?,
    ];
    check_count("DictionaryId", tokenizers.count, dictionaries.count)?;
    listed.add(&buffer, tokenizers, Kind::Tokenizer)?;
    listed.add(&buffer, dictionaries, Kind::Dictionary)?;
    listed.add(&buffer, calculations, Kind::Calculation)?;
    let digitized = lists(&buffer, root, 3, tokenizers.count)?;
    lists(&buffer, root, 4, calculations.count)?;
    let calculated = root.vector(4, 4)?.count;
    check_count("PerTokenizedFeatureCalcers", digitized, calculated)?;
    loop {
        let (kind, guid) = next(&mut stream)?;
        let own = match kind {
            0 => {
                listed.take(guid, Kind::Tokenizer)?;
                tokenizer(&mut stream)?
            }
            1 => {
                listed.take(guid, Kind::Dictionary)?;
                dictionary(&mut stream)?
            }
            2 => {
                listed.take(guid, Kind::Calculation)?;
                let (own, makes) = calculations::read(&mut stream, calculations::OF_TEXTS)?;
                known.add(own, makes)?;
                own
            }
            3 => break,
            _ => return Err(wrong_value("PartType")),
        };
        if own != guid {
            return Err(wrong_reference("Id"));
        }
    }
    listed.end()?;
    Ok(stream.at)
}

/// Reads the part for embeddings, which has no end of its own; returns where the file ends.
pub(super) fn embeddings(
    window: &Window,
    at: u64,
    known: &mut Calculations,
) -> Result<u64, ReadError> {
    let mut stream = Stream::new(window, at);
    stream.mark(super::EMBEDDINGS)?;
    let header = stream.table()?;
    let buffer = Flatbuffer::new(&header);
    let root = buffer.root()?;
    let mut listed = Listed::default();
    let calculations = root.vector(0, 16)?;
    listed.add(&buffer, calculations, Kind::Calculation)?;
    lists(&buffer, root, 1, calculations.count)?;
    while !stream.is_over()? {
        let (kind, guid) = next(&mut stream)?;
        if kind != 0 {
            return Err(wrong_value("PartType"));
        }
        listed.take(guid, Kind::Calculation)?;
        let (own, makes) = calculations::read(&mut stream, calculations::OF_EMBEDDINGS)?;
        if own != guid {
            return Err(wrong_reference("Id"));
        }
        known.add(own, makes)?;
    }
    listed.end()?;
    Ok(stream.at)
}

/// How a text is taken apart: options, each in a fixed order.
fn tokenizer(stream: &mut Stream<'_>) -> Result<Guid, ReadError> {
    stream.mark("TokenizerV1")?;
    let guid = stream.guid()?;
    flags(stream)?;
    // What becomes of numbers, and what stands for one.
    option(stream)?;
    text(stream)?;
    // Where it is taken apart.
    option(stream)?;
    text(stream)?;
    flags(stream)?;
    // Kinds of words, what becomes of parts of words, and languages.
    options(stream)?;
    option(stream)?;
    options(stream)?;
    Ok(guid)
}

/// Two answers.
fn flags(stream: &mut Stream<'_>) -> Result<(), ReadError> {
    for _ in 0..2 {
        if stream.u8()? > 1 {
            return Err(wrong_value("TokenizerOptions"));
        }
    }
    Ok(())
}

/// One of a few choices: of languages there are most.
fn option(stream: &mut Stream<'_>) -> Result<(), ReadError> {
    const CHOICES: u32 = 1 << 12;
    if stream.u32()? >= CHOICES {
        return Err(wrong_value("TokenizerOptions"));
    }
    Ok(())
}

fn options(stream: &mut Stream<'_>) -> Result<(), ReadError> {
    const MOST: u64 = 1 << 12;
    let count = stream.count()?;
    if count > MOST {
        return Err(wrong_value("TokenizerOptions"));
    }
    for _ in 0..count {
        option(stream)?;
    }
    Ok(())
}

fn text(stream: &mut Stream<'_>) -> Result<(), ReadError> {
    let size = stream.count()?;
    if size > OPTION {
        return Err(wrong_value("TokenizerOptions"));
    }
    let text = stream.bytes(size)?.bytes_at(0, narrow(size))?;
    std::str::from_utf8(&text).map_err(|_| wrong_value("TokenizerOptions"))?;
    Ok(())
}

/// Words and their numbers; for rows of words, numbers of rows as well.
fn dictionary(stream: &mut Stream<'_>) -> Result<Guid, ReadError> {
    stream.mark("DictionaryV1")?;
    let guid = stream.guid()?;
    stream.mark("MMapDictionary")?;
    let size = stream.u64()?;
    let start = stream.at;
    let about = stream.table()?;
    let buffer = Flatbuffer::new(&about);
    let options = buffer.root()?.table(1)?;
    let options = options.ok_or_else(|| missing("DictionaryOptions"))?;
    let is_of_letters = match options.u8(0)? {
        0 => false,
        1 => true,
        _ => return Err(wrong_value("TokenLevelType")),
    };
    let grams = match options.inline(1)?.map(u32::from_le_bytes) {
        None => 1,
        Some(grams @ 1..=GRAMS) => grams,
        Some(_) => return Err(wrong_value("GramOrder")),
    };
    let tables = if is_of_letters || grams == 1 { 1 } else { 2 };
    for _ in 0..tables {
        let bytes = stream.u64()?;
        // The number that hashes begin with.
        stream.u64()?;
        if bytes.checked_rem(16) != Some(0) {
            return Err(wrong_value("TokenToId"));
        }
        let count = bytes.checked_div(16).unwrap_or_default();
        stream.slots("TokenToId", count, WORDS)?;
    }
    // The size counts itself.
    let read = stream.at.saturating_sub(start).saturating_add(8);
    check_count("MMapDictionary", size, read)?;
    Ok(guid)
}
