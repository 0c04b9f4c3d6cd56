//! What is known of values: their expressions, and the constants, names and storages among them.

use super::{
    Storage, constant,
    events::EventLog,
    tensors::Indexes,
    texts::Interner,
    value::{Nodes, Value, ValueKind},
};
use crate::{
    bytes::{Window, wide},
    fact::{Argument, CallArguments, ContainerKind, Expression, Global, Literal, Text, Unresolved},
};

/// Elements of a container that are spelled out.
const SHOWN: usize = 6;
/// Characters between them.
const SEPARATOR: usize = 2;
/// Containers inside containers that are spelled out.
const DEPTH: u32 = 3;

/// What a value keeps of a storage: the elements, and one more; and what they are.
const ELEMENTS: u64 = (1 << 50) - 1;
const LONG: u64 = 1 << 51;
const INT: u64 = 1 << 52;
const QUANTIZED: u64 = 1 << 53;

/// What is needed to say what a value is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Preview<'a> {
    /// Containers.
    pub nodes: &'a Nodes,
    /// Strings.
    pub names: &'a Interner,
    /// Globals.
    pub log: &'a EventLog,
    /// Everything else.
    pub window: &'a Window,
}

impl Preview<'_> {
    /// A value.
    pub(super) fn value(&self, value: Value) -> Expression {
        self.builder().build(value, DEPTH)
    }

    /// What a call is given.
    pub(super) fn call(&self, arguments: Value, keywords: Option<Value>) -> CallArguments {
        let mut builder = self.builder();
        CallArguments {
            positional: builder.build(arguments, DEPTH),
            keywords: keywords.map(|keywords| builder.build(keywords, DEPTH)),
        }
    }

    /// A call in words.
    pub(super) fn call_in_words(&self, row: usize, arguments: Value) -> String {
        let given = self.call(arguments, None);
        let callee = self.global(Some(row));
        callee.map_or("?".into(), |callee| given.of(&callee).to_string())
    }

    fn builder(&self) -> Builder<'_> {
        Builder {
            preview: *self,
            left: Expression::SHOWN,
        }
    }

    /// A call's arguments, as far as the stream proves them.
    pub(super) fn arguments(&self, arguments: Value) -> Vec<Argument> {
        let known = if arguments.kind() == ValueKind::Tuple {
            self.nodes.get(arguments)
        } else {
            None
        };
        let Some((len, kept)) = known else {
            return vec![Argument::Unknown];
        };
        let mut out: Vec<Argument> = kept.iter().map(|value| self.argument(*value)).collect();
        if len > wide(kept.len()) {
            out.push(Argument::Unknown);
        }
        out
    }

    fn argument(&self, value: Value) -> Argument {
        match value.kind() {
            ValueKind::Global => self
                .log
                .global(value.index())
                .cloned()
                .map_or(Argument::Unknown, Argument::Global),
            ValueKind::Extension => Argument::Global(Global::Unresolved(Unresolved::Extension)),
            ValueKind::Str => Argument::Str(Text::new(self.names.text(value.index()))),
            ValueKind::StrAt => constant::string(self.window, value.number())
                .map_or(Argument::Unknown, Argument::Str),
            ValueKind::None
            | ValueKind::Bool
            | ValueKind::Int
            | ValueKind::Long
            | ValueKind::Float
            | ValueKind::Bytes
            | ValueKind::Tuple
            | ValueKind::List
            | ValueKind::Dict
            | ValueKind::Set
            | ValueKind::FrozenSet => Argument::Other,
            ValueKind::Unknown
            | ValueKind::Result
            | ValueKind::Instance
            | ValueKind::Persistent
            | ValueKind::Buffer
            | ValueKind::Stale => Argument::Unknown,
        }
    }

    /// An integer of up to 64 bits.
    pub(super) fn integer(&self, value: Value) -> Option<i64> {
        match value.kind() {
            ValueKind::Int => Some(i64::from(value.as_int())),
            ValueKind::Long => constant::integer(self.window, value.number()),
            _ => None,
        }
    }

    /// What a value keeps of a storage, by its persistent id: how many elements it has (those of less than a byte are counted as
    /// their bytes hold them) and whether they can be indices.
    pub(super) fn storage_facts(&self, pid: Value) -> Option<u64> {
        let [_, class, _, _, elements, ..] = self.tuple(pid)? else {
            return None;
        };
        let class = self.log.name(class.index())?.name.as_bytes();
        let (in_one, indexes) = match class {
            b"QUInt4x2Storage" => (2, QUANTIZED),
            b"QUInt2x4Storage" => (4, QUANTIZED),
            b"QInt8Storage" | b"QUInt8Storage" => (1, QUANTIZED),
            b"QInt32Storage" => (1, QUANTIZED | INT),
            b"LongStorage" => (1, LONG),
            b"IntStorage" => (1, INT),
            _ => (1, 0),
        };
        let elements = u64::try_from(self.integer(*elements)?).ok()?;
        let elements = elements.saturating_mul(in_one).saturating_add(1);
        Some(elements.min(ELEMENTS) | indexes)
    }

    /// How many elements a storage has that a persistent id names.
    pub(super) fn elements(storage: Value) -> Option<u64> {
        let known = (storage.kind() == ValueKind::Persistent).then(|| storage.number() & ELEMENTS);
        known.and_then(|number| number.checked_sub(1))
    }

    /// Whether a storage is of quantized numbers; `None` if it does not say.
    pub(super) fn is_quantized(storage: Value) -> Option<bool> {
        (storage.kind() == ValueKind::Persistent).then(|| storage.number() & QUANTIZED != 0)
    }

    /// Whether a storage is of quantized integers of 32 bits.
    pub(super) fn is_quantized_int32(storage: Value) -> bool {
        storage.kind() == ValueKind::Persistent
            && storage.number() & (INT | QUANTIZED) == INT | QUANTIZED
    }

    /// Of what a storage is, if it can hold indices.
    pub(super) fn indexes(storage: Value) -> Option<Indexes> {
        if storage.kind() != ValueKind::Persistent {
            return Some(Indexes::Untold);
        }
        match storage.number() & (LONG | INT | QUANTIZED) {
            LONG => Some(Indexes::Long),
            INT => Some(Indexes::Int),
            _ => None,
        }
    }

    /// Bytes that are short.
    pub(super) fn bytes(&self, value: Value) -> Option<Vec<u8>> {
        const LONGEST: usize = 32;
        let found = (value.kind() == ValueKind::Bytes)
            .then(|| constant::bytes(self.window, value.number(), LONGEST));
        let (length, bytes) = found.flatten()?;
        (length == wide(bytes.len())).then_some(bytes)
    }

    /// How long bytes are.
    pub(super) fn length(&self, value: Value) -> Option<u64> {
        let found = (value.kind() == ValueKind::Bytes)
            .then(|| constant::bytes(self.window, value.number(), 0));
        found.flatten().map(|(length, _)| length)
    }

    /// The bytes of a string value.
    pub(super) fn string(&self, value: Value) -> Option<Text> {
        match value.kind() {
            ValueKind::Str => Some(Text::new(self.names.text(value.index()))),
            ValueKind::StrAt => constant::string(self.window, value.number()),
            _ => None,
        }
    }

    /// A string value that is short, whatever the length of those that are not.
    pub(super) fn short_string(&self, value: Value) -> Option<Text> {
        const LONGEST: usize = 16;
        if value.kind() != ValueKind::StrAt {
            return self.string(value);
        }
        let instruction = constant::instruction(self.window, value.number(), LONGEST)?;
        let whole = instruction.length <= wide(LONGEST);
        let text = whole.then(|| constant::decoded(&instruction)).flatten()?;
        Some(Text::new(&*text))
    }

    /// Whether a persistent id has torch's shape: `('storage', <storage type>, key, location, size[, view])`.
    pub(super) fn is_torch_storage(&self, pid: Value) -> bool {
        let Some([kind, class, key, location, _, rest @ ..]) = self.tuple(pid) else {
            return false;
        };
        let text = |value: Value| {
            matches!(
                value.kind(),
                ValueKind::Str | ValueKind::StrAt | ValueKind::Int
            )
        };
        self.string(*kind).is_some_and(|kind| kind == "storage")
            && class.kind() == ValueKind::Global
            && self
                .log
                .name(class.index())
                .is_some_and(|name| name.name.as_bytes().ends_with(b"Storage"))
            && text(*key)
            && text(*location)
            && rest.len() <= 1
    }

    fn tuple(&self, value: Value) -> Option<&[Value]> {
        if value.kind() == ValueKind::Tuple {
            self.nodes.all(value)
        } else {
            None
        }
    }

    /// The storage that a persistent id of torch's shape names, with the value of its key.
    pub(super) fn storage(&self, pid: Value) -> Option<(Value, Storage)> {
        let [_, class, key, _, elements, ..] = self.tuple(pid)? else {
            return None;
        };
        let text = match key.kind() {
            ValueKind::Int => Text::from(key.as_int().to_string()),
            _ => self.string(*key)?,
        };
        let class = self.log.name(class.index())?.name.clone();
        let elements = match elements.kind() {
            ValueKind::Int => u64::try_from(elements.as_int()).ok(),
            ValueKind::Long => constant::unsigned(self.window, elements.number()),
            _ => None,
        };
        Some((
            *key,
            Storage {
                key: text,
                class,
                elements,
            },
        ))
    }

    fn global(&self, row: Option<usize>) -> Option<Global> {
        self.log.global(row?).cloned()
    }
}

/// Makes expressions of values, as long as there is room in what is shown of them.
#[derive(Debug)]
struct Builder<'a> {
    preview: Preview<'a>,
    /// How many characters more can be shown.
    left: usize,
}

impl Builder<'_> {
    fn build(&mut self, value: Value, depth: u32) -> Expression {
        if self.left == 0 {
            return Expression::Elided;
        }
        let built = match value.kind() {
            ValueKind::None => Expression::None,
            ValueKind::Bool => Expression::Bool(value.number() == 1),
            ValueKind::Int => Expression::Int(value.as_int().into()),
            ValueKind::Long | ValueKind::Float | ValueKind::Bytes | ValueKind::StrAt => {
                constant::expression(self.preview.window, value.number())
            }
            ValueKind::Str => {
                let text = self.preview.names.text(value.index());
                Expression::Str(Literal::text(text, wide(text.len())))
            }
            ValueKind::Tuple => self.container(value, ContainerKind::Tuple, depth),
            ValueKind::List => self.container(value, ContainerKind::List, depth),
            ValueKind::Dict => self.container(value, ContainerKind::Dict, depth),
            ValueKind::Set => self.container(value, ContainerKind::Set, depth),
            ValueKind::FrozenSet => self.container(value, ContainerKind::FrozenSet, depth),
            ValueKind::Global => {
                let global = self.preview.global(Some(value.index()));
                global.map_or(Expression::Elided, Expression::Global)
            }
            ValueKind::Result | ValueKind::Instance => {
                let global = self.preview.global(value.global());
                global.map_or(Expression::Elided, Expression::Made)
            }
            ValueKind::Persistent => Expression::Persistent,
            ValueKind::Extension => Expression::Extension,
            ValueKind::Buffer => Expression::Buffer,
            ValueKind::Stale => Expression::EarlierMemo,
            ValueKind::Unknown => Expression::Elided,
        };
        self.left = self.left.saturating_sub(at_least(&built));
        built
    }

    fn container(&mut self, value: Value, kind: ContainerKind, depth: u32) -> Expression {
        let known = self.preview.nodes.get(value);
        let items = match known {
            Some((_, kept)) if depth > 0 => kept.iter().take(SHOWN),
            _ => [].iter().take(0),
        };
        let depth = depth.saturating_sub(1);
        let mut built = Vec::new();
        for item in items {
            if self.left == 0 {
                break;
            }
            built.push(self.build(*item, depth));
            self.left = self.left.saturating_sub(SEPARATOR);
        }
        Expression::Container {
            kind,
            items: built.into(),
            length: known.map(|(length, _)| length),
        }
    }
}

/// How many characters an expression takes at least, less its items.
fn at_least(expression: &Expression) -> usize {
    match expression {
        Expression::Str(literal) | Expression::Bytes(literal) | Expression::Spelled(literal) => {
            let bytes = literal.start.as_bytes();
            // One character for each, or one for four bytes of UTF-8.
            bytes.len().div_ceil(4).max(1)
        }
        Expression::Container { .. } => 2,
        Expression::Global(Global::Named(name)) | Expression::Made(Global::Named(name)) => {
            let bytes = name.module.as_bytes().len();
            let bytes = bytes.saturating_add(name.name.as_bytes().len());
            bytes.div_ceil(4).max(1)
        }
        _ => 1,
    }
}
