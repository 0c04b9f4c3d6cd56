//! Values of the weights-only unpickler: as much of each object as decides what torch does with it.
//!
//! Tuples are immutable and lie in one arena; what can change is an object of its own. Texts that could be a storage's key
//! are kept, longer ones are known by their place and by which encodings can hold them.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use super::names::{TensorLayout, TorchDtype};
use crate::{
    bytes::{Budget, HeldMemory, narrow, wide},
    format::pickle::text::Letters,
};

/// A value. Sixteen bytes, so that a list of millions stays small.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(in crate::format::pickle) enum TorchValue {
    #[default]
    None,
    Bool(bool),
    Int(i64),
    /// An integer of more than 64 bits: where its operand stands, and how long it is.
    Big {
        at: u64,
        len: u8,
        negative: bool,
    },
    Float(f64),
    /// A text that the machine keeps, by its number: a name, or what could be one.
    Text {
        id: u32,
        len: u32,
    },
    /// Another text, and where its bytes are.
    Far {
        at: u64,
        len: u32,
        holds: Letters,
        /// It has two characters.
        is_pair: bool,
    },
    /// Bytes of a length.
    Bytes(u64),
    Tuple {
        at: u32,
        len: u32,
        hashable: bool,
    },
    /// A `torch.Size`.
    Size {
        at: u32,
        len: u32,
    },
    Object(u32),
    /// A global itself, by its number.
    Global(u32),
    /// Whether it is zero, if that is known.
    Complex {
        zero: Option<bool>,
    },
    Device(Device),
    Layout(TensorLayout),
    /// What a global that torch does not know made, by the global's number.
    Foreign(u32),
    /// What `numpy.dtype` made: its class in `numpy.dtypes`, if that is known.
    NumpyDtype(Option<NumpyClass>),
}

/// The number of a class of numpy's dtypes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format::pickle) struct NumpyClass(u8);

/// The device of a tensor, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format::pickle) enum Device {
    Cpu,
    Meta,
    /// A device that a machine may have or not.
    Other,
}

/// An object that can change, or is too large for a value.
#[derive(Debug)]
pub(super) enum Object {
    List(List),
    Dict(Dict),
    Set {
        len: u64,
    },
    ByteArray {
        len: u64,
    },
    Tensor(Box<TorchTensor>),
    /// `torch.storage.TypedStorage`: its memory and type.
    Typed {
        memory: u32,
        dtype: TorchDtype,
    },
    /// `torch.storage.UntypedStorage`.
    Untyped {
        memory: u32,
    },
}

/// Elements of a list that are kept. Of the others it is known what containers ask of their elements.
const KEPT: usize = 1 << 16;
/// Pairs of a dict that are kept: attributes and flags are asked for, never the entries of a state dict.
const PAIRS: usize = 256;

/// What is kept of a container: nothing at first, in as little room.
#[derive(Debug, Clone)]
#[allow(clippy::box_collection, reason = "millions of containers may be empty")]
pub(super) struct Kept<T>(Option<Box<Vec<T>>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Copy> Kept<T> {
    fn extend(&mut self, items: &[T]) {
        if !items.is_empty() {
            let kept = self.0.get_or_insert_default();
            kept.extend_from_slice(items);
        }
    }
}

impl<T> Deref for Kept<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().map(Vec::as_slice).unwrap_or_default()
    }
}

/// A list. Millions may be empty: nothing is kept of those.
#[derive(Debug, Default)]
pub(super) struct List(Option<Box<Elements>>);

/// What is known of a list's elements.
#[derive(Debug, Default)]
pub(super) struct Elements {
    pub(super) len: u64,
    pub(super) kept: Kept<TorchValue>,
    /// One of those not kept cannot be hashed.
    pub(super) unhashable: bool,
    /// One of those not kept is no tuple of a key and a value.
    pub(super) no_pairs: bool,
}

impl Deref for List {
    type Target = Elements;

    fn deref(&self) -> &Elements {
        static NONE: Elements = Elements {
            len: 0,
            kept: Kept(None),
            unhashable: false,
            no_pairs: false,
        };
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for List {
    fn deref_mut(&mut self) -> &mut Elements {
        self.0.get_or_insert_default()
    }
}

/// Which of the dictionaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Dict,
    Ordered,
    Counter,
}

/// A dict, or one of its two listed subclasses. Nothing is kept of an empty dict.
#[derive(Debug)]
pub(super) struct Dict(Option<Box<Pairs>>);

/// What is known of a dict's pairs.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) class: Class,
    pub(super) len: u64,
    pub(super) kept: Kept<(TorchValue, TorchValue)>,
}

impl Pairs {
    const fn none(class: Class) -> Self {
        Self {
            class,
            len: 0,
            kept: Kept(None),
        }
    }
}

impl Deref for Dict {
    type Target = Pairs;

    fn deref(&self) -> &Pairs {
        static NONE: Pairs = Pairs::none(Class::Dict);
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Dict {
    fn deref_mut(&mut self) -> &mut Pairs {
        self.0
            .get_or_insert_with(|| Box::new(Pairs::none(Class::Dict)))
    }
}

impl Dict {
    pub(super) fn new(class: Class) -> Self {
        Self((class != Class::Dict).then(|| Box::new(Pairs::none(class))))
    }

    /// Sets keys and values that alternate; that a key is there already matters to nothing that is asked.
    pub(super) fn set(&mut self, items: &[TorchValue]) {
        let pairs = wide(items.len() / 2);
        if pairs == 0 {
            return;
        }
        self.len = self.len.saturating_add(pairs);
        let room = PAIRS.saturating_sub(self.kept.len());
        for pair in items.chunks_exact(2).take(room) {
            if let [key, value] = pair {
                self.kept.extend(&[(*key, *value)]);
            }
        }
    }

    /// All pairs, if all are kept.
    pub(super) fn pairs(&self) -> Option<&[(TorchValue, TorchValue)]> {
        (wide(self.kept.len()) == self.len).then_some(&*self.kept)
    }
}

/// A tensor.
#[derive(Debug, Clone)]
pub(super) struct TorchTensor {
    pub(super) dtype: TorchDtype,
    pub(super) sizes: Vec<i64>,
    pub(super) strides: Vec<i64>,
    pub(super) offset: u64,
    /// Its memory; `None` where it has none of its own, or nothing is known of it.
    pub(super) memory: Option<u32>,
    pub(super) kind: TensorKind,
    pub(super) meta: bool,
    pub(super) class: TensorClass,
    pub(super) grad: bool,
    /// It was computed from one that requires gradients.
    pub(super) computed: bool,
}

/// What a tensor is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TensorKind {
    Strided,
    Quantized,
    /// Of a quantized type, without scale and zero point.
    Unscaled,
    Sparse,
}

/// The class of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TensorClass {
    Tensor,
    Parameter,
}

impl TorchTensor {
    pub(super) fn of_dtype(dtype: TorchDtype) -> Self {
        Self {
            dtype,
            sizes: vec![0],
            strides: vec![1],
            offset: 0,
            memory: None,
            kind: TensorKind::Strided,
            meta: false,
            class: TensorClass::Tensor,
            grad: false,
            computed: false,
        }
    }
}

/// The memory behind storages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    pub(super) bytes: u64,
    /// Whether tensors may make it longer.
    pub(super) grows: bool,
    pub(super) meta: bool,
    /// Where its bytes stand, if they stand in the archive.
    pub(super) record: Option<u32>,
    /// Bytes of an element that are turned around when it is read; 0 where none are.
    pub(super) turned: u64,
}

impl Memory {
    /// Memory of its own, of so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        Self {
            bytes,
            grows: true,
            meta: false,
            record: None,
            turned: 0,
        }
    }
}

/// Everything that values refer to.
#[derive(Debug)]
pub(super) struct Heap {
    held: HeldMemory,
    /// How many of the bytes that are held nothing takes yet.
    room: usize,
    tuples: Vec<TorchValue>,
    objects: Vec<Object>,
    /// Classes of numpy's dtypes, by number.
    numpy_classes: Vec<&'static str>,
    /// How many of them are tensors.
    tensors: usize,
    /// Elements of lists that are kept.
    elements: usize,
    pub(super) memories: Vec<Memory>,
}

/// Values that tuples come to: those of four million pairs.
const VALUES: usize = 8 << 20;
/// Objects: lists and dicts of a data set, say. A tensor counts as three.
const OBJECTS: usize = 8 << 20;
/// Elements of lists that are kept in all.
const ELEMENTS: usize = 2 << 20;

/// So many are long: room for all that there may ever be is reserved.
const LONG: usize = 1 << 18;

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
            tuples: Vec::new(),
            objects: Vec::new(),
            numpy_classes: Vec::new(),
            tensors: 0,
            elements: 0,
            memories: Vec::new(),
        }
    }

    /// Forgets everything. Its memory stays taken: an allocator may keep it.
    pub(super) fn clear(&mut self) {
        self.tuples = Vec::new();
        self.objects = Vec::new();
        self.memories = Vec::new();
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
            .saturating_mul(size_of::<(TorchValue, TorchValue)>());
        self.take(bytes.saturating_add(BOXED))
    }

    fn store(&mut self, items: &[TorchValue]) -> Result<(u32, u32), Full> {
        let at = u32::try_from(self.tuples.len()).map_err(|_| Full)?;
        let len = u32::try_from(items.len()).map_err(|_| Full)?;
        if self.tuples.len().saturating_add(items.len()) > VALUES {
            return Err(Full);
        }
        self.take(items.len().saturating_mul(size_of::<TorchValue>()))?;
        self.tuples.extend_from_slice(items);
        Ok((at, len))
    }

    pub(super) fn tuple(&mut self, items: &[TorchValue]) -> Result<TorchValue, Full> {
        let hashable = items.iter().all(|item| self.hashable(*item));
        let (at, len) = self.store(items)?;
        Ok(TorchValue::Tuple { at, len, hashable })
    }

    pub(super) fn size(&mut self, items: &[TorchValue]) -> Result<TorchValue, Full> {
        let (at, len) = self.store(items)?;
        Ok(TorchValue::Size { at, len })
    }

    /// The elements of a tuple or size.
    pub(super) fn items(&self, at: u32, len: u32) -> &[TorchValue] {
        let at = narrow(u64::from(at));
        let end = at.saturating_add(narrow(u64::from(len)));
        self.tuples.get(at..end).unwrap_or_default()
    }

    pub(super) fn object(&mut self, object: Object) -> Result<TorchValue, Full> {
        let at = u32::try_from(self.objects.len()).map_err(|_| Full)?;
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
        // At once: an allocator keeps what it copied when a long vector grew.
        if self.objects.len() == LONG {
            self.objects.reserve_exact(OBJECTS.saturating_sub(LONG));
        }
        self.objects.push(object);
        Ok(TorchValue::Object(at))
    }

    pub(super) fn get(&self, object: u32) -> Option<&Object> {
        self.objects.get(narrow(u64::from(object)))
    }

    pub(super) fn get_mut(&mut self, object: u32) -> Option<&mut Object> {
        self.objects.get_mut(narrow(u64::from(object)))
    }

    pub(super) fn memory(&mut self, memory: Memory) -> Result<u32, Full> {
        let at = u32::try_from(self.memories.len()).map_err(|_| Full)?;
        self.memories.push(memory);
        Ok(at)
    }

    pub(super) fn memory_at(&self, memory: u32) -> Option<Memory> {
        self.memories.get(narrow(u64::from(memory))).copied()
    }

    /// The number of a class of numpy's dtypes.
    pub(super) fn numpy_class(&mut self, name: &'static str) -> Option<NumpyClass> {
        let known = self.numpy_classes.iter().position(|known| *known == name);
        let at = known.unwrap_or_else(|| {
            self.numpy_classes.push(name);
            self.numpy_classes.len().saturating_sub(1)
        });
        u8::try_from(at).ok().map(NumpyClass)
    }

    /// The name of a class of numpy's dtypes.
    pub(super) fn numpy_class_name(&self, class: NumpyClass) -> Option<&'static str> {
        self.numpy_classes.get(usize::from(class.0)).copied()
    }

    /// Adds items to a list.
    pub(super) fn extend(&mut self, list: u32, items: &[TorchValue]) -> Result<(), Full> {
        let room = match self.get(list) {
            // All of them or none are asked for, so what is begun is gone on with.
            Some(Object::List(list)) if self.elements < ELEMENTS || !list.kept.is_empty() => {
                KEPT.saturating_sub(list.kept.len()).min(items.len())
            }
            Some(Object::List(_)) => 0,
            _ => return Ok(()),
        };
        let bytes = room.saturating_mul(size_of::<TorchValue>());
        self.take(bytes.saturating_add(if room > 0 { BOXED } else { 0 }))?;
        self.elements = self.elements.saturating_add(room);
        let (kept, rest) = items.split_at_checked(room).unwrap_or((items, &[]));
        let unhashable = rest.iter().any(|item| !self.hashable(*item));
        let no_pairs = rest.iter().any(|item| !self.is_pair(*item));
        if let Some(Object::List(list)) = self.get_mut(list) {
            list.len = list.len.saturating_add(wide(items.len()));
            list.kept.extend(kept);
            list.unhashable |= unhashable;
            list.no_pairs |= no_pairs;
        }
        Ok(())
    }

    /// Whether a value can be a key.
    #[inline]
    pub(super) fn hashable(&self, value: TorchValue) -> bool {
        match value {
            TorchValue::Tuple { hashable, .. } => hashable,
            TorchValue::Object(at) => !matches!(
                self.get(at),
                Some(
                    Object::List(_)
                        | Object::Dict(_)
                        | Object::Set { .. }
                        | Object::ByteArray { .. }
                )
            ),
            _ => true,
        }
    }

    /// Whether a value is a sequence of a key and something, as dictionaries are filled from.
    pub(super) fn is_pair(&self, value: TorchValue) -> bool {
        match value {
            TorchValue::Tuple { at, len, .. } => {
                len == 2
                    && self
                        .items(at, len)
                        .first()
                        .is_some_and(|key| self.hashable(*key))
            }
            TorchValue::Size { len, .. } | TorchValue::Text { len, .. } => len == 2,
            TorchValue::Bytes(len) => len == 2,
            TorchValue::Far { is_pair, .. } => is_pair,
            TorchValue::Foreign(_) => true,
            TorchValue::Object(at) => match self.get(at) {
                Some(Object::List(list)) => {
                    list.len == 2 && list.kept.first().is_some_and(|key| self.hashable(*key))
                }
                Some(Object::Dict(dict)) => dict.len == 2,
                Some(Object::Set { len } | Object::ByteArray { len }) => *len == 2,
                Some(Object::Tensor(tensor)) => tensor.sizes.first() == Some(&2),
                _ => false,
            },
            _ => false,
        }
    }

    /// What Python takes a value for where it wants a bool; `None` where that is not known.
    pub(super) fn truth(&self, value: TorchValue) -> Option<bool> {
        Some(match value {
            TorchValue::None => false,
            TorchValue::Bool(is) => is,
            TorchValue::Int(n) => n != 0,
            TorchValue::Float(n) => n != 0.0,
            TorchValue::Bytes(len) => len != 0,
            TorchValue::Text { len, .. }
            | TorchValue::Far { len, .. }
            | TorchValue::Tuple { len, .. }
            | TorchValue::Size { len, .. } => len != 0,
            TorchValue::Complex { zero } => !zero?,
            TorchValue::Object(at) => match self.get(at)? {
                Object::List(list) => list.len != 0,
                Object::Dict(dict) => dict.len != 0,
                Object::Set { len } | Object::ByteArray { len } => *len != 0,
                Object::Typed { memory, .. } | Object::Untyped { memory } => {
                    self.memory_at(*memory)?.bytes != 0
                }
                Object::Tensor(_) => return None,
            },
            TorchValue::Foreign(_) => return None,
            _ => true,
        })
    }

    /// The elements that iterating over a value gives; `None` where it cannot be iterated over, or not all are known.
    pub(super) fn elements(&self, value: TorchValue) -> Option<Vec<TorchValue>> {
        match value {
            TorchValue::Tuple { at, len, .. } | TorchValue::Size { at, len } => {
                Some(self.items(at, len).to_vec())
            }
            TorchValue::Object(at) => match self.get(at)? {
                Object::List(list) if wide(list.kept.len()) == list.len => Some(list.kept.to_vec()),
                Object::Dict(dict) => Some(dict.pairs()?.iter().map(|(key, _)| *key).collect()),
                Object::Set { len: 0 } | Object::ByteArray { len: 0 } => Some(Vec::new()),
                _ => None,
            },
            TorchValue::Far { len: 0, .. } | TorchValue::Bytes(0) => Some(Vec::new()),
            _ => None,
        }
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

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_is_as_small_as_it_says() {
        assert_eq!(size_of::<super::TorchValue>(), 16);
        assert_eq!(size_of::<super::Object>(), 16);
    }
}
