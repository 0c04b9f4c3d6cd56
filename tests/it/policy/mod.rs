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

use weighbridge::{
    Error,
    fact::{GlobalName, Usage},
    policy::{Catalog, Policy, PolicyErrors, Scope},
    report::{self, Style},
};

/// The words a policy of these tests may use.
pub(crate) const CATALOG: Catalog<'static> = Catalog {
    rules: &[
        "anomalous-container",
        "embedded-pickle",
        "extension-registry",
        "format-not-allowed",
        "global-not-allowed",
        "incomplete-read",
        "items-on-non-container",
        "joblib-load",
        "lfs-not-fetched",
        "loader-replaced",
        "misleading-suffix",
        "no-weights-only-env",
        "not-followed",
        "numpy-allow-pickle",
        "out-of-band-buffer",
        "pandas-read-pickle",
        "partial-analysis",
        "persistent-id",
        "pickle-anomaly",
        "pickle-load",
        "policy-changed",
        "state-on-non-instance",
        "torch-load-computed",
        "torch-load-implicit",
        "torch-load-kwargs",
        "torch-load-pickle-module",
        "torch-load-unsafe",
        "torch-weights-only",
        "unknown-artifact",
        "unresolved-global",
        "unusual-use",
    ],
    formats: &[
        "compressed",
        "npy",
        "npz",
        "pickle",
        "safetensors",
        "tar",
        "torch-export",
        "torch-legacy",
        "torch-package",
        "torch-script",
        "torch-tar",
        "torch-zip",
        "zip",
    ],
};

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
    scope.global(&name(global), usage).is_allowed()
}
