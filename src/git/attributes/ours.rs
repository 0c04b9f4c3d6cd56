//! The lines of a file of attributes that decide what is not looked at.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{
    Chain, NAMES,
    file::{File, Line, Vocabulary, What, lines},
};
use crate::git::checkout::State;

/// A line that decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct OwnLine {
    /// Its number, from 1.
    pub(in crate::git) number: u32,
    /// What it says, without white space around it.
    pub(in crate::git) text: Vec<u8>,
    /// Whether it says `weighbridge=off` or `-weighbridge`, by a macro or itself.
    pub(in crate::git) excludes: bool,
    /// Whether it defines a macro that does.
    pub(in crate::git) is_macro: bool,
}

/// The lines about our attribute in a file. `root` is the file at the root, which defines macros; `is_root` says whether it is that one.
pub(in crate::git) fn own_lines(bytes: &[u8], root: &[u8], is_root: bool) -> Vec<OwnLine> {
    let vocabulary = Arc::new(Vocabulary::of(root));
    let chain = Chain {
        file: Ok(Arc::new(File::default())),
        base: 0,
        above: None,
        vocabulary: Arc::clone(&vocabulary),
        root: None,
    };
    let own = lines(bytes).zip(1_u32..).filter_map(|(text, number)| {
        let line = Line::parse(text)?;
        let is_macro = matches!(line.what, What::Macro(_));
        if is_macro && !is_root {
            return None;
        }
        let settings = vocabulary.settings(&line);
        let mut said = [None; NAMES.len()];
        chain.fill(&settings, &mut said, &mut FxHashSet::default());
        let [.., ours] = said;
        let excludes = match ours? {
            State::Unset => true,
            State::Value(value) => value == b"off",
            State::Set | State::Unspecified => false,
        };
        Some(OwnLine {
            number,
            text: text.trim_ascii().to_vec(),
            excludes,
            is_macro,
        })
    });
    own.collect()
}
