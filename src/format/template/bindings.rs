//! What the names of a template may stand for, wherever it binds them: the order in which it does is not followed.

use std::cell::{Cell, RefCell};

use minijinja::machinery::{
    Span,
    ast::{Call, CallArg, Expr, ForLoop, Macro, Stmt},
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    names,
    tree::{Visitor, argument_value, children},
};
use crate::{bytes::ReadError, limits};

/// What a name may stand for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bound<'t, 's> {
    /// The value of an expression.
    Value(&'t Expr<'s>),
    /// An element of it, or of an element.
    Element(&'t Expr<'s>),
    /// A list or a dict that the value of an expression is put into.
    Holder(&'t Expr<'s>),
    /// Text that a block makes.
    Text,
    /// A macro.
    Macro,
}

/// What a call is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callee<'s> {
    /// A function or a method of whoever renders the template.
    Given,
    /// Macros of a name.
    Named(&'s str),
    /// Any macro: through another name.
    Any,
}

/// All names that a template binds. What is not among them is data that it is given.
#[derive(Debug, Default)]
pub(super) struct Bindings<'t, 's> {
    variables: FxHashMap<&'s str, Vec<Bound<'t, 's>>>,
    /// Values of attributes and keys, of whatever object.
    attributes: FxHashMap<String, Vec<Bound<'t, 's>>>,
    /// Values of attributes and keys whose names are not in sight.
    unnamed: Vec<Bound<'t, 's>>,
    macros: Vec<&'t Macro<'s>>,
    calls: Vec<&'t Call<'s>>,
    /// Names of lists and dicts that values are put into.
    holders: Vec<(&'s str, &'t Expr<'s>, bool)>,
    /// The same with what was put where: each once.
    held: FxHashSet<(&'s str, usize, bool)>,
    steps: Cell<u64>,
    /// The highest numbers that names stand for, and those of rounds of loops over them.
    largest: RefCell<FxHashMap<(Size, String), Option<u64>>>,
}

/// What a number of a name counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Size {
    /// It is the value.
    Value,
    /// Elements of the value.
    Elements,
}

impl<'t, 's> Bindings<'t, 's> {
    /// Counts a step of following values; whether it may still be taken.
    pub(super) fn step(&self) -> bool {
        self.steps.set(self.steps.get().saturating_add(1));
        self.steps.get() <= limits::TEMPLATE_STEPS
    }

    /// The highest number that a name stands for, found once. One that stands for itself adds nothing.
    pub(super) fn largest(
        &self,
        (size, name): (Size, String),
        find: impl FnOnce() -> Option<u64>,
    ) -> Option<u64> {
        let question = (size, name);
        if let Some(known) = self.largest.borrow().get(&question) {
            return *known;
        }
        self.largest.borrow_mut().insert(question.clone(), None);
        let found = find();
        self.largest.borrow_mut().insert(question, found);
        found
    }

    /// Takes all steps that are left.
    pub(super) fn exhaust(&self) {
        self.steps.set(u64::MAX);
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.steps.get() > limits::TEMPLATE_STEPS
    }

    /// Whether there were steps enough.
    pub(super) fn check(&self) -> Result<(), ReadError> {
        if self.is_exhausted() {
            return Err(ReadError::Limit(limits::Id::TEMPLATE_STEPS));
        }
        Ok(())
    }

    pub(super) fn of_variable(&self, name: &str) -> &[Bound<'t, 's>] {
        self.variables.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn of_attribute(&self, name: &str) -> &[Bound<'t, 's>] {
        self.attributes.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn of_unnamed(&self) -> &[Bound<'t, 's>] {
        &self.unnamed
    }

    fn bind(&mut self, target: &'t Expr<'s>, bound: Bound<'t, 's>) {
        let inside = match bound {
            Bound::Value(value) | Bound::Element(value) => Bound::Element(value),
            Bound::Holder(_) | Bound::Text | Bound::Macro => bound,
        };
        match target {
            Expr::Var(it) => self.variables.entry(it.id).or_default().push(bound),
            Expr::GetAttr(it) => self.bind_attribute(it.name, bound),
            Expr::List(it) => {
                for item in &it.items {
                    self.bind(item, inside);
                }
            }
            Expr::Tuple(it) => {
                for item in &it.items {
                    self.bind(item, inside);
                }
            }
            _ => {}
        }
    }

    /// Puts a value into whatever list or dict an expression may stand for, or into an element of it.
    fn hold(&mut self, target: &'t Expr<'s>, value: &'t Expr<'s>, inside: bool) {
        if !self.step() {
            return;
        }
        match target {
            Expr::Var(it) => {
                if self
                    .held
                    .insert((it.id, std::ptr::from_ref(value).addr(), inside))
                {
                    let bound = self.variables.entry(it.id).or_default();
                    bound.push(Bound::Holder(value));
                    self.holders.push((it.id, value, inside));
                }
            }
            Expr::GetAttr(it) => self.bind_attribute(it.name, Bound::Holder(value)),
            Expr::GetItem(it) => match &it.subscript_expr {
                Expr::Const(name) if name.value.as_str().is_some() => {
                    let name = name.value.as_str().unwrap_or_default();
                    self.bind_attribute(name, Bound::Holder(value));
                }
                _ => self.hold(&it.expr, value, true),
            },
            Expr::IfExpr(it) => {
                self.hold(&it.true_expr, value, inside);
                if let Some(otherwise) = &it.false_expr {
                    self.hold(otherwise, value, inside);
                }
            }
            Expr::BinOp(it) => {
                self.hold(&it.left, value, inside);
                self.hold(&it.right, value, inside);
            }
            // Nothing else has it, but for what is in it.
            Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) if !inside => {}
            _ => {
                for of in children(target) {
                    self.hold(of, value, true);
                }
            }
        }
    }

    /// Arguments that become values of attributes and keys.
    fn fill(&mut self, call: &'t Call<'s>) {
        for argument in &call.args {
            let value = argument_value(argument);
            match argument {
                CallArg::Kwarg(name, _) => self.bind_attribute(name, Bound::Value(value)),
                _ => self
                    .unnamed
                    .extend([Bound::Value(value), Bound::Element(value)]),
            }
        }
    }

    fn bind_attribute(&mut self, name: &str, bound: Bound<'t, 's>) {
        self.attributes
            .entry(name.to_owned())
            .or_default()
            .push(bound);
    }

    fn declare(&mut self, of: &'t Macro<'s>) {
        self.variables
            .entry(of.name)
            .or_default()
            .push(Bound::Macro);
        // Defaults are those of the last parameters.
        for (parameter, default) in of.args.iter().rev().zip(of.defaults.iter().rev()) {
            self.bind(parameter, Bound::Value(default));
        }
        self.macros.push(of);
    }

    /// Gives the parameters of macros the arguments of calls, once all of both are known. A call through another name may be of any.
    pub(super) fn connect(&mut self) {
        for call in std::mem::take(&mut self.calls) {
            for of in self.called(call) {
                self.pass(call, of);
            }
        }
        // What is put into a list by one of its names is found by the others.
        while let Some((name, value, inside)) = self.holders.pop() {
            let bound = self.variables.get(name).cloned().unwrap_or_default();
            for bound in bound {
                match bound {
                    Bound::Value(of) => self.hold(of, value, inside),
                    Bound::Element(of) => self.hold(of, value, true),
                    _ => {}
                }
            }
        }
    }

    /// The macros that a call may be of.
    fn called(&self, call: &Call<'s>) -> Vec<&'t Macro<'s>> {
        let macros = self.macros.iter().copied();
        match self.callee(call) {
            Callee::Given => Vec::new(),
            Callee::Named(name) => macros.filter(|of| of.name == name).collect(),
            Callee::Any => macros.collect(),
        }
    }

    /// What a call is of.
    pub(super) fn callee(&self, call: &Call<'s>) -> Callee<'s> {
        match &call.expr {
            Expr::Var(it) if self.is_macro(it.id) => Callee::Named(it.id),
            Expr::Var(it) if it.id != "caller" && names::FUNCTIONS.contains(&it.id) => {
                Callee::Given
            }
            Expr::GetAttr(it) if names::METHODS.contains(&it.name) => Callee::Given,
            _ => Callee::Any,
        }
    }

    fn is_macro(&self, name: &str) -> bool {
        self.macros.iter().any(|of| of.name == name)
    }

    fn pass(&mut self, call: &'t Call<'s>, to: &'t Macro<'s>) {
        for (at, argument) in call.args.iter().enumerate() {
            let value = argument_value(argument);
            match argument {
                CallArg::Pos(_) => {
                    if let Some(parameter) = to.args.get(at) {
                        self.bind(parameter, Bound::Value(value));
                    }
                }
                CallArg::Kwarg(name, _) => {
                    self.variables
                        .entry(name)
                        .or_default()
                        .push(Bound::Value(value));
                }
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    for parameter in &to.args {
                        self.bind(parameter, Bound::Element(value));
                    }
                }
            }
        }
    }
}

impl<'t, 's> Visitor<'t, 's> for Bindings<'t, 's> {
    fn statement(&mut self, statement: &'t Stmt<'s>) {
        match statement {
            Stmt::Set(it) => self.bind(&it.target, Bound::Value(&it.expr)),
            Stmt::SetBlock(it) => self.bind(&it.target, Bound::Text),
            Stmt::WithBlock(it) => {
                for (target, value) in &it.assignments {
                    self.bind(target, Bound::Value(value));
                }
            }
            Stmt::Macro(it) => self.declare(it),
            Stmt::CallBlock(it) => self.declare(&it.macro_decl),
            _ => {}
        }
    }

    fn expression(&mut self, expression: &'t Expr<'s>) {
        if let Expr::Map(it) = expression {
            for (key, value) in it.keys.iter().zip(&it.values) {
                match key {
                    Expr::Const(key) => {
                        if let Some(key) = key.value.as_str() {
                            self.bind_attribute(key, Bound::Value(value));
                        }
                    }
                    _ => self.unnamed.push(Bound::Value(value)),
                }
            }
        }
    }

    fn call(&mut self, call: &'t Call<'s>, _: Span) {
        let makes_object =
            matches!(&call.expr, Expr::Var(it) if matches!(it.id, "namespace" | "dict"));
        if !makes_object {
            if let Expr::GetAttr(method) = &call.expr
                && is_filling(method.name)
            {
                for argument in &call.args {
                    self.hold(&method.expr, argument_value(argument), false);
                }
                if matches!(method.name, "update" | "setdefault") {
                    self.fill(call);
                }
            }
            self.calls.push(call);
            return;
        }
        self.fill(call);
    }

    fn enter_loop(&mut self, of: &'t ForLoop<'s>) {
        self.bind(&of.target, Bound::Element(&of.iter));
    }
}

/// Methods that put their arguments into a list or a dict.
fn is_filling(name: &str) -> bool {
    matches!(
        name,
        "append" | "extend" | "insert" | "setdefault" | "update"
    )
}
