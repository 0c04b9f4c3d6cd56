//! Fields of numpy's dtypes: the dict of names, dtypes and offsets, and the tuple of names that goes with it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Dtype, Integer, Layout, OF_FIELDS};
use crate::{
    bytes::wide,
    fact::{DtypeFault, Text},
    format::pickle::{
        preview::Preview,
        value::{Nodes, Value, ValueKind},
    },
    limits,
};

/// Fields of one stream that are followed.
const FIELDS: usize = 1 << 18;
/// The most fields of a row whose columns are kept: those whose numbers are compared have a few.
const COLUMNS: usize = 16;

/// A field: a pair of a dict.
#[derive(Debug, Clone, Copy)]
struct Field {
    key: Value,
    /// The tuple of dtype, offset and title.
    tuple: u64,
    dtype: Value,
    offset: u64,
    title: Option<Value>,
}

/// What fields come to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record {
    /// The byte after the last field.
    pub end: u64,
    /// A field is an object, or holds some.
    pub objects: bool,
    /// Fields share bytes, here or in a field.
    pub overlaps: bool,
    /// The flags that the fields hand on.
    pub flags: i64,
}

/// A column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::format::pickle) struct Column {
    pub name: Text,
    pub offset: u64,
    /// It holds integers.
    pub integer: Option<Integer>,
}

/// What may be fields, of all dicts of a stream.
#[derive(Debug, Clone, Default)]
pub(in crate::format::pickle) struct Fields {
    /// By dict: pairs of a name and a tuple of a dtype and an offset.
    by_dict: FxHashMap<u64, Vec<Field>>,
    /// Those of all dicts.
    count: usize,
    /// Dicts that a dtype holds, with the names that go with them. Dtypes may share them.
    held: FxHashMap<u64, (u64, Record)>,
    /// Their columns, in the order of the names.
    columns: FxHashMap<u64, Box<[Column]>>,
}

impl Fields {
    /// Notes pairs that are put into a dict, as far as they may be fields.
    #[inline]
    pub(in crate::format::pickle) fn put(&mut self, dict: Value, pairs: &[Value], nodes: &Nodes) {
        for pair in pairs.chunks_exact(2) {
            if let [key, field] = pair
                && field.kind() == ValueKind::Tuple
                && let Some([dtype, offset, title @ ..]) = nodes.all(*field)
                && title.len() <= 1
                && Dtype::of(*dtype).index().is_some()
                && offset.kind() == ValueKind::Int
                && let Ok(offset) = u64::try_from(offset.as_int())
                && self.count < FIELDS
            {
                self.count = self.count.saturating_add(1);
                self.by_dict.entry(dict.number()).or_default().push(Field {
                    key: *key,
                    tuple: field.number(),
                    dtype: *dtype,
                    offset,
                    title: title.first().copied(),
                });
            }
        }
    }

    /// The columns of a dict that a dtype holds.
    pub(super) fn columns(&self, dict: u64) -> Option<&[Column]> {
        self.columns.get(&dict).map(AsRef::as_ref)
    }

    /// An item of fields.
    pub(super) fn record(
        &mut self,
        (names, fields): (Value, Value),
        size: u64,
        preview: &Preview<'_>,
        layout: impl Fn(Value) -> Option<Layout>,
    ) -> Result<Record, DtypeFault> {
        if names.kind() != ValueKind::Tuple || fields.kind() != ValueKind::Dict {
            return Err(DtypeFault::Fields);
        }
        let record = match self.held.get(&fields.number()) {
            Some((known, record)) if *known == names.number() => *record,
            // A dict that came here by another name may still be filled where it was made.
            _ if !fields.is_fresh() => {
                return Err(DtypeFault::SharedFields);
            }
            _ => {
                let (record, columns) = self.compare(names, fields, preview, layout)?;
                if columns.len() <= COLUMNS {
                    self.columns.insert(fields.number(), columns.into());
                }
                record
            }
        };
        if record.end > size {
            return Err(DtypeFault::FieldBeyond);
        }
        if wide(self.held.len()) < wide(limits::GLOBALS) {
            self.held.insert(fields.number(), (names.number(), record));
        }
        Ok(record)
    }

    /// Compares names with fields: each name is a field, and whatever else is one is a title of a name's.
    fn compare(
        &self,
        names: Value,
        fields: Value,
        preview: &Preview<'_>,
        layout: impl Fn(Value) -> Option<Layout>,
    ) -> Result<(Record, Vec<Column>), DtypeFault> {
        let known = self
            .by_dict
            .get(&fields.number())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let count = preview.nodes.summary(fields).map(|summary| summary.len);
        if count != Some(wide(known.len()).saturating_mul(2)) {
            return Err(DtypeFault::FieldParts);
        }
        let names = preview.nodes.whole(names).ok_or(DtypeFault::UnknownNames)?;
        let mut by_key: FxHashMap<Text, &Field> = FxHashMap::default();
        for field in known {
            let key = preview.string(field.key).ok_or(DtypeFault::NameType)?;
            if by_key.insert(key, field).is_some() {
                return Err(DtypeFault::FieldTwice);
            }
        }
        let mut record = Record::default();
        let mut columns = Vec::new();
        let mut objects: Vec<(u64, u64)> = Vec::new();
        let mut others: Vec<(u64, u64)> = Vec::new();
        let mut tuples: FxHashSet<(u64, Option<Text>)> = FxHashSet::default();
        for name in names {
            let field = preview.string(*name).and_then(|name| by_key.remove(&name));
            let field = field.ok_or(DtypeFault::NamesDiffer)?;
            let layout = layout(field.dtype).filter(|layout| !layout.texts);
            let layout = layout.ok_or(DtypeFault::FieldUnfinished)?;
            let end = field.offset.saturating_add(layout.size);
            record.end = record.end.max(end);
            record.objects |= layout.objects;
            record.overlaps |= layout.overlaps;
            record.flags |= layout.flags & OF_FIELDS;
            let spans = if layout.objects {
                &mut objects
            } else {
                &mut others
            };
            spans.push((field.offset, end));
            if columns.len() <= COLUMNS {
                columns.push(Column {
                    name: preview.string(*name).unwrap_or_default(),
                    offset: field.offset,
                    integer: layout.integer,
                });
            }
            tuples.insert((
                field.tuple,
                field.title.and_then(|title| preview.string(title)),
            ));
        }
        // Whatever else is a key is the title of a field with a name.
        let titled = by_key.into_values().all(|field| {
            let key = preview.string(field.key);
            key.is_some() && tuples.contains(&(field.tuple, key))
        });
        if !titled {
            return Err(DtypeFault::FieldName);
        }
        if overlap(objects, &others) {
            return Err(DtypeFault::ObjectOverlaps);
        }
        record.overlaps |= any_overlap(others);
        Ok((record, columns))
    }
}

/// Whether any two of the spans share a byte.
fn any_overlap(mut spans: Vec<(u64, u64)>) -> bool {
    spans.retain(|(start, end)| start < end);
    spans.sort_unstable();
    spans
        .windows(2)
        .any(|pair| matches!(pair, [(_, end), (start, _)] if start < end))
}

/// Whether a span of objects overlaps another, of objects or not.
fn overlap(mut objects: Vec<(u64, u64)>, others: &[(u64, u64)]) -> bool {
    if objects.is_empty() {
        return false;
    }
    objects.sort_unstable();
    let among = objects
        .windows(2)
        .any(|pair| matches!(pair, [(_, end), (start, _)] if start < end));
    // The object that begins last before the other's end is the only one that could reach into it.
    let into = |(start, end): &(u64, u64)| {
        let before = objects.partition_point(|(object, _)| object < end);
        let last = before.checked_sub(1).and_then(|at| objects.get(at));
        last.is_some_and(|(_, object_end)| object_end > start)
    };
    among || others.iter().filter(|(start, end)| start < end).any(into)
}

#[cfg(test)]
mod tests {
    use super::{any_overlap, overlap};

    #[test]
    fn objects_overlap_nothing() {
        assert!(!overlap(vec![(0, 8), (8, 16)], &[(16, 20), (20, 20)]));
        assert!(overlap(vec![(0, 8), (4, 12)], &[]));
        assert!(overlap(vec![(8, 16)], &[(0, 9)]));
        assert!(overlap(vec![(8, 16)], &[(15, 20)]));
        assert!(overlap(vec![(8, 16)], &[(0, 40)]));
        assert!(!overlap(vec![], &[(0, 9), (0, 9)]));
    }

    #[test]
    fn numbers_may_share_bytes() {
        assert!(any_overlap(vec![(4, 8), (0, 5)]));
        assert!(any_overlap(vec![(0, 9), (1, 2)]));
        assert!(!any_overlap(vec![(4, 8), (0, 4), (2, 2), (8, 9)]));
    }
}
