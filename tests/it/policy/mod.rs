//! Tests of `policy`.
#![allow(
    clippy::string_slice,
    clippy::print_stderr,
    reason = "tests may fail loudly and say what they skipped"
)]

mod bundled;
mod errors;
mod init;
mod packs;
mod semantics;

use std::sync::LazyLock;

use weighbridge::{
    Error,
    fact::{GlobalName, Usage},
    policy::{Catalog, Policy, PolicyErrors, Scope},
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

/// `module:name`.
fn name(text: &str) -> GlobalName {
    let (module, name) = text.split_once(':').unwrap();
    GlobalName::new(module, name)
}

fn allows(scope: &Scope, global: &str, usage: Usage) -> bool {
    scope.globals().global(&name(global), usage).is_allowed()
}
