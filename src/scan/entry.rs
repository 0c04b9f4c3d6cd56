//! One entry: open it, read what it is, judge it.

use std::{
    cell::OnceCell,
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use sha2::{Digest as _, Sha256};

use super::{Listing, Request, deadline::Clock, guard, source};
use crate::{
    bytes::{Window, wide},
    fact::{Changed, Entry, EntryKind, Fact, ListingLine, Observation, Place, Site, Text, Unread},
    finding::{Finding, RuleMeta, Subject},
    format,
    git::{Content, Item, Landing, Opened, Reader},
    limits,
    policy::{Policy, Scope},
    record::Recorder,
    rule::{Case, MORE, RULES, more},
    verdict::{self, Coverage, Wants, Weighed},
};

/// What was seen in one entry.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) observations: Vec<Observation>,
    /// Bytes of the content, here or elsewhere.
    pub(super) bytes: u64,
    /// Whether it is source.
    pub(super) source: bool,
    /// What of the content the view's change brings.
    pub(super) changed: Changed,
    /// The content, if there is one.
    content: Option<Window>,
    /// Whether time ran out before all of it was read.
    pub(super) late: bool,
    /// Its sha256, once it was asked for and if it can be read.
    digest: OnceCell<Option<String>>,
    /// Every opcode, where a listing was asked for.
    pub(super) listing: Option<Vec<ListingLine>>,
}

/// What of an entry, beside its content, is part of what is seen in it: its name, what was there before a change, how git
/// writes it to disk.
type Key<'v> = (&'v [u8], Option<&'v [u8]>, Landing);

/// Reads and judges entries that have the same content, each under its own path, and hands each on; one that has gone since
/// it was listed is none. What was seen is seen once for each name, which is all of a path that readers know (they take it for
/// a hint), and for each content that a change found in its place. `late` counts those that there was no time to begin.
pub(super) fn weigh_all<'v>(
    reader: &mut Reader<'_>,
    items: impl Iterator<Item = (usize, &'v Item)>,
    policy: &Policy,
    request: Request,
    late: &AtomicUsize,
    mut hand_on: impl FnMut((usize, &'v Item), Weighed),
) {
    let mut known: BTreeMap<Key<'v>, (&[Fact], Seen)> = BTreeMap::new();
    let mut items = items.peekable();
    while let Some((at, item)) = items.next() {
        if is_excluded(reader, item, policy) {
            hand_on((at, item), excluded());
            continue;
        }
        let over = request
            .deadline
            .is_some_and(|until| Instant::now() >= until);
        // Millions may be left; a list of the first is enough, the others are counted.
        if over && late.fetch_add(1, Ordering::Relaxed) >= limits::FINDINGS {
            hand_on((at, item), unread());
            continue;
        }
        let key = (item.entry.file_name(), item.before(), reader.landing(item));
        if !over
            && let Some((facts, seen)) = known.get(&key)
            && is_shared(item, seen)
            && *facts == item.facts
        {
            hand_on((at, item), judge(item, seen, policy, request.wants));
            continue;
        }
        let Some(seen) = observe(reader, item, Listing::None, request.deadline) else {
            continue;
        };
        hand_on((at, item), judge(item, &seen, policy, request.wants));
        if items.peek().is_some() && is_shared(item, &seen) {
            known.insert(key, (&item.facts, seen));
        }
    }
}

fn excluded() -> Weighed {
    Weighed {
        findings: Vec::new(),
        coverage: Coverage {
            entries: 1,
            excluded: 1,
            ..Coverage::default()
        },
        ..Weighed::default()
    }
}

/// What time did not suffice for.
fn unread() -> Weighed {
    Weighed {
        coverage: Coverage {
            entries: 1,
            incomplete: 1,
            late: 1,
            ..Coverage::default()
        },
        ..Weighed::default()
    }
}

/// Whether what was seen holds for every file of the same name and content: a link leads from where it is, and the bytes behind
/// a pointer are asked for by path.
fn is_shared(item: &Item, seen: &Seen) -> bool {
    let pointer = |observation: &Observation| matches!(observation.fact, Fact::Pointer { .. });
    item.entry.kind == EntryKind::File && !seen.observations.iter().any(pointer)
}

fn judge(item: &Item, seen: &Seen, policy: &Policy, wants: Wants) -> Weighed {
    let scope = policy.scope(&item.entry.path);
    let mut observations = &seen.observations;
    let only;
    let mut findings = match guard::run(|| findings(item, observations, &scope)) {
        Ok(findings) => findings,
        Err(message) => {
            // A rule that cannot bear these facts must still not let the entry pass.
            only = vec![crashed(message)];
            observations = &only;
            findings(item, observations, &scope)
        }
    };
    for finding in &mut findings {
        finding.brought.clone_from(&item.entry.brought);
        finding.on_change = stands_on(&seen.changed, &finding.site);
    }
    cap(&item.entry, &mut findings);
    let mut weighed = verdict::weigh(findings, &scope, observations, seen.bytes, seen.source);
    weighed.coverage.late = usize::from(seen.late);
    for said in &mut weighed.let_pass {
        *said = format!("{}: {said}", item.entry.path);
    }
    collect(&mut weighed, item, seen, &scope, wants);
    weighed
}

/// Adds what was asked for beside findings.
fn collect(weighed: &mut Weighed, item: &Item, seen: &Seen, scope: &Scope, wants: Wants) {
    if !wants.artifacts {
        return;
    }
    weighed.loads = verdict::loads(&item.entry, &seen.observations);
    if weighed.coverage.artifacts > 0 {
        let mut artifact = verdict::artifact(&item.entry, &seen.observations, seen.bytes, scope);
        if wants.digests {
            artifact
                .sha256
                .clone_from(seen.digest.get_or_init(|| sha256(seen)));
        }
        weighed.artifact = Some(artifact);
    }
}

/// The sha256 of an entry's content, in hexadecimal: what a git-lfs pointer says where the content is elsewhere. `None` if
/// it cannot be read.
fn sha256(seen: &Seen) -> Option<String> {
    /// Bytes read at once.
    const CHUNK: usize = 256 << 10;
    let Some(content) = &seen.content else {
        return seen.observations.iter().find_map(|o| match &o.fact {
            Fact::Pointer { oid, .. } => Some(oid.clone()),
            _ => None,
        });
    };
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK.min(usize::try_from(content.len()).unwrap_or(CHUNK))];
    let mut at = 0;
    while at < content.len() {
        let n = content.fill_at(at, &mut chunk).ok().filter(|n| *n > 0)?;
        digest.update(chunk.get(..n)?);
        at = at.saturating_add(wide(n));
    }
    Some(verdict::hex(&digest.finalize()))
}

/// Whether the policy, or an attribute that it honours, says not to look. What the policy itself is, is always looked at; and
/// what is said of paths is said of files, so it hides no commit that cannot be read.
fn is_excluded(reader: &mut Reader<'_>, item: &Item, policy: &Policy) -> bool {
    let path = &item.entry.path;
    let of_policy = item
        .facts
        .iter()
        .any(|fact| matches!(fact, Fact::PolicyEdited { .. }));
    let files = !of_policy && !item.is_object();
    files && (policy.excludes(path) || policy.honours_attributes() && reader.is_off(path))
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

/// Keeps as many findings of each rule as are told of one file, those on a change first, and counts the others.
fn cap(entry: &Entry, findings: &mut Vec<Finding>) {
    let counted = |finding: &Finding| finding.subject == Subject::Anomaly(MORE.into());
    if findings.len() <= limits::FINDINGS {
        return;
    }
    let mut of_rule: BTreeMap<&str, Capped> = BTreeMap::new();
    findings.sort_by_key(|finding| !finding.on_change);
    findings.retain(|finding| {
        let rule = of_rule.entry(finding.rule.id).or_insert_with(|| Capped {
            rule: finding.rule,
            kept: 0,
            left: 0,
            last: Site::default(),
        });
        let keeps = !counted(finding) && rule.kept < limits::FINDINGS;
        if keeps {
            rule.kept = rule.kept.saturating_add(1);
            if finding.site > rule.last {
                rule.last.clone_from(&finding.site);
            }
        } else {
            let count = if counted(finding) { finding.count } else { 1 };
            rule.left = rule.left.saturating_add(count);
        }
        keeps
    });
    for of_rule in of_rule.into_values().filter(|rule| rule.left > 0) {
        let mut finding = more(entry, of_rule.rule, of_rule.left, &of_rule.last);
        finding.brought.clone_from(&entry.brought);
        findings.push(finding);
    }
}

/// The findings of one rule in one file: how many are told and how many only counted.
struct Capped {
    rule: &'static RuleMeta,
    kept: usize,
    left: u64,
    last: Site,
}

fn findings(item: &Item, observations: &[Observation], scope: &Scope) -> Vec<Finding> {
    let case = Case {
        entry: &item.entry,
        observations,
        scope,
    };
    let mut findings = Vec::new();
    for rule in RULES {
        (rule.check)(&case, &mut findings);
    }
    findings
}

/// Reads an entry; `None` if it has gone since it was listed. What was seen before a panic is kept.
pub(super) fn observe(
    reader: &mut Reader<'_>,
    item: &Item,
    listing: Listing,
    deadline: Option<Instant>,
) -> Option<Seen> {
    let clock = Clock::new(deadline);
    let mut recorder = match listing {
        Listing::None => Recorder::default(),
        Listing::Lines(most) => Recorder::with_listing(most),
    };
    let mut seen = Seen::default();
    let result = guard::run(|| {
        if clock.is_over() {
            return true;
        }
        let mut opened = reader.open(item);
        match opened.content {
            Content::Gone => return false,
            Content::Bytes(window) => opened.content = Content::Bytes(clock.timed(window)),
            _ => {}
        }
        record(item, opened, &mut seen, &mut recorder);
        true
    });
    seen.late = clock.is_late();
    if seen.late {
        recorder.record(Fact::Unread(Unread::Late));
    }
    seen.listing = recorder.take_listing();
    seen.observations = recorder.finish();
    match result {
        Ok(true) => Some(seen),
        Ok(false) => None,
        Err(message) => {
            seen.observations.push(crashed(message));
            Some(seen)
        }
    }
}

fn record(item: &Item, opened: Opened, seen: &mut Seen, recorder: &mut Recorder) {
    seen.bytes = opened.size;
    seen.changed = opened.changed;
    let name = item.entry.file_name();
    let pointer = opened
        .facts
        .iter()
        .any(|fact| matches!(fact, Fact::Pointer { .. }));
    let expected = source::by_name(name).is_some() || format::is_artifact_name(name);
    for fact in opened.facts {
        // What a pointer stands for matters only where it would have been read for its name: a repository may keep
        // its pictures in git-lfs and not fetch them.
        if pointer && !expected && matches!(fact, Fact::Unread(Unread::NotFetched { .. })) {
            continue;
        }
        recorder.record(fact);
    }
    seen.source = pointer && source::by_name(name).is_some();
    match opened.content {
        Content::Bytes(window) => {
            seen.content = Some(window.clone());
            format::read(&window, name, recorder);
            if let Some(kind) = source::recognise(name, &window) {
                seen.source = true;
                source::read(kind, &window, recorder);
            }
        }
        Content::Link { target, leaves } => {
            let artifact =
                format::is_artifact_name(name) || format::is_artifact_name(target.as_bytes());
            if leaves && artifact {
                let detail = [
                    b"a symbolic link out of what is checked, to ",
                    target.as_bytes(),
                ]
                .concat();
                let detail = Text::new(detail);
                recorder.record(Fact::Unread(Unread::Unsupported { detail }));
            }
        }
        Content::Nothing | Content::Gone => {}
    }
}

fn crashed(message: String) -> Observation {
    Observation {
        fact: Fact::Unread(Unread::Crashed {
            detail: Text::from(message),
        }),
        site: Site::default(),
        count: 1,
        excerpt: None,
    }
}
