//! The walk over a module's syntax: binds every name and lists what the observer looks at. Without recursion: the
//! tree may be deep.

use super::{
    parse::{Expr, Node, Stmt, ast},
    refusal,
    scope::{MODULE, Meaning, Module, Occurrence, Scope, ScopeId, ScopeKind, Work},
};
use crate::bytes::narrow;

/// Functions that look at a loader without keeping it.
const LOOK_ONLY: &[&str] = &[
    "isinstance",
    "issubclass",
    "hasattr",
    "callable",
    "id",
    "repr",
    "type",
    "signature",
    "wraps",
];

impl<'a> Module<'a> {
    /// Binds and lists all of `body`, as part of the module's own scope.
    pub(super) fn add(&mut self, body: &'a [Stmt], unit: u32) {
        self.unit = unit;
        self.bodies.push(body);
        self.statements(body, MODULE);
        while let Some(work) = self.work.pop() {
            match work.node {
                Node::Stmt(stmt) => self.statement(stmt, work),
                Node::Expr(expr) => self.expression(expr, work),
                Node::Pattern(pattern) => {
                    let name = match pattern {
                        ast::Pattern::MatchAs(p) => p.name.as_ref(),
                        ast::Pattern::MatchStar(p) => p.name.as_ref(),
                        ast::Pattern::MatchMapping(p) => p.rest.as_ref(),
                        _ => None,
                    };
                    if let Some(name) = name {
                        self.bind(work.scope, name.as_str(), Meaning::Opaque);
                    }
                    self.descend(work, work.scope);
                }
            }
        }
    }

    fn push(&mut self, expr: &'a Expr, scope: ScopeId, quiet: bool) {
        self.work.push(Work {
            node: Node::Expr(expr),
            scope,
            quiet,
        });
    }

    fn statements(&mut self, body: &'a [Stmt], scope: ScopeId) {
        self.work.extend(body.iter().rev().map(|stmt| Work {
            node: Node::Stmt(stmt),
            scope,
            quiet: false,
        }));
    }

    /// Goes on with the children of a node, in `scope`.
    fn descend(&mut self, work: Work<'a>, scope: ScopeId) {
        self.children.of(work.node);
        self.work
            .extend(self.children.nodes.drain(..).rev().map(|node| Work {
                node,
                scope,
                quiet: work.quiet,
            }));
    }

    fn statement(&mut self, stmt: &'a Stmt, work: Work<'a>) {
        let scope = work.scope;
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let path = alias.name.as_str();
                    let first = path.split('.').next().unwrap_or(path);
                    match &alias.asname {
                        Some(name) => {
                            self.bind(scope, name.as_str(), Meaning::Path(path.to_owned()));
                        }
                        None => self.bind(scope, first, Meaning::Path(first.to_owned())),
                    }
                }
            }
            Stmt::ImportFrom(import) => self.import_from(import, scope),
            Stmt::FunctionDef(function) => {
                self.bind(scope, function.name.as_str(), Meaning::Opaque);
                let inner = self.scope(scope, ScopeKind::Function);
                if let Some(inner) = self.scopes.get_mut(inner) {
                    inner.function = Some(function);
                }
                self.statements(&function.body, inner);
                self.parameters(&function.parameters, scope, inner);
                self.receiver(function, scope, inner);
                for decorator in &function.decorator_list {
                    self.push(&decorator.expression, scope, false);
                }
            }
            Stmt::ClassDef(class) => self.class(class, scope),
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.target(target, Some(&assign.value), scope);
                }
                self.push(&assign.value, scope, false);
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.target(&assign.target, Some(value), scope);
                    self.push(value, scope, false);
                }
            }
            Stmt::AugAssign(assign) => {
                if let Expr::Name(name) = &*assign.target {
                    // `kwargs |= {...}`: the dict is one of the two or both, which is what two meanings say.
                    self.bind(
                        scope,
                        name.id.as_str(),
                        Meaning::Value(&assign.value, scope),
                    );
                }
                self.push(&assign.value, scope, false);
            }
            Stmt::For(each) => {
                self.each(&each.target, &each.iter, scope);
                self.push_block(&[&each.body, &each.orelse], scope);
                self.push(&each.iter, scope, false);
            }
            Stmt::With(with) => {
                for item in &with.items {
                    match item.optional_vars.as_deref() {
                        Some(Expr::Name(name)) => {
                            let entered = Meaning::Entered(&item.context_expr, scope);
                            self.bind(scope, name.id.as_str(), entered);
                        }
                        Some(target) => self.target(target, None, scope),
                        None => {}
                    }
                }
                self.statements(&with.body, scope);
                for item in with.items.iter().rev() {
                    self.push(&item.context_expr, scope, false);
                }
            }
            Stmt::Try(attempt) => {
                for ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    if let Some(name) = &handler.name {
                        self.bind(scope, name.as_str(), Meaning::Opaque);
                    }
                }
                self.descend(work, scope);
            }
            Stmt::Global(global) => {
                let names = global.names.iter().map(ast::Identifier::as_str);
                if let Some(scope) = self.scopes.get_mut(scope) {
                    scope.globals.extend(names);
                }
            }
            Stmt::Nonlocal(nonlocal) => {
                let names = nonlocal.names.iter().map(ast::Identifier::as_str);
                if let Some(scope) = self.scopes.get_mut(scope) {
                    scope.nonlocals.extend(names);
                }
            }
            Stmt::IpyEscapeCommand(magic) => {
                self.see(Occurrence::Magic(&magic.value, magic.range), scope);
            }
            Stmt::Delete(_) | Stmt::TypeAlias(_) => {}
            _ => self.descend(work, scope),
        }
    }

    fn push_block(&mut self, bodies: &[&'a [Stmt]], scope: ScopeId) {
        for body in bodies.iter().rev() {
            self.statements(body, scope);
        }
    }

    fn import_from(&mut self, import: &'a ast::StmtImportFrom, scope: ScopeId) {
        let mut base = ".".repeat(narrow(import.level.min(64).into()));
        if let Some(module) = &import.module {
            base.push_str(module.as_str());
            base.push('.');
        }
        for alias in &import.names {
            if alias.name.as_str() == "*" {
                self.stars.push(base.trim_end_matches('.').to_owned());
            } else {
                let name = alias.asname.as_ref().unwrap_or(&alias.name);
                let path = format!("{base}{}", alias.name.as_str());
                self.bind(scope, name.as_str(), Meaning::Path(path));
            }
        }
    }

    fn class(&mut self, class: &'a ast::StmtClassDef, scope: ScopeId) {
        let inner = self.scope(scope, ScopeKind::Class);
        self.bind(scope, class.name.as_str(), Meaning::Class(inner));
        // An unpickler whose `find_class` refuses what it does not list decides for itself what may be imported.
        let finds = class.body.iter().rev().find_map(|stmt| match stmt {
            Stmt::FunctionDef(f) if f.name.as_str() == "find_class" => Some(f),
            _ => None,
        });
        let restricts = finds.is_some_and(refusal::refuses_the_rest);
        self.statements(&class.body, inner);
        if let Some(arguments) = &class.arguments {
            for keyword in &arguments.keywords {
                self.push(&keyword.value, scope, false);
            }
            for base in &arguments.args {
                self.push(base, scope, restricts);
            }
        }
        for decorator in &class.decorator_list {
            self.push(&decorator.expression, scope, false);
        }
    }

    fn parameters(&mut self, parameters: &'a ast::Parameters, outer: ScopeId, inner: ScopeId) {
        for parameter in parameters.iter_non_variadic_params() {
            let name = parameter.parameter.name.as_str();
            self.bind(inner, name, Meaning::Parameter);
            if let Some(default) = &parameter.default {
                self.bind(inner, name, Meaning::Default(default, outer));
                self.push(default, outer, false);
            }
        }
        for variadic in [&parameters.vararg, &parameters.kwarg]
            .into_iter()
            .flatten()
        {
            self.bind(inner, variadic.name.as_str(), Meaning::Parameter);
        }
    }

    /// The first parameter of a method stands for its instance or class.
    fn receiver(&mut self, function: &'a ast::StmtFunctionDef, class: ScopeId, inner: ScopeId) {
        let is_static = function.decorator_list.iter().any(
            |d| matches!(&d.expression, Expr::Name(name) if name.id.as_str() == "staticmethod"),
        );
        let first = function.parameters.iter_non_variadic_params().next();
        let in_class = self
            .scopes
            .get(class)
            .is_some_and(|scope| scope.kind == ScopeKind::Class);
        let first = first.filter(|_| in_class && !is_static);
        if let (Some(first), Some(inner)) = (first, self.scopes.get_mut(inner)) {
            let name = first.parameter.name.as_str();
            inner.names.insert(name, vec![Meaning::Instance(class)]);
        }
    }

    /// Binds the target of an assignment. Destructuring goes element by element where both sides are displays.
    fn target(&mut self, target: &'a Expr, value: Option<&'a Expr>, scope: ScopeId) {
        let whole = target;
        let mut pairs = vec![(target, value)];
        while let Some((target, value)) = pairs.pop() {
            let value = value.filter(|value| std::ptr::eq(target, whole) || !is_letter(value));
            match (target, value) {
                (Expr::Name(name), Some(value)) => {
                    self.bind(scope, name.id.as_str(), Meaning::Value(value, scope));
                }
                (Expr::Name(name), None) => self.bind(scope, name.id.as_str(), Meaning::Opaque),
                (Expr::Starred(starred), _) => pairs.push((&starred.value, None)),
                (
                    Expr::Tuple(ast::ExprTuple { elts, .. })
                    | Expr::List(ast::ExprList { elts, .. }),
                    value,
                ) => {
                    let values = value.and_then(display).filter(|values| {
                        values.len() == elts.len()
                            && !values.iter().chain(elts).any(Expr::is_starred_expr)
                    });
                    for (i, element) in elts.iter().enumerate() {
                        match (element, values, value) {
                            (Expr::Name(name), None, Some(whole)) => {
                                let part = Meaning::Part(whole, scope, elts);
                                self.bind(scope, name.id.as_str(), part);
                            }
                            _ => pairs.push((element, values.and_then(|values| values.get(i)))),
                        }
                    }
                }
                (Expr::Attribute(attribute), Some(value)) => {
                    self.see(Occurrence::Assigned(target, value), scope);
                    self.set_attribute(attribute, value, scope);
                }
                (Expr::Subscript(subscript), Some(value)) => {
                    self.see(Occurrence::Assigned(target, value), scope);
                    if let Expr::Name(name) = &*subscript.value {
                        let item = Some((&*subscript.slice, value));
                        self.change(name.id.as_str(), scope, item, None);
                    }
                }
                _ => {}
            }
        }
    }

    /// `self.name = value` in a method.
    fn set_attribute(
        &mut self,
        attribute: &'a ast::ExprAttribute,
        value: &'a Expr,
        scope: ScopeId,
    ) {
        let Expr::Name(receiver) = &*attribute.value else {
            return;
        };
        let class = self
            .lookup(receiver.id.as_str(), scope)
            .and_then(|(_, meanings)| {
                meanings.iter().find_map(|m| match m {
                    Meaning::Instance(class) | Meaning::Class(class) => Some(*class),
                    _ => None,
                })
            });
        if let Some(class) = class.and_then(|class| self.scopes.get_mut(class)) {
            let meanings = class.attributes.entry(attribute.attr.as_str()).or_default();
            meanings.push(Meaning::Value(value, scope));
        }
    }

    /// The target of a loop: each element of a display, or anything.
    fn each(&mut self, target: &'a Expr, iter: &'a Expr, scope: ScopeId) {
        match display(iter) {
            Some(elements) => {
                for element in elements {
                    let element = Some(element).filter(|element| !is_letter(element));
                    self.target(target, element, scope);
                }
            }
            None => self.target(target, None, scope),
        }
    }

    fn expression(&mut self, expr: &'a Expr, work: Work<'a>) {
        let Work { scope, quiet, .. } = work;
        let loud = Work {
            quiet: false,
            ..work
        };
        match expr {
            Expr::Lambda(lambda) => {
                let inner = self.scope(scope, ScopeKind::Function);
                self.push(&lambda.body, inner, false);
                if let Some(parameters) = &lambda.parameters {
                    self.parameters(parameters, scope, inner);
                }
            }
            Expr::ListComp(ast::ExprListComp { generators, .. })
            | Expr::SetComp(ast::ExprSetComp { generators, .. })
            | Expr::DictComp(ast::ExprDictComp { generators, .. })
            | Expr::Generator(ast::ExprGenerator { generators, .. }) => {
                let inner = self.scope(scope, ScopeKind::Comprehension);
                for generator in generators {
                    self.each(&generator.target, &generator.iter, inner);
                }
                self.descend(loud, inner);
            }
            Expr::Named(named) => {
                let mut outer = scope;
                while let Some(Scope {
                    kind: ScopeKind::Comprehension,
                    parent,
                    ..
                }) = self.scopes.get(outer)
                {
                    outer = *parent;
                }
                if let Expr::Name(name) = &*named.target {
                    self.bind(outer, name.id.as_str(), Meaning::Value(&named.value, scope));
                }
                self.push(&named.value, scope, false);
            }
            Expr::Call(call) => self.call(call, scope),
            Expr::Attribute(_) | Expr::Name(_) => {
                if !quiet {
                    self.see(Occurrence::Chain(expr), scope);
                }
                self.base(expr, scope);
            }
            Expr::Dict(dict) => {
                self.see(Occurrence::Dict(dict), scope);
                self.descend(loud, scope);
            }
            Expr::Compare(_) => self.descend(
                Work {
                    quiet: true,
                    ..work
                },
                scope,
            ),
            Expr::Tuple(_) | Expr::List(_) => self.descend(work, scope),
            _ => self.descend(loud, scope),
        }
    }

    /// Goes on with what a chain of attributes starts from, unless that is a name.
    fn base(&mut self, chain: &'a Expr, scope: ScopeId) {
        let mut base = chain;
        while let Expr::Attribute(attribute) = base {
            base = &attribute.value;
        }
        if !base.is_name_expr() {
            self.push(base, scope, true);
        }
    }

    fn call(&mut self, call: &'a ast::ExprCall, scope: ScopeId) {
        self.see(Occurrence::Call(call), scope);
        let name = match &*call.func {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => "",
        };
        if let Expr::Attribute(attribute) = &*call.func
            && let Expr::Name(dict) = &*attribute.value
        {
            let arguments = &call.arguments;
            match (name, &*arguments.args) {
                ("setdefault" | "__setitem__", [key, value]) => {
                    self.change(dict.id.as_str(), scope, Some((key, value)), None);
                }
                ("update", _) => self.change(dict.id.as_str(), scope, None, Some(arguments)),
                ("pop" | "popitem" | "clear", _) => {
                    self.change(dict.id.as_str(), scope, None, None);
                }
                _ => {}
            }
        }
        let quiet = LOOK_ONLY.contains(&name);
        for keyword in call.arguments.keywords.iter().rev() {
            self.push(&keyword.value, scope, quiet);
        }
        for argument in call.arguments.args.iter().rev() {
            self.push(argument, scope, quiet);
        }
        self.base(&call.func, scope);
    }
}

/// The elements of a list or tuple display.
fn display(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::List(list) => Some(&list.elts),
        _ => None,
    }
}

/// Whether an expression is a string of one letter. In lists these are many, and stand for nothing (see `prefilter`).
fn is_letter(expr: &Expr) -> bool {
    matches!(expr, Expr::StringLiteral(literal) if literal.value.len() == 1)
}
