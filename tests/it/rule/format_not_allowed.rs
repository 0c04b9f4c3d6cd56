//! `format-not-allowed`.

use super::{policy, rules, told_by};
use crate::support::{
    pickle::{Pickle, payload},
    zip::{archive, stored},
};

#[test]
fn a_format_that_is_not_listed_is_refused_whatever_its_name() {
    let policy = policy("version: 1\nformats:\n  allow:\n    - zip\n    - safetensors\n");
    let pickle = Pickle::proto(2).op(b'N').stop();
    insta::assert_snapshot!(told_by(&policy, "format-not-allowed", "x.safetensors", &pickle), @r"
format-not-allowed [deny] this is `pickle`, a format that the policy does not allow here
  at  about pickle
  weighbridge.yaml:3 `allow:`: not in this list
  help: run `weighbridge explain pickle` for what loading it does and what to prefer
");
    insta::assert_snapshot!(told_by(&policy, "format-not-allowed", "x.zip", &archive(&[stored("a.bin", &pickle)])), @r"
format-not-allowed [deny] this is `pickle`, a format that the policy does not allow here
  at a.bin about pickle
  weighbridge.yaml:3 `allow:`: not in this list
  help: run `weighbridge explain pickle` for what loading it does and what to prefer
");
}

#[test]
fn the_recommended_policy_allows_every_format() {
    assert_eq!(
        rules("x.zip", &archive(&[stored("a.pkl", b"\x80\x02N.")])),
        [""; 0]
    );
    assert!(!rules("x.pkl", &payload()).contains(&"format-not-allowed"));
}
