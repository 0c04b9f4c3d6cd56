//! Loads through functions of the repository: a call names a file, and the function hands it to a loader.
//!
//! A module is found as Python finds it: by its path from the folder of the source, or from a folder above. One function is followed,
//! and none that it calls.

use std::collections::BTreeMap;

use super::load::{Executes, Load, Match, folder, join};
use crate::{
    fact::{
        Constant, ContentFacts, Entry, Excerpt, Excerpts, Fact, Hop, Observation, PyCall,
        PyParameter, Site, Text,
    },
    limits,
    loader::{self, Risk},
};

/// Folders above a source in which a module is looked for.
const FOLDERS: usize = 32;

/// A function that hands what it is given to a loader.
#[derive(Debug, PartialEq, Eq)]
pub struct Helper {
    /// Where it calls the loader.
    site: Site,
    /// The call.
    call: PyCall,
}

/// A call that hands a path to a function of which the source knows no more.
#[derive(Debug, PartialEq, Eq)]
pub struct Handed {
    source: Text,
    site: Site,
    excerpt: Option<Excerpt>,
    call: PyCall,
}

/// A call that loads a file through a function of the repository.
#[derive(Debug)]
pub struct LoadThrough<'a> {
    /// The load, as if the call called the loader itself.
    pub load: Load,
    /// The lines that show the call.
    pub excerpt: Option<Excerpt>,
    /// The function, as the call writes it.
    pub function: Text,
    /// The source that defines it.
    pub defined_in: &'a Text,
    /// Where that calls the loader.
    pub loads_at: Site,
    /// Whether the call, or a default of the function, decides if the loader lets the file run code.
    pub decides: bool,
}

/// The calls of a kind in a source of the view.
fn calls<'f>(
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
        let found = calls(facts, |fact| match fact {
            Fact::PyCall(call) if call.helper.is_some() => Some(call),
            _ => None,
        });
        found
            .map(|(observation, call)| Self {
                site: observation.site.clone(),
                call: call.clone(),
            })
            .take(limits::LOADS)
            .collect()
    }

    /// Whether an argument is handed on that decides if the loader lets a file run code.
    fn hands_decision(&self) -> bool {
        let loader = self.call.callee.as_str().and_then(loader::by_name);
        let loader = loader.filter(|loader| loader.risk == Risk::Conditional);
        let (Some(loader), Some(helper)) = (loader, &self.call.helper) else {
            return false;
        };
        helper.handed.iter().any(|(at, _)| {
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

    /// The file that a call of the function loads, and whether that may run code.
    fn loaded_by(&self, given: &PyCall) -> Option<(Text, Executes)> {
        let helper = self.call.helper.as_ref()?;
        let loader = loader::by_name(self.call.callee.as_str()?)?;
        let value = |parameter: &PyParameter| {
            let position = parameter.position.and_then(|at| usize::try_from(at).ok());
            let argument = given.argument(parameter.name.as_str()?, position)?;
            Some(&argument.value)
        };
        let Some(Constant::Str(path)) = value(&helper.file) else {
            return None;
        };
        let mut call = self.call.clone();
        for (at, parameter) in &helper.handed {
            let at = usize::try_from(*at).ok();
            let Some(argument) = at.and_then(|at| call.arguments.get_mut(at)) else {
                continue;
            };
            argument.value = match (value(parameter), &argument.value) {
                (Some(value), _) => value.clone(),
                (None, Constant::Parameter(Some(default)))
                    if !given.star_args && !given.star_kwargs =>
                {
                    (**default).clone()
                }
                _ => Constant::Unknown,
            };
        }
        Some((path.clone(), Executes::of(loader, &call)))
    }
}

impl Handed {
    /// Those of a source.
    pub fn all(entry: &Entry, facts: &ContentFacts, excerpts: &Excerpts) -> Vec<Self> {
        let found = calls(facts, |fact| match fact {
            Fact::PyHanded(call) => Some(call),
            _ => None,
        });
        found
            .map(|(observation, call)| Self {
                source: entry.path.clone(),
                site: observation.site.clone(),
                excerpt: observation.excerpt.and_then(|id| excerpts.get(id)).cloned(),
                call: call.clone(),
            })
            .take(limits::LOADS)
            .collect()
    }

    /// The paths at which the called function may be defined, the nearest first, and its name.
    fn places(&self) -> Option<(Vec<Vec<u8>>, &str)> {
        let callee = self.call.callee.as_str()?;
        let source = self.source.as_bytes();
        let Some((module, name)) = callee.rsplit_once('.') else {
            return Some((vec![source.to_vec()], callee));
        };
        let names = module.trim_start_matches('.');
        // `from .io import load` has a dot for the folder of the source, and one for each folder above.
        let level = callee
            .len()
            .saturating_sub(callee.trim_start_matches('.').len());
        let mut next = Some(folder(source));
        let mut folders = Vec::new();
        for at in 1..=FOLDERS {
            let Some(present) = next else {
                break;
            };
            next = (!present.is_empty()).then(|| folder(present));
            if level == 0 || at == level {
                folders.push(present);
            }
        }
        let path = names.replace('.', "/");
        let mut places = Vec::new();
        for folder in folders {
            if !path.is_empty() {
                places.extend(join(folder, format!("{path}.py").as_bytes()));
            }
            places.extend(join(folder, format!("{path}/__init__.py").as_bytes()));
        }
        Some((places, name))
    }
}

/// The calls that load a file through a function of the repository, in the order of their places.
pub(super) fn find<'a>(
    helpers: Vec<(&'a Text, Helper)>,
    handed: Vec<Handed>,
) -> Vec<LoadThrough<'a>> {
    let mut by_file: BTreeMap<&[u8], Vec<(&'a Text, Helper)>> = BTreeMap::new();
    for (path, helper) in helpers {
        by_file
            .entry(path.as_bytes())
            .or_default()
            .push((path, helper));
    }
    if by_file.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for handed in handed {
        let Some((places, name)) = handed.places() else {
            continue;
        };
        let Some(helpers) = places
            .iter()
            .find_map(|place| by_file.get(place.as_slice()))
        else {
            continue;
        };
        for (path, helper) in helpers {
            let is_it = helper
                .call
                .helper
                .as_ref()
                .is_some_and(|it| it.name == name);
            let Some((written, executes)) = is_it.then(|| helper.loaded_by(&handed.call)).flatten()
            else {
                continue;
            };
            found.push(LoadThrough {
                load: Load {
                    source: handed.source.clone(),
                    site: handed.site.clone(),
                    around: handed.call.around.clone(),
                    callee: helper.call.callee.clone(),
                    written,
                    matched: Match::End,
                    executes,
                },
                excerpt: handed.excerpt.clone(),
                function: handed.call.written.clone(),
                defined_in: path,
                loads_at: helper.site.clone(),
                decides: helper.hands_decision(),
            });
            if found.len() >= limits::LOADS {
                return found;
            }
        }
    }
    found.sort_by(|a, b| (&a.load, &a.loads_at).cmp(&(&b.load, &b.loads_at)));
    found
}
