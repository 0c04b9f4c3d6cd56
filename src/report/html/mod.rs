//! One page for people: the outcome, the findings by file with what shows them, and what was looked at.
//!
//! The page is whole in itself: no network, no other file. A little script filters; without it, everything is there. A content
//! security policy admits that script and that style by their hashes and nothing else, so that even a mistake in escaping
//! could not run or fetch anything.

mod finding;
mod page;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    io::{self, BufWriter, Write},
};

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::{Presentation, Reporter, groups, inspect::bytes as size, terminal::count};
use crate::{
    fact::Text,
    finding::{Finding, Level, RuleMeta},
    inventory::Artifact,
    limits,
    verdict::{Needs, Outcome, Report},
};
use page::Page;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Artifacts in the table; all are counted.
const ARTIFACTS: usize = 2_000;

/// The reporter.
#[derive(Debug)]
pub(super) struct Html;

impl Reporter for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn summary(&self) -> &'static str {
        "one self-contained page to read, filter and print"
    }

    fn ends(&self) -> &'static [&'static str] {
        &[".html", ".htm"]
    }

    fn needs(&self) -> Needs {
        Needs {
            artifacts: true,
            listings: true,
            ..Needs::default()
        }
    }

    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        Content::new(report, presentation.date).write(&mut Page::new(&mut out))?;
        out.flush()
    }
}

/// What the page shows of a report.
struct Content<'a> {
    report: &'a Report,
    /// What the page calls the present.
    date: Option<i64>,
    /// The findings by file, refusals first; of too many, the most important.
    files: BTreeMap<&'a Text, Vec<&'a Finding>>,
    /// How many of each file's are left out.
    left_out: BTreeMap<&'a Text, usize>,
    rules: BTreeMap<&'static str, &'static RuleMeta>,
    /// Lines of disassembly there is still room for.
    lines: usize,
}

impl<'a> Content<'a> {
    fn new(report: &'a Report, date: Option<i64>) -> Self {
        let mut order: Vec<&Finding> = report.active().collect();
        order.sort_by_key(|finding| (!finding.on_change, Reverse(finding.level)));
        let rest = order.split_off(order.len().min(limits::HTML_FINDINGS));
        let mut content = Self {
            report,
            date,
            files: BTreeMap::new(),
            left_out: BTreeMap::new(),
            rules: BTreeMap::new(),
            lines: limits::HTML_LISTING_LINES,
        };
        for finding in order {
            content
                .files
                .entry(&finding.primary.path)
                .or_default()
                .push(finding);
            content.rules.insert(finding.rule.id, finding.rule);
        }
        for finding in rest {
            *content.left_out.entry(&finding.primary.path).or_default() += 1;
        }
        content
    }

    fn write(mut self, page: &mut Page<'_>) -> io::Result<()> {
        self.head(page)?;
        self.ticket(page)?;
        self.filter(page)?;
        page.raw("<main id=\"main\" class=\"wrap\">\n")?;
        self.summary(page)?;
        self.artifacts(page)?;
        self.findings(page)?;
        self.overridden(page)?;
        self.rules(page)?;
        page.raw("</main>\n<footer><div class=\"wrap\">Written by ")?;
        page.text(format_args!(
            "{} {}",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION")
        ))?;
        page.raw(
            ". Nothing was loaded, imported or run to write this page.</div></footer>\n<script>",
        )?;
        page.raw(SCRIPT)?;
        page.raw("</script>\n</body>\n</html>\n")
    }

    fn head(&self, page: &mut Page<'_>) -> io::Result<()> {
        let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)));
        page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\"")?;
        page.attribute(
            "content",
            format_args!(
                "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
                hash(STYLE),
                hash(SCRIPT)
            ),
        )?;
        page.raw(">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>")?;
        page.text(self.outcome().1)?;
        if !self.report.root.is_empty() {
            page.text(format_args!(": {}", self.report.root))?;
        }
        page.raw(" - weighbridge</title>\n<style>")?;
        page.raw(STYLE)?;
        page.raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n")
    }

    /// A class, and a word.
    fn outcome(&self) -> (&'static str, &'static str) {
        match self.report.outcome() {
            Outcome::Refused => ("refused", "Refused"),
            Outcome::Clean if self.report.active().next().is_some() => {
                ("warned", "Passed, with warnings")
            }
            Outcome::Clean => ("passed", "Passed"),
            Outcome::Nothing | Outcome::Unable => ("nothing", "Nothing to check"),
        }
    }

    /// The outcome, and what was looked at.
    fn ticket(&self, page: &mut Page<'_>) -> io::Result<()> {
        let report = self.report;
        let (class, word) = self.outcome();
        page.raw("<header class=\"top wrap\">\n<div class=\"brand\"><strong>weighbridge</strong>")?;
        page.element("<span>", &report.root, "</span></div>\n<div")?;
        page.attribute("class", format_args!("ticket {class}"))?;
        page.element("><div class=\"head\">\n<h1>", word, "</h1>\n")?;
        let mut rows = groups::closing(report).into_iter();
        if let Some((_, lead)) = rows.next() {
            page.element("<p class=\"lead\">", lead, "</p>\n")?;
        }
        page.raw("</div>\n<dl>\n")?;
        for (heading, text) in rows {
            page.element("<dt>", heading, "</dt>")?;
            page.raw("<dd>")?;
            page.inline(&text)?;
            page.raw("</dd>\n")?;
        }
        let coverage = &report.coverage;
        if coverage.bytes > 0 {
            page.element("<dt>weight</dt><dd>", size(coverage.bytes), "</dd>\n")?;
        }
        if let Some(date) = self
            .date
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        {
            page.element("<dt>date</dt><dd>", date, "</dd>\n")?;
        }
        if !coverage.formats.is_empty() {
            page.raw("<dt>formats</dt><dd class=\"chips\">")?;
            for (format, n) in &coverage.formats {
                page.raw("<a class=\"chip\"")?;
                page.attribute("href", format_args!("#format={format}"))?;
                page.element(">", format_args!("{n} × {format}"), "</a>")?;
            }
            page.raw("</dd>\n")?;
        }
        page.raw("</dl>\n</div>\n")?;
        self.notes(page)?;
        page.raw("</header>\n")
    }

    /// What this page has not; what is to be known of the run stands with the outcome.
    fn notes(&self, page: &mut Page<'_>) -> io::Result<()> {
        let left_out: usize = self.left_out.values().sum();
        if left_out == 0 {
            return Ok(());
        }
        let all = self.report.active().count();
        let shown = all - left_out;
        page.raw("<p class=\"notes\">")?;
        page.inline(&format!(
            "{shown} of {all} findings are shown, the most important first; `--format json` has all of them.",
        ))?;
        page.raw("</p>\n")
    }

    /// What the findings come to, a row for each rule: the refused first, then by how many.
    fn summary(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut rows: BTreeMap<(Level, &str), (usize, BTreeSet<&Text>)> = BTreeMap::new();
        for finding in self.report.active() {
            let row = rows.entry((finding.level, finding.rule.id)).or_default();
            row.0 += 1;
            row.1.insert(&finding.primary.path);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by_key(|((level, _), (n, _))| (Reverse(*level), Reverse(*n)));
        page.raw("<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">By rule</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"summary\"><table>\n<thead><tr><th scope=\"col\">level</th><th scope=\"col\">rule</th><th scope=\"col\">what it is</th><th scope=\"col\" class=\"num\">findings</th><th scope=\"col\" class=\"num\">files</th></tr></thead>\n<tbody>\n")?;
        for ((level, rule), (findings, files)) in rows {
            let summary = self.rules.get(rule).map_or("", |rule| rule.summary);
            page.raw("<tr><td><span")?;
            page.attribute("class", format_args!("level {level}"))?;
            page.element(">", finding::word(level), "</span></td><td><a")?;
            page.attribute("href", format_args!("#rule={rule}"))?;
            page.element("><code>", rule, "</code></a></td><td>")?;
            page.inline(summary)?;
            page.element("</td><td class=\"num\">", findings, "</td>")?;
            page.element("<td class=\"num\">", files.len(), "</td></tr>\n")?;
        }
        page.raw("</tbody></table></div>\n</section>\n")
    }

    /// Hidden until the script that serves it shows it.
    fn filter(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.raw("<div id=\"filter\" class=\"filter\" hidden><form class=\"wrap\" role=\"search\" aria-label=\"Filter the findings\">\n\
            <label class=\"label\" for=\"q\">Search</label><input id=\"q\" name=\"q\" type=\"search\" placeholder=\"Search: a name, a path, an opcode\" autocomplete=\"off\" spellcheck=\"false\">\n\
            <label class=\"label\" for=\"level\">Level</label><select id=\"level\" name=\"level\"><option value=\"\">every level</option><option value=\"deny\">errors</option><option value=\"warn\">warnings</option></select>\n")?;
        page.raw("<label class=\"label\" for=\"rule\">Rule</label><select id=\"rule\" name=\"rule\"><option value=\"\">every rule</option>")?;
        for rule in self.rules.keys() {
            page.raw("<option")?;
            page.attribute("value", rule)?;
            page.element(">", rule, "</option>")?;
        }
        page.raw("</select>\n<label class=\"label\" for=\"format\">Format</label><select id=\"format\" name=\"format\"><option value=\"\">every format</option>")?;
        let formats: BTreeSet<&str> = self
            .files
            .keys()
            .flat_map(|path| self.formats(path))
            .collect();
        for format in formats {
            page.raw("<option")?;
            page.attribute("value", format)?;
            page.element(">", format, "</option>")?;
        }
        page.raw("</select>\n<button type=\"reset\">Reset</button>\n<output id=\"told\" aria-live=\"polite\"></output>\n</form></div>\n")
    }

    /// The artifacts at a path: one for each content that a history has of it.
    fn at(&self, path: &Text) -> &'a [Artifact] {
        let all = &self.report.artifacts;
        let from = all.partition_point(|artifact| artifact.path < *path);
        let rest = all.get(from..).unwrap_or_default();
        let to = rest.partition_point(|artifact| artifact.path == *path);
        rest.get(..to).unwrap_or_default()
    }

    fn formats(&self, path: &Text) -> BTreeSet<&'a str> {
        let formats = self.at(path).iter().flat_map(|artifact| &artifact.formats);
        let mut formats: BTreeSet<&str> = formats.map(String::as_str).collect();
        if formats.is_empty() {
            formats.insert("source");
        }
        formats
    }

    fn findings(&mut self, page: &mut Page<'_>) -> io::Result<()> {
        page.raw("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings <small>")?;
        let files = count(self.files.len(), "file", "files");
        page.text(format_args!(
            "{} in {files}",
            count(self.report.active().count(), "finding", "findings")
        ))?;
        page.raw(
            "</small></h2>\n<p id=\"none\" class=\"empty\" hidden>Nothing fits the filter.</p>\n",
        )?;
        if self.files.is_empty() {
            page.raw("<p class=\"empty\">No findings. What was checked is listed above.</p>\n")?;
        }
        let files = std::mem::take(&mut self.files);
        for (n, (path, findings)) in files.iter().enumerate() {
            self.file(n, path, findings, page)?;
        }
        let silent: usize = self
            .left_out
            .iter()
            .filter(|(path, _)| !files.contains_key(*path))
            .map(|(_, n)| n)
            .sum();
        if silent > 0 {
            page.element(
                "<p class=\"empty\">",
                format_args!(
                    "and {} in files that are left out here",
                    count(silent, "finding", "findings")
                ),
                "</p>\n",
            )?;
        }
        self.files = files;
        page.raw("</section>\n")
    }

    fn file(
        &mut self,
        n: usize,
        path: &Text,
        findings: &[&Finding],
        page: &mut Page<'_>,
    ) -> io::Result<()> {
        page.raw("<article class=\"file\"")?;
        page.attribute("id", format_args!("file-{n}"))?;
        let formats: Vec<&str> = self.formats(path).into_iter().collect();
        page.attribute("data-formats", formats.join(" "))?;
        page.attribute("data-path", path)?;
        page.element(">\n<header><h3>", path, "</h3><div class=\"meta\">")?;
        if let Some(artifact) = self.at(path).first() {
            page.element("<span>", size(artifact.size), "</span>")?;
            let globals = count(artifact.globals.len(), "global", "globals");
            page.element("<span>", globals, "</span>")?;
        }
        for format in formats.iter().filter(|format| **format != "source") {
            page.raw("<a class=\"chip\"")?;
            page.attribute("href", format_args!("#format={format}"))?;
            page.element(">", format, "</a>")?;
        }
        page.raw("</div></header>\n")?;
        for finding in findings {
            finding::finding(finding, page)?;
        }
        if let Some(more) = self.left_out.get(path) {
            let more = count(*more, "further finding", "further findings");
            page.element(
                "<div class=\"tail\">",
                format_args!("and {more} here"),
                "</div>\n",
            )?;
        }
        for artifact in self.at(path) {
            finding::loads(artifact, page)?;
            finding::listing(artifact, findings, &mut self.lines, page)?;
        }
        page.raw("</article>\n")
    }

    fn overridden(&self, page: &mut Page<'_>) -> io::Result<()> {
        let overridden = self.report.overridden();
        let number = overridden.clone().count();
        if number == 0 {
            return Ok(());
        }
        page.element(
            "<section aria-labelledby=\"allowed\">\n<h2 id=\"allowed\">Allowed by the policy <small>",
            format_args!(
                "{} allowed by an override",
                count(number, "finding", "findings")
            ),
            "</small></h2>\n<div class=\"file\">\n",
        )?;
        for finding in overridden.take(limits::HTML_FINDINGS) {
            page.element(
                "<div class=\"tail\"><span class=\"path\">",
                &finding.primary.path,
                "</span></div>",
            )?;
            finding::finding(finding, page)?;
        }
        page.raw("</div>\n</section>\n")
    }

    fn artifacts(&self, page: &mut Page<'_>) -> io::Result<()> {
        let artifacts = &self.report.artifacts;
        if artifacts.is_empty() {
            return Ok(());
        }
        page.element(
            "<section aria-labelledby=\"artifacts\">\n<h2 id=\"artifacts\">Artifacts <small>",
            count(artifacts.len(), "artifact", "artifacts"),
            "</small></h2>\n<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-labelledby=\"artifacts\"><table>\n<thead><tr><th scope=\"col\">path</th><th scope=\"col\">verdict</th><th scope=\"col\">format</th><th scope=\"col\" class=\"num\">size</th><th scope=\"col\" class=\"num\">globals</th><th scope=\"col\">libraries</th></tr></thead>\n<tbody>\n",
        )?;
        let mut worst: BTreeMap<&Text, Level> = BTreeMap::new();
        for finding in self.report.active() {
            let level = worst.entry(&finding.primary.path).or_insert(finding.level);
            *level = finding.level.max(*level);
        }
        let numbers: BTreeMap<&Text, usize> = self
            .files
            .keys()
            .enumerate()
            .map(|(n, p)| (*p, n))
            .collect();
        for artifact in artifacts.iter().take(ARTIFACTS) {
            page.raw("<tr><td class=\"path\">")?;
            if let Some(n) = numbers.get(&artifact.path) {
                page.raw("<a")?;
                page.attribute("href", format_args!("#file-{n}"))?;
                page.element(">", &artifact.path, "</a>")?;
            } else {
                page.text(&artifact.path)?;
            }
            page.raw("</td><td><span")?;
            let (class, word) = match worst.get(&artifact.path) {
                Some(Level::Deny) => ("level deny", "refused"),
                Some(Level::Warn) => ("level warn", "warned"),
                _ => ("level allow", "passed"),
            };
            page.attribute("class", class)?;
            page.element(">", word, "</span></td>")?;
            page.element("<td>", artifact.formats.join(", "), "</td>")?;
            page.element("<td class=\"num\">", size(artifact.size), "</td>")?;
            page.element("<td class=\"num\">", artifact.globals.len(), "</td><td>")?;
            for (i, library) in artifact.libraries.iter().enumerate() {
                page.raw(if i > 0 { ", " } else { "" })?;
                page.text(&library.name)?;
                if let Some(version) = &library.version {
                    page.text(format_args!(" {version}"))?;
                }
            }
            page.raw("</td></tr>\n")?;
        }
        page.raw("</tbody></table></div>\n")?;
        let more = artifacts.len().saturating_sub(ARTIFACTS);
        if more > 0 {
            page.element(
                "<p class=\"why\">",
                format_args!(
                    "and {}",
                    count(more, "further artifact", "further artifacts")
                ),
                "</p>\n",
            )?;
        }
        page.raw("</section>\n")
    }

    fn rules(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut rules = self.rules.clone();
        let overridden = self.report.overridden().map(|finding| finding.rule);
        rules.extend(overridden.map(|rule| (rule.id, rule)));
        if rules.is_empty() {
            return Ok(());
        }
        page.raw("<section aria-labelledby=\"rules\">\n<h2 id=\"rules\">The rules behind them</h2>\n<div class=\"rules\">\n")?;
        for rule in rules.values() {
            page.raw("<details class=\"rule\"")?;
            page.attribute("id", format_args!("rule-{}", rule.id))?;
            page.element("><summary><code>", rule.id, "</code></summary>\n<p>")?;
            page.inline(rule.summary)?;
            page.raw("</p>\n")?;
            page.markdown(rule.doc)?;
            page.raw("</details>\n")?;
        }
        page.raw("</div>\n</section>\n")
    }
}
