//! How often the macros of a template run what they hold, as far as it says that itself.

use std::rc::Rc;

use indexmap::IndexMap;
use minijinja::machinery::{
    Span,
    ast::{Call, Expr, ForLoop, Macro},
};

use super::{
    bindings::{Bindings, Bound, Callee},
    sizes,
    tree::{Visitor, argument_value, children},
};
use crate::limits;

/// A call of macros.
#[derive(Debug, Clone, Copy)]
struct Edge<'s> {
    to: Callee<'s>,
    /// How often it is made each time that what holds it runs.
    times: u64,
    /// Whether loops that data bounds repeat it as well.
    is_repeated: bool,
    /// Whether it hands on a part of a value: data has an end.
    descends: bool,
}

/// A macro that is being followed, and its call of the next one.
#[derive(Debug)]
struct Step<'s> {
    of: &'s str,
    times: u64,
    descends: bool,
}

/// How many rounds a macro takes.
#[derive(Debug, Clone, Copy)]
struct Cost {
    rounds: u64,
    /// The first of the macros being followed that it calls again.
    back_to: usize,
}

impl Cost {
    fn of(rounds: u64) -> Self {
        Self {
            rounds,
            back_to: usize::MAX,
        }
    }
}

/// What a macro holds.
#[derive(Debug, Default)]
struct Body<'s> {
    /// Rounds of its loops.
    rounds: u64,
    edges: Rc<Vec<Edge<'s>>>,
}

/// The macros of a template, by name.
#[derive(Debug)]
pub(super) struct Rounds<'b, 't, 's> {
    bindings: &'b Bindings<'t, 's>,
    bodies: IndexMap<&'s str, Body<'s>>,
    /// The macros around, each with the rounds of the loops inside of it.
    open: Vec<(&'s str, Vec<u64>)>,
    costs: IndexMap<&'s str, u64>,
}

impl<'b, 't, 's> Rounds<'b, 't, 's> {
    pub(super) fn new(bindings: &'b Bindings<'t, 's>) -> Self {
        Self {
            bindings,
            bodies: IndexMap::new(),
            open: Vec::new(),
            costs: IndexMap::new(),
        }
    }

    /// How many rounds a call takes; without a bound if macros call one another more than once, and hand on no part of data.
    pub(super) fn of(&mut self, call: &Call<'s>) -> u64 {
        let callee = self.bindings.callee(call);
        self.highest(callee, &mut Vec::new()).rounds
    }

    /// The highest cost of the macros that a call may be of.
    fn highest(&mut self, callee: Callee<'s>, path: &mut Vec<Step<'s>>) -> Cost {
        match callee {
            Callee::Given => Cost::of(1),
            Callee::Named(name) => self.cost(name, path),
            Callee::Any => (0..self.bodies.len()).fold(Cost::of(1), |highest, at| {
                let name = self.bodies.get_index(at).map_or("", |(name, _)| *name);
                let cost = self.cost(name, path);
                Cost {
                    rounds: highest.rounds.max(cost.rounds),
                    back_to: highest.back_to.min(cost.back_to),
                }
            }),
        }
    }

    /// The rounds of a macro. `path`: the macros that are being followed.
    fn cost(&mut self, name: &'s str, path: &mut Vec<Step<'s>>) -> Cost {
        if !self.bindings.step() {
            return Cost::of(1);
        }
        if let Some(known) = self.costs.get(name) {
            return Cost::of(*known);
        }
        if let Some(at) = path.iter().position(|step| step.of == name) {
            let cycle = path.get(at..).unwrap_or_default();
            let branches = cycle.iter().any(|step| step.times > 1);
            let descends = cycle.iter().any(|step| step.descends);
            let rounds = if branches && !descends { u64::MAX } else { 1 };
            return Cost {
                rounds,
                back_to: at,
            };
        }
        let depth = path.len();
        if depth >= limits::TEMPLATE_NAMES {
            self.bindings.exhaust();
            return Cost::of(1);
        }
        let (mut rounds, edges) = match self.bodies.get(name) {
            Some(body) => (body.rounds.saturating_add(1), body.edges.clone()),
            None => return Cost::of(1),
        };
        let mut back_to = usize::MAX;
        // Calls in several places are as calls in a loop.
        let several = edges.iter().filter(|edge| !edge.descends).count() > 1;
        for edge in &*edges {
            let least = if several || edge.is_repeated { 2 } else { 1 };
            path.push(Step {
                of: name,
                times: edge.times.max(least),
                descends: edge.descends,
            });
            let each = self.highest(edge.to, path);
            path.pop();
            rounds = rounds.saturating_add(edge.times.saturating_mul(each.rounds));
            back_to = back_to.min(each.back_to);
        }
        if back_to >= depth || rounds == u64::MAX {
            // Nothing was cut short at a macro around this one.
            back_to = usize::MAX;
            self.costs.insert(name, rounds);
        }
        Cost { rounds, back_to }
    }

    /// Whether a value is a part of another: of data, as far as that is seen.
    fn is_part(&self, value: &Expr<'_>) -> bool {
        match value {
            Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Slice(_) => true,
            Expr::Filter(it) if it.name == "items" => true,
            Expr::Filter(it) => it.expr.as_ref().is_some_and(|it| self.is_part(it)),
            Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => {
                children(value).into_iter().any(|it| self.is_part(it))
            }
            Expr::Call(it) => matches!(&it.expr, Expr::GetAttr(_)),
            Expr::Var(it) => {
                let mut bound = self.bindings.of_variable(it.id).iter();
                bound.any(|bound| match bound {
                    Bound::Element(_) => true,
                    Bound::Value(value) => is_taken(value),
                    Bound::Holder(_) | Bound::Text | Bound::Macro => false,
                })
            }
            _ => false,
        }
    }
}

impl<'t, 's> Visitor<'t, 's> for Rounds<'_, 't, 's> {
    fn call(&mut self, call: &'t Call<'s>, _: Span) {
        let to = self.bindings.callee(call);
        if to == Callee::Given {
            return;
        }
        let descends = call
            .args
            .iter()
            .map(argument_value)
            .any(|it| self.is_part(it));
        let Some((name, loops)) = self.open.last() else {
            return;
        };
        let edge = Edge {
            to,
            times: loops.last().copied().unwrap_or(1),
            is_repeated: !loops.is_empty(),
            descends,
        };
        let body = self.bodies.entry(*name).or_default();
        Rc::make_mut(&mut body.edges).push(edge);
    }

    fn enter_loop(&mut self, of: &'t ForLoop<'s>) {
        let inner = sizes::times(&of.iter, self.bindings).unwrap_or(1).max(1);
        if let Some((name, loops)) = self.open.last_mut() {
            let rounds = loops.last().copied().unwrap_or(1).saturating_mul(inner);
            loops.push(rounds);
            let body = self.bodies.entry(*name).or_default();
            body.rounds = body.rounds.saturating_add(rounds);
        }
    }

    fn leave_loop(&mut self) {
        if let Some((_, loops)) = self.open.last_mut() {
            loops.pop();
        }
    }

    fn enter_macro(&mut self, of: &'t Macro<'s>) {
        self.open.push((of.name, Vec::new()));
    }

    fn leave_macro(&mut self) {
        self.open.pop();
    }
}

/// Whether an expression takes a part of a value, without following names: one may stand for itself.
fn is_taken(value: &Expr<'_>) -> bool {
    match value {
        Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Slice(_) => true,
        Expr::Filter(it) => it.expr.as_ref().is_some_and(is_taken),
        Expr::Call(it) => matches!(&it.expr, Expr::GetAttr(_)),
        _ => false,
    }
}
