//! A starting policy: the smallest under which what a repository holds passes, and what it leaves out.

use std::fmt::Write as _;

use super::{
    edit::{self, Fragment},
    written::quoted,
};
use crate::fact::Text;

/// What a repository holds, as far as a policy is concerned.
#[derive(Debug, Clone, Default)]
pub struct InitSummary {
    /// The ids of the formats that were found, each with how many artifacts have it.
    pub formats: Vec<(String, usize)>,
    /// The bundled policy to extend, if any.
    pub extends: Option<&'static str>,
    /// What the artifacts need that is not allowed without it.
    pub needs: Fragment,
    /// The artifacts that stay refused, each with the reason.
    pub left_out: Vec<(Text, String)>,
    /// The paths of files that are named like models and are in no format that is read.
    pub unread: Vec<Text>,
}

/// Files that are named in the comments of a starting policy; the others are counted.
const NAMED: usize = 20;

/// The text of a starting policy. What is dangerous is not allowed, and nothing is excluded: both stand in comments.
pub fn init(summary: &InitSummary) -> String {
    let mut out = String::from(
        "# What loading a model file in this repository may do. What is not allowed is refused; `weighbridge check` says so.\n\
         # `weighbridge policy schema` prints the schema that an editor completes and checks it by.\n",
    );
    out.push_str(&found(&summary.formats));
    let fragment = if summary.needs.is_empty() {
        &Fragment::default()
    } else {
        out.push_str(
            "# Allow a class only if its module is yours or one that you trust: its constructor and its `__setstate__` run when a\n\
             # file is loaded. The comments name the files that need what follows.\n",
        );
        &summary.needs
    };
    out.push_str(&edit::create(summary.extends, fragment));
    left_out(&mut out, &summary.left_out);
    unread(&mut out, &summary.unread);
    out
}

fn found(formats: &[(String, usize)]) -> String {
    let mut formats = formats.to_vec();
    formats.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let formats = formats.iter();
    let words: Vec<String> = formats
        .map(|(id, count)| format!("{count} {}", comment(id)))
        .collect();
    if words.is_empty() {
        return String::from("# No model files were found here.\n");
    }
    format!("# Found here: {}.\n", words.join(", "))
}

fn left_out(out: &mut String, left_out: &[(Text, String)]) {
    if left_out.is_empty() {
        return;
    }
    out.push_str(
        "\n# Still refused when this was written (`weighbridge check` says what to do):\n",
    );
    for (path, why) in left_out.iter().take(NAMED) {
        let _ = writeln!(out, "#   {path}: {}", comment(why));
    }
    let more = left_out.len().saturating_sub(NAMED);
    if more > 0 {
        let _ = writeln!(out, "#   and {more} more");
    }
}

fn unread(out: &mut String, unread: &[Text]) {
    if unread.is_empty() {
        return;
    }
    let mut patterns: Vec<String> = unread.iter().filter_map(pattern_of).collect();
    patterns.sort();
    out.push_str(
        "\n# Named like models, and in no format that is read yet: what loading them does is unknown. To answer for them, remove the `#`:\n\
         # exclude:\n#   - reason: in no format that is read yet\n#     paths:\n",
    );
    for pattern in patterns {
        let _ = writeln!(out, "#       - {}", quoted(&pattern));
    }
    for path in unread.iter().filter(|path| pattern_of(path).is_none()) {
        let _ = writeln!(
            out,
            "# No pattern can name {path}, because its name is no text: rename it, or exclude its folder."
        );
    }
}

/// A glob for exactly this path; `None` for one that is no text.
pub fn pattern_of(path: &Text) -> Option<String> {
    let text = path.as_str()?;
    // Without a slash a pattern would match at any depth, and one that begins with `!` would be a negation.
    let is_anchored = text.contains('/') && !text.starts_with('!');
    let mut glob = String::from(if is_anchored { "" } else { "/" });
    for c in text.chars() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' => {
                glob.push('[');
                glob.push(c);
                glob.push(']');
            }
            '\\' => glob.push_str("\\\\"),
            c => glob.push(c),
        }
    }
    Some(glob)
}

/// A word as a comment may hold it: harmless, and on one line.
fn comment(text: &str) -> String {
    Text::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Text, pattern_of};

    #[test]
    fn advice_excludes_the_one_file() {
        assert_eq!(
            pattern_of(&"a/b c.bin".into()).as_deref(),
            Some("a/b c.bin")
        );
        let odd = pattern_of(&"[x]*{y}.bin".into()).unwrap();
        assert_eq!(odd, "/[[]x[]][*][{]y[}].bin");
        assert_eq!(pattern_of(&"!a/b.bin".into()).as_deref(), Some("/!a/b.bin"));
        assert_eq!(
            pattern_of(&"a\\b\".bin".into()).as_deref(),
            Some("/a\\\\b\".bin")
        );
        assert_eq!(pattern_of(&Text::new(b"a\xff.bin")), None);
    }
}
