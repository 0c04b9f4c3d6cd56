//! Chat templates that reach further than the messages that they are given.

use super::Case;
use crate::{
    fact::{Fact, FactKind, TemplateUse},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses a chat template that looks up attributes of Python's own objects (`__class__`, `__globals__`, `mro`, ...), by a dot, a key, a
    /// filter or a format string; one that puts together the name of what it looks up; one that calls a value which it looked up; and
    /// one that loads another template.
    ///
    /// ## Why it matters
    ///
    /// A chat template is a program that comes with the model: in a GGUF file, in `tokenizer_config.json` or in `chat_template.jinja`. From any
    /// object, Python's attributes lead to every module that is loaded, and so to running commands. Some readers render
    /// templates in a sandbox, which has been left before; some render them without one. The templates of real models look up
    /// the keys of messages and tools, and call a few methods of texts.
    ///
    /// ## Example
    ///
    /// ```text
    /// model.gguf   tokenizer.chat_template = {{ cycler.__init__.__globals__.os.popen('id').read() }}
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```text
    /// model.gguf   tokenizer.chat_template = {% for m in messages %}{{ m['role'] ~ ': ' ~ m['content'] }}{% endfor %}
    /// ```
    "template-reach", "a chat template that reaches further than its data",
    level: Deny, severity: Critical, precision: VeryHigh, cwe: [94, 1336], tags: ["artifact"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Template) {
        let Fact::Template(what) = &observation.fact else {
            continue;
        };
        let (subject, reaches) = match what {
            TemplateUse::Internal(name) => (Subject::Call(name.clone()), true),
            TemplateUse::Computed(_) => (Subject::Anomaly("computed-name".into()), false),
            TemplateUse::CalledValue(_) => (Subject::Anomaly("called-value".into()), false),
            TemplateUse::Loads(_) => (Subject::Anomaly("loaded-template".into()), false),
            TemplateUse::Endless(_) | TemplateUse::Unknown { .. } => continue,
        };
        let message = format!("the chat template {what}");
        let mut finding = case.finding(&META, observation, message);
        finding.subject = subject;
        finding.help.push(if reaches {
            "do not load this file; find out who made it and how it came here"
        } else {
            "look at what the template does there; if it is yours, name what it looks up and calls"
        });
        findings.push(finding);
    }
}
