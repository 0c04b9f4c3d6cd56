//! Which lines are kept of a content beside its facts, so that an audit can show the disassembly of a finding without the repository.

use std::collections::BTreeSet;

use crate::{
    fact::{ContentFacts, Excerpt, ExcerptId, Excerpts, Fact, FactKind, Global, GlobalName},
    limits, policy,
};

/// The lines of a content that are kept: disassemblies of what no pack lists, of each name once, up to a limit.
pub(super) fn kept(facts: &ContentFacts, all: &Excerpts) -> Vec<(ExcerptId, Excerpt)> {
    let mut seen: BTreeSet<(FactKind, Option<&GlobalName>)> = BTreeSet::new();
    let mut kept = Vec::new();
    let mut bytes: usize = 0;
    for observation in &facts.observations {
        let Some(excerpt) = observation.excerpt.and_then(|id| all.get(id)) else {
            continue;
        };
        let name = name(&observation.fact);
        // Lines of source are a line of `git show` away, and nobody asks how a tensor is rebuilt.
        if excerpt.first_line.is_some()
            || is_listed(&observation.fact)
            || !seen.insert((observation.fact.kind(), name))
        {
            continue;
        }
        bytes = bytes.saturating_add(excerpt.text.len());
        if kept.len() >= limits::KEPT_EXCERPTS || bytes > limits::KEPT_EXCERPT_BYTES {
            break;
        }
        kept.extend(observation.excerpt);
    }
    all.only(&kept)
}

/// The name that a fact is about.
fn name(fact: &Fact) -> Option<&GlobalName> {
    match fact {
        Fact::Global { global, .. }
        | Fact::Call { callee: global, .. }
        | Fact::HandedOn { global }
        | Fact::ItemsOnInstance { class: global, .. } => match global {
            Global::Named(name) => Some(name),
            Global::Unresolved(_) => None,
        },
        Fact::OfReusedMemo { global } | Fact::OfArrayAsOpcodes { global } => Some(global),
        _ => None,
    }
}

/// Whether it is a use of a global for which a pack lists it.
fn is_listed(fact: &Fact) -> bool {
    let (Fact::Global {
        global: Global::Named(name),
        usage,
    }
    | Fact::Call {
        callee: Global::Named(name),
        usage,
        ..
    }) = fact
    else {
        return false;
    };
    !policy::packs_listing(name, &[*usage]).is_empty()
}
