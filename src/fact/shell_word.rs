//! A path in a command line that people copy.

use std::borrow::Cow;

/// A path as one word of a shell. No path has the NUL that no word can hold.
pub fn shell_word(path: &[u8]) -> Cow<'_, [u8]> {
    shlex::bytes::try_quote(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_path_in_advice_is_one_word() {
        assert_eq!(&*shell_word(b"models/a.pt"), b"models/a.pt");
        assert_eq!(&*shell_word(b"it's $(x).pt"), br#""it's "'$(x).pt'"#);
    }
}
