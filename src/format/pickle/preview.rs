//! Values in words: `posix.system('true')`, `('storage', torch.FloatStorage, '0', 'cpu', 16)`.
//!
//! Short, one line, harmless to print; what is not known is `...`, never guessed.

use super::{
    Storage, constant,
    events::EventLog,
    tensors::Indexes,
    value::{Interner, Nodes, Value, ValueKind},
};
use crate::{
    bytes::{Window, wide},
    fact::{Argument, Global, Text, Unresolved},
};

/// The longest a string inside a preview may be, in characters.
const STRING: usize = 80;
/// The longest a preview may be.
const PREVIEW: usize = 240;
/// Elements of a container that are spelled out.
const SHOWN: usize = 6;
/// Containers inside containers that are spelled out.
const DEPTH: u32 = 3;

/// What a value keeps of a storage: the elements, and one more; and what they are.
const ELEMENTS: u64 = (1 << 50) - 1;
const LONG: u64 = 1 << 51;
const INT: u64 = 1 << 52;
const QUANTIZED: u64 = 1 << 53;

/// What is needed to put a value into words.
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
    pub(super) fn value(&self, value: Value) -> String {
        let mut out = String::new();
        self.write(value, DEPTH, &mut out);
        cut(out)
    }

    /// A call of the global in `row` with a tuple of arguments.
    pub(super) fn call(&self, row: usize, arguments: Value) -> String {
        let mut out = self.global(row);
        if arguments.kind() == ValueKind::Tuple {
            self.write_container(arguments, "(", ")", DEPTH, &mut out);
        } else {
            out.push_str("(*");
            self.write(arguments, DEPTH, &mut out);
            out.push(')');
        }
        cut(out)
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
            b"QInt8Storage" | b"QUInt8Storage" | b"QInt32Storage" => (1, QUANTIZED),
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

    /// Of what a storage is, if it can hold indices.
    pub(super) fn indexes(storage: Value) -> Option<Indexes> {
        if storage.kind() != ValueKind::Persistent {
            return Some(Indexes::Untold);
        }
        match storage.number() & (LONG | INT) {
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
            ValueKind::Long => constant::repr(self.window, elements.number(), STRING)
                .parse()
                .ok(),
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

    fn global(&self, row: usize) -> String {
        self.log.global(row).map_or("?".into(), ToString::to_string)
    }

    fn write(&self, value: Value, depth: u32, out: &mut String) {
        if out.len() > PREVIEW {
            return;
        }
        match value.kind() {
            ValueKind::None => out.push_str("None"),
            ValueKind::Bool => out.push_str(if value.number() == 1 { "True" } else { "False" }),
            ValueKind::Int => out.push_str(&value.as_int().to_string()),
            ValueKind::Long | ValueKind::Float | ValueKind::Bytes | ValueKind::StrAt => {
                out.push_str(&constant::repr(self.window, value.number(), STRING));
            }
            ValueKind::Str => out.push_str(&constant::quoted(
                self.names.text(value.index()),
                STRING,
                true,
            )),
            ValueKind::Tuple => {
                let one = self.nodes.get(value).is_some_and(|(len, _)| len == 1);
                self.write_container(value, "(", if one { ",)" } else { ")" }, depth, out);
            }
            ValueKind::List => self.write_container(value, "[", "]", depth, out),
            ValueKind::Set | ValueKind::Dict => self.write_container(value, "{", "}", depth, out),
            ValueKind::FrozenSet => self.write_container(value, "frozenset(", ")", depth, out),
            ValueKind::Global => out.push_str(&self.global(value.index())),
            ValueKind::Result | ValueKind::Instance => {
                out.push_str(&value.global().map_or("?".into(), |row| self.global(row)));
                out.push_str("(...)");
            }
            ValueKind::Persistent => out.push_str("<persistent id>"),
            ValueKind::Extension => out.push_str("<extension>"),
            ValueKind::Buffer => out.push_str("<buffer>"),
            ValueKind::Stale => out.push_str("<memo of an earlier pickle>"),
            ValueKind::Unknown => out.push_str("..."),
        }
    }

    fn write_container(&self, value: Value, open: &str, close: &str, depth: u32, out: &mut String) {
        out.push_str(open);
        match self.nodes.get(value) {
            Some((len, kept)) if depth > 0 => {
                let dict = value.kind() == ValueKind::Dict;
                for (i, child) in kept.iter().take(SHOWN).enumerate() {
                    let separator = if dict && i % 2 == 1 { ": " } else { ", " };
                    out.push_str(if i == 0 { "" } else { separator });
                    self.write(*child, depth.saturating_sub(1), out);
                }
                if len > wide(kept.len().min(SHOWN)) {
                    out.push_str(", ...");
                }
            }
            Some((0, _)) => {}
            _ => out.push_str("..."),
        }
        out.push_str(close);
    }
}

fn cut(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(PREVIEW) {
        text.truncate(at);
        text.push_str("...");
    }
    text
}
