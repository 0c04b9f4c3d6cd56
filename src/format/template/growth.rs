//! How large what a template makes can become.
//!
//! Its statements are followed in their order, with an upper bound of the size of each value: of data that is one size, the same for all, and a
//! loop over data runs so often as to tell what doubles from what grows by a part each time. So it does not matter how a template spells it that a
//! text is put together from itself.

use minijinja::machinery::{
    Span,
    ast::{BinOp, BinOpKind, Call, CallArg, Expr, Filter, ForLoop, Macro, Stmt},
};
use rustc_hash::FxHashMap;

use super::{
    amount::Amount, bindings::Bindings, keys::text, sizes, tree::argument_value, values::Values,
};
use crate::bytes::wide;

/// What no template makes of a conversation: four million times as much as one of its values.
const MOST: u64 = 1 << 32;
/// How often loops are followed, outer ones first: data has an end, and what doubles reaches [`MOST`] before.
const ROUNDS: [u64; 3] = [40, 8, 4];
/// Values that are looked at.
const STEPS: u64 = 600_000;
/// Macros inside one another.
const DEPTH: usize = 24;

/// Where a template makes more than any conversation needs, if it does.
pub(super) fn excess(statements: &[Stmt<'_>], bindings: &Bindings<'_, '_>) -> Option<Span> {
    let mut growth = Growth::default();
    growth.declare(statements);
    growth.run(statements);
    if growth.steps > STEPS {
        bindings.exhaust();
    }
    growth.found
}

/// A template that is being followed.
#[derive(Debug, Default)]
struct Growth<'t, 's> {
    macros: FxHashMap<&'s str, &'t Macro<'s>>,
    /// Macros that are being followed.
    open: Vec<&'s str>,
    values: Values,
    /// What a filter without a value filters.
    block: Amount,
    loops: usize,
    steps: u64,
    found: Option<Span>,
}

impl<'t, 's> Growth<'t, 's> {
    fn declare(&mut self, statements: &'t [Stmt<'s>]) {
        for statement in statements {
            match statement {
                Stmt::Macro(it) => {
                    self.macros.insert(it.name, it);
                    self.declare(&it.body);
                }
                Stmt::ForLoop(it) => self.declare(&it.body),
                Stmt::WithBlock(it) => self.declare(&it.body),
                Stmt::Block(it) => self.declare(&it.body),
                Stmt::IfCond(it) => {
                    self.declare(&it.true_body);
                    self.declare(&it.false_body);
                }
                _ => {}
            }
        }
    }

    /// Counts a step; whether there is anything more to find.
    fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_add(1);
        self.steps <= STEPS && self.found.is_none()
    }

    fn check(&mut self, length: u64, span: Span) {
        if length > MOST && self.found.is_none() {
            self.found = Some(span);
        }
    }

    /// Follows one of two ways, of which either may be taken.
    fn either<T>(
        &mut self,
        one: impl FnOnce(&mut Self) -> T,
        other: impl FnOnce(&mut Self) -> T,
    ) -> (T, T) {
        let start = self.values.now();
        let first = one(self);
        let changed = self.values.changed(start);
        let mut after: Vec<(usize, Option<Amount>)> = Vec::with_capacity(changed.len());
        for (number, before) in changed {
            after.push((number, self.values.value(number)));
            self.values.set_number(number, before);
        }
        let middle = self.values.now();
        let second = other(self);
        for (number, before) in self.values.changed(middle) {
            self.values.join(number, before);
        }
        for (number, value) in after {
            self.values.join(number, value);
        }
        (first, second)
    }

    /// Follows statements. Returns the length of what they put out.
    fn run(&mut self, statements: &'t [Stmt<'s>]) -> u64 {
        let mut length: u64 = 0;
        for statement in statements {
            if !self.step() {
                break;
            }
            length = length.saturating_add(self.statement(statement));
        }
        length
    }

    fn statement(&mut self, statement: &'t Stmt<'s>) -> u64 {
        match statement {
            Stmt::Template(it) => self.run(&it.children),
            Stmt::EmitRaw(it) => wide(it.raw.len()),
            Stmt::EmitExpr(it) => {
                let length = eval(self, &it.expr).length;
                self.check(length, it.expr.span());
                length
            }
            Stmt::ForLoop(it) => self.repeat(it),
            Stmt::IfCond(it) => {
                eval(self, &it.expr);
                let (one, other) = self.either(
                    |growth| growth.run(&it.true_body),
                    |growth| growth.run(&it.false_body),
                );
                one.max(other)
            }
            Stmt::WithBlock(it) => {
                for (target, value) in &it.assignments {
                    self.assign(target, value);
                }
                self.run(&it.body)
            }
            Stmt::Set(it) => {
                self.assign(&it.target, &it.expr);
                0
            }
            Stmt::SetBlock(it) => {
                let text = Amount::text(self.run(&it.body));
                let text = self.filtered_block(it.filter.as_ref(), text);
                self.bind(&it.target, text);
                0
            }
            Stmt::FilterBlock(it) => {
                let text = Amount::text(self.run(&it.body));
                self.filtered_block(Some(&it.filter), text).length
            }
            Stmt::AutoEscape(it) => self.run(&it.body),
            Stmt::Block(it) => self.run(&it.body),
            Stmt::CallBlock(it) => {
                let inner = Amount::text(self.run(&it.macro_decl.body));
                let before = self.values.get("caller()");
                self.values.set("caller()", Some(inner));
                let made = call(self, &it.call);
                self.values.set("caller()", before);
                made.length
            }
            Stmt::Do(it) => {
                call(self, &it.call);
                0
            }
            _ => 0,
        }
    }

    fn filtered_block(&mut self, filter: Option<&'t Expr<'s>>, text: Amount) -> Amount {
        let Some(filter) = filter else { return text };
        let around = std::mem::replace(&mut self.block, text);
        let made = eval(self, filter);
        self.block = around;
        self.check(made.length, filter.span());
        made
    }

    /// A loop: as often as it says, or as is needed to see what grows how.
    fn repeat(&mut self, of: &'t ForLoop<'s>) -> u64 {
        let iter = eval(self, &of.iter);
        self.check(iter.length, of.iter.span());
        if of.recursive && calls_itself(of) {
            self.found.get_or_insert(of.iter.span());
        }
        let most = ROUNDS.get(self.loops).or(ROUNDS.last()).copied();
        let most = most.unwrap_or(1);
        let all = iter.items.unwrap_or(most);
        let rounds = all.min(most);
        self.loops = self.loops.saturating_add(1);
        let start = self.values.now();
        let (mut length, mut half) = (0_u64, None);
        for round in 0..rounds {
            if !self.step() {
                break;
            }
            if round == rounds / 2 {
                half = Some((self.values.now(), length));
            }
            let before = self.values.now();
            self.bind(&of.target, iter.element());
            let made = self.run(&of.body);
            length = length.saturating_add(made);
            self.check(length, of.iter.span());
            let is_settled = self
                .values
                .changed(before)
                .iter()
                .all(|(number, before)| self.values.value(*number) == *before);
            if is_settled {
                let rest = all.saturating_sub(round).saturating_sub(1);
                length = length.saturating_add(made.saturating_mul(rest));
                half = None;
                break;
            }
        }
        self.loops = self.loops.saturating_sub(1);
        if let Some((half, shorter)) = half.filter(|_| all > rounds) {
            // What is longer by a part each time goes on so.
            let times = all.checked_div(rounds.max(1)).unwrap_or(0);
            for (number, before) in self.values.changed(half) {
                if let (Some(before), Some(now)) = (before, self.values.value(number)) {
                    self.values
                        .set_number(number, Some(now.extended(&before, times)));
                }
            }
            length = super::amount::extended(shorter, length, times);
        }
        self.check(length, of.iter.span());
        let largest = self.values.changed(start).into_keys();
        let largest = largest
            .filter_map(|it| self.values.value(it))
            .map(|it| it.length);
        let largest = largest.max().unwrap_or(0);
        self.check(largest, of.iter.span());
        let otherwise = self.run(&of.else_body);
        length.max(otherwise)
    }

    fn assign(&mut self, target: &'t Expr<'s>, value: &'t Expr<'s>) {
        let amount = eval(self, value);
        self.check(amount.length, value.span());
        self.bind(target, amount);
        let Expr::Var(target) = target else { return };
        self.name_object(target.id, value);
    }

    /// Attributes of an object that a name is given.
    fn name_object(&mut self, name: &str, value: &'t Expr<'s>) {
        self.values.forget_alias(name);
        match value {
            Expr::Var(it) if it.id != name => self.values.alias(name, it.id),
            Expr::Call(it) => {
                let makes =
                    matches!(&it.expr, Expr::Var(it) if it.id == "namespace" || it.id == "dict");
                for argument in it.args.iter().filter(|_| makes) {
                    if let CallArg::Kwarg(key, value) = argument {
                        let amount = eval(self, value);
                        self.values.set(&format!("{name}.{key}"), Some(amount));
                    }
                }
            }
            Expr::Map(it) => {
                for (key, value) in it.keys.iter().zip(&it.values) {
                    if let Expr::Const(key) = key
                        && let Some(key) = text(key)
                    {
                        let amount = eval(self, value);
                        self.values.set(&format!("{name}.{key}"), Some(amount));
                    }
                }
            }
            _ => {}
        }
    }

    fn bind(&mut self, target: &'t Expr<'s>, amount: Amount) {
        match target {
            Expr::Var(it) => self.values.set(it.id, Some(amount)),
            Expr::GetAttr(it) => {
                if let Some(name) = self.values.attribute(&it.expr, it.name) {
                    self.values.set(&name, Some(amount));
                }
            }
            Expr::List(it) => {
                for item in &it.items {
                    self.bind(item, amount.element());
                }
            }
            Expr::Tuple(it) => {
                for item in &it.items {
                    self.bind(item, amount.element());
                }
            }
            _ => {}
        }
    }
}

fn eval<'t, 's>(growth: &mut Growth<'t, 's>, expression: &'t Expr<'s>) -> Amount {
    if !growth.step() {
        return Amount::DATA;
    }
    match expression {
        Expr::Const(it) => Amount::constant(&it.value),
        Expr::Var(it) => growth.values.get(it.id).unwrap_or(Amount::DATA),
        Expr::GetAttr(it) => {
            let known = growth.values.attribute(&it.expr, it.name);
            let known = known.and_then(|name| growth.values.get(&name));
            known.unwrap_or_else(|| eval(growth, &it.expr).element())
        }
        Expr::GetItem(it) => {
            let key = match &it.subscript_expr {
                Expr::Const(key) => text(key),
                _ => None,
            };
            let known = key.and_then(|key| growth.values.attribute(&it.expr, key));
            let known = known.and_then(|name| growth.values.get(&name));
            known.unwrap_or_else(|| eval(growth, &it.expr).element())
        }
        Expr::Slice(it) => {
            let whole = eval(growth, &it.expr);
            let end = it.stop.as_ref().filter(|_| it.start.is_none());
            let end = end.and_then(|end| match end {
                Expr::Const(end) => u64::try_from(end.value.clone()).ok(),
                _ => None,
            });
            whole.cut(end)
        }
        Expr::UnaryOp(it) => eval(growth, &it.expr),
        Expr::BinOp(it) => operation(growth, it),
        Expr::IfExpr(it) => {
            eval(growth, &it.test_expr);
            let one = eval(growth, &it.true_expr);
            let other = it.false_expr.as_ref().map(|it| eval(growth, it));
            other.map_or(one, |other| one.or(other))
        }
        Expr::Filter(it) => filter(growth, it),
        Expr::Compare(_) | Expr::Test(_) => Amount::SMALL,
        Expr::Call(it) => call(growth, it),
        Expr::List(it) => list(growth, &it.items),
        Expr::Tuple(it) => list(growth, &it.items),
        Expr::Map(it) => {
            let keys = list(growth, &it.keys);
            keys.and(list(growth, &it.values))
        }
    }
}

fn list<'t, 's>(growth: &mut Growth<'t, 's>, items: &'t [Expr<'s>]) -> Amount {
    let mut all = Amount::empty_list();
    for item in items {
        all = all.with(eval(growth, item));
    }
    all
}

fn operation<'t, 's>(growth: &mut Growth<'t, 's>, of: &'t BinOp<'s>) -> Amount {
    let (left, right) = (eval(growth, &of.left), eval(growth, &of.right));
    match of.op {
        BinOpKind::Add => left.plus(right),
        BinOpKind::Concat => Amount::text(left.shown().saturating_add(right.shown())),
        BinOpKind::Mul => left.times(right),
        BinOpKind::Pow => left.power(right),
        BinOpKind::Rem if left.number.is_none() => match &of.left {
            Expr::Const(it) => {
                let format = text(it).unwrap_or_default();
                format_of(format, right)
            }
            _ => Amount::text(left.length.saturating_add(right.shown())),
        },
        BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem => left,
        BinOpKind::ScAnd | BinOpKind::ScOr => left.or(right),
        _ => Amount::SMALL,
    }
}

fn arguments<'t, 's>(growth: &mut Growth<'t, 's>, arguments: &'t [CallArg<'s>]) -> Vec<Amount> {
    let values = arguments.iter().map(argument_value);
    values.map(|it| eval(growth, it)).collect()
}

fn filter<'t, 's>(growth: &mut Growth<'t, 's>, of: &'t Filter<'s>) -> Amount {
    let value = match &of.expr {
        Some(value) => eval(growth, value),
        None => growth.block,
    };
    let arguments = arguments(growth, &of.args);
    let given = of.args.iter().map(argument_value).collect::<Vec<_>>();
    // `map('replace', ...)` does with each element what the filter does.
    let (name, arguments, given) = match (of.name, given.first()) {
        ("map", Some(Expr::Const(name))) => (
            text(name).unwrap_or("map"),
            arguments.get(1..).unwrap_or_default(),
            given.get(1..).unwrap_or_default(),
        ),
        _ => (of.name, arguments.as_slice(), given.as_slice()),
    };
    done(name, value, arguments, given)
}

fn call<'t, 's>(growth: &mut Growth<'t, 's>, of: &'t Call<'s>) -> Amount {
    match &of.expr {
        Expr::Var(it) if it.id == "range" => {
            let arguments = arguments(growth, &of.args);
            let numbers = arguments.iter().filter_map(|it| it.number);
            Amount::range(numbers.max().map(|most| most.min(sizes::RANGE)))
        }
        Expr::Var(it) if it.id == "caller" => growth.values.get("caller()").unwrap_or(Amount::DATA),
        Expr::Var(it) => {
            if let Some(named) = growth.macros.get(it.id).copied() {
                return follow(growth, named, &of.args);
            }
            let arguments = arguments(growth, &of.args);
            let all = arguments.into_iter().fold(Amount::SMALL, Amount::and);
            all.or(Amount::DATA)
        }
        Expr::GetAttr(method) => {
            let arguments = arguments(growth, &of.args);
            let value = eval(growth, &method.expr);
            let given: Vec<_> = of.args.iter().map(argument_value).collect();
            if matches!(
                method.name,
                "append" | "extend" | "insert" | "update" | "setdefault"
            ) {
                let added = arguments
                    .iter()
                    .copied()
                    .fold(value, |all, one| match method.name {
                        "extend" | "update" => all.and(one),
                        _ => all.with(one),
                    });
                growth.check(added.length, of.expr.span());
                growth.bind(&method.expr, added);
                return arguments.last().copied().unwrap_or(Amount::SMALL);
            }
            match (&method.expr, method.name) {
                (Expr::Const(format), "format") => {
                    let all = arguments.into_iter().fold(Amount::SMALL, Amount::and);
                    format_of(text(format).unwrap_or_default(), all)
                }
                // A separator joins what it is given.
                (_, "join") => {
                    let list = arguments.first().copied().unwrap_or(Amount::DATA);
                    list.joined(value)
                }
                _ => done(method.name, value, &arguments, &given),
            }
        }
        other => {
            eval(growth, other);
            let arguments = arguments(growth, &of.args);
            arguments.into_iter().fold(Amount::DATA, Amount::or)
        }
    }
}

/// A macro, with what it is given.
fn follow<'t, 's>(
    growth: &mut Growth<'t, 's>,
    named: &'t Macro<'s>,
    arguments: &'t [CallArg<'s>],
) -> Amount {
    let is_open = growth.open.contains(&named.name);
    let given: Vec<(&str, &'t Expr<'s>)> = arguments
        .iter()
        .enumerate()
        .filter_map(|(at, argument)| match argument {
            CallArg::Kwarg(name, value) => Some((*name, value)),
            CallArg::Pos(value) => match named.args.get(at) {
                Some(Expr::Var(name)) => Some((name.id, value)),
                _ => None,
            },
            CallArg::PosSplat(_) | CallArg::KwargSplat(_) => None,
        })
        .collect();
    let values: Vec<Amount> = given.iter().map(|(_, value)| eval(growth, value)).collect();
    // How often macros call one another is counted elsewhere.
    if is_open || growth.open.len() >= DEPTH {
        return values.into_iter().fold(Amount::DATA, Amount::or);
    }
    let defaults = named.args.iter().rev().zip(named.defaults.iter().rev());
    let mut before = Vec::new();
    for (parameter, default) in defaults {
        if let Expr::Var(name) = parameter {
            before.push((name.id, growth.values.get(name.id)));
            let amount = eval(growth, default);
            growth.values.set(name.id, Some(amount));
        }
    }
    for ((name, value), amount) in given.into_iter().zip(values) {
        before.push((name, growth.values.get(name)));
        growth.values.set(name, Some(amount));
        growth.name_object(name, value);
    }
    growth.open.push(named.name);
    let length = growth.run(&named.body);
    growth.open.pop();
    for (name, amount) in before.into_iter().rev() {
        growth.values.set(name, amount);
        growth.values.forget_alias(name);
    }
    Amount::text(length)
}

/// What a format makes of values: each field may be all of them.
fn format_of(format: &str, values: Amount) -> Amount {
    let fields = format.matches(['%', '{']).count();
    let fields = wide(fields.max(1));
    let named = format.contains("%(") || format.contains('{');
    // A field without a name takes a value of its own.
    let times = if named { fields } else { 1 };
    let made = values.shown().saturating_mul(times);
    Amount::text(made.saturating_add(wide(format.len())))
}

/// What a filter or a method makes of a value.
fn done(name: &str, value: Amount, arguments: &[Amount], given: &[&Expr<'_>]) -> Amount {
    let argument = |at: usize| arguments.get(at).copied();
    let constant = |at: usize| match given.get(at) {
        Some(Expr::Const(it)) => text(it),
        _ => None,
    };
    let width = arguments.iter().filter_map(|it| it.number).max();
    match name {
        "replace" => {
            let new = argument(1).unwrap_or(Amount::SMALL);
            let old = constant(0).map_or(1, |old| wide(old.len()));
            // A value of the data takes the place of few.
            if new == Amount::DATA {
                Amount::text(value.length.saturating_add(new.length))
            } else {
                value.replaced(old, new.length)
            }
        }
        "join" => value.joined(argument(0).unwrap_or(Amount::EMPTY)),
        "tojson" | "pprint" => Amount::text(value.length.saturating_mul(2).saturating_add(2)),
        "string" => Amount::text(value.shown()),
        "escape" | "e" | "forceescape" | "urlencode" | "xmlattr" | "indent" => {
            Amount::text(value.length.saturating_add(Amount::DATA.length))
        }
        "center" | "ljust" | "rjust" | "zfill" | "expandtabs" => {
            Amount::text(value.length.max(width.unwrap_or(0)))
        }
        "format" => Amount::text(
            arguments
                .iter()
                .fold(value.length, |all, it| all.saturating_add(it.shown())),
        ),
        "length" | "count" | "find" | "index" | "wordcount" | "startswith" | "endswith" => {
            Amount::SMALL
        }
        "int" | "float" | "round" | "abs" => Amount::of_number(value.number),
        "default" | "d" | "get" | "pop" => {
            arguments.iter().copied().fold(value.element(), Amount::or)
        }
        "first" | "last" | "min" | "max" | "random" | "attr" => value.element(),
        "list" | "split" | "rsplit" | "splitlines" | "batch" | "slice" => value.split(width),
        "sum" => arguments.iter().copied().fold(value, Amount::and),
        _ => value,
    }
}

/// Whether a recursive loop goes into what is no part of the item that it is at, or twice into the item itself.
fn calls_itself(of: &ForLoop<'_>) -> bool {
    let mut calls = Vec::new();
    super::tree::walk(&of.body, &mut LoopCalls(&mut calls));
    let of_parts = |it: &&&Expr<'_>| !matches!(it, Expr::GetAttr(_) | Expr::GetItem(_));
    let others: Vec<_> = calls.iter().filter(of_parts).collect();
    let makes = others.iter().any(|it| {
        matches!(
            it,
            Expr::List(_) | Expr::Tuple(_) | Expr::Call(_) | Expr::BinOp(_) | Expr::Const(_)
        )
    });
    makes || others.len() > 1
}

/// What `loop` is called with.
struct LoopCalls<'c, 't, 's>(&'c mut Vec<&'t Expr<'s>>);

impl<'t, 's> super::tree::Visitor<'t, 's> for LoopCalls<'_, 't, 's> {
    fn call(&mut self, call: &'t Call<'s>, _: Span) {
        if matches!(&call.expr, Expr::Var(it) if it.id == "loop") {
            self.0.extend(call.args.iter().map(argument_value));
        }
    }
}
