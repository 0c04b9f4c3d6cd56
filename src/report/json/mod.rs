//! Reports for programs. Each version of the schema has its own types, so that no change inside can reach a reader of
//! the output unnoticed.

mod coverage;
mod escaping;
pub mod inspection;
pub mod lines;
pub mod policy_diff;
mod restore;
pub mod v1;

pub(crate) use escaping::Escaping;
pub(crate) use restore::text as restored_text;

use std::io::{self, BufWriter, Write};

use super::{Presentation, Reporter};
use crate::verdict::Report;

/// The newest version.
#[derive(Debug)]
pub(super) struct Json;

impl Reporter for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn summary(&self) -> &'static str {
        "everything, for programs (schema version 1)"
    }

    fn ends(&self) -> &'static [&'static str] {
        &[".json"]
    }

    fn write(&self, report: &Report, _: &Presentation, out: &mut dyn Write) -> io::Result<()> {
        v1::write(report, &mut BufWriter::new(out))
    }
}
