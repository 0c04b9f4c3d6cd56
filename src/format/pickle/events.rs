//! What the machine has seen in one stream: globals and their uses, calls, and everything else worth a fact, each kept
//! once with a count, so that a million equal calls cost one row.

use std::{
    collections::BTreeMap,
    mem::{self, Discriminant},
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    event_list::{Event, EventList, Moment},
    global_events::{GlobalEvents, Signature},
    value::{Value, ValueKind},
};
use crate::{
    fact::{
        Anomaly, Argument, CallArguments, Expression, Fact, Global, GlobalName, PickleAnomaly,
        Text, Unresolved, Usage,
    },
    limits,
};

/// All that was seen in one stream.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    events: EventList,
    rows: Vec<GlobalEvents>,
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
        self.rows.push(GlobalEvents::new(global));
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
        self.events.facts()
    }

    /// Whether any global was met.
    pub(super) fn names_any(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Whether anything was called, or set on something.
    pub(super) fn acts(&self) -> bool {
        self.events.acts
    }

    /// Whether more was seen than a file's observations are kept of.
    pub(super) fn has_more(&self) -> bool {
        self.events.more
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
        let seen = self.rows.get_mut(row);
        if let Some(anomaly) = seen.and_then(|seen| seen.used(usage, moment, &mut self.events)) {
            self.anomaly(anomaly, moment);
        }
    }

    /// Whether a call of this signature has been kept already; if so it is counted.
    #[inline]
    pub(super) fn called_before(&mut self, row: usize, signature: Signature) -> bool {
        let seen = self.rows.get_mut(row);
        seen.is_none_or(|seen| seen.called_before(signature, &mut self.events))
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
        if let Some(seen) = self.rows.get_mut(row) {
            seen.called(signature, usage, given, arguments, moment, &mut self.events);
        }
    }

    /// An instance of a class is made without arguments.
    pub(super) fn instantiated(&mut self, row: usize, moment: Moment) {
        self.used(row, Usage::Construct, moment);
        let signature = Signature::without_arguments(Usage::Construct);
        if !self.called_before(row, signature) {
            let given = CallArguments::none();
            self.called(row, signature, Usage::Construct, given, Vec::new(), moment);
        }
    }

    /// A global becomes part of something else, which may call it.
    #[inline]
    pub(super) fn handed_on(&mut self, row: usize, moment: Moment) {
        if let Some(seen) = self.rows.get_mut(row) {
            seen.handed_on(moment, &mut self.events);
        }
    }

    /// Items are set on what a global made.
    pub(super) fn items_on(&mut self, row: usize, moment: Moment) {
        if let Some(seen) = self.rows.get_mut(row) {
            seen.items_on(moment, &mut self.events);
        }
    }

    /// Whether a global was used in shapes in which it is not written so often that another such use is only counted, which it is.
    pub(super) fn misused_often(&mut self, row: usize) -> bool {
        let seen = self.rows.get_mut(row);
        seen.is_some_and(|seen| seen.misused_often(&mut self.events))
    }

    /// A global is used in a shape in which it is not written.
    pub(super) fn misused(&mut self, row: usize, fact: Fact, moment: Moment) {
        if let Some(seen) = self.rows.get_mut(row) {
            seen.misused(fact, moment, &mut self.events);
        }
    }

    /// Any other fact: equal ones are counted. Beyond a few hundred different ones of a kind, the last of the kind stands
    /// for the rest; one kind never crowds out another, which a policy may judge differently.
    pub(super) fn other(&mut self, fact: Fact, moment: Moment) {
        const KEPT: usize = 256;
        if let Some(event) = self.others.get(&fact) {
            return self.events.count(*event);
        }
        let kind = mem::discriminant(&fact);
        let (kept, last) = if let Some((_, kept, last)) =
            self.kinds.iter_mut().find(|(known, ..)| *known == kind)
        {
            (kept, last)
        } else {
            self.kinds.push((kind, 0, 0));
            match self.kinds.last_mut() {
                Some((_, kept, last)) => (kept, last),
                None => return,
            }
        };
        if *kept >= KEPT {
            return self.events.count(*last);
        }
        *kept = kept.saturating_add(1);
        *last = self.events.keep(fact.clone(), moment);
        self.others.insert(fact, *last);
    }

    /// Counts another persistent id of torch's shape, if one has been recorded.
    pub(super) fn storage_again(&mut self) -> bool {
        let Some(event) = self.storage else {
            return false;
        };
        self.events.count(event);
        true
    }

    /// A persistent id.
    pub(super) fn persistent(&mut self, id: Expression, torch_storage: bool, moment: Moment) {
        let fact = Fact::PersistentId { id, torch_storage };
        if torch_storage {
            self.storage = Some(self.events.keep(fact, moment));
        } else {
            self.other(fact, moment);
        }
    }

    /// Something that no pickler writes, or that unpicklers take differently. One of a kind is kept.
    pub(super) fn anomaly(&mut self, anomaly: PickleAnomaly, moment: Moment) {
        if let Some(event) = self.anomalies.get(anomaly.kind()) {
            self.events.count(*event);
        } else {
            let kind = anomaly.kind();
            let fact = Fact::from(Anomaly::from(anomaly));
            self.anomalies.insert(kind, self.events.keep(fact, moment));
        }
    }

    /// A function of Python and the global that it was given served to spell what a newer protocol has an opcode for: `getattr` and
    /// a class to look up a name in the class, `copyreg._reconstructor` and `object` to make an instance.
    ///
    /// `arguments` is the tuple. Picklers make one for each call, so one that is called with again does not count.
    pub(super) fn spelled_by(&mut self, function: usize, given: usize, arguments: Value) {
        if let Some(seen) = self.rows.get_mut(function) {
            seen.spells = true;
        }
        if let Some(seen) = self.rows.get_mut(given) {
            seen.spells = true;
            if seen
                .last_spelled
                .is_none_or(|last| last < arguments.number())
            {
                seen.last_spelled = Some(arguments.number());
                seen.given_to_spell = seen.given_to_spell.saturating_add(1);
            }
        }
    }

    /// All events, in the order in which they were first seen. What did nothing but look up names in classes or make
    /// instances is no event of its own: the names and the classes are.
    pub(super) fn into_events(self) -> Vec<Event> {
        let mut dropped: FxHashSet<usize> = FxHashSet::default();
        for row in self.rows.iter().filter(|row| row.spells) {
            let [import, others @ ..] = &row.uses;
            let handed = row
                .handed_on
                .and_then(|at| self.events.get(at))
                .map_or(0, |event| event.count);
            // The function itself is part of nothing, what it is given only of its arguments.
            if others.iter().all(Option::is_none) && handed == row.given_to_spell {
                dropped.extend(import.iter().chain(&row.handed_on));
            }
        }
        self.events.without(&dropped)
    }
}
