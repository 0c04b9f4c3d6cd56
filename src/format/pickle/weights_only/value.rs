//! Values of the weights-only unpickler. Texts are known by where they stand, and by which encodings can hold them.

use super::names::TensorLayout;
use crate::format::pickle::{text::Letters, value::Value};

/// A value.
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
    Float {
        zero: bool,
    },
    /// A text of ASCII letters that is not empty, as the machine knows it: it is read again where more is asked.
    Text {
        value: Value,
        /// It has two characters.
        is_pair: bool,
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

/// Classes of numpy's dtypes, by number.
#[derive(Debug, Default)]
pub(super) struct NumpyClasses(Vec<&'static str>);

impl NumpyClasses {
    pub(super) fn number(&mut self, name: &'static str) -> Option<NumpyClass> {
        let known = self.0.iter().position(|known| *known == name);
        let at = known.unwrap_or_else(|| {
            self.0.push(name);
            self.0.len().saturating_sub(1)
        });
        u8::try_from(at).ok().map(NumpyClass)
    }

    pub(super) fn name(&self, class: NumpyClass) -> Option<&'static str> {
        self.0.get(usize::from(class.0)).copied()
    }
}

/// The device of a tensor, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format::pickle) enum Device {
    Cpu,
    Meta,
    /// A device that a machine may have or not.
    Other,
}
