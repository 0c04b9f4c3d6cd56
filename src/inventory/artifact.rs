//! One artifact: its formats, globals, libraries and digest.

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashSet;

use crate::{
    fact::{
        Circumstances, ContentFacts, Entry, Fact, Global, GlobalName, Introduction, ListingLine,
        Text,
    },
    link::Load,
    policy::Scope,
};

/// One artifact.
#[derive(Debug, Clone, Default)]
pub struct Artifact {
    /// Its path in the view.
    pub path: Text,
    /// Bytes of its content, here or elsewhere.
    pub size: u64,
    /// What introduced it, in a view of a history.
    pub introduced_by: Option<Arc<Introduction>>,
    /// The formats it claims, by id, outermost first, each once.
    pub formats: Vec<String>,
    /// The globals that loading it resolves, each once, in the order in which loading meets them.
    pub globals: Vec<Global>,
    /// The sha256 of its content, 64 lower-case hex digits; absent where it was not asked for or could not be read.
    pub sha256: Option<String>,
    /// The libraries that it says it comes from, and those whose globals it names and may, by name.
    pub libraries: Vec<Library>,
    /// The calls in the view's sources that load it by a constant path, by source and place.
    pub loaded_by: Vec<Load>,
    /// Whether loading it can run code, or resolve what no pack of the policy lists as data.
    pub executable: bool,
    /// Whether the lock file pins these bytes; `None` where there is no lock file.
    pub pinned: Option<bool>,
    /// The opcodes, if listings were asked for and something in it is not allowed: of the first
    /// [`LISTINGS`](crate::limits::LISTINGS) such artifacts, [`LISTING_LINES`](crate::limits::LISTING_LINES) of each.
    pub listing: Option<Vec<ListingLine>>,
}

/// A library that an artifact comes from or needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Library {
    /// Its name where it is published, lower case: `scikit-learn`.
    pub name: String,
    /// Its version, where the artifact says it.
    pub version: Option<Text>,
}

/// Libraries by the package that Python imports, where they are published under a name of their own.
const PUBLISHED: &[(&str, &str)] = &[
    ("PIL", "pillow"),
    ("catboost", "catboost"),
    ("diffusers", "diffusers"),
    ("flair", "flair"),
    ("flax", "flax"),
    ("gensim", "gensim"),
    ("jax", "jax"),
    ("joblib", "joblib"),
    ("keras", "keras"),
    ("lightgbm", "lightgbm"),
    ("lightning", "lightning"),
    ("numpy", "numpy"),
    ("omegaconf", "omegaconf"),
    ("pandas", "pandas"),
    ("peft", "peft"),
    ("pytorch_lightning", "pytorch-lightning"),
    ("scipy", "scipy"),
    ("sentence_transformers", "sentence-transformers"),
    ("sklearn", "scikit-learn"),
    ("spacy", "spacy"),
    ("speechbrain", "speechbrain"),
    ("tensorflow", "tensorflow"),
    ("timm", "timm"),
    ("torch", "torch"),
    ("torchaudio", "torchaudio"),
    ("torchvision", "torchvision"),
    ("transformers", "transformers"),
    ("ultralytics", "ultralytics"),
    ("xgboost", "xgboost"),
];

/// What an entry is, from what was seen in it.
pub fn artifact(
    entry: &Entry,
    facts: &ContentFacts,
    circumstances: &Circumstances,
    scope: &Scope,
) -> Artifact {
    let mut artifact = Artifact {
        path: entry.path.clone(),
        size: circumstances.size(facts),
        introduced_by: entry.introduced_by.clone(),
        ..Artifact::default()
    };
    let mut formats: Vec<(usize, &str)> = Vec::new();
    let mut globals: FxHashSet<&Global> = FxHashSet::default();
    let mut libraries: BTreeMap<String, Option<Text>> = BTreeMap::new();
    for observation in circumstances.observations(facts) {
        match &observation.fact {
            Fact::Is(id) => formats.push((observation.site.hops.len(), id.as_str())),
            Fact::Global { global, usage } => {
                if globals.insert(global) {
                    artifact.globals.push(global.clone());
                }
                // A name that is not allowed says nothing about a library: anyone can write it.
                if let Global::Named(name) = global
                    && let Some(library) = published(name)
                    && scope.globals().allows(name, *usage)
                {
                    libraries.entry(library.to_owned()).or_default();
                }
            }
            Fact::Library { name, version } => {
                let known = libraries.entry(name.clone()).or_default();
                *known = known.take().or_else(|| version.clone());
            }
            _ => {}
        }
    }
    formats.sort_by_key(|(depth, _)| *depth);
    for (_, id) in formats {
        if !artifact.formats.iter().any(|known| known == id) {
            artifact.formats.push(id.to_owned());
        }
    }
    artifact.libraries = libraries
        .into_iter()
        .map(|(name, version)| Library { name, version })
        .collect();
    artifact
}

fn published(name: &GlobalName) -> Option<&'static str> {
    let package = name.module.as_str()?.split('.').next()?;
    let (_, library) = PUBLISHED.iter().find(|(known, _)| *known == package)?;
    Some(library)
}
