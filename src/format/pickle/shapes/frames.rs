//! Frames of pandas: rows against one another, and codes against what they number.
//!
//! `pandas.core.internals` and `pandas._libs` believe that an index has as many rows as the blocks beside it, and that codes lie within
//! categories and levels. What they compare themselves when a pickle is loaded (where columns stand, the sizes of a frame that is
//! made of blocks, an `IntIndex` within its length) is left to them.

use super::{
    FrameCheck, Values,
    frame_arrays::{self, Arrays},
    frame_parts::{Checked, Parts, as_many, coded},
};
use crate::{
    fact::ContentsFault,
    format::pickle::{
        frames::FramePart,
        named::Found,
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// Compares a call.
pub(super) fn call(check: FrameCheck, arguments: &[Value], values: &Values<'_>) -> Checked {
    let parts = Parts { values };
    match (check, arguments) {
        (FrameCheck::Labels, [class, dict]) => parts.labels(*class, *dict),
        (FrameCheck::Array, [class, ..]) => {
            Ok(FramePart::Empty(frame_arrays::backing(parts.class(*class))))
        }
        (FrameCheck::Intervals, _) => Ok(FramePart::Unknown),
        (FrameCheck::Positions, [rows, indices, lengths @ ..]) => {
            Arrays(parts).positions(*rows, *indices, lengths.first().copied())
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
        FrameCheck::Array => Arrays(parts).array(target, state),
        FrameCheck::Masked => Arrays(parts).masked(state),
        FrameCheck::Intervals => {
            let dict = match values.preview.nodes.all(state) {
                Some([dict]) => *dict,
                _ => state,
            };
            let pair = [Attribute::LeftOfArray, Attribute::RightOfArray];
            as_many(pair.map(|side| parts.named(dict, side)))
        }
        FrameCheck::Sparse => Arrays(parts).sparse(state),
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

impl Parts<'_, '_> {
    /// An index, of the keyword arguments that its class gets.
    fn labels(self, class: Value, dict: Value) -> Checked {
        self.only_names(dict)?;
        match self.class(class) {
            "RangeIndex" => self.range(dict),
            "MultiIndex" => self.levels(dict),
            "IntervalIndex" => {
                let pair = [Attribute::Left, Attribute::Right];
                as_many(pair.map(|side| self.named(dict, side)))
            }
            _ => match self.named(dict, Attribute::Data) {
                FramePart::Rows(rows) | FramePart::Codes { rows, .. } => Ok(FramePart::Rows(rows)),
                _ => Err(ContentsFault::Arrays),
            },
        }
    }

    fn range(self, dict: Value) -> Checked {
        let number = |name| {
            let value = self.get(dict, name).one()?;
            self.values.preview.integer(value)
        };
        let ends = (number(Attribute::Start), number(Attribute::Stop));
        let (Some(by), (Some(start), Some(stop))) = (number(Attribute::Step), ends) else {
            return Err(ContentsFault::Arrays);
        };
        let (from, to) = if by < 0 { (stop, start) } else { (start, stop) };
        let span = i128::from(to).saturating_sub(i128::from(from));
        let rows = u64::try_from(span.max(0)).ok();
        let rows = rows.zip(Some(by.unsigned_abs()).filter(|by| *by > 0));
        let rows = rows.map(|(span, by)| span.div_ceil(by));
        rows.map(FramePart::Rows).ok_or(ContentsFault::Arrays)
    }

    /// Levels, and for each of them the place of each row in it; -1 is nowhere.
    fn levels(self, dict: Value) -> Checked {
        let codes = [Attribute::Codes, Attribute::CodesBefore].map(|name| self.get(dict, name));
        let ([Found::One(codes), Found::Absent] | [Found::Absent, Found::One(codes)]) = codes
        else {
            return Err(ContentsFault::Arrays);
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
            let FramePart::Rows(rows) = coded(*codes, level)? else {
                return Err(ContentsFault::Arrays);
            };
            if of_all.is_some_and(|known| known != rows) {
                return Err(ContentsFault::Rows);
            }
            of_all = Some(rows);
        }
        of_all.map(FramePart::Rows).ok_or(ContentsFault::Arrays)
    }

    /// What is made of blocks and axes, or of one block and its index.
    fn manager(self, blocks: Value, axes: Value) -> Checked {
        if blocks.kind() != ValueKind::Tuple {
            return self.joined(&[self.part(blocks)], &[self.part(axes)]);
        }
        match (self.list(blocks), self.list(axes)) {
            (Some(blocks), Some(axes)) => self.joined(blocks, axes),
            _ => Err(ContentsFault::Arrays),
        }
    }

    /// The same from a state: the axes, blocks and items of a release long ago, and after them those of today.
    fn manager_of_state(self, state: Value) -> Checked {
        let children = self.values.preview.nodes.all(state).unwrap_or_default();
        let Some(Found::One(today)) = children
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
    fn joined(self, blocks: &[FramePart], axes: &[FramePart]) -> Checked {
        let (is_series, as_many) = match axes {
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
            if rows != as_many {
                return Err(ContentsFault::Rows);
            }
        }
        Ok(FramePart::Manager { is_series })
    }
}
