//! Annotations of GitHub Actions: workflow commands on standard output that the runner turns into remarks at the lines of a
//! change and on the page of the run.
//!
//! Findings of a file that one answer mends share an annotation. A runner keeps ten errors, ten warnings and ten notices of a step.
//! So findings on the change come first, what is dangerous before the rest, and one of each kind before the second of any; where
//! there are too many, those of one rule in one file share an annotation, files that need the same are told with the first of them,
//! and the last place says how many are missing and where they are. Whatever comes from a file is escaped twice: so that it shows,
//! and so that the runner reads no command, property or line in it.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::{self, Write as _},
    io::{self, BufWriter, Write},
};

use indexmap::IndexMap;

use super::{
    Detail, PathSpelling, Presentation, Reporter, Style, alike, groups, help, joint,
    terminal::{clip, count, harmless},
    words,
};
use crate::{
    fact::Text,
    finding::{Finding, Level},
    verdict::Report,
};

/// Annotations of one kind that a runner keeps of a step: "10 warning annotations, 10 error annotations, and 10 notice
/// annotations per step", as the documentation of its limits says.
pub const KEPT: usize = 10;

/// Paths in a list of files that need the same.
const LISTED: usize = 6;

/// What is said of a finding whose answer is printed with those of other files.
const IN_A_NOTICE: &str = "what allows it is said in a notice, with what other files need";

/// The longest line of an annotation, in columns: the runner keeps 64 KiB of all of it.
const COLUMNS: usize = 2000;

/// See the module.
#[derive(Debug)]
pub(super) struct Github;

impl Reporter for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn summary(&self) -> &'static str {
        "annotations for GitHub Actions"
    }

    fn is_for_people(&self) -> bool {
        true
    }

    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let out = &mut BufWriter::new(out);
        annotate(report, &presentation.checkout, out)?;
        for line in words::closing(report).filter(|line| !line.starts_with("note: ")) {
            writeln!(out, "{}", harmless(line, Style::default()))?;
        }
        out.flush()
    }
}

/// Writes the annotations alone.
pub(super) fn annotate(
    report: &Report,
    checkout: &PathSpelling,
    out: &mut dyn Write,
) -> io::Result<()> {
    let common = joint::common(report, Detail::Usual);
    let elsewhere = common.is_some().then_some(IN_A_NOTICE);
    let mut annotations: Vec<Annotation> = [Level::Deny, Level::Warn]
        .into_iter()
        .flat_map(|level| of_level(report, checkout, level, elsewhere))
        .collect();
    // Each kind is in order already; runners also count what a whole job has.
    annotations.sort_by_key(|annotation| !annotation.on_change);
    annotations.extend(notices(report, common));
    for annotation in annotations {
        writeln!(out, "{annotation}")?;
    }
    Ok(())
}

/// Writes one error at a line of a file, or about no file.
pub(super) fn error_at(
    file: &str,
    line: u32,
    title: &str,
    text: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut properties = Vec::new();
    if !file.is_empty() {
        properties.push(("file", shown(file.to_owned())));
        properties.push(("line", line.max(1).to_string()));
    }
    properties.push(("title", title.to_owned()));
    let annotation = Annotation {
        command: command(Level::Deny),
        on_change: true,
        properties,
        lines: vec![shown(text.to_owned())],
    };
    writeln!(out, "{annotation}")
}

/// One workflow command.
#[derive(Debug)]
struct Annotation {
    command: &'static str,
    on_change: bool,
    /// In order, names as the runner knows them.
    properties: Vec<(&'static str, String)>,
    /// Harmless, and escaped once more on its way out.
    lines: Vec<String>,
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "::{}", self.command)?;
        for (i, (name, value)) in self.properties.iter().enumerate() {
            f.write_char(if i == 0 { ' ' } else { ',' })?;
            write!(f, "{name}={}", property(value))?;
        }
        write!(f, "::{}", data(&self.lines.join("\n")))
    }
}

/// The text of a command: all up to the end of the line.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value: all up to a comma or the colons.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn command(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "notice",
    }
}

/// What one annotation tells.
#[derive(Debug)]
struct Told<'a> {
    /// The findings it speaks of, at least one.
    of: Vec<&'a Finding>,
    /// Whether it says what they come to, and names all of them: one answer mends them.
    is_joint: bool,
    /// Further files that the same answer mends, and how many findings they have.
    others: (Vec<&'a Text>, usize),
}

impl<'a> Told<'a> {
    fn new(of: Vec<&'a Finding>, is_joint: bool) -> Self {
        Self {
            of,
            is_joint,
            others: (Vec::new(), 0),
        }
    }

    /// How many findings it speaks of.
    fn findings(&self) -> usize {
        self.of.len().saturating_add(self.others.1)
    }

    /// What comes first.
    fn urgency(&self) -> (bool, bool) {
        let on_change = self.of.iter().any(|finding| finding.on_change);
        let dangerous = self.of.iter().any(|finding| finding.dangerous);
        (!on_change, !dangerous)
    }

    fn rule(&self) -> &'static str {
        self.of.first().map_or("", |first| first.rule.id)
    }

    /// What it says, without where.
    fn kind(&self) -> (&'static str, String) {
        let first = self.of.first().copied();
        let answer = first.and_then(|first| first.answer.as_deref());
        match (answer, first) {
            (Some(answer), _) if self.is_joint => (self.rule(), answer.message.clone()),
            (_, Some(first)) => {
                let (_, rule, about) = alike::said(first);
                (rule, about)
            }
            (_, None) => (self.rule(), String::new()),
        }
    }
}

/// At most [`KEPT`] annotations that speak of all findings of a level.
fn of_level(
    report: &Report,
    checkout: &PathSpelling,
    level: Level,
    elsewhere: Option<&'static str>,
) -> Vec<Annotation> {
    let mut groups: IndexMap<_, Vec<&Finding>> = IndexMap::new();
    for finding in report.active().filter(|finding| finding.level == level) {
        let version = finding.primary.introduced_by.as_ref();
        let version = version.map(|introduction| introduction.commit.id.as_str());
        let path = &finding.primary.path;
        let key = (path, version, finding.rule.id, finding.on_change);
        groups.entry(key).or_default().push(finding);
    }
    let mut told: Vec<Told<'_>> = Vec::new();
    for group in groups.values() {
        let (joint, rest) = joint::split(group);
        told.extend(joint.into_iter().map(|of| Told::new(of, true)));
        told.extend(rest.into_iter().map(|one| Told::new(vec![one], false)));
    }
    told.sort_by_key(Told::urgency);
    if told.len() > KEPT {
        told = by_rule(told);
    }
    if told.len() > KEPT {
        told = by_answer(told);
    }
    let mut rest = Vec::new();
    if told.len() > KEPT {
        rest = one_of_each_kind(&mut told).split_off(KEPT - 1);
    }
    let annotations = told.iter().filter_map(|told| {
        let first = told.of.first().copied()?;
        let command = joint::command(report, first, checkout);
        let shown = if told.is_joint {
            Cow::Owned(joint::join(&told.of, elsewhere, command)?)
        } else {
            joint::alone(first, elsewhere, command)
        };
        Some(annotation(checkout, told, &shown))
    });
    annotations.chain(left_out(level, &rest)).collect()
}

/// The findings of one rule in one file together, where no answer joins them.
fn by_rule(told: Vec<Told<'_>>) -> Vec<Told<'_>> {
    let mut groups: IndexMap<_, Told<'_>> = IndexMap::new();
    for (at, it) in told.into_iter().enumerate() {
        let path = it.of.first().map(|first| &first.primary.path);
        let key = (path, it.rule(), it.is_joint.then_some(at));
        match groups.get_mut(&key) {
            Some(known) => known.of.extend(it.of),
            None => {
                groups.insert(key, it);
            }
        }
    }
    groups.into_values().collect()
}

/// The files that need the same with the first of them.
fn by_answer(told: Vec<Told<'_>>) -> Vec<Told<'_>> {
    let mut groups: IndexMap<_, Told<'_>> = IndexMap::new();
    for (at, it) in told.into_iter().enumerate() {
        let first = it.of.first().copied();
        let answer = first.and_then(|first| first.answer.as_deref());
        // What leaves a path out is the answer to one file.
        let answer = answer.filter(|answer| answer.additions.exclude.is_empty());
        let edits = answer.map_or(&[][..], |answer| answer.edits.as_slice());
        let on_change = first.is_some_and(|first| first.on_change);
        let key = (it.rule(), on_change, edits, edits.is_empty().then_some(at));
        match groups.get_mut(&key) {
            Some(known) => {
                let (paths, findings) = &mut known.others;
                *findings = findings.saturating_add(it.of.len());
                paths.extend(first.map(|first| &first.primary.path));
            }
            None => {
                groups.insert(key, it);
            }
        }
    }
    groups.into_values().collect()
}

/// Puts one of each kind before the second of any, and of those one of each rule; within that, the order stays.
fn one_of_each_kind<'t, 'a>(told: &'t mut Vec<Told<'a>>) -> &'t mut Vec<Told<'a>> {
    let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    let mut order: Vec<_> = told
        .drain(..)
        .map(|it| {
            let of_kind = kinds.entry(it.kind()).or_default();
            *of_kind = of_kind.saturating_add(1);
            let of_rule = rules.entry(it.rule()).or_default();
            *of_rule = of_rule.saturating_add(1);
            ((it.urgency(), *of_kind, *of_rule), it)
        })
        .collect();
    order.sort_by_key(|(place, _)| *place);
    told.extend(order.into_iter().map(|(_, it)| it));
    told
}

/// An annotation of what is told, at its place; `first` is the finding that is shown.
fn annotation(checkout: &PathSpelling, told: &Told<'_>, first: &Finding) -> Annotation {
    let mut properties = vec![("file", words::hosted(checkout, &first.primary.path))];
    match words::span(first) {
        // Columns are refused where there are several lines.
        Some((line, column, end_line, end_column)) => {
            properties.push(("line", line.max(1).to_string()));
            properties.push(("endLine", end_line.max(line).max(1).to_string()));
            if line == end_line {
                properties.push(("col", column.max(1).to_string()));
                properties.push(("endColumn", end_column.max(column).max(1).to_string()));
            }
        }
        None => properties.push(("line", String::from("1"))),
    }
    properties.push(("title", format!("weighbridge: {}", first.rule.id)));
    let mut lines = vec![words::sentence(first)];
    lines.extend(words::place(first).map(|place| format!("at {place}")));
    lines.extend(words::asides(first));
    if told.is_joint {
        // What it comes to names them.
        let names = first.primary.excerpt.iter();
        lines.extend(names.flat_map(|it| it.text.split('\n').map(String::from)));
    } else if let Some((_, rest)) = told.of.split_first().filter(|(_, rest)| !rest.is_empty()) {
        lines.push(groups::more(rest).sentence());
    }
    lines.extend(need_the_same(checkout, told));
    // An answer is said as a whole.
    let most = if first.answer.is_some() {
        usize::MAX
    } else {
        1
    };
    for help in help::for_others(first).iter().take(most) {
        // An edit of several lines is to be copied.
        lines.extend(format!("help: {help}").split('\n').map(String::from));
    }
    Annotation {
        command: command(first.level),
        on_change: first.on_change,
        properties,
        lines: lines.into_iter().map(shown).collect(),
    }
}

/// `and 4 more files need the same (12 findings): b.pt, c.pt`
fn need_the_same(checkout: &PathSpelling, told: &Told<'_>) -> Option<String> {
    let (paths, findings) = &told.others;
    let more = paths.len().checked_sub(LISTED).filter(|more| *more > 0);
    let listed = paths.iter().take(LISTED);
    let mut names: Vec<String> = listed.map(|it| checkout.spell(it).to_string()).collect();
    names.extend(more.map(|more| count(more, "other", "others")));
    (!paths.is_empty()).then(|| {
        format!(
            "and {} ({}): {}",
            count(
                paths.len(),
                "more file needs the same",
                "more files need the same"
            ),
            count(*findings, "finding", "findings"),
            names.join(", ")
        )
    })
}

/// The last place of a kind: how many findings, and in how many files, are told nowhere.
fn left_out(level: Level, rest: &[Told<'_>]) -> Option<Annotation> {
    let findings = rest.iter().map(Told::findings).sum::<usize>();
    let of = rest.iter().flat_map(|it| &it.of);
    let mut paths: Vec<&Text> = of.map(|finding| &finding.primary.path).collect();
    paths.extend(rest.iter().flat_map(|it| &it.others.0));
    paths.sort_unstable();
    paths.dedup();
    let word = words::severity(level);
    (findings > 0).then(|| Annotation {
        command: command(level),
        on_change: false,
        properties: vec![("title", format!("weighbridge: more {word}s"))],
        lines: vec![format!(
            "{} in {}: {KEPT} {word}s of a step are shown here; `weighbridge check --format concise` lists all",
            count(findings, &format!("more {word}"), &format!("more {word}s")),
            count(paths.len(), "file", "files"),
        )],
    })
}

/// What is to be known of the run as a whole: first what would let files pass that need different things.
fn notices(report: &Report, common: Option<Vec<String>>) -> impl Iterator<Item = Annotation> {
    let notice = |title: &str, lines: Vec<String>| Annotation {
        command: "notice",
        on_change: false,
        properties: vec![("title", title.to_owned())],
        lines: lines.into_iter().map(shown).collect(),
    };
    let common = common.map(|common| {
        let lines = common.iter().flat_map(|help| help.split('\n'));
        notice(
            "weighbridge: what to add",
            lines.map(String::from).collect(),
        )
    });
    let most = KEPT - usize::from(common.is_some());
    let all = report.told().count();
    let kept = if all > most { most - 1 } else { most };
    let more = all.saturating_sub(kept);
    let told = report.told().take(kept).chain((more > 0).then(|| {
        count(
            more,
            "more notice is not shown here",
            "more notices are not shown here",
        )
    }));
    let told: Vec<Annotation> = told.map(|line| notice("weighbridge", vec![line])).collect();
    common.into_iter().chain(told)
}

fn shown(line: String) -> String {
    clip(&harmless(line, Style::default()), COLUMNS, Style::default())
}
