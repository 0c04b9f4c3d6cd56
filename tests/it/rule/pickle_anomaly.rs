//! `pickle-anomaly`.

use super::{rules, told};
use crate::support::pickle::{Pickle, payload};

#[test]
fn what_unpicklers_read_differently_is_refused() {
    let tail = [Pickle::proto(2).op(b'N').stop(), b"tail".to_vec()].concat();
    insta::assert_snapshot!(told("pickle-anomaly", "x.pkl", &tail), @"
    pickle-anomaly [deny] unpicklers may read this differently: the 4 bytes after its last pickle are no pickle
      at @ 0x4..0x8 about bytes-after-stop
      help: save the object again with the library that wrote it
    ");
    let straddle = Pickle::proto(4)
        .op(0x95)
        .raw(3_u64.to_le_bytes())
        .short_unicode("os")
        .op(b'.')
        .unfinished();
    insta::assert_snapshot!(told("pickle-anomaly", "x.pkl", &straddle), @"
    pickle-anomaly [deny] unpicklers may read this differently: an operand at 0xd crosses the end of its frame at 0xe
      at @ 0xb SHORT_BINUNICODE about frame-straddle
      help: save the object again with the library that wrote it
    ");
    let again = [
        Pickle::proto(2).op(b'N').raw(b"q\x01").stop(),
        Pickle::proto(2).raw(b"h\x01").stop(),
    ]
    .concat();
    insta::assert_snapshot!(told("pickle-anomaly", "x.pkl", &again), @"
    pickle-anomaly [deny] unpicklers may read this differently: memo entry 1 is only set by an earlier pickle of this file
      at pickle 2 @ 0x8 BINGET about memo-of-earlier-pickle
      help: save the object again with the library that wrote it
    ");
}

#[test]
fn each_kind_has_its_file() {
    let frame = Pickle::proto(4)
        .op(0x95)
        .raw(99_u64.to_le_bytes())
        .op(b'N')
        .stop();
    let index = Pickle::proto(2)
        .op(b'N')
        .op(b'r')
        .raw(0x7fff_ffff_u32.to_le_bytes())
        .stop();
    let number = Pickle::new().raw(b"I+0\n").stop();
    for (kind, file) in [
        ("frame longer than the data", frame),
        ("huge memo index", index),
        ("protocol 6", Pickle::proto(6).op(b'N').stop()),
        ("a number that is a bool to some", number),
        (
            "zeros after it",
            [Pickle::proto(2).op(b'N').stop(), vec![0; 9]].concat(),
        ),
    ] {
        assert_eq!(rules("x.pkl", &file), ["pickle-anomaly"], "{kind}");
    }
    // What no unpickler takes ends the pickle.
    let none = Pickle::new().raw(b"Ione\n").stop();
    assert_eq!(rules("x.pkl", &none), ["incomplete-read"]);
}

#[test]
fn several_pickles_and_honest_frames_are_not() {
    let several = [
        Pickle::proto(2).op(b'N').stop(),
        Pickle::proto(4).op(b'N').stop(),
    ]
    .concat();
    assert_eq!(rules("x.pkl", &several), [""; 0]);
    let framed = Pickle::proto(4)
        .op(0x95)
        .raw(5_u64.to_le_bytes())
        .short_unicode("os")
        .stop();
    assert_eq!(rules("x.pkl", &framed), [""; 0]);
    assert_eq!(rules("x.pkl", &payload()), ["global-not-allowed"]);
}
