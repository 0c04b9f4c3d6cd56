//! `embedded-pickle`.

use super::{rules, told};
use crate::support::pickle::{Pickle, payload};

#[test]
fn a_pickle_in_a_constant_is_reported_and_judged() {
    let file = Pickle::proto(4).bytes(&payload()).stop();
    insta::assert_snapshot!(told("embedded-pickle", "x.pkl", &file), @r"
embedded-pickle [warn] a constant of 28 bytes is itself a pickle
  at @ 0x2 BINBYTES about the artifact
  help: store the data itself; what the inner pickle would do is judged as well
");
    insta::assert_snapshot!(told("global-not-allowed", "x.pkl", &file), @"
    global-not-allowed [deny] loading runs `posix.system('true')`; the policy does not list `posix.system` (it runs a program or changes the system)
      at constant at 0x2 @ 0x1a REDUCE about posix.system
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: do not load this file; find out who made it and how it came here
      help: if the file is yours, keep data in a format that holds only data: safetensors, npy, JSON
    ");
}

#[test]
fn every_way_to_store_one_counts() {
    let inner = payload();
    let latin1: String = inner.iter().map(|b| char::from(*b)).collect();
    let long: String = latin1
        .replace("true", &"x".repeat(5000))
        .replace("\u{4}\0\0\0", "\u{88}\u{13}\0\0");
    for (how, file) in [
        ("BINBYTES", Pickle::proto(3).bytes(&inner).stop()),
        (
            "BYTEARRAY8",
            Pickle::proto(5)
                .op(0x96)
                .raw((inner.len() as u64).to_le_bytes())
                .raw(&inner)
                .stop(),
        ),
        (
            "SHORT_BINSTRING",
            Pickle::new()
                .op(b'U')
                .op(u8::try_from(inner.len()).unwrap())
                .raw(&inner)
                .stop(),
        ),
        ("Latin-1 text", Pickle::proto(2).unicode(&latin1).stop()),
        ("long Latin-1 text", Pickle::proto(2).unicode(&long).stop()),
    ] {
        assert_eq!(
            rules("x.pkl", &file),
            ["embedded-pickle", "global-not-allowed"],
            "{how}"
        );
    }
}

#[test]
fn bytes_that_are_no_pickle_or_name_nothing_are_not() {
    for bytes in [
        b"just some bytes".as_slice(),
        b"\x80\x04\x95",
        b"\x80\x02N.",
        b"cos\nsystem\n",
    ] {
        assert_eq!(
            rules("x.pkl", &Pickle::proto(3).bytes(bytes).stop()),
            [""; 0]
        );
    }
}

#[test]
fn more_of_them_than_are_read_are_not_passed_over() {
    let mut file = Pickle::proto(3).op(b']').op(b'(');
    for _ in 0..4096 {
        file = file.bytes(b"\x80\x02ccollections\nOrderedDict\n0N0");
    }
    let decoys = file.clone().op(b'e').stop();
    assert_eq!(rules("x.pkl", &decoys), [""; 0]);
    let hidden = file.bytes(&payload()).op(b'e').stop();
    assert_eq!(rules("x.pkl", &hidden), ["incomplete-read"]);
}
