//! The calculations that make numbers of texts and embeddings: which there are, and whether what each looks up is there.

use rustc_hash::FxHashMap;

use super::stream::{Guid, Slots, Stream};
use crate::{
    bytes::{ReadError, Window, narrow, wide},
    format::{
        flatbuffer::{Flatbuffer, Table, Vector},
        trees::{check_count, check_feature, missing, wrong_reference, wrong_value},
    },
    limits,
};

/// What a calculation for texts begins with.
pub(super) const OF_TEXTS: &str = "FeatureCalcerV1";
/// What one for embeddings begins with.
pub(super) const OF_EMBEDDINGS: &str = "EmbedCalcerV1";
/// A number of counted words and what it is counted for.
const FREQUENCIES: Slots = Slots { size: 8, key: 4 };
/// Bytes of neighbours that are looked at together: whole numbers of four bytes.
const CHUNK: u64 = 256 << 10;
/// Levels of a graph of neighbours: each has a part of the items of the one before.
const LEVELS: u32 = 64;

/// Calculations by their numbers, each with how many numbers it makes.
#[derive(Debug, Default)]
pub(super) struct Calculations(FxHashMap<Guid, u64>);

impl Calculations {
    /// Adds one that a part brings.
    pub(super) fn add(&mut self, guid: Guid, makes: u64) -> Result<(), ReadError> {
        if self.0.len() >= limits::MODEL_PARTS {
            return Err(ReadError::Limit(limits::Id::MODEL_PARTS));
        }
        match self.0.insert(guid, makes) {
            None => Ok(()),
            Some(_) => Err(wrong_value("CalcerId")),
        }
    }

    /// Checks the features of the trees that calculations make.
    pub(super) fn check<'f>(
        &self,
        features: impl Iterator<Item = Result<Table<'f>, ReadError>>,
    ) -> Result<(), ReadError> {
        for feature in features {
            let feature = feature?;
            let guid = feature.inline(1)?.ok_or_else(|| missing("CalcerId"))?;
            let makes = self.0.get(&guid);
            let makes = makes.ok_or_else(|| wrong_reference("CalcerId"))?;
            check_feature(Some(u64::from(feature.u32(2)?)), *makes)?;
        }
        Ok(())
    }
}

/// Numbers of fields of a calculation. A union has two: of which kind it is, and the value.
mod field {
    pub(super) const GUID: u16 = 0;
    pub(super) const ACTIVE: u16 = 1;
    pub(super) const KIND: u16 = 2;
    pub(super) const VALUE: u16 = 3;
}

/// Reads a calculation; returns its number, and how many numbers it makes. Features of the trees count those of texts that are active, and of
/// embeddings all.
pub(super) fn read(stream: &mut Stream<'_>, mark: &str) -> Result<(Guid, u64), ReadError> {
    stream.mark(mark)?;
    let kind = stream.u32()?;
    let table = stream.table()?;
    let buffer = Flatbuffer::new(&table);
    let root = buffer.root()?;
    let guid = root.inline(field::GUID)?.ok_or_else(|| missing("Id"))?;
    let active = root.vector(field::ACTIVE, 4)?;
    let value = root.table(field::VALUE)?;
    let value = value.ok_or_else(|| missing("FeatureCalcerImpl"))?;
    let is_text = mark == OF_TEXTS;
    let makes = match (is_text, kind, root.u8(field::KIND)?) {
        (true, 0, 3) => u64::from(value.u32(0)?),
        (true, 1, 2) => bayes(stream, value)?,
        (true, 2, 1) => bm25(stream, value)?,
        (false, 3, 1) => lda(value)?,
        (false, 4, 2) => neighbours(stream, value)?,
        _ => return Err(wrong_value("FeatureCalcerImpl")),
    };
    check_feature(greatest(&buffer, active)?, makes)?;
    Ok((guid, if is_text { active.count } else { makes }))
}

fn greatest(buffer: &Flatbuffer, numbers: Vector) -> Result<Option<u64>, ReadError> {
    let mut greatest = None;
    for number in 0..numbers.count {
        greatest = greatest.max(Some(u64::from(buffer.number(numbers, number)?)));
    }
    Ok(greatest)
}

/// Naive Bayes: for each class, how often it has each word.
fn bayes(stream: &mut Stream<'_>, value: Table<'_>) -> Result<u64, ReadError> {
    let classes = u64::from(value.u32(0)?);
    check_count("ClassDocs", classes, value.vector(4, 4)?.count)?;
    check_count("ClassTotalTokens", classes, value.vector(5, 8)?.count)?;
    frequencies(stream, classes)?;
    Ok(classes)
}

/// BM25: the same, and in some releases a weight for each number of classes.
fn bm25(stream: &mut Stream<'_>, value: Table<'_>) -> Result<u64, ReadError> {
    let classes = u64::from(value.u32(0)?);
    check_count("ClassTotalTokens", classes, value.vector(5, 8)?.count)?;
    let weights = value.vector(6, 8)?.count;
    if weights > 0 {
        check_count("TruncatedInvClassFreq", classes.saturating_add(1), weights)?;
    }
    frequencies(stream, classes)?;
    Ok(classes)
}

fn frequencies(stream: &mut Stream<'_>, classes: u64) -> Result<(), ReadError> {
    let name = "Frequencies";
    check_count(name, classes, stream.count()?)?;
    for _ in 0..classes {
        let (mask, filled, grows) = (stream.u64()?, stream.u64()?, stream.u64()?);
        let count = stream.count()?;
        stream.slots(name, count, FREQUENCIES)?;
        let (empty, default) = (stream.u32()?, stream.u32()?);
        if mask.checked_add(1) != Some(count)
            || filled >= count
            || grows >= count
            || (empty, default) != (u32::MAX, 0)
        {
            return Err(wrong_value(name));
        }
    }
    Ok(())
}

/// A linear discriminant: a matrix, and where it is asked for them, probabilities of classes.
fn lda(value: Table<'_>) -> Result<u64, ReadError> {
    let [dimension, classes, makes] = [value.u32(0)?, value.u32(1)?, value.u32(2)?].map(u64::from);
    let size = dimension.saturating_mul(makes);
    check_count("ProjectionMatrix", size, value.vector(4, 4)?.count)?;
    let probabilities = if value.u8(3)? == 0 { 0 } else { classes };
    Ok(makes.saturating_add(probabilities))
}

/// Nearest neighbours: what each item is, a graph that leads to near ones, and the items.
fn neighbours(stream: &mut Stream<'_>, value: Table<'_>) -> Result<u64, ReadError> {
    let [dimension, classes, _, size] =
        [value.u32(0)?, value.u32(1)?, value.u32(2)?, value.u32(3)?].map(u64::from);
    let is_of_classes = value.inline::<1>(4)? != Some([0]);
    check_count("Targets", size, stream.count()?)?;
    let targets = stream.items(size, 4)?;
    if is_of_classes {
        check_below(&targets, classes, "Targets")?;
    }
    let bytes = stream.count()?;
    let end = stream.at.saturating_add(bytes);
    if bytes > 0 {
        graph(stream, size)?;
    } else if size > 0 {
        return Err(missing("Cloud"));
    }
    if stream.at != end {
        return Err(wrong_value("Cloud"));
    }
    check_count("Points", size.saturating_mul(dimension), stream.count()?)?;
    stream.items(size, dimension.saturating_mul(4))?;
    Ok(if is_of_classes { classes } else { 1 })
}

/// Levels of items, each of which names its neighbours in its level.
fn graph(stream: &mut Stream<'_>, size: u64) -> Result<(), ReadError> {
    let name = "Cloud";
    let most = u64::from(stream.u32()?);
    let count = stream.u32()?;
    if most == 0 || count == 0 || count > LEVELS {
        return Err(wrong_value(name));
    }
    let mut levels = Vec::new();
    let mut before = size;
    for number in 0..count {
        let items = u64::from(stream.u32()?);
        if items == 0 || items > before || number == 0 && items != size {
            return Err(wrong_value(name));
        }
        before = items;
        levels.push(items);
    }
    for items in levels {
        let of_each = most.min(items.saturating_sub(1));
        let level = stream.items(items.saturating_mul(of_each), 4)?;
        check_below(&level, items, name)?;
    }
    Ok(())
}

/// Checks that numbers are those of so many things.
fn check_below(numbers: &Window, count: u64, name: &str) -> Result<(), ReadError> {
    let mut at = 0;
    loop {
        let chunk = numbers.bytes_at(at, narrow(CHUNK))?;
        if chunk.is_empty() {
            return Ok(());
        }
        let (numbers, _) = chunk.as_chunks();
        let mut numbers = numbers.iter().map(|bytes| u32::from_le_bytes(*bytes));
        if numbers.any(|number| u64::from(number) >= count) {
            return Err(wrong_reference(name));
        }
        at = at.saturating_add(wide(chunk.len()));
    }
}
