//! `weighbridge policy check`.

use std::path::PathBuf;

use clap::Args;

use super::super::{
    OrganisationArgs, PolicyArgs, current_dir, outputs::Destinations, terminal, today,
};
use crate::{
    error::Error,
    policy::lint,
    report::{PathSpelling, Presentation},
    scan::{self, Outcome},
};

const CODES: &str = "\
Exit codes:
  0  the policy is valid, and says nothing without need
  1  something in it is not needed or has no effect
  2  the policy is not valid";

/// Check the policy itself: errors, lines without effect or need
///
/// Reports all errors of the policy and of what it extends; entries, overrides,
/// exclusions and waivers that no file of the repository needs; entries that are
/// listed twice, are in a named pack or are refused; waivers that have ended or
/// are beyond the terms; levels that are inherited anyway; and, at level `warn`,
/// entries that are dangerous or wide. `check` and the hooks do not run it.
#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub(in crate::cli) struct Check {
    /// The policy file, instead of the one that judges here
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The policy is for other repositories: do not compare it with the files
    /// of this one
    #[arg(long)]
    shared: bool,
    #[command(flatten)]
    organisation: OrganisationArgs,
    #[command(flatten)]
    outputs: Destinations,
}

impl Check {
    pub(super) fn color(&self) -> terminal::Color {
        self.outputs.color()
    }

    pub(super) fn run(self) -> Result<Outcome, Error> {
        let mut plan = self.outputs.plan()?.in_full();
        if plan.has("cyclonedx") {
            return Err(Error::Usage {
                message: String::from("a policy has no bill of materials"),
                help: String::from(
                    "`weighbridge check --format cyclonedx` writes that of a repository",
                ),
            });
        }
        let cwd = current_dir()?;
        let view = scan::work_tree(&cwd, &[])?;
        plan.probe(vec![view.root.clone()])?;
        let asked = PolicyArgs {
            policy: self.file,
            organisation: self.organisation,
        };
        let found = scan::find_policy(view, &asked.request(), &cwd);
        let (report, root, is_usable) = match found {
            Ok((view, policy, name)) => {
                let used = (!self.shared).then(|| scan::used(&view, &policy));
                let lints = lint(&policy, used.as_ref(), today::today());
                let files = policy.ancestry();
                let files = files.iter().filter(|name| !name.ends_with("(built in)"));
                let files = files.count();
                let mut report = scan::policy_report(&view, &name, files, &lints, policy.notes());
                report.notices.extend(view.notices);
                (report, view.root, true)
            }
            // What else keeps it from being read has no place in it.
            Err(Error::Policy(errors)) => {
                let view = scan::work_tree(&cwd, &[])?;
                let named = asked.policy.as_deref();
                let name = named.map_or_else(String::new, |named| named.display().to_string());
                let report = scan::broken_policy_report(&view, &name, &errors);
                (report, view.root, false)
            }
            Err(error) => return Err(error),
        };
        let presentation = Presentation {
            paths: PathSpelling::between(&cwd, &root),
            ..Presentation::default()
        };
        plan.deliver(&report, presentation)?;
        Ok(if is_usable {
            plan.outcome(report.outcome())
        } else {
            Outcome::Unable
        })
    }
}
