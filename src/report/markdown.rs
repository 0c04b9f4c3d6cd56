//! The report as Markdown, Markdown for the summary of a job or a comment: a table of rules, then file by file.
//!
//! Hosts take only so much, so the text keeps to a budget: findings that no longer fit are counted at the end. Whatever comes from a file stands in code or is plain words: no name can be a link, an image, a mention, a
//! reference, a row of a table or HTML.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    Detail, PathSpelling, Presentation, Reporter, Style,
    groups::{self, File, Part},
    help, joint,
    terminal::{clip, count, guarded, harmless},
    words,
};
use crate::{
    fact::{Excerpt, Text},
    finding::{Finding, Level, LineRef},
    verdict::{Outcome, Report},
};

/// Bytes for the summary of a job: GitHub takes 1 MiB of a step, and others may write to it too.
pub const SUMMARY_BYTES: usize = 900 << 10;

/// Bytes for a comment: hosts take 64 KiB of characters.
pub const COMMENT_BYTES: usize = 60 << 10;

/// The smallest budget: the table of rules and what must be said always fits.
const LEAST_BYTES: usize = 16 << 10;

/// Columns of a string that is no more than a name.
const NAME_COLUMNS: usize = 200;
/// Columns of a message or a line of code.
const LINE_COLUMNS: usize = 2000;
/// Rows of the table of rules, and notices: there are fewer.
const ROWS: usize = 30;

/// What the table says of one rule at one level.
#[derive(Debug, Default)]
struct Row<'a> {
    findings: usize,
    files: BTreeSet<&'a Text>,
    on_change: usize,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Markdown;

impl Reporter for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn summary(&self) -> &'static str {
        "Markdown for the summary of a job or a comment"
    }

    fn ends(&self) -> &'static [&'static str] {
        &[".markdown", ".md"]
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
        // Others read it than the one who asked for it, and those stand at the root.
        let paths = if presentation.paths.is_inside() {
            PathSpelling::default()
        } else {
            presentation.paths.clone()
        };
        out.write_all(page(report, &paths, SUMMARY_BYTES).as_bytes())?;
        out.flush()
    }
}

/// All of it in at most `budget` bytes, but 16 KiB at least.
pub(super) fn page(report: &Report, paths: &PathSpelling, budget: usize) -> String {
    let budget = budget.max(LEAST_BYTES);
    let mut page = head(report);
    let all = report.active().count();
    let mut left = all;
    for file in groups::files(report, paths, Detail::Usual) {
        let before = page.len();
        page.push_str(&heading(&file, left == all));
        let mut told = 0;
        for part in &file.parts {
            let text = tell(part);
            // What closes the file and counts the rest must fit behind it.
            if page.len() + text.len() + 200 > budget {
                break;
            }
            page.push_str(&text);
            told += match part {
                Part::Full(_, told) => told.len(),
                Part::Brief(..) => 1,
                Part::More(more) => more.count,
            };
        }
        if told == 0 {
            page.truncate(before);
            break;
        }
        page.push_str("</details>\n\n");
        left -= told;
        if told < file.errors + file.warnings {
            break;
        }
    }
    for help in joint::common(report, Detail::Usual).unwrap_or_default() {
        let text = tell_help(&help);
        if page.len() + text.len() + 200 < budget {
            page.push_str(&text);
        }
    }
    if left > 0 {
        let _ = writeln!(
            page,
            "{} not shown. `weighbridge check --format concise` lists all.",
            count(left, "more finding is", "more findings are")
        );
    }
    page
}

/// The outcome, what was looked at, and the rules that fired.
fn head(report: &Report) -> String {
    let mut head = format!(
        "## weighbridge: {}\n\n",
        match report.outcome() {
            Outcome::Refused => "refused",
            Outcome::Clean => "passed",
            Outcome::Nothing | Outcome::Unable => "nothing to check",
        }
    );
    for (name, text) in groups::closing(report).iter().take(ROWS) {
        let _ = writeln!(head, "* **{name}**: {}", prose(text, NAME_COLUMNS * 2));
    }
    head.push('\n');
    let mut rules: BTreeMap<(Reverse<Level>, &str), Row<'_>> = BTreeMap::new();
    for finding in report.active() {
        let row = rules
            .entry((Reverse(finding.level), finding.rule.id))
            .or_default();
        row.findings += 1;
        row.files.insert(&finding.primary.path);
        row.on_change += usize::from(finding.on_change);
    }
    if rules.is_empty() {
        return head;
    }
    // Where the view is of a change, what it brings is told apart from what was there before.
    let change = report.active().any(|finding| !finding.on_change);
    let (title, line) = if change {
        (" on the change |", " ---: |")
    } else {
        ("", "")
    };
    let _ = writeln!(
        head,
        "| level | rule | findings | files |{title}\n| --- | --- | ---: | ---: |{line}"
    );
    for ((level, rule), row) in rules.iter().take(ROWS) {
        let _ = write!(
            head,
            "| {} | `{rule}` | {} | {} |",
            words::severity(level.0),
            row.findings,
            row.files.len()
        );
        if change {
            let _ = write!(head, " {} |", row.on_change);
        }
        head.push('\n');
    }
    head.push('\n');
    head
}

/// What opens a file: the first one stands open.
fn heading(file: &File<'_>, first: bool) -> String {
    let open = if first { " open" } else { "" };
    let path = clip(
        &harmless(&file.path, Style::default()),
        NAME_COLUMNS,
        Style::default(),
    );
    format!(
        "<details{open}><summary><code>{}</code>: {}</summary>\n\n",
        html(&path),
        groups::counts(file)
    )
}

fn tell(part: &Part<'_>) -> String {
    match part {
        Part::Full(finding, _) => full(finding),
        Part::Brief(finding, _) => format!("{}\n", headline(finding)),
        Part::More(more) => format!("{}\n\n", prose(&more.sentence(), LINE_COLUMNS)),
    }
}

/// A paragraph: level, rule, place, sentence.
fn headline(finding: &Finding) -> String {
    let mut text = format!(
        "**{}** `{}`",
        words::severity(finding.level),
        finding.rule.id
    );
    let place = match words::span(finding) {
        Some((line, column, ..)) => format!(" on line {line}, column {column}"),
        None => words::place(finding)
            .map(|place| format!(" at {}", code(&place, NAME_COLUMNS)))
            .unwrap_or_default(),
    };
    text.push_str(&place);
    let _ = write!(text, ": {}", prose(&words::sentence(finding), LINE_COLUMNS));
    for aside in words::asides(finding) {
        let _ = write!(text, " ({})", prose(&aside, NAME_COLUMNS * 2));
    }
    text.push('\n');
    text
}

fn full(finding: &Finding) -> String {
    let mut text = headline(finding);
    text.push('\n');
    if let Some(excerpt) = &finding.primary.excerpt {
        text.push_str(&block(numbered(excerpt)));
    }
    for location in &finding.related {
        let spot = code(&words::spot(location, &location.path), NAME_COLUMNS);
        let label = prose(&location.label, LINE_COLUMNS);
        let _ = writeln!(text, "* related, {spot}: {label}");
        if let Some(excerpt) = &location.excerpt {
            text.push('\n');
            text.push_str(&block(numbered(excerpt)));
        }
    }
    if let Some(LineRef {
        file, line, label, ..
    }) = &finding.decided_by
    {
        let file = code(file, NAME_COLUMNS);
        let label = prose(label, LINE_COLUMNS);
        let _ = match line {
            0 => writeln!(text, "* decided by {file}: {label}"),
            line => writeln!(text, "* decided by {file}, line {line}: {label}"),
        };
    }
    for help in help::for_others(finding) {
        text.push_str(&tell_help(&help));
    }
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
    text
}

fn tell_help(help: &str) -> String {
    let (first, rest) = help.split_once('\n').unwrap_or((help, ""));
    let mut text = format!("* help: {}\n", prose(first, LINE_COLUMNS));
    if !rest.is_empty() {
        text.push('\n');
        text.push_str(&block(rest.split('\n')));
    }
    text
}

/// The lines of an excerpt, with their numbers if they have any.
fn numbered(excerpt: &Excerpt) -> Vec<String> {
    excerpt
        .text
        .split('\n')
        .zip(0_u64..)
        .map(|(line, i)| match excerpt.first_line {
            Some(first) => format!("{:>5}  {line}", u64::from(first) + i)
                .trim_end()
                .to_owned(),
            None => line.to_owned(),
        })
        .collect()
}

/// Lines as a block of code, behind a fence that is in none of them.
fn block<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> String {
    let lines: Vec<String> = lines
        .into_iter()
        .map(|line| line.as_ref().replace('\t', "    "))
        .map(|line| guarded(cut(&line, LINE_COLUMNS)))
        .collect();
    let longest = lines.iter().map(|line| ticks(line)).max();
    let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n\n", lines.join("\n"))
}

/// A string as a span of code, whatever is in it.
pub(crate) fn code(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    if text.is_empty() {
        return text;
    }
    let fence = "`".repeat(ticks(&text) + 1);
    // One space at both ends is taken off again; without it, backticks at an end would join the fence.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The longest run of backticks.
fn ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A sentence: what it quotes between backticks is code, and so is every word that is more than a word.
pub(crate) fn prose(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('`') {
        let Some((quoted, after)) = after.split_once('`') else {
            break;
        };
        sentence(before, &mut out);
        if !quoted.is_empty() {
            // Two spans of code that touch would be one.
            if out.ends_with('`') {
                out.push(' ');
            }
            out.push_str(&code(quoted, columns));
        }
        rest = after;
    }
    sentence(rest, &mut out);
    out
}

fn sentence(text: &str, out: &mut String) {
    for (i, word) in text.split(' ').enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let open = word.len() - word.trim_start_matches('(').len();
        let (open, rest) = word.split_at(open);
        let bare = without_close(rest);
        let close = rest.get(bare.len()..).unwrap_or_default();
        out.push_str(open);
        if is_plain(bare) {
            out.push_str(bare);
        } else {
            if out.ends_with('`') {
                out.push(' ');
            }
            out.push_str(&code(bare, LINE_COLUMNS));
        }
        out.push_str(close);
    }
}

/// A word without the punctuation behind it; a bracket that it opened itself is part of it.
fn without_close(word: &str) -> &str {
    let mut bare = word;
    loop {
        let rest = bare.trim_end_matches([',', '.', ';', ':', '?']);
        let opened = rest.matches('(').count();
        bare = match rest.strip_suffix(')') {
            Some(inner) if rest.matches(')').count() > opened => inner,
            _ => return rest,
        };
    }
}

/// Whether no host makes anything of a word: no mark-up, mention, reference, address or commit.
fn is_plain(word: &str) -> bool {
    // An id of a commit is one between quotes, too.
    let hex = word
        .split(|c: char| !c.is_alphanumeric())
        .any(|part| part.len() >= 7 && part.chars().all(|c| c.is_ascii_hexdigit()));
    let dashed = word.contains('-') && word.contains(|c: char| c.is_ascii_digit());
    let number = word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let letters = word
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '\'' | ',' | '"'));
    !hex && (number || letters && !dashed && !word.starts_with('-'))
}

/// Harmless, and not longer than `columns`.
fn cut(text: &str, columns: usize) -> String {
    clip(&harmless(text, Style::default()), columns, Style::default())
}

/// Harmless text inside a tag.
fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
