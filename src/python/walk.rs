//! The walk over a module's syntax: binds every name and lists what the observer looks at. Without recursion: the
//! tree may be deep.

use super::{
    binder::Binder,
    names::identity,
    parse::{Children, Expr, Node, Stmt, ast},
    refusal,
    scope::{MODULE, Meaning, Module, Occurrence, Scope, ScopeId, ScopeKind},
};

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

/// Binds and lists all of `body` in a module, as part of the module's own scope.
pub(super) fn add<'a>(module: &mut Module<'a>, body: &'a [Stmt], unit: u32) {
    module.bodies.push(body);
    let mut walk = ModuleWalk {
        binder: Binder { module, unit },
        work: Vec::new(),
        children: Children::default(),
    };
    walk.statements(body, MODULE);
    walk.run();
}

/// The walk over the syntax of a module.
struct ModuleWalk<'m, 'a> {
    binder: Binder<'m, 'a>,
    work: Vec<Work<'a>>,
    children: Children<'a>,
}

/// A node that is to be looked at.
#[derive(Debug, Clone, Copy)]
struct Work<'a> {
    node: Node<'a>,
    scope: ScopeId,
    /// A name here is only looked at, not passed on.
    quiet: bool,
}

impl<'a> ModuleWalk<'_, 'a> {
    fn run(&mut self) {
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
                        self.binder
                            .module
                            .bind(work.scope, name.as_str(), Meaning::Opaque);
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
            Stmt::Import(import) => self.binder.import(import, scope),
            Stmt::ImportFrom(import) => self.binder.import_from(import, scope),
            Stmt::FunctionDef(function) => {
                self.binder
                    .module
                    .bind(scope, function.name.as_str(), Meaning::Opaque);
                let inner = self.binder.module.scope(scope, ScopeKind::Function);
                if let Some(inner) = self.binder.module.scopes.get_mut(inner) {
                    inner.function = Some(function);
                    inner.name = Some(function.name.as_str());
                }
                self.statements(&function.body, inner);
                self.parameters(&function.parameters, scope, inner);
                self.binder.receiver(function, scope, inner);
                for decorator in &function.decorator_list {
                    self.push(&decorator.expression, scope, false);
                }
            }
            Stmt::ClassDef(class) => self.class(class, scope),
            Stmt::Assign(assign) => {
                if let ([Expr::Name(name)], Some(function)) =
                    (&*assign.targets, function(&assign.value))
                {
                    let name = name.id.as_str();
                    self.binder.module.assigned.insert(function, name);
                }
                for target in &assign.targets {
                    self.binder.target(target, Some(&assign.value), scope);
                }
                self.push(&assign.value, scope, false);
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.binder.target(&assign.target, Some(value), scope);
                    self.push(value, scope, false);
                }
            }
            Stmt::AugAssign(assign) => {
                if let Expr::Name(name) = &*assign.target {
                    // `kwargs |= {...}`: the dict is one of the two or both, which is what two meanings say.
                    self.binder.module.bind(
                        scope,
                        name.id.as_str(),
                        Meaning::Value(&assign.value, scope),
                    );
                }
                self.push(&assign.value, scope, false);
            }
            Stmt::For(each) => {
                self.binder.each(&each.target, &each.iter, scope);
                self.push_block(&[&each.body, &each.orelse], scope);
                self.push(&each.iter, scope, false);
            }
            Stmt::With(with) => {
                for item in &with.items {
                    match item.optional_vars.as_deref() {
                        Some(Expr::Name(name)) => {
                            let entered = Meaning::Entered(&item.context_expr, scope);
                            self.binder.module.bind(scope, name.id.as_str(), entered);
                        }
                        Some(target) => self.binder.target(target, None, scope),
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
                        self.binder
                            .module
                            .bind(scope, name.as_str(), Meaning::Opaque);
                    }
                }
                self.descend(work, scope);
            }
            Stmt::Global(global) => {
                let names = global.names.iter().map(ast::Identifier::as_str);
                if let Some(scope) = self.binder.module.scopes.get_mut(scope) {
                    scope.globals.extend(names);
                }
            }
            Stmt::Nonlocal(nonlocal) => {
                let names = nonlocal.names.iter().map(ast::Identifier::as_str);
                if let Some(scope) = self.binder.module.scopes.get_mut(scope) {
                    scope.nonlocals.extend(names);
                }
            }
            Stmt::IpyEscapeCommand(magic) => {
                self.binder
                    .see(Occurrence::Magic(&magic.value, magic.range), scope);
            }
            Stmt::Delete(_) | Stmt::TypeAlias(_) => {}
            _ => self.descend(work, scope),
        }
    }

    fn parameters(&mut self, parameters: &'a ast::Parameters, outer: ScopeId, inner: ScopeId) {
        self.binder.parameters(parameters, outer, inner);
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                self.push(default, outer, false);
            }
        }
    }

    fn push_block(&mut self, bodies: &[&'a [Stmt]], scope: ScopeId) {
        for body in bodies.iter().rev() {
            self.statements(body, scope);
        }
    }

    fn class(&mut self, class: &'a ast::StmtClassDef, scope: ScopeId) {
        let inner = self.binder.module.scope(scope, ScopeKind::Class);
        if let Some(inner) = self.binder.module.scopes.get_mut(inner) {
            inner.name = Some(class.name.as_str());
            inner.class = Some(class);
        }
        self.binder
            .module
            .bind(scope, class.name.as_str(), Meaning::Class(inner));
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

    fn expression(&mut self, expr: &'a Expr, work: Work<'a>) {
        let Work { scope, quiet, .. } = work;
        let loud = Work {
            quiet: false,
            ..work
        };
        match expr {
            Expr::Lambda(lambda) => {
                let inner = self.binder.module.scope(scope, ScopeKind::Function);
                let assigned = self.binder.module.assigned.get(&identity(lambda)).copied();
                if let Some(inner) = self.binder.module.scopes.get_mut(inner) {
                    inner.lambda = Some(lambda);
                    inner.assigned = assigned;
                }
                self.push(&lambda.body, inner, false);
                if let Some(parameters) = &lambda.parameters {
                    self.parameters(parameters, scope, inner);
                }
            }
            Expr::ListComp(ast::ExprListComp { generators, .. })
            | Expr::SetComp(ast::ExprSetComp { generators, .. })
            | Expr::DictComp(ast::ExprDictComp { generators, .. })
            | Expr::Generator(ast::ExprGenerator { generators, .. }) => {
                let inner = self.binder.module.scope(scope, ScopeKind::Comprehension);
                for generator in generators {
                    self.binder.each(&generator.target, &generator.iter, inner);
                }
                self.descend(loud, inner);
            }
            Expr::Named(named) => {
                let mut outer = scope;
                while let Some(Scope {
                    kind: ScopeKind::Comprehension,
                    parent,
                    ..
                }) = self.binder.module.scopes.get(outer)
                {
                    outer = *parent;
                }
                if let Expr::Name(name) = &*named.target {
                    self.binder.module.bind(
                        outer,
                        name.id.as_str(),
                        Meaning::Value(&named.value, scope),
                    );
                }
                self.push(&named.value, scope, false);
            }
            Expr::Call(call) => self.call(call, scope),
            Expr::Attribute(_) | Expr::Name(_) => {
                if !quiet {
                    self.binder.see(Occurrence::Chain(expr), scope);
                }
                self.base(expr, scope);
            }
            Expr::Dict(dict) => {
                self.binder.see(Occurrence::Dict(dict), scope);
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
        self.binder.see(Occurrence::Call(call), scope);
        let name = match &*call.func {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => "",
        };
        self.binder.change_of_dict(call, scope);
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

/// The identity of a lambda, or of a call that may be one of `functools.partial`.
fn function(expr: &Expr) -> Option<usize> {
    let call = match expr {
        Expr::Lambda(lambda) => return Some(identity(lambda)),
        Expr::Call(call) => call,
        _ => return None,
    };
    let name = match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return None,
    };
    name.starts_with("partial").then(|| identity(call))
}
