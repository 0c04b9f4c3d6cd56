//! What the machine has seen in one stream: globals and their uses, calls, and everything else worth a fact, each kept
//! once with a count, so that a million equal calls cost one row.

use std::{
    collections::BTreeMap,
    mem::{self, Discriminant},
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::value::{Nodes, Value, ValueKind};
use crate::{
    fact::{
        Anomaly, Argument, CallArguments, Expression, Fact, Global, GlobalName, Op, PickleAnomaly,
        Text, Unresolved, Usage,
    },
    limits,
};

/// How many opcodes before an event its excerpt can show.
pub(super) const CONTEXT: usize = 4;

/// Something seen at an opcode.
#[derive(Debug)]
pub(super) struct Event {
    /// The fact.
    pub fact: Fact,
    /// The opcode's offset.
    pub at: u64,
    /// The opcode.
    pub op: u8,
    /// How often.
    pub count: u64,
    /// Offsets of the telling opcodes before it, latest last; `u64::MAX` where there was none.
    pub before: [u64; CONTEXT],
}

/// The opcode at which something is seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Its offset.
    pub at: u64,
    /// Its byte.
    pub op: u8,
    /// The opcodes before it.
    pub before: [u64; CONTEXT],
}

/// How many arguments tell one call from another.
const ARGUMENTS: usize = 6;

/// What distinguishes one call of a global from another: as much as is kept of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature {
    /// How it is called.
    pub usage: Usage,
    /// What the arguments come in.
    pub container: ValueKind,
    /// How many there are; `None` where it is not known.
    pub len: Option<u64>,
    /// Whether keywords come with them.
    pub keywords: bool,
    /// The first of them.
    pub kept: [Value; ARGUMENTS],
}

impl Signature {
    /// Globals and short strings by identity, the rest by kind. Exact: a digest could be made to collide, and a call would hide
    /// behind another.
    pub(super) fn of(arguments: Value, usage: Usage, keywords: bool, nodes: &Nodes) -> Self {
        let mut signature = Self {
            usage,
            container: arguments.kind(),
            len: None,
            keywords,
            kept: [Value::UNKNOWN; ARGUMENTS],
        };
        let known = arguments
            .kind()
            .is_container()
            .then(|| nodes.get(arguments));
        if let Some((len, kept)) = known.flatten() {
            signature.len = Some(len);
            for (slot, value) in signature.kept.iter_mut().zip(kept) {
                *slot = match value.kind() {
                    ValueKind::Str | ValueKind::Global | ValueKind::StrAt => *value,
                    kind => Value::new(kind, 0),
                };
            }
        }
        signature
    }
}

#[derive(Debug)]
struct Row {
    global: Global,
    /// Index into events and how often, for each usage.
    uses: [Option<usize>; 4],
    /// Signatures of the calls kept, and their events; the last stands for all that were not kept.
    calls: Vec<(Signature, usize)>,
    /// Events of item assignments on what it made, by opcode.
    items: Vec<(u8, usize)>,
    /// The event of its being handed on.
    handed_on: Option<usize>,
    /// Events of uses in which it is not written; the last stands for those that were not kept.
    misuses: Vec<usize>,
    /// How often it served to look up a name in a class, as `getattr` or as the class.
    looked_into: u64,
}

/// All that was seen in one stream.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    events: Vec<Event>,
    rows: Vec<Row>,
    by_name: FxHashMap<GlobalName, usize>,
    unresolved: BTreeMap<Unresolved, usize>,
    others: FxHashMap<Fact, usize>,
    /// Of each kind of these, how many different ones are kept and the last of them.
    kinds: Vec<(Discriminant<Fact>, usize, usize)>,
    anomalies: BTreeMap<&'static str, usize>,
    storage: Option<usize>,
    /// Bytes of the names of globals.
    names: usize,
    /// The limit, where more distinct globals were met than are kept.
    pub overflow: Option<limits::Id>,
    /// Something was called, or set on something.
    acts: bool,
    /// More was seen than a file's observations are kept of.
    pub more: bool,
}

impl EventLog {
    /// The row of a named global, new or not. Beyond the limit all share the row of an oversized name, which is refused.
    pub(super) fn named(&mut self, module: &[u8], name: &[u8]) -> usize {
        let key = GlobalName::new(Text::new(module), Text::new(name));
        if let Some(row) = self.by_name.get(&key) {
            return *row;
        }
        let names = self
            .names
            .saturating_add(module.len())
            .saturating_add(name.len());
        if self.rows.len() >= limits::GLOBALS {
            self.overflow = Some(limits::Id::GLOBALS);
        } else if names > limits::GLOBAL_BYTES {
            self.overflow = Some(limits::Id::GLOBAL_BYTES);
        }
        if self.overflow.is_some() {
            return self.unresolved(Unresolved::Oversized);
        }
        self.names = names;
        let row = self.row(Global::Named(key.clone()));
        self.by_name.insert(key, row);
        row
    }

    /// The row of globals that cannot be named.
    pub(super) fn unresolved(&mut self, why: Unresolved) -> usize {
        if let Some(row) = self.unresolved.get(&why) {
            return *row;
        }
        let row = self.row(Global::Unresolved(why));
        self.unresolved.insert(why, row);
        row
    }

    /// The row behind something that is called or instantiated. What is not a global itself cannot be named.
    pub(super) fn callee(&mut self, value: Value) -> usize {
        match value.kind() {
            ValueKind::Global => value.index(),
            ValueKind::Extension => self.unresolved(Unresolved::Extension),
            ValueKind::Persistent => self.unresolved(Unresolved::Persistent),
            ValueKind::Stale => self.unresolved(Unresolved::Memo),
            _ => self.unresolved(Unresolved::Result),
        }
    }

    fn row(&mut self, global: Global) -> usize {
        self.rows.push(Row {
            global,
            uses: [None; 4],
            calls: Vec::new(),
            items: Vec::new(),
            handed_on: None,
            misuses: Vec::new(),
            looked_into: 0,
        });
        self.rows.len().saturating_sub(1)
    }

    /// How many globals there are.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The names of the globals from a row on.
    pub(super) fn names_from(&self, row: usize) -> Vec<GlobalName> {
        let rows = self.rows.get(row..).unwrap_or_default();
        rows.iter()
            .filter_map(|row| match &row.global {
                Global::Named(name) => Some(name.clone()),
                Global::Unresolved(_) => None,
            })
            .collect()
    }

    /// All facts so far.
    pub(super) fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.events.iter().map(|event| &event.fact)
    }

    /// Whether any global was met.
    pub(super) fn names_any(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Whether anything was called, or set on something.
    pub(super) fn acts(&self) -> bool {
        self.acts
    }

    /// Whether no more events are kept: a file's observations are no more than these.
    pub(super) fn is_full(&self) -> bool {
        self.events.len() > limits::OBSERVATIONS
    }

    /// Keeps an event, if there is room. Its index is that of the next one, in either case.
    fn keep(&mut self, fact: Fact, moment: Moment) {
        self.acts |= matches!(
            fact,
            Fact::Call { .. } | Fact::StateOnNonInstance { .. } | Fact::ItemsOnNonContainer { .. }
        );
        if self.is_full() {
            self.more = true;
        } else {
            self.events.push(event(fact, moment));
        }
    }

    /// The global of a row.
    pub(super) fn global(&self, row: usize) -> Option<&Global> {
        self.rows.get(row).map(|row| &row.global)
    }

    /// The name of a row's global, if it has one.
    pub(super) fn name(&self, row: usize) -> Option<&GlobalName> {
        match self.global(row) {
            Some(Global::Named(name)) => Some(name),
            _ => None,
        }
    }

    /// A global is used.
    #[inline]
    pub(super) fn used(&mut self, row: usize, usage: Usage, moment: Moment) {
        let slot = slot(usage);
        let Some(seen) = self.rows.get_mut(row) else {
            return;
        };
        if let Some(event) = seen.uses.get(slot).copied().flatten() {
            count(&mut self.events, event);
        } else {
            if let Some(place) = seen.uses.get_mut(slot) {
                *place = Some(self.events.len());
            }
            let fact = Fact::Global {
                global: seen.global.clone(),
                usage,
            };
            let odd = matches!(&seen.global, Global::Named(name) if is_odd(name));
            let converted = matches!(&seen.global, Global::Named(name) if is_converted(name));
            self.keep(fact, moment);
            if odd {
                self.anomaly(PickleAnomaly::OddName { crlf: converted }, moment);
            }
        }
    }

    /// Whether a call of this signature has been kept already; if so it is counted.
    #[inline]
    pub(super) fn called_before(&mut self, row: usize, signature: Signature) -> bool {
        let no_room = self.is_full();
        let Some(seen) = self.rows.get_mut(row) else {
            return true;
        };
        let full = seen.calls.len() > limits::CALLS_PER_GLOBAL;
        let known = seen
            .calls
            .iter()
            .find(|(kept, _)| *kept == signature)
            .or_else(|| seen.calls.last().filter(|_| full));
        match known {
            Some((_, event)) => count(&mut self.events, *event),
            // No room: nothing more is kept of it either.
            None if no_room => {
                self.acts = true;
                self.more = true;
            }
            None => return false,
        }
        true
    }

    /// A call that has not been kept.
    pub(super) fn called(
        &mut self,
        row: usize,
        signature: Signature,
        usage: Usage,
        given: CallArguments,
        arguments: Vec<Argument>,
        moment: Moment,
    ) {
        let Some(seen) = self.rows.get_mut(row) else {
            return;
        };
        let last = seen.calls.len() >= limits::CALLS_PER_GLOBAL;
        let callee = seen.global.clone();
        let fact = if last {
            // From here on nothing about the arguments is known, and rules that need them must refuse.
            Fact::Call {
                callee,
                usage,
                given: Box::new(CallArguments::unknown()),
                arguments: vec![Argument::Unknown],
            }
        } else {
            Fact::Call {
                callee,
                usage,
                given: Box::new(given),
                arguments,
            }
        };
        seen.calls.push((signature, self.events.len()));
        self.keep(fact, moment);
    }

    /// A global becomes part of something else, which may call it.
    #[inline]
    pub(super) fn handed_on(&mut self, row: usize, moment: Moment) {
        let Some(seen) = self.rows.get_mut(row) else {
            return;
        };
        if let Some(event) = seen.handed_on {
            count(&mut self.events, event);
        } else {
            seen.handed_on = Some(self.events.len());
            let global = seen.global.clone();
            self.keep(Fact::HandedOn { global }, moment);
        }
    }

    /// Items are set on what a global made.
    pub(super) fn items_on(&mut self, row: usize, moment: Moment) {
        let Some(seen) = self.rows.get_mut(row) else {
            return;
        };
        if let Some((_, event)) = seen.items.iter().find(|(known, _)| *known == moment.op) {
            count(&mut self.events, *event);
        } else {
            seen.items.push((moment.op, self.events.len()));
            let fact = Fact::ItemsOnInstance {
                class: seen.global.clone(),
                op: Op::new(moment.op),
            };
            self.keep(fact, moment);
        }
    }

    /// Whether a global was used in shapes in which it is not written so often that another such use is only counted, which it is.
    pub(super) fn misused_often(&mut self, row: usize) -> bool {
        /// To compare a use with those that are kept takes longer than to load it.
        const OFTEN: u64 = 1_000;
        let Some(last) = self.rows.get(row).and_then(|row| row.misuses.last()) else {
            return false;
        };
        match self.events.get_mut(*last) {
            Some(event) if event.count < OFTEN => false,
            Some(event) => {
                event.count = event.count.saturating_add(1);
                true
            }
            None => true,
        }
    }

    /// A global is used in a shape in which it is not written. Equal uses are counted, and those beyond a few of one global.
    pub(super) fn misused(&mut self, row: usize, fact: Fact, moment: Moment) {
        const KEPT: usize = 8;
        let Some(seen) = self.rows.get_mut(row) else {
            return;
        };
        let same = |at: &&usize| {
            self.events
                .get(**at)
                .is_some_and(|event| event.fact == fact)
        };
        let full = seen.misuses.last().filter(|_| seen.misuses.len() >= KEPT);
        if let Some(event) = seen.misuses.iter().find(same).or(full) {
            count(&mut self.events, *event);
        } else {
            seen.misuses.push(self.events.len());
            self.keep(fact, moment);
        }
    }

    /// Any other fact: equal ones are counted. Beyond a few hundred different ones of a kind, the last of the kind stands
    /// for the rest; one kind never crowds out another, which a policy may judge differently.
    pub(super) fn other(&mut self, fact: Fact, moment: Moment) {
        const KEPT: usize = 256;
        if let Some(event) = self.others.get(&fact) {
            return count(&mut self.events, *event);
        }
        let kind = mem::discriminant(&fact);
        let (kept, last) = if let Some((_, kept, last)) =
            self.kinds.iter_mut().find(|(known, ..)| *known == kind)
        {
            (kept, last)
        } else {
            self.kinds.push((kind, 0, self.events.len()));
            match self.kinds.last_mut() {
                Some((_, kept, last)) => (kept, last),
                None => return,
            }
        };
        if *kept >= KEPT {
            return count(&mut self.events, *last);
        }
        *kept = kept.saturating_add(1);
        *last = self.events.len();
        self.others.insert(fact.clone(), self.events.len());
        self.keep(fact, moment);
    }

    /// Counts another persistent id of torch's shape, if one has been recorded.
    pub(super) fn storage_again(&mut self) -> bool {
        let Some(event) = self.storage else {
            return false;
        };
        count(&mut self.events, event);
        true
    }

    /// A persistent id.
    pub(super) fn persistent(&mut self, id: Expression, torch_storage: bool, moment: Moment) {
        let fact = Fact::PersistentId { id, torch_storage };
        if torch_storage {
            self.storage = Some(self.events.len());
            self.keep(fact, moment);
        } else {
            self.other(fact, moment);
        }
    }

    /// Something that no pickler writes, or that unpicklers take differently. One of a kind is kept.
    pub(super) fn anomaly(&mut self, anomaly: PickleAnomaly, moment: Moment) {
        if let Some(event) = self.anomalies.get(anomaly.kind()) {
            count(&mut self.events, *event);
        } else {
            self.anomalies.insert(anomaly.kind(), self.events.len());
            let fact = Fact::from(Anomaly::from(anomaly));
            self.keep(fact, moment);
        }
    }

    /// `getattr` and a class served to look up a name in the class.
    pub(super) fn looked_into(&mut self, getattr: usize, class: usize) {
        for row in [getattr, class] {
            if let Some(seen) = self.rows.get_mut(row) {
                seen.looked_into = seen.looked_into.saturating_add(1);
            }
        }
    }

    /// All events, in the order in which they were first seen. What did nothing but look up names in classes is no event of its
    /// own: the names are.
    pub(super) fn into_events(mut self) -> Vec<Event> {
        let mut dropped: FxHashSet<usize> = FxHashSet::default();
        for row in self.rows.iter().filter(|row| row.looked_into > 0) {
            let [import, others @ ..] = &row.uses;
            let handed = row
                .handed_on
                .and_then(|at| self.events.get(at))
                .map_or(0, |event| event.count);
            // `getattr` itself is never part of anything, the class only of its arguments.
            if others.iter().all(Option::is_none) && (handed == 0 || handed == row.looked_into) {
                dropped.extend(import.iter().chain(&row.handed_on));
            }
        }
        let mut at = 0_usize;
        self.events.retain(|_| {
            let kept = !dropped.contains(&at);
            at = at.saturating_add(1);
            kept
        });
        self.events
    }
}

/// Whether a name holds what no module and no identifier has.
fn is_odd(name: &GlobalName) -> bool {
    let odd = |text: &Text| text.as_bytes().iter().any(u8::is_ascii_control);
    odd(&name.module) || odd(&name.name)
}

/// Whether its lines ended in CRLF: git, or an editor, took the pickle for text.
fn is_converted(name: &GlobalName) -> bool {
    name.module.as_bytes().ends_with(b"\r") && name.name.as_bytes().ends_with(b"\r")
}

fn slot(usage: Usage) -> usize {
    match usage {
        Usage::Import => 0,
        Usage::Call => 1,
        Usage::Construct => 2,
        Usage::Build => 3,
    }
}

fn event(fact: Fact, moment: Moment) -> Event {
    Event {
        fact,
        at: moment.at,
        op: moment.op,
        count: 1,
        before: moment.before,
    }
}

fn count(events: &mut [Event], index: usize) {
    if let Some(event) = events.get_mut(index) {
        event.count = event.count.saturating_add(1);
    }
}
