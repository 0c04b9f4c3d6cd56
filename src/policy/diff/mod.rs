//! What a policy lets pass that another does not, and the reverse.
//!
//! Both policies are asked, by the code that judges, about everything on which their lines differ: each format, rule and
//! global that either names, at one path of every kind that their patterns tell apart. So a difference that no line spells
//! (a parent that changed, an override that now comes later, a refusal that no longer reaches a name) is found like any other,
//! and a line that changes nothing is not reported.
//!
//! Where the patterns are too many to tell all kinds of paths apart, the answer is "perhaps looser", never "not looser".

mod baseline;
mod draft;
mod globals;
mod pins;
mod waivers;
mod witnesses;

use std::{rc::Rc, sync::Arc};

use super::{FormatVerdict, Policy, layer::Layer, locate::Origin};
use crate::{
    fact::{Direction, PolicyChange, PolicyItem, Text},
    finding::{Level, RuleMeta},
};
use draft::Drafts;
use witnesses::{PatternList, Witnesses};

/// The lists of patterns that a path has to match, each of them.
type Conditions = Vec<PatternList>;

/// In what `new` differs from `old`: what is looser first, each in the order of the lines.
pub fn compare(old: &Policy, new: &Policy, rules: &[&'static RuleMeta]) -> Vec<PolicyChange> {
    every_field_is_compared(new);
    let mut comparison = Comparison {
        old,
        new,
        witnesses: Witnesses::default(),
        drafts: Drafts::default(),
    };
    comparison.formats();
    comparison.levels(rules);
    let mut drafts = std::mem::take(&mut comparison.drafts);
    globals::compare(&comparison, &mut drafts);
    comparison.drafts = drafts;
    comparison.exclusions();
    comparison.attributes();
    comparison.target();
    comparison.pins();
    waivers::compare(&mut comparison);
    waivers::compare_terms(&mut comparison);
    waivers::compare_locks(&mut comparison);
    let drafts = std::mem::take(&mut comparison.drafts);
    let mut changes = drafts.finish(old, new);
    changes.extend(baseline::compare(old, new));
    sort(&mut changes);
    changes
}

/// What is looser first, each in the order of the lines.
pub fn sort(changes: &mut [PolicyChange]) {
    changes.sort_by(|a, b| {
        let order = |change: &PolicyChange| {
            let line = change.line.as_ref();
            (
                change.direction == Direction::Tighter,
                line.map(|line| !line.is_new),
                line.map(|line| (line.file.clone(), line.line)),
            )
        };
        order(a).cmp(&order(b))
    });
}

/// A new field of a policy has to be compared, or to be named here with those that let nothing pass.
fn every_field_is_compared(policy: &Policy) {
    let Policy {
        // Compared.
        layers,
        groups: _,
        exclusions: _,
        torch: _,
        attributes: _,
        accepts: _,
        lock: _,
        // Nothing depends on it.
        python: _,
        // Where something stands, and other forms of what is compared.
        scalars: _,
        name: _,
        patterns: _,
        exclude: _,
        own: _,
        documents: _,
        files: _,
        organisation: _,
        // What is pinned stands in another file.
        pins: _,
        notes: _,
        everywhere: _,
        scopes: _,
    } = policy;
    for layer in layers {
        let Layer {
            formats_allow: _,
            formats_refuse: _,
            packs: _,
            allow: _,
            refuse: _,
            rules: _,
            means_danger: _,
            pins: _,
            formats_list: _,
            globals_list: _,
            reason: _,
            allowed: _,
            refused: _,
            packed_by_name: _,
        } = &**layer;
    }
}

struct Comparison<'p> {
    old: &'p Policy,
    new: &'p Policy,
    witnesses: Witnesses,
    drafts: Drafts,
}

/// One policy seen from another: what `to` lets pass and `from` does not.
#[derive(Clone, Copy)]
struct Pair<'p> {
    from: &'p Policy,
    to: &'p Policy,
    direction: Direction,
}

/// At which paths policies differ.
#[derive(Clone, Copy)]
struct Where<'t> {
    /// One of them; `None` where the policies differ at all paths.
    example: Option<&'t Text>,
    /// Whether one policy lets pass at other paths what the other lets pass here.
    wider: bool,
}

impl Where<'_> {
    /// At every path, or of something that is not about paths.
    const EVERYWHERE: Self = Self {
        example: None,
        wider: false,
    };
}

/// What one layer says about one thing, and where it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement<T> {
    conditions: Conditions,
    says: T,
}

impl<'p> Comparison<'p> {
    /// What became looser, then what became tighter.
    fn pairs(&self) -> [Pair<'p>; 2] {
        let (old, new) = (self.old, self.new);
        [
            Pair {
                from: old,
                to: new,
                direction: Direction::Looser,
            },
            Pair {
                from: new,
                to: old,
                direction: Direction::Tighter,
            },
        ]
    }

    fn formats(&mut self) {
        let mut ids: Vec<&str> = Vec::new();
        for layer in self.old.layers.iter().chain(&self.new.layers) {
            ids.extend(layer.formats_allow.keys().map(String::as_str));
            ids.extend(layer.formats_refuse.keys().map(String::as_str));
        }
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let said = [self.old, self.new].map(|policy| said_of_format(policy, id));
            if said[0] == said[1] {
                continue;
            }
            let paths = self.paths(&said);
            for pair in self.pairs() {
                self.format(pair, id, paths.as_deref());
            }
        }
    }

    fn format(&mut self, pair: Pair<'_>, id: &str, paths: Option<&[Text]>) {
        let what = PolicyItem::Format { id: id.to_owned() };
        let Some(paths) = paths else {
            let line = pair.to.layers.iter().rev();
            let mut line = line.filter_map(|layer| layer.formats_allow.get(id));
            self.drafts.undecided(pair, what, line.next());
            return;
        };
        let is_allowed = |policy: &Policy, path| policy.scope(path).format(id).is_allowed();
        let differ = paths
            .iter()
            .filter(|path| !is_allowed(pair.from, path) && is_allowed(pair.to, path));
        let differ: Vec<&Text> = differ.collect();
        let everywhere = differ.len() == paths.len();
        let wider = paths.iter().any(|path| is_allowed(pair.from, path));
        for path in differ {
            let place = Where {
                example: (!everywhere).then_some(path),
                wider,
            };
            if let Some(refusal) = pair.from.scope(path).format_refused_by(id)
                && !pair.to.scope(path).refuses_format(id)
            {
                let what = PolicyItem::FormatRefusal { id: id.to_owned() };
                self.drafts.gone(pair, what, &refusal, place);
            } else if let FormatVerdict::Allowed(by) = pair.to.scope(path).format(id) {
                let line = by.of_a_policy();
                self.drafts.added(pair, what.clone(), line, place);
            }
        }
    }

    fn levels(&mut self, rules: &[&'static RuleMeta]) {
        for rule in rules {
            let said = [self.old, self.new].map(|policy| said_of_rule(policy, rule.id));
            if said[0] == said[1] {
                continue;
            }
            let Some(paths) = self.paths(&said) else {
                let what = level_item(rule, [rule.level; 2], false);
                let [pair, _] = self.pairs();
                let at = Text::from("");
                let line = self.new.scope(&at).level_set_at(rule);
                self.drafts.undecided(pair, what, line.as_ref());
                continue;
            };
            let usual = |policy: &Policy, path: &Text| policy.scope(path).level(rule);
            let of_danger = |policy: &Policy, path: &Text| policy.scope(path).level_of_danger(rule);
            let set = |policy: &Policy, path: &Text| policy.scope(path).level_set_at(rule);
            let (old, new) = (self.old, self.new);
            let item = |path: &Text, from: Level, to: Level| {
                let allows = to == Level::Allow && from != to;
                level_item(rule, [from, to], allows && of_danger(new, path) == to)
            };
            self.ordered(&paths, usual, set, |_| false, item);
            let told = |path: &Text| {
                (usual(old, path), usual(new, path)) == (of_danger(old, path), of_danger(new, path))
            };
            let item = |_: &Text, from: Level, to: Level| PolicyItem::DangerLevel {
                rule: rule.id.to_owned(),
                from: from.word(),
                to: to.word(),
            };
            self.ordered(&paths, of_danger, set, told, item);
        }
    }

    /// Compares values of which a lower one is looser, at paths that stand for all and of which it is not told already.
    fn ordered<T: PartialOrd + Copy>(
        &mut self,
        paths: &[Text],
        value: impl Fn(&Policy, &Text) -> T,
        line: impl Fn(&Policy, &Text) -> Option<Origin>,
        is_told: impl Fn(&Text) -> bool,
        what: impl Fn(&Text, T, T) -> PolicyItem,
    ) {
        let (old, new) = (self.old, self.new);
        let values = |path: &Text| (value(old, path), value(new, path));
        for pair in self.pairs() {
            let is_here = |path: &&Text| {
                let (from, to) = values(path);
                let differs = match pair.direction {
                    Direction::Tighter => from < to,
                    Direction::Looser | Direction::PerhapsLooser => to < from,
                };
                differs && !is_told(path)
            };
            let differ: Vec<&Text> = paths.iter().filter(is_here).collect();
            let everywhere = differ.len() == paths.len();
            for path in differ {
                let (from, to) = values(path);
                let (line, is_new) = match line(self.new, path) {
                    Some(line) => (Some(line), true),
                    None => (line(self.old, path), false),
                };
                let place = Where {
                    example: (!everywhere).then_some(path),
                    wider: false,
                };
                self.drafts
                    .at_line(pair, what(path, from, to), line.as_ref(), is_new, place);
            }
        }
    }

    fn exclusions(&mut self) {
        for pair in self.pairs() {
            let written = |policy: &Policy| -> PatternList {
                let exclusions = policy.exclusions.iter();
                exclusions.map(|(pattern, _)| pattern.clone()).collect()
            };
            let known = written(pair.from);
            for (at, (pattern, origin)) in pair.to.exclusions.iter().enumerate() {
                if known.contains(pattern) {
                    continue;
                }
                let what = PolicyItem::Exclusion {
                    pattern: pattern.clone(),
                };
                let lists = vec![vec![pattern.clone()], known.clone()];
                let Some(paths) = self.witnesses.of(lists) else {
                    self.drafts.undecided(pair, what, Some(origin));
                    continue;
                };
                let differ = |path: &&Text| {
                    !pair.from.excludes(path) && pair.to.exclude.matching(path).contains(&at)
                };
                if let Some(path) = paths.iter().find(differ) {
                    let place = Where {
                        example: Some(path),
                        wider: false,
                    };
                    self.drafts.added(pair, what, Some(origin), place);
                }
            }
        }
    }

    fn attributes(&mut self) {
        for pair in self.pairs() {
            if pair.to.attributes && !pair.from.attributes {
                let line = pair.to.scalars.attributes.as_ref();
                self.drafts
                    .added(pair, PolicyItem::Attributes, line, Where::EVERYWHERE);
            }
        }
    }

    /// What the files are judged for: something has to hold for each release of the target.
    fn target(&mut self) {
        let (old, new) = (self.old, self.new);
        for pair in self.pairs() {
            let (from, to) = (pair.from.torch.releases(), pair.to.torch.releases());
            let gone = from.iter().filter(|release| !to.contains(release));
            let gone: Vec<String> = gone.cloned().collect();
            if gone.is_empty() {
                continue;
            }
            let what = PolicyItem::Target {
                from: old.target_torch().to_owned(),
                to: new.target_torch().to_owned(),
                releases: gone,
            };
            let (line, is_new) = match &new.scalars.torch {
                Some(line) => (Some(line), true),
                None => (old.scalars.torch.as_ref(), false),
            };
            self.drafts
                .at_line(pair, what, line, is_new, Where::EVERYWHERE);
        }
    }

    /// One path of each kind that the conditions of two lists of statements tell apart; `None` if there are too many.
    fn paths<T: PartialEq + Clone>(&self, said: &[Vec<Statement<T>>; 2]) -> Option<Rc<[Text]>> {
        let merged = said.iter().flat_map(|said| merged(said));
        self.witnesses
            .of(merged.flat_map(|said| said.conditions).collect())
    }
}

/// Statements of which later ones win, with those that follow each other and say the same made one.
fn merged<T: PartialEq + Clone>(said: &[Statement<T>]) -> Vec<Statement<T>> {
    let mut merged: Vec<Statement<T>> = Vec::new();
    for statement in said {
        if let Some(last) = merged.last_mut()
            && last.says == statement.says
            && let ([known], [more]) = (
                last.conditions.as_mut_slice(),
                statement.conditions.as_slice(),
            )
        {
            known.extend(more.iter().cloned());
            continue;
        }
        merged.push(statement.clone());
    }
    merged
}

/// What each layer says about a format, in the order in which later ones win.
fn said_of_format(policy: &Policy, id: &str) -> Vec<Statement<bool>> {
    let mut said = Vec::new();
    for (at, layer) in layers(policy) {
        let mut says = |says| {
            said.push(Statement {
                conditions: conditions(policy, at),
                says,
            });
        };
        if layer.formats_allow.contains_key(id) {
            says(true);
        }
        if layer.formats_refuse.contains_key(id) {
            says(false);
        }
    }
    said
}

/// The levels that each layer gives to a rule, and whether they are meant for dangerous names, in the order in which later ones
/// win.
fn said_of_rule(policy: &Policy, id: &str) -> Vec<Statement<(&'static str, bool)>> {
    let said = layers(policy).filter_map(|(at, layer)| {
        let (level, _) = layer.rules.get(id)?;
        Some(Statement {
            conditions: conditions(policy, at),
            says: (level.word(), layer.means_danger),
        })
    });
    said.collect()
}

/// The layers of a policy, each with its index.
fn layers(policy: &Policy) -> impl Iterator<Item = (usize, &Layer)> {
    policy.layers.iter().map(Arc::as_ref).enumerate()
}

/// The conditions under which a layer holds: none for the first, the patterns of its override for any other.
fn conditions(policy: &Policy, layer: usize) -> Conditions {
    let group = layer.checked_sub(1);
    let own = group.and_then(|group| patterns(policy, group));
    own.into_iter().collect()
}

/// The patterns of a group, as they are written.
fn patterns(policy: &Policy, group: usize) -> Option<PatternList> {
    let patterns = policy.groups.get(group)?.iter();
    Some(patterns.map(|(pattern, _)| pattern.clone()).collect())
}

fn level_item(rule: &RuleMeta, [from, to]: [Level; 2], dangerous: bool) -> PolicyItem {
    PolicyItem::Level {
        rule: rule.id.to_owned(),
        from: from.word(),
        to: to.word(),
        dangerous,
    }
}
