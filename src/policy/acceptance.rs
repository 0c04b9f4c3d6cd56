//! What a policy accepts although rules find it: waivers, the baseline, comments in source. And what it locks against that.

use super::{
    InlineMode,
    baseline::Baseline,
    locate::Origin,
    locks,
    raw::Raw,
    waivers::{RawTerms, RawWaiver, Waivers},
};

/// What a policy accepts although rules find it.
#[derive(Debug, Default)]
pub struct Acceptance {
    pub(super) waivers: Waivers,
    /// The keys that are locked, and where.
    pub(super) locked: Vec<(String, Origin)>,
    /// The path of the baseline, if the policy says one, and where.
    pub(super) baseline_path: Option<(String, Origin)>,
    /// The findings that are known.
    pub(super) baseline: Option<Box<Baseline>>,
    pub(super) inline: InlineMode,
    /// Where it says so.
    pub(super) inline_at: Option<Origin>,
}

/// What the policies say of it that are put together, each after those it extends.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    waivers: Vec<RawWaiver>,
    terms: RawTerms,
    locked: Vec<(String, Origin)>,
    baseline: Option<(String, Origin)>,
    inline: Option<(InlineMode, Origin)>,
}

impl Accepted {
    /// Takes what a policy says.
    pub(super) fn take(&mut self, raw: &mut Raw) {
        self.waivers.append(&mut raw.waivers);
        self.terms = std::mem::take(&mut self.terms).then(std::mem::take(&mut raw.waiver_terms));
        self.locked.extend(raw.locked.iter().cloned());
        self.baseline = raw.baseline.take().or(self.baseline.take());
        self.inline = raw.inline.take().or(self.inline.take());
    }

    /// All of it together.
    pub(super) fn finish(self) -> Acceptance {
        Acceptance {
            waivers: Waivers::new(self.waivers, self.terms),
            locked: self.locked,
            baseline_path: self.baseline,
            baseline: None,
            inline: self
                .inline
                .as_ref()
                .map(|(mode, _)| *mode)
                .unwrap_or_default(),
            inline_at: self.inline.map(|(_, origin)| origin),
        }
    }
}

impl Acceptance {
    /// The waivers, and their terms.
    pub fn waivers(&self) -> &Waivers {
        &self.waivers
    }

    /// What is made of comments in source that ask for findings not to count.
    pub fn inline(&self) -> InlineMode {
        self.inline
    }

    /// The findings that are known, if a baseline is used.
    pub fn baseline(&self) -> Option<&Baseline> {
        self.baseline.as_deref()
    }

    /// The path of the baseline from the root of what is checked, if the policy names one.
    pub fn baseline_path(&self) -> Option<&str> {
        self.baseline_path.as_ref().map(|(path, _)| path.as_str())
    }

    /// Whether the level of a rule is locked: neither a baseline nor a comment sets its findings aside.
    pub fn locks_rule(&self, rule: &str) -> bool {
        locks::locks_rule(self.locked.iter().map(|(key, _)| key.as_str()), rule)
    }

    /// Uses a baseline.
    pub(super) fn set_baseline(&mut self, baseline: Baseline) {
        self.baseline = Some(Box::new(baseline));
    }
}
