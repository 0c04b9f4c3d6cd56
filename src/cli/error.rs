//! Errors that end the run, told as diagnostics on standard error.

use std::{fmt, io};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::{
    seam::report,
    terminal::{self, Color},
};
use crate::{error::Error, policy::PolicyError};

/// Tells an error. If nobody reads it, the exit code still says that there was one.
pub(super) fn show(error: &Error, color: Color) {
    let style = terminal::style_of_errors(color);
    let mut out = io::stderr().lock();
    match error {
        Error::Policy(errors) => {
            for error in &errors.0 {
                let _ = report::diagnostic(&PolicyTold::new(error), style, &mut out);
            }
        }
        other => {
            let _ = report::diagnostic(&Told(other), style, &mut out);
        }
    }
}

/// An error of the job.
struct Told<'a>(&'a Error);

impl Diagnostic for Told<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self.0 {
            Error::Usage { help, .. } | Error::Repository { help, .. } => Some(Box::new(help)),
            Error::Output { .. } => Some(Box::new("nothing was left half written")),
            _ => None,
        }
    }
}

impl fmt::Debug for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Told<'_> {}

/// An error in a policy, with its place.
#[derive(Debug)]
struct PolicyTold<'a> {
    error: &'a PolicyError,
    source: NamedSource<String>,
}

impl<'a> PolicyTold<'a> {
    fn new(error: &'a PolicyError) -> Self {
        Self {
            error,
            source: NamedSource::new(&error.file, error.source.to_string()),
        }
    }
}

impl Diagnostic for PolicyTold<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.error.help.is_empty()).then(|| Box::new(&self.error.help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.error.range.is_empty()).then_some(&self.source as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let range = self.error.range.clone();
        (!range.is_empty()).then(|| Box::new(std::iter::once(LabeledSpan::underline(range))) as _)
    }
}

impl fmt::Display for PolicyTold<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.error.range.is_empty() {
            write!(f, "{}: ", self.error.file)?;
        }
        f.write_str(&self.error.message)
    }
}

impl std::error::Error for PolicyTold<'_> {}
