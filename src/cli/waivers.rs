//! `weighbridge waivers`: what is waived, by whom and until when.

use clap::{Args, Subcommand, ValueEnum};

use super::{OutputArgs, PolicyArgs, current_dir, output, progress::Bar, terminal, today};
use crate::{
    error::Error,
    policy::Waiver,
    report::waivers,
    scan::{self, Outcome, Request},
};

const EXAMPLES: &str = "\
Examples:
  weighbridge waivers report
  weighbridge waivers report --expiring 30d    what ends soon, for a job that
                                               tells the owners
  weighbridge waivers report --format markdown    for an issue
  weighbridge waivers report --format json        for programs

Exit codes:
  0  the waivers are listed; with --expiring, none has ended or ends by then
  1  with --expiring, there are some
  2  the job could not be done";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Report(Report),
}

/// List the policy's waivers by owner, with what each covers now
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Report {
    /// Only those that have ended or end within so many days or weeks: `30d`, `6w`
    #[arg(long, value_name = "TIME", value_parser = days)]
    expiring: Option<i64>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human, help_heading = "Output")]
    format: Format,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// How waivers are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A list to read
    Human,
    /// Markdown for an issue or a comment
    Markdown,
    /// Everything, for programs
    Json,
}

impl Command {
    pub(super) fn color(&self) -> terminal::Color {
        let Self::Report(report) = self;
        report.output.color
    }

    pub(super) fn run(self) -> Result<Outcome, Error> {
        match self {
            Self::Report(report) => report.run(),
        }
    }
}

impl Report {
    fn run(self) -> Result<Outcome, Error> {
        let cwd = current_dir()?;
        let view = scan::work_tree(&cwd, &[])?;
        let (view, policy, name) = scan::find_policy(view, &self.policy.request(), &cwd)?;
        let today = today::today();
        let request = Request {
            today,
            ..Request::default()
        };
        let bar = Bar::new(terminal::shows_progress());
        let report = scan::check(&view, &policy, name, request, &bar)?;
        bar.finish();
        let all = policy.accepts().waivers();
        let ends_soon = |waiver: &&Waiver| {
            self.expiring.is_none_or(|within| {
                let left = waiver.days_left(today);
                left.is_some_and(|left| left <= within)
            })
        };
        let listed = all.all().iter().filter(ends_soon).map(|waiver| {
            let breaches = all.terms().breaches(waiver, today);
            let breaches = breaches.iter().map(ToString::to_string).collect();
            (waiver, breaches)
        });
        let rows = waivers::rows(listed, &report, today);
        let style = terminal::style(self.output.color, self.output.output.is_some());
        let checked = std::slice::from_ref(&view.root);
        output::deliver(self.output.output.as_deref(), checked, |out| {
            match self.format {
                Format::Human => waivers::human(&rows, style, out),
                Format::Markdown => waivers::markdown(&rows, out),
                Format::Json => waivers::json(&rows, today, out),
            }
        })?;
        Ok(if self.expiring.is_some() && !rows.is_empty() {
            Outcome::Refused
        } else {
            Outcome::Clean
        })
    }
}

/// Days, or weeks of seven.
fn days(text: &str) -> Result<i64, String> {
    let (number, unit) = match text.strip_suffix('w') {
        Some(weeks) => (weeks, 7),
        None => (text.strip_suffix('d').unwrap_or(text), 1),
    };
    let number: Option<u16> = number.parse().ok();
    number
        .map(|number| i64::from(number).saturating_mul(unit))
        .ok_or_else(|| String::from("write days or weeks, such as `30d` or `6w`"))
}
