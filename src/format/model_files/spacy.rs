//! Pipelines of spaCy: the functions that `config.cfg` has called, and the components of `meta.json`.
//!
//! What a key that begins with `@` names is looked up in a registry, to which spaCy, thinc and the packages that belong to them register their own
//! functions and any other package, or a script beside the model, whatever it likes. A component is made by a `factory`.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::spacy_names::REGISTRIES;
use crate::{
    fact::{
        CodeHome, Fact, FileReference, FileRole, Global, GlobalName, NamedCode, Text, Unresolved,
    },
    format::{
        Reading, called,
        ini::{self, Entry},
        json::Document,
        lines::Lines,
    },
};

/// How often a value may refer to another one that does so as well, for the reader of configurations.
const DEPTH: usize = 10;
/// Bytes that are put together for one value: names are short.
const ROOM: usize = 1024;
/// The section that every pipeline has.
const PIPELINE: &str = "nlp";
/// The key of a component that names what makes it, and the registry of those.
const FACTORY: &str = "factory";
const FACTORIES: &str = "factories";
/// What `from_pretrained` of transformers is given by a component.
const TRUST: &str = "trust_remote_code";

/// Factories of spaCy 2, which later releases make of others or left out.
const OLDER_FACTORIES: &[&str] = &["sbd", "similarity", "tensorizer"];

/// Reads a configuration, if spaCy or thinc would.
pub(super) fn read_configuration(text: &str, reading: &mut Reading<'_>) {
    let entries = ini::entries(text);
    let configuration = Configuration::of(&entries);
    let sha256: [u8; 32] = Sha256::digest(text).into();
    let mut lines = Lines::default();
    let mut named = Vec::new();
    for entry in &entries {
        configuration.entry(entry, &mut named);
        for name in named.drain(..) {
            let place = lines.place(text.as_bytes(), &entry.range);
            let excerpt = Some(lines.excerpt(text.as_bytes(), &entry.range));
            match name {
                Named::Global(global) => {
                    called::record(global, 1, (place, excerpt), sha256, reading);
                }
                Named::Fetched(code) => {
                    reading.record_at(Fact::NamedCode(Box::new(code)), place, excerpt);
                }
            }
        }
    }
}

/// Whether a text may be such a configuration: a section of a pipeline, or a key of a registry, which may be written in escapes.
pub(super) fn is_possible(text: &[u8]) -> bool {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    has(b"@") || has(PIPELINE.as_bytes()) || has(b"\\u")
}

/// What an entry names.
#[derive(Debug)]
enum Named {
    Global(Global),
    Fetched(NamedCode),
}

/// The values of all sections.
struct Configuration<'c> {
    values: BTreeMap<(&'c str, &'c str), &'c str>,
    /// It is one of a pipeline: any registry is one of spaCy's then.
    is_pipeline: bool,
}

impl<'c> Configuration<'c> {
    fn of(entries: &'c [Entry]) -> Self {
        let values = entries.iter().map(|entry| {
            let key = (entry.section.as_str(), entry.key.as_str());
            (key, entry.value.as_str())
        });
        Self {
            values: values.collect(),
            is_pipeline: entries.iter().any(|it| it.section == PIPELINE),
        }
    }
}

impl Configuration<'_> {
    fn entry(&self, entry: &Entry, named: &mut Vec<Named>) {
        let is_watched = |text: &str| {
            let mut words = ["@", "\\u", FACTORY, TRUST].iter();
            words.any(|word| text.contains(word))
        };
        let refers = entry.value.contains('$');
        if !(is_watched(&entry.key) || is_watched(&entry.value) || refers) {
            return;
        }
        let text = if refers {
            self.resolved(entry)
        } else {
            Some(entry.value.clone())
        };
        let mut path: Vec<&str> = entry.section.split('.').collect();
        if let Some(text) = text {
            let value = serde_json::from_str(&text).unwrap_or(Json::String(text));
            self.key(&mut path, &entry.key, &value, named);
        } else {
            let registry = entry.key.strip_prefix('@');
            let is_maker = self.is_pipeline && entry.key == FACTORY;
            if is_maker || registry.is_some_and(|it| self.is_registry(it)) {
                named.push(Named::Global(Global::Unresolved(Unresolved::Configured)));
            }
        }
    }

    /// Whether a key that begins with `@` names a function of this registry.
    fn is_registry(&self, name: &str) -> bool {
        self.is_pipeline || REGISTRIES.iter().any(|(registry, _)| *registry == name)
    }

    /// A key with its value, which may hold more keys.
    fn key<'k>(
        &self,
        path: &mut Vec<&'k str>,
        key: &'k str,
        value: &'k Json,
        named: &mut Vec<Named>,
    ) {
        match value {
            Json::String(name) => {
                let registry = match key.strip_prefix('@') {
                    Some(registry) if self.is_registry(registry) => registry,
                    None if key == FACTORY && self.is_pipeline => FACTORIES,
                    _ => return,
                };
                if !is_registered(registry, name) {
                    named.push(Named::Global(Global::Named(function(registry, name))));
                }
            }
            Json::Bool(true) if key == TRUST && self.is_pipeline => {
                let model = path
                    .split_last()
                    .map_or(&[][..], |(_, rest)| rest)
                    .join(".");
                let name = self.values.get(&(model.as_str(), "name"));
                let name = name.map_or("?", |name| name.trim_matches('"'));
                let section = path.join(".");
                named.push(Named::Fetched(NamedCode {
                    key: format!("{section}.{key}").as_str().into(),
                    name: TRUST.into(),
                    home: CodeHome::Elsewhere(name.into()),
                }));
            }
            Json::Object(inside) => {
                path.push(key);
                for (key, value) in inside {
                    self.key(path, key, value, named);
                }
                path.pop();
            }
            Json::Array(items) => {
                path.push(key);
                for item in items {
                    self.key(path, "", item, named);
                }
                path.pop();
            }
            _ => {}
        }
    }

    /// A value with what it refers to in its place; nothing if that cannot be had.
    fn resolved(&self, entry: &Entry) -> Option<String> {
        let mut pieces = Vec::new();
        let mut room = ROOM;
        self.pieces(&entry.section, &entry.value, 0, &mut room, &mut pieces)?;
        // What is one piece keeps its quotation marks.
        if let [piece] = pieces.as_slice() {
            return Some(piece.clone());
        }
        let text = |piece: String| match serde_json::from_str(&piece) {
            Ok(Json::String(text)) => text,
            _ => piece,
        };
        Some(pieces.into_iter().map(text).collect())
    }

    fn pieces(
        &self,
        section: &str,
        value: &str,
        depth: usize,
        room: &mut usize,
        pieces: &mut Vec<String>,
    ) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        let mut rest = value;
        while !rest.is_empty() {
            let (before, after) = match rest.split_once('$') {
                Some((before, after)) => (before, Some(after)),
                None => (rest, None),
            };
            *room = room.checked_sub(before.len().saturating_add(1))?;
            if !before.is_empty() {
                pieces.push(before.to_owned());
            }
            let Some(after) = after else { break };
            if let Some(after) = after.strip_prefix('$') {
                pieces.push("$".to_owned());
                rest = after;
                continue;
            }
            let (variable, after) = after.strip_prefix('{')?.split_once('}')?;
            *room = room.checked_sub(variable.len())?;
            rest = after;
            let variable = variable.replace(':', ".");
            let (of, key) = variable.rsplit_once('.').unwrap_or((section, &variable));
            if let Some(value) = self.values.get(&(of, key)) {
                self.pieces(of, value, depth.saturating_add(1), room, pieces)?;
            } else {
                // A section, which is read where it stands.
                let from = (variable.as_str(), "");
                let ((next, _), _) = self.values.range(from..).next()?;
                let is_section = next.strip_prefix(variable.as_str());
                is_section.filter(|it| it.is_empty() || it.starts_with('.'))?;
                pieces.push("null".to_owned());
            }
        }
        Some(())
    }
}

/// Whether one of spaCy's own packages registers a function so. spaCy looks for an older version of one of its own in a package of those.
fn is_registered(registry: &str, name: &str) -> bool {
    let has = |name: &str| {
        let of = REGISTRIES.iter().find(|(of, _)| *of == registry);
        of.is_some_and(|(_, names)| names.binary_search(&name).is_ok())
    };
    has(name)
        || name
            .strip_prefix("spacy.")
            .is_some_and(|name| has(&format!("spacy-legacy.{name}")))
}

/// What a registry gives under a name.
fn function(registry: &str, name: &str) -> GlobalName {
    GlobalName::new(format!("spacy.registry.{registry}").as_str(), name)
}

/// Reads the description of a package, if spaCy wrote it.
pub(super) fn read_meta(document: &Document, reading: &mut Reading<'_>) {
    let root = &document.root;
    if root.get("spacy_version").is_none() || root.get("lang").is_none() {
        return;
    }
    let sha256: [u8; 32] = Sha256::digest(document.bytes()).into();
    let mut places = document.places();
    for (key, value) in root.entries() {
        match (key.text.as_str(), value.text()) {
            // Together they are the name of the folder with the pipeline.
            ("lang" | "name" | "version", Some(text)) if text.contains(['/', '\\']) => {
                let (place, excerpt) = places.at(&value.range);
                let file = FileReference::new(FileRole::Model, Text::from(text));
                let fact = Fact::FileReference(Box::new(file));
                reading.record_at(fact, place, Some(excerpt));
            }
            ("factories", None) => {
                for (_, factory) in value.entries() {
                    let Some(name) = factory.text() else { continue };
                    if is_registered(FACTORIES, name) || OLDER_FACTORIES.contains(&name) {
                        continue;
                    }
                    let global = Global::Named(function(FACTORIES, name));
                    let (place, excerpt) = places.at(&factory.range);
                    called::record(global, 1, (place, Some(excerpt)), sha256, reading);
                }
            }
            _ => {}
        }
    }
}
