//! What the names of a template stand for while it is followed, and what was changed since a moment.

use indexmap::IndexMap;
use minijinja::machinery::ast::Expr;
use rustc_hash::FxHashMap;

use super::amount::Amount;

/// What each name stands for: variables, and attributes of them (`ns.text`).
#[derive(Debug, Default)]
pub(super) struct Values {
    /// Numbers of the names.
    names: FxHashMap<String, usize>,
    amounts: Vec<Option<Amount>>,
    /// Every change of a value, with what it was.
    changes: Vec<(usize, Option<Amount>)>,
    /// Names that stand for an object of another name.
    aliases: FxHashMap<String, String>,
}

impl Values {
    /// A moment, for [`Values::changed`].
    pub(super) fn now(&self) -> usize {
        self.changes.len()
    }

    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = self.amounts.len();
        self.names.insert(name.to_owned(), number);
        self.amounts.push(None);
        number
    }

    pub(super) fn get(&self, name: &str) -> Option<Amount> {
        let number = self.names.get(name)?;
        self.amounts.get(*number).copied().flatten()
    }

    pub(super) fn set(&mut self, name: &str, amount: Option<Amount>) {
        let number = self.number(name);
        self.set_number(number, amount);
    }

    pub(super) fn set_number(&mut self, number: usize, amount: Option<Amount>) {
        if let Some(value) = self.amounts.get_mut(number)
            && *value != amount
        {
            let before = std::mem::replace(value, amount);
            self.changes.push((number, before));
        }
    }

    /// What was changed since a moment, each name once, with what it was then.
    pub(super) fn changed(&self, since: usize) -> IndexMap<usize, Option<Amount>> {
        let mut changed = IndexMap::new();
        for (number, before) in self.changes.get(since..).unwrap_or_default() {
            changed.entry(*number).or_insert(*before);
        }
        changed
    }

    pub(super) fn value(&self, number: usize) -> Option<Amount> {
        self.amounts.get(number).copied().flatten()
    }

    /// The object that a name stands for.
    fn root<'n>(&'n self, name: &'n str) -> &'n str {
        self.aliases.get(name).map_or(name, String::as_str)
    }

    /// The name of an attribute of a variable.
    pub(super) fn attribute(&self, of: &Expr<'_>, name: &str) -> Option<String> {
        match of {
            Expr::Var(it) => Some(format!("{}.{name}", self.root(it.id))),
            _ => None,
        }
    }

    /// From here on a name stands for the object of another one.
    pub(super) fn alias(&mut self, name: &str, other: &str) {
        let root = self.root(other).to_owned();
        if root != name {
            self.aliases.insert(name.to_owned(), root);
        }
    }

    /// From here on a name stands for an object of its own.
    pub(super) fn forget_alias(&mut self, name: &str) {
        self.aliases.remove(name);
    }

    /// What a name may stand for after one of two ways: as it is now, and as it was after the other.
    pub(super) fn join(&mut self, number: usize, other: Option<Amount>) {
        let joined = match (self.value(number), other) {
            (Some(one), Some(other)) => Some(one.or(other)),
            (one, other) => one.or(other),
        };
        self.set_number(number, joined);
    }
}
