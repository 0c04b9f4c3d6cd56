//! `weighbridge policy schema`.

use clap::{Args, ValueEnum};

use super::super::output;
use crate::{docs, error::Error, policy::SchemaOf, scan::Outcome};

/// Print the JSON Schema of a policy, of its tests or of a lock file, for editors
///
/// An editor with a YAML server completes and checks a file that begins with
/// `# yaml-language-server: $schema=PATH`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Schema {
    /// Which file it is the schema of
    #[arg(long = "for", value_name = "FILE", value_enum, default_value_t = Of::Policy)]
    of: Of,
}

/// A file with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// weighbridge.yaml
    Policy,
    /// The cases of `policy test`
    Tests,
    /// weighbridge.lock
    Lock,
}

impl Schema {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let schema = docs::schema(match self.of {
            Of::Policy => SchemaOf::Policy,
            Of::Tests => SchemaOf::Cases,
            Of::Lock => SchemaOf::Lock,
        });
        output::deliver(None, &[], |out| out.write_all(schema.as_bytes()))?;
        Ok(Outcome::Clean)
    }
}
