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
    /// Values that are put into lists and dicts.
    puts: Vec<Put<'t, 's>>,
    /// By which names that was done: each once.
    put: FxHashSet<(String, usize, bool)>,
    steps: Cell<u64>,
    /// The highest numbers that names stand for, and those of rounds of loops over them.
    largest: RefCell<FxHashMap<(Size, String), Option<u64>>>,
}

/// A value that is put into a list or a dict.
#[derive(Debug, Clone, Copy)]
struct Put<'t, 's> {
    /// What the list or dict is the value of.
    target: &'t Expr<'s>,
    value: &'t Expr<'s>,
    /// It is an element of the target instead.
    inside: bool,
}

impl<'t, 's> Put<'t, 's> {
    fn into_value(self, target: &'t Expr<'s>) -> Self {
        Self { target, ..self }
    }

    fn into_element(self, target: &'t Expr<'s>) -> Self {
        let inside = true;
        Self {
            target,
            inside,
            ..self
        }
    }

    fn into_bound(self, bound: Bound<'t, 's>) -> Option<Self> {
        match bound {
            Bound::Value(of) => Some(self.into_value(of)),
            Bound::Element(of) => Some(self.into_element(of)),
            Bound::Holder(_) | Bound::Text | Bound::Macro => None,
        }
    }
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

    /// Puts values into whatever lists and dicts expressions may stand for, once all names are known: what is put into one by one of its
    /// names is found by the others.
    fn put(&mut self, calls: &[&'t Call<'s>]) {
        let mut left = std::mem::take(&mut self.puts);
        while let Some(put) = left.pop() {
            if !self.step() {
                return;
            }
            self.put_one(put, calls, &mut left);
        }
    }

    fn put_one(&mut self, put: Put<'t, 's>, calls: &[&'t Call<'s>], left: &mut Vec<Put<'t, 's>>) {
        match put.target {
            // What macros are given besides their parameters.
            Expr::Var(it) if matches!(it.id, "varargs" | "kwargs") => {
                if self.is_new("varargs".to_owned(), put) {
                    let given = calls.iter().flat_map(|call| &call.args);
                    left.extend(given.map(|it| put.into_value(argument_value(it))));
                }
            }
            Expr::Var(it) => {
                if self.is_new(it.id.to_owned(), put) {
                    let bound = self.variables.entry(it.id).or_default();
                    left.extend(bound.iter().filter_map(|bound| put.into_bound(*bound)));
                    bound.push(Bound::Holder(put.value));
                }
            }
            Expr::GetAttr(it) => self.put_into(it.name, &it.expr, put, left),
            Expr::GetItem(it) => match &it.subscript_expr {
                Expr::Const(name) if name.value.as_str().is_some() => {
                    let name = name.value.as_str().unwrap_or_default();
                    self.put_into(name, &it.expr, put, left);
                }
                _ => left.push(put.into_element(&it.expr)),
            },
            Expr::Call(it) => match &it.expr {
                Expr::GetAttr(method) => {
                    if let Some(CallArg::Pos(Expr::Const(name))) = it.args.first()
                        && let Some(name) = name.value.as_str()
                    {
                        self.put_into(name, &method.expr, put, left);
                    }
                    left.push(put.into_element(&method.expr));
                    let given = it.args.iter().skip(1);
                    left.extend(given.map(|it| put.into_value(argument_value(it))));
                }
                _ => left.extend(
                    it.args
                        .iter()
                        .map(|it| put.into_element(argument_value(it))),
                ),
            },
            Expr::IfExpr(it) => {
                left.push(put.into_value(&it.true_expr));
                left.extend(it.false_expr.iter().map(|it| put.into_value(it)));
            }
            Expr::BinOp(it) => left.extend([put.into_value(&it.left), put.into_value(&it.right)]),
            // Nothing else has it, but for what is in it.
            Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) if !put.inside => {}
            of => left.extend(children(of).into_iter().map(|it| put.into_element(it))),
        }
    }

    /// Puts a value into what a name of an object stands for.
    fn put_into(
        &mut self,
        name: &str,
        of: &'t Expr<'s>,
        put: Put<'t, 's>,
        left: &mut Vec<Put<'t, 's>>,
    ) {
        if !self.is_new(format!(".{name}"), put) {
            return;
        }
        let named = self.of_attribute(name).iter();
        left.extend(named.filter_map(|bound| put.into_bound(*bound)));
        // Each of these once, whatever name leads to them.
        if self.is_new(".".to_owned(), put) {
            let unnamed = self.unnamed.iter();
            left.extend(unnamed.filter_map(|bound| put.into_bound(*bound)));
        }
        self.bind_attribute(name, Bound::Holder(put.value));
        if matches!(of, Expr::Var(it) if matches!(it.id, "varargs" | "kwargs")) {
            left.push(put.into_value(of));
        }
    }

    /// Whether a value was not put into what a name stands for before.
    fn is_new(&mut self, name: String, put: Put<'_, '_>) -> bool {
        let value = std::ptr::from_ref(put.value).addr();
        self.put.insert((name, value, put.inside))
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
        let calls = std::mem::take(&mut self.calls);
        for call in &calls {
            for of in self.called(call) {
                self.pass(call, of);
            }
        }
        self.put(&calls);
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
                    self.puts.push(Put {
                        target: &method.expr,
                        value: argument_value(argument),
                        inside: false,
                    });
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
