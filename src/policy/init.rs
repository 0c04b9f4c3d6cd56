//! A starting policy from what a repository holds: it extends `recommended` and proposes, in comments, what that refuses.

use std::fmt::Write as _;

use super::{danger, pattern};
use crate::fact::{GlobalName, Text};

/// What a repository holds, as far as a policy is concerned.
#[derive(Debug, Clone, Default)]
pub struct InitSummary {
    /// The ids of the formats that were found, each with how many artifacts have it.
    pub formats: Vec<(String, usize)>,
    /// The ids of formats that the recommended policy does not allow, among them.
    pub refused_formats: Vec<String>,
    /// The globals that the recommended policy does not allow.
    pub globals: Vec<SeenGlobal>,
}

/// A global that some artifact needs.
#[derive(Debug, Clone)]
pub struct SeenGlobal {
    /// As stored.
    pub name: GlobalName,
    /// The artifact that needs it; the first, if several do.
    pub path: Text,
    /// How many artifacts need it.
    pub artifacts: usize,
}

/// The text of a starting policy. It allows no more than `recommended`: what an artifact needs besides is proposed as a
/// comment, with the artifact's name, and what is dangerous is not proposed at all.
pub fn init(summary: &InitSummary) -> String {
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
    globals(&mut out, summary);
    out.push_str(
        "# The level of a rule: `allow`, `warn` or `deny`. The rules not named here keep their own.\n\
         # rules:\n\
         #   torch-load-implicit: deny\n\
         \n\
         # What holds for some paths only; later ones win.\n\
         # overrides:\n\
         #   - paths: [\"tests/fixtures/**\"]\n\
         #     rules:\n\
         #       misleading-suffix: warn\n\
         \n\
         # Paths that are not looked at.\n\
         # exclude:\n\
         #   - \"third_party/**\"\n",
    );
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

fn globals(out: &mut String, summary: &InitSummary) {
    let mut lines: Vec<(String, &SeenGlobal)> = Vec::new();
    let mut dangerous: usize = 0;
    for seen in &summary.globals {
        match entry(&seen.name) {
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
        out.push_str("# The files found here need these; remove the `#` of `globals:`, `allow:` and of those that you mean to allow.\n");
        out.push_str("# globals:\n#   allow:\n");
        for (line, seen) in lines {
            let others = seen.artifacts.saturating_sub(1);
            let _ = write!(out, "#     - {line}  # {}", seen.path);
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

/// The entry that would allow a global; none if it is dangerous, or not a name that a policy could spell.
fn entry(name: &GlobalName) -> Option<String> {
    let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
    // A path through what a module happens to hold names something else than it says, and a private name is nobody's to allow.
    let mut parts = qualname.split('.').rev();
    let private = parts.next().is_some_and(|last| last.starts_with("__"));
    if danger::of(module, qualname).is_some() || private || !parts.all(pattern::looks_like_class) {
        return None;
    }
    let separator = if qualname.contains('.') { ':' } else { '.' };
    let text = format!("{module}{separator}{qualname}");
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':'));
    (plain && !text.ends_with('*') && pattern::Pattern::parse(&text).is_ok()).then_some(text)
}

/// A word as a comment may hold it: harmless, and on one line.
fn comment(text: &str) -> String {
    Text::from(text).to_string()
}
