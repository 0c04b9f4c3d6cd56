//! What a policy accepts although rules find it: waivers, the baseline, comments in source. And what it locks against that.

use super::{
    baseline::Baseline,
    locate::Origin,
    locks,
    raw::Raw,
    waivers::{RawTerms, RawWaiver, Waivers},
};

/// What a policy accepts although rules find it.
#[derive(Debug, Default)]
pub struct Acceptance {
    waivers: Waivers,
    /// The keys that are locked.
    locked: Vec<String>,
    /// The path of the baseline, if the policy says one.
    baseline_path: Option<String>,
    /// The findings that are known.
    baseline: Option<Box<Baseline>>,
}

/// What the policies say of it that are put together, each after those it extends.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    waivers: Vec<RawWaiver>,
    terms: RawTerms,
    locked: Vec<String>,
    baseline: Option<(String, Origin)>,
}

impl Accepted {
    /// Takes what a policy says.
    pub(super) fn take(&mut self, raw: &mut Raw) {
        self.waivers.append(&mut raw.waivers);
        self.terms = std::mem::take(&mut self.terms).then(std::mem::take(&mut raw.waiver_terms));
        let locked = raw.locked.iter().map(|(key, _)| key.clone());
        self.locked.extend(locked);
        self.baseline = raw.baseline.take().or(self.baseline.take());
    }

    /// All of it together.
    pub(super) fn finish(self) -> Acceptance {
        Acceptance {
            waivers: Waivers::new(self.waivers, self.terms),
            locked: self.locked,
            baseline_path: self.baseline.map(|(path, _)| path),
            baseline: None,
        }
    }
}

impl Acceptance {
    /// The waivers, and their terms.
    pub fn waivers(&self) -> &Waivers {
        &self.waivers
    }

    /// The findings that are known, if a baseline is used.
    pub fn baseline(&self) -> Option<&Baseline> {
        self.baseline.as_deref()
    }

    /// The path of the baseline from the root of what is checked, if the policy names one.
    pub fn baseline_path(&self) -> Option<&str> {
        self.baseline_path.as_deref()
    }

    /// Whether the level of a rule is locked: neither a baseline nor a comment sets its findings aside.
    pub fn locks_rule(&self, rule: &str) -> bool {
        locks::locks_rule(self.locked.iter().map(String::as_str), rule)
    }

    /// Uses a baseline.
    pub(super) fn set_baseline(&mut self, baseline: Baseline) {
        self.baseline = Some(Box::new(baseline));
    }
}
