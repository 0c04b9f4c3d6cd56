//! The findings, file by file.

use std::io;

use super::{Content, finding, page::Page};
use crate::{
    fact::Text,
    finding::Finding,
    limits,
    report::{inspect::bytes as size, terminal::count},
};

pub(super) fn findings(content: &mut Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.raw("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings <small>")?;
    let files = count(content.files.len(), "file", "files");
    page.text(format_args!(
        "{} in {files}",
        count(content.report.active().count(), "finding", "findings")
    ))?;
    page.raw(
        "</small></h2>\n<p id=\"none\" class=\"empty\" hidden>Nothing fits the filter.</p>\n",
    )?;
    if content.files.is_empty() {
        page.raw("<p class=\"empty\">No findings. What was checked is listed above.</p>\n")?;
    }
    let files = std::mem::take(&mut content.files);
    for (n, (path, findings)) in files.iter().enumerate() {
        file(content, n, path, findings, page)?;
    }
    let silent: usize = content
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
    content.files = files;
    page.raw("</section>\n")
}

fn file(
    content: &mut Content<'_>,
    n: usize,
    path: &Text,
    findings: &[&Finding],
    page: &mut Page<'_>,
) -> io::Result<()> {
    page.raw("<article class=\"file\"")?;
    page.attribute("id", format_args!("file-{n}"))?;
    let formats: Vec<&str> = content.formats(path).into_iter().collect();
    page.attribute("data-formats", formats.join(" "))?;
    page.attribute("data-path", path)?;
    page.element(">\n<header><h3>", path, "</h3><div class=\"meta\">")?;
    if let Some(artifact) = content.at(path).first() {
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
    if let Some(more) = content.left_out.get(path) {
        let more = count(*more, "further finding", "further findings");
        page.element(
            "<div class=\"tail\">",
            format_args!("and {more} here"),
            "</div>\n",
        )?;
    }
    for artifact in content.at(path) {
        finding::loads(artifact, page)?;
        finding::listing(artifact, findings, &mut content.lines, page)?;
    }
    page.raw("</article>\n")
}

pub(super) fn overridden(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let overridden = content.report.overridden();
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
