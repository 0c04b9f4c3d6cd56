//! The effective policy: what a policy and all that it extends come to, line by line, each with the lines it came from.
//!
//! What is written is merged as it stands: mappings key by key, where the nearest policy wins, and lists by adding. So a key of
//! the policy language needs no care here. The result is a policy of its own that judges as the original does.

use std::{fmt::Write as _, sync::Arc};

use super::{
    Policy, Scope,
    locate::{File, Origin, Step, shown},
    node::Node,
    paths::Patterns,
    written,
};
use crate::{
    fact::{GlobalName, Text},
    finding::LineRef,
};

/// A line of the effective policy.
#[derive(Debug, Clone)]
pub struct EffectiveLine {
    /// The keys that lead to it: `globals.allow[]`, `overrides[2].rules.pickle-load`.
    pub key: String,
    /// Levels of nesting.
    pub depth: usize,
    /// What is written: YAML on one line.
    pub text: String,
    /// Where it comes from, nearest first; none for a line that only opens a mapping or a list.
    pub places: Vec<LineRef>,
    /// The lines of policies further away that it replaces.
    pub replaces: Vec<LineRef>,
    /// Why it has no effect.
    pub void: Option<String>,
}

/// Values, merged.
enum Tree {
    Leaf(Leaf),
    List(Vec<Self>),
    Map(Vec<(Box<str>, Self)>),
}

struct Leaf {
    node: Node,
    places: Vec<Origin>,
    replaces: Vec<Origin>,
}

/// Keys of a file itself, which a merged policy does not have.
const OF_A_FILE: &[&str] = &["version", "extends"];

impl Policy {
    /// The lines that hold: for a path, those that hold there.
    pub fn effective(&self, path: Option<&Text>) -> Vec<EffectiveLine> {
        let merging = Merging {
            path,
            set_aside: self.organisation.as_ref().map_or(&[], |it| &it.set_aside),
        };
        let mut whole: Vec<(Box<str>, Tree)> = Vec::new();
        for document in &self.documents {
            let Node::Map(pairs) = &document.root else {
                continue;
            };
            let kept = pairs
                .iter()
                .filter(|(key, _)| !OF_A_FILE.contains(&key.as_ref()));
            for (key, node) in kept {
                let way = vec![Step::Key((**key).into())];
                if let Some(tree) = merging.tree(node, &document.file, way) {
                    join(&mut whole, key.clone(), tree);
                }
            }
        }
        let everywhere = self.everywhere();
        let scope = match path {
            Some(path) => self.scope(path),
            None => self.everywhere(),
        };
        let mut lines = Writer {
            lines: Vec::new(),
            scope: &scope,
            everywhere: &everywhere,
            is_for_a_path: path.is_some(),
        };
        if let Some(own) = self.documents.last() {
            lines.version(&own.file);
        }
        for (key, tree) in &whole {
            lines.pair(key, tree, 0, "", key);
        }
        lines.lines
    }
}

impl Policy {
    /// The files that it and all it extends were read from, the nearest first.
    pub fn ancestry(&self) -> Vec<String> {
        let documents = self.documents.iter().rev();
        documents
            .map(|document| shown(&document.file.name))
            .collect()
    }
}

/// The lines as YAML, each with a comment that says where it comes from. A line without effect is a comment itself.
pub fn show(lines: &[EffectiveLine]) -> String {
    const COLUMN: usize = 56;
    let spelled: Vec<String> = lines
        .iter()
        .map(|line| {
            let mark = if line.void.is_some() { "# " } else { "" };
            format!(
                "{:2$}{mark}{1}",
                "",
                line.text,
                line.depth.saturating_mul(2)
            )
        })
        .collect();
    let commented = lines.iter().zip(&spelled);
    let commented = commented.filter(|(line, _)| !line.places.is_empty());
    let widths = commented.map(|(_, text)| text.chars().count());
    let column = widths.filter(|width| *width <= COLUMN).max().unwrap_or(0);
    let mut out = String::new();
    for (line, text) in lines.iter().zip(&spelled) {
        out.push_str(text);
        if !line.places.is_empty() {
            let gap = column
                .saturating_sub(text.chars().count())
                .saturating_add(2);
            let _ = write!(out, "{:gap$}# {}", "", comment(line));
        }
        out.push('\n');
    }
    out
}

fn comment(line: &EffectiveLine) -> String {
    let mut comment = places(&line.places);
    if !line.replaces.is_empty() {
        comment = format!("{comment}, replaces {}", places(&line.replaces));
    }
    if let Some(void) = &line.void {
        comment = format!("{comment}; no effect: {void}");
    }
    comment
}

fn places(places: &[LineRef]) -> String {
    let places: Vec<String> = places.iter().map(place).collect();
    places.join(", ")
}

fn place(line: &LineRef) -> String {
    format!("{}:{}", line.file, line.line)
}

struct Merging<'a> {
    path: Option<&'a Text>,
    /// What is not read.
    set_aside: &'a [Origin],
}

impl Merging<'_> {
    /// A value outside of lists; `None` where it says nothing, or nothing of the path.
    fn tree(&self, node: &Node, file: &Arc<File>, way: Vec<Step>) -> Option<Tree> {
        if self.is_set_aside(file, &way) {
            return None;
        }
        let below = |step: Step| [way.as_slice(), &[step]].concat();
        match node {
            Node::Null => None,
            Node::Map(pairs) => {
                let mut map = Vec::new();
                for (key, value) in pairs {
                    let way = below(Step::Key((**key).into()));
                    let tree = match value {
                        // What is refused without advice.
                        Node::Null if is_refused_formats(&way, 1) => Some(leaf(value, file, way)),
                        // Patterns are read together, and of what waivers have to say the nearest list counts.
                        Node::Seq(_) if matches!(&**key, "paths" | "require") => {
                            Some(leaf(value, file, way))
                        }
                        value => self.tree(value, file, way),
                    };
                    map.extend(tree.map(|tree| (key.clone(), tree)));
                }
                (!map.is_empty()).then_some(Tree::Map(map))
            }
            Node::Seq(items) if is_refused_formats(&way, 0) => {
                let named = items.iter().enumerate().filter_map(|(at, item)| {
                    let Node::Str(name) = item else {
                        return None;
                    };
                    Some((
                        name.clone(),
                        leaf(&Node::Null, file, below(Step::Index(at))),
                    ))
                });
                let named: Vec<(Box<str>, Tree)> = named.collect();
                (!named.is_empty()).then_some(Tree::Map(named))
            }
            Node::Seq(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.filter_map(|(at, item)| self.item(item, file, below(Step::Index(at))));
                let items: Vec<Tree> = items.collect();
                (!items.is_empty()).then_some(Tree::List(items))
            }
            scalar => Some(leaf(scalar, file, way)),
        }
    }

    /// An item of a list; `None` if it is for other paths.
    fn item(&self, node: &Node, file: &Arc<File>, way: Vec<Step>) -> Option<Tree> {
        let is_exclusion = matches!(way.first(), Some(Step::Key(key)) if &**key == "exclude");
        let patterns: Vec<&str> = match (node, node.get("paths")) {
            (Node::Str(pattern), _) if is_exclusion => vec![pattern],
            (_, Some(Node::Seq(patterns))) => {
                let texts = patterns.iter().filter_map(|pattern| match pattern {
                    Node::Str(text) => Some(text.as_ref()),
                    _ => None,
                });
                texts.collect()
            }
            _ => Vec::new(),
        };
        if !patterns.is_empty() && !self.is_for(&patterns, file) {
            return None;
        }
        // The items of a list at the top are as long as a policy; those further down are a line.
        let is_at_top = way.len() == 2 && !is_exclusion;
        match node {
            // Of a waiver, its rule is what a lock is against.
            Node::Map(_)
                if self.is_set_aside(
                    file,
                    &[way.as_slice(), &[Step::Key("rule".into())]].concat(),
                ) =>
            {
                None
            }
            Node::Map(_) if is_at_top => self.tree(node, file, way),
            node => {
                // An entry is said to stand where its name does.
                let named = ["global", "paths"]
                    .into_iter()
                    .find(|key| node.get(key).is_some());
                let way = named.map_or_else(
                    || way.clone(),
                    |key| [way.as_slice(), &[Step::Key(key.into())]].concat(),
                );
                (!self.is_set_aside(file, &way)).then(|| leaf(node, file, way))
            }
        }
    }

    fn is_set_aside(&self, file: &Arc<File>, way: &[Step]) -> bool {
        let mut set_aside = self.set_aside.iter();
        set_aside.any(|gone| Arc::ptr_eq(&gone.file, file) && *gone.way == *way)
    }

    fn is_for(&self, patterns: &[&str], file: &Arc<File>) -> bool {
        let Some(path) = self.path else {
            return true;
        };
        let origin = Origin::new(Arc::clone(file), Box::default(), false);
        let patterns: Vec<(String, Origin)> = patterns
            .iter()
            .map(|pattern| ((*pattern).to_owned(), origin.clone()))
            .collect();
        let mut said = super::error::Errors::default();
        Patterns::new([patterns.as_slice()], &mut said).is_match(path)
    }
}

/// Whether a way leads to `formats.refuse`, so many keys before its end: a list there is a mapping without advice.
fn is_refused_formats(way: &[Step], before_end: usize) -> bool {
    let keys: Vec<&str> = way
        .iter()
        .rev()
        .skip(before_end)
        .take(2)
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_ref()),
            Step::Index(_) => None,
        })
        .collect();
    keys == ["refuse", "formats"]
}

fn leaf(node: &Node, file: &Arc<File>, way: Vec<Step>) -> Tree {
    // A key without a value is shown where the key is.
    let key = *node == Node::Null && matches!(way.last(), Some(Step::Key(_)));
    Tree::Leaf(Leaf {
        node: node.clone(),
        places: vec![Origin::new(Arc::clone(file), way.into(), key)],
        replaces: Vec::new(),
    })
}

/// Adds the value of a key of a nearer policy.
fn join(map: &mut Vec<(Box<str>, Tree)>, key: Box<str>, tree: Tree) {
    match map.iter_mut().find(|(known, _)| *known == key) {
        Some((_, known)) => merge(known, tree),
        None => map.push((key, tree)),
    }
}

fn merge(into: &mut Tree, nearer: Tree) {
    match (into, nearer) {
        (Tree::Map(map), Tree::Map(pairs)) => {
            for (key, tree) in pairs {
                join(map, key, tree);
            }
        }
        (Tree::List(items), Tree::List(more)) => {
            for item in more {
                let known = items.iter_mut().find_map(|known| match (known, &item) {
                    (Tree::Leaf(known), Tree::Leaf(item)) if known.node == item.node => Some(known),
                    _ => None,
                });
                match (known, item) {
                    (Some(known), Tree::Leaf(item)) => known.is_also(item),
                    (_, item) => items.push(item),
                }
            }
        }
        (Tree::Leaf(known), Tree::Leaf(nearer)) if known.node == nearer.node => {
            known.is_also(nearer);
        }
        (Tree::Leaf(known), Tree::Leaf(mut nearer)) => {
            nearer.replaces.append(&mut known.places);
            nearer.replaces.append(&mut known.replaces);
            *known = nearer;
        }
        (into, nearer) => *into = nearer,
    }
}

impl Leaf {
    /// The same, said by a nearer policy.
    fn is_also(&mut self, nearer: Self) {
        self.places.splice(0..0, nearer.places);
    }
}

/// Writes lines.
struct Writer<'a> {
    lines: Vec<EffectiveLine>,
    scope: &'a Scope,
    /// What holds where no override does.
    everywhere: &'a Scope,
    is_for_a_path: bool,
}

impl Writer<'_> {
    fn version(&mut self, own: &Arc<File>) {
        let way = [Step::Key("version".into())];
        let origin = Origin::new(Arc::clone(own), way.into(), false);
        self.lines.push(EffectiveLine {
            key: "version".to_owned(),
            depth: 0,
            text: "version: 1".to_owned(),
            places: vec![origin.line_ref("")],
            replaces: Vec::new(),
            void: None,
        });
    }

    /// A line that opens what follows it.
    fn open(&mut self, text: String, depth: usize, key: &str) {
        self.lines.push(EffectiveLine {
            key: key.to_owned(),
            depth,
            text,
            places: Vec::new(),
            replaces: Vec::new(),
            void: None,
        });
    }

    /// A key and what it holds. `lead` is what stands before it on its line, `- ` or nothing.
    fn pair(&mut self, key: &str, value: &Tree, depth: usize, lead: &str, path: &str) {
        let name = written::scalar(key);
        let inner = depth.saturating_add(1).saturating_add(lead.len() / 2);
        match value {
            Tree::Leaf(scalar) => {
                let text = format!("{lead}{name}: {}", written::flow(&scalar.node));
                self.leaf(scalar, text, depth, path);
            }
            Tree::List(items) => {
                self.open(format!("{lead}{name}:"), depth, path);
                for (at, item) in items.iter().enumerate() {
                    self.item(item, inner, path, at);
                }
            }
            Tree::Map(pairs) => {
                self.open(format!("{lead}{name}:"), depth, path);
                for (key, tree) in pairs {
                    self.pair(key, tree, inner, "", &format!("{path}.{key}"));
                }
            }
        }
    }

    fn item(&mut self, item: &Tree, depth: usize, path: &str, at: usize) {
        match item {
            Tree::Leaf(leaf) => {
                let text = format!("- {}", written::flow(&leaf.node));
                self.leaf(leaf, text, depth, &format!("{path}[]"));
            }
            Tree::Map(pairs) => {
                for (n, (key, tree)) in pairs.iter().enumerate() {
                    let (lead, deeper) = if n == 0 { ("- ", 0) } else { ("", 1) };
                    let path = format!("{path}[{at}].{key}");
                    self.pair(key, tree, depth.saturating_add(deeper), lead, &path);
                }
            }
            // No list of the language holds lists at this level.
            Tree::List(_) => {}
        }
    }

    fn leaf(&mut self, leaf: &Leaf, text: String, depth: usize, key: &str) {
        let places: Vec<LineRef> = leaf.places.iter().map(|it| it.line_ref("")).collect();
        let void = self.void(leaf, key, &places);
        self.lines.push(EffectiveLine {
            key: key.to_owned(),
            depth,
            text,
            places,
            replaces: leaf.replaces.iter().map(|it| it.line_ref("")).collect(),
            void,
        });
    }

    /// Why a line has no effect here, where the judge says otherwise.
    fn void(&self, leaf: &Leaf, key: &str, places: &[LineRef]) -> Option<String> {
        let is_in_override = key.starts_with("overrides[");
        if is_in_override && !self.is_for_a_path {
            return None;
        }
        let key = match key.split_once("].") {
            Some((_, key)) if is_in_override => key,
            _ => key,
        };
        let keys: Vec<&str> = key.splitn(3, '.').collect();
        // What is refused everywhere is so whatever an override allows besides.
        let scopes = [
            Some(self.everywhere).filter(|_| !is_in_override),
            Some(self.scope),
        ];
        let mut scopes = scopes.into_iter().flatten();
        let decided = match (keys.as_slice(), &leaf.node) {
            (["rules", rule], _) => {
                let line = self.scope.level_line(rule)?;
                let is_it = places
                    .iter()
                    .any(|at| at.line == line.line && at.file == line.file);
                return (!is_it).then(|| format!("{} decides", place(&line)));
            }
            (["formats", "allow[]"], Node::Str(format)) => {
                scopes.find_map(|scope| scope.format_line(format, false))
            }
            (["formats", "refuse", format], _) => self.scope.format_line(format, true),
            (["globals", "allow[]"], node) => {
                let text = match node.get("global") {
                    Some(text) => text,
                    None => node,
                };
                let Node::Str(text) = text else {
                    return None;
                };
                scopes.find_map(|scope| refused(scope, text))
            }
            _ => None,
        };
        decided.map(|line| format!("{} decides", place(&line)))
    }
}

/// The line that refuses all that an entry would allow.
fn refused(scope: &Scope, entry: &str) -> Option<LineRef> {
    // A name that stands for all others of a module, and one for those of its submodules.
    const ANY: &str = "Any";
    let globals = scope.globals();
    let by = |module: &str, name: &str| globals.refused_by(&GlobalName::new(module, name));
    if let Some(package) = entry.strip_suffix(".**") {
        by(&format!("{package}.{ANY}"), ANY)?;
        return by(package, ANY);
    }
    if let Some(module) = entry.strip_suffix(".*") {
        return by(module, ANY);
    }
    let (module, name) = entry.split_once(':').or_else(|| entry.rsplit_once('.'))?;
    by(module, name)
}
