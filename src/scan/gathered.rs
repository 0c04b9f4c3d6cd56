//! What the entries of a view come to, put together: the report is the same for any number of workers.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Listing, Request,
    entry::{self, Judged},
    judging,
    pins::{self, PinNotes},
    policy_source,
};
use crate::{
    fact::Text,
    finding::Finding,
    git::{Item, Neighbours, View},
    inventory::Artifact,
    limits,
    link::{Index, Links, There},
    policy::{Comment, Policy},
    rule::{self, JudgedCase, Run, WaiverRun},
    verdict::{self, Coverage, Report, Weighed},
};

/// What has been judged so far. Of most entries there is nothing to keep but that they were looked at.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    plain: Coverage,
    noted: Vec<Noted>,
    /// By the place of the item.
    links: Vec<(usize, Links)>,
    /// The places of items that are not checked.
    excluded: Vec<usize>,
    /// The places of items that were not judged in full.
    unjudged: Vec<usize>,
    /// How long contents are that others may need, by the place of the item.
    lengths: Vec<(usize, u64)>,
    pins: PinNotes,
}

/// An entry of which there is something to say.
#[derive(Debug)]
struct Noted {
    /// The place of the item.
    at: usize,
    weighed: Weighed,
    artifact: Option<Box<Artifact>>,
}

impl Gathered {
    pub(super) fn take(&mut self, at: usize, judged: Judged) {
        let Judged {
            mut weighed,
            links,
            artifact,
            pin,
            length,
        } = judged;
        self.pins.take(at, pin);
        self.lengths.extend(length.map(|length| (at, length)));
        if weighed.coverage.excluded > 0 {
            self.excluded.push(at);
        }
        if weighed.coverage.incomplete > 0 || weighed.coverage.unfetched > 0 {
            self.unjudged.push(at);
        }
        self.plain.add(std::mem::take(&mut weighed.coverage));
        if !links.is_empty() {
            self.links.push((at, links));
        }
        if !weighed.is_plain() || artifact.is_some() {
            self.noted.push(Noted {
                at,
                weighed,
                artifact,
            });
        }
    }

    pub(super) fn and(mut self, mut other: Self) -> Self {
        self.plain.add(other.plain);
        self.noted.append(&mut other.noted);
        self.excluded.append(&mut other.excluded);
        self.unjudged.append(&mut other.unjudged);
        self.links.append(&mut other.links);
        self.lengths.append(&mut other.lengths);
        self.pins.and(other.pins);
        self
    }

    /// The report of the whole view.
    pub(super) fn report(
        mut self,
        view: &View,
        policy: &Policy,
        policy_name: String,
        request: Request,
    ) -> Report {
        // In the order of the items, whatever the order of the work.
        self.noted.sort_unstable_by_key(|noted| noted.at);
        if request.needs.listings {
            list(view, &mut self.noted);
        }
        for noted in &mut self.noted {
            rule::say_where_code_is(&mut noted.weighed.findings, &|path| has(view, path));
        }
        let links = self.links.into_iter().filter_map(|(at, links)| {
            let item = view.items.get(at)?;
            Some((&item.entry.path, links))
        });
        let first_excluded = self.excluded.iter().min().copied();
        let excluded_by = excluded_by(view, policy, request.needs, &mut self.excluded);
        let excluded = self.excluded.into_iter();
        let excluded = excluded.filter_map(|at| Some(&view.items.get(at)?.entry.path));
        self.lengths.sort_unstable();
        let mut neighbours = Neighbours::of(view);
        let mut there = |path: &[u8]| match neighbours.stands_at(path) {
            Some(true) => There::Yes(length(view, &self.lengths, path)),
            Some(false) => There::No,
            None => There::Unknown,
        };
        let index = Index::new(links, excluded, &|path| has(view, path), &mut there);
        let noted = self.noted.iter_mut();
        let mut comments: Vec<Comment> = noted
            .flat_map(|noted| std::mem::take(&mut noted.weighed.comments))
            .collect();
        let cases: Vec<JudgedCase<'_>> = self
            .noted
            .iter()
            .filter(|noted| !noted.weighed.findings.is_empty())
            .filter_map(|noted| {
                Some(JudgedCase {
                    entry: &view.items.get(noted.at)?.entry,
                    findings: &noted.weighed.findings,
                })
            })
            .collect();
        self.pins.add_loads(view, &index, policy);
        let is_refused = |at: usize| {
            let found = self.noted.binary_search_by_key(&at, |noted| noted.at);
            let noted = found.ok().and_then(|found| self.noted.get(found));
            noted.is_some_and(|noted| pins::refuses(&noted.weighed))
        };
        let whole = |item: &Item| entry::digest(&mut view.reader(), item, request.deadline);
        let pins = self.pins.report(view, policy, is_refused, whole);
        let digest = |path: &Text| digest(view, path);
        let run = Run::new(&cases, &index, policy, &pins);
        let mut weighed = judging::judge_run(&run, request.today, &digest, &mut comments);
        let all = self.noted.iter().map(|noted| &noted.weighed);
        let about_waivers = waivers(
            view,
            policy,
            request,
            all.chain(&weighed),
            (&comments, &self.unjudged),
        );
        weighed.extend(about_waivers);
        let mut artifacts = Vec::new();
        for noted in self.noted {
            artifacts.extend(noted.artifact.map(|artifact| Artifact {
                loaded_by: index.loads_of(&artifact.path).to_vec(),
                ..*artifact
            }));
            weighed.push(noted.weighed);
        }
        let view_name = view.label.clone();
        let mut report = verdict::judge(view_name, policy_name, self.plain, weighed, artifacts);
        if let Some(baseline) = policy.accepts().baseline() {
            let paths = self.unjudged.iter().filter_map(|at| view.items.get(*at));
            let unjudged: BTreeSet<String> = paths.map(|it| it.entry.path.to_string()).collect();
            report.compare(
                baseline,
                |rule| policy.accepts().locks_rule(rule),
                |path| request.is_whole && !unjudged.contains(path),
            );
        }
        report.notices.splice(0..0, view.notices.iter().cloned());
        let first = first_excluded.and_then(|at| view.items.get(at));
        if let Some(item) = first
            && report.coverage.is_empty()
        {
            let path = &item.entry.path;
            report.say_nothing_left(path, policy.excluded_by(path).as_ref());
        }
        report.evidence.excluded = excluded_by;
        report.own_policy = Arc::clone(policy.own());
        report.unpushed.clone_from(&view.unpushed);
        report.content_source = view.content_source.clone();
        report.root = view
            .root
            .file_name()
            .map(|name| Text::new(name.as_encoded_bytes()))
            .unwrap_or_default();
        report
    }
}

/// What there is to say of the policy's waivers, when all else has been judged.
fn waivers<'a>(
    view: &View,
    policy: &Policy,
    request: Request,
    judged: impl Iterator<Item = &'a Weighed>,
    (comments, unjudged): (&[Comment], &[usize]),
) -> Vec<Weighed> {
    let waivers = policy.accepts().waivers();
    if waivers.all().is_empty() && comments.is_empty() {
        return Vec::new();
    }
    let matched: BTreeSet<usize> = judged
        .flat_map(|weighed| &weighed.waivers)
        .copied()
        .collect();
    let unjudged = unjudged.iter().filter_map(|at| view.items.get(*at));
    let unjudged: Vec<Text> = unjudged.map(|item| item.entry.path.clone()).collect();
    let run = WaiverRun {
        waivers,
        matched: &matched,
        comments,
        today: request.today,
        is_whole: request.is_whole,
        unjudged: &unjudged,
        path: &|waiver| policy_source::path_in(view, &waiver.path()),
    };
    judging::judge_waivers(&run, policy)
}

/// Whether a view has something at a path.
fn has(view: &View, path: &[u8]) -> bool {
    let found = view
        .items
        .binary_search_by(|item| item.entry.path.as_bytes().cmp(path));
    found.is_ok()
}

/// The place of the one item that a view has at a path; `None` if it has several.
fn only_at(view: &View, path: &[u8]) -> Option<usize> {
    let of = |item: &Item| item.entry.path.as_bytes().cmp(path);
    let at = view.items.partition_point(|item| of(item).is_lt());
    let mut items = view.items.get(at..)?.iter();
    let is_first = items.next().is_some_and(|item| of(item).is_eq());
    let is_one = is_first && items.next().is_none_or(|next| of(next).is_ne());
    is_one.then_some(at)
}

/// The sha256 of what a view has at a path; `None` if that is not one content.
fn digest(view: &View, path: &Text) -> Option<String> {
    let item = view.items.get(only_at(view, path.as_bytes())?)?;
    entry::digest(&mut view.reader(), item, None)
}

/// The length of what a view has at a path; `None` if that is not known, or not one content.
fn length(view: &View, lengths: &[(usize, u64)], path: &[u8]) -> Option<u64> {
    let at = only_at(view, path)?;
    let found = lengths.binary_search_by_key(&at, |(at, _)| *at).ok()?;
    lengths.get(found).map(|(_, length)| *length)
}

/// The paths that are excluded, each with who says so, if that was asked for.
fn excluded_by(
    view: &View,
    policy: &Policy,
    needs: verdict::Needs,
    excluded: &mut [usize],
) -> Vec<(Text, String)> {
    if !needs.evidence {
        return Vec::new();
    }
    excluded.sort_unstable();
    let paths = excluded
        .iter()
        .filter_map(|at| Some(&view.items.get(*at)?.entry.path));
    let said = paths.map(|path| {
        let by = policy.excluded_by(path);
        let by = by.map_or_else(
            || String::from(".gitattributes"),
            |line| format!("{}:{}", line.file, line.line),
        );
        (path.clone(), by)
    });
    said.collect()
}

/// Reads the artifacts with findings once more, for their disassembly: the first of them, because each costs memory.
fn list(view: &View, noted: &mut [Noted]) {
    let mut reader = view.reader();
    let found = noted.iter_mut().filter_map(|noted| {
        let artifact = noted.artifact.as_mut()?;
        let item = view.items.get(noted.at)?;
        let mut findings = noted.weighed.findings.iter();
        findings.any(Finding::is_active).then_some((item, artifact))
    });
    for (item, artifact) in found.take(limits::LISTINGS) {
        let listing = Listing::Lines(limits::LISTING_LINES);
        let seen = entry::observe(&mut reader, item, listing, None);
        artifact.listing = seen
            .and_then(|seen| seen.listing)
            .filter(|lines| !lines.is_empty());
    }
}
