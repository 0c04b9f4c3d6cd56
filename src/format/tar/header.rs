//! The header of a member, as Python's `tarfile` reads it.

/// Bytes of a header, and what members are padded to.
pub(super) const BLOCK: usize = 512;

/// What decides how a tar goes on after a header.
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) kind: u8,
    pub(super) size: u64,
    /// Where a link leads.
    pub(super) target: Vec<u8>,
}

impl Header {
    /// A header whose checksum holds, as Python reads it: the sum of its bytes, signed or not, with the checksum's own taken for
    /// spaces.
    pub(super) fn read(block: &[u8]) -> Option<Self> {
        let stored = number(block.get(148..156)?)?;
        let bytes = || {
            let blank = |at: usize, byte: u8| if (148..156).contains(&at) { b' ' } else { byte };
            block
                .iter()
                .enumerate()
                .map(move |(at, byte)| blank(at, *byte))
        };
        let unsigned: u64 = bytes().map(u64::from).sum();
        let signed: i64 = bytes().map(|b| i64::from(i8::from_le_bytes([b]))).sum();
        let sum = i128::from(signed);
        (stored == i128::from(unsigned) || stored == sum).then_some(())?;
        let name = text(block.get(..100)?);
        let prefix = text(block.get(345..500)?);
        let kind = *block.get(156)?;
        // Old GNU archives keep other fields where the prefix is.
        let name = if prefix.is_empty() || matches!(kind, b'L' | b'K' | b'S') {
            name.to_vec()
        } else {
            [prefix, b"/", name].concat()
        };
        Some(Self {
            name,
            kind,
            size: u64::try_from(number(block.get(124..136)?)?).ok()?,
            target: text(block.get(157..257)?).to_vec(),
        })
    }
}

/// A field up to its first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// A number as Python's `tarfile` reads it: binary after a byte of 0x80 or 0xff, else what `int(text, 8)` takes, with sign,
/// white space, a prefix `0o` and single underscores. `None` if it is neither.
pub(super) fn number(field: &[u8]) -> Option<i128> {
    if let [first @ (0x80 | 0xff), binary @ ..] = field {
        let value = binary.iter().try_fold(0_i128, |sum, b| {
            sum.checked_mul(256)?.checked_add(i128::from(*b))
        })?;
        if *first == 0x80 {
            return Some(value);
        }
        let whole = binary
            .iter()
            .try_fold(1_i128, |all, _| all.checked_mul(256))?;
        return value.checked_sub(whole);
    }
    let space = |b: u8| matches!(b, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f);
    let from = text(field);
    let start = from.iter().position(|b| !space(*b)).unwrap_or(from.len());
    let end = from
        .iter()
        .rposition(|b| !space(*b))
        .map_or(start, |last| last.saturating_add(1));
    let mut digits = from.get(start..end).unwrap_or_default();
    if digits.is_empty() {
        return Some(0);
    }
    let negative = digits.first() == Some(&b'-');
    if let [b'+' | b'-', rest @ ..] = digits {
        digits = rest;
    }
    let prefixed = matches!(digits, [b'0', b'o' | b'O', ..]);
    if let [b'0', b'o' | b'O', rest @ ..] = digits {
        digits = rest.strip_prefix(b"_").unwrap_or(rest);
    }
    let grouped = digits
        .split(|b| *b == b'_')
        .all(|group| !group.is_empty() && group.iter().all(|b| (b'0'..=b'7').contains(b)));
    if !grouped || prefixed && digits.is_empty() {
        return None;
    }
    let value = digits
        .iter()
        .filter(|b| **b != b'_')
        .try_fold(0_i128, |sum, b| {
            sum.checked_mul(8)?
                .checked_add(i128::from(b.wrapping_sub(b'0')))
        })?;
    Some(if negative {
        value.checked_neg()?
    } else {
        value
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_what_python_takes() {
        for (field, value) in [
            (b"0000017\0".as_slice(), Some(15)),
            (b"0o17\0\0\0\0", Some(15)),
            (b"0O_17   ", Some(15)),
            (b"  +1_7 \0", Some(15)),
            (b"-17\0    ", Some(-15)),
            (b"\x80\0\0\0\0\0\0\x0f", Some(15)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"        ", Some(0)),
            (b"18\0     ", None),
            (b"0o\0     ", None),
            (b"1__7\0   ", None),
            (b"0x17\0   ", None),
        ] {
            assert_eq!(number(field), value, "{}", field.escape_ascii());
        }
    }
}
