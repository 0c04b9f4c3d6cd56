//! A policy as it is written: every key known, every value of its type, nothing yet compared with anything else.

use std::sync::Arc;

use super::{
    InlineMode, Uses,
    constraint::Constraint,
    locate::{File, Origin},
    node::Node,
    pattern::Pattern,
    waivers::{RawTerms, RawWaiver},
};
use crate::{finding::Level, pins::Required};

/// A policy file, decoded.
#[derive(Debug, Default)]
pub(super) struct Raw {
    /// The file, unless it is a bundled policy.
    pub(super) file: Option<Arc<File>>,
    pub(super) extends: Vec<(String, Origin)>,
    /// The policies that it extends, each by its index among all, with the line that names it.
    pub(super) parents: Vec<(usize, Origin)>,
    /// The organisation's policy, by its index, if it stands above this one.
    pub(super) organisation: Option<usize>,
    /// The file with its values, to be shown as they are written.
    pub(super) document: Option<Document>,
    /// The keys that no policy which extends this one may loosen.
    pub(super) locked: Vec<(String, Origin)>,
    pub(super) torch: Option<(String, Origin)>,
    pub(super) python: Option<(String, Origin)>,
    pub(super) body: Body,
    pub(super) overrides: Vec<Override>,
    pub(super) exclude: Vec<(String, Origin)>,
    /// What is made of comments in source that ask for findings not to count.
    pub(super) inline: Option<(InlineMode, Origin)>,
    /// The path of the baseline.
    pub(super) baseline: Option<(String, Origin)>,
    pub(super) waivers: Vec<RawWaiver>,
    pub(super) waiver_terms: RawTerms,
    /// Whether attributes may exempt files.
    pub(super) attributes: Option<(bool, Origin)>,
    /// The path of the lock file.
    pub(super) lock: Option<(String, Origin)>,
}

/// A policy file and what YAML makes of it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) file: Arc<File>,
    pub(super) root: Node,
}

/// What may be said for all paths and for some.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// Where `formats.allow` stands.
    pub(super) formats_list: Option<Origin>,
    pub(super) formats_allow: Vec<(String, Origin)>,
    pub(super) formats_refuse: Vec<(String, Option<String>, Origin)>,
    /// Where `globals.allow` stands, or else `globals.packs`, or else `globals`.
    pub(super) globals_list: Option<Origin>,
    pub(super) packs: Vec<(String, Origin)>,
    pub(super) globals_allow: Vec<Entry>,
    pub(super) globals_refuse: Vec<Entry>,
    pub(super) rules: Vec<(String, Level, Origin)>,
    /// Which artifacts need a pin.
    pub(super) pins: Option<(Required, Origin)>,
}

/// What is said for some paths.
#[derive(Debug)]
pub(super) struct Override {
    pub(super) paths: Vec<(String, Origin)>,
    /// Why it is there.
    pub(super) reason: Option<String>,
    /// Whether what it allows is meant for names that are known to be dangerous, and where it says so.
    pub(super) dangerous: Option<Origin>,
    pub(super) body: Body,
}

/// An entry under `globals.allow` or `globals.refuse`.
#[derive(Debug)]
pub(super) struct Entry {
    /// As it is written.
    pub(super) text: String,
    pub(super) pattern: Pattern,
    pub(super) uses: Uses,
    pub(super) args: Option<Vec<Constraint>>,
    pub(super) dangerous: bool,
    pub(super) reason: Option<String>,
    pub(super) paths: Vec<(String, Origin)>,
    /// The name itself.
    pub(super) origin: Origin,
}

impl Raw {
    /// Takes away what stands where somebody says.
    pub(super) fn remove(&mut self, is_gone: impl Fn(&Origin) -> bool) {
        let is_kept = |origin: &Origin| !is_gone(origin);
        take(&mut self.torch, &is_gone);
        take(&mut self.python, &is_gone);
        take(&mut self.inline, &is_gone);
        take(&mut self.baseline, &is_gone);
        take(&mut self.attributes, &is_gone);
        take(&mut self.lock, &is_gone);
        take(&mut self.waiver_terms.max_days, &is_gone);
        take(&mut self.waiver_terms.require, &is_gone);
        self.exclude.retain(|(_, origin)| is_kept(origin));
        self.waivers.retain(|waiver| is_kept(&waiver.rule_origin));
        let overrides = self.overrides.iter_mut().map(|over| &mut over.body);
        for body in std::iter::once(&mut self.body).chain(overrides) {
            take(&mut body.pins, &is_gone);
            body.formats_allow.retain(|(_, origin)| is_kept(origin));
            body.packs.retain(|(_, origin)| is_kept(origin));
            body.globals_allow.retain(|entry| is_kept(&entry.origin));
            body.rules.retain(|(.., origin)| is_kept(origin));
        }
    }
}

/// Takes a value away if it stands where somebody says.
fn take<T>(value: &mut Option<(T, Origin)>, is_gone: impl Fn(&Origin) -> bool) {
    if value.as_ref().is_some_and(|(_, origin)| is_gone(origin)) {
        *value = None;
    }
}
