//! Model files of unknown content.

use super::Case;
use crate::{
    fact::{Fact, Text, Unread},
    finding::Finding,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses files whose name is a model file's and whose content is of no format that is read.
    ///
    /// ## Why it matters
    ///
    /// A loader picks its reader by name, or tries several. What no reader here knows is not known to be harmless. Formats that
    /// are known but not read yet are named.
    ///
    /// ## Example
    ///
    /// ```text
    /// model.gguf holds a GGUF file, which is not read
    /// ```
    ///
    /// ## Use instead
    ///
    /// A format that is read: safetensors, npy, torch's own. A file that is no model may be excluded by the policy.
    ///
    /// ```yaml
    /// version: 1
    /// extends: recommended
    /// exclude: ["firmware/*.bin"]
    /// ```
    "unknown-artifact", "a model file by name whose content is nothing known", Deny, check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.observations {
        if let Fact::Unread(Unread::Unknown { detail }) = &observation.fact {
            let message = format!("it is named like a model file and holds {detail}");
            let mut finding = case.finding(&META, observation, message);
            finding.help.push("keep weights in a format that is read: safetensors, npy, or what `torch.save` writes".into());
            if let Some(glob) = glob(&case.entry.path) {
                finding.help.push(format!(
                    "if it is no model, exclude it in weighbridge.yaml:\nexclude:\n  - \"{glob}\""
                ));
            }
            findings.push(finding);
        }
    }
}

/// A glob for exactly this path, as it can stand between double quotes; `None` for a path that is better looked at by hand.
fn glob(path: &Text) -> Option<String> {
    let (text, shown) = (path.as_str()?, path.to_string());
    if text != shown || text.contains(['"', '\\']) || text.starts_with('!') {
        return None;
    }
    let mut glob = String::with_capacity(text.len());
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

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn advice_excludes_the_one_file() {
        assert_eq!(glob(&"a/b c.bin".into()).as_deref(), Some("a/b c.bin"));
        let odd = glob(&"[x]*{y}.bin".into()).unwrap();
        assert_eq!(odd, "[[]x[]][*][{]y[}].bin");
        assert_eq!(glob(&"a\nb.bin".into()), None);
        assert_eq!(glob(&"a\"b.bin".into()), None);
    }
}
