//! A walk through the syntax tree of a template.

use minijinja::machinery::{
    Span,
    ast::{Call, CallArg, Expr, ForLoop, Macro, Stmt},
};

/// What is told of each node, outer ones first.
pub(super) trait Visitor<'t, 's> {
    fn statement(&mut self, _: &'t Stmt<'s>) {}
    fn expression(&mut self, _: &'t Expr<'s>) {}
    fn call(&mut self, _: &'t Call<'s>, _: Span) {}
    fn enter_loop(&mut self, _: &'t ForLoop<'s>) {}
    fn leave_loop(&mut self) {}
    fn enter_macro(&mut self, _: &'t Macro<'s>) {}
    fn leave_macro(&mut self) {}
}

pub(super) fn walk<'t, 's>(statements: &'t [Stmt<'s>], visitor: &mut impl Visitor<'t, 's>) {
    for statement in statements {
        walk_statement(statement, visitor);
    }
}

fn walk_statement<'t, 's>(statement: &'t Stmt<'s>, visitor: &mut impl Visitor<'t, 's>) {
    visitor.statement(statement);
    match statement {
        Stmt::Template(it) => walk(&it.children, visitor),
        Stmt::EmitExpr(it) => walk_expression(&it.expr, visitor),
        Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => {}
        Stmt::ForLoop(it) => {
            walk_expression(&it.iter, visitor);
            visitor.enter_loop(it);
            if let Some(filter) = &it.filter_expr {
                walk_expression(filter, visitor);
            }
            walk(&it.body, visitor);
            visitor.leave_loop();
            walk(&it.else_body, visitor);
        }
        Stmt::IfCond(it) => {
            walk_expression(&it.expr, visitor);
            walk(&it.true_body, visitor);
            walk(&it.false_body, visitor);
        }
        Stmt::WithBlock(it) => {
            for (_, value) in &it.assignments {
                walk_expression(value, visitor);
            }
            walk(&it.body, visitor);
        }
        Stmt::Set(it) => walk_expression(&it.expr, visitor),
        Stmt::SetBlock(it) => {
            if let Some(filter) = &it.filter {
                walk_expression(filter, visitor);
            }
            walk(&it.body, visitor);
        }
        Stmt::AutoEscape(it) => {
            walk_expression(&it.enabled, visitor);
            walk(&it.body, visitor);
        }
        Stmt::FilterBlock(it) => {
            walk_expression(&it.filter, visitor);
            walk(&it.body, visitor);
        }
        Stmt::Block(it) => walk(&it.body, visitor),
        Stmt::Import(it) => walk_expression(&it.expr, visitor),
        Stmt::FromImport(it) => walk_expression(&it.expr, visitor),
        Stmt::Extends(it) => walk_expression(&it.name, visitor),
        Stmt::Include(it) => walk_expression(&it.name, visitor),
        Stmt::Macro(it) => {
            for default in &it.defaults {
                walk_expression(default, visitor);
            }
            visitor.enter_macro(it);
            walk(&it.body, visitor);
            visitor.leave_macro();
        }
        Stmt::CallBlock(it) => {
            walk_call(&it.call, it.call.span(), visitor);
            for default in &it.macro_decl.defaults {
                walk_expression(default, visitor);
            }
            visitor.enter_macro(&it.macro_decl);
            walk(&it.macro_decl.body, visitor);
            visitor.leave_macro();
        }
        Stmt::Do(it) => walk_call(&it.call, it.call.span(), visitor),
    }
}

fn walk_call<'t, 's>(call: &'t Call<'s>, span: Span, visitor: &mut impl Visitor<'t, 's>) {
    visitor.call(call, span);
    walk_expression(&call.expr, visitor);
    for argument in &call.args {
        walk_expression(argument_value(argument), visitor);
    }
}

fn walk_expression<'t, 's>(expression: &'t Expr<'s>, visitor: &mut impl Visitor<'t, 's>) {
    visitor.expression(expression);
    if let Expr::Call(call) = expression {
        visitor.call(call, call.span());
    }
    for child in children(expression) {
        walk_expression(child, visitor);
    }
}

/// The value of an argument.
pub(super) fn argument_value<'t, 's>(argument: &'t CallArg<'s>) -> &'t Expr<'s> {
    match argument {
        CallArg::Pos(value)
        | CallArg::Kwarg(_, value)
        | CallArg::PosSplat(value)
        | CallArg::KwargSplat(value) => value,
    }
}

/// The expressions of which one is made.
pub(super) fn children<'t, 's>(expression: &'t Expr<'s>) -> Vec<&'t Expr<'s>> {
    let with = |first: Option<&'t Expr<'s>>, arguments: &'t [CallArg<'s>]| {
        let arguments = arguments.iter().map(argument_value);
        first.into_iter().chain(arguments).collect()
    };
    match expression {
        Expr::Var(_) | Expr::Const(_) => Vec::new(),
        Expr::Slice(it) => {
            let ends = [&it.start, &it.stop, &it.step];
            let ends = ends.into_iter().filter_map(Option::as_ref);
            std::iter::once(&it.expr).chain(ends).collect()
        }
        Expr::UnaryOp(it) => vec![&it.expr],
        Expr::BinOp(it) => vec![&it.left, &it.right],
        Expr::Compare(it) => {
            let operands = it.ops.iter().map(|op| &op.expr);
            std::iter::once(&it.expr).chain(operands).collect()
        }
        Expr::IfExpr(it) => {
            let otherwise = it.false_expr.as_ref();
            [&it.test_expr, &it.true_expr]
                .into_iter()
                .chain(otherwise)
                .collect()
        }
        Expr::Filter(it) => with(it.expr.as_ref(), &it.args),
        Expr::Test(it) => with(Some(&it.expr), &it.args),
        Expr::GetAttr(it) => vec![&it.expr],
        Expr::GetItem(it) => vec![&it.expr, &it.subscript_expr],
        Expr::Call(it) => with(Some(&it.expr), &it.args),
        Expr::List(it) => it.items.iter().collect(),
        Expr::Tuple(it) => it.items.iter().collect(),
        Expr::Map(it) => it.keys.iter().chain(&it.values).collect(),
    }
}
