//! Policies that were read, checked as a whole and folded into one.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, RwLock},
};

use super::{
    Catalog, Policy, PolicyAt, PolicyErrors, Scalars, TorchTarget,
    acceptance::Accepted,
    error::Errors,
    layer::{self, Layer},
    load::{Ancestry, Loader},
    locate::Origin,
    lock_check::{self, Attempts},
    organisation::Organisation,
    own::OwnPolicy,
    paths::{self, Patterns},
    raw::Raw,
    target, torch_target, waivers,
};

impl PolicyAt<'_> {
    /// Reads a policy with what it extends.
    ///
    /// # Errors
    /// A policy that does not hold together.
    pub fn load(self, catalog: &Catalog<'_>) -> Result<Policy, PolicyErrors> {
        match self {
            Self::File(files, path) => Policy::load_from(files, path, catalog),
            Self::Bundled(name) => Ok(Policy::bundled(name).unwrap_or_else(Policy::recommended)),
        }
    }

    /// Reads an organisation's policy, and a repository's own below it as if the organisation's stood first under its `extends`.
    /// Without one of the repository's, the organisation's judges alone.
    ///
    /// # Errors
    /// A policy of the two that does not hold together. What the repository's says against a lock of the organisation's is one of
    /// these, or with [`Attempts::AreSetAside`] among the [attempts](Organisation::attempts) of a policy that is read without it.
    pub fn load_above(
        self,
        own: Option<PolicyAt<'_>>,
        attempts: Attempts,
        catalog: &Catalog<'_>,
    ) -> Result<Policy, PolicyErrors> {
        let name = own.unwrap_or(self).name();
        let loader = Loader::below(self, own);
        checked(name, loader, attempts, catalog)
    }
}

/// Checks policies that were read, and compiles them.
pub(super) fn checked(
    name: String,
    loader: Loader,
    attempts: Attempts,
    catalog: &Catalog<'_>,
) -> Result<Policy, PolicyErrors> {
    let Loader {
        mut raws,
        mut errors,
        read,
        ancestry,
        ..
    } = loader;
    for raw in &raws {
        let bodies = std::iter::once(&raw.body).chain(raw.overrides.iter().map(|over| &over.body));
        for body in bodies {
            layer::check(body, catalog, &mut errors);
        }
        if let Some((text, origin)) = &raw.torch
            && text != "auto"
            && let Err((message, help)) = target::select(text, &torch_target::known_releases())
        {
            errors.of(origin, message, help);
        }
        if let Some((text, origin)) = &raw.python
            && text != "auto"
        {
            let message = format!("`target.python` is `{text}`, and nothing depends on it yet");
            let help =
                "write `auto`, or remove it: the policy would promise more than weighbridge checks";
            errors.of(origin, message, help);
        }
        for over in &raw.overrides {
            if let (Some(origin), None) = (&over.dangerous, &over.reason) {
                let help = "add a `reason:` for the reviewers of the policy";
                errors.of(origin, "an override is dangerous without a reason", help);
            }
        }
        waivers::check(&raw.waivers, catalog.rules, &mut errors);
        for patterns in patterns(raw) {
            paths::check(patterns, &mut errors);
        }
    }
    let (attempts, set_aside) =
        lock_check::check(&mut raws, ancestry, catalog, attempts, &mut errors);
    if !errors.is_empty() {
        return Err(errors.finish());
    }
    let (mut policy, errors) = compile(name, raws, read, ancestry);
    if let Some(organisation) = &mut policy.organisation {
        organisation.attempts = attempts;
        organisation.set_aside = set_aside;
    }
    if errors.is_empty() {
        Ok(policy)
    } else {
        Err(errors.finish())
    }
}

/// Folds policies, each after those it extends. Errors are those of patterns that are too large together.
pub(super) fn compile(
    name: String,
    raws: Vec<Raw>,
    mut files: Vec<PathBuf>,
    ancestry: Ancestry,
) -> (Policy, Errors) {
    let own = Arc::new(OwnPolicy::of(&raws, ancestry));
    let own_files = files.split_off(ancestry.files_above.min(files.len()));
    let mut notes = Vec::new();
    let mut exclude = Vec::new();
    let (mut torch, mut python, mut attributes, mut lock) = (None, None, None, None);
    let mut accepted = Accepted::default();
    let mut bodies = Vec::new();
    let mut overrides = Vec::new();
    let mut documents = Vec::new();
    for mut raw in raws {
        accepted.take(&mut raw);
        documents.extend(raw.document);
        layer::notes(&raw.body, &mut notes);
        torch = raw.torch.or(torch);
        python = raw.python.or(python);
        attributes = raw.attributes.or(attributes);
        lock = raw.lock.or(lock);
        exclude.extend(raw.exclude);
        bodies.push(raw.body);
        overrides.extend(raw.overrides);
    }
    // The overrides have the first groups; entries with `paths` come after them.
    let mut groups: Vec<_> = overrides
        .iter_mut()
        .map(|over| std::mem::take(&mut over.paths))
        .collect();
    let names_files: Vec<bool> = groups.iter().map(|paths| names_files(paths)).collect();
    let mut base = Layer::default();
    for body in bodies {
        base.add(body, &mut groups);
    }
    let mut layers = vec![Arc::new(base)];
    for (over, names_files) in overrides.into_iter().zip(names_files) {
        layer::notes(&over.body, &mut notes);
        let mut layer = Layer {
            // The key is an error without a reason.
            means_danger: over.dangerous.is_some() && over.reason.is_some() || names_files,
            reason: over.reason,
            ..Layer::default()
        };
        layer.add(over.body, &mut groups);
        layers.push(Arc::new(layer));
    }
    let (torch, torch_at) = torch.unzip();
    let (attributes, attributes_at) = attributes.unzip();
    let (lock, lock_at) = lock.unzip();
    let text = |found: Option<String>| found.unwrap_or_else(|| "auto".to_owned());
    let mut errors = Errors::default();
    let policy = Policy {
        name,
        layers,
        patterns: Patterns::new(groups.iter().map(Vec::as_slice), &mut errors),
        groups,
        exclude: Patterns::new(exclude.iter().map(std::slice::from_ref), &mut errors),
        exclusions: exclude,
        torch: Arc::new(TorchTarget::new(text(torch))),
        python: text(python.map(|(text, _)| text)),
        attributes: attributes.unwrap_or(false),
        scalars: Scalars {
            torch: torch_at,
            attributes: attributes_at,
            lock: lock_at,
        },
        own,
        accepts: accepted.finish(),
        documents,
        files: own_files,
        organisation: Organisation::of(ancestry, files),
        lock,
        pins: None,
        notes,
        everywhere: OnceLock::new(),
        scopes: RwLock::default(),
    };
    (policy, errors)
}

/// Every list of path patterns in a policy file.
fn patterns(raw: &Raw) -> impl Iterator<Item = &[(String, Origin)]> {
    let bodies = std::iter::once(&raw.body).chain(raw.overrides.iter().map(|over| &over.body));
    let entries = bodies
        .flat_map(|body| &body.globals_allow)
        .map(|entry| entry.paths.as_slice());
    let overrides = raw.overrides.iter().map(|over| over.paths.as_slice());
    let waivers = raw.waivers.iter().map(|waiver| waiver.paths.as_slice());
    entries
        .chain(overrides)
        .chain(waivers)
        .chain(std::iter::once(raw.exclude.as_slice()))
}

/// Whether each of the patterns names a file, with its suffix and without a wildcard: somebody looked at these files.
fn names_files(paths: &[(String, Origin)]) -> bool {
    let is_file = |(pattern, _): &(String, Origin)| {
        let name = pattern.rsplit('/').next().unwrap_or_default();
        !pattern.contains(['*', '?', '[', '{', '\\']) && Path::new(name).extension().is_some()
    };
    !paths.is_empty() && paths.iter().all(is_file)
}
