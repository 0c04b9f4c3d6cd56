//! Help, worded for those who read it where they stand.

use std::borrow::Cow;

use super::PathSpelling;
use crate::{
    fact::Text,
    finding::{Finding, Help},
};

/// What to do next: a sentence, and after a line end what to copy.
pub(super) fn worded<'a>(help: &'a Help, paths: &PathSpelling) -> Cow<'a, str> {
    let spell = |path: &Text| paths.spell(path);
    help.worded(if paths.is_known() { Some(&spell) } else { None })
}

/// What to do next about a finding, for readers who may stand anywhere.
pub(super) fn for_others(finding: &Finding) -> Vec<String> {
    finding.help.iter().map(ToString::to_string).collect()
}
