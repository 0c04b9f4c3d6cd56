//! Tests of `policy`.
#![allow(
    clippy::string_slice,
    clippy::print_stderr,
    reason = "tests may fail loudly and say what they skipped"
)]

mod bundled;
mod diff;
mod edit;
mod errors;
mod generated;
mod init;
mod locks;
mod organisation;
mod packs;
mod pins;
mod properties;
mod schema;
mod semantics;
mod show;
mod waiver_model;
mod waivers;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use weighbridge::{
    Error,
    fact::{GlobalName, Usage},
    policy::{Catalog, Files, Policy, PolicyErrors, Scope},
    report::{self, Style},
};

/// The rules and formats that a policy of these tests may name: those of the program.
pub(crate) static CATALOG: LazyLock<Catalog<'static>> = LazyLock::new(|| {
    let rules = weighbridge::scan::rules();
    let mut formats = weighbridge::scan::format_ids();
    formats.sort_unstable();
    Catalog {
        rules: rules.leak(),
        formats: formats.leak(),
    }
});

fn parse(text: &str) -> Result<Policy, PolicyErrors> {
    Policy::parse("weighbridge.yaml", text, &CATALOG)
}

/// A policy that must hold together; the errors are shown if it does not.
fn policy(text: &str) -> Policy {
    parse(text).unwrap_or_else(|errors| panic!("{}", render(&errors)))
}

/// The errors as a terminal shows them.
fn render(errors: &PolicyErrors) -> String {
    let mut out = Vec::new();
    let error = Error::Policy(errors.clone());
    report::error(&error, Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap().trim_end().to_owned()
}

/// Policy files in memory, by path.
#[derive(Debug)]
struct Memory(BTreeMap<&'static str, String>);

impl Memory {
    fn new(files: &[(&'static str, &str)]) -> Self {
        let files = files.iter().map(|(name, text)| (*name, (*text).to_owned()));
        Self(files.collect())
    }

    /// The policy at `weighbridge.yaml`.
    fn load(&self) -> Result<Policy, PolicyErrors> {
        Policy::load_from(self, Path::new("weighbridge.yaml"), &CATALOG)
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = path.to_str().and_then(|path| self.0.get(path));
        text.map(|text| text.clone().into_bytes())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn real(&self, path: &Path) -> PathBuf {
        path.to_path_buf()
    }

    fn name(&self, path: &Path) -> String {
        path.to_string_lossy().into_owned()
    }
}

/// Each error as `file:line:column message; help`.
fn told(errors: &PolicyErrors) -> Vec<String> {
    let errors = errors.0.iter();
    let told = errors.map(|error| {
        let (file, line, column) = (&error.file, error.line(), error.column());
        format!("{file}:{line}:{column} {error}; {}", error.help)
    });
    told.collect()
}

/// `module:name`.
fn name(text: &str) -> GlobalName {
    let (module, name) = text.split_once(':').unwrap();
    GlobalName::new(module, name)
}

fn allows(scope: &Scope, global: &str, usage: Usage) -> bool {
    scope.globals().global(&name(global), usage).is_allowed()
}
