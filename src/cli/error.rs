//! Errors that end the run, told as diagnostics on standard error.

use std::{fmt, io};

use miette::Diagnostic;

use super::terminal::{self, Color};
use crate::{error::Error, report};

/// Tells an error. If nobody reads it, the exit code still says that there was one.
pub(super) fn show(error: &Error, color: Color) {
    let style = terminal::style_of_errors(color);
    let mut out = io::stderr().lock();
    match error {
        Error::Policy(errors) => {
            for error in &errors.0 {
                let _ = report::diagnostic(error, style, &mut out);
            }
        }
        other => {
            let _ = report::diagnostic(&ErrorDiagnostic(other), style, &mut out);
        }
    }
}

/// An error of the job.
struct ErrorDiagnostic<'a>(&'a Error);

impl Diagnostic for ErrorDiagnostic<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self.0 {
            Error::Usage { help, .. } | Error::Repository { help, .. } => Some(Box::new(help)),
            Error::Output { to, .. } if std::path::Path::new(to).is_file() => {
                Some(Box::new("the file is as it was before"))
            }
            Error::Output { source, .. } => {
                let help: &'static str = match source.kind() {
                    io::ErrorKind::NotFound => "make its folder first, or name a file elsewhere",
                    io::ErrorKind::IsADirectory => "name a file in it",
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                        "name a file in a folder that can be written to"
                    }
                    io::ErrorKind::StorageFull => "make room, or name a file elsewhere",
                    _ => return None,
                };
                Some(Box::new(help))
            }
            _ => None,
        }
    }
}

impl fmt::Debug for ErrorDiagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ErrorDiagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ErrorDiagnostic<'_> {}
