//! Frames of pandas: rows against one another, and codes against what they number.
//!
//! `pandas.core.internals` and `pandas._libs` believe that an index has as many rows as the blocks beside it, and that codes lie within
//! categories and levels. What they compare themselves when a pickle is loaded (where columns stand, the sizes of a frame that is
//! made of blocks, an `IntIndex` within its length) is left to them.

use super::{FrameCheck, Makes, Values};
use crate::{
    bytes::wide,
    fact::ContentsFault,
    format::pickle::{
        digest::Digest,
        dtype::Dtype,
        frames::{Backing, FramePart},
        named::Found,
        tensors::TensorSummary,
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// What is known of a part, or what does not fit.
type Checked = Result<FramePart, ContentsFault>;

/// Compares a call.
pub(super) fn call(check: FrameCheck, arguments: &[Value], values: &Values<'_>) -> Checked {
    let parts = Parts { values };
    match (check, arguments) {
        (FrameCheck::Labels, [class, dict]) => parts.labels(*class, *dict),
        (FrameCheck::Array, [class, ..]) => Ok(FramePart::Empty(parts.backing(*class))),
        (FrameCheck::Intervals, _) => Ok(FramePart::Unknown),
        (FrameCheck::Positions, [rows, indices, lengths @ ..]) => {
            parts.positions(*rows, *indices, lengths.first().copied())
        }
        (FrameCheck::Block, [held, ..]) => match parts.part(*held) {
            rows @ (FramePart::Rows(_) | FramePart::Codes { .. } | FramePart::Columns { .. }) => {
                Ok(rows)
            }
            _ => Err(ContentsFault::Arrays),
        },
        (FrameCheck::Manager, [blocks, axes]) => parts.manager(*blocks, *axes),
        _ => Err(ContentsFault::Arrays),
    }
}

/// Compares a state.
pub(super) fn state(
    check: FrameCheck,
    target: Value,
    state: Value,
    values: &Values<'_>,
) -> Checked {
    let parts = Parts { values };
    match check {
        FrameCheck::Array => parts.array(target, state),
        FrameCheck::Masked => parts.masked(state),
        FrameCheck::Intervals => {
            let dict = match values.preview.nodes.all(state) {
                Some([dict]) => *dict,
                _ => state,
            };
            let pair = [Attribute::LeftOfArray, Attribute::RightOfArray];
            parts.as_many(pair.map(|side| parts.named(dict, side)))
        }
        FrameCheck::Sparse => parts.sparse(state),
        FrameCheck::Type => Ok(match parts.named(state, Attribute::Categories) {
            FramePart::Rows(rows) => FramePart::Categories(rows),
            _ => FramePart::Unknown,
        }),
        FrameCheck::Manager => parts.manager_of_state(state),
        FrameCheck::Frame | FrameCheck::Series => {
            let held =
                [Attribute::Manager, Attribute::DataOfArray].map(|name| parts.get(state, name));
            let ([Found::One(manager), Found::Absent] | [Found::Absent, Found::One(manager)]) =
                held
            else {
                return Err(ContentsFault::Frame);
            };
            let is_series = check == FrameCheck::Series;
            if parts.part(manager) == (FramePart::Manager { is_series }) {
                Ok(FramePart::Unknown)
            } else {
                Err(ContentsFault::Frame)
            }
        }
        FrameCheck::Labels | FrameCheck::Positions | FrameCheck::Block => {
            Err(ContentsFault::Arrays)
        }
    }
}

/// What is known of a value.
pub(in crate::format::pickle) fn part(
    value: Value,
    makes: Option<Makes>,
    values: &Values<'_>,
) -> FramePart {
    match makes {
        Some(Makes::FramePart) => values.frames.of(value),
        Some(Makes::Array) => values
            .tensors
            .get(value)
            .map_or(FramePart::Unknown, of_array),
        _ if value.kind() == ValueKind::Dict
            && values.frames.described(value) != FramePart::Unknown =>
        {
            FramePart::Block(value.by_name())
        }
        _ => FramePart::Unknown,
    }
}

fn of_array(array: &TensorSummary) -> FramePart {
    match (array.sizes.as_slice(), array.digest) {
        // Of one whose sizes are not known, no dtype is known.
        _ if array.dtype.is_none() => FramePart::Unknown,
        ([rows], Some(Digest::Integers(integers))) => FramePart::Codes {
            rows: *rows,
            min: integers.min,
            max: integers.max,
        },
        ([rows], _) => FramePart::Rows(*rows),
        ([_, rows], _) => FramePart::Columns { rows: *rows },
        _ => FramePart::Unknown,
    }
}

/// Values, as parts of a frame.
struct Parts<'a, 'v> {
    values: &'a Values<'v>,
}

impl Parts<'_, '_> {
    fn get(&self, dict: Value, name: Attribute) -> Found {
        self.values.named.get(dict, name)
    }

    fn part(&self, value: Value) -> FramePart {
        part(value, self.values.makes(value), self.values)
    }

    fn named(&self, dict: Value, name: Attribute) -> FramePart {
        let value = self.get(dict, name).one();
        value.map_or(FramePart::Unknown, |value| self.part(value))
    }

    fn list(&self, list: Value) -> Option<&[FramePart]> {
        let is_list = matches!(list.kind(), ValueKind::List | ValueKind::Tuple);
        if !is_list || self.values.named.is_older(list) {
            return None;
        }
        let summary = self.values.preview.nodes.summary(list);
        self.values
            .frames
            .of_list(list, summary.map(|summary| summary.len))
    }

    /// The canonical name of a class within its module.
    fn class(&self, class: Value) -> &'static str {
        let name = self.values.canonical(class).unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, name)| name)
    }

    /// Whether a dict has none but names that are asked for: each argument that it gives is looked at.
    fn only_names(&self, dict: Value) -> Result<(), ContentsFault> {
        let children = self.values.preview.nodes.summary(dict);
        let names = self.values.named.count(dict);
        let pairs = children.map(|children| children.len);
        if pairs == wide(names).checked_mul(2) {
            Ok(())
        } else {
            Err(ContentsFault::Frame)
        }
    }

    /// An index, of the keyword arguments that its class gets.
    fn labels(&self, class: Value, dict: Value) -> Checked {
        self.only_names(dict)?;
        match self.class(class) {
            "RangeIndex" => self.range(dict),
            "MultiIndex" => self.levels(dict),
            "IntervalIndex" => {
                let pair = [Attribute::Left, Attribute::Right];
                self.as_many(pair.map(|side| self.named(dict, side)))
            }
            _ => match self.named(dict, Attribute::Data) {
                FramePart::Rows(rows) | FramePart::Codes { rows, .. } => Ok(FramePart::Rows(rows)),
                _ => Err(ContentsFault::Arrays),
            },
        }
    }

    fn range(&self, dict: Value) -> Checked {
        let number = |name| {
            let value = self.get(dict, name).one()?;
            self.values.preview.integer(value)
        };
        let ends = (number(Attribute::Start), number(Attribute::Stop));
        let (Some(step), (Some(start), Some(stop))) = (number(Attribute::Step), ends) else {
            return Err(ContentsFault::Arrays);
        };
        let (from, to) = if step < 0 {
            (stop, start)
        } else {
            (start, stop)
        };
        let span = i128::from(to) - i128::from(from);
        let rows = u64::try_from(span.max(0)).ok();
        let rows = rows.zip(Some(step.unsigned_abs()).filter(|step| *step > 0));
        let rows = rows.map(|(span, step)| span.div_ceil(step));
        rows.map(FramePart::Rows).ok_or(ContentsFault::Arrays)
    }

    /// Levels, and for each of them the place of each row in it; -1 is nowhere.
    fn levels(&self, dict: Value) -> Checked {
        let codes = match (
            self.get(dict, Attribute::Codes),
            self.get(dict, Attribute::CodesBefore),
        ) {
            (Found::One(codes), Found::Absent) | (Found::Absent, Found::One(codes)) => codes,
            _ => return Err(ContentsFault::Arrays),
        };
        let levels = self.get(dict, Attribute::Levels).one();
        let levels = levels.and_then(|levels| self.list(levels));
        let (Some(levels), Some(codes)) = (levels, self.list(codes)) else {
            return Err(ContentsFault::Arrays);
        };
        let mut of_all = None;
        if levels.len() != codes.len() {
            return Err(ContentsFault::Codes);
        }
        for (level, codes) in levels.iter().zip(codes) {
            let FramePart::Rows(rows) = self.coded(*codes, level)? else {
                return Err(ContentsFault::Arrays);
            };
            if of_all.is_some_and(|known| known != rows) {
                return Err(ContentsFault::Rows);
            }
            of_all = Some(rows);
        }
        of_all.map(FramePart::Rows).ok_or(ContentsFault::Arrays)
    }

    /// Codes into something with so many items.
    fn coded(&self, codes: FramePart, of: &FramePart) -> Checked {
        let (FramePart::Rows(count)
        | FramePart::Codes { rows: count, .. }
        | FramePart::Categories(count)) = *of
        else {
            return Err(ContentsFault::Arrays);
        };
        match codes {
            FramePart::Codes { rows, min, max }
                if min >= -1 && u64::try_from(max).map_or(max == -1, |max| max < count) =>
            {
                Ok(FramePart::Rows(rows))
            }
            FramePart::Codes { .. } => Err(ContentsFault::Codes),
            _ => Err(ContentsFault::Arrays),
        }
    }

    /// Two that have as many rows.
    fn as_many(&self, pair: [FramePart; 2]) -> Checked {
        let rows = |part| match part {
            FramePart::Rows(rows) | FramePart::Codes { rows, .. } => Some(rows),
            _ => None,
        };
        match pair.map(rows) {
            [Some(left), Some(right)] if left == right => Ok(FramePart::Rows(left)),
            [Some(_), Some(_)] => Err(ContentsFault::Rows),
            _ => Err(ContentsFault::Arrays),
        }
    }

    /// In what an array of a class keeps its items.
    fn backing(&self, class: Value) -> Backing {
        of_class(self.class(class))
    }

    /// The state of an array that numpy's array is behind: a dict, a tuple of one, or that array, its type and other attributes.
    fn array(&self, target: Value, state: Value) -> Checked {
        let backing = match self.values.frames.of(target) {
            FramePart::Empty(backing) => backing,
            _ => of_class(self.class_of(target)),
        };
        let parts = (state.kind() == ValueKind::Tuple)
            .then(|| self.values.preview.nodes.all(state))
            .flatten();
        match parts {
            Some([dict]) => self.array_of_dict(backing, *dict),
            Some([first, second, others @ ..]) => {
                if let [others, ..] = others {
                    self.only_names(*others)?;
                }
                let (array, kind) = if self.values.array(*first).is_some() {
                    (*first, *second)
                } else {
                    (*second, *first)
                };
                self.backed(backing, Some(array), self.part(kind))
            }
            _ => self.array_of_dict(backing, state),
        }
    }

    fn array_of_dict(&self, backing: Backing, dict: Value) -> Checked {
        self.only_names(dict)?;
        let names = [
            Attribute::Ndarray,
            Attribute::DataOfArray,
            Attribute::CodesOfArray,
        ];
        let mut arrays = names.iter().map(|name| self.get(dict, *name));
        let array = arrays.find(|found| *found != Found::Absent);
        let array = array.and_then(Found::one);
        // Before there was a type of categories.
        let categories = match self.get(dict, Attribute::CategoriesBefore) {
            Found::Absent => self.named(dict, Attribute::DtypeOfArray),
            found => found
                .one()
                .map_or(FramePart::Unknown, |found| self.part(found)),
        };
        if arrays.any(|found| found != Found::Absent) {
            return Err(ContentsFault::Frame);
        }
        self.backed(backing, array, categories)
    }

    fn backed(&self, backing: Backing, array: Option<Value>, categories: FramePart) -> Checked {
        let Some(array) = array.filter(|array| self.values.array(*array).is_some()) else {
            return Err(ContentsFault::Arrays);
        };
        let part = self.part(array);
        if backing == Backing::Codes {
            return self.coded(part, &categories);
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
        let dtype = self.values.array(array)?.dtype?;
        Dtype::of(dtype).class()
    }

    /// The name of the class that an instance was made of.
    fn class_of(&self, made: Value) -> &'static str {
        let row = made.global().unwrap_or(usize::MAX);
        self.class(Value::new(ValueKind::Global, wide(row)))
    }

    /// An array of numbers, and for each of them whether it is missing.
    fn masked(&self, state: Value) -> Checked {
        self.only_names(state)?;
        let held = [Attribute::DataOfArray, Attribute::Mask].map(|name| {
            let value = self.get(state, name).one()?;
            let array = self.values.array(value)?;
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
    fn positions(&self, rows: Value, indices: Value, lengths: Option<Value>) -> Checked {
        let rows = self.values.preview.integer(rows);
        let rows = rows.and_then(|rows| u64::try_from(rows).ok());
        let integers = |array: Value| {
            let array = self.values.array(array)?;
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

    fn sparse(&self, state: Value) -> Checked {
        let places = self.named(state, Attribute::SparseIndex);
        let held = self.named(state, Attribute::SparseValues);
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

    /// What is made of blocks and axes, or of one block and its index.
    fn manager(&self, blocks: Value, axes: Value) -> Checked {
        if blocks.kind() != ValueKind::Tuple {
            return self.joined(&[self.part(blocks)], &[self.part(axes)]);
        }
        match (self.list(blocks), self.list(axes)) {
            (Some(blocks), Some(axes)) => self.joined(blocks, axes),
            _ => Err(ContentsFault::Arrays),
        }
    }

    /// The same from a state: the axes, blocks and items of a release long ago, and after them those of today.
    fn manager_of_state(&self, state: Value) -> Checked {
        let parts = self.values.preview.nodes.all(state).unwrap_or_default();
        let Some(Found::One(today)) = parts
            .get(3)
            .map(|last| self.get(*last, Attribute::StateOfManager))
        else {
            return Err(ContentsFault::Arrays);
        };
        let list = |name| self.get(today, name).one().and_then(|list| self.list(list));
        match (list(Attribute::BlocksOfFrame), list(Attribute::Axes)) {
            (Some(blocks), Some(axes)) => self.joined(blocks, axes),
            _ => Err(ContentsFault::Arrays),
        }
    }

    /// Blocks of as many rows as the last axis.
    fn joined(&self, blocks: &[FramePart], axes: &[FramePart]) -> Checked {
        let (is_series, axis) = match axes {
            [FramePart::Rows(rows)] => (true, *rows),
            [FramePart::Rows(_), FramePart::Rows(rows)] => (false, *rows),
            _ => return Err(ContentsFault::Arrays),
        };
        if is_series && blocks.len() != 1 {
            return Err(ContentsFault::Frame);
        }
        for block in blocks {
            let part = match block {
                FramePart::Block(dict)
                    if self.get(*dict, Attribute::BlockValues).one().is_some() =>
                {
                    self.values.frames.described(*dict)
                }
                part => *part,
            };
            let rows = match part {
                FramePart::Rows(rows) | FramePart::Codes { rows, .. } => rows,
                FramePart::Columns { rows } if !is_series => rows,
                FramePart::Columns { .. } => return Err(ContentsFault::Frame),
                _ => return Err(ContentsFault::Arrays),
            };
            if rows != axis {
                return Err(ContentsFault::Rows);
            }
        }
        Ok(FramePart::Manager { is_series })
    }
}

fn of_class(class: &str) -> Backing {
    match class {
        "Categorical" => Backing::Codes,
        "DatetimeArray" => Backing::Dates,
        "TimedeltaArray" => Backing::Durations,
        "PeriodArray" => Backing::Ordinals,
        "StringArray" => Backing::Objects,
        _ => Backing::Any,
    }
}
