//! git-lfs pointers under names that are no model's, whose content is not here.
//!
//! A repository may keep its pictures in git-lfs and not fetch them: a finding for each would hide what matters. How many were
//! not looked at is said once. Pointers under other names are findings of `lfs-not-fetched` and `not-followed`.

use super::{Run, RunRule};

/// The rule.
pub(super) static RULE: RunRule = RunRule {
    id: "unfetched-pointers",
    check,
};

fn check(run: &Run<'_>, notices: &mut Vec<String>) {
    notices.extend(match run.unfetched {
        0 => None,
        1 => Some(String::from(
            "1 git-lfs pointer was not followed, of a file that is not called a model: its bytes are not here",
        )),
        n => Some(format!(
            "{n} git-lfs pointers were not followed, of files that are not called models: their bytes are not here"
        )),
    });
}
