//! The top of the page: its head, what the run came to in a sentence, and the way to the tables.

use std::io;

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::{SCRIPT, STYLE};
use crate::{
    audit::report::{tables::Tables, words},
    report::{HTML_TOKENS, HtmlPage as Page},
};

pub(super) fn head(page: &mut Page<'_>) -> io::Result<()> {
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)));
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\"")?;
    page.attribute(
        "content",
        format_args!(
            "default-src 'none'; style-src {} {}; script-src {}; base-uri 'none'; form-action 'none'",
            hash(HTML_TOKENS),
            hash(STYLE),
            hash(SCRIPT)
        ),
    )?;
    page.raw(">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>Audit - weighbridge</title>\n<style>")?;
    page.raw(HTML_TOKENS)?;
    page.raw("</style>\n<style>")?;
    page.raw(STYLE)?;
    page.raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the tables</a>\n")
}

/// What the run came to, and what it was.
pub(super) fn top(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    page.raw("<header class=\"top wide\">\n<div class=\"brand\"><strong>weighbridge</strong><span>audit</span></div>\n")?;
    page.element("<h1>", words::headline(&run.summary), "</h1>\n")?;
    for sentence in words::beside(&run.summary) {
        page.element("<p class=\"lead\">", sentence, "</p>\n")?;
    }
    page.raw("<dl class=\"meta\">\n")?;
    let looked_at = words::looked_at(&run.info.what);
    for (name, value) in [
        ("looked at", looked_at),
        ("policy", run.info.policy.as_str()),
        ("judged on", run.judged_on.as_str()),
        ("weighbridge", run.info.scanner.as_str()),
    ] {
        if !value.is_empty() {
            page.element("<div><dt>", name, "</dt>")?;
            page.element("<dd>", value, "</dd></div>\n")?;
        }
    }
    page.raw("</dl>\n</header>\n")
}

/// The way to the tables.
pub(super) fn navigation(run: &Tables, page: &mut Page<'_>) -> io::Result<()> {
    page.raw("<nav class=\"tabs\" aria-label=\"Tables\"><div class=\"wide\">\n<a href=\"#overview\">Overview</a>\n")?;
    for table in &run.tables {
        page.raw("<a")?;
        page.attribute("href", format_args!("#{}", table.schema.name))?;
        page.element(">", table.schema.title, " <span>")?;
        page.element("", words::grouped(table.rows.len()), "</span></a>\n")?;
    }
    page.raw("</div></nav>\n")
}
