//! What following names in a module needs and leaves behind: steps, what was found on the way, which expressions were passed.

use std::cell::{Cell, RefCell};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    parse::{Expr, ast},
    scope::{Module, ScopeId},
};
use crate::{limits, loader};

/// How many assignments, calls or conditionals are followed one after another. Real code calls methods of results of
/// methods for long; where an alias of a loader is cut off so, the loader is told as passed on.
pub(super) const HOPS: usize = 64;

/// Something an expression may stand for.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    pub(super) what: What,
    /// The calls of `functools.partial` that bound arguments to it, innermost first.
    pub(super) bound: Vec<(&'a ast::ExprCall, ScopeId)>,
}

/// What a target is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// A qualified name.
    Path(String),
    /// A class of this module.
    Class(ScopeId),
    /// An instance of one.
    Instance(ScopeId),
}

/// The names of a module, as they are followed.
#[derive(Debug)]
pub(super) struct Names<'m, 'a> {
    pub(super) module: &'m Module<'a>,
    steps: Steps,
    /// What assigned expressions stand for, found in this resolution.
    pub(super) memo: RefCell<FxHashMap<usize, Vec<Target<'a>>>>,
    /// The name of a constant is being followed: not to be asked for again from within.
    pub(super) is_in_constant: Cell<bool>,
    followed: RefCell<FxHashSet<usize>>,
}

impl<'m, 'a> Names<'m, 'a> {
    /// Nothing was followed yet.
    pub(super) fn of(module: &'m Module<'a>) -> Self {
        Self {
            module,
            steps: Steps {
                left: Cell::new(0),
                of_module: Cell::new(limits::NAMES_STEPS),
                exhausted: Cell::new(false),
            },
            memo: RefCell::default(),
            is_in_constant: Cell::new(false),
            followed: RefCell::default(),
        }
    }

    /// Begins another resolution.
    pub(super) fn begin(&self) {
        self.steps.left.set(limits::NAME_STEPS);
        self.memo.borrow_mut().clear();
    }

    /// Counts a step to something that `hops` others were followed to; false if it is not to be taken.
    pub(super) fn take_step(&self, hops: usize) -> bool {
        self.steps.take(hops)
    }

    /// The loaders that a name may stand for by `from module import *`.
    pub(super) fn imported_by_star(&self, name: &str, hops: usize) -> Vec<String> {
        let mut found = Vec::new();
        if loader::is_last_word(name) {
            for module in &self.module.stars {
                if !self.take_step(hops) {
                    break;
                }
                let path = format!("{module}.{name}");
                found.extend(loader::by_name(&loader::canonical(&path)).map(|_| path));
            }
        }
        found
    }

    /// Whether some name had more meanings than are followed.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps.exhausted.get()
    }

    /// Notes that what happens to this expression is told elsewhere.
    pub(super) fn note_followed<T>(&self, node: &T) {
        self.followed.borrow_mut().insert(identity(node));
    }

    /// Whether some other expression was resolved through this one: what happens to it is told there.
    pub(super) fn is_followed(&self, expr: &Expr) -> bool {
        self.followed.borrow().contains(&identity(expr))
    }

    /// The same for a call, which stands inside an expression of its own.
    pub(super) fn is_followed_call(&self, call: &ast::ExprCall) -> bool {
        self.followed.borrow().contains(&identity(call))
    }
}

/// How many steps may still be taken.
#[derive(Debug)]
struct Steps {
    /// Of the present resolution.
    left: Cell<usize>,
    /// Of the module.
    of_module: Cell<usize>,
    /// Some name had more meanings than are followed.
    exhausted: Cell<bool>,
}

impl Steps {
    fn take(&self, hops: usize) -> bool {
        if hops > HOPS {
            return false;
        }
        let (left, of_module) = (self.left.get(), self.of_module.get());
        if left == 0 || of_module == 0 {
            self.exhausted.set(true);
            return false;
        }
        self.left.set(left.saturating_sub(1));
        self.of_module.set(of_module.saturating_sub(1));
        true
    }
}

/// The identity of an expression.
pub(super) fn identity<T>(node: &T) -> usize {
    std::ptr::from_ref(node).addr()
}

/// Leaves one of several equal targets.
pub(super) fn distinct(targets: &mut Vec<Target<'_>>) {
    if targets.len() > 1 {
        let mut known = FxHashSet::default();
        targets.retain(|target| known.insert((target.what.clone(), target.bound.len())));
    }
}
