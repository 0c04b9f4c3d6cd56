//! Suffixes of file names, as formats declare them, and what else is found under each.

/// A suffix under which files of a format are found.
#[derive(Debug, Clone, Copy)]
pub struct Suffix {
    /// In lower case, without the dot in front.
    pub text: &'static str,
    /// What else is found under it.
    pub home: Home,
}

/// What a suffix alone says about a file of unknown content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// It is this format, or its name is wrong: it is refused.
    Own,
    /// Text may be of another kind, which is named here, and is passed over; other content is refused.
    SharedWithText(&'static str),
    /// It may be a file of another kind, some of which are named here: it is passed over.
    Shared(&'static str),
    /// Files of any kind have it, and none is expected to be a model: it says nothing against this format.
    Plain,
    /// It is wrapped, and the name without the suffix says more: `model.pkl.gz`.
    Wrapping,
}

impl Suffix {
    /// A suffix under which nothing else is found.
    pub const fn own(text: &'static str) -> Self {
        let home = Home::Own;
        Self { text, home }
    }

    /// A suffix that text of another kind has as well.
    pub const fn shared_with_text(text: &'static str, others: &'static str) -> Self {
        let home = Home::SharedWithText(others);
        Self { text, home }
    }

    /// A suffix that files of other kinds have as well.
    pub const fn shared(text: &'static str, others: &'static str) -> Self {
        let home = Home::Shared(others);
        Self { text, home }
    }

    /// A suffix that says nothing: `model.json` may be anything.
    pub const fn plain(text: &'static str) -> Self {
        let home = Home::Plain;
        Self { text, home }
    }

    /// The suffix of a wrapping.
    pub const fn wrapping(text: &'static str) -> Self {
        let home = Home::Wrapping;
        Self { text, home }
    }

    /// Whether a name ends in it, whatever the case, after a dot.
    pub fn ends(&self, name: &[u8]) -> bool {
        ends_in(name, self.text)
    }
}

/// Whether a name ends in a suffix, whatever the case, after a dot.
pub(super) fn ends_in(name: &[u8], suffix: &str) -> bool {
    let suffix = suffix.as_bytes();
    // Most names have no dot there: every name is compared with every suffix.
    let dot = name.len().checked_sub(suffix.len().saturating_add(1));
    let end = dot.and_then(|dot| name.get(dot..));
    end.and_then(|end| end.strip_prefix(b"."))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

/// Whether a name ends in one of these suffixes.
pub(super) fn ends_in_one(name: &[u8], suffixes: &[&str]) -> bool {
    suffixes.iter().any(|suffix| ends_in(name, suffix))
}
