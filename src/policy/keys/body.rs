//! The keys that hold for all paths or, in an override, for some: `formats`, `globals` and `rules`.

use super::{
    super::{
        decode::{Decoder, Key},
        error::near,
        node::Node,
        raw::Body,
    },
    entry,
};
use crate::finding::Level;

/// The levels of a rule.
/// The levels, each with what people call it elsewhere.
const LEVELS: &[(&str, Level, &[&str])] = &[
    ("allow", Level::Allow, &["off", "ignore", "none"]),
    ("warn", Level::Warn, &["warning"]),
    ("deny", Level::Deny, &["error", "forbid", "refuse", "block"]),
];

pub(super) const fn formats<T: AsMut<Body>>() -> Key<T> {
    Key {
        name: "formats",
        value: "a mapping",
        summary: "the formats that files may have",
        decode: |this, node, into| this.keys("`formats`", node, FORMATS, into.as_mut()),
    }
}

pub(super) const fn globals<T: AsMut<Body>>() -> Key<T> {
    Key {
        name: "globals",
        value: "a mapping",
        summary: "the names that pickles may use",
        decode: |this, node, into| {
            let body = into.as_mut();
            body.globals_list = Some(this.origin(true));
            this.keys("`globals`", node, GLOBALS, body);
        },
    }
}

pub(super) const fn rules<T: AsMut<Body>>() -> Key<T> {
    Key {
        name: "rules",
        value: "a mapping of [rules](../docs/rules.md) to `allow`, `warn` or `deny`",
        summary: "the levels that replace the defaults",
        decode: |this, node, into| {
            let body = into.as_mut();
            this.mapping("`rules`", node, None, |this, rule, value| {
                let origin = this.origin(false);
                if let Some(level) = level(this, value) {
                    body.rules.push((rule.to_owned(), level, origin));
                }
            });
        },
    }
}

/// The keys of `formats`.
pub(super) const FORMATS: &[Key<Body>] = &[
    Key {
        name: "allow",
        value: "a list of [formats](../docs/formats.md)",
        summary: "formats that are allowed besides the inherited ones",
        decode: |this, node, body| {
            body.formats_list = Some(this.origin(true));
            body.formats_allow = this.texts("`formats.allow`", "safetensors", node);
        },
    },
    Key {
        name: "refuse",
        value: "a list of formats, or a mapping of each to a text",
        summary: "formats that are refused; the text is shown in the finding",
        decode: refused_formats,
    },
];

/// The keys of `globals`.
pub(super) const GLOBALS: &[Key<Body>] = &[
    Key {
        name: "packs",
        value: "a list of [packs](../docs/packs.md)",
        summary: "reviewed lists of names that are allowed",
        decode: |this, node, body| {
            body.packs = this.texts("`globals.packs`", "torch-weights", node);
        },
    },
    Key {
        name: "allow",
        value: "a list of names and of mappings",
        summary: "names that are allowed",
        decode: |this, node, body| {
            body.globals_list = Some(this.origin(true));
            let help = "write a list: `- package.module.Name`";
            body.globals_allow = this.sequence("`globals.allow`", node, help, |this, node| {
                entry::entry(this, node, entry::ALLOW)
            });
        },
    },
    Key {
        name: "refuse",
        value: "a list of names and of mappings",
        summary: "names that are refused; only an override can allow them again",
        decode: |this, node, body| {
            let help = "write a list: `- package.module.*`";
            body.globals_refuse = this.sequence("`globals.refuse`", node, help, |this, node| {
                entry::entry(this, node, entry::REFUSE)
            });
        },
    },
];

fn refused_formats(decoder: &mut Decoder<'_>, node: &Node, body: &mut Body) {
    if !matches!(node, Node::Map(_)) {
        let refused = decoder.texts("`formats.refuse`", "joblib", node);
        body.formats_refuse = refused
            .into_iter()
            .map(|(format, origin)| (format, None, origin))
            .collect();
        return;
    }
    decoder.mapping("`formats.refuse`", node, None, |this, format, advice| {
        let origin = this.origin(true);
        let advice = if *advice == Node::Null {
            None
        } else {
            this.text("the advice", advice)
        };
        body.formats_refuse
            .push((format.to_owned(), advice, origin));
    });
}

fn level(decoder: &mut Decoder<'_>, node: &Node) -> Option<Level> {
    let text = match node {
        Node::Str(text) => text.as_ref(),
        _ => "",
    };
    let known = LEVELS.iter().find(|(name, ..)| *name == text);
    if let Some((_, level, _)) = known {
        return Some(*level);
    }
    if text.is_empty() {
        decoder.wrong_type(
            "a rule's level",
            "`allow`, `warn` or `deny`",
            node,
            "write one of the three",
        );
        return None;
    }
    let elsewhere = LEVELS.iter().find(|(.., others)| others.contains(&text));
    let meant = elsewhere
        .map(|(name, ..)| *name)
        .or_else(|| near(text, LEVELS.iter().map(|(name, ..)| *name)));
    let help = meant.map_or_else(
        || "write `allow`, `warn` or `deny`".to_owned(),
        |it| format!("did you mean `{it}`?"),
    );
    decoder.error(format!("`{text}` is not a level"), help);
    None
}
