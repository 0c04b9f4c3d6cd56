//! Python inside archives.

use weighbridge::{fact::Circumstances, policy::Policy};

use crate::{
    rule::judge_all,
    support::{
        fixture::content,
        pickle::{Pickle, payload},
        tar, torch,
        zip::{archive, deflated, stored},
    },
};

use super::wrapped::{bzip2, gzip};

const UNSAFE: &str = "import torch\n\ntorch.load('m.pt', weights_only=False)\n";

/// The findings about a file, each with its place.
fn findings(bytes: Vec<u8>, name: &str) -> Vec<String> {
    let facts = content(bytes, name);
    let known = (&facts, &Circumstances::default());
    judge_all(&Policy::recommended(), name, known, None)
        .iter()
        .map(|finding| format!("{}: {}", finding.primary.site, finding.rule.id))
        .collect()
}

fn source(name: &str) -> Vec<u8> {
    archive(&[stored("a/README", "text"), deflated(name, UNSAFE)])
}

#[test]
fn source_in_any_archive_is_judged_as_source() {
    let tar = tar::archive(&[
        ("p-1.0/PKG-INFO", b"Metadata-Version: 2.1\n".to_vec()),
        ("p-1.0/p/m.py", UNSAFE.into()),
    ]);
    let notebook = serde_json::json!({"nbformat": 4, "metadata": {}, "cells": [
        {"cell_type": "code", "source": UNSAFE, "outputs": [], "metadata": {}}]});
    for (name, file, expected) in [
        (
            "p-1.0-py3-none-any.whl",
            source("p/m.py"),
            "p/m.py 3:1: torch-load-unsafe",
        ),
        ("p.egg", source("p/m.pyw"), "p/m.pyw 3:1: torch-load-unsafe"),
        ("docs.zip", source("m.py"), "m.py 3:1: torch-load-unsafe"),
        // What is no name of an archive, and an archive for something else.
        ("data", source("m.py"), "m.py 3:1: torch-load-unsafe"),
        ("app.jar", source("m.py"), "m.py 3:1: torch-load-unsafe"),
        ("p.tar", tar.clone(), "p-1.0/p/m.py 3:1: torch-load-unsafe"),
        (
            "p-1.0.tar.gz",
            gzip(&tar),
            "p-1.0.tar > p-1.0/p/m.py 3:1: torch-load-unsafe",
        ),
        (
            "p-1.0.tar.bz2",
            bzip2(&tar),
            "p-1.0.tar > p-1.0/p/m.py 3:1: torch-load-unsafe",
        ),
        (
            "all.zip",
            archive(&[stored("p.whl", source("m.py"))]),
            "p.whl > m.py 3:1: torch-load-unsafe",
        ),
        (
            "run.pyz",
            [b"#!/usr/bin/env python3\n".to_vec(), source("__main__.py")].concat(),
            "__main__.py 3:1: torch-load-unsafe",
        ),
        (
            "p.whl",
            archive(&[stored("bin/run", format!("#!/usr/bin/python3\n{UNSAFE}"))]),
            "bin/run 4:1: torch-load-unsafe",
        ),
        (
            "p.whl",
            archive(&[stored("a.ipynb", notebook.to_string())]),
            "a.ipynb > cell 1 3:1: torch-load-unsafe",
        ),
    ] {
        assert_eq!(findings(file, name), [expected], "{name}");
    }
}

/// Only what could matter is parsed, and an archive of other source says nothing.
#[test]
fn archives_of_ordinary_source_are_silent() {
    for text in [
        "import os\nprint(os.name)\n",
        "not python (",
        "",
        "import torch\n",
    ] {
        let zip = archive(&[deflated("m.py", text)]);
        let tar = tar::archive(&[("p/m.py", text.into())]);
        assert!(findings(zip, "p.whl").is_empty());
        assert!(findings(gzip(&tar), "p.tar.gz").is_empty());
        assert!(content(tar, "p.tar").observations.is_empty());
    }
}

/// What TorchScript keeps under `code/` is not Python, and what `torch.package` bundles is reported as code already.
#[test]
fn source_in_a_model_is_its_formats_to_read() {
    let script = archive(&[
        stored("m/data.pkl", Pickle::proto(2).op(b')').stop()),
        stored("m/constants.pkl", Pickle::proto(2).op(b')').stop()),
        stored("m/code/__torch__.py", UNSAFE),
        stored("m/version", "3\n"),
    ]);
    let told = findings(script, "m.pt");
    assert!(
        told.iter().all(|finding| !finding.contains("torch-load")),
        "{told:?}"
    );
    for (name, bytes) in torch::fixtures() {
        let told = findings(bytes, name);
        assert!(
            told.iter()
                .all(|finding| !finding.contains("torch-load-unsafe")),
            "{name}"
        );
    }
}

/// One good file beside a hostile archive: each is judged.
#[test]
fn a_hostile_model_in_an_archive_is_seen_in_every_wrapping() {
    let tar = tar::archive(&[("m/w.dat", payload())]);
    for (name, file) in [
        ("model.tar.gz", gzip(&tar)),
        ("model.tgz", gzip(&tar)),
        ("p.whl", archive(&[deflated("p/data/x", payload())])),
        (
            "store.zarr.zip",
            archive(&[stored("zarr.json", "{}"), stored("c/0", payload())]),
        ),
        ("all.zip", archive(&[stored("model.tar.gz", gzip(&tar))])),
    ] {
        let told = findings(file, name);
        assert!(
            told.iter()
                .any(|finding| finding.ends_with("global-not-allowed")),
            "{name}: {told:?}"
        );
    }
}
