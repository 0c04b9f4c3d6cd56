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

pub use identify::{Certainty, Head, is_artifact_name, is_plain_name};
pub use reading::{Expect, Reading, read};

use crate::bytes::{ReadError, Window};

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
    /// Whether these bytes are it.
    pub probe: fn(&Head<'_>) -> Certainty,
    /// Records what loading it would do. An error becomes an observation; what was recorded before is kept.
    pub read: fn(&Window, &mut Reading<'_>) -> Result<(), ReadError>,
}

mod torch;

/// Declares the modules and the one list of formats.
macro_rules! formats {
    (modules { $($module:ident),* $(,)? } also { $($path:path),* $(,)? }) => {
        $(pub mod $module;)*

        /// Every format, in the order in which they are tried and documented.
        pub static FORMATS: &[&Format] = &[$(&$module::FORMAT,)* $(&$path),*];
    };
}

formats! {
    modules { pickle, zip, safetensors, npy, npz }
    also { torch::zip::FORMAT, torch::script::FORMAT, torch::legacy::FORMAT, torch::tar::FORMAT }
}

/// A format by its id.
pub fn by_id(id: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.id == id)
}
