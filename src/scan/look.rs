//! The words after `--select` and `--ignore`: rules by their ids, by patterns of them, or by their tags.

use std::collections::BTreeSet;

use crate::{error::Error, policy, rule::RULES, verdict::Look};

/// The look that some words ask for; `None` if there are none. Of what is selected, what is ignored is left out.
///
/// # Errors
/// A word that means no rule.
pub fn look(select: &[String], ignore: &[String]) -> Result<Option<Look>, Error> {
    if select.is_empty() && ignore.is_empty() {
        return Ok(None);
    }
    let all: BTreeSet<&'static str> = RULES.iter().map(|rule| rule.meta.id).collect();
    let shown = if select.is_empty() {
        all.clone()
    } else {
        rules("--select", select)?
    };
    let ignored = rules("--ignore", ignore)?;
    let asked = [("--select", select), ("--ignore", ignore)];
    let asked = asked.iter().filter(|(_, words)| !words.is_empty());
    let asked = asked.map(|(flag, words)| format!("{flag} {}", words.join(",")));
    Ok(Some(Look {
        asked: asked.collect::<Vec<_>>().join(" "),
        hidden: all
            .into_iter()
            .filter(|rule| !shown.contains(rule) || ignored.contains(rule))
            .collect(),
    }))
}

fn rules(flag: &str, words: &[String]) -> Result<BTreeSet<&'static str>, Error> {
    let mut rules = BTreeSet::new();
    for word in words {
        let own = RULES.iter().filter(|rule| {
            let meta = rule.meta;
            meta.tags.contains(&word.as_str()) || matches(word, meta.id)
        });
        let own: Vec<&'static str> = own.map(|rule| rule.meta.id).collect();
        if own.is_empty() {
            return Err(unknown(flag, word));
        }
        rules.extend(own);
    }
    Ok(rules)
}

/// Whether a pattern, in which `*` stands for anything, matches an id.
fn matches(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|front| id.strip_prefix(front)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

fn unknown(flag: &str, word: &str) -> Error {
    let ids = RULES.iter().map(|rule| rule.meta.id);
    let tags = RULES.iter().flat_map(|rule| rule.meta.tags.iter().copied());
    let shown = word.escape_debug();
    Error::Usage {
        message: format!("`{flag}` names no rule: `{shown}`"),
        help: match policy::near(word, ids.chain(tags)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => String::from(
                "write ids such as `pickle-load`, patterns such as `torch-*`, or tags such as `source`; `weighbridge explain` lists the rules",
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, id, fits) in [
            ("pickle-load", "pickle-load", true),
            ("pickle-load", "pandas-read-pickle", false),
            ("torch-*", "torch-load-unsafe", true),
            ("*-load", "joblib-load", true),
            ("*", "anything", true),
            ("torch*load*unsafe", "torch-load-unsafe", true),
            ("*load*load", "pickle-load", false),
            ("", "pickle-load", false),
        ] {
            assert_eq!(matches(pattern, id), fits, "{pattern} {id}");
        }
    }
}
