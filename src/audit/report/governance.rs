//! What policies let pass: waivers and when they end, what repositories allow by hand, and what they try to loosen.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    each::SOON,
    table::{Cell, Pool, Row},
    words::time,
};
use crate::audit::{
    governance::{Adoption, WaiverState, days_left},
    names::Names,
    result::{AuditResult, Loosening, Waiver},
};

/// What policies let pass, over all repositories.
#[derive(Debug, Default)]
pub(super) struct Governance {
    waivers: Vec<(String, Waiver)>,
    allowed: BTreeMap<String, (Vec<String>, usize)>,
    loosenings: Vec<(String, String, Loosening)>,
    adoption: Adoption,
}

/// The rows of what policies let pass.
pub(super) struct GovernanceRows {
    pub(super) waivers: Vec<Box<[Cell]>>,
    pub(super) allowed: Vec<Box<[Cell]>>,
    pub(super) loosenings: Vec<Box<[Cell]>>,
    pub(super) adoption: Vec<Box<[Cell]>>,
    /// In how many repositories something is allowed by hand.
    pub(super) by_hand: BTreeMap<String, usize>,
}

impl Governance {
    pub(super) fn add(&mut self, result: &AuditResult) {
        let location = &result.repository.location;
        for waiver in &result.waivers {
            self.waivers.push((location.clone(), waiver.clone()));
        }
        let mut here: BTreeMap<&str, (Vec<&str>, usize)> = BTreeMap::new();
        for line in &result.allowed {
            for what in &line.what {
                let (lines, files) = here.entry(what).or_default();
                lines.push(&line.by);
                *files = files.saturating_add(line.files);
            }
        }
        for (what, (lines, files)) in here {
            let place = format!("{location}: {}", lines.join(", "));
            let (places, all) = self.allowed.entry(what.to_owned()).or_default();
            places.push(place);
            *all = all.saturating_add(files);
        }
        for loosening in &result.loosenings {
            let owners = if loosening.owners.is_empty() {
                result.repository.owner.clone().unwrap_or_default()
            } else {
                loosening.owners.join(", ")
            };
            self.loosenings
                .push((location.clone(), owners, loosening.clone()));
        }
        self.adoption.add(result);
    }

    pub(super) fn rows(
        self,
        today: Option<Date>,
        names: &mut Names,
        pool: &mut Pool,
    ) -> GovernanceRows {
        let waivers = self.waivers.into_iter().map(|(location, waiver)| {
            let days_left = today.and_then(|today| days_left(&waiver, today));
            let state = WaiverState::of(&waiver, days_left, SOON);
            (state, waiver.expires.clone(), location, waiver)
        });
        let mut waivers: Vec<_> = waivers.collect();
        waivers.sort();
        let waivers = waivers.into_iter().map(|(state, _, location, waiver)| {
            Row::new(pool)
                .text(&location)
                .maybe(waiver.owner.as_deref())
                .text(state.word())
                .maybe(waiver.expires.as_deref())
                .number(waiver.covers)
                .text(&waiver.rule)
                .text(&waiver.paths.join(", "))
                .maybe(waiver.subject.as_deref())
                .maybe(waiver.reason.as_deref())
                .text(&waiver.breaches.join("\n"))
                .flag(waiver.is_organisations)
                .text(&waiver.file)
                .number(usize::try_from(waiver.line).unwrap_or_default())
                .end()
        });
        let waivers = waivers.collect();
        let by_hand = self.allowed.iter();
        let by_hand = by_hand.map(|(what, (places, _))| (what.clone(), places.len()));
        let by_hand = by_hand.collect();
        let mut allowed: Vec<_> = self.allowed.into_iter().collect();
        allowed.sort_by_key(|(_, (places, _))| std::cmp::Reverse(places.len()));
        let allowed = allowed.into_iter().map(|(what, (places, files))| {
            let known = names.of(&what);
            Row::new(pool)
                .text(&what)
                .number(places.len())
                .number(files)
                .text(&known.packs.join(", "))
                .maybe(known.danger)
                .text(&places.join("\n"))
                .end()
        });
        let allowed = allowed.collect();
        let loosenings = self.loosenings.into_iter().map(|(location, owners, line)| {
            let row = Row::new(pool)
                .text(&location)
                .text(&owners)
                .text(&line.file)
                .number(usize::try_from(line.line).unwrap_or_default())
                .text(&line.key)
                .text(&line.message);
            let by = line.introduced_by.as_ref();
            row.maybe(by.map(|by| by.commit.as_str()))
                .maybe(by.and_then(time).as_deref())
                .maybe(by.map(|by| by.author.as_str()))
                .end()
        });
        let loosenings = loosenings.collect();
        let counted = self.adoption.counted().into_iter();
        let counted = counted.filter(|(_, _, of)| *of > 0);
        let adoption = counted.map(|(what, repositories, of)| {
            Row::new(pool)
                .text(what)
                .number(repositories)
                .number(of)
                .end()
        });
        GovernanceRows {
            waivers,
            allowed,
            loosenings,
            adoption: adoption.collect(),
            by_hand,
        }
    }
}
