//! Loads through functions of the repository: a call names a file, and the function hands it to a loader, or to another function.
//!
//! What is called is found by `modules`. Each function is entered once for a call, and so many in all.

use super::{
    helper::{Helper, calls, is_named},
    load::{Executes, Load, Match},
    modules::{Modules, STEPS},
};
use crate::{
    fact::{Constant, ContentFacts, Entry, Excerpt, Excerpts, Fact, PyCall, Site, Text},
    limits,
    loader::{self, Loader},
};

/// Functions that are entered for one call.
const ENTERED: usize = 64;

/// A call that hands something to a function of which the source knows no more.
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
    /// Whether the call says which file that is.
    pub is_path: bool,
    /// The lines that show the call.
    pub excerpt: Option<Excerpt>,
    /// The function, as the call writes it.
    pub function: Text,
    /// The source that calls the loader.
    pub defined_in: &'a Text,
    /// Where that calls the loader.
    pub loads_at: Site,
    /// Whether the call, or a default of a function, decides if the loader lets the file run code.
    pub decides: bool,
}

impl Handed {
    /// Those of a source.
    pub fn all(entry: &Entry, facts: &ContentFacts, excerpts: &Excerpts) -> Vec<Self> {
        let found = calls(facts, |fact| match fact {
            Fact::PyHanded(call) if call.helper.is_none() => Some(call),
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

    /// The calls of loaders that this one comes to.
    fn through<'a>(&self, modules: &Modules<'a>) -> Vec<LoadThrough<'a>> {
        let mut found = Vec::new();
        let mut entered: Vec<(*const Helper, usize)> = Vec::new();
        let mut next: Vec<(PyCall, &Text)> = vec![(self.call.clone(), &self.source)];
        let (mut at, mut steps) = (0, STEPS);
        while let Some((call, source)) = next.get(at).cloned() {
            at = at.saturating_add(1);
            let Some(callee) = call.callee.as_str() else {
                continue;
            };
            for (path, helper, skipped) in modules.functions(source, callee, &mut steps) {
                let key = (std::ptr::from_ref(helper), skipped);
                if entered.contains(&key) || entered.len() >= ENTERED {
                    continue;
                }
                entered.push(key);
                let Some(inner) = helper.entered(&call, skipped) else {
                    continue;
                };
                let loader = inner.callee.as_str().and_then(loader::by_name);
                let Some(loader) = loader else {
                    next.push((inner, path));
                    continue;
                };
                found.extend(
                    self.load(&inner, loader)
                        .map(|(load, is_path)| LoadThrough {
                            load,
                            is_path,
                            excerpt: self.excerpt.clone(),
                            function: self.call.written.clone(),
                            defined_in: path,
                            loads_at: helper.site.clone(),
                            decides: helper.hands_decision(loader),
                        }),
                );
            }
        }
        found
    }

    /// The load that a call of a loader is, and whether it is known of which file.
    fn load(&self, call: &PyCall, loader: &Loader) -> Option<(Load, bool)> {
        let file = call.argument(loader.file, Some(0))?;
        let (written, is_path) = match &file.value {
            Constant::Str(path) if !path.is_empty() => (path.clone(), true),
            Constant::Unknown | Constant::Name(_) => (file.written.clone()?, false),
            // Its own caller says which file, and this call whether it may run code.
            Constant::Parameter(_) if self.decides(loader) => (file.written.clone()?, false),
            _ => return None,
        };
        let load = Load {
            source: self.source.clone(),
            site: self.site.clone(),
            around: self.call.around.clone(),
            callee: call.callee.clone(),
            written,
            matched: Match::End,
            executes: Executes::of(loader, call),
        };
        Some((load, is_path))
    }

    /// Whether the call gives a constant for an argument that decides.
    fn decides(&self, loader: &Loader) -> bool {
        let gives = |name: &str| {
            let mut all = self.call.arguments.iter();
            all.any(|it| is_named(it, name) && it.value.truth().is_some())
        };
        loader.arguments.iter().any(|row| gives(row.name))
    }
}

/// The calls that load a file through a function of the repository, in the order of their places.
pub(super) fn find<'a>(modules: &Modules<'a>, handed: &[Handed]) -> Vec<LoadThrough<'a>> {
    let mut found = Vec::new();
    for handed in handed {
        found.extend(handed.through(modules));
        if found.len() >= limits::LOADS {
            break;
        }
    }
    found.sort_by(|a, b| (&a.load, &a.loads_at).cmp(&(&b.load, &b.loads_at)));
    found
}
