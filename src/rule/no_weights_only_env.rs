//! `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1`.

use super::Case;
use crate::{
    fact::{Fact, FactKind, Text},
    finding::{Finding, Subject},
    loader,
};

declare_rule! {
    /// ## What it does
    ///
    /// Refuses source that sets the environment variable `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` to a value that torch takes for
    /// true (`1`, `y`, `yes`, `true`), or to a value that the source does not show. Source is Python and what starts it: `Dockerfile`s,
    /// shell scripts, `.env` files, Makefiles, workflows, compose files and other YAML, and settings in TOML and INI (pytest, tox,
    /// deployments).
    ///
    /// ## Why it matters
    ///
    /// The variable makes `weights_only` false in every `torch.load` of the process and its children that does not set it,
    /// also in libraries. One file that torch refuses is no reason to let all files run code.
    ///
    /// ## Example
    ///
    /// ```python
    /// import os
    ///
    /// os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    /// ```
    ///
    /// ```python
    /// import subprocess
    ///
    /// subprocess.run(["python", "train.py"], env={"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "true"})
    /// ```
    ///
    /// ```sh
    /// export TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1
    /// ```
    ///
    /// ## Use instead
    ///
    /// ```python
    /// import os
    ///
    /// os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    /// ```
    ///
    /// ```python
    /// import torch
    ///
    /// with torch.serialization.safe_globals([Config]):
    ///     state = torch.load("model.pt", weights_only=True)
    /// ```
    "no-weights-only-env", "an environment that lets every checkpoint run code",
    level: Deny, severity: High, precision: High, cwe: [502], tags: ["source", "torch"],
    check
}

/// What torch takes for true, whatever the case (older releases: in lower case only).
const TRUE: &[&str] = &["1", "y", "yes", "true"];

fn is_true(value: &Text) -> bool {
    TRUE.iter()
        .any(|word| value.as_bytes().eq_ignore_ascii_case(word.as_bytes()))
}

fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for observation in case.of_kind(FactKind::Env) {
        let Fact::Env { name, value } = &observation.fact else {
            continue;
        };
        let judged = name
            .as_str()
            .and_then(loader::variable)
            .is_some_and(|variable| variable.rules.contains(&META.id));
        if !judged {
            continue;
        }
        let message = match value {
            Some(value) if is_true(value) => {
                format!(
                    "`{name}={value}` makes every `torch.load` that leaves `weights_only` out run any code its file names"
                )
            }
            Some(_) => continue,
            None => format!(
                "`{name}` is set to a value that is not a constant: if torch takes it for true, loading runs any code a file names"
            ),
        };
        let mut finding = case.finding(&META, observation, message);
        finding.subject = Subject::Variable(name.clone());
        finding.help.push(
            "remove it, and list what the one file needs with `with torch.serialization.safe_globals([...]):` around its `torch.load`",
        );
        finding.help.push(
            "to guard against `weights_only=False` anywhere, set `TORCH_FORCE_WEIGHTS_ONLY_LOAD=1`",
        );
        findings.push(finding);
    }
}
