//! Values in words: `posix.system('true')`, `('storage', torch.FloatStorage, '0', 'cpu', 16)`.
//!
//! Short, one line, harmless to print; what is not known is `...`, never guessed.

use super::{
    Storage, constant,
    seen::Seen,
    tensors::Indexes,
    value::{Interner, Kind, Nodes, Value},
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
    pub seen: &'a Seen,
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
        if arguments.kind() == Kind::Tuple {
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
        let known = if arguments.kind() == Kind::Tuple {
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
            Kind::Global => self
                .seen
                .global(value.index())
                .cloned()
                .map_or(Argument::Unknown, Argument::Global),
            Kind::Extension => Argument::Global(Global::Unresolved(Unresolved::Extension)),
            Kind::Str => Argument::Str(Text::new(self.names.text(value.index()))),
            Kind::StrAt => constant::string(self.window, value.number())
                .map_or(Argument::Unknown, Argument::Str),
            Kind::None
            | Kind::Bool
            | Kind::Int
            | Kind::Long
            | Kind::Float
            | Kind::Bytes
            | Kind::Tuple
            | Kind::List
            | Kind::Dict
            | Kind::Set
            | Kind::FrozenSet => Argument::Other,
            Kind::Unknown
            | Kind::Result
            | Kind::Instance
            | Kind::Persistent
            | Kind::Buffer
            | Kind::Stale => Argument::Unknown,
        }
    }

    /// An integer of up to 64 bits.
    pub(super) fn integer(&self, value: Value) -> Option<i64> {
        match value.kind() {
            Kind::Int => Some(i64::from(value.as_int())),
            Kind::Long => constant::integer(self.window, value.number()),
            _ => None,
        }
    }

    /// What a value keeps of a storage, by its persistent id: how many elements it has (those of less than a byte are counted as
    /// their bytes hold them) and whether they can be indices.
    pub(super) fn storage_facts(&self, pid: Value) -> Option<u64> {
        let [_, class, _, _, elements, ..] = self.tuple(pid)? else {
            return None;
        };
        let class = self.seen.name(class.index())?.name.as_bytes();
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
        let known = (storage.kind() == Kind::Persistent).then(|| storage.number() & ELEMENTS);
        known.and_then(|number| number.checked_sub(1))
    }

    /// Whether a storage is of quantized numbers; `None` if it does not say.
    pub(super) fn is_quantized(storage: Value) -> Option<bool> {
        (storage.kind() == Kind::Persistent).then(|| storage.number() & QUANTIZED != 0)
    }

    /// Of what a storage is, if it can hold indices.
    pub(super) fn indexes(storage: Value) -> Option<Indexes> {
        if storage.kind() != Kind::Persistent {
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
        let found = (value.kind() == Kind::Bytes)
            .then(|| constant::bytes(self.window, value.number(), LONGEST));
        let (length, bytes) = found.flatten()?;
        (length == wide(bytes.len())).then_some(bytes)
    }

    /// How long bytes are.
    pub(super) fn length(&self, value: Value) -> Option<u64> {
        let found =
            (value.kind() == Kind::Bytes).then(|| constant::bytes(self.window, value.number(), 0));
        found.flatten().map(|(length, _)| length)
    }

    /// The bytes of a string value.
    pub(super) fn string(&self, value: Value) -> Option<Text> {
        match value.kind() {
            Kind::Str => Some(Text::new(self.names.text(value.index()))),
            Kind::StrAt => constant::string(self.window, value.number()),
            _ => None,
        }
    }

    /// Whether a persistent id has torch's shape: `('storage', <storage type>, key, location, size[, view])`.
    pub(super) fn is_torch_storage(&self, pid: Value) -> bool {
        let Some([kind, class, key, location, _, rest @ ..]) = self.tuple(pid) else {
            return false;
        };
        let text = |value: Value| matches!(value.kind(), Kind::Str | Kind::StrAt | Kind::Int);
        self.string(*kind).is_some_and(|kind| kind == "storage")
            && class.kind() == Kind::Global
            && self
                .seen
                .name(class.index())
                .is_some_and(|name| name.name.as_bytes().ends_with(b"Storage"))
            && text(*key)
            && text(*location)
            && rest.len() <= 1
    }

    fn tuple(&self, value: Value) -> Option<&[Value]> {
        if value.kind() == Kind::Tuple {
            self.nodes.all(value)
        } else {
            None
        }
    }

    /// What torch's weights-only unpickler says against a persistent id, if anything.
    pub(super) fn storage_obstacle(&self, pid: Value) -> Option<String> {
        match pid.kind() {
            Kind::Tuple => match self.tuple(pid) {
                Some([]) => Some("an empty persistent id".into()),
                Some([kind, ..]) if self.string(*kind).is_some_and(|kind| kind == "storage") => {
                    None
                }
                Some([..]) => Some(format!(
                    "a persistent id that is no storage: {}",
                    self.value(pid)
                )),
                None => Some("a persistent id that cannot be followed".into()),
            },
            Kind::Int | Kind::Long => None,
            _ => Some(format!(
                "a persistent id that is neither a tuple nor an integer: {}",
                self.value(pid)
            )),
        }
    }

    /// The storage that a persistent id of torch's shape names, with the value of its key and how many parts the id has.
    pub(super) fn storage(&self, pid: Value) -> Option<(Value, Storage, u64)> {
        let parts = self.tuple(pid)?;
        let [_, class, key, _, elements, ..] = parts else {
            return None;
        };
        let text = match key.kind() {
            Kind::Int => Text::from(key.as_int().to_string()),
            _ => self.string(*key)?,
        };
        let class = self.seen.name(class.index())?.name.clone();
        let elements = match elements.kind() {
            Kind::Int => u64::try_from(elements.as_int()).ok(),
            Kind::Long => constant::repr(self.window, elements.number(), STRING)
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
            wide(parts.len()),
        ))
    }

    fn global(&self, row: usize) -> String {
        self.seen
            .global(row)
            .map_or("?".into(), ToString::to_string)
    }

    fn write(&self, value: Value, depth: u32, out: &mut String) {
        if out.len() > PREVIEW {
            return;
        }
        match value.kind() {
            Kind::None => out.push_str("None"),
            Kind::Bool => out.push_str(if value.number() == 1 { "True" } else { "False" }),
            Kind::Int => out.push_str(&value.as_int().to_string()),
            Kind::Long | Kind::Float | Kind::Bytes | Kind::StrAt => {
                out.push_str(&constant::repr(self.window, value.number(), STRING));
            }
            Kind::Str => out.push_str(&constant::quoted(
                self.names.text(value.index()),
                STRING,
                true,
            )),
            Kind::Tuple => {
                let one = self.nodes.get(value).is_some_and(|(len, _)| len == 1);
                self.write_container(value, "(", if one { ",)" } else { ")" }, depth, out);
            }
            Kind::List => self.write_container(value, "[", "]", depth, out),
            Kind::Set | Kind::Dict => self.write_container(value, "{", "}", depth, out),
            Kind::FrozenSet => self.write_container(value, "frozenset(", ")", depth, out),
            Kind::Global => out.push_str(&self.global(value.index())),
            Kind::Result | Kind::Instance => {
                out.push_str(&value.global().map_or("?".into(), |row| self.global(row)));
                out.push_str("(...)");
            }
            Kind::Persistent => out.push_str("<persistent id>"),
            Kind::Extension => out.push_str("<extension>"),
            Kind::Buffer => out.push_str("<buffer>"),
            Kind::Stale => out.push_str("<memo of an earlier pickle>"),
            Kind::Unknown => out.push_str("..."),
        }
    }

    fn write_container(&self, value: Value, open: &str, close: &str, depth: u32, out: &mut String) {
        out.push_str(open);
        match self.nodes.get(value) {
            Some((len, kept)) if depth > 0 => {
                let dict = value.kind() == Kind::Dict;
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
