//! Words of command lines that people copy.

/// A path as a word of a command line.
pub(super) fn shell_word(path: &[u8]) -> Vec<u8> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-+@%=:,".contains(b);
    if !path.is_empty() && path.iter().all(plain) {
        return path.to_vec();
    }
    let mut word = vec![b'\''];
    for byte in path {
        match byte {
            b'\'' => word.extend_from_slice(b"'\\''"),
            byte => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_path_in_advice_is_one_word() {
        assert_eq!(shell_word(b"models/a.pt"), b"models/a.pt");
        assert_eq!(shell_word(b"it's $(x).pt"), b"'it'\\''s $(x).pt'");
    }
}
