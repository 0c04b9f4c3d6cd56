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

/// Words without one of which no fact can come of a text: the first word of every watched name and of its aliases, the
/// switches, and every way to reach a module or a variable by a string, which may be spelt with escapes.
static TRIGGERS: &[&str] = &[
    "ickle",
    "joblib",
    "dill",
    "numpy",
    "pandas",
    "torch",
    "TORCH",
    "__import__",
    "import_module",
    "modules",
    "environ",
    "putenv",
    "setenv",
    "env",
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

/// Whether parsing `text` could make a fact. Without a trigger it cannot: a watched name is reached by an import
/// statement, which spells its module, or by a string through one of the dynamic words; and a switch is set by its
/// name, or by a string through one of its words. Identifiers that are not ASCII are normalised by the grammar and
/// may spell any of these, so such text is always parsed.
pub(super) fn may_matter(text: &str) -> bool {
    !text.is_ascii()
        || TRIGGERS
            .iter()
            .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::{ALIASES, TRIGGERS, VARIABLES, WATCHED, canonical, is_watched};

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
        let spelt = |name: &str| TRIGGERS.iter().any(|word| name.contains(word));
        for name in WATCHED.iter().chain(VARIABLES) {
            assert!(spelt(name), "{name} has no trigger");
        }
        for (from, _) in ALIASES {
            assert!(spelt(from), "{from} has no trigger");
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
