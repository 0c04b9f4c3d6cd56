//! numpy's dtypes: what `numpy.dtype('f8')` is an instance of, and whether the state that is set on one is what numpy writes.
//!
//! A dtype says how the bytes of an array are taken. numpy believes the state that a pickle sets on it: fields that reach
//! beyond an item, or flags that call plain bytes objects, make numpy follow pointers out of the file, through names that
//! every array needs. So a state is compared with what `dtype.__reduce__` writes (numpy 1.7 and later, state versions 3 and
//! 4), and a dtype that could still change while something uses it counts as forged.
//!
//! The classes follow `numpy.dtypes` (numpy 1.25 and later): torch's weights-only unpickler compares the class of what it gives
//! state to, so `numpy.dtypes.Float64DType` has to be listed although only `numpy.dtype` is stored.

use rustc_hash::{FxHashMap, FxHashSet};

use super::value::{Kind, Nodes, Value};
use crate::{bytes::wide, limits};

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

/// Codes whose size is not part of the class.
const SIZED: &[&str] = &["O", "M", "m", "S", "U", "V"];

/// Flags of a dtype that call its bytes references: counted, pickled as a list, pointers. The others (clearing memory, the
/// interpreter's lock, how single items are read, alignment) do no harm where nothing is a reference.
const REFERENCES: i32 = 0x07;
/// What an object needs, and what an item needs that holds some: without clearing, memory is taken for references.
const IS_OBJECT: i32 = 0x0f;
const HOLDS_OBJECTS: i32 = 0x0b;

/// Whether flags say the truth about an item.
fn agree(flags: i32, objects: bool, needed: i32) -> bool {
    if objects {
        flags & needed == needed
    } else {
        flags & REFERENCES == 0
    }
}

/// What is known of a dtype, in 24 bits; 0 is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dtype(u32);

/// Bits of the class; above them stands which of the flexible dtypes it is.
const CLASS_BITS: u32 = 5;
const CLASS: u32 = (1 << CLASS_BITS) - 1;
/// A type that a global names, other than numpy's own.
const FOREIGN: u32 = CLASS;

impl Dtype {
    /// What is known of the dtype that a value is.
    pub(super) fn of(value: Value) -> Self {
        Self(value.detail())
    }

    /// Its class in `numpy.dtypes`.
    pub(super) fn class(self) -> Option<&'static str> {
        self.row().map(|(_, class, _)| *class)
    }

    /// To be kept with a value.
    pub(super) fn detail(self) -> u32 {
        self.0
    }

    fn row(self) -> Option<&'static (&'static str, &'static str, Option<u64>)> {
        let at = crate::bytes::narrow(u64::from(self.0 & CLASS));
        CLASSES.get(at.checked_sub(1)?)
    }

    /// Which of the flexible dtypes.
    fn flexible(self) -> Option<usize> {
        crate::bytes::narrow(u64::from(self.0 >> CLASS_BITS)).checked_sub(1)
    }
}

/// A dtype whose size and parts its state decides.
#[derive(Debug, Clone, Copy, Default)]
struct Flexible {
    /// Its state has been set, and is what numpy writes.
    stated: bool,
    /// Something got hold of it before.
    used: bool,
    layout: Layout,
}

/// How items are laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Layout {
    /// Bytes of an item.
    size: u64,
    /// It is an object, or holds some.
    objects: bool,
}

/// Fields that have been put into a dict.
#[derive(Debug, Clone, Copy, Default)]
struct Fields {
    count: u64,
    /// The byte after the last field.
    end: u64,
    objects: bool,
}

/// The dtypes of a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Dtypes {
    flexible: Vec<Flexible>,
    /// By dict: pairs of a name and a tuple of a dtype and an offset.
    fields: FxHashMap<u64, Fields>,
    /// Dicts that a dtype holds.
    held: FxHashSet<u64>,
}

impl Dtypes {
    /// The dtype that `numpy.dtype` makes of a type code.
    pub(super) fn spelled(&mut self, code: &str) -> Dtype {
        let code = code.trim_start_matches(['<', '>', '=', '|']);
        let found = CLASSES.iter().position(|(known, ..)| {
            code == *known
                || SIZED.contains(known)
                    && code
                        .strip_prefix(known)
                        .is_some_and(|size| size.bytes().all(|b| b.is_ascii_digit()))
        });
        found.map_or(Dtype(0), |at| self.made(at))
    }

    /// The dtype that `numpy.dtype` makes of a type: numpy's own for records, or one that another library registers.
    pub(super) fn of_type(&mut self, module: &str, name: &str) -> Dtype {
        let void = matches!(module, "numpy" | "numpy.rec" | "numpy.core.records")
            && matches!(name, "record" | "void");
        let void = void.then(|| CLASSES.iter().position(|(.., class, _)| *class == VOID));
        match void.flatten() {
            Some(at) => self.made(at),
            None => Dtype(FOREIGN),
        }
    }

    fn made(&mut self, at: usize) -> Dtype {
        let class = u32::try_from(at.saturating_add(1)).unwrap_or(0);
        if CLASSES.get(at).is_some_and(|(.., size)| size.is_some()) {
            return Dtype(class);
        }
        // One more than there is room for is of a known class, but its state cannot be judged.
        let room = (u32::MAX >> 8) >> CLASS_BITS;
        match u32::try_from(self.flexible.len().saturating_add(1)) {
            Ok(index) if index <= room => {
                self.flexible.push(Flexible::default());
                Dtype((index << CLASS_BITS) | class)
            }
            _ => Dtype(class),
        }
    }

    /// Notes that something other than its own state gets hold of a dtype.
    #[inline]
    pub(super) fn used(&mut self, value: Value) {
        if let Some(dtype) = Dtype::of(value)
            .flexible()
            .and_then(|at| self.flexible.get_mut(at))
        {
            dtype.used = true;
        }
    }

    /// Notes pairs that are put into a dict; whether they may be.
    #[inline]
    pub(super) fn put(&mut self, dict: Value, pairs: &[Value], nodes: &Nodes) -> bool {
        for pair in pairs.chunks_exact(2) {
            if let [_, field] = pair
                && field.kind() == Kind::Tuple
                && let Some([dtype, offset, title @ ..]) = nodes.all(*field)
                && title.len() <= 1
                && let Some(layout) = self.layout(*dtype)
                && let Some(offset) = natural(*offset)
                && (self.fields.len() < limits::GLOBALS || self.fields.contains_key(&dict.number()))
            {
                let fields = self.fields.entry(dict.number()).or_default();
                fields.count = fields.count.saturating_add(1);
                fields.end = fields.end.max(offset.saturating_add(layout.size));
                fields.objects |= layout.objects;
            }
        }
        !self.holds(dict)
    }

    /// Whether a dtype holds this dict as its fields.
    #[inline]
    pub(super) fn holds(&self, dict: Value) -> bool {
        !self.held.is_empty() && dict.kind() == Kind::Dict && self.held.contains(&dict.number())
    }

    /// How the items of a dtype whose state is settled are laid out.
    fn layout(&self, value: Value) -> Option<Layout> {
        if !matches!(value.kind(), Kind::Result | Kind::Instance) {
            return None;
        }
        let dtype = Dtype::of(value);
        match dtype.row()? {
            (_, class, Some(size)) => Some(Layout {
                size: *size,
                objects: *class == OBJECT,
            }),
            _ => self
                .flexible
                .get(dtype.flexible()?)
                .filter(|flexible| flexible.stated)
                .map(|flexible| flexible.layout),
        }
    }

    /// Takes the state that is set on a dtype. `Err` says why numpy would not have written it.
    pub(super) fn build(
        &mut self,
        value: Value,
        state: Value,
        nodes: &Nodes,
    ) -> Result<(), &'static str> {
        let dtype = Dtype::of(value);
        let parts = (state.kind() == Kind::Tuple).then(|| nodes.all(state));
        let Some(
            [
                version,
                _order,
                base,
                names,
                fields,
                size,
                _alignment,
                flags,
                metadata @ ..,
            ],
        ) = parts.flatten()
        else {
            return Err("its state is not the tuple that numpy writes");
        };
        if !matches!((version.kind(), version.as_int()), (Kind::Int, 3 | 4)) || metadata.len() > 1 {
            return Err("its state is of a version that numpy does not write");
        }
        if size.kind() != Kind::Int || flags.kind() != Kind::Int {
            return Err("its size and flags are not integers");
        }
        let flags = flags.as_int();
        let none = |value: &Value| value.kind() == Kind::None;
        let plain = none(base) && none(names) && none(fields);
        if dtype.0 & CLASS == FOREIGN {
            // What the library registered stays as it is, but for the flags.
            return if plain && size.as_int() == -1 && agree(flags, false, 0) {
                Ok(())
            } else {
                Err("its state is not that of a plain type")
            };
        }
        let Some((_, class, fixed)) = dtype.row() else {
            return Err("what it is made from is no type code");
        };
        if fixed.is_some() {
            return if !plain || size.as_int() != -1 {
                Err("it has parts, and its type has none")
            } else if !agree(flags, *class == OBJECT, IS_OBJECT) {
                Err("its flags say otherwise than its type whether its items are objects")
            } else {
                Ok(())
            };
        }
        let Some(known) = dtype.flexible().and_then(|at| self.flexible.get(at)) else {
            return Err("there are too many to follow");
        };
        if known.stated {
            return Err("its state is set twice");
        }
        if known.used {
            return Err("something uses it before its state is set");
        }
        let Some(size) = natural(*size) else {
            return Err("its size is negative");
        };
        let objects = if plain {
            false
        } else if *class != VOID {
            return Err("it has parts, and its type has none");
        } else if none(names) && none(fields) {
            self.array(*base, size, nodes)?
        } else if none(base) {
            self.record(*names, *fields, size, nodes)?
        } else {
            return Err("it has both fields and a shape");
        };
        if !agree(flags, objects, HOLDS_OBJECTS) {
            return Err("its flags say otherwise than its parts whether its items hold objects");
        }
        if let Some(known) = dtype.flexible().and_then(|at| self.flexible.get_mut(at)) {
            known.stated = true;
            known.layout = Layout { size, objects };
        }
        Ok(())
    }

    /// An item that is an array: a dtype and a shape. Whether it holds objects.
    fn array(&self, base: Value, size: u64, nodes: &Nodes) -> Result<bool, &'static str> {
        let parts = (base.kind() == Kind::Tuple).then(|| nodes.all(base));
        let Some([item, shape]) = parts.flatten() else {
            return Err("its base is not a dtype and a shape");
        };
        let Some(layout) = self.layout(*item) else {
            return Err("its base is not a dtype that is settled");
        };
        let shape = match shape.kind() {
            Kind::Tuple => nodes.all(*shape),
            _ => Some(std::slice::from_ref(shape)),
        };
        let bytes = shape.and_then(|shape| {
            shape.iter().try_fold(layout.size, |bytes, length| {
                bytes.checked_mul(natural(*length)?)
            })
        });
        match bytes {
            Some(bytes) if bytes == size => Ok(layout.objects),
            _ => Err("its base and shape do not come to its size"),
        }
    }

    /// An item of fields. Whether it holds objects.
    fn record(
        &mut self,
        names: Value,
        fields: Value,
        size: u64,
        nodes: &Nodes,
    ) -> Result<bool, &'static str> {
        let tuple = (names.kind() == Kind::Tuple).then(|| nodes.get(names));
        let dict = (fields.kind() == Kind::Dict).then(|| nodes.get(fields));
        let (Some(Some((names, _))), Some(Some((pairs, _)))) = (tuple, dict) else {
            return Err("its fields are not a tuple of names and a dict");
        };
        let known = self
            .fields
            .get(&fields.number())
            .copied()
            .unwrap_or_default();
        // A title is a second key of the same field.
        if pairs != known.count.saturating_mul(2) || names > known.count {
            return Err("some of its fields are no dtype that is settled with an offset");
        }
        if known.end > size {
            return Err("a field reaches beyond its items");
        }
        if wide(self.held.len()) >= wide(limits::GLOBALS) {
            return Err("there are too many to follow");
        }
        self.held.insert(fields.number());
        Ok(known.objects)
    }
}

/// An integer that is not negative.
fn natural(value: Value) -> Option<u64> {
    match value.kind() {
        Kind::Int => u64::try_from(value.as_int()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Dtypes;

    #[test]
    fn spellings_have_classes() {
        let mut dtypes = Dtypes::default();
        for (spelled, expected) in [
            ("f8", Some("Float64DType")),
            ("<U11", Some("StrDType")),
            ("|b1", Some("BoolDType")),
            ("M8", Some("DateTime64DType")),
            ("V48", Some("VoidDType")),
            ("f3", None),
            ("", None),
        ] {
            assert_eq!(dtypes.spelled(spelled).class(), expected, "{spelled}");
        }
    }
}
