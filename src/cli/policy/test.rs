//! `weighbridge policy test`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    super::{PolicyArgs, output},
    Effective, effective,
};
use crate::{
    error::Error,
    policy::{CaseSubject, PolicyCase},
    report::{self, Style},
    scan::{self, Outcome, View},
};

const EXAMPLE: &str = "\
Example of a file:
  cases:
    - {global: myapp.models.Net, path: models/a.pt, expect: allowed}
    - {global: os.system, expect: refused}
    - {format: pickle, path: tests/a.pkl, expect: allowed}
    - {rule: torch-load-unsafe, expect: deny}
    - {artifact: fixtures/legacy.pt, expect: refused, by: global-not-allowed}
    - {global: builtins.getattr, args: [{global: os.path}, {text: join}],
       expect: refused}
    - {source: 'import torch; torch.load(f, weights_only=False)',
       path: train/a.py, expect: refused, by: torch-load-unsafe}";

/// Test a policy: cases with the decisions that are expected
///
/// Each case names a global, a format, a rule, a file or Python source, and what
/// the policy is expected to decide about it. Exits with 1 if any case fails.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct Test {
    /// The files of cases
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
}

impl Test {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let found = effective(&self.policy)?;
        let (mut passed, mut failures) = (0_usize, Vec::new());
        for file in &self.files {
            for case in scan::policy_cases(file)? {
                match failure(&case, file, &found)? {
                    None => passed = passed.saturating_add(1),
                    Some(why) => failures.push(format!("{}: {}: {why}", case.place(), case.name)),
                }
            }
        }
        let sum = format!(
            "{passed} passed, {} failed by {}",
            failures.len(),
            found.name
        );
        output::deliver(None, &[], |out| {
            for line in failures.iter().chain([&sum]) {
                writeln!(out, "{}", report::harmless(line, Style::default()))?;
            }
            Ok(())
        })?;
        Ok(if failures.is_empty() {
            Outcome::Clean
        } else {
            Outcome::Refused
        })
    }
}

/// Why a case fails; `None` if it passes.
fn failure(case: &PolicyCase, file: &Path, found: &Effective) -> Result<Option<String>, Error> {
    match &case.subject {
        CaseSubject::Artifact(path) => {
            let path = file.parent().unwrap_or(Path::new("")).join(path);
            return read(case, &scan::file(&found.cwd, &path)?, found);
        }
        CaseSubject::Source(text) => {
            let path = found.view.root.join(case.path.to_string());
            return read(case, &scan::text(&found.cwd, &path, text)?, found);
        }
        _ => {}
    }
    let Some(decision) = case.decision(&found.policy) else {
        return Ok(None);
    };
    if decision.word == case.expect {
        return Ok(None);
    }
    let mut said = format!(
        "expected {}, is {} at `{}`",
        case.expect, decision.word, case.path
    );
    if !decision.why.is_empty() {
        said = format!("{said}: {}", decision.why);
    }
    if let Some(line) = decision.by {
        said = format!("{said} ({}:{})", line.file, line.line);
    }
    Ok(Some(said))
}

/// Why the case of an artifact or of source fails.
fn read(case: &PolicyCase, view: &View, found: &Effective) -> Result<Option<String>, Error> {
    let rules = scan::refusing_rules(view, &found.policy)?;
    let is = if rules.is_empty() {
        "allowed"
    } else {
        "refused"
    };
    let by = if rules.is_empty() {
        String::new()
    } else {
        format!(" by {}", rules.join(", "))
    };
    let other = case.by.as_ref().filter(|by| !rules.contains(&by.as_str()));
    Ok(match other {
        _ if is != case.expect => Some(format!("expected {}, is {is}{by}", case.expect)),
        Some(other) => Some(format!("expected to be refused by {other}, is {is}{by}")),
        None => None,
    })
}
