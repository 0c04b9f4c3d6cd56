//! Values as parts of a frame: what is known of each, and how two of them fit one another.

use super::{Makes, Values};
use crate::{
    bytes::wide,
    fact::ContentsFault,
    format::pickle::{
        digest::Digest,
        frames::FramePart,
        named::Found,
        tensors::TensorSummary,
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// What is known of a part, or what does not fit.
pub(super) type Checked = Result<FramePart, ContentsFault>;

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

pub(super) fn of_array(array: &TensorSummary) -> FramePart {
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
#[derive(Clone, Copy)]
pub(super) struct Parts<'a, 'v> {
    pub values: &'a Values<'v>,
}

impl<'a> Parts<'a, '_> {
    pub(super) fn get(self, dict: Value, name: Attribute) -> Found {
        self.values.named.get(dict, name)
    }

    pub(super) fn part(self, value: Value) -> FramePart {
        part(value, self.values.makes(value), self.values)
    }

    pub(super) fn named(self, dict: Value, name: Attribute) -> FramePart {
        let value = self.get(dict, name).one();
        value.map_or(FramePart::Unknown, |value| self.part(value))
    }

    pub(super) fn list(self, list: Value) -> Option<&'a [FramePart]> {
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
    pub(super) fn class(self, class: Value) -> &'static str {
        let name = self.values.canonical(class).unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, name)| name)
    }

    /// Whether a dict has none but names that are asked for: each argument that it gives is looked at.
    pub(super) fn only_names(self, dict: Value) -> Result<(), ContentsFault> {
        let children = self.values.preview.nodes.summary(dict);
        let names = self.values.named.count(dict);
        let pairs = children.map(|children| children.len);
        if pairs == wide(names).checked_mul(2) {
            Ok(())
        } else {
            Err(ContentsFault::Frame)
        }
    }
}

/// Codes into something with so many items.
pub(super) fn coded(codes: FramePart, of: &FramePart) -> Checked {
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
pub(super) fn as_many(pair: [FramePart; 2]) -> Checked {
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
