//! `extension-registry`.

use super::{rules, told};
use crate::support::pickle::Pickle;

#[test]
fn a_code_of_the_registry_is_refused() {
    let file = Pickle::proto(2).raw([0x82, 240]).op(b')').reduce().stop();
    insta::assert_snapshot!(told("extension-registry", "x.pkl", &file), @"
    extension-registry [deny] loading resolves extension code 240, whatever that is in the loading process
      at @ 0x2 EXT1 about <extension registry>
      help: save the object again with globals spelled out, as every library does
    ");
    for opcode in [&[0x82, 1][..], &[0x83, 1, 2], &[0x84, 1, 2, 3, 4]] {
        let file = Pickle::proto(2).raw(opcode).stop();
        assert_eq!(rules("x.pkl", &file), ["extension-registry"]);
    }
    // What it made is called, which says no more.
    assert_eq!(rules("x.pkl", &file), ["extension-registry"]);
}

#[test]
fn the_same_bytes_as_data_are_not() {
    assert_eq!(
        rules("x.pkl", &Pickle::proto(3).bytes(&[0x82, 240]).stop()),
        [""; 0]
    );
}
