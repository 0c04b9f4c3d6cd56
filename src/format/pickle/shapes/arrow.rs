//! Arrays of pyarrow: buffers against lengths, offsets against what they lead into, and types against one another.
//!
//! `_restore_array` makes an array of what it is given. pyarrow looks at none of it before something uses the array, and then believes
//! it all. What is compared here is what pyarrow's own `validate(full=True)` compares, before anything is made.

use super::{ArrowCheck, Makes, Values, zones::is_zone_or_offset};
use crate::{
    fact::ContentsFault,
    format::pickle::{
        arrays::{
            Contents,
            columns::{self, Span},
        },
        arrows::ArrowType,
        dtype::Integer,
        frames::FramePart,
        named::Found,
        texts::Attribute,
        value::{Value, ValueKind},
    },
};

/// Arrays in arrays.
const DEPTH: u32 = 16;
/// Items that cost no bytes in the file, and memory when they are listed.
const EMPTY_ITEMS: u64 = 1 << 24;
/// The digits of the widest decimal, behind its point or before it.
const DIGITS: u64 = 76;
/// The longest item of a fixed size that is followed.
const ITEM: u64 = 1 << 20;

/// The types without parameters, as pyarrow spells them.
const ALIASES: &[(&str, ArrowType)] = &[
    ("null", ArrowType::Null),
    ("bool", ArrowType::Bits),
    ("int8", fixed(1, "int8")),
    ("int16", fixed(2, "int16")),
    ("int32", fixed(4, "int32")),
    ("int64", fixed(8, "int64")),
    ("uint8", fixed(1, "uint8")),
    ("uint16", fixed(2, "uint16")),
    ("uint32", fixed(4, "uint32")),
    ("uint64", fixed(8, "uint64")),
    ("halffloat", fixed(2, "halffloat")),
    ("float", fixed(4, "float")),
    ("double", fixed(8, "double")),
    ("date32[day]", fixed(4, "date32")),
    ("date64[ms]", fixed(8, "date64")),
    ("time32[s]", fixed(4, "time32")),
    ("time32[ms]", fixed(4, "time32")),
    ("time64[us]", fixed(8, "time64")),
    ("time64[ns]", fixed(8, "time64")),
    ("duration[s]", fixed(8, "duration")),
    ("duration[ms]", fixed(8, "duration")),
    ("duration[us]", fixed(8, "duration")),
    ("duration[ns]", fixed(8, "duration")),
    ("string", texts(false, true)),
    ("large_string", texts(true, true)),
    ("binary", texts(false, false)),
    ("large_binary", texts(true, false)),
];

const fn fixed(bytes: u64, name: &'static str) -> ArrowType {
    ArrowType::Fixed { bytes, name }
}

const fn texts(wide: bool, utf8: bool) -> ArrowType {
    ArrowType::Texts { wide, utf8 }
}

/// What a call makes.
pub(in crate::format::pickle) enum Made {
    Type(ArrowType),
    /// A field of the type of this number.
    Field(u32),
    Buffer,
    Part(FramePart),
}

/// Compares a call, and says what it makes.
pub(super) fn call(
    check: ArrowCheck,
    arguments: &[Value],
    values: &Values<'_>,
) -> Result<Made, ContentsFault> {
    let kinds = Kinds { values };
    match (check, arguments) {
        (ArrowCheck::Buffer, [_]) => Ok(Made::Buffer),
        (ArrowCheck::Array, [described]) => {
            let found = Arrays { values }.array(*described, 0).map(|array| {
                let (rows, kind) = (array.rows, array.kind);
                FramePart::Arrow { rows, kind }
            });
            values.arrows.compared(*described, found);
            found.map(Made::Part)
        }
        (ArrowCheck::Chunks, [chunks, kind]) => {
            Arrays { values }.chunks(*chunks, *kind).map(Made::Part)
        }
        (ArrowCheck::Field, [_, kind, ..]) => {
            let kind = kinds.number(*kind, Makes::ArrowType);
            kind.map(Made::Field).ok_or(ContentsFault::ArrowType)
        }
        _ => {
            let made = kinds.made(check, arguments);
            let made = made.filter(|made| values.arrows.is_small(made));
            made.map(Made::Type).ok_or(ContentsFault::ArrowType)
        }
    }
}

/// What an array is that was compared just before.
pub(super) fn compared(arguments: &[Value], values: &Values<'_>) -> Option<FramePart> {
    let [described] = arguments else { return None };
    values.arrows.take(*described)?.ok()
}

/// Compares the state of an array of pandas that is kept in one of pyarrow's.
pub(super) fn state(
    check: ArrowCheck,
    state: Value,
    values: &Values<'_>,
) -> Result<FramePart, ContentsFault> {
    let held = [Attribute::ArrowArray, Attribute::DataOfArray];
    let held = held.map(|name| values.named.get(state, name));
    let ([Found::One(array), Found::Absent] | [Found::Absent, Found::One(array)]) = held else {
        return Err(ContentsFault::Frame);
    };
    let part = super::frame_part(array, values.makes(array), values);
    let FramePart::Arrow { rows, kind } = part else {
        return Err(ContentsFault::Arrays);
    };
    let texts = || {
        let of = match values.arrows.kind(kind)? {
            ArrowType::Dictionary { values: of, .. } => values.arrows.kind(*of)?,
            of => of,
        };
        Some(matches!(of, ArrowType::Texts { utf8: true, .. }))
    };
    if check == ArrowCheck::Texts && texts() != Some(true) {
        return Err(ContentsFault::Backing);
    }
    Ok(FramePart::Rows(rows))
}

/// Types, of what they are made of.
struct Kinds<'a, 'v> {
    values: &'a Values<'v>,
}

impl Kinds<'_, '_> {
    fn made(&self, check: ArrowCheck, arguments: &[Value]) -> Option<ArrowType> {
        let field = |value: &Value| self.number(*value, Makes::ArrowField);
        let size = |value: &Value| u64::try_from(self.values.preview.integer(*value)?).ok();
        match (check, arguments) {
            (ArrowCheck::Alias, [name]) => {
                let name = self.values.preview.string(*name)?;
                let known = ALIASES.iter().find(|(known, _)| name == *known)?;
                Some(known.1.clone())
            }
            (ArrowCheck::Timestamp, [_, zone]) => {
                let without = zone.kind() == ValueKind::None;
                let zone = self.values.preview.string(*zone);
                let is_zone = || zone?.as_str().map(is_zone_or_offset);
                (without || is_zone() == Some(true)).then_some(fixed(8, "timestamp"))
            }
            (ArrowCheck::Decimal(bytes), [precision, scale]) => {
                let scale = self.values.preview.integer(*scale)?.unsigned_abs();
                let fits = (1..=DIGITS).contains(&size(precision)?) && scale <= DIGITS;
                fits.then_some(fixed(bytes, "decimal"))
            }
            (ArrowCheck::Binary, [bytes]) => {
                let bytes = size(bytes).filter(|bytes| *bytes <= ITEM)?;
                Some(fixed(bytes, "binary"))
            }
            (ArrowCheck::List { wide }, [of]) => {
                let of = field(of)?;
                Some(ArrowType::List { wide, of })
            }
            (ArrowCheck::List { wide: false }, [of, count]) => {
                let of = field(of).or_else(|| self.number(*of, Makes::ArrowType))?;
                let count = size(count).filter(|count| *count <= ITEM)?;
                Some(ArrowType::FixedList { count, of })
            }
            (ArrowCheck::Struct, [fields]) => {
                let fields = self.values.preview.nodes.all(*fields)?.iter();
                let fields: Option<Box<[u32]>> = fields.map(field).collect();
                fields.map(ArrowType::Struct)
            }
            (ArrowCheck::Map, [key, value, ..]) => {
                let (key, value) = (field(key)?, field(value)?);
                Some(ArrowType::Map { key, value })
            }
            (ArrowCheck::Dictionary, [index, values, _]) => {
                let number = |value: &Value| self.number(*value, Makes::ArrowType);
                let index = self.values.arrows.kind(number(index)?)?;
                let ArrowType::Fixed { bytes, name } = index else {
                    return None;
                };
                let values = number(values)?;
                (name.starts_with("int") || name.starts_with("uint")).then_some(
                    ArrowType::Dictionary {
                        bytes: u8::try_from(*bytes).ok()?,
                        signed: name.starts_with("int"),
                        values,
                    },
                )
            }
            _ => None,
        }
    }

    /// The number of a type, or of that of a field.
    fn number(&self, value: Value, makes: Makes) -> Option<u32> {
        let is_made = self.values.makes(value) == Some(makes);
        Some(value.detail()).filter(|number| is_made && *number > 0)
    }
}

/// An array that fits.
struct Array {
    rows: u64,
    kind: u32,
    /// How many of its items are missing.
    missing: u64,
}

type Compared<T> = Result<T, ContentsFault>;

/// Arrays, as tuples describe them.
#[derive(Clone, Copy)]
struct Arrays<'a, 'v> {
    values: &'a Values<'v>,
}

/// What a tuple says of an array besides its type.
struct Described<'a, 'v> {
    arrays: Arrays<'a, 'v>,
    buffers: &'a [Value],
    /// Its items in the buffers.
    span: Span,
}

impl<'a> Arrays<'a, '_> {
    /// An array from its type, length, missing items, offset, buffers, children and dictionary.
    fn array(self, described: Value, depth: u32) -> Compared<Array> {
        let parts = self.values.tuple(described);
        let Some([kind, length, missing, offset, buffers, children, dictionary]) = parts else {
            return Err(ContentsFault::Arrays);
        };
        let (kinds, values) = (
            Kinds {
                values: self.values,
            },
            self.values,
        );
        let number = kinds.number(*kind, Makes::ArrowType);
        let known = number.and_then(|number| Some((number, values.arrows.kind(number)?)));
        let (Some((number, kind)), true) = (known, depth < DEPTH) else {
            return Err(ContentsFault::ArrowType);
        };
        let size = |value: Value| {
            let size = values.preview.integer(value)?;
            u64::try_from(size).ok()
        };
        let span = size(*offset).zip(size(*length));
        let span = span.and_then(|(offset, length)| Some((offset, offset.checked_add(length)?)));
        // pyarrow counts with a sign, in bits too.
        let span = span.filter(|(_, end)| *end < u64::MAX / 16);
        let listed = |list: Value| match list.kind() {
            ValueKind::List | ValueKind::Tuple => values.preview.nodes.all(list),
            _ => None,
        };
        let (Some(span), Some(buffers), Some(children)) =
            (span, listed(*buffers), listed(*children))
        else {
            return Err(ContentsFault::Arrays);
        };
        let array = Described {
            arrays: self,
            buffers,
            span,
        };
        let rows = span.1.saturating_sub(span.0);
        let zeros = array.zeros(kind)?;
        let said = values.preview.integer(*missing);
        if said != Some(-1) && said.map(u64::try_from) != Some(Ok(zeros)) {
            return Err(ContentsFault::ArrowMissing);
        }
        let mut within = Vec::new();
        for child in children {
            within.push(self.array(*child, depth.saturating_add(1))?);
        }
        let dictionary = match dictionary.kind() {
            ValueKind::None => None,
            _ => Some(self.array(*dictionary, depth.saturating_add(1))?),
        };
        array.items(kind, &within, dictionary.as_ref())?;
        Ok(Array {
            rows,
            kind: number,
            missing: zeros,
        })
    }

    /// Arrays of one type, one behind another.
    fn chunks(self, chunks: Value, kind: Value) -> Compared<FramePart> {
        let parts = super::frame_parts::Parts {
            values: self.values,
        };
        let kinds = Kinds {
            values: self.values,
        };
        let number = kinds.number(kind, Makes::ArrowType);
        let (Some(number), Some(chunks)) = (number, parts.list(chunks)) else {
            return Err(ContentsFault::Arrays);
        };
        let mut all: u64 = 0;
        for chunk in chunks {
            match chunk {
                FramePart::Arrow { rows, kind } if *kind == number => {
                    all = all.saturating_add(*rows);
                }
                _ => return Err(ContentsFault::ArrowType),
            }
        }
        Ok(FramePart::Arrow {
            rows: all,
            kind: number,
        })
    }

    /// The bytes of a buffer, which are read now.
    fn read(self, contents: &'a Contents) -> Compared<&'a Contents> {
        if self.values.reads.may_read(contents, self.values.at) {
            Ok(contents)
        } else {
            Err(ContentsFault::ArrowBuffers)
        }
    }
}

impl<'a> Described<'a, '_> {
    /// A buffer, or none where there is `None`.
    fn buffer(&self, at: usize) -> Compared<Option<&'a Contents>> {
        let values = self.arrays.values;
        let buffer = self.buffers.get(at).copied().ok_or(ContentsFault::Arrays)?;
        if buffer.kind() == ValueKind::None {
            return Ok(None);
        }
        let is_buffer = values.makes(buffer) == Some(Makes::ArrowBuffer);
        let known = is_buffer.then(|| values.arrows.buffer(buffer)).flatten();
        known.map(Some).ok_or(ContentsFault::Arrays)
    }

    /// A buffer of at least so many bytes; none is as good as an empty one.
    fn of_length(&self, at: usize, needed: Option<u64>) -> Compared<Option<&'a Contents>> {
        let needed = needed.ok_or(ContentsFault::ArrowBuffers)?;
        let Some(buffer) = self.buffer(at)? else {
            return if needed == 0 {
                Ok(None)
            } else {
                Err(ContentsFault::ArrowBuffers)
            };
        };
        let window = self.arrays.values.preview.window;
        let length = columns::length(self.arrays.read(buffer)?, window);
        if length.is_some_and(|length| length >= needed) {
            Ok(Some(buffer))
        } else {
            Err(ContentsFault::ArrowBuffers)
        }
    }

    fn bits(&self, at: usize) -> Compared<Option<&'a Contents>> {
        self.of_length(at, Some(self.span.1.div_ceil(8)))
    }

    /// How many items are missing: those of which a bit is not set.
    fn zeros(&self, kind: &ArrowType) -> Compared<u64> {
        let rows = self.span.1.saturating_sub(self.span.0);
        let is_there = self.buffer(0)?.is_some();
        match (kind, is_there) {
            (ArrowType::Null, false) => Ok(rows),
            (ArrowType::Null, true) => Err(ContentsFault::ArrowBuffers),
            (_, false) => Ok(0),
            (_, true) => {
                let Some(bits) = self.bits(0)? else {
                    return Ok(0);
                };
                let window = self.arrays.values.preview.window;
                let zeros = columns::zeros(self.arrays.read(bits)?, window, self.span);
                zeros.ok_or(ContentsFault::ArrowBuffers)
            }
        }
    }

    /// The items of an array, of the other arrays that it holds.
    fn items(
        &self,
        kind: &ArrowType,
        within: &[Array],
        dictionary: Option<&Array>,
    ) -> Compared<()> {
        let end = self.span.1;
        let (buffers, of_dictionary) = match kind {
            ArrowType::Null | ArrowType::FixedList { .. } | ArrowType::Struct(_) => (1, false),
            ArrowType::Texts { .. } => (3, false),
            ArrowType::Dictionary { .. } => (2, true),
            _ => (2, false),
        };
        if self.buffers.len() != buffers || dictionary.is_some() != of_dictionary {
            return Err(ContentsFault::ArrowBuffers);
        }
        let few = end <= EMPTY_ITEMS;
        match (kind, within) {
            (ArrowType::Null, []) if few => Ok(()),
            (ArrowType::Bits, []) => self.bits(1).map(|_| ()),
            (ArrowType::Fixed { bytes, .. }, []) if few || *bytes > 0 => {
                self.of_length(1, end.checked_mul(*bytes)).map(|_| ())
            }
            (ArrowType::Texts { wide, utf8 }, []) => self.texts(offset_size(*wide), *utf8),
            (ArrowType::List { wide, of }, [items]) if items.kind == *of => {
                let (_, last) = self.offsets(offset_size(*wide))?;
                inside(last, items.rows)
            }
            (ArrowType::Map { key, value }, [pairs]) if pairs.missing == 0 => {
                let of = ArrowType::Struct(Box::new([*key, *value]));
                if self.arrays.values.arrows.number(&of) != Some(pairs.kind) {
                    return Err(ContentsFault::ArrowType);
                }
                let (_, last) = self.offsets(4)?;
                inside(last, pairs.rows)
            }
            (ArrowType::FixedList { count, of }, [items]) if items.kind == *of && few => {
                inside(end.saturating_mul(*count), items.rows)
            }
            (ArrowType::Struct(fields), _) if fields.len() == within.len() && few => {
                for (field, array) in fields.iter().zip(within) {
                    if *field != array.kind {
                        return Err(ContentsFault::ArrowType);
                    }
                    inside(end, array.rows)?;
                }
                Ok(())
            }
            (
                ArrowType::Dictionary {
                    bytes,
                    signed,
                    values,
                },
                [],
            ) => {
                let stored = Integer {
                    bytes: *bytes,
                    signed: *signed,
                    big: false,
                };
                let dictionary = dictionary.filter(|dictionary| dictionary.kind == *values);
                self.numbers(stored, dictionary.ok_or(ContentsFault::ArrowType)?.rows)
            }
            _ => Err(ContentsFault::ArrowType),
        }
    }

    /// Numbers of items of a dictionary.
    fn numbers(&self, stored: Integer, count: u64) -> Compared<()> {
        let needed = self.span.1.checked_mul(u64::from(stored.bytes));
        let Some(numbers) = self.of_length(1, needed)? else {
            return Ok(());
        };
        let there = match self.buffer(0)? {
            Some(bits) => Some(self.arrays.read(bits)?),
            None => None,
        };
        let (numbers, window) = (
            self.arrays.read(numbers)?,
            self.arrays.values.preview.window,
        );
        match columns::are_below(numbers, window, stored, self.span, there, count) {
            Some(true) => Ok(()),
            Some(false) => Err(ContentsFault::Codes),
            None => Err(ContentsFault::ArrowBuffers),
        }
    }

    /// The first and the last offset.
    fn offsets(&self, size: u8) -> Compared<Span> {
        // Where there is nothing, there may be no offset either.
        if self.span == (0, 0) {
            self.buffer(1)?;
            return Ok((0, 0));
        }
        let needed = self.span.1.checked_add(1);
        let needed = needed.and_then(|count| count.checked_mul(u64::from(size)));
        let offsets = self.of_length(1, needed)?.ok_or(ContentsFault::Arrays)?;
        let window = self.arrays.values.preview.window;
        let ends = columns::offsets(self.arrays.read(offsets)?, window, size, self.span);
        ends.ok_or(ContentsFault::ArrowOffsets)
    }

    fn texts(&self, size: u8, utf8: bool) -> Compared<()> {
        let ends = self.offsets(size)?;
        let data = match self.of_length(2, Some(ends.1)) {
            Err(ContentsFault::ArrowBuffers) => return Err(ContentsFault::ArrowOffsets),
            data => data?,
        };
        let (Some(data), true, false) = (data, utf8, self.span == (0, 0)) else {
            return Ok(());
        };
        let offsets = self.buffer(1)?.ok_or(ContentsFault::Arrays)?;
        let offsets = (self.arrays.read(offsets)?, size);
        let window = self.arrays.values.preview.window;
        let data = self.arrays.read(data)?;
        match columns::are_texts(data, window, offsets, self.span, ends) {
            Some(true) => Ok(()),
            _ => Err(ContentsFault::ArrowTexts),
        }
    }
}

const fn offset_size(wide: bool) -> u8 {
    if wide { 8 } else { 4 }
}

/// Whether offsets end within so many items.
fn inside(end: u64, items: u64) -> Compared<()> {
    if end <= items {
        Ok(())
    } else {
        Err(ContentsFault::ArrowOffsets)
    }
}
