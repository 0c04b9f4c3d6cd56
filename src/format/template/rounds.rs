//! How often the macros of a template run what they hold, as far as it says that itself.

use indexmap::IndexMap;
use minijinja::machinery::{
    Span,
    ast::{Call, Expr, ForLoop, Macro},
};

use super::{
    bindings::{Bindings, Bound},
    sizes,
    tree::{Visitor, argument_value},
};

/// A call of macros.
#[derive(Debug)]
struct Edge<'s> {
    /// The macros that it may be of.
    to: Vec<&'s str>,
    /// How often it is made each time that what holds it runs.
    times: u64,
    /// Whether loops that data bounds repeat it as well.
    is_repeated: bool,
    /// Whether it hands on a part of a value: data has an end.
    descends: bool,
}

/// What a macro holds.
#[derive(Debug, Default)]
struct Body<'s> {
    /// Rounds of its loops.
    rounds: u64,
    edges: Vec<Edge<'s>>,
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
        let callees = self.bindings.macros_of(call);
        let each = callees
            .into_iter()
            .map(|name| self.cost(name, &mut Vec::new()));
        each.max().unwrap_or(1)
    }

    /// `path`: the macros that are being followed, each with how often it calls the next one, and whether it hands on a part of data.
    fn cost(&mut self, name: &'s str, path: &mut Vec<(&'s str, u64, bool)>) -> u64 {
        if let Some(cost) = self.costs.get(name) {
            return *cost;
        }
        if let Some(at) = path.iter().position(|(open, ..)| *open == name) {
            let cycle = path.get(at..).unwrap_or_default();
            let branches = cycle.iter().any(|(_, times, _)| *times > 1);
            let descends = cycle.iter().any(|(.., descends)| *descends);
            return if branches && !descends { u64::MAX } else { 1 };
        }
        if !self.bindings.step() {
            return 1;
        }
        let Some(body) = self.bodies.get(name) else {
            return 1;
        };
        let mut cost = body.rounds.saturating_add(1);
        let edges: Vec<_> = body
            .edges
            .iter()
            .map(|edge| (edge.to.clone(), edge.times, edge.is_repeated, edge.descends))
            .collect();
        // Calls in several places are as calls in a loop.
        let several = edges.iter().filter(|(.., descends)| !descends).count() > 1;
        for (to, times, is_repeated, descends) in edges {
            let turns = if several || is_repeated {
                times.max(2)
            } else {
                times
            };
            path.push((name, turns, descends));
            let each = to.into_iter().map(|to| self.cost(to, path)).max();
            path.pop();
            cost = cost.saturating_add(times.saturating_mul(each.unwrap_or(1)));
        }
        // What was cut short at a macro around is not known yet.
        if path.is_empty() || cost == u64::MAX {
            self.costs.insert(name, cost);
        }
        cost
    }

    /// Whether a value is a part of another: of data, as far as that is seen.
    fn is_part(&self, value: &Expr<'_>) -> bool {
        match value {
            Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Slice(_) => true,
            Expr::Filter(it) => it.expr.as_ref().is_some_and(|it| self.is_part(it)),
            Expr::Call(it) => matches!(&it.expr, Expr::GetAttr(_)),
            Expr::Var(it) => {
                let mut bound = self.bindings.of_variable(it.id).iter();
                bound.any(|bound| match bound {
                    Bound::Element(_) => true,
                    Bound::Value(value) => !matches!(value, Expr::Var(_)) && self.is_part(value),
                    Bound::Holder(_) | Bound::Text | Bound::Macro => false,
                })
            }
            _ => false,
        }
    }
}

impl<'t, 's> Visitor<'t, 's> for Rounds<'_, 't, 's> {
    fn call(&mut self, call: &'t Call<'s>, _: Span) {
        let to = self.bindings.macros_of(call);
        if to.is_empty() {
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
        self.bodies.entry(*name).or_default().edges.push(edge);
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
