//! Judging: the rules that the policy asks for, about one entry and then about all together, bounded in number and in time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::civil::Date;

use super::{comments, guard};
use crate::{
    fact::{
        Changed, Circumstances, ContentFacts, Entry, Excerpts, Fact, Observation, Place, Site,
        Text, Unread,
    },
    finding::{Finding, Level},
    limits,
    policy::{Arrival, Comment, Policy, Scope, is_dangerous},
    rule::{self, Case, Check, RULES, Rule, Run, WaiverRun, more},
    verdict::{self, Scales, Weighed},
};

/// How long an entry may be judged past the deadline. What was read of a file that the deadline cut short is judged as well: a few
/// milliseconds, unless the file is made to take longer.
const PAST_DEADLINE: Duration = Duration::from_millis(200);

/// Judges an entry by what its content says and its view knows; `excerpts` are the lines that findings carry. One that is not
/// judged in full by the deadline is late. `arrival` is that of comments in lines that the view's change brings.
pub(super) fn judge(
    entry: &Entry,
    (mut facts, mut circumstances): (&ContentFacts, &Circumstances),
    excerpts: &Excerpts,
    scales: &Scales<'_>,
    arrival: Arrival,
    deadline: Option<Instant>,
) -> Weighed {
    if is_plain(facts, circumstances) {
        return verdict::weigh(
            &entry.path,
            Vec::new(),
            scales,
            facts,
            circumstances,
            Vec::new(),
        );
    }
    let scope = scales.scope;
    let end = deadline.and_then(|deadline| deadline.max(Instant::now()).checked_add(PAST_DEADLINE));
    let judging = |facts, circumstances| {
        let mut case = Case::new(entry, facts, circumstances, scope).with_excerpts(excerpts);
        case.formats_may_pass = scales.formats_may_pass;
        let mut findings = Vec::new();
        let complete = run_rules(&case, end, &mut findings);
        rule::finish(&case, &mut findings);
        (findings, complete)
    };
    let (only, nothing);
    let mut judged = guard::run(|| judging(facts, circumstances));
    if let Err(message) = judged {
        // A rule that cannot bear these facts must still not let the entry pass.
        only = ContentFacts {
            observations: vec![crashed(message)],
            ..ContentFacts::default()
        };
        nothing = Circumstances::default();
        (facts, circumstances) = (&only, &nothing);
        judged = Ok(judging(facts, circumstances));
    }
    let (mut findings, complete) = judged.unwrap_or_default();
    if !complete {
        say_late(entry, scope, &mut findings);
    }
    let known = (facts, circumstances);
    let comments = comments::of(entry, known, excerpts, scales, arrival);
    let mut weighed = verdict::weigh(
        &entry.path,
        findings,
        scales,
        facts,
        circumstances,
        comments,
    );
    if !complete {
        weighed.coverage.late = 1;
        weighed.coverage.incomplete = 1;
    }
    weighed
}

/// Whether nothing was seen that a rule could judge: most files of most repositories are such.
fn is_plain(facts: &ContentFacts, circumstances: &Circumstances) -> bool {
    facts.observations.is_empty() && *circumstances == Circumstances::default()
}

/// Judges all entries together: what the rules over the run find, settled by the policy at the path of each finding.
/// `digest` gives the SHA-256 of the content at a path; `comments` are those of all entries, by path.
pub(super) fn judge_run(
    run: &Run<'_>,
    today: Date,
    digest: &dyn Fn(&Text) -> Option<String>,
    comments: &mut [Comment],
) -> Vec<Weighed> {
    let judging = || {
        let mut findings = Vec::new();
        for rule in RULES {
            if let Check::Run(check) = rule.check {
                check(run, &mut findings);
            }
        }
        findings
    };
    let findings = match guard::run(judging) {
        Ok(findings) => findings,
        // A rule that cannot bear these entries must still not let them pass.
        Err(message) => {
            let first = run.cases.first();
            return first
                .map(|case| not_judged(case.entry, run, today, message))
                .into_iter()
                .collect();
        }
    };
    let mut by_rule: BTreeMap<(Text, &str), Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        let of = (finding.primary.path.clone(), finding.rule.id);
        by_rule.entry(of).or_default().push(finding);
    }
    let settled = by_rule.into_iter().map(|((path, _), mut own)| {
        cap(&mut own);
        let (scope, digest) = (run.policy.scope(&path), || digest(&path));
        let scales = Scales::new(run.policy, &scope, &path, today, &digest);
        let own_comments = comments::at(comments, &path);
        verdict::settle(own, &scales, own_comments)
    });
    settled.collect()
}

/// Judges the waivers of a policy. Nothing waives what is said of them.
pub(super) fn judge_waivers(run: &WaiverRun<'_>, policy: &Policy) -> Vec<Weighed> {
    let mut findings = Vec::new();
    for rule in RULES {
        if let Check::Waivers(check) = rule.check {
            let mut own = Vec::new();
            check(run, &mut own);
            cap(&mut own);
            findings.append(&mut own);
        }
    }
    let settled = findings.into_iter().map(|finding| {
        let path = finding.primary.path.clone();
        let scope = policy.scope(&path);
        let scales = Scales::new(policy, &scope, &path, run.today, &|| None);
        verdict::settle(vec![finding], &scales, &mut [])
    });
    settled.collect()
}

/// What a panic while the run was judged comes to: a finding about its first entry.
fn not_judged(entry: &Entry, run: &Run<'_>, today: Date, message: String) -> Weighed {
    let facts = ContentFacts {
        observations: vec![crashed(message)],
        ..ContentFacts::default()
    };
    let scope = run.policy.scope(&entry.path);
    let known = (&facts, &Circumstances::default());
    let scales = Scales::new(run.policy, &scope, &entry.path, today, &|| None);
    let mut weighed = judge(
        entry,
        known,
        &Excerpts::default(),
        &scales,
        Arrival::Old,
        None,
    );
    // The entry is counted already.
    weighed.coverage.entries = 0;
    weighed
}

/// Whether all rules were run before the end.
fn run_rules(case: &Case<'_>, end: Option<Instant>, findings: &mut Vec<Finding>) -> bool {
    let mut own = Vec::new();
    for rule in RULES.iter().filter(|rule| is_asked_for(rule, case.scope)) {
        if end.is_some_and(|end| Instant::now() >= end) {
            return false;
        }
        let Check::Case(check) = rule.check else {
            continue;
        };
        check(case, &mut own);
        if own.is_empty() {
            continue;
        }
        for finding in &mut own {
            finding.on_change = stands_on(&case.circumstances.changed, &finding.primary.site);
        }
        cap(&mut own);
        findings.append(&mut own);
    }
    true
}

/// Says of an entry that it was not judged in full, unless that is said.
fn say_late(entry: &Entry, scope: &Scope, findings: &mut Vec<Finding>) {
    let (facts, late) = (ContentFacts::default(), Circumstances::late());
    let case = Case::new(entry, &facts, &late, scope);
    let mut said = Vec::new();
    run_rules(&case, None, &mut said);
    said.retain(|late| {
        let mut known = findings.iter();
        !known.any(|finding| finding.rule.id == late.rule.id && finding.subject == late.subject)
    });
    findings.append(&mut said);
}

/// Whether anything is made of what a rule finds: what the policy allows here is dropped, unless an override allows it (a report
/// lists what it lets pass, with the reason) or it could run code (a report says so, whoever allows it).
fn is_asked_for(rule: &Rule, scope: &Scope) -> bool {
    scope.level(rule.meta) != Level::Allow
        || rule.meta.could_run_code()
        || scope.excused_by(rule.meta).is_some()
}

/// Whether a site is part of what a change brings. Lines are those of a text; what stands inside something is judged whole.
fn stands_on(changed: &Changed, site: &Site) -> bool {
    match site.at {
        Place::Span { line, end_line, .. } if site.hops.is_empty() => {
            changed.touches(line, end_line)
        }
        _ => true,
    }
}

/// Keeps as many of the findings of one rule in one file as are told, those on a change first, and counts the others.
fn cap(findings: &mut Vec<Finding>) {
    if findings.len() <= limits::FINDINGS {
        return;
    }
    let is_count = Finding::is_more;
    let counted: u64 = findings
        .extract_if(.., |finding| is_count(finding))
        .map(|finding| finding.count)
        .sum();
    // To switch a rule off does not cover what is dangerous: that is told before it is counted.
    findings.sort_by_key(|finding| (!finding.on_change, !is_dangerous(finding)));
    let left = findings.len().saturating_sub(limits::FINDINGS);
    findings.truncate(limits::FINDINGS);
    let left = counted.saturating_add(u64::try_from(left).unwrap_or(u64::MAX));
    let last = findings
        .iter()
        .max_by(|a, b| a.primary.site.cmp(&b.primary.site));
    if left > 0
        && let Some(last) = last
    {
        findings.push(more(last, left));
    }
}

/// What a panic while an entry was read or judged comes to.
pub(super) fn crashed(message: String) -> Observation {
    Observation {
        fact: Fact::Unread(Unread::Crashed {
            detail: Text::from(message),
        }),
        site: Site::default(),
        count: 1,
        excerpt: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fact::EntryKind,
        policy::{Catalog, Policy},
    };

    fn entry() -> Entry {
        Entry {
            path: "a.pkl".into(),
            kind: EntryKind::File,
            introduced_by: None,
        }
    }

    #[test]
    fn what_is_not_judged_in_time_is_late_and_said_once() {
        let (entry, policy) = (entry(), Policy::recommended());
        let scope = policy.scope(&entry.path);
        let scales = Scales::new(&policy, &scope, &entry.path, Date::MAX, &|| None);
        let (facts, late) = (ContentFacts::default(), Circumstances::late());
        let mut findings = Vec::new();
        let case = Case::new(&entry, &facts, &late, &scope);
        assert!(!run_rules(&case, Some(Instant::now()), &mut findings));
        assert!(findings.is_empty());
        for _ in 0..2 {
            say_late(&entry, &scope, &mut findings);
            let said: Vec<_> = findings.iter().map(|it| it.rule.id).collect();
            assert_eq!(said, ["incomplete-read"]);
        }
        // What was read in time and what the deadline cut short have a moment to be judged.
        for known in [&Circumstances::default(), &late] {
            let weighed = judge(
                &entry,
                (&facts, known),
                &Excerpts::default(),
                &scales,
                Arrival::Old,
                Some(Instant::now()),
            );
            assert_eq!(weighed.coverage.late, usize::from(known.late));
            assert_eq!(weighed.findings.len(), usize::from(known.late));
        }
    }

    #[test]
    fn no_rule_finds_anything_where_nothing_was_seen() {
        let (rules, formats) = (crate::scan::rules(), crate::scan::format_ids());
        let catalog = Catalog {
            rules: &rules,
            formats: &formats,
        };
        let strict = "version: 1\nextends: strict\n";
        let strict = Policy::parse("weighbridge.yaml", strict, &catalog).unwrap();
        for policy in [Policy::recommended(), strict] {
            for kind in [EntryKind::File, EntryKind::Link, EntryKind::Submodule] {
                for path in [
                    "a.py",
                    "a.pt",
                    "a.pkl",
                    "weighbridge.yaml",
                    "weighbridge.lock",
                    "a",
                ] {
                    let entry = Entry {
                        path: path.into(),
                        kind,
                        introduced_by: None,
                    };
                    let scope = policy.scope(&entry.path);
                    for (bytes, source) in [(0, false), (1 << 40, false), (9, true)] {
                        let facts = ContentFacts {
                            bytes,
                            source,
                            observations: Vec::new(),
                        };
                        let circumstances = Circumstances::default();
                        assert!(is_plain(&facts, &circumstances));
                        let case = Case::new(&entry, &facts, &circumstances, &scope);
                        for rule in RULES {
                            let mut found = Vec::new();
                            if let Check::Case(check) = rule.check {
                                check(&case, &mut found);
                            }
                            assert!(found.is_empty(), "{} {path}", rule.meta.id);
                        }
                    }
                }
            }
        }
        assert!(!is_plain(&ContentFacts::default(), &Circumstances::late()));
    }

    #[test]
    fn a_rule_is_run_where_something_is_made_of_what_it_finds() {
        let asked = |text: &str, id: &str| {
            let (rules, formats) = (crate::scan::rules(), crate::scan::format_ids());
            let catalog = Catalog {
                rules: &rules,
                formats: &formats,
            };
            let policy = Policy::parse("weighbridge.yaml", text, &catalog).unwrap();
            let scope = policy.scope(&"a/b.py".into());
            is_asked_for(rule::by_id(id).unwrap(), &scope)
        };
        let head = "version: 1\nextends: recommended\n";
        let everywhere = format!("{head}rules: {{pickle-load: allow, unusual-use: allow}}\n");
        assert!(asked(head, "pickle-load"));
        assert!(!asked(&everywhere, "pickle-load"));
        assert!(asked(&everywhere, "unusual-use"));
        let here = format!(
            "{head}overrides:\n  - paths: [\"a/**\"]\n    reason: ours\n    rules: {{pickle-load: allow}}\n"
        );
        assert!(asked(&here, "pickle-load"));
    }
}
