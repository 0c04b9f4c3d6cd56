//! The storages that persistent ids of torch's shape name.

use rustc_hash::FxHashMap;

use crate::{
    format::pickle::{
        Storage,
        machine::{Flow, Noted, Observer, Scene},
        value::Value,
    },
    limits,
};

/// Collects them.
#[derive(Debug, Default)]
pub(in crate::format::pickle) struct Storages {
    /// By key and type, so that a storage that many tensors share is one.
    by_key: FxHashMap<Value, Storage>,
}

impl Storages {
    /// Each key once, in order.
    pub(in crate::format::pickle) fn into_sorted(self) -> Vec<Storage> {
        let mut storages: Vec<Storage> = self.by_key.into_values().collect();
        storages.sort_by(|a, b| a.key.cmp(&b.key));
        storages.dedup_by(|a, b| a.key == b.key);
        storages
    }
}

impl Observer for Storages {
    type Note = ();
    type Saved = ();

    fn on_persistent(&mut self, id: Noted<()>, scene: &mut Scene<'_>) -> ((), Flow) {
        let preview = scene.preview();
        if preview.is_torch_storage(id.value)
            && let Some((key, storage)) = preview.storage(id.value)
            && self.by_key.len() < limits::MEMBERS
        {
            self.by_key.entry(key).or_insert(storage);
        }
        ((), Flow::Continue)
    }
}
