//! Audits: many repositories and their histories, judged by an organisation's policy, on one machine or on many.
//!
//! A run reads each content once, however many repositories have it: what it says goes to the [store](crate::store). Each
//! repository ends with one [result](AuditResult) and one record in the run's [folder](RunFolder). Another policy judges the records again
//! without any repository. Nothing here reads bytes, judges or words findings: `scan` does.

mod again;
mod answers;
mod codeowners;
mod diff;
mod engines;
mod excerpts;
mod fetch;
mod folder;
mod forge;
mod governance;
mod governance_words;
mod judging;
mod known;
mod list;
mod look;
mod marker;
mod merge;
mod missing;
mod names;
mod packs;
mod plan;
mod plan_words;
mod recall;
mod record;
mod refusals;
pub mod report;
mod repository;
pub mod result;
mod results;
mod run;
mod seen;
mod shard;
mod shared;
mod state;
mod store_key;
mod summary;
mod target;
mod words;

pub use again::{AgainOptions, JudgedAgain, judge_again};
pub use diff::{Difference, RepositoryDifference, diff};
pub use engines::detect as detect_shard;
pub use folder::{Line, RunFolder, RunInfo};
pub use governance::{
    Adoption, Candidate, Governance, LooseningAt, NeededPack, WaiverAt, WaiverState, governance,
};
pub use governance_words::{suggestion as write_suggestion, waivers as write_waivers};
pub use judging::Organisation;
pub use known::KnownContents;
pub use list::read as read_list;
pub use merge::{Merged, merge};
pub use plan::{Load, Plan, Planned, measure as measure_sizes};
pub use plan_words::write as write_plan;
pub use result::AuditResult;
pub use results::ResultStore;
pub use run::{Finished, Options, Source, Watcher, run};
pub use shard::Shard;
pub use shared::{
    VARIABLES as SHARED_VARIABLES, fetch as fetch_shared, is_url as is_shared, open as open_shared,
    open_run as open_shared_run, publish,
};
pub use summary::{Summary, Totals};
pub use target::{Place, Target, What, below, canonical};
pub use words::{difference as write_difference, summary as write_summary};

use crate::error::Error;

/// Repositories of several lists and folders, each once: the first counts.
///
/// # Errors
/// None at all.
pub fn each_once(mut targets: Vec<Target>) -> Result<Vec<Target>, Error> {
    target::each_once(&mut targets);
    if targets.is_empty() {
        return Err(Error::Usage {
            message: String::from("there is no repository to audit"),
            help: String::from(
                "name a folder of clones or bare repositories, or a list with `--repos`",
            ),
        });
    }
    Ok(targets)
}
