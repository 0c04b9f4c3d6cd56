//! A long run, kept readable: which files are told by themselves, and which are counted as being like one that was.
//!
//! Two files are alike if the same rules say the same of the same things in them. Reports for programs hold every finding.

use std::collections::BTreeMap;

use super::{
    Detail, Presentation,
    groups::{self, File, Part},
    terminal::count,
};
use crate::{
    fact::Text,
    finding::{Finding, Level, Subject},
    verdict::Report,
};

/// Files that are alike of which each is told by itself.
const OF_A_KIND: usize = 3;
/// Files that are told by themselves in one run: as many as code hosts keep annotations of a kind. They fill some two hundred lines;
/// with more to do, one works by rule or by folder, for which `--statistics` and `--only` are there.
const FILES: usize = 10;
/// The same for a commit in the making.
const FILES_ON_SCREEN: usize = 2;
/// Paths in a list of what is left.
const LISTED: usize = 6;
/// Rules in a list of what is left.
const RULES: usize = 6;

/// Where the rest is.
pub(super) const ALL: &str = "`--verbose` shows all files, `--statistics` counts by rule, `--format concise` has a line for each finding";

/// What is said of a run, in order.
#[derive(Debug)]
pub(super) struct Sections<'a> {
    /// The files that are told by themselves.
    pub(super) files: Vec<File<'a>>,
    /// The others, by kind.
    pub(super) others: Vec<Others<'a>>,
}

/// Files that are counted together.
#[derive(Debug)]
pub(super) struct Others<'a> {
    /// How many there are, what they are like, and what some of them are called.
    pub(super) sentence: String,
    pub(super) files: Vec<File<'a>>,
}

/// What makes two files alike: what is said in them, and how badly, and what the policy would have to list.
type Likeness<'a> = (Vec<(Level, &'static str, String)>, Vec<&'a [String]>);

/// Chooses what is told of a report.
pub(super) fn sections<'a>(report: &'a Report, presentation: &'a Presentation) -> Sections<'a> {
    let Presentation { detail, paths, .. } = presentation;
    let detail = *detail;
    let all: Vec<File<'_>> = groups::files(report, paths, detail).collect();
    let most = match detail {
        // One more fits if there are no others to be listed.
        Detail::Screen if all.len() == FILES_ON_SCREEN + 1 => all.len(),
        Detail::Screen => FILES_ON_SCREEN,
        Detail::Usual | Detail::Refusals => FILES,
        Detail::All => {
            return Sections {
                files: all,
                others: Vec::new(),
            };
        }
    };
    choose(all, most)
}

/// Chooses which files are told by themselves, at most so many.
pub(super) fn choose(all: Vec<File<'_>>, most: usize) -> Sections<'_> {
    let mut kinds: BTreeMap<Likeness<'_>, Vec<usize>> = BTreeMap::new();
    for (at, file) in all.iter().enumerate() {
        kinds.entry(likeness(file)).or_default().push(at);
    }
    // One of each kind before the second of any, refusals before warnings: what is told shows all there is.
    let mut order: Vec<(usize, bool, usize)> = kinds
        .iter()
        .flat_map(|((_, answers), members)| {
            let told = if answers.is_empty() { OF_A_KIND } else { 1 };
            members.iter().take(told).enumerate()
        })
        .map(|(nth, at)| (nth, all.get(*at).is_none_or(|file| file.errors == 0), *at))
        .collect();
    order.sort_unstable();
    order.truncate(most);
    let mut told: Vec<bool> = vec![false; all.len()];
    for (.., at) in order {
        if let Some(told) = told.get_mut(at) {
            *told = true;
        }
    }
    let is_told = |at: &usize| told.get(*at).copied().unwrap_or(false);

    let mut others: Vec<(String, Vec<usize>)> = Vec::new();
    let mut rest: Vec<usize> = Vec::new();
    let mut by_first: Vec<(&Vec<usize>, bool)> = kinds
        .iter()
        .map(|((_, answers), members)| (members, !answers.is_empty()))
        .collect();
    by_first.sort_unstable();
    let files_at = |at: &[usize]| -> Vec<&File<'_>> {
        let files = at.iter().filter_map(|at| all.get(*at));
        files.collect()
    };
    for (members, same_answer) in by_first {
        let left = members.iter().copied().filter(|at| !is_told(at));
        let left: Vec<usize> = left.collect();
        let example = members.iter().find(|at| is_told(at));
        match example.and_then(|at| all.get(*at)) {
            Some(_) if left.is_empty() => {}
            Some(example) => {
                others.push((like(example, &files_at(&left), same_answer), left));
            }
            None => rest.extend(left),
        }
    }
    if !rest.is_empty() {
        others.push((unlike(&files_at(&rest)), rest));
    }
    let mut left: Vec<Option<File<'_>>> = all.into_iter().map(Some).collect();
    let mut take = |at: usize| left.get_mut(at).and_then(Option::take);
    let others = others
        .into_iter()
        .map(|(sentence, at)| Others {
            sentence,
            files: at.into_iter().filter_map(&mut take).collect(),
        })
        .collect();
    Sections {
        files: left.into_iter().flatten().collect(),
        others,
    }
}

fn likeness<'a>(file: &File<'a>) -> Likeness<'a> {
    let mut likeness: Vec<_> = file.findings.iter().map(|finding| said(finding)).collect();
    likeness.sort_unstable();
    likeness.dedup();
    // What leaves a path out is the answer to one file.
    let answers = file.findings.iter().filter_map(|it| it.answer.as_deref());
    let answers = answers.filter(|answer| answer.additions.exclude.is_empty());
    let mut answers: Vec<&[String]> = answers.map(|answer| answer.edits.as_slice()).collect();
    answers.dedup();
    (likeness, answers)
}

/// What a finding says, without where it says it.
pub(super) fn said(finding: &Finding) -> (Level, &'static str, String) {
    let about = match &finding.subject {
        // What is in it differs from file to file, what happened does not.
        Subject::Artifact => {
            let differs = |c: char| c.is_ascii_digit() || matches!(c, '`' | ':' | ',');
            finding
                .message
                .split(differs)
                .next()
                .unwrap_or_default()
                .to_owned()
        }
        Subject::Member(_) => String::new(),
        subject => subject.to_string(),
    };
    (finding.level, finding.rule.id, about)
}

/// `and 9,997 more files like models/a.pkl (19,994 errors): models/b.pkl, models/c.pkl and 9,995 others`
fn like(example: &File<'_>, left: &[&File<'_>], same_answer: bool) -> String {
    let like = match (same_answer, left) {
        (false, _) => "like",
        (true, [_]) => "needs the same as",
        (true, _) => "need the same as",
    };
    format!(
        "and {} {like} {} ({}): {}",
        count(left.len(), "more file", "more files"),
        example.path,
        tally(left),
        listed(left)
    )
}

/// `and 120 more files (240 errors of global-not-allowed, incomplete-read): ...`
fn unlike(left: &[&File<'_>]) -> String {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in left.iter().flat_map(|file| &file.findings) {
        *rules.entry(finding.rule.id).or_default() += 1;
    }
    let mut rules: Vec<(&str, usize)> = rules.into_iter().collect();
    rules.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let more = rules.len().saturating_sub(RULES);
    let mut names: Vec<String> = rules
        .iter()
        .take(RULES)
        .map(|(rule, n)| format!("{rule} {n}"))
        .collect();
    if more > 0 {
        names.push(count(more, "other rule", "other rules"));
    }
    format!(
        "and {} ({}; {}): {}",
        count(left.len(), "more file", "more files"),
        tally(left),
        names.join(", "),
        listed(left)
    )
}

fn tally(files: &[&File<'_>]) -> String {
    let sum = |of: fn(&File<'_>) -> usize| files.iter().map(|file| of(file)).sum::<usize>();
    let all = File {
        path: Text::default(),
        introduced_by: None,
        errors: sum(|file| file.errors),
        warnings: sum(|file| file.warnings),
        findings: Vec::new(),
        parts: Vec::<Part<'_>>::new(),
    };
    groups::counts(&all)
}

fn listed(files: &[&File<'_>]) -> String {
    let mut text = files
        .iter()
        .take(LISTED)
        .map(|file| file.path.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more) = files.len().checked_sub(LISTED).filter(|more| *more > 0) {
        text.push_str(" and ");
        text.push_str(&count(more, "other", "others"));
    }
    text
}
