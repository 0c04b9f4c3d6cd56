//! Notebooks.

use super::tell;
use weighbridge::{python, record::Recorder};

fn told(cells: &[&str]) -> String {
    let cells: Vec<_> = cells
        .iter()
        .map(|source| serde_json::json!({"cell_type": "code", "source": source.split_inclusive('\n').collect::<Vec<_>>()}))
        .collect();
    read(
        serde_json::json!({"cells": cells, "nbformat": 4})
            .to_string()
            .as_bytes(),
    )
}

fn read(bytes: &[u8]) -> String {
    let mut recorder = Recorder::default();
    python::read(bytes, true, &mut recorder);
    recorder
        .finish()
        .iter()
        .map(tell)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn names_carry_from_cell_to_cell() {
    insta::assert_snapshot!(told(&[
        "import torch\nPATH = 'x.pt'",
        "%matplotlib inline\n!ls -la\ntorch.load?\nx = !cat y",
        "state = torch.load(PATH, weights_only=False)",
        "%%time\nstate = torch.load(PATH)",
    ]), @r"
    cell 3 1:9 call torch.load('x.pt', weights_only=False)
    cell 4 2:9 call torch.load('x.pt')
    ");
}

#[test]
fn magics_set_switches() {
    insta::assert_snapshot!(told(&[
        "%env TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1",
        "%set_env TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD 1",
        "!export TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD='1' && python x.py",
        "%%bash\nexport TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1\n(((",
        "!echo $TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD",
    ]), @r"
    cell 4 2:8 env TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1
    cell 1 1:1 env TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1
    cell 2 1:1 env TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1
    cell 3 1:1 env TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1
    ");
}

#[test]
fn one_broken_cell_does_not_hide_the_others() {
    let text = told(&["import torch\ntorch.load(p", "torch.load(q)"]);
    assert!(
        text.contains("cell 1 ") && text.contains("partial"),
        "{text}"
    );
    assert!(text.contains("cell 2 1:1 call torch.load(?)"), "{text}");
}

#[test]
fn what_is_not_a_notebook_is_said_to_be_so() {
    for bytes in [
        &b""[..],
        b"{",
        b"[]",
        b"{\"cells\": 1}",
        &b"[".repeat(100_000),
    ] {
        assert!(read(bytes).contains("Malformed"), "{}", read(bytes));
    }
    assert_eq!(read(b"{\"cells\": []}"), "");
}
