//! Weighbridge says what *loading* a machine-learning checkpoint would do, without ever loading it, and lets
//! through only what a reviewed policy allows.
//!
//! Readers observe, rules judge, reporters speak: [`mod@format`] and [`python`] turn bytes into facts
//! ([`fact`]), [`rule`]s turn facts and a [`policy`] into findings ([`finding`]), [`verdict`] weighs them, and
//! [`report`] is the only place where anything is written for people or machines. [`scan`] knows all stages.
//! `CONTRIBUTING.md` describes the architecture; `tests/it/layering/` checks it.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "tests may fail loudly"
    )
)]

pub mod audit;
pub mod bytes;
pub mod cli;
pub mod docs;
pub mod fact;
pub mod finding;
pub mod format;
pub mod git;
pub mod hook;
pub mod inventory;
pub mod limits;
pub mod link;
pub mod loader;
pub mod pins;
pub mod policy;
pub mod python;
pub mod record;
pub mod report;
pub mod rule;
pub mod scan;
pub mod store;
pub mod verdict;

mod error;
mod files;
mod words;
pub use error::Error;
