//! The report as JSON lines: a finding on each, then the run. `docs/json.md` describes it.
//!
//! The types are those of [`v1`], and so is the promise: within its version fields are added, never changed. Every line is an
//! object with a `kind`; whoever meets a kind they do not know passes over that line. The last line is always the
//! `summary`, so an output without one is not whole.

use std::io::{self, BufWriter, Write};

use serde::{Deserialize, Serialize};

use super::{Escaping, v1};
use crate::{
    report::{Presentation, Reporter},
    verdict::Report,
};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one at a time, and mostly the large one"
)]
pub enum Line {
    /// One finding.
    Finding(v1::Finding),
    /// The run, with the number of findings in their place. The last line.
    Summary(v1::Report<usize>),
}

/// See the module.
#[derive(Debug)]
pub(in crate::report) struct JsonLines;

impl Reporter for JsonLines {
    fn name(&self) -> &'static str {
        "json-lines"
    }

    fn summary(&self) -> &'static str {
        "one finding per line, then a summary, for programs"
    }

    fn ends(&self) -> &'static [&'static str] {
        &[".jsonl", ".ndjson"]
    }

    fn write(&self, report: &Report, _: &Presentation, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        for finding in v1::findings(report.active()) {
            line(&Line::Finding(finding), &mut out)?;
        }
        line(
            &Line::Summary(v1::whole(report, report.active().count())),
            &mut out,
        )?;
        out.flush()
    }
}

fn line(line: &Line, mut out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(Escaping(&mut out), line)?;
    out.write_all(b"\n")
}
