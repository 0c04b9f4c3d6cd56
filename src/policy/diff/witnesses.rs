//! Paths that stand for all others: one for every way in which lists of path patterns can match.
//!
//! Patterns are regular, so their automata are run side by side over every path there could be. Two paths that the same lists
//! match are the same to a policy, so a policy is compared with another at one path of each kind, and nothing is left out.

use std::{cell::RefCell, rc::Rc};

use regex_automata::{
    Anchored, Input, MatchKind,
    hybrid::{
        LazyStateID,
        dfa::{Cache, DFA},
    },
    nfa::thompson,
    util::syntax,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::paths;
use crate::{fact::Text, limits};

/// A list of patterns, any of which may match.
pub(super) type PatternList = Vec<String>;

/// The paths that stand for all, of those lists of patterns that were asked about.
#[derive(Default)]
pub(super) struct Witnesses {
    known: RefCell<FxHashMap<Vec<PatternList>, Found>>,
}

/// The paths, if they are not too many to be told.
type Found = Option<Rc<[Text]>>;

impl Witnesses {
    /// One path for each set of the lists that match a path together, the shortest first; `None` if there are more than can be told.
    pub(super) fn of(&self, mut lists: Vec<PatternList>) -> Option<Rc<[Text]>> {
        lists.sort();
        lists.dedup();
        if let Some(known) = self.known.borrow().get(&lists) {
            return known.clone();
        }
        let found = search(&lists).map(Rc::from);
        self.known.borrow_mut().insert(lists, found.clone());
        found
    }
}

/// A path that git can record: names that are not empty, joined by slashes.
const PATH: &str = r"^[^/\x00]+(?:/[^/\x00]+)*$";

/// An automaton that is made while it runs.
struct Automaton {
    dfa: DFA,
    cache: Cache,
}

impl Automaton {
    /// `None` if it would be too large.
    fn new(expressions: &[String]) -> Option<Self> {
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(limits::POLICY_AUTOMATON)
            // State ids have to stay what they are.
            .minimum_cache_clear_count(Some(0));
        let syntax = syntax::Config::new()
            .utf8(false)
            .unicode(false)
            .dot_matches_new_line(true);
        let dfa = DFA::builder()
            .configure(config)
            .syntax(syntax)
            .thompson(thompson::Config::new().utf8(false))
            .build_many(expressions)
            .ok()?;
        let cache = dfa.create_cache();
        Some(Self { dfa, cache })
    }

    fn start(&mut self) -> Option<LazyStateID> {
        let input = Input::new("").anchored(Anchored::Yes);
        self.dfa.start_state_forward(&mut self.cache, &input).ok()
    }

    fn step(&mut self, state: LazyStateID, byte: u8) -> Option<LazyStateID> {
        if state.is_dead() {
            return Some(state);
        }
        self.dfa.next_state(&mut self.cache, state, byte).ok()
    }

    fn accepts(&mut self, state: LazyStateID) -> Option<bool> {
        if state.is_dead() {
            return Some(false);
        }
        let end = self.dfa.next_eoi_state(&mut self.cache, state).ok()?;
        Some(end.is_match())
    }
}

/// How a state was reached: from which, by which byte.
type Step = Option<(usize, u8)>;

fn search(lists: &[PatternList]) -> Option<Vec<Text>> {
    let mut automata = vec![Automaton::new(&[PATH.to_owned()])?];
    for list in lists {
        let mut expressions = Vec::new();
        for pattern in list {
            // What is wrong with a pattern is an error of its policy.
            let globs = paths::globs(pattern).ok()?;
            expressions.extend(globs.iter().map(|glob| glob.regex().to_owned()));
        }
        automata.push(Automaton::new(&expressions)?);
    }
    let bytes = alphabet(&automata);
    let start: Vec<LazyStateID> = automata
        .iter_mut()
        .map(Automaton::start)
        .collect::<Option<_>>()?;
    let mut reached: Vec<(Vec<LazyStateID>, Step)> = vec![(start.clone(), None)];
    let mut known = FxHashSet::from_iter([start]);
    let mut seen: FxHashSet<Vec<bool>> = FxHashSet::default();
    let mut found = Vec::new();
    let mut at = 0;
    // Breadth first, so that the first path of each kind is a shortest one.
    while let Some((states, _)) = reached.get(at).cloned() {
        let ends: Vec<bool> = automata
            .iter_mut()
            .zip(&states)
            .map(|(automaton, state)| automaton.accepts(*state))
            .collect::<Option<_>>()?;
        if ends.first() == Some(&true) && seen.insert(ends) {
            found.push(spelled(&reached, at));
        }
        for byte in &bytes {
            let next: Vec<LazyStateID> = automata
                .iter_mut()
                .zip(&states)
                .map(|(automaton, state)| automaton.step(*state, *byte))
                .collect::<Option<_>>()?;
            let is_path = next.first().is_some_and(|state| !state.is_dead());
            if is_path && known.insert(next.clone()) {
                reached.push((next, Some((at, *byte))));
            }
        }
        if reached.len().saturating_mul(automata.len()) > limits::POLICY_PATHS {
            return None;
        }
        at = at.saturating_add(1);
    }
    Some(found)
}

/// One byte of each class that no automaton tells apart, those first that people put into names.
fn alphabet(automata: &[Automaton]) -> Vec<u8> {
    let mut order: Vec<u8> = (0..=u8::MAX).collect();
    order.sort_by_key(|byte| match byte {
        b'x'..=b'z' => 0,
        b'a'..=b'w' => 1,
        b'0'..=b'9' | b'A'..=b'Z' => 2,
        b'/' => 3,
        b'_' | b'-' | b'.' => 4,
        b'!'..=b'~' => 5,
        _ => 6,
    });
    let mut classes = FxHashSet::default();
    order.retain(|byte| {
        let class: Vec<u8> = automata
            .iter()
            .map(|automaton| automaton.dfa.byte_classes().get(*byte))
            .collect();
        classes.insert(class)
    });
    order
}

/// The path that leads to a state.
fn spelled(reached: &[(Vec<LazyStateID>, Step)], mut at: usize) -> Text {
    let mut bytes = Vec::new();
    while let Some((_, Some((from, byte)))) = reached.get(at) {
        bytes.push(*byte);
        at = *from;
    }
    bytes.reverse();
    Text::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::Witnesses;

    fn witnesses(lists: &[&[&str]]) -> Vec<String> {
        let lists = lists
            .iter()
            .map(|list| list.iter().map(|pattern| (*pattern).to_owned()).collect());
        let found = Witnesses::default().of(lists.collect()).unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_path_stands_for_each_kind() {
        assert_eq!(witnesses(&[]), ["x"]);
        assert_eq!(witnesses(&[&["**"]]), ["x"]);
        assert_eq!(witnesses(&[&["a/**"], &["b/**"]]), ["x", "a/x", "b/x"]);
        // A narrower pattern is never alone, two that exclude each other are never together.
        assert_eq!(
            witnesses(&[&["models/**"], &["models/*.pt"]]),
            ["x", "models/x", "models/.pt"]
        );
        assert_eq!(
            witnesses(&[&["*.pt"], &["a/"]]),
            ["x", "a/x", ".pt", "a/.pt"]
        );
        assert_eq!(witnesses(&[&["[ab].pt"], &["*.pt"]]), ["x", ".pt", "a.pt"]);
        // Lists that match the same paths are one.
        assert_eq!(
            witnesses(&[&["a/**", "b/**"], &["b/**", "a/**"]]),
            ["x", "a/x"]
        );
    }
}
