//! What an expression may mean: qualified names and constants. A [`Trail`] finds them; names that lead nowhere are remembered here.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::{
    names::{Names, Target, What, identity},
    parse::Expr,
    scope::{Module, ScopeId},
    trail::Trail,
};
use crate::{fact::Constant, loader};

/// Resolves names in a module.
#[derive(Debug)]
pub(super) struct Resolver<'m, 'a> {
    pub(super) names: Names<'m, 'a>,
    /// What names lead to, by the identity of their meanings.
    reached: RefCell<FxHashMap<usize, Reached>>,
}

/// What a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// Nothing that could be watched, nor could an attribute of it.
    Nothing,
    /// Qualified names: an attribute of it has its own last word.
    Paths,
    /// Something else as well.
    More,
}

/// Last words of functions that call, or set, what they are given.
const APPLIERS: &[&str] = &["partial", "partialmethod", "setattr"];

/// Whether a qualified name with this last word may be a loader's or of [`APPLIERS`].
fn is_of_interest(last: &str) -> bool {
    // Such an attribute of a function is the function.
    loader::is_last_word(last) || APPLIERS.contains(&last) || loader::is_same_function(last)
}

impl<'m, 'a> Resolver<'m, 'a> {
    pub(super) fn new(module: &'m Module<'a>) -> Self {
        Self {
            names: Names::of(module),
            reached: RefCell::default(),
        }
    }

    /// Everything `expr` may stand for in `scope`, qualified names in their public spelling. Those may be left out that are
    /// neither a loader's nor of [`APPLIERS`].
    pub(super) fn resolve(&self, expr: &'a Expr, scope: ScopeId) -> Vec<Target<'a>> {
        if self.leads_elsewhere(expr, scope) {
            return Vec::new();
        }
        self.names.begin();
        Trail::of(&self.names).targets(expr, scope)
    }

    /// Whether a name, or an attribute of one, surely stands for nothing of interest: most of a source does.
    fn leads_elsewhere(&self, expr: &'a Expr, scope: ScopeId) -> bool {
        let mut last = None;
        let mut base = expr;
        while let Expr::Attribute(attribute) = base {
            last = last.or(Some(attribute.attr.as_str()));
            base = &attribute.value;
        }
        let Expr::Name(name) = base else {
            return false;
        };
        let name = name.id.as_str();
        let Some((_, meanings)) = self.names.module.lookup(name, scope) else {
            return !is_of_interest(last.unwrap_or(name));
        };
        let key = identity(meanings);
        let known = self.reached.borrow().get(&key).copied();
        let reached = known.unwrap_or_else(|| {
            let reached = self.reached_by(name, scope);
            self.reached.borrow_mut().insert(key, reached);
            reached
        });
        match reached {
            Reached::Nothing => true,
            Reached::Paths => last.is_some_and(|last| !is_of_interest(last)),
            Reached::More => false,
        }
    }

    fn reached_by(&self, name: &'a str, scope: ScopeId) -> Reached {
        self.names.begin();
        let mut found = Vec::new();
        Trail::of(&self.names).name(name, scope, 0, &mut found);
        // Nothing is sure then.
        if self.names.is_exhausted() {
            Reached::More
        } else if found.is_empty() {
            Reached::Nothing
        } else if found.iter().all(|it| matches!(it.what, What::Path(_))) {
            Reached::Paths
        } else {
            Reached::More
        }
    }

    /// The value of an expression, as far as the source proves it.
    pub(super) fn constant(&self, expr: &'a Expr, scope: ScopeId) -> Constant {
        self.names.begin();
        Trail::of(&self.names).constant(expr, scope)
    }

    /// The qualified names `expr` may stand for.
    pub(super) fn paths(&self, expr: &'a Expr, scope: ScopeId) -> Vec<String> {
        self.names.begin();
        Trail::of(&self.names).paths(expr, scope)
    }
}
