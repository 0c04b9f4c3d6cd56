//! What a function wrote itself: the bytes of `pickle.dumps`, a buffer or a temporary file that nothing else was given.
//!
//! Loading that loads nothing from outside. It is only said where nothing else can be meant: every binding of every name on the
//! way is such a thing, in the same function, and every use of it writes what is written here, reads, or makes another such
//! thing of it. The order of statements and branches plays no part, so none can open a hole; a name that is also something
//! else, is handed to another function, or is kept by a closure, is not such a thing.

use std::{cell::RefCell, rc::Rc};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    parse::{Expr, Stmt, ast},
    qualified::QualifiedNames,
    scope::{MODULE, Meaning, Module, Occurrence, ScopeId, ScopeKind},
    uses::{Uses, Walk},
    writers::{FIXTURES, GIVE_BYTES, GIVING, ROOTS, WRAPPERS, is_writers},
};
use crate::loader::Loader;

/// Says what was written by the function that reads it.
#[derive(Debug)]
pub(super) struct Written<'m, 'a> {
    names: QualifiedNames<'m, 'a>,
    /// What writes may have been replaced: nothing is sure.
    replaced: bool,
    uses: RefCell<FxHashMap<ScopeId, Rc<Uses<'a>>>>,
    active: RefCell<FxHashSet<(ScopeId, &'a str)>>,
}

impl<'m, 'a> Written<'m, 'a> {
    pub(super) fn new(module: &'m Module<'a>) -> Self {
        let mut written = Self {
            names: QualifiedNames::new(module),
            replaced: !module.stars.is_empty(),
            uses: RefCell::default(),
            active: RefCell::default(),
        };
        let changes = |(seen, scope, _): &(Occurrence<'a>, ScopeId, u32)| match seen {
            Occurrence::Assigned(Expr::Attribute(attribute), _) => {
                is_writers(attribute.attr.as_str())
            }
            // A number is the name of nothing.
            Occurrence::Assigned(Expr::Subscript(subscript), _) => {
                is_namespace(&subscript.value)
                    && !matches!(&*subscript.slice, Expr::NumberLiteral(_))
            }
            Occurrence::Call(call) => written.patches(call, *scope),
            _ => false,
        };
        let any = module.seen.iter().any(changes);
        written.replaced |= any;
        written
    }

    /// `setattr(pickle, "dumps", ...)`, `mock.patch("pickle.dumps")`.
    fn patches(&self, call: &'a ast::ExprCall, scope: ScopeId) -> bool {
        let name = match &*call.func {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => return false,
        };
        if !matches!(name, "setattr" | "patch" | "object" | "setitem") {
            return false;
        }
        call.arguments.args.iter().take(2).any(|argument| {
            if let Expr::StringLiteral(literal) = argument {
                let last = literal.value.to_str().rsplit('.').next();
                return last.is_some_and(is_writers);
            }
            // A module by itself, with a name that is not told.
            let named = call.arguments.args.get(1);
            self.names.begin_call();
            !named.is_some_and(Expr::is_string_literal_expr)
                && self.names.of(argument, scope).is_some()
        })
    }

    /// Whether what a call of a loader loads was written by the function around it.
    pub(super) fn by_the_function(
        &self,
        loader: &Loader,
        call: &'a ast::ExprCall,
        scope: ScopeId,
    ) -> bool {
        let Some(source) = source(loader, call).filter(|_| !self.replaced) else {
            return false;
        };
        let Some(home) = self.home(scope) else {
            return false;
        };
        self.names.begin_call();
        self.active.borrow_mut().clear();
        self.own(source, scope, home, 0) && (self.is_bytes(source, scope) || self.uses(home).writes)
    }

    fn is_bytes(&self, source: &'a Expr, scope: ScopeId) -> bool {
        matches!(source, Expr::Call(call) if self.is(&call.func, scope, GIVE_BYTES))
    }

    /// The function, or the module, that a scope is in.
    fn home(&self, scope: ScopeId) -> Option<ScopeId> {
        let mut at = scope;
        loop {
            let current = self.names.module.scopes.get(at)?;
            match current.kind {
                ScopeKind::Comprehension => at = current.parent,
                ScopeKind::Class => return None,
                ScopeKind::Function | ScopeKind::Module => return Some(at),
            }
        }
    }

    fn is(&self, expr: &'a Expr, scope: ScopeId, of: &[&str]) -> bool {
        let paths = self.names.of(expr, scope);
        paths.is_some_and(|paths| paths.iter().all(|path| of.contains(&path.as_str())))
    }

    /// Whether an expression stands for nothing but what `home` wrote. `scope` is where it stands, in `home` itself.
    fn own(&self, expr: &'a Expr, scope: ScopeId, home: ScopeId, depth: usize) -> bool {
        if depth > 16 || !self.names.step() {
            return false;
        }
        let deeper = |expr| self.own(expr, scope, home, depth.saturating_add(1));
        match expr {
            Expr::Call(call) => self.own_call(call, scope, home, depth),
            Expr::Attribute(attribute) => {
                attribute.attr.as_str() == "name" && deeper(&attribute.value)
            }
            Expr::BinOp(operation) => {
                let inside = match operation.op {
                    ast::Operator::Div => is_part(&operation.right),
                    ast::Operator::Add => {
                        matches!(&*operation.right, Expr::StringLiteral(end) if is_inside(end.value.to_str()))
                    }
                    _ => false,
                };
                inside && deeper(&operation.left)
            }
            Expr::FString(text) => {
                let mut parts = text.value.elements();
                let first = parts.next();
                matches!(first, Some(ast::InterpolatedStringElement::Interpolation(field)) if deeper(&field.expression))
                    && parts.all(|part| match part {
                        ast::InterpolatedStringElement::Literal(literal) => {
                            is_inside(&literal.value)
                        }
                        ast::InterpolatedStringElement::Interpolation(_) => false,
                    })
            }
            Expr::Subscript(subscript) => {
                matches!(&*subscript.slice, Expr::NumberLiteral(_)) && deeper(&subscript.value)
            }
            Expr::If(either) => deeper(&either.body) && deeper(&either.orelse),
            Expr::Named(named) => deeper(&named.value),
            Expr::Name(name) => self.own_name(name.id.as_str(), scope, home, depth),
            _ => false,
        }
    }

    fn own_call(
        &self,
        call: &'a ast::ExprCall,
        scope: ScopeId,
        home: ScopeId,
        depth: usize,
    ) -> bool {
        let arguments = &call.arguments;
        let rest = arguments.args.get(1..).unwrap_or_default();
        if let Some(paths) = self.names.of(&call.func, scope) {
            let all = |of: &[&str]| paths.iter().all(|path| of.contains(&path.as_str()));
            if all(GIVE_BYTES) || all(ROOTS) {
                return true;
            }
            if !all(WRAPPERS) {
                return false;
            }
            return match arguments.args.first() {
                Some(first) => {
                    self.own(first, scope, home, depth.saturating_add(1))
                        && rest.iter().all(is_part)
                }
                None => arguments.keywords.is_empty() && all(&["io.BytesIO", "six.BytesIO"]),
            };
        }
        let Expr::Attribute(method) = &*call.func else {
            return false;
        };
        GIVING.contains(&method.attr.as_str())
            && self.own(&method.value, scope, home, depth.saturating_add(1))
            && arguments.args.iter().all(is_part)
    }

    fn own_name(&self, name: &'a str, scope: ScopeId, home: ScopeId, depth: usize) -> bool {
        let Some((owner, meanings)) = self.names.module.lookup(name, scope) else {
            return false;
        };
        // A variable of a comprehension has no other uses than there.
        if self.home(owner) != Some(home) || meanings.len() > 64 || depth > 16 || !self.names.step()
        {
            return false;
        }
        if !self.active.borrow_mut().insert((owner, name)) {
            return true;
        }
        let bound = meanings.iter().all(|meaning| match meaning {
            Meaning::Value(expr, at) | Meaning::Entered(expr, at) => {
                self.home(*at) == Some(home) && self.own(expr, *at, home, depth.saturating_add(1))
            }
            // A descriptor and a path are two ways to one file.
            Meaning::Part(expr, at, others) => {
                self.home(*at) == Some(home)
                    && self.own(expr, *at, home, depth.saturating_add(1))
                    && others.iter().all(|other| match other {
                        Expr::Name(name) => {
                            self.own_name(name.id.as_str(), *at, home, depth.saturating_add(1))
                        }
                        _ => false,
                    })
            }
            Meaning::Parameter => self.is_fixture(name, home),
            _ => false,
        });
        if !bound {
            return false;
        }
        let uses = self.uses(home);
        let Some(done) = uses.names.get(name) else {
            return true;
        };
        !done.escapes
            && done
                .given
                .iter()
                .all(|given| self.own(given, home, home, depth.saturating_add(1)))
            && done
                .into
                .iter()
                .all(|other| self.own_name(other, home, home, depth.saturating_add(1)))
    }

    /// Whether a parameter is a new folder that a test is handed.
    fn is_fixture(&self, name: &str, home: ScopeId) -> bool {
        let function = self
            .names
            .module
            .scopes
            .get(home)
            .and_then(|scope| scope.function);
        FIXTURES.contains(&name) && function.is_some_and(|f| f.name.as_str().starts_with("test"))
    }

    /// What is done with names in the outermost function around a scope, or in the module.
    fn uses(&self, home: ScopeId) -> Rc<Uses<'a>> {
        let mut top = MODULE;
        let mut at = home;
        while at != MODULE {
            let Some(scope) = self.names.module.scopes.get(at) else {
                break;
            };
            if scope.function.is_some() {
                top = at;
            }
            at = scope.parent;
        }
        if let Some(known) = self.uses.borrow().get(&top) {
            return Rc::clone(known);
        }
        let mut uses = Uses::default();
        let bodies: Vec<&'a [Stmt]> =
            match self.names.module.scopes.get(top).and_then(|s| s.function) {
                Some(function) => vec![&function.body],
                None => self.names.module.bodies.clone(),
            };
        self.names.apart(|| {
            let mut walk = Walk::new(&self.names, top, &mut uses);
            for body in bodies {
                walk.body(body);
            }
        });
        let uses = Rc::new(uses);
        self.uses.borrow_mut().insert(top, Rc::clone(&uses));
        uses
    }
}

/// The argument that says what is loaded.
pub(super) fn source<'a>(loader: &Loader, call: &'a ast::ExprCall) -> Option<&'a Expr> {
    let arguments = &call.arguments;
    match arguments.args.first() {
        Some(Expr::Starred(_)) => None,
        Some(first) => Some(first),
        None => arguments
            .find_keyword(loader.file)
            .map(|keyword| &keyword.value),
    }
}

/// `globals()`, `vars(module)`, `module.__dict__`.
fn is_namespace(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Name(name) if matches!(name.id.as_str(), "globals" | "locals" | "vars"))
        }
        Expr::Attribute(attribute) => attribute.attr.as_str() == "__dict__",
        _ => false,
    }
}

/// Whether an expression is a name, or a number, that leads out of no folder.
fn is_part(expr: &Expr) -> bool {
    match expr {
        Expr::StringLiteral(literal) => {
            let text = literal.value.to_str();
            is_inside(text) && !text.starts_with(['/', '\\', '~'])
        }
        Expr::NumberLiteral(_) => true,
        _ => false,
    }
}

fn is_inside(text: &str) -> bool {
    !text.contains("..") && !text.contains(':')
}
