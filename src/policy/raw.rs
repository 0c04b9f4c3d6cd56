//! A policy as it is written: every key known, every value of its type, nothing yet compared with anything else.
//!
//! Decoding goes on after an error, so that one run tells them all.

use std::sync::Arc;

use super::{
    Uses,
    constraint::Constraint,
    decode::{Decoder, list},
    error::{Errors, PolicyError, near},
    locate::{File, Origin, Step},
    node::Node,
    pattern::{self, Pattern},
};
use crate::{fact::Usage, finding::Level};

/// A policy file, decoded.
#[derive(Debug, Default)]
pub(super) struct Raw {
    /// The file, unless it is a bundled policy.
    pub(super) file: Option<Arc<File>>,
    /// The ways to the mappings and lists that somebody may add to: `globals`, `globals.allow`, `exclude`.
    pub(super) has: Vec<Box<[Step]>>,
    pub(super) extends: Vec<(String, Origin)>,
    pub(super) torch: Option<(String, Origin)>,
    pub(super) python: Option<(String, Origin)>,
    pub(super) body: Body,
    pub(super) overrides: Vec<Override>,
    pub(super) exclude: Vec<(String, Origin)>,
    /// Whether attributes may exempt files.
    pub(super) attributes: Option<bool>,
}

/// What may be said for all paths and for some.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Where `formats.allow` stands.
    pub(super) formats_list: Option<Origin>,
    pub(super) formats_allow: Vec<(String, Origin)>,
    pub(super) formats_refuse: Vec<(String, Option<String>, Origin)>,
    /// Where `globals.allow` stands, or else `globals.packs`, or else `globals`.
    pub(super) globals_list: Option<Origin>,
    pub(super) packs: Vec<(String, Origin)>,
    pub(super) globals_allow: Vec<Entry>,
    pub(super) globals_refuse: Vec<Entry>,
    pub(super) rules: Vec<(String, Level, Origin)>,
}

/// What is said for some paths.
#[derive(Debug)]
pub(super) struct Override {
    pub(super) paths: Vec<(String, Origin)>,
    /// Why it is there.
    pub(super) reason: Option<String>,
    pub(super) body: Body,
}

/// An entry under `globals.allow` or `globals.refuse`.
#[derive(Debug)]
pub(super) struct Entry {
    /// As it is written.
    pub(super) text: String,
    pub(super) pattern: Pattern,
    pub(super) uses: Uses,
    pub(super) args: Option<Vec<Constraint>>,
    pub(super) dangerous: bool,
    pub(super) reason: Option<String>,
    pub(super) paths: Vec<(String, Origin)>,
    /// The name itself.
    pub(super) origin: Origin,
}

const KEYS: &[&str] = &[
    "version",
    "extends",
    "target",
    "formats",
    "globals",
    "rules",
    "overrides",
    "exclude",
    "attributes",
];
const BODY: &[&str] = &["formats", "globals", "rules"];
const LEVELS: &[&str] = &["allow", "warn", "deny"];
const USES: &[&str] = &["import", "call", "construct", "build"];
const ENTRY: &[&str] = &["global", "as", "reason", "paths", "args", "dangerous"];

/// Decodes a policy. What is returned with errors is only good for finding more of them.
pub(super) fn decode(file: &Arc<File>, root: &Node, errors: &mut Errors) -> Raw {
    Decoder {
        file,
        way: Vec::new(),
        errors,
    }
    .policy(root)
}

impl Decoder<'_> {
    fn policy(&mut self, root: &Node) -> Raw {
        let mut raw = Raw::default();
        let mut version = false;
        self.mapping(
            "the policy",
            root,
            Some(KEYS),
            |this, key, value| match key {
                "version" => {
                    version = true;
                    this.version(value);
                }
                "extends" => raw.extends = this.extends(value),
                "target" => this.mapping(
                    "`target`",
                    value,
                    Some(&["torch", "python"]),
                    |this, key, value| {
                        let found = this
                            .target(key, value)
                            .map(|text| (text, this.origin(false)));
                        if key == "torch" {
                            raw.torch = found;
                        } else {
                            raw.python = found;
                        }
                    },
                ),
                "overrides" => {
                    let help =
                        "write a list: `- paths: [\"tests/**\"]` and what holds there, under it";
                    raw.overrides = this.sequence("`overrides`", value, help, Self::over);
                }
                "attributes" => raw.attributes = this.attributes(value),
                "exclude" => {
                    raw.has.push(this.way.clone().into());
                    raw.exclude = this.exclude(value);
                }
                _ => {
                    if key == "globals" {
                        raw.has.push(this.way.clone().into());
                        if let Node::Map(pairs) = value
                            && pairs.iter().any(|(key, _)| &**key == "allow")
                        {
                            let allow = [Step::Key("globals".into()), Step::Key("allow".into())];
                            raw.has.push(allow.into());
                        }
                    }
                    this.body(key, value, &mut raw.body);
                }
            },
        );
        if !version && matches!(root, Node::Map(_)) {
            let file = self.file;
            let extends = !raw.extends.is_empty();
            self.errors.push(|| {
                let message =
                    "the policy has no `version`";
                let help = if extends {
                    "begin it with `version: 1`"
                } else {
                    "begin it with `version: 1`, and with `extends: recommended` if it adds to the built-in policy"
                };
                PolicyError::at(file, 0..0, message, help)
            });
        }
        raw
    }

    /// Patterns, and mappings of `paths` and the `reason` for leaving them out.
    fn exclude(&mut self, node: &Node) -> Vec<(String, Origin)> {
        let help = "write it as a list: `[\"third_party/**\"]`";
        let patterns = self.sequence("`exclude`", node, help, |this, node| {
            if !matches!(node, Node::Map(_)) {
                let origin = this.origin(false);
                let text = this.text("each of `exclude`", node)?;
                return Some(vec![(text, origin)]);
            }
            let mut paths = Vec::new();
            let mut said = false;
            let known: &[&str] = &["paths", "reason"];
            this.mapping("an exclusion", node, Some(known), |this, key, value| {
                if key == "paths" {
                    said = true;
                    paths = this.texts("`paths`", "\"third_party/**\"", value);
                } else {
                    this.text("`reason`", value);
                }
            });
            if !said {
                this.error(
                    "an exclusion has no `paths`",
                    "add `paths: [\"third_party/**\"]`",
                );
            }
            Some(paths)
        });
        patterns.into_iter().flatten().collect()
    }

    fn attributes(&mut self, node: &Node) -> Option<bool> {
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
                self.error(format!("`{text}` is not a value of `attributes`"), help);
                None
            }
            _ => {
                let help = "write `honour` if `weighbridge=off` in .gitattributes may exempt files";
                self.wrong_type("`attributes`", "`ignore` or `honour`", node, help);
                None
            }
        }
    }

    fn version(&mut self, node: &Node) {
        match node {
            Node::Int(1) => {}
            Node::Int(other) => {
                let help = if *other > 1 {
                    "this version of weighbridge reads `version: 1`; update it"
                } else {
                    "write `version: 1`"
                };
                self.error(
                    format!("version {other} of the policy language is not known"),
                    help,
                );
            }
            _ => self.wrong_type("`version`", "the number 1", node, "write `version: 1`"),
        }
    }

    fn extends(&mut self, node: &Node) -> Vec<(String, Origin)> {
        if let Node::Str(_) = node {
            let origin = self.origin(false);
            return self
                .text("`extends`", node)
                .map(|text| (text, origin))
                .into_iter()
                .collect();
        }
        self.texts("`extends`", "recommended", node)
    }

    fn target(&mut self, key: &str, node: &Node) -> Option<String> {
        if let Node::Float(_) | Node::Int(_) = node {
            self.error(
                format!("the version of {key} is not in quotes"),
                "write it as a text, such as \"2.10\": as a number, 2.10 and 2.1 are the same",
            );
            return None;
        }
        self.text(&format!("the version of {key}"), node)
    }

    fn over(&mut self, node: &Node) -> Option<Override> {
        let mut paths = None;
        let mut reason = None;
        let mut body = Body::default();
        self.mapping(
            "an override",
            node,
            Some(&["paths", "reason", "formats", "globals", "rules"]),
            |this, key, value| {
                if key == "paths" {
                    paths = Some(this.texts("`paths`", "\"tests/**\"", value));
                } else if key == "reason" {
                    reason = this.text("`reason`", value);
                } else {
                    this.body(key, value, &mut body);
                }
            },
        );
        match paths {
            Some(paths) if !paths.is_empty() => Some(Override {
                paths,
                reason,
                body,
            }),
            // What is wrong with the paths themselves has been said.
            Some(_) if !matches!(node, Node::Map(pairs) if pairs.iter().any(|(k, v)| &**k == "paths" && matches!(v, Node::Seq(s) if s.is_empty()))) => {
                None
            }
            _ => {
                self.error("an override has no `paths`", "add `paths: [\"tests/**\"]`");
                None
            }
        }
    }

    fn body(&mut self, key: &str, value: &Node, body: &mut Body) {
        debug_assert!(BODY.contains(&key));
        match key {
            "formats" => self.formats(value, body),
            "globals" => self.globals(value, body),
            _ => self.mapping("`rules`", value, None, |this, rule, value| {
                let origin = this.origin(false);
                if let Some(level) = this.level(value) {
                    body.rules.push((rule.to_owned(), level, origin));
                }
            }),
        }
    }

    fn formats(&mut self, node: &Node, body: &mut Body) {
        self.mapping(
            "`formats`",
            node,
            Some(&["allow", "refuse"]),
            |this, key, value| {
                if key == "allow" {
                    body.formats_list = Some(this.origin(true));
                    body.formats_allow = this.texts("`formats.allow`", "safetensors", value);
                } else if let Node::Map(_) = value {
                    this.mapping("`formats.refuse`", value, None, |this, format, advice| {
                        let origin = this.origin(true);
                        let advice = if *advice == Node::Null {
                            None
                        } else {
                            this.text("the advice", advice)
                        };
                        body.formats_refuse
                            .push((format.to_owned(), advice, origin));
                    });
                } else {
                    let refused = this.texts("`formats.refuse`", "joblib", value);
                    body.formats_refuse = refused
                        .into_iter()
                        .map(|(format, origin)| (format, None, origin))
                        .collect();
                }
            },
        );
    }

    fn level(&mut self, node: &Node) -> Option<Level> {
        let text = match node {
            Node::Str(text) => text.as_ref(),
            _ => "",
        };
        match text {
            "allow" => Some(Level::Allow),
            "warn" => Some(Level::Warn),
            "deny" => Some(Level::Deny),
            "" => {
                self.wrong_type(
                    "a rule's level",
                    "`allow`, `warn` or `deny`",
                    node,
                    "write one of the three",
                );
                None
            }
            other => {
                // What people call these levels elsewhere.
                let meant = match other {
                    "error" | "forbid" | "refuse" | "block" => Some("deny"),
                    "off" | "ignore" | "none" => Some("allow"),
                    "warning" => Some("warn"),
                    _ => near(other, LEVELS.iter().copied()),
                };
                let help = meant.map_or_else(
                    || "write `allow`, `warn` or `deny`".to_owned(),
                    |it| format!("did you mean `{it}`?"),
                );
                self.error(format!("`{other}` is not a level"), help);
                None
            }
        }
    }

    fn globals(&mut self, node: &Node, body: &mut Body) {
        body.globals_list = Some(self.origin(true));
        let mut allow = None;
        self.mapping(
            "`globals`",
            node,
            Some(&["packs", "allow", "refuse"]),
            |this, key, value| match key {
                "packs" => {
                    body.packs = this.texts("`globals.packs`", "torch-weights", value);
                }
                "allow" => {
                    allow = Some(this.origin(true));
                    let help = "write a list: `- package.module.Name`";
                    body.globals_allow =
                        this.sequence("`globals.allow`", value, help, |this, node| {
                            this.entry(node, true)
                        });
                }
                _ => {
                    let help = "write a list: `- package.module.*`";
                    body.globals_refuse =
                        this.sequence("`globals.refuse`", value, help, |this, node| {
                            this.entry(node, false)
                        });
                }
            },
        );
        if allow.is_some() {
            body.globals_list = allow;
        }
    }

    fn entry(&mut self, node: &Node, allow: bool) -> Option<Entry> {
        if let Node::Map(_) = node {
            return self.long_entry(node, allow);
        }
        let origin = self.origin(false);
        let text = self.text("a global", node)?;
        let pattern = self.pattern(&text)?;
        let uses = default_uses(&pattern, false);
        Some(Entry {
            text,
            pattern,
            uses,
            args: None,
            dangerous: false,
            reason: None,
            paths: Vec::new(),
            origin,
        })
    }

    fn pattern(&mut self, text: &str) -> Option<Pattern> {
        match Pattern::parse(text) {
            Ok(pattern) => Some(pattern),
            Err((message, help)) => {
                self.error(message, help);
                None
            }
        }
    }

    fn long_entry(&mut self, node: &Node, allow: bool) -> Option<Entry> {
        let mut global = None;
        let mut uses = None;
        let (mut args, mut dangerous, mut reason, mut paths) = (None, false, None, Vec::new());
        let known: &[&str] = if allow { ENTRY } else { &["global", "reason"] };
        let mut named = false;
        self.mapping("an entry of `globals`", node, Some(known), |this, key, value| match key {
            "global" => {
                named = true;
                let origin = this.origin(false);
                global = this
                    .text("a global", value)
                    .and_then(|text| this.pattern(&text).map(|pattern| (text, pattern, origin)));
            }
            "as" => uses = Some(this.uses(value)),
            "args" => {
                let help = "write one constraint for each argument: `[{allowed-global: class}, {identifier: true}]`";
                args = Some(this.sequence("`args`", value, help, Constraint::decode));
            }
            "dangerous" => match value {
                Node::Bool(value) => dangerous = *value,
                _ => this.wrong_type("`dangerous`", "`true` or `false`", value, "write `dangerous: true`, and a `reason`"),
            },
            "reason" => reason = this.text("`reason`", value),
            _ => paths = this.texts("`paths`", "\"models/**\"", value),
        });
        if !named {
            self.error(
                "an entry has no `global`",
                "add `global: package.module.Name`",
            );
        }
        let (text, pattern, origin) = global?;
        let uses = uses.unwrap_or_else(|| default_uses(&pattern, args.is_some()));
        Some(Entry {
            text,
            pattern,
            uses,
            args,
            dangerous,
            reason,
            paths,
            origin,
        })
    }

    fn uses(&mut self, node: &Node) -> Uses {
        let mut uses = Uses::default();
        let words = self.texts("`as`", "import, call", node);
        for (at, (word, _)) in words.iter().enumerate() {
            match word.as_str() {
                "import" => uses.add(Usage::Import),
                "call" => uses.add(Usage::Call),
                "construct" => uses.add(Usage::Construct),
                "build" => uses.add(Usage::Build),
                other => self.inside(Step::Index(at), |this| {
                    let help = near(other, USES.iter().copied()).map_or_else(
                        || format!("write some of {}", list(USES)),
                        |near| format!("did you mean `{near}`?"),
                    );
                    this.error(format!("`{other}` is not a use of a global"), help);
                }),
            }
        }
        // Nothing can be done with a global that may not be resolved.
        uses.add(Usage::Import);
        uses
    }
}

/// What an entry allows that does not say `as`: everything of a class, calling a function. A class is told by its capital.
/// One whose arguments are constrained allows no state to be set, because state is not among the arguments.
fn default_uses(pattern: &Pattern, constrained: bool) -> Uses {
    match pattern {
        _ if constrained => Uses::FUNCTION,
        Pattern::Exact { name, .. } if pattern::looks_like_class(name) => Uses::ALL,
        Pattern::Exact { .. } => Uses::FUNCTION,
        // Decided for each name that it matches.
        Pattern::Direct { .. } | Pattern::Deep { .. } => Uses::default(),
    }
}
