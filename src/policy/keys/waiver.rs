//! The keys `waivers`, `waiver-terms` and `inline`.

use jiff::civil::Date;

use super::super::{
    InlineMode, day,
    decode::{Decoder, Key, list},
    error::near,
    locate::{Origin, Step},
    node::Node,
    raw::Raw,
    waivers::{RawTerms, RawWaiver, Requirement},
};
use super::{super::baseline::NAME, pins::is_inside};

pub(super) const fn waivers() -> Key<Raw> {
    Key {
        name: "waivers",
        value: "a list of mappings",
        summary: "findings that are accepted, each for a reason and a time",
        decode: |this, node, raw| {
            let help = "write a list: `- rule: global-not-allowed` and what it is about, under it";
            raw.waivers = this.sequence("`waivers`", node, help, waiver);
        },
    }
}

pub(super) const fn terms() -> Key<Raw> {
    Key {
        name: "waiver-terms",
        value: "a mapping",
        summary: "what every waiver must say, and how long it may hold",
        decode: |this, node, raw| {
            this.keys("`waiver-terms`", node, TERMS, &mut raw.waiver_terms);
        },
    }
}

pub(super) const fn inline() -> Key<Raw> {
    Key {
        name: "inline",
        value: "`allow`, `honour-new` or `refuse`",
        summary: "whether [comments in source](../docs/waivers.md#in-source) set findings aside",
        decode: |this, node, raw| {
            let origin = this.origin(false);
            raw.inline = inline_mode(this, node).map(|mode| (mode, origin));
        },
    }
}

pub(super) const fn baseline() -> Key<Raw> {
    Key {
        name: "baseline",
        value: "a path",
        summary: "the findings that are [known](../docs/waivers.md#baseline), from the root of the repository",
        decode: |this, node, raw| {
            let origin = this.origin(false);
            let text = this.text("`baseline`", node);
            let text = text.filter(|text| is_inside(this, text, NAME));
            raw.baseline = text.map(|text| (text, origin));
        },
    }
}

/// The keys of an item of `waivers`.
pub(super) const WAIVER: &[Key<WaiverKeys>] = &[
    Key {
        name: "rule",
        value: "a [rule](../docs/rules.md)",
        summary: "the rule whose findings it covers; required",
        decode: |this, node, said| {
            said.has_rule = true;
            let origin = this.origin(false);
            said.rule = this.text("`rule`", node).map(|text| (text, origin));
        },
    },
    Key {
        name: "paths",
        value: "a list of paths",
        summary: "the files in which it does; required",
        decode: |this, node, said| {
            said.paths = Some(this.texts("`paths`", "\"models/legacy.pt\"", node));
        },
    },
    Key {
        name: "subject",
        value: "a text",
        summary: "what the finding is about, as the report says it; without it, anything",
        decode: |this, node, said| {
            let origin = this.origin(false);
            said.subject = this.text("`subject`", node).map(|text| (text, origin));
        },
    },
    Key {
        name: "sha256",
        value: "64 hexadecimal digits",
        summary: "the content of the file; another content is not covered",
        decode: |this, node, said| said.sha256 = sha256(this, node),
    },
    Key {
        name: "reason",
        value: "a text",
        summary: "why the findings are accepted",
        decode: |this, node, said| said.reason = this.text("`reason`", node),
    },
    Key {
        name: "owner",
        value: "a text",
        summary: "who answers for it",
        decode: |this, node, said| said.owner = this.text("`owner`", node),
    },
    Key {
        name: "expires",
        value: "a day, such as `2027-03-31`",
        summary: "the last day on which it holds, in UTC",
        decode: |this, node, said| said.expires = expires(this, node),
    },
    Key {
        name: "dangerous",
        value: "`true` or `false`",
        summary: "covers names that are known to be dangerous; needs a `reason`",
        decode: |this, node, said| said.dangerous = dangerous(this, node),
    },
];

/// The keys of `waiver-terms`.
pub(super) const TERMS: &[Key<RawTerms>] = &[
    Key {
        name: "max-days",
        value: "a number",
        summary: "the last day of a waiver is at most so many days away",
        decode: |this, node, terms| terms.max_days = max_days(this, node),
    },
    Key {
        name: "require",
        value: "a list of `subject`, `sha256`, `reason`, `owner`, `expires`",
        summary: "the keys that every waiver must have",
        decode: |this, node, terms| {
            let origin = this.origin(true);
            terms.require = Some((requirements(this, node), origin));
        },
    },
];

/// What is written in an item of `waivers`.
#[derive(Debug, Default)]
pub(super) struct WaiverKeys {
    /// Whether the key `rule` is there, even with a value that is none.
    has_rule: bool,
    rule: Option<(String, Origin)>,
    paths: Option<Vec<(String, Origin)>>,
    subject: Option<(String, Origin)>,
    sha256: Option<String>,
    reason: Option<String>,
    owner: Option<String>,
    expires: Option<Date>,
    dangerous: bool,
}

fn waiver(decoder: &mut Decoder<'_>, node: &Node) -> Option<RawWaiver> {
    if !matches!(node, Node::Map(_)) {
        let help =
            "write `- rule: global-not-allowed`, and `paths: [\"models/legacy.pt\"]` under it";
        decoder.wrong_type("each of `waivers`", "a mapping", node, help);
        return None;
    }
    let mut said = WaiverKeys::default();
    let origin = decoder.origin(false);
    decoder.keys("a waiver", node, WAIVER, &mut said);
    if !said.has_rule {
        decoder.error("a waiver has no `rule`", "add `rule: global-not-allowed`");
    }
    let paths_are_empty = matches!(node.get("paths"), None | Some(Node::Null))
        || matches!(node.get("paths"), Some(Node::Seq(items)) if items.is_empty());
    if paths_are_empty {
        decoder.error(
            "a waiver has no `paths`",
            "add `paths: [\"models/legacy.pt\"]`",
        );
        return None;
    }
    let (rule, rule_origin) = said.rule?;
    let paths = said.paths.filter(|paths| !paths.is_empty())?;
    Some(RawWaiver {
        rule,
        paths,
        subject: said.subject,
        sha256: said.sha256,
        reason: said.reason,
        owner: said.owner,
        expires: said.expires,
        dangerous: said.dangerous,
        origin,
        rule_origin,
    })
}

/// `true` or `false`.
pub(super) fn dangerous(decoder: &mut Decoder<'_>, node: &Node) -> bool {
    if let Node::Bool(value) = node {
        return *value;
    }
    decoder.wrong_type(
        "`dangerous`",
        "`true` or `false`",
        node,
        "write `dangerous: true`, and a `reason`",
    );
    false
}

fn inline_mode(decoder: &mut Decoder<'_>, node: &Node) -> Option<InlineMode> {
    const HELP: &str = "write `allow`, `honour-new` or `refuse`";
    let Node::Str(text) = node else {
        decoder.wrong_type("`inline`", "`allow`, `honour-new` or `refuse`", node, HELP);
        return None;
    };
    let mut words = InlineMode::WORDS.iter();
    if let Some((_, mode)) = words.find(|(word, _)| **text == **word) {
        return Some(*mode);
    }
    let meant = match &**text {
        "deny" | "off" | "never" => Some("refuse"),
        "on" | "honour" | "honor" => Some("allow"),
        other => near(other, InlineMode::WORDS.iter().map(|(word, _)| *word)),
    };
    let help = meant.map_or_else(|| HELP.to_owned(), |it| format!("did you mean `{it}`?"));
    decoder.error(format!("`{text}` is not a value of `inline`"), help);
    None
}

fn sha256(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let text = decoder.text("`sha256`", node)?;
    let digits = text.strip_prefix("sha256:").unwrap_or(&text);
    if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(digits.to_ascii_lowercase());
    }
    decoder.error(
        format!("`{text}` is not a SHA-256"),
        "write 64 hexadecimal digits, as `sha256sum` prints them",
    );
    None
}

/// A day of the calendar.
fn expires(decoder: &mut Decoder<'_>, node: &Node) -> Option<Date> {
    const HELP: &str = "write the last day as year, month and day: `2027-03-31`";
    let Node::Str(text) = node else {
        decoder.wrong_type("`expires`", "a day", node, HELP);
        return None;
    };
    match day::day(text) {
        Some(day) => return Some(day),
        None if day::has_form(text) => {
            decoder.error(format!("the calendar has no day `{text}`"), HELP);
        }
        None => decoder.error(format!("`{text}` is not a day"), HELP),
    }
    None
}

fn max_days(decoder: &mut Decoder<'_>, node: &Node) -> Option<(u32, Origin)> {
    let origin = decoder.origin(false);
    match node {
        Node::Int(days) => match u32::try_from(*days).ok().filter(|days| *days > 0) {
            Some(days) => return Some((days, origin)),
            None => decoder.error(
                format!("a waiver cannot hold for {days} days"),
                "write a number of days, such as 180",
            ),
        },
        _ => decoder.wrong_type(
            "`max-days`",
            "a number",
            node,
            "write a number of days, such as 180",
        ),
    }
    None
}

fn requirements(decoder: &mut Decoder<'_>, node: &Node) -> Vec<Requirement> {
    let words = decoder.texts("`require`", "reason, owner, expires", node);
    let mut required = Vec::new();
    for (at, (word, _)) in words.iter().enumerate() {
        let mut all = Requirement::ALL.iter();
        match all.find(|requirement| requirement.key() == word) {
            Some(requirement) => required.push(*requirement),
            None => decoder.inside(Step::Index(at), |this| {
                let keys: Vec<&str> = Requirement::ALL.iter().map(|it| it.key()).collect();
                let help = near(word, keys.iter().copied()).map_or_else(
                    || format!("write some of {}", list(&keys)),
                    |near| format!("did you mean `{near}`?"),
                );
                this.error(format!("`{word}` is nothing that a waiver may say"), help);
            }),
        }
    }
    required.sort_unstable();
    required.dedup();
    required
}
