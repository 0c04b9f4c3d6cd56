//! The values of expressions, as far as the source proves them.

use super::{
    names::Names,
    parse::{Expr, ast},
    scope::{Meaning, ScopeId},
};
use crate::fact::{Constant, Text};

/// Elements of a display that are kept as a constant.
const ELEMENTS: usize = 64;

/// Names and operators that are followed one after another.
const FOLLOWED: usize = 8;

/// Finds constants in a module.
pub(super) struct Constants<'r, 'm, 'a> {
    names: &'r Names<'m, 'a>,
    /// The qualified names that an expression may stand for.
    paths: Paths<'r, 'a>,
}

/// Says which qualified names an expression may stand for.
type Paths<'r, 'a> = &'r dyn Fn(&'a Expr, ScopeId) -> Vec<String>;

impl<'r, 'm, 'a> Constants<'r, 'm, 'a> {
    /// Of these names.
    pub(super) fn of(names: &'r Names<'m, 'a>, paths: Paths<'r, 'a>) -> Self {
        Self { names, paths }
    }

    /// The value of an expression; `hops` names and operators were followed to it.
    pub(super) fn value(&self, expr: &'a Expr, scope: ScopeId, hops: usize) -> Constant {
        if hops > FOLLOWED || !self.names.take_step(hops) {
            return Constant::Unknown;
        }
        match expr {
            Expr::NoneLiteral(_) => Constant::None,
            Expr::BooleanLiteral(literal) => Constant::Bool(literal.value),
            Expr::StringLiteral(literal) => Constant::Str(Text::from(literal.value.to_str())),
            Expr::NumberLiteral(number) => match &number.value {
                ast::Number::Int(int) => int.as_i64().map_or(Constant::Unknown, Constant::Int),
                _ => Constant::Unknown,
            },
            Expr::UnaryOp(operation) => {
                let operand = self.value(&operation.operand, scope, hops.saturating_add(1));
                match (operation.op, operand.truth(), &operand) {
                    (ast::UnaryOp::Not, Some(truth), _) => Constant::Bool(!truth),
                    (ast::UnaryOp::USub, _, Constant::Int(n)) => Constant::Int(n.saturating_neg()),
                    _ => Constant::Unknown,
                }
            }
            Expr::BinOp(operation) if operation.op == ast::Operator::Add => {
                let left = self.value(&operation.left, scope, hops.saturating_add(1));
                match (
                    left,
                    self.value(&operation.right, scope, hops.saturating_add(1)),
                ) {
                    (Constant::Str(a), Constant::Str(b)) => {
                        Constant::Str(Text::new([a.as_bytes(), b.as_bytes()].concat()))
                    }
                    _ => Constant::Unknown,
                }
            }
            Expr::If(either) => {
                let body = self.value(&either.body, scope, hops.saturating_add(1));
                let same = body == self.value(&either.orelse, scope, hops.saturating_add(1));
                if same { body } else { Constant::Unknown }
            }
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. })
                if elts.len() <= ELEMENTS =>
            {
                Constant::List(
                    elts.iter()
                        .map(|e| self.value(e, scope, hops.saturating_add(1)))
                        .collect(),
                )
            }
            Expr::Name(name) => self.named(expr, name.id.as_str(), scope, hops),
            Expr::Attribute(_) => self.qualified(expr, scope),
            _ => Constant::Unknown,
        }
    }

    fn named(&self, expr: &'a Expr, name: &str, scope: ScopeId, hops: usize) -> Constant {
        let Some((_, meanings)) = self.names.module.lookup(name, scope) else {
            return Constant::Unknown;
        };
        if meanings.has_parameter() {
            // A parameter that is assigned to is neither the caller's nor a constant.
            return match &**meanings {
                [Meaning::Parameter] => Constant::Parameter(None),
                [Meaning::Parameter, Meaning::Default(default, outer)] => {
                    match self.value(default, *outer, hops.saturating_add(1)) {
                        Constant::Unknown => Constant::Parameter(None),
                        value => Constant::Parameter(Some(Box::new(value))),
                    }
                }
                _ => Constant::Unknown,
            };
        }
        let mut agreed = None;
        for meaning in meanings.iter().take(ELEMENTS) {
            let value = match meaning {
                Meaning::Value(value, at) => self.value(value, *at, hops.saturating_add(1)),
                Meaning::Path(_) => return self.qualified(expr, scope),
                _ => return Constant::Unknown,
            };
            if agreed.as_ref().is_some_and(|other| *other != value) {
                return Constant::Unknown;
            }
            agreed = Some(value);
        }
        let known = meanings.len() <= ELEMENTS;
        agreed.filter(|_| known).unwrap_or(Constant::Unknown)
    }

    fn qualified(&self, expr: &'a Expr, scope: ScopeId) -> Constant {
        if self.names.is_in_constant.replace(true) {
            return Constant::Unknown;
        }
        let paths = (self.paths)(expr, scope);
        self.names.is_in_constant.set(false);
        match paths.as_slice() {
            // A name that nothing binds is not a built-in's only because it might be.
            [path] if !path.starts_with("builtins.") => Constant::Name(Text::from(path.as_str())),
            _ => Constant::Unknown,
        }
    }
}
