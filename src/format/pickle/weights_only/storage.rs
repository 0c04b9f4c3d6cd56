//! Persistent ids: the storages that a pickle asks for, and whether the archive has them.

use std::borrow::Cow;

use super::{
    Origin, Records,
    execution::{Execution, Refused, Step, holds},
    names::{Meaning, TorchDtype},
    object::{Memory, Object},
    value::{Device, TorchValue},
};
use crate::{
    bytes::{narrow, wide},
    fact::{Short, StorageReason, TorchBehaviour},
    format::pickle::{opcode as op, value::ValueKind},
    limits,
};

/// The key of a storage. Python's numbers are one key if they are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A text, by its bytes.
    Text(Box<[u8]>),
    /// A number.
    Number(i64),
    /// `None`.
    None,
}

impl Key {
    /// As Python formats it into the name of a record.
    fn name(&self, value: TorchValue) -> Vec<u8> {
        match (self, value) {
            (Self::Text(text), _) => text.to_vec(),
            (_, TorchValue::Bool(true)) => b"True".to_vec(),
            (_, TorchValue::Bool(false)) => b"False".to_vec(),
            (Self::Number(n), _) => n.to_string().into_bytes(),
            (Self::None, _) => b"None".to_vec(),
        }
    }
}

/// How many elements a persistent id gives its storage.
enum Count {
    Number(i128),
    /// Something that can be multiplied and is no number: how many bytes it comes to where a storage can be made of it.
    Repeatable(Option<u64>),
    Other,
}

/// The most that torch could allocate: more than any machine has.
pub(super) const ALLOCATES: u64 = 1 << 40;

impl<'e> Execution<'e, '_> {
    /// The key that a value is; `None` if it cannot be one, or is none that is followed.
    pub(super) fn key(&self, value: TorchValue) -> Option<Key> {
        Some(match value {
            TorchValue::Text { .. } | TorchValue::Far { .. } => {
                Key::Text(self.bytes_of(value)?.into_owned().into())
            }
            TorchValue::Int(n) => Key::Number(n),
            TorchValue::Bool(is) => Key::Number(i64::from(is)),
            TorchValue::None => Key::None,
            _ => return None,
        })
    }

    /// The bytes of a text that is short, or not far.
    pub(super) fn bytes_of(&self, text: TorchValue) -> Option<Cow<'e, [u8]>> {
        match text {
            TorchValue::Text { value, .. } if value.kind() == ValueKind::Str => {
                let text = self.scene.names.text(value.index());
                Some(Cow::Borrowed(text))
            }
            text => {
                let (at, len) = self.place_of(text)?;
                (wide(len) <= limits::NAME_BYTES).then(|| self.read(at, len))?
            }
        }
    }

    /// How many bytes a text has.
    pub(super) fn len_of(&self, text: TorchValue) -> Option<u64> {
        match text {
            TorchValue::Text { value, .. } if value.kind() == ValueKind::Str => {
                Some(wide(self.scene.names.text(value.index()).len()))
            }
            text => self.place_of(text).map(|(_, len)| wide(len)),
        }
    }

    /// Where the bytes of a text stand that the machine does not keep.
    fn place_of(&self, text: TorchValue) -> Option<(u64, usize)> {
        match text {
            TorchValue::Far { at, len, .. } => Some((at, narrow(u64::from(len)))),
            TorchValue::Text { value, .. } => {
                let at = value.number();
                match *self.read(at, 4)? {
                    [op::SHORT_BINSTRING, len, ..] => {
                        Some((at.saturating_add(2), usize::from(len)))
                    }
                    [op::BINUNICODE, a, b, c] => {
                        // It is no longer than a name.
                        let len = u32::from_le_bytes([a, b, c, 0]);
                        Some((at.saturating_add(5), narrow(u64::from(len))))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Bytes of the stream.
    fn read(&self, at: u64, len: usize) -> Option<Cow<'e, [u8]>> {
        let scene = self.scene;
        if let Some(bytes) = scene.lexer.recent(at, len) {
            return Some(Cow::Borrowed(bytes));
        }
        // What was unpacked is gone.
        if scene.window.is_sequential() {
            return None;
        }
        let bytes = scene.window.bytes_at(at, len).ok()?;
        (bytes.len() == len).then_some(Cow::Owned(bytes))
    }

    pub(super) fn persistent(&mut self, id: TorchValue) -> Step<TorchValue> {
        let TorchValue::Tuple { at, len, .. } = id else {
            return Err(StorageReason::IdNotATuple(self.type_of(id)).into());
        };
        let parts = self.torch.heap.items(at, len);
        let tag = parts.first().and_then(|tag| self.bytes_of(*tag));
        if tag.as_deref() != Some(b"storage") {
            return Err(StorageReason::IdNotStorage.into());
        }
        match (&self.torch.origin, parts.as_slice()) {
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

    /// The type of a storage's elements.
    fn element_type(&self, class: TorchValue, untyped: bool) -> Step<TorchDtype> {
        let known = match class {
            TorchValue::Global(global) => self.known(global),
            _ => Meaning::Foreign,
        };
        match known {
            Meaning::StorageType(dtype) | Meaning::LegacyTensor { dtype, .. } => Ok(dtype),
            Meaning::Untyped if untyped => Ok(TorchDtype::BYTE),
            _ => Err(StorageReason::Type(self.type_of(class)).into()),
        }
    }

    fn count(&self, count: TorchValue) -> Count {
        match count {
            TorchValue::Int(n) => Count::Number(i128::from(n)),
            TorchValue::Bool(is) => Count::Number(i128::from(is)),
            TorchValue::Big { negative: true, .. } => Count::Number(-1),
            TorchValue::Big { at, len, .. } => {
                let bytes = self
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
            | TorchValue::Object(_) => Count::Repeatable(self.bytes_of_sequence(count)),
            _ => Count::Other,
        }
    }

    /// How many bytes `torch.UntypedStorage` makes of a sequence.
    pub(super) fn bytes_of_sequence(&self, value: TorchValue) -> Option<u64> {
        match value {
            TorchValue::Bytes(len) => return Some(len),
            TorchValue::Object(at) => match self.torch.heap.get(at)? {
                Object::ByteArray { len } => return Some(*len),
                Object::List(_) => {}
                _ => return None,
            },
            _ => {}
        }
        let items = self.torch.heap.elements(value)?;
        let byte = |item: &TorchValue| matches!(item, TorchValue::Int(_) | TorchValue::Bool(_));
        items.iter().all(byte).then_some(wide(items.len()))
    }

    /// Where a storage is put, by the tag of its device.
    fn device(&self, location: TorchValue) -> Step<Device> {
        let tag = match location {
            TorchValue::Text { .. } | TorchValue::Far { .. } => self.bytes_of(location),
            _ => return Err(StorageReason::Location(self.type_of(location)).into()),
        };
        tag.as_deref().and_then(restored).ok_or_else(|| {
            StorageReason::UnknownLocation(Short::new(&tag.unwrap_or_default())).into()
        })
    }

    fn stored(
        &mut self,
        records: &dyn Records,
        class: TorchValue,
        key_value: TorchValue,
        location: TorchValue,
        count: TorchValue,
    ) -> Step<TorchValue> {
        let dtype = self.element_type(class, true)?;
        let bytes = match self.count(count) {
            Count::Number(n) => Some(n.saturating_mul(i128::from(dtype.bytes))),
            Count::Repeatable(_) => None,
            Count::Other => return Err(StorageReason::Length(self.type_of(count)).into()),
        };
        let key = self.key(key_value);
        let key = key.ok_or_else(|| StorageReason::Key(self.type_of(key_value)))?;
        if let Some(known) = self.torch.storages.get(&key).copied() {
            return self.again(known, dtype, bytes, |machine| {
                machine.load(records, &key, key_value, dtype, bytes, location)
            });
        }
        let loaded = self.load(records, &key, key_value, dtype, bytes, location)?;
        self.torch.storages.insert(key, loaded);
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
        }) = self.torch.heap.get(at)
        else {
            return Ok(known);
        };
        let (memory, first) = (*memory, *first);
        if first == dtype {
            return Ok(known);
        }
        self.torch.two_ways = true;
        if self.torch.keeps_first_type {
            return Ok(known);
        }
        let there = self
            .torch
            .heap
            .memory_at(memory)
            .map(|memory| i128::from(memory.bytes));
        if bytes.is_some() && bytes == there {
            return Ok(self.torch.heap.object(Object::Typed { memory, dtype })?);
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
                self.torch.refuse_where(&[holds(compares)], why);
            } else {
                self.torch.refuse_or_endanger(compares, why);
            }
        }
        let device = self.device(location)?;
        let meta = device == Device::Meta;
        let memory = self.torch.heap.memory(Memory {
            bytes,
            grows: meta,
            meta,
            record: Some(record),
            turned: if records.big_endian() { dtype.bytes } else { 0 },
        })?;
        Ok(self.torch.heap.object(Object::Typed { memory, dtype })?)
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
        let dtype = self.element_type(class, false)?;
        let bytes = match self.count(count) {
            Count::Number(n) => Some(n.saturating_mul(i128::from(dtype.bytes))),
            Count::Repeatable(length) => {
                length.map(|length| i128::from(length).saturating_mul(i128::from(dtype.bytes)))
            }
            Count::Other => return Err(StorageReason::Length(self.type_of(count)).into()),
        };
        let key = self
            .key(key)
            .ok_or_else(|| StorageReason::Key(self.type_of(key)))?;
        let storage = if let Some(known) = self.torch.storages.get(&key).copied() {
            self.again(known, dtype, bytes, |machine| {
                let memory = machine.torch.heap.memory(Memory::new(0))?;
                Ok(machine.torch.heap.object(Object::Typed { memory, dtype })?)
            })?
        } else {
            let bytes = bytes
                .and_then(|bytes| u64::try_from(bytes).ok())
                .filter(|bytes| *bytes < ALLOCATES)
                .ok_or(StorageReason::LengthNotACount)?;
            let meta = self.device(location)? == Device::Meta;
            let memory = self.torch.heap.memory(Memory {
                meta,
                ..Memory::new(bytes)
            })?;
            let made = self.torch.heap.object(Object::Typed { memory, dtype })?;
            self.torch.storages.insert(key, made);
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
        let parts = self.torch.heap.elements(view).unwrap_or_default();
        let [key, TorchValue::Int(offset), TorchValue::Int(len)] = parts.as_slice() else {
            return Err(StorageReason::View.into());
        };
        let key = self.key(*key).ok_or(StorageReason::ViewKey)?;
        if let Some(known) = self.torch.storages.get(&key) {
            return Ok(*known);
        }
        let TorchValue::Object(at) = storage else {
            return Err(StorageReason::ViewOfNoStorage.into());
        };
        let Some(Object::Typed { memory, .. }) = self.torch.heap.get(at) else {
            return Err(StorageReason::ViewOfNoStorage.into());
        };
        let whole = self
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
        let memory = self.torch.heap.memory(Memory {
            bytes,
            grows: false,
            meta: false,
            record: None,
            turned: 0,
        })?;
        let made = self.torch.heap.object(Object::Typed { memory, dtype })?;
        self.torch.storages.insert(key, made);
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
