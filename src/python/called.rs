//! Which function of the repository a call calls, by a name that `link` looks up: through imports, classes and their instances, other
//! names, and `functools.partial`.
//!
//! A name that begins with `:` is of the source itself, and one that begins with dots is of a folder above, as in an import. What a
//! class, or a function, gives when it is called is written with `()`: `pkg.io.Store().load`.

use std::cell::Cell;

use super::{
    parse::{Expr, ast},
    resolve::Resolver,
    scope::{MODULE, Meaning, Module, ScopeId, ScopeKind},
};

/// Names of modules that no repository gives its own.
const ELSEWHERE: &[&str] = &[
    "PIL",
    "argparse",
    "builtins",
    "collections",
    "datasets",
    "django",
    "dotenv",
    "flask",
    "functools",
    "importlib",
    "io",
    "joblib",
    "json",
    "keras",
    "logging",
    "numpy",
    "os",
    "pandas",
    "pathlib",
    "pickle",
    "pytest",
    "scipy",
    "shutil",
    "sklearn",
    "subprocess",
    "sys",
    "tempfile",
    "tensorflow",
    "torch",
    "transformers",
    "typing",
    "unittest",
    "yaml",
];

/// Names, attributes and calls that are followed one after another.
const DEPTH: usize = 8;

/// All that are followed for one call.
const STEPS: usize = 40;

/// Meanings of one name that are followed: `try: from .io import load`, `except ImportError: from io import load`.
const MEANINGS: usize = 4;

/// Bytes of a name up to which it is kept.
const LONGEST: usize = 300;

/// What a call calls.
#[derive(Debug, Clone)]
pub(super) struct Called<'a> {
    /// Its name.
    pub(super) path: String,
    /// The calls of `functools.partial` that bound arguments to it, innermost first.
    pub(super) bound: Vec<(&'a ast::ExprCall, ScopeId)>,
    /// The class of this module that it is, or is an instance of.
    class: Option<ScopeId>,
}

/// Whether a module may be one of the repository: its name, as an import has it.
pub(super) fn may_be_here(module: &str) -> bool {
    let first = module.split('.').next().unwrap_or(module);
    first.is_empty() || !ELSEWHERE.contains(&first)
}

/// The name of the functions and classes around and including a scope; `None` where one has no name.
pub(super) fn qualified(module: &Module<'_>, scope: ScopeId) -> Option<String> {
    let mut names = Vec::new();
    let mut at = scope;
    while at != MODULE {
        let current = module.scopes.get(at)?;
        if current.kind != ScopeKind::Comprehension {
            names.push(current.name.or(current.assigned)?);
        }
        if names.len() > DEPTH {
            return None;
        }
        at = current.parent;
    }
    names.reverse();
    Some(names.join("."))
}

/// The functions of the repository that an expression may stand for.
pub(super) fn called<'a>(
    resolver: &Resolver<'_, 'a>,
    function: &'a Expr,
    scope: ScopeId,
) -> Vec<Called<'a>> {
    let mut found = Vec::new();
    let finder = Finder {
        resolver,
        steps: Cell::new(STEPS),
    };
    finder.follow(function, scope, 0, &mut found);
    found.retain(|called| {
        let of_itself = called.path.starts_with(':');
        called.path.len() <= LONGEST
            && (of_itself || called.path.contains('.') && may_be_here(&called.path))
    });
    found.dedup_by(|a, b| a.path == b.path && a.bound.len() == b.bound.len());
    found
}

struct Finder<'r, 'm, 'a> {
    resolver: &'r Resolver<'m, 'a>,
    steps: Cell<usize>,
}

impl<'a> Finder<'_, '_, 'a> {
    fn follow(&self, expr: &'a Expr, scope: ScopeId, depth: usize, out: &mut Vec<Called<'a>>) {
        let left = self.steps.get();
        if depth > DEPTH || left == 0 {
            return;
        }
        self.steps.set(left.saturating_sub(1));
        let deeper = depth.saturating_add(1);
        match expr {
            Expr::Name(name) => self.name(name.id.as_str(), scope, depth, out),
            Expr::Attribute(attribute) => {
                let mut bases = Vec::new();
                self.follow(&attribute.value, scope, deeper, &mut bases);
                for base in bases {
                    self.attribute(&base, attribute.attr.as_str(), depth, out);
                }
            }
            Expr::Call(call) => self.call(call, scope, depth, out),
            Expr::Await(awaited) => self.follow(&awaited.value, scope, deeper, out),
            _ => {}
        }
    }

    fn name(&self, name: &'a str, scope: ScopeId, depth: usize, out: &mut Vec<Called<'a>>) {
        let module = self.resolver.names.module;
        let Some((owner, meanings)) = module.lookup(name, scope) else {
            let stars = module.stars.iter().filter(|star| may_be_here(star));
            out.extend(stars.take(MEANINGS).map(|star| {
                let dot = if star.ends_with('.') { "" } else { "." };
                Called::of(format!("{star}{dot}{name}"))
            }));
            return;
        };
        if meanings.len() > MEANINGS {
            return;
        }
        for meaning in &**meanings {
            match meaning {
                Meaning::Path(path) => out.push(Called::of(path.clone())),
                Meaning::Class(class) => out.extend(self.class(*class, "")),
                Meaning::Instance(class) => out.extend(self.class(*class, "()")),
                // A function, among others.
                Meaning::Opaque | Meaning::Value(Expr::Lambda(_), _) => {
                    out.extend(self.local(owner, name));
                }
                Meaning::Value(value, at) | Meaning::Entered(value, at) => {
                    self.follow(value, *at, depth.saturating_add(1), out);
                }
                Meaning::Default(..) | Meaning::Part(..) | Meaning::Parameter => {}
            }
        }
    }

    /// What a scope binds to a name.
    fn local(&self, owner: ScopeId, name: &str) -> Option<Called<'a>> {
        let around = qualified(self.resolver.names.module, owner)?;
        let dot = if around.is_empty() { "" } else { "." };
        Some(Called::of(format!(":{around}{dot}{name}")))
    }

    fn class(&self, class: ScopeId, made: &str) -> Option<Called<'a>> {
        let name = qualified(self.resolver.names.module, class)?;
        Some(Called {
            class: Some(class),
            ..Called::of(format!(":{name}{made}"))
        })
    }

    fn attribute(&self, base: &Called<'a>, name: &'a str, depth: usize, out: &mut Vec<Called<'a>>) {
        if !base.bound.is_empty() {
            return;
        }
        let module = self.resolver.names.module;
        let Some(class) = base.class else {
            out.push(Called::of(format!("{}.{name}", base.path)));
            return;
        };
        let own = module.scopes.get(class);
        if own.is_some_and(|scope| scope.names.contains_key(name)) {
            out.push(Called::of(format!("{}.{name}", base.path)));
            return;
        }
        let deeper = depth.saturating_add(1);
        let set = own.and_then(|scope| scope.attributes.get(name));
        if let Some(set) = set {
            for meaning in set.iter().take(MEANINGS) {
                if let Meaning::Value(value, at) = meaning {
                    self.follow(value, *at, deeper, out);
                }
            }
            return;
        }
        // What it does not define itself is of a class that it is made from.
        let Some(scope) = own else {
            return;
        };
        let bases = scope.class.and_then(|class| class.arguments.as_deref());
        let made = if base.path.ends_with("()") { "()" } else { "" };
        for expr in bases
            .into_iter()
            .flat_map(|bases| &bases.args)
            .take(MEANINGS)
        {
            let mut found = Vec::new();
            self.follow(expr, scope.parent, deeper, &mut found);
            for of in found.into_iter().filter(|of| of.bound.is_empty()) {
                let of = Called {
                    path: format!("{}{made}", of.path),
                    ..of
                };
                if deeper <= DEPTH {
                    self.attribute(&of, name, deeper, out);
                }
            }
        }
    }

    fn call(
        &self,
        call: &'a ast::ExprCall,
        scope: ScopeId,
        depth: usize,
        out: &mut Vec<Called<'a>>,
    ) {
        let deeper = depth.saturating_add(1);
        if is_partial(self.resolver, call, scope) {
            let mut inner = Vec::new();
            if let Some(first) = call.arguments.args.first() {
                self.follow(first, scope, deeper, &mut inner);
            }
            out.extend(inner.into_iter().map(|mut called| {
                called.bound.push((call, scope));
                called
            }));
            return;
        }
        let mut made = Vec::new();
        self.follow(&call.func, scope, deeper, &mut made);
        let made = made.into_iter().filter(|called| called.bound.is_empty());
        out.extend(made.map(|called| Called {
            path: format!("{}()", called.path),
            ..called
        }));
    }
}

impl Called<'_> {
    fn of(path: String) -> Self {
        Self {
            path,
            bound: Vec::new(),
            class: None,
        }
    }
}

/// Whether a call is one of `functools.partial`.
pub(super) fn is_partial<'a>(
    resolver: &Resolver<'_, 'a>,
    call: &'a ast::ExprCall,
    scope: ScopeId,
) -> bool {
    let last = match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => "",
    };
    let is_it = |path: &String| path.starts_with("functools.partial");
    last.starts_with("partial") && resolver.paths(&call.func, scope).iter().any(is_it)
}
