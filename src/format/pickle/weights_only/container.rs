//! Containers, numbers and bytes: what the globals that make them take.

use super::{
    elements::{Asked, Elements, UNKNOWN},
    execution::Execution,
    names::Family,
    object::{Class, Dict, Object, TensorKind},
    refused::Step,
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

/// Calls the classes of containers, numbers and bytes.
#[derive(Debug)]
pub(super) struct Containers<'x, 'e, 'a> {
    run: &'x mut Execution<'e, 'a>,
}

impl<'x, 'e, 'a> Containers<'x, 'e, 'a> {
    pub(super) fn new(run: &'x mut Execution<'e, 'a>) -> Self {
        Self { run }
    }

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
                if let Some(mapping) = self.run.torch.heap.dict(*source) {
                    dict.len = mapping.len;
                    dict.kept.clone_from(&mapping.kept);
                } else {
                    dict.len = match class {
                        Class::Counter => {
                            Elements::new(self.run.lookup()).all(*source, Asked::Keys)
                        }
                        _ => Elements::new(self.run.lookup()).all(*source, Asked::Pairs),
                    }
                    .ok_or_else(|| self.run.lookup().takes_no(callee, *source))?;
                }
            }
            other => return Err(self.run.lookup().given(callee, other.len())),
        }
        Ok(self.run.torch.heap.object(Object::Dict(dict))?)
    }

    pub(super) fn set(&mut self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        let len = match arguments {
            [] => 0,
            [source] => Elements::new(self.run.lookup())
                .all(*source, Asked::Keys)
                .ok_or_else(|| self.run.lookup().takes_no(callee, *source))?,
            other => return Err(self.run.lookup().given(callee, other.len())),
        };
        Ok(self.run.torch.heap.object(Object::Set { len })?)
    }

    /// `torch.Size`, of what can be iterated over and holds integers, however large.
    pub(super) fn torch_size(&mut self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        let source = match arguments {
            [] => return Ok(self.run.torch.heap.size(&[])?),
            [source] => *source,
            other => return Err(self.run.lookup().given(callee, other.len())),
        };
        let refused = self.run.lookup().takes_no(callee, source);
        let integers = match Elements::new(self.run.lookup()).integers_inside(source) {
            Some(count) if count <= SIZE => Some(vec![UNKNOWN; narrow(count)]),
            Some(_) => None,
            None => self.run.torch.heap.elements(source).and_then(|items| {
                let integers = items
                    .into_iter()
                    .map(|item| Elements::new(self.run.lookup()).index(item));
                integers.collect()
            }),
        };
        Ok(self.run.torch.heap.size(&integers.ok_or(refused)?)?)
    }

    pub(super) fn complex(&self, callee: u32, arguments: &[TorchValue]) -> Step<TorchValue> {
        /// Longer integers are larger than any float.
        const FLOAT: u8 = 128;
        let number = |value: TorchValue| match value {
            TorchValue::Int(_)
            | TorchValue::Bool(_)
            | TorchValue::Float { .. }
            | TorchValue::Complex { .. } => true,
            TorchValue::Big { len, .. } => len <= FLOAT,
            value => self.run.torch.heap.tensor(value).is_some_and(|tensor| {
                let read = !matches!(tensor.kind, TensorKind::Sparse | TensorKind::Unscaled);
                let single = tensor.sizes.iter().all(|size| *size == 1);
                read && single && !tensor.meta && tensor.dtype.family != Family::Bits
            }),
        };
        let zero = |value: TorchValue| self.run.lookup().truth(value).map(|truth| !truth);
        match arguments {
            [] => Ok(TorchValue::Complex { zero: Some(true) }),
            [text @ (TorchValue::Text { .. } | TorchValue::Far { .. })] => {
                let bytes = self.run.lookup().bytes_of(*text).unwrap_or_default();
                let text_of = String::from_utf8_lossy(&bytes);
                match text_of.trim().parse::<f64>() {
                    Ok(n) => Ok(TorchValue::Complex {
                        zero: Some(n == 0.0),
                    }),
                    Err(_) => Err(self.run.lookup().takes_no(callee, *text)),
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
            [one] => Err(self.run.lookup().takes_no(callee, *one)),
            [one, two] => Err(self
                .run
                .lookup()
                .takes_no(callee, if number(*one) { *two } else { *one })),
            other => Err(self.run.lookup().given(callee, other.len())),
        }
    }

    /// Which of its characters a text can have in an encoding; `None` for encodings that no writer uses.
    fn encoding(&self, name: TorchValue) -> Option<Letters> {
        let name = String::from_utf8(self.run.lookup().bytes_of(name)?.into_owned())
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
                    known.ok_or_else(|| self.run.lookup().takes_no(callee, *encoding))?,
                )
            }
            other => return Err(self.run.lookup().given(callee, other.len())),
        };
        if let [_, _, errors] = arguments
            && self
                .run
                .lookup()
                .bytes_of(*errors)
                .is_none_or(|errors| errors.contains(&0))
        {
            return Err(self.run.lookup().takes_no(callee, *errors));
        }
        let (letters, len) = match text {
            TorchValue::Text { .. } => {
                let len = self.run.lookup().len_of(text);
                (
                    Letters::Ascii,
                    len.ok_or_else(|| self.run.lookup().takes_no(callee, text))?,
                )
            }
            TorchValue::Far { len, holds, .. } => (holds, u64::from(len)),
            other => return Err(self.run.lookup().takes_no(callee, other)),
        };
        if letters > encoding {
            return Err(self.run.lookup().failed(callee, CallReason::Unencodable));
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
                .ok_or_else(|| self.run.lookup().takes_no(callee, TorchValue::Int(*n)))?,
            [
                source @ (TorchValue::Tuple { .. }
                | TorchValue::Size { .. }
                | TorchValue::Object(_)),
            ] => {
                if let TorchValue::Object(at) = source
                    && let Some(Object::ByteArray { len }) = self.run.torch.heap.get(*at)
                {
                    *len
                } else {
                    let byte = |value: &TorchValue| match value {
                        TorchValue::Int(n) => (0..256).contains(n),
                        TorchValue::Bool(_) => true,
                        _ => false,
                    };
                    let items = self.run.torch.heap.elements(*source);
                    let items = items.filter(|items| items.iter().all(byte));
                    wide(
                        items
                            .ok_or_else(|| self.run.lookup().takes_no(callee, *source))?
                            .len(),
                    )
                }
            }
            [
                text @ (TorchValue::Text { .. } | TorchValue::Far { .. }),
                encoding,
                ..,
            ] if arguments.len() <= 3 => match self.encode(callee, arguments)? {
                TorchValue::Bytes(len) => len,
                _ => {
                    return Err(self
                        .run
                        .lookup()
                        .takes_no(callee, if text == encoding { *text } else { *encoding }));
                }
            },
            [source] => return Err(self.run.lookup().takes_no(callee, *source)),
            other => return Err(self.run.lookup().given(callee, other.len())),
        };
        Ok(self.run.torch.heap.object(Object::ByteArray { len })?)
    }
}
