//! dtypes, as npy headers describe them: a type string, a list of fields, a subarray.

use super::literal::Literal;
use crate::{
    bytes::ReadError,
    fact::{NpyFault, Short, Unsupported},
};

/// What an array's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dtype {
    /// They are or contain Python objects.
    Object,
    /// They are so many bytes of data.
    Plain(u64),
}

impl Dtype {
    /// The dtype of a `descr`.
    ///
    /// # Errors
    /// [`ReadError::Malformed`] for what describes no dtype, [`ReadError::Unsupported`] for type strings that numpy does
    /// not write.
    pub(super) fn of(descr: &Literal) -> Result<Self, ReadError> {
        match descr {
            Literal::Str(text) => Self::of_string(text),
            Literal::List(fields) => {
                let mut all = Self::Plain(0);
                for field in fields {
                    all = all.and(Self::of_field(field)?)?;
                }
                Ok(all)
            }
            Literal::Tuple(parts) => match parts.as_slice() {
                [base, shape] => Self::of(base)?.times(shape),
                _ => Err(no_dtype(descr)),
            },
            _ => Err(no_dtype(descr)),
        }
    }

    fn of_field(field: &Literal) -> Result<Self, ReadError> {
        let Literal::Tuple(parts) = field else {
            return Err(no_dtype(field));
        };
        let (name, descr, shape) = match parts.as_slice() {
            [name, descr] => (name, descr, None),
            [name, descr, shape] => (name, descr, Some(shape)),
            _ => return Err(no_dtype(field)),
        };
        let named = match name {
            Literal::Str(_) => true,
            Literal::Tuple(names) => names.len() == 2,
            _ => false,
        };
        if !named {
            return Err(no_dtype(field));
        }
        let dtype = Self::of(descr)?;
        shape.map_or(Ok(dtype), |shape| dtype.times(shape))
    }

    fn and(self, other: Self) -> Result<Self, ReadError> {
        match (self, other) {
            (Self::Plain(a), Self::Plain(b)) => {
                a.checked_add(b).map(Self::Plain).ok_or_else(too_large)
            }
            _ => Ok(Self::Object),
        }
    }

    fn times(self, shape: &Literal) -> Result<Self, ReadError> {
        let count = match shape {
            Literal::Tuple(sizes) => count(sizes)?,
            size => count(std::slice::from_ref(size))?,
        };
        match self {
            Self::Object => Ok(Self::Object),
            Self::Plain(item) => item
                .checked_mul(count)
                .map(Self::Plain)
                .ok_or_else(too_large),
        }
    }

    /// A type string: byte order, kind, size (`<f8`, `|O`, `<U12`, `<M8[ns]`).
    fn of_string(text: &str) -> Result<Self, ReadError> {
        let unsupported = || {
            let dtype = Short::from(text);
            ReadError::unsupported(Unsupported::Dtype(dtype))
        };
        let bare = text.trim_start_matches(['<', '>', '|', '=']);
        if text.len().saturating_sub(bare.len()) > 1 {
            return Err(unsupported());
        }
        let mut chars = bare.chars();
        let kind = chars.next().ok_or_else(unsupported)?;
        let (size, unit) = match chars.as_str().split_once('[') {
            Some((size, unit)) => (size, Some(unit)),
            None => (chars.as_str(), None),
        };
        let digits = size.bytes().all(|b| b.is_ascii_digit());
        let timed = matches!(kind, 'M' | 'm') && unit.is_some_and(|unit| unit.ends_with(']'));
        if !digits || unit.is_some() && !timed {
            return Err(unsupported());
        }
        if kind == 'O' {
            return Ok(Self::Object);
        }
        let size: u64 = match (kind, size) {
            ('?', "") => 1,
            ('S' | 'a' | 'U' | 'V', "") => 0,
            (_, "") => return Err(unsupported()),
            (_, size) => size.parse().map_err(|_| unsupported())?,
        };
        let known = match kind {
            '?' | 'b' => size == 1,
            'i' | 'u' => matches!(size, 1 | 2 | 4 | 8),
            'f' => matches!(size, 2 | 4 | 8 | 12 | 16),
            'c' => matches!(size, 8 | 16 | 24 | 32),
            'M' | 'm' => size == 8,
            'S' | 'a' | 'V' | 'U' => size <= 0x7fff_ffff,
            _ => false,
        };
        match kind {
            _ if !known => Err(unsupported()),
            'U' => Ok(Self::Plain(size.saturating_mul(4))),
            _ => Ok(Self::Plain(size)),
        }
    }
}

/// The number of elements of a shape.
pub(super) fn count(sizes: &[Literal]) -> Result<u64, ReadError> {
    let mut count: u64 = 1;
    for size in sizes {
        // To numpy `True` is an integer too, but its writers never say so.
        let size = match size {
            Literal::Int(size) => u64::try_from(*size).ok(),
            _ => None,
        };
        count = size
            .and_then(|size| count.checked_mul(size))
            .filter(|count| i64::try_from(*count).is_ok())
            .ok_or_else(|| ReadError::malformed(NpyFault::Size))?;
    }
    Ok(count)
}

fn no_dtype(descr: &Literal) -> ReadError {
    ReadError::malformed(NpyFault::Dtype(descr.shown()))
}

fn too_large() -> ReadError {
    ReadError::malformed(NpyFault::ElementTooLarge)
}

#[cfg(test)]
mod tests {
    use super::{super::literal::parse, Dtype};

    #[test]
    fn objects_are_found_wherever_they_are() {
        for descr in [
            "'|O'",
            "'|O8'",
            "'O'",
            "'<O4'",
            "[('a', '<f8'), ('b', '|O')]",
            "[('a', [('b', [('c', '|O')])])]",
            "[('a', '|O', (2, 3))]",
            "[('a', ('|O', (2,)))]",
            "[(('title', 'a'), '|O')]",
            "('|O', (2,))",
        ] {
            let descr = parse(descr, true).unwrap();
            assert_eq!(Dtype::of(&descr).unwrap(), Dtype::Object, "{descr:?}");
        }
    }

    #[test]
    fn sizes() {
        for (descr, size) in [
            ("'<f8'", 8),
            ("'<U3'", 12),
            ("'|S0'", 0),
            ("'<M8[ns]'", 8),
            ("[('a', '<f4', (2, 3)), ('', '|V4'), ('b', '|u1')]", 29),
        ] {
            let descr = parse(descr, true).unwrap();
            assert_eq!(Dtype::of(&descr).unwrap(), Dtype::Plain(size), "{descr:?}");
        }
    }
}
