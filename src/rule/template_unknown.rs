//! Chat templates that use what renderers do not give.

use super::Case;
use crate::{
    fact::{Fact, FactKind, TemplateUse},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a function, a method, a filter or a test in a chat template that neither Jinja nor the renderers of chat templates give.
    ///
    /// ## Why it matters
    ///
    /// What it does is not known here: it is a function of the program that renders the template. Where there is none of that name,
    /// rendering fails.
    ///
    /// ## Example
    ///
    /// ```text
    /// chat_template.jinja   {{ load_file('/etc/passwd') }}
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// chat_template.jinja   {{ messages[0]['content'] | trim }}
    /// ```
    "template-unknown", "a chat template that uses a name which renderers do not give",
    level: Warn, severity: Medium, precision: High, cwe: [1336], tags: ["artifact"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Template) {
        let Fact::Template(what @ TemplateUse::Unknown { name, .. }) = &observation.fact else {
            continue;
        };
        let message = format!("the chat template {what}");
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Call(name.clone());
        finding.help.push(
            "make sure that the program which renders the template gives it, and what it does there",
        );
        findings.push(finding);
    }
}
