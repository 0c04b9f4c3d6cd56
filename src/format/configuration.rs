//! Configurations in YAML that hydra and `OmegaConf` read: which code they have called.
//!
//! What a mapping names under `_target_` is imported and called with the mapping's other values, wherever the mapping stands. Older
//! libraries take `target`, `cls` and `class` for it as well. An interpolation (`${...}`) can make a name, and a resolver in one
//! (`${oc.create:...}`) a whole mapping.

use std::{cell::Cell, fmt, ops::Range};

use indexmap::IndexMap;
use serde::de::{
    Deserialize as _, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use sha2::{Digest, Sha256};

use super::{Reading, called, interpolation, lines::Lines};
use crate::{
    bytes::{ReadError, Window, is_deep, narrow, wide},
    fact::{Excerpt, Fact, Global, GlobalName, Malformed, Place, SyntaxFault, Unresolved},
    limits,
};

/// Keys whose value names what is called, as far as it is a path of a module's attribute.
const OLDER_KEYS: &[&str] = &["target", "cls", "class"];

/// Resolvers of `OmegaConf` that make no mapping out of text.
const PLAIN_RESOLVERS: &[&str] = &[
    "now",
    "oc.deprecated",
    "oc.dict.keys",
    "oc.dict.values",
    "oc.env",
    "oc.select",
];

/// Records what a configuration has called.
///
/// # Errors
/// What ended the reading; what was found before is recorded.
pub(super) fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let most = narrow(limits::CONFIG_BYTES);
    let yaml = window.bytes_at(0, most.saturating_add(1))?;
    if yaml.len() > most {
        return Err(ReadError::Limit(limits::Id::CONFIG_BYTES));
    }
    if is_deep(&yaml) {
        return Err(ReadError::Limit(limits::Id::CONFIG_DEPTH));
    }
    let targets = Targets::default();
    let result = Value {
        key: Key::Other,
        targets: &targets,
    }
    .deserialize(serde_yaml::Deserializer::from_slice(&yaml));
    let limit = targets.limit.get();
    record(targets.found.into_inner(), &yaml, reading);
    match (limit, result) {
        (Some(limit), _) => Err(ReadError::Limit(limit)),
        (None, Err(error)) => Err(ReadError::malformed(Malformed::Configuration(fault(
            &error,
        )))),
        (None, Ok(())) => Ok(()),
    }
}

/// Where and why the parser stopped.
fn fault(error: &serde_yaml::Error) -> SyntaxFault {
    let message = error.to_string();
    let message = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(message, _)| message);
    let place = error.location();
    let number = |n: Option<usize>| n.map_or(0, wide);
    SyntaxFault {
        message: message.into(),
        line: number(place.as_ref().map(serde_yaml::Location::line)),
        column: number(place.as_ref().map(serde_yaml::Location::column)),
    }
}

/// Records what a configuration of a repository has called, if hydra makes what it says: up to where it is no YAML.
pub(super) fn read_calls(yaml: &[u8], reading: &mut Reading<'_>) {
    let targets = Targets {
        calls_alone: true,
        ..Targets::default()
    };
    let mut is_cut = false;
    for document in serde_yaml::Deserializer::from_slice(yaml) {
        let value = Value {
            key: Key::Other,
            targets: &targets,
        };
        if let Err(error) = value.deserialize(document) {
            is_cut |= is_limit(&error);
            break;
        }
    }
    let has = |word: &[u8]| memchr::memmem::find(yaml, word).is_some();
    let cut = is_cut.then_some(limits::Id::CONFIG_DEPTH);
    if let Some(limit) = targets.limit.get().or(cut)
        && has(b"_target_")
    {
        reading.unread(ReadError::Limit(limit), Place::Whole);
    }
    if targets.limit.get().is_none() && (has(b"$") || has(b"shell") || has(b"driver") || has(b"\\"))
    {
        for document in serde_yaml::Deserializer::from_slice(yaml) {
            let Ok(root) = serde_yaml::Value::deserialize(document) else {
                break;
            };
            for called in interpolation::called(&root) {
                // What it stands for takes the place of the text.
                targets
                    .found
                    .borrow_mut()
                    .shift_remove(&named(&called.text));
                let computed = || Global::Unresolved(Unresolved::Configured);
                let global = called.path.as_deref().map_or_else(computed, named);
                targets.add(global, &called.text);
            }
        }
    }
    for (global, count, (place, excerpt)) in placed(targets.found.into_inner(), yaml) {
        let fact = match global {
            Global::Named(name) => Fact::ConfiguredCall(name),
            Global::Unresolved(_) => Fact::ComputedCall,
        };
        reading.recorder.record_times(fact, place, excerpt, count);
    }
}

/// Whether the parser stopped at a limit of its own, where Python goes on.
fn is_limit(error: &serde_yaml::Error) -> bool {
    let message = error.to_string();
    message.starts_with("recursion limit") || message.starts_with("repetition limit")
}

/// The texts in lists, each with the key of its list, at the top and in what stands in such lists: what an environment asks for.
pub(super) fn listed(yaml: &[u8]) -> Vec<(String, String)> {
    let mut listed = Vec::new();
    let root: Option<serde_yaml::Value> = serde_yaml::from_slice(yaml).ok();
    let mut left: Vec<&serde_yaml::Value> = root.iter().collect();
    while let Some(value) = left.pop() {
        let Some(entries) = value.as_mapping() else {
            continue;
        };
        for (key, value) in entries {
            let items = value
                .as_sequence()
                .map_or(std::slice::from_ref(value), Vec::as_slice);
            for item in items {
                match (key.as_str(), item.as_str()) {
                    (Some(key), Some(item)) => listed.push((key.to_owned(), item.to_owned())),
                    _ => left.push(item),
                }
            }
        }
    }
    listed
}

/// Records each target once.
fn record(found: IndexMap<Global, Found>, yaml: &[u8], reading: &mut Reading<'_>) {
    let sha256: [u8; 32] = Sha256::digest(yaml).into();
    for (global, count, at) in placed(found, yaml) {
        called::record(global, count, at, sha256, reading);
    }
}

/// Where each target is, in the order in which they stand in the text as far as that can be told.
fn placed(
    found: IndexMap<Global, Found>,
    yaml: &[u8],
) -> Vec<(Global, u64, (Place, Option<Excerpt>))> {
    let mut ranges: Vec<(Option<Range<usize>>, Global, u64)> = found
        .into_iter()
        .enumerate()
        .map(|(n, (global, found))| {
            // Each is looked for in all of the text.
            let is_placed = n < limits::CONFIG_TARGETS;
            let at = is_placed.then(|| memchr::memmem::find(yaml, found.text.as_bytes()));
            let at = at.flatten();
            let range = at.map(|at| at..at.saturating_add(found.text.len()));
            (range, global, found.count)
        })
        .collect();
    ranges.sort_by_key(|(range, ..)| range.as_ref().map_or(usize::MAX, |range| range.start));
    let mut lines = Lines::default();
    let placed = ranges.into_iter().map(|(range, global, count)| {
        let at = match range {
            Some(range) => {
                let place = lines.place(yaml, &range);
                (place, Some(lines.excerpt(yaml, &range)))
            }
            None => (Place::Whole, None),
        };
        (global, count, at)
    });
    placed.collect()
}

/// What is called, by what names it.
#[derive(Debug, Default)]
struct Targets {
    found: std::cell::RefCell<IndexMap<Global, Found>>,
    values: Cell<u64>,
    limit: Cell<Option<limits::Id>>,
    /// Only what `_target_` names counts, and any number of names: whoever reads such a file calls what it names.
    calls_alone: bool,
}

#[derive(Debug)]
struct Found {
    /// As the configuration spells it.
    text: String,
    count: u64,
}

impl Targets {
    fn add(&self, global: Global, text: &str) {
        let mut found = self.found.borrow_mut();
        if let Some(found) = found.get_mut(&global) {
            found.count = found.count.saturating_add(1);
        } else if found.len() >= limits::CONFIG_TARGETS && !self.calls_alone {
            self.limit.set(Some(limits::Id::CONFIG_TARGETS));
        } else {
            let text = text.to_owned();
            found.insert(global, Found { text, count: 1 });
        }
    }

    /// One value more: an alias is as many as what it stands for.
    fn count<E: serde::de::Error>(&self) -> Result<(), E> {
        let values = self.values.get().saturating_add(1);
        self.values.set(values);
        if values > limits::CONFIG_VALUES {
            self.limit.set(Some(limits::Id::CONFIG_VALUES));
            return Err(E::custom("too many values"));
        }
        Ok(())
    }

    fn text(&self, key: Key, text: &str) {
        if self.calls_alone {
            if key == Key::Target {
                self.add(named(text), text);
            }
            return;
        }
        let computed = || Global::Unresolved(Unresolved::Configured);
        if key != Key::Other && text.contains("${") || makes_mapping(text) {
            self.add(computed(), text);
            return;
        }
        let is_target = match key {
            Key::Target => true,
            Key::Older => is_path(text),
            Key::Other => false,
        };
        if is_target {
            self.add(named(text), text);
        }
    }
}

/// The global of a path.
fn named(path: &str) -> Global {
    let (module, name) = path.rsplit_once('.').unwrap_or((path, ""));
    Global::Named(GlobalName::new(module, name))
}

/// Whether a text is a path of a module's attribute.
fn is_path(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    text.contains('.') && text.split('.').all(is_part)
}

/// Whether an interpolation in a text may make more than a text of other values.
fn makes_mapping(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, inside)) = rest.split_once("${") {
        rest = inside;
        let inside = inside.trim_start();
        let name = inside.split_once(|c: char| {
            !(c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '-' | '@'))
        });
        let Some((name, after)) = name else { continue };
        let ends = inside.get(name.len()..).unwrap_or_default().trim_start();
        match ends.chars().next() {
            // A path of another value.
            Some('}') => {}
            // A part of a path that is computed, or of the name of a resolver.
            Some('$') if !ends.contains(':') => {}
            Some(':') => {
                let braces = after.split('{').rev().skip(1);
                let mut opened = braces.map(|before| before.ends_with('$'));
                if !PLAIN_RESOLVERS.contains(&name) || opened.any(|interpolation| !interpolation) {
                    return true;
                }
            }
            _ => return true,
        }
    }
    false
}

/// What a key says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// It names what is called.
    Target,
    /// For some libraries it does.
    Older,
    Other,
}

impl Key {
    fn of(key: &str) -> Self {
        if key == "_target_" {
            Self::Target
        } else if OLDER_KEYS.contains(&key) {
            Self::Older
        } else {
            Self::Other
        }
    }
}

/// Any value, under a key.
#[derive(Clone, Copy)]
struct Value<'t> {
    key: Key,
    targets: &'t Targets,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, yaml: D) -> Result<(), D::Error> {
        self.targets.count()?;
        yaml.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i128<E>(self, _: i128) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.targets.text(self.key, text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.of(Key::Other))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key_seed(KeyName(self.targets))? {
            entries.next_value_seed(self.of(key))?;
        }
        Ok(())
    }

    /// A value with a tag of its own, whatever a loader makes of it.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let (_, value): (serde::de::IgnoredAny, _) = tagged.variant()?;
        value.newtype_variant_seed(self)
    }
}

impl<'t> Value<'t> {
    fn of(self, key: Key) -> Value<'t> {
        Value { key, ..self }
    }
}

/// A key, which may be any value.
struct KeyName<'t>(&'t Targets);

impl<'de> DeserializeSeed<'de> for KeyName<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, yaml: D) -> Result<Key, D::Error> {
        self.0.count()?;
        yaml.deserialize_any(self)
    }
}

impl Visitor<'_> for KeyName<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is no collection")
    }

    fn visit_unit<E>(self) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(Key::of(key))
    }
}
