//! The inventory: what there is, refused or not. Artifacts with their formats, globals, libraries and digests.
//!
//! For outputs that list what was looked at and not only what is wrong with it. Nothing is judged here.

mod artifact;
mod digest;

pub use artifact::{Artifact, Library, artifact};
pub use digest::sha256;
