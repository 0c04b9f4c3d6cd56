//! The bill of materials of all repositories of a run.

use std::io::Write;

use super::{checked::Rules, words};
use crate::{
    audit::{
        folder::RunFolder,
        result::{Repository, Status},
    },
    error::Error,
    report::{Bill, Knowledge},
    verdict::Report,
};

/// What a repository is called in a bill.
fn name(repository: &Repository) -> String {
    match &repository.reference {
        Some(reference) => format!("{}@{reference}", repository.location),
        None => repository.location.clone(),
    }
}

/// Reads a run and writes its bill, with a date if there is one. One result is in memory at a time.
///
/// # Errors
/// A run that cannot be read.
pub fn write(
    run: &RunFolder,
    date: Option<i64>,
) -> Result<impl FnOnce(&mut dyn Write) -> std::io::Result<()>, Error> {
    let info = run.known_info()?;
    let rules = Rules::all();
    let mut bill = Bill::default();
    for repository in &info.repositories {
        let name = name(repository);
        let line = run.line(&repository.id);
        let Some(line) = line.filter(|line| line.status != Status::Failed) else {
            bill.add(&name, None, Knowledge::None, &Report::default());
            continue;
        };
        let result = run.result(&line)?;
        let known = match result.status {
            Status::Complete => Knowledge::Complete,
            Status::Partial | Status::Failed => Knowledge::Partial,
        };
        let commit = result.scope.commit.as_deref();
        bill.add(&name, commit, known, &rules.report(&result));
    }
    Ok(move |out: &mut dyn Write| {
        bill.write((&info.policy, words::looked_at(&info.what)), date, out)
    })
}
