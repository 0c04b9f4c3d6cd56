//! The top of the page: its head, the outcome and what was looked at, and the filter.

use std::{collections::BTreeSet, io};

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::{Content, SCRIPT, STYLE, page::Page};
use crate::report::{groups, inspect::bytes as size};

pub(super) fn head(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
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
    page.text(content.outcome().1)?;
    if !content.report.root.is_empty() {
        page.text(format_args!(": {}", content.report.root))?;
    }
    page.raw(" - weighbridge</title>\n<style>")?;
    page.raw(STYLE)?;
    page.raw(
        "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n",
    )
}

/// The outcome, and what was looked at.
pub(super) fn ticket(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let report = content.report;
    let (class, word) = content.outcome();
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
    if let Some(date) = content
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
    notes(content, page)?;
    page.raw("</header>\n")
}

/// What this page has not; what is to be known of the run stands with the outcome.
fn notes(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let left_out: usize = content.left_out.values().sum();
    if left_out == 0 {
        return Ok(());
    }
    let all = content.report.active().count();
    let shown = all - left_out;
    page.raw("<p class=\"notes\">")?;
    page.inline(&format!(
        "{shown} of {all} findings are shown, the most important first; `--format json` has all of them.",
    ))?;
    page.raw("</p>\n")
}

/// Hidden until the script that serves it shows it.
pub(super) fn filter(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.raw("<div id=\"filter\" class=\"filter\" hidden><form class=\"wrap\" role=\"search\" aria-label=\"Filter the findings\">\n\
        <label class=\"label\" for=\"q\">Search</label><input id=\"q\" name=\"q\" type=\"search\" placeholder=\"Search: a name, a path, an opcode\" autocomplete=\"off\" spellcheck=\"false\">\n\
        <label class=\"label\" for=\"level\">Level</label><select id=\"level\" name=\"level\"><option value=\"\">every level</option><option value=\"deny\">errors</option><option value=\"warn\">warnings</option></select>\n")?;
    page.raw("<label class=\"label\" for=\"rule\">Rule</label><select id=\"rule\" name=\"rule\"><option value=\"\">every rule</option>")?;
    for rule in content.rules.keys() {
        page.raw("<option")?;
        page.attribute("value", rule)?;
        page.element(">", rule, "</option>")?;
    }
    page.raw("</select>\n<label class=\"label\" for=\"format\">Format</label><select id=\"format\" name=\"format\"><option value=\"\">every format</option>")?;
    let formats: BTreeSet<&str> = content
        .files
        .keys()
        .flat_map(|path| content.formats(path))
        .collect();
    for format in formats {
        page.raw("<option")?;
        page.attribute("value", format)?;
        page.element(">", format, "</option>")?;
    }
    page.raw("</select>\n<button type=\"reset\">Reset</button>\n<output id=\"told\" aria-live=\"polite\"></output>\n</form></div>\n")
}
