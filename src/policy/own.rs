//! The policy file that somebody would edit, and where what is to be added goes in it: into the file there is, or into the whole
//! file where there is none.

use std::{fmt::Write as _, sync::Arc};

use super::{
    locate::{File, Step},
    raw::Raw,
};

/// The policy file that somebody would edit: the one that is nearest, or the bundled one that would be extended.
#[derive(Debug)]
pub(super) struct OwnPolicy {
    /// The name to extend where there is no file yet.
    bundled: Option<&'static str>,
    file: Option<Arc<File>>,
    /// The mappings and lists that are there, by the way to each.
    has: Vec<Box<[Step]>>,
}

impl OwnPolicy {
    /// Of policies, each after those it extends: the last.
    pub(super) fn of(raws: &[Raw], bundled: Option<&'static str>) -> Self {
        let raw = raws.last();
        Self {
            bundled,
            file: raw.and_then(|raw| raw.file.clone()),
            has: raw.map(|raw| raw.has.clone()).unwrap_or_default(),
        }
    }

    fn has(&self, way: &[Step]) -> bool {
        self.has.iter().any(|there| **there == *way)
    }

    /// How to add items below some keys: where, and after a line end what to paste there.
    pub(super) fn adding(&self, keys: &[&str], items: &[String]) -> String {
        let Some(file) = &self.file else {
            let bundled = self.bundled.unwrap_or("recommended");
            let block = block(keys, items, 0);
            return format!(
                "write this to weighbridge.yaml:\nversion: 1\nextends: {bundled}\n{block}"
            );
        };
        let way: Vec<Step> = keys.iter().map(|key| Step::Key((*key).into())).collect();
        // The innermost of the mappings and the list that is there already.
        let there = (1..=keys.len())
            .rev()
            .filter_map(|n| way.get(..n))
            .find(|way| self.has(way));
        let name = file.shown_path();
        let Some(there) = there else {
            return format!("add to {name}:\n{}", block(keys, items, 0));
        };
        let (known, missing) = keys.split_at(there.len().min(keys.len()));
        let known = known.join(".");
        let place = file.block_position(there);
        let line = place.line;
        let flow = items.join(", ");
        match (missing, place.flow) {
            ([], true) => {
                format!(
                    "add inside the brackets of `{known}` ({name}:{line}), after a comma:\n{flow}"
                )
            }
            ([], false) => {
                let items = list(items, place.indent);
                format!("add to the list `{known}` ({name}:{line}):\n{items}")
            }
            (missing, true) => format!(
                "add inside the braces of `{known}` ({name}:{line}), after a comma:\n{}: [{flow}]",
                missing.join(": {")
            ),
            (missing, false) => {
                let block = block(missing, items, place.indent);
                format!("add under `{known}:` ({name}:{line}):\n{block}")
            }
        }
    }
}

/// Nested keys and the list under the last.
fn block(keys: &[&str], items: &[String], indent: usize) -> String {
    let mut out = String::new();
    let mut indent = indent;
    for key in keys {
        let _ = writeln!(out, "{:indent$}{key}:", "");
        indent = indent.saturating_add(2);
    }
    out + &list(items, indent)
}

/// The items of a block list; lines after the first of one are indented with it.
fn list(items: &[String], indent: usize) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| {
            let item = item.replace('\n', &format!("\n{:indent$}  ", ""));
            format!("{:indent$}- {item}", "")
        })
        .collect();
    items.join("\n")
}
