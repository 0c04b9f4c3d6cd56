//! Objects of the weights-only unpickler: as much of each as decides what torch does with it.

use std::ops::{Deref, DerefMut};

use super::{names::TorchDtype, packed::Packed};
use crate::{bytes::wide, format::pickle::machine::Items};

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

/// Pairs of a dict that are kept: attributes and flags are asked for, never the entries of a state dict.
pub(super) const PAIRS: usize = 256;

/// What is kept of a container: nothing at first, in as little room.
#[derive(Debug, Clone)]
#[allow(clippy::box_collection, reason = "millions of containers may be empty")]
pub(super) struct Kept<T>(Option<Box<Vec<T>>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Kept<T> {
    pub(super) fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        self.0.get_or_insert_default().extend(items);
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
    pub(super) kept: Kept<Packed>,
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
    pub(super) kept: Kept<(Packed, Packed)>,
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
    pub(super) fn set(&mut self, items: Items<'_, Packed>) {
        let pairs = items.values.len() / 2;
        if pairs == 0 {
            return;
        }
        self.len = self.len.saturating_add(wide(pairs));
        let room = PAIRS.saturating_sub(self.kept.len());
        let mut items = items.iter().map(Packed::of);
        for _ in 0..room.min(pairs) {
            if let (Some(key), Some(value)) = (items.next(), items.next()) {
                self.kept.extend([(key, value)]);
            }
        }
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

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_is_as_small_as_it_says() {
        assert_eq!(size_of::<super::Object>(), 16);
    }
}
