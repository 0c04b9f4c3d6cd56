//! The catalogue of loaders: which calls load models, which of their arguments decide whether code may run, which rules judge
//! them, and which variables of the environment change that. Data, not opinion.
//!
//! A loader is one row in `policies/loaders/*.yaml`. The build makes tables of the rows: the reader of Python finds loaders by
//! them in a text and resolves other names of theirs, rules find the calls that they judge, and `docs/loaders.md` lists them.

include!(concat!(env!("OUT_DIR"), "/loaders.rs"));

/// A call that loads a model.
#[derive(Debug, PartialEq, Eq)]
pub struct Loader {
    /// Its qualified, public name: `torch.load`.
    pub name: &'static str,
    /// The library that it is of.
    pub library: &'static str,
    /// Other qualified names of it.
    pub aliases: &'static [&'static str],
    /// The name of the argument that says what is loaded; it is the first.
    pub file: &'static str,
    /// What loading may do.
    pub risk: Risk,
    /// The arguments that decide whether it does.
    pub arguments: &'static [DecidingArgument],
    /// What to call instead, in Markdown.
    pub instead: &'static str,
    /// The rules that judge its calls.
    pub rules: &'static [&'static str],
}

/// What a loader may do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// It runs code that the file names, by design.
    Code,
    /// It does so unless an argument, or the release, forbids it.
    Conditional,
    /// It runs native code or a graph that the file brings.
    Native,
    /// It fetches code, or files that nothing pins.
    Remote,
}

impl Risk {
    /// The word of the catalogue.
    pub fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Conditional => "conditional",
            Self::Native => "native",
            Self::Remote => "remote",
        }
    }

    /// What the word means, as a phrase without a subject.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Code => "runs code that the file names, by design",
            Self::Conditional => "runs such code unless an argument or the release forbids it",
            Self::Native => "runs native code, or a graph of operators, that the file brings",
            Self::Remote => "fetches code, or files that nothing pins",
        }
    }
}

/// An argument that decides whether a loader may run code.
#[derive(Debug, PartialEq, Eq)]
pub struct DecidingArgument {
    /// Its keyword.
    pub name: &'static str,
    /// Its place among the positional arguments; `None` if it can only be given by keyword.
    pub position: Option<usize>,
    /// The value with which no code runs, as Python writes it.
    pub safe: &'static str,
    /// The names and texts with which alone code runs; empty where code runs with anything but the safe value.
    pub lets_run: &'static [&'static str],
    /// What holds if it is not given, by release, the oldest first.
    pub defaults: &'static [Default],
}

/// The default of an argument.
#[derive(Debug, PartialEq, Eq)]
pub struct Default {
    /// The first release that has it: `[2, 6]`.
    pub since: &'static [u16],
    /// The value, as Python writes it.
    pub value: &'static str,
}

/// A variable of the environment that changes what loaders do.
#[derive(Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The library that reads it.
    pub library: &'static str,
    /// What it does, as a phrase without a subject.
    pub effect: &'static str,
    /// The rules that judge where it is set.
    pub rules: &'static [&'static str],
}

impl Loader {
    /// An argument of the row.
    pub fn argument(&self, name: &str) -> Option<&'static DecidingArgument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }
}

impl DecidingArgument {
    /// Whether no code runs where the argument is not given, in a release of the library.
    pub fn is_safe_by_default(&self, release: &[u16]) -> bool {
        let mut defaults = self.defaults.iter().rev();
        let default = defaults.find(|default| default.since <= release);
        default.is_some_and(|default| default.value == self.safe)
    }
}

/// The loader of this qualified and public name.
pub fn by_name(name: &str) -> Option<&'static Loader> {
    let at = LOADERS.binary_search_by_key(&name, |loader| loader.name);
    LOADERS.get(at.ok()?)
}

/// Whether instances of the class of this qualified and public name have a method that is a loader.
pub fn is_class(name: &str) -> bool {
    CLASSES.binary_search(&name).is_ok()
}

/// The loader that a class of any name has from a base, if it is called so.
pub fn inherited(method: &str) -> Option<&'static Loader> {
    let at = INHERITED.binary_search_by_key(&method, |(last, _)| last);
    by_name(INHERITED.get(at.ok()?)?.1)
}

/// The variable of this name.
pub fn variable(name: &str) -> Option<&'static Variable> {
    let at = VARIABLES.binary_search_by_key(&name, |variable| variable.name);
    VARIABLES.get(at.ok()?)
}

/// Whether some path to a loader ends in this word.
pub fn is_last_word(word: &str) -> bool {
    beside_last_word(word).is_some()
}

/// The words of which every path to a loader has one that ends in this word; `None` if no path does.
pub fn beside_last_word(word: &str) -> Option<&'static [&'static str]> {
    let at = LAST_WORDS.binary_search_by_key(&word, |(last, _)| last);
    LAST_WORDS.get(at.ok()?).map(|(_, words)| *words)
}

/// Whether the attribute of this name of a function is the function again, to be called.
pub fn is_same_function(attribute: &str) -> bool {
    SAME_FUNCTION.contains(&attribute)
}

const SAME_FUNCTION: &[&str] = &["__call__", "__wrapped__"];

/// The public spelling of a qualified name. The longest part of it that stands for something else counts.
pub fn canonical(path: &str) -> String {
    let mut path = path.to_owned();
    // An alias may lead to another (`torch.serialization.pickle._load`); three steps are more than there are.
    for _ in 0..3 {
        match alias(&path) {
            Some(next) => path = next,
            None => break,
        }
    }
    while let Some(inner) = SAME_FUNCTION
        .iter()
        .find_map(|last| path.strip_suffix(last)?.strip_suffix('.'))
    {
        path.truncate(inner.len());
    }
    path
}

fn alias(path: &str) -> Option<String> {
    let mut front = path;
    loop {
        if let Ok(at) = ALIASES.binary_search_by_key(&front, |(from, _)| from) {
            let (from, to) = ALIASES.get(at)?;
            return Some(format!("{to}{}", path.strip_prefix(from)?));
        }
        (front, _) = front.rsplit_once('.')?;
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIASES, LAST_WORDS, LOADERS, PARTS, VARIABLES, by_name, canonical, is_last_word};

    #[test]
    fn tables_are_sorted_and_hold_together() {
        assert!(LOADERS.is_sorted_by_key(|loader| loader.name));
        assert!(LAST_WORDS.is_sorted() && VARIABLES.is_sorted_by_key(|variable| variable.name));
        for loader in LOADERS {
            assert_eq!(canonical(loader.name), loader.name);
            for alias in loader.aliases {
                assert_eq!(canonical(alias), loader.name);
            }
        }
        for (from, to) in ALIASES {
            let last = from.rsplit('.').next().unwrap();
            assert!(
                by_name(&canonical(to)).is_none() || is_last_word(last),
                "{from}"
            );
        }
        let found = |word: &str| PARTS.iter().any(|part| word.contains(part));
        assert!(LAST_WORDS.iter().all(|(word, _)| found(word)));
        assert!(VARIABLES.iter().all(|variable| found(variable.name)));
    }

    #[test]
    fn words_stand_in_every_path() {
        let words = |last: &str| {
            let row = LAST_WORDS.iter().find(|(word, _)| *word == last);
            row.map(|(_, words)| words.join(" ")).unwrap_or_default()
        };
        let pickle = "_pickle cPickle cloudpickle dill pickle pickle5";
        assert_eq!(
            words("loads"),
            "_pickle cPickle cloudpickle compress_pickle dill jsonpickle marshal pickle pickle5 skops"
        );
        assert_eq!(words("_loads"), "_pickle cPickle pickle pickle5");
        assert_eq!(words("Unpickler"), pickle);
        assert_eq!(words("read_pickle"), "pandas");
        assert_eq!(
            words("load"),
            "_pickle accelerate autogluon cPickle cloudpickle compress_pickle dill flair gensim joblib marshal monai numpy paddle pickle pickle5 ruamel_yaml skops spacy stable_baselines3 statsmodels tensorflow tensorflow_hub torch yaml"
        );
    }

    #[test]
    fn aliases_lead_to_public_names() {
        for (path, public) in [
            ("torch.serialization.load", "torch.load"),
            ("torch.serialization.pickle._load", "pickle.load"),
            ("torch.serialization.loader", "torch.serialization.loader"),
            ("torch.load.__call__", "torch.load"),
            ("numpy.lib._npyio_impl.load", "numpy.load"),
            ("numpy.lib._npyio_impl.NpzFile", "numpy.lib.npyio.NpzFile"),
        ] {
            assert_eq!(canonical(path), public);
        }
        assert!(by_name("torch.load").is_some() && by_name("torch.save").is_none());
    }
}
