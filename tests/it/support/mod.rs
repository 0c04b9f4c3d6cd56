//! What tests share: assemblers of artifacts, sources that misbehave, temporary repositories, the program.
#![allow(
    dead_code,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "assemblers are written for reading"
)]

pub mod oracle;
pub mod pickle;
