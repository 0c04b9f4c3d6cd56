//! Values that libraries make: numpy's dtypes and arrays, torch's tensors, and dicts of which a key could stand for a method.

use crate::format::pickle::{
    dtype::Dtypes,
    machine::Scene,
    planted::Planted,
    preview::Preview,
    shapes::{self, Makes, Shape, Values},
    tensors::{self, TensorSummary, Tensors},
    value::{Value, ValueKind},
};

/// An ordered dict to which something was given.
pub(super) const FILLED: u32 = 1;

/// What is known of values that libraries made.
#[derive(Debug, Default, Clone)]
pub(in crate::format::pickle) struct MadeValues {
    pub(super) dtypes: Dtypes,
    pub(super) tensors: Tensors,
    pub(super) planted: Planted,
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
                        dtype: None,
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
                let text = scene.preview().short_string(text);
                text.map_or(0, |text| shapes::few(text.as_bytes()))
            }
            (Makes::Array, _) if shape.is_of_buffer() => match known {
                [_, dtype, sizes, ..] => {
                    let sizes = self.values(scene).sizes(*sizes);
                    // Of one whose sizes are not known, no dtype is known.
                    let dtype = sizes.is_some().then_some(*dtype);
                    self.tensors.keep(TensorSummary {
                        sizes: sizes.unwrap_or_default(),
                        dtype,
                        ..Default::default()
                    })
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
            (Makes::OrderedDict, Some(list)) => {
                let empty = matches!(scene.nodes.summary(list), Some(summary) if summary.len == 0);
                if empty { 0 } else { FILLED }
            }
            (Makes::Dtype, Some(first)) => match first.kind() {
                ValueKind::Global => match scene.log.name(first.index()) {
                    Some(name) => self.dtypes.of_type(name).detail(),
                    None => 0,
                },
                ValueKind::Str => {
                    let code = std::str::from_utf8(scene.names.text(first.index()));
                    self.dtypes.spelled(code.unwrap_or_default()).detail()
                }
                // Once more names are met than are kept, the code stands in the file alone.
                ValueKind::StrAt => {
                    let code = scene.preview().string(first);
                    let code = code
                        .as_ref()
                        .and_then(|code| code.as_str())
                        .unwrap_or_default();
                    self.dtypes.spelled(code).detail()
                }
                ValueKind::Bool | ValueKind::Int => self.dtypes.of_texts().detail(),
                _ => 0,
            },
            _ => 0,
        }
    }
}
