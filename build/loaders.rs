//! Makes the tables of `src/loader/mod.rs` of what `policies/loaders/*.yaml` say: the loaders, their other names, and the words
//! by which the reader of Python finds them in a text.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write as _,
    fs,
    path::Path,
};

use serde_yaml::{Mapping, Value};

use super::files::mappings;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RISKS: &[(&str, &str)] = &[
    ("code", "Risk::Code"),
    ("conditional", "Risk::Conditional"),
    ("native", "Risk::Native"),
    ("remote", "Risk::Remote"),
];

/// How often one alias leads to another: what `loader::canonical` follows.
const STEPS: usize = 3;

/// What all files say.
#[derive(Default)]
struct Catalogue {
    /// By qualified name: Rust of the row.
    loaders: BTreeMap<String, String>,
    /// Other names of modules and of loaders, and what they stand for.
    aliases: BTreeMap<String, String>,
    /// Those that are methods of an instance.
    methods: BTreeSet<String>,
    /// By last word: those that are called of classes which inherit them, whatever those are called.
    inherited: BTreeMap<String, String>,
    /// By name: Rust of the row.
    variables: BTreeMap<String, String>,
}

/// Writes the tables for the files in a folder.
pub(crate) fn compile(folder: &Path, out: &Path) -> Result<()> {
    let mut catalogue = Catalogue::default();
    for (path, file) in mappings(folder)? {
        let said = |error: Box<dyn Error>| format!("{}: {error}", path.display());
        catalogue.add(&file).map_err(said)?;
    }
    fs::write(out.join("loaders.rs"), catalogue.rust()?)?;
    Ok(())
}

impl Catalogue {
    fn add(&mut self, file: &Mapping) -> Result<()> {
        only(file, &["library", "modules", "loaders", "variables"])?;
        let library = text(file, "library")?;
        if let Some(modules) = file.get("modules") {
            for (from, to) in modules.as_mapping().ok_or("`modules` is no mapping")? {
                let (from, to) = (from.as_str().unwrap_or(""), to.as_str().unwrap_or(""));
                self.alias(from, to)?;
            }
        }
        for row in rows(file, "loaders")? {
            self.loader(library, row)
                .map_err(|error| format!("{}: {error}", text(row, "call").unwrap_or("?")))?;
        }
        for row in rows(file, "variables")? {
            only(row, &["name", "effect", "rules"])?;
            let name = text(row, "name")?;
            let rust = format!(
                "Variable {{ name: {name:?}, library: {library:?}, effect: {:?}, rules: &{:?} }}",
                text(row, "effect")?,
                texts(row, "rules")?
            );
            if self.variables.insert(name.to_owned(), rust).is_some() {
                return Err(format!("`{name}` stands there twice").into());
            }
        }
        Ok(())
    }

    fn loader(&mut self, library: &str, row: &Mapping) -> Result<()> {
        only(
            row,
            &[
                "call",
                "method",
                "inherited",
                "aliases",
                "file",
                "risk",
                "arguments",
                "instead",
                "rules",
            ],
        )?;
        let name = qualified(text(row, "call")?)?;
        let is = |key| row.get(key).is_some_and(|it| *it == Value::Bool(true));
        if is("method") {
            self.methods.insert(name.to_owned());
        }
        if let Some((_, last)) = name.rsplit_once('.').filter(|_| is("inherited"))
            && let Some(other) = self.inherited.insert(last.to_owned(), name.to_owned())
        {
            return Err(format!("`{last}` is inherited from `{other}` as well").into());
        }
        let aliases = texts(row, "aliases")?;
        for alias in &aliases {
            self.alias(alias, name)?;
        }
        let risk = text(row, "risk")?;
        let (_, risk) = RISKS
            .iter()
            .find(|(word, _)| *word == risk)
            .ok_or_else(|| format!("`risk: {risk}` is none of {}", words(RISKS)))?;
        let mut arguments = String::new();
        for argument in rows(row, "arguments")? {
            write!(arguments, "{}, ", self::argument(argument)?)?;
        }
        let rules = texts(row, "rules")?;
        if rules.is_empty() {
            return Err("no rule judges it".into());
        }
        let rust = format!(
            "Loader {{ name: {name:?}, library: {library:?}, aliases: &{aliases:?}, file: {:?}, risk: {risk}, \
             arguments: &[{arguments}], instead: {:?}, rules: &{rules:?} }}",
            text(row, "file")?,
            text(row, "instead")?,
        );
        if self.loaders.insert(name.to_owned(), rust).is_some() {
            return Err("it stands there twice".into());
        }
        Ok(())
    }

    fn alias(&mut self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (path(from)?, path(to)?);
        if self
            .aliases
            .insert(from.to_owned(), to.to_owned())
            .is_some()
        {
            return Err(format!("`{from}` stands for two things").into());
        }
        Ok(())
    }

    /// Every path to a loader, its own name first, as far as aliases of aliases are followed.
    fn paths(&self, name: &str) -> Vec<String> {
        let mut all = vec![name.to_owned()];
        let mut last = all.clone();
        for _ in 0..STEPS {
            let mut next = Vec::new();
            for path in &last {
                for (from, to) in &self.aliases {
                    let rest = path.strip_prefix(to.as_str());
                    let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with('.'));
                    next.extend(rest.map(|rest| format!("{from}{rest}")));
                }
            }
            next.retain(|path| !all.contains(path));
            all.extend(next.iter().cloned());
            last = next;
        }
        all.sort_by_key(|path| path.split('.').count());
        all
    }

    /// By the last word of every path to a loader: words of which each such path has one. What is inherited needs no other.
    fn last_words(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut paths: Vec<String> = self.loaders.keys().flat_map(|n| self.paths(n)).collect();
        // Short ones first: a path through another library often has a word that is there already.
        paths.sort_by_key(|path| path.split('.').count());
        for path in paths {
            let Some((module, last)) = path.rsplit_once('.') else {
                continue;
            };
            let words = found.entry(last.to_owned()).or_default();
            if !module.split('.').any(|word| words.contains(word)) {
                words.insert(module.split('.').next().unwrap_or(module).to_owned());
            }
        }
        for last in self.inherited.keys() {
            found.insert(last.clone(), BTreeSet::from([last.clone()]));
        }
        found
    }

    fn rust(&self) -> Result<String> {
        let mut rust = String::new();
        let table = |rust: &mut String, doc: &str, name: &str, of: &str, rows: &[String]| {
            writeln!(rust, "/// {doc}\npub static {name}: &[{of}] = &[")?;
            for row in rows {
                writeln!(rust, "    {row},")?;
            }
            writeln!(rust, "];")
        };
        let loaders: Vec<String> = self.loaders.values().cloned().collect();
        table(
            &mut rust,
            "Every loader, by name.",
            "LOADERS",
            "Loader",
            &loaders,
        )?;
        let variables: Vec<String> = self.variables.values().cloned().collect();
        let doc = "Every variable of the environment, by name.";
        table(&mut rust, doc, "VARIABLES", "Variable", &variables)?;
        let pair = |(from, to): (&String, &String)| format!("({from:?}, {to:?})");
        let aliases: Vec<String> = self.aliases.iter().map(pair).collect();
        let doc = "Other names of modules and loaders, and what each stands for, sorted.";
        table(&mut rust, doc, "ALIASES", "(&str, &str)", &aliases)?;
        let classes = self
            .methods
            .iter()
            .filter_map(|name| Some(name.rsplit_once('.')?.0));
        let classes: BTreeSet<&str> = classes.collect();
        let rows: Vec<String> = classes.iter().map(|class| format!("{class:?}")).collect();
        let doc = "The classes whose instances have a method that loads, sorted.";
        table(&mut rust, doc, "CLASSES", "&str", &rows)?;
        let rows: Vec<String> = self.inherited.iter().map(pair).collect();
        let doc = "Last words of the loaders that classes inherit, and their names, sorted.";
        table(&mut rust, doc, "INHERITED", "(&str, &str)", &rows)?;
        let last_words = self.last_words();
        let row = |(last, words): (&String, &BTreeSet<String>)| {
            let words: Vec<&String> = words.iter().collect();
            format!("({last:?}, &{words:?})")
        };
        let rows: Vec<String> = last_words.iter().map(row).collect();
        let doc = "The last word of every path to a loader, with words of which each such path has one, sorted.";
        table(&mut rust, doc, "LAST_WORDS", "(&str, &[&str])", &rows)?;
        let words = last_words.keys().chain(self.variables.keys());
        let words: Vec<&String> = words.collect();
        // A word is found by any part of it.
        let shortest = |word: &&&String| !words.iter().any(|o| o != *word && word.contains(*o));
        let shortest = words.iter().filter(shortest);
        let rows: Vec<String> = shortest.map(|word| format!("{word:?}")).collect();
        let doc = "Parts of which every last word and every variable has one.";
        table(&mut rust, doc, "PARTS", "&str", &rows)?;
        Ok(rust)
    }
}

fn argument(row: &Mapping) -> Result<String> {
    only(row, &["name", "position", "safe", "unsafe", "default"])?;
    let position = match row.get("position") {
        None => "None".to_owned(),
        Some(position) => format!(
            "Some({})",
            position.as_u64().ok_or("`position` is no number")?
        ),
    };
    let defaults = row.get("default").and_then(Value::as_mapping);
    let mut found: Vec<(Vec<u16>, &str)> = Vec::new();
    for (since, value) in defaults.ok_or("`default` is no mapping of releases to values")? {
        let since = since.as_str().unwrap_or("").split('.');
        let since = since
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        found.push((since, value.as_str().ok_or("a default that is no text")?));
    }
    if found.is_empty() || !found.is_sorted() {
        return Err("`default` names releases from the oldest on".into());
    }
    let defaults = found
        .iter()
        .map(|(since, value)| format!("Default {{ since: &{since:?}, value: {value:?} }}"));
    let defaults: Vec<String> = defaults.collect();
    Ok(format!(
        "DecidingArgument {{ name: {:?}, position: {position}, safe: {:?}, lets_run: &{:?}, defaults: &[{}] }}",
        text(row, "name")?,
        text(row, "safe")?,
        texts(row, "unsafe")?,
        defaults.join(", ")
    ))
}

/// A name with its module.
fn qualified(name: &str) -> Result<&str> {
    if name.contains('.') {
        path(name)
    } else {
        Err(format!("`{name}` names no module").into())
    }
}

fn path(name: &str) -> Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = |word: &str| !word.is_empty() && word.chars().all(plain);
    if name.split('.').all(word) {
        Ok(name)
    } else {
        Err(format!("`{name}` is no name").into())
    }
}

fn only(row: &Mapping, known: &[&str]) -> Result<()> {
    for key in row.keys() {
        let key = key.as_str().unwrap_or("?");
        if !known.contains(&key) {
            return Err(format!("`{key}` is none of {}", known.join(", ")).into());
        }
    }
    Ok(())
}

fn text<'r>(row: &'r Mapping, key: &str) -> Result<&'r str> {
    let text = row.get(key).and_then(Value::as_str);
    text.ok_or_else(|| format!("`{key}` is missing, or no text").into())
}

fn texts<'r>(row: &'r Mapping, key: &str) -> Result<Vec<&'r str>> {
    let Some(list) = row.get(key) else {
        return Ok(Vec::new());
    };
    let list = list
        .as_sequence()
        .map(|list| list.iter().map(Value::as_str));
    let list = list.and_then(|mut list| list.by_ref().collect::<Option<_>>());
    list.ok_or_else(|| format!("`{key}` is no list of texts").into())
}

fn rows<'r>(row: &'r Mapping, key: &str) -> Result<Vec<&'r Mapping>> {
    let Some(list) = row.get(key) else {
        return Ok(Vec::new());
    };
    let list = list
        .as_sequence()
        .map(|list| list.iter().map(Value::as_mapping));
    let list = list.and_then(|mut list| list.by_ref().collect::<Option<_>>());
    list.ok_or_else(|| format!("`{key}` is no list of rows").into())
}

fn words(table: &[(&str, &str)]) -> String {
    let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
    words.join(", ")
}
