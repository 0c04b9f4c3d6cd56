//! The configuration of a model: which classes and functions Keras looks up in it, and calls.
//!
//! An object with a `class_name` is one that Keras makes, wherever it stands: in `config`, `build_config` or `compile_config`, in a layer
//! that wraps another, or among the arguments of an operation. Names in plain texts (`"activation": "relu"`) are looked up among what Keras and the
//! program have registered, and import nothing.

use std::{ops::Range, sync::LazyLock};

use indexmap::IndexMap;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::registry::REGISTRY;
use crate::{
    bytes::{ReadError, Window},
    fact::{
        Code, CodeByValue, Expression, Fact, FileReference, FileRole, Global, GlobalName, Hop,
        Text, Unresolved,
    },
    format::{
        Expect, Reading, called,
        json::{Document, Node},
    },
    limits,
};

/// Classes that stand for values, whatever module is beside them.
const VALUES: &[&str] = &[
    "__bytes__",
    "__ellipsis__",
    "__keras_tensor__",
    "__numpy__",
    "__slice__",
    "__tensor__",
];

/// Those of the JSON of Keras 2, which has no modules: beside a module they are classes of that.
const OLD_VALUES: &[&str] = &["CompositeTensor", "TensorShape", "TypeSpec", "__tuple__"];

/// The package of what is registered without one.
const CUSTOM: &str = "Custom";
/// The module of optimizers.
const OPTIMIZERS: &str = "keras.optimizers";

/// Records what a configuration names.
pub(super) fn read(document: &Document, reading: &mut Reading<'_>) -> Result<(), ReadError> {
    let mut named = Named::default();
    let walked = named.walk(&document.root);
    let sha256: [u8; 32] = Sha256::digest(document.bytes()).into();
    let mut places = document.places();
    for (global, (range, count)) in named.globals {
        let (place, excerpt) = places.at(&range);
        called::record(global, count, (place, Some(excerpt)), sha256, reading);
    }
    for range in named.code {
        let (place, excerpt) = places.at(&range);
        reading.record_at(bytecode(), place, Some(excerpt));
    }
    for (reference, range) in named.files {
        let (place, excerpt) = places.at(&range);
        let fact = Fact::FileReference(Box::new(reference));
        reading.record_at(fact, place, Some(excerpt));
    }
    for (path, bytes) in named.pickles {
        let hop = Hop::Member {
            name: Text::new(path),
            copy: 0,
        };
        reading.descend(hop, b"module.pt", &Window::new(bytes), Expect::Named);
    }
    walked
}

/// What Keras makes of a lambda: a function of the bytecode.
fn bytecode() -> Fact {
    Fact::CodeByValue(Box::new(CodeByValue {
        made_by: GlobalName::new("keras.src.utils.python_utils", "func_load"),
        code: Code::Object {
            name: "<lambda>".into(),
            file: "bytecode in the configuration".into(),
            line: None,
            names: Box::default(),
            names_length: 0,
            constants: Expression::Elided,
        },
    }))
}

/// What a configuration names, in the order in which it stands there.
#[derive(Debug, Default)]
struct Named {
    /// Each with its first place, and how often it is there.
    globals: IndexMap<Global, (Range<usize>, u64)>,
    code: Vec<Range<usize>>,
    files: Vec<(FileReference, Range<usize>)>,
    pickles: Vec<(&'static str, Vec<u8>)>,
}

impl Named {
    fn walk(&mut self, node: &Node) -> Result<(), ReadError> {
        if let Some(class) = node.get("class_name") {
            self.object(node, class)?;
        }
        for (_, value) in node.entries() {
            self.walk(value)?;
        }
        for item in node.items() {
            self.walk(item)?;
        }
        Ok(())
    }

    /// An object that Keras makes.
    fn object(&mut self, node: &Node, class: &Node) -> Result<(), ReadError> {
        let Some(name) = class.text() else {
            return self.add(computed(), class);
        };
        let config = node.get("config");
        match name {
            "__lambda__" => self.code.push(class.range.clone()),
            "__typespec__" => match node.get("spec_name") {
                Some(name) => self.name(node, name)?,
                None => self.add(computed(), class)?,
            },
            "function" => match config {
                Some(function) => self.name(node, function)?,
                None => self.add(computed(), class)?,
            },
            _ if VALUES.contains(&name) => {}
            _ if OLD_VALUES.contains(&name) && node.get("module").is_none() => {}
            _ => {
                self.name(node, class)?;
                if let Some(config) = config {
                    self.arguments(name, config)?;
                }
            }
        }
        Ok(())
    }

    /// What some classes do with their arguments besides looking them up.
    fn arguments(&mut self, class: &str, config: &Node) -> Result<(), ReadError> {
        let last = class.rsplit('>').next().unwrap_or(class);
        let files = [
            ("vocabulary", FileRole::Vocabulary),
            ("filepath", FileRole::Model),
        ];
        for (key, role) in files {
            if let Some(node) = config.get(key)
                && let Some(path) = node.text()
            {
                let path = Text::new(path);
                let reference = FileReference::new(role, path);
                self.files.push((reference, node.range.clone()));
            }
        }
        match last {
            // In the form of Keras 2: bytecode, defaults and a closure.
            "Lambda" => {
                for key in ["function", "output_shape", "mask"] {
                    let Some(function) = config.get(key) else {
                        continue;
                    };
                    if function.items().first().and_then(Node::text).is_some() {
                        self.code.push(function.range.clone());
                    }
                }
            }
            "TFOpLambda" => {
                if let Some(function) = config.get("function")
                    && let Some(name) = function.text()
                {
                    let name = GlobalName::new("tensorflow", name);
                    self.add(Global::Named(name), function)?;
                }
            }
            "TorchModuleWrapper" => {
                if let Some(text) = config.get("module").and_then(Node::text) {
                    let decoded = data_encoding::BASE64.decode(text.as_bytes());
                    let bytes = decoded.unwrap_or_else(|_| text.as_bytes().to_vec());
                    self.pickles.push(("module", bytes));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A class or a function, which stands at `at` and is found as the keys beside it say.
    fn name(&mut self, node: &Node, at: &Node) -> Result<(), ReadError> {
        let Some(name) = at.text() else {
            return self.add(computed(), at);
        };
        let registered_name = node.get("registered_name").and_then(Node::text);
        let registered = registered_name.and_then(|name| name.split_once('>'));
        let module = match node.get("module") {
            None => None,
            Some(module) if module.text().is_some() => module.text(),
            Some(module) if matches!(module.value, crate::format::json::Value::Null) => None,
            Some(module) => return self.add(computed(), module),
        };
        let global = match (module.filter(|module| !module.is_empty()), registered) {
            (Some("builtins"), _) => GlobalName::new(in_registry(name).unwrap_or("builtins"), name),
            (Some(module), _) => GlobalName::new(module, name),
            (None, Some((package, name))) => GlobalName::new(package, name),
            (None, None) => match name.split_once('>') {
                // Keras 2.11 to 2.15 registered its own so.
                Some((CUSTOM, name)) if in_registry(name) == Some(OPTIMIZERS) => {
                    GlobalName::new(OPTIMIZERS, name)
                }
                Some((package, name)) => GlobalName::new(package, name),
                None => GlobalName::new(in_registry(name).unwrap_or(CUSTOM), name),
            },
        };
        // What the program registered under another name comes before what the module has.
        if let (Some(_), Some((package, other))) = (module, registered)
            && other != name
        {
            self.add(Global::Named(GlobalName::new(package, other)), at)?;
        }
        // What the module does not have under the one name, old releases look for under the other. Functions that nobody registered
        // have the name of their class there.
        if let (Some(module), Some(other), None) = (module, registered_name, registered)
            && other != name
            && other != "function"
        {
            self.add(Global::Named(GlobalName::new(module, other)), at)?;
        }
        self.add(Global::Named(global), at)
    }

    fn add(&mut self, global: Global, at: &Node) -> Result<(), ReadError> {
        if let Some((_, count)) = self.globals.get_mut(&global) {
            *count = count.saturating_add(1);
        } else if self.globals.len() >= limits::CONFIG_TARGETS {
            return Err(ReadError::Limit(limits::Id::CONFIG_TARGETS));
        } else {
            self.globals.insert(global, (at.range.clone(), 1));
        }
        Ok(())
    }
}

/// A name that is none.
fn computed() -> Global {
    Global::Unresolved(Unresolved::Configured)
}

/// The module in which Keras finds a name by itself.
fn in_registry(name: &str) -> Option<&'static str> {
    static MODULES: LazyLock<FxHashMap<&str, &str>> = LazyLock::new(|| {
        let rows = REGISTRY.iter();
        rows.flat_map(|(module, names)| names.split(' ').map(move |name| (name, *module)))
            .collect()
    });
    MODULES.get(name).copied()
}
