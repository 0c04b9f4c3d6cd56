//! The keys of a policy: a row for each, in the table of its mapping.
//!
//! Decoding goes on after an error, so that one run tells them all.

mod body;
mod entry;
mod pins;
mod waiver;

use std::sync::Arc;

pub(super) use entry::uses;

use super::{
    decode::{Decoder, Key},
    error::{Errors, PolicyError, near},
    locate::{File, Origin},
    node::Node,
    raw::{Body, Override, Raw},
};

/// The keys at the top of a policy.
const POLICY: &[Key<Raw>] = &[
    Key {
        name: "version",
        value: "`1`",
        summary: "the version of the policy language; required",
        decode: |this, node, _| version(this, node),
    },
    Key {
        name: "extends",
        value: "a policy, or a list of them",
        summary: "policies that this one adds to: bundled ones by name, others by path",
        decode: |this, node, raw| raw.extends = extends(this, node),
    },
    Key {
        name: "target",
        value: "a mapping",
        summary: "the releases that load the files",
        decode: |this, node, raw| this.keys("`target`", node, TARGET, raw),
    },
    body::formats(),
    body::globals(),
    body::rules(),
    pins::pins(),
    Key {
        name: "overrides",
        value: "a list of mappings",
        summary: "formats, globals and rules for some paths; a later one wins",
        decode: |this, node, raw| {
            let help = "write a list: `- paths: [\"tests/**\"]` and what holds there, under it";
            raw.overrides = this.sequence("`overrides`", node, help, one_override);
        },
    },
    waiver::waivers(),
    waiver::terms(),
    waiver::baseline(),
    waiver::inline(),
    Key {
        name: "exclude",
        value: "a list of paths and of mappings",
        summary: "files that are not checked",
        decode: |this, node, raw| raw.exclude = exclude(this, node),
    },
    Key {
        name: "attributes",
        value: "`ignore` or `honour`",
        summary: "whether `weighbridge=off` in `.gitattributes` excludes files",
        decode: |this, node, raw| {
            let origin = this.origin(false);
            raw.attributes = attributes(this, node).map(|value| (value, origin));
        },
    },
    Key {
        name: "locked",
        value: "a list of keys, such as `globals.refuse` and `rules.pickle-load`",
        summary: "what a policy that extends this one cannot loosen",
        decode: |this, node, raw| raw.locked = this.texts("`locked`", "globals.refuse", node),
    },
];

/// The keys of `target`.
const TARGET: &[Key<Raw>] = &[
    Key {
        name: "torch",
        value: "`auto`, a version or a range",
        summary: "the releases of torch",
        decode: |this, node, raw| raw.torch = release(this, "torch", node),
    },
    Key {
        name: "python",
        value: "`auto`",
        summary: "the releases of Python; nothing depends on it yet",
        decode: |this, node, raw| raw.python = release(this, "python", node),
    },
];

/// The keys of an item of `overrides`.
const OVERRIDE: &[Key<OverrideKeys>] = &[
    Key {
        name: "paths",
        value: "a list of paths",
        summary: "the files for which it holds; required",
        decode: |this, node, said| said.paths = Some(this.texts("`paths`", "\"tests/**\"", node)),
    },
    Key {
        name: "reason",
        value: "a text",
        summary: "why it is there",
        decode: |this, node, said| said.reason = this.text("`reason`", node),
    },
    Key {
        name: "dangerous",
        value: "`true` or `false`",
        summary: "lets its `rules` switch off findings about names that are known to be dangerous; needs a `reason`",
        decode: |this, node, said| {
            let origin = this.origin(true);
            said.dangerous = waiver::dangerous(this, node).then_some(origin);
        },
    },
    body::formats(),
    body::globals(),
    body::rules(),
    pins::pins_of_paths(),
];

/// The keys of an item of `exclude` that is a mapping.
const EXCLUSION: &[Key<ExclusionKeys>] = &[
    Key {
        name: "paths",
        value: "a list of paths",
        summary: "the files; required",
        decode: |this, node, said| {
            said.paths = Some(this.texts("`paths`", "\"third_party/**\"", node));
        },
    },
    Key {
        name: "reason",
        value: "a text",
        summary: "why they are not checked",
        decode: |this, node, _| drop(this.text("`reason`", node)),
    },
];

/// What is written in an item of `exclude` that is a mapping.
#[derive(Debug, Default)]
struct ExclusionKeys {
    paths: Option<Vec<(String, Origin)>>,
}

/// What is written in an item of `overrides`.
#[derive(Debug, Default)]
struct OverrideKeys {
    paths: Option<Vec<(String, Origin)>>,
    reason: Option<String>,
    dangerous: Option<Origin>,
    body: Body,
}

impl AsMut<Body> for OverrideKeys {
    fn as_mut(&mut self) -> &mut Body {
        &mut self.body
    }
}

impl AsMut<Self> for Body {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl AsMut<Body> for Raw {
    fn as_mut(&mut self) -> &mut Body {
        &mut self.body
    }
}

/// A key of the policy language, for its documentation.
#[derive(Debug, Clone)]
pub struct PolicyKey {
    /// The keys that lead to it, separated by dots; `[]` after a key stands for each item of its list.
    pub path: String,
    /// What is written after it, in Markdown.
    pub value: &'static str,
    /// What it is for, in one phrase of Markdown.
    pub summary: &'static str,
}

/// The keys of a table, for their documentation.
pub(super) fn rows<T>(of: &str, keys: &[Key<T>]) -> Vec<PolicyKey> {
    let key = |key: &Key<T>| PolicyKey {
        path: format!("{of}{}", key.name),
        value: key.value,
        summary: key.summary,
    };
    keys.iter().map(key).collect()
}

/// Every key of the policy language, the top of a policy first.
pub fn keys() -> Vec<PolicyKey> {
    [
        rows("", POLICY),
        rows("target.", TARGET),
        rows("formats.", body::FORMATS),
        rows("globals.", body::GLOBALS),
        rows("globals.allow[].", entry::ALLOW),
        rows("globals.refuse[].", entry::REFUSE),
        rows("pins.", pins::PINS),
        rows("overrides[].", OVERRIDE),
        rows("overrides[].pins.", pins::OVERRIDE_PINS),
        rows("waivers[].", waiver::WAIVER),
        rows("waiver-terms.", waiver::TERMS),
        rows("exclude[].", EXCLUSION),
    ]
    .concat()
}

/// Decodes a policy. What is returned with errors is only good for finding more of them.
pub(super) fn decode(file: &Arc<File>, root: &Node, errors: &mut Errors) -> Raw {
    let mut raw = Raw::default();
    let mut decoder = Decoder {
        file,
        way: Vec::new(),
        errors,
    };
    decoder.keys("the policy", root, POLICY, &mut raw);
    if matches!(root, Node::Map(_)) && root.get("version").is_none() {
        let help = if raw.extends.is_empty() {
            "begin it with `version: 1`, and with `extends: recommended` if it adds to the built-in policy"
        } else {
            "begin it with `version: 1`"
        };
        errors.push(|| PolicyError::at(file, 0..0, "the policy has no `version`", help));
    }
    raw
}

fn version(decoder: &mut Decoder<'_>, node: &Node) {
    match node {
        Node::Int(1) => {}
        Node::Int(other) => {
            let help = if *other > 1 {
                "this version of weighbridge reads `version: 1`; update it"
            } else {
                "write `version: 1`"
            };
            decoder.error(
                format!("version {other} of the policy language is not known"),
                help,
            );
        }
        _ => decoder.wrong_type("`version`", "the number 1", node, "write `version: 1`"),
    }
}

fn extends(decoder: &mut Decoder<'_>, node: &Node) -> Vec<(String, Origin)> {
    if let Node::Str(_) = node {
        let origin = decoder.origin(false);
        return decoder
            .text("`extends`", node)
            .map(|text| (text, origin))
            .into_iter()
            .collect();
    }
    decoder.texts("`extends`", "recommended", node)
}

fn release(decoder: &mut Decoder<'_>, key: &str, node: &Node) -> Option<(String, Origin)> {
    if let Node::Float(_) | Node::Int(_) = node {
        decoder.error(
            format!("the version of {key} is not in quotes"),
            "write it as a text, such as \"2.10\": as a number, 2.10 and 2.1 are the same",
        );
        return None;
    }
    let origin = decoder.origin(false);
    let text = decoder.text(&format!("the version of {key}"), node)?;
    Some((text, origin))
}

fn one_override(decoder: &mut Decoder<'_>, node: &Node) -> Option<Override> {
    let mut said = OverrideKeys::default();
    decoder.keys("an override", node, OVERRIDE, &mut said);
    match said.paths {
        Some(paths) if !paths.is_empty() => Some(Override {
            paths,
            reason: said.reason,
            dangerous: said.dangerous,
            body: said.body,
        }),
        // What is wrong with the paths themselves has been said.
        Some(_) if !matches!(node.get("paths"), Some(Node::Seq(items)) if items.is_empty()) => None,
        _ => {
            decoder.error("an override has no `paths`", "add `paths: [\"tests/**\"]`");
            None
        }
    }
}

/// Patterns, and mappings of `paths` and the `reason` for leaving them out.
fn exclude(decoder: &mut Decoder<'_>, node: &Node) -> Vec<(String, Origin)> {
    let help = "write it as a list: `[\"third_party/**\"]`";
    let patterns = decoder.sequence("`exclude`", node, help, |this, node| {
        if !matches!(node, Node::Map(_)) {
            let origin = this.origin(false);
            let text = this.text("each of `exclude`", node)?;
            return Some(vec![(text, origin)]);
        }
        let mut said = ExclusionKeys::default();
        this.keys("an exclusion", node, EXCLUSION, &mut said);
        if said.paths.is_none() {
            this.error(
                "an exclusion has no `paths`",
                "add `paths: [\"third_party/**\"]`",
            );
        }
        said.paths
    });
    patterns.into_iter().flatten().collect()
}

fn attributes(decoder: &mut Decoder<'_>, node: &Node) -> Option<bool> {
    const WORDS: &[&str] = &["ignore", "honour"];
    match node {
        Node::Str(text) if &**text == "honour" => Some(true),
        Node::Str(text) if &**text == "ignore" => Some(false),
        Node::Str(text) => {
            // How others spell or say it.
            let meant = match &**text {
                "honor" | "respect" | "on" => Some("honour"),
                "off" => Some("ignore"),
                other => near(other, WORDS.iter().copied()),
            };
            let help = meant.map_or_else(
                || "write `ignore` or `honour`".to_owned(),
                |it| format!("did you mean `{it}`?"),
            );
            decoder.error(format!("`{text}` is not a value of `attributes`"), help);
            None
        }
        _ => {
            let help = "write `honour` if `weighbridge=off` in .gitattributes may exempt files";
            decoder.wrong_type("`attributes`", "`ignore` or `honour`", node, help);
            None
        }
    }
}
