//! What `torch.load(weights_only=True)` makes of the layout of before 1.6: `_legacy_load` in `torch/serialization.py`.

use super::{Verdict, said_at, site_in};
use crate::{
    bytes::{Window, wide},
    fact::{Hop, Obstacle, Site, TorchForm},
    format::{
        Reading,
        pickle::{
            Announced, Key, Origin, Outcome, RELEASES, Release, Returned, Said, load_weights_only,
        },
    },
};
use rustc_hash::FxHashMap;

/// torch's magic number, little-endian.
pub(super) const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// The version of the protocol, the second pickle.
const PROTOCOL: i64 = 1001;
/// Which of the five pickles is the object.
const OBJECT: u32 = 3;
/// How many there are.
const PICKLES: u32 = 5;

/// Adds how each release takes the file.
pub(super) fn judge(window: &Window, reading: &Reading<'_>, verdict: &mut Verdict) {
    let mut depends = true;
    let mut said = (None, None);
    for release in RELEASES.iter().rev() {
        if depends {
            let mut load = Load {
                window,
                reading,
                verdict,
                release: *release,
                depends: false,
                danger: None,
            };
            let obstacle = load.run().err();
            said = (obstacle, load.danger);
            depends = load.depends;
        }
        verdict.says(*release, said.0.clone(), said.1.clone());
    }
}

/// One release at work.
struct Load<'a, 'r> {
    window: &'a Window,
    reading: &'a Reading<'r>,
    verdict: &'a mut Verdict,
    release: Release,
    depends: bool,
    danger: Option<Obstacle>,
}

impl Load<'_, '_> {
    fn run(&mut self) -> Result<(), Obstacle> {
        let mut at = 0;
        let mut object = None;
        let mut keys = None;
        for number in 0..PICKLES {
            let outcome = self.pickle(number, at)?;
            at = outcome.end;
            match number {
                0 if !self.is_magic(&outcome.result) => {
                    return Err(self.whole(
                        "it has no magic number: torch.load runs the pickle first and complains afterwards",
                    ));
                }
                1 if outcome.result != Returned::Int(PROTOCOL) => {
                    return Err(self.whole("its protocol version is not 1001"));
                }
                OBJECT => object = Some(outcome),
                4 => keys = Some(outcome.result),
                _ => {}
            }
        }
        let (Some(object), Some(Returned::Keys(keys))) = (object, keys) else {
            return Err(self.whole("its fifth pickle is no list of storage keys"));
        };
        self.storages(&object, &keys, at)
    }

    /// Where a pickle stands. The first of a bare file is the file itself.
    fn site(&self, number: u32) -> Site {
        let bare = self.verdict.form == TorchForm::Bare && number == 0;
        site_in(self.reading, (!bare).then_some(Hop::Stream(number)))
    }

    fn whole(&self, reason: &str) -> Obstacle {
        Obstacle {
            site: site_in(self.reading, None),
            reason: reason.into(),
        }
    }

    fn pickle(&mut self, number: u32, at: u64) -> Result<Outcome, Obstacle> {
        let origin = if number == OBJECT {
            Origin::Legacy
        } else {
            Origin::Alone
        };
        let outcome = load_weights_only(self.window, at, origin, self.release);
        self.depends |= outcome.depends;
        self.verdict.names(&outcome.globals, &outcome.built);
        let site = self.site(number);
        if let Some(danger) = &outcome.danger {
            let danger = said_at(self.window, site.clone(), danger);
            self.danger.get_or_insert(danger);
        }
        match &outcome.obstacle {
            Some(said) => Err(said_at(self.window, site, said)),
            None => Ok(outcome),
        }
    }

    fn is_magic(&self, result: &Returned) -> bool {
        let Returned::Big { at, len } = result else {
            return false;
        };
        let bytes = self
            .window
            .bytes_at(*at, usize::from(*len))
            .unwrap_or_default();
        let rest = bytes.strip_prefix(&MAGIC);
        rest.is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
    }

    /// The storages that follow: each its count of elements and its bytes.
    fn storages(&mut self, object: &Outcome, keys: &[Key], mut at: u64) -> Result<(), Obstacle> {
        let mut from: FxHashMap<u32, u64> = FxHashMap::default();
        for key in keys {
            let Some(Announced {
                memory,
                bytes,
                itemsize,
            }) = object.storages.get(key).copied()
            else {
                return Err(self.whole("a storage follows that its object does not ask for"));
            };
            let head = self.window.bytes_at(at, 8).unwrap_or_default();
            let count = <[u8; 8]>::try_from(&*head).map(u64::from_le_bytes);
            let Ok(count) = count else {
                return Err(self.whole("its storages are cut off"));
            };
            if count.checked_mul(itemsize) != Some(bytes) {
                return Err(self.whole(&format!(
                    "a storage of {bytes} bytes follows as one of {count} elements of {itemsize}"
                )));
            }
            let start = at.saturating_add(8);
            from.insert(memory, start);
            at = start.saturating_add(bytes);
            if at > self.window.len() {
                return Err(self.whole("its storages are cut off"));
            }
        }
        self.sparse(object, &from)
    }

    fn sparse(&mut self, object: &Outcome, from: &FxHashMap<u32, u64>) -> Result<(), Obstacle> {
        let read = |memory: u32, offset: u64, bytes: usize| {
            let start = from.get(&memory)?.checked_add(offset)?;
            let end = start.checked_add(wide(bytes))?;
            self.window.exact(start..end, "indices").ok()
        };
        for check in &object.checks {
            let Err(fault) = check.holds(&read) else {
                continue;
            };
            let said = Said {
                at: check.at,
                why: fault.into_words(),
            };
            let site = self.site(OBJECT);
            let said = said_at(self.window, site, &said);
            self.depends = true;
            if self.release < (2, 8) || self.release >= (2, 14) {
                return Err(said);
            }
            self.danger.get_or_insert(said);
        }
        Ok(())
    }
}
