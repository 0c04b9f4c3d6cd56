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
    fact::{GlobalName, Usage},
    policy::{Catalog, GlobalVerdict, Policy, PolicyErrors, Scope},
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
    ],
    formats: &[
        "npy",
        "npz",
        "pickle",
        "safetensors",
        "torch-export",
        "torch-legacy",
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

fn render(errors: &PolicyErrors) -> String {
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme {
        characters: miette::ThemeCharacters::ascii(),
        styles: miette::ThemeStyles::none(),
    })
    .with_width(80)
    .with_links(false);
    let mut out = String::new();
    handler.render_report(&mut out, errors).unwrap();
    // Lines end in spaces where the theme pads them.
    out.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// `module:name`.
fn name(text: &str) -> GlobalName {
    let (module, name) = text.split_once(':').unwrap();
    GlobalName::new(module, name)
}

fn allows(scope: &Scope, global: &str, usage: Usage) -> bool {
    scope.global(&name(global), usage) == GlobalVerdict::Allowed
}
