//! Snappy: a length, then literals and copies of what came before.
//!
//! Follows `format_description.txt` of Snappy. Only the format of a block is decoded, not that of a stream.

use super::{Cursor, ReadError, narrow, wide};
use crate::fact::{Malformed, Piece};

/// Decodes a block of which the caller has compared the length with a limit.
///
/// # Errors
/// If it is no block, or says that it is longer than `most`: `None`.
pub fn unsnap(packed: &[u8], most: usize) -> Result<Option<Vec<u8>>, ReadError> {
    let mut cursor = Cursor::new(packed, Piece::Content);
    let Some(length) = length(&mut cursor)?.filter(|length| *length <= wide(most)) else {
        return Ok(None);
    };
    let length = narrow(length);
    let mut out = Vec::new();
    while !cursor.rest().is_empty() {
        let tag = cursor.u8()?;
        let high = usize::from(tag >> 2);
        let (count, offset) = match tag & 3 {
            0 => {
                let count = match high {
                    0..60 => high,
                    more => little(cursor.take(more.saturating_sub(59))?),
                };
                let literal = cursor.take(count.saturating_add(1))?;
                out.extend_from_slice(literal);
                (0, 0)
            }
            1 => {
                let low = usize::from(cursor.u8()?);
                let offset = usize::from(tag >> 5)
                    .saturating_mul(256)
                    .saturating_add(low);
                ((high & 7).saturating_add(4), offset)
            }
            2 => (high.saturating_add(1), usize::from(cursor.u16()?)),
            _ => (high.saturating_add(1), little(cursor.take(4)?)),
        };
        copy(&mut out, count, offset)?;
        if out.len() > length {
            return Err(corrupt());
        }
    }
    if out.len() == length {
        Ok(Some(out))
    } else {
        Err(corrupt())
    }
}

/// Appends so many bytes from so far before the end: they may overlap what is appended.
fn copy(out: &mut Vec<u8>, count: usize, offset: usize) -> Result<(), ReadError> {
    if count == 0 {
        return Ok(());
    }
    let start = out.len().checked_sub(offset).filter(|_| offset > 0);
    let start = start.ok_or_else(corrupt)?;
    for at in start..start.saturating_add(count) {
        let byte = out.get(at).copied().ok_or_else(corrupt)?;
        out.push(byte);
    }
    Ok(())
}

/// The length in front: `None` of what has more than 32 bits.
fn length(cursor: &mut Cursor<'_>) -> Result<Option<u64>, ReadError> {
    let mut length: u64 = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = cursor.u8()?;
        let bits = u64::from(byte & 0x7f);
        length |= bits.checked_shl(shift).unwrap_or_default();
        if byte & 0x80 == 0 {
            return Ok(Some(length));
        }
    }
    Ok(None)
}

fn little(bytes: &[u8]) -> usize {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |all: usize, byte| (all << 8) | usize::from(*byte))
}

fn corrupt() -> ReadError {
    ReadError::malformed(Malformed::Compressed { cut_off: false })
}

#[cfg(test)]
mod tests {
    use super::unsnap;

    fn decoded(packed: &[u8]) -> Option<Vec<u8>> {
        unsnap(packed, 1 << 20).ok().flatten()
    }

    /// Blocks that python-snappy writes, and what breaks one.
    #[test]
    fn blocks_are_decoded() {
        assert_eq!(decoded(b"\x05\x10hello"), Some(b"hello".to_vec()));
        // A literal, then a copy that overlaps itself.
        assert_eq!(
            decoded(b"\x0a\x00a\x22\x01\x00"),
            Some(b"aaaaaaaaaa".to_vec())
        );
        assert_eq!(decoded(b"\x08\x0cabcd\x01\x04"), Some(b"abcdabcd".to_vec()));
        assert_eq!(decoded(b"\x00"), Some(Vec::new()));
        for broken in [
            b"\x05\x10hell".as_slice(),
            b"\x04\x10hello",
            b"\x06\x10hello",
            b"\x08\x0cabcd\x01\x05",
            b"\x08\x0cabcd\x01\x00",
            b"\xff\xff\xff\xff\x0f\x00a",
            b"\xff\xff\xff\xff\xff\x0f\x00a",
            b"",
        ] {
            assert_eq!(decoded(broken), None, "{broken:?}");
        }
    }
}
