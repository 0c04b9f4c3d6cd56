//! The arguments of a call, with displays splatted and what `functools.partial` bound.

use std::ops::Range;

use super::{
    excerpt::brief,
    parse::{Expr, Ranged, ast, range},
    resolve::Resolver,
    scope::{Meaning, ScopeId},
};
use crate::fact::{Constant, PyArgument, SlotPrefix, Text};

/// Arguments kept of one call.
const KEPT: usize = 64;
/// How many dicts are splatted into one another.
const SPLATS: usize = 8;

/// The arguments of a call, and where in the source each stands if it stands in the call.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) list: Vec<PyArgument>,
    pub(super) ranges: Vec<Option<Range<usize>>>,
    /// Whether that is the argument as the call has it, not an item of something it unpacks.
    pub(super) own: Vec<bool>,
    pub(super) star_args: bool,
    pub(super) star_kwargs: bool,
}

impl Arguments {
    /// Adds the arguments of `call` after the first `skip` positional ones. `text` is the source of the unit in
    /// which the call stands, or `None` where they were bound elsewhere.
    pub(super) fn add<'a>(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        call: &'a ast::Arguments,
        skip: usize,
        scope: ScopeId,
        text: Option<&str>,
    ) {
        for argument in call.args.iter().skip(skip) {
            match argument {
                Expr::Starred(starred) => match &*starred.value {
                    Expr::Tuple(ast::ExprTuple { elts, .. })
                    | Expr::List(ast::ExprList { elts, .. })
                        if !elts.iter().any(Expr::is_starred_expr) =>
                    {
                        for element in elts {
                            self.push(None, resolver, element, scope, text);
                        }
                    }
                    _ => self.star_args = true,
                },
                _ => self.push_own(None, resolver, argument, scope, text),
            }
        }
        for keyword in &call.keywords {
            match &keyword.arg {
                Some(name) => {
                    let before = self.list.len();
                    self.push_own(Some(name.as_str()), resolver, &keyword.value, scope, text);
                    // The mark covers the keyword too.
                    if let Some(Some(at)) = self.ranges.get_mut(before) {
                        *at = range(keyword.range());
                    }
                }
                None => self.splat(resolver, &keyword.value, scope, text, 0),
            }
        }
    }

    /// Adds an argument that stands in the call as such.
    fn push_own<'a>(
        &mut self,
        name: Option<&str>,
        resolver: &Resolver<'_, 'a>,
        value: &'a Expr,
        scope: ScopeId,
        text: Option<&str>,
    ) {
        let before = self.list.len();
        self.push(name, resolver, value, scope, text);
        if let Some(own) = self.own.get_mut(before) {
            *own = text.is_some();
        }
    }

    fn push<'a>(
        &mut self,
        name: Option<&str>,
        resolver: &Resolver<'_, 'a>,
        value: &'a Expr,
        scope: ScopeId,
        text: Option<&str>,
    ) {
        if name.is_none() && self.star_args {
            return;
        }
        if self.list.len() >= KEPT {
            (self.star_args, self.star_kwargs) = (true, true);
            return;
        }
        let at = range(value.range());
        let source = text.and_then(|text| text.get(at.clone()));
        let constant = resolver.constant(value, scope);
        self.list.push(PyArgument {
            name: name.map(Text::from),
            value: constant,
            written: source.map(brief),
            span: None,
            inherited: text.is_none(),
        });
        self.ranges.push(source.map(|_| at));
        self.own.push(false);
    }

    /// Adds a keyword from a dict. Two dicts that may stand for one name and disagree make the value unknown.
    fn set<'a>(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        key: &str,
        value: &'a Expr,
        scope: ScopeId,
        text: Option<&str>,
    ) {
        let known = self
            .list
            .iter_mut()
            .find(|argument| argument.name.as_ref().is_some_and(|name| *name == key));
        if let Some(known) = known {
            if known.value != resolver.constant(value, scope) {
                known.value = Constant::Unknown;
            }
            return;
        }
        self.push(Some(key), resolver, value, scope, text);
        if let Some(argument) = self.list.last_mut() {
            argument.inherited = false;
        }
    }

    /// `**expr`. `text` where the expression stands in the call itself.
    fn splat<'a>(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        expr: &'a Expr,
        scope: ScopeId,
        text: Option<&str>,
        depth: usize,
    ) {
        if depth > SPLATS || self.list.len() >= KEPT {
            self.star_kwargs = true;
            return;
        }
        match expr {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    let Some(key) = &item.key else {
                        self.splat(resolver, &item.value, scope, text, depth.saturating_add(1));
                        continue;
                    };
                    self.item(resolver, key, &item.value, scope, text);
                }
            }
            Expr::Call(call)
                if resolver
                    .paths(&call.func, scope)
                    .iter()
                    .any(|p| p == "builtins.dict") =>
            {
                self.update(resolver, &call.arguments, scope, text, depth);
            }
            Expr::BinOp(union) if union.op == ast::Operator::BitOr => {
                self.splat(resolver, &union.left, scope, text, depth.saturating_add(1));
                self.splat(resolver, &union.right, scope, text, depth.saturating_add(1));
            }
            Expr::If(either) => {
                self.splat(resolver, &either.body, scope, text, depth.saturating_add(1));
                self.splat(
                    resolver,
                    &either.orelse,
                    scope,
                    text,
                    depth.saturating_add(1),
                );
            }
            Expr::Name(name) => self.splat_name(resolver, name.id.as_str(), scope, depth),
            _ => self.star_kwargs = true,
        }
    }

    fn splat_name<'a>(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        name: &'a str,
        scope: ScopeId,
        depth: usize,
    ) {
        let Some((owner, meanings)) = resolver.names.module.lookup(name, scope) else {
            self.star_kwargs = true;
            return;
        };
        for meaning in meanings.iter().take(KEPT) {
            match meaning {
                Meaning::Value(value, at) => {
                    self.splat(resolver, value, *at, None, depth.saturating_add(1));
                }
                _ => self.star_kwargs = true,
            }
        }
        self.star_kwargs |= meanings.len() > KEPT;
        let changes = resolver
            .names
            .module
            .changes
            .get(name)
            .map_or(&[][..], Vec::as_slice);
        self.star_kwargs |= changes.len() > KEPT;
        for change in changes.iter().take(KEPT) {
            let found = resolver.names.module.lookup(name, change.scope);
            if found.is_none_or(|(other, _)| other != owner) {
                continue;
            }
            match (change.item, change.update) {
                (Some((key, value)), _) => self.item(resolver, key, value, change.scope, None),
                (None, Some(arguments)) => {
                    self.update(resolver, arguments, change.scope, None, depth);
                }
                (None, None) => self.star_kwargs = true,
            }
        }
    }

    fn item<'a>(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        key: &'a Expr,
        value: &'a Expr,
        scope: ScopeId,
        text: Option<&str>,
    ) {
        match resolver.constant(key, scope) {
            Constant::Str(key) if key.as_str().is_some() => {
                self.set(
                    resolver,
                    key.as_str().unwrap_or_default(),
                    value,
                    scope,
                    text,
                );
            }
            _ => self.star_kwargs = true,
        }
    }

    /// `dict(other, key=value)`, `kwargs.update(other, key=value)`.
    fn update<'a>(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        arguments: &'a ast::Arguments,
        scope: ScopeId,
        text: Option<&str>,
        depth: usize,
    ) {
        for other in &arguments.args {
            self.splat(resolver, other, scope, text, depth.saturating_add(1));
        }
        for keyword in &arguments.keywords {
            match &keyword.arg {
                Some(name) => self.set(resolver, name.as_str(), &keyword.value, scope, text),
                None => self.splat(
                    resolver,
                    &keyword.value,
                    scope,
                    text,
                    depth.saturating_add(1),
                ),
            }
        }
    }
}

/// The offset at which another keyword can be written in a call, and what stands before it. `None` where it could not: the
/// call is broken off, or its one argument is a generator without parentheses of its own.
pub(super) fn slot(text: &str, call: &ast::Arguments) -> Option<(usize, SlotPrefix)> {
    let all = range(call.range());
    let close = all.end.checked_sub(1)?;
    if !text.get(all.clone())?.starts_with('(') || !text.get(close..)?.starts_with(')') {
        return None;
    }
    if call.args.iter().any(Expr::is_generator_expr) {
        return None;
    }
    let ends = call.args.iter().map(|argument| range(argument.range()).end);
    let keywords = call
        .keywords
        .iter()
        .map(|keyword| range(keyword.range()).end);
    let Some(last) = ends.chain(keywords).max() else {
        return Some((all.start.saturating_add(1), SlotPrefix::Nothing));
    };
    // Between the last argument and the end stand its own closing parentheses, one comma at most, and comments.
    let (mut at, mut after, mut comment) = (last, SlotPrefix::Argument, false);
    for (offset, c) in text.get(last..close)?.char_indices() {
        let next = last.saturating_add(offset).saturating_add(1);
        match c {
            '\n' | '\r' => comment = false,
            _ if comment => {}
            '#' => comment = true,
            ',' => (at, after) = (next, SlotPrefix::Comma),
            ')' => at = next,
            _ => {}
        }
    }
    Some((at, after))
}
