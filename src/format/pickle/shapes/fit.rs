//! Values against patterns.
//!
//! What is not known of a value does not fit a pattern that asks for it. Picklers use arguments and states just after they have
//! made them, so what is asked for is there, however large the pickle is.

use std::collections::VecDeque;

use super::{KnownUse, Makes, Pattern, attributes::Attributes, canonical, known};
use crate::fact::Misfit;
use crate::format::pickle::{
    arrays::Reads,
    arrows::Arrows,
    dtype::{Dtypes, Layout},
    frames::Frames,
    marks::Marks,
    named::NamedValues,
    planted::Planted,
    preview::Preview,
    tensors::{TensorSummary, Tensors},
    value::{CHILDREN, Value, ValueKind},
    widths::{Width, Widths},
};

/// The last tuples of some more children than are kept of all: the states of trees.
#[derive(Debug, Clone, Default)]
pub(in crate::format::pickle) struct States {
    last: VecDeque<(u64, Box<[Value]>)>,
}

impl States {
    /// The most children of a state.
    const CHILDREN: usize = 13;
    /// How many are kept. A state is set just after it is made.
    const KEPT: usize = 4;

    /// Notes a tuple that is made.
    #[inline]
    pub(in crate::format::pickle) fn keep(&mut self, tuple: Value, children: &[Value]) {
        if (CHILDREN.saturating_add(1)..=Self::CHILDREN).contains(&children.len()) {
            if self.last.len() >= Self::KEPT {
                self.last.pop_front();
            }
            self.last.push_back((tuple.number(), children.into()));
        }
    }

    fn get(&self, tuple: Value) -> Option<&[Value]> {
        let mut known = self.last.iter().rev();
        let known = known.find(|(id, _)| *id == tuple.number());
        known.map(|(_, children)| &**children)
    }
}

/// The values of a stream at a moment.
#[derive(Debug, Clone, Copy)]
pub(in crate::format::pickle) struct Values<'a> {
    /// Containers, texts, globals.
    pub preview: Preview<'a>,
    /// numpy's dtypes.
    pub dtypes: &'a Dtypes,
    /// torch's tensors.
    pub tensors: &'a Tensors,
    /// Dicts that hold names which can be called.
    pub planted: &'a Planted,
    /// What dicts hold under names that are asked for.
    pub named: &'a NamedValues,
    /// What trees need.
    pub widths: &'a Widths,
    /// What parts of frames hold.
    pub frames: &'a Frames,
    /// Types and buffers of pyarrow.
    pub arrows: &'a Arrows,
    /// How many bytes of arrays were read.
    pub reads: &'a Reads,
    /// Where the stream is.
    pub at: u64,
    /// Tuples of more children than are kept of others, which a state may be.
    pub states: &'a States,
}

impl<'a> Values<'a> {
    /// What is asked of attributes.
    #[inline]
    pub(in crate::format::pickle) fn attributes(&self) -> Attributes<'a> {
        Attributes {
            preview: self.preview,
            planted: self.planted,
        }
    }

    /// The children of a tuple.
    pub(super) fn tuple(&self, tuple: Value) -> Option<&'a [Value]> {
        if tuple.kind() != ValueKind::Tuple {
            return None;
        }
        let known = self.preview.nodes.all(tuple);
        known.or_else(|| self.states.get(tuple))
    }

    /// Whether a tuple has these parts.
    pub(super) fn arguments(&self, parts: &[Pattern], tuple: Value) -> bool {
        let Some(values) = self.tuple(tuple) else {
            return false;
        };
        let optional = |pattern: &&Pattern| matches!(pattern, Pattern::Optional(_));
        let needed = parts
            .len()
            .saturating_sub(parts.iter().filter(optional).count());
        (needed..=parts.len()).contains(&values.len())
            && parts
                .iter()
                .zip(values)
                .all(|(part, value)| self.fits(part, *value))
    }

    /// Whether a value is what a pattern says.
    pub(super) fn fits(&self, pattern: &Pattern, value: Value) -> bool {
        let kind = value.kind();
        match pattern {
            Pattern::Any => true,
            Pattern::Data => self.is_data(value),
            Pattern::None => kind == ValueKind::None,
            Pattern::Flag => {
                kind == ValueKind::Bool || kind == ValueKind::Int && matches!(value.as_int(), 0 | 1)
            }
            Pattern::Is(is) => kind == ValueKind::Bool && value.number() == u64::from(*is),
            Pattern::Int(from, to) => {
                let int = self.preview.integer(value);
                int.map_or(
                    kind == ValueKind::Long && (*from, *to) == (i64::MIN, i64::MAX),
                    |int| (from..=to).contains(&&int),
                )
            }
            Pattern::Float => kind == ValueKind::Float,
            Pattern::Text => matches!(kind, ValueKind::Str | ValueKind::StrAt),
            Pattern::OneText(texts) => {
                let text = self.preview.string(value);
                text.is_some_and(|text| texts.iter().any(|one| text == *one))
            }
            Pattern::OneBytes(bytes) => match kind {
                ValueKind::Bytes => self
                    .preview
                    .bytes(value)
                    .is_some_and(|known| known == bytes.as_bytes()),
                _ => {
                    self.makes(value) == Some(Makes::Bytes)
                        && value.detail() == few(bytes.as_bytes())
                }
            },
            Pattern::Bytes => {
                matches!(kind, ValueKind::Bytes | ValueKind::Buffer)
                    || self.makes(value) == Some(Makes::Bytes)
            }
            Pattern::Sizes => self.are_sizes(value),
            Pattern::Tuple(parts) => self.arguments(parts, value),
            Pattern::List => kind == ValueKind::List,
            Pattern::Dict => kind == ValueKind::Dict,
            Pattern::Attributes => self.attributes().are_attributes_of_data(value),
            Pattern::Fields => kind == ValueKind::Dict && self.attributes().are_fields(value),
            Pattern::TensorAttributes => {
                self.attributes().are_attributes_of_data(value)
                    && self.attributes().are_attributes(value, Marks::TENSOR_KEY)
            }
            Pattern::Made(Makes::Dtype) => {
                self.makes(value) == Some(Makes::Dtype) && self.dtypes.layout(value).is_some()
            }
            Pattern::Made(makes) => self.makes(value) == Some(*makes),
            Pattern::Hooks => {
                // Made in this place, so nothing has it under another name that could still be filled.
                kind == ValueKind::None
                    || value.is_fresh()
                        && value.detail() == 0
                        && self.makes(value) == Some(Makes::OrderedDict)
            }
            Pattern::Storage => kind == ValueKind::Persistent || self.is_loaded_storage(value),
            Pattern::Global(names, _) => self
                .canonical(value)
                .is_some_and(|name| names.contains(&name)),
            Pattern::Module(module) => {
                let name =
                    (kind == ValueKind::Global).then(|| self.preview.log.name(value.index()));
                name.flatten().is_some_and(|name| {
                    let rest = name.module.as_bytes().strip_prefix(module.as_bytes());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
                })
            }
            Pattern::OtherClass => {
                kind == ValueKind::Global
                    && matches!(self.known(value.index()), Some(KnownUse::Plain))
            }
            Pattern::OneOf(patterns) => patterns.iter().any(|pattern| self.fits(pattern, value)),
            Pattern::Optional(pattern) => self.fits(pattern, value),
        }
    }

    /// How a row's global is used; `None` if it has no name.
    fn known(&self, row: usize) -> Option<KnownUse> {
        let name = self.preview.log.name(row)?;
        Some(known(name.module.as_bytes(), name.name.as_bytes()))
    }

    /// The name that a policy has for a global of a pack.
    pub(in crate::format::pickle) fn canonical(&self, value: Value) -> Option<&'static str> {
        let global =
            (value.kind() == ValueKind::Global).then(|| self.preview.log.name(value.index()));
        let name = global.flatten()?;
        canonical(name.module.as_bytes(), name.name.as_bytes())
    }

    /// What the call made that made a value.
    pub(in crate::format::pickle) fn makes(&self, value: Value) -> Option<Makes> {
        if !matches!(value.kind(), ValueKind::Result | ValueKind::Instance) {
            return None;
        }
        match self.known(value.global()?)? {
            KnownUse::Shape(shape) => Some(shape.makes()),
            KnownUse::Plain => None,
        }
    }

    /// What is known of an array.
    pub(in crate::format::pickle) fn array(&self, value: Value) -> Option<&'a TensorSummary> {
        let is_array = self.makes(value) == Some(Makes::Array);
        is_array.then(|| self.tensors.get(value)).flatten()
    }

    /// How many columns of an input the parts of a value need.
    pub(in crate::format::pickle) fn width(&self, value: Value) -> Width {
        self.width_of(value, self.makes(value))
    }

    /// The same of a value of which it is known what the call made that made it.
    pub(in crate::format::pickle) fn width_of(&self, value: Value, makes: Option<Makes>) -> Width {
        match value.kind() {
            ValueKind::None
            | ValueKind::Bool
            | ValueKind::Int
            | ValueKind::Long
            | ValueKind::Float
            | ValueKind::Str
            | ValueKind::StrAt
            | ValueKind::Bytes => Width::NONE,
            ValueKind::List | ValueKind::Tuple if !self.named.is_older(value) => {
                self.widths.of_list(value)
            }
            _ => match makes {
                Some(Makes::Estimator) => self.widths.of(value),
                // Which columns of an input something gets.
                Some(Makes::Array) => match self.array(value) {
                    Some(TensorSummary {
                        width: Some(width), ..
                    }) => *width,
                    Some(array) => match array.sizes.as_slice() {
                        [length] => Width::exactly(*length),
                        _ => Width::UNKNOWN,
                    },
                    None => Width::UNKNOWN,
                },
                _ => Width::UNKNOWN,
            },
        }
    }

    /// How items of a dtype are laid out that an array may have, once its state is set: an item that is itself an array would be
    /// more dimensions.
    pub(in crate::format::pickle) fn dtype_layout(&self, value: Value) -> Option<Layout> {
        let dtype = self.makes(value) == Some(Makes::Dtype);
        let layout = dtype.then(|| self.dtypes.layout(value)).flatten();
        layout.filter(|layout| !layout.array)
    }

    /// Whether these are the arguments that numpy makes an array with, and its state but for the bytes.
    pub(in crate::format::pickle) fn are_of_array(&self, arguments: Value, state: Value) -> bool {
        let parts = |tuple: Value| {
            let known = (tuple.kind() == ValueKind::Tuple).then(|| self.preview.nodes.all(tuple));
            known.flatten()
        };
        let (Some([class, empty, code]), Some([version, sizes, dtype, fortran])) =
            (parts(arguments), parts(state))
        else {
            return false;
        };
        class.kind() == ValueKind::Global
            && self.sizes(*empty).is_some_and(|sizes| sizes == [0])
            && (self.fits(&Pattern::OneText(&["b"]), *code)
                || self.fits(&Pattern::OneBytes("b"), *code))
            && self.preview.integer(*version) == Some(1)
            && self.sizes(*sizes).is_some()
            && self
                .dtype_layout(*dtype)
                .is_some_and(|layout| !layout.listed)
            && self.fits(&Pattern::Flag, *fortran)
    }

    /// A storage that is pickled outside an archive: its bytes are an archive of their own. No pack lists what reads it.
    fn is_loaded_storage(&self, value: Value) -> bool {
        let made = matches!(value.kind(), ValueKind::Result)
            .then(|| value.global())
            .flatten();
        let name = made.and_then(|row| self.preview.log.name(row));
        name.is_some_and(|name| name.module == "torch.storage" && name.name == "_load_from_bytes")
    }

    /// Whether a value is data or an instance: no global, as far down as is known.
    pub(super) fn is_data(&self, value: Value) -> bool {
        if value.held().has(Marks::CALLABLE) {
            return false;
        }
        let container = value.kind().is_container();
        let summary = container
            .then(|| self.preview.nodes.summary(value))
            .flatten();
        !summary.is_some_and(|summary| summary.marks.has(Marks::CALLABLE))
    }

    fn are_sizes(&self, value: Value) -> bool {
        /// The most dimensions that torch and numpy have.
        const DIMENSIONS: u64 = 64;
        if value.kind() != ValueKind::Tuple {
            return self.makes(value) == Some(Makes::Size);
        }
        let few = self
            .preview
            .nodes
            .summary(value)
            .is_some_and(|summary| summary.len <= DIMENSIONS);
        few && (self.preview.nodes.product(value).is_some() || self.sizes(value).is_some())
    }

    /// What a tuple of sizes comes to.
    pub(super) fn product(&self, value: Value) -> Option<u64> {
        self.preview.nodes.product(value).or_else(|| {
            let sizes = self.sizes(value)?;
            Some(sizes.into_iter().fold(1, u64::saturating_mul))
        })
    }

    /// The integers of a tuple of sizes, or of a `torch.Size`.
    pub(in crate::format::pickle) fn sizes(&self, value: Value) -> Option<Vec<u64>> {
        if value.kind() != ValueKind::Tuple {
            let size = (self.makes(value) == Some(Makes::Size)).then(|| self.tensors.get(value));
            return size.flatten().map(|size| size.sizes.clone());
        }
        let sizes = self.preview.nodes.whole(value)?.iter();
        let size = |size: &Value| u64::try_from(self.preview.integer(*size)?).ok();
        sizes.map(size).collect()
    }

    /// Whether a call of a name that no pack lists has the plain shape: data and instances as arguments.
    pub(in crate::format::pickle) fn plain_call(&self, arguments: Value) -> Result<(), Misfit> {
        let fits = arguments.kind() == ValueKind::Tuple && self.is_data(arguments);
        if fits {
            Ok(())
        } else {
            Err(Misfit::PlainArguments)
        }
    }
}

/// The bytes of which a value keeps this, where there are at most two.
pub(in crate::format::pickle) fn few_of(kept: u32) -> Option<Box<[u8]>> {
    let [first, second, length, 0] = kept.to_le_bytes() else {
        return None;
    };
    match length {
        1 => Some(Box::default()),
        2 => Some(Box::new([first])),
        3 => Some(Box::new([second, first])),
        _ => None,
    }
}

/// What a value that a call made keeps of its bytes: which they are, where there are at most two; 0 where there are more.
pub(in crate::format::pickle) fn few(bytes: &[u8]) -> u32 {
    let byte = |at| bytes.get(at).copied().map_or(0, u32::from);
    match bytes.len() {
        0 => 1 << 16,
        1 => (2 << 16) | byte(0),
        2 => (3 << 16) | (byte(0) << 8) | byte(1),
        _ => 0,
    }
}
