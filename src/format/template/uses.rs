//! What a template looks up, calls and loads, and what it may cost.

use std::ops::Range;

use indexmap::IndexMap;
use minijinja::machinery::{
    Span,
    ast::{BinOpKind, Call, CallArg, Expr, Filter, ForLoop, Stmt},
};

use super::{
    answers::Key,
    bindings::{Bindings, Bound},
    growth,
    keys::{Keys, text},
    names,
    rounds::Rounds,
    sizes,
    tree::{Visitor, argument_value, children},
};
use crate::{
    bytes::narrow,
    fact::{Short, TemplateName, TemplateUse, Text},
    limits,
};

/// Collects what a template uses, each with where it is first and how often.
#[derive(Debug)]
pub(super) struct Uses<'b, 't, 's> {
    source: &'s str,
    bindings: &'b Bindings<'t, 's>,
    pub(super) keys: Keys<'b, 't, 's>,
    /// How often what stands here is at most repeated by loops around it, for each loop.
    repeated: Vec<u64>,
    rounds: Rounds<'b, 't, 's>,
    /// Whether a call of macros was told that takes any number of rounds: others around it would say the same.
    has_told_rounds: bool,
    pub(super) found: IndexMap<TemplateUse, (Range<usize>, u64)>,
}

impl<'b, 't, 's> Uses<'b, 't, 's> {
    pub(super) fn new(
        source: &'s str,
        bindings: &'b Bindings<'t, 's>,
        rounds: Rounds<'b, 't, 's>,
    ) -> Self {
        Self {
            source,
            bindings,
            keys: Keys::new(bindings),
            repeated: Vec::new(),
            rounds,
            has_told_rounds: false,
            found: IndexMap::new(),
        }
    }

    /// Whether what the template makes has no sensible bound, unless that was said of a part of it.
    pub(super) fn check_growth(&mut self, statements: &'t [Stmt<'s>]) {
        let is_told = |what: &TemplateUse| matches!(what, TemplateUse::Endless(_));
        if self.found.keys().any(is_told) {
            return;
        }
        if let Some(span) = growth::excess(statements, self.bindings) {
            self.add_shown(TemplateUse::Endless, span);
        }
    }

    fn add(&mut self, what: TemplateUse, at: Range<usize>) {
        let (_, count) = self.found.entry(what).or_insert((at, 0));
        *count = count.saturating_add(1);
    }

    fn shown(&self, span: Span) -> Short {
        Short::from(self.source.get(range(span)).unwrap_or_default().trim())
    }

    fn add_shown(&mut self, what: fn(Short) -> TemplateUse, span: Span) {
        self.add(what(self.shown(span)), range(span));
    }

    fn unknown(&mut self, kind: TemplateName, name: &str, span: Span) {
        let name = Text::from(name);
        self.add(TemplateUse::Unknown { kind, name }, range(span));
    }

    /// A name that stands last in a span.
    fn name(&mut self, name: &str, span: Span) {
        if names::is_internal(name) {
            let end = range(span).end;
            let at = end.saturating_sub(name.len())..end;
            self.add(TemplateUse::Internal(Text::from(name)), at);
        }
    }

    fn internal(&mut self, name: &str, span: Span) {
        self.add(TemplateUse::Internal(Text::from(name)), range(span));
    }

    /// What is looked up by the value of an expression.
    fn key(&mut self, key: &Expr<'_>) {
        match self.keys.of(key) {
            Key::Plain => {}
            Key::Internal(name) => self.internal(&name, key.span()),
            Key::Computed => self.add_shown(TemplateUse::Computed, key.span()),
        }
    }

    /// A path of attributes, as filters take it.
    fn path(&mut self, path: &Expr<'_>) {
        match path {
            Expr::Const(it) => {
                if let Some(name) = text(it).and_then(names::internal_part) {
                    self.internal(name, path.span());
                }
            }
            _ => match self.keys.of(path) {
                Key::Plain if !is_joined(path) => {}
                Key::Internal(name) => self.internal(&name, path.span()),
                Key::Plain | Key::Computed => self.add_shown(TemplateUse::Computed, path.span()),
            },
        }
    }

    fn filter(&mut self, filter: &Filter<'_>, span: Span) {
        if !names::FILTERS.contains(&filter.name) && filter.name != "attr" {
            self.unknown(TemplateName::Filter, filter.name, span);
        }
        if filter.name == "format" && filter.expr.as_ref().is_some_and(is_wide_format) {
            self.add_shown(TemplateUse::Endless, span);
        }
        self.filtered(filter.name, &filter.args, span);
    }

    /// What a filter looks up by its arguments.
    fn filtered(&mut self, name: &str, arguments: &[CallArg<'_>], span: Span) {
        if name == "attr" {
            match arguments {
                [CallArg::Pos(name)] => self.path(name),
                _ => self.add_shown(TemplateUse::Computed, span),
            }
            return;
        }
        let by_position: &[usize] = match name {
            "selectattr" | "rejectattr" | "groupby" | "sum" => &[0],
            "join" | "min" | "max" | "unique" => &[1],
            "sort" => &[2],
            _ => &[],
        };
        for (at, argument) in arguments.iter().enumerate() {
            let value = argument_value(argument);
            match argument {
                CallArg::Kwarg("attribute", _) => self.path(value),
                CallArg::Pos(_) if by_position.contains(&at) => self.path(value),
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    self.add_shown(TemplateUse::Computed, span);
                }
                _ => {}
            }
        }
        match name {
            "map" | "select" | "reject" => self.applied(name, arguments, span),
            "selectattr" | "rejectattr" => {
                self.applied(name, arguments.get(1..).unwrap_or_default(), span);
            }
            _ => {}
        }
    }

    /// A filter or a test that another filter applies, by its name in the first of some arguments; the others are its own.
    fn applied(&mut self, by: &str, arguments: &[CallArg<'_>], span: Span) {
        let Some((CallArg::Pos(name), rest)) = arguments.split_first() else {
            return;
        };
        let Expr::Const(it) = name else {
            return self.add_shown(TemplateUse::Computed, name.span());
        };
        let Some(applied) = text(it) else { return };
        if by != "map" {
            if !names::TESTS.contains(&applied) && !is_operator(applied) {
                self.unknown(TemplateName::Test, applied, name.span());
            }
        } else if names::FILTERS.contains(&applied) || applied == "attr" {
            self.filtered(applied, rest, span);
        } else {
            self.unknown(TemplateName::Filter, applied, name.span());
        }
    }

    /// Whether a value is a macro or a function wherever it comes from. `open` are the names that are being followed.
    fn is_callable(&self, callee: &Expr<'_>, open: &mut Vec<String>) -> bool {
        if !self.bindings.step() {
            return false;
        }
        match callee {
            Expr::Var(it) => {
                let bound = self.bindings.of_variable(it.id);
                if bound.is_empty() {
                    return names::FUNCTIONS.contains(&it.id);
                }
                follow(it.id, open, |open| {
                    bound.iter().all(|bound| match bound {
                        Bound::Macro => true,
                        Bound::Value(value) => self.is_callable(value, open),
                        Bound::Element(of) => self.holds_callables(of, open),
                        Bound::Holder(_) | Bound::Text => false,
                    })
                })
            }
            Expr::GetItem(it) => self.holds_callables(&it.expr, open),
            Expr::GetAttr(it) => {
                let bound = self.bindings.of_attribute(it.name);
                !bound.is_empty()
                    && follow(&format!(".{}", it.name), open, |open| {
                        bound.iter().all(|bound| {
                            matches!(bound, Bound::Value(value) if self.is_callable(value, open))
                        })
                    })
            }
            _ => false,
        }
    }

    fn holds_callables(&self, list: &Expr<'_>, open: &mut Vec<String>) -> bool {
        if !self.bindings.step() {
            return false;
        }
        match list {
            Expr::List(it) => it.items.iter().all(|it| self.is_callable(it, open)),
            Expr::Tuple(it) => it.items.iter().all(|it| self.is_callable(it, open)),
            Expr::Map(it) => it.values.iter().all(|it| self.is_callable(it, open)),
            Expr::BinOp(it) => {
                self.holds_callables(&it.left, open) && self.holds_callables(&it.right, open)
            }
            Expr::Var(it) => {
                let bound = self.bindings.of_variable(it.id);
                !bound.is_empty()
                    && follow(it.id, open, |open| {
                        bound.iter().all(|bound| match bound {
                            Bound::Value(of) => self.holds_callables(of, open),
                            Bound::Holder(value) => self.is_callable(value, open),
                            _ => false,
                        })
                    })
            }
            _ => false,
        }
    }

    fn callee(&mut self, call: &Call<'_>, span: Span) {
        match &call.expr {
            Expr::Var(it) => {
                if self.is_callable(&call.expr, &mut Vec::new()) {
                    return;
                }
                if self.bindings.of_variable(it.id).is_empty() {
                    self.unknown(TemplateName::Function, it.id, span);
                } else {
                    self.add_shown(TemplateUse::CalledValue, span);
                }
            }
            Expr::GetAttr(it) => {
                let is_block = matches!(&it.expr, Expr::Var(of) if of.id == "self");
                let is_known = names::METHODS.contains(&it.name)
                    || is_block
                    || names::is_internal(it.name)
                    || self.is_callable(&call.expr, &mut Vec::new());
                if !is_known {
                    self.unknown(TemplateName::Method, it.name, span);
                }
                if matches!(it.name, "format" | "format_map") {
                    self.format(&it.expr);
                }
            }
            other => {
                if !self.is_callable(other, &mut Vec::new()) {
                    self.add_shown(TemplateUse::CalledValue, span);
                }
            }
        }
    }

    /// What the fields of a format string look up.
    fn format(&mut self, format: &Expr<'_>) {
        let span = format.span();
        match format {
            Expr::Const(it) => {
                let format = text(it).unwrap_or_default();
                if let Some(name) = names::internal_field(format) {
                    self.internal(name, span);
                }
                if sizes::has_wide_field(format) {
                    self.add_shown(TemplateUse::Endless, span);
                }
            }
            Expr::Var(it) => {
                let bound = self.bindings.of_variable(it.id).to_vec();
                for bound in bound {
                    match bound {
                        Bound::Value(value) if matches!(value, Expr::Const(_)) => {
                            self.format(value);
                        }
                        _ => self.add_shown(TemplateUse::Computed, span),
                    }
                }
            }
            _ => self.add_shown(TemplateUse::Computed, span),
        }
    }
}

impl<'t, 's> Visitor<'t, 's> for Uses<'_, 't, 's> {
    fn statement(&mut self, statement: &'t Stmt<'s>) {
        match statement {
            Stmt::Import(it) => self.add_shown(TemplateUse::Loads, it.expr.span()),
            Stmt::FromImport(it) => self.add_shown(TemplateUse::Loads, it.expr.span()),
            Stmt::Extends(it) => self.add_shown(TemplateUse::Loads, it.name.span()),
            Stmt::Include(it) => self.add_shown(TemplateUse::Loads, it.name.span()),
            // A macro says its own name and those of its parameters.
            Stmt::Macro(it) => {
                if names::is_internal(it.name) {
                    self.internal(it.name, it.span());
                }
                for parameter in &it.args {
                    if let Expr::Var(name) = parameter {
                        self.name(name.id, name.span());
                    }
                }
            }
            Stmt::Set(it) => {
                if !self.repeated.is_empty() && sizes::doubles(&it.target, &it.expr) {
                    self.add_shown(TemplateUse::Endless, it.expr.span());
                }
                if let Expr::GetAttr(target) = &it.target {
                    self.name(target.name, target.span());
                }
            }
            _ => {}
        }
    }

    fn expression(&mut self, expression: &'t Expr<'s>) {
        match expression {
            Expr::GetAttr(it) => self.name(it.name, it.span()),
            Expr::GetItem(it) => self.key(&it.subscript_expr),
            Expr::Filter(it) => self.filter(it, it.span()),
            Expr::Test(it) if !names::TESTS.contains(&it.name) => {
                self.unknown(TemplateName::Test, it.name, it.span());
            }
            Expr::BinOp(it) => {
                let is_wide = matches!(it.op, BinOpKind::Rem) && is_wide_format(&it.left);
                if is_wide || sizes::is_large(it, self.bindings) {
                    self.add_shown(TemplateUse::Endless, it.span());
                }
            }
            _ => {}
        }
        let arguments = match expression {
            Expr::Filter(it) => it.args.as_slice(),
            _ => &[],
        };
        if sizes::is_any_large(arguments, self.bindings) {
            self.add_shown(TemplateUse::Endless, expression.span());
        }
    }

    fn call(&mut self, call: &'t Call<'s>, span: Span) {
        self.callee(call, span);
        if let Expr::GetAttr(method) = &call.expr
            && matches!(method.name, "get" | "pop" | "setdefault")
            && let Some(CallArg::Pos(name)) = call.args.first()
            && let Expr::Const(name) = name
            && let Some(internal) = text(name).filter(|name| names::is_internal(name))
        {
            self.internal(internal, span);
        }
        let is_range = matches!(&call.expr, Expr::Var(callee) if callee.id == "range");
        let is_large = if is_range {
            let steps = call.args.iter().map(argument_value);
            steps
                .filter_map(|it| sizes::most(it, self.bindings))
                .any(|most| most > sizes::RANGE)
        } else {
            !matches!(&call.expr, Expr::Var(callee) if matches!(callee.id, "namespace" | "dict"))
                && sizes::is_any_large(&call.args, self.bindings)
        };
        let repeated = self.repeated.last().copied().unwrap_or(1);
        let is_long = !self.has_told_rounds
            && repeated.saturating_mul(self.rounds.of(call)) > sizes::REPEATED;
        self.has_told_rounds |= is_long;
        if is_large || is_long {
            self.add_shown(TemplateUse::Endless, span);
        }
    }

    fn enter_loop(&mut self, of: &'t ForLoop<'s>) {
        let outer = self.repeated.last().copied().unwrap_or(1);
        let inner = sizes::times(&of.iter, self.bindings).unwrap_or(1).max(1);
        let repeated = outer.saturating_mul(inner);
        if repeated > sizes::REPEATED && outer <= sizes::REPEATED {
            self.add_shown(TemplateUse::Endless, of.iter.span());
        }
        self.repeated.push(repeated);
    }

    fn leave_loop(&mut self) {
        self.repeated.pop();
    }
}

/// Follows a name to what it stands for; one that stands for itself adds nothing.
fn follow(name: &str, open: &mut Vec<String>, all: impl FnOnce(&mut Vec<String>) -> bool) -> bool {
    if open.iter().any(|open| open == name) {
        return true;
    }
    if open.len() >= limits::TEMPLATE_NAMES {
        return false;
    }
    open.push(name.to_owned());
    let holds = all(open);
    open.pop();
    holds
}

/// Whether a path may have a dot that no part of it shows.
fn is_joined(path: &Expr<'_>) -> bool {
    !matches!(path, Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_))
        && !children(path).is_empty()
}

fn is_operator(test: &str) -> bool {
    matches!(test, "==" | "!=" | "<" | "<=" | ">" | ">=")
}

fn is_wide_format(format: &Expr<'_>) -> bool {
    matches!(format, Expr::Const(it) if text(it).is_some_and(sizes::has_wide_field))
}

fn range(span: Span) -> Range<usize> {
    narrow(span.start_offset.into())..narrow(span.end_offset.into())
}
