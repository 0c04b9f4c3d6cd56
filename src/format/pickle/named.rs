//! Attributes by name: what the states hold that comparisons of whole objects ask for.
//!
//! Of a dict no more than its first children are kept, so what is asked for is noted when it is put there; and only once the stream has named
//! a class that asks, as most pickles name none.

use rustc_hash::FxHashMap;

use super::{
    texts::Attribute,
    value::{Value, ValueKind},
};

/// So many dicts are told apart: a forest has two for each of its trees, and a dict of series some for each of them.
const DICTS: usize = 1 << 18;

/// What a dict has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Absent,
    One(Value),
    /// Nobody knows, or there are several.
    Unknown,
}

/// What dicts hold under the names that are asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct NamedValues {
    dicts: FxHashMap<u64, Vec<(Attribute, Value)>>,
    /// The first container that was made once something asked.
    since: Option<u64>,
    /// There are more dicts than are told apart.
    overflowed: bool,
}

impl NamedValues {
    /// Something asks, of containers from this one on.
    pub(super) fn ask(&mut self, next: u64) {
        self.since.get_or_insert(next);
    }

    /// Whether something asks.
    #[inline]
    pub(super) fn asked(&self) -> bool {
        self.since.is_some()
    }

    /// Whether a container was made before anything asked.
    pub(super) fn is_older(&self, container: Value) -> bool {
        self.since.is_none_or(|since| container.number() < since)
    }

    /// Notes pairs that are put into a dict.
    #[inline]
    pub(super) fn put(&mut self, dict: Value, pairs: &[Value]) {
        if self.asked() {
            self.note(dict, pairs);
        }
    }

    fn note(&mut self, dict: Value, pairs: &[Value]) {
        for pair in pairs.chunks_exact(2) {
            let [key, value] = pair else { continue };
            let Some(attribute) = Attribute::of(*key) else {
                continue;
            };
            if self.dicts.len() >= DICTS && !self.dicts.contains_key(&dict.number()) {
                self.overflowed = true;
                return;
            }
            let held = self.dicts.entry(dict.number()).or_default();
            match held.iter_mut().find(|(known, _)| *known == attribute) {
                Some((_, known)) => *known = Value::UNKNOWN,
                None => held.push((attribute, value.by_name())),
            }
        }
    }

    /// How many of the names that are asked for a dict has.
    pub(super) fn count(&self, dict: Value) -> usize {
        self.dicts.get(&dict.number()).map_or(0, Vec::len)
    }

    /// What a dict has under a name.
    pub(super) fn get(&self, dict: Value, attribute: Attribute) -> Found {
        if dict.kind() != ValueKind::Dict || self.overflowed || self.is_older(dict) {
            return Found::Unknown;
        }
        let held = self.dicts.get(&dict.number()).into_iter().flatten();
        let mut found = held.filter(|(known, _)| *known == attribute);
        match found.next() {
            None => Found::Absent,
            Some((_, value)) if value.kind() == ValueKind::Unknown => Found::Unknown,
            Some((_, value)) => Found::One(*value),
        }
    }
}

impl Found {
    /// The one value.
    pub(super) fn one(self) -> Option<Value> {
        match self {
            Self::One(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Attribute, Found, NamedValues, Value, ValueKind};
    use crate::format::pickle::texts::Interner;

    #[test]
    fn what_is_not_known_is_not_absent() {
        let mut texts = Interner::default();
        let mut named = NamedValues::default();
        let key = texts.intern(b"indptr").unwrap();
        let dict = |id| Value::new(ValueKind::Dict, id);
        let get = |named: &NamedValues, id| named.get(dict(id), Attribute::IndexPointers);
        named.put(dict(1), &[key, Value::int(1)]);
        assert_eq!(get(&named, 1), Found::Unknown);
        named.ask(2);
        assert_eq!(get(&named, 1), Found::Unknown);
        assert_eq!(get(&named, 2), Found::Absent);
        named.put(dict(2), &[key, Value::int(7)]);
        assert_eq!(get(&named, 2), Found::One(Value::int(7)));
        named.put(dict(2), &[key, Value::int(7)]);
        assert_eq!(get(&named, 2), Found::Unknown);
    }
}
