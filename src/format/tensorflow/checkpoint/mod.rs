//! Checkpoints of TensorFlow: the index of a bundle of tensors, and the tables of before 1.0 that hold the tensors themselves.
//!
//! Follows `tensor_bundle.proto` and `saved_tensor_slice.proto` (TensorFlow 2.21). Tensors are described, and not read: of a bundle they are
//! in shards beside the index (`NAME.data-00000-of-00001`).

mod schema;
mod table;

use std::collections::BTreeMap;

use self::{
    schema::{
        BUNDLE_ENTRY, BUNDLE_HEADER, DIMENSION, SHAPE, SLICE_META, SLICES, SLICES_META,
        bundle_entry, bundle_header, dimension, shape, slice_meta, slices, slices_meta,
    },
    table::{Block, Last, Table, has_footer},
};
use crate::{
    bytes::{ReadError, Window, wide},
    fact::{
        CheckpointFault, CheckpointTensorFault, Fact, FileReference, FileRole, Malformed, PathBase,
        Short, Tensor, Text,
    },
    format::{
        Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix,
        protobuf::{Message, Protobuf, Value},
    },
    limits,
};

/// Tables whose first key is empty, as no other table has it.
pub static FORMAT: Format = Format {
    id: "tensorflow-checkpoint",
    title: "TensorFlow checkpoint",
    doc: DOC,
    suffixes: &[Suffix::plain("index")],
    container: None,
    runs: Runs::Nothing,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

The variables of a model: an index (`NAME.index`), a table with the type, the shape and the place of each, beside raw data
(`NAME.data-00000-of-00001`). Before TensorFlow 1.0, one table held the tensors as well (`NAME.ckpt`). A text called `checkpoint` names the
newest of several.

## What loading it does

TensorFlow copies bytes into the variables of a program that is there already. Names of objects choose among those that the program has;
nothing is imported or called by them.

## How it is recognised

By the magic number of a table at its end, and an empty key at its front.

## What is checked

The table as a whole: that blocks, keys and checksums are as TensorFlow writes them. In an index, that each tensor lies in a shard that there
is, and has as many bytes as its type and shape need. The paths in a text `checkpoint` have no part `..` and are no URLs (`file-outside`): TensorFlow opens
what they name. A path from the root is where the checkpoint was saved. Tensors are not read: the shards of an index are there, and as long as it
needs (`incomplete-model`).

## What to prefer

This is data. safetensors is read by more libraries.
";

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    // An empty key, which shares nothing with one before it; its value is a header or a description of tensors. A block may be packed.
    let is_plain =
        matches!(front, [0, 0, _, 0x08 | 0x0a, ..]) || matches!(front, [0, 0, 0x80..=0xff, ..]);
    let start = front.get(1..8).unwrap_or_default();
    let may_be = is_plain || start.windows(2).any(|pair| pair == [0, 0]);
    if !may_be || !head.has_end_at_hand() || !has_footer(head.window) {
        return Certainty::No;
    }
    // No other table has an empty key: what else is wrong with it, the reader says.
    if is_plain {
        return Certainty::Sure;
    }
    let first = Table::open(head.window).and_then(|table| table.first());
    Certainty::sure_if(first.is_ok_and(|block| {
        let mut entries = block.entries();
        entries.next().is_some_and(|entry| entry.is_ok()) && entries.key.is_empty()
    }))
}

/// What a table is of.
#[derive(Debug, Default)]
enum Kind {
    /// Nothing was read yet.
    #[default]
    Unknown,
    /// An index, of so many shards.
    Bundle { shards: u64 },
    /// Tensors.
    Slices,
}

/// What is read of a table.
#[derive(Debug, Default)]
struct Found {
    kind: Kind,
    tensors: Vec<Tensor>,
    /// Bytes of their names.
    names: u64,
    /// How far each shard is read that has a tensor.
    ends: BTreeMap<u64, u64>,
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let table = Table::open(window)?;
    let mut found = Found::default();
    let result = table.blocks(|block| found.block(block));
    found.record_shards(reading);
    reading.recorder.list_tensors(|| found.tensors);
    result
}

impl Found {
    fn block(&mut self, block: &Block) -> Result<Last, ReadError> {
        let protobuf = Protobuf::new(&block.window);
        let mut entries = block.entries();
        let mut first = None;
        while let Some(value) = entries.next() {
            let value = protobuf.part(value?);
            if first.is_none() {
                first = Some(entries.key.clone());
            }
            match &self.kind {
                Kind::Unknown if entries.key.is_empty() => self.header(value)?,
                Kind::Unknown => return Err(fault(CheckpointFault::Header)),
                Kind::Bundle { shards } => {
                    let tensor = Entry::read(value)?;
                    tensor.check(&entries.key, *shards)?;
                    if tensor.size > 0 && self.ends.len() < limits::CHECKPOINT_SHARDS {
                        let last = self.ends.entry(tensor.shard).or_default();
                        *last = tensor.offset.saturating_add(tensor.size).max(*last);
                    }
                    // A part of a tensor has a key in an encoding of its own.
                    if !entries.key.starts_with(&[0]) {
                        self.list(&Text::new(&entries.key), tensor);
                    }
                }
                Kind::Slices => slice(value)?,
            }
        }
        Ok(Last {
            first: first.unwrap_or_default(),
            last: entries.key,
        })
    }

    /// Records the shards, which have the name of the index with another suffix.
    fn record_shards(&self, reading: &mut Reading<'_>) {
        let Kind::Bundle { shards } = self.kind else {
            return;
        };
        if !reading.name.as_bytes().ends_with(b".index") {
            return;
        }
        for (shard, end) in &self.ends {
            let suffix = format!(".data-{shard:05}-of-{shards:05}");
            let reference = FileReference {
                base: PathBase::Stem,
                end: *end,
                ..FileReference::new(FileRole::Weights, Text::from(suffix))
            };
            reading.record(Fact::FileReference(Box::new(reference)));
        }
    }

    fn list(&mut self, name: &Text, entry: Entry) {
        self.names = self.names.saturating_add(wide(name.as_bytes().len()));
        if self.names > limits::PROTOBUF_TEXTS || self.tensors.len() >= limits::TENSORS_LISTED {
            return;
        }
        self.tensors.push(Tensor {
            name: name.clone(),
            dtype: type_name(entry.dtype),
            bytes: entry.needed().unwrap_or(entry.size),
            shape: entry.shape.into_iter().flatten().collect(),
        });
    }

    /// What stands under the empty key.
    fn header(&mut self, value: Message<'_>) -> Result<(), ReadError> {
        // A header says first in how many shards the tensors are: a number. The other begins with a message.
        let is_bundle = matches!(
            value.any_fields().next(),
            Some(Ok(field)) if field.value.bytes().is_none()
        );
        if !is_bundle {
            self.kind = Kind::Slices;
            return self.slices(value);
        }
        let (mut shards, mut order) = (0, 0);
        for field in value.fields(&BUNDLE_HEADER) {
            let field = field?;
            match (field.number, field.value) {
                (bundle_header::SHARDS, Value::Number(number)) => shards = number,
                (bundle_header::ORDER, Value::Number(number)) => order = number,
                _ => {}
            }
        }
        // A name has five digits for the number of a shard, and more if it must.
        let most = u64::from(u32::MAX >> 1);
        if shards == 0 || shards > most || order > 1 {
            return Err(fault(CheckpointFault::Header));
        }
        self.kind = Kind::Bundle { shards };
        Ok(())
    }

    /// What a table says of the tensors in it.
    fn slices(&mut self, value: Message<'_>) -> Result<(), ReadError> {
        for field in value.fields(&SLICES) {
            let field = field?;
            let (slices::META, Value::Bytes(of)) = (field.number, field.value) else {
                continue;
            };
            for field in of.fields(&SLICES_META) {
                let field = field?;
                let (slices_meta::TENSORS, Value::Bytes(of)) = (field.number, field.value) else {
                    continue;
                };
                let (mut name, mut entry) = (Text::default(), Entry::default());
                for field in of.fields(&SLICE_META) {
                    let field = field?;
                    match (field.number, field.value) {
                        (slice_meta::NAME, Value::Bytes(of)) => name = of.text()?,
                        (slice_meta::SHAPE, Value::Bytes(of)) => entry.shape = shape_of(of)?,
                        (slice_meta::TYPE, Value::Number(number)) => entry.dtype = number,
                        _ => {}
                    }
                }
                entry.size = entry.needed().unwrap_or(0);
                entry.check(name.as_bytes(), u64::MAX)?;
                self.list(&name, entry);
            }
        }
        Ok(())
    }
}

/// Checks the fields of a tensor in a table.
fn slice(value: Message<'_>) -> Result<(), ReadError> {
    for field in value.fields(&SLICES) {
        let field = field?;
        if let (slices::DATA, Value::Bytes(of)) = (field.number, field.value) {
            for field in of.fields(&schema::SLICE) {
                field?;
            }
        } else {
            return Err(fault(CheckpointFault::Header));
        }
    }
    Ok(())
}

/// What an index says of a tensor.
#[derive(Debug, Default)]
struct Entry {
    dtype: u64,
    /// Its dimensions; a negative one is `None`.
    shape: Vec<Option<u64>>,
    shard: u64,
    offset: u64,
    size: u64,
    /// It is kept in parts, which are entries of their own.
    in_slices: bool,
}

impl Entry {
    fn read(message: Message<'_>) -> Result<Self, ReadError> {
        let mut read = Self::default();
        for field in message.fields(&BUNDLE_ENTRY) {
            let field = field?;
            match (field.number, field.value) {
                (bundle_entry::TYPE, Value::Number(number)) => read.dtype = number,
                (bundle_entry::SHAPE, Value::Bytes(of)) => read.shape = shape_of(of)?,
                (bundle_entry::SHARD, Value::Number(number)) => read.shard = number,
                (bundle_entry::OFFSET, Value::Number(number)) => read.offset = number,
                (bundle_entry::SIZE, Value::Number(number)) => read.size = number,
                (bundle_entry::SLICES, _) => read.in_slices = true,
                _ => {}
            }
        }
        Ok(read)
    }

    /// Bytes that its elements need; `None` if that depends on them.
    fn needed(&self) -> Option<u64> {
        let mut bytes = type_of(self.dtype)?.1?;
        for dimension in &self.shape {
            bytes = bytes.checked_mul((*dimension)?)?;
        }
        Some(bytes)
    }

    fn check(&self, name: &[u8], shards: u64) -> Result<(), ReadError> {
        let needed = self.needed();
        let is_sized = type_of(self.dtype).is_some_and(|(_, bytes)| bytes.is_some());
        let how = if type_of(self.dtype).is_none() {
            CheckpointTensorFault::Type { number: self.dtype }
        } else if self.shape.iter().any(Option::is_none) || is_sized && needed.is_none() {
            CheckpointTensorFault::Shape
        } else if self.shard >= shards {
            let shard = self.shard;
            CheckpointTensorFault::Shard { shard, shards }
        } else if i64::try_from(self.offset.saturating_add(self.size)).is_err() {
            CheckpointTensorFault::Range
        } else if self.in_slices && self.size == 0 {
            return Ok(());
        } else {
            match needed {
                Some(needed) if needed != self.size => CheckpointTensorFault::Size {
                    needed,
                    has: self.size,
                },
                _ => return Ok(()),
            }
        };
        let name = Short::new(name);
        Err(fault(CheckpointFault::Tensor { name, fault: how }))
    }
}

/// The dimensions of a shape.
pub(super) fn shape_of(message: Message<'_>) -> Result<Vec<Option<u64>>, ReadError> {
    let mut dimensions = Vec::new();
    for field in message.fields(&SHAPE) {
        let field = field?;
        let (shape::DIMENSIONS, Value::Bytes(of)) = (field.number, field.value) else {
            continue;
        };
        if dimensions.len() >= limits::TENSOR_DIMENSIONS {
            return Err(ReadError::Limit(limits::Id::TENSOR_DIMENSIONS));
        }
        let mut size = 0;
        for field in of.fields(&DIMENSION) {
            let field = field?;
            if let (dimension::SIZE, Value::Number(number)) = (field.number, field.value) {
                size = number;
            }
        }
        dimensions.push(i64::try_from(size).ok().map(|_| size));
    }
    Ok(dimensions)
}

/// The name of a type and the bytes of an element, if they are always as many.
pub(super) fn type_of(number: u64) -> Option<(&'static str, Option<u64>)> {
    Some(match number {
        1 => ("float32", Some(4)),
        2 => ("float64", Some(8)),
        3 => ("int32", Some(4)),
        4 => ("uint8", Some(1)),
        5 => ("int16", Some(2)),
        6 => ("int8", Some(1)),
        7 => ("string", None),
        8 => ("complex64", Some(8)),
        9 => ("int64", Some(8)),
        10 => ("bool", Some(1)),
        11 => ("qint8", Some(1)),
        12 => ("quint8", Some(1)),
        13 => ("qint32", Some(4)),
        14 => ("bfloat16", Some(2)),
        15 => ("qint16", Some(2)),
        16 => ("quint16", Some(2)),
        17 => ("uint16", Some(2)),
        18 => ("complex128", Some(16)),
        19 => ("float16", Some(2)),
        21 => ("variant", None),
        22 => ("uint32", Some(4)),
        23 => ("uint64", Some(8)),
        24 => ("float8_e5m2", Some(1)),
        25 => ("float8_e4m3fn", Some(1)),
        26 => ("float8_e4m3fnuz", Some(1)),
        27 => ("float8_e4m3b11fnuz", Some(1)),
        28 => ("float8_e5m2fnuz", Some(1)),
        29 => ("int4", Some(1)),
        30 => ("uint4", Some(1)),
        31 => ("int2", Some(1)),
        32 => ("uint2", Some(1)),
        _ => return None,
    })
}

pub(super) fn type_name(number: u64) -> String {
    type_of(number).map_or_else(|| number.to_string(), |(name, _)| name.to_owned())
}

fn fault(how: CheckpointFault) -> ReadError {
    ReadError::malformed(Malformed::Checkpoint(how))
}
