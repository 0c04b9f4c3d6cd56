//! `out-of-band-buffer`.

use super::{rules, told};
use crate::support::pickle::Pickle;

#[test]
fn a_buffer_from_outside_is_reported() {
    insta::assert_snapshot!(told("out-of-band-buffer", "x.pkl", &Pickle::proto(5).op(0x97).op(0x98).stop()), @r"
out-of-band-buffer [warn] loading takes a buffer that is not in the file
  at @ 0x2 NEXT_BUFFER about the artifact
  help: save it without `buffer_callback`, so that everything is in the file
");
}

#[test]
fn a_buffer_inside_is_not() {
    let inside = Pickle::proto(5)
        .op(0x96)
        .raw(2_u64.to_le_bytes())
        .raw(b"ab")
        .op(0x98)
        .stop();
    assert_eq!(rules("x.pkl", &inside), [""; 0]);
}
