//! The nodes of a schema, as the loaders of each release take them.
//!
//! A node has the names of a class or function and of the loader that makes it. Some loaders resolve these names, and some make what they
//! always make, whatever the names are: then they are recorded only if they are not those that are written there.

use std::ops::Range;

use crate::{
    bytes::{ReadError, Window},
    fact::{GlobalName, Short, SkopsFault},
    format::{
        json::{Document, Node, Value},
        program::Program,
    },
    limits,
};

/// Where the files of an archive are had from.
pub(super) trait Files {
    /// The content of a member.
    fn open(&self, name: &str) -> Option<Result<Window, ReadError>>;
}

/// Puts what a loader makes of a node with these names onto the stack.
pub(super) type Make<'d> = fn(&mut Schema<'d>, &'d Node, &Names<'d>, &'d str);

/// Walks a schema.
pub(super) struct Schema<'d> {
    pub(super) document: &'d Document,
    /// What each loader makes of its node.
    make: Make<'d>,
    pub(super) files: &'d dyn Files,
    pub(super) protocol: i64,
    /// What loading it does.
    pub(super) program: Program,
    /// Names that are stored without being resolved, and methods.
    pub(super) named: Vec<(GlobalName, Range<usize>)>,
    /// What no release writes.
    pub(super) faults: Vec<(ReadError, Range<usize>)>,
}

/// The names of a node.
pub(super) struct Names<'d> {
    pub(super) module: &'d str,
    pub(super) class: &'d str,
    /// Where the class is named.
    pub(super) at: Range<usize>,
}

/// Types of numpy whose values are data.
const SCALARS: &[&str] = &[
    "bool",
    "bool_",
    "bytes_",
    "clongdouble",
    "complex128",
    "complex256",
    "complex64",
    "datetime64",
    "float128",
    "float16",
    "float32",
    "float64",
    "int16",
    "int32",
    "int64",
    "int8",
    "intc",
    "intp",
    "longdouble",
    "longlong",
    "str_",
    "timedelta64",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uintc",
    "uintp",
    "ulonglong",
    "void",
];
/// Types that a schema has as values, or as the types of keys.
const TYPES: &[(&str, &str)] = &[
    ("builtins", "bool"),
    ("builtins", "bytes"),
    ("builtins", "complex"),
    ("builtins", "dict"),
    ("builtins", "float"),
    ("builtins", "int"),
    ("builtins", "list"),
    ("builtins", "set"),
    ("builtins", "str"),
    ("builtins", "tuple"),
];

impl Names<'_> {
    pub(super) fn is(&self, module: &str, class: &str) -> bool {
        self.module == module && self.class == class
    }

    /// Whether they are those of a type whose values are data.
    pub(super) fn is_data_type(&self) -> bool {
        self.is_one_of(TYPES) || self.is_scalar()
    }

    /// Whether they are those of a number, a text or a time of numpy.
    pub(super) fn is_scalar(&self) -> bool {
        self.module == "numpy" && SCALARS.contains(&self.class)
    }

    pub(super) fn is_one_of(&self, known: &[(&str, &str)]) -> bool {
        known.iter().any(|(module, class)| self.is(module, class))
    }
}

impl<'d> Schema<'d> {
    pub(super) fn new(document: &'d Document, files: &'d dyn Files, make: Make<'d>) -> Self {
        Self {
            document,
            make,
            files,
            protocol: 0,
            program: Program::new(),
            named: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Walks all of a schema.
    pub(super) fn walk(&mut self) {
        let document = self.document;
        let root = &document.root;
        let protocol = root.get("protocol");
        let number = protocol.and_then(|node| document.number(node)?.parse().ok());
        match number {
            Some(number @ 0..=2) => self.protocol = number,
            _ => self.fault(SkopsFault::Protocol, &protocol.unwrap_or(root).range),
        }
        self.node(root);
        self.program.close();
    }

    pub(super) fn fault(&mut self, fault: SkopsFault, at: &Range<usize>) {
        let error = ReadError::malformed(fault);
        self.error(error, at);
    }

    pub(super) fn error(&mut self, error: ReadError, at: &Range<usize>) {
        // The first ones say enough.
        if self.faults.len() < limits::CONFIG_TARGETS {
            self.faults.push((error, at.clone()));
        }
    }

    pub(super) fn no_key(&mut self, key: &str, at: &Range<usize>) {
        let key = Short::from(key);
        self.fault(SkopsFault::Key { key }, at);
    }

    /// A name that is stored where nothing resolves it.
    pub(super) fn stored(&mut self, names: &Names<'_>, known: &[(&str, &str)]) {
        if !names.is_one_of(known) {
            self.name(names.module, names.class, &names.at);
        }
    }

    pub(super) fn name(&mut self, module: &str, name: &str, at: &Range<usize>) {
        if self.named.len() < limits::OBSERVATIONS {
            self.named.push((GlobalName::new(module, name), at.clone()));
        }
    }

    /// Resolves what a node names.
    pub(super) fn resolve(&mut self, names: &Names<'_>) {
        self.program.at(&names.at);
        self.program.global(names.module, names.class);
    }

    /// The names of a node, and of its loader.
    pub(super) fn names(&mut self, node: &'d Node) -> Option<(Names<'d>, &'d str)> {
        let mut texts = [None; 3];
        for (text, key) in texts
            .iter_mut()
            .zip(["__module__", "__class__", "__loader__"])
        {
            let value = node.get(key);
            *text = value.and_then(Node::text);
            if text.is_none() {
                self.no_key(key, &value.unwrap_or(node).range);
            }
        }
        let mut entries = node.entries().iter();
        while let Some((key, _)) = entries.next() {
            if entries.clone().any(|(other, _)| other.text == key.text) {
                let key_text = Short::from(key.text.as_str());
                self.fault(SkopsFault::Twice { key: key_text }, &key.range);
                break;
            }
        }
        let [module, class, loader] = texts;
        let at = node
            .get("__class__")
            .map_or(node.range.clone(), |class| class.range.clone());
        let names = Names {
            module: module?,
            class: class?,
            at,
        };
        Some((names, loader?))
    }

    /// Puts what a node makes onto the stack.
    pub(super) fn node(&mut self, node: &'d Node) {
        self.program.at(&node.range);
        match self.names(node) {
            Some((names, loader)) => (self.make)(self, node, &names, loader),
            None => self.program.none(),
        }
    }

    /// The value under `content`, which has nodes under keys of its own.
    pub(super) fn content(&mut self, node: &'d Node) -> &'d Node {
        match node.get("content") {
            Some(content) if content.is_object() => content,
            other => {
                self.no_key("content", &other.unwrap_or(node).range);
                node
            }
        }
    }

    /// The node under a key.
    pub(super) fn child(&mut self, node: &'d Node, key: &str) {
        match node.get(key) {
            Some(child) if child.is_object() => self.node(child),
            other => {
                self.no_key(key, &other.unwrap_or(node).range);
                self.program.none();
            }
        }
    }

    /// The nodes of a list, each on the stack.
    pub(super) fn children(&mut self, node: &'d Node) {
        match node.get("content").map(|content| (&content.value, content)) {
            Some((Value::Array(items), _)) => {
                for item in items {
                    self.node(item);
                }
            }
            other => self.no_key("content", &other.map_or(node, |(_, node)| node).range),
        }
    }
}
