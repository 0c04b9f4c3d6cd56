//! A comment in source that asks for findings not to count, and does nothing or not what it says.

use super::{Check, by_id, waiver_run::WaiverRun};
use crate::{
    fact::Text,
    finding::{Finding, Subject},
    policy::{Arrival, Comment, CommentFault},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a comment `# weighbridge: allow[rule] reason until=2027-01-31` that does not count, because it gives no reason, names no rule
    /// or one that there is not, has ended, or is refused by the policy (`inline: refuse`); one that sets no finding aside; and one that the
    /// change under review brings. A change that is judged by the policy of its base does not judge itself: its new comments do not
    /// count, unless the policy says `inline: honour-new`.
    ///
    /// ## Why it matters
    ///
    /// A comment that has no use any more would cover the next problem in its line. One without a reason tells no reviewer why the finding is
    /// accepted.
    ///
    /// ## Example
    ///
    /// ```text
    /// load.py:2          pickle.load(stream)  # weighbridge: allow[pickle-load]
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// load.py:2          pickle.load(stream)  # weighbridge: allow[pickle-load] this job wrote it until=2027-01-31
    /// ```
    "inline-suppression", "a comment that asks for findings not to count, without effect or new",
    level: Warn, severity: Low, precision: VeryHigh, cwe: [693], tags: ["source", "policy"],
    over the waivers: check
}

fn check(run: &WaiverRun<'_>, findings: &mut Vec<Finding>) {
    for comment in run.comments {
        let mut say = |kind: &str, message: String, help: &str| {
            let subject = Subject::Anomaly(kind.to_owned());
            let mut finding = Finding::new(&META, subject, comment.location.clone(), message);
            finding.on_change = comment.on_change;
            finding.help.push(help.to_owned());
            findings.push(finding);
        };
        if let Some(fault) = &comment.fault {
            let (kind, message, help) = fault_of(comment, fault);
            say(kind, message, help);
            continue;
        }
        if comment.arrival != Arrival::Old && !comment.used.is_empty() {
            let used: Vec<String> = comment.used.iter().map(|id| format!("`{id}`")).collect();
            let message = format!(
                "the change brings a comment that allows {}",
                used.join(", ")
            );
            let help = "have it reviewed like a change of the policy";
            say("new", message, help);
        }
        for rule in &comment.says.rules {
            if let Some((kind, message, help)) = without_use(run, comment, rule) {
                say(kind, message, help);
            }
        }
    }
}

/// Why a comment does not count.
fn fault_of(comment: &Comment, fault: &CommentFault) -> (&'static str, String, &'static str) {
    let does_not = "the comment does not count";
    match fault {
        CommentFault::Refused => (
            "refused",
            format!("{does_not}: the policy refuses comments that set findings aside"),
            "remove it; a waiver in the policy is reviewed by whoever answers for the policy",
        ),
        CommentFault::Verb => (
            "verb",
            format!("{does_not}: `{}` is not `allow`", comment.says.verb),
            "write `# weighbridge: allow[rule] reason`",
        ),
        CommentFault::NoRule => (
            "no-rule",
            format!("{does_not}: it names no rule"),
            "write the rule in brackets: `# weighbridge: allow[pickle-load] reason`",
        ),
        CommentFault::NoReason => (
            "no-reason",
            format!("{does_not}: it gives no reason"),
            "write why behind the brackets: `# weighbridge: allow[pickle-load] written by this job`",
        ),
        CommentFault::NoDay => (
            "no-day",
            format!(
                "{does_not}: `{}` is not a day",
                comment
                    .says
                    .until
                    .as_ref()
                    .map_or_else(String::new, Text::to_string)
            ),
            "write the last day as year, month and day: `until=2027-01-31`",
        ),
        CommentFault::Ended(day) => (
            "ended",
            format!("{does_not}: it ended on {day}"),
            "mend what it is about and remove it, or have a new day reviewed",
        ),
        CommentFault::New => (
            "new",
            format!(
                "{does_not}: the change under review brings it or edits the code that it is about, and a change does not judge itself"
            ),
            "have it merged by someone who may; `inline: honour-new` in the policy of the base lets such comments count",
        ),
    }
}

/// What is wrong with one of the rules that a comment names.
fn without_use(
    run: &WaiverRun<'_>,
    comment: &Comment,
    id: &Text,
) -> Option<(&'static str, String, &'static str)> {
    let rule = id.as_str().and_then(by_id);
    let Some(rule) = rule else {
        return Some((
            "unknown-rule",
            format!("the comment allows `{id}`, and there is no such rule"),
            "`weighbridge explain` lists the rules",
        ));
    };
    // What rules over all files find, a check of some does not know.
    let is_known = comment.is_judged && (run.is_whole || matches!(rule.check, Check::Case(_)));
    if comment.used.contains(rule.meta.id) || !is_known {
        return None;
    }
    Some((
        "unused",
        format!("the comment allows `{id}`, and there is no such finding in its line"),
        "remove it; a comment is about its own line, or about the next one if it stands alone",
    ))
}
