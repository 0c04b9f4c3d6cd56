//! What came of the cases that a policy is tested with: for people, for programs, for readers of test results and for GitHub.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Style, github,
    json::Escaping,
    junit::Xml,
    terminal::{count, harmless},
};

/// A case, and what came of it.
#[derive(Debug, Serialize)]
pub struct CaseResult {
    /// The file of cases, as it was named.
    pub file: String,
    /// The same from the root of the repository, as hosts know it.
    #[serde(skip)]
    pub path: String,
    /// The line of the case, from 1.
    pub line: u32,
    /// What it is called.
    pub name: String,
    /// What is expected.
    pub expect: &'static str,
    /// What was decided instead, a sentence; `None` if it passes.
    pub failure: Option<String>,
}

/// All cases, and the policy.
#[derive(Debug)]
pub struct TestRun {
    /// The policy, as reports call it.
    pub policy: String,
    /// In the order of the files.
    pub cases: Vec<CaseResult>,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    policy: &'a str,
    passed: usize,
    failed: usize,
    cases: &'a [CaseResult],
}

impl TestRun {
    /// The cases that fail, each with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&CaseResult, &str)> {
        let failure = |case: &'_ CaseResult| case.failure.is_some();
        let failed = self.cases.iter().filter(move |case| failure(case));
        failed.map(|case| (case, case.failure.as_deref().unwrap_or_default()))
    }

    fn passed(&self) -> usize {
        self.cases
            .iter()
            .filter(|case| case.failure.is_none())
            .count()
    }

    fn sum(&self) -> String {
        let failed = self.failures().count();
        format!(
            "{} passed, {failed} failed by {}",
            self.passed(),
            self.policy
        )
    }
}

/// Writes the cases that fail, a line each, and the sum.
///
/// # Errors
/// Whatever `out` answers.
pub fn human(run: &TestRun, out: &mut dyn Write) -> io::Result<()> {
    let shown = |text: &str| harmless(text, Style::default());
    for (case, why) in run.failures() {
        let line = format!("{}:{}: {}: {why}", case.file, case.line, case.name);
        writeln!(out, "{}", shown(&line))?;
    }
    writeln!(out, "{}", shown(&run.sum()))
}

/// Writes all cases for programs.
///
/// # Errors
/// Whatever `out` answers.
pub fn json(run: &TestRun, mut out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        version: 1,
        policy: &run.policy,
        passed: run.passed(),
        failed: run.failures().count(),
        cases: &run.cases,
    };
    serde_json::to_writer_pretty(Escaping(&mut out), &document)?;
    out.write_all(b"\n")
}

/// Writes a test suite for each file, with a test case for each of its cases.
///
/// # Errors
/// Whatever `out` answers.
pub fn junit(run: &TestRun, out: &mut dyn Write) -> io::Result<()> {
    let shown = |text: &str| harmless(text, Style::default());
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="weighbridge policy test" tests="{}" failures="{}" errors="0">"#,
        run.cases.len(),
        run.failures().count()
    )?;
    for suite in run.cases.chunk_by(|a, b| a.path == b.path) {
        let file = suite.first().map_or("", |case| case.path.as_str());
        let failed = suite.iter().filter(|case| case.failure.is_some()).count();
        let (file, policy) = (shown(file), shown(&run.policy));
        writeln!(
            out,
            r#"  <testsuite name="{}" tests="{}" failures="{failed}" errors="0" skipped="0">"#,
            Xml(&file),
            suite.len(),
        )?;
        writeln!(
            out,
            r#"    <properties><property name="policy" value="{}"/></properties>"#,
            Xml(&policy)
        )?;
        for case in suite {
            let name = shown(&format!(
                "{} is {} (line {})",
                case.name, case.expect, case.line
            ));
            write!(
                out,
                r#"    <testcase classname="{0}" name="{1}" file="{0}" line="{2}""#,
                Xml(&file),
                Xml(&name),
                case.line
            )?;
            match &case.failure {
                None => writeln!(out, "/>")?,
                Some(why) => {
                    let why = shown(why);
                    let why = Xml(&why);
                    writeln!(
                        out,
                        r#"><failure message="{why}" type="policy-test">{why}</failure></testcase>"#
                    )?;
                }
            }
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// Writes an annotation for each case that fails, at its line, and the sum.
///
/// # Errors
/// Whatever `out` answers.
pub fn github(run: &TestRun, out: &mut dyn Write) -> io::Result<()> {
    let failed = run.failures().count();
    // The last place says how many are missing.
    let kept = if failed > github::KEPT {
        github::KEPT.saturating_sub(1)
    } else {
        github::KEPT
    };
    for (case, why) in run.failures().take(kept) {
        let text = format!("{}: {why}", case.name);
        github::error_at(
            &case.path,
            case.line,
            "weighbridge: policy test",
            &text,
            out,
        )?;
    }
    if let Some(more) = failed.checked_sub(kept).filter(|more| *more > 0) {
        let text = count(more, "more case fails", "more cases fail");
        github::error_at("", 0, "weighbridge: policy test", &text, out)?;
    }
    writeln!(out, "{}", harmless(run.sum(), Style::default()))
}
