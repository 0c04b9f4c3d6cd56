//! What a run came to, in sentences that the page and the digest share.

use crate::{
    audit::{result::Status, summary::Summary},
    report::json::v1,
};

/// What of each repository was looked at.
pub(super) fn looked_at(what: &str) -> &'static str {
    match what {
        "history" => "every version in the history of HEAD",
        "all-refs" => "every version in the history of every ref",
        _ => "the files of HEAD",
    }
}

/// When a commit was made.
pub(super) fn time(by: &v1::Introduction) -> Option<String> {
    let time = jiff::Timestamp::from_second(by.time).ok()?;
    Some(time.to_string())
}

pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        n => format!("{} {many}", grouped(n)),
    }
}

/// A number with its thousands apart: `12,345`.
pub(super) fn grouped(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How many repositories of a status have a model file that can run code.
pub(super) fn executable(summary: &Summary, status: Status) -> usize {
    let lines = summary.repositories.iter();
    let lines = lines.filter(|line| line.status == status && line.counts.executable > 0);
    lines.count()
}

/// The most important of a run.
pub(super) fn headline(summary: &Summary) -> String {
    let all = summary.complete.repositories;
    let partly = executable(summary, Status::Partial);
    let others = [&summary.partial, &summary.failed];
    let is_all = summary.pending == 0 && others.iter().all(|it| it.repositories == 0);
    let wholly = if is_all {
        ""
    } else {
        " that were looked at completely"
    };
    match (executable(summary, Status::Complete), all) {
        (0, 0) if partly > 0 => format!(
            "{} can run code when a model is loaded, of those that were looked at in part",
            counted(partly, "repository", "repositories")
        ),
        (0, 0) => String::from("No repository was looked at completely"),
        (0, _) => format!(
            "Loading a model runs no code in {}{wholly}",
            match all {
                1 => String::from("the one repository"),
                n => format!("any of {} repositories", grouped(n)),
            }
        ),
        (some, _) => format!(
            "{} of {}{wholly} can run code when a model is loaded",
            grouped(some),
            counted(all, "repository", "repositories")
        ),
    }
}

/// What has to be known beside that, a sentence each.
pub(super) fn beside(summary: &Summary) -> Vec<String> {
    let mut sentences = Vec::new();
    let complete = &summary.complete;
    if complete.repositories > 0 {
        let counts = &complete.counts;
        sentences.push(format!(
            "The policy refuses something in {} of them: {} in {}. {} can run code, and {} of them {} pinned by no lock file.",
            grouped(complete.refused),
            counted(counts.denied, "finding", "findings"),
            counted(counts.refused_files, "file", "files"),
            counted(counts.executable, "model file", "model files"),
            grouped(counts.executable_unpinned),
            if counts.executable_unpinned == 1 { "is" } else { "are" },
        ));
    }
    let partial = &summary.partial;
    if partial.repositories > 0 {
        sentences.push(format!(
            "Not in these numbers: {} looked at in part only, where at least {} and {} were found.",
            counted(partial.repositories, "repository was", "repositories were"),
            counted(partial.counts.denied, "refused finding", "refused findings"),
            counted(
                partial.counts.executable,
                "model file that can run code",
                "model files that can run code"
            ),
        ));
    }
    let failed = summary.failed.repositories;
    let unknown = failed.saturating_add(summary.pending);
    if unknown > 0 {
        sentences.push(format!(
            "Nothing is known of {}: {failed} failed, and {} {} no result yet.",
            counted(unknown, "repository", "repositories"),
            summary.pending,
            if summary.pending == 1 { "has" } else { "have" },
        ));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        let numbers = [0_u64, 999, 1000, 12_345, 1_234_567];
        assert_eq!(
            numbers.map(grouped),
            ["0", "999", "1,000", "12,345", "1,234,567"]
        );
    }
}
