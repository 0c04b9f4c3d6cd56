//! `weighbridge explain`: the documentation of a rule, a format, a pack or a limit.

use clap::Args;

use super::{output, terminal};
use crate::{docs, error::Error, report, scan::Outcome};

/// Explain a rule, a format, a pack or a limit
///
/// Without a name, lists them all.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A rule, a format, a pack or a limit, as reports name it
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl Explain {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let text = match self.name {
            None => docs::list(),
            Some(name) => docs::explain(&name).ok_or_else(|| unknown(&name))?,
        };
        let style = terminal::style(terminal::Color::Auto, false);
        let rendered = std::io::IsTerminal::is_terminal(&std::io::stdout());
        output::deliver(None, &[], |out| {
            // A terminal shows it as a page; whatever else reads it wants the Markdown.
            if rendered {
                return report::prose(&text, style, out);
            }
            out.write_all(text.trim_end().as_bytes())?;
            out.write_all(b"\n")
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
        message: format!(
            "there is no rule, format, pack or limit `{}`",
            name.escape_debug()
        ),
        help: match near {
            Some((_, known)) => {
                format!("did you mean `{known}`? `weighbridge explain` lists them all")
            }
            None => String::from("`weighbridge explain` lists them all"),
        },
    }
}
