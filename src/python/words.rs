//! Words of Python source, as bytes.

/// Whether a byte can be part of a word. Bytes that are not ASCII count.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether a byte can stand between the tokens of a line.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

/// Bytes of the same word before an offset.
pub(super) fn word_before(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    before.iter().rev().take_while(|b| is_word(**b)).count()
}

/// Bytes of the same word from an offset on.
pub(super) fn word_after(bytes: &[u8], at: usize) -> usize {
    let after = bytes.get(at..).unwrap_or_default();
    after.iter().take_while(|b| is_word(**b)).count()
}

/// Whether a whole word is there.
pub(super) fn has_word(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find_iter(bytes, word).any(|at| {
        let beside = [at.checked_sub(1), at.checked_add(word.len())];
        let mut beside = beside.into_iter().flatten();
        !beside.any(|at| bytes.get(at).is_some_and(|b| is_word(*b)))
    })
}
