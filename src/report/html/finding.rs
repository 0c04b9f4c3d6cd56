//! A finding and what shows it: lines of source, opcodes, the policy's line, and the whole listing with the offences in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
};

use super::{ANSWERS, BELOW, page::Page};
use crate::{
    fact::{Excerpt, Hop, ListingLine, Place, Text},
    finding::{Disposition, Finding, Level, LineRef, Location},
    inventory::Artifact,
    report::{help, terminal::count, words},
};

/// A listing of more lines is not printed unless it is open.
const LONG: usize = 120;
/// Calls named that load one artifact.
const LOADS: usize = 20;

/// The word for a level.
pub(super) fn word(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "allowed",
    }
}

/// Where each answer was printed.
#[derive(Debug, Default)]
pub(super) struct Answers(BTreeMap<Vec<String>, FileRef>);

/// A file of the page: its number and its path.
#[derive(Debug, Clone)]
pub(super) struct FileRef {
    number: usize,
    path: Text,
}

impl Answers {
    /// The file with which the answer to a finding was printed, if that is another one.
    pub(super) fn printed_at(
        &mut self,
        finding: &Finding,
        number: usize,
        path: &Text,
    ) -> Option<FileRef> {
        let answer = finding.answer.as_deref()?;
        let proposed: Vec<String> = answer.proposed().collect();
        // One answer for all files stands at the end.
        if !proposed.iter().any(|it| finding.help.says(it)) {
            return None;
        }
        let known = self.0.entry(proposed).or_insert_with(|| FileRef {
            number,
            path: path.clone(),
        });
        (known.number != number).then(|| known.clone())
    }
}

/// Several findings that one answer mends, which `joint` says, with each of them folded.
pub(super) fn joint(
    joint: &Finding,
    of: &[&Finding],
    printed_at: Option<&FileRef>,
    page: &mut Page<'_>,
) -> io::Result<()> {
    page.raw("<section class=\"finding joint\">\n")?;
    kicker(joint, page)?;
    page.raw("<h4>")?;
    page.inline(&joint.message)?;
    page.raw("</h4>\n")?;
    if let Some(names) = &joint.primary.excerpt {
        excerpt(names, page)?;
    }
    answer(joint, &help::for_others(joint), printed_at, page)?;
    page.element(
        "<details class=\"each\"><summary>Each of the ",
        count(of.len(), "finding", "findings"),
        "</summary>\n",
    )?;
    for one in of {
        let own: Vec<String> = one.own_help().map(ToString::to_string).collect();
        finding(one, &own, None, page)?;
    }
    page.raw("</details>\n</section>\n")
}

/// A finding with all that explains it, and what to do about it.
pub(super) fn finding(
    finding: &Finding,
    help: &[String],
    printed_at: Option<&FileRef>,
    page: &mut Page<'_>,
) -> io::Result<()> {
    page.raw("<section class=\"finding\"")?;
    if finding.is_active() {
        page.attribute("data-rule", finding.rule.id)?;
        page.attribute("data-level", finding.level)?;
    }
    page.raw(">\n")?;
    kicker(finding, page)?;
    page.raw("<h4>")?;
    page.inline(&finding.message)?;
    page.raw("</h4>\n")?;
    if let Some(shown) = &finding.primary.excerpt {
        excerpt(shown, page)?;
    }
    if let Some(introduction) = &finding.primary.introduced_by {
        page.element(
            "<p class=\"why\">",
            super::super::introduction(introduction),
            "</p>\n",
        )?;
    }
    for location in &finding.related {
        related(location, page)?;
    }
    if let Some(line) = &finding.decided_by {
        policy_line(line, page)?;
    }
    set_aside(&finding.disposition, page)?;
    if finding.is_active() {
        answer(finding, help, printed_at, page)?;
    }
    page.raw("</section>\n")
}

/// What to do about a finding; an answer that was printed with another file is not printed again.
fn answer(
    finding: &Finding,
    help: &[String],
    printed_at: Option<&FileRef>,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let Some(file) = printed_at else {
        return helps(help, page);
    };
    let answer = finding.answer.iter();
    let proposed: Vec<String> = answer.flat_map(|answer| answer.proposed()).collect();
    let rest = help.iter().filter(|help| !proposed.contains(help));
    let rest: Vec<String> = rest.cloned().collect();
    page.raw("<p class=\"why\">what allows it is printed for <a")?;
    page.attribute("href", format_args!("#file-{}", file.number))?;
    page.element("><code>", &file.path, "</code></a></p>\n")?;
    helps(&rest, page)
}

/// Sentences that say what to do; what follows the first line of each is to be copied.
pub(super) fn helps(helps: &[String], page: &mut Page<'_>) -> io::Result<()> {
    if helps.is_empty() {
        return Ok(());
    }
    page.raw("<ul class=\"help\">")?;
    for help in helps {
        let (said, code) = help.split_once('\n').unwrap_or((help, ""));
        page.raw("<li>")?;
        if said == BELOW {
            page.raw("<a")?;
            page.attribute("href", format_args!("#{ANSWERS}"))?;
            page.element(">", said, "</a>")?;
        } else {
            page.inline(said)?;
        }
        if !code.is_empty() {
            page.element("<pre tabindex=\"0\"><code>", code, "</code></pre>")?;
        }
        page.raw("</li>")?;
    }
    page.raw("</ul>\n")
}

/// How bad it is, by which rule, and where.
fn kicker(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    page.raw("<div class=\"kicker\"><span")?;
    page.attribute("class", format_args!("level {}", finding.level))?;
    page.element(">", word(finding.level), "</span><a")?;
    page.attribute("href", format_args!("#rule-{}", finding.rule.id))?;
    page.element("><code>", finding.rule.id, "</code></a>")?;
    let site = finding.primary.site.to_string();
    if !site.is_empty() {
        page.element("<span class=\"site\">", &site, "</span>")?;
    }
    if finding.count > 1 {
        page.element("<span>", format_args!("{} times", finding.count), "</span>")?;
    }
    if !finding.on_change {
        page.raw("<span>not touched by the change</span>")?;
    }
    page.raw("</div>\n")
}

/// Who keeps a finding from counting, if anything does.
fn set_aside(disposition: &Disposition, page: &mut Page<'_>) -> io::Result<()> {
    if let Some(by) = disposition.by() {
        policy_line(by, page)?;
    }
    if let Some(reason) = disposition.reason() {
        page.element("<p class=\"why\">The reason given: ", reason, "</p>\n")?;
    }
    match disposition {
        Disposition::Waived(waived) => {
            if let Some(owner) = &waived.owner {
                page.element("<p class=\"why\">Waived by ", owner, "</p>\n")?;
            }
            if let Some(day) = waived.expires {
                page.element("<p class=\"why\">Waived until ", day, "</p>\n")?;
            }
        }
        Disposition::Baseline { file } => {
            page.element("<p class=\"why\">Known in ", file, "</p>\n")?;
        }
        Disposition::Active | Disposition::Overridden { .. } => {}
    }
    Ok(())
}

/// The lines of an excerpt, numbered if they are source, with the marks in them.
fn excerpt(shown: &Excerpt, page: &mut Page<'_>) -> io::Result<()> {
    let mut marks: Vec<(&Range<usize>, &str)> = shown
        .marks
        .iter()
        .map(|mark| (&mark.range, mark.label.as_str()))
        .collect();
    marks.sort_by_key(|(range, _)| (range.start, range.end));
    page.raw("<pre tabindex=\"0\"><code>")?;
    let mut begin = 0;
    for (i, line) in shown.text.split('\n').enumerate() {
        let end = begin + line.len();
        if let Some(first) = shown.first_line {
            let number = u64::from(first).saturating_add(u64::try_from(i).unwrap_or(0));
            page.element("<span class=\"n\">", number, "</span>")?;
        }
        let mut at = begin;
        for (range, label) in &marks {
            let (from, to) = (range.start.max(at), range.end.min(end));
            if from >= to {
                continue;
            }
            page.text(shown.text.get(at..from).unwrap_or_default())?;
            page.raw("<mark")?;
            if !label.is_empty() {
                page.attribute("title", label)?;
            }
            page.element(">", shown.text.get(from..to).unwrap_or_default(), "</mark>")?;
            at = to;
        }
        page.text(shown.text.get(at..end).unwrap_or_default())?;
        page.raw("\n")?;
        begin = end + 1;
    }
    page.raw("</code></pre>\n")?;
    for (_, label) in marks.iter().filter(|(_, label)| !label.is_empty()) {
        page.raw("<p class=\"why\">")?;
        page.inline(label)?;
        page.raw("</p>\n")?;
    }
    Ok(())
}

/// A place that explains a finding, with its own lines.
fn related(location: &Location, page: &mut Page<'_>) -> io::Result<()> {
    page.raw("<p class=\"why\">")?;
    page.inline(&location.label)?;
    page.element(
        ": <code>",
        words::spot(location, &location.path),
        "</code></p>\n",
    )?;
    location
        .excerpt
        .as_ref()
        .map_or(Ok(()), |lines| excerpt(lines, page))
}

/// A line of a policy that decided.
fn policy_line(line: &LineRef, page: &mut Page<'_>) -> io::Result<()> {
    page.raw("<p class=\"why\">")?;
    if !line.label.is_empty() {
        page.inline(&line.label)?;
        page.raw(": ")?;
    }
    let place = format_args!("{}:{}", line.file, line.line);
    page.element("<code>", place, "</code> ")?;
    page.element("<code>", line.text.trim(), "</code></p>\n")
}

/// Whether the lock file pins an artifact, where there is one.
pub(super) fn pin(artifact: &Artifact, page: &mut Page<'_>) -> io::Result<()> {
    page.raw(match artifact.pinned {
        None => "",
        Some(true) => "<div class=\"tail\">Pinned by the lock file</div>\n",
        Some(false) => "<div class=\"tail\">Not pinned by the lock file</div>\n",
    })
}

/// The calls in source that load an artifact.
pub(super) fn loads(artifact: &Artifact, page: &mut Page<'_>) -> io::Result<()> {
    if artifact.loaded_by.is_empty() {
        return Ok(());
    }
    page.raw("<div class=\"tail\">Loaded by ")?;
    for (i, load) in artifact.loaded_by.iter().take(LOADS).enumerate() {
        page.raw(if i > 0 { ", " } else { "" })?;
        page.element("<code>", &load.callee, "</code> at ")?;
        let site = load.site.to_string();
        page.element("<code>", format_args!("{}:{site}", load.source), "</code>")?;
        page.text(format_args!(" (found by {})", load.matched.words()))?;
    }
    let more = artifact.loaded_by.len().saturating_sub(LOADS);
    if more > 0 {
        page.text(format_args!(", and {}", count(more, "other", "others")))?;
    }
    page.raw("</div>\n")
}

/// The opcodes of an artifact, those that findings are about marked. `room` is how many lines the page still has.
pub(super) fn listing(
    artifact: &Artifact,
    findings: &[&Finding],
    room: &mut usize,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let Some(lines) = artifact.listing.as_deref().filter(|_| *room > 0) else {
        return Ok(());
    };
    let hits: BTreeSet<(&[Hop], u64)> = findings
        .iter()
        .filter_map(|finding| match finding.primary.site.at {
            Place::Opcode { offset, .. } => Some((finding.primary.site.hops.as_slice(), offset)),
            _ => None,
        })
        .collect();
    let shown = lines.get(..lines.len().min(*room)).unwrap_or_default();
    *room -= shown.len();
    page.raw("<div class=\"tail\"><details")?;
    if shown.len() > LONG {
        page.attribute("class", "long")?;
    }
    page.element(
        "><summary>Disassembly (",
        count(lines.len(), "line", "lines"),
        ")</summary>\n<pre tabindex=\"0\"><code>",
    )?;
    let mut hops: &[Hop] = &[];
    for line in shown {
        match line {
            ListingLine::In(site) => {
                hops = &site.hops;
                if !hops.is_empty() {
                    page.element("<span class=\"in\">in ", site, "</span>\n")?;
                }
            }
            ListingLine::Opcode { text, effect } => {
                let offset = text.split(' ').next().and_then(|t| t.strip_prefix("0x"));
                let offset = offset.and_then(|digits| u64::from_str_radix(digits, 16).ok());
                if offset.is_some_and(|offset| hits.contains(&(hops, offset))) {
                    page.element("<mark>", text, "</mark>")?;
                } else {
                    page.text(text)?;
                }
                if !effect.is_empty() {
                    page.element("  <span class=\"e\">; ", effect, "</span>")?;
                }
                page.raw("\n")?;
            }
            ListingLine::Note(note) => page.element("<span class=\"e\">", note, "</span>\n")?,
        }
    }
    page.raw("</code></pre>")?;
    if shown.len() < lines.len() {
        let more = count(lines.len() - shown.len(), "further line", "further lines");
        page.element(
            "<p class=\"why\">and ",
            more,
            ", which the page has no room for</p>",
        )?;
    }
    page.raw("</details></div>\n")
}
