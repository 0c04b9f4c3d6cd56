//! The report as test results, in the XML that pipelines read from `JUnit`: a suite for each file with findings, a failed case
//! for each refusal.
//!
//! Warnings are cases that passed and say so in their output, because they do not stop a run. What is waived or in the baseline is a
//! skipped case that says who accepted it. An artifact that nothing is said
//! about is a case that passed. The first suite, `weighbridge`, is about the run: what was looked at and by which policy; its
//! one case is skipped if nothing was there to check. Elements and attributes are those that the schemas of Ant,
//! Surefire and Jenkins share, and `file` and `line` of a case.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    io::{self, BufWriter, Write},
};

use super::{PathSpelling, Presentation, Reporter, Style, plain, terminal::harmless, words};
use crate::{
    fact::Text,
    finding::{Disposition, Finding, Level},
    inventory::Artifact,
    verdict::{Needs, Outcome, Report},
};

/// See the module.
#[derive(Debug)]
pub(super) struct Junit;

impl Reporter for Junit {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn summary(&self) -> &'static str {
        "test results in XML: one failed case per refusal"
    }

    fn ends(&self) -> &'static [&'static str] {
        &[".xml"]
    }

    fn needs(&self) -> Needs {
        Needs {
            artifacts: true,
            ..Needs::default()
        }
    }

    fn write(
        &self,
        report: &Report,
        presentation: &Presentation,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (out, checkout) = (&mut BufWriter::new(out), &presentation.checkout);
        let told: Vec<&Finding> = report.findings.iter().filter(|f| is_told(f)).collect();
        let accused: BTreeSet<&Text> = told.iter().map(|f| &f.primary.path).collect();
        let mut fine: Vec<&Artifact> = report
            .artifacts
            .iter()
            .filter(|artifact| !accused.contains(&artifact.path))
            .collect();
        // Versions of a file, in a history, are one case: nothing is said about any.
        fine.dedup_by(|a, b| a.path == b.path);
        let nothing = usize::from(report.outcome() == Outcome::Nothing);
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            out,
            r#"<testsuites name="weighbridge" tests="{}" failures="{}" errors="0">"#,
            1 + told.len() + fine.len(),
            failures(&told),
        )?;
        about(report, nothing, out)?;
        if !fine.is_empty() {
            writeln!(
                out,
                r#"  <testsuite name="artifacts without findings" tests="{}" failures="0" errors="0" skipped="0">"#,
                fine.len()
            )?;
            for artifact in fine {
                let path = words::hosted(checkout, &artifact.path);
                writeln!(
                    out,
                    r#"    <testcase classname="{0}" name="loads as the policy allows" file="{0}"/>"#,
                    Xml(&path)
                )?;
            }
            writeln!(out, "  </testsuite>")?;
        }
        for of_file in told.chunk_by(|a, b| a.primary.path == b.primary.path) {
            suite(checkout, of_file, out)?;
        }
        writeln!(out, "</testsuites>")?;
        out.flush()
    }
}

/// Whether a finding has a case: one that counts, and one that would if it were not waived or in the baseline.
fn is_told(finding: &Finding) -> bool {
    !matches!(finding.disposition, Disposition::Overridden { .. })
}

fn failures(findings: &[&Finding]) -> usize {
    let failed = |finding: &&&Finding| finding.is_active() && finding.level == Level::Deny;
    findings.iter().filter(failed).count()
}

/// The suite about the run.
fn about(report: &Report, nothing: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"  <testsuite name="weighbridge" tests="1" failures="0" errors="0" skipped="{nothing}">"#
    )?;
    writeln!(out, "    <properties>")?;
    for (name, value) in [
        ("version", env!("CARGO_PKG_VERSION")),
        ("view", &report.view),
        ("policy", &report.policy),
    ] {
        let value = harmless(value, Style::default());
        writeln!(
            out,
            r#"      <property name="{name}" value="{}"/>"#,
            Xml(&value)
        )?;
    }
    writeln!(out, "    </properties>")?;
    let case = r#"<testcase classname="weighbridge" name="there is something to check""#;
    if nothing > 0 {
        writeln!(
            out,
            r#"    {case}><skipped message="no artifact and no source file"/></testcase>"#
        )?;
    } else {
        writeln!(out, "    {case}/>")?;
    }
    let said: Vec<String> = words::closing(report)
        .map(|line| harmless(line, Style::default()))
        .collect();
    writeln!(
        out,
        "    <system-out>{}</system-out>\n  </testsuite>",
        Xml(&said.join("\n"))
    )
}

/// The suite of a file.
fn suite(checkout: &PathSpelling, findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = findings.first() else {
        return Ok(());
    };
    let path = words::hosted(checkout, &first.primary.path);
    writeln!(
        out,
        r#"  <testsuite name="{}" tests="{}" failures="{}" errors="0" skipped="{}">"#,
        Xml(&path),
        findings.len(),
        failures(findings),
        findings
            .iter()
            .filter(|finding| !finding.is_active())
            .count(),
    )?;
    for finding in findings {
        case(finding, &path, out)?;
    }
    writeln!(out, "  </testsuite>")
}

fn case(finding: &Finding, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let place = match words::span(finding) {
        Some((line, column, ..)) => format!(" at {line}:{column}"),
        None => words::place(finding)
            .map(|place| format!(" at {}", harmless(place, Style::default())))
            .unwrap_or_default(),
    };
    let line = words::span(finding).map_or(1, |(line, ..)| line.max(1));
    write!(
        out,
        r#"    <testcase classname="{0}" name="{1}{2}" file="{0}" line="{line}">"#,
        Xml(path),
        finding.rule.id,
        Xml(&place),
    )?;
    let mut text = Vec::new();
    plain::full(
        finding,
        Style::default(),
        &PathSpelling::default(),
        &mut text,
    )?;
    for aside in words::asides(finding) {
        writeln!(text, "Besides: {}.", harmless(aside, Style::default()))?;
    }
    let text = String::from_utf8_lossy(&text);
    if let Some(why) = words::set_aside(&finding.disposition) {
        let why = harmless(why, Style::default());
        write!(
            out,
            r#"<skipped message="{}"/><system-out>{}</system-out>"#,
            Xml(&why),
            Xml(&text)
        )?;
    } else if finding.level == Level::Deny {
        let message = harmless(words::sentence(finding), Style::default());
        write!(
            out,
            r#"<failure message="{}" type="{}">{}</failure>"#,
            Xml(&message),
            finding.rule.id,
            Xml(&text)
        )?;
    } else {
        write!(out, "<system-out>{}</system-out>", Xml(&text))?;
    }
    writeln!(out, "</testcase>")
}

/// Text of an element or an attribute. What XML has no way to write is shown as its number.
pub(super) struct Xml<'a>(pub(super) &'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&apos;")?,
                // Ends of lines are ours, and never in an attribute.
                '\n' => f.write_char(c)?,
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                    write!(f, "\\u{{{:x}}}", u32::from(c))?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
