//! Containers, numbers and bytes: what the globals that make them take.

use super::{
    execution::{Execution, Step},
    names::Family,
    object::{Class, Dict, Object, TensorKind, TorchTensor},
    storage::ALLOCATES,
    value::TorchValue,
};
use crate::{
    bytes::{narrow, wide},
    fact::CallReason,
    format::pickle::text::Letters,
};

/// The longest size that is followed where it is made of bytes.
const SIZE: u64 = 4096;

/// An integer of which it is not known which.
const UNKNOWN: TorchValue = TorchValue::Big {
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

impl Execution<'_, '_> {
    /// `OrderedDict` or `Counter`, of nothing, of a mapping, or of what can be iterated over.
    pub(super) fn dictionary(
        &mut self,
        callee: u32,
        class: Class,
        arguments: &[TorchValue],
    ) -> Step<TorchValue> {
        let mut dict = Dict::new(class);
        match arguments {
            [] => {}
            [TorchValue::None] if class == Class::Counter => {}
            [TorchValue::Foreign(_)] => dict.len = 1,
            [source] => {
                if let Some(mapping) = self.torch.heap.dict(*source) {
                    dict.len = mapping.len;
                    dict.kept.clone_from(&mapping.kept);
                } else {
                    dict.len = match class {
                        Class::Counter => self.all(*source, Asked::Keys),
                        _ => self.all(*source, Asked::Pairs),
                    }
                    .ok_or_else(|| self.takes_no(callee, *source))?;
                }
            }
            other => return Err(self.given(callee, other.len())),
        }
        Ok(self.torch.heap.object(Object::Dict(dict))?)
    }

    fn fits(&self, value: TorchValue, asked: Asked) -> bool {
        match asked {
            Asked::Keys => self.torch.heap.hashable(value),
            Asked::Pairs => self.torch.heap.is_pair(value),
            Asked::Nothing => true,
        }
    }

    /// How many elements iterating over a value gives, if each is what is asked for.
    pub(super) fn all(&self, source: TorchValue, asked: Asked) -> Option<u64> {
        let keys = asked != Asked::Pairs;
        match source {
            TorchValue::Object(at) => match self.torch.heap.get(at)? {
                Object::List(list) => {
                    let heap = &self.torch.heap;
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
                    let pairs = self.torch.heap.pairs(dict)?;
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
                    .torch
                    .heap
                    .memory_at(*memory)?
                    .bytes
                    .checked_div(dtype.bytes),
                Object::Untyped { memory } if keys => {
                    Some(self.torch.heap.memory_at(*memory)?.bytes)
                }
                // Elements of a set are keys. Pairs among them are not told apart.
                Object::Set { len } | Object::ByteArray { len } => {
                    (keys || *len == 0).then_some(*len)
                }
                _ => None,
            },
            TorchValue::Tuple { at, len, .. } | TorchValue::Size { at, len } => {
                let items = self.torch.heap.items(at, len);
                let all = items.iter().all(|item| self.fits(*item, asked));
                all.then_some(u64::from(len))
            }
            // Characters are keys, and no pairs.
            TorchValue::Text { .. } | TorchValue::Far { .. } | TorchValue::Bytes(_) => {
                let empty = self.torch.heap.truth(source) == Some(false);
                (keys || empty).then_some(u64::from(!empty))
            }
            TorchValue::Foreign(_) => Some(1),
            _ => None,
        }
    }

    pub(super) fn set(&mut self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        let len = match arguments {
            [] => 0,
            [source] => self
                .all(*source, Asked::Keys)
                .ok_or_else(|| self.takes_no(callee, *source))?,
            other => return Err(self.given(callee, other.len())),
        };
        Ok(self.torch.heap.object(Object::Set { len })?)
    }

    /// `torch.Size`, of what can be iterated over and holds integers, however large.
    pub(super) fn torch_size(&mut self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        let source = match arguments {
            [] => return Ok(self.torch.heap.size(&[])?),
            [source] => *source,
            other => return Err(self.given(callee, other.len())),
        };
        let refused = self.takes_no(callee, source);
        let integers = match self.integers_inside(source) {
            Some(count) if count <= SIZE => Some(vec![UNKNOWN; narrow(count)]),
            Some(_) => None,
            None => self.torch.heap.elements(source).and_then(|items| {
                let integers = items.into_iter().map(|item| self.index(item));
                integers.collect()
            }),
        };
        Ok(self.torch.heap.size(&integers.ok_or(refused)?)?)
    }

    /// How many integers iterating over something gives that does not say which.
    fn integers_inside(&self, source: TorchValue) -> Option<u64> {
        let object = match source {
            TorchValue::Bytes(len) => return Some(len),
            TorchValue::Object(at) => self.torch.heap.get(at)?,
            _ => return None,
        };
        let bytes = |memory: &u32| {
            let memory = self.torch.heap.memory_at(*memory)?;
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
    fn index(&self, item: TorchValue) -> Option<TorchValue> {
        match item {
            TorchValue::Int(_) | TorchValue::Big { .. } => Some(item),
            TorchValue::Bool(is) => Some(TorchValue::Int(i64::from(is))),
            item => {
                let tensor = self.torch.heap.tensor(item)?;
                is_single_integer(tensor, &tensor.sizes).then_some(UNKNOWN)
            }
        }
    }

    // ---- numbers and bytes

    pub(super) fn complex(&self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        /// Longer integers are larger than any float.
        const FLOAT: u8 = 128;
        let number = |value: TorchValue| match value {
            TorchValue::Int(_)
            | TorchValue::Bool(_)
            | TorchValue::Float { .. }
            | TorchValue::Complex { .. } => true,
            TorchValue::Big { len, .. } => len <= FLOAT,
            value => self.torch.heap.tensor(value).is_some_and(|tensor| {
                let read = !matches!(tensor.kind, TensorKind::Sparse | TensorKind::Unscaled);
                let single = tensor.sizes.iter().all(|size| *size == 1);
                read && single && !tensor.meta && tensor.dtype.family != Family::Bits
            }),
        };
        let zero = |value: TorchValue| self.torch.heap.truth(value).map(|truth| !truth);
        match arguments {
            [] => Ok(TorchValue::Complex { zero: Some(true) }),
            [text @ (TorchValue::Text { .. } | TorchValue::Far { .. })] => {
                let bytes = self.bytes_of(*text).unwrap_or_default();
                let text_of = String::from_utf8_lossy(&bytes);
                match text_of.trim().parse::<f64>() {
                    Ok(n) => Ok(TorchValue::Complex {
                        zero: Some(n == 0.0),
                    }),
                    Err(_) => Err(self.takes_no(callee, *text)),
                }
            }
            [one] if number(*one) => Ok(TorchValue::Complex { zero: zero(*one) }),
            [one, two] if number(*one) && number(*two) => Ok(TorchValue::Complex {
                zero: match (zero(*one), zero(*two)) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
            }),
            [one] => Err(self.takes_no(callee, *one)),
            [one, two] => Err(self.takes_no(callee, if number(*one) { *two } else { *one })),
            other => Err(self.given(callee, other.len())),
        }
    }

    /// Which of its characters a text can have in an encoding; `None` for encodings that no writer uses.
    fn encoding(&self, name: TorchValue) -> Option<Letters> {
        let name = String::from_utf8(self.bytes_of(name)?.into_owned())
            .ok()?
            .to_ascii_lowercase();
        Some(match name.replace('_', "-").as_str() {
            "latin1" | "latin-1" | "iso-8859-1" | "iso8859-1" | "l1" => Letters::Latin1,
            "utf-8" | "utf8" => Letters::Unicode,
            "ascii" | "us-ascii" => Letters::Ascii,
            _ => return None,
        })
    }

    /// `_codecs.encode`, by which bytes are stored in protocol 2.
    pub(super) fn encode(&self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        let (text, encoding) = match arguments {
            [text] => (*text, Letters::Unicode),
            [text, encoding] | [text, encoding, _] => {
                let known = self.encoding(*encoding);
                (
                    *text,
                    known.ok_or_else(|| self.takes_no(callee, *encoding))?,
                )
            }
            other => return Err(self.given(callee, other.len())),
        };
        if let [_, _, errors] = arguments
            && self
                .bytes_of(*errors)
                .is_none_or(|errors| errors.contains(&0))
        {
            return Err(self.takes_no(callee, *errors));
        }
        let (letters, len) = match text {
            TorchValue::Text { .. } => {
                let len = self.len_of(text);
                (
                    Letters::Ascii,
                    len.ok_or_else(|| self.takes_no(callee, text))?,
                )
            }
            TorchValue::Far { len, holds, .. } => (holds, u64::from(len)),
            other => return Err(self.takes_no(callee, other)),
        };
        if letters > encoding {
            return Err(self.failed(callee, CallReason::Unencodable));
        }
        Ok(TorchValue::Bytes(len))
    }

    pub(super) fn byte_array(&mut self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        let len = match arguments {
            [] => 0,
            [TorchValue::Bytes(len)] => *len,
            [TorchValue::Bool(is)] => u64::from(*is),
            [TorchValue::Int(n)] => u64::try_from(*n)
                .ok()
                .filter(|n| *n < ALLOCATES)
                .ok_or_else(|| self.takes_no(callee, TorchValue::Int(*n)))?,
            [
                source @ (TorchValue::Tuple { .. }
                | TorchValue::Size { .. }
                | TorchValue::Object(_)),
            ] => {
                if let TorchValue::Object(at) = source
                    && let Some(Object::ByteArray { len }) = self.torch.heap.get(*at)
                {
                    *len
                } else {
                    let byte = |value: &TorchValue| match value {
                        TorchValue::Int(n) => (0..256).contains(n),
                        TorchValue::Bool(_) => true,
                        _ => false,
                    };
                    let items = self.torch.heap.elements(*source);
                    let items = items.filter(|items| items.iter().all(byte));
                    wide(items.ok_or_else(|| self.takes_no(callee, *source))?.len())
                }
            }
            [
                text @ (TorchValue::Text { .. } | TorchValue::Far { .. }),
                encoding,
                ..,
            ] if arguments.len() <= 3 => match self.encode(callee, arguments)? {
                TorchValue::Bytes(len) => len,
                _ => {
                    return Err(
                        self.takes_no(callee, if text == encoding { *text } else { *encoding })
                    );
                }
            },
            [source] => return Err(self.takes_no(callee, *source)),
            other => return Err(self.given(callee, other.len())),
        };
        Ok(self.torch.heap.object(Object::ByteArray { len })?)
    }
}

/// Whether a tensor of these sizes is one integer to Python.
fn is_single_integer(tensor: &TorchTensor, sizes: &[i64]) -> bool {
    let plain = tensor.kind == TensorKind::Strided && !tensor.meta && tensor.dtype.is_integer();
    plain && sizes.iter().all(|size| *size == 1)
}
