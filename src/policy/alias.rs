//! Names that are one to a policy, however a pickle spells them.
//!
//! A pickle of protocol 0 to 2 stores Python 2's names and CPython maps them when it reads (`_compat_pickle`); some
//! modules are the same under a second name. The canonical spelling is the one people write today.

use std::{borrow::Cow, sync::OnceLock};

use rustc_hash::FxHashMap;
use serde::Deserialize;

/// CPython's tables, generated from it.
static PYTHON2: &str = include_str!(concat!(env!("OUT_DIR"), "/python2-names.json"));

/// Modules that are another's implementation: the second name is where the first one's objects are found.
static MODULES: &[(&str, &str)] = &[
    ("nt", "os"),
    ("posix", "os"),
    ("_io", "io"),
    ("_operator", "operator"),
    ("_pickle", "pickle"),
    ("_functools", "functools"),
    ("_collections", "collections"),
    ("ntpath", "os.path"),
    ("posixpath", "os.path"),
];

/// Packages that were renamed whole: submodules too.
static PACKAGES: &[(&str, &str)] = &[("numpy.core", "numpy._core")];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    names: Vec<[Box<str>; 4]>,
    modules: Vec<[Box<str>; 2]>,
}

/// What became of a module of Python 2.
#[derive(Default)]
struct Renamed {
    /// Its new name, if it was renamed as a whole.
    module: Option<Box<str>>,
    /// Of its names, those that are found elsewhere: the module and the name.
    names: FxHashMap<Box<str>, (Box<str>, Box<str>)>,
}

/// By module. One lookup tells that nothing became of a module, which is the answer to nearly every name.
fn python2() -> &'static FxHashMap<Box<str>, Renamed> {
    static TABLES: OnceLock<FxHashMap<Box<str>, Renamed>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut python2: FxHashMap<Box<str>, Renamed> = FxHashMap::default();
        // A test reads the embedded tables; if they were broken, no name would be mapped and more be refused.
        let Ok(tables) = serde_json::from_str::<Tables>(PYTHON2) else {
            return python2;
        };
        for [module, name, to, into] in tables.names {
            let of_module = python2.entry(module).or_default();
            of_module.names.insert(name, (to, into));
        }
        for [module, to] in tables.modules {
            python2.entry(module).or_default().module = Some(to);
        }
        python2
    })
}

/// A global as today's Python 3 spells it: what CPython and torch make of the names of Python 2, and nothing else.
pub fn from_python2<'a>(module: &'a str, name: &'a str) -> (Cow<'a, str>, Cow<'a, str>) {
    let Some(renamed) = python2().get(module) else {
        return (Cow::Borrowed(module), Cow::Borrowed(name));
    };
    if let Some((to, into)) = renamed.names.get(name) {
        return (Cow::Borrowed(to), Cow::Borrowed(into));
    }
    let module = renamed.module.as_deref().unwrap_or(module);
    (Cow::Borrowed(module), Cow::Borrowed(name))
}

/// The one spelling by which a policy compares a global.
pub fn canonical<'a>(module: &'a str, name: &'a str) -> (Cow<'a, str>, Cow<'a, str>) {
    let (module, name) = from_python2(module, name);
    (canonical_module(module), name)
}

/// The one spelling of a module that was mapped from Python 2 already, or never had a name there.
fn canonical_module(module: Cow<'_, str>) -> Cow<'_, str> {
    if let Some((_, to)) = MODULES.iter().find(|(from, _)| *from == module) {
        return Cow::Borrowed(to);
    }
    for (from, to) in PACKAGES {
        if let Some(rest) = module.strip_prefix(from)
            && (rest.is_empty() || rest.starts_with('.'))
        {
            return Cow::Owned(format!("{to}{rest}"));
        }
    }
    module
}

/// The module of an entry such as `__builtin__.*`, in canonical spelling.
pub(super) fn module(module: &str) -> String {
    let (module, _) = canonical(module, "");
    module.into_owned()
}

#[cfg(test)]
mod tests {
    use super::{canonical, from_python2};

    fn joined(module: &str, name: &str) -> String {
        let (module, name) = canonical(module, name);
        format!("{module}:{name}")
    }

    #[test]
    fn a_module_has_one_name() {
        assert_eq!(joined("__builtin__", "set"), "builtins:set");
        assert_eq!(
            joined("copy_reg", "_reconstructor"),
            "copyreg:_reconstructor"
        );
        assert_eq!(joined("posix", "system"), "os:system");
        assert_eq!(
            joined("numpy.core.multiarray", "scalar"),
            "numpy._core.multiarray:scalar"
        );
        assert_eq!(joined("numpy.core", "x"), "numpy._core:x");
        assert_eq!(joined("numpy.corelike", "x"), "numpy.corelike:x");
        assert_eq!(joined("itertools", "imap"), "builtins:map");
        assert_eq!(joined("cPickle", "loads"), "pickle:loads");
        assert_eq!(joined("myapp", "Net"), "myapp:Net");
    }

    #[test]
    fn torch_maps_python_2_only() {
        assert_eq!(from_python2("posix", "system").0, "posix");
        assert_eq!(from_python2("__builtin__", "set").0, "builtins");
    }
}
