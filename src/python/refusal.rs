//! Whether a `find_class` refuses what it does not list: what it does with a name that nothing in it speaks of.
//!
//! Such a name equals no constant and is in no list, so a comparison with one is decided, and any other test may go either way.
//! If a way leads to anything but an exception, `None` or a value that no call makes, the name gets through.

use rustc_hash::FxHashSet;

use super::parse::{Children, Expr, Node, Stmt, ast};

/// Where a list of statements leads a name that is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Some way gets it through.
    Through,
    /// Every way ends.
    Ends,
    /// Some way goes on after the statements, and none gets it through.
    On,
}

/// Whether a `find_class` lets no name through that it does not list.
pub(super) fn refuses_the_rest(function: &ast::StmtFunctionDef) -> bool {
    // Names that it binds may stand for what it looked up.
    let mut bound = FxHashSet::default();
    let mut children = Children::default();
    let mut work: Vec<Node<'_>> = function.body.iter().map(Node::Stmt).collect();
    while let Some(node) = work.pop() {
        if let Node::Expr(Expr::Name(name)) = node
            && name.ctx == ast::ExprContext::Store
        {
            bound.insert(name.id.as_str());
        }
        children.of(node);
        work.append(&mut children.nodes);
    }
    let ways = Ways { bound };
    !function.is_async && ways.block(&function.body) != Way::Through
}

/// What is known of the function.
struct Ways<'a> {
    bound: FxHashSet<&'a str>,
}

impl Ways<'_> {
    fn block(&self, body: &[Stmt]) -> Way {
        for stmt in body {
            match self.statement(stmt) {
                Way::On => {}
                end => return end,
            }
        }
        Way::On
    }

    fn statement(&self, stmt: &Stmt) -> Way {
        match stmt {
            Stmt::Raise(_) => Way::Ends,
            Stmt::Return(end) => match &end.value {
                Some(value) if self.gives(value) => Way::Through,
                _ => Way::Ends,
            },
            Stmt::If(branches) => {
                let mut ways = Vec::new();
                let mut open = true;
                let first = (Some(&*branches.test), &branches.body);
                let others = branches.elif_else_clauses.iter();
                let others = others.map(|clause| (clause.test.as_ref(), &clause.body));
                for (test, body) in std::iter::once(first).chain(others) {
                    let truth = test.map_or(Some(true), |test| truth(test, 0));
                    if truth != Some(false) {
                        ways.push(self.block(body));
                    }
                    if truth == Some(true) {
                        open = false;
                        break;
                    }
                }
                if open {
                    ways.push(Way::On);
                }
                together(&ways)
            }
            Stmt::Match(choice) => {
                let mut ways = Vec::new();
                let mut open = true;
                for case in &choice.cases {
                    let guard = case
                        .guard
                        .as_deref()
                        .map_or(Some(true), |test| truth(test, 0));
                    let any = case.pattern.is_irrefutable();
                    let constant = matches!(
                        case.pattern,
                        ast::Pattern::MatchValue(_) | ast::Pattern::MatchSingleton(_)
                    ) || is_constant_sequence(&case.pattern);
                    if constant || guard == Some(false) {
                        continue;
                    }
                    ways.push(self.block(&case.body));
                    if any && guard == Some(true) {
                        open = false;
                        break;
                    }
                }
                if open {
                    ways.push(Way::On);
                }
                together(&ways)
            }
            // An exception may be swallowed there.
            Stmt::With(with) => together(&[Way::On, self.block(&with.body)]),
            Stmt::Try(attempt) => {
                // What is raised may be caught, and how far it came is not known.
                let mut ways = vec![self.block(&attempt.body), self.block(&attempt.orelse)];
                for ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    ways.push(self.block(&handler.body));
                }
                match (self.block(&attempt.finalbody), together(&ways)) {
                    (Way::Ends, Way::On | Way::Ends) => Way::Ends,
                    (Way::Through, _) | (_, Way::Through) => Way::Through,
                    (Way::On, way) => way,
                }
            }
            Stmt::For(each) => {
                together(&[Way::On, self.block(&each.body), self.block(&each.orelse)])
            }
            Stmt::While(each) => {
                together(&[Way::On, self.block(&each.body), self.block(&each.orelse)])
            }
            _ => Way::On,
        }
    }

    /// Whether a returned value may be what the name stands for: something calls, or the name is looked up by more than a key.
    fn gives(&self, value: &Expr) -> bool {
        match value {
            Expr::Name(name) => self.bound.contains(name.id.as_str()),
            Expr::Attribute(attribute) => attribute.attr.as_str() == "__dict__",
            Expr::NoneLiteral(_) | Expr::Lambda(_) => false,
            Expr::Subscript(subscript) => {
                matches!(&*subscript.value, Expr::Call(_)) || self.gives(&subscript.value)
            }
            Expr::If(either) => match truth(&either.test, 0) {
                Some(true) => self.gives(&either.body),
                Some(false) => self.gives(&either.orelse),
                None => self.gives(&either.body) || self.gives(&either.orelse),
            },
            // `ALLOWED.get((module, name))`
            Expr::Call(call) => !matches!(&*call.func, Expr::Attribute(method)
            if method.attr.as_str() == "get" && matches!(&*method.value, Expr::Name(_) | Expr::Attribute(_))),
            _ => true,
        }
    }
}

fn together(ways: &[Way]) -> Way {
    if ways.contains(&Way::Through) {
        Way::Through
    } else if ways.contains(&Way::On) {
        Way::On
    } else {
        Way::Ends
    }
}

fn is_constant_sequence(pattern: &ast::Pattern) -> bool {
    matches!(pattern, ast::Pattern::MatchSequence(all) if all.patterns.iter().any(|one| {
        matches!(one, ast::Pattern::MatchValue(_))
    })) || matches!(pattern, ast::Pattern::MatchOr(any) if any.patterns.iter().all(|one| {
        matches!(one, ast::Pattern::MatchValue(_)) || is_constant_sequence(one)
    }))
}

/// What a test says of a name that is not listed; `None` where it may say either.
fn truth(test: &Expr, depth: usize) -> Option<bool> {
    if depth > 50 {
        return None;
    }
    match test {
        Expr::BooleanLiteral(literal) => Some(literal.value),
        Expr::Compare(compare) if compare.ops.len() == 1 => match compare.ops.first()? {
            ast::CmpOp::Eq if is_named(&compare.left) => Some(false),
            ast::CmpOp::NotEq if is_named(&compare.left) => Some(true),
            op if is_named(&compare.left) && compare.comparators.first().is_some_and(is_list) => {
                match op {
                    ast::CmpOp::In => Some(false),
                    ast::CmpOp::NotIn => Some(true),
                    _ => None,
                }
            }
            _ => None,
        },
        Expr::UnaryOp(not) if not.op == ast::UnaryOp::Not => {
            truth(&not.operand, depth.saturating_add(1)).map(|truth| !truth)
        }
        Expr::BoolOp(operation) => {
            let mut all = operation
                .values
                .iter()
                .map(|value| truth(value, depth.saturating_add(1)));
            let ends = operation.op == ast::BoolOp::Or;
            // One that is surely false makes `and` false, whatever the others are.
            if all.clone().any(|truth| truth == Some(ends)) {
                return Some(ends);
            }
            all.all(|truth| truth == Some(!ends)).then_some(!ends)
        }
        // `name.startswith("torch.")`: a prefix is a list as well.
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(method) if method.attr.as_str() == "startswith" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether one side of a comparison is made of the name that is looked up.
fn is_named(side: &Expr) -> bool {
    match side {
        Expr::Name(_) | Expr::FString(_) | Expr::BinOp(_) => true,
        Expr::Tuple(tuple) => tuple.elts.iter().any(is_named),
        Expr::Subscript(subscript) => is_named(&subscript.value),
        // `module.split(".")`
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Attribute(method) if is_named(&method.value))
        }
        _ => false,
    }
}

/// Whether something may be a list of what is allowed: not the modules that are there, nor what a call gives.
fn is_list(expr: &Expr) -> bool {
    match expr {
        Expr::Name(_) | Expr::Set(_) | Expr::Tuple(_) | Expr::List(_) | Expr::Dict(_) => true,
        Expr::BinOp(union) => is_list(&union.left) && is_list(&union.right),
        Expr::Attribute(attribute) => !matches!(attribute.attr.as_str(), "modules" | "__dict__"),
        Expr::Subscript(subscript) => is_list(&subscript.value),
        _ => false,
    }
}
