//! What policies let pass: waivers and when they end, what repositories allow by hand, and what they try to loosen.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    names::Names,
    table::{Cell, Pool, Row},
};
use crate::audit::{
    governance::{WaiverState, days_left},
    result::{AuditResult, Loosening, Waiver},
};

/// Days before its end from which on a waiver ends soon.
const SOON: i64 = 30;

/// What policies let pass, over all repositories.
#[derive(Debug, Default)]
pub(super) struct Governance {
    waivers: Vec<(String, Waiver)>,
    allowed: BTreeMap<String, Vec<String>>,
    loosenings: Vec<(String, Loosening)>,
}

/// The rows of what policies let pass.
pub(super) struct GovernanceRows {
    pub(super) waivers: Vec<Box<[Cell]>>,
    pub(super) allowed: Vec<Box<[Cell]>>,
    pub(super) loosenings: Vec<Box<[Cell]>>,
    /// In how many repositories something is allowed by hand.
    pub(super) by_hand: BTreeMap<String, usize>,
}

impl Governance {
    pub(super) fn add(&mut self, result: &AuditResult) {
        let location = &result.repository.location;
        for waiver in &result.waivers {
            self.waivers.push((location.clone(), waiver.clone()));
        }
        let mut here: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in &result.allowed {
            for what in &line.what {
                here.entry(what).or_default().push(&line.by);
            }
        }
        for (what, lines) in here {
            let place = format!("{location}: {}", lines.join(", "));
            self.allowed.entry(what.to_owned()).or_default().push(place);
        }
        for loosening in &result.loosenings {
            self.loosenings.push((location.clone(), loosening.clone()));
        }
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
        let by_hand = by_hand.map(|(what, places)| (what.clone(), places.len()));
        let by_hand = by_hand.collect();
        let mut allowed: Vec<_> = self.allowed.into_iter().collect();
        allowed.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
        let allowed = allowed.into_iter().map(|(what, places)| {
            let known = names.of(&what);
            Row::new(pool)
                .text(&what)
                .number(places.len())
                .text(&known.packs.join(", "))
                .maybe(known.danger)
                .text(&places.join("\n"))
                .end()
        });
        let allowed = allowed.collect();
        let loosenings = self.loosenings.into_iter().map(|(location, line)| {
            Row::new(pool)
                .text(&location)
                .text(&line.file)
                .number(usize::try_from(line.line).unwrap_or_default())
                .text(&line.key)
                .text(&line.message)
                .end()
        });
        GovernanceRows {
            waivers,
            allowed,
            loosenings: loosenings.collect(),
            by_hand,
        }
    }
}
