//! Torch's own layouts, and how `torch.load` takes each: the zip of today, TorchScript archives, the stream of pickles of
//! before 1.6, the tar of before 0.1.10.
//!
//! Follows `torch/serialization.py` and the archive reader in `caffe2/serialize` (torch 2.15). Only the index of a
//! checkpoint is read; tensor bytes are not.

pub(super) mod export;
pub(super) mod legacy;
mod legacy_load;
pub(super) mod package;
pub(super) mod script;
pub(super) mod tar;
pub(super) mod zip;
mod zip_load;

use super::{
    Reading,
    pickle::{self, RELEASES, Release, Said, Storage},
};
use crate::{
    bytes::Window,
    fact::{Fact, GlobalName, Hop, Obstacle, Place, Site, Take, Text, TorchForm, TorchLoad},
};

/// The verdict on an artifact, put together for each release that takes something differently.
#[derive(Debug)]
struct Verdict {
    form: TorchForm,
    globals: Vec<GlobalName>,
    built: Vec<GlobalName>,
    takes: Vec<Take>,
}

impl Verdict {
    fn new(form: TorchForm) -> Self {
        let takes = RELEASES.iter().map(|since| Take {
            since: *since,
            obstacle: None,
            danger: None,
        });
        Self {
            form,
            globals: Vec::new(),
            built: Vec::new(),
            takes: takes.collect(),
        }
    }

    /// Something that no list of globals can mend; the first counts.
    fn block(&mut self, site: Site, reason: impl Into<Text>) {
        self.block_since((0, 0), site, reason);
    }

    /// The same, where a release brought it.
    fn block_since(&mut self, release: Release, site: Site, reason: impl Into<Text>) {
        let obstacle = Obstacle {
            site,
            reason: reason.into(),
        };
        for take in self.takes.iter_mut().filter(|take| take.since >= release) {
            take.obstacle.get_or_insert_with(|| obstacle.clone());
        }
    }

    /// Adds the globals that a pickle looks up.
    fn names(&mut self, globals: &[GlobalName], built: &[GlobalName]) {
        for (own, more) in [(&mut self.globals, globals), (&mut self.built, built)] {
            let known: rustc_hash::FxHashSet<GlobalName> = own.iter().cloned().collect();
            own.extend(more.iter().filter(|name| !known.contains(*name)).cloned());
        }
    }

    /// What a release made of a pickle of the artifact.
    fn says(&mut self, release: Release, obstacle: Option<Obstacle>, danger: Option<Obstacle>) {
        if let Some(take) = self.takes.iter_mut().find(|take| take.since == release) {
            if take.obstacle.is_none() {
                take.obstacle = obstacle;
            }
            if take.danger.is_none() {
                take.danger = danger;
            }
        }
    }

    fn finish(mut self) -> Fact {
        self.takes
            .dedup_by(|next, kept| next.obstacle == kept.obstacle && next.danger == kept.danger);
        Fact::TorchLoad(Box::new(TorchLoad {
            form: self.form,
            globals: self.globals,
            built: self.built,
            takes: self.takes,
        }))
    }
}

/// The verdict on a bare pickle, which torch takes for a file of before 1.6.
pub(super) fn bare(window: &Window, reading: &Reading<'_>) -> Fact {
    let mut verdict = Verdict::new(TorchForm::Bare);
    legacy_load::judge(window, reading, &mut verdict);
    verdict.finish()
}

/// What is said of an opcode of a pickle at a site.
fn said_at(window: &Window, mut site: Site, said: &Said) -> Obstacle {
    site.at = pickle::opcode_in(window, said.at);
    Obstacle {
        site,
        reason: said.why.as_str().into(),
    }
}

/// What a loader would need of a storage: its size in the file, by its type and count of elements.
fn storage_bytes(storage: &Storage) -> Option<u64> {
    let size = match storage.class.as_bytes() {
        b"DoubleStorage" | b"LongStorage" | b"ComplexFloatStorage" => 8,
        b"ComplexDoubleStorage" => 16,
        b"FloatStorage" | b"IntStorage" | b"QInt32Storage" => 4,
        b"HalfStorage" | b"BFloat16Storage" | b"ShortStorage" => 2,
        b"ByteStorage" | b"CharStorage" | b"BoolStorage" | b"QInt8Storage" | b"QUInt8Storage"
        | b"QUInt4x2Storage" | b"QUInt2x4Storage" | b"UntypedStorage" => 1,
        _ => return None,
    };
    storage.elements?.checked_mul(size)
}

/// Where a hop further in would be.
fn site_in(reading: &Reading<'_>, hop: Option<Hop>) -> Site {
    let mut site = reading.recorder.site(Place::Whole);
    site.hops.extend(hop);
    site
}
