//! What an organisation has to look after: exceptions that end or are of no use, who loosened what, how far its policy has come, and what
//! many repositories allow by hand.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    folder::RunFolder,
    names::Names,
    packs,
    result::{AuditResult, Loosening, Status, Waiver},
    words::counted,
};
use crate::error::Error;

/// What an organisation has to look after.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Governance {
    /// Always 1.
    pub version: u32,
    /// The day by which things end: `2026-01-31`.
    pub today: String,
    /// The waivers of repositories, by owner and then by the day on which they end; those of the organisation's policy once.
    pub waivers: Vec<WaiverAt>,
    /// Lines that try to loosen what is locked, by repository.
    pub loosenings: Vec<LooseningAt>,
    /// How far the policy has come.
    pub adoption: Adoption,
    /// What several repositories allow by hand, most of them first.
    pub candidates: Vec<Candidate>,
    /// Packs that would let refused files of complete repositories pass, those of most repositories first.
    #[serde(default)]
    pub packs: Vec<NeededPack>,
}

/// A pack that would let refused files pass: nothing else in them is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeededPack {
    /// The pack.
    pub pack: String,
    /// How many repositories have such files.
    pub repositories: usize,
    /// How many files there are; in a history, their versions.
    pub files: usize,
}

/// A waiver and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverAt {
    /// The repository; empty for the organisation's policy.
    pub repository: String,
    /// The waiver.
    pub waiver: Waiver,
    /// Days until it ends: 0 on its last day, negative after it; absent without an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// What is to be done about it.
    pub state: WaiverState,
}

/// What is to be done about a waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// It has ended: renew it, or mend what it is about, and remove it.
    Ended,
    /// It is beyond the terms of the policy and covers nothing.
    BeyondTerms,
    /// It covers nothing: remove it.
    Stale,
    /// It ends within the days that were asked for.
    EndsSoon,
    /// Nothing.
    Holds,
}

impl WaiverState {
    /// Of a waiver that has so many days left, where one that ends within `soon` days ends soon.
    pub(super) fn of(waiver: &Waiver, days_left: Option<i64>, soon: i64) -> Self {
        if days_left.is_some_and(|left| left < 0) {
            Self::Ended
        } else if !waiver.breaches.is_empty() {
            Self::BeyondTerms
        } else if waiver.covers == 0 {
            Self::Stale
        } else if days_left.is_some_and(|left| left <= soon) {
            Self::EndsSoon
        } else {
            Self::Holds
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::BeyondTerms => "beyond the terms",
            Self::Stale => "covers nothing",
            Self::EndsSoon => "ends soon",
            Self::Holds => "holds",
        }
    }
}

/// A line that tries to loosen what is locked, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LooseningAt {
    /// The repository.
    pub repository: String,
    /// The line.
    pub loosening: Loosening,
}

/// How far a policy has come, in repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// Those of which all was looked at.
    pub complete: usize,
    /// Those of them without anything refused.
    pub clean: usize,
    /// Those with a policy of their own.
    pub own_policy: usize,
    /// Those with findings in a baseline.
    pub with_baseline: usize,
    /// Those with waivers of their own.
    pub with_waivers: usize,
    /// Those that have model files which can run code.
    pub executable: usize,
    /// Those in which all of these are pinned.
    pub pinned: usize,
}

impl Adoption {
    /// Counts a repository, if all of it was looked at.
    pub(super) fn add(&mut self, result: &AuditResult) {
        if result.status != Status::Complete {
            return;
        }
        let counts = &result.counts;
        let has_own = result.versions.own_policy.is_some();
        let has_waivers = result.waivers.iter().any(|it| !it.is_organisations);
        let is_pinned = counts.executable > 0 && counts.executable_unpinned == 0;
        for (count, is) in [
            (&mut self.complete, true),
            (&mut self.clean, counts.denied == 0),
            (&mut self.own_policy, has_own),
            (&mut self.with_baseline, counts.baseline > 0),
            (&mut self.with_waivers, has_waivers),
            (&mut self.executable, counts.executable > 0),
            (&mut self.pinned, is_pinned),
        ] {
            *count = count.saturating_add(usize::from(is));
        }
    }

    /// What is counted, in words, each with the number of repositories that it is of.
    pub(super) fn counted(&self) -> [(&'static str, usize, usize); 6] {
        let all = self.complete;
        [
            ("nothing refused", self.clean, all),
            ("a policy of their own", self.own_policy, all),
            ("waivers of their own", self.with_waivers, all),
            ("findings in a baseline", self.with_baseline, all),
            ("model files that can run code", self.executable, all),
            ("all of these pinned", self.pinned, self.executable),
        ]
    }
}

/// Something that repositories allow by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// A global, or a format as `format torch-zip`.
    pub what: String,
    /// How many repositories allow it.
    pub repositories: usize,
    /// In how many files it is in use.
    pub files: usize,
    /// What makes it dangerous, if it is known to be: then it is no candidate for a policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub danger: Option<String>,
}

/// What an organisation has to look after, from a run. Waivers that end within so many days end soon.
///
/// # Errors
/// A run that cannot be read.
pub fn governance(run: &RunFolder, today: Date, soon: i64) -> Result<Governance, Error> {
    let mut all = Governance {
        version: 1,
        today: today.to_string(),
        ..Governance::default()
    };
    let mut organisations: BTreeMap<(String, u32), WaiverAt> = BTreeMap::new();
    let mut allowed: BTreeMap<String, (BTreeSet<String>, usize)> = BTreeMap::new();
    let mut needed: BTreeMap<String, packs::Needed> = BTreeMap::new();
    for line in run.lines()? {
        if line.status == Status::Failed {
            continue;
        }
        let result = run.result(&line)?;
        let location = result.repository.location.clone();
        all.adoption.add(&result);
        for (pack, files) in packs::needed(&result) {
            needed.entry(pack).or_default().add(files);
        }
        for waiver in result.waivers {
            if waiver.is_organisations {
                // It covers what it covers anywhere.
                let key = (waiver.file.clone(), waiver.line);
                let covers = waiver.covers;
                let known = organisations.entry(key).or_insert_with(|| {
                    at(
                        String::new(),
                        Waiver {
                            covers: 0,
                            ..waiver
                        },
                        today,
                        soon,
                    )
                });
                known.waiver.covers = known.waiver.covers.saturating_add(covers);
                known.state = WaiverState::of(&known.waiver, known.days_left, soon);
            } else {
                all.waivers.push(at(location.clone(), waiver, today, soon));
            }
        }
        let loosenings = result.loosenings.into_iter().map(|loosening| LooseningAt {
            repository: location.clone(),
            loosening,
        });
        all.loosenings.extend(loosenings);
        for line in result.allowed {
            for what in line.what {
                let (repositories, files) = allowed.entry(what).or_default();
                repositories.insert(location.clone());
                *files = files.saturating_add(line.files);
            }
        }
    }
    all.waivers.extend(organisations.into_values());
    all.waivers.sort_by_cached_key(|it| {
        let owner = it.waiver.owner.clone();
        let end = it.days_left;
        (
            owner.is_none(),
            owner,
            end.is_none(),
            end,
            it.repository.clone(),
            it.waiver.line,
        )
    });
    let mut names = Names::default();
    let candidates = allowed
        .into_iter()
        .map(|(what, (repositories, files))| Candidate {
            danger: names.of(&what).danger.map(str::to_owned),
            repositories: repositories.len(),
            what,
            files,
        });
    all.candidates = candidates.collect();
    all.candidates.sort_by(|a, b| {
        let key = |it: &Candidate| (std::cmp::Reverse(it.repositories), it.what.clone());
        key(a).cmp(&key(b))
    });
    let packs = needed.into_iter().map(|(pack, needed)| NeededPack {
        pack,
        repositories: needed.repositories,
        files: needed.files,
    });
    all.packs = packs.collect();
    all.packs
        .sort_by_key(|it| std::cmp::Reverse((it.repositories, it.files)));
    Ok(all)
}

/// Days from a day to the last one of a waiver, if it ends.
pub(super) fn days_left(waiver: &Waiver, today: Date) -> Option<i64> {
    let last: Date = waiver.expires.as_deref()?.parse().ok()?;
    let span = today.until((jiff::Unit::Day, last)).ok()?;
    Some(i64::from(span.get_days()))
}

fn at(repository: String, waiver: Waiver, today: Date, soon: i64) -> WaiverAt {
    let days_left = days_left(&waiver, today);
    WaiverAt {
        state: WaiverState::of(&waiver, days_left, soon),
        repository,
        waiver,
        days_left,
    }
}

impl Governance {
    /// Entries for the organisation's policy, as YAML: packs that would let files of at least so many repositories pass, and globals that so
    /// many allow by hand and that are not known to be dangerous.
    pub fn suggestion(&self, least: usize) -> Option<String> {
        let candidates = self.candidates.iter().filter(|it| it.danger.is_none());
        let candidates = candidates.map(|it| (it.what.as_str(), it.repositories, it.files));
        let packs = self.packs.iter();
        let packs = packs.map(|it| (it.pack.as_str(), it.repositories, it.files));
        suggestion(packs, candidates, least)
    }
}

/// Entries for a policy: of packs, and of names that are not known to be dangerous, each with the repositories and files that it is in,
/// those that at least so many repositories have.
pub(super) fn suggestion<'a>(
    packs: impl Iterator<Item = (&'a str, usize, usize)>,
    candidates: impl Iterator<Item = (&'a str, usize, usize)>,
    least: usize,
) -> Option<String> {
    let packs = packs.map(|(pack, repositories, files)| (pack.to_owned(), repositories, files));
    let names = candidates.filter(|(what, ..)| !what.starts_with("format "));
    let names = names.map(|(what, repositories, files)| {
        let quoted = serde_json::to_string(what).unwrap_or_default();
        (quoted, repositories, files)
    });
    let packs = entries("packs", packs, least);
    let names = entries("allow", names, least);
    (!packs.is_empty() || !names.is_empty()).then(|| format!("globals:\n{packs}{names}"))
}

/// A list in a policy, of what at least so many repositories have; empty if that is nothing.
fn entries(key: &str, items: impl Iterator<Item = (String, usize, usize)>, least: usize) -> String {
    let items = items.filter(|(_, repositories, _)| *repositories >= least);
    let lines = items.map(|(what, repositories, files)| {
        let repositories = counted(repositories, "repository", "repositories");
        let files = counted(files, "file", "files");
        format!("    - {what} # {repositories}, {files}\n")
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    format!("  {key}:\n{lines}")
}
