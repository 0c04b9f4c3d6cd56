//! The lines of a text, by byte offsets: where a block ends for whoever adds to it.

/// A text by lines, which may end with `\r\n`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'t> {
    pub(super) text: &'t str,
    /// Whether blank lines after a block belong to it.
    pub(super) past_blank: bool,
}

impl Lines<'_> {
    /// The end of the line in which something ends, without its line end.
    pub(super) fn line_end_of(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        at.saturating_add(line.trim_end_matches('\r').len())
    }

    /// The end of the last line that belongs to a block in a column, which ends at `at`: comments that follow it at once and stand
    /// as deep are its own.
    pub(super) fn after(&self, at: usize, column: usize) -> usize {
        self.skip(self.trimmed(at), |line| {
            let indent = line
                .len()
                .saturating_sub(line.trim_start_matches(' ').len());
            line.trim_start().starts_with('#') && indent >= column && column > 0
                || self.past_blank && line.trim().is_empty()
        })
    }

    /// The end of the last line of the document, which comments may follow.
    pub(super) fn last_line(&self, at: usize) -> usize {
        let at = self.trimmed(at);
        let end = self.skip(at, |line| {
            line.trim().is_empty() || line.trim_start().starts_with('#')
        });
        if self.past_blank {
            return end;
        }
        self.line_end_of(self.trimmed(end).max(at)).min(end)
    }

    /// The end of a range without the blank lines at its end, which a text that is a block holds.
    fn trimmed(&self, end: usize) -> usize {
        let text = self.text.get(..end).unwrap_or_default();
        text.trim_end_matches(['\n', '\r', ' ', '\t']).len()
    }

    /// The end of the last of the lines after that of `at` that are to be passed.
    fn skip(&self, at: usize, passes: impl Fn(&str) -> bool) -> usize {
        let mut end = self.line_end_of(at);
        loop {
            let rest = self.text.get(end..).unwrap_or_default();
            let next = rest
                .strip_prefix("\r\n")
                .or_else(|| rest.strip_prefix('\n'));
            let Some(next) = next.filter(|next| !next.is_empty()) else {
                return end;
            };
            let line = next.split('\n').next().unwrap_or_default();
            if !passes(line) {
                return end;
            }
            let begin = end.saturating_add(rest.len().saturating_sub(next.len()));
            end = self.line_end_of(begin);
        }
    }

    pub(super) fn line(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.matches('\n').count().saturating_add(1)
    }
}
