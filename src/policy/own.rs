//! The policy file that somebody would edit, and how they add to it by hand: what is said is what [`edit`] would write.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use rustc_hash::FxHashMap;

use super::{
    edit::{self, Fragment, Insertion, Place},
    load::Ancestry,
    locate::{File, Origin},
    raw::Raw,
    snippet,
};
use crate::finding::Additions;

/// The policy file that somebody would edit: the one that is nearest, or the bundled one that would be extended.
#[derive(Debug, Default)]
pub struct OwnPolicy {
    /// The bundled policy to extend where there is no file yet; none where an organisation's policy extends none.
    bundled: Option<&'static str>,
    file: Option<Arc<File>>,
    /// What policies that it extends lock, and where.
    locked: Vec<(String, Origin)>,
    /// What was said before: many files need the same.
    said: Mutex<FxHashMap<Additions, Vec<String>>>,
}

impl OwnPolicy {
    /// Of policies, each after those it extends.
    pub(super) fn of(raws: &[Raw], ancestry: Ancestry) -> Self {
        let raw = ancestry.own.and_then(|own| raws.get(own));
        let others = raws.iter().enumerate();
        let others = others.filter(|(at, _)| Some(*at) != ancestry.own);
        Self {
            bundled: ancestry.bundled,
            file: raw.and_then(|raw| raw.file.clone()),
            locked: others.flat_map(|(_, raw)| raw.locked.clone()).collect(),
            said: Mutex::default(),
        }
    }

    /// The bundled policy that a new file would extend; none where there is a file, or where the organisation's policy extends none.
    pub fn extends(&self) -> Option<&'static str> {
        self.bundled
    }

    /// How to add to the policy by hand: for each place where, and after a line end what to paste there. What stands later in the file
    /// comes first, so that the lines that are named stay where they are.
    pub fn adding(&self, additions: &Additions) -> Vec<String> {
        let said = || self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = said().get(additions) {
            return known.clone();
        }
        let edits = match self.locked(additions) {
            Some(locked) => vec![locked],
            None => self.by_hand(&snippet::fragment(additions)),
        };
        said().insert(additions.clone(), edits.clone());
        edits
    }

    /// Whose lock keeps it from being added to, in place of what to add.
    pub fn locked(&self, additions: &Additions) -> Option<String> {
        let wanted = [
            (!additions.packs.is_empty(), ["globals", "globals.packs"]),
            (!additions.globals.is_empty(), ["globals", "globals.allow"]),
            (!additions.exclude.is_empty(), ["exclude", "exclude"]),
        ];
        let wanted = wanted.iter().filter(|(is_wanted, _)| *is_wanted);
        let keys: Vec<&str> = wanted.flat_map(|(_, keys)| *keys).collect();
        let (key, origin) = self
            .locked
            .iter()
            .find(|(key, _)| keys.contains(&key.as_str()))?;
        let line = origin.line_ref("");
        Some(format!(
            "ask the owners of {}, which locks `{key}` in line {}",
            line.file, line.line
        ))
    }

    fn by_hand(&self, fragment: &Fragment) -> Vec<String> {
        let Some(file) = &self.file else {
            let text = edit::create(self.bundled, fragment);
            return vec![format!(
                "write this to weighbridge.yaml:\n{}",
                text.trim_end()
            )];
        };
        let name = file.shown_path();
        match edit::insertions(&file.text, fragment) {
            Ok(found) => found
                .iter()
                .rev()
                .filter(|insertion| !insertion.snippet.is_empty())
                .map(|insertion| by_hand(&name, insertion))
                .collect(),
            Err(edit::CannotEdit { line, why }) => {
                let mut said = format!("add to {name}, where {why} ({name}:{line}):");
                for line in edit::alone(fragment) {
                    let _ = write!(said, "\n{line}");
                }
                vec![said]
            }
        }
    }
}

/// Where an insertion goes, in words, and what it is.
fn by_hand(name: &str, insertion: &Insertion) -> String {
    let place = match &insertion.place {
        Place::End => format!("add to {name}"),
        Place::Under(key) => format!("add under `{}:` ({name}:{})", key.name, key.line),
        Place::List(key) => format!("add to the list `{}` ({name}:{})", key.name, key.line),
        Place::Brackets(key) => format!(
            "add inside the brackets of `{}` ({name}:{}), after a comma",
            key.name, key.line
        ),
        Place::Braces(key) => format!(
            "add inside the braces of `{}` ({name}:{}), after a comma",
            key.name, key.line
        ),
        Place::Instead(key) => format!(
            "write as the value of `{}` ({name}:{}), instead of the empty one",
            key.name, key.line
        ),
    };
    format!("{place}:\n{}", insertion.snippet)
}
