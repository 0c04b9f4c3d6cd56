//! Weighing: what one entry's observations and findings come to, and what all entries come to together.

use std::collections::BTreeSet;

use super::{Coverage, LetPass, Report, Scales, Weighed, settle};
use crate::{
    fact::{
        Circumstances, ContentFacts, Fact, Global, GlobalName, Observation, Text, Unavailable,
        Unread,
    },
    finding::{Finding, LineRef},
    inventory::Artifact,
    policy::{Comment, Scope, Standing},
};

/// How many of the dangers that a policy lets pass are said one by one.
const LET_PASS: usize = 10;

/// Dangerous names that entries of the policy allow with any arguments.
fn listed_danger<'a>(
    scope: &Scope,
    observations: impl Iterator<Item = &'a Observation>,
) -> Vec<String> {
    let mut known: BTreeSet<&GlobalName> = BTreeSet::new();
    let mut said = Vec::new();
    for observation in observations {
        let Fact::Global {
            global: Global::Named(name),
            usage,
        } = &observation.fact
        else {
            continue;
        };
        // No pack lists what is dangerous, and the list of what is takes a while to be made.
        let ruling = scope.globals().ruling(name);
        if matches!(ruling.standing(), Standing::Unlisted | Standing::InPack) {
            continue;
        }
        let Some(danger) = ruling.danger() else {
            continue;
        };
        if !ruling.allows(*usage) || scope.globals().constrains(name) || !known.insert(name) {
            continue;
        }
        let by = ruling.allowed_by(*usage);
        let by = by.map(|entry| entry.to_string()).unwrap_or_default();
        said.push(format!(
            "loading uses `{name}`, which {danger}; {by} allows it"
        ));
    }
    said
}

/// What an entry comes to: its findings, [settled](settle), and what it adds to the coverage.
pub fn weigh(
    path: &Text,
    findings: Vec<Finding>,
    scales: &Scales<'_>,
    facts: &ContentFacts,
    circumstances: &Circumstances,
    mut comments: Vec<Comment>,
) -> Weighed {
    let mut weighed = settle(findings, scales, &mut comments);
    let listed = listed_danger(scales.scope, circumstances.observations(facts)).into_iter();
    let mut let_pass: Vec<LetPass> = listed
        .map(|said| LetPass {
            path: path.clone(),
            said,
            has_finding: false,
        })
        .collect();
    let_pass.append(&mut weighed.let_pass);
    Weighed {
        let_pass,
        coverage: cover(facts, circumstances),
        comments,
        ..weighed
    }
}

/// All entries together, in any order: the report does not depend on it. `coverage` is that of entries that are left out
/// because they are plain.
pub fn judge(
    view: String,
    policy: String,
    coverage: Coverage,
    entries: impl IntoIterator<Item = Weighed>,
    artifacts: Vec<Artifact>,
) -> Report {
    let mut report = Report {
        view,
        coverage,
        policy,
        artifacts,
        ..Report::default()
    };
    let mut let_pass: usize = 0;
    for entry in entries {
        report.findings.extend(entry.findings);
        for said in entry.let_pass {
            if let_pass < LET_PASS {
                report.let_pass.push(said);
            }
            let_pass = let_pass.saturating_add(1);
        }
        report.coverage.add(entry.coverage);
        report.evidence.add(entry.evidence);
    }
    if let Some(more) = let_pass.checked_sub(LET_PASS).filter(|more| *more > 0) {
        report.let_pass.push(LetPass {
            path: Text::default(),
            said: format!("the policy allows {more} more that could run code"),
            has_finding: true,
        });
    }
    report.notices.extend(unfetched(report.coverage.unfetched));
    report.sort();
    report
}

impl Report {
    /// Adds the notice that everything is excluded: `path` is the first of the excluded files, `by` the policy's line that excludes
    /// it. Without a line it is `.gitattributes`.
    pub fn say_nothing_left(&mut self, path: &Text, by: Option<&LineRef>) {
        let by = match by {
            Some(line) => format!("{}:{}", line.file, line.line),
            None => String::from("`.gitattributes`"),
        };
        self.notices.push(match self.coverage.excluded {
            1 => format!("nothing is left to check: {by} excludes {path}"),
            n => format!("nothing is left to check of {n} excluded files: {by} excludes {path}"),
        });
    }
}

/// How many files that are kept elsewhere were not looked at: a repository may keep its pictures in git-lfs and not fetch them, and a
/// finding for each would hide what matters.
fn unfetched(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some(String::from(
            "1 file that git-lfs or DVC keeps elsewhere was not looked at: it is not called a model",
        )),
        n => Some(format!(
            "{n} files that git-lfs or DVC keep elsewhere were not looked at: they are not called models"
        )),
    }
}

impl Coverage {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.artifacts += other.artifacts;
        self.sources += other.sources;
        self.policies += other.policies;
        self.incomplete += other.incomplete;
        self.late += other.late;
        self.excluded += other.excluded;
        self.unfetched += other.unfetched;
        self.pinned += other.pinned;
        self.bytes = self.bytes.saturating_add(other.bytes);
        for (format, count) in other.formats {
            *self.formats.entry(format).or_default() += count;
        }
    }
}

/// What an entry adds to the coverage. What its name promises to be an artifact is one, read or not.
fn cover(facts: &ContentFacts, circumstances: &Circumstances) -> Coverage {
    let source = facts.source;
    let mut coverage = Coverage {
        entries: 1,
        sources: usize::from(source),
        late: usize::from(circumstances.late),
        ..Coverage::default()
    };
    let mut promised = false;
    if !circumstances.is_whole() {
        coverage.incomplete = 1;
    }
    for why in circumstances.unavailable() {
        coverage.incomplete = 1;
        promised |= !source && matches!(why, Unavailable::NotFetched { .. });
    }
    for observation in circumstances.observations(facts) {
        let outermost = observation.site.hops.is_empty();
        match &observation.fact {
            Fact::Is(id) if outermost => {
                coverage.formats.entry(id.to_string()).or_insert(1);
            }
            Fact::Unread(unread) => {
                coverage.incomplete = 1;
                promised |= outermost && !source && matches!(unread, Unread::Unknown(_));
            }
            _ => {}
        }
    }
    if promised || !coverage.formats.is_empty() {
        coverage.artifacts = 1;
        coverage.bytes = circumstances.size(facts);
    }
    coverage
}

#[cfg(test)]
mod tests {
    use super::cover;
    use crate::fact::{
        Circumstances, Content, ContentFacts, Fact, Hop, Observation, Place, Site, Unread,
    };

    fn seen(fact: Fact, hops: Vec<Hop>) -> Observation {
        Observation {
            fact,
            site: Site {
                hops,
                at: Place::Whole,
            },
            count: 1,
            excerpt: None,
        }
    }

    #[test]
    fn an_archive_s_members_do_not_count_as_artifacts_of_the_view() {
        let member = vec![Hop::Stream(0)];
        let facts = ContentFacts {
            bytes: 7,
            observations: vec![
                seen(Fact::Is("torch-zip".into()), Vec::new()),
                seen(Fact::Is("pickle".into()), member),
            ],
            ..ContentFacts::default()
        };
        let coverage = cover(&facts, &Circumstances::default());
        assert_eq!((coverage.artifacts, coverage.bytes), (1, 7));
        assert_eq!(coverage.formats.keys().collect::<Vec<_>>(), ["torch-zip"]);
    }

    #[test]
    fn a_model_s_name_with_unknown_bytes_is_an_artifact_not_read() {
        let facts = ContentFacts {
            observations: vec![seen(
                Fact::Unread(Unread::Unknown(Content::Empty)),
                Vec::new(),
            )],
            ..ContentFacts::default()
        };
        let coverage = cover(&facts, &Circumstances::default());
        assert_eq!((coverage.artifacts, coverage.incomplete), (1, 1));
    }
}
