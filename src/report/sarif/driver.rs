//! What a log says of the tool: itself, the rules that its results are of, and the kinds of its notifications.

use std::borrow::Cow;

use super::log::{Configuration, Descriptor, Driver, Message, RuleProperties};
use crate::finding::{Level, Precision, RuleMeta, Severity};

/// Kinds of notifications, by their place in the driver.
pub(super) const NOT_WHOLE: usize = 0;
pub(super) const LEFT_OUT: usize = 1;
pub(super) const NOTICE: usize = 2;
pub(super) const NOTIFICATIONS: [(&str, &str); 3] = [
    (
        "not-read-whole",
        "Something was not read completely, so what loading it would do is not known.",
    ),
    (
        "left-out",
        "There are more results than a service keeps; the most important are in this log.",
    ),
    ("notice-of-run", "Something to know of the run as a whole."),
];

/// How a level of ours is called there.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Allow => "note",
        Level::Warn => "warning",
        Level::Deny => "error",
    }
}

pub(super) fn driver(rules: &[&'static RuleMeta]) -> Driver {
    let version = env!("CARGO_PKG_VERSION");
    Driver {
        name: env!("CARGO_PKG_NAME"),
        full_name: format!("{} {version}", env!("CARGO_PKG_NAME")),
        semantic_version: version,
        information_uri: env!("CARGO_PKG_REPOSITORY"),
        short_description: Message::plain(concat!(env!("CARGO_PKG_DESCRIPTION"), ".")),
        rules: rules.iter().map(|rule| of_rule(rule)).collect(),
        notifications: NOTIFICATIONS
            .iter()
            .map(|(id, text)| Descriptor {
                id,
                name: pascal(id),
                short_description: Message::plain(*text),
                full_description: Message::plain(*text),
                help: Some(Message::plain(*text)),
                help_uri: env!("CARGO_PKG_REPOSITORY"),
                default_configuration: Configuration { level: "warning" },
                properties: None,
            })
            .collect(),
    }
}

fn of_rule(rule: &'static RuleMeta) -> Descriptor {
    let help = format!(
        "{}\nFrom the command line: `weighbridge explain {}`.\n",
        rule.doc.trim_start(),
        rule.id
    );
    let short = super::sentence(rule.summary);
    Descriptor {
        id: rule.id,
        name: pascal(rule.id),
        full_description: Message::plain(what_it_does(rule.doc).unwrap_or_else(|| short.clone())),
        short_description: Message::plain(short),
        help: Some(Message {
            text: help.clone(),
            markdown: Some(help),
        }),
        help_uri: env!("CARGO_PKG_REPOSITORY"),
        default_configuration: Configuration {
            level: level(rule.level),
        },
        properties: Some(RuleProperties {
            tags: tags(rule),
            precision: match rule.precision {
                Precision::VeryHigh => "very-high",
                Precision::High => "high",
            },
            problem_severity: match rule.level {
                Level::Deny => "error",
                Level::Warn => "warning",
                Level::Allow => "recommendation",
            },
            // Services show what is above 9.0 as critical, above 7.0 as high, above 4.0 as medium.
            security_severity: match rule.severity {
                Severity::Critical => "9.8",
                Severity::High => "8.1",
                Severity::Medium => "5.3",
                Severity::Low => "2.0",
            },
        }),
    }
}

/// The words by which services filter results: those of every rule, the weaknesses as services spell them, the rule's own.
fn tags(rule: &RuleMeta) -> Vec<Cow<'static, str>> {
    let weaknesses = rule.cwe.iter().map(|n| format!("external/cwe/cwe-{n:03}"));
    ["security", "machine-learning"]
        .into_iter()
        .map(Cow::Borrowed)
        .chain(weaknesses.map(Cow::Owned))
        .chain(rule.tags.iter().copied().map(Cow::Borrowed))
        .collect()
}

/// The first paragraph of a rule's documentation, on one line.
fn what_it_does(doc: &str) -> Option<String> {
    let (_, rest) = doc.split_once("## What it does")?;
    let paragraph = rest.trim().split("\n\n").next()?;
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// `torch-load-unsafe` as `TorchLoadUnsafe`.
fn pascal(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    id.split('-').map(word).collect()
}
