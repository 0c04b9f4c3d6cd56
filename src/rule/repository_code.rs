//! Code of the repository that a model brings for a library to import.

use super::Case;
use crate::{
    fact::{CodeHome, Fact, FactKind},
    finding::{Finding, Subject},
};

declare_rule! {
    /// ## What it does
    ///
    /// Reports a configuration that names Python code of its own repository, which a library imports and calls if it is told to trust it:
    /// `auto_map` and `custom_pipelines` of transformers, modules beside a pipeline of diffusers.
    ///
    /// ## Why it matters
    ///
    /// Who loads the model has to allow that code (`trust_remote_code=True`), and then runs whatever it says, at the revision that
    /// is newest when it is fetched.
    ///
    /// ## Example
    ///
    /// ```text
    /// config.json   "auto_map": {"AutoModel": "modeling_a.AModel"}
    /// ```
    ///
    /// ## Use instead
    ///
    /// A class of the library itself. Where there is none, review the code like any that you run, and load the model with
    /// `revision=` a commit.
    "repository-code", "a configuration that names code of its repository",
    level: Warn, severity: High, precision: VeryHigh, cwe: [829], tags: ["artifact"],
    check
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::NamedCode) {
        let Fact::NamedCode(code) = &observation.fact else {
            continue;
        };
        if code.home != CodeHome::Here {
            continue;
        }
        let message = format!(
            "`{}` names `{}`, code of this repository that loading the model runs if it is trusted",
            code.key, code.name
        );
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Call(code.name.clone());
        finding.help.push(
            "review that code like any that you run, and load the model with `revision=` the commit that was reviewed",
        );
        findings.push(finding);
    }
}
