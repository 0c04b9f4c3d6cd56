//! What lets findings about a name pass in a file, as a check of the file says it.

use std::path::Path;

use jiff::civil::Date;

use super::{PolicyRequest, Request, find_policy, with_baseline, work_tree};
use crate::{
    error::Error,
    fact::Text,
    policy::{self, Asked, Policy, Ruling},
};

/// What lets findings about each of some names pass in a file: `path` as the user names it, `below` the same from the root of what is
/// checked. The file is checked, if it is there.
///
/// # Errors
/// A check that cannot be done.
pub fn covering(
    (path, below): (&Path, &Text),
    judge: &Policy,
    request: &PolicyRequest<'_>,
    asked: &[Asked<'_>],
    (cwd, today): (&Path, Date),
) -> Result<Vec<Vec<Ruling>>, Error> {
    if std::fs::symlink_metadata(cwd.join(path)).is_err() {
        let without = |asked: &Asked<'_>| policy::covering(judge, *asked, below, None, today);
        return Ok(asked.iter().map(without).collect());
    }
    let view = work_tree(cwd, &[path.to_owned()])?;
    let (view, policy, name) = find_policy(view, request, cwd)?;
    let policy = with_baseline(&view, policy, None)?;
    let request = Request {
        today,
        ..Request::default()
    };
    let report = super::check(&view, &policy, name, request, &())?;
    let findings = Some(report.findings.as_slice());
    let of = |asked: &Asked<'_>| policy::covering(&policy, *asked, below, findings, today);
    Ok(asked.iter().map(of).collect())
}
