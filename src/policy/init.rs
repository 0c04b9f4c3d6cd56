//! A starting policy from what a repository holds: it extends `recommended` and proposes, in comments, what that refuses.

use std::fmt::Write as _;

use super::snippet::entry;
use crate::fact::{Argument, GlobalName, Text, Usage};

/// What a repository holds, as far as a policy is concerned.
#[derive(Debug, Clone, Default)]
pub struct InitSummary {
    /// The ids of the formats that were found, each with how many artifacts have it.
    pub formats: Vec<(String, usize)>,
    /// The ids of formats that the recommended policy does not allow, among them.
    pub refused_formats: Vec<String>,
    /// The globals that the recommended policy does not allow.
    pub globals: Vec<SeenGlobal>,
    /// The paths of files that are named like models and are in no format that is read.
    pub unread: Vec<Text>,
}

/// What a starting policy does about the files that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It proposes in comments what they need.
    Propose,
    /// It allows what they need, as far as that is not dangerous, and leaves out what is not read.
    Allow,
}

impl Found {
    /// What stands before a line that does it.
    fn mark(self) -> &'static str {
        match self {
            Self::Propose => "# ",
            Self::Allow => "",
        }
    }
}

/// A global that some artifact needs.
#[derive(Debug, Clone)]
pub struct SeenGlobal {
    /// As stored.
    pub name: GlobalName,
    /// What loading does with it that is not allowed.
    pub usages: Vec<Usage>,
    /// The arguments with which it is called.
    pub calls: Vec<Vec<Argument>>,
    /// Whether an entry may allow all of it: nothing refuses it, and nothing that is done with it is dangerous.
    pub may_be_allowed: bool,
    /// The artifact that needs it; the first, if several do.
    pub path: Text,
    /// How many artifacts need it.
    pub artifacts: usize,
}

/// The text of a starting policy. What an artifact needs besides what `recommended` allows is proposed as a comment, or allowed
/// if that is asked for, with the artifact's name; what is dangerous is neither.
pub fn init(summary: &InitSummary, found: Found) -> String {
    let mut out = String::from(
        "# What loading a model file in this repository may do. Everything that is not allowed here is refused.\n\
         # `weighbridge check` applies it.\n\
         version: 1\n\
         \n\
         # The built-in policy: model files that only hold data. What follows adds to it.\n\
         extends: recommended\n\
         \n\
         # Which release of torch loads the files: `auto` is the newest one known; \">=2.6\" would be a range.\n\
         target:\n  torch: auto\n\n",
    );
    formats(&mut out, summary);
    globals(&mut out, summary, found);
    out.push_str(
        "# The level of a rule: `allow`, `warn` or `deny`. Rules that are not listed keep their default.\n\
         # rules:\n\
         #   torch-load-implicit: deny\n\
         \n\
         # Settings for some paths; later entries win.\n\
         # overrides:\n\
         #   - paths: [\"tests/fixtures/**\"]\n\
         #     rules:\n\
         #       misleading-suffix: warn\n\
         \n",
    );
    exclusions(&mut out, summary, found);
    out
}

fn formats(out: &mut String, summary: &InitSummary) {
    if summary.formats.is_empty() {
        out.push_str("# No model files were found here.\n");
    } else {
        let mut formats = summary.formats.clone();
        formats.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        out.push_str("# Found here:");
        for (at, (id, count)) in formats.iter().enumerate() {
            let _ = write!(
                out,
                "{} {count} {}",
                if at == 0 { "" } else { "," },
                comment(id)
            );
        }
        out.push_str(".\n");
    }
    if summary.refused_formats.is_empty() {
        out.push_str(
            "# To accept no format that can run code, refuse those that can:\n\
             # formats:\n\
             #   refuse:\n\
             #     pickle: convert it to safetensors\n\n",
        );
    } else {
        out.push_str(
            "# These are refused; remove the `#` of one to allow it.\n# formats:\n#   allow:\n",
        );
        for id in &summary.refused_formats {
            let _ = writeln!(out, "#     - {}", comment(id));
        }
        out.push('\n');
    }
}

/// A glob for exactly this path, as it can stand between double quotes; `None` for a path that is better looked at by hand.
pub fn pattern_of(path: &Text) -> Option<String> {
    let (text, shown) = (path.as_str()?, path.to_string());
    if text != shown || text.contains(['"', '\\']) || text.starts_with('!') {
        return None;
    }
    // Without a slash a pattern would match at any depth.
    let mut glob = String::from(if text.contains('/') { "" } else { "/" });
    for c in text.chars() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' => {
                glob.push('[');
                glob.push(c);
                glob.push(']');
            }
            c => glob.push(c),
        }
    }
    Some(glob)
}

fn exclusions(out: &mut String, summary: &InitSummary, found: Found) {
    out.push_str("# Excluded paths: weighbridge does not check them.\n");
    let mut patterns: Vec<String> = summary.unread.iter().filter_map(pattern_of).collect();
    if patterns.is_empty() {
        out.push_str("# exclude:\n#   - paths: [\"third_party/**\"]\n#     reason: not ours\n");
        return;
    }
    patterns.sort();
    let mark = found.mark();
    if found == Found::Propose {
        out.push_str("# These are named like models, but their formats are not supported yet; remove the `#` to exclude them.\n");
    } else {
        out.push_str("# These are named like models, but their formats are not supported yet: what loading them does is unknown.\n");
    }
    let _ = writeln!(out, "{mark}exclude:");
    let _ = writeln!(out, "{mark}  - reason: in no format that is read yet");
    let _ = writeln!(out, "{mark}    paths:");
    for pattern in patterns {
        let _ = writeln!(out, "{mark}      - \"{pattern}\"");
    }
}

fn globals(out: &mut String, summary: &InitSummary, found: Found) {
    let mut lines: Vec<(String, &SeenGlobal)> = Vec::new();
    let mut dangerous: usize = 0;
    for seen in &summary.globals {
        let calls: Vec<&[Argument]> = seen.calls.iter().map(Vec::as_slice).collect();
        match entry(&seen.name, &seen.usages, &calls).filter(|_| seen.may_be_allowed) {
            Some(line) => lines.push((line, seen)),
            None => dangerous = dangerous.saturating_add(1),
        }
    }
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines.dedup_by(|a, b| a.0 == b.0);
    out.push_str(
        "# Names that loading may resolve, besides those that only rebuild tensors and arrays. Allow a class only if its module is\n\
         # yours or one that you trust: its constructor and its `__setstate__` run when a file is loaded.\n",
    );
    if lines.is_empty() {
        out.push_str("# globals:\n#   allow:\n#     - mypackage.models.MyModel\n");
    } else {
        out.push_str(match found {
            Found::Propose => "# The files found here need these; remove the `#` of `globals:`, `allow:` and of those that you mean to allow.\n",
            Found::Allow => "# The files found here need these; remove those that you do not mean to allow.\n",
        });
        let mark = found.mark();
        let _ = write!(out, "{mark}globals:\n{mark}  allow:\n");
        for (line, seen) in lines {
            let others = seen.artifacts.saturating_sub(1);
            let _ = write!(out, "{mark}    - {line}  # {}", seen.path);
            if others > 0 {
                let _ = write!(out, ", and {others} more");
            }
            out.push('\n');
        }
    }
    if dangerous > 0 {
        let names = if dangerous == 1 {
            "1 name is".to_owned()
        } else {
            format!("{dangerous} names are")
        };
        let _ = writeln!(
            out,
            "# {names} not proposed: using them could run code, or no policy can spell them. `weighbridge check` says where they are."
        );
    }
    out.push('\n');
}

/// A word as a comment may hold it: harmless, and on one line.
fn comment(text: &str) -> String {
    Text::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::pattern_of;

    #[test]
    fn advice_excludes_the_one_file() {
        assert_eq!(
            pattern_of(&"a/b c.bin".into()).as_deref(),
            Some("a/b c.bin")
        );
        let odd = pattern_of(&"[x]*{y}.bin".into()).unwrap();
        assert_eq!(odd, "/[[]x[]][*][{]y[}].bin");
        assert_eq!(pattern_of(&"a\nb.bin".into()), None);
        assert_eq!(pattern_of(&"a\"b.bin".into()), None);
    }
}
