//! `state-on-non-instance`.

use super::{rules, told};
use crate::support::pickle::Pickle;

#[test]
fn state_on_a_class_is_refused_though_the_class_is_listed() {
    let file = Pickle::proto(2)
        .global("collections", "OrderedDict")
        .raw(b"N}\x86b.")
        .unfinished();
    insta::assert_snapshot!(told("state-on-non-instance", "x.pkl", &file), @r"
state-on-non-instance [deny] loading sets attributes of `collections.OrderedDict`, which is no instance
  at @ 0x1e BUILD about state
  help: no library writes this: do not load the file, and find out where it comes from
");
    let value = Pickle::proto(2).raw(b"]}b.").unfinished();
    insta::assert_snapshot!(told("state-on-non-instance", "x.pkl", &value), @r"
state-on-non-instance [deny] loading sets attributes of `[]`, which is no instance
  at @ 0x4 BUILD about state
  help: no library writes this: do not load the file, and find out where it comes from
");
}

#[test]
fn state_on_an_instance_is_not() {
    let file = Pickle::proto(2)
        .global("collections", "OrderedDict")
        .raw(b")R}b.")
        .unfinished();
    assert_eq!(rules("x.pkl", &file), [""; 0]);
}

#[test]
fn it_counts_before_a_break_under_any_name() {
    let broken = Pickle::new()
        .global("collections", "Counter")
        .raw(b"}bR")
        .unfinished();
    assert!(rules("notes", &broken).contains(&"state-on-non-instance"));
}
