//! Which findings are waived, and for how long.

use super::{Comparison, Pair, Where, baseline::known, pins::key};
use crate::{
    fact::PolicyItem,
    policy::{Acceptance, Requirement, Waiver, WaiverTerms},
};

/// Compares what is waived.
pub(super) fn compare(comparison: &mut Comparison<'_>) {
    for pair in comparison.pairs() {
        for waiver in pair.to.accepts.waivers.all() {
            one(comparison, pair, waiver);
        }
    }
}

fn one(comparison: &mut Comparison<'_>, pair: Pair<'_>, waiver: &Waiver) {
    let (from, terms) = (&pair.from.accepts.waivers, pair.to.accepts.waivers.terms());
    let same_terms = [from.terms(), terms];
    let known = from.all().iter();
    let known = known.filter(|known| covers(known, waiver, same_terms));
    let known: Vec<String> = known.flat_map(|known| known.paths.clone()).collect();
    let is_about = |other: &&Waiver| other.rule == waiver.rule && other.subject == waiver.subject;
    let what = PolicyItem::Waiver {
        rule: waiver.rule.clone(),
        subject: waiver.subject.clone(),
        until: waiver.expires.map(|last| last.to_string()),
        was_there: from.all().iter().any(|other| is_about(&other)),
        dangerous: waiver.dangerous,
    };
    let line = Some(&waiver.origin);
    if waiver.paths.iter().all(|path| known.contains(path)) {
        return;
    }
    let Some(paths) = comparison
        .witnesses
        .of(vec![waiver.paths.clone(), known.clone()])
    else {
        comparison.drafts.undecided(pair, what, line);
        return;
    };
    let matches = |patterns: &[String], path| crate::policy::paths::is_match(patterns, path);
    let mut differ = paths
        .iter()
        .filter(|path| matches(&waiver.paths, path) && !matches(&known, path));
    if differ.next().is_some() {
        comparison.drafts.added(pair, what, line, Where::EVERYWHERE);
    }
}

/// Compares which keys are locked, and the baselines.
pub(super) fn compare_locks(comparison: &mut Comparison<'_>) {
    for pair in comparison.pairs() {
        let Acceptance {
            locked,
            baseline_path,
            // Compared by themselves.
            waivers: _,
            // Compared by itself, where it was read.
            baseline: _,
            inline,
            inline_at,
        } = &pair.from.accepts;
        let to = &pair.to.accepts;
        if to.inline.rank() < inline.rank() {
            let what = key("inline", inline.word(), to.inline.word());
            let line = to.inline_at.as_ref().or(inline_at.as_ref());
            let is_new = to.inline_at.is_some();
            comparison
                .drafts
                .at_line(pair, what, line, is_new, Where::EVERYWHERE);
        }
        for (locked, line) in locked {
            if !to.locked.iter().any(|(other, _)| other == locked) {
                let what = PolicyItem::Lock {
                    key: locked.clone(),
                };
                comparison.drafts.gone(pair, what, line, Where::EVERYWHERE);
            }
        }
        let are_compared = known(&pair.from.accepts).is_some() && known(&pair.to.accepts).is_some();
        if let Some((path, line)) = to.baseline_path.as_ref().filter(|_| !are_compared)
            && baseline_path
                .as_ref()
                .is_none_or(|(known, _)| known != path)
        {
            // What the new one knows stands in a file of its own.
            let known = baseline_path.as_ref().map_or("none", |(path, _)| path);
            let what = key("baseline", known, path);
            comparison.drafts.undecided(pair, what, Some(line));
        }
    }
}

/// The terms on which findings may be waived.
pub(super) fn compare_terms(comparison: &mut Comparison<'_>) {
    let terms = [comparison.old, comparison.new].map(|policy| policy.accepts.waivers.terms());
    for pair in comparison.pairs() {
        let (from, to) = (
            pair.from.accepts.waivers.terms(),
            pair.to.accepts.waivers.terms(),
        );
        let required = |terms: &WaiverTerms| {
            let (required, _) = terms.require.clone().unzip();
            required.unwrap_or_default()
        };
        let (had, has) = (required(from), required(to));
        if had.iter().any(|it| !has.contains(it)) {
            let words = |at: usize| {
                let required = terms.get(at).map(|terms| required(terms));
                let required = required.unwrap_or_default();
                let words: Vec<&str> = required.iter().map(|it| it.key()).collect();
                format!("[{}]", words.join(", "))
            };
            let line = terms.iter().rev().find_map(|terms| terms.require.as_ref());
            let is_new = terms.last().is_some_and(|terms| terms.require.is_some());
            let line = line.map(|(_, origin)| origin);
            let what = key("waiver-terms.require", &words(0), &words(1));
            comparison
                .drafts
                .at_line(pair, what, line, is_new, Where::EVERYWHERE);
        }
        let days = |terms: &WaiverTerms| {
            let (days, _) = terms.max_days.clone().unzip();
            days
        };
        if days(from).is_some_and(|most| days(to).is_none_or(|days| days > most)) {
            let words = |at: usize| {
                let days = terms.get(at).and_then(|terms| days(terms));
                days.map_or_else(|| String::from("no limit"), |days| days.to_string())
            };
            let line = terms.iter().rev().find_map(|terms| terms.max_days.as_ref());
            let is_new = terms.last().is_some_and(|terms| terms.max_days.is_some());
            let line = line.map(|(_, origin)| origin);
            let what = key("waiver-terms.max-days", &words(0), &words(1));
            comparison
                .drafts
                .at_line(pair, what, line, is_new, Where::EVERYWHERE);
        }
    }
}

/// Whether one waiver covers, at its paths, all that another does, on any day and on either of the terms.
fn covers(one: &Waiver, other: &Waiver, terms: [&WaiverTerms; 2]) -> bool {
    let Waiver {
        rule,
        subject,
        sha256,
        expires,
        dangerous,
        global,
        // What it says of itself counts where the terms ask for it.
        reason: _,
        owner: _,
        // Compared by the caller.
        paths: _,
        origin: _,
        line: _,
    } = one;
    let has_limit = terms.iter().any(|terms| terms.max_days.is_some());
    let is_asked = |it: &Requirement| {
        let mut required = terms.iter().filter_map(|terms| terms.require.as_ref());
        required.any(|(required, _)| required.contains(it))
    };
    let same_subject = subject == &other.subject || global.is_some() && global == &other.global;
    let lasts = match (expires, other.expires) {
        // One that ends too late covers nothing: then an earlier end lets more pass.
        (mine, others) if has_limit => *mine == others,
        (None, _) => true,
        (Some(_), None) => false,
        (Some(mine), Some(others)) => *mine >= others,
    };
    *rule == other.rule
        && (subject.is_none() || same_subject)
        && (sha256.is_none() || *sha256 == other.sha256)
        && (*dangerous || !other.dangerous)
        && lasts
        && Requirement::ALL
            .iter()
            .filter(|it| is_asked(it))
            .all(|it| it.is_met(one) || !it.is_met(other))
}
