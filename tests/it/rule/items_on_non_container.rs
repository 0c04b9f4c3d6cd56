//! `items-on-non-container`.

use super::{rules, told};
use crate::support::pickle::Pickle;

#[test]
fn filling_a_modules_dictionary_is_refused() {
    let file = Pickle::proto(4)
        .stack_global("numpy", "__dict__")
        .short_unicode("load")
        .stack_global("posix", "system")
        .op(b's')
        .stop();
    insta::assert_snapshot!(told("items-on-non-container", "x.pkl", &file), @r"
items-on-non-container [deny] loading fills `numpy.__dict__` by SETITEM, and that is no container
  at @ 0x2a SETITEM about items
  help: no library writes this: do not load the file, and find out where it comes from
");
}

#[test]
fn filling_containers_and_instances_is_not() {
    let list = Pickle::proto(2).raw(b"](K\x01K\x02e.").unfinished();
    let dict = Pickle::proto(2).raw(b"}X\x01\0\0\0aK\x01s.").unfinished();
    let ordered = Pickle::proto(2)
        .global("collections", "OrderedDict")
        .raw(b")RX\x01\0\0\0aK\x01s.")
        .unfinished();
    for file in [list, dict, ordered] {
        assert_eq!(rules("x.pkl", &file), [""; 0]);
    }
}

#[test]
fn hundreds_of_other_oddities_do_not_hide_it() {
    let odd = (0..400).fold(Pickle::proto(2), |pickle, n| {
        pickle.raw(format!("Pid{n}\n0"))
    });
    let file = odd
        .global("collections", "Counter")
        .raw(b"K\x01K\x02s}b.")
        .unfinished();
    let fired = rules("x.pkl", &file);
    assert!(fired.contains(&"items-on-non-container") && fired.contains(&"state-on-non-instance"));
}
