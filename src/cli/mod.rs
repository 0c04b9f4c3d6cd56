//! The command line.

use std::{ffi::OsString, process::ExitCode};

/// Runs the program with its arguments, the program's own name first.
pub fn main(_args: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::SUCCESS
}
