//! What a store knows of the contents that `check` would read.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    recall::{Doubt, circumstances, hex, storable, stored_of},
    store_key,
};
use crate::{
    error::Error,
    fact::Excerpts,
    scan::{self, Item, Memory, Recalled, Sighting},
    store::{Reader, Store, StoredFacts},
};

/// One in so many contents that the store knows is read all the same: a check sees fewer than an audit.
const VERIFIED: u64 = 16;

/// The contents that a store knows, for one check. What a report shows lines of is read all the same, so the report is the one that is
/// made without a store.
#[derive(Debug)]
pub struct KnownContents {
    reader: Reader,
    doubt: Doubt,
    /// What the store has of contents that are read all the same.
    doubted: Mutex<BTreeMap<usize, StoredFacts>>,
    contradicted: AtomicU64,
}

impl KnownContents {
    /// Those of the store in a folder, which is only read.
    ///
    /// # Errors
    /// No store, one that is being written, one that is damaged.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let key = store_key::of_reader()?;
        let opened = scan::protected(|| Store::open_read_only(folder, &key)?.reader());
        let reader = opened.unwrap_or_else(|message| {
            Err(Error::Store {
                path: folder.to_owned(),
                message,
                help: String::from("`weighbridge audit` writes a new one"),
            })
        })?;
        Ok(Self {
            reader,
            doubt: Doubt::of_one_in(VERIFIED),
            doubted: Mutex::default(),
            contradicted: AtomicU64::new(0),
        })
    }

    /// How many contents say something else than the store: somebody has changed it.
    pub fn contradicted(&self) -> u64 {
        self.contradicted.load(Ordering::Relaxed)
    }
}

impl Memory for KnownContents {
    fn is_active(&self) -> bool {
        true
    }

    fn wants_excluded(&self) -> bool {
        false
    }

    fn recall(&self, at: usize, item: &Item) -> Option<Recalled> {
        // What replaces something is compared with it.
        if item.before().is_some() {
            return None;
        }
        let (sha256, mut stored) = stored_of(&self.reader, item)?;
        let observations = stored.facts.observations.iter();
        let is_shown = observations
            .chain(&stored.elsewhere)
            .any(|it| it.excerpt.is_some());
        if is_shown || self.doubt.is_about(&sha256) {
            let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
            doubted.insert(at, stored);
            return None;
        }
        Some(Recalled {
            circumstances: circumstances(item, &mut stored),
            facts: stored.facts,
            excerpts: Excerpts::default(),
            link: None,
            sha256: None,
            sha256_if_asked: Some(hex(&sha256)),
            unfetched: false,
            is_of_blob: true,
        })
    }

    fn keep(&self, at: usize, item: &Item, sighting: &Sighting<'_>) {
        if sighting.is_known {
            return;
        }
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stored) = doubted.remove(&at)
            && storable(item, sighting).as_ref() != Some(&stored)
        {
            self.contradicted.fetch_add(1, Ordering::Relaxed);
        }
    }
}
