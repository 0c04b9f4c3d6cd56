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

/// The trees of all cells are kept together.
#[test]
fn cells_share_the_tokens_that_are_parsed() {
    let numbers = format!("y = [{}]\n", "1,".repeat(300_000));
    let text = told(&["import torch\n", &numbers, &numbers, "torch.load(p)\n"]);
    assert!(text.contains("1,000,000 tokens"), "{text}");
    assert!(!told(&["import torch\n", &numbers, "torch.load(p)\n"]).contains("tokens"));
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
fn what_a_magic_or_an_indented_cell_runs_is_told() {
    insta::assert_snapshot!(told(&[
        "import torch",
        "    x = torch.load('a', weights_only=False)\n    y = 1",
        "%time x = torch.load('b')",
        "if x:\n    %timeit -n 1 -r1 torch.load('c')",
        "%%timeit x = torch.load('d')\nx",
        "%%capture out\n%%time\ntorch.load('e')",
        "r = %timeit -o torch.load('f')",
        "%prun -s cumulative torch.load('g')",
        "%%some_extension\ntorch.load('h')",
        "%%writefile load.py\ntorch.load('i')",
        "%%writefile notes.txt\ntorch.load('no')",
        "%time for p in q: torch.load(p)",
        "torch.load?\n!torch.load(no)",
    ]), @r"
    cell 2 1:5 call torch.load('a', weights_only=False)
    cell 3 1:11 call torch.load('b')
    cell 4 2:22 call torch.load('c')
    cell 5 1:14 call torch.load('d')
    cell 6 3:1 call torch.load('e')
    cell 7 1:16 call torch.load('f')
    cell 8 1:21 call torch.load('g')
    cell 9 2:1 call torch.load('h')
    cell 10 2:1 call torch.load('i')
    cell 12 1:13 call torch.load(?)
    ");
}

#[test]
fn json_that_only_viewers_take_is_read() {
    let text = read(b"{\"cells\":[{\"cell_type\":\"markdown\",\"source\":[\"breaks\nhere\"]},{\"cell_type\":\"code\",\"source\":[\"import torch\n\",\"torch.load(p)\"],\"x\":NaN}]}");
    assert_eq!(text, "cell 2 2:1 call torch.load(?)");
}

/// Of two keys of one name Python takes the last. A cell that says its source as two versions of the format do has both.
#[test]
fn keys_that_stand_twice_are_read_as_python_does() {
    let text = read(b"{\"cells\":[{\"cell_type\":\"markdown\",\"cell_type\":\"code\",\"source\":[],\"source\":[\"import torch\n\",\"torch.load(p)\"]}]}");
    assert_eq!(text, "cell 1 2:1 call torch.load(?)");
    let text = read(b"{\"cells\":[{\"cell_type\":\"code\",\"source\":\"import torch\",\"input\":\"torch.load(p)\"}]}");
    assert_eq!(text, "cell 1 2:1 call torch.load(?)");
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
        assert!(read(bytes).contains("malformed"), "{}", read(bytes));
    }
    assert_eq!(read(b"{\"cells\": []}"), "");
}
