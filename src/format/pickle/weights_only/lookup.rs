//! What values are: their types, the names of globals, and the bytes of texts.

use std::borrow::Cow;

use super::{
    Returned, WeightsOnly,
    key::Key,
    names::Meaning,
    object::{Class, Object},
    refused::{Refused, Step},
    value::TorchValue,
};
use crate::{
    bytes::{narrow, wide},
    fact::{CallReason, GlobalName, Op, PickleReason, TorchReason, TorchType},
    format::pickle::{machine::Scene, opcode as op, value::ValueKind},
    limits,
};

/// Tells what values are, and changes nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookup<'l, 'e, 'a> {
    pub(super) torch: &'l WeightsOnly<'a>,
    pub(super) scene: &'e Scene<'e>,
}

impl<'e> Lookup<'_, 'e, '_> {
    /// The name of a global.
    pub(super) fn name_of(&self, global: u32) -> GlobalName {
        self.torch
            .globals
            .get(&narrow(u64::from(global)))
            .map_or_else(|| GlobalName::new("", ""), |(name, _)| name.clone())
    }

    /// A call of a global that fails.
    pub(super) fn failed(&self, callee: u32, reason: CallReason) -> Refused {
        let callee = self.name_of(callee);
        TorchReason::Call { callee, reason }.into()
    }

    /// What a global is.
    pub(super) fn known(&self, global: u32) -> Meaning {
        self.torch
            .globals
            .get(&narrow(u64::from(global)))
            .map_or(Meaning::Foreign, |(_, known)| *known)
    }

    /// The arguments of a call: whatever can be iterated over.
    pub(super) fn unpacked(&self, callee: u32, arguments: TorchValue) -> Step<Vec<TorchValue>> {
        let elements = self.torch.heap.elements(arguments);
        elements.ok_or_else(|| self.no_arguments(callee, arguments))
    }

    pub(super) fn no_arguments(&self, callee: u32, arguments: TorchValue) -> Refused {
        self.failed(callee, CallReason::NotATuple(self.type_of(arguments)))
    }

    pub(super) fn returned(&self, value: TorchValue) -> Returned {
        match value {
            TorchValue::Int(n) => Returned::Int(n),
            TorchValue::Bool(is) => Returned::Int(i64::from(is)),
            TorchValue::Big { at, len, .. } => Returned::Big { at, len },
            value => {
                let keys = self.torch.heap.elements(value);
                let keys = keys.and_then(|keys| keys.iter().map(|key| self.key(*key)).collect());
                keys.map_or(Returned::Other, Returned::Keys)
            }
        }
    }

    pub(super) fn no_items(&self, target: TorchValue) -> Refused {
        let op = Op::new(self.scene.code);
        let target = self.type_of(target);
        PickleReason::Items { op, target }.into()
    }

    /// What a value is.
    pub(super) fn type_of(&self, value: TorchValue) -> TorchType {
        match value {
            TorchValue::None => TorchType::None,
            TorchValue::Bool(_)
            | TorchValue::Int(_)
            | TorchValue::Big { .. }
            | TorchValue::Float { .. } => TorchType::Number,
            TorchValue::Complex { .. } => TorchType::Complex,
            TorchValue::Text { .. } | TorchValue::Far { .. } => TorchType::Str,
            TorchValue::Bytes(_) => TorchType::Bytes,
            TorchValue::Tuple { .. } => TorchType::Tuple,
            TorchValue::Size { .. } => TorchType::Size,
            TorchValue::Device(_) => TorchType::Device,
            TorchValue::Layout(_) => TorchType::Layout,
            TorchValue::Global(global) => TorchType::Global(self.name_of(global)),
            TorchValue::Foreign(global) => TorchType::MadeBy(self.name_of(global)),
            TorchValue::NumpyDtype(_) => TorchType::NumpyDtype,
            TorchValue::Object(at) => match self.torch.heap.get(at) {
                Some(Object::List(_)) => TorchType::List,
                Some(Object::Dict(dict)) => match dict.class {
                    Class::Dict => TorchType::Dict,
                    Class::Ordered => TorchType::OrderedDict,
                    Class::Counter => TorchType::Counter,
                },
                Some(Object::Set { .. }) => TorchType::Set,
                Some(Object::ByteArray { .. }) => TorchType::ByteArray,
                Some(Object::Tensor(_)) => TorchType::Tensor,
                _ => TorchType::Storage,
            },
        }
    }

    pub(super) fn given(&self, callee: u32, given: usize) -> Refused {
        let given = wide(given);
        self.failed(callee, CallReason::Arguments { given })
    }

    pub(super) fn takes_no(&self, callee: u32, argument: TorchValue) -> Refused {
        self.failed(callee, CallReason::Argument(self.type_of(argument)))
    }

    /// Arguments of another number than a function takes.
    pub(super) fn not_between(&self, callee: u32, given: usize, least: u8, most: u8) -> Refused {
        let given = wide(given);
        self.failed(callee, CallReason::ArgumentsBetween { given, least, most })
    }

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

    /// What Python takes a value for where it wants a bool; `None` where that is not known.
    pub(super) fn truth(&self, value: TorchValue) -> Option<bool> {
        Some(match value {
            TorchValue::None => false,
            TorchValue::Bool(is) => is,
            TorchValue::Int(n) => n != 0,
            TorchValue::Float { zero } => !zero,
            TorchValue::Bytes(len) => len != 0,
            TorchValue::Far { len, .. }
            | TorchValue::Tuple { len, .. }
            | TorchValue::Size { len, .. } => len != 0,
            TorchValue::Complex { zero } => !zero?,
            TorchValue::Object(at) => match self.torch.heap.get(at)? {
                Object::List(list) => list.len != 0,
                Object::Dict(dict) => dict.len != 0,
                Object::Set { len } | Object::ByteArray { len } => *len != 0,
                Object::Typed { memory, .. } | Object::Untyped { memory } => {
                    self.torch.heap.memory_at(*memory)?.bytes != 0
                }
                Object::Tensor(_) => return None,
            },
            TorchValue::Foreign(_) => return None,
            _ => true,
        })
    }
}
