//! Packs: reviewed lists of globals for one library, embedded, and read only when a policy uses them.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::{Uses, alias, locate::File, names::ByName, pattern};
use crate::fact::{GlobalName, TorchBehaviour, Usage};

/// A list of globals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pack {
    /// Its name, as policies say it.
    pub pack: String,
    /// What is in it, in a line.
    pub title: String,
    /// The library that stores these names.
    pub library: String,
    /// Which releases it was made from, and how.
    pub provenance: String,
    /// What each release of the library does besides listing names; oldest first. Only torch has them.
    #[serde(default)]
    pub releases: Vec<Release>,
    /// What some of the releases do and others do not.
    #[serde(default)]
    pub behaviour: Vec<Behaviour>,
    /// The opcodes that every one of the releases takes.
    #[serde(default)]
    pub opcodes: Vec<String>,
    /// The globals.
    pub entries: Vec<PackEntry>,
    /// How they are used: tables of the reader of pickles are made of it, and a policy has no say in it.
    #[serde(default)]
    #[allow(dead_code, reason = "it is compiled by the build")]
    shapes: serde::de::IgnoredAny,
    #[serde(skip)]
    by_name: OnceLock<ByName<usize>>,
    #[serde(skip)]
    by_text: OnceLock<FxHashMap<String, usize>>,
}

/// A release of torch and how its weights-only loader behaves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Release {
    /// The minor release: `2.6`.
    pub release: String,
    /// What exactly was run to know.
    pub ran: String,
    /// `torch.load` without `weights_only` is weights-only.
    pub weights_only_by_default: bool,
    /// Names of Python 2 are mapped before they are looked up.
    pub maps_python2_names: bool,
    /// Modules whose names it refuses even if they are listed.
    pub blocked_modules: Vec<String>,
    /// Opcodes that it takes besides the pack's.
    #[serde(default)]
    pub more_opcodes: Vec<String>,
}

/// What a span of releases does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// What.
    pub kind: TorchBehaviour,
    /// The first release that does; all up to `until` do if it is left out.
    #[serde(default)]
    pub since: Option<String>,
    /// The first later release that does not.
    #[serde(default)]
    pub until: Option<String>,
}

/// A global of a pack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackEntry {
    /// `module.name`, or `module:dotted.name`.
    pub global: String,
    /// What it is: decides what a policy that lists the pack allows.
    pub kind: GlobalKind,
    /// The first release that stores or lists it.
    pub since: String,
    /// The first later release that does not.
    #[serde(default)]
    pub until: Option<String>,
    /// What it is stored for.
    #[serde(default, rename = "for")]
    pub purpose: Option<String>,
}

/// What a global is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GlobalKind {
    /// A class: it may be called, constructed and given state.
    Class,
    /// A class whose instances are data: they are made without arguments, and given a dict of attributes.
    Instance,
    /// A class of an enum: it is called with the value of a member.
    Enum,
    /// A function: it may be called.
    Function,
    /// A function that calls its first argument, as torch's `_rebuild_from_type_v2` does: that has to be a global which may
    /// itself be called with any arguments.
    Applier,
    /// A function that makes an object which is then given its state, as numpy's `_reconstruct` is: it always makes a new
    /// one, or state could be set on what it was given.
    Reconstructor,
    /// A dtype of torch: a value.
    Dtype,
    /// A quantisation scheme: a value.
    Qscheme,
    /// A layout: a value.
    Layout,
    /// A function that objects of its library hold, and call when they are used: it is only named, under the name of a parameter.
    Callback,
    /// A class or a function that configurations name, and no pickle: what they give it is data.
    Configured,
    /// Another value, or a class that is only ever stored itself: calling it is no part of loading.
    Value,
}

impl GlobalKind {
    /// What it is, in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Instance => "instance",
            Self::Enum => "enum",
            Self::Function => "function",
            Self::Applier => "applier",
            Self::Reconstructor => "reconstructor",
            Self::Dtype => "dtype",
            Self::Qscheme => "qscheme",
            Self::Layout => "layout",
            Self::Callback => "callback",
            Self::Configured => "configured",
            Self::Value => "value",
        }
    }

    pub(super) fn uses(self) -> Uses {
        match self {
            Self::Class => Uses::CLASS,
            Self::Instance => Uses::INSTANCE,
            Self::Enum | Self::Function | Self::Applier => Uses::CALLED,
            Self::Reconstructor => Uses::RECONSTRUCTOR,
            Self::Configured => Uses::CONFIGURED,
            Self::Dtype | Self::Qscheme | Self::Layout | Self::Callback | Self::Value => {
                Uses::IMPORT
            }
        }
    }
}

/// A pack and its sources, embedded.
struct Embedded {
    name: &'static str,
    yaml: &'static str,
    json: &'static str,
    pack: OnceLock<Option<Pack>>,
}

macro_rules! packs {
    ($($name:literal),* $(,)?) => {
        static PACKS: [Embedded; [$($name),*].len()] = [$(Embedded {
            name: $name,
            yaml: include_str!(concat!("../../policies/globals/", $name, ".yaml")),
            json: include_str!(concat!(env!("OUT_DIR"), "/globals/", $name, ".json")),
            pack: OnceLock::new(),
        }),*];
    };
}

packs!(
    "coqui-tts",
    "deepspeed",
    "fairseq",
    "flair",
    "gensim",
    "imbalanced-learn",
    "joblib-arrays",
    "keras-layers",
    "keras-text",
    "langchain",
    "lightning",
    "mlflow-flavors",
    "networkx",
    "nltk",
    "numpy-arrays",
    "pandas-frames",
    "pyannote-audio",
    "python-data",
    "scipy-sparse",
    "simpletransformers",
    "sklearn-estimators",
    "speechbrain",
    "timm",
    "torch-distributed",
    "torch-nn",
    "torch-script",
    "torch-weights",
    "torchvision",
    "transformers-training",
    "ultralytics"
);

/// The pack that says what torch lists by default.
pub(super) const TORCH: &str = "torch-weights";

/// The names of all packs.
pub fn names() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|pack| pack.name)
}

/// A pack by its name.
pub fn by_name(name: &str) -> Option<&'static Pack> {
    let embedded = PACKS.iter().find(|pack| pack.name == name)?;
    embedded
        .pack
        .get_or_init(|| serde_json::from_str(embedded.json).ok())
        .as_ref()
}

/// Names that are as short as a pack, and allow less.
const FEW: usize = 3;

/// The packs that make it short to allow names, each with the uses that are made of it: those that list all of the names, unless entries
/// are as short and allow less; otherwise those that list many of them.
pub fn covering<'a>(
    names: impl ExactSizeIterator<Item = (&'a GlobalName, &'a [Usage])> + Clone,
) -> Vec<&'static str> {
    let mut usages = names.clone().flat_map(|(_, usages)| usages);
    if names.len() <= FEW && usages.all(|usage| *usage == Usage::Import) {
        return Vec::new();
    }
    let mut left: Vec<Vec<&'static str>> =
        names.map(|(name, usages)| listing(name, usages)).collect();
    let mut chosen: Vec<(&'static str, usize)> = Vec::new();
    while !left.is_empty() {
        let listed = |pack: &str| left.iter().filter(|packs| packs.contains(&pack)).count();
        let best = self::names()
            .map(|pack| (pack, listed(pack)))
            .max_by_key(|(pack, listed)| (*listed, std::cmp::Reverse(*pack)))
            .filter(|(_, listed)| *listed > 0);
        let Some((best, listed)) = best else {
            break;
        };
        left.retain(|packs| !packs.contains(&best));
        chosen.push((best, listed));
    }
    if !left.is_empty() {
        chosen.retain(|(_, listed)| *listed > FEW);
    }
    chosen.into_iter().map(|(pack, _)| pack).collect()
}

/// The packs that list a global for all of these uses.
pub fn listing(name: &GlobalName, usages: &[Usage]) -> Vec<&'static str> {
    let (Some(module), Some(qualname)) = (name.module.as_str(), name.name.as_str()) else {
        return Vec::new();
    };
    let (module, qualname) = alias::canonical(module, qualname);
    let lists = |pack: &&str| {
        by_name(pack).is_some_and(|pack| {
            pack.find(&module, &qualname).any(|entry| {
                let uses = entry.kind.uses();
                usages.iter().all(|usage| uses.contains(*usage))
            })
        })
    };
    names().filter(lists).collect()
}

/// The releases of torch whose lists are known, oldest first.
pub(super) fn torch_releases() -> &'static [Release] {
    by_name(TORCH).map_or(&[], |pack| &pack.releases)
}

/// The YAML of a pack, for its lines.
pub(super) fn file(name: &str) -> Option<Arc<File>> {
    // Each is looked at many times by whoever asks for the lines of many names, and parsed once.
    static FILES: OnceLock<Vec<Arc<File>>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let files = PACKS.iter().map(|pack| {
            let name = format!("globals/{}.yaml (built in)", pack.name);
            File::new(name, pack.yaml)
        });
        files.collect()
    });
    let at = PACKS.iter().position(|pack| pack.name == name)?;
    files.get(at).cloned()
}

impl Release {
    /// Whether it does what not every release does.
    pub fn behaves(&self, kind: TorchBehaviour) -> bool {
        let Some(pack) = by_name(TORCH) else {
            return false;
        };
        pack.behaviour.iter().any(|row| {
            row.kind == kind
                && pack.is_within(&self.release, row.since.as_deref(), row.until.as_deref())
        })
    }
}

impl Pack {
    /// What its file says at its head: why it is data, and what was left out.
    pub fn preface(&self) -> String {
        let yaml = PACKS.iter().find(|pack| pack.name == self.pack);
        let lines = yaml.map_or("", |pack| pack.yaml).lines();
        let lines: Vec<&str> = lines
            .map_while(|line| line.strip_prefix('#'))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        lines.join("\n")
    }

    /// Whether a release lies in a span of releases.
    fn is_within(&self, release: &str, since: Option<&str>, until: Option<&str>) -> bool {
        let order = |name: &str| self.releases.iter().position(|known| known.release == name);
        let at = order(release);
        since.is_none_or(|since| at >= order(since)) && until.is_none_or(|until| at < order(until))
    }

    /// The globals of the entries in canonical spelling, each with its place in the entries.
    pub(super) fn canonical(&self) -> impl Iterator<Item = (String, String, usize)> {
        let entries = self.entries.iter().enumerate();
        entries.filter_map(|(at, entry)| match pattern::Pattern::parse(&entry.global) {
            Ok(pattern::Pattern::Exact { module, name }) => Some((module, name, at)),
            _ => None,
        })
    }

    /// The entries for a global in canonical spelling.
    pub(super) fn find(&self, module: &str, name: &str) -> impl Iterator<Item = &PackEntry> {
        let by_name = self.by_name.get_or_init(|| ByName::new(self.canonical()));
        let found = by_name.find(module, name);
        found.filter_map(|at| self.entries.get(*at))
    }

    /// The entry of exactly this text.
    pub(super) fn spelled(&self, text: &str) -> Option<&PackEntry> {
        let by_text = self.by_text.get_or_init(|| {
            let texts = self.entries.iter().map(|entry| entry.global.clone());
            texts.zip(0..).collect()
        });
        by_text.get(text).and_then(|at| self.entries.get(*at))
    }

    /// Whether an entry is there in all of these releases (of torch; every other pack's entries always are).
    pub(super) fn holds(&self, entry: &PackEntry, releases: &[String]) -> bool {
        if self.pack != TORCH {
            return true;
        }
        !releases.is_empty()
            && releases
                .iter()
                .all(|release| self.is_within(release, Some(&entry.since), entry.until.as_deref()))
    }
}

/// What a loader does with dots and old names before it looks a name up: torch's own order.
pub(super) fn as_torch_spells(module: &str, name: &str, release: &Release) -> String {
    if release.maps_python2_names {
        let (module, name) = alias::from_python2(module, name);
        format!("{module}.{name}")
    } else {
        format!("{module}.{name}")
    }
}
