//! Which modules of a room import each other in a circle.
//!
//! The children of every folder, files and folders alike, must form a hierarchy. `mod.rs` is the front of its folder: it uses
//! its children, and they use what it declares. A re-export (`pub use`) stands for the module that it leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::{room_of, sources};

/// Circles that are still there: the folder, and the children that may import each other. This list may only get shorter.
const KNOWN: &[(&str, &[&str])] = &[];

type Module = Vec<String>;

#[test]
fn modules_of_a_room_import_each_other_in_no_circle() {
    let shown = |folder: &str, circle: Vec<&str>| format!("{folder}: {}", circle.join(", "));
    let found: BTreeSet<String> = Modules::read(sources())
        .circles()
        .iter()
        .map(|(folder, circle)| shown(folder, circle.iter().map(String::as_str).collect()))
        .collect();
    let known: BTreeSet<String> = KNOWN
        .iter()
        .map(|(folder, circle)| shown(folder, circle.to_vec()))
        .collect();
    let new: Vec<&String> = found.difference(&known).collect();
    assert!(
        new.is_empty(),
        "these import each other in a circle: {new:#?}"
    );
    let gone: Vec<&String> = known.difference(&found).collect();
    assert!(
        gone.is_empty(),
        "no circle any more, so take it off the list: {gone:#?}"
    );
}

#[test]
fn circles_are_found() {
    let files = [
        (
            "a/mod.rs",
            "mod b; mod c; pub use b::B; struct T; fn f() { c::g() }",
        ),
        ("a/b.rs", "use super::c::{C, D as X};\nuse super::T;"),
        ("a/c.rs", "fn f() -> crate::a::d::E { 1 }"),
        ("a/d/mod.rs", "pub(super) mod e; pub(crate) use e::E;"),
        (
            "a/d/e.rs",
            "use crate::{a::{B, g::{self, G}}, h};\nuse super::super::T;",
        ),
        ("a/g.rs", "use super::T;"),
        ("h.rs", "use crate::a::B;"),
    ];
    let files = files.map(|(path, code)| (path.to_owned(), code.to_owned()));
    // `B` leads to `b`, `E` to `d/e`.
    assert_eq!(
        Modules::read(files.into()).circles(),
        [("a".into(), ["b", "c", "d"].map(String::from).into())]
    );
}

/// The modules of `src/` and the paths that each mentions.
struct Modules(BTreeMap<Module, Vec<Mention>>);

/// A path that a module mentions, from the root of the crate.
struct Mention {
    path: Module,
    /// Whether it is exported again.
    exported: bool,
}

impl Modules {
    fn read(files: Vec<(String, String)>) -> Self {
        let files: BTreeMap<Module, String> = files
            .into_iter()
            .map(|(path, code)| (module_of(&path), code))
            .collect();
        let names: BTreeSet<&Module> = files.keys().collect();
        let mentions = |module: &Module, code: &str| {
            paths(code)
                .into_iter()
                .filter_map(|(path, exported)| {
                    let path = absolute(module, &path, &names)?;
                    Some(Mention { path, exported })
                })
                .collect()
        };
        let all = files
            .iter()
            .map(|(module, code)| (module.clone(), mentions(module, code)));
        Self(all.collect())
    }

    /// The module that a path leads to, re-exports followed.
    fn leads_to(&self, path: &[String], followed: &mut BTreeSet<Module>) -> Option<Module> {
        let end = (1..=path.len())
            .rev()
            .find(|end| self.0.contains_key(&path[..*end]))?;
        let module = path[..end].to_vec();
        let Some(item) = path.get(end) else {
            return Some(module);
        };
        let export = self.0[&module]
            .iter()
            .find(|mention| mention.exported && mention.path.last() == Some(item));
        match export {
            Some(export) if followed.insert(export.path.clone()) => {
                self.leads_to(&export.path, followed)
            }
            _ => Some(module),
        }
    }

    /// What each module imports of its own room, re-exports followed.
    fn imports(&self) -> impl Iterator<Item = (&Module, Module)> {
        self.0.iter().flat_map(|(module, mentions)| {
            mentions
                .iter()
                .filter(|mention| !mention.exported)
                .filter_map(|mention| self.leads_to(&mention.path, &mut BTreeSet::new()))
                .map(move |found| (module, found))
        })
    }

    /// Children of one folder that reach each other, with the folder; largest circles whole.
    fn circles(&self) -> Vec<(String, Vec<String>)> {
        // By folder: which child imports which.
        let mut folders: BTreeMap<&[String], BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
        for (module, import) in self.imports() {
            let same = module
                .iter()
                .zip(&import)
                .take_while(|(a, b)| a == b)
                .count();
            // The rooms themselves have a table.
            if let (1.., Some(from), Some(to)) = (same, module.get(same), import.get(same)) {
                let children = folders.entry(&module[..same]).or_default();
                children.entry(from).or_default().insert(to.clone());
            }
        }
        let mut circles = BTreeSet::new();
        for (folder, children) in &folders {
            let reached: BTreeMap<&str, BTreeSet<&str>> = children
                .keys()
                .map(|child| {
                    let mut reached = BTreeSet::new();
                    let mut next = vec![*child];
                    while let Some(child) = next.pop() {
                        for import in children.get(child).into_iter().flatten() {
                            if reached.insert(import.as_str()) {
                                next.push(import);
                            }
                        }
                    }
                    (*child, reached)
                })
                .collect();
            for (child, others) in reached
                .iter()
                .filter(|(child, others)| others.contains(*child))
            {
                let circle = others
                    .iter()
                    .filter(|other| reached.get(*other).is_some_and(|it| it.contains(child)));
                let circle: Vec<String> = circle.map(|child| (*child).to_owned()).collect();
                circles.insert((folder.join("/"), circle));
            }
        }
        circles.into_iter().collect()
    }
}

/// `git/history/mod.rs` is the module `git`, `history`.
fn module_of(path: &str) -> Module {
    let mut parts: Module = path
        .trim_end_matches(".rs")
        .split('/')
        .map(String::from)
        .collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// A path that a module writes, from the root of the crate; `None` for a path to another crate.
fn absolute(module: &Module, path: &str, modules: &BTreeSet<&Module>) -> Option<Module> {
    let mut parts = path.split("::").map(String::from).peekable();
    let mut base = match parts.peek()?.as_str() {
        "crate" => {
            parts.next();
            Module::new()
        }
        "self" => {
            parts.next();
            module.clone()
        }
        "super" => module.clone(),
        first => {
            let child = [module.as_slice(), &[first.to_owned()]].concat();
            if !modules.contains(&child) {
                return None;
            }
            module.clone()
        }
    };
    while parts.peek().is_some_and(|part| part == "super") {
        parts.next();
        base.pop();
    }
    base.extend(parts);
    (!base.is_empty() && modules.iter().any(|it| room_of(&it.join("/")) == base[0])).then_some(base)
}

/// Every path that code mentions, and whether it is exported again: those of `use`, and those in place.
fn paths(code: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut in_place = String::new();
    let mut rest = code;
    while let Some((before, statement)) = rest.split_once("use ") {
        in_place.push_str(before);
        rest = statement;
        let word = before
            .rsplit(['\n', ';', '{', '}'])
            .next()
            .unwrap_or_default()
            .trim();
        if !word.is_empty() && !word.starts_with("pub") {
            continue;
        }
        let (tree, after) = statement.split_once(';').unwrap_or((statement, ""));
        rest = after;
        let mut paths = Vec::new();
        flatten(tree, "", &mut paths);
        found.extend(paths.into_iter().map(|path| (path, !word.is_empty())));
    }
    in_place.push_str(rest);
    let path = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
    let written = in_place
        .split(path)
        .filter(|word| word.contains("::") && !word.starts_with(':'));
    found.extend(written.map(|path| (path.trim_end_matches(':').to_owned(), false)));
    found
}

/// The paths of a tree of imports: `a::{b, c::D as E}` is `a::b` and `a::c::D`.
fn flatten(tree: &str, before: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    if let Some((head, body)) = tree.split_once('{') {
        let before = format!("{before}{}", head.trim());
        let body = body.rsplit_once('}').map_or(body, |(body, _)| body);
        let mut depth = 0_usize;
        let parts = body.split(|c| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        });
        for part in parts.filter(|part| !part.trim().is_empty()) {
            flatten(part, &before, found);
        }
    } else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        let path = format!("{before}{path}");
        found.push(path.trim_end_matches("::self").to_owned());
    }
}
