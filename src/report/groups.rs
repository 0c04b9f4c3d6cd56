//! The order in which people read findings: file by file, refusals first, the same kind of thing told in full a few
//! times and then listed.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{
    Detail, PathSpelling, Presentation,
    introduction::short,
    joint,
    terminal::{count, quoted},
};
use crate::{
    fact::{ContentSource, Introduction, Place, Text},
    finding::{Disposition, Finding, Help, Level, Subject, WaiverKind},
    verdict::{Outcome, Report},
};

/// How many findings of one file are told in full.
#[derive(Debug, Clone, Copy)]
struct Full {
    /// Of one rule; the others are listed.
    per_rule: usize,
    /// Of all rules; after them every rule has one line.
    per_file: usize,
}

impl Full {
    fn of(detail: Detail) -> Self {
        let (per_rule, per_file) = match detail {
            Detail::Screen => (1, 1),
            Detail::Usual | Detail::Refusals => (3, 8),
            Detail::All => (usize::MAX, usize::MAX),
        };
        Self { per_rule, per_file }
    }
}

/// The name of the policy that judges where there is none.
const BUILT_IN: &str = "recommended (built in)";
/// Names in a list of what is left.
const LISTED: usize = 12;
/// Lines of waivers that are named; `--verbose` has a row for each.
const LINES: usize = 6;

/// What is said about one file.
#[derive(Debug)]
pub(super) struct File<'a> {
    /// As the user would type it.
    pub(super) path: Text,
    /// What introduced the version it is about, in a history.
    pub(super) introduced_by: Option<&'a Introduction>,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    /// All of them, most important first.
    pub(super) findings: Vec<&'a Finding>,
    pub(super) parts: Vec<Part<'a>>,
}

/// One thing to say about a file.
#[derive(Debug)]
pub(super) enum Part<'a> {
    /// A finding with everything that explains it, or what several come to that one answer mends, and those that it tells.
    Full(Box<Cow<'a, Finding>>, Vec<&'a Finding>),
    /// A finding in a line, and whether nothing more of its rule follows.
    Brief(&'a Finding, bool),
    /// Further findings of one rule.
    More(More),
}

/// Further findings of one rule in one file.
#[derive(Debug)]
pub(super) struct More {
    pub(super) rule: &'static str,
    pub(super) count: usize,
    /// Whether they stand on what a change brings, as all do where there is none.
    pub(super) on_change: bool,
    /// Lines of source rather than names.
    pub(super) lines: bool,
    /// Sorted, each once; the first few of [`More::distinct`].
    pub(super) items: Vec<String>,
    pub(super) distinct: usize,
}

/// How findings that have an answer are told.
struct Answers<'c> {
    /// What is said instead of an answer that is printed once for all files.
    common: Option<&'static str>,
    /// The command that gives the answer to a finding.
    command: &'c dyn Fn(&Finding) -> Option<Help>,
}

/// The files of a report, in order, each with what to say about it.
pub(super) fn files<'a>(
    report: &'a Report,
    paths: &PathSpelling,
    detail: Detail,
) -> impl Iterator<Item = File<'a>> {
    let common = joint::common(report, detail).map(|_| joint::AT_THE_END);
    let findings = shown(report, detail).collect();
    of(report, findings, paths, Full::of(detail), common)
}

/// The files of findings, in order, each with all of them: those that one answer mends together, the others one by one.
/// `common` is said instead of an answer that is printed once for all files.
pub(super) fn complete<'a>(
    report: &'a Report,
    findings: Vec<&'a Finding>,
    paths: &PathSpelling,
    common: Option<&'static str>,
) -> impl Iterator<Item = File<'a>> {
    of(report, findings, paths, Full::of(Detail::All), common)
}

fn of<'a>(
    report: &'a Report,
    mut findings: Vec<&'a Finding>,
    paths: &PathSpelling,
    full: Full,
    common: Option<&'static str>,
) -> impl Iterator<Item = File<'a>> {
    // What a change brings first; then refusals, and among them what loading would run: how it is packed matters less.
    findings.sort_by_key(|finding| {
        let runs = matches!(finding.subject, Subject::Global(_));
        (
            file_of(finding),
            !finding.on_change,
            Reverse(finding.level),
            !finding.dangerous,
            !runs,
        )
    });
    let mut done = 0;
    std::iter::from_fn(move || {
        let rest = findings.get(done..)?;
        let first = rest.first()?;
        let end = rest.partition_point(|finding| file_of(finding) <= file_of(first));
        let (of_file, _) = rest.split_at(end);
        done += of_file.len();
        let answers = Answers {
            common,
            command: &|finding| joint::command(report, finding, paths),
        };
        let mut file = file(paths.spell(&first.primary.path), of_file, full, &answers);
        file.introduced_by = first.primary.introduced_by.as_deref();
        Some(file)
    })
}

/// The findings that people are told of.
pub(super) fn shown(report: &Report, detail: Detail) -> impl Iterator<Item = &Finding> + Clone {
    let refusals = detail == Detail::Refusals;
    let active = report.active();
    active.filter(move |finding| !refusals || finding.level == Level::Deny)
}

/// What makes findings those of one file: in a history, one path has several contents, each introduced by another commit.
fn file_of(finding: &Finding) -> (&Text, Option<(i64, &str)>) {
    let introduction = finding.primary.introduced_by.as_ref();
    let version = introduction
        .map(|introduction| (introduction.commit.time, introduction.commit.id.as_str()));
    (&finding.primary.path, version)
}

fn file<'a>(path: Text, findings: &[&'a Finding], full: Full, answers: &Answers<'_>) -> File<'a> {
    let mut order: Vec<Vec<&Finding>> = Vec::new();
    let mut index: BTreeMap<(bool, Level, &str), usize> = BTreeMap::new();
    for finding in findings {
        let at = *index
            .entry((finding.on_change, finding.level, finding.rule.id))
            .or_insert_with(|| {
                order.push(Vec::new());
                order.len() - 1
            });
        if let Some(group) = order.get_mut(at) {
            group.push(finding);
        }
    }
    let mut parts = Vec::new();
    let mut told = 0;
    for group in order {
        let (joint, group) = joint::split(&group);
        for findings in joint {
            let command = findings.first().and_then(|it| (answers.command)(it));
            let joint = joint::join(&findings, answers.common, command);
            parts.extend(joint.map(|joint| Part::Full(Box::new(Cow::Owned(joint)), findings)));
            told += 1;
        }
        // The same thing in another member, or in another copy of it, is told once and then counted.
        let mut said: BTreeSet<&str> = BTreeSet::new();
        let everything = full.per_file == usize::MAX;
        let (mut group, again): (Vec<&Finding>, Vec<&Finding>) =
            group.into_iter().partition(|finding| {
                everything || is_source(finding) || said.insert(finding.message.as_str())
            });
        let full = full
            .per_rule
            .min(full.per_file.saturating_sub(told))
            .min(group.len());
        group.extend(again);
        told += full;
        let (head, rest) = group.split_at(full);
        parts.extend(head.iter().map(|finding| {
            let shown = joint::alone(finding, answers.common, (answers.command)(finding));
            Part::Full(Box::new(shown), vec![*finding])
        }));
        match (full, rest) {
            (_, []) => {}
            (0, [first, rest @ ..]) => {
                parts.push(Part::Brief(first, rest.is_empty()));
                if !rest.is_empty() {
                    parts.push(Part::More(more(rest)));
                }
            }
            (_, rest) => parts.push(Part::More(more(rest))),
        }
    }
    let errors = findings.iter().filter(|f| f.level == Level::Deny).count();
    File {
        path,
        introduced_by: None,
        errors,
        warnings: findings.len() - errors,
        findings: findings.to_vec(),
        parts,
    }
}

/// Whether it is about a line of source: each is to be changed by itself.
fn is_source(finding: &Finding) -> bool {
    matches!(finding.primary.site.at, Place::Span { .. })
}

/// Findings of one rule in one file, at least one, as a list.
pub(super) fn more(findings: &[&Finding]) -> More {
    let mut lines: Vec<u32> = findings
        .iter()
        .filter_map(|finding| match finding.primary.site.at {
            Place::Span { line, .. } => Some(line),
            _ => None,
        })
        .collect();
    let by_line =
        lines.len() == findings.len() && findings.iter().all(|f| f.primary.site.hops.is_empty());
    let items: Vec<String> = if by_line {
        lines.sort_unstable();
        lines.dedup();
        lines.iter().map(u32::to_string).collect()
    } else {
        let mut names: Vec<String> = findings
            .iter()
            .map(|finding| match &finding.subject {
                Subject::Artifact => finding.primary.site.to_string(),
                subject => subject.to_string(),
            })
            .filter(|name| !name.is_empty())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let first = findings.first();
    More {
        rule: first.map_or("", |finding| finding.rule.id),
        count: findings.len(),
        on_change: first.is_none_or(|finding| finding.on_change),
        lines: by_line,
        distinct: items.len(),
        items: items.into_iter().take(LISTED).collect(),
    }
}

impl More {
    /// `and 41 more of global-not-allowed: a.b, a.c, ... and 20 others`.
    pub(super) fn sentence(&self) -> String {
        let mut text = format!("and {} more of {}", self.count, self.rule);
        if !self.items.is_empty() {
            text.push_str(match (self.lines, self.on_change, self.distinct) {
                (true, true, 1) => " on line ",
                (true, true, _) => " on lines ",
                (true, false, 1) => " on unchanged line ",
                (true, false, _) => " on unchanged lines ",
                (false, ..) => ": ",
            });
            text.push_str(&self.items.join(", "));
            if self.distinct > self.items.len() {
                let others = self.distinct - self.items.len();
                text.push_str(" and ");
                text.push_str(&count(others, "other", "others"));
            }
        }
        text
    }
}

/// The end of a report, in words: rows of a heading and a text.
pub(super) fn closing(report: &Report) -> Vec<(&'static str, String)> {
    let coverage = &report.coverage;
    let errors = tally(report, Level::Deny);
    let warnings = tally(report, Level::Warn);
    let artifacts = count(coverage.artifacts, "artifact", "artifacts");
    let sources = count(coverage.sources, "source file", "source files");
    let looked = match (coverage.artifacts, coverage.sources) {
        (0, 0) if coverage.policies > 0 => count(coverage.policies, "policy file", "policy files"),
        (_, 0) => artifacts,
        (0, _) => sources,
        _ => format!("{artifacts} and {sources}"),
    };
    let mut rows = Vec::new();
    let mut asides = Vec::new();
    if coverage.incomplete > 0 {
        asides.push(format!("{} not read completely", coverage.incomplete));
    }
    if coverage.excluded > 0 {
        asides.push(format!("{} excluded by the policy", coverage.excluded));
    }
    let aside = if asides.is_empty() {
        String::new()
    } else {
        format!("; {}", asides.join(", "))
    };
    let of = if report.view.is_empty() || coverage.policies > 0 {
        String::new()
    } else {
        format!(" in {}", report.view)
    };
    let outcome = report.outcome();
    let findings = errors.0 + warnings.0 > 0;
    let hidden = match report.hidden.of(Level::Deny) {
        0 => None,
        n => Some(count(
            n,
            "error that is not shown",
            "errors that are not shown",
        )),
    };
    let warned = count(warnings.0, "warning", "warnings");
    match outcome {
        Outcome::Nothing | Outcome::Unable => {
            rows.push((
                "nothing to check",
                format!(
                    "no artifact and no source file among {}{of}{aside}",
                    count(coverage.entries, "file", "files"),
                ),
            ));
        }
        Outcome::Refused => {
            let and = if warnings.0 > 0 {
                format!(", {warned}")
            } else {
                String::new()
            };
            let shown = (errors.0 > 0 || hidden.is_none()).then(|| {
                format!(
                    "{} in {}{and}",
                    count(errors.0, "error", "errors"),
                    count(errors.1, "file", "files"),
                )
            });
            let said = match (shown, hidden) {
                (Some(shown), Some(hidden)) => format!("{shown}; {hidden}"),
                (None, Some(hidden)) => format!("{hidden}{and}"),
                (shown, None) => shown.unwrap_or_default(),
            };
            rows.push(("refused", said));
        }
        Outcome::Clean if warnings.0 > 0 => rows.push((
            "passed",
            format!("with {warned} in {}", count(warnings.1, "file", "files")),
        )),
        Outcome::Clean => rows.push(("passed", format!("{looked}{of}{aside}"))),
    }
    if findings {
        rows.push(("checked", format!("{looked}{of}{aside}")));
    }
    if !report.policy.is_empty() {
        rows.push(("policy", report.policy.clone()));
    }
    rows.extend(waived(report).map(|text| ("waived", text)));
    rows.extend(known(report).map(|text| ("known", text)));
    rows.extend(report.told().map(|notice| ("note", notice)));
    rows.extend(evidence(report));
    let gone = |unpushed: bool| {
        let mut gone = report.active().filter_map(gone_since);
        gone.any(|commit| report.unpushed.contains(commit) == unpushed)
    };
    if gone(false) {
        rows.push(("note", String::from(GONE)));
    }
    if gone(true) {
        rows.push(("note", String::from(UNPUSHED)));
    }
    rows
}

/// How many findings are waived, where that is written, and which waiver ends first.
fn waived(report: &Report) -> Option<String> {
    let waivers = report.set_aside().filter_map(|finding| {
        let Disposition::Waived(waived) = &finding.disposition else {
            return None;
        };
        Some(&**waived)
    });
    let all = waivers.clone().count();
    if all == 0 {
        return None;
    }
    let inline = waivers
        .clone()
        .filter(|waived| waived.kind == WaiverKind::Inline)
        .count();
    let mut text = count(all, "finding", "findings");
    match inline {
        0 => {}
        n if n == all => text.push_str(" by comments in the source"),
        n => {
            let _ = write!(text, ", {n} of them by comments in the source");
        }
    }
    let lines: BTreeSet<(&str, u32)> = waivers
        .clone()
        .map(|waived| (waived.by.file.as_str(), waived.by.line))
        .collect();
    let named = lines.iter().take(LINES);
    let named: Vec<String> = named.map(|(file, line)| format!("{file}:{line}")).collect();
    let _ = write!(text, " ({}", named.join(", "));
    if let Some(more) = lines.len().checked_sub(LINES).filter(|more| *more > 0) {
        let _ = write!(text, " and {}", count(more, "other", "others"));
    }
    text.push(')');
    if let Some(day) = waivers.filter_map(|waived| waived.expires).min() {
        let _ = write!(text, "; the first waiver ends after {day}");
    }
    Some(text)
}

/// How many findings the baseline has.
fn known(report: &Report) -> Option<String> {
    let mut files = report
        .set_aside()
        .filter_map(|finding| match &finding.disposition {
            Disposition::Baseline { file } => Some(file),
            _ => None,
        });
    let file = files.next()?;
    let all = files.count() + 1;
    Some(format!("{} in {file}", count(all, "finding", "findings")))
}

/// How a run ended that refuses without a finding that is shown.
fn unshown(report: &Report) -> Option<(&'static str, String)> {
    let refuses = report.outcome() == Outcome::Refused;
    let shows = shown(report, Detail::Refusals).next().is_some();
    let row = closing(report).into_iter().next();
    row.filter(|_| refuses && !shows)
}

/// What is said where only refusals are told: how a run ended that refuses and shows nothing, and what was let pass, by which line.
pub(super) fn quiet(report: &Report) -> Vec<(&'static str, String)> {
    let mut rows: Vec<_> = unshown(report).into_iter().collect();
    rows.extend(waived(report).map(|text| ("waived", text)));
    rows.extend(known(report).map(|text| ("known", text)));
    let let_pass = report.let_pass.iter();
    rows.extend(let_pass.map(|it| ("note", it.to_string())));
    rows
}

/// What let files pass or be left out, if it was asked for.
fn evidence(report: &Report) -> impl Iterator<Item = (&'static str, String)> {
    let allowed = report.evidence.allowed.iter().map(|(by, allowed)| {
        let mut what: Vec<&str> = allowed
            .what
            .iter()
            .take(LISTED)
            .map(String::as_str)
            .collect();
        let others;
        if let Some(more) = allowed
            .what
            .len()
            .checked_sub(LISTED)
            .filter(|more| *more > 0)
        {
            others = count(more, "other", "others");
            what.push(&others);
        }
        let files = count(allowed.files, "file", "files");
        (
            "allowed",
            format!("by {by}, in {files}: {}", what.join(", ")),
        )
    });
    let excluded = report.evidence.excluded.iter();
    let excluded = excluded.map(|(path, by)| ("excluded", format!("{path}, by {by}")));
    allowed.chain(excluded)
}

/// What to do about what was removed, but not from history.
const GONE: &str = "files that were removed are still in every clone: rewrite the history (`git filter-repo --invert-paths \
                    --path PATH`) and make every clone anew, or treat the file as public: warn everyone who may have loaded \
                    it, and replace every secret in it";

/// The same, where nobody else has the commits.
const UNPUSHED: &str = "files that were removed are still in commits that no remote is known to have: remove them from the commit \
                        that introduced them (`git rebase -i COMMIT^`) before you push";

/// The commit that introduced something that the newest commits no longer have.
fn gone_since(finding: &Finding) -> Option<&str> {
    let introduction = finding
        .primary
        .introduced_by
        .as_ref()
        .filter(|introduction| introduction.gone)?;
    Some(&introduction.commit.id)
}

/// Findings of a level, and the files that have them.
fn tally(report: &Report, level: Level) -> (usize, usize) {
    let mut paths: Vec<&Text> = report
        .active()
        .filter(|finding| finding.level == level)
        .map(|finding| &finding.primary.path)
        .collect();
    let findings = paths.len();
    paths.sort_unstable();
    paths.dedup();
    (findings, paths.len())
}

/// What to run next, most useful first: each command and what it is for.
pub(super) fn next(report: &Report, presentation: &Presentation) -> Vec<(String, &'static str)> {
    let Some(finding) = most_telling(report) else {
        return Vec::new();
    };
    let mut commands = vec![(
        format!("weighbridge explain {}", finding.rule.id),
        "why, and what to use instead",
    )];
    commands.extend(look(report, finding, presentation));
    // The command reads the files that are here, not those that only an earlier commit has.
    let is_gone = |finding: &Finding| {
        let introduction = finding.primary.introduced_by.as_ref();
        introduction.is_some_and(|introduction| introduction.gone)
    };
    let edits = |finding: &Finding| {
        let mut help = finding.help.iter();
        let writes = |help: &Help| matches!(help, Help::Said(said) if said.contains("write this to weighbridge.yaml:\n"));
        !is_gone(finding) && help.any(writes)
    };
    if report.policy == BUILT_IN && presentation.paths.is_inside() && report.active().any(edits) {
        commands.push((
            String::from("weighbridge policy init"),
            "write a policy that allows what is named above",
        ));
    }
    commands
}

/// How to look at the file of a finding: where it is on disk, or once more out of git, if one command gets it there.
fn look(
    report: &Report,
    finding: &Finding,
    presentation: &Presentation,
) -> Vec<(String, &'static str)> {
    let Presentation { style, paths, .. } = presentation;
    let style = *style;
    let is_source = matches!(finding.primary.site.at, Place::Span { .. });
    // What cannot be opened, as a folder that cannot be listed, cannot be looked at either.
    let closed =
        matches!(&finding.subject, Subject::Anomaly(kind) if kind == "io" || kind == "late");
    // Nor are the bytes here of what is elsewhere, or in another repository.
    let elsewhere = ["lfs-not-fetched", "not-followed", "pin-stale"];
    let of_policy = finding.rule.tags.first() == Some(&"policy");
    if closed || of_policy || elsewhere.contains(&finding.rule.id) {
        return Vec::new();
    }
    let inspect = |path: Option<String>| {
        let path = path.unwrap_or_else(|| String::from("FILE"));
        let command = format!("weighbridge inspect {path}");
        (!is_source).then_some((command, "all that loading it would do"))
    };
    let treeish = match (&finding.primary.introduced_by, &report.content_source) {
        (None, ContentSource::OnDisk) => {
            return Vec::from_iter(inspect(quoted(&paths.spell(&finding.primary.path), style)));
        }
        (Some(introduction), _) if introduction.gone || !is_source => {
            short(&introduction.commit.id)
        }
        (None, ContentSource::InGit(treeish)) if !is_source => short(treeish),
        _ => return Vec::new(),
    };
    // What is at the path on disk may be another file, or none. From elsewhere git would look into another repository.
    let object = [treeish.as_bytes(), b":", finding.primary.path.as_bytes()].concat();
    match quoted(&Text::new(object), style).filter(|_| paths.is_inside()) {
        Some(object) => {
            let command = format!("git cat-file blob {object} >FILE");
            let first = (command, "to look at it again");
            std::iter::once(first).chain(inspect(None)).collect()
        }
        None => Vec::new(),
    }
}

/// The first finding of the rule that has most to say, refusals before warnings.
fn most_telling(report: &Report) -> Option<&Finding> {
    let mut rules: BTreeMap<(Level, bool, &str), (usize, usize)> = BTreeMap::new();
    for (i, finding) in report.active().enumerate() {
        let runs = matches!(finding.subject, Subject::Global(_));
        let entry = rules
            .entry((finding.level, runs, finding.rule.id))
            .or_insert((0, i));
        entry.0 += 1;
    }
    let ((..), (_, first)) = rules
        .into_iter()
        .max_by_key(|((level, runs, _), (n, first))| (*level, *runs, *n, Reverse(*first)))?;
    report.active().nth(first)
}

/// `3 errors, 1 warning`.
pub(super) fn counts(file: &File<'_>) -> String {
    let mut words = Vec::new();
    if file.errors > 0 {
        words.push(count(file.errors, "error", "errors"));
    }
    if file.warnings > 0 {
        words.push(count(file.warnings, "warning", "warnings"));
    }
    words.join(", ")
}
