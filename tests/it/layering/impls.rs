//! How long the `impl` of a type is: one that passes the limit is two types.

use std::collections::BTreeMap;

use super::{sources, words};

/// Lines of a type's inherent `impl`s at most, in all files of its folder together.
const LINES: usize = 300;

/// Types that are still longer: the folder, the type, and its lines at most. This list may only get shorter.
const KNOWN: &[(&str, &str, usize)] = &[
    ("format/pickle/machine", "Machine", 330),
    ("format/pickle/observers", "Uses", 350),
    ("format/pickle/shapes", "Values", 380),
    ("format/pickle/weights_only", "Execution", 2300),
    ("git", "Difference", 320),
    ("git", "View", 690),
