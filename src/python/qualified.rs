//! The qualified names that an expression can stand for, where it can stand for nothing else; within a budget of steps.

use std::cell::Cell;

use super::{
    parse::Expr,
    scope::{Meaning, Module, ScopeId},
};
use crate::{limits, loader};

/// Meanings of one name, and attributes of one chain, that are followed.
const FOLLOWED: usize = 8;

/// Says what names stand for, and counts the steps that this takes.
#[derive(Debug)]
pub(super) struct QualifiedNames<'m, 'a> {
    pub(super) module: &'m Module<'a>,
    /// Steps left for the present call.
    of_call: Cell<usize>,
    /// Steps left for the module.
    of_module: Cell<usize>,
}

impl<'m, 'a> QualifiedNames<'m, 'a> {
    pub(super) fn new(module: &'m Module<'a>) -> Self {
        Self {
            module,
            of_call: Cell::new(0),
            of_module: Cell::new(limits::WRITTEN_STEPS),
        }
    }

    /// Begins to count anew for one call.
    pub(super) fn begin_call(&self) {
        self.of_call.set(limits::WRITTEN_CALL_STEPS);
    }

    /// Does something without counting its steps as the present call's.
    pub(super) fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        let left = self.of_call.get();
        let result = work();
        self.of_call.set(left);
        result
    }

    /// Counts a step; false if none is left.
    pub(super) fn step(&self) -> bool {
        let (call, module) = (self.of_call.get(), self.of_module.get());
        self.of_call.set(call.saturating_sub(1));
        self.of_module.set(module.saturating_sub(1));
        call > 0 && module > 0
    }

    /// Every qualified name that an expression may stand for; `None` if it may be anything else.
    pub(super) fn of(&self, expr: &'a Expr, scope: ScopeId) -> Option<Vec<String>> {
        let mut attributes = Vec::new();
        let mut base = expr;
        while let Expr::Attribute(attribute) = base {
            attributes.push(attribute.attr.as_str());
            base = &attribute.value;
        }
        let Expr::Name(name) = base else {
            return None;
        };
        if attributes.len() > FOLLOWED || !self.step() {
            return None;
        }
        let mut found = Vec::new();
        match self.module.lookup(name.id.as_str(), scope) {
            None if self.module.stars.is_empty() => {
                found.push(format!("builtins.{}", name.id.as_str()));
            }
            None => return None,
            Some((_, meanings)) => {
                for meaning in meanings.iter().take(FOLLOWED) {
                    match meaning {
                        Meaning::Path(path) => found.push(path.clone()),
                        // A module that is not there.
                        Meaning::Value(Expr::NoneLiteral(_), _) => {}
                        Meaning::Value(value, at) => found.extend(self.of(value, *at)?),
                        _ => return None,
                    }
                }
                if meanings.len() > FOLLOWED || found.is_empty() {
                    return None;
                }
            }
        }
        for path in &mut found {
            for attribute in attributes.iter().rev() {
                path.push('.');
                path.push_str(attribute);
            }
            *path = loader::canonical(path);
        }
        Some(found)
    }
}
