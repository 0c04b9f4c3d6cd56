//! numpy's dtypes: what `numpy.dtype('f8')` is an instance of, and whether the state that is set on one is what numpy writes.
//!
//! A dtype says how the bytes of an array are taken. numpy believes the state that a pickle sets on it: fields that reach
//! beyond an item, or flags that call plain bytes objects, make numpy follow pointers out of the file, through names that
//! every array needs. So a state is compared with what `dtype.__reduce__` writes (numpy 1.7 and later, state versions 3 and
//! 4): sizes, alignment, byte order, names and fields, flags, units. A dtype counts for what it is once its state is set.
//!
//! The classes follow `numpy.dtypes` (numpy 1.25 and later): torch's weights-only unpickler compares the class of what it gives
//! state to, so `numpy.dtypes.Float64DType` has to be listed although only `numpy.dtype` is stored.

mod fields;

pub(super) use self::fields::Column;
use self::fields::{Fields, Record};
use super::{
    preview::Preview,
    value::{Value, ValueKind},
};
use crate::fact::{DtypeFault, GlobalName};

/// Class by type code, and the bytes of an item where they are always the same.
const CLASSES: &[(&str, &str, Option<u64>)] = &[
    ("?", "BoolDType", Some(1)),
    ("b1", "BoolDType", Some(1)),
    ("i1", "Int8DType", Some(1)),
    ("i2", "Int16DType", Some(2)),
    ("i4", "Int32DType", Some(4)),
    ("i8", "Int64DType", Some(8)),
    ("u1", "UInt8DType", Some(1)),
    ("u2", "UInt16DType", Some(2)),
    ("u4", "UInt32DType", Some(4)),
    ("u8", "UInt64DType", Some(8)),
    ("f2", "Float16DType", Some(2)),
    ("f4", "Float32DType", Some(4)),
    ("f8", "Float64DType", Some(8)),
    ("f16", "LongDoubleDType", Some(16)),
    ("c8", "Complex64DType", Some(8)),
    ("c16", "Complex128DType", Some(16)),
    ("c32", "CLongDoubleDType", Some(32)),
    ("O", OBJECT, Some(8)),
    ("M", "DateTime64DType", Some(8)),
    ("m", "TimeDelta64DType", Some(8)),
    ("S", "BytesDType", None),
    ("U", "StrDType", None),
    ("V", VOID, None),
    ("T", "StringDType", None),
];

const OBJECT: &str = "ObjectDType";
const VOID: &str = "VoidDType";

/// How a class takes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Numbers of a fixed size.
    Fixed,
    /// Dates and durations: a fixed size, and a unit in the state.
    Dated,
    /// Texts of four bytes a character.
    Wide,
    /// Bytes.
    Narrow,
    /// Bytes, or fields, or an array.
    Void,
    /// Objects.
    Objects,
}

/// Flags of a dtype, as numpy writes them. What an object has:
const OF_OBJECT: i64 = 0x3f;
/// What fields hand on to what has them: references, clearing, the interpreter's lock.
pub(super) const OF_FIELDS: i64 = 0x1b;
/// Memory is cleared before it is used.
const CLEARED: i64 = 0x08;
/// The interpreter's lock is held, as always for fields.
const LOCKED: i64 = 0x10;
/// Items are set by the type of another library.
const OWN_SETTER: i64 = 0x40;
/// Arrays are pickled as lists.
const LISTED: i64 = 0x02;
/// Fields are aligned.
const ALIGNED: i64 = 0x80;
/// numpy's own limit for the size of an item.
const LARGEST: u64 = 0x7fff_ffff;
/// Dtypes of one stream that are followed. Most pickles have a handful; one that joins arrays from many files has one for each.
const DTYPES: usize = 1 << 18;
/// Units of dates and durations.
const UNITS: &[&str] = &[
    "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic",
];

/// What is known of a dtype, in 24 bits; 0 is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dtype(u32);

/// Bits of the class; above them stands which of the dtypes it is.
const CLASS_BITS: u32 = 5;
const CLASS: u32 = (1 << CLASS_BITS) - 1;
/// A type that another library registers.
const FOREIGN: u32 = CLASS;

impl Dtype {
    /// What is known of the dtype that a value is.
    pub(super) fn of(value: Value) -> Self {
        Self(value.detail())
    }

    /// Its class in `numpy.dtypes`.
    pub(super) fn class(self) -> Option<&'static str> {
        CLASSES.get(self.class_index()?).map(|(_, class, _)| *class)
    }

    fn class_index(self) -> Option<usize> {
        crate::bytes::narrow(u64::from(self.0 & CLASS)).checked_sub(1)
    }

    /// To be kept with a value.
    pub(super) fn detail(self) -> u32 {
        self.0
    }

    /// Which of the dtypes.
    pub(super) fn index(self) -> Option<usize> {
        crate::bytes::narrow(u64::from(self.0 >> CLASS_BITS)).checked_sub(1)
    }
}

/// How items are laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "answers to independent questions"
)]
pub(super) struct Layout {
    /// Bytes of an item.
    pub size: u64,
    /// It is an object, or holds some.
    pub objects: bool,
    /// Arrays of it are pickled as lists: it holds objects, is a text of any length, or is a part of what held objects.
    pub listed: bool,
    /// It is a text of numpy's own, of any length.
    pub texts: bool,
    /// It has fields.
    pub record: bool,
    /// Fields of it share bytes, or fields of its parts do.
    pub overlaps: bool,
    /// It is an array: an array of it would have more dimensions instead.
    pub array: bool,
    pub flags: i64,
    /// It is an integer.
    pub integer: Option<Integer>,
}

/// How an integer is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Integer {
    pub bytes: u8,
    pub signed: bool,
    /// The highest byte is the first.
    pub big: bool,
}

impl Integer {
    /// The integer of a class.
    fn of_class(at: usize, big: bool) -> Option<Self> {
        let (code, _, size) = CLASSES.get(at)?;
        let signed = code.starts_with('i');
        let is_integer = signed || code.starts_with('u') || matches!(*code, "?" | "b1");
        let bytes = u8::try_from((*size)?).ok()?;
        is_integer.then_some(Self { bytes, signed, big })
    }

    /// The integer that these bytes are; one that is too large for the type is the largest.
    #[inline]
    pub(super) fn read(self, item: &[u8]) -> Option<i64> {
        if let (Ok(bytes), true, false) = (<[u8; 4]>::try_from(item), self.signed, self.big) {
            return Some(i64::from(i32::from_le_bytes(bytes)));
        }
        let mut bytes = [0; 8];
        let filled = bytes.get_mut(..item.len())?;
        filled.copy_from_slice(item);
        if self.big {
            filled.reverse();
        }
        if self.signed && filled.last().is_some_and(|byte| *byte >= 0x80) {
            bytes.get_mut(item.len()..)?.fill(0xff);
        }
        Some(if self.signed {
            i64::from_le_bytes(bytes)
        } else {
            i64::try_from(u64::from_le_bytes(bytes)).unwrap_or(i64::MAX)
        })
    }
}

/// A dtype of the stream.
#[derive(Debug, Clone, Copy)]
struct DtypeRow {
    /// The size that it was made with, in bytes; `None` where the state decides alone.
    made: Option<u64>,
    /// How items are laid out, once its state is set.
    layout: Option<Layout>,
    /// The dict of its fields.
    fields: Option<u64>,
}

/// The dtypes of a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Dtypes {
    known: Vec<DtypeRow>,
    /// Pairs of dicts that may be fields.
    pub(super) fields: Fields,
}

impl Dtypes {
    /// The dtype that `numpy.dtype` makes of a kind and a size, as numpy writes them.
    pub(super) fn spelled(&mut self, code: &str) -> Dtype {
        let Some(at) = class_of(code) else {
            return Dtype(0);
        };
        let number = code
            .trim_start_matches(|c: char| c.is_ascii_alphabetic())
            .parse::<u64>()
            .ok();
        let made = match (sort(at), number) {
            (Some(Sort::Wide), Some(number)) => number.checked_mul(4),
            (Some(Sort::Narrow | Sort::Void), number) => number,
            // The size is that of the platform it was written on, and part of the class here.
            _ => CLASSES.get(at).and_then(|(.., size)| *size),
        };
        // numpy always writes how long a text, bytes or a void are.
        if made.is_none() {
            Dtype(0)
        } else {
            self.made(at, made)
        }
    }

    /// The dtype that `numpy.dtype` makes of a type: numpy's own for records, or one that another library registers.
    pub(super) fn of_type(&mut self, name: &GlobalName) -> Dtype {
        let (module, name) = (name.module.as_bytes(), name.name.as_bytes());
        if module.starts_with(b"ml_dtypes") {
            let size = if name == b"bfloat16" { 2 } else { 1 };
            return self.keep(FOREIGN, Some(size));
        }
        let void = module.starts_with(b"numpy") && matches!(name, b"record" | b"void");
        let void = void.then(|| CLASSES.iter().position(|(.., class, _)| *class == VOID));
        void.flatten().map_or(Dtype(0), |at| self.made(at, None))
    }

    /// The dtype of texts of any length, whose function sets what it needs.
    pub(super) fn of_texts(&mut self) -> Dtype {
        let Some(at) = CLASSES.iter().position(|(code, ..)| *code == "T") else {
            return Dtype(0);
        };
        let dtype = self.made(at, None);
        let layout = Layout {
            size: 16,
            texts: true,
            listed: true,
            ..Layout::default()
        };
        self.settle(dtype, layout);
        dtype
    }

    fn made(&mut self, at: usize, made: Option<u64>) -> Dtype {
        self.keep(u32::try_from(at.saturating_add(1)).unwrap_or(0), made)
    }

    fn keep(&mut self, class: u32, made: Option<u64>) -> Dtype {
        // One more than there is room for is of a known class, but its state cannot be judged.
        let room = self.known.len() < DTYPES;
        match u32::try_from(self.known.len().saturating_add(1)) {
            Ok(index) if room => {
                self.known.push(DtypeRow {
                    made,
                    layout: None,
                    fields: None,
                });
                Dtype((index << CLASS_BITS) | class)
            }
            _ => Dtype(class),
        }
    }

    fn settle(&mut self, dtype: Dtype, layout: Layout) {
        if let Some(known) = dtype.index().and_then(|at| self.known.get_mut(at)) {
            known.layout = Some(layout);
        }
    }

    /// How the items of a dtype are laid out, once its state is set.
    pub(super) fn layout(&self, value: Value) -> Option<Layout> {
        layout(&self.known, value)
    }

    /// The columns of a row, if a dtype has few fields.
    pub(super) fn columns(&self, value: Value) -> Option<&[Column]> {
        let known = self.known.get(Dtype::of(value).index()?)?;
        self.fields.columns(known.fields?)
    }

    /// Takes the state that is set on a dtype. `Err` says why numpy would not have written it.
    pub(super) fn build(
        &mut self,
        value: Value,
        state: Value,
        preview: &Preview<'_>,
    ) -> Result<(), DtypeFault> {
        let layout = self.stated(value, state, preview)?;
        let dtype = Dtype::of(value);
        self.settle(dtype, layout);
        // The state that was judged: version, order, base, names, fields.
        if let Some([_, _, _, _, fields, ..]) = preview.nodes.all(state)
            && layout.record
            && let Some(known) = dtype.index().and_then(|at| self.known.get_mut(at))
        {
            known.fields = Some(fields.number());
        }
        Ok(())
    }

    fn stated(
        &mut self,
        value: Value,
        state: Value,
        preview: &Preview<'_>,
    ) -> Result<Layout, DtypeFault> {
        let dtype = Dtype::of(value);
        let parts = (state.kind() == ValueKind::Tuple).then(|| preview.nodes.all(state));
        let Some(
            [
                _,
                order,
                base,
                names,
                fields,
                size,
                alignment,
                flags,
                metadata @ ..,
            ],
        ) = parts.flatten()
        else {
            return Err(DtypeFault::State);
        };
        let (Some(size), Some(alignment), Some(flags)) = (
            preview.integer(*size),
            preview.integer(*alignment),
            preview.integer(*flags),
        ) else {
            return Err(DtypeFault::Integers);
        };
        // Some releases wrote the flags as a signed byte.
        let flags = if (-128..0).contains(&flags) {
            flags.saturating_add(128)
        } else {
            flags
        };
        let Some(made) = dtype.index().and_then(|at| self.known.get(at)).copied() else {
            return Err(DtypeFault::MadeFrom);
        };
        let none = |value: &Value| value.kind() == ValueKind::None;
        let plain = none(base) && none(names) && none(fields);
        let order = preview.string(*order);
        let big = order.as_ref().is_some_and(|order| *order == ">");
        let sort = if dtype.0 & CLASS == FOREIGN {
            None
        } else {
            let sort = dtype
                .class_index()
                .and_then(sort)
                .ok_or(DtypeFault::NoState)?;
            let neutral = match sort {
                Sort::Fixed | Sort::Dated => made.made == Some(1),
                Sort::Wide => false,
                Sort::Narrow | Sort::Void | Sort::Objects => true,
            };
            if order.is_some_and(|order| order == "|") != neutral {
                return Err(DtypeFault::ByteOrder);
            }
            Some(sort)
        };
        dated(sort == Some(Sort::Dated), metadata, preview)?;
        let extended = !matches!(sort, Some(Sort::Fixed | Sort::Dated | Sort::Objects));
        if !extended {
            return match (size, alignment, sort) {
                _ if !plain => Err(DtypeFault::Parts),
                (-1, -1, Some(Sort::Objects)) if flags == OF_OBJECT => Ok(Layout {
                    size: 8,
                    objects: true,
                    listed: true,
                    flags,
                    ..Layout::default()
                }),
                (-1, -1, Some(Sort::Fixed | Sort::Dated)) if flags == 0 => Ok(Layout {
                    size: made.made.unwrap_or(0),
                    flags,
                    integer: dtype
                        .class_index()
                        .and_then(|at| Integer::of_class(at, big)),
                    ..Layout::default()
                }),
                (-1, -1, _) => Err(DtypeFault::ObjectFlags),
                _ => Err(DtypeFault::OwnSize),
            };
        }
        let size = u64::try_from(size).ok().filter(|size| *size <= LARGEST);
        let size = size.ok_or(DtypeFault::SizeRange)?;
        if made.made.is_some_and(|known| known != size) {
            return Err(DtypeFault::Size);
        }
        // Some releases gave none to aligned fields of which there are none.
        let fieldless = size == 0 && !none(names);
        if !(matches!(alignment, 1 | 2 | 4 | 8 | 16) || fieldless && alignment == 0) {
            return Err(DtypeFault::Alignment);
        }
        let written = |expected: i64, may: i64| {
            flags & expected == expected && flags & !(expected | may) == 0
        };
        let (record, agree) = if plain {
            let expected = match sort {
                Some(Sort::Wide) => written(0, CLEARED),
                None => written(0, OWN_SETTER),
                _ => flags == 0,
            };
            (Record::default(), expected)
        } else if sort != Some(Sort::Void) {
            return Err(DtypeFault::Parts);
        } else if none(names) && none(fields) {
            let (record, of_item) = self.array(*base, size, preview)?;
            (record, flags == of_item)
        } else if none(base) {
            let record = self
                .fields
                .record((*names, *fields), size, preview, |dtype| {
                    layout(&self.known, dtype)
                })?;
            // A selection of fields keeps the flags of the whole.
            (record, written(LOCKED | record.flags, OF_FIELDS | ALIGNED))
        } else {
            return Err(DtypeFault::FieldsAndShape);
        };
        if !agree {
            return Err(DtypeFault::PartFlags);
        }
        Ok(Layout {
            size,
            objects: record.objects,
            listed: flags & LISTED != 0,
            record: !none(names),
            overlaps: record.overlaps,
            array: !none(base),
            flags,
            ..Layout::default()
        })
    }

    /// An item that is an array: a dtype and a shape.
    fn array(
        &self,
        base: Value,
        size: u64,
        preview: &Preview<'_>,
    ) -> Result<(Record, i64), DtypeFault> {
        let parts = (base.kind() == ValueKind::Tuple).then(|| preview.nodes.all(base));
        let Some([item, shape]) = parts.flatten() else {
            return Err(DtypeFault::Base);
        };
        let Some(layout) = self.layout(*item).filter(|layout| !layout.texts) else {
            return Err(DtypeFault::BaseUnfinished);
        };
        // NumPy writes such items only where a program gives the offsets itself, and no library was seen to.
        if layout.overlaps {
            return Err(DtypeFault::BaseOverlaps);
        }
        let items = match shape.kind() {
            ValueKind::Tuple => preview.nodes.product(*shape),
            _ => preview
                .integer(*shape)
                .and_then(|items| u64::try_from(items).ok()),
        };
        match items.and_then(|items| items.checked_mul(layout.size)) {
            Some(bytes) if bytes == size => Ok((
                Record {
                    end: size,
                    objects: layout.objects,
                    overlaps: false,
                    flags: 0,
                },
                layout.flags,
            )),
            _ => Err(DtypeFault::BaseSize),
        }
    }
}

/// How the items of a dtype are laid out, once its state is set.
fn layout(known: &[DtypeRow], value: Value) -> Option<Layout> {
    if !matches!(value.kind(), ValueKind::Result | ValueKind::Instance) {
        return None;
    }
    known.get(Dtype::of(value).index()?)?.layout
}

/// Metadata: for dates and durations with the unit, otherwise a dict.
fn dated(dated: bool, metadata: &[Value], preview: &Preview<'_>) -> Result<(), DtypeFault> {
    match metadata {
        [] if dated => Err(DtypeFault::NoUnit),
        [] => Ok(()),
        [metadata] if dated => {
            let parts = (metadata.kind() == ValueKind::Tuple).then(|| preview.nodes.all(*metadata));
            let unit = match parts.flatten() {
                Some([dict, unit]) if matches!(dict.kind(), ValueKind::None | ValueKind::Dict) => {
                    *unit
                }
                _ => return Err(DtypeFault::Metadata),
            };
            let unit = (unit.kind() == ValueKind::Tuple).then(|| preview.nodes.all(unit));
            let Some([unit, numbers @ ..]) = unit.flatten() else {
                return Err(DtypeFault::Unit);
            };
            let name = match unit.kind() {
                ValueKind::Bytes => preview.bytes(*unit),
                // In protocols 0 to 2, `_codecs.encode` makes bytes of a text.
                ValueKind::Result => return numbered(numbers, preview),
                _ => preview.string(*unit).map(|text| text.as_bytes().to_vec()),
            };
            if !name.is_some_and(|name| UNITS.iter().any(|unit| unit.as_bytes() == name)) {
                return Err(DtypeFault::UnknownUnit);
            }
            numbered(numbers, preview)
        }
        [metadata] if metadata.kind() == ValueKind::Dict => Ok(()),
        _ => Err(DtypeFault::Metadata),
    }
}

/// How many of a unit, and of what part: numpy divides by them.
fn numbered(numbers: &[Value], preview: &Preview<'_>) -> Result<(), DtypeFault> {
    let positive = |value: &Value| {
        preview
            .integer(*value)
            .is_some_and(|n| (1..=0x7fff_ffff).contains(&n))
    };
    if matches!(numbers.len(), 1..=3) && numbers.iter().all(positive) {
        Ok(())
    } else {
        Err(DtypeFault::Unit)
    }
}

/// Whether numpy writes a dtype so: a kind and a size.
pub(super) fn is_code(code: &str) -> bool {
    class_of(code).is_some()
}

/// Which class a kind and a size are of.
fn class_of(code: &str) -> Option<usize> {
    CLASSES.iter().position(|(known, ..)| {
        let digits = |size: &str| !size.is_empty() && size.bytes().all(|b| b.is_ascii_digit());
        code == *known && known.ends_with(|c: char| c.is_ascii_digit())
            || sized(known) && code.strip_prefix(known).is_some_and(digits)
    })
}

/// Whether a class has sizes, which stand behind its code.
fn sized(code: &str) -> bool {
    matches!(code, "O" | "M" | "m" | "S" | "U" | "V")
}

/// How a class takes bytes; `None` if its dtypes have no state.
fn sort(at: usize) -> Option<Sort> {
    let (code, _, size) = CLASSES.get(at)?;
    Some(match (*code, size) {
        ("O", _) => Sort::Objects,
        ("M" | "m", _) => Sort::Dated,
        ("U", _) => Sort::Wide,
        ("S", _) => Sort::Narrow,
        ("V", _) => Sort::Void,
        (_, Some(_)) => Sort::Fixed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Dtypes;

    #[test]
    fn spellings_have_classes() {
        let mut dtypes = Dtypes::default();
        for (spelled, expected) in [
            ("f8", Some("Float64DType")),
            ("U11", Some("StrDType")),
            ("b1", Some("BoolDType")),
            ("M8", Some("DateTime64DType")),
            ("V48", Some("VoidDType")),
            ("V", None),
            ("<f8", None),
            ("f3", None),
            ("", None),
        ] {
            assert_eq!(dtypes.spelled(spelled).class(), expected, "{spelled}");
        }
    }
}
