//! What runs in a stream, as digests: whoever follows a file sees that something else runs, however long and wherever it is.
//!
//! A run of its own, of streams in which something runs that no pack describes: what a pack's shapes allow is data, and there may
//! be millions of such calls. Values are compared by what they are and not by how or where they stand, so saving an object again,
//! by another protocol too, changes nothing. `docs/json.md` describes the encoding. Time and memory are bounded: values are digests,
//! and of a stream in which more than [`limits::PAYLOAD_ACTIONS`] things are done its bytes are digested instead, without a second run.

mod constants;
mod long;
mod values;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rustc_hash::FxHashSet;
use sha2::{Digest as _, Sha256};

use self::{constants::Constants, values::Values};
use super::uses::{LoadedBy, Uses};
use crate::{
    bytes::{Budget, Window, wide},
    fact::{Fact, Global, PayloadOf, Usage},
    format::pickle::{
        events::EventLog,
        machine::{self, Call, Constant, Effect, Flow, Items, Made, Noted, Observer, Run, Scene},
        memo::Memo,
        opcode as op, shapes,
        text::Utf8,
        value::{Value, ValueKind},
    },
    limits,
};

/// A SHA-256.
type Hash = [u8; 32];

/// What is noted of a value: what it is, where the value itself does not say.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::format::pickle) enum Note {
    #[default]
    Nothing,
    Int(i64),
    Float(u64),
    /// A container, what a call made or what a persistent id stands for, by its row among the values.
    Entry(u32),
}

impl machine::Note for Note {
    #[inline]
    fn is_blank(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// The payloads of the stream that begins at `start`, by what a run of it has seen.
pub(in crate::format::pickle) fn read<O>(
    window: &Window,
    start: u64,
    earlier: Option<&Memo>,
    (seen, by): (&Run<O>, LoadedBy),
    budget: &Arc<Budget>,
) -> Vec<Fact> {
    let Some(rows) = asked(&seen.log) else {
        return Vec::new();
    };
    let Some(window) = at_random(window, start) else {
        return Vec::new();
    };
    let ends = seen.ends.iter().copied();
    let end = ends.max().unwrap_or(seen.end).max(seen.end);
    let observer = Payloads::new(window.clone(), rows);
    if seen.actions > limits::PAYLOAD_ACTIONS {
        return observer.into_facts(&seen.log, Some(constants::stream(&window, start..end)));
    }
    // Bytes between opcodes are passed over as they were before.
    let observers = (Uses::new(by), observer);
    let run = machine::run_again(&window, start, earlier, observers, budget);
    let (_, observer) = run.observer;
    // There is room for less where the first run still has its memo.
    let is_cut = run.end < seen.end;
    let rest = is_cut.then(|| constants::stream(&window, start..end));
    observer.into_facts(&seen.log, rest)
}

/// The window, or what is in it: constants are read again where they count. Of compressed pickles it is the first alone, because
/// each would be unpacked from the beginning.
fn at_random(window: &Window, start: u64) -> Option<Window> {
    if !window.is_sequential() {
        return Some(window.clone());
    }
    let bytes = usize::try_from(window.len()).ok();
    let bytes = bytes.filter(|bytes| start == 0 && *bytes <= limits::PAYLOAD_UNPACKED)?;
    Some(Window::new(window.bytes_at(0, bytes).ok()?))
}

/// The rows of the globals whose payloads tell something; `None` if nothing of a stream does.
fn asked(log: &EventLog) -> Option<FxHashSet<usize>> {
    let is_plain = |row| {
        let name = log.name(row);
        name.is_none_or(|name| !shapes::is_known(name.module.as_bytes(), name.name.as_bytes()))
    };
    let (mut called, mut misused) = (FxHashSet::default(), FxHashSet::default());
    for fact in log.facts() {
        match fact {
            Fact::Call { callee, .. } => called.insert(callee),
            Fact::UnusualUse(unusual) => misused.insert(&unusual.global),
            _ => false,
        };
    }
    let rows: FxHashSet<usize> = (0..log.rows())
        .filter(|row| {
            log.global(*row).is_some_and(|global| {
                misused.contains(global) || called.contains(global) && is_plain(*row)
            })
        })
        .collect();
    let others = log.facts().any(|fact| {
        matches!(
            fact,
            Fact::StateOnNonInstance { .. }
                | Fact::ItemsOnNonContainer { .. }
                | Fact::PersistentId {
                    torch_storage: false,
                    ..
                }
        )
    });
    (others || !rows.is_empty()).then_some(rows)
}

/// Follows the values of a stream.
#[derive(Debug)]
pub(in crate::format::pickle) struct Payloads {
    constants: Constants,
    values: Values,
    /// The globals that are followed.
    rows: FxHashSet<usize>,
    calls: BTreeMap<usize, Digests>,
    /// What is set on something that is neither an instance nor a container.
    on_others: Digests,
    /// Persistent ids that are no storage of torch's.
    ids: Digests,
    /// The tuple made last of nothing but bytes that a call made, and their digest.
    of_bytes: Option<(u32, Hash)>,
    /// Digests that are kept, of all together.
    kept: usize,
}

/// Digests in whatever order, each once.
#[derive(Debug, Default)]
struct Digests {
    distinct: BTreeSet<Hash>,
    /// Those for which there was no room, in order.
    others: Option<Sha256>,
}

impl Digests {
    fn insert(&mut self, digest: Hash, kept: &mut usize) {
        if self.distinct.contains(&digest) {
            return;
        }
        if *kept < limits::PAYLOADS {
            *kept = kept.saturating_add(1);
            self.distinct.insert(digest);
        } else {
            self.others.get_or_insert_default().update(digest);
        }
    }

    /// The digest of all and of the rest; `None` where there is neither.
    fn finish(self, rest: Option<&Hash>) -> Option<Hash> {
        let mut hash = Sha256::new();
        if self.distinct.is_empty() && self.others.is_none() && rest.is_none() {
            return None;
        }
        for digest in &self.distinct {
            hash.update(digest);
        }
        if let Some(others) = self.others {
            hash.update(others.finalize());
        }
        if let Some(rest) = rest {
            hash.update(rest);
        }
        Some(hash.finalize().into())
    }
}

impl Observer for Payloads {
    type Note = Note;
    type Saved = ();

    #[inline]
    fn on_constant(&mut self, constant: Constant<'_>, value: Value) -> Note {
        match constant {
            Constant::Float(n) => Note::Float(n.to_bits()),
            Constant::Long { bytes, .. } => {
                constants::small_integer(bytes).map_or(Note::Nothing, Note::Int)
            }
            Constant::Text(Utf8 { bytes, .. }) | Constant::ByteString(bytes)
                if value.kind() == ValueKind::StrAt =>
            {
                self.constants.text(value.number(), bytes);
                Note::Nothing
            }
            _ => Note::Nothing,
        }
    }

    fn on_container(&mut self, made: Value, items: Items<'_, Note>, scene: &mut Scene<'_>) -> Note {
        let tag = match made.kind() {
            ValueKind::Tuple => b't',
            ValueKind::List => b'l',
            ValueKind::Dict => b'd',
            ValueKind::Set => b's',
            _ => b'f',
        };
        let entry = self.values.container(tag);
        self.extend(entry, None, items, scene);
        if made.kind() == ValueKind::Tuple {
            self.values.seal(entry);
            if let (Some(tuple), [_], [Note::Entry(only)]) = (entry, items.values, items.notes) {
                self.of_bytes = self.values.bytes(*only).map(|bytes| (tuple, bytes));
            }
        }
        entry.map_or(Note::Nothing, Note::Entry)
    }

    fn on_items(
        &mut self,
        target: Noted<Note>,
        items: Items<'_, Note>,
        scene: &mut Scene<'_>,
    ) -> Option<u32> {
        let kind = match scene.code {
            op::APPEND | op::APPENDS => ValueKind::List,
            op::ADDITEMS => ValueKind::Set,
            _ => ValueKind::Dict,
        };
        match (target.value.kind(), target.note) {
            (found, Note::Entry(entry)) if found == kind => {
                self.extend(Some(entry), None, items, scene);
            }
            (ValueKind::Result | ValueKind::Instance, Note::Entry(entry)) => {
                self.extend(Some(entry), Some(b'i'), items, scene);
            }
            _ => self.on_other(target, b'i', items, scene),
        }
        None
    }

    fn on_call(&mut self, call: Call<Note>, scene: &mut Scene<'_>) -> Made<Note> {
        let (callee, arguments) = match call.effect {
            Effect::LooksUp => return Made::default(),
            Effect::Runs => (call.callee, call.arguments),
            Effect::Instantiates => (Self::class(&call), self.no_arguments()),
        };
        let mut hash = Sha256::new();
        hash.update(match call.usage {
            Usage::Construct => b"N",
            _ => b"C",
        });
        self.write(callee, scene, &mut hash);
        self.write(arguments, scene, &mut hash);
        if let Some(keywords) = call.keywords {
            self.write(keywords, scene, &mut hash);
        }
        let digest: Hash = hash.finalize().into();
        if self.rows.contains(&call.row) {
            let digest = self.values.finished(digest, &mut self.constants);
            let calls = self.calls.entry(call.row).or_default();
            calls.insert(digest, &mut self.kept);
        }
        let entry = match self.as_bytes(&call, scene) {
            Some((tag, digest)) => self.values.made(tag, digest, call.row),
            None => self.values.made(b'r', digest, call.row),
        };
        Made {
            note: entry.map_or(Note::Nothing, Note::Entry),
            ..Made::default()
        }
    }

    fn on_build(&mut self, target: Noted<Note>, state: Noted<Note>, scene: &mut Scene<'_>) -> Flow {
        let items = Items {
            values: &[state.value],
            notes: &[state.note],
        };
        match (target.value.kind(), target.note) {
            (ValueKind::Result | ValueKind::Instance, Note::Entry(entry)) => {
                self.extend(Some(entry), Some(b's'), items, scene);
            }
            _ => self.on_other(target, b's', items, scene),
        }
        Flow::Continue
    }

    fn on_persistent(&mut self, id: Noted<Note>, scene: &mut Scene<'_>) -> (Note, Flow) {
        let mut hash = Sha256::new();
        self.write(id, scene, &mut hash);
        let digest: Hash = hash.finalize().into();
        if !scene.preview().is_torch_storage(id.value) {
            let digest = self.values.finished(digest, &mut self.constants);
            self.ids.insert(digest, &mut self.kept);
        }
        let entry = self.values.sealed(b'P', digest);
        (entry.map_or(Note::Nothing, Note::Entry), Flow::Continue)
    }

    fn on_persistent_line(&mut self, id: &[u8]) -> Note {
        let mut hash = Sha256::new();
        hash.update(b"U");
        hash.update(Sha256::digest(id));
        let digest: Hash = hash.finalize().into();
        self.ids.insert(digest, &mut self.kept);
        let entry = self.values.sealed(b'P', digest);
        entry.map_or(Note::Nothing, Note::Entry)
    }
}

impl Payloads {
    fn new(window: Window, rows: FxHashSet<usize>) -> Self {
        Self {
            constants: Constants::new(window),
            rows,
            values: Values::default(),
            calls: BTreeMap::new(),
            on_others: Digests::default(),
            ids: Digests::default(),
            of_bytes: None,
            kept: 0,
        }
    }

    /// A fact for each of them; `rest` is the digest of what was not followed, if anything was not.
    fn into_facts(mut self, log: &EventLog, rest: Option<Hash>) -> Vec<Fact> {
        let rest = rest.as_ref();
        if rest.is_some() {
            // Some may be called in what was not followed.
            let asked: BTreeSet<usize> = self.rows.iter().copied().collect();
            for row in asked {
                self.calls.entry(row).or_default();
            }
        }
        let fact = |of, digests: Digests| {
            let sha256 = digests.finish(rest)?;
            Some(Fact::Payload { of, sha256 })
        };
        let mut contents: BTreeMap<usize, Digests> = BTreeMap::new();
        for (row, digest) in self.values.filled(&self.rows, &mut self.constants) {
            contents
                .entry(row)
                .or_default()
                .insert(digest, &mut self.kept);
        }
        let of_rows = |digests: BTreeMap<usize, Digests>, of: fn(Global) -> PayloadOf| {
            digests
                .into_iter()
                .filter_map(move |(row, digests)| fact(of(log.global(row)?.clone()), digests))
        };
        let calls = of_rows(self.calls, PayloadOf::Calls);
        let contents = of_rows(contents, PayloadOf::Contents);
        let others = fact(PayloadOf::Others, self.on_others);
        let ids = fact(PayloadOf::PersistentIds, self.ids);
        calls.chain(contents).chain(others).chain(ids).collect()
    }

    /// Adds items to an entry, each behind `tag` if there is one.
    fn extend(
        &mut self,
        entry: Option<u32>,
        tag: Option<u8>,
        items: Items<'_, Note>,
        scene: &Scene<'_>,
    ) {
        let Some(entry) = entry.filter(|_| !items.values.is_empty()) else {
            return;
        };
        if self.values.is_set(entry) {
            for item in items.iter() {
                let mut hash = Sha256::new();
                self.write(item, scene, &mut hash);
                self.values.add_to_set(entry, hash.finalize().into());
            }
            return;
        }
        let mut hash = self.values.open(entry);
        for item in items.iter() {
            if let Some(tag) = tag {
                hash.update([tag]);
            }
            self.write(item, scene, &mut hash);
        }
        self.values.close(entry, hash);
    }

    /// Something is set on what is neither an instance nor a container.
    fn on_other(
        &mut self,
        target: Noted<Note>,
        tag: u8,
        items: Items<'_, Note>,
        scene: &Scene<'_>,
    ) {
        let mut hash = Sha256::new();
        self.write(target, scene, &mut hash);
        for item in items.iter() {
            hash.update([tag]);
            self.write(item, scene, &mut hash);
        }
        let digest = hash.finalize().into();
        let digest = self.values.finished(digest, &mut self.constants);
        self.values.forget_met();
        self.on_others.insert(digest, &mut self.kept);
    }

    /// The class behind a call, as `NEWOBJ` has it.
    fn class(call: &Call<Note>) -> Noted<Note> {
        Noted {
            value: Value::new(ValueKind::Global, wide(call.row)),
            note: Note::Nothing,
        }
    }

    /// An empty tuple.
    fn no_arguments(&mut self) -> Noted<Note> {
        let entry = self.values.container(b't');
        self.values.seal(entry);
        Noted {
            value: Value::UNKNOWN,
            note: entry.map_or(Note::Nothing, Note::Entry),
        }
    }

    /// Writes what a value is.
    fn write(&mut self, Noted { value, note }: Noted<Note>, scene: &Scene<'_>, out: &mut Sha256) {
        match (note, value.kind()) {
            (Note::Int(n), _) => constants::write_integer(&n.to_le_bytes(), out),
            (Note::Float(bits), _) => {
                out.update(b"F");
                out.update(bits.to_be_bytes());
            }
            (_, ValueKind::None) => out.update(b"N"),
            (_, ValueKind::Bool) => out.update([b'B', u8::from(value.number() == 1)]),
            (_, ValueKind::Int) => constants::write_integer(&value.as_int().to_le_bytes(), out),
            (_, ValueKind::Str) => {
                let text = scene.names.text(value.index());
                self.constants.write_interned(value.index(), text, out);
            }
            (_, ValueKind::Long | ValueKind::Float | ValueKind::StrAt | ValueKind::Bytes) => {
                if self.constants.write(value.number(), out) {
                    self.values.meet(value.number());
                }
            }
            (_, ValueKind::Global) => {
                out.update(b"c");
                out.update(self.constants.global(value.index(), scene.log));
            }
            (_, ValueKind::Extension) => {
                out.update(b"X");
                out.update(value.number().to_be_bytes());
            }
            (_, ValueKind::Buffer) => out.update(b"o"),
            (_, ValueKind::Stale) => {
                out.update(b"m");
                out.update(value.number().to_be_bytes());
            }
            (Note::Entry(entry), _) => self.values.write(entry, out),
            (Note::Nothing, _) => out.update(b"?"),
        }
    }

    /// Bytes that a call makes as Python 2 and the old protocols write them, with their tag.
    fn as_bytes(&mut self, call: &Call<Note>, scene: &Scene<'_>) -> Option<(u8, Hash)> {
        let name = scene.log.name(call.row)?;
        let is_builtin = name.module == "__builtin__" || name.module == "builtins";
        let tag = match name.name.as_bytes() {
            b"encode" if name.module == "_codecs" => b'b',
            b"bytes" if is_builtin => b'b',
            b"bytearray" if is_builtin => b'a',
            _ => return None,
        };
        let digest = match scene.nodes.all(call.arguments.value)? {
            [] if is_builtin => Sha256::digest([]).into(),
            [bytes] if tag == b'a' && bytes.kind() == ValueKind::Bytes => {
                self.constants.payload(bytes.number())?
            }
            [_] if tag == b'a' => match (call.arguments.note, self.of_bytes) {
                (Note::Entry(arguments), Some((tuple, bytes))) if arguments == tuple => bytes,
                _ => return None,
            },
            [text, codec] => {
                let codec = scene.preview().short_string(*codec)?;
                let is_latin = matches!(codec.as_bytes(), b"latin1" | b"latin-1");
                let text = is_latin.then_some(text)?;
                match text.kind() {
                    ValueKind::Str => constants::latin1(scene.names.text(text.index()))?,
                    ValueKind::StrAt => self.constants.latin1_at(text.number())?,
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some((tag, digest))
    }
}

/// The digest of fields, each behind its length.
fn of_fields(fields: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update(wide(field.len()).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}
