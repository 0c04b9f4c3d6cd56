//! What `torch.load(weights_only=True)` makes of the layout of before 1.6: `_legacy_load` in `torch/serialization.py`.

use super::{Verdict, site_in};
use crate::{
    bytes::{Window, wide},
    fact::{Condition, Hop, LegacyReason, Piece, Site, TorchBehaviour, TorchForm},
    format::{
        Reading,
        pickle::{self, Announced, Key, Origin, Outcome, Returned},
    },
};
use rustc_hash::FxHashMap;

/// The version of the protocol, the second pickle.
const PROTOCOL: u16 = 1001;
/// Which of the five pickles is the object.
const OBJECT: u32 = 3;
/// Which holds the keys of the storages.
const KEYS: u32 = 4;
/// How many there are.
const PICKLES: u32 = 5;

/// Adds how torch takes the file. `known` is what became of its first pickles, as far as they were read.
pub(super) fn judge(
    window: &Window,
    reading: &Reading<'_>,
    known: Vec<Vec<Outcome>>,
    verdict: &mut Verdict,
) {
    let mut load = Load {
        window,
        reading,
        verdict,
    };
    load.run(known);
}

/// The loader at work.
struct Load<'a, 'r> {
    window: &'a Window,
    reading: &'a Reading<'r>,
    verdict: &'a mut Verdict,
}

impl Load<'_, '_> {
    fn run(&mut self, known: Vec<Vec<Outcome>>) {
        let mut at = 0;
        let mut known = known.into_iter();
        let mut objects = Vec::new();
        let mut keys = Vec::new();
        for number in 0..PICKLES {
            let origin = origin_of(number);
            let outcomes = known.next().unwrap_or_else(|| {
                pickle::weights_only(self.window, at, origin, &self.reading.budget())
            });
            let site = self.site(number);
            for outcome in &outcomes {
                self.verdict.add(self.window, &site, outcome);
            }
            let Some(outcome) = outcomes.iter().find(|outcome| !outcome.is_refused()) else {
                return;
            };
            at = outcome.end;
            match (number, &outcome.result) {
                (0, result) if !self.is_magic(result) => {
                    return self.whole(&[], LegacyReason::NoMagicNumber);
                }
                (1, result) if *result != Returned::Int(i64::from(PROTOCOL)) => {
                    let wanted = PROTOCOL;
                    return self.whole(&[], LegacyReason::ProtocolVersion { wanted });
                }
                (OBJECT, _) => objects = outcomes,
                (KEYS, Returned::Keys(found)) => keys.clone_from(found),
                (KEYS, _) => {
                    return self.whole(&[], LegacyReason::NoStorageKeys);
                }
                _ => {}
            }
        }
        for object in objects.iter().filter(|object| !object.is_refused()) {
            if let Err(why) = self.storages(object, &keys, at) {
                self.whole(&object.when, why);
            }
        }
    }

    /// Where a pickle stands. The first of a bare file is the file itself.
    fn site(&self, number: u32) -> Site {
        let bare = self.verdict.form == TorchForm::Bare && number == 0;
        site_in(self.reading, (!bare).then_some(Hop::Stream(number)))
    }

    fn whole(&mut self, when: &[Condition], reason: LegacyReason) {
        let site = site_in(self.reading, None);
        self.verdict.block_where(when, site, reason);
    }

    fn is_magic(&self, result: &Returned) -> bool {
        let Returned::Big { at, len } = result else {
            return false;
        };
        let bytes = self
            .window
            .bytes_at(*at, usize::from(*len))
            .unwrap_or_default();
        let rest = bytes.strip_prefix(&pickle::TORCH_MAGIC);
        rest.is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
    }

    /// The storages that follow: each its count of elements and its bytes.
    fn storages(
        &mut self,
        object: &Outcome,
        keys: &[Key],
        mut at: u64,
    ) -> Result<(), LegacyReason> {
        let mut from: FxHashMap<u32, u64> = FxHashMap::default();
        for key in keys {
            let Some(Announced {
                memory,
                bytes,
                itemsize,
            }) = object.storages.get(key).copied()
            else {
                return Err(LegacyReason::UnknownStorage);
            };
            let head = self.window.bytes_at(at, 8).unwrap_or_default();
            let count = <[u8; 8]>::try_from(&*head).map(u64::from_le_bytes);
            let Ok(count) = count else {
                return Err(LegacyReason::StoragesCutOff);
            };
            // Multiplied as C++ does it.
            if count.wrapping_mul(itemsize) != bytes {
                return Err(LegacyReason::StorageCount {
                    bytes,
                    elements: count,
                    itemsize,
                });
            }
            let start = at.saturating_add(8);
            from.insert(memory, start);
            at = start.saturating_add(bytes);
            if at > self.window.len() {
                return Err(LegacyReason::StoragesCutOff);
            }
        }
        self.sparse(object, &from);
        Ok(())
    }

    fn sparse(&mut self, object: &Outcome, from: &FxHashMap<u32, u64>) {
        let read = |memory: u32, offset: u64, bytes: usize| {
            let start = from.get(&memory)?.checked_add(offset)?;
            let end = start.checked_add(wide(bytes))?;
            self.window.exact(start..end, Piece::TensorIndices).ok()
        };
        for check in &object.checks {
            let Err(why) = check.holds(&read) else {
                continue;
            };
            let mut site = self.site(OBJECT);
            site.at = pickle::opcode_in(self.window, check.at);
            let checks = |holds| {
                let behaviour = TorchBehaviour::ChecksSparseTensors;
                let condition = Condition { behaviour, holds };
                [&*object.when, &[condition]].concat()
            };
            self.verdict
                .block_where(&checks(true), site.clone(), why.clone());
            self.verdict.endanger_where(&checks(false), site, why);
        }
    }
}

/// What the persistent ids of a pickle are.
pub(super) fn origin_of(number: u32) -> Origin<'static> {
    if number == OBJECT {
        Origin::Legacy
    } else {
        Origin::Alone
    }
}
