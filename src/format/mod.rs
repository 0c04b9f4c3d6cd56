//! Formats: what a run of bytes is, and what loading it would do.
//!
//! A format is one file and one word in `formats!`. Identification is by content and plural: every format whose
//! probe claims the bytes reads them, and the name is only a hint where bytes carry no magic. Readers record facts
//! and know no policy.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::unwrap_used,
        reason = "tests may fail loudly"
    )
)]

mod identify;
mod reading;

use identify::has_extension;
pub use identify::{Certainty, Head, is_artifact_name, is_plain_name};
use reading::is_possible;
pub use reading::{Expect, Loader, Reading, read};

use crate::{
    bytes::{ReadError, Window},
    fact::Fact,
};

/// How an artifact is laid out, and how to read it.
#[derive(Debug)]
pub struct Format {
    /// Kebab-case, stable: policies name it.
    pub id: &'static str,
    /// A few words for a heading.
    pub title: &'static str,
    /// What it is, what loading it does, how it is recognised, what to prefer (Markdown). Shown by `explain`.
    pub doc: &'static str,
    /// Suffixes of the names under which it is found, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Whether loading it can run code by design.
    pub executes: bool,
    /// How it is recognised and read.
    pub recognise: Recognise,
}

/// How a format is recognised, and what reads it: records what loading it would do. An error becomes an observation; what was
/// recorded before it is kept.
#[derive(Debug)]
pub enum Recognise {
    /// By the first and last bytes, or by the name where bytes carry no magic.
    Bytes {
        /// Whether these bytes are it.
        probe: fn(&Head<'_>) -> Certainty,
        /// Reads them.
        read: fn(&Window, &mut Reading<'_>) -> Result<(), ReadError>,
    },
    /// A zip archive with certain members. The first format of the list that claims an archive reads it; one that none claims is
    /// a plain `zip`, whose members are read by content.
    Zip {
        /// Whether these members make it one.
        claims: fn(&zip::Directory) -> bool,
        /// Reads it. The directory's own anomalies are recorded already.
        read: fn(&Window, &zip::Directory, &mut Reading<'_>) -> Result<(), ReadError>,
    },
    /// A tar archive with a member of a certain name, in whatever folder.
    Tar {
        /// The name that makes it one.
        member: &'static [u8],
        /// Whether a member of this name is a run of pickles.
        is_pickle: fn(&[u8]) -> bool,
        /// What its loader makes of it.
        verdict: fn(&Reading<'_>) -> Fact,
    },
}

impl Format {
    /// Whether bytes are it, as far as they tell.
    pub fn probe(&self, head: &Head<'_>) -> Certainty {
        match self.recognise {
            Recognise::Bytes { probe, .. } => probe(head),
            Recognise::Zip { .. } | Recognise::Tar { .. } => Certainty::No,
        }
    }

    /// Reads bytes as this format.
    ///
    /// # Errors
    /// What ended the reading.
    pub fn read(&self, window: &Window, reading: &mut Reading<'_>) -> Result<(), ReadError> {
        match self.recognise {
            Recognise::Bytes { read, .. } => read(window, reading),
            Recognise::Zip { .. } => zip::read(window, reading),
            Recognise::Tar { .. } => tar::read(window, reading),
        }
    }
}

mod torch;

/// Declares the modules and the one list of formats.
macro_rules! formats {
    (modules { $($module:ident),* $(,)? } also { $($path:path),* $(,)? }) => {
        $(pub mod $module;)*

        /// Every format, in the order in which they are asked and documented.
        pub static FORMATS: &[&Format] = &[$(&$module::FORMAT,)* $(&$path),*];
    };
}

formats! {
    modules {
        pickle,
        zip,
        safetensors,
        npy,
        npz,
        compressed,
        tar,
    }
    also {
        torch::package::FORMAT,
        torch::script::FORMAT,
        torch::zip::FORMAT,
        torch::export::FORMAT,
        torch::legacy::FORMAT,
        torch::tar::FORMAT,
    }
}

/// What loads a file of this format and name, where that is not the format's own loader.
fn loader_of(format: &Format, name: &[u8]) -> Option<&'static dyn Loader> {
    torch::loader_of(format, name)
}

/// A format by its id.
pub fn by_id(id: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.id == id)
}
