//! The text of a lock file.

use std::fmt::Write as _;

use super::{Lock, Pin, scalar};
use crate::fact::Text;

/// What stands above the pins.
const HEADER: &str = "\
# The model files that were reviewed: `weighbridge freeze` writes this file, `weighbridge check` compares.
# `weighbridge policy schema --for lock` prints its schema, for editors.
version: 1
";

impl Lock {
    /// The lock file: one block of lines for each artifact, one value on each line, nothing that depends on the time or the machine.
    pub fn text(&self) -> String {
        let mut out = String::from(HEADER);
        if self.is_empty() {
            out.push_str("artifacts: []\n");
            return out;
        }
        out.push_str("artifacts:\n");
        for pin in self.pins() {
            block(&mut out, pin);
        }
        out
    }
}

fn block(out: &mut String, pin: &Pin) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  - path: {}", scalar::scalar(&pin.path));
    let _ = writeln!(out, "    sha256: {}", scalar::digest(&pin.sha256));
    let _ = writeln!(out, "    size: {}", pin.size);
    let formats: Vec<Text> = pin
        .formats
        .iter()
        .map(|id| Text::from(id.as_str()))
        .collect();
    list(out, "formats", &formats);
    list(out, "globals", &pin.globals);
    if pin.more_globals > 0 {
        let _ = writeln!(out, "    more-globals: {}", pin.more_globals);
    }
    list(out, "loaded-by", &pin.loaded_by);
}

fn list(out: &mut String, key: &str, items: &[Text]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "    {key}:");
    for item in items {
        let _ = writeln!(out, "      - {}", scalar::scalar(item));
    }
}
