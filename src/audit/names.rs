//! What is known of globals by their names: which packs list them, and what makes them dangerous.

use std::collections::BTreeMap;

use crate::{
    fact::{GlobalName, Text, Usage},
    policy,
};

/// What is known of a global.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// The packs that list it.
    pub(super) packs: Vec<&'static str>,
    /// What makes it dangerous.
    pub(super) danger: Option<&'static str>,
}

/// What is known of globals, each looked up once.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, Known>);

impl Names {
    /// What is known of a global, `module.name`.
    pub(super) fn of(&mut self, global: &str) -> &Known {
        if !self.0.contains_key(global) {
            self.0.insert(global.to_owned(), look_up(global));
        }
        self.0.get(global).unwrap_or(const { &Known::NOTHING })
    }
}

impl Known {
    const NOTHING: Self = Self {
        packs: Vec::new(),
        danger: None,
    };
}

/// Dots at which a name is taken apart: names have few, and hostile ones thousands.
const DOTS: usize = 12;

/// Where the module ends is not said, and names with dots are rare: the last dot comes first.
fn look_up(global: &str) -> Known {
    let mut known = Known::default();
    for (at, _) in global.rmatch_indices('.').take(DOTS) {
        let (module, name) = global.split_at(at);
        let name = name.trim_start_matches('.');
        if known.packs.is_empty() {
            let parts = GlobalName {
                module: Text::from(module),
                name: Text::from(name),
            };
            known.packs = policy::packs_listing(&parts, &[Usage::Import]);
        }
        known.danger = known.danger.or_else(|| policy::danger(module, name));
    }
    known
}
