//! Entries by the globals that they match, so that a file of a hundred thousand names costs as many steps and not as many
//! times the entries of a policy.

use rustc_hash::FxHashMap;

use super::pattern::{self, Pattern};

/// Where an entry of the policy is: its layer, and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryIndex {
    pub(super) layer: usize,
    pub(super) at: usize,
}

/// The places of entries by what they match.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By module, then by name.
    exact: FxHashMap<Box<str>, FxHashMap<Box<str>, Vec<EntryIndex>>>,
    /// `module.*`, by module.
    direct: FxHashMap<Box<str>, Vec<EntryIndex>>,
    /// `package.**`, by package.
    deep: FxHashMap<Box<str>, Vec<EntryIndex>>,
    /// Bytes of the longest package and of the longest exact name: of a longer name, no longer prefix is looked up.
    longest: (usize, usize),
}

impl Names {
    pub(super) fn add(&mut self, pattern: &Pattern, index: EntryIndex) {
        match pattern {
            Pattern::Exact { module, name } => {
                self.longest.1 = self.longest.1.max(name.len());
                self.exact
                    .entry(module.as_str().into())
                    .or_default()
                    .entry(name.as_str().into())
                    .or_default()
                    .push(index);
            }
            Pattern::Direct { module } => {
                let places = self.direct.entry(module.as_str().into());
                places.or_default().push(index);
            }
            Pattern::Deep { package } => {
                self.longest.0 = self.longest.0.max(package.len());
                let places = self.deep.entry(package.as_str().into());
                places.or_default().push(index);
            }
        }
    }

    /// The entries that match a global (in canonical spelling) as entries under `allow` do, those that spell it first.
    pub(super) fn allowing(&self, module: &str, name: &str) -> Vec<EntryIndex> {
        let exact = self.exact.get(module).and_then(|names| names.get(name));
        let mut found = exact.cloned().unwrap_or_default();
        if pattern::is_plain(name) {
            found.extend(self.covering(module));
        }
        found
    }

    /// The entry that matches a global as entries under `refuse` do: the first of the newest layer.
    pub(super) fn refusing(&self, module: &str, name: &str) -> Option<EntryIndex> {
        let exact = self.exact.get(module).into_iter().flat_map(|names| {
            prefixes(name, self.longest.1)
                .filter_map(|prefix| names.get(prefix))
                .flatten()
                .copied()
        });
        exact
            .chain(self.covering(module))
            .max_by_key(|index| (index.layer, std::cmp::Reverse(index.at)))
    }

    /// The entries for all names of a module.
    fn covering(&self, module: &str) -> impl Iterator<Item = EntryIndex> {
        let direct = self.direct.get(module).into_iter();
        let any = !self.deep.is_empty();
        let deep = prefixes(module, self.longest.0)
            .take_while(move |_| any)
            .filter_map(|package| self.deep.get(package));
        direct.chain(deep).flatten().copied()
    }
}

/// What is known of exact names, by module and then by name: one step tells that nothing is known of a module.
#[derive(Debug)]
pub(super) struct ByName<T>(FxHashMap<Box<str>, Vec<(Box<str>, T)>>);

impl<T> ByName<T> {
    /// Of names in canonical spelling; what is said of one name stays in its order.
    pub(super) fn new(all: impl Iterator<Item = (String, String, T)>) -> Self {
        let mut modules: FxHashMap<Box<str>, Vec<(Box<str>, T)>> = FxHashMap::default();
        for (module, name, said) in all {
            let of_module = modules.entry(module.into()).or_default();
            of_module.push((name.into(), said));
        }
        #[allow(
            clippy::iter_over_hash_type,
            reason = "each module is sorted by itself"
        )]
        for of_module in modules.values_mut() {
            of_module.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        Self(modules)
    }

    /// What is said of a name.
    pub(super) fn find(&self, module: &str, name: &str) -> impl Iterator<Item = &T> + use<'_, T> {
        let of_module = self.0.get(module).map_or(&[][..], Vec::as_slice);
        let start = of_module.partition_point(|(known, _)| **known < *name);
        let from = of_module.get(start..).unwrap_or_default();
        let count = from
            .iter()
            .take_while(|(known, _)| **known == *name)
            .count();
        let found = from.get(..count).unwrap_or_default();
        found.iter().map(|(_, said)| said)
    }
}

/// A dotted name and the names that it is inside of, shortest first, up to a length.
fn prefixes(name: &str, longest: usize) -> impl Iterator<Item = &str> {
    let dots = memchr::memchr_iter(b'.', name.as_bytes());
    dots.take_while(move |at| *at <= longest)
        .filter_map(|at| name.get(..at))
        .chain((name.len() <= longest).then_some(name))
}

#[cfg(test)]
mod tests {
    use super::{ByName, EntryIndex, Names};
    use crate::policy::pattern::Pattern;

    #[test]
    fn what_is_said_of_a_name_is_found_in_its_order() {
        let all = [("a", "x", 1), ("b", "x", 2), ("a", "w", 3), ("a", "x", 4)];
        let all = all.map(|(module, name, said)| (module.into(), name.into(), said));
        let names = ByName::new(all.into_iter());
        let found = |module, name| names.find(module, name).copied().collect::<Vec<_>>();
        assert_eq!(found("a", "x"), [1, 4]);
        assert_eq!(found("a", "w"), [3]);
        assert_eq!(found("b", "x"), [2]);
        for (module, name) in [("a", ""), ("a", "y"), ("b", "w"), ("c", "x"), ("", "")] {
            assert!(found(module, name).is_empty());
        }
    }

    #[test]
    fn it_finds_what_the_patterns_match() {
        let texts = [
            "a.b.C", "a.b:C.D", "a.b.*", "a.**", "x.y", "x.*", "os.**", "a.b.C",
        ];
        let patterns: Vec<Pattern> = texts.map(|text| Pattern::parse(text).unwrap()).into();
        let mut names = Names::default();
        for (at, pattern) in patterns.iter().enumerate() {
            names.add(pattern, EntryIndex { layer: at / 4, at });
        }
        for (module, name) in [
            ("a.b", "C"),
            ("a.b", "C.D"),
            ("a.b", "C.D.E"),
            ("a.b", "__x__"),
            ("a", "C"),
            ("ab", "C"),
            ("a.b.c", "C"),
            ("x", "y"),
            ("x", "y.z"),
            ("x", "yz"),
            ("os", "path.join"),
            ("", ""),
            ("...", "..."),
        ] {
            let matching = |matches: fn(&Pattern, &str, &str) -> bool| {
                let found = patterns.iter().enumerate();
                let found = found.filter(|(_, pattern)| matches(pattern, module, name));
                found.map(|(at, _)| at).collect::<Vec<_>>()
            };
            let mut allowing: Vec<usize> = names
                .allowing(module, name)
                .iter()
                .map(|it| it.at)
                .collect();
            allowing.sort_unstable();
            assert_eq!(allowing, matching(Pattern::allows), "{module} {name}");
            let refusing = matching(Pattern::refuses);
            let newest = refusing.iter().max_by_key(|at| (*at / 4, usize::MAX - *at));
            let found = names.refusing(module, name).map(|index| index.at);
            assert_eq!(found, newest.copied(), "{module} {name}");
        }
    }
}
