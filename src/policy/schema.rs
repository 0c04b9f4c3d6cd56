//! The JSON Schemas of a policy, of its cases and of a lock file, for editors: made from the tables of their keys, whose `value` says
//! what may stand there.

use serde_json::{Map, Value, json};

use super::{Policy, PolicyKey, cases::case_keys, keys, pack_names};
use crate::{finding::RuleMeta, pins::PIN_KEYS};

/// The words that a policy may use.
#[derive(Debug)]
pub struct Words<'a> {
    /// The rules.
    pub rules: Vec<&'static RuleMeta>,
    /// The formats, each with its title.
    pub formats: Vec<(&'a str, &'a str)>,
}

/// What a schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaOf {
    /// A policy.
    Policy,
    /// The cases that a policy is tested with.
    Cases,
    /// A lock file.
    Lock,
}

/// The schema of a file.
pub fn schema(of: SchemaOf, words: &Words<'_>) -> Value {
    let (title, keys) = match of {
        SchemaOf::Policy => ("Weighbridge policy", keys()),
        SchemaOf::Cases => ("Cases of a weighbridge policy", case_keys()),
        SchemaOf::Lock => ("Weighbridge lock file", lock_keys()),
    };
    let mut schema = Schema { words, keys }.mapping("");
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(
            String::from("$schema"),
            json!("http://json-schema.org/draft-07/schema#"),
        );
        schema.insert(String::from("title"), json!(title));
        schema.insert(String::from("type"), json!("object"));
    }
    schema
}

/// The keys of a lock file.
fn lock_keys() -> Vec<PolicyKey> {
    let key = |path: &str, value, summary| PolicyKey {
        path: path.to_owned(),
        value,
        summary,
    };
    let top = [
        key("version", "`1`", "the version of the lock file; required"),
        key("artifacts", "a list of mappings", "the pins; required"),
    ];
    let pins = PIN_KEYS
        .iter()
        .map(|it| key(&format!("artifacts[].{}", it.name), it.value, it.summary));
    top.into_iter().chain(pins).collect()
}

struct Schema<'w> {
    words: &'w Words<'w>,
    keys: Vec<PolicyKey>,
}

impl Schema<'_> {
    /// A mapping with the keys whose paths begin with `of`.
    fn mapping(&self, of: &str) -> Value {
        let is_child = |path: &str| {
            let rest = path.strip_prefix(of)?;
            (!rest.contains(['.', '['])).then(|| rest.to_owned())
        };
        let mut properties = Map::new();
        let mut required = Vec::new();
        for key in &self.keys {
            let Some(name) = is_child(&key.path) else {
                continue;
            };
            let mut value = self.value(&key.path, key.value);
            if let Some(value) = value.as_object_mut() {
                let summary = plain(key.summary);
                let summary = summary.trim_end_matches("; required");
                value.insert(String::from("description"), json!(summary));
            }
            if key.summary.ends_with("; required") || of.starts_with("globals.") && name == "global"
            {
                required.push(name.clone());
            }
            properties.insert(name, value);
        }
        // An override has the same keys as the policy, which the table has once.
        if properties.is_empty()
            && let Some((_, same)) = of.split_once("[].")
        {
            return self.mapping(same);
        }
        let mut schema = json!({
            "type": ["object", "null"],
            "properties": properties,
            "additionalProperties": false,
        });
        if let (false, Some(schema)) = (required.is_empty(), schema.as_object_mut()) {
            schema.insert(String::from("required"), json!(required));
            schema.insert(String::from("type"), json!("object"));
        }
        schema
    }

    /// What may stand at a key, by the words with which the table says it.
    fn value(&self, path: &str, value: &str) -> Value {
        let text = || json!({"type": "string", "pattern": "\\S"});
        let list = |items: Value| json!({"type": ["array", "null"], "items": items});
        let items = || self.mapping(&format!("{path}[]."));
        let value = plain(value);
        match value.as_str() {
            "`1`" => json!({"const": 1}),
            "a text" | "a path" => text(),
            "a number" => json!({"type": "integer", "minimum": 0}),
            "a format" => self.format(),
            "the name of a global" => {
                json!({"type": "string", "pattern": "^[^\\s*:]+[.:][^\\s:*]+$"})
            }
            "a list of arguments" => list(argument()),
            "64 hexadecimal digits" => json!({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}),
            "a list of paths" | "a list of texts" => list(text()),
            "a mapping" => self.mapping(&format!("{path}.")),
            "a list of mappings" => list(items()),
            "a list of paths and of mappings" => list(json!({"anyOf": [text(), items()]})),
            "a list of names and of mappings" => list(json!({"anyOf": [name(), items()]})),
            "`package.module.Name`, or a pattern" => name(),
            "a policy, or a list of them" => {
                let bundled: Vec<&str> = Policy::bundled_names().collect();
                let one = json!({"anyOf": [{"enum": bundled}, {"type": "string", "pattern": "\\.ya?ml$"}]});
                json!({"anyOf": [one, list(one.clone())]})
            }
            "`auto`, a version or a range" => {
                json!({"type": "string", "pattern": "\\S", "examples": ["auto", ">=2.6"]})
            }
            "a list of packs" => list(json!({"enum": pack_names().collect::<Vec<_>>()})),
            "a list of formats" => list(self.format()),
            "a list of formats, or a mapping of each to a text" => {
                let formats = self.words.formats.iter();
                let properties: Map<String, Value> = formats
                    .map(|(id, title)| {
                        let advice = json!({"type": ["string", "null"], "description": title});
                        ((*id).to_owned(), advice)
                    })
                    .collect();
                json!({"anyOf": [
                    list(self.format()),
                    {"type": "object", "properties": properties, "additionalProperties": false},
                ]})
            }
            "a rule" => json!({"enum": self.rules()}),
            "a mapping of rules to `allow`, `warn` or `deny`" => {
                let rules = self.words.rules.iter();
                let properties: Map<String, Value> = rules
                    .map(|rule| {
                        let level = json!({
                            "enum": ["allow", "warn", "deny"],
                            "description": format!("{} (default: {})", rule.summary, rule.level),
                        });
                        (rule.id.to_owned(), level)
                    })
                    .collect();
                json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false})
            }
            "a list of constraints" => list(constraint()),
            "`true` or `false`" => json!({"type": "boolean"}),
            day if day.starts_with("a day") => {
                json!({"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"})
            }
            keys if keys.starts_with("a list of keys") => list(text()),
            words if words.starts_with("a list of `") => list(json!({"enum": quoted(words)})),
            words if words.starts_with('`') => json!({"enum": quoted(words)}),
            // A test of the table finds it.
            _ => json!({}),
        }
    }

    fn format(&self) -> Value {
        let formats = self.words.formats.iter();
        json!({"enum": formats.map(|(id, _)| *id).collect::<Vec<_>>()})
    }

    fn rules(&self) -> Vec<&'static str> {
        self.words.rules.iter().map(|rule| rule.id).collect()
    }
}

/// A name as an entry spells it.
fn name() -> Value {
    json!({
        "type": "string",
        "pattern": "^[^\\s*:]+[.:][^\\s:]+$",
        "examples": ["package.module.Name", "package.module:Outer.Inner", "package.module.*"],
    })
}

/// What an argument has to be.
fn constraint() -> Value {
    let one = |key: &str, value: Value| {
        json!({
            "type": "object",
            "properties": {key: value},
            "required": [key],
            "additionalProperties": false,
        })
    };
    json!({"anyOf": [
        one("allowed-global", json!({"enum": ["class", "function", "any"]})),
        one("identifier", json!({"const": true})),
        one("one-of", json!({"type": "array", "items": {"type": "string"}, "minItems": 1})),
        one("data", json!({"const": true})),
    ]})
}

/// An argument of a call in a case.
fn argument() -> Value {
    let one = |key: &str| {
        json!({
            "type": "object",
            "properties": {key: {"type": "string"}},
            "required": [key],
            "additionalProperties": false,
        })
    };
    json!({"anyOf": [{"const": "data"}, one("text"), one("global")]})
}

/// The words between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Markdown without its links.
fn plain(markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = markdown;
    while let Some((before, after)) = rest.split_once('[') {
        let link = after.split_once("](");
        let Some((text, (_, after))) =
            link.and_then(|(text, after)| Some((text, after.split_once(')')?)))
        else {
            break;
        };
        out.push_str(before);
        out.push_str(text);
        rest = after;
    }
    out + rest
}
