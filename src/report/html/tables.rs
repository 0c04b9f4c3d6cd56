//! The tables: findings by rule, artifacts, and what each rule is about.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    io,
};

use super::{Content, finding, page::Page};
use crate::{
    fact::Text,
    finding::Level,
    report::{inspect::bytes as size, terminal::count},
};

/// Artifacts in the table; all are counted.
const ARTIFACTS: usize = 2_000;

/// What the findings come to, a row for each rule: the refused first, then by how many.
pub(super) fn summary(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let mut rows: BTreeMap<(Level, &str), (usize, BTreeSet<&Text>)> = BTreeMap::new();
    for finding in content.report.active() {
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
        let summary = content.rules.get(rule).map_or("", |rule| rule.summary);
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

pub(super) fn artifacts(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let artifacts = &content.report.artifacts;
    if artifacts.is_empty() {
        return Ok(());
    }
    page.element(
        "<section aria-labelledby=\"artifacts\">\n<h2 id=\"artifacts\">Artifacts <small>",
        count(artifacts.len(), "artifact", "artifacts"),
        "</small></h2>\n<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-labelledby=\"artifacts\"><table>\n<thead><tr><th scope=\"col\">path</th><th scope=\"col\">verdict</th><th scope=\"col\">format</th><th scope=\"col\" class=\"num\">size</th><th scope=\"col\" class=\"num\">globals</th><th scope=\"col\">libraries</th></tr></thead>\n<tbody>\n",
    )?;
    let mut worst: BTreeMap<&Text, Level> = BTreeMap::new();
    for finding in content.report.active() {
        let level = worst.entry(&finding.primary.path).or_insert(finding.level);
        *level = finding.level.max(*level);
    }
    for artifact in artifacts.iter().take(ARTIFACTS) {
        page.raw("<tr><td class=\"path\">")?;
        if let Some(n) = content.numbers.get(&artifact.path) {
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

pub(super) fn rules(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let mut rules = content.rules.clone();
    let set_aside = content.report.set_aside().map(|finding| finding.rule);
    rules.extend(set_aside.map(|rule| (rule.id, rule)));
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
