//! Observations of a module, until they are recorded in the order of the source.

use std::ops::Range;

use super::{
    Unit,
    excerpt::{Lines, brief},
    parse::ast,
    resolve::Resolver,
};
use crate::{
    fact::{ArgumentSlot, Excerpt, Fact, Hop, PyAct, PyCall, SlotPrefix, Span, Text},
    record::Recorder,
};

/// A fact with its place, before it is recorded.
pub(super) struct Note<'a> {
    pub(super) unit: u32,
    pub(super) at: Range<usize>,
    pub(super) fact: Fact,
    /// Of a call: where its arguments stand.
    pub(super) arguments: Vec<Option<Range<usize>>>,
    /// Which of them are written out there.
    pub(super) own: Vec<bool>,
    /// Where another can be written.
    pub(super) slot: Option<(usize, SlotPrefix)>,
    /// The `functools.partial` that it is.
    pub(super) partial: Option<&'a ast::ExprCall>,
}

/// What was seen in the units of a module.
pub(super) struct Notes<'m, 'a> {
    units: &'m [Unit<'a>],
    list: Vec<Note<'a>>,
}

impl<'m, 'a> Notes<'m, 'a> {
    /// None yet.
    pub(super) fn of(units: &'m [Unit<'a>]) -> Self {
        Self {
            units,
            list: Vec::new(),
        }
    }

    /// Adds one.
    pub(super) fn add(&mut self, note: Note<'a>) {
        self.list.push(note);
    }

    /// The fact that was noted last.
    pub(super) fn last(&mut self) -> Option<&mut Fact> {
        self.list.last_mut().map(|note| &mut note.fact)
    }

    /// The source of a unit.
    pub(super) fn text(&self, unit: u32) -> &str {
        let unit = usize::try_from(unit).ok().and_then(|at| self.units.get(at));
        unit.map_or("", |unit| unit.text)
    }

    /// Notes that a loader is named, replaced or given to something.
    pub(super) fn reference(
        &mut self,
        path: String,
        act: PyAct,
        unit: u32,
        shown: Range<usize>,
        at: Range<usize>,
    ) {
        let written = brief(self.text(unit).get(shown).unwrap_or_default());
        let call = PyCall {
            callee: Text::from(path),
            written,
            act,
            arguments: Vec::new(),
            star_args: false,
            star_kwargs: false,
            round_trip: false,
            file: None,
            misplaced: None,
            around: None,
            slot: None,
            helper: None,
        };
        self.list.push(Note {
            unit,
            at,
            fact: Fact::PyCall(Box::new(call)),
            arguments: Vec::new(),
            own: Vec::new(),
            slot: None,
            partial: None,
        });
    }

    /// Notes that a variable of the environment is set.
    pub(super) fn variable(
        &mut self,
        name: &str,
        value: Option<Text>,
        unit: u32,
        at: Range<usize>,
    ) {
        let fact = Fact::Env {
            name: Text::from(name),
            value,
        };
        self.other(fact, unit, at);
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// Notes a fact without arguments that are shown.
    pub(super) fn other(&mut self, fact: Fact, unit: u32, at: Range<usize>) {
        self.list.push(Note {
            unit,
            at,
            fact,
            arguments: Vec::new(),
            own: Vec::new(),
            slot: None,
            partial: None,
        });
    }

    /// Records all, in the order of the source. `resolver` has seen all of it: only then it is known which `functools.partial` is
    /// called elsewhere.
    pub(super) fn record(mut self, resolver: &Resolver<'_, 'a>, recorder: &mut Recorder) {
        self.list
            .sort_by_key(|note| (note.unit, note.at.start, note.at.end));
        let mut lines: Option<(u32, Lines<'_>)> = None;
        for mut note in self.list {
            if lines.as_ref().is_none_or(|(unit, _)| *unit != note.unit) {
                let unit = usize::try_from(note.unit)
                    .ok()
                    .and_then(|at| self.units.get(at));
                lines = Some((note.unit, Lines::new(unit.map_or("", |unit| unit.text))));
            }
            let Some((_, lines)) = &lines else {
                continue;
            };
            let shown = lines.show(&note.at);
            let mut marks = Vec::new();
            if let Fact::PyCall(call) = &mut note.fact {
                match note.partial {
                    Some(partial) if resolver.names.is_followed_call(partial) => {
                        call.act = PyAct::Partial;
                    }
                    Some(_) => call.act = PyAct::Reference,
                    None => {}
                }
                marks = note
                    .arguments
                    .iter()
                    .map(|at| at.as_ref().and_then(|at| shown.mark(at)))
                    .collect();
                let written = note.arguments.iter().zip(&note.own);
                for (argument, (at, own)) in call.arguments.iter_mut().zip(written) {
                    argument.span = at.as_ref().filter(|_| *own).map(|at| Span {
                        start: lines.position(at.start),
                        end: lines.position(at.end),
                    });
                }
                call.slot = note.slot.map(|(at, after)| ArgumentSlot {
                    at: lines.position(at),
                    after,
                });
            }
            let unit = usize::try_from(note.unit)
                .ok()
                .and_then(|at| self.units.get(at));
            let place = lines.place(&note.at);
            let excerpt = Some(Excerpt {
                arguments: marks,
                ..shown.finish(&note.at)
            });
            match unit.and_then(|unit| unit.cell) {
                Some(cell) => recorder.within(Hop::Cell(cell), |recorder| {
                    recorder.record_at(note.fact, place, excerpt);
                }),
                None => recorder.record_at(note.fact, place, excerpt),
            }
        }
    }
}
