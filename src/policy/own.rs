//! The policy file that somebody would edit, and how they add to it by hand: what is said is what [`edit`] would write.

use std::{fmt::Write as _, sync::Arc};

use super::{
    edit::{self, Fragment, Insertion, Place},
    locate::File,
    raw::Raw,
};

/// The policy file that somebody would edit: the one that is nearest, or the bundled one that would be extended.
#[derive(Debug)]
pub(super) struct OwnPolicy {
    /// The name to extend where there is no file yet.
    bundled: Option<&'static str>,
    file: Option<Arc<File>>,
}

impl OwnPolicy {
    /// Of policies, each after those it extends: the last.
    pub(super) fn of(raws: &[Raw], bundled: Option<&'static str>) -> Self {
        let raw = raws.last();
        Self {
            bundled,
            file: raw.and_then(|raw| raw.file.clone()),
        }
    }

    /// How to add a fragment by hand, for each place of it: where, and after a line end what to paste there.
    pub(super) fn adding(&self, fragment: &Fragment) -> Vec<String> {
        let Some(file) = &self.file else {
            let text = edit::create(self.bundled.unwrap_or("recommended"), fragment);
            return vec![format!(
                "write this to weighbridge.yaml:\n{}",
                text.trim_end()
            )];
        };
        let name = file.shown_path();
        match edit::insertions(&file.text, fragment) {
            Ok(found) => found
                .iter()
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
