//! Findings that one answer mends are told together, and what mends several files is said once, at the end.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use super::{Detail, PathSpelling, Style, terminal::quoted};
use crate::{
    fact::{ContentSource, Excerpt, Site},
    finding::{Additions, Answer, Finding, Help, HelpList, IN_ROOT, Subject},
    policy,
    verdict::Report,
};

/// Items that are proposed for all files together: a longer list is reviewed by nobody.
const PROPOSED: usize = 100;
/// Hints of single findings that are kept where they are told together.
const HINTS: usize = 3;

/// What is said of a finding whose answer is printed with those of other files.
pub(super) const AT_THE_END: &str = "what allows it is said at the end, with what other files need";
/// Lines to copy that fit on a screen beside the findings.
const ON_SCREEN: usize = 12;
/// What is said where they do not fit.
const ELSEWHERE: &str = "run `weighbridge check` to see what would let these files pass";

/// Divides findings of one rule in one file: those that share an answer with others, and the rest.
pub(super) fn split<'a>(findings: &[&'a Finding]) -> (Vec<Vec<&'a Finding>>, Vec<&'a Finding>) {
    let mut shared: Vec<(&Arc<Answer>, Vec<&Finding>)> = Vec::new();
    let mut rest = Vec::new();
    for finding in findings {
        let Some(answer) = &finding.answer else {
            rest.push(*finding);
            continue;
        };
        match shared.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, own)) => own.push(finding),
            None => shared.push((answer, vec![finding])),
        }
    }
    let (joint, single): (Vec<_>, Vec<_>) = shared
        .into_iter()
        .map(|(_, own)| own)
        .partition(|own| own.len() > 1 && own.iter().all(|finding| has_words(finding)));
    rest.extend(single.into_iter().flatten());
    (joint, rest)
}

/// What findings come to that share an answer, as one finding. `common` is said instead of the answer where it is printed once for
/// all files.
pub(super) fn join(
    findings: &[&Finding],
    common: Option<&'static str>,
    command: Option<Help>,
) -> Option<Finding> {
    let mut joint = Finding::clone(findings.first()?);
    let answer = joint.answer.clone()?;
    joint.message.clone_from(&answer.message);
    joint.count = 1;
    joint.subject = Subject::Artifact;
    joint.primary.site = Site::default();
    joint.primary.excerpt = Some(Excerpt {
        text: answer.names.clone(),
        first_line: None,
        marks: Vec::new(),
        arguments: Vec::new(),
    });
    joint.related.clear();
    let mut hints: Vec<Help> = Vec::new();
    for hint in findings.iter().flat_map(|finding| finding.own_help()) {
        if hints.len() < HINTS && !hints.contains(hint) {
            hints.push(hint.clone());
        }
    }
    joint.help = HelpList::from_iter(hints);
    joint.help.extend(command);
    joint.help.extend(of_answer(&answer, common));
    Some(joint)
}

/// A finding told by itself.
pub(super) fn alone<'a>(
    finding: &'a Finding,
    common: Option<&'static str>,
    command: Option<Help>,
) -> Cow<'a, Finding> {
    match &finding.answer {
        Some(answer) => {
            let mut alone = finding.clone();
            alone.help = finding.own_help().cloned().collect();
            alone.help.extend(command);
            alone.help.extend(of_answer(answer, common));
            Cow::Owned(alone)
        }
        None => Cow::Borrowed(finding),
    }
}

/// The command that gives the answer, where the file is on disk and the policy that it adds to is the one that judges.
pub(super) fn command(report: &Report, finding: &Finding, paths: &PathSpelling) -> Option<Help> {
    let additions = &finding.answer.as_ref()?.additions;
    let names = !additions.globals.is_empty() || !additions.packs.is_empty();
    let on_disk = matches!(report.content_source, ContentSource::OnDisk);
    let locked = report.own_policy.locked(additions).is_some();
    if !names || locked || !on_disk || !paths.is_inside() || finding.primary.introduced_by.is_some()
    {
        return None;
    }
    let path = quoted(&paths.spell(&finding.primary.path), Style::default())?;
    let place = if paths.is_known() {
        String::new()
    } else {
        format!(" {IN_ROOT}")
    };
    Some(Help::from(format!(
        "`weighbridge policy allow {path}`{place} adds what the file needs to the policy"
    )))
}

fn of_answer(answer: &Answer, common: Option<&str>) -> Vec<String> {
    let Some(common) = common else {
        return answer.help();
    };
    let elsewhere = std::iter::once(String::from(common));
    elsewhere.chain(answer.besides.iter().cloned()).collect()
}

/// What mends the findings of several files that need different things, as sentences: what is printed for each by itself could not
/// be pasted below each other. `None` where the files need the same.
pub(super) fn common(report: &Report, detail: Detail) -> Option<Vec<String>> {
    if let Some(advice) = &report.advice {
        return (!advice.is_empty()).then(|| advice.clone());
    }
    let answers = report
        .active()
        .filter_map(|finding| finding.answer.as_ref());
    let mut seen: BTreeSet<*const Answer> = BTreeSet::new();
    let mut answers = answers.filter(|answer| seen.insert(Arc::as_ptr(answer)));
    let first = answers.next()?;
    let (mut all, mut differ) = (first.additions.clone(), false);
    for answer in answers {
        differ |= answer.additions != first.additions;
        all.add(&answer.additions);
    }
    let lines = first
        .help()
        .iter()
        .map(|said| said.lines().count())
        .sum::<usize>();
    if detail == Detail::Screen && (differ || lines > ON_SCREEN) {
        return Some(vec![ELSEWHERE.to_owned()]);
    }
    if !differ {
        return None;
    }
    // What one file needs may be in a pack that another does.
    let packs = all.packs.clone();
    all.globals.retain(|name, need| {
        let mut listing = policy::packs_listing(name, &need.usages).into_iter();
        !listing.any(|pack| packs.contains(pack))
    });
    let items = all.packs.len() + all.globals.len() + all.exclude.len();
    if items > PROPOSED {
        return Some(vec![format!(
            "these files need {items} entries, which are too many to be reviewed at once: check some of them, as with \
             `weighbridge check --only 'models/**'`, to see what would let them pass"
        )]);
    }
    let answer = Answer {
        condition: condition(&all),
        edits: report.own_policy.adding(&all),
        ..Answer::default()
    };
    Some(answer.proposed().collect())
}

fn condition(additions: &Additions) -> String {
    let names = !additions.globals.is_empty() || !additions.packs.is_empty();
    let conditions = [
        (names, "you trust these names with the contents of any file"),
        (
            !additions.exclude.is_empty(),
            "you answer for the files that are left out",
        ),
    ];
    let conditions = conditions.iter().filter(|(holds, _)| *holds);
    let conditions: Vec<&str> = conditions.map(|(_, condition)| *condition).collect();
    format!(
        "to let files pass that nothing else refuses, if {},",
        conditions.join(" and ")
    )
}

/// Whether the answer says in words what the findings come to.
fn has_words(finding: &Finding) -> bool {
    let answer = finding.answer.as_deref();
    answer.is_some_and(|answer| !answer.message.is_empty())
}
