//! The artifacts of a run, for outputs that list what there is and not only what is wrong.

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashSet;

use super::judge::{seen, size};
use crate::{
    fact::{
        Circumstances, Constant, ContentFacts, Entry, Fact, Global, GlobalName, Introduction,
        ListingLine, PyAct, Site, Text,
    },
    policy::Scope,
};

/// What a report is to hold beside findings and coverage. Each costs something, so none is there unasked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub struct Needs {
    /// The artifacts, refused or not.
    pub artifacts: bool,
    /// Their sha256, which means reading them whole.
    pub digests: bool,
    /// The disassembly of those with findings.
    pub listings: bool,
    /// The moment that outputs may call the present, if the user gave one.
    pub date: bool,
}

impl Needs {
    /// What either needs.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            artifacts: self.artifacts || other.artifacts,
            digests: self.digests || other.digests,
            listings: self.listings || other.listings,
            date: self.date || other.date,
        }
    }
}

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

/// A call in source whose constant argument names a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    /// The source file's path in the view.
    pub source: Text,
    /// Where in it.
    pub site: Site,
    /// What is called, by its qualified name: `torch.load`.
    pub callee: Text,
    /// The path as the call says it.
    pub written: Text,
    /// How that was found to be the artifact.
    pub matched: Match,
}

/// How the path in a call was found to be an artifact's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// It is the artifact's path from the folder of the source.
    FromSource,
    /// It is the artifact's path from the root of the view.
    FromRoot,
    /// The artifact's path, and no other artifact's, ends with it.
    End,
}

impl Match {
    /// In words, to stand after "by".
    pub fn words(self) -> &'static str {
        match self {
            Self::FromSource => "its path from the source's folder",
            Self::FromRoot => "its path from the root",
            Self::End => "the end of its path, which no other artifact has",
        }
    }
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

/// What an entry is, from what was seen in it. `size` in bytes.
pub fn artifact(
    entry: &Entry,
    facts: &ContentFacts,
    circumstances: &Circumstances,
    scope: &Scope,
) -> Artifact {
    let mut artifact = Artifact {
        path: entry.path.clone(),
        size: size(facts, circumstances),
        introduced_by: entry.introduced_by.clone(),
        ..Artifact::default()
    };
    let mut formats: Vec<(usize, &String)> = Vec::new();
    let mut globals: FxHashSet<&Global> = FxHashSet::default();
    let mut libraries: BTreeMap<String, Option<Text>> = BTreeMap::new();
    for observation in seen(facts, circumstances) {
        match &observation.fact {
            Fact::Is(id) => formats.push((observation.site.hops.len(), id)),
            Fact::Global { global, usage } => {
                if globals.insert(global) {
                    artifact.globals.push(global.clone());
                }
                // A name that is not allowed says nothing about a library: anyone can write it.
                if let Global::Named(name) = global
                    && let Some(library) = published(name)
                    && scope.allows(name, *usage)
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
        if !artifact.formats.contains(id) {
            artifact.formats.push(id.clone());
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

/// The calls of a source file whose first argument is a constant that could be a path.
pub fn loads(entry: &Entry, facts: &ContentFacts) -> Vec<Load> {
    facts
        .observations
        .iter()
        .filter_map(|observation| {
            let Fact::PyCall(call) = &observation.fact else {
                return None;
            };
            if call.act != PyAct::Call {
                return None;
            }
            let keywords = ["f", "file", "filename", "filepath_or_buffer", "path"];
            let named = keywords.iter().find_map(|name| call.argument(name, None));
            let first = call.argument("", Some(0));
            match &first.or(named)?.value {
                Constant::Str(path) if !path.is_empty() => Some(Load {
                    source: entry.path.clone(),
                    site: observation.site.clone(),
                    callee: call.callee.clone(),
                    written: path.clone(),
                    matched: Match::End,
                }),
                _ => None,
            }
        })
        .collect()
}

/// Gives artifacts the calls that load them: those whose path is the artifact's from the source's folder, else from the root,
/// else the end of the path of just one artifact. The artifacts are sorted by path.
pub(super) fn relate(artifacts: &mut [Artifact], loads: Vec<Load>) {
    let at = |artifacts: &[Artifact], path: &[u8]| {
        let at = artifacts.partition_point(|artifact| artifact.path.as_bytes() < path);
        artifacts
            .get(at)
            .is_some_and(|artifact| artifact.path.as_bytes() == path)
            .then_some(at)
    };
    // By their last names, to look for ends of paths.
    let mut by_name: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for (i, artifact) in artifacts.iter().enumerate() {
        let name = artifact.path.as_bytes().rsplit(|b| *b == b'/').next();
        let same = by_name
            .entry(name.unwrap_or_default().to_vec())
            .or_default();
        // Versions of one path, in a history, are all meant.
        if same
            .last()
            .and_then(|last| artifacts.get(*last))
            .is_none_or(|last| last.path != artifact.path)
        {
            same.push(i);
        }
    }
    for mut load in loads {
        let source = load.source.as_bytes();
        let folder = source
            .iter()
            .rposition(|b| *b == b'/')
            .map_or(&b""[..], |slash| source.get(..slash).unwrap_or_default());
        let written = load.written.as_bytes();
        let absolute = written.starts_with(b"/");
        let from_source = || join(folder, written).and_then(|path| at(artifacts, &path));
        let from_root = || join(b"", written).and_then(|path| at(artifacts, &path));
        let found = if absolute {
            None
        } else {
            let near = from_source().map(|at| (at, Match::FromSource));
            near.or_else(|| from_root().map(|at| (at, Match::FromRoot)))
        };
        let found = found.or_else(|| {
            let end = join(b"", written.strip_prefix(b"/").unwrap_or(written))?;
            let name = end.rsplit(|b| *b == b'/').next()?;
            let tail = [b"/", end.as_slice()].concat();
            let mut ends = by_name.get(name)?.iter().filter(|at| {
                artifacts
                    .get(**at)
                    .is_some_and(|artifact| artifact.path.as_bytes().ends_with(&tail))
            });
            match (ends.next(), ends.next()) {
                (Some(only), None) => Some((*only, Match::End)),
                _ => None,
            }
        });
        let Some((first, matched)) = found else {
            continue;
        };
        load.matched = matched;
        let path = artifacts.get(first).map(|artifact| artifact.path.clone());
        let versions = artifacts.get_mut(first..).unwrap_or_default().iter_mut();
        for artifact in versions.take_while(|artifact| Some(&artifact.path) == path.as_ref()) {
            artifact.loaded_by.push(load.clone());
        }
    }
    for artifact in artifacts {
        artifact.loaded_by.sort();
        artifact.loaded_by.dedup();
    }
}

/// A relative path below a folder, `.` and `..` carried out; `None` if it leaves the view.
fn join(folder: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in folder
        .split(|b| *b == b'/')
        .chain(path.split(|b| *b == b'/'))
    {
        match name {
            b"" | b"." => {}
            b".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    (!names.is_empty()).then(|| names.join(&b'/'))
}
