//! `weighbridge explain`: what a rule or a format is.

use clap::Args;

use super::{output, seam::docs};
use crate::{error::Error, scan::Outcome};

/// Explain a rule or a format
///
/// Without an argument, lists them all.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A rule, as diagnostics name it, or a format
    #[arg(value_name = "RULE|FORMAT")]
    name: Option<String>,
}

impl Explain {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let text = match self.name {
            None => docs::list(),
            Some(name) => docs::explain(&name).ok_or_else(|| unknown(&name))?,
        };
        output::deliver(None, |out| {
            out.write_all(text.as_bytes())?;
            if text.ends_with('\n') {
                Ok(())
            } else {
                out.write_all(b"\n")
            }
        })?;
        Ok(Outcome::Clean)
    }
}

fn unknown(name: &str) -> Error {
    let near = docs::names()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 3))
        .min();
    Error::Usage {
        message: format!("there is no rule and no format `{}`", name.escape_debug()),
        help: match near {
            Some((_, known)) => {
                format!("did you mean `{known}`? `weighbridge explain` lists them all")
            }
            None => String::from("`weighbridge explain` lists them all"),
        },
    }
}
