//! Charts: bars beside their numbers, one bar in parts, and lines between runs. The numbers stand in the text; the pictures repeat them.

use std::io;

use super::data::shown;
use crate::{audit::report::words, report::HtmlPage as Page};

/// A bar, of complete and of partial repositories.
pub(super) struct Bar<'a> {
    pub(super) label: &'a str,
    pub(super) complete: u64,
    pub(super) partial: u64,
    /// The words that find it in the panel's table.
    pub(super) query: String,
}

/// A panel with bars, which lead to a table; nothing if there is no bar.
pub(super) fn bars(
    title: &'static str,
    unit: &'static str,
    table: &'static str,
    bars: &[Bar<'_>],
    page: &mut Page<'_>,
) -> io::Result<()> {
    let most = bars
        .iter()
        .map(|bar| bar.complete.saturating_add(bar.partial));
    let most = most.max().unwrap_or_default();
    if most == 0 {
        return Ok(());
    }
    let has_partial = bars.iter().any(|bar| bar.partial > 0);
    page.element(
        "<section class=\"panel\">\n<h3>",
        title,
        "</h3>\n<table class=\"bars\">\n<colgroup><col class=\"name\"><col><col class=\"count\">",
    )?;
    page.raw(if has_partial {
        "<col class=\"count\"></colgroup>\n"
    } else {
        "</colgroup>\n"
    })?;
    page.element(
        "<thead class=\"label\"><tr><th scope=\"col\">",
        table,
        "</th>",
    )?;
    page.element(
        "<th scope=\"col\">share</th><th scope=\"col\">",
        unit,
        "</th>",
    )?;
    if has_partial {
        page.raw("<th scope=\"col\">in partial repositories</th>")?;
    }
    page.raw("</tr></thead>\n<tbody>\n")?;
    for bar in bars {
        page.raw("<tr><th scope=\"row\"><a")?;
        page.attribute("href", format_args!("#{table}"))?;
        page.attribute("data-query", &bar.query)?;
        page.attribute("title", shown(bar.label))?;
        page.element(">", shown(bar.label), "</a></th><td class=\"picture\"><svg aria-hidden=\"true\" width=\"100%\" height=\"10\">")?;
        let first = permille(bar.complete, most);
        rect("complete", 0, first, page)?;
        rect("partial", first, permille(bar.partial, most), page)?;
        page.element(
            "</svg></td><td class=\"number\">",
            words::grouped(bar.complete),
            "</td>",
        )?;
        if has_partial {
            page.raw("<td class=\"number soft\">")?;
            if bar.partial > 0 {
                page.text(format_args!("+{}", words::grouped(bar.partial)))?;
            }
            page.raw("</td>")?;
        }
        page.raw("</tr>\n")?;
    }
    page.element("</tbody>\n</table>\n<p class=\"unit\">", unit, "")?;
    if has_partial {
        page.raw(
            "; <span class=\"key partial\"></span> at least so many more in partial repositories",
        )?;
    }
    page.raw("</p>\n</section>\n")
}

/// A part of a bar.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) label: &'static str,
    pub(super) count: usize,
    pub(super) query: &'static str,
}

/// One bar in parts, with their numbers below.
pub(super) fn parts(table: &'static str, parts: &[Part], page: &mut Page<'_>) -> io::Result<()> {
    let counts: Vec<u64> = parts
        .iter()
        .map(|part| u64::try_from(part.count).unwrap_or(u64::MAX))
        .collect();
    let all: u64 = counts.iter().sum();
    page.raw("<svg class=\"whole\" aria-hidden=\"true\" width=\"100%\" height=\"16\">")?;
    let mut from = 0;
    for (part, count) in parts.iter().zip(&counts) {
        let width = permille(*count, all);
        rect(part.class, from, width, page)?;
        from = from.saturating_add(width);
    }
    page.raw("</svg>\n<ul class=\"parts\">\n")?;
    for part in parts {
        page.raw("<li><span")?;
        page.attribute("class", format_args!("key {}", part.class))?;
        page.raw("></span><a")?;
        page.attribute("href", format_args!("#{table}"))?;
        page.attribute("data-query", part.query)?;
        page.element("><b>", words::grouped(part.count), "</b> ")?;
        page.element("", part.label, "</a></li>\n")?;
    }
    page.raw("</ul>\n")
}

/// How a number went from run to run.
pub(super) fn line(
    title: &'static str,
    values: &[u64],
    from: &str,
    to: &str,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let most = values.iter().copied().max().unwrap_or_default().max(1);
    let steps = u64::try_from(values.len().saturating_sub(1))
        .unwrap_or(1)
        .max(1);
    let (first, last) = (values.first().copied(), values.last().copied());
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(());
    };
    page.element("<section class=\"panel trend\">\n<h3>", title, "</h3>\n<svg viewBox=\"-20 -60 1040 1120\" preserveAspectRatio=\"none\" role=\"img\" width=\"100%\" height=\"90\"")?;
    let said: Vec<String> = values.iter().map(|value| words::grouped(*value)).collect();
    page.attribute("aria-label", format_args!("{title}: {}", said.join(", ")))?;
    page.raw("><polyline class=\"base\" points=\"0,1000 1000,1000\"/><polyline")?;
    let mut points = Vec::new();
    for (at, value) in (0_u64..).zip(values) {
        let x = at.saturating_mul(1000) / steps;
        let y = 1000_u64.saturating_sub(permille(*value, most));
        points.push(format!("{x},{y}"));
    }
    page.attribute("points", points.join(" "))?;
    page.element(
        "/></svg>\n<p class=\"ends\"><span><b>",
        words::grouped(first),
        "</b> ",
    )?;
    page.element("", shown(from), "</span><span><b>")?;
    page.element("", words::grouped(last), "</b> ")?;
    page.element(
        "",
        to,
        "</span></p>\n<p class=\"unit\">in complete repositories</p>\n</section>\n",
    )
}

/// Thousandths that a number is of the largest; something that is there is seen.
fn permille(number: u64, most: u64) -> u64 {
    let share = number.saturating_mul(1000).checked_div(most).unwrap_or(0);
    share.max(if number > 0 { 6 } else { 0 })
}

fn rect(class: &'static str, from: u64, width: u64, page: &mut Page<'_>) -> io::Result<()> {
    if width == 0 {
        return Ok(());
    }
    page.raw("<rect height=\"100%\"")?;
    page.attribute("class", class)?;
    page.attribute("x", format_args!("{}.{}%", from / 10, from % 10))?;
    page.attribute("width", format_args!("{}.{}%", width / 10, width % 10))?;
    page.raw("/>")
}
