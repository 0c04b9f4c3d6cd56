//! Chat templates whose time or memory nothing bounds.

use super::Case;
use crate::{
    fact::{Fact, FactKind, TemplateUse},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses a chat template that counts to a number, repeats a text or pads one to a width that no conversation needs, and one that
    /// makes a text of twice itself in a loop. Loops over the messages, which whoever renders the template gives it, are not counted.
    ///
    /// ## Why it matters
    ///
    /// A reader renders the template for every request. One that takes gigabytes or never ends stops the server that loads the
    /// model.
    ///
    /// ## Example
    ///
    /// ```text
    /// chat_template.jinja   {% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// chat_template.jinja   {% for message in messages %}{{ message['content'] }}{% endfor %}
    /// ```
    "template-cost", "a chat template that takes any amount of time or memory",
    level: Deny, severity: Medium, precision: High, cwe: [400, 834], tags: ["artifact"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Template) {
        let Fact::Template(what @ TemplateUse::Endless(_)) = &observation.fact else {
            continue;
        };
        let message = format!("the chat template {what}");
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Anomaly("endless-template".into());
        finding
            .help
            .push("write smaller numbers, or loop over what the template is given");
        findings.push(finding);
    }
}
