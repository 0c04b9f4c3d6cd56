//! What was seen of one global in one stream: its uses, calls and misuses, each kept once with a count.

use super::{
    event_list::{EventList, Moment},
    value::{Nodes, Value, ValueKind},
};
use crate::{
    fact::{Argument, CallArguments, Fact, Global, GlobalName, Op, PickleAnomaly, Text, Usage},
    limits,
};

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
    /// A call with nothing.
    pub(super) fn without_arguments(usage: Usage) -> Self {
        Self {
            usage,
            container: ValueKind::Tuple,
            len: Some(0),
            keywords: false,
            kept: [Value::UNKNOWN; ARGUMENTS],
        }
    }

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

/// One global and the events that are about it, as indexes into the stream's [`EventList`].
#[derive(Debug)]
pub(super) struct GlobalEvents {
    /// The global.
    pub global: Global,
    /// The event of each usage.
    pub uses: [Option<usize>; 5],
    /// Signatures of the calls kept, and their events; the last stands for all that were not kept.
    calls: Vec<(Signature, usize)>,
    /// The events of item assignments on what it made, by opcode.
    items: Vec<(u8, usize)>,
    /// The event of its being handed on.
    pub handed_on: Option<usize>,
    /// Events of uses in which it is not written; the last stands for those that were not kept.
    misuses: Vec<usize>,
    /// It served to spell what a newer protocol has an opcode for.
    pub spells: bool,
    /// How often it was given to a function for that.
    pub given_to_spell: u64,
    /// The newest tuple in which it was.
    pub last_spelled: Option<u64>,
}

impl GlobalEvents {
    /// A global of which nothing is known yet.
    pub(super) fn new(global: Global) -> Self {
        Self {
            global,
            uses: [None; 5],
            calls: Vec::new(),
            items: Vec::new(),
            handed_on: None,
            misuses: Vec::new(),
            spells: false,
            given_to_spell: 0,
            last_spelled: None,
        }
    }

    /// It is used.
    #[inline]
    pub(super) fn used(
        &mut self,
        usage: Usage,
        moment: Moment,
        events: &mut EventList,
    ) -> Option<PickleAnomaly> {
        let slot = self.uses.get_mut(slot(usage))?;
        if let Some(event) = *slot {
            events.count(event);
            return None;
        }
        let fact = Fact::Global {
            global: self.global.clone(),
            usage,
        };
        *slot = Some(events.keep(fact, moment));
        match &self.global {
            Global::Named(name) if is_odd(name) => Some(PickleAnomaly::OddName {
                crlf: is_converted(name),
            }),
            _ => None,
        }
    }

    /// Whether a call of this signature has been kept already; if so it is counted.
    #[inline]
    pub(super) fn called_before(&mut self, signature: Signature, events: &mut EventList) -> bool {
        let full = self.calls.len() > limits::CALLS_PER_GLOBAL;
        let known = self
            .calls
            .iter()
            .find(|(kept, _)| *kept == signature)
            .or_else(|| self.calls.last().filter(|_| full));
        match known {
            Some((_, event)) => events.count(*event),
            // No room: nothing more is kept of it either.
            None if events.is_full() => {
                events.acts = true;
                events.more = true;
            }
            None => return false,
        }
        true
    }

    /// A call that has not been kept.
    pub(super) fn called(
        &mut self,
        signature: Signature,
        usage: Usage,
        given: CallArguments,
        arguments: Vec<Argument>,
        moment: Moment,
        events: &mut EventList,
    ) {
        let last = self.calls.len() >= limits::CALLS_PER_GLOBAL;
        let callee = self.global.clone();
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
        self.calls.push((signature, events.keep(fact, moment)));
    }

    /// It becomes part of something else, which may call it.
    #[inline]
    pub(super) fn handed_on(&mut self, moment: Moment, events: &mut EventList) {
        if let Some(event) = self.handed_on {
            events.count(event);
        } else {
            let global = self.global.clone();
            self.handed_on = Some(events.keep(Fact::HandedOn { global }, moment));
        }
    }

    /// Items are set on what it made.
    pub(super) fn items_on(&mut self, moment: Moment, events: &mut EventList) {
        if let Some((_, event)) = self.items.iter().find(|(known, _)| *known == moment.op) {
            events.count(*event);
        } else {
            let fact = Fact::ItemsOnInstance {
                class: self.global.clone(),
                op: Op::new(moment.op),
            };
            self.items.push((moment.op, events.keep(fact, moment)));
        }
    }

    /// Whether it was used in shapes in which it is not written so often that another such use is only counted, which it is.
    pub(super) fn misused_often(&mut self, events: &mut EventList) -> bool {
        /// To compare a use with those that are kept takes longer than to load it.
        const OFTEN: u64 = 1_000;
        let Some(last) = self.misuses.last() else {
            return false;
        };
        if events.get(*last).is_some_and(|event| event.count < OFTEN) {
            return false;
        }
        events.count(*last);
        true
    }

    /// It is used in a shape in which it is not written. Equal uses are counted, and those beyond a few.
    pub(super) fn misused(&mut self, fact: Fact, moment: Moment, events: &mut EventList) {
        const KEPT: usize = 8;
        let same = |at: &&usize| events.get(**at).is_some_and(|event| event.fact == fact);
        let full = self.misuses.last().filter(|_| self.misuses.len() >= KEPT);
        if let Some(event) = self.misuses.iter().find(same).or(full) {
            events.count(*event);
        } else {
            self.misuses.push(events.keep(fact, moment));
        }
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
        Usage::Configure => 4,
    }
}
