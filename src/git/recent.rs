//! A bounded memory of what was used lately: half of it is forgotten when it is full, the half that was not used for longest.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Values by their keys.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    young: FxHashMap<K, V>,
    old: FxHashMap<K, V>,
    /// Bytes of the young.
    bytes: usize,
    /// Bytes of both together.
    most: usize,
}

/// What a value costs besides its bytes: its place in the map.
const PLACE: usize = 96;

impl<K: Eq + Hash + Copy, V: AsRef<[u8]>> Recent<K, V> {
    /// Remembers up to so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            young: FxHashMap::default(),
            old: FxHashMap::default(),
            bytes: 0,
            most,
        }
    }

    /// Whether something of this length would leave room for others.
    pub(super) fn is_small(&self, length: usize) -> bool {
        length <= self.most / 16
    }

    pub(super) fn get(&mut self, key: K) -> Option<&V> {
        if !self.young.contains_key(&key) {
            let value = self.old.remove(&key)?;
            self.keep(key, value);
        }
        self.young.get(&key)
    }

    /// Keeps a value, if it is [small](Self::is_small).
    pub(super) fn keep(&mut self, key: K, value: V) {
        if !self.is_small(value.as_ref().len()) {
            return;
        }
        let cost = value.as_ref().len().saturating_add(PLACE);
        if self.bytes.saturating_add(cost) > self.most / 2 {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes = self.bytes.saturating_add(cost);
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn what_was_used_lately_is_remembered_within_bounds() {
        let mut recent: Recent<u32, Vec<u8>> = Recent::new(4096);
        recent.keep(0, vec![0; 5000]);
        assert_eq!(recent.get(0), None);
        for key in 1..1000 {
            recent.keep(key, vec![7; 28]);
            assert_eq!(recent.get(1).map(Vec::len), Some(28), "{key}");
        }
        assert_eq!(recent.get(2), None);
        assert!(recent.get(999).is_some());
        assert!(recent.young.len() + recent.old.len() <= 4096 / 124 + 1);
    }
}
