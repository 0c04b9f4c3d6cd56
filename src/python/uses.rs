//! What a function does with its names: where each flows, whether it is written to, and whether it gets out of hand.

use rustc_hash::FxHashMap;

use super::{
    parse::{Children, Expr, Node, Stmt, ast},
    qualified::QualifiedNames,
    scope::ScopeId,
    writers::{GIVING, LOOKS, ROOTS, STILL, WRAPPERS, WRITERS},
};
use crate::loader;

/// Where something flows that a name stands for.
#[derive(Debug, Clone, Copy)]
enum Role<'a> {
    /// It is only read, or written to by what writes pickles.
    Fine,
    /// It is assigned to these.
    Into(&'a [Expr]),
    /// It is given these bytes.
    Given(Option<&'a Expr>),
    /// It is handed on.
    Escapes,
}

/// What is done with a name in a function.
#[derive(Debug, Default)]
pub(super) struct Use<'a> {
    pub(super) escapes: bool,
    pub(super) into: Vec<&'a str>,
    pub(super) given: Vec<&'a Expr>,
}

/// What is done in a function.
#[derive(Debug, Default)]
pub(super) struct Uses<'a> {
    pub(super) names: FxHashMap<&'a str, Use<'a>>,
    /// Something in it writes a pickle.
    pub(super) writes: bool,
}

/// The walk over a function, without recursion.
pub(super) struct Walk<'w, 'm, 'a> {
    names: &'w QualifiedNames<'m, 'a>,
    scope: ScopeId,
    uses: &'w mut Uses<'a>,
    /// What is to be looked at, where it flows, and whether it is in a function or a comprehension inside.
    work: Vec<(Node<'a>, Role<'a>, bool)>,
    children: Children<'a>,
}

impl<'w, 'm, 'a> Walk<'w, 'm, 'a> {
    /// A walk in `scope` itself.
    pub(super) fn new(
        names: &'w QualifiedNames<'m, 'a>,
        scope: ScopeId,
        uses: &'w mut Uses<'a>,
    ) -> Self {
        Self {
            names,
            scope,
            uses,
            work: Vec::new(),
            children: Children::default(),
        }
    }

    /// Adds what the statements do.
    pub(super) fn body(&mut self, body: &'a [Stmt]) {
        self.statements(body, false);
        while let Some((node, role, inner)) = self.work.pop() {
            match node {
                Node::Stmt(stmt) => self.statement(stmt, inner),
                Node::Expr(expr) => self.expression(expr, role, inner),
                Node::Pattern(_) => self.others(node, Role::Escapes, inner),
            }
        }
    }

    fn statements(&mut self, body: &'a [Stmt], inner: bool) {
        let statements = body
            .iter()
            .map(|stmt| (Node::Stmt(stmt), Role::Escapes, inner));
        self.work.extend(statements);
    }

    fn push(&mut self, expr: &'a Expr, role: Role<'a>, inner: bool) {
        self.work.push((Node::Expr(expr), role, inner));
    }

    fn others(&mut self, node: Node<'a>, role: Role<'a>, inner: bool) {
        self.children.of(node);
        let children = self.children.nodes.drain(..);
        self.work.extend(children.map(|child| (child, role, inner)));
    }

    /// A target: a name is bound, anything else is handed what it is given.
    fn target(&mut self, target: &'a Expr, inner: bool) {
        match target {
            Expr::Name(_) => {}
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. })
                if elts.iter().all(Expr::is_name_expr) => {}
            _ => self.push(target, Role::Escapes, inner),
        }
    }

    fn statement(&mut self, stmt: &'a Stmt, inner: bool) {
        match stmt {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.target(target, inner);
                }
                self.push(&assign.value, Role::Into(&assign.targets), inner);
            }
            Stmt::AnnAssign(assign) => {
                self.target(&assign.target, inner);
                if let Some(value) = &assign.value {
                    self.push(
                        value,
                        Role::Into(std::slice::from_ref(&assign.target)),
                        inner,
                    );
                }
            }
            Stmt::AugAssign(assign) => {
                self.target(&assign.target, inner);
                self.push(
                    &assign.value,
                    Role::Into(std::slice::from_ref(&assign.target)),
                    inner,
                );
            }
            Stmt::With(with) => {
                for item in &with.items {
                    let role = match item.optional_vars.as_deref() {
                        Some(target) => {
                            self.target(target, inner);
                            Role::Into(std::slice::from_ref(target))
                        }
                        None => Role::Fine,
                    };
                    self.push(&item.context_expr, role, inner);
                }
                self.statements(&with.body, inner);
            }
            Stmt::Expr(expr) => self.push(&expr.value, Role::Fine, inner),
            Stmt::Assert(assert) => {
                self.push(&assert.test, Role::Fine, inner);
                if let Some(message) = &assert.msg {
                    self.push(message, Role::Fine, inner);
                }
            }
            Stmt::For(each) => {
                self.target(&each.target, inner);
                self.push(&each.iter, Role::Escapes, inner);
                self.statements(&each.body, inner);
                self.statements(&each.orelse, inner);
            }
            Stmt::Delete(_) => {}
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {
                self.others(Node::Stmt(stmt), Role::Escapes, true);
            }
            _ => self.others(Node::Stmt(stmt), Role::Escapes, inner),
        }
    }

    fn expression(&mut self, expr: &'a Expr, role: Role<'a>, inner: bool) {
        match expr {
            Expr::Name(name) => self.name(name.id.as_str(), role, inner),
            Expr::Call(call) => self.call(call, role, inner),
            Expr::Attribute(attribute) => {
                let named = attribute.attr.as_str() == "name";
                let role = if named { role } else { Role::Escapes };
                self.push(&attribute.value, role, inner);
            }
            Expr::BinOp(operation)
                if matches!(operation.op, ast::Operator::Div | ast::Operator::Add) =>
            {
                self.others(Node::Expr(expr), role, inner);
            }
            Expr::Subscript(subscript) => {
                let one = matches!(&*subscript.slice, Expr::NumberLiteral(_));
                let role = if one { role } else { Role::Escapes };
                self.push(&subscript.value, role, inner);
                self.push(&subscript.slice, Role::Escapes, inner);
            }
            Expr::If(either) => {
                self.push(&either.test, Role::Fine, inner);
                self.push(&either.body, role, inner);
                self.push(&either.orelse, role, inner);
            }
            Expr::Named(named) if matches!(role, Role::Fine) => {
                self.push(
                    &named.value,
                    Role::Into(std::slice::from_ref(&named.target)),
                    inner,
                );
            }
            Expr::FString(_) => self.others(Node::Expr(expr), role, inner),
            Expr::Compare(_) => self.others(Node::Expr(expr), Role::Fine, inner),
            Expr::Lambda(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_) => self.others(Node::Expr(expr), Role::Escapes, true),
            _ => self.others(Node::Expr(expr), Role::Escapes, inner),
        }
    }

    fn name(&mut self, name: &'a str, role: Role<'a>, inner: bool) {
        let used = self.uses.names.entry(name).or_default();
        match role {
            Role::Fine if !inner => {}
            Role::Into(targets) if !inner => {
                for target in targets {
                    match target {
                        Expr::Name(target) => used.into.push(target.id.as_str()),
                        Expr::Tuple(ast::ExprTuple { elts, .. })
                        | Expr::List(ast::ExprList { elts, .. }) => {
                            for element in elts {
                                match element {
                                    Expr::Name(target) => used.into.push(target.id.as_str()),
                                    _ => used.escapes = true,
                                }
                            }
                        }
                        _ => used.escapes = true,
                    }
                }
            }
            Role::Given(Some(bytes)) if !inner => used.given.push(bytes),
            _ => used.escapes = true,
        }
    }

    fn call(&mut self, call: &'a ast::ExprCall, role: Role<'a>, inner: bool) {
        let arguments = &call.arguments;
        self.names.begin_call();
        let paths = self.names.of(&call.func, self.scope);
        let (mut given, mut rest) = (Role::Escapes, Role::Escapes);
        if let Some(paths) = &paths {
            let all = |of: &[&str]| paths.iter().all(|path| of.contains(&path.as_str()));
            if all(WRITERS) {
                self.uses.writes = true;
                (given, rest) = (Role::Fine, Role::Fine);
            } else if paths.iter().all(|path| loader::by_name(path).is_some()) || all(ROOTS) {
                (given, rest) = (Role::Fine, Role::Fine);
            } else if all(WRAPPERS) {
                given = role;
            } else if all(LOOKS) {
                given = Role::Fine;
            }
        }
        if let (Expr::Attribute(method), None) = (&*call.func, &paths) {
            let first = arguments.args.first();
            let receiver = match method.attr.as_str() {
                name if GIVING.contains(&name) => role,
                name if STILL.contains(&name) => Role::Fine,
                "write" | "write_bytes" => {
                    (given, self.uses.writes) = (Role::Fine, true);
                    Role::Given(first)
                }
                // A method of what is written, not of where it goes.
                "to_pickle" => {
                    (given, self.uses.writes) = (Role::Fine, true);
                    Role::Escapes
                }
                _ => Role::Escapes,
            };
            self.push(&method.value, receiver, inner);
        } else if paths.is_none() {
            self.push(&call.func, Role::Escapes, inner);
        }
        for (argument, at) in arguments.args.iter().zip(0..) {
            self.push(argument, if at == 0 { given } else { rest }, inner);
        }
        for keyword in &arguments.keywords {
            self.push(&keyword.value, rest, inner);
        }
    }
}
