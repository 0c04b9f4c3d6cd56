//! `MLflow` models: a folder whose `MLmodel` says which module loads what lies beside it.

use std::ops::Range;

use serde_yaml::Value;
use sha2::{Digest as _, Sha256};

use super::{
    Certainty, Format, Head, Read, Reading, Recognise, Runs, Suffix, called, lines::Lines,
};
use crate::{
    bytes::{ReadError, Window, is_deep, narrow, wide},
    fact::{
        Fact, FileReference, FileRole, Global, GlobalName, Malformed, SyntaxFault, Text, Unresolved,
    },
    limits,
};

/// Files that are called `MLmodel` and have flavors, and the files beside them that name a module.
pub static FORMAT: Format = Format {
    id: "mlflow",
    title: "MLflow model description",
    doc: DOC,
    suffixes: &[
        Suffix::plain("txt"),
        Suffix::plain("yaml"),
        Suffix::plain("yml"),
    ],
    container: None,
    runs: Runs::WhatPicklesName,
    recognise: Recognise::Probe(probe),
    read: Read::Bytes(read),
};

const DOC: &str = "\
## What it is

`MLmodel`, the YAML in the folder of a model of MLflow: its flavors, each with the files that belong to it. `pickle_module_info.txt` and
`keras_module.txt` beside the weights of some flavors hold the name of a module.

## What loading it does

`mlflow.pyfunc.load_model` imports the module that the flavor `python_function` names under `loader_module` and calls its
`_load_pyfunc`; the folder under `code` comes first where modules are looked for. A flavor of XGBoost or LightGBM imports its
`model_class`. A model that was saved as code (`model_code_path`) is a script that runs. Modules that the text files name are imported.
What the files hold (pickles, among others) their loaders load.

## How it is recognised

By a key `flavors`, and the name `MLmodel` or other keys that MLflow writes, wherever the key stands in a file of that name; by the names of the text files, if they hold nothing but a name.

## What is checked

Each named module, class and script, and a folder of modules under `code`, is a global that a configuration has called, at its line and column. The pack
`mlflow-flavors` lists the loaders of MLflow's own flavors, which load the files beside them; everything else needs an entry in the policy. Paths that leave the folder are refused. The files themselves
are read as what they are. What `requirements.txt`, `conda.yaml`, `python_env.yaml` and others of their names beside it install from elsewhere than a public index is
a warning (`model-requirements`).

## What to prefer

A flavor whose files are data: `serialization_format: skops`, ONNX, XGBoost's own format.
";

/// The name of the description.
const DESCRIPTION: &[u8] = b"MLmodel";
/// Texts that hold the name of a module.
const MODULES: [&[u8]; 2] = [b"pickle_module_info.txt", b"keras_module.txt"];

/// Modules that `MLflow` itself writes into them.
const WRITTEN: [&str; 5] = [
    "keras",
    "mlflow.pytorch.pickle_module",
    "pickle",
    "tensorflow.keras",
    "tf_keras",
];

/// Keys of flavors whose values are paths from the folder.
const PATHS: &[(&str, FileRole)] = &[
    ("data", FileRole::Model),
    ("model_binary", FileRole::Model),
    ("model_data", FileRole::Model),
    ("model_path", FileRole::Model),
    ("pickled_model", FileRole::Model),
    ("python_model", FileRole::Model),
    ("tokenizer_dir", FileRole::Asset),
];

fn probe(head: &Head<'_>) -> Certainty {
    let front = head.front.as_slice();
    let has_flavors =
        || front.starts_with(b"flavors:") || memchr::memmem::find(front, b"\nflavors:").is_some();
    let is_written = || {
        let keys: [&[u8]; 2] = [b"\n  python_function:", b"\nmlflow_version:"];
        keys.iter()
            .any(|key| memchr::memmem::find(front, key).is_some())
    };
    // Whatever stands in a file of this name is what MLflow reads.
    let is_named = head.name.eq_ignore_ascii_case(DESCRIPTION);
    let is_description = is_named || has_flavors() && is_written();
    Certainty::sure_if(is_description || MODULES.contains(&head.name) && module(front).is_some())
}

/// The name that a text is, if it is nothing else.
fn module(text: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(text.trim_ascii()).ok()?;
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    name.split('.').all(is_part).then_some(name)
}

fn read(window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let most = narrow(limits::CONFIG_BYTES);
    let text = window.bytes_at(0, most.saturating_add(1))?;
    if text.len() > most {
        return Err(ReadError::Limit(limits::Id::CONFIG_BYTES));
    }
    if is_deep(&text) {
        return Err(ReadError::Limit(limits::Id::CONFIG_DEPTH));
    }
    let mut found = Found {
        text: &text,
        names: Vec::new(),
        files: Vec::new(),
    };
    let is_one = if MODULES.contains(&reading.name.as_bytes()) {
        if let Some(name) = module(&text) {
            found.module("", name);
        }
        true
    } else {
        found.description()?
    };
    if !is_one {
        reading.disclaim();
        return Ok(());
    }
    found.record(reading);
    Ok(())
}

/// The entries of a mapping, and those that a key `<<` merges into it, which another entry may hide.
fn entries(value: &Value) -> Vec<(&str, &Value)> {
    let mut found = Vec::new();
    for (key, value) in value.as_mapping().into_iter().flatten() {
        match (key.as_str(), value.as_sequence()) {
            (Some("<<"), Some(merged)) => found.extend(merged.iter().flat_map(entries)),
            (Some("<<"), None) => found.extend(entries(value)),
            (Some(key), _) => found.push((key, value)),
            (None, _) => {}
        }
    }
    found
}

/// What a description names, each with where it stands.
struct Found<'t> {
    text: &'t [u8],
    names: Vec<(Range<usize>, Global)>,
    files: Vec<(Range<usize>, FileReference)>,
}

impl Found<'_> {
    /// Reads a description; whether it is one.
    fn description(&mut self) -> Result<bool, ReadError> {
        let yaml: Value = serde_yaml::from_slice(self.text).map_err(|error| {
            let place = error.location();
            ReadError::malformed(Malformed::Configuration(SyntaxFault {
                message: error.to_string().as_str().into(),
                line: place.as_ref().map_or(0, |place| wide(place.line())),
                column: place.as_ref().map_or(0, |place| wide(place.column())),
            }))
        })?;
        let top = entries(&yaml);
        let mut flavors = top.into_iter().filter(|(key, _)| *key == "flavors");
        let Some((_, first)) = flavors.next() else {
            return Ok(false);
        };
        let flavors = flavors.map(|(_, flavors)| flavors);
        let flavors = std::iter::once(first).chain(flavors).flat_map(entries);
        for (flavor, keys) in flavors {
            for (key, value) in entries(keys) {
                self.key(key, value, flavor == "python_function");
            }
        }
        Ok(true)
    }

    fn key(&mut self, key: &str, value: &Value, is_function: bool) {
        match (key, value.as_str()) {
            ("loader_module", Some(module)) if is_function => {
                self.global(key, module, "_load_pyfunc");
            }
            ("loader_module", None) if is_function && !value.is_null() => {
                let range = self.range(key, "");
                let global = Global::Unresolved(Unresolved::Configured);
                self.names.push((range, global));
            }
            ("code", Some(path)) => {
                // Modules in the folder are found before those of the same name that are installed.
                let range = self.range(key, path);
                let name = GlobalName::new("mlflow.utils.model_utils", "_add_code_to_system_path");
                self.names.push((range, Global::Named(name)));
                self.file(key, path, FileRole::Asset);
            }
            ("keras_module", Some(module)) => self.module(key, module),
            ("model_class", Some(class)) => {
                let (module, name) = class.rsplit_once('.').unwrap_or((class, ""));
                self.global(key, module, name);
            }
            ("model_code_path", Some(_)) => {
                // Whatever its name, the script is run by this function.
                let range = self.range(key, "");
                let name = GlobalName::new("mlflow.models.utils", "_load_model_code_path");
                self.names.push((range, Global::Named(name)));
            }
            ("artifacts", None) => {
                let artifacts = value.as_mapping();
                for artifact in artifacts.into_iter().flat_map(serde_yaml::Mapping::values) {
                    if let Some(path) = artifact.get("path").and_then(Value::as_str) {
                        self.file("path", path, FileRole::Asset);
                    }
                }
            }
            (_, Some(path)) => {
                if let Some((_, role)) = PATHS.iter().find(|(name, _)| *name == key) {
                    self.file(key, path, *role);
                }
            }
            _ => {}
        }
    }

    /// A module that is imported for what it has, unless it is one that `MLflow` writes there.
    fn module(&mut self, key: &str, module: &str) {
        if !WRITTEN.contains(&module) {
            let (module, name) = module.rsplit_once('.').unwrap_or((module, ""));
            self.global(key, module, name);
        }
    }

    fn global(&mut self, key: &str, module: &str, name: &str) {
        let shown = if name.is_empty() || key == "loader_module" {
            module.to_owned()
        } else {
            format!("{module}.{name}")
        };
        let range = self.range(key, &shown);
        let name = GlobalName::new(module, name);
        self.names.push((range, Global::Named(name)));
    }

    fn file(&mut self, key: &str, path: &str, role: FileRole) {
        let range = self.range(key, path);
        let path = Text::from(path);
        self.files.push((range, FileReference::new(role, path)));
    }

    /// Where a value stands: on a line of its key, as it is written; else the key itself.
    fn range(&self, key: &str, value: &str) -> Range<usize> {
        let mut start: usize = 0;
        let mut of_key = None;
        for line in self.text.split_inclusive(|byte| *byte == b'\n') {
            let indent = line.len().saturating_sub(line.trim_ascii_start().len());
            let rest = line.get(indent..).unwrap_or_default();
            let is_key = key.is_empty()
                || rest
                    .strip_prefix(key.as_bytes())
                    .is_some_and(|rest| rest.starts_with(b":"));
            if is_key {
                let from = start.saturating_add(indent);
                let after = if key.is_empty() { 0 } else { key.len() };
                let tail = rest.get(after..).unwrap_or_default();
                let at = (!value.is_empty())
                    .then(|| memchr::memmem::find(tail, value.as_bytes()))
                    .flatten();
                if let Some(at) = at {
                    let from = from.saturating_add(after).saturating_add(at);
                    return from..from.saturating_add(value.len());
                }
                of_key.get_or_insert(from..from.saturating_add(key.len()));
            }
            start = start.saturating_add(line.len());
        }
        of_key.unwrap_or(0..0)
    }

    fn record(mut self, reading: &mut Reading<'_>) {
        let sha256: [u8; 32] = Sha256::digest(self.text).into();
        self.names.sort_by_key(|(range, _)| range.start);
        self.files.sort_by_key(|(range, _)| range.start);
        let mut lines = Lines::default();
        for (range, global) in self.names {
            let place = lines.place(self.text, &range);
            let excerpt = Some(lines.excerpt(self.text, &range));
            called::record(global, 1, (place, excerpt), sha256, reading);
        }
        let mut lines = Lines::default();
        for (range, file) in self.files {
            let place = lines.place(self.text, &range);
            let excerpt = Some(lines.excerpt(self.text, &range));
            reading.record_at(Fact::FileReference(Box::new(file)), place, excerpt);
        }
    }
}
