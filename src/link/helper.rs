//! Functions of a repository that hand what they are given to a loader, or to another function, and what that is given then.

use crate::{
    fact::{
        Constant, ContentFacts, Fact, Hop, Observation, PyArgument, PyCall, PyHelper, PyParameter,
        Site,
    },
    limits,
    loader::{Loader, Risk},
};

/// Arguments of one call, through however many functions they are handed.
const ARGUMENTS: usize = 128;

/// A function that hands what it is given to a loader, or to another function.
#[derive(Debug, PartialEq, Eq)]
pub struct Helper {
    /// Where it calls that.
    pub(super) site: Site,
    /// The call.
    call: PyCall,
}

/// The calls of a kind in a source of the view.
pub(super) fn calls<'f>(
    facts: &'f ContentFacts,
    of: impl Fn(&'f Fact) -> Option<&'f PyCall>,
) -> impl Iterator<Item = (&'f Observation, &'f PyCall)> {
    facts.observations.iter().filter_map(move |observation| {
        // The paths in an archive's source are none of the view.
        let in_archive = |hop: &Hop| matches!(hop, Hop::Member { .. });
        let call = of(&observation.fact)?;
        (!observation.site.hops.iter().any(in_archive)).then_some((observation, call))
    })
}

impl Helper {
    /// Those of a source.
    pub fn all(facts: &ContentFacts) -> Vec<Self> {
        let of_loaders = calls(facts, |fact| match fact {
            Fact::PyCall(call) if call.helper.is_some() => Some(call),
            _ => None,
        });
        let of_others = calls(facts, |fact| match fact {
            Fact::PyHanded(call) if call.helper.is_some() => Some(call),
            _ => None,
        });
        let found = of_loaders.chain(of_others);
        found
            .map(|(observation, call)| Self {
                site: observation.site.clone(),
                call: call.clone(),
            })
            .take(limits::LOADS)
            .collect()
    }

    /// The function.
    pub(super) fn function(&self) -> Option<&PyHelper> {
        self.call.helper.as_deref()
    }

    /// Whether an argument is handed on that decides if the loader lets a file run code.
    pub(super) fn hands_decision(&self, loader: &Loader) -> bool {
        let Some(helper) = self.function().filter(|_| loader.risk == Risk::Conditional) else {
            return false;
        };
        let given = |name: &str| self.call.arguments.iter().any(|it| is_named(it, name));
        let by_keywords =
            helper.named.is_some() && !loader.arguments.iter().any(|row| given(row.name));
        by_keywords
            || helper.handed.iter().any(|(at, _)| {
                let at = usize::try_from(*at).ok();
                let argument = at.and_then(|at| self.call.arguments.get(at));
                argument.is_some_and(|argument| {
                    loader.arguments.iter().any(|row| match &argument.name {
                        Some(name) => *name == row.name,
                        None => row.position == at,
                    })
                })
            })
    }

    /// The call that the function makes where it is called so, `skipped` arguments before the others. `None` if that cannot be.
    pub(super) fn entered(&self, given: &PyCall, skipped: usize) -> Option<PyCall> {
        let helper = self.function()?;
        let positional = || {
            let all = given.arguments.iter().filter(|it| it.name.is_none());
            all.skip(skipped)
        };
        let value = |parameter: &PyParameter| {
            let name = parameter.name.as_str()?;
            let by_name = |it: &&_| is_named(it, name);
            let keyword = given.arguments.iter().rfind(by_name);
            let at = parameter.position.and_then(|at| usize::try_from(at).ok());
            keyword.or_else(|| positional().nth(at?))
        };
        let mut call = self.call.clone();
        for (at, parameter) in &helper.handed {
            let at = usize::try_from(*at).ok();
            let Some(argument) = at.and_then(|at| call.arguments.get_mut(at)) else {
                continue;
            };
            match (value(parameter), &argument.value) {
                (Some(given), _) => {
                    argument.value = given.value.clone();
                    argument.written.clone_from(&given.written);
                }
                (None, Constant::Parameter(Some(default)))
                    if !given.star_args && !given.star_kwargs =>
                {
                    argument.value = (**default).clone();
                }
                // What may be given by something that is unpacked.
                _ if given.star_args || given.star_kwargs => argument.value = Constant::Unknown,
                _ => argument.value = Constant::Parameter(None),
            }
        }
        if let Some(rest) = helper.rest {
            let rest = usize::try_from(rest).unwrap_or(usize::MAX);
            call.arguments.extend(positional().skip(rest).cloned());
            call.star_args = given.star_args;
        }
        if let Some(named) = &helper.named {
            let own = |name: &_| named.contains(name);
            let keywords = given.arguments.iter();
            let keywords = keywords.filter(|it| it.name.as_ref().is_some_and(|it| !own(it)));
            call.arguments.extend(keywords.cloned());
            call.star_kwargs = given.star_kwargs;
        }
        (call.arguments.len() <= ARGUMENTS).then_some(call)
    }
}

pub(super) fn is_named(argument: &PyArgument, name: &str) -> bool {
    argument.name.as_ref().is_some_and(|it| *it == name)
}
