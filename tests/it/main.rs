//! One integration binary: what a user sees, properties over every fixture, and the oracles.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and run programs"
)]

mod support;

mod audit;
mod cli;
mod corpus;
mod docs;
mod facts;
mod format;
mod git;
mod hook;
mod hostile;
mod hostile_memory;
mod layering;
mod limits;
mod loader;
mod policy;
mod python;
mod report;
mod rule;
