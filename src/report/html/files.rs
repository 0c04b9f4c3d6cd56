//! The findings, file by file.

use std::io;

use super::{ANSWERS, Content, finding, finding::Answers, page::Page};
use crate::{
    finding::Disposition,
    limits,
    report::{
        alike::Sections,
        groups::{File, Part},
        help,
        inspect::bytes as size,
        terminal::count,
    },
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
    let Sections { files, others } = content.sections();
    let mut answers = Answers::default();
    for told in &files {
        file(content, told, &mut answers, page)?;
    }
    for others in &others {
        page.element(
            "<details class=\"others\"><summary>",
            &others.sentence,
            "</summary>\n",
        )?;
        for told in &others.files {
            file(content, told, &mut answers, page)?;
        }
        page.raw("</details>\n")?;
    }
    let silent: usize = content
        .left_out
        .iter()
        .filter(|(path, _)| !content.files.contains_key(*path))
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
    page.raw("</section>\n")?;
    common(content, page)
}

/// What mends several files that need different things: what is printed for each by itself could not be pasted below each other.
fn common(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let Some(helps) = &content.common else {
        return Ok(());
    };
    page.raw("<section")?;
    page.attribute("aria-labelledby", ANSWERS)?;
    page.raw(">\n<h2")?;
    page.attribute("id", ANSWERS)?;
    page.raw(">What to add</h2>\n<div class=\"file\"><div class=\"finding\">\n")?;
    finding::helps(helps, page)?;
    page.raw("</div></div>\n</section>\n")
}

fn file(
    content: &mut Content<'_>,
    file: &File<'_>,
    answers: &mut Answers,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let path = &file.path;
    let n = content.numbers.get(path).copied().unwrap_or_default();
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
    for part in &file.parts {
        let Part::Full(shown, of) = part else {
            // All are told in full.
            continue;
        };
        let printed_at = answers.printed_at(shown, n, path);
        match of.as_slice() {
            [one] => {
                let help = help::for_others(shown);
                finding::finding(one, &help, printed_at.as_ref(), page)?;
            }
            several => finding::joint(shown, several, printed_at.as_ref(), page)?,
        }
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
        finding::pin(artifact, page)?;
        finding::loads(artifact, page)?;
        finding::listing(artifact, &file.findings, &mut content.lines, page)?;
    }
    page.raw("</article>\n")
}

/// The findings that do not count, by what keeps them from it.
pub(super) fn set_aside(content: &Content<'_>, page: &mut Page<'_>) -> io::Result<()> {
    section(
        content,
        page,
        ("allowed", "Allowed by the policy", "allowed by an override"),
        |disposition| matches!(disposition, Disposition::Overridden { .. }),
    )?;
    section(
        content,
        page,
        ("waived", "Waived", "waived"),
        |disposition| matches!(disposition, Disposition::Waived(_)),
    )?;
    section(
        content,
        page,
        ("known", "Known in the baseline", "in the baseline"),
        |disposition| matches!(disposition, Disposition::Baseline { .. }),
    )
}

/// A section of findings that do not count: its id, its heading and what is said beside their number.
fn section(
    content: &Content<'_>,
    page: &mut Page<'_>,
    (id, heading, are): (&'static str, &'static str, &'static str),
    holds: fn(&Disposition) -> bool,
) -> io::Result<()> {
    let findings = content.report.set_aside();
    let findings = findings.filter(|finding| holds(&finding.disposition));
    let number = findings.clone().count();
    if number == 0 {
        return Ok(());
    }
    page.raw("<section")?;
    page.attribute("aria-labelledby", id)?;
    page.raw(">\n<h2")?;
    page.attribute("id", id)?;
    page.element(">", heading, " <small>")?;
    page.element(
        "",
        format_args!("{} {are}", count(number, "finding", "findings")),
        "</small></h2>\n<div class=\"file\">\n",
    )?;
    for finding in findings.take(limits::HTML_FINDINGS) {
        page.element(
            "<div class=\"tail\"><span class=\"path\">",
            &finding.primary.path,
            "</span></div>",
        )?;
        finding::finding(finding, &[], None, page)?;
    }
    page.raw("</div>\n</section>\n")
}
