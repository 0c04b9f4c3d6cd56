//! Torch's own layouts, and how `torch.load` takes each: the zip of today, TorchScript archives, the stream of pickles of
//! before 1.6, the tar of before 0.1.10.
//!
//! Follows `torch/serialization.py` and the archive reader in `caffe2/serialize` (torch 2.15). Only the index of a
//! checkpoint is read; tensor bytes are not.

mod bare;
pub(super) mod distributed;
pub(super) mod executorch;
pub(super) mod export;
pub(super) mod legacy;
mod legacy_load;
pub(super) mod mobile;
pub(super) mod package;
pub(super) mod script;
pub(super) mod tar;
mod whole;
pub(super) mod zip;
mod zip_load;

use indexmap::IndexSet;

use super::{
    Format, Loader, Reading,
    pickle::{self, Outcome, Said, Storage},
};
use crate::{
    bytes::Window,
    fact::{
        Condition, Fact, GlobalName, Hop, Obstacle, Place, Site, TorchForm, TorchLoad, TorchReason,
    },
};

/// What reads a file of this format and name in place of the format's reader, because of what torch does with files of such a name.
pub(super) fn loader_of(format: &Format, name: &[u8]) -> Option<&'static dyn Loader> {
    bare::loader_of(format, name).or_else(|| distributed::loader_of(format, name))
}

/// The verdict on an artifact, put together.
#[derive(Debug)]
struct Verdict {
    form: TorchForm,
    globals: IndexSet<GlobalName>,
    built: IndexSet<GlobalName>,
    obstacles: Vec<Obstacle>,
    dangers: Vec<Obstacle>,
}

impl Verdict {
    fn new(form: TorchForm) -> Self {
        Self {
            form,
            globals: IndexSet::new(),
            built: IndexSet::new(),
            obstacles: Vec::new(),
            dangers: Vec::new(),
        }
    }

    /// Something that no list of globals can mend.
    fn block(&mut self, site: Site, reason: impl Into<TorchReason>) {
        self.block_where(&[], site, reason);
    }

    /// The same in releases that behave so.
    fn block_where(&mut self, when: &[Condition], site: Site, reason: impl Into<TorchReason>) {
        add(
            &mut self.obstacles,
            Obstacle {
                when: when.to_vec(),
                site,
                reason: reason.into(),
            },
        );
    }

    /// Memory outside a storage that releases reach which behave so.
    fn endanger_where(&mut self, when: &[Condition], site: Site, reason: impl Into<TorchReason>) {
        let danger = Obstacle {
            when: when.to_vec(),
            site,
            reason: reason.into(),
        };
        add(&mut self.dangers, danger);
    }

    /// Adds what became of a pickle at a site.
    fn add(&mut self, window: &Window, site: &Site, outcome: &Outcome) {
        self.globals.extend(outcome.globals.iter().cloned());
        self.built.extend(outcome.built.iter().cloned());
        for said in &outcome.obstacles {
            add(&mut self.obstacles, said_at(window, site.clone(), said));
        }
        for said in &outcome.dangers {
            add(&mut self.dangers, said_at(window, site.clone(), said));
        }
    }

    fn finish(self) -> Fact {
        Fact::TorchLoad(Box::new(TorchLoad {
            form: self.form,
            globals: self.globals.into_iter().collect(),
            built: self.built.into_iter().collect(),
            obstacles: self.obstacles,
            dangers: self.dangers,
        }))
    }
}

/// Adds something that is said, unless the same conditions, or none, were said of something before.
fn add(said: &mut Vec<Obstacle>, more: Obstacle) {
    let stops = |known: &Obstacle| known.when.is_empty() || known.when == more.when;
    if !said.iter().any(stops) {
        said.push(more);
    }
}

/// What is said of an opcode of a pickle at a site.
fn said_at(window: &Window, mut site: Site, said: &Said) -> Obstacle {
    site.at = pickle::opcode_in(window, said.at);
    Obstacle {
        when: said.when.clone(),
        site,
        reason: said.why.clone(),
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
