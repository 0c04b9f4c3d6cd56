//! Abstract values: eight bytes each, whatever they stand for.
//!
//! A value knows its kind and one number: a constant's opcode offset (its bytes stay in the file), an interned string, a
//! global, or a node. Nodes hold the first few children of a container for previews and for the forms that are judged
//! (a persistent id's tuple, a call's arguments); they live in a ring, so memory does not grow with the pickle. A child
//! that has left the ring is unknown, never guessed.

use std::collections::VecDeque;

use super::marks::Marks;
use crate::limits;

/// What a value is. `Copy` and eight bytes: a million-object pickle keeps millions in its memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Value(u64);

/// The kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum ValueKind {
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

impl ValueKind {
    /// Whether it is a plain container, which the nodes know.
    pub(super) fn is_container(self) -> bool {
        matches!(
            self,
            Self::Tuple | Self::List | Self::Dict | Self::Set | Self::FrozenSet
        )
    }
}

const KINDS: [ValueKind; 21] = [
    ValueKind::Unknown,
    ValueKind::None,
    ValueKind::Bool,
    ValueKind::Int,
    ValueKind::Long,
    ValueKind::Float,
    ValueKind::Str,
    ValueKind::StrAt,
    ValueKind::Bytes,
    ValueKind::Tuple,
    ValueKind::List,
    ValueKind::Dict,
    ValueKind::Set,
    ValueKind::FrozenSet,
    ValueKind::Global,
    ValueKind::Result,
    ValueKind::Instance,
    ValueKind::Persistent,
    ValueKind::Extension,
    ValueKind::Buffer,
    ValueKind::Stale,
];

const KIND_SHIFT: u32 = 56;
/// The kind has five bits of the highest byte; the three above them say what is known besides.
const KIND: u8 = 0x1f;
/// Of something that can be filled or given state: this is where it was made, on the stack. What the memo holds, and what
/// `DUP` copies, is another name for it, through which no pickler fills anything.
const FRESH: u64 = 1 << 63;
/// Rows of globals fit in 32 bits; what else is known of a result stands above them.
const DETAIL_SHIFT: u32 = 32;
const ROW: u64 = (1 << DETAIL_SHIFT) - 1;
const NUMBER: u64 = (1 << KIND_SHIFT) - 1;

impl Marks {
    /// What the keys of a dict say, of which the pairs are given.
    #[inline]
    pub(super) fn keys(pairs: &[Value]) -> Self {
        let mut marks = Self(0);
        for key in pairs.iter().step_by(2) {
            let known = match key.kind() {
                ValueKind::Str | ValueKind::StrAt => {
                    let marks = key.marks();
                    let special = marks.has(Self::SPECIAL);
                    let of_tensors = marks.has(Self::OF_TENSORS);
                    Self(
                        u8::from(special)
                            | u8::from(of_tensors) << 1
                            | u8::from(special && !of_tensors) << 3,
                    )
                }
                _ => Self::ODD_KEY,
            };
            marks.add(known);
        }
        marks
    }
}

impl Value {
    /// Nothing is known.
    pub(super) const UNKNOWN: Self = Self(0);

    /// A value of a kind; numbers beyond 56 bits (no file is so long) are cut.
    #[inline]
    #[allow(clippy::as_conversions, reason = "the discriminant of a repr(u8) enum")]
    pub(super) const fn new(kind: ValueKind, number: u64) -> Self {
        Self(((kind as u64) << KIND_SHIFT) | (number & NUMBER))
    }

    /// Its kind.
    #[inline]
    pub(super) fn kind(self) -> ValueKind {
        let [.., kind] = self.0.to_le_bytes();
        KINDS
            .get(usize::from(kind & KIND))
            .copied()
            .unwrap_or(ValueKind::Unknown)
    }

    /// Its number.
    #[inline]
    pub(super) const fn number(self) -> u64 {
        self.0 & NUMBER
    }

    /// What a global in a row made, with what else is known of it (0 is nothing).
    #[inline]
    pub(super) fn made(kind: ValueKind, row: usize, detail: u32) -> Self {
        Self::new(
            kind,
            crate::bytes::wide(row) | u64::from(detail).wrapping_shl(DETAIL_SHIFT),
        )
    }

    /// What else is known of a result: see [`Value::made`].
    pub(super) fn detail(self) -> u32 {
        match self.kind() {
            ValueKind::Result | ValueKind::Instance => {
                u32::try_from(self.number().wrapping_shr(DETAIL_SHIFT)).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// The same result, of which something else is known.
    pub(super) fn with_detail(self, detail: u32) -> Self {
        let Some(row) = self.global() else {
            return self;
        };
        let made = Self::made(self.kind(), row, detail);
        if self.is_fresh() { made.fresh() } else { made }
    }

    /// The same value where it was made.
    #[inline]
    pub(super) const fn fresh(self) -> Self {
        Self(self.0 | FRESH)
    }

    /// The same value by another name.
    #[inline]
    pub(super) const fn by_name(self) -> Self {
        Self(self.0 & !FRESH)
    }

    /// Whether it stands where it was made.
    #[inline]
    pub(super) const fn is_fresh(self) -> bool {
        self.0 & FRESH != 0
    }

    /// A string or tuple, with what is known of it.
    pub(super) const fn with(self, marks: Marks) -> Self {
        Self(self.0 | (u64::from_le_bytes([0, 0, 0, 0, 0, 0, 0, marks.0])))
    }

    /// Whether it is a string of this id.
    #[inline]
    #[allow(clippy::as_conversions, reason = "a byte fits")]
    pub(super) const fn is_string(self, id: u64) -> bool {
        const WHICH: u64 = ((KIND as u64) << KIND_SHIFT) | NUMBER;
        self.0 & WHICH == Self::new(ValueKind::Str, id).0
    }

    /// What is known of a string, or of a tuple whatever became of its node.
    #[inline]
    pub(super) fn marks(self) -> Marks {
        let [.., top] = self.0.to_le_bytes();
        match self.kind() {
            ValueKind::Str | ValueKind::StrAt | ValueKind::Tuple | ValueKind::FrozenSet => {
                Marks(top & (Marks::SPECIAL.0 | Marks::CALLABLE.0))
            }
            _ => Marks(0),
        }
    }

    /// What a container holds that holds this.
    #[inline]
    pub(super) fn held(self) -> Marks {
        match self.kind() {
            ValueKind::Str | ValueKind::StrAt => Marks(self.marks().0 & Marks::SPECIAL.0),
            ValueKind::Global | ValueKind::Extension | ValueKind::Unknown | ValueKind::Stale => {
                Marks::CALLABLE
            }
            _ => self.marks(),
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
        Self::new(
            ValueKind::Int,
            u64::from(u32::from_le_bytes(n.to_le_bytes())),
        )
    }

    /// The integer of a [`ValueKind::Int`].
    pub(super) fn as_int(self) -> i32 {
        let [a, b, c, d, ..] = self.0.to_le_bytes();
        i32::from_le_bytes([a, b, c, d])
    }

    /// The global behind a global, a result or an instance.
    pub(super) fn global(self) -> Option<usize> {
        let row = crate::bytes::narrow(self.number() & ROW);
        matches!(
            self.kind(),
            ValueKind::Global | ValueKind::Result | ValueKind::Instance
        )
        .then_some(row)
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
    weight: Weight,
    /// The product of a tuple's integers, if it holds nothing but integers that are not negative.
    product: Option<u64>,
}

/// What a container comes to.
#[derive(Debug, Clone, Copy)]
struct Weight {
    /// How many values it comes to when every reference is followed.
    values: u64,
    /// How many containers stand inside one another in it, itself included.
    depth: u32,
    /// What it holds.
    marks: Marks,
}

/// A list or a dict that may still be filled, or a tuple of sizes that waits for what is of these sizes. Picklers make and fill
/// them where they stand on the stack, one upon the other, so what is known of them does not depend on how much is pickled in
/// between.
#[derive(Debug, Clone, Copy)]
struct Open {
    id: u64,
    /// Where on the stack it was made.
    place: usize,
    len: u64,
    marks: Marks,
    product: Option<u64>,
}

/// What is known of a container besides its first children.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary {
    /// How many children it has.
    pub len: u64,
    /// What they are.
    pub marks: Marks,
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
    open: Vec<Open>,
    long: Long,
}

/// Tuples of more texts or sizes than a node keeps, whole: the names of an array's fields may be hundreds, and a tensor may have
/// 64 dimensions. The last of them.
#[derive(Debug, Clone, Default)]
struct Long {
    tuples: VecDeque<(u64, Box<[Value]>)>,
    values: usize,
}

impl Long {
    /// How many values are kept in all. The dtype with the most fields that was seen has some hundred.
    const VALUES: usize = 1 << 15;
    /// The most dimensions that torch and numpy have.
    const DIMENSIONS: usize = 64;

    fn keep(&mut self, id: u64, values: &[Value]) {
        let texts = || {
            values
                .iter()
                .all(|value| matches!(value.kind(), ValueKind::Str | ValueKind::StrAt))
        };
        let sizes = || {
            values
                .iter()
                .all(|value| matches!(value.kind(), ValueKind::Int | ValueKind::Long))
        };
        let kept =
            values.len() <= Self::DIMENSIONS && sizes() || values.len() <= Self::VALUES && texts();
        if !kept {
            return;
        }
        self.values = self.values.saturating_add(values.len());
        self.tuples.push_back((id, values.into()));
        while self.values > Self::VALUES {
            let oldest = self.tuples.pop_front();
            self.values = self
                .values
                .saturating_sub(oldest.map_or(self.values, |(_, values)| values.len()));
        }
    }
}

impl Node {
    /// Adds children that come to this, and returns what the container holds now.
    #[inline]
    fn extend(&mut self, more: &[Value], weight: Weight, marks: Marks) -> Marks {
        self.weight.marks.add(marks);
        self.weight.marks.add(weight.marks);
        self.weight.values = self.weight.values.saturating_add(weight.values);
        self.weight.depth = self.weight.depth.max(weight.depth);
        let len = crate::bytes::narrow(self.len);
        self.len = self.len.saturating_add(crate::bytes::wide(more.len()));
        if len < CHILDREN {
            for (slot, child) in self.children.iter_mut().skip(len).zip(more) {
                *slot = *child;
            }
        }
        self.weight.marks
    }
}

impl Nodes {
    /// A new container of `kind` that holds `children`.
    #[inline]
    pub(super) fn make(&mut self, kind: ValueKind, children: &[Value]) -> Value {
        let id = self.next;
        self.next = id.wrapping_add(1);
        let mut weight = self.weigh(children);
        weight.values = weight.values.saturating_add(1);
        self.notice(weight);
        let mut node = Node {
            id,
            len: crate::bytes::wide(children.len()),
            children: [Value::UNKNOWN; CHILDREN],
            weight,
            product: None,
        };
        if kind == ValueKind::Dict {
            node.weight.marks.add(Marks::keys(children));
        } else if kind == ValueKind::Tuple {
            node.product = product(children);
            if children.len() > CHILDREN {
                self.long.keep(id, children);
            }
        }
        let marks = node.weight.marks;
        for (slot, child) in node.children.iter_mut().zip(children) {
            *slot = *child;
        }
        match self.ring.get_mut(Self::slot(id)) {
            Some(slot) => *slot = node,
            None => self.ring.push(node),
        }
        let value = Value::new(kind, id);
        match kind {
            ValueKind::Tuple | ValueKind::FrozenSet => value.with(marks),
            _ => value.fresh(),
        }
    }

    /// Notes that a list, a dict or a tuple was made at this place of the stack, from these children.
    #[inline]
    pub(super) fn opened(&mut self, value: Value, children: &[Value], place: usize) {
        let product = match value.kind() {
            ValueKind::Tuple => product(children),
            _ => None,
        };
        if value.kind() == ValueKind::Tuple && product.is_none() {
            return;
        }
        while self.open.last().is_some_and(|open| open.place >= place) {
            self.open.pop();
        }
        let marks = match value.kind() {
            ValueKind::Dict => Marks::keys(children),
            _ => Marks(0),
        };
        if self.open.len() >= limits::OPEN_CONTAINERS {
            return;
        }
        self.open.push(Open {
            id: value.number(),
            place,
            len: crate::bytes::wide(children.len()),
            marks,
            product,
        });
    }

    /// What is known of a container that left the ring.
    fn open(&self, id: u64) -> Option<&Open> {
        /// Those that a state could hold were made last.
        const LOOKED_AT: usize = 8;
        self.open
            .iter()
            .rev()
            .take(LOOKED_AT)
            .find(|open| open.id == id)
    }

    /// The number of the container that is made next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// How many children a container has, and what they are; `None` if that is not known any more.
    pub(super) fn summary(&self, value: Value) -> Option<Summary> {
        let id = value.number();
        if let Some(node) = self.ring.get(Self::slot(id)).filter(|node| node.id == id) {
            return Some(Summary {
                len: node.len,
                marks: node.weight.marks,
            });
        }
        let open = self.open(id)?;
        Some(Summary {
            len: open.len,
            marks: open.marks,
        })
    }

    /// All children of a tuple that is still kept: as [`Nodes::all`], and longer ones of texts or of sizes.
    pub(super) fn whole(&self, tuple: Value) -> Option<&[Value]> {
        self.all(tuple).or_else(|| {
            let id = tuple.number();
            let at = self
                .long
                .tuples
                .binary_search_by_key(&id, |(known, _)| *known)
                .ok()?;
            self.long.tuples.get(at).map(|(_, values)| values.as_ref())
        })
    }

    /// The product of a tuple's integers, if it holds nothing but integers that are not negative.
    pub(super) fn product(&self, tuple: Value) -> Option<u64> {
        let id = tuple.number();
        match self.ring.get(Self::slot(id)).filter(|node| node.id == id) {
            Some(node) => node.product,
            None => self.open(id)?.product,
        }
    }

    /// What values come to when every reference is followed.
    #[inline]
    fn weigh(&self, values: &[Value]) -> Weight {
        let mut weight = Weight {
            values: 0,
            depth: 1,
            marks: Marks(0),
        };
        for value in values {
            weight.marks.add(value.held());
            let (values, depth) = if value.kind().is_container() {
                let id = value.number();
                let inner = self.ring.get(Self::slot(id)).filter(|inner| inner.id == id);
                inner.map_or((1, 0), |inner| {
                    weight.marks.0 |= inner.weight.marks.0 & (Marks::SPECIAL.0 | Marks::CALLABLE.0);
                    (inner.weight.values, inner.weight.depth)
                })
            } else {
                (1, 0)
            };
            weight.values = weight.values.saturating_add(values);
            weight.depth = weight.depth.max(depth.saturating_add(1));
        }
        weight
    }

    /// Notices what is more than any honest pickle has.
    #[inline]
    fn notice(&mut self, weight: Weight) {
        if weight.values > limits::EXPANDED_VALUES {
            self.overgrown = Some(Overgrown::Values);
        } else if weight.depth > limits::PICKLE_NESTING {
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

    /// Adds children to a container that was made at this place of the stack, as far as it is still kept.
    #[inline]
    pub(super) fn extend(&mut self, container: Value, more: &[Value], place: usize) {
        let id = container.number();
        let count = crate::bytes::wide(more.len());
        let mut marks = match container.kind() {
            ValueKind::Dict => Marks::keys(more),
            _ => Marks(0),
        };
        let slot = Self::slot(id);
        if self.ring.get(slot).is_some_and(|node| node.id == id) {
            let weight = self.weigh(more);
            if let Some(node) = self.ring.get_mut(slot) {
                marks = node.extend(more, weight, marks);
                let weight = node.weight;
                self.notice(weight);
            }
        } else {
            for value in more {
                marks.add(value.held());
            }
        }
        while self.open.last().is_some_and(|open| open.place > place) {
            self.open.pop();
        }
        if let Some(open) = self.open.last_mut().filter(|open| open.id == id) {
            open.len = open.len.saturating_add(count);
            open.marks.add(marks);
        }
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

/// The product of integers, if there is nothing but integers that are not negative.
#[inline]
fn product(children: &[Value]) -> Option<u64> {
    children.iter().try_fold(1, |product: u64, child| {
        let int = (child.kind() == ValueKind::Int).then(|| child.as_int())?;
        Some(product.saturating_mul(u64::try_from(int).ok()?))
    })
}
