//! What a template may look up: whether a name that it uses as a key is one that it writes, data that it is given, or put together.

use minijinja::{
    machinery::ast::{BinOpKind, Call, CallArg, Const, Expr, GetAttr, UnaryOpKind},
    value::ValueKind,
};

use super::{
    answers::{About, Answers, Key},
    bindings::{Bindings, Bound},
    names,
    tree::{argument_value, children},
};

/// Answers about expressions of one template.
#[derive(Debug)]
pub(super) struct Keys<'b, 't, 's> {
    bindings: &'b Bindings<'t, 's>,
    answers: Answers,
}

impl<'b, 't, 's> Keys<'b, 't, 's> {
    pub(super) fn new(bindings: &'b Bindings<'t, 's>) -> Self {
        Self {
            bindings,
            answers: Answers::default(),
        }
    }

    /// What an expression is that something is looked up by. A name may stand for itself with something added: rounds are made until
    /// no answer changes, and each changes once at most.
    pub(super) fn of(&self, expression: &Expr<'_>) -> Key {
        self.answers
            .settle(|| self.key(expression), || self.bindings.is_exhausted())
    }

    /// What an expression is as a key.
    fn key(&self, expression: &Expr<'_>) -> Key {
        if !self.bindings.step() {
            return Key::Computed;
        }
        match expression {
            Expr::Const(it) => text(it).map_or(Key::Plain, Key::of_name),
            Expr::Var(it) => self.variable(About::Key, it.id),
            Expr::GetAttr(it) if is_arguments(&it.expr) || is_of_jinja(it) => Key::Computed,
            Expr::GetItem(it) if is_arguments(&it.expr) => Key::Computed,
            Expr::GetAttr(it) => self.attribute(About::Key, it.name),
            Expr::GetItem(it) => match &it.subscript_expr {
                Expr::Const(name) if text(name).is_some() => {
                    self.attribute(About::Key, text(name).unwrap_or_default())
                }
                _ => self.elements(&it.expr),
            },
            Expr::BinOp(it) => match it.op {
                BinOpKind::ScAnd | BinOpKind::ScOr => {
                    self.key(&it.left).and(|| self.key(&it.right))
                }
                BinOpKind::Add if is_number(self, &it.left) || is_number(self, &it.right) => {
                    Key::Plain
                }
                BinOpKind::Rem if is_number(self, &it.left) => Key::Plain,
                BinOpKind::Mul if is_number(self, &it.left) && is_number(self, &it.right) => {
                    Key::Plain
                }
                BinOpKind::Add | BinOpKind::Rem | BinOpKind::Mul | BinOpKind::Concat => {
                    Key::plain_if(self.is_data(expression))
                }
                // Numbers and truth values.
                _ => Key::Plain,
            },
            Expr::IfExpr(it) => {
                let otherwise = || it.false_expr.as_ref().map_or(Key::Plain, |it| self.key(it));
                self.key(&it.true_expr).and(otherwise)
            }
            Expr::Call(it) => match &it.expr {
                Expr::GetAttr(_) if looked_up(it).is_some() => {
                    let (name, default) = looked_up(it).unwrap_or_default();
                    let default = || default.map_or(Key::Plain, |it| self.key(it));
                    self.attribute(About::Key, name).and(default)
                }
                Expr::GetAttr(method) if is_taking(method.name) => {
                    Key::plain_if(self.is_of_parts(&method.expr))
                }
                _ => Key::plain_if(self.is_data(expression)),
            },
            Expr::Filter(it) if is_numeric_filter(it.name) => Key::Plain,
            Expr::Filter(it) if matches!(it.name, "default" | "d") => {
                let values = children(expression).into_iter();
                values.fold(Key::Plain, |key, value| key.and(|| self.key(value)))
            }
            Expr::Filter(it) if matches!(it.name, "first" | "last" | "random" | "min" | "max") => {
                it.expr
                    .as_ref()
                    .map_or(Key::Computed, |it| self.elements(it))
            }
            Expr::Filter(_) | Expr::Slice(_) => Key::plain_if(self.is_data(expression)),
            // No text.
            Expr::UnaryOp(_)
            | Expr::Compare(_)
            | Expr::Test(_)
            | Expr::List(_)
            | Expr::Tuple(_)
            | Expr::Map(_) => Key::Plain,
        }
    }

    /// What elements of an expression, and elements of these, are as keys.
    fn elements(&self, expression: &Expr<'_>) -> Key {
        if !self.bindings.step() {
            return Key::Computed;
        }
        let all = |items: Vec<&Expr<'_>>| {
            let items = items.into_iter();
            items.fold(Key::Plain, |key, item| {
                key.and(|| self.key(item)).and(|| match item {
                    Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => self.elements(item),
                    _ => Key::Plain,
                })
            })
        };
        match expression {
            Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => all(children(expression)),
            // Its characters.
            Expr::Const(_) => Key::Plain,
            Expr::Var(it) => self.variable(About::Elements, it.id),
            Expr::GetAttr(it) => self
                .attribute(About::Elements, it.name)
                .and(|| self.elements(&it.expr)),
            Expr::GetItem(it) => match &it.subscript_expr {
                Expr::Const(name) if text(name).is_some() => self
                    .attribute(About::Elements, text(name).unwrap_or_default())
                    .and(|| self.elements(&it.expr)),
                _ => self.elements(&it.expr),
            },
            Expr::Slice(it) => self.elements(&it.expr),
            Expr::IfExpr(it) => {
                let otherwise = it.false_expr.as_ref();
                let otherwise = || otherwise.map_or(Key::Plain, |it| self.elements(it));
                self.elements(&it.true_expr).and(otherwise)
            }
            Expr::BinOp(it) => self.elements(&it.left).and(|| self.elements(&it.right)),
            Expr::Filter(it)
                if matches!(
                    it.name,
                    "items"
                        | "dictsort"
                        | "list"
                        | "reverse"
                        | "sort"
                        | "unique"
                        | "batch"
                        | "slice"
                        | "select"
                        | "selectattr"
                        | "reject"
                        | "rejectattr"
                        | "default"
                        | "d"
                ) =>
            {
                let of = children(expression).into_iter();
                of.fold(Key::Plain, |key, of| key.and(|| self.elements(of)))
            }
            Expr::Call(it) => match &it.expr {
                Expr::Var(callee) if callee.id == "range" => Key::Plain,
                Expr::Var(callee)
                    if callee.id == "namespace"
                        && self.bindings.of_variable(callee.id).is_empty() =>
                {
                    held_by_namespace(self, &it.args)
                }
                Expr::GetAttr(method)
                    if matches!(method.name, "items" | "keys" | "values" | "copy") =>
                {
                    self.elements(&method.expr)
                }
                Expr::GetAttr(method) if is_taking(method.name) => {
                    Key::plain_if(self.is_of_parts(&method.expr))
                }
                _ => Key::plain_if(self.is_data(expression)),
            },
            _ => Key::plain_if(self.is_data(expression)),
        }
    }

    /// Whether texts of the template have no part in a value.
    fn is_data(&self, expression: &Expr<'_>) -> bool {
        if !self.bindings.step() {
            return false;
        }
        match expression {
            Expr::Const(it) => text(it).is_none_or(str::is_empty),
            Expr::Var(it) => self.variable(About::Data, it.id) == Key::Plain,
            Expr::GetAttr(it) => {
                self.attribute(About::Data, it.name) == Key::Plain && self.is_data(&it.expr)
            }
            Expr::GetItem(it) => match &it.subscript_expr {
                Expr::Const(name) if text(name).is_some() => {
                    let name = text(name).unwrap_or_default();
                    self.attribute(About::Data, name) == Key::Plain && self.is_data(&it.expr)
                }
                _ => self.is_data(&it.expr),
            },
            // What is taken away from data, or where it is divided, leaves data.
            Expr::Call(it) => match &it.expr {
                Expr::GetAttr(method) if looked_up(it).is_some() => {
                    let (name, default) = looked_up(it).unwrap_or_default();
                    self.attribute(About::Data, name) == Key::Plain
                        && self.is_data(&method.expr)
                        && default.is_none_or(|it| self.is_data(it))
                }
                Expr::GetAttr(method) if is_taking(method.name) => self.is_data(&method.expr),
                Expr::GetAttr(method) if names::METHODS.contains(&method.name) => {
                    children(expression).into_iter().all(|it| self.is_data(it))
                }
                _ => false,
            },
            Expr::Filter(it) => {
                it.name != "map" && children(expression).into_iter().all(|it| self.is_data(it))
            }
            _ => children(expression).into_iter().all(|it| self.is_data(it)),
        }
    }

    /// Whether each part of its text is data, or of a text that holds no name of Python's own objects.
    fn is_of_parts(&self, expression: &Expr<'_>) -> bool {
        if !self.bindings.step() {
            return false;
        }
        match expression {
            Expr::Const(it) => {
                text(it).is_none_or(|text| !text.contains('_') && !text.contains("mro"))
            }
            Expr::Var(it) => self.variable(About::Parts, it.id) == Key::Plain,
            Expr::GetAttr(it) => {
                self.attribute(About::Parts, it.name) == Key::Plain && self.is_of_parts(&it.expr)
            }
            Expr::GetItem(it) => {
                let name = match &it.subscript_expr {
                    Expr::Const(name) => text(name),
                    _ => None,
                };
                name.is_none_or(|name| self.attribute(About::Parts, name) == Key::Plain)
                    && self.is_of_parts(&it.expr)
            }
            Expr::BinOp(it) if matches!(it.op, BinOpKind::ScAnd | BinOpKind::ScOr) => {
                self.is_of_parts(&it.left) && self.is_of_parts(&it.right)
            }
            Expr::IfExpr(it) => {
                let otherwise = it.false_expr.as_ref();
                self.is_of_parts(&it.true_expr) && otherwise.is_none_or(|it| self.is_of_parts(it))
            }
            Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => children(expression)
                .into_iter()
                .all(|it| self.is_of_parts(it)),
            Expr::Call(it) => match &it.expr {
                Expr::GetAttr(method) if looked_up(it).is_some() => {
                    let (name, default) = looked_up(it).unwrap_or_default();
                    self.attribute(About::Parts, name) == Key::Plain
                        && self.is_of_parts(&method.expr)
                        && default.is_none_or(|it| self.is_of_parts(it))
                }
                Expr::GetAttr(method) if is_taking(method.name) => self.is_of_parts(&method.expr),
                _ => self.is_data(expression),
            },
            _ => self.is_data(expression),
        }
    }

    fn variable(&self, about: About, name: &str) -> Key {
        if matches!(name, "varargs" | "kwargs") {
            return Key::Computed;
        }
        self.bound(about, name, self.bindings.of_variable(name))
    }

    fn attribute(&self, about: About, name: &str) -> Key {
        let named = self.bound(about, &format!(".{name}"), self.bindings.of_attribute(name));
        named.and(|| self.bound(about, ".", self.bindings.of_unnamed()))
    }

    /// The same of all that a name may stand for.
    fn bound(&self, about: About, name: &str, all: &[Bound<'t, 's>]) -> Key {
        if all.is_empty() {
            return Key::Plain;
        }
        let answer = self.answers.answer((about, name.to_owned()), || {
            let each = all.iter().map(|bound| self.one(about, *bound));
            each.fold(Key::Plain, |key, next| key.and(|| next))
        });
        answer.unwrap_or_else(|| {
            self.bindings.exhaust();
            Key::Computed
        })
    }

    fn one(&self, about: About, bound: Bound<'t, 's>) -> Key {
        match (about, bound) {
            (_, Bound::Text) | (About::Number, Bound::Macro | Bound::Holder(_)) => Key::Computed,
            (_, Bound::Macro) | (About::Key, Bound::Holder(_)) => Key::Plain,
            (About::Elements, Bound::Holder(of)) => self.key(of).and(|| self.elements(of)),
            (About::Parts, Bound::Value(of) | Bound::Element(of) | Bound::Holder(of)) => {
                Key::plain_if(self.is_of_parts(of))
            }
            (About::Key, Bound::Value(value)) => self.key(value),
            (About::Key | About::Elements, Bound::Element(of))
            | (About::Elements, Bound::Value(of)) => self.elements(of),
            (About::Data, Bound::Value(of) | Bound::Element(of) | Bound::Holder(of)) => {
                Key::plain_if(self.is_data(of))
            }
            (About::Number, Bound::Value(value)) => Key::plain_if(is_number(self, value)),
            (About::Number, Bound::Element(of)) => Key::plain_if(is_range(of)),
        }
    }
}

/// What the names and values of a namespace are as keys.
fn held_by_namespace(keys: &Keys<'_, '_, '_>, arguments: &[CallArg<'_>]) -> Key {
    arguments.iter().fold(Key::Plain, |key, argument| {
        let value = argument_value(argument);
        let name = || match argument {
            CallArg::Kwarg(name, _) => Key::of_name(name),
            _ => Key::Plain,
        };
        key.and(name)
            .and(|| keys.key(value))
            .and(|| keys.elements(value))
    })
}

/// Whether a value is surely a number.
fn is_number(keys: &Keys<'_, '_, '_>, expression: &Expr<'_>) -> bool {
    if !keys.bindings.step() {
        return false;
    }
    match expression {
        Expr::Const(it) => it.value.kind() == ValueKind::Number,
        Expr::Var(it) => {
            !keys.bindings.of_variable(it.id).is_empty()
                && keys.variable(About::Number, it.id) == Key::Plain
        }
        Expr::GetAttr(it) => {
            let is_counter =
                matches!(&it.expr, Expr::Var(of) if of.id == "loop") && names_a_counter(it.name);
            is_counter
                || !keys.bindings.of_attribute(it.name).is_empty()
                    && keys.attribute(About::Number, it.name) == Key::Plain
        }
        Expr::UnaryOp(it) => matches!(it.op, UnaryOpKind::Neg),
        Expr::BinOp(it) => match it.op {
            BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Pow => true,
            BinOpKind::Add => is_number(keys, &it.left) || is_number(keys, &it.right),
            BinOpKind::Mul => is_number(keys, &it.left) && is_number(keys, &it.right),
            BinOpKind::Rem => is_number(keys, &it.left),
            _ => false,
        },
        Expr::Filter(it) => is_numeric_filter(it.name),
        Expr::IfExpr(it) => {
            let otherwise = it.false_expr.as_ref();
            is_number(keys, &it.true_expr) && otherwise.is_some_and(|it| is_number(keys, it))
        }
        Expr::Call(it) => {
            matches!(&it.expr, Expr::GetAttr(method) if matches!(method.name, "count" | "index" | "find" | "rfind" | "rindex"))
        }
        _ => false,
    }
}

/// The text that a constant is.
pub(super) fn text(constant: &Const) -> Option<&str> {
    constant.value.as_str()
}

/// The key that a call of `get` looks up, and what stands for it otherwise.
fn looked_up<'c>(call: &'c Call<'_>) -> Option<(&'c str, Option<&'c Expr<'c>>)> {
    let (Expr::GetAttr(method), [CallArg::Pos(Expr::Const(name)), rest @ ..]) =
        (&call.expr, call.args.as_slice())
    else {
        return None;
    };
    let default = match rest {
        [] => None,
        [CallArg::Pos(default)] => Some(default),
        _ => return None,
    };
    (method.name == "get")
        .then(|| text(name))?
        .map(|name| (name, default))
}

/// Whether it is an attribute of one of Jinja's objects that gives what the template has put into it.
fn is_of_jinja(attribute: &GetAttr<'_>) -> bool {
    let of_loop = matches!(&attribute.expr, Expr::Var(it) if it.id == "loop");
    of_loop && matches!(attribute.name, "nextitem" | "previtem") || attribute.name == "current"
}

/// Whether it is what a macro is given besides its parameters.
fn is_arguments(expression: &Expr<'_>) -> bool {
    matches!(expression, Expr::Var(it) if matches!(it.id, "varargs" | "kwargs"))
}

fn is_range(expression: &Expr<'_>) -> bool {
    matches!(expression, Expr::Call(it) if matches!(&it.expr, Expr::Var(callee) if callee.id == "range"))
}

fn names_a_counter(name: &str) -> bool {
    matches!(
        name,
        "index" | "index0" | "revindex" | "revindex0" | "length" | "depth" | "depth0"
    )
}

fn is_numeric_filter(name: &str) -> bool {
    matches!(
        name,
        "length" | "count" | "int" | "float" | "abs" | "round" | "sum" | "wordcount"
    )
}

/// Methods whose result is a part of what they are called on.
fn is_taking(name: &str) -> bool {
    matches!(
        name,
        "strip"
            | "lstrip"
            | "rstrip"
            | "split"
            | "rsplit"
            | "splitlines"
            | "partition"
            | "rpartition"
            | "removeprefix"
            | "removesuffix"
            | "lower"
            | "upper"
            | "title"
            | "capitalize"
            | "items"
            | "keys"
            | "values"
            | "pop"
            | "copy"
    )
}
