//! Scopes and bindings: which meanings a name may have where, without regard to the order of statements.
//!
//! A name assigned twice has both meanings; a parameter, a local function or a loop variable of the same name hides
//! the meaning of outer scopes, as in Python. The same walk lists what the observer looks at. It follows
//! <https://docs.python.org/3/reference/executionmodel.html#naming-and-binding> except for class bodies' inheritance.

use std::ops::Deref;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    excerpt::brief,
    parse::{Expr, Stmt, TextRange, ast},
};
use crate::fact::Text;

/// A scope's index in its module.
pub(super) type ScopeId = usize;

/// Functions and classes that are told around a place.
const AROUND: usize = 8;

/// The module's own scope.
pub(super) const MODULE: ScopeId = 0;

/// Meanings of one name after which literals are no longer added to it. More than are compared for a constant.
const LITERALS: usize = 80;

/// Meanings of one name that are compared with another one by one.
const SEARCHED: usize = 16;

/// What a name may stand for.
#[derive(Debug, Clone)]
pub(super) enum Meaning<'a> {
    /// Something imported, by its qualified name.
    Path(String),
    /// What this expression gives in that scope.
    Value(&'a Expr, ScopeId),
    /// A parameter's default.
    Default(&'a Expr, ScopeId),
    /// What entering a context manager gives: `with open(path) as file`.
    Entered(&'a Expr, ScopeId),
    /// An element of what an expression gives, and all the targets it is spread over.
    Part(&'a Expr, ScopeId, &'a [Expr]),
    /// A parameter: anything.
    Parameter,
    /// A class of this module.
    Class(ScopeId),
    /// The first parameter of a method: an instance of that class, or the class.
    Instance(ScopeId),
    /// Something of no interest.
    Opaque,
}

/// What one name may stand for, in the order in which it was bound.
#[derive(Debug, Default)]
pub(super) struct Meanings<'a> {
    list: Vec<Meaning<'a>>,
    /// The first class, or instance of one, among them.
    class: Option<ScopeId>,
    has_parameter: bool,
    has_opaque: bool,
    /// The paths among them, once there are too many to be compared one by one.
    paths: FxHashSet<String>,
}

impl<'a> Meanings<'a> {
    /// Adds a meaning, unless it is known or says nothing new.
    fn add(&mut self, meaning: Meaning<'a>) {
        match &meaning {
            // A name bound to a thousand literals is no constant, and the literals must not hide what else it is.
            Meaning::Value(expr, _) if self.list.len() >= LITERALS && !leads_on(expr) => return,
            // Names bound to the same nothing over and over stay short.
            Meaning::Opaque if self.has_opaque => return,
            Meaning::Opaque => self.has_opaque = true,
            Meaning::Path(path) if self.has_path(path) => return,
            Meaning::Parameter => self.has_parameter = true,
            Meaning::Class(class) | Meaning::Instance(class) => {
                self.class = self.class.or(Some(*class));
            }
            _ => {}
        }
        self.list.push(meaning);
    }

    /// Whether a path is among them. In a long list it is from now on.
    fn has_path(&mut self, path: &str) -> bool {
        if self.list.len() < SEARCHED {
            let mut all = self.list.iter();
            return all.any(|meaning| matches!(meaning, Meaning::Path(known) if known == path));
        }
        if self.paths.is_empty() {
            let paths = self.list.iter().filter_map(|meaning| match meaning {
                Meaning::Path(path) => Some(path.clone()),
                _ => None,
            });
            self.paths = paths.collect();
        }
        !self.paths.insert(path.to_owned())
    }

    /// The first class that the name may stand for, or for an instance of it.
    pub(super) fn class(&self) -> Option<ScopeId> {
        self.class
    }

    /// Whether it may be whatever a caller gives.
    pub(super) fn has_parameter(&self) -> bool {
        self.has_parameter
    }
}

impl<'a> Deref for Meanings<'a> {
    type Target = [Meaning<'a>];

    fn deref(&self) -> &Self::Target {
        &self.list
    }
}

impl<'a> From<Meaning<'a>> for Meanings<'a> {
    fn from(meaning: Meaning<'a>) -> Self {
        let mut meanings = Self::default();
        meanings.add(meaning);
        meanings
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
    /// Comprehensions: `:=` binds outside of them.
    Comprehension,
}

#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) parent: ScopeId,
    pub(super) kind: ScopeKind,
    /// The function that it is the inside of.
    pub(super) function: Option<&'a ast::StmtFunctionDef>,
    /// The lambda that it is the inside of.
    pub(super) lambda: Option<&'a ast::ExprLambda>,
    /// The class that it is the body of.
    pub(super) class: Option<&'a ast::StmtClassDef>,
    /// What a lambda is assigned to.
    pub(super) assigned: Option<&'a str>,
    /// What the function or the class is called.
    pub(super) name: Option<&'a str>,
    pub(super) names: FxHashMap<&'a str, Meanings<'a>>,
    /// Of a class: what methods assign to `self.name`.
    pub(super) attributes: FxHashMap<&'a str, Vec<Meaning<'a>>>,
    pub(super) globals: FxHashSet<&'a str>,
    pub(super) nonlocals: FxHashSet<&'a str>,
}

/// What may be of interest, in source order within one scope.
#[derive(Debug, Clone, Copy)]
pub(super) enum Occurrence<'a> {
    /// A call.
    Call(&'a ast::ExprCall),
    /// A name or a chain of attributes that is not called.
    Chain(&'a Expr),
    /// An attribute or item that is assigned to.
    Assigned(&'a Expr, &'a Expr),
    /// A dict display.
    Dict(&'a ast::ExprDict),
    /// A magic or shell escape of a notebook.
    Magic(&'a str, TextRange),
}

/// A change of a dict after its display: `kwargs["key"] = value`.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) scope: ScopeId,
    /// The key and the value; `None` where the change is of another kind.
    pub(super) item: Option<(&'a Expr, &'a Expr)>,
    /// `update(...)`.
    pub(super) update: Option<&'a ast::Arguments>,
}

/// All scopes of a module and what was seen in it.
#[derive(Debug, Default)]
pub(super) struct Module<'a> {
    pub(super) scopes: Vec<Scope<'a>>,
    /// The statements of its units.
    pub(super) bodies: Vec<&'a [Stmt]>,
    /// Modules of which everything was imported (`from m import *`).
    pub(super) stars: Vec<String>,
    /// The names that lambdas and calls are assigned to, by the identity of each.
    pub(super) assigned: FxHashMap<usize, &'a str>,
    /// Changes of dicts, by the dict's name.
    pub(super) changes: FxHashMap<&'a str, Vec<Change<'a>>>,
    /// What may be of interest, with its scope and the unit (notebook cell) it is in.
    pub(super) seen: Vec<(Occurrence<'a>, ScopeId, u32)>,
}

impl<'a> Module<'a> {
    /// An empty module.
    pub(super) fn new() -> Self {
        let mut module = Self::default();
        module.scope(MODULE, ScopeKind::Module);
        module
    }

    /// The scope that owns a name used in `scope`, and what the name may mean there.
    pub(super) fn lookup(&self, name: &str, scope: ScopeId) -> Option<(ScopeId, &Meanings<'a>)> {
        let mut at = scope;
        loop {
            let current = self.scopes.get(at)?;
            // `global` in the module itself is allowed, and says nothing.
            if at != MODULE && current.globals.contains(name) {
                at = MODULE;
                continue;
            }
            // The names of a class body are not seen from the functions in it.
            let visible = at == scope || current.kind != ScopeKind::Class;
            if let Some(meanings) = current.names.get(name).filter(|_| visible) {
                return Some((at, meanings));
            }
            if at == MODULE {
                return None;
            }
            at = current.parent;
        }
    }

    /// Whether an expression begins with a name that this module binds nowhere: it is one of Python's own.
    pub(super) fn is_builtin(&self, expr: &'a Expr, scope: ScopeId) -> bool {
        let mut base = expr;
        while let Expr::Attribute(attribute) = base {
            base = &attribute.value;
        }
        let bound = |name: &'a str| self.lookup(name, scope).is_some();
        self.stars.is_empty() && matches!(base, Expr::Name(name) if !bound(name.id.as_str()))
    }

    /// What an attribute of a class of this module may mean.
    pub(super) fn attribute(
        &self,
        class: ScopeId,
        name: &str,
    ) -> impl Iterator<Item = &Meaning<'a>> {
        let scope = self.scopes.get(class);
        let own = scope.and_then(|s| s.names.get(name));
        let set = scope.and_then(|s| s.attributes.get(name));
        let own = own.map_or(&[][..], |meanings| meanings);
        own.iter().chain(set.into_iter().flatten())
    }

    /// The functions and classes that are around what is in a scope, joined by dots: `Trainer.load`; `None` in the module itself.
    pub(super) fn around(&self, scope: ScopeId) -> Option<Text> {
        let mut names = Vec::new();
        let mut at = scope;
        while at != MODULE {
            let current = self.scopes.get(at)?;
            names.extend(current.name);
            at = current.parent;
        }
        // As many as people read, from the outermost on.
        let outermost = names.iter().rev().take(AROUND).copied();
        let joined = outermost.collect::<Vec<_>>().join(".");
        (!joined.is_empty()).then(|| brief(&joined))
    }

    pub(super) fn scope(&mut self, parent: ScopeId, kind: ScopeKind) -> ScopeId {
        let id = self.scopes.len();
        self.scopes.push(Scope {
            parent,
            kind,
            function: None,
            lambda: None,
            class: None,
            assigned: None,
            name: None,
            names: FxHashMap::default(),
            attributes: FxHashMap::default(),
            globals: FxHashSet::default(),
            nonlocals: FxHashSet::default(),
        });
        id
    }

    pub(super) fn bind(&mut self, scope: ScopeId, name: &'a str, meaning: Meaning<'a>) {
        let at = match self.scopes.get(scope) {
            Some(scope) if scope.globals.contains(name) => MODULE,
            Some(Scope {
                nonlocals, parent, ..
            }) if nonlocals.contains(name) => self
                .lookup(name, *parent)
                .map_or(*parent, |(owner, _)| owner),
            _ => scope,
        };
        let Some(owner) = self.scopes.get_mut(at) else {
            return;
        };
        owner.names.entry(name).or_default().add(meaning);
    }

    pub(super) fn change(
        &mut self,
        name: &'a str,
        scope: ScopeId,
        item: Option<(&'a Expr, &'a Expr)>,
        update: Option<&'a ast::Arguments>,
    ) {
        self.changes.entry(name).or_default().push(Change {
            scope,
            item,
            update,
        });
    }
}

/// Whether an expression may stand for something that has a qualified name.
pub(super) fn leads_on(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Name(_)
            | Expr::Attribute(_)
            | Expr::Call(_)
            | Expr::Subscript(_)
            | Expr::If(_)
            | Expr::BoolOp(_)
            | Expr::Named(_)
    )
}
