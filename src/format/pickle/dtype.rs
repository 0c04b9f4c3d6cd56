//! The classes of numpy's dtypes: what `numpy.dtype('f8')` is an instance of, which no pickle names.
//!
//! torch's weights-only unpickler compares the class of what it gives state to, so `numpy.dtypes.Float64DType` has to be
//! listed although only `numpy.dtype` is stored. Follows `numpy.dtypes` (numpy 1.25 and later).

/// Class by type code and size.
const CLASSES: &[(&str, &str)] = &[
    ("?", "BoolDType"),
    ("b1", "BoolDType"),
    ("i1", "Int8DType"),
    ("i2", "Int16DType"),
    ("i4", "Int32DType"),
    ("i8", "Int64DType"),
    ("u1", "UInt8DType"),
    ("u2", "UInt16DType"),
    ("u4", "UInt32DType"),
    ("u8", "UInt64DType"),
    ("f2", "Float16DType"),
    ("f4", "Float32DType"),
    ("f8", "Float64DType"),
    ("f16", "LongDoubleDType"),
    ("c8", "Complex64DType"),
    ("c16", "Complex128DType"),
    ("c32", "CLongDoubleDType"),
    ("O", "ObjectDType"),
    ("M", "DateTime64DType"),
    ("m", "TimeDelta64DType"),
    ("S", "BytesDType"),
    ("U", "StrDType"),
    ("V", "VoidDType"),
    ("T", "StringDType"),
];

/// Codes whose size is not part of the class.
const SIZED: &[&str] = &["O", "M", "m", "S", "U", "V"];

/// The number of the class of a dtype that is spelled so, from 1; 0 if it is not known.
pub(super) fn of(spelled: &str) -> u16 {
    let spelled = spelled.trim_start_matches(['<', '>', '=', '|']);
    let found = CLASSES.iter().position(|(code, _)| {
        spelled == *code
            || SIZED.contains(code)
                && spelled
                    .strip_prefix(code)
                    .is_some_and(|size| size.bytes().all(|b| b.is_ascii_digit()))
    });
    found
        .and_then(|at| u16::try_from(at.saturating_add(1)).ok())
        .unwrap_or(0)
}

/// The name of a class in `numpy.dtypes`.
pub(super) fn class(number: u16) -> Option<&'static str> {
    let at = usize::from(number).checked_sub(1)?;
    CLASSES.get(at).map(|(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::{class, of};

    #[test]
    fn spellings_have_classes() {
        for (spelled, expected) in [
            ("f8", Some("Float64DType")),
            ("<U11", Some("StrDType")),
            ("|b1", Some("BoolDType")),
            ("M8", Some("DateTime64DType")),
            ("f3", None),
            ("", None),
        ] {
            assert_eq!(class(of(spelled)), expected, "{spelled}");
        }
    }
}
