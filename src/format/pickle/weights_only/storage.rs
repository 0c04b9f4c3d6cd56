//! Persistent ids: the storages that a pickle asks for, and whether the archive has them.

use super::{
    Origin, Records,
    elements::Elements,
    execution::Execution,
    key::Key,
    lookup::Lookup,
    names::{Meaning, TorchDtype},
    object::{Memory, Object},
    refused::{Refused, Step, holds},
    value::{Device, TorchValue},
};
use crate::{
    bytes::wide,
    fact::{Short, StorageReason, TorchBehaviour},
};

/// How many elements a persistent id gives its storage.
enum Count {
    Number(i128),
    /// Something that can be multiplied and is no number: how many bytes it comes to where a storage can be made of it.
    Repeatable(Option<u64>),
    Other,
}

/// The most that torch could allocate: more than any machine has.
pub(super) const ALLOCATES: u64 = 1 << 40;

/// Tells what the parts of a persistent id are.
#[derive(Debug, Clone, Copy)]
struct IdParts<'l, 'e, 'a> {
    lookup: Lookup<'l, 'e, 'a>,
}

impl IdParts<'_, '_, '_> {
    /// The type of a storage's elements.
    fn element_type(&self, class: TorchValue, untyped: bool) -> Step<TorchDtype> {
        let known = match class {
            TorchValue::Global(global) => self.lookup.known(global),
            _ => Meaning::Foreign,
        };
        match known {
            Meaning::StorageType(dtype) | Meaning::LegacyTensor { dtype, .. } => Ok(dtype),
            Meaning::Untyped if untyped => Ok(TorchDtype::BYTE),
            _ => Err(StorageReason::Type(self.lookup.type_of(class)).into()),
        }
    }

    fn count(&self, count: TorchValue) -> Count {
        match count {
            TorchValue::Int(n) => Count::Number(i128::from(n)),
            TorchValue::Bool(is) => Count::Number(i128::from(is)),
            TorchValue::Big { negative: true, .. } => Count::Number(-1),
            TorchValue::Big { at, len, .. } => {
                let bytes = self
                    .lookup
                    .scene
                    .window
                    .bytes_at(at, usize::from(len))
                    .unwrap_or_default();
                let mut word = [0; 16];
                for (slot, byte) in word.iter_mut().zip(&bytes) {
                    *slot = *byte;
                }
                Count::Number(if bytes.len() < word.len() {
                    i128::from_le_bytes(word)
                } else {
                    i128::MAX
                })
            }
            TorchValue::Float { .. }
            | TorchValue::Text { .. }
            | TorchValue::Far { .. }
            | TorchValue::Bytes(_)
            | TorchValue::Tuple { .. }
            | TorchValue::Size { .. }
            | TorchValue::Complex { .. }
            | TorchValue::Object(_) => {
                Count::Repeatable(Elements::new(self.lookup).bytes_of_sequence(count))
            }
            _ => Count::Other,
        }
    }

    /// Where a storage is put, by the tag of its device.
    fn device(&self, location: TorchValue) -> Step<Device> {
        let tag = match location {
            TorchValue::Text { .. } | TorchValue::Far { .. } => self.lookup.bytes_of(location),
            _ => return Err(StorageReason::Location(self.lookup.type_of(location)).into()),
        };
        tag.as_deref().and_then(restored).ok_or_else(|| {
            StorageReason::UnknownLocation(Short::new(&tag.unwrap_or_default())).into()
        })
    }
}

/// Loads storages by their persistent ids.
#[derive(Debug)]
pub(super) struct Storages<'x, 'e, 'a> {
    run: &'x mut Execution<'e, 'a>,
}

impl<'x, 'e, 'a> Storages<'x, 'e, 'a> {
    pub(super) fn new(run: &'x mut Execution<'e, 'a>) -> Self {
        Self { run }
    }

    fn parts(&self) -> IdParts<'_, '_, '_> {
        IdParts {
            lookup: self.run.lookup(),
        }
    }

    pub(super) fn persistent(&mut self, id: TorchValue) -> Step<TorchValue> {
        let TorchValue::Tuple { at, len, .. } = id else {
            return Err(StorageReason::IdNotATuple(self.run.lookup().type_of(id)).into());
        };
        let parts = self.run.torch.heap.items(at, len);
        let tag = parts
            .first()
            .and_then(|tag| self.run.lookup().bytes_of(*tag));
        if tag.as_deref() != Some(b"storage") {
            return Err(StorageReason::IdNotStorage.into());
        }
        match (&self.run.torch.origin, parts.as_slice()) {
            (Origin::Alone, _) => Err(StorageReason::IdUnexpected.into()),
            (Origin::Zip(records), [_, class, key, location, count]) => {
                let records = *records;
                self.stored(records, *class, *key, *location, *count)
            }
            (Origin::Legacy, [_, class, key, location, count, view]) => {
                self.announced(*class, *key, *location, *count, *view)
            }
            (Origin::Zip(_), parts) => Err(id_parts(parts, 5)),
            (Origin::Legacy, parts) => Err(id_parts(parts, 6)),
        }
    }

    fn stored(
        &mut self,
        records: &dyn Records,
        class: TorchValue,
        key_value: TorchValue,
        location: TorchValue,
        count: TorchValue,
    ) -> Step<TorchValue> {
        let dtype = self.parts().element_type(class, true)?;
        let bytes = match self.parts().count(count) {
            Count::Number(n) => Some(n.saturating_mul(i128::from(dtype.bytes))),
            Count::Repeatable(_) => None,
            Count::Other => {
                return Err(StorageReason::Length(self.run.lookup().type_of(count)).into());
            }
        };
        let key = self.run.lookup().key(key_value);
        let key = key.ok_or_else(|| StorageReason::Key(self.run.lookup().type_of(key_value)))?;
        if let Some(known) = self.run.torch.storages.get(&key).copied() {
            return self.again(known, dtype, bytes, |this| {
                this.load(records, &key, key_value, dtype, bytes, location)
            });
        }
        let loaded = self.load(records, &key, key_value, dtype, bytes, location)?;
        self.run.torch.storages.insert(key, loaded);
        Ok(loaded)
    }

    /// A storage that has been loaded already, perhaps as another type.
    fn again(
        &mut self,
        known: TorchValue,
        dtype: TorchDtype,
        bytes: Option<i128>,
        load: impl FnOnce(&mut Self) -> Step<TorchValue>,
    ) -> Step<TorchValue> {
        let TorchValue::Object(at) = known else {
            return Ok(known);
        };
        let Some(Object::Typed {
            memory,
            dtype: first,
        }) = self.run.torch.heap.get(at)
        else {
            return Ok(known);
        };
        let (memory, first) = (*memory, *first);
        if first == dtype {
            return Ok(known);
        }
        self.run.torch.two_ways = true;
        if self.run.torch.keeps_first_type {
            return Ok(known);
        }
        let there = self
            .run
            .torch
            .heap
            .memory_at(memory)
            .map(|memory| i128::from(memory.bytes));
        if bytes.is_some() && bytes == there {
            return Ok(self
                .run
                .torch
                .heap
                .object(Object::Typed { memory, dtype })?);
        }
        load(self)
    }

    fn load(
        &mut self,
        records: &dyn Records,
        key: &Key,
        key_value: TorchValue,
        dtype: TorchDtype,
        bytes: Option<i128>,
        location: TorchValue,
    ) -> Step<TorchValue> {
        let Some(bytes) = bytes.and_then(|bytes| u64::try_from(bytes).ok()) else {
            return Err(StorageReason::LengthNotACount.into());
        };
        let name = key.name(key_value);
        let Some((record, there)) = records.record(&name) else {
            let name = Short::new(&name);
            return Err(StorageReason::NoRecord { name }.into());
        };
        if there != bytes {
            let longer = there > bytes;
            let why = StorageReason::RecordSize {
                name: Short::new(&name),
                record: there,
                storage: bytes,
            };
            if there == 0 {
                return Err(why.into());
            }
            let compares = TorchBehaviour::ComparesRecordSizes;
            if longer {
                self.run.torch.refuse_where(&[holds(compares)], why);
            } else {
                self.run.torch.refuse_or_endanger(compares, why);
            }
        }
        let device = self.parts().device(location)?;
        let meta = device == Device::Meta;
        let memory = self.run.torch.heap.memory(Memory {
            bytes,
            grows: meta,
            meta,
            record: Some(record),
            turned: if records.big_endian() { dtype.bytes } else { 0 },
        })?;
        Ok(self
            .run
            .torch
            .heap
            .object(Object::Typed { memory, dtype })?)
    }

    /// A storage of the layout of before 1.6: its bytes follow behind the pickles.
    fn announced(
        &mut self,
        class: TorchValue,
        key: TorchValue,
        location: TorchValue,
        count: TorchValue,
        view: TorchValue,
    ) -> Step<TorchValue> {
        let dtype = self.parts().element_type(class, false)?;
        let bytes = match self.parts().count(count) {
            Count::Number(n) => Some(n.saturating_mul(i128::from(dtype.bytes))),
            Count::Repeatable(length) => {
                length.map(|length| i128::from(length).saturating_mul(i128::from(dtype.bytes)))
            }
            Count::Other => {
                return Err(StorageReason::Length(self.run.lookup().type_of(count)).into());
            }
        };
        let key = self
            .run
            .lookup()
            .key(key)
            .ok_or_else(|| StorageReason::Key(self.run.lookup().type_of(key)))?;
        let storage = if let Some(known) = self.run.torch.storages.get(&key).copied() {
            self.again(known, dtype, bytes, |this| {
                let memory = this.run.torch.heap.memory(Memory::new(0))?;
                Ok(this
                    .run
                    .torch
                    .heap
                    .object(Object::Typed { memory, dtype })?)
            })?
        } else {
            let bytes = bytes
                .and_then(|bytes| u64::try_from(bytes).ok())
                .filter(|bytes| *bytes < ALLOCATES)
                .ok_or(StorageReason::LengthNotACount)?;
            let meta = self.parts().device(location)? == Device::Meta;
            let memory = self.run.torch.heap.memory(Memory {
                meta,
                ..Memory::new(bytes)
            })?;
            let made = self
                .run
                .torch
                .heap
                .object(Object::Typed { memory, dtype })?;
            self.run.torch.storages.insert(key, made);
            made
        };
        if view == TorchValue::None {
            return Ok(storage);
        }
        self.view(storage, dtype, view)
    }

    /// A part of a storage, as torch wrote it before 0.4.
    fn view(
        &mut self,
        storage: TorchValue,
        dtype: TorchDtype,
        view: TorchValue,
    ) -> Step<TorchValue> {
        let parts = self.run.torch.heap.elements(view).unwrap_or_default();
        let [key, TorchValue::Int(offset), TorchValue::Int(len)] = parts.as_slice() else {
            return Err(StorageReason::View.into());
        };
        let key = self.run.lookup().key(*key).ok_or(StorageReason::ViewKey)?;
        if let Some(known) = self.run.torch.storages.get(&key) {
            return Ok(*known);
        }
        let TorchValue::Object(at) = storage else {
            return Err(StorageReason::ViewOfNoStorage.into());
        };
        let Some(Object::Typed { memory, .. }) = self.run.torch.heap.get(at) else {
            return Err(StorageReason::ViewOfNoStorage.into());
        };
        let whole = self
            .run
            .torch
            .heap
            .memory_at(*memory)
            .map_or(0, |memory| memory.bytes);
        let (Ok(offset), Ok(len)) = (u64::try_from(*offset), u64::try_from(*len)) else {
            return Err(StorageReason::NegativeView.into());
        };
        // A slice, which ends where the storage does.
        let from = offset.saturating_mul(dtype.bytes).min(whole);
        let bytes = len
            .saturating_mul(dtype.bytes)
            .min(whole.saturating_sub(from));
        let memory = self.run.torch.heap.memory(Memory {
            bytes,
            grows: false,
            meta: false,
            record: None,
            turned: 0,
        })?;
        let made = self
            .run
            .torch
            .heap
            .object(Object::Typed { memory, dtype })?;
        self.run.torch.storages.insert(key, made);
        Ok(made)
    }
}

/// A persistent id that has another number of parts than torch takes.
fn id_parts(parts: &[TorchValue], wanted: u8) -> Refused {
    let parts = wide(parts.len());
    StorageReason::IdParts { parts, wanted }.into()
}

/// What torch restores a storage to by its tag: the processor, or a device that a machine may have.
fn restored(tag: &[u8]) -> Option<Device> {
    match tag {
        b"cpu" => Some(Device::Cpu),
        b"meta" => Some(Device::Meta),
        _ if tag.starts_with(b"mps") => Some(Device::Other),
        _ => {
            let mut parts = tag.splitn(2, |byte| *byte == b':');
            let backend = parts.next().unwrap_or_default();
            let index = parts.next();
            let known = matches!(
                backend,
                b"cuda" | b"hpu" | b"xpu" | b"mtia" | b"privateuseone"
            );
            let numbered = index.is_none_or(is_index);
            (known && numbered).then_some(Device::Other)
        }
    }
}

/// Whether a device's index is spelled as torch takes it.
pub(super) fn is_index(digits: &[u8]) -> bool {
    let plain = digits.iter().all(u8::is_ascii_digit);
    plain && (digits == b"0" || !digits.is_empty() && !digits.starts_with(b"0")) && digits.len() < 6
}
