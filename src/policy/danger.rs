//! What makes a name dangerous, if it is one of the known: a label for people, and a brake on policies.
//!
//! The list is `policies/dangerous.yaml`, and `policies/dangerous-aliases.yaml` has other names of the same objects. It forbids nothing: what is not allowed is refused whether it is listed or not.

use std::{borrow::Cow, collections::BTreeMap, sync::OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    alias,
    pattern::{self, Pattern},
};

static LIST: &str = include_str!(concat!(env!("OUT_DIR"), "/dangerous.json"));
static ALIASES: &str = include_str!(concat!(env!("OUT_DIR"), "/dangerous-aliases.json"));

/// Of names such as `__loader__` and `__globals__`, in whatever module.
const DUNDER: &str = "reaches any attribute of whatever it is given";

/// Of names such as `random._os`.
const HELD_MODULE: &str = "may be Python's own module of that name, which reaches anything";

/// Modules that many others import, and so hold: `random._os` is `os`. No function and no class has such a name.
const HELD: &[&str] = &[
    "builtins",
    "ctypes",
    "importlib",
    "marshal",
    "nt",
    "os",
    "pickle",
    "posix",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
];

#[derive(Default)]
struct Known {
    exact: FxHashMap<String, &'static str>,
    modules: FxHashMap<String, &'static str>,
    packages: Vec<(String, &'static str)>,
    /// The first parts of all of them.
    heads: FxHashSet<String>,
    /// The first parts of all of them in canonical spelling: a module that begins otherwise is looked up no further.
    roots: FxHashSet<Box<str>>,
    /// Parts of the longest name or module that is listed.
    parts: usize,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known = Known::default();
        // A test reads the embedded list.
        let groups = [LIST, ALIASES].into_iter().flat_map(|list| {
            serde_json::from_str::<BTreeMap<&'static str, Vec<&'static str>>>(list)
                .unwrap_or_default()
        });
        let mut last = "";
        for (reason, names) in groups {
            for name in names {
                // Neighbours in the list often begin alike.
                if let Some(head) = name.split(['.', ':']).next().filter(|head| *head != last) {
                    known.heads.insert(alias::module(head));
                    last = head;
                }
                known.parts = known.parts.max(name.split(['.', ':']).count());
                let parsed = Pattern::parse(name);
                if let Ok(
                    Pattern::Exact { module, .. }
                    | Pattern::Direct { module }
                    | Pattern::Deep { package: module },
                ) = &parsed
                    && let root = root(module)
                    && !known.roots.contains(root)
                {
                    known.roots.insert(root.into());
                }
                match parsed {
                    Ok(Pattern::Exact { module, name }) => {
                        known.exact.insert(format!("{module}.{name}"), reason);
                    }
                    Ok(Pattern::Direct { module }) => {
                        known.modules.insert(module, reason);
                    }
                    Ok(Pattern::Deep { package }) => known.packages.push((package, reason)),
                    Err(_) => {}
                }
            }
        }
        known
    })
}

/// What using a global could do as a file spells it, if it is one of the known dangerous ones.
pub fn danger(module: &str, name: &str) -> Option<&'static str> {
    let (module, name) = alias::canonical(module, name);
    of(&module, &name)
}

/// What using a global could do, if it is one of the known dangerous ones. A name with dots is followed: `os.system` in
/// `logging` is `os.system`, and a method of a dangerous class is as dangerous.
pub(super) fn of(module: &str, name: &str) -> Option<&'static str> {
    let found = one(module, name);
    if found.is_some() {
        return found;
    }
    let is_dunder = |part: &str| part.len() > 4 && part.starts_with("__") && part.ends_with("__");
    if name.split('.').any(is_dunder) {
        return Some(DUNDER);
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    let last = last.strip_prefix('_').unwrap_or(last);
    if HELD.contains(&last) {
        return Some(HELD_MODULE);
    }
    if !name.contains('.') {
        return None;
    }
    let parts: Vec<&str> = name.split('.').collect();
    // What has more parts than any listed name is none of them, and hostile names have thousands.
    let most = known().parts;
    let inner = module.split('.').nth(most).is_none() && is_head(module);
    (0..parts.len())
        .filter(|from| {
            *from == 0
                || inner
                || parts
                    .get(*from)
                    .is_some_and(|part| is_head(part.trim_start_matches('_')) || is_head(part))
        })
        .flat_map(|from| {
            let last = parts.len().min(from.saturating_add(most));
            (from.saturating_add(1)..=last).map(move |to| (from, to))
        })
        .find_map(|(from, to)| {
            let part = parts.get(from..to)?.join(".");
            // A part of the way is a name of this module (a class), or a path of its own (a module that was imported).
            let own = if from == 0 { one(module, &part) } else { None };
            own.or_else(|| {
                let (before, last) = part.rsplit_once('.')?;
                let inside = || {
                    inner
                        .then(|| one(&format!("{module}.{before}"), last))
                        .flatten()
                };
                // Modules import others under a private name: `random._os` is `os`.
                one(before.trim_start_matches('_'), last).or_else(inside)
            })
        })
}

/// The first part of a module.
fn root(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}

/// Whether a listed name could begin with the first part of a module.
fn is_head(module: &str) -> bool {
    known().heads.contains(alias::module(root(module)).as_str())
}

fn one(module: &str, name: &str) -> Option<&'static str> {
    let known = known();
    let (module, name) = alias::canonical(module, name);
    let module: Cow<'_, str> = module;
    if !known.roots.contains(root(&module)) {
        return None;
    }
    known
        .exact
        .get(&format!("{module}.{name}"))
        .or_else(|| known.modules.get(module.as_ref()))
        .copied()
        .or_else(|| {
            known
                .packages
                .iter()
                .find(|(package, _)| pattern::within(package, &module))
                .map(|(_, why)| *why)
        })
}

/// A dangerous name that a pattern would allow, and what it could do.
pub(super) fn covered_by(pattern: &Pattern) -> Option<(String, &'static str)> {
    let known = known();
    match pattern {
        Pattern::Exact { module, name } => {
            of(module, name).map(|why| (format!("{module}.{name}"), why))
        }
        Pattern::Direct { module } => of(module, "*")
            .map(|why| (format!("{module}.*"), why))
            .or_else(|| inside(|m| m == module)),
        Pattern::Deep { package } => of(package, "*")
            .map(|why| (format!("{package}.*"), why))
            .or_else(|| inside(|module| pattern::within(package, module)))
            .or_else(|| {
                let mut modules: Vec<_> = known
                    .modules
                    .iter()
                    .map(|(module, why)| (module, *why))
                    .chain(known.packages.iter().map(|(package, why)| (package, *why)))
                    .filter(|(module, _)| pattern::within(package, module))
                    .collect();
                modules.sort_unstable();
                modules
                    .first()
                    .map(|(module, why)| (format!("{module}.*"), *why))
            }),
    }
}

/// The first exactly listed name whose module passes.
fn inside(passes: impl Fn(&str) -> bool) -> Option<(String, &'static str)> {
    known()
        .exact
        .iter()
        .filter(|(name, _)| {
            name.rsplit_once('.')
                .is_some_and(|(module, _)| passes(module))
        })
        .map(|(name, why)| (name.clone(), *why))
        .min()
}

#[cfg(test)]
mod tests {
    use super::{ALIASES, BTreeMap, LIST, Pattern, covered_by, of};

    #[test]
    fn every_listed_name_is_one() {
        for list in [LIST, ALIASES] {
            // Reasons are borrowed from the embedded text, which needs them free of escapes.
            let groups: BTreeMap<&str, Vec<&str>> = serde_json::from_str(list).unwrap();
            for name in groups.values().flatten() {
                assert!(Pattern::parse(name).is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn danger_is_seen_through_aliases_and_dots() {
        assert_eq!(of("posix", "system"), of("os", "system"));
        assert!(of("__builtin__", "eval").is_some());
        assert!(of("_operator", "attrgetter").is_some());
        assert!(of("itertools", "imap").is_some());
        assert!(of("logging", "os.system").is_some());
        assert!(of("myapp", "vendored.subprocess.Popen").is_some());
        assert!(of("pathlib", "Path.write_text").is_some());
        assert!(of("random", "_os.system").is_some());
        assert!(of("collections", "_itemgetter").is_some());
        assert!(of("random", "_os").is_some());
        assert!(of("torch.serialization", "os").is_some());
        assert!(of("collections", "_sys").is_some());
        assert!(of("codecs", "builtins").is_some());
        assert!(of("myapp", "Net.os").is_some());
        assert!(of("myapp.systems", "osmosis").is_none());
        assert!(of("_xxsubinterpreters", "run_string").is_some());
        assert!(of("errno", "__loader__").is_some());
        assert!(of("app", "run.__globals__").is_some());
        assert!(of("torch._utils", "_rebuild_tensor_v2").is_none());
        assert!(of("myapp.models", "Net").is_none());
    }

    #[test]
    fn a_glob_covers_what_it_would_allow() {
        let covered = |text| covered_by(&Pattern::parse(text).unwrap()).map(|(name, _)| name);
        assert_eq!(covered("torch.*").as_deref(), Some("torch.from_file"));
        assert_eq!(
            covered("importlib.machinery.*").as_deref(),
            Some("importlib.machinery.*")
        );
        assert_eq!(covered("html.**"), None);
        assert!(covered("asyncio.**").is_some());
        assert_eq!(covered("sklearn.linear_model.*"), None);
    }
}
