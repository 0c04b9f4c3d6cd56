//! The policy: what a reviewed YAML file allows, compiled, and asked per path.
//!
//! A policy file and what it extends are read ([`Policy::load`]), checked as a whole, and folded into layers: one that holds
//! everywhere and one for each override. A [`Scope`] is the layers that apply to a path. Everything is refused that
//! nothing allows; every answer can say which line of which file decided.
//!
//! Names: an entry `pkg.mod.Name` is the name `Name` of module `pkg.mod`, exactly as stored; a name that itself holds dots
//! needs a colon, `pkg.mod:Outer.Inner`; `pkg.*` is every plain name directly in `pkg`; `pkg.**` those of its submodules too.
//! An entry that does not say `as:` allows `import`, `call` and `configure`, and for a name that looks like a class (it begins with a
//! capital) `construct` and `build` as well; calling is among a class's uses because `REDUCE` of a class is a call.
//!
//! Precedence: what a policy extends is merged with it, `refuse` beating `allow` wherever it comes from and the nearest level
//! winning; then each override in order, where a later one beats what stands before it.

mod acceptance;
pub mod alias;
mod baseline;
mod baseline_text;
mod cases;
mod check_rules;
mod comments;
mod compile;
mod constraint;
mod covering;
mod danger;
mod day;
mod decode;
mod diff;
mod digest;
pub mod edit;
mod entry_ref;
mod error;
mod explain;
mod floors;
mod init;
mod inline;
mod keys;
mod layer;
mod lint;
mod load;
mod locate;
mod lock_check;
mod locks;
mod names;
mod need;
mod nesting;
mod node;
mod organisation;
mod own;
mod pack;
mod paths;
mod pattern;
mod place;
mod raw;
mod schema;
mod scope;
mod show;
mod snippet;
mod source;
mod target;
mod torch_list;
mod torch_target;
mod unread;
mod uses;
mod waivers;
mod written;

pub use acceptance::Acceptance;
pub use baseline::{Baseline, NAME as BASELINE_NAME};
pub use baseline_text::BaselineEntry;
pub use cases::{CaseSubject, Decision, PolicyCase, cases};
pub use check_rules::{CHECK_RULES, INVALID, RISKY, UNNEEDED};
pub use comments::{Arrival, Comment, CommentFault};
pub use covering::covering;
pub use danger::danger;
pub use diff::{compare, sort as sort_changes};
pub use digest::digest;
pub use entry_ref::EntryRef;
pub use error::{PolicyError, PolicyErrors, near};
pub use explain::{Asked, Elsewhere, Explained, Ruling, global_of};
pub use floors::{Floor, floors};
pub use init::{InitSummary, init, pattern_of};
pub use inline::InlineMode;
pub use keys::{PolicyKey, keys};
pub use layer::Catalog;
pub use lint::{Used, lint};
pub use load::{Files, PolicyAt, read as read_file};
pub use lock_check::{Attempts, LockAttempt};
pub use need::{Answering, Need, NeededGlobal, Trust, add_needs, answer, answer_with};
pub use organisation::Organisation;
pub use own::OwnPolicy;
pub use pack::{
    GlobalKind, Pack, PackEntry, Release, by_name as pack_by_name, covering as covering_packs,
    listing as packs_listing, names as pack_names,
};
pub use paths::PathPatterns;
pub use place::{NAME, PLACES, Place};
pub use schema::{SchemaOf, Words, schema};
pub use scope::{ArgumentVerdict, GlobalPolicy, GlobalRuling, SafeGlobal, Scope, Standing, packs};
pub use show::{EffectiveLine, show};
pub use snippet::{EntryTerms, constrains_calls, entry, is_constrained_call, may_be_entered};
pub use source::{Asker, Source, edited_policy, from_here, is_bundled_name, named_policy, staging};
pub use torch_list::{ListCall, PythonObject};
pub use torch_target::TorchTarget;
pub use waivers::{
    Breach, Obstacle, Requirement, Waiver, WaiverTerms, WaiverVerdict, Waivers, WaiversAt,
    is_dangerous,
};

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use rustc_hash::FxHashMap;

use crate::{
    fact::{Text, Usage},
    finding::LineRef,
    pins::{self, PinBook},
};
use layer::Layer;
use load::{Ancestry, BUNDLED, Disk, Loader};
use locate::Origin;
use paths::Patterns;
use raw::Document;
use uses::Uses;

/// A policy with everything it extends, compiled.
#[derive(Debug)]
pub struct Policy {
    name: String,
    /// What holds everywhere, then each override.
    layers: Vec<Arc<Layer>>,
    /// The groups of patterns: the overrides' first, in order, then those of entries that have `paths`.
    patterns: Patterns,
    /// The patterns of each group, as they are written.
    groups: Vec<Vec<(String, Origin)>>,
    /// Each pattern under `exclude` is a group.
    exclude: Patterns,
    /// Each of them as it is written.
    exclusions: Vec<(String, Origin)>,
    torch: Arc<TorchTarget>,
    /// What would load the artifacts, if the policy says so; `auto` otherwise.
    python: String,
    attributes: bool,
    /// Where `target.torch`, `attributes` and `pins.lock` stand, if they do.
    scalars: Scalars,
    own: Arc<OwnPolicy>,
    accepts: Acceptance,
    /// It and all that it extends as they are written, each after those it extends.
    documents: Vec<Document>,
    /// The files it was read from, each as it is named and where it really is.
    files: Vec<PathBuf>,
    /// The organisation's policy above it.
    organisation: Option<Organisation>,
    /// The path of the lock file, if the policy says one.
    lock: Option<String>,
    /// The pins of what is looked at.
    pins: Option<Box<PinBook>>,
    notes: Vec<PolicyError>,
    /// The scope of every path that no pattern matches.
    everywhere: OnceLock<Arc<Scope>>,
    /// The others, by the groups that match.
    scopes: RwLock<FxHashMap<Vec<usize>, Arc<Scope>>>,
}

/// Where values stand of which a policy has one each.
#[derive(Debug, Default)]
struct Scalars {
    torch: Option<Origin>,
    attributes: Option<Origin>,
    lock: Option<Origin>,
}

/// What a policy says about a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatVerdict {
    /// It may be stored and loaded, because this entry says so.
    Allowed(EntryRef),
    /// It may not.
    Refused {
        /// The policy line that decided, or the list that does not name it.
        decided_by: Option<LineRef>,
        /// What the policy's author advises instead.
        advice: Option<String>,
    },
}

/// What a policy says about a use of a global.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlobalVerdict {
    /// It may be used so, because this entry says so.
    Allowed(EntryRef),
    /// It may not.
    Refused {
        /// Why.
        why: Refusal,
        /// The policy line that decided, or the list that does not name it.
        decided_by: Option<LineRef>,
        /// What makes the name dangerous, if it is one of the known (`runs text as code`): a label, never the reason for
        /// the refusal.
        danger: Option<&'static str>,
    },
}

impl FormatVerdict {
    /// Whether it is allowed.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl GlobalVerdict {
    /// Whether it is allowed.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Why a use of a global is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing lists it.
    Unlisted {
        /// A listed global, as its entry spells it, that may have been meant: of the same name in another module, or of
        /// nearly the same spelling.
        near: Option<String>,
    },
    /// It is listed, but not for this use.
    Use {
        /// The uses it is listed for.
        allowed: Vec<Usage>,
    },
    /// An entry under `refuse` names it.
    Refused,
}

impl Policy {
    /// The policy of a repository that has none. Embedded; nothing is read from disk and no YAML is parsed.
    pub fn recommended() -> Self {
        Self::bundled("recommended").unwrap_or_else(|| {
            let name = "recommended (built in)".to_owned();
            compile::compile(name, Vec::new(), Vec::new(), Ancestry::default()).0
        })
    }

    /// An embedded policy by its name.
    pub fn bundled(name: &str) -> Option<Self> {
        let bundled = BUNDLED.iter().find(|bundled| bundled.name == name)?;
        // A test holds every bundled policy to the rules for all policies; were one broken all the same, what it failed
        // to allow would be refused.
        let Loader { raws, ancestry, .. } = Loader::bundled(bundled);
        let name = format!("{name} (built in)");
        let (policy, _) = compile::compile(name, raws, Vec::new(), ancestry);
        Some(policy)
    }

    /// The names of the embedded policies.
    pub fn bundled_names() -> impl Iterator<Item = &'static str> {
        BUNDLED.iter().map(|bundled| bundled.name)
    }

    /// Reads a policy file and what it extends. Words that name rules and formats are compared with the catalogue.
    pub fn load(path: &Path, catalog: &Catalog<'_>) -> Result<Self, PolicyErrors> {
        Self::load_from(&Disk, path, catalog)
    }

    /// Reads a policy file and what it extends from somewhere else than the disk.
    pub fn load_from(
        files: &dyn Files,
        path: &Path,
        catalog: &Catalog<'_>,
    ) -> Result<Self, PolicyErrors> {
        let loader = Loader::path(files, path);
        compile::checked(files.name(path), loader, Attempts::AreErrors, catalog)
    }

    /// Reads a policy from its text. A relative path that it extends is looked for in the current folder.
    pub fn parse(name: &str, text: &str, catalog: &Catalog<'_>) -> Result<Self, PolicyErrors> {
        let loader = Loader::text(name, text);
        compile::checked(name.to_owned(), loader, Attempts::AreErrors, catalog)
    }

    /// How reports name it: the path of its file, or `recommended (built in)`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it allows on purpose that a reviewer should still see, each with its place: dangerous entries, and those wider
    /// than they look. None of them is an error.
    pub fn notes(&self) -> &[PolicyError] {
        &self.notes
    }

    /// What `target.torch` says: `auto`, a version or a range.
    pub fn target_torch(&self) -> &str {
        self.torch.text()
    }

    /// What `target.python` says: `auto`, a version or a range. Nothing depends on it yet.
    pub fn target_python(&self) -> &str {
        &self.python
    }

    /// The files it was read from: each as it was named, and where links led. None for an embedded policy, nor those of an
    /// organisation's policy above it.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The organisation's policy above it, if there is one.
    pub fn organisation(&self) -> Option<&Organisation> {
        self.organisation.as_ref()
    }

    /// The same policy, with findings that are known.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Baseline) -> Self {
        self.accepts.set_baseline(baseline);
        self
    }

    /// What is accepted although rules find it.
    pub fn accepts(&self) -> &Acceptance {
        &self.accepts
    }

    /// The file that somebody would edit.
    pub fn own(&self) -> &Arc<OwnPolicy> {
        &self.own
    }

    /// Whether `weighbridge=off` in `.gitattributes` exempts a file.
    pub fn honours_attributes(&self) -> bool {
        self.attributes
    }

    /// What holds at `path`, relative to the root of what is checked and `/`-separated. Paths that the same patterns
    /// match share one scope.
    pub fn scope(&self, path: &Text) -> Arc<Scope> {
        let groups = self.patterns.matching(path);
        if groups.is_empty() {
            return self.everywhere();
        }
        // A poisoned lock only means that another thread panicked between two insertions: the map is whole.
        let known = self
            .scopes
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&groups)
            .cloned();
        known.unwrap_or_else(|| {
            let scope = Arc::new(self.scope_of(groups.clone()));
            let mut scopes = self.scopes.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(scopes.entry(groups).or_insert(scope))
        })
    }

    /// The path of the lock file from the root.
    pub fn lock_path(&self) -> &str {
        self.lock.as_deref().unwrap_or(pins::NAME)
    }

    /// The pins of what is looked at, once they were [found](Self::with_pins).
    pub fn pins(&self) -> Option<&PinBook> {
        self.pins.as_deref()
    }

    /// The same policy, with the pins of what it judges.
    #[must_use]
    pub fn with_pins(self, pins: PinBook) -> Self {
        Self {
            pins: Some(Box::new(pins)),
            ..self
        }
    }

    /// What holds at paths that no pattern matches.
    fn everywhere(&self) -> Arc<Scope> {
        let scope = self
            .everywhere
            .get_or_init(|| Arc::new(self.scope_of(Vec::new())));
        Arc::clone(scope)
    }

    fn scope_of(&self, groups: Vec<usize>) -> Scope {
        // The base, then the overrides whose group matches: override `n` is layer `n + 1`.
        let overrides = groups
            .iter()
            .filter_map(|group| self.layers.get(group.saturating_add(1)));
        let layers = self
            .layers
            .first()
            .into_iter()
            .chain(overrides)
            .cloned()
            .collect();
        Scope::new(
            layers,
            groups,
            Arc::clone(&self.torch),
            Arc::clone(&self.own),
        )
    }

    /// Whether `path` is not to be looked at.
    pub fn excludes(&self, path: &Text) -> bool {
        self.exclude.is_match(path)
    }

    /// The first line under `exclude` that a path matches.
    pub fn excluded_by(&self, path: &Text) -> Option<LineRef> {
        let group = self.exclude.matching(path).into_iter().next()?;
        let (_, origin) = self.exclusions.get(group)?;
        Some(origin.line_ref("excluded here"))
    }
}

/// Whether the embedded policies name only rules and formats that exist: for a test of the registries.
///
/// # Errors
/// What is wrong with one of them.
pub fn check_bundled(catalog: &Catalog<'_>) -> Result<(), PolicyErrors> {
    for bundled in BUNDLED {
        let loader = Loader::bundled(bundled);
        let name = bundled.name.to_owned();
        compile::checked(name, loader, Attempts::AreErrors, catalog)?;
    }
    Ok(())
}

impl Default for Policy {
    /// The recommended policy.
    fn default() -> Self {
        Self::recommended()
    }
}

impl Default for Scope {
    /// What the recommended policy says everywhere.
    fn default() -> Self {
        Policy::recommended().scope_of(Vec::new())
    }
}
