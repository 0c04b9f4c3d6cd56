//! The page for people. Whether a real browser shows and filters it, `tests/e2e/html` asks.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};
use weighbridge::{
    fact::{Hop, ListingLine, Op, Place, Site, Text},
    finding::{Disposition, Finding, HelpList, Level, Location, Subject},
    inventory::{Artifact, Library},
    limits,
    link::{Load, Match},
    report::Style,
    verdict::Report,
};

use crate::support::report::{
    GLOBAL, decided, excerpt, finding, hostile, only, report, torch_zip, written,
};

fn html(report: &Report) -> String {
    written("html", report, Style::default())
}

/// Everywhere a name can stand, this one stands.
fn attacked(name: &str) -> Report {
    let text = Text::from(name);
    let mut report = only(vec![Finding {
        primary: Location {
            path: text.clone(),
            site: Site {
                hops: vec![Hop::Member {
                    name: text.clone(),
                    copy: 0,
                }],
                at: Place::Opcode {
                    offset: 2,
                    op: Op::named(name),
                },
            },
            excerpt: Some(excerpt(
                None,
                &format!("a {name} b"),
                &[("a ", name), (name, "")],
            )),
            ..Location::default()
        },
        subject: Subject::Member(text.clone()),
        help: HelpList::from_iter([format!("{name}\n{name}"), format!("`{name}`")]),
        decided_by: Some(decided(name, 1, &format!("x{name}"), "x", name)),
        ..finding(&GLOBAL, "", &format!("`{name}` and {name}"))
    }]);
    report.artifacts = vec![Artifact {
        path: text.clone(),
        formats: vec![name.to_owned()],
        libraries: vec![Library {
            name: name.to_owned(),
            version: Some(text.clone()),
        }],
        loaded_by: vec![Load {
            executes: weighbridge::link::Executes::ByRelease,
            source: text.clone(),
            around: Some(text.clone()),
            site: Site::default(),
            callee: text.clone(),
            written: text.clone(),
            matched: Match::End,
        }],
        listing: Some(vec![
            ListingLine::In(Site {
                hops: vec![Hop::Member {
                    name: text.clone(),
                    copy: 0,
                }],
                at: Place::Whole,
            }),
            ListingLine::Opcode {
                text: format!("0x0002  {name}"),
                effect: name.to_owned(),
            },
            ListingLine::Note(name.to_owned()),
        ]),
        ..Artifact::default()
    }];
    let mut overridden = torch_zip();
    overridden.level = Level::Allow;
    overridden.primary.path = text.clone();
    overridden.disposition = Disposition::Overridden {
        by: decided("p", 1, "x", "x", name),
        reason: Some(name.to_owned()),
    };
    report.findings.push(overridden);
    report.notices = vec![name.to_owned()];
    name.clone_into(&mut report.policy);
    name.clone_into(&mut report.view);
    report.root = text;
    report.coverage.formats.insert(name.to_owned(), 1);
    report
}

/// The tags of a page, and the names of their attributes; what is between `<style>` or `<script>` and its end is passed over.
fn tags(page: &str) -> BTreeSet<String> {
    let mut tags = BTreeSet::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let mut quoted = false;
        let (tag, after) = after
            .split_once(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            })
            .expect("every tag ends");
        tags.insert(tag.split('"').step_by(2).collect());
        rest = match tag {
            "style" => after.split_once("</style>").unwrap().1,
            "script" => after.split_once("</script>").unwrap().1,
            _ => after,
        };
    }
    tags
}

#[test]
fn nothing_from_a_file_is_markup() {
    let plain = tags(&html(&attacked("plain")));
    let every = hostile();
    for name in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</code></pre></section><iframe src=//example.com>",
        "</style><script>alert(1)//",
        "javascript:alert(1)",
        "<!--",
        "]]>",
        "`onclick=alert(1)` <b>`",
        "&lt;script&gt;&#x3c;b>",
        "```\n<b>\n# x\n- y",
        every.as_str(),
    ] {
        let page = html(&attacked(name));
        assert_eq!(tags(&page), plain, "{name:?}");
        assert_eq!(page.matches("<script").count(), 1, "{name:?}");
        let odd: Vec<char> = page
            .chars()
            .filter(|c| weighbridge::fact::deceives(*c) && !['\n', '\t'].contains(c))
            .collect();
        assert!(odd.is_empty(), "{name:?}: {odd:?}");
    }
}

/// The policy of the page admits its own script and style, by their hashes, and nothing else.
#[test]
fn the_page_admits_only_its_own_script() {
    let page = html(&report());
    let between = |open: &str, close: &str| {
        let (_, rest) = page.split_once(open).unwrap();
        rest.split_once(close).unwrap().0
    };
    let policy = between("Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
    let style = digest(between("<style>", "</style>"));
    let script = digest(between("<script>", "</script>"));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
        )
    );
    for forbidden in [
        "http://", "https://", "src=", "@import", "url(", "style=\"", " on",
    ] {
        let shown = page.replace("https://cdn.example/x", "");
        let found = tags(&shown).iter().any(|tag| tag.contains(forbidden));
        assert!(!found, "{forbidden}");
    }
    assert!(!page.contains("@import") && !page.contains("url("));
}

/// Base64 of the sha256, the long way round.
fn digest(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = Vec::new();
    for byte in Sha256::digest(text) {
        bits.extend((0..8).rev().map(|bit| usize::from(byte >> bit & 1)));
    }
    bits.resize(bits.len().div_ceil(6) * 6, 0);
    let digits = bits.chunks(6).map(|six| {
        let digit = six.iter().fold(0, |digit, bit| digit * 2 + bit);
        char::from(ALPHABET[digit])
    });
    digits.chain(['=']).collect()
}

#[test]
fn a_report_of_everything_is_told() {
    let page = html(&report());
    for said in [
        "<h1>Refused</h1>",
        "models/resnet.pt",
        "global-not-allowed",
        "<mark title=\"runs here\">",
        "neither list names posix.system",
        "<span class=\"n\">12</span>",
        "größe",
        "not read completely",
        "<details class=\"rule\" id=\"rule-unsafe-load\">",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert_eq!(page, html(&report()), "the same report is the same page");
}

#[test]
fn a_change_s_page_says_each_thing_once() {
    let mut report = report();
    report.notices = vec!["2 files are deleted; see `git diff`".to_owned()];
    report.findings[0].on_change = false;
    let page = html(&report);
    let times = |text: &str| page.matches(text).count();
    assert_eq!(
        times("<dt>note</dt><dd>2 files are deleted; see <code>git diff</code></dd>"),
        1
    );
    assert_eq!(times("2 files are deleted"), 1);
    assert_eq!(times("<span>not touched by the change</span>"), 1);
}

#[test]
fn the_listing_marks_what_findings_are_about() {
    let mut report = only(vec![torch_zip()]);
    let hops = report.findings[0].primary.site.hops.clone();
    report.artifacts = vec![Artifact {
        path: "models/resnet.pt".into(),
        formats: vec!["torch-zip".to_owned()],
        listing: Some(vec![
            ListingLine::In(Site {
                hops,
                at: Place::Whole,
            }),
            ListingLine::Opcode {
                text: "0x001e  TUPLE1".to_owned(),
                effect: String::new(),
            },
            ListingLine::Opcode {
                text: "0x001f  REDUCE".to_owned(),
                effect: "calls posix.system".to_owned(),
            },
        ]),
        ..Artifact::default()
    }];
    let page = html(&report);
    assert!(
        page.contains("\n0x001e  TUPLE1\n<mark>0x001f  REDUCE</mark>"),
        "{page}"
    );
}

#[test]
fn a_hundred_thousand_findings_are_a_page_that_opens() {
    let findings: Vec<Finding> = (0..100_000_u32)
        .map(|i| Finding {
            level: if i == 99_999 {
                Level::Deny
            } else {
                Level::Warn
            },
            ..finding(
                &GLOBAL,
                &format!("f{:03}.pt", i % 500),
                "loading imports something",
            )
        })
        .collect();
    let mut report = only(findings);
    report.sort();
    let page = html(&report);
    assert!(page.len() < 3 << 20, "{}", page.len());
    assert_eq!(page.matches("data-rule=").count(), limits::HTML_FINDINGS);
    assert!(page.contains("2000 of 100000 findings are shown"));
    assert_eq!(page.matches("data-level=\"deny\"").count(), 1);
}
