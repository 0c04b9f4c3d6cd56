//! With which arguments a listed global may be called at one path.

use super::{GlobalPolicy, lookup::Listing};
use crate::{
    fact::{Argument, Global, GlobalName, Usage},
    finding::LineRef,
    policy::{constraint::Constraint, layer},
};

/// What a policy says about the arguments of a call that it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentVerdict {
    /// They are as the entry wants them, or it does not say.
    Allowed,
    /// They are not.
    Refused {
        /// Which argument and why, lower case, no full stop.
        reason: String,
        /// The entry.
        decided_by: Option<LineRef>,
    },
}

impl GlobalPolicy<'_> {
    /// Whether a call of a global may have these arguments. Says nothing about whether the global itself is allowed:
    /// ask [`GlobalPolicy::global`] first.
    pub fn arguments(self, name: &GlobalName, arguments: &[Argument]) -> ArgumentVerdict {
        let mut refused = None;
        for listing in self.lookup.listings(name) {
            let (reason, decided_by) = match listing {
                Listing::Any => return ArgumentVerdict::Allowed,
                Listing::Entry(listed, constraints) => (
                    self.against(constraints, arguments),
                    Some(
                        listed
                            .entry
                            .origin
                            .line_ref("the arguments are constrained here"),
                    ),
                ),
                Listing::Applier(pack, entry) => (
                    self.not_to_apply(arguments),
                    layer::pack_origin(pack, entry)
                        .map(|origin| origin.line_ref("listed here as calling its first argument")),
                ),
            };
            match reason {
                None => return ArgumentVerdict::Allowed,
                Some(reason) => {
                    refused.get_or_insert(ArgumentVerdict::Refused { reason, decided_by });
                }
            }
        }
        refused.unwrap_or(ArgumentVerdict::Allowed)
    }

    /// Whether a global is allowed only with certain arguments: then it must not be handed on to anything, which could call
    /// it with arguments that nobody sees.
    pub fn constrains(self, name: &GlobalName) -> bool {
        let listings = self.lookup.listings(name);
        let any = |listing: &Listing<'_>| matches!(listing, Listing::Any);
        !listings.is_empty() && !listings.iter().any(any)
    }

    /// What is wrong with arguments, one constraint for each.
    fn against(self, constraints: &[Constraint], arguments: &[Argument]) -> Option<String> {
        if constraints.len() != arguments.len() {
            return Some(format!(
                "it is called with {}, and the entry lists {}",
                count(arguments.len()),
                count(constraints.len())
            ));
        }
        // What receives a global may call it: a value of a pack is never called.
        let allowed = |name: &GlobalName| {
            self.allows(name, Usage::Import)
                && (self.allows(name, Usage::Call) || self.has_entry(name))
        };
        let mut pairs = constraints.iter().zip(arguments).enumerate();
        pairs.find_map(|(at, (constraint, argument))| {
            let why = constraint.refuses(argument, allowed)?;
            Some(format!("argument {}: {why}", at.saturating_add(1)))
        })
    }

    /// What is wrong with the first of some arguments as something to be called with others that are not in sight.
    fn not_to_apply(self, arguments: &[Argument]) -> Option<String> {
        let why = match arguments.first() {
            Some(Argument::Global(Global::Named(name))) => {
                if !self.allows(name, Usage::Call) {
                    format!("it is called, and the policy does not allow `{name}` to be called")
                } else if self.constrains(name) {
                    format!("it is called, and the policy constrains the arguments of `{name}`")
                } else {
                    return None;
                }
            }
            _ => "it is called, and what it is cannot be told".to_owned(),
        };
        Some(format!("argument 1: {why}"))
    }
}

fn count(arguments: usize) -> String {
    match arguments {
        1 => "1 argument".to_owned(),
        n => format!("{n} arguments"),
    }
}
