//! Test cases of a policy: what is expected to be allowed or refused, and by which rule.

use std::path::Path;

use super::{
    ArgumentVerdict, Catalog, FormatVerdict, GlobalVerdict, Policy, Refusal, Scope,
    decode::{Decoder, Key, list},
    error::{Errors, PolicyErrors, near},
    keys::{PolicyKey, rows, uses},
    load,
    locate::Origin,
    node::Node,
    pattern::{self, Pattern},
    uses::Uses,
};
use crate::{
    fact::{Argument, Global, GlobalName, Text, Usage},
    finding::{LineRef, RuleMeta},
};

/// A case.
#[derive(Debug)]
pub struct PolicyCase {
    /// What it is called: its name, or what it is about.
    pub name: String,
    /// What is judged.
    pub subject: CaseSubject,
    /// The path at which it is.
    pub path: Text,
    /// What is expected.
    pub expect: &'static str,
    /// The rule that is expected to refuse it.
    pub by: Option<String>,
    origin: Origin,
}

/// What a case is about.
#[derive(Debug)]
pub enum CaseSubject {
    /// Uses of a global, each of which is expected to be allowed, or one of which is expected to be refused.
    Global(GlobalName, Vec<Usage>),
    /// A call of a global with these arguments.
    Call(GlobalName, Vec<Argument>),
    /// A format, by its id.
    Format(String),
    /// A rule, whose level is expected.
    Rule(&'static RuleMeta),
    /// A file, from the folder of the cases.
    Artifact(String),
    /// Python, as if it were a file at the path of the case.
    Source(String),
}

/// What was decided.
#[derive(Debug)]
pub struct Decision {
    /// `allowed`, `refused` or a level.
    pub word: &'static str,
    /// The line that decided, if one did.
    pub by: Option<LineRef>,
    /// Why, where the line does not say it; empty otherwise.
    pub why: String,
}

#[derive(Debug, Default)]
struct Written {
    name: Option<String>,
    global: Option<(String, Origin)>,
    uses: Option<Uses>,
    format: Option<(String, Origin)>,
    rule: Option<(String, Origin)>,
    artifact: Option<String>,
    arguments: Option<Vec<Argument>>,
    source: Option<String>,
    path: Option<String>,
    expect: Option<(String, Origin)>,
    by: Option<(String, Origin)>,
}

fn text(decoder: &mut Decoder<'_>, what: &str, node: &Node) -> Option<(String, Origin)> {
    let origin = decoder.origin(false);
    decoder.text(what, node).map(|text| (text, origin))
}

/// The arguments of a call: a text, `{global: NAME}`, or `data` for what is neither.
fn arguments(decoder: &mut Decoder<'_>, node: &Node) -> Vec<Argument> {
    let help = "write a list: `[{text: name}, {global: package.module.Name}, data]`";
    decoder.sequence("`args`", node, help, |this, node| {
        let pair = match node {
            Node::Str(word) if **word == *"data" => return Some(Argument::Other),
            Node::Map(pairs) => match pairs.as_slice() {
                [(key, Node::Str(value))] => Some((&**key, &**value)),
                _ => None,
            },
            _ => None,
        };
        match pair {
            Some(("text", text)) => return Some(Argument::Str(Text::from(text))),
            Some(("global", text)) => match Pattern::parse(text) {
                Ok(Pattern::Exact { module, name }) => {
                    let global = GlobalName::new(module, name);
                    return Some(Argument::Global(Global::Named(global)));
                }
                Ok(_) => this.error(
                    format!("`{text}` stands for many globals"),
                    "name one global",
                ),
                Err((message, help)) => this.error(message, help),
            },
            _ => this.error(
                "an argument must be `{text: TEXT}`, `{global: NAME}` or `data`",
                "write `data` for what is neither a text nor a global",
            ),
        }
        None
    })
}

/// The keys of a case.
const CASE: &[Key<Written>] = &[
    Key {
        name: "name",
        value: "a text",
        summary: "what the case is called",
        decode: |this, node, case| case.name = this.text("`name`", node),
    },
    Key {
        name: "global",
        value: "the name of a global",
        summary: "a global, as files store it",
        decode: |this, node, case| case.global = text(this, "`global`", node),
    },
    Key {
        name: "as",
        value: "a list of `import`, `call`, `construct`, `build`, `configure`",
        summary: "how the global is used",
        decode: |this, node, case| case.uses = Some(uses(this, node)),
    },
    Key {
        name: "format",
        value: "a format",
        summary: "a format",
        decode: |this, node, case| case.format = text(this, "`format`", node),
    },
    Key {
        name: "rule",
        value: "a rule",
        summary: "a rule, whose level is expected",
        decode: |this, node, case| case.rule = text(this, "`rule`", node),
    },
    Key {
        name: "artifact",
        value: "a path",
        summary: "a file to check, relative to the cases",
        decode: |this, node, case| case.artifact = this.text("`artifact`", node),
    },
    Key {
        name: "args",
        value: "a list of arguments",
        summary: "the arguments with which the global is called",
        decode: |this, node, case| case.arguments = Some(arguments(this, node)),
    },
    Key {
        name: "source",
        value: "a text",
        summary: "Python to check, as if it were at `path`",
        decode: |this, node, case| case.source = this.text("`source`", node),
    },
    Key {
        name: "path",
        value: "a path",
        summary: "where the global or the format is",
        decode: |this, node, case| case.path = this.text("`path`", node),
    },
    Key {
        name: "expect",
        value: "`allowed`, `refused`, `allow`, `warn` or `deny`",
        summary: "what is expected; required",
        decode: |this, node, case| case.expect = text(this, "`expect`", node),
    },
    Key {
        name: "by",
        value: "a rule",
        summary: "the rule that refuses the artifact or the source",
        decode: |this, node, case| case.by = text(this, "`by`", node),
    },
];

/// The keys of a file of cases.
const FILE: &[Key<Vec<(Written, Origin)>>] = &[Key {
    name: "cases",
    value: "a list of mappings",
    summary: "the cases; required",
    decode: |this, node, cases| {
        let help = "write a list: `- {global: package.module.Name, expect: allowed}`";
        *cases = this.sequence("`cases`", node, help, |this, node| {
            let mut written = Written::default();
            this.keys("a case", node, CASE, &mut written);
            Some((written, this.origin(false)))
        });
    },
}];

/// Every key of a file of cases, the top first.
pub(super) fn case_keys() -> Vec<PolicyKey> {
    [rows("", FILE), rows("cases[].", CASE)].concat()
}

/// Reads a file of cases.
///
/// # Errors
/// What is wrong with it, each with its place.
pub fn cases(path: &Path, catalog: &Catalog<'_>) -> Result<Vec<PolicyCase>, PolicyErrors> {
    let (file, root) = load::document(path)?;
    let mut errors = Errors::default();
    let mut written = Vec::new();
    let mut decoder = Decoder {
        file: &file,
        way: Vec::new(),
        errors: &mut errors,
    };
    decoder.keys("the file of cases", &root, FILE, &mut written);
    if matches!(root.get("cases"), None | Some(Node::Null)) {
        decoder.error("there are no `cases`", "write `cases:` and a list under it");
    }
    let cases = written.into_iter();
    let cases = cases.filter_map(|(case, origin)| resolve(case, origin, catalog, &mut errors));
    let cases = cases.collect();
    if errors.is_empty() {
        Ok(cases)
    } else {
        Err(errors.finish())
    }
}

/// What a case is about, of the things there are.
fn resolve(
    case: Written,
    origin: Origin,
    catalog: &Catalog<'_>,
    errors: &mut Errors,
) -> Option<PolicyCase> {
    let rules: Vec<&str> = catalog.rules.iter().map(|rule| rule.id).collect();
    let mut known = |kind: &str, id: &(String, Origin), known: &[&str]| {
        let is_known = known.contains(&id.0.as_str());
        if !is_known {
            let help = near(&id.0, known.iter().copied()).map_or_else(
                || format!("`weighbridge explain` lists the {kind}s"),
                |near| format!("did you mean `{near}`?"),
            );
            errors.of(&id.1, format!("there is no {kind} `{}`", id.0), help);
        }
        is_known
    };
    let by = match case.by {
        Some(by) if !known("rule", &by, &rules) => return None,
        by => by.map(|(by, _)| by),
    };
    let about = (
        case.global,
        case.format,
        case.rule,
        case.artifact,
        case.source,
    );
    if case.arguments.is_some() && (about.0.is_none() || case.uses.is_some()) {
        let help = "write `global` and `args`, and leave `as` out";
        errors.of(&origin, "`args` are those of a call of a `global`", help);
        return None;
    }
    let (subject, name) = match about {
        (Some((text, at)), None, None, None, None) => match Pattern::parse(&text) {
            Ok(Pattern::Exact { module, name }) => {
                let usual = if pattern::looks_like_class(&name) {
                    Uses::ALL
                } else {
                    Uses::FUNCTION
                };
                let uses = case.uses.unwrap_or(usual.without(Uses::CONFIGURED)).list();
                let global = GlobalName::new(module, name);
                let subject = match case.arguments {
                    Some(arguments) => CaseSubject::Call(global, arguments),
                    None => CaseSubject::Global(global, uses),
                };
                (subject, text)
            }
            Ok(_) => {
                errors.of(
                    &at,
                    format!("`{text}` stands for many globals"),
                    "name one global",
                );
                return None;
            }
            Err((message, help)) => {
                errors.of(&at, message, help);
                return None;
            }
        },
        (None, Some(id), None, None, None) if known("format", &id, catalog.formats) => {
            (CaseSubject::Format(id.0.clone()), id.0)
        }
        (None, None, Some(id), None, None) if known("rule", &id, &rules) => {
            let rule = catalog.rules.iter().find(|rule| rule.id == id.0)?;
            (CaseSubject::Rule(rule), id.0)
        }
        (None, None, None, Some(path), None) => (CaseSubject::Artifact(path.clone()), path),
        (None, None, None, None, Some(source)) => {
            let name = source.lines().next().unwrap_or_default().to_owned();
            (CaseSubject::Source(source), name)
        }
        (None, Some(_), None, None, None) | (None, None, Some(_), None, None) => return None,
        _ => {
            let help = "write one of `global`, `format`, `rule`, `artifact` and `source`";
            errors.of(&origin, "a case must be about one thing", help);
            return None;
        }
    };
    let words: &[&'static str] = match subject {
        CaseSubject::Rule(_) => &["allow", "warn", "deny"],
        _ => &["allowed", "refused"],
    };
    let list = list(words);
    let Some((expect, at)) = case.expect else {
        errors.of(
            &origin,
            "a case has no `expect`",
            format!("add `expect:` and one of {list}"),
        );
        return None;
    };
    let Some(expect) = words.iter().find(|word| **word == expect) else {
        errors.of(
            &at,
            format!("`{expect}` is not what can be decided here"),
            format!("write one of {list}"),
        );
        return None;
    };
    let path = match (&subject, case.path) {
        (_, Some(path)) => path,
        (CaseSubject::Source(_), None) => String::from("source.py"),
        (_, None) => String::from("model"),
    };
    if matches!(subject, CaseSubject::Source(_)) && !PYTHON.iter().any(|end| path.ends_with(end)) {
        let message = format!("`{path}` is not the path of a Python file");
        errors.of(&origin, message, "end `path` in `.py`");
        return None;
    }
    Some(PolicyCase {
        name: case.name.unwrap_or(name),
        subject,
        path: Text::from(path),
        expect,
        by,
        origin,
    })
}

impl PolicyCase {
    /// Where it stands: the file, as it was named, and the line.
    pub fn line(&self) -> (String, u32) {
        let line = self.origin.line_ref("");
        (line.file, line.line)
    }

    /// What a policy decides; `None` of an artifact and of source, which have to be read.
    pub fn decision(&self, policy: &Policy) -> Option<Decision> {
        let scope = policy.scope(&self.path);
        let decided = |word, by, why: String| Some(Decision { word, by, why });
        match &self.subject {
            CaseSubject::Global(name, uses) => Some(use_of(&scope, name, uses)),
            CaseSubject::Call(name, arguments) => {
                let decision = use_of(&scope, name, &[Usage::Import, Usage::Call]);
                let verdict = scope.globals().arguments(name, arguments);
                Some(match verdict {
                    ArgumentVerdict::Refused { reason, decided_by } if decision.word == ALLOWED => {
                        Decision {
                            word: REFUSED,
                            by: decided_by,
                            why: reason,
                        }
                    }
                    _ => decision,
                })
            }
            CaseSubject::Format(id) => match scope.format(id) {
                FormatVerdict::Allowed(by) => {
                    decided("allowed", Some(by.line_ref("")), String::new())
                }
                FormatVerdict::Refused { decided_by, .. } => {
                    decided("refused", decided_by, String::new())
                }
            },
            CaseSubject::Rule(rule) => {
                let by = scope.level_decided_by(rule);
                decided(scope.level(rule).word(), by, String::new())
            }
            CaseSubject::Artifact(_) | CaseSubject::Source(_) => None,
        }
    }
}

/// How the paths of what is read as Python end.
const PYTHON: &[&str] = &[".py", ".pyi", ".pyw", ".ipynb"];
const ALLOWED: &str = "allowed";
const REFUSED: &str = "refused";

/// Whether each of these uses is allowed; the first that is not decides.
fn use_of(scope: &Scope, name: &GlobalName, uses: &[Usage]) -> Decision {
    for usage in uses {
        if let GlobalVerdict::Refused {
            why, decided_by, ..
        } = scope.globals().verdict(name, *usage)
        {
            let why = match why {
                Refusal::Unlisted { .. } => String::from("nothing lists it"),
                Refusal::Use { .. } => format!("it is not listed for {usage}"),
                Refusal::Refused => String::from("an entry refuses it"),
            };
            return Decision {
                word: REFUSED,
                by: decided_by,
                why,
            };
        }
    }
    let by = uses
        .first()
        .and_then(|usage| scope.globals().allowed_by(name, *usage));
    Decision {
        word: ALLOWED,
        by: by.map(|by| by.line_ref("")),
        why: String::new(),
    }
}
