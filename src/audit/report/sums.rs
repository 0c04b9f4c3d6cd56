//! What repositories have in common, added up: rules, owners, formats, globals, packs and libraries.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    floors::Floors,
    spread::{Place, Spread, increment, most_first},
    table::{Cell, Pool, Row},
};
use crate::audit::{
    names::Names,
    packs,
    result::{Artifact, AuditResult, Library, Status},
};

/// What files without an owner are listed under.
pub(super) const NOBODY: &str = "(nobody)";

/// The sums over repositories.
#[derive(Debug, Default)]
pub(super) struct Sums {
    rules: BTreeMap<(String, String), Spread>,
    owners: BTreeMap<String, Exposure>,
    formats: BTreeMap<String, Spread>,
    globals: BTreeMap<String, Spread>,
    packs: BTreeMap<String, PackSums>,
    libraries: BTreeMap<Library, Spread>,
    pub(super) names: Names,
}

/// Where a pack is in use, and where it is missing.
#[derive(Debug, Default)]
struct PackSums {
    spread: Spread,
    globals: BTreeSet<String>,
    needed: packs::Needed,
}

/// What an owner has.
#[derive(Debug, Default)]
struct Exposure {
    spread: Spread,
    denied: [usize; 2],
    executable: [usize; 2],
    unpinned: usize,
}

/// The rows of the sums.
pub(super) struct SumRows {
    pub(super) rules: Vec<Box<[Cell]>>,
    pub(super) owners: Vec<Box<[Cell]>>,
    pub(super) formats: Vec<Box<[Cell]>>,
    pub(super) globals: Vec<Box<[Cell]>>,
    pub(super) packs: Vec<Box<[Cell]>>,
    pub(super) libraries: Vec<Box<[Cell]>>,
}

impl Sums {
    pub(super) fn add(&mut self, index: usize, result: &AuditResult) {
        if result.status == Status::Failed {
            return;
        }
        let at = Place::new(result.status, index);
        for finding in &result.findings {
            let key = (finding.rule.clone(), finding.level.clone());
            self.rules.entry(key).or_default().add(at);
            for owner in owned(result, &finding.path) {
                let exposure = self.owners.entry(owner).or_default();
                exposure.spread.add(at);
                if finding.level == "deny" {
                    increment(&mut exposure.denied, at.part);
                }
            }
        }
        for artifact in &result.artifacts {
            self.artifact(at, result, artifact);
        }
        for (pack, files) in packs::needed(result) {
            self.packs.entry(pack).or_default().needed.add(files);
        }
    }

    fn artifact(&mut self, at: Place, result: &AuditResult, artifact: &Artifact) {
        let is_complete = at.part == 0;
        for owner in owned(result, &artifact.path) {
            let exposure = self.owners.entry(owner).or_default();
            exposure.spread.add(at);
            if artifact.executable {
                increment(&mut exposure.executable, at.part);
                let is_unpinned = is_complete && artifact.pinned != Some(true);
                exposure.unpinned = exposure.unpinned.saturating_add(usize::from(is_unpinned));
            }
        }
        for format in artifact.formats.iter().collect::<BTreeSet<_>>() {
            let spread = self.formats.entry(format.clone()).or_default();
            spread.add(at);
            if is_complete {
                spread.bytes = spread.bytes.saturating_add(artifact.size);
                let executable = usize::from(artifact.executable);
                spread.executable = spread.executable.saturating_add(executable);
            }
        }
        let mut packs: BTreeSet<&'static str> = BTreeSet::new();
        for global in artifact.globals.iter().collect::<BTreeSet<_>>() {
            self.globals.entry(global.clone()).or_default().add(at);
            for pack in &self.names.of(global).packs {
                packs.insert(pack);
                let sums = self.packs.entry((*pack).to_owned()).or_default();
                sums.globals.insert(global.clone());
            }
        }
        for pack in packs {
            let sums = self.packs.entry(pack.to_owned()).or_default();
            sums.spread.add(at);
        }
        for library in artifact.libraries.iter().collect::<BTreeSet<_>>() {
            self.libraries.entry(library.clone()).or_default().add(at);
        }
    }

    /// The rows; `by_hand` is how many repositories allow a global by their own policies.
    pub(super) fn rows(
        self,
        by_hand: &BTreeMap<String, usize>,
        floors: &Floors,
        pool: &mut Pool,
    ) -> SumRows {
        let mut names = self.names;
        let mut rules = most_first(self.rules, |it| it);
        // What refuses comes first.
        rules.sort_by_key(|((_, level), _)| level != "deny");
        let rules = rules.into_iter().map(|((rule, level), spread)| {
            let row = Row::new(pool).text(&rule).text(&level);
            both(row, &spread).end()
        });
        let rules = rules.collect();
        let mut owners: Vec<_> = self.owners.into_iter().collect();
        owners.sort_by_key(|(_, it)| {
            let sum = |numbers: [usize; 2]| numbers.iter().sum::<usize>();
            std::cmp::Reverse((sum(it.denied), sum(it.executable)))
        });
        let owners = owners.into_iter().map(|(owner, it)| {
            let row = Row::new(pool).text(&owner);
            let row = pair(pair(row, it.denied), it.executable).number(it.unpinned);
            pair(row, it.spread.repositories).end()
        });
        let owners = owners.collect();
        let formats = most_first(self.formats, |it| it).into_iter();
        let formats = formats.map(|(format, spread)| {
            let row = pair(Row::new(pool).text(&format), spread.count);
            let row = row.number(spread.executable).bytes(spread.bytes);
            pair(row, spread.repositories).end()
        });
        let formats = formats.collect();
        let globals = most_first(self.globals, |it| it).into_iter();
        let globals = globals.map(|(global, spread)| {
            let known = names.of(&global);
            let row = Row::new(pool)
                .text(&global)
                .text(&known.packs.join(", "))
                .maybe(known.danger)
                .number(by_hand.get(&global).copied().unwrap_or_default());
            both(row, &spread).end()
        });
        let globals = globals.collect();
        let packs = most_first(self.packs, |it| &it.spread).into_iter();
        let packs = packs.map(|(pack, it)| {
            let row = Row::new(pool).text(&pack).number(it.globals.len());
            let needed = it.needed;
            both(row, &it.spread)
                .number(needed.repositories)
                .number(needed.files)
                .end()
        });
        let packs = packs.collect();
        let mut libraries: Vec<_> = most_first(self.libraries, |it| it)
            .into_iter()
            .map(|(library, spread)| {
                let floor = floors.floor(&library.name);
                let version = library.version.as_deref();
                let met = floor.and_then(|floor| floor.is_met(version?));
                let row = Row::new(pool)
                    .text(&library.name)
                    .maybe(version)
                    .maybe(floor.map(|floor| floor.since.as_str()))
                    .maybe_flag(met.map(|met| !met));
                (met != Some(false), both(row, &spread).end())
            })
            .collect();
        libraries.sort_by_key(|(is_met, _)| *is_met);
        SumRows {
            rules,
            owners,
            formats,
            globals,
            packs,
            libraries: libraries.into_iter().map(|(_, row)| row).collect(),
        }
    }
}

/// The owners of a file, or who stands for nobody.
fn owned(result: &AuditResult, path: &str) -> BTreeSet<String> {
    let owners: BTreeSet<String> = result
        .owners_of(path)
        .into_iter()
        .map(str::to_owned)
        .collect();
    if owners.is_empty() {
        return BTreeSet::from([NOBODY.to_owned()]);
    }
    owners
}

fn pair(row: Row<'_>, [complete, partial]: [usize; 2]) -> Row<'_> {
    row.number(complete).number(partial)
}

fn both<'a>(row: Row<'a>, spread: &Spread) -> Row<'a> {
    pair(pair(row, spread.count), spread.repositories)
}
