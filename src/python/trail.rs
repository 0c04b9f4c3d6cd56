//! The ways from an expression to what it may stand for: through imports, assignments, attributes of classes, `getattr`,
//! `importlib`, `partial`.

use super::{
    constants::Constants,
    names::{HOPS, Names, Target, What, distinct, identity},
    parse::{Expr, ast},
    scope::{Meaning, ScopeId, leads_on},
};
use crate::{fact::Constant, loader};

/// Follows expressions of a module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trail<'r, 'm, 'a> {
    names: &'r Names<'m, 'a>,
}

impl<'r, 'm, 'a> Trail<'r, 'm, 'a> {
    /// Through these names.
    pub(super) fn of(names: &'r Names<'m, 'a>) -> Self {
        Self { names }
    }

    /// Everything `expr` may stand for, qualified names in their public spelling.
    pub(super) fn targets(self, expr: &'a Expr, scope: ScopeId) -> Vec<Target<'a>> {
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
    pub(super) fn paths(self, expr: &'a Expr, scope: ScopeId) -> Vec<String> {
        let targets = self.targets(expr, scope).into_iter();
        targets
            .filter(|target| target.bound.is_empty())
            .filter_map(|target| match target.what {
                What::Path(path) => Some(path),
                _ => None,
            })
            .collect()
    }

    /// The value of an expression, as far as the source proves it.
    pub(super) fn constant(self, expr: &'a Expr, scope: ScopeId) -> Constant {
        let paths = |expr, scope| self.paths(expr, scope);
        Constants::of(self.names, &paths).value(expr, scope, 0)
    }

    /// Everything that `expr` may stand for; `hops` others were followed to it.
    fn follow(self, expr: &'a Expr, scope: ScopeId, hops: usize, out: &mut Vec<Target<'a>>) {
        if !self.names.take_step(hops) {
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
            self.names.note_followed(expr);
            if let Expr::Call(call) = expr {
                self.names.note_followed(call);
            }
        }
        for target in found {
            self.attributes(target, &attributes, hops, out);
        }
    }

    /// Follows what was assigned, once in each resolution: `x = x.parent` leads back to itself, and what many
    /// assignments share is not followed again for each. A cycle adds nothing the second time round, except longer
    /// and longer paths of attributes.
    fn follow_once(self, expr: &'a Expr, scope: ScopeId, hops: usize, out: &mut Vec<Target<'a>>) {
        let key = identity(expr);
        if let Some(known) = self.names.memo.borrow().get(&key) {
            out.extend(known.iter().cloned());
            return;
        }
        // Until it is known, the way back here leads to nothing.
        self.names.memo.borrow_mut().insert(key, Vec::new());
        let mut found = Vec::new();
        self.follow(expr, scope, hops, &mut found);
        distinct(&mut found);
        out.extend(found.iter().cloned());
        self.names.memo.borrow_mut().insert(key, found);
    }

    fn meaning(self, meaning: &Meaning<'a>, hops: usize, out: &mut Vec<Target<'a>>) {
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

    /// Everything that a name may stand for.
    pub(super) fn name(
        self,
        name: &'a str,
        scope: ScopeId,
        hops: usize,
        out: &mut Vec<Target<'a>>,
    ) {
        let path = |path: String| Target {
            what: What::Path(path),
            bound: Vec::new(),
        };
        if let Some((_, meanings)) = self.names.module.lookup(name, scope) {
            for meaning in &**meanings {
                if !self.names.take_step(hops) {
                    break;
                }
                self.meaning(meaning, hops, out);
            }
            return;
        }
        let starred = self.names.imported_by_star(name, hops);
        if starred.is_empty() {
            out.push(path(format!("builtins.{name}")));
        }
        out.extend(starred.into_iter().map(path));
    }

    /// Appends attributes to a target.
    fn attributes(
        self,
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
                for meaning in self.names.module.attribute(class, first) {
                    if !self.names.take_step(hops) {
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

    fn call(self, call: &'a ast::ExprCall, scope: ScopeId, hops: usize, out: &mut Vec<Target<'a>>) {
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
            // What has methods that load, made here: they are named by the class.
            let class = loader::canonical(&path);
            if loader::is_class(&class) {
                out.push(Target {
                    what: What::Path(class),
                    bound: Vec::new(),
                });
                continue;
            }
            let word = |name, position| {
                let value = arguments.find_argument_value(name, position)?;
                match self.constant(value, scope) {
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
        self,
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
            let Constant::Str(key) = self.constant(&subscript.slice, scope) else {
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
