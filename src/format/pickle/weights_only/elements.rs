//! What containers hold, as far as functions ask.

use super::{
    lookup::Lookup,
    object::{Object, TensorKind, TorchTensor},
    value::TorchValue,
};
use crate::bytes::wide;

/// An integer of which it is not known which.
pub(super) const UNKNOWN: TorchValue = TorchValue::Big {
    at: 0,
    len: 0,
    negative: false,
};

/// What a container asks of its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// That they can be hashed.
    Keys,
    /// That each is a key and a value.
    Pairs,
    /// Nothing.
    Nothing,
}

/// Tells what containers hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elements<'l, 'e, 'a> {
    lookup: Lookup<'l, 'e, 'a>,
}

impl<'l, 'e, 'a> Elements<'l, 'e, 'a> {
    pub(super) fn new(lookup: Lookup<'l, 'e, 'a>) -> Self {
        Self { lookup }
    }

    /// How many numbers a flat list or tuple has.
    pub(super) fn numbers(&self, source: TorchValue) -> Option<u64> {
        let items = self.lookup.torch.heap.elements(source)?;
        let number = |item: &TorchValue| {
            matches!(
                item,
                TorchValue::Int(_) | TorchValue::Float { .. } | TorchValue::Bool(_)
            )
        };
        items.iter().all(number).then_some(wide(items.len()))
    }

    fn fits(&self, value: TorchValue, asked: Asked) -> bool {
        match asked {
            Asked::Keys => self.lookup.torch.heap.hashable(value),
            Asked::Pairs => self.lookup.torch.heap.is_pair(value),
            Asked::Nothing => true,
        }
    }

    /// How many elements iterating over a value gives, if each is what is asked for.
    pub(super) fn all(&self, source: TorchValue, asked: Asked) -> Option<u64> {
        let keys = asked != Asked::Pairs;
        match source {
            TorchValue::Object(at) => match self.lookup.torch.heap.get(at)? {
                Object::List(list) => {
                    let heap = &self.lookup.torch.heap;
                    let mut kept = list.kept.iter().map(|item| heap.unpack(*item));
                    let kept = kept.all(|item| self.fits(item, asked));
                    let wrong = match asked {
                        Asked::Keys => list.unhashable,
                        Asked::Pairs => list.no_pairs,
                        Asked::Nothing => false,
                    };
                    (kept && !wrong).then_some(list.len)
                }
                Object::Dict(dict) => {
                    let pairs = self.lookup.torch.heap.pairs(dict)?;
                    let mut keys = pairs.iter().map(|(key, _)| *key);
                    keys.all(|key| self.fits(key, asked)).then_some(dict.len)
                }
                // Iterating over a tensor gives tensors, which are keys; rows of two are pairs.
                Object::Tensor(tensor) => {
                    let (first, rest) = tensor.sizes.split_first()?;
                    let pairs = *first == 0 || rest.first() == Some(&2);
                    (keys || pairs).then_some(first.cast_unsigned())
                }
                Object::Typed { memory, dtype } if keys => self
                    .lookup
                    .torch
                    .heap
                    .memory_at(*memory)?
                    .bytes
                    .checked_div(dtype.bytes),
                Object::Untyped { memory } if keys => {
                    Some(self.lookup.torch.heap.memory_at(*memory)?.bytes)
                }
                // Elements of a set are keys. Pairs among them are not told apart.
                Object::Set { len } | Object::ByteArray { len } => {
                    (keys || *len == 0).then_some(*len)
                }
                _ => None,
            },
            TorchValue::Tuple { at, len, .. } | TorchValue::Size { at, len } => {
                let items = self.lookup.torch.heap.items(at, len);
                let all = items.iter().all(|item| self.fits(*item, asked));
                all.then_some(u64::from(len))
            }
            // Characters are keys, and no pairs.
            TorchValue::Text { .. } | TorchValue::Far { .. } | TorchValue::Bytes(_) => {
                let empty = self.lookup.truth(source) == Some(false);
                (keys || empty).then_some(u64::from(!empty))
            }
            TorchValue::Foreign(_) => Some(1),
            _ => None,
        }
    }

    /// How many integers iterating over something gives that does not say which.
    pub(super) fn integers_inside(&self, source: TorchValue) -> Option<u64> {
        let object = match source {
            TorchValue::Bytes(len) => return Some(len),
            TorchValue::Object(at) => self.lookup.torch.heap.get(at)?,
            _ => return None,
        };
        let bytes = |memory: &u32| {
            let memory = self.lookup.torch.heap.memory_at(*memory)?;
            (!memory.meta).then_some(memory.bytes)
        };
        match object {
            Object::ByteArray { len } => Some(*len),
            Object::Untyped { memory } => bytes(memory),
            Object::Typed { memory, dtype } if dtype.is_integer() => {
                bytes(memory)?.checked_div(dtype.bytes)
            }
            // Its rows have to be single numbers, if it has any.
            Object::Tensor(tensor) => {
                let (first, row) = tensor.sizes.split_first()?;
                let single = is_single_integer(tensor, row);
                (*first == 0 || single).then_some(first.cast_unsigned())
            }
            _ => None,
        }
    }

    /// What stands for an integer as `operator.index` takes it.
    pub(super) fn index(&self, item: TorchValue) -> Option<TorchValue> {
        match item {
            TorchValue::Int(_) | TorchValue::Big { .. } => Some(item),
            TorchValue::Bool(is) => Some(TorchValue::Int(i64::from(is))),
            item => {
                let tensor = self.lookup.torch.heap.tensor(item)?;
                is_single_integer(tensor, &tensor.sizes).then_some(UNKNOWN)
            }
        }
    }

    /// How many bytes `torch.UntypedStorage` makes of a sequence.
    pub(super) fn bytes_of_sequence(&self, value: TorchValue) -> Option<u64> {
        match value {
            TorchValue::Bytes(len) => return Some(len),
            TorchValue::Object(at) => match self.lookup.torch.heap.get(at)? {
                Object::ByteArray { len } => return Some(*len),
                Object::List(_) => {}
                _ => return None,
            },
            _ => {}
        }
        let items = self.lookup.torch.heap.elements(value)?;
        let byte = |item: &TorchValue| matches!(item, TorchValue::Int(_) | TorchValue::Bool(_));
        items.iter().all(byte).then_some(wide(items.len()))
    }

    /// A tuple or list of integers of 64 bits. A bool is one, except for the first.
    pub(super) fn integers(&self, value: TorchValue) -> Option<Vec<i64>> {
        let list = match value {
            TorchValue::Tuple { .. } | TorchValue::Size { .. } => true,
            TorchValue::Object(at) => {
                matches!(self.lookup.torch.heap.get(at), Some(Object::List(_)))
            }
            _ => false,
        };
        if !list {
            return None;
        }
        let items = self.lookup.torch.heap.elements(value)?;
        if matches!(items.first(), Some(TorchValue::Bool(_))) {
            return None;
        }
        let integers = items.iter().map(|item| match item {
            TorchValue::Int(n) => Some(*n),
            TorchValue::Bool(is) => Some(i64::from(*is)),
            _ => None,
        });
        integers.collect()
    }
}

/// Whether a tensor of these sizes is one integer to Python.
fn is_single_integer(tensor: &TorchTensor, sizes: &[i64]) -> bool {
    let plain = tensor.kind == TensorKind::Strided && !tensor.meta && tensor.dtype.is_integer();
    plain && sizes.iter().all(|size| *size == 1)
}
