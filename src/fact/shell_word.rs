//! A path in a command line that people copy.

use std::borrow::Cow;

use super::text::deceives;

/// A path as one word of a shell. No path has the NUL that no word can hold.
pub fn shell_word(path: &[u8]) -> Cow<'_, [u8]> {
    shlex::bytes::try_quote(path).unwrap_or_default()
}

/// A path as an argument that can be printed and pasted: one word, and no option. `None` where it cannot be shown as it is: a line
/// break, a character that deceives, bytes that are no text, a backquote, which ends the command where it is printed between two.
pub fn argument(path: &[u8]) -> Option<String> {
    if path.starts_with(b"-") {
        word(&[b"./", path].concat())
    } else {
        word(path)
    }
}

/// The same behind other characters of the word, where it is no option.
pub(super) fn word(path: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(path).ok()?;
    if text.is_empty() || text.contains(deceives) || text.contains('`') {
        return None;
    }
    String::from_utf8(shell_word(path).into_owned()).ok()
}

/// The same for git, which takes some characters for patterns.
pub fn pathspec(path: &[u8]) -> Option<String> {
    let is_pattern = path.starts_with(b":") || path.iter().any(|b| b"*?[\\".contains(b));
    if is_pattern {
        argument(&[b":(literal)", path].concat())
    } else {
        argument(path)
    }
}

#[cfg(test)]
mod tests {
    use super::{argument, pathspec, shell_word};

    #[test]
    fn an_argument_is_no_option_and_no_pattern() {
        assert_eq!(argument(b"-a.npy").as_deref(), Some("./-a.npy"));
        assert_eq!(argument(b"a b").as_deref(), Some("'a b'"));
        assert_eq!(argument(b"a\nb"), None);
        assert_eq!(argument(b"\xff"), None);
        assert_eq!(argument("a\u{202e}".as_bytes()), None);
        assert_eq!(argument(b"a`b"), None);
        assert_eq!(pathspec(b"a.pt").as_deref(), Some("a.pt"));
        assert_eq!(pathspec(b":a").as_deref(), Some("':(literal):a'"));
        assert_eq!(pathspec(b"-[a]").as_deref(), Some("':(literal)-[a]'"));
    }

    #[test]
    fn a_path_in_advice_is_one_word() {
        assert_eq!(&*shell_word(b"models/a.pt"), b"models/a.pt");
        assert_eq!(&*shell_word(b"it's $(x).pt"), br#""it's "'$(x).pt'"#);
    }
}
