//! What imports, parameters and assignments bind: names, attributes of classes, items of dicts.

use super::{
    parse::{Expr, ast},
    scope::{Meaning, Meanings, Module, Occurrence, ScopeId, ScopeKind},
};
use crate::bytes::narrow;

/// Bytes of a path up to which it is kept. No watched name is nearly as long, and an import names a module once for many names.
const LONGEST: usize = 1000;

/// Binds names in a module.
#[derive(Debug)]
pub(super) struct Binder<'m, 'a> {
    pub(super) module: &'m mut Module<'a>,
    /// The unit (notebook cell) that is read.
    pub(super) unit: u32,
}

impl<'a> Binder<'_, 'a> {
    /// Lists what may be of interest.
    pub(super) fn see(&mut self, seen: Occurrence<'a>, scope: ScopeId) {
        self.module.seen.push((seen, scope, self.unit));
    }

    /// `import module`, `import module as name`.
    pub(super) fn import(&mut self, import: &'a ast::StmtImport, scope: ScopeId) {
        for alias in &import.names {
            let path = alias.name.as_str();
            let first = path.split('.').next().unwrap_or(path);
            match &alias.asname {
                Some(name) => self.module.bind(scope, name.as_str(), path_of("", path)),
                None => self.module.bind(scope, first, path_of("", first)),
            }
        }
    }

    /// `from module import name`.
    pub(super) fn import_from(&mut self, import: &'a ast::StmtImportFrom, scope: ScopeId) {
        let mut base = ".".repeat(narrow(import.level.min(64).into()));
        if let Some(module) = &import.module {
            base.push_str(module.as_str());
            base.push('.');
        }
        for alias in &import.names {
            if alias.name.as_str() == "*" {
                self.module
                    .stars
                    .push(base.trim_end_matches('.').to_owned());
            } else {
                let name = alias.asname.as_ref().unwrap_or(&alias.name);
                let meaning = path_of(&base, alias.name.as_str());
                self.module.bind(scope, name.as_str(), meaning);
            }
        }
    }

    /// The parameters of a function, in its scope; their defaults are of the scope around it.
    pub(super) fn parameters(
        &mut self,
        parameters: &'a ast::Parameters,
        outer: ScopeId,
        inner: ScopeId,
    ) {
        for parameter in parameters.iter_non_variadic_params() {
            let name = parameter.parameter.name.as_str();
            self.module.bind(inner, name, Meaning::Parameter);
            if let Some(default) = &parameter.default {
                self.module
                    .bind(inner, name, Meaning::Default(default, outer));
            }
        }
        for variadic in [&parameters.vararg, &parameters.kwarg]
            .into_iter()
            .flatten()
        {
            self.module
                .bind(inner, variadic.name.as_str(), Meaning::Parameter);
        }
    }

    /// The first parameter of a method stands for its instance or class.
    pub(super) fn receiver(
        &mut self,
        function: &'a ast::StmtFunctionDef,
        class: ScopeId,
        inner: ScopeId,
    ) {
        let is_static = function.decorator_list.iter().any(
            |d| matches!(&d.expression, Expr::Name(name) if name.id.as_str() == "staticmethod"),
        );
        let first = function.parameters.iter_non_variadic_params().next();
        let in_class = self
            .module
            .scopes
            .get(class)
            .is_some_and(|scope| scope.kind == ScopeKind::Class);
        let first = first.filter(|_| in_class && !is_static);
        if let (Some(first), Some(inner)) = (first, self.module.scopes.get_mut(inner)) {
            let name = first.parameter.name.as_str();
            let receiver = Meanings::from(Meaning::Instance(class));
            inner.names.insert(name, receiver);
        }
    }

    /// Binds the target of an assignment. Destructuring goes element by element where both sides are displays.
    pub(super) fn target(&mut self, target: &'a Expr, value: Option<&'a Expr>, scope: ScopeId) {
        let whole = target;
        let mut pairs = vec![(target, value)];
        while let Some((target, value)) = pairs.pop() {
            let value = value.filter(|value| std::ptr::eq(target, whole) || !is_letter(value));
            match (target, value) {
                (Expr::Name(name), Some(value)) => {
                    self.module
                        .bind(scope, name.id.as_str(), Meaning::Value(value, scope));
                }
                (Expr::Name(name), None) => {
                    self.module.bind(scope, name.id.as_str(), Meaning::Opaque);
                }
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
                                self.module.bind(scope, name.id.as_str(), part);
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
                        self.module.change(name.id.as_str(), scope, item, None);
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
            .module
            .lookup(receiver.id.as_str(), scope)
            .and_then(|(_, meanings)| meanings.class());
        if let Some(class) = class.and_then(|class| self.module.scopes.get_mut(class)) {
            let meanings = class.attributes.entry(attribute.attr.as_str()).or_default();
            meanings.push(Meaning::Value(value, scope));
        }
    }

    /// The target of a loop: each element of a display, or anything.
    pub(super) fn each(&mut self, target: &'a Expr, iter: &'a Expr, scope: ScopeId) {
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

    /// What a method of a dict changes in it.
    pub(super) fn change_of_dict(&mut self, call: &'a ast::ExprCall, scope: ScopeId) {
        let Expr::Attribute(method) = &*call.func else {
            return;
        };
        let Expr::Name(dict) = &*method.value else {
            return;
        };
        let dict = dict.id.as_str();
        let arguments = &call.arguments;
        match (method.attr.as_str(), &*arguments.args) {
            ("setdefault" | "__setitem__", [key, value]) => {
                self.module.change(dict, scope, Some((key, value)), None);
            }
            ("update", _) => self.module.change(dict, scope, None, Some(arguments)),
            ("pop" | "popitem" | "clear", _) => self.module.change(dict, scope, None, None),
            _ => {}
        }
    }
}

/// What a name stands for that is imported from what `base` ends with a dot.
fn path_of(base: &str, last: &str) -> Meaning<'static> {
    if base.len().saturating_add(last.len()) > LONGEST {
        return Meaning::Opaque;
    }
    Meaning::Path(format!("{base}{last}"))
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
