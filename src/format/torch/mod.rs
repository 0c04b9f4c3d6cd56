//! Torch's own layouts, and how `torch.load` takes each: the zip of today, TorchScript archives, the stream of pickles of
//! before 1.6, the tar of before 0.1.10.
//!
//! Follows `torch/serialization.py` and the archive reader in `caffe2/serialize` (torch 2.15). Only the index of a
//! checkpoint is read; tensor bytes are not.

pub(super) mod legacy;
pub(super) mod package;
pub(super) mod script;
pub(super) mod tar;
pub(super) mod zip;

use super::{
    Reading,
    pickle::{self, Examined, Storage},
};
use crate::fact::{Fact, GlobalName, Hop, Obstacle, Place, Site, Text, TorchForm, TorchLoad};

/// Names under which `torch.load` is what opens a file.
pub(super) const EXTENSIONS: &[&str] = &["pt", "pth", "bin", "ckpt"];

/// The verdict on an artifact, put together from its pickles.
#[derive(Debug)]
struct Verdict {
    form: TorchForm,
    globals: Vec<GlobalName>,
    built: Vec<GlobalName>,
    obstacle: Option<Obstacle>,
}

impl Verdict {
    fn new(form: TorchForm) -> Self {
        Self {
            form,
            globals: Vec::new(),
            built: Vec::new(),
            obstacle: None,
        }
    }

    /// Something that no list of globals can mend; the first counts.
    fn block(&mut self, site: Site, reason: impl Into<Text>) {
        if self.obstacle.is_none() {
            self.obstacle = Some(Obstacle {
                site,
                reason: reason.into(),
            });
        }
    }

    /// Adds what a pickle looks up and what stands in its way.
    fn pickle(&mut self, mut site: Site, examined: &Examined) {
        for global in &examined.globals {
            if !self.globals.contains(global) {
                self.globals.push(global.clone());
            }
        }
        for class in &examined.built {
            if !self.built.contains(class) {
                self.built.push(class.clone());
            }
        }
        if let Some((offset, reason)) = &examined.obstacle {
            site.at = pickle::opcode_at(*offset, examined.obstacle_op);
            self.block(site, reason.as_str());
        }
    }

    fn finish(self) -> Fact {
        Fact::TorchLoad(Box::new(TorchLoad {
            form: self.form,
            globals: self.globals,
            built: self.built,
            obstacle: self.obstacle,
        }))
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
