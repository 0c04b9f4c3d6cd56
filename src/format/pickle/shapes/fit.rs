//! Values against patterns.
//!
//! What is not known of a value does not fit a pattern that asks for it. Picklers use arguments and states just after they have
//! made them, so what is asked for is there, however large the pickle is.

use super::{KnownUse, Makes, Pattern, canonical, known, spelling};
use crate::fact::Misfit;
use crate::format::pickle::{
    dtype::{Dtypes, Layout},
    marks::Marks,
    planted::Planted,
    preview::Preview,
    tensors::Tensors,
    value::{Value, ValueKind},
};

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
}

impl Values<'_> {
    /// Whether a tuple has these parts.
    pub(super) fn arguments(&self, parts: &[Pattern], tuple: Value) -> bool {
        let known = (tuple.kind() == ValueKind::Tuple).then(|| self.preview.nodes.all(tuple));
        let Some(values) = known.flatten() else {
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
            Pattern::Attributes => self.are_attributes_of_data(value),
            Pattern::Fields => kind == ValueKind::Dict && self.are_fields(value),
            Pattern::TensorAttributes => {
                self.are_attributes_of_data(value) && self.are_attributes(value, Marks::TENSOR_KEY)
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

    /// Whether a value is a dict whose keys are texts, of which none has such a mark; or a pair of such, for `__dict__` and slots.
    fn are_attributes(&self, value: Value, not: Marks) -> bool {
        self.all_attributes(value, |marks, _| {
            !marks.has(not) && !marks.has(Marks::ODD_KEY)
        })
    }

    /// The same for what a pack's name makes: no attribute is something that could be called in place of a method.
    fn are_attributes_of_data(&self, value: Value) -> bool {
        self.are_attributes(value, Marks::SPECIAL_KEY)
            && self.all_attributes(value, |marks, dict| {
                let pairs = self.preview.nodes.all(dict);
                !marks.has(Marks::CALLABLE)
                    || pairs.is_some_and(|pairs| {
                        pairs.chunks_exact(2).all(
                            |pair| matches!(pair, [key, value] if self.is_no_method(*key, *value)),
                        )
                    })
            })
    }

    /// Whether a dict is what an instance of a pack's class has as `__dict__`: nothing in it is called in place of a method.
    fn are_fields(&self, dict: Value) -> bool {
        self.are_attributes(dict, Marks::SPECIAL_KEY) && !self.planted.is_in(dict)
    }

    /// Whether a global, or something of which nothing is known, could be called in place of a method under this key. A type that
    /// a pack only names, such as `numpy.float64`, could not where the key says that it is one.
    pub(in crate::format::pickle) fn could_be_method(&self, key: Value, value: Value) -> bool {
        if value.kind() != ValueKind::Global {
            return true;
        }
        let name = self.preview.log.name(value.index());
        let spelling = name.and_then(|name| spelling(name.module.as_bytes(), name.name.as_bytes()));
        match (name, spelling) {
            (None, _) => true,
            // The policy has to list it, and says what it may be used for.
            (Some(_), None) => false,
            (Some(_), Some(spelling)) if !spelling.callable => false,
            (Some(_), Some(_)) => {
                let is_value = matches!(self.known(value.index()), Some(KnownUse::Shape(shape)) if shape.is_only_named());
                let key = self.preview.string(key);
                let says_type =
                    key.is_some_and(|key| key.as_str().is_some_and(|key| key.ends_with("type")));
                !(is_value && says_type)
            }
        }
    }

    fn all_attributes(&self, value: Value, fits: impl Fn(Marks, Value) -> bool) -> bool {
        let plain = |dict: Value| match dict.kind() {
            ValueKind::None => true,
            ValueKind::Dict => self
                .preview
                .nodes
                .summary(dict)
                .is_some_and(|summary| fits(summary.marks, dict)),
            _ => false,
        };
        match value.kind() {
            ValueKind::Dict => plain(value),
            ValueKind::Tuple => match self.preview.nodes.all(value) {
                Some([attributes, slots]) => plain(*attributes) && plain(*slots),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether an attribute is none that would be called: what is no global, a dtype of torch, or a name of another library under
    /// a name that no dictionary has a method of.
    fn is_no_method(&self, key: Value, value: Value) -> bool {
        const METHODS: &[&str] = &[
            "clear",
            "copy",
            "elements",
            "fromkeys",
            "get",
            "items",
            "keys",
            "most_common",
            "move_to_end",
            "pop",
            "popitem",
            "setdefault",
            "subtract",
            "total",
            "values",
        ];
        if value.kind() != ValueKind::Global {
            return !matches!(
                value.kind(),
                ValueKind::Extension | ValueKind::Unknown | ValueKind::Stale
            );
        }
        match self.preview.log.name(value.index()) {
            Some(name) => match spelling(name.module.as_bytes(), name.name.as_bytes()) {
                Some(spelling) => !spelling.callable,
                None => self
                    .preview
                    .string(key)
                    .is_some_and(|key| !METHODS.iter().any(|method| key == *method)),
            },
            None => false,
        }
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

    /// Whether a state is plain: attributes; or data for a method of the class's own, in which nothing would be taken for the
    /// name of an attribute that Python calls.
    pub(in crate::format::pickle) fn plain_state(&self, state: Value) -> Result<(), Misfit> {
        let expected = || Err(Misfit::PlainState);
        match state.kind() {
            ValueKind::Dict | ValueKind::Tuple
                if self.are_attributes(state, Marks::SPECIAL_KEY) =>
            {
                Ok(())
            }
            // Data classes with slots give a list to their own `__setstate__`; without one nothing takes it.
            ValueKind::Tuple | ValueKind::List => {
                let known = self
                    .preview
                    .nodes
                    .summary(state)
                    .map(|summary| summary.marks);
                let pair_of_dicts = matches!(self.preview.nodes.all(state), Some([first, second])
                    if matches!(first.kind(), ValueKind::None | ValueKind::Dict) && second.kind() == ValueKind::Dict);
                match known {
                    Some(marks) if !marks.has(Marks::SPECIAL) && !pair_of_dicts => Ok(()),
                    _ => expected(),
                }
            }
            ValueKind::None
            | ValueKind::Bool
            | ValueKind::Int
            | ValueKind::Long
            | ValueKind::Float
            | ValueKind::Bytes => Ok(()),
            ValueKind::Str | ValueKind::StrAt if !state.marks().has(Marks::SPECIAL) => Ok(()),
            _ => expected(),
        }
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
