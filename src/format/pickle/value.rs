//! Abstract values: eight bytes each, whatever they stand for.
//!
//! A value knows its kind and one number: a constant's opcode offset (its bytes stay in the file), an interned string, a
//! global, or a node. Nodes hold the first few children of a container for previews and for the forms that are judged
//! (a persistent id's tuple, a call's arguments); they live in a ring, so memory does not grow with the pickle. A child
//! that has left the ring is unknown, never guessed.

use rustc_hash::FxHashMap;

use crate::limits;

/// What a value is. `Copy` and eight bytes: a million-object pickle keeps millions in its memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Value(u64);

/// The kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Kind {
    /// Nothing is known.
    Unknown = 0,
    /// `None`.
    None,
    /// A bool; the number is 0 or 1.
    Bool,
    /// An integer that fits 32 bits signed, stored as its bits.
    Int,
    /// A longer integer, at its opcode's offset.
    Long,
    /// A float, at its opcode's offset.
    Float,
    /// An interned string.
    Str,
    /// A string that was not interned, at its opcode's offset.
    StrAt,
    /// Bytes, at their opcode's offset.
    Bytes,
    /// A tuple node.
    Tuple,
    /// A list node.
    List,
    /// A dict node: keys and values alternate.
    Dict,
    /// A set node.
    Set,
    /// A frozenset node.
    FrozenSet,
    /// A global itself.
    Global,
    /// What calling a global (REDUCE, INST, OBJ) returned.
    Result,
    /// What a global's `__new__` (NEWOBJ, `NEWOBJ_EX`) returned.
    Instance,
    /// What the loader made of a persistent id.
    Persistent,
    /// What the extension registry holds.
    Extension,
    /// A buffer that is not in the file.
    Buffer,
    /// The memo entry of an earlier pickle, or none at all.
    Stale,
}

const KINDS: [Kind; 21] = [
    Kind::Unknown,
    Kind::None,
    Kind::Bool,
    Kind::Int,
    Kind::Long,
    Kind::Float,
    Kind::Str,
    Kind::StrAt,
    Kind::Bytes,
    Kind::Tuple,
    Kind::List,
    Kind::Dict,
    Kind::Set,
    Kind::FrozenSet,
    Kind::Global,
    Kind::Result,
    Kind::Instance,
    Kind::Persistent,
    Kind::Extension,
    Kind::Buffer,
    Kind::Stale,
];

const KIND_SHIFT: u32 = 56;
/// Rows of globals fit in 32 bits; what else is known of a result stands above them.
const DETAIL_SHIFT: u32 = 32;
const ROW: u64 = (1 << DETAIL_SHIFT) - 1;
const NUMBER: u64 = (1 << KIND_SHIFT) - 1;

impl Value {
    /// Nothing is known.
    pub(super) const UNKNOWN: Self = Self(0);

    /// A value of a kind; numbers beyond 56 bits (no file is so long) are cut.
    #[inline]
    #[allow(clippy::as_conversions, reason = "the discriminant of a repr(u8) enum")]
    pub(super) const fn new(kind: Kind, number: u64) -> Self {
        Self(((kind as u64) << KIND_SHIFT) | (number & NUMBER))
    }

    /// Its kind.
    #[inline]
    pub(super) fn kind(self) -> Kind {
        let [.., kind] = self.0.to_le_bytes();
        KINDS
            .get(usize::from(kind))
            .copied()
            .unwrap_or(Kind::Unknown)
    }

    /// Its number.
    #[inline]
    pub(super) const fn number(self) -> u64 {
        self.0 & NUMBER
    }

    /// What a global in a row made, with what else is known of it (0 is nothing).
    #[inline]
    pub(super) fn made(kind: Kind, row: usize, detail: u32) -> Self {
        Self::new(
            kind,
            crate::bytes::wide(row) | u64::from(detail).wrapping_shl(DETAIL_SHIFT),
        )
    }

    /// What else is known of a result: see [`Value::made`].
    pub(super) fn detail(self) -> u32 {
        match self.kind() {
            Kind::Result | Kind::Instance => {
                u32::try_from(self.number().wrapping_shr(DETAIL_SHIFT)).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Its number as an index.
    #[inline]
    pub(super) fn index(self) -> usize {
        crate::bytes::narrow(self.number())
    }

    /// An integer that fits.
    #[inline]
    pub(super) fn int(n: i32) -> Self {
        Self::new(Kind::Int, u64::from(u32::from_le_bytes(n.to_le_bytes())))
    }

    /// The integer of a [`Kind::Int`].
    pub(super) fn as_int(self) -> i32 {
        let [a, b, c, d, ..] = self.0.to_le_bytes();
        i32::from_le_bytes([a, b, c, d])
    }

    /// The global behind a global, a result or an instance.
    pub(super) fn global(self) -> Option<usize> {
        let row = crate::bytes::narrow(self.number() & ROW);
        matches!(self.kind(), Kind::Global | Kind::Result | Kind::Instance).then_some(row)
    }
}

/// How many children of a container are kept: as many as the state of a numpy dtype has.
pub(super) const CHILDREN: usize = 9;

/// How many containers are kept: those made or touched last.
const RING: u64 = 1 << 15;

#[derive(Debug, Clone, Copy)]
struct Node {
    id: u64,
    len: u64,
    children: [Value; CHILDREN],
    /// How many values it comes to when every reference is followed.
    values: u64,
    /// How many containers stand inside one another in it, itself included.
    depth: u32,
}

/// What is too large about a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overgrown {
    /// It comes to more values than [`limits::EXPANDED_VALUES`].
    Values,
    /// It is nested deeper than [`limits::PICKLE_NESTING`].
    Depth,
}

/// The containers made last, and their first children.
#[derive(Debug, Clone, Default)]
pub(super) struct Nodes {
    ring: Vec<Node>,
    next: u64,
    overgrown: Option<Overgrown>,
}

impl Nodes {
    /// A new container of `kind` that holds `children`.
    #[inline]
    pub(super) fn make(&mut self, kind: Kind, children: &[Value]) -> Value {
        let id = self.next;
        self.next = id.wrapping_add(1);
        let mut node = Node {
            id,
            len: crate::bytes::wide(children.len()),
            children: [Value::UNKNOWN; CHILDREN],
            values: 1,
            depth: 1,
        };
        self.weigh(&mut node, children);
        for (slot, child) in node.children.iter_mut().zip(children) {
            *slot = *child;
        }
        match self.ring.get_mut(Self::slot(id)) {
            Some(slot) => *slot = node,
            None => self.ring.push(node),
        }
        Value::new(kind, id)
    }

    /// Adds what children come to, and notices what is more than any honest pickle has.
    #[inline]
    fn weigh(&mut self, node: &mut Node, children: &[Value]) {
        for child in children {
            let (values, depth) = match child.kind() {
                Kind::Tuple | Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet => {
                    let id = child.number();
                    let inner = self.ring.get(Self::slot(id)).filter(|inner| inner.id == id);
                    inner.map_or((1, 0), |inner| (inner.values, inner.depth))
                }
                _ => (1, 0),
            };
            node.values = node.values.saturating_add(values);
            node.depth = node.depth.max(depth.saturating_add(1));
        }
        if node.values > limits::EXPANDED_VALUES {
            self.overgrown = Some(Overgrown::Values);
        } else if node.depth > limits::PICKLE_NESTING {
            self.overgrown = Some(Overgrown::Depth);
        }
    }

    /// What has been found too large since this was last asked.
    #[inline]
    pub(super) fn overgrown(&mut self) -> Option<Overgrown> {
        self.overgrown.take()
    }

    #[inline]
    fn slot(id: u64) -> usize {
        crate::bytes::narrow(id & RING.wrapping_sub(1))
    }

    /// Adds children to a container that is still kept.
    #[inline]
    pub(super) fn extend(&mut self, container: Value, more: &[Value]) {
        let id = container.number();
        let kept = self.ring.get(Self::slot(id)).filter(|node| node.id == id);
        let Some(mut weighed) = kept.copied() else {
            return;
        };
        self.weigh(&mut weighed, more);
        let Some(node) = self.ring.get_mut(Self::slot(id)) else {
            return;
        };
        (node.values, node.depth) = (weighed.values, weighed.depth);
        let len = crate::bytes::narrow(node.len);
        for (slot, child) in node.children.iter_mut().skip(len).zip(more) {
            *slot = *child;
        }
        node.len = node.len.saturating_add(crate::bytes::wide(more.len()));
    }

    /// How many children a container has and the first of them; `None` once it has left the ring.
    pub(super) fn get(&self, container: Value) -> Option<(u64, &[Value])> {
        let id = container.number();
        let node = self.ring.get(Self::slot(id)).filter(|node| node.id == id)?;
        let kept = crate::bytes::narrow(node.len).min(CHILDREN);
        Some((node.len, node.children.get(..kept)?))
    }

    /// All children of a container, if it is still kept and has no more than are kept.
    pub(super) fn all(&self, container: Value) -> Option<&[Value]> {
        self.get(container)
            .filter(|(len, kept)| crate::bytes::wide(kept.len()) == *len)
            .map(|(_, kept)| kept)
    }
}

/// Strings are interned up to here; a pickle of more distinct names keeps offsets for the others.
const INTERNED_BYTES: usize = 8 << 20;
/// ... and up to so many.
const INTERNED: usize = 128 << 10;

/// Strings that could name a module or a class, kept once each.
#[derive(Debug, Default)]
pub(super) struct Interner {
    by_text: FxHashMap<Box<[u8]>, u32>,
    texts: Vec<Box<[u8]>>,
    bytes: usize,
}

impl Interner {
    /// With one text from the start: its id is 0.
    pub(super) fn knowing(text: &[u8]) -> Self {
        let mut interner = Self::default();
        interner.intern(text);
        interner
    }

    /// The id of a text, new or not; `None` once the arena is full.
    #[inline]
    pub(super) fn intern(&mut self, text: &[u8]) -> Option<u32> {
        if let Some(id) = self.by_text.get(text) {
            return Some(*id);
        }
        if self.texts.len() >= INTERNED || self.bytes.saturating_add(text.len()) > INTERNED_BYTES {
            return None;
        }
        let id = u32::try_from(self.texts.len()).ok()?;
        self.bytes = self.bytes.saturating_add(text.len());
        self.by_text.insert(text.into(), id);
        self.texts.push(text.into());
        Some(id)
    }

    /// The text of an id.
    pub(super) fn text(&self, id: usize) -> &[u8] {
        self.texts.get(id).map(AsRef::as_ref).unwrap_or_default()
    }
}

/// Whether a text looks like a module path or a qualified name, which is what is worth interning. Others are still
/// resolved exactly, by reading them again.
#[inline]
pub(super) fn is_name_like(text: &[u8]) -> bool {
    const LONGEST: usize = 200;
    text.len() <= LONGEST
        && !text.is_empty()
        && text
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'.')
}
