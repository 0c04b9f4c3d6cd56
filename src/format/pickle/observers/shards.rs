//! The parts of files that the index of a distributed checkpoint names.
//!
//! `torch.distributed.checkpoint` asks an object for its attributes `relative_path`, `offset` and `length`, whatever its class. So
//! whatever gets a dict with these keys as its state names a part. A dict with such a key that is used otherwise, or says something that
//! is no constant, makes the index unclear.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::{
    fact::{ShardFile, ShardIndex, ShardPart, Text},
    format::pickle::{
        machine::{Flow, Items, Noted, Observer, Scene},
        preview::Preview,
        texts::Attribute,
        value::{Value, ValueKind},
    },
    limits,
};

/// The attributes that say where a part is.
const KEYS: [Attribute; 3] = [
    Attribute::RelativePath,
    Attribute::Offset,
    Attribute::Length,
];

/// What a dict says under each of the keys.
type Attributes = [Option<Value>; KEYS.len()];

/// Follows the states that name parts of files.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct ShardParts {
    /// Dicts with some of the keys that are no state yet, by number.
    pending: FxHashMap<u64, Attributes>,
    files: BTreeMap<Text, BTreeSet<ShardPart>>,
    parts: usize,
    unclear: bool,
}

impl ShardParts {
    /// What the index names; `None` if it names no part, as a pickle of another kind does not.
    pub(in crate::format::pickle) fn into_index(self) -> Option<ShardIndex> {
        // What looks up an attribute finds the name of a file in none of these.
        let names_a_file = |dict: &Attributes| matches!(dict, [Some(_), ..]);
        let unclear = self.unclear || self.pending.values().any(names_a_file);
        let files = self.files.into_iter().map(|(name, parts)| ShardFile {
            name,
            parts: parts.into_iter().collect(),
        });
        let files: Vec<ShardFile> = files.collect();
        (unclear || !files.is_empty()).then_some(ShardIndex { files, unclear })
    }

    /// Which of the keys a value is, however it is spelled.
    fn key(key: Value, preview: Preview<'_>) -> Option<usize> {
        let attribute = match key.kind() {
            ValueKind::StrAt => Attribute::named(preview.string(key)?.as_bytes())?,
            _ => Attribute::of(key)?,
        };
        KEYS.iter().position(|known| *known == attribute)
    }

    fn put(&mut self, dict: Value, pairs: &[Value], preview: Preview<'_>) {
        for pair in pairs.chunks_exact(2) {
            let [key, value] = pair else { continue };
            let Some(at) = Self::key(*key, preview) else {
                continue;
            };
            if self.pending.len() >= limits::SHARD_PARTS {
                self.unclear = true;
                return;
            }
            let attributes = self.pending.entry(dict.number()).or_default();
            if let Some(slot) = attributes.get_mut(at) {
                *slot = Some(*value);
            }
        }
    }

    /// The part that a state names, if it says just this.
    fn part(
        [name, offset, length]: Attributes,
        state: Value,
        preview: Preview<'_>,
    ) -> Option<(Text, ShardPart)> {
        let all = preview.nodes.summary(state)?.len;
        if !state.is_fresh() || all != crate::bytes::wide(KEYS.len()).saturating_mul(2) {
            return None;
        }
        let number = |value: Option<Value>| u64::try_from(preview.integer(value?)?).ok();
        let part = ShardPart {
            offset: number(offset)?,
            length: number(length)?,
        };
        Some((preview.string(name?)?, part))
    }
}

impl Observer for ShardParts {
    type Note = ();
    type Saved = ();

    fn on_container(&mut self, made: Value, items: Items<'_, ()>, scene: &mut Scene<'_>) {
        if made.kind() == ValueKind::Dict {
            self.put(made, items.values, scene.preview());
        }
    }

    fn on_items(
        &mut self,
        target: Noted<()>,
        items: Items<'_, ()>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        if target.value.kind() == ValueKind::Dict {
            self.put(target.value, items.values, scene.preview());
        }
        None
    }

    fn on_build(&mut self, _target: Noted<()>, state: Noted<()>, scene: &mut Scene<'_>) -> Flow {
        let state = state.value;
        if state.kind() != ValueKind::Dict {
            return Flow::Continue;
        }
        // Other attributes may be called like the others of these.
        let Some(attributes @ [Some(_), ..]) = self.pending.remove(&state.number()) else {
            return Flow::Continue;
        };
        match Self::part(attributes, state, scene.preview()) {
            Some((name, part)) if self.parts < limits::SHARD_PARTS => {
                if self.files.entry(name).or_default().insert(part) {
                    self.parts = self.parts.saturating_add(1);
                }
            }
            _ => self.unclear = true,
        }
        Flow::Continue
    }
}
