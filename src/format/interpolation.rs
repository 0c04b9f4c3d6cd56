//! What a configuration of hydra, MONAI or intake has called besides what it names outright: names that are put together from other values
//! (`_target_: ${model.name}`), and Python in texts.

use serde_yaml::Value;

use crate::{bytes::narrow, limits};

/// How often a value may refer to another one that does so as well.
const DEPTH: usize = 16;
/// Characters that are put together for one name.
const ROOM: usize = 1024;

/// A path that is called, and the text that says so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Called {
    /// Nothing if this file does not tell.
    pub(super) path: Option<String>,
    pub(super) text: String,
}

/// What the values of a document have called.
pub(super) fn called(root: &Value) -> Vec<Called> {
    let mut found = Followed {
        root,
        path: Vec::new(),
        evaluates: evaluates(root),
        renders: root.get("sources").is_some_and(Value::is_mapping),
        aliases: Vec::new(),
        called: Vec::new(),
    };
    if found.evaluates {
        found.imports(root, 0);
    }
    if found.renders {
        found.drivers();
    }
    found.walk(root);
    found.called
}

/// Whether it is a configuration of MONAI, whose texts are evaluated if they begin with a `$`.
fn evaluates(root: &Value) -> bool {
    let has = |key: &str| root.get(key).is_some();
    // What a bundle runs stands under these, in a text or in several.
    let is_expression = |it: &Value| {
        let expression = it.as_str().and_then(|text| text.strip_prefix('$'));
        expression.is_some_and(|rest| !rest.starts_with('{'))
    };
    let runs = |key: &str| {
        let value = root.get(key);
        let several = value.and_then(Value::as_sequence).into_iter().flatten();
        value.into_iter().chain(several).any(is_expression)
    };
    has("bundle_root")
        || has("_meta_")
        || has("run_name") && has("evaluate")
        || ["imports", "initialize", "run", "finalize"]
            .into_iter()
            .any(runs)
        || names_component(root, 0)
}

/// Whether a part is called by the name of a class alone, as those of MONAI are, or has a key of MONAI's.
fn names_component(value: &Value, depth: usize) -> bool {
    if depth > limits::JSON_DEPTH {
        return false;
    }
    let inside = |value: &Value| names_component(value, depth.saturating_add(1));
    match value {
        Value::Mapping(entries) => {
            let is_bare = |text: &str| {
                text.starts_with(|first: char| first.is_ascii_uppercase()) && !text.contains('.')
            };
            let target = value.get("_target_").and_then(Value::as_str);
            let keys = ["_requires_", "_disabled_", "_mode_", "_desc_"];
            target.is_some_and(is_bare)
                || target.is_some() && keys.iter().any(|key| value.get(*key).is_some())
                || entries.values().any(inside)
        }
        Value::Sequence(items) => items.iter().any(inside),
        _ => false,
    }
}

struct Followed<'y> {
    root: &'y Value,
    /// The mappings around, outer ones first, each with the key that leads on.
    path: Vec<String>,
    evaluates: bool,
    renders: bool,
    /// Names that imports give to modules and their attributes.
    aliases: Vec<(String, String)>,
    called: Vec<Called>,
}

impl Followed<'_> {
    /// The classes that a catalogue of intake makes its sources of: a name with a dot, or with a colon behind the module, is imported and called
    /// with `args`.
    fn drivers(&mut self) {
        let sources = self.root.get("sources").and_then(Value::as_mapping);
        for source in sources.into_iter().flat_map(serde_yaml::Mapping::values) {
            let driver = source.get("driver");
            let several = driver.and_then(Value::as_sequence).into_iter().flatten();
            for text in driver.into_iter().chain(several).filter_map(Value::as_str) {
                if text.contains('.') || text.contains(':') {
                    self.called.push(Called {
                        path: Some(text.replace(':', ".")),
                        text: text.to_owned(),
                    });
                }
            }
        }
    }

    fn walk(&mut self, value: &Value) {
        if self.path.len() > limits::JSON_DEPTH {
            return;
        }
        match value {
            Value::Mapping(entries) => {
                for (key, value) in entries {
                    let Some(key) = key.as_str() else { continue };
                    if key == "_target_"
                        && let Some(text) = value.as_str()
                        && text.contains("${")
                    {
                        let path = self.resolved(text, &self.path, 0);
                        let text = text.to_owned();
                        self.called.push(Called { path, text });
                    }
                    self.path.push(key.to_owned());
                    self.walk(value);
                    self.path.pop();
                }
            }
            Value::Sequence(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.path.push(n.to_string());
                    self.walk(item);
                    self.path.pop();
                }
            }
            Value::Tagged(it) => self.walk(&it.value),
            Value::String(text) => self.text(text),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        let expression = text.strip_prefix('$').filter(|it| !it.starts_with('{'));
        if let Some(expression) = expression.filter(|_| self.evaluates) {
            self.expression(expression);
        }
        // Catalogues of intake run what `shell` is given in a template.
        if self.renders {
            let calls = text.split("{{").skip(1);
            let runs = |call: &str| {
                let call = call.trim_start();
                let rest = call.strip_prefix("client_").unwrap_or(call);
                let rest = rest.strip_prefix("shell");
                rest.is_some_and(|rest| rest.trim_start().starts_with('('))
            };
            if calls.into_iter().any(runs) {
                self.called.push(Called {
                    path: Some("subprocess.check_output".to_owned()),
                    text: text.to_owned(),
                });
            }
        }
    }

    /// The names in an expression of Python: any of them may be called.
    fn expression(&mut self, expression: &str) {
        if expression.starts_with("import ") || expression.starts_with("from ") {
            return;
        }
        let is_import =
            |(alias, path): &(String, String)| alias.as_str() == expression && !path.contains('.');
        // A module by itself runs nothing: who refers to it is followed.
        if self.aliases.iter().any(is_import) {
            return;
        }
        for name in names(&self.with_references(expression)) {
            let (first, rest) = name.split_once('.').unwrap_or((name.as_str(), ""));
            let alias = self.aliases.iter().find(|(alias, _)| alias == first);
            let path = match (alias, rest) {
                // Whoever has a module has all that is in it.
                (Some((_, module)), "") if !module.contains('.') => format!("{module}.__dict__"),
                (Some((_, path)), "") => path.clone(),
                (Some((_, module)), rest) => format!("{module}.{rest}"),
                // A function of Python's own.
                (None, "") => format!("builtins.{first}"),
                (None, _) => name.clone(),
            };
            let path = Some(path);
            self.called.push(Called { path, text: name });
        }
    }

    /// An expression with names in the place of references (`@a::b`) to texts that are names.
    fn with_references(&self, expression: &str) -> String {
        let mut parts = expression.split('@');
        let mut made = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '#')));
            let (reference, rest) = part.split_at(end.unwrap_or(part.len()));
            let steps = reference.split([':', '#']).filter(|it| !it.is_empty());
            let value = steps
                .into_iter()
                .try_fold(self.root, |value, step| match value {
                    Value::Sequence(items) => items.get(narrow(step.parse().ok()?)),
                    other => other.get(step),
                });
            let name = value
                .and_then(Value::as_str)
                .and_then(|it| it.strip_prefix('$'));
            made.push_str(name.filter(|it| is_path(it)).unwrap_or(reference));
            made.push_str(rest);
        }
        made
    }

    /// `$import a as b`, `$from a import b as c`, wherever they stand.
    fn imports(&mut self, value: &Value, depth: usize) {
        if depth > limits::JSON_DEPTH {
            return;
        }
        match value {
            Value::Mapping(entries) => {
                for value in entries.values() {
                    self.imports(value, depth.saturating_add(1));
                }
            }
            Value::Sequence(items) => {
                for value in items {
                    self.imports(value, depth.saturating_add(1));
                }
            }
            Value::String(text) => {
                let words: Vec<&str> = text
                    .split(|c: char| c.is_whitespace() || c == ',')
                    .filter(|word| !word.is_empty())
                    .collect();
                let (module, names) = match words.as_slice() {
                    ["$import", names @ ..] => ("", names),
                    ["$from", module, "import", names @ ..] => (*module, names),
                    _ => return,
                };
                let mut rest = names;
                while let [name, after @ ..] = rest {
                    let (alias, after) = match after {
                        ["as", alias, after @ ..] => (*alias, after),
                        _ => (*name, after),
                    };
                    let path = if module.is_empty() {
                        (*name).to_owned()
                    } else {
                        format!("{module}.{name}")
                    };
                    if self.aliases.len() < limits::CONFIG_TARGETS {
                        self.aliases.push((alias.to_owned(), path));
                    }
                    rest = after;
                }
            }
            _ => {}
        }
    }

    /// A text with what it refers to in the place of each reference; nothing if that cannot be had. `path`: the mapping around it.
    fn resolved(&self, text: &str, path: &[String], depth: usize) -> Option<String> {
        if depth > DEPTH {
            return None;
        }
        let mut made = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            made.push_str(before);
            let end = end_of(after)?;
            let (inner, after) = after.split_at_checked(end)?;
            rest = after.strip_prefix('}')?;
            let inner = self.resolved(inner, path, depth.saturating_add(1))?;
            made.push_str(&self.reference(inner.trim(), path, depth)?);
            if made.len() > ROOM {
                return None;
            }
        }
        made.push_str(rest);
        (made.len() <= ROOM).then_some(made)
    }

    /// What a reference stands for.
    fn reference(&self, inner: &str, path: &[String], depth: usize) -> Option<String> {
        if let Some((resolver, given)) = inner.split_once(':') {
            let (key, otherwise) = match given.split_once(',') {
                Some((key, otherwise)) => (key.trim(), Some(otherwise.trim())),
                None => (given.trim(), None),
            };
            let plain = otherwise.map(|it| it.trim_matches(['"', '\'']).to_owned());
            return match resolver.trim() {
                "oc.select" => self.reference(key, &[], depth).or(plain),
                // Where the variable is not set.
                "oc.env" => plain,
                _ => None,
            };
        }
        let dots = inner
            .len()
            .saturating_sub(inner.trim_start_matches('.').len());
        let key = inner.trim_start_matches('.');
        let mut steps: Vec<String> = match dots {
            0 => Vec::new(),
            dots => {
                let up = path.len().checked_sub(dots.saturating_sub(1))?;
                path.get(..up)?.to_vec()
            }
        };
        let parts = key.split(['.', '[']).map(|it| it.trim_end_matches(']'));
        steps.extend(parts.filter(|it| !it.is_empty()).map(str::to_owned));
        let mut value = self.root;
        for step in &steps {
            value = match value {
                Value::Sequence(items) => items.get(narrow(step.parse().ok()?))?,
                other => other.get(step.as_str())?,
            };
        }
        let text = value.as_str()?;
        steps.pop();
        self.resolved(text, &steps, depth.saturating_add(1))
    }
}

/// Whether an expression is the name of something, or of an attribute of it.
fn is_path(expression: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    !expression.is_empty() && expression.chars().all(is_part)
}

/// Where the brace is that closes a reference.
fn end_of(text: &str) -> Option<usize> {
    let mut open: usize = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open = open.saturating_add(1),
            b'}' if open == 0 => return Some(at),
            b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Names with their attributes in an expression, outside of its texts.
fn names(expression: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut quote = None;
    for c in expression.chars().chain([' ']) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c.is_alphanumeric() || c == '_' || c == '.' && !name.is_empty() => name.push(c),
            None => {
                let is_name = name.starts_with(|first: char| !first.is_ascii_digit());
                let taken = std::mem::take(&mut name);
                if is_name {
                    names.push(taken.trim_end_matches('.').to_owned());
                }
                if matches!(c, '"' | '\'') {
                    quote = Some(c);
                }
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{called, names};

    fn paths(yaml: &str) -> Vec<String> {
        let root = serde_yaml::from_str(yaml).unwrap();
        called(&root).into_iter().filter_map(|it| it.path).collect()
    }

    #[test]
    fn references_are_followed() {
        for (yaml, path) in [
            ("a: os.system\nb: {_target_: '${a}'}", "os.system"),
            (
                "a: {m: os, f: system}\nb: {_target_: '${a.m}.${a.f}'}",
                "os.system",
            ),
            ("b: {n: os.system, _target_: '${.n}'}", "os.system"),
            ("n: os.system\nb: {c: {_target_: '${..n}'}}", ""),
            ("b: {n: os.system, c: {_target_: '${..n}'}}", "os.system"),
            ("l: [a, os.system]\nb: {_target_: '${l[1]}'}", "os.system"),
            ("k: n\nn: os.system\nb: {_target_: '${${k}}'}", "os.system"),
            ("n: os.system\nm: ${n}\nb: {_target_: '${m}'}", "os.system"),
            ("b: {_target_: '${oc.env:X,os.system}'}", "os.system"),
            ("n: os.system\nb: {_target_: '${oc.select:n}'}", "os.system"),
            ("b: {_target_: '${oc.select:n,\"os.system\"}'}", "os.system"),
            ("a: ${b}\nb: ${a}\nc: {_target_: '${a}'}", ""),
            ("c: {_target_: '${none}'}", ""),
            ("c: {_target_: '${other:x}'}", ""),
        ] {
            assert_eq!(
                paths(yaml).first().map_or("", String::as_str),
                path,
                "{yaml}"
            );
        }
    }

    #[test]
    fn expressions_of_bundles_are_read() {
        assert_eq!(
            names("a.b(c['d.e'], 1.5, x.y.z) + f\"os.system\""),
            ["a.b", "c", "x.y.z", "f"]
        );
        let bundle = "imports: [$import os as o, '$from os import system as s']\nx: $o.system('id')\ny: $s('id')\nz: $eval('1')\n";
        let found = paths(bundle);
        for name in ["os.system", "builtins.eval"] {
            assert!(found.iter().any(|it| it == name), "{name} {found:?}");
        }
        let bundle = "run: \"$q.popen('id')\"\nq: $os\ninitialize: [$from subprocess import run as r, '$@q.system(1)', '$getattr(os, s)', $r(1)]\nx: $import os\n";
        let found = paths(bundle);
        for name in ["os.system", "subprocess.run", "os.__dict__"] {
            assert!(found.iter().any(|it| it == name), "{name} {found:?}");
        }
        // What others write so.
        assert_eq!(paths("x: $o.system('id')\ny: {_target_: a.b}\n"), [""; 0]);
    }
}
