//! Arrays of pandas: what they keep their items in, their masks, and where sparse ones have values.

use super::frame_parts::{Checked, Parts, coded, of_array};
use crate::{
    bytes::wide,
    fact::ContentsFault,
    format::pickle::{
        digest::Digest,
        dtype::Dtype,
        frames::{Backing, FramePart},
        named::Found,
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// Parts of a frame that are arrays.
pub(super) struct Arrays<'a, 'v>(pub Parts<'a, 'v>);

impl Arrays<'_, '_> {
    /// The state of an array that numpy's array is behind: a dict, a tuple of one, or that array, its type and other attributes.
    pub(super) fn array(&self, target: Value, state: Value) -> Checked {
        let backing = match self.0.values.frames.of(target) {
            FramePart::Empty(backing) => backing,
            _ => backing(self.class_of(target)),
        };
        let parts = (state.kind() == ValueKind::Tuple)
            .then(|| self.0.values.preview.nodes.all(state))
            .flatten();
        match parts {
            Some([dict]) => self.array_of_dict(backing, *dict),
            Some([first, second, others @ ..]) => {
                if let [others, ..] = others {
                    self.0.only_names(*others)?;
                }
                let (array, kind) = if self.0.values.array(*first).is_some() {
                    (*first, *second)
                } else {
                    (*second, *first)
                };
                self.backed(backing, Some(array), self.0.part(kind))
            }
            _ => self.array_of_dict(backing, state),
        }
    }

    fn array_of_dict(&self, backing: Backing, dict: Value) -> Checked {
        self.0.only_names(dict)?;
        let names = [
            Attribute::Ndarray,
            Attribute::DataOfArray,
            Attribute::CodesOfArray,
        ];
        let mut arrays = names.iter().map(|name| self.0.get(dict, *name));
        let array = arrays.find(|found| *found != Found::Absent);
        let array = array.and_then(Found::one);
        // Before there was a type of categories.
        let categories = match self.0.get(dict, Attribute::CategoriesBefore) {
            Found::Absent => self.0.named(dict, Attribute::DtypeOfArray),
            found => found
                .one()
                .map_or(FramePart::Unknown, |found| self.0.part(found)),
        };
        if arrays.any(|found| found != Found::Absent) {
            return Err(ContentsFault::Frame);
        }
        self.backed(backing, array, categories)
    }

    fn backed(&self, backing: Backing, array: Option<Value>, categories: FramePart) -> Checked {
        let Some(array) = array.filter(|array| self.0.values.array(*array).is_some()) else {
            return Err(ContentsFault::Arrays);
        };
        let part = self.0.part(array);
        if backing == Backing::Codes {
            return coded(part, &categories);
        }
        let class = self.dtype_class(array).unwrap_or_default();
        let fits = match backing {
            Backing::Dates => class == "DateTime64DType",
            Backing::Durations => class == "TimeDelta64DType",
            Backing::Ordinals => class == "Int64DType",
            Backing::Objects => class == "ObjectDType",
            Backing::Any | Backing::Codes => !class.is_empty(),
        };
        match part {
            _ if !fits => Err(ContentsFault::Backing),
            FramePart::Codes { rows, .. } => Ok(FramePart::Rows(rows)),
            FramePart::Unknown => Err(ContentsFault::Arrays),
            part => Ok(part),
        }
    }

    fn dtype_class(&self, array: Value) -> Option<&'static str> {
        let dtype = self.0.values.array(array)?.dtype?;
        Dtype::of(dtype).class()
    }

    /// The name of the class that an instance was made of.
    fn class_of(&self, made: Value) -> &'static str {
        let row = made.global().unwrap_or(usize::MAX);
        self.0.class(Value::new(ValueKind::Global, wide(row)))
    }

    /// An array of numbers, and for each of them whether it is missing.
    pub(super) fn masked(&self, state: Value) -> Checked {
        self.0.only_names(state)?;
        let held = [Attribute::DataOfArray, Attribute::Mask].map(|name| {
            let value = self.0.get(state, name).one()?;
            let array = self.0.values.array(value)?;
            Some((array, self.dtype_class(value)?))
        });
        let [Some((data, class)), Some((mask, mask_class))] = held else {
            return Err(ContentsFault::Arrays);
        };
        let are_numbers = ["Bool", "Int", "UInt", "Float"];
        let fits =
            mask_class == "BoolDType" && are_numbers.iter().any(|kind| class.starts_with(kind));
        if !fits {
            return Err(ContentsFault::Backing);
        }
        if data.sizes != mask.sizes {
            return Err(ContentsFault::Rows);
        }
        match of_array(data) {
            FramePart::Codes { rows, .. } => Ok(FramePart::Rows(rows)),
            part => Ok(part),
        }
    }

    /// Where a sparse array has values: one place after another, or blocks of them, of which pandas compares more.
    pub(super) fn positions(&self, rows: Value, indices: Value, lengths: Option<Value>) -> Checked {
        let rows = self.0.values.preview.integer(rows);
        let rows = rows.and_then(|rows| u64::try_from(rows).ok());
        let integers = |array: Value| {
            let array = self.0.values.array(array)?;
            match (array.sizes.as_slice(), array.digest) {
                ([count], Some(Digest::Integers(integers))) => Some((*count, integers)),
                _ => None,
            }
        };
        let (Some(rows), Some((count, places))) = (rows, integers(indices)) else {
            return Err(ContentsFault::Arrays);
        };
        let values = match lengths.map(integers) {
            None => Some(count),
            Some(Some((blocks, lengths))) if blocks == count && lengths.min >= 0 => {
                u64::try_from(lengths.sum).ok()
            }
            Some(_) => None,
        };
        match values {
            Some(values) if places.rising && places.are_below(rows) && values <= rows => {
                Ok(FramePart::Positions { rows, values })
            }
            _ => Err(ContentsFault::Positions),
        }
    }

    pub(super) fn sparse(&self, state: Value) -> Checked {
        let places = self.0.named(state, Attribute::SparseIndex);
        let held = self.0.named(state, Attribute::SparseValues);
        let (
            FramePart::Positions { rows, values },
            FramePart::Rows(held) | FramePart::Codes { rows: held, .. },
        ) = (places, held)
        else {
            return Err(ContentsFault::Arrays);
        };
        if values == held {
            Ok(FramePart::Rows(rows))
        } else {
            Err(ContentsFault::Positions)
        }
    }
}

/// In what an array of a class keeps its items.
pub(super) fn backing(class: &str) -> Backing {
    match class {
        "Categorical" => Backing::Codes,
        "DatetimeArray" => Backing::Dates,
        "TimedeltaArray" => Backing::Durations,
        "PeriodArray" => Backing::Ordinals,
        "StringArray" => Backing::Objects,
        _ => Backing::Any,
    }
}
