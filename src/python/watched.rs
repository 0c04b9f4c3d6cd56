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

/// The modules of which `pickle` is one, by any of its names.
const PICKLES: &[&str] = &[
    "_pickle",
    "cPickle",
    "cloudpickle",
    "dill",
    "pickle",
    "pickle5",
];

/// The last word of every watched name and of its aliases, with the words of which one must stand in the same source: no path
/// to a watched name does without both.
static NAMES: &[(&str, &[&str])] = &[
    ("NpzFile", &["numpy"]),
    ("Unpickler", PICKLES),
    ("_Unpickler", PICKLES),
    ("_load", PICKLES),
    ("_loads", PICKLES),
    (
        "load",
        &[
            "_pickle",
            "cPickle",
            "cloudpickle",
            "dill",
            "joblib",
            "numpy",
            "pickle",
            "pickle5",
            "torch",
        ],
    ),
    ("load_module", &["dill"]),
    ("load_module_asdict", &["dill"]),
    ("load_session", &["dill"]),
    ("loads", PICKLES),
    ("read_array", &["numpy"]),
    ("read_pickle", &["pandas"]),
];

/// Words without one of which no source makes a name of a string.
static MECHANISMS: &[&str] = &[
    "__dict__",
    "__import__",
    "getattr",
    "import_module",
    "modules",
    "setattr",
    "vars",
];

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

/// The last words of watched names, with the words of which one must stand beside them, sorted.
pub(super) fn names() -> &'static [(&'static str, &'static [&'static str])] {
    NAMES
}

/// The words without one of which no source makes a name of a string, sorted.
pub(super) fn mechanisms() -> &'static [&'static str] {
    MECHANISMS
}

#[cfg(test)]
mod tests {
    use super::{ALIASES, MECHANISMS, NAMES, WATCHED, canonical, is_watched};

    #[test]
    fn the_tables_hold_together() {
        assert!(WATCHED.is_sorted(), "binary_search needs it");
        assert!(NAMES.is_sorted() && MECHANISMS.is_sorted());
        let leads = |path: &str| {
            let last = path.rsplit('.').next().unwrap_or(path);
            let row = NAMES.iter().find(|(name, _)| *name == last);
            row.is_some_and(|(_, modules)| path.split('.').any(|word| modules.contains(&word)))
        };
        for name in WATCHED {
            assert_eq!(
                canonical(name),
                **name,
                "a watched name is its own public name"
            );
            assert!(leads(name), "{name} has no row");
            // The same name under every alias of what it is in, and aliases of those.
            let mut known = vec![(*name).to_owned()];
            let mut at = 0;
            while let Some(path) = known.get(at).cloned().filter(|_| at < 200) {
                at += 1;
                for (from, to) in ALIASES {
                    if let Some(rest) = path.strip_prefix(to)
                        && (rest.is_empty() || rest.starts_with('.'))
                        && path != format!("{from}{rest}")
                    {
                        let path = format!("{from}{rest}");
                        assert!(
                            !is_watched(&canonical(&path)) || leads(&path),
                            "{path} has no row"
                        );
                        if !known.contains(&path) {
                            known.push(path);
                        }
                    }
                }
            }
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
