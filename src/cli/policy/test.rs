//! `weighbridge policy test`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    super::{PolicyArgs, output},
    Effective, below, effective,
};
use crate::{
    error::Error,
    fact::Text,
    policy::{CaseSubject, PolicyCase},
    report::policy_test::{self, CaseResult, TestRun},
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
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
    /// Write to a file, completely or not at all
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// How the results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The cases that fail, a line each
    Human,
    /// Every case, for programs
    Json,
    /// Test results in XML: a test case for each case
    Junit,
    /// Annotations for GitHub Actions at the cases that fail
    Github,
}

impl Test {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let found = effective(&self.policy)?;
        let mut cases = Vec::new();
        for file in &self.files {
            let path = below(&found.view.root, &found.cwd, file);
            for case in scan::policy_cases(file)? {
                let (file_name, line) = case.line();
                cases.push(CaseResult {
                    failure: failure(&case, file, &found)?,
                    path: path
                        .as_ref()
                        .map_or_else(|| file_name.clone(), Text::to_string),
                    file: file_name,
                    line,
                    name: case.name.clone(),
                    expect: case.expect,
                });
            }
        }
        let run = TestRun {
            policy: found.name,
            cases,
        };
        let checked = [found.view.root];
        output::deliver(self.output.as_deref(), &checked, |out| match self.format {
            Format::Human => policy_test::human(&run, out),
            Format::Json => policy_test::json(&run, out),
            Format::Junit => policy_test::junit(&run, out),
            Format::Github => policy_test::github(&run, out),
        })?;
        Ok(if run.failures().next().is_none() {
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
