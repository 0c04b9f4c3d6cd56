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

/// One cause is one finding: that the format's globals are not listed either is no news. What is dangerous is told all the
/// same, and everything is once the format is only warned about.
#[test]
fn what_a_refused_format_needs_is_not_told_as_well() {
    let fired = |text: &str, file: &[u8]| {
        let observations = crate::support::fixture::facts(file.to_vec(), "x.pkl");
        let findings = super::judge_by(&policy(text), "x.pkl", &observations);
        findings.iter().map(|f| f.rule.id).collect::<Vec<_>>()
    };
    let refused = "version: 1\nformats:\n  allow: [safetensors]\n";
    let warned = format!("{refused}rules:\n  format-not-allowed: warn\n");
    let plain = Pickle::proto(2).global("app", "Config").stop();
    assert_eq!(fired(refused, &plain), ["format-not-allowed"]);
    assert_eq!(
        fired(refused, &payload()),
        ["format-not-allowed", "global-not-allowed"]
    );
    assert_eq!(
        fired(&warned, &plain),
        ["format-not-allowed", "global-not-allowed"]
    );
}
