//! Errors that end the run, on standard error.

use std::io;

use super::terminal::{self, Color};
use crate::{error::Error, report};

/// Shows an error. If nobody reads it, the exit code still says that there was one.
pub(super) fn show(error: &Error, color: Color) {
    let style = terminal::style_of_errors(color);
    let _ = report::error(error, style, &mut io::stderr().lock());
}
