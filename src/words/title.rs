//! Formats by their titles.

use std::fmt;

use crate::{
    fact::{Content, FormatId},
    format::{self, Read},
};

/// A format by its title.
pub(super) struct Title<'a>(pub(super) &'a FormatId);

impl fmt::Display for Title<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match format::by_id(self.0.as_str()) {
            Some(format) => f.write_str(format.title),
            None => self.0.fmt(f),
        }
    }
}

/// A format by its title, with an article.
pub(super) struct Article<'a>(pub(super) &'a FormatId);

impl fmt::Display for Article<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = Title(self.0);
        write!(f, "{} {title}", article(&title.to_string()))
    }
}

/// `an` in front of a vowel, and of an abbreviation whose first letter is spoken with one.
fn article(title: &str) -> &'static str {
    let spelled = title
        .chars()
        .nth(1)
        .is_none_or(|second| !second.is_ascii_lowercase());
    let vowels = if spelled {
        "AEFHILMNORSX"
    } else {
        "AEIOUaeiou"
    };
    let first = title.chars().next();
    if first.is_some_and(|first| vowels.contains(first)) {
        "an"
    } else {
        "a"
    }
}

/// What to do with content that is recognised and not read.
pub(crate) fn instead_of(content: &Content) -> Option<&'static str> {
    let (Content::Recognised(id) | Content::OtherLayout { expected: id, .. }) = content else {
        return None;
    };
    match format::by_id(id.as_str())?.read {
        Read::Not { instead } => Some(instead),
        Read::Bytes(_) | Read::Zip(_) | Read::Tar(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::article;

    #[test]
    fn articles_are_spoken() {
        for (title, with) in [
            ("HDF5 file", "an"),
            ("ONNX model", "an"),
            ("GGUF model", "a"),
            ("NumPy array", "a"),
            ("ExecuTorch program", "an"),
            ("zip archive", "a"),
            ("7z archive", "a"),
            ("R data file", "an"),
        ] {
            assert_eq!(article(title), with, "{title}");
        }
    }
}
