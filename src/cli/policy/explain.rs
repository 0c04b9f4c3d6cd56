//! `weighbridge policy explain`.

use std::path::PathBuf;

use clap::Args;

use super::{
    super::{PolicyArgs, output, today},
    effective, path_below,
};
use crate::{
    error::Error,
    fact::Text,
    policy::{self, Asked, Explained},
    report,
    scan::{self, Outcome},
};

const EXAMPLES: &str = "\
Examples:
  weighbridge policy explain torch.nn.Linear
  weighbridge policy explain builtins.getattr --path models/a.pt
  weighbridge policy explain onnx
  weighbridge policy explain pickle-load";

/// Say what the policy makes of a global, a format, a rule or a pack
///
/// Says whether it is allowed, for which uses, and which line decides; without
/// `--path`, also in which files something else holds; with it, which waiver,
/// baseline or comment in source lets findings pass there. The exit code is 0
/// whatever the answer is. `weighbridge explain` says what a rule, a format or
/// a pack is.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Explain {
    /// A global, as files store it (package.module.Name, or
    /// package.module:Outer.Inner), a format, a rule or a pack
    #[arg(value_name = "NAME")]
    name: String,
    /// The file in which it is used
    #[arg(long, value_name = "PATH")]
    path: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// How an answer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A few lines to read
    Human,
    /// The answer, for programs
    Json,
}

impl Explain {
    pub(super) fn run(self) -> Result<Outcome, Error> {
        let found = effective(&self.policy)?;
        let path = match &self.path {
            Some(path) => Some(path_below(&found, path)?),
            None => None,
        };
        let name = self.name.as_str();
        let global;
        let rule = scan::rules().into_iter().find(|rule| rule.id == name);
        let is_format = scan::format_ids().contains(&name);
        let mut asked = Vec::new();
        asked.extend(rule.map(Asked::Rule));
        asked.extend(is_format.then_some(Asked::Format(name)));
        asked.extend(policy::pack_by_name(name).map(|_| Asked::Pack(name)));
        if asked.is_empty() {
            global = policy::global_of(name).map_err(|wrong| unknown(name, wrong))?;
            asked.push(Asked::Global(&global));
        }
        let shown_path = path.as_ref().map(Text::to_string);
        let explain = |asked: &Asked<'_>| {
            let answer = found.policy.explain(*asked, path.as_ref());
            (kind(*asked), answer)
        };
        let mut answers: Vec<(&str, Explained)> = asked.iter().map(explain).collect();
        if let (Some(named), Some(below)) = (&self.path, &path) {
            let covered = scan::covering(
                (named, below),
                &found.policy,
                &self.policy.request(),
                &asked,
                (&found.cwd, today::today()),
            )?;
            for ((_, answer), covered) in answers.iter_mut().zip(covered) {
                answer.covered = covered;
            }
        }
        output::deliver(None, &[], |out| {
            if self.format == Format::Json {
                return report::policy::explained_json(name, shown_path.as_deref(), &answers, out);
            }
            let place = shown_path.as_ref().map_or_else(
                || format!("by {}", found.name),
                |path| format!("in {path}, by {}", found.name),
            );
            for (kind, answer) in &answers {
                let title = format!("the {kind} {name}, {place}");
                report::policy::explained(&title, answer, out)?;
            }
            Ok(())
        })?;
        Ok(Outcome::Clean)
    }
}

fn kind(asked: Asked<'_>) -> &'static str {
    match asked {
        Asked::Global(_) => "global",
        Asked::Format(_) => "format",
        Asked::Rule(_) => "rule",
        Asked::Pack(_) => "pack",
    }
}

/// A word that is no global either.
fn unknown(name: &str, (message, help): (String, String)) -> Error {
    if name.contains(['.', ':']) {
        return Error::Usage { message, help };
    }
    let rules = scan::rules().into_iter().map(|rule| rule.id);
    let known = rules.chain(scan::format_ids()).chain(policy::pack_names());
    let near = known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 3))
        .min();
    Error::Usage {
        message: format!(
            "there is no rule, format or pack `{}`, and a global has a module",
            name.escape_debug()
        ),
        help: near.map_or(help, |(_, known)| format!("did you mean `{known}`?")),
    }
}
