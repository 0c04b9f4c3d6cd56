//! `weighbridge policy schema`.

use clap::Args;

use super::super::output;
use crate::{docs, error::Error, scan::Outcome};

/// Print the JSON Schema of a policy, for editors
///
/// An editor with a YAML server completes and checks a policy that begins with
/// `# yaml-language-server: $schema=PATH`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Schema;

impl Schema {
    #[allow(clippy::unused_self, reason = "as every command")]
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let schema = docs::schema();
        output::deliver(None, &[], |out| out.write_all(schema.as_bytes()))?;
        Ok(Outcome::Clean)
    }
}
