//! What an expression may mean: qualified names through imports, assignments, `getattr`, `importlib`, `partial`.

use std::cell::{Cell, RefCell};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    constants::Constants,
    parse::{Expr, ast},
    scope::{Meaning, Module, ScopeId, leads_on},
};
use crate::{fact::Constant, limits, loader};

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

/// Resolves names in a module.
#[derive(Debug)]
pub(super) struct Resolver<'m, 'a> {
    pub(super) module: &'m Module<'a>,
    steps: Steps,
    /// What assigned expressions stand for, found in this resolution.
    memo: RefCell<FxHashMap<usize, Vec<Target<'a>>>>,
    /// The name of a constant is being followed: not to be asked for again from within.
    pub(super) is_in_constant: Cell<bool>,
    followed: RefCell<FxHashSet<usize>>,
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
fn distinct(targets: &mut Vec<Target<'_>>) {
    if targets.len() > 1 {
        let mut known = FxHashSet::default();
        targets.retain(|target| known.insert((target.what.clone(), target.bound.len())));
    }
}

impl<'m, 'a> Resolver<'m, 'a> {
    pub(super) fn new(module: &'m Module<'a>) -> Self {
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

    /// Whether some other expression was resolved through this one: what happens to it is told there.
    pub(super) fn is_followed(&self, expr: &Expr) -> bool {
        self.followed.borrow().contains(&identity(expr))
    }

    /// The same for a call, which stands inside an expression of its own.
    pub(super) fn is_followed_call(&self, call: &ast::ExprCall) -> bool {
        self.followed.borrow().contains(&identity(call))
    }

    /// Whether some name had more meanings than are followed.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps.exhausted.get()
    }

    fn begin(&self) {
        self.steps.left.set(limits::NAME_STEPS);
        self.memo.borrow_mut().clear();
    }

    /// Notes that what happens to this expression is told elsewhere.
    pub(super) fn follow_bound(&self, expr: &Expr) {
        self.followed.borrow_mut().insert(identity(expr));
    }

    /// Everything `expr` may stand for in `scope`, qualified names in their public spelling.
    pub(super) fn resolve(&self, expr: &'a Expr, scope: ScopeId) -> Vec<Target<'a>> {
        self.begin();
        self.targets(expr, scope)
    }

    /// The value of an expression, as far as the source proves it.
    pub(super) fn constant(&self, expr: &'a Expr, scope: ScopeId) -> Constant {
        self.begin();
        Constants::of(self).value(expr, scope, 0)
    }

    /// Counts a step; false if none is left.
    pub(super) fn step(&self) -> bool {
        self.steps.take(0)
    }

    fn targets(&self, expr: &'a Expr, scope: ScopeId) -> Vec<Target<'a>> {
        let mut targets = Vec::new();
        self.follow(expr, scope, 0, &mut targets);
        for target in &mut targets {
            if let What::Path(path) = &mut target.what {
                *path = loader::canonical(path);
            }
        }
        distinct(&mut targets);
        targets
    }

    /// The qualified names `expr` may stand for.
    pub(super) fn paths(&self, expr: &'a Expr, scope: ScopeId) -> Vec<String> {
        self.begin();
        self.unbound(expr, scope)
    }

    pub(super) fn unbound(&self, expr: &'a Expr, scope: ScopeId) -> Vec<String> {
        let targets = self.targets(expr, scope).into_iter();
        targets
            .filter(|target| target.bound.is_empty())
            .filter_map(|target| match target.what {
                What::Path(path) => Some(path),
                _ => None,
            })
            .collect()
    }

    fn follow(&self, expr: &'a Expr, scope: ScopeId, hops: usize, out: &mut Vec<Target<'a>>) {
        if !self.steps.take(hops) {
            return;
        }
        let mut attributes = Vec::new();
        let mut base = expr;
        while let Expr::Attribute(attribute) = base {
            attributes.push(attribute.attr.as_str());
            base = &attribute.value;
        }
        attributes.reverse();
        let mut found = Vec::new();
        match base {
            Expr::Name(name) => self.name(name.id.as_str(), scope, hops, &mut found),
            Expr::Call(call) => self.call(call, scope, hops, &mut found),
            Expr::Subscript(subscript) => self.item(subscript, scope, hops, &mut found),
            Expr::If(either) => {
                self.follow(&either.body, scope, hops.saturating_add(1), &mut found);
                self.follow(&either.orelse, scope, hops.saturating_add(1), &mut found);
            }
            Expr::BoolOp(operation) => {
                for value in &operation.values {
                    self.follow(value, scope, hops.saturating_add(1), &mut found);
                }
            }
            Expr::Named(named) => {
                self.follow(&named.value, scope, hops.saturating_add(1), &mut found);
            }
            _ => {}
        }
        if hops > 0 && !found.is_empty() {
            let mut followed = self.followed.borrow_mut();
            followed.insert(identity(expr));
            if let Expr::Call(call) = expr {
                followed.insert(identity(call));
            }
        }
        for target in found {
            self.attributes(target, &attributes, hops, out);
        }
    }

    /// Follows what was assigned, once in each resolution: `x = x.parent` leads back to itself, and what many
    /// assignments share is not followed again for each. A cycle adds nothing the second time round, except longer
    /// and longer paths of attributes.
    fn follow_once(&self, expr: &'a Expr, scope: ScopeId, hops: usize, out: &mut Vec<Target<'a>>) {
        let key = identity(expr);
        if let Some(known) = self.memo.borrow().get(&key) {
            out.extend(known.iter().cloned());
            return;
        }
        // Until it is known, the way back here leads to nothing.
        self.memo.borrow_mut().insert(key, Vec::new());
        let mut found = Vec::new();
        self.follow(expr, scope, hops, &mut found);
        distinct(&mut found);
        out.extend(found.iter().cloned());
        self.memo.borrow_mut().insert(key, found);
    }

    fn meaning(&self, meaning: &Meaning<'a>, hops: usize, out: &mut Vec<Target<'a>>) {
        let what = match meaning {
            Meaning::Path(path) => What::Path(path.clone()),
            Meaning::Class(class) => What::Class(*class),
            Meaning::Instance(class) => What::Instance(*class),
            Meaning::Value(expr, scope) | Meaning::Default(expr, scope) => {
                if leads_on(expr) {
                    self.follow_once(expr, *scope, hops.saturating_add(1), out);
                }
                return;
            }
            Meaning::Entered(..) | Meaning::Part(..) | Meaning::Parameter | Meaning::Opaque => {
                return;
            }
        };
        out.push(Target {
            what,
            bound: Vec::new(),
        });
    }

    fn name(&self, name: &'a str, scope: ScopeId, hops: usize, out: &mut Vec<Target<'a>>) {
        let path = |path: String| Target {
            what: What::Path(path),
            bound: Vec::new(),
        };
        if let Some((_, meanings)) = self.module.lookup(name, scope) {
            for meaning in meanings {
                if !self.steps.take(hops) {
                    break;
                }
                self.meaning(meaning, hops, out);
            }
            return;
        }
        let stars = self
            .module
            .stars
            .iter()
            .map(|star| format!("{star}.{name}"));
        let starred: Vec<_> = stars
            .filter(|path| loader::by_name(&loader::canonical(path)).is_some())
            .collect();
        if starred.is_empty() {
            out.push(path(format!("builtins.{name}")));
        }
        out.extend(starred.into_iter().map(path));
    }

    /// Appends attributes to a target.
    fn attributes(
        &self,
        target: Target<'a>,
        attributes: &[&'a str],
        hops: usize,
        out: &mut Vec<Target<'a>>,
    ) {
        let Some((first, rest)) = attributes.split_first() else {
            out.push(target);
            return;
        };
        match target.what {
            What::Path(_) if !target.bound.is_empty() => {}
            What::Path(mut path) => {
                // A path longer than any watched name names nothing watched.
                if attributes.len() <= 16 {
                    for attribute in attributes {
                        path.push('.');
                        path.push_str(attribute);
                    }
                    out.push(Target {
                        what: What::Path(path),
                        bound: target.bound,
                    });
                }
            }
            What::Class(class) | What::Instance(class) => {
                let mut found = Vec::new();
                for meaning in self.module.attribute(class, first) {
                    if !self.steps.take(hops) {
                        return;
                    }
                    self.meaning(meaning, hops, &mut found);
                }
                if hops < HOPS {
                    for target in found {
                        self.attributes(target, rest, hops.saturating_add(1), out);
                    }
                }
            }
        }
    }

    fn call(
        &self,
        call: &'a ast::ExprCall,
        scope: ScopeId,
        hops: usize,
        out: &mut Vec<Target<'a>>,
    ) {
        let mut callees = Vec::new();
        self.follow(&call.func, scope, hops.saturating_add(1), &mut callees);
        let arguments = &call.arguments;
        for callee in callees {
            let path = match callee.what {
                What::Class(class) => {
                    out.push(Target {
                        what: What::Instance(class),
                        bound: Vec::new(),
                    });
                    continue;
                }
                What::Path(path) if callee.bound.is_empty() => path,
                _ => continue,
            };
            let word = |name, position| {
                let value = arguments.find_argument_value(name, position)?;
                match Constants::of(self).value(value, scope, 0) {
                    Constant::Str(text) => text.as_str().map(str::to_owned),
                    _ => None,
                }
            };
            let mut found = Vec::new();
            match path.as_str() {
                "importlib.import_module" => found.extend(word("name", 0).map(What::Path)),
                "builtins.__import__" => {
                    let whole = arguments.find_argument("fromlist", 3).is_some();
                    found.extend(word("name", 0).map(|name| {
                        let first = name.split('.').next().unwrap_or_default();
                        What::Path(if whole { name } else { first.to_owned() })
                    }));
                }
                "builtins.getattr"
                | "builtins.vars"
                | "functools.partial"
                | "functools.partialmethod" => {
                    let Some(first) = arguments.args.first() else {
                        continue;
                    };
                    let mut inner = Vec::new();
                    self.follow(first, scope, hops.saturating_add(1), &mut inner);
                    if path.starts_with("functools") {
                        for target in &mut inner {
                            target.bound.push((call, scope));
                        }
                        out.append(&mut inner);
                    } else if let Some(attribute) = match path.as_str() {
                        "builtins.vars" => Some("__dict__".to_owned()),
                        _ => word("name", 1),
                    } {
                        found.extend(inner.into_iter().filter_map(|target| match target.what {
                            What::Path(path) => Some(What::Path(format!("{path}.{attribute}"))),
                            _ => None,
                        }));
                    }
                }
                _ => {}
            }
            out.extend(found.into_iter().map(|what| Target {
                what,
                bound: Vec::new(),
            }));
        }
    }

    /// `sys.modules["torch"]`, `vars(torch)["load"]`.
    fn item(
        &self,
        subscript: &'a ast::ExprSubscript,
        scope: ScopeId,
        hops: usize,
        out: &mut Vec<Target<'a>>,
    ) {
        let mut found = Vec::new();
        self.follow(&subscript.value, scope, hops.saturating_add(1), &mut found);
        for target in found {
            let What::Path(path) = target.what else {
                continue;
            };
            let module = path.strip_suffix(".__dict__");
            if module.is_none() && path != "sys.modules" {
                continue;
            }
            let Constant::Str(key) = Constants::of(self).value(&subscript.slice, scope, 0) else {
                continue;
            };
            let Some(key) = key.as_str() else {
                continue;
            };
            let path = module.map_or_else(|| key.to_owned(), |module| format!("{module}.{key}"));
            out.push(Target {
                what: What::Path(path),
                bound: Vec::new(),
            });
        }
    }
}
