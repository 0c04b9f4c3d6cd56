//! What a policy makes of comments in source.

/// What a policy makes of comments in source that ask for findings not to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InlineMode {
    /// They count, but for those that a change brings which is judged by the policy of its base.
    #[default]
    Allow,
    /// They count, also those that a change brings.
    HonourNew,
    /// None counts.
    Refuse,
}

impl InlineMode {
    /// Each, as a policy spells it, the loosest first.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("honour-new", Self::HonourNew),
        ("allow", Self::Allow),
        ("refuse", Self::Refuse),
    ];

    /// How strict it is: 0 for the loosest.
    pub(super) fn rank(self) -> usize {
        let mut words = Self::WORDS.iter();
        words
            .position(|(_, mode)| *mode == self)
            .unwrap_or_default()
    }

    /// As a policy spells it.
    pub(super) fn word(self) -> &'static str {
        Self::WORDS.get(self.rank()).map_or("", |(word, _)| word)
    }
}
