//! What the values of the weights-only unpickler refer to, and how much of it there may be.

use std::sync::Arc;

use super::{
    arena::Arena,
    object::{Dict, Memory, Object, PAIRS, TorchTensor},
    packed::Packed,
    value::{NumpyClasses, TorchValue},
};
use crate::{
    bytes::{Budget, HeldMemory, wide},
    format::pickle::machine::{Items, Noted},
};

/// Everything that values refer to.
#[derive(Debug)]
pub(super) struct Heap {
    held: HeldMemory,
    /// How many of the bytes that are held nothing takes yet.
    room: usize,
    tuples: Arena<Packed>,
    objects: Arena<Object>,
    /// Values that take more than eight bytes.
    large: Arena<TorchValue>,
    pub(super) numpy_classes: NumpyClasses,
    /// How many of them are tensors.
    tensors: usize,
    /// Elements of lists that are kept.
    elements: usize,
    memories: Arena<Memory>,
}

/// Values that tuples come to: those of four million pairs.
const VALUES: usize = 8 << 20;
/// Objects: lists and dicts of a data set, say. A tensor counts as three.
const OBJECTS: usize = 8 << 20;
/// Elements of a list that are kept. Of the others it is known what containers ask of their elements.
const KEPT: usize = 1 << 16;
/// Elements of lists that are kept in all.
const ELEMENTS: usize = 2 << 20;

/// There are more values than are followed.
#[derive(Debug)]
pub(super) struct Full;

/// How many bytes are taken of the budget at a time.
const STEP: usize = 256 << 10;
/// What a container takes besides its elements once it is not empty.
const BOXED: usize = 128;

impl Heap {
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self {
            held: HeldMemory::new(budget),
            room: 0,
            tuples: Arena::default(),
            objects: Arena::default(),
            large: Arena::default(),
            numpy_classes: NumpyClasses::default(),
            tensors: 0,
            elements: 0,
            memories: Arena::default(),
        }
    }

    /// Forgets everything. Its memory stays taken: an allocator may keep it.
    pub(super) fn clear(&mut self) {
        self.tuples = Arena::default();
        self.objects = Arena::default();
        self.large = Arena::default();
        self.memories = Arena::default();
    }

    /// Takes so many bytes of the budget.
    #[inline]
    fn take(&mut self, bytes: usize) -> Result<(), Full> {
        if bytes > self.room {
            let more = bytes.saturating_add(STEP);
            self.held.take(more).map_err(|_| Full)?;
            self.room = self.room.saturating_add(more);
        }
        self.room = self.room.saturating_sub(bytes);
        Ok(())
    }

    /// Takes as much as pairs take that are set in a dict.
    pub(super) fn take_pairs(&mut self, pairs: usize) -> Result<(), Full> {
        let bytes = pairs
            .min(PAIRS)
            .saturating_mul(size_of::<(Packed, Packed)>());
        self.take(bytes.saturating_add(BOXED))
    }

    /// A value in eight bytes.
    #[inline]
    pub(super) fn pack(&mut self, value: TorchValue) -> Result<Packed, Full> {
        match Packed::whole(value) {
            Some(packed) => Ok(packed),
            None => self.keep(value),
        }
    }

    fn keep(&mut self, value: TorchValue) -> Result<Packed, Full> {
        self.take(size_of::<TorchValue>())?;
        let place = self.large.push(value).ok_or(Full)?;
        Ok(Packed::kept(place))
    }

    /// The value that was packed.
    pub(super) fn unpack(&self, packed: Packed) -> TorchValue {
        match packed.unpack() {
            Ok(value) => value,
            Err(place) => self.large.get(place).copied().unwrap_or_default(),
        }
    }

    /// What a value is that the machine knows, with what is noted of it.
    pub(super) fn value(&self, noted: Noted<Packed>) -> TorchValue {
        self.unpack(Packed::of(noted))
    }

    /// Adds elements. Returns where they begin, and how many they are.
    #[inline]
    fn store(&mut self, items: impl ExactSizeIterator<Item = Packed>) -> Result<(u32, u32), Full> {
        let count = items.len();
        let len = u32::try_from(count).map_err(|_| Full)?;
        if self.tuples.len().saturating_add(count) > VALUES {
            return Err(Full);
        }
        self.take(count.saturating_mul(size_of::<Packed>()))?;
        let at = self.tuples.push_run(items).ok_or(Full)?;
        Ok((at, len))
    }

    pub(super) fn tuple(&mut self, items: Items<'_, Packed>) -> Result<TorchValue, Full> {
        // What is blank is a constant.
        let hashable = items.notes.iter().all(|note| self.is_key(*note));
        let (at, len) = self.store(items.iter().map(Packed::of))?;
        Ok(TorchValue::Tuple { at, len, hashable })
    }

    pub(super) fn size(&mut self, items: &[TorchValue]) -> Result<TorchValue, Full> {
        let items: Result<Vec<Packed>, Full> = items.iter().map(|item| self.pack(*item)).collect();
        let items = items?;
        let (at, len) = self.store(items.into_iter())?;
        Ok(TorchValue::Size { at, len })
    }

    /// The elements of a tuple or size.
    pub(super) fn items(&self, at: u32, len: u32) -> Vec<TorchValue> {
        let items = self.stored(at, len).iter();
        items.map(|item| self.unpack(*item)).collect()
    }

    fn stored(&self, at: u32, len: u32) -> &[Packed] {
        self.tuples.run(at, len)
    }

    pub(super) fn object(&mut self, object: Object) -> Result<TorchValue, Full> {
        let tensor = matches!(object, Object::Tensor(_));
        self.tensors = self.tensors.saturating_add(usize::from(tensor));
        let extra = self.tensors.saturating_mul(2);
        if self.objects.len().saturating_add(extra) > OBJECTS {
            return Err(Full);
        }
        let inside = if tensor {
            size_of::<TorchTensor>().saturating_add(BOXED)
        } else {
            0
        };
        self.take(size_of::<Object>().saturating_add(inside))?;
        let at = self.objects.push(object).ok_or(Full)?;
        Ok(TorchValue::Object(at))
    }

    pub(super) fn get(&self, object: u32) -> Option<&Object> {
        self.objects.get(object)
    }

    pub(super) fn get_mut(&mut self, object: u32) -> Option<&mut Object> {
        self.objects.get_mut(object)
    }

    pub(super) fn memory(&mut self, memory: Memory) -> Result<u32, Full> {
        self.memories.push(memory).ok_or(Full)
    }

    pub(super) fn memory_at(&self, memory: u32) -> Option<Memory> {
        self.memories.get(memory).copied()
    }

    /// The same, to be changed.
    pub(super) fn memory_mut(&mut self, memory: u32) -> Option<&mut Memory> {
        self.memories.get_mut(memory)
    }

    /// Adds items to a list.
    pub(super) fn extend(&mut self, list: u32, items: Items<'_, Packed>) -> Result<(), Full> {
        let count = items.values.len();
        let room = match self.get(list) {
            // All of them or none are asked for, so what is begun is gone on with.
            Some(Object::List(list)) if self.elements < ELEMENTS || !list.kept.is_empty() => {
                KEPT.saturating_sub(list.kept.len()).min(count)
            }
            Some(Object::List(_)) => 0,
            _ => return Ok(()),
        };
        let bytes = room.saturating_mul(size_of::<Packed>());
        self.take(bytes.saturating_add(if room > 0 { BOXED } else { 0 }))?;
        self.elements = self.elements.saturating_add(room);
        let items = items.iter().map(Packed::of);
        let mut rest = items.clone().skip(room);
        let unhashable = rest.clone().any(|item| !self.is_key(item));
        let no_pairs = rest.any(|item| !self.is_pair(self.unpack(item)));
        if let Some(Object::List(list)) = self.get_mut(list)
            && count > 0
        {
            list.len = list.len.saturating_add(wide(count));
            list.kept.extend(items.take(room));
            list.unhashable |= unhashable;
            list.no_pairs |= no_pairs;
        }
        Ok(())
    }

    /// Whether a value can be a key.
    pub(super) fn hashable(&self, value: TorchValue) -> bool {
        match value {
            TorchValue::Tuple { hashable, .. } => hashable,
            TorchValue::Object(at) => self.is_hashable(at),
            _ => true,
        }
    }

    /// Whether a value can be a key.
    #[inline]
    pub(super) fn is_key(&self, value: Packed) -> bool {
        value
            .is_hashable()
            .unwrap_or_else(|at| self.is_hashable(at))
    }

    fn is_hashable(&self, object: u32) -> bool {
        !matches!(
            self.get(object),
            Some(Object::List(_) | Object::Dict(_) | Object::Set { .. } | Object::ByteArray { .. })
        )
    }

    /// Whether a value is a sequence of a key and something, as dictionaries are filled from.
    pub(super) fn is_pair(&self, value: TorchValue) -> bool {
        match value {
            TorchValue::Tuple { at, len, .. } => {
                len == 2
                    && self
                        .stored(at, len)
                        .first()
                        .is_some_and(|key| self.is_key(*key))
            }
            TorchValue::Size { len, .. } => len == 2,
            TorchValue::Bytes(len) => len == 2,
            TorchValue::Text { is_pair, .. } | TorchValue::Far { is_pair, .. } => is_pair,
            TorchValue::Foreign(_) => true,
            TorchValue::Object(at) => match self.get(at) {
                Some(Object::List(list)) => {
                    list.len == 2 && list.kept.first().is_some_and(|key| self.is_key(*key))
                }
                Some(Object::Dict(dict)) => dict.len == 2,
                Some(Object::Set { len } | Object::ByteArray { len }) => *len == 2,
                Some(Object::Tensor(tensor)) => tensor.sizes.first() == Some(&2),
                _ => false,
            },
            _ => false,
        }
    }

    /// The elements that iterating over a value gives; `None` where it cannot be iterated over, or not all are known.
    pub(super) fn elements(&self, value: TorchValue) -> Option<Vec<TorchValue>> {
        match value {
            TorchValue::Tuple { at, len, .. } | TorchValue::Size { at, len } => {
                Some(self.items(at, len))
            }
            TorchValue::Object(at) => match self.get(at)? {
                Object::List(list) if wide(list.kept.len()) == list.len => {
                    let items = list.kept.iter().map(|item| self.unpack(*item));
                    Some(items.collect())
                }
                Object::Dict(dict) => {
                    let pairs = self.pairs(dict)?.into_iter();
                    Some(pairs.map(|(key, _)| key).collect())
                }
                Object::Set { len: 0 } | Object::ByteArray { len: 0 } => Some(Vec::new()),
                _ => None,
            },
            TorchValue::Far { len: 0, .. } | TorchValue::Bytes(0) => Some(Vec::new()),
            _ => None,
        }
    }

    /// All keys and values of a dict, if all are kept.
    pub(super) fn pairs(&self, dict: &Dict) -> Option<Vec<(TorchValue, TorchValue)>> {
        if wide(dict.kept.len()) != dict.len {
            return None;
        }
        let unpacked = |(key, value): &(Packed, Packed)| (self.unpack(*key), self.unpack(*value));
        Some(dict.kept.iter().map(unpacked).collect())
    }

    /// A tensor.
    pub(super) fn tensor(&self, value: TorchValue) -> Option<&TorchTensor> {
        match value {
            TorchValue::Object(at) => match self.get(at)? {
                Object::Tensor(tensor) => Some(tensor),
                _ => None,
            },
            _ => None,
        }
    }

    /// A dictionary.
    pub(super) fn dict(&self, value: TorchValue) -> Option<&Dict> {
        match value {
            TorchValue::Object(at) => match self.get(at)? {
                Object::Dict(dict) => Some(dict),
                _ => None,
            },
            _ => None,
        }
    }
}
