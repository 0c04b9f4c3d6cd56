//! What is wrong with waivers that only the rest of the world can tell: rules that do not exist, danger that is not meant.

use crate::finding::RuleMeta;
use crate::policy::{
    danger,
    error::{Errors, near},
    pattern::Pattern,
    waivers::RawWaiver,
};

/// Rules about waivers themselves, whose findings nothing waives.
const OF_WAIVERS: &[&str] = &[
    "inline-suppression",
    "waiver-expired",
    "waiver-terms",
    "waiver-unused",
];

/// Compares the waivers of a policy with the rules there are and with the names that are known to be dangerous.
pub(in crate::policy) fn check(
    waivers: &[RawWaiver],
    rules: &[&'static RuleMeta],
    errors: &mut Errors,
) {
    for waiver in waivers {
        let ids = rules.iter().map(|rule| rule.id);
        let Some(rule) = rules.iter().find(|rule| rule.id == waiver.rule) else {
            let help = near(&waiver.rule, ids).map_or_else(
                || "`weighbridge explain` lists the rules".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("there is no rule `{}`", waiver.rule);
            errors.of(&waiver.rule_origin, message, help);
            continue;
        };
        if OF_WAIVERS.contains(&rule.id) {
            errors.of(
                &waiver.rule_origin,
                format!("`{}` cannot be waived: it is about waivers", rule.id),
                "mend or remove the waiver that the finding is about",
            );
        }
        if waiver.dangerous && waiver.reason.is_none() {
            errors.of(
                &waiver.origin,
                "a waiver is dangerous without a reason",
                "add a `reason:` for the reviewers of the policy",
            );
        }
        let Some((text, origin)) = &waiver.subject else {
            continue;
        };
        match Pattern::parse(text) {
            Ok(Pattern::Exact { module, name }) => {
                if rule.could_run_code()
                    && !waiver.dangerous
                    && let Some(why) = danger::of(&module, &name)
                {
                    errors.of(
                        origin,
                        format!("`{text}` is dangerous: it {why}"),
                        "remove the waiver, or say `dangerous: true` with a `reason:`",
                    );
                }
            }
            Ok(_) => errors.of(
                origin,
                format!("`{text}` is a pattern, and a waiver is about one subject"),
                "write a waiver for each, or leave out `subject` to waive the rule in these files",
            ),
            // The subject of a finding need not be a global.
            Err(_) => {}
        }
    }
}
