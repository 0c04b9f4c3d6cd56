//! Who owns which file: `CODEOWNERS`, as forges read it. The last line whose pattern matches a path decides.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The owners of a repository's files.
#[derive(Debug, Default)]
pub(super) struct CodeOwners {
    /// A matcher for each line, in order.
    lines: Vec<(Gitignore, Vec<String>)>,
}

/// Lines that are read: forges refuse longer files.
const LINES: usize = 10_000;

impl CodeOwners {
    /// Reads the text of the file. Lines that no forge could read own nothing.
    pub(super) fn parse(text: &str) -> Self {
        let mut lines = Vec::new();
        for line in text.lines().take(LINES) {
            let line = line.split(" #").next().unwrap_or_default().trim();
            // GitLab's headings of sections.
            if line.is_empty() || line.starts_with(['#', '[', '^']) {
                continue;
            }
            let mut words = line.split_whitespace();
            let Some(pattern) = words.next() else {
                continue;
            };
            let mut builder = GitignoreBuilder::new("");
            // A `!` or a `#` is part of a name here.
            if pattern.starts_with('!') || builder.add_line(None, pattern).is_err() {
                continue;
            }
            if let Ok(matcher) = builder.build() {
                lines.push((matcher, words.map(str::to_owned).collect()));
            }
        }
        Self { lines }
    }

    /// The owners of a path; none if nobody owns it.
    pub(super) fn of(&self, path: &str) -> &[String] {
        let mut lines = self.lines.iter().rev();
        let line =
            lines.find(|(matcher, _)| matcher.matched_path_or_any_parents(path, false).is_ignore());
        line.map_or(&[], |(_, owners)| owners)
    }
}

#[cfg(test)]
mod tests {
    use super::CodeOwners;

    #[test]
    fn the_last_line_that_matches_decides() {
        let text = "# all\n*  @org/all\n/models/ @org/ml @ada # weights\n*.py @py\n/models/old/\n[Section]\n";
        let owners = CodeOwners::parse(text);
        for (path, expected) in [
            ("README.md", vec!["@org/all"]),
            ("models/a/b.pt", vec!["@org/ml", "@ada"]),
            ("models/load.py", vec!["@py"]),
            ("models/old/x.pt", vec![]),
            ("sub/models/x.pt", vec!["@org/all"]),
        ] {
            assert_eq!(owners.of(path), expected, "{path}");
        }
    }
}
