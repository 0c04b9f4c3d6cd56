//! All that the policy decides about one global at one path, for comparing policies.

use super::{GlobalPolicy, Scope, lookup::Listing};
use crate::{
    fact::{GlobalName, Usage},
    finding::RuleMeta,
    policy::{
        Uses,
        constraint::{Constraint, Want},
        locate::Origin,
    },
};

/// What may be done with a global.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct Permission {
    /// For what it may be used.
    pub(in crate::policy) uses: Uses,
    /// With what it may be called, if it may.
    pub(in crate::policy) arguments: Arguments,
    /// Whether an entry allows shapes that no writer makes.
    pub(in crate::policy) any_shape: bool,
    /// Whether a call whose arguments are constrained may be given it.
    pub(in crate::policy) may_be_given: bool,
}

/// The arguments that a policy allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum Arguments {
    /// Whatever the shape of the name allows.
    Any,
    /// Those of one of these forms; none, if nothing lists the global for calls.
    OneOf(Vec<Form>),
}

/// A form of arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum Form {
    /// One constraint for each.
    Listed(Vec<Constraint>),
    /// The first is called, so it must be a global that may be called.
    Applied,
}

/// How two sets of arguments compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Wider {
    /// Nothing is allowed that was not.
    No,
    /// Something may be.
    Perhaps,
    /// Something is.
    Yes,
}

impl GlobalPolicy<'_> {
    /// What may be done with a global here.
    pub(in crate::policy) fn permission(self, name: &GlobalName) -> Permission {
        let mut uses = Uses::default();
        for usage in Uses::EACH {
            if self.allows(name, usage) {
                uses.add(usage);
            }
        }
        let mut arguments = Arguments::OneOf(Vec::new());
        for listing in self.lookup.listings(name) {
            let form = match listing {
                Listing::Any => {
                    arguments = Arguments::Any;
                    break;
                }
                Listing::Entry(_, constraints) => Form::Listed(constraints.to_vec()),
                Listing::Applier(..) => Form::Applied,
            };
            if let Arguments::OneOf(forms) = &mut arguments
                && !forms.contains(&form)
            {
                forms.push(form);
            }
        }
        Permission {
            uses,
            arguments,
            any_shape: self.lists_as_dangerous(name),
            may_be_given: uses.contains(Usage::Import)
                && (uses.contains(Usage::Call) || self.has_entry(name)),
        }
    }
}

impl Scope {
    /// The line that refuses a global which something here lists for a use.
    pub(in crate::policy) fn refuses_listed(
        &self,
        name: &GlobalName,
        usage: Usage,
    ) -> Option<Origin> {
        let (module, qualname) = (name.module.as_str()?, name.name.as_str()?);
        let (_, refusal) = self.lookup.refusal(module, qualname)?;
        let mut entries = self.lookup.entries(module, qualname).into_iter();
        let mut packed = self.lookup.packed(module, qualname).into_iter();
        let is_listed = entries.any(|(_, listed)| listed.entry.uses_of(qualname).contains(usage))
            || packed.any(|(_, _, entry)| entry.kind.uses().contains(usage));
        is_listed.then(|| refusal.origin.clone())
    }

    /// Whether a line here refuses a global, be it beaten by a later one or not.
    pub(in crate::policy) fn has_refusal(&self, name: &GlobalName) -> bool {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return false;
        };
        self.lookup.refusal(module, qualname).is_some()
    }

    /// Whether a pack that is listed here has a global, for every release of the target.
    pub(in crate::policy) fn is_in_pack(&self, pack: &str, name: &GlobalName) -> bool {
        let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
            return false;
        };
        let mut packed = self.lookup.packed(module, qualname).into_iter();
        packed.any(|(_, found, _)| found.pack == pack)
    }

    /// Where the newest pack of this name is listed here.
    pub(in crate::policy) fn pack_listed(&self, pack: &str) -> Option<Origin> {
        let mut packs = self.lookup.newest().flat_map(|layer| &layer.packs);
        let (_, origin) = packs.find(|(name, _)| *name == pack)?;
        Some(origin.clone())
    }

    /// The line that refuses a format which something here allows.
    pub(in crate::policy) fn format_refused_by(&self, id: &str) -> Option<Origin> {
        let layers = || self.lookup.newest();
        let (_, origin) = layers().find_map(|layer| layer.formats_refuse.get(id))?;
        let is_allowed = layers().any(|layer| layer.formats_allow.contains_key(id));
        is_allowed.then(|| origin.clone())
    }

    /// Whether a line here refuses a format, be it beaten by a later one or not.
    pub fn refuses_format(&self, id: &str) -> bool {
        let mut layers = self.lookup.newest();
        layers.any(|layer| layer.formats_refuse.contains_key(id))
    }

    /// The line that says which artifacts need a pin here.
    pub(in crate::policy) fn pins_set_at(&self) -> Option<Origin> {
        let mut layers = self.lookup.newest();
        let (_, origin) = layers.find_map(|layer| layer.pins.as_ref())?;
        Some(origin.clone())
    }

    /// The line that sets a rule's level here.
    pub(in crate::policy) fn level_set_at(&self, rule: &RuleMeta) -> Option<Origin> {
        let mut layers = self.lookup.newest();
        let (_, origin) = layers.find_map(|layer| layer.rules.get(rule.id))?;
        Some(origin.clone())
    }
}

impl Arguments {
    /// Whether it allows what another does not.
    pub(in crate::policy) fn is_wider_than(&self, other: &Self) -> Wider {
        let (mine, others) = match (self, other) {
            (_, Self::Any) if self.mentions_globals() => return Wider::Perhaps,
            (_, Self::Any) => return Wider::No,
            (Self::Any, Self::OneOf(_)) => return Wider::Yes,
            (Self::OneOf(mine), Self::OneOf(others)) => (mine, others),
        };
        let is_new = |form: &&Form| !others.iter().any(|other| form.is_within(other));
        match mine.iter().find(is_new) {
            Some(_) => Wider::Yes,
            None => Wider::No,
        }
    }

    /// Whether some form allows a global as an argument: the plain shape of a name does not.
    fn mentions_globals(&self) -> bool {
        let Self::OneOf(forms) = self else {
            return false;
        };
        let mentions = |form: &Form| match form {
            Form::Listed(constraints) => constraints
                .iter()
                .any(|constraint| matches!(constraint, Constraint::Allowed(_))),
            Form::Applied => false,
        };
        forms.iter().any(mentions)
    }
}

impl Form {
    /// Whether another form allows all that this one does.
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Applied, Self::Applied) => true,
            (Self::Listed(mine), Self::Listed(others)) => {
                mine.len() == others.len()
                    && mine
                        .iter()
                        .zip(others)
                        .all(|(mine, other)| is_narrower(mine, other))
            }
            _ => false,
        }
    }
}

/// Whether one constraint allows no more than another.
fn is_narrower(one: &Constraint, other: &Constraint) -> bool {
    match (one, other) {
        (Constraint::Allowed(_), Constraint::Allowed(Want::Any)) => true,
        (Constraint::OneOf(one), Constraint::OneOf(other)) => {
            one.iter().all(|text| other.contains(text))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_compared_form_by_form() {
        let texts = |texts: &[&str]| {
            Constraint::OneOf(texts.iter().map(|text| (*text).to_owned()).collect())
        };
        let listed = |form: &[Constraint]| Arguments::OneOf(vec![Form::Listed(form.to_vec())]);
        let (a, ab) = (listed(&[texts(&["a"])]), listed(&[texts(&["a", "b"])]));
        let class = listed(&[Constraint::Allowed(Want::Class)]);
        let any = listed(&[Constraint::Allowed(Want::Any)]);
        let none = Arguments::OneOf(Vec::new());
        let table = [
            (&a, &ab, Wider::No),
            (&ab, &a, Wider::Yes),
            (&class, &any, Wider::No),
            (&any, &class, Wider::Yes),
            (&a, &class, Wider::Yes),
            (&Arguments::Any, &a, Wider::Yes),
            (&a, &Arguments::Any, Wider::No),
            // A plain call takes no globals.
            (&class, &Arguments::Any, Wider::Perhaps),
            (&none, &a, Wider::No),
            (&a, &none, Wider::Yes),
        ];
        for (new, old, wanted) in table {
            assert_eq!(new.is_wider_than(old), wanted, "{new:?} {old:?}");
        }
    }
}
