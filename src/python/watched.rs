//! The names whose calls, references and replacements are recorded: data, not opinion. Which of them matter, and
//! when, is for rules to say. To watch another call, add a row.

/// Names recorded, fully qualified and public, sorted.
static WATCHED: &[&str] = &[
    "cloudpickle.Unpickler",
    "cloudpickle.load",
    "cloudpickle.loads",
    "dill.Unpickler",
    "dill.load",
    "dill.load_module",
    "dill.load_module_asdict",
    "dill.load_session",
    "dill.loads",
    "joblib.load",
    "numpy.lib.format.read_array",
    "numpy.lib.npyio.NpzFile",
    "numpy.load",
    "pandas.read_pickle",
    "pickle.Unpickler",
    "pickle.load",
    "pickle.loads",
    "torch.load",
];

/// Other names of the same things: a prefix, up to a dot or the end, and what stands for it in public.
static ALIASES: &[(&str, &str)] = &[
    ("_pickle", "pickle"),
    ("cPickle", "pickle"),
    ("cloudpickle.cloudpickle", "cloudpickle"),
    ("dill._dill", "dill"),
    ("joblib.numpy_pickle.load", "joblib.load"),
    ("numpy.lib._format_impl", "numpy.lib.format"),
    ("numpy.lib._npyio_impl.load", "numpy.load"),
    ("numpy.lib._npyio_impl", "numpy.lib.npyio"),
    ("numpy.lib.npyio.load", "numpy.load"),
    ("pandas.io.api.read_pickle", "pandas.read_pickle"),
    ("pandas.io.pickle.read_pickle", "pandas.read_pickle"),
    ("pickle._Unpickler", "pickle.Unpickler"),
    ("pickle._load", "pickle.load"),
    ("pickle._loads", "pickle.loads"),
    ("pickle5", "pickle"),
    ("ray.cloudpickle", "cloudpickle"),
    ("six.moves.cPickle", "pickle"),
    ("sklearn.externals.joblib", "joblib"),
    ("torch.serialization.load", "torch.load"),
    ("torch.serialization.pickle", "pickle"),
];

/// Environment switches whose setting is recorded.
static VARIABLES: &[&str] = &[
    "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD",
    "TORCH_FORCE_WEIGHTS_ONLY_LOAD",
];

/// Words without one of which no text can name a watched module: the first word of every watched name and of its aliases,
/// and every way to reach a module by a string, which may be spelt with escapes.
static MODULES: &[&str] = &[
    "ickle",
    "joblib",
    "dill",
    "numpy",
    "pandas",
    "torch",
    "__import__",
    "import_module",
    "modules",
];

/// Words without one of which no text can name what is watched in a module: a part of the last word of every watched name,
/// and every way to reach an attribute by a string.
static NAMES: &[&str] = &[
    "load",
    "npickler",
    "read_",
    "NpzFile",
    "etattr",
    "vars",
    "__dict__",
    "__getattribute__",
    "attrgetter",
    "methodcaller",
];

/// Words without one of which no text can set a switch: their names, and every way to set a variable by a string.
static SWITCHES: &[&str] = &["TORCH", "environ", "putenv", "setenv", "env"];

/// The public spelling of a qualified name.
pub(super) fn canonical(path: &str) -> String {
    let mut path = path.to_owned();
    // An alias may lead to another (`torch.serialization.pickle._load`); three steps are more than there are.
    for _ in 0..3 {
        let alias = ALIASES.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from)?;
            (rest.is_empty() || rest.starts_with('.')).then(|| format!("{to}{rest}"))
        });
        match alias {
            Some(next) => path = next,
            None => break,
        }
    }
    while let Some(inner) = ["__call__", "__wrapped__"]
        .iter()
        .find_map(|last| path.strip_suffix(last)?.strip_suffix('.'))
    {
        path.truncate(inner.len());
    }
    path
}

/// Whether a canonical name is recorded.
pub(super) fn is_watched(path: &str) -> bool {
    WATCHED.binary_search(&path).is_ok()
}

/// Whether the setting of an environment switch is recorded.
pub(super) fn is_variable(name: &str) -> bool {
    VARIABLES.contains(&name)
}

/// The watched variables.
pub(super) fn variables() -> &'static [&'static str] {
    VARIABLES
}

/// Whether parsing `text` could make a fact. It can if it sets a switch, or if it names both a watched module and something
/// watched in it. Identifiers that are not ASCII are normalised by the grammar and may spell any of these, so such text is
/// always parsed.
pub(super) fn may_matter(text: &str) -> bool {
    let any = |words: &[&str]| {
        words
            .iter()
            .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
    };
    !text.is_ascii() || any(SWITCHES) || any(MODULES) && any(NAMES)
}

#[cfg(test)]
mod tests {
    use super::{
        ALIASES, MODULES, NAMES, SWITCHES, VARIABLES, WATCHED, canonical, is_watched, may_matter,
    };

    #[test]
    fn the_tables_hold_together() {
        assert!(WATCHED.is_sorted(), "binary_search needs it");
        for name in WATCHED {
            assert_eq!(
                canonical(name),
                **name,
                "a watched name is its own public name"
            );
        }
        let spelt = |name: &str, words: &[&str]| words.iter().any(|word| name.contains(word));
        for name in WATCHED {
            let (module, last) = name.rsplit_once('.').expect("qualified");
            assert!(
                spelt(module, MODULES),
                "{name}: nothing hints at its module"
            );
            assert!(spelt(last, NAMES), "{name}: nothing hints at its last word");
        }
        for name in VARIABLES {
            assert!(spelt(name, SWITCHES), "{name}: nothing hints at it");
        }
        for (from, to) in ALIASES {
            assert!(spelt(from, MODULES), "{from}: nothing hints at its module");
            if is_watched(to) {
                let last = from.rsplit('.').next().unwrap_or(from);
                assert!(spelt(last, NAMES), "{from}: nothing hints at its last word");
            }
        }
    }

    #[test]
    fn text_is_parsed_if_it_could_name_what_is_watched() {
        for text in [
            "import torch\ntorch.load(p)",
            "import numpy\ngetattr(numpy, '\\x6coad')(p)",
            "vars(__import__('t' 'orch'))['l' 'oad'](p)",
            "os.putenv(name, '1')",
            "import \u{1d561}ickle",
        ] {
            assert!(may_matter(text), "{text}");
        }
        for text in ["import torch\ntorch.ones(3)", "def load(path): pass", ""] {
            assert!(!may_matter(text), "{text}");
        }
    }

    #[test]
    fn aliases_lead_to_public_names() {
        assert_eq!(canonical("torch.serialization.load"), "torch.load");
        assert_eq!(canonical("torch.serialization.pickle._load"), "pickle.load");
        assert_eq!(
            canonical("torch.serialization.loader"),
            "torch.serialization.loader"
        );
        assert_eq!(canonical("torch.load.__call__"), "torch.load");
        assert!(is_watched(&canonical("numpy.lib.npyio.load")));
    }
}
