//! Values that libraries make: numpy's dtypes and arrays, torch's tensors, and dicts of which a key could stand for a method.

use std::collections::VecDeque;

use super::lists::NamedLists;
use crate::{
    fact::GlobalName,
    format::pickle::{
        arrays::{self, Contents, Reads},
        arrows::Arrows,
        digest::Digest,
        dtype::Dtypes,
        frames::{FramePart, Frames},
        machine::Scene,
        named::NamedValues,
        planted::Planted,
        preview::Preview,
        shapes::{self, ArrowMade, KnownUse, Makes, Shape, States, Values},
        tensors::{self, TensorSummary, Tensors},
        texts::Attribute,
        value::{Value, ValueKind},
        widths::{Width, Widths},
    },
};

/// An ordered dict to which something was given.
pub(super) const FILLED: u32 = 1;

/// What is known of values that libraries made.
#[derive(Debug, Default, Clone)]
pub(in crate::format::pickle) struct MadeValues {
    pub(super) dtypes: Dtypes,
    pub(super) tensors: Tensors,
    pub(super) planted: Planted,
    pub(super) named: NamedValues,
    pub(super) widths: Widths,
    pub(super) frames: Frames,
    pub(super) arrows: Arrows,
    reads: Reads,
    states: States,
    pub(super) lists: NamedLists,
    texts: Texts,
}

/// The texts of which bytes were made last, for what asks which bytes an array has.
#[derive(Debug, Default, Clone)]
struct Texts {
    last: VecDeque<(u32, Value)>,
    next: u32,
}

impl Texts {
    /// How many are kept. An array gets its bytes just after they are made.
    const KEPT: usize = 64;
    /// What a value keeps of bytes is less than this where there are few of them, and they themselves.
    const FIRST: u32 = 1 << 18;
    /// So many are told apart.
    const IDS: u32 = 1 << 23;

    /// Keeps a text, and returns what the value that is made of it keeps.
    fn keep(&mut self, text: Value) -> u32 {
        self.next = self.next.wrapping_add(1) & Self::IDS.wrapping_sub(1);
        let id = Self::FIRST.saturating_add(self.next);
        if self.last.len() >= Self::KEPT {
            self.last.pop_front();
        }
        self.last.push_back((id, text));
        id
    }

    fn get(&self, bytes: Value) -> Option<Value> {
        let known = self.last.iter().rev();
        let mut known = known.filter(|(id, _)| *id == bytes.detail());
        known.next().map(|(_, text)| *text)
    }
}

impl MadeValues {
    /// What shapes ask of values.
    #[inline]
    pub(super) fn values<'a>(&'a self, scene: &'a Scene<'_>) -> Values<'a> {
        Values {
            preview: scene.preview(),
            dtypes: &self.dtypes,
            tensors: &self.tensors,
            planted: &self.planted,
            named: &self.named,
            widths: &self.widths,
            frames: &self.frames,
            arrows: &self.arrows,
            reads: &self.reads,
            at: scene.lexer.offset(),
            states: &self.states,
        }
    }

    /// A global is named: from here on it may be asked what dicts and lists hold.
    #[inline]
    pub(super) fn name(&mut self, row: usize, name: Option<&GlobalName>, next: u64) {
        if self.named.asked() {
            return;
        }
        let shape = name.map(|name| shapes::known(name.module.as_bytes(), name.name.as_bytes()));
        if matches!(shape, Some(KnownUse::Shape(shape)) if shape.asks_contents()) {
            self.named.ask(next);
            self.lists.ask(row);
        }
    }

    /// What is known of an array with a dtype, sizes and items.
    pub(super) fn array(
        &self,
        dtype: Value,
        sizes: Option<Vec<u64>>,
        items: Option<Value>,
        scene: &Scene<'_>,
    ) -> TensorSummary {
        // Of one whose sizes are not known, no dtype is known.
        let Some(sizes) = sizes else {
            return TensorSummary::default();
        };
        let mut known = TensorSummary {
            sizes,
            dtype: Some(dtype),
            ..TensorSummary::default()
        };
        if let Some(items) = items.filter(|_| self.named.asked()) {
            if items.kind() == ValueKind::List {
                known.width = Some(self.values(scene).width(items));
            } else if let Some(contents) = self.contents(items, &known.sizes, scene) {
                known.digest = self.digest(dtype, &known.sizes, &contents, scene);
            }
        }
        known
    }

    /// Notes that an array without items has none, whoever reads it.
    pub(super) fn note_empty(&self, array: &mut TensorSummary, scene: &Scene<'_>) {
        if let (Some(dtype), true) = (array.dtype, array.sizes.contains(&0)) {
            let nothing = Contents::Kept(Box::default());
            array.digest = self.digest(dtype, &array.sizes, &nothing, scene);
        }
    }

    /// The state of something is set, which fits or does not: what is known of it now.
    pub(super) fn settle(
        &mut self,
        shape: &Shape,
        (target, state): (Value, Value),
        is_fit: bool,
        scene: &Scene<'_>,
    ) {
        match shape.makes() {
            Makes::Array => {
                let array = match scene.nodes.all(state).unwrap_or_default() {
                    [_, sizes, dtype, rest @ ..] => {
                        let sizes = self.values(scene).sizes(*sizes);
                        self.array(*dtype, sizes, rest.get(1).copied(), scene)
                    }
                    _ => TensorSummary::default(),
                };
                self.tensors.finished(target, array);
            }
            Makes::Estimator if is_fit => {
                let width = shape.width(target, state, &self.values(scene));
                self.widths.settle(target, width);
            }
            Makes::FramePart => {
                let values = self.values(scene);
                let part = if is_fit {
                    shape.frame_part_of_state(target, state, &values)
                } else {
                    FramePart::Unknown
                };
                self.frames.settle(target, part);
            }
            _ => {}
        }
    }

    /// Notes what trees need that are put into a list or a tuple, and parts of frames.
    #[inline]
    pub(super) fn put_in_list(&mut self, list: Value, items: &[Value], scene: &Scene<'_>) {
        if self.named.asked() {
            self.note_list(list, items, scene);
        }
    }

    fn note_list(&mut self, list: Value, items: &[Value], scene: &Scene<'_>) {
        if list.kind() == ValueKind::Tuple {
            self.states.keep(list, items);
        }
        let values = self.values(scene);
        let mut width = Width::NONE;
        let mut parts = Vec::new();
        let mut all_parts = true;
        for item in items {
            let makes = values.makes(*item);
            width = width.and(values.width_of(*item, makes));
            if all_parts {
                let part = shapes::frame_part(*item, makes, &values);
                all_parts = part != FramePart::Unknown;
                parts.push(part);
            }
        }
        let now = scene.nodes.summary(list).map(|summary| summary.len);
        self.widths.put(list, width);
        self.frames.put(list, &parts, now);
    }

    /// Notes what attributes a dict has, and what a block holds that it describes.
    #[inline]
    pub(super) fn put_in_dict(&mut self, dict: Value, pairs: &[Value], scene: &Scene<'_>) {
        if !self.named.asked() {
            return;
        }
        self.named.put(dict, pairs);
        for pair in pairs.chunks_exact(2) {
            if let [name, held] = pair
                && Attribute::of(*name) == Some(Attribute::BlockValues)
            {
                let values = self.values(scene);
                let part = shapes::frame_part(*held, values.makes(*held), &values);
                if !matches!(part, FramePart::Unknown | FramePart::Block(_)) {
                    self.frames.describe(dict, part);
                }
            }
        }
    }

    /// What the items of an array come to that has one dimension.
    pub(super) fn digest(
        &self,
        dtype: Value,
        sizes: &[u64],
        contents: &Contents,
        scene: &Scene<'_>,
    ) -> Option<Digest> {
        let [count] = sizes else { return None };
        if !self.reads.may_read(contents, scene.lexer.offset()) {
            return None;
        }
        let layout = self.values(scene).dtype_layout(dtype)?;
        let columns = self.dtypes.columns(dtype);
        arrays::digest(&layout, columns, *count, contents, scene.window)
    }

    /// Where the bytes of an array are.
    fn contents(&self, items: Value, sizes: &[u64], scene: &Scene<'_>) -> Option<Contents> {
        if sizes.contains(&0) {
            return Some(Contents::Kept(Box::default()));
        }
        if items.kind() != ValueKind::Result {
            return Contents::of(items, &scene.preview());
        }
        match self.texts.get(items) {
            // A `bytearray` of bytes that were made themselves; those that are kept bound how deep.
            Some(bytes) if bytes.kind() == ValueKind::Result => self.contents(bytes, sizes, scene),
            Some(text) => Contents::of(text, &scene.preview()),
            None => shapes::few_of(items.detail()).map(Contents::Kept),
        }
    }

    /// Whether a value could be called in place of a method of the name that a key is.
    #[inline]
    pub(super) fn is_planted(&self, key: Value, value: Value, scene: &Scene<'_>) -> bool {
        matches!(
            value.kind(),
            ValueKind::Global | ValueKind::Extension | ValueKind::Unknown | ValueKind::Stale
        ) && self.values(scene).attributes().could_be_method(key, value)
    }

    /// An instance is made of a class and nothing else: what is known of it besides its class.
    pub(super) fn add_instance(&mut self, shape: &Shape) -> u32 {
        match shape.makes() {
            Makes::Estimator => self.widths.made(None),
            Makes::FramePart => self.frames.made(FramePart::Unknown),
            _ => 0,
        }
    }

    /// A call makes a value: what is known of it besides what made it.
    pub(super) fn add(&mut self, shape: &Shape, arguments: Value, scene: &Scene<'_>) -> u32 {
        let known = scene.nodes.get(arguments).map(|(_, kept)| kept);
        let known = known.unwrap_or_default();
        match (shape.makes(), known.first().copied()) {
            (Makes::Tensor, _) if shape.is_strided() => match known {
                [storage, _, sizes, strides, ..] => {
                    let indexes = Preview::indexes(*storage);
                    let (sizes, strides) = (
                        self.values(scene).sizes(*sizes),
                        self.values(scene).sizes(*strides),
                    );
                    let (sizes, strides) = (sizes.unwrap_or_default(), strides.unwrap_or_default());
                    let contiguous = tensors::are_contiguous(&sizes, &strides);
                    self.tensors.keep(TensorSummary {
                        sizes,
                        contiguous,
                        indexes,
                        ..Default::default()
                    })
                }
                _ => 0,
            },
            (Makes::Size, Some(sizes)) => {
                let sizes = self.values(scene).sizes(sizes).unwrap_or_default();
                self.tensors.keep(TensorSummary {
                    sizes,
                    ..Default::default()
                })
            }
            (Makes::Layout, Some(name)) => {
                let name = scene.preview().string(name);
                tensors::layout_of(
                    name.as_ref()
                        .and_then(|name| name.as_str())
                        .unwrap_or_default(),
                )
            }
            (Makes::Bytes, Some(text)) => {
                let short = scene.preview().short_string(text);
                match short.map_or(0, |text| shapes::few(text.as_bytes())) {
                    0 if self.named.asked() => self.texts.keep(text),
                    few => few,
                }
            }
            (Makes::Bytes, None) if scene.nodes.all(arguments).is_some_and(<[_]>::is_empty) => {
                shapes::few(&[])
            }
            (Makes::Array, _) if shape.is_of_buffer() => match known {
                [items, dtype, sizes, ..] => {
                    let sizes = self.values(scene).sizes(*sizes);
                    let known = self.array(*dtype, sizes, Some(*items), scene);
                    self.tensors.keep(known)
                }
                _ => 0,
            },
            (Makes::Array, class) if shape.has_state() => {
                let name = class.and_then(|class| self.values(scene).canonical(class));
                let is_matrix = matches!(
                    name,
                    Some("numpy.matrix" | "numpy.matrixlib.defmatrix.matrix")
                );
                self.tensors.unfinished(is_matrix)
            }
            (Makes::ArrowBuffer, Some(bytes)) => match self.contents(bytes, &[], scene) {
                Some(contents) => self.arrows.keep_buffer(contents),
                None => 0,
            },
            (Makes::ArrowType | Makes::ArrowField, _) => {
                match shape.arrow(arguments, &self.values(scene)) {
                    Some(ArrowMade::Type(made)) => self.arrows.keep_type(made),
                    Some(ArrowMade::Field(kind)) => kind,
                    _ => 0,
                }
            }
            (Makes::FramePart, _) => {
                let part = shape.frame_part(arguments, &self.values(scene));
                self.frames.made(part)
            }
            (Makes::Estimator, first) => {
                let kept =
                    first.and_then(|first| shape.kept_of_estimator(first, &self.values(scene)));
                self.widths.made(kept)
            }
            (Makes::OrderedDict, Some(list)) => {
                let empty = matches!(scene.nodes.summary(list), Some(summary) if summary.len == 0);
                if empty { 0 } else { FILLED }
            }
            (Makes::Dtype, Some(first)) => dtype_of(first, &mut self.dtypes, scene),
            _ => 0,
        }
    }
}

/// What is kept of a dtype that is made of a type, a code or a flag.
fn dtype_of(first: Value, dtypes: &mut Dtypes, scene: &Scene<'_>) -> u32 {
    match first.kind() {
        ValueKind::Global => match scene.log.name(first.index()) {
            Some(name) => dtypes.of_type(name).detail(),
            None => 0,
        },
        ValueKind::Str => {
            let code = std::str::from_utf8(scene.names.text(first.index()));
            dtypes.spelled(code.unwrap_or_default()).detail()
        }
        // Once more names are met than are kept, the code stands in the file alone.
        ValueKind::StrAt => {
            let code = scene.preview().string(first);
            let code = code
                .as_ref()
                .and_then(|code| code.as_str())
                .unwrap_or_default();
            dtypes.spelled(code).detail()
        }
        ValueKind::Bool | ValueKind::Int => dtypes.of_texts().detail(),
        _ => 0,
    }
}
