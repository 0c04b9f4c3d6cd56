//! `unresolved-global`.

use super::{rules, told};
use crate::support::pickle::Pickle;

#[test]
fn what_cannot_be_named_is_refused() {
    let computed = Pickle::proto(4)
        .global("collections", "OrderedDict")
        .op(b')')
        .reduce()
        .short_unicode("system")
        .op(0x93)
        .short_unicode("true")
        .tuple1()
        .reduce()
        .stop();
    insta::assert_snapshot!(told("unresolved-global", "x.pkl", &computed), @r"
unresolved-global [deny] loading resolves a name that is only computed while it loads: no policy can allow that
  at @ 0x25 STACK_GLOBAL about <computed name>
  help: no library writes this: do not load the file, and find out where it comes from
unresolved-global [deny] loading calls a name that is only computed while it loads: no policy can allow that
  at @ 0x2d REDUCE about <computed name>
  help: no library writes this: do not load the file, and find out where it comes from
");
    let result = Pickle::proto(2)
        .global("collections", "OrderedDict")
        .op(b')')
        .reduce()
        .op(b')')
        .reduce()
        .stop();
    insta::assert_snapshot!(told("unresolved-global", "x.pkl", &result), @"
    unresolved-global [deny] loading calls what another call returned: no policy can allow that
      at @ 0x1e REDUCE about <result of a call>
      help: cloudpickle and dill write this for functions and classes, and `pickle` before protocol 4 for objects that are made with keywords: if the file is yours, save data instead; if not, do not load it, and find out where it comes from
    ");
    let long = Pickle::proto(4)
        .unicode(&"m".repeat(5000))
        .short_unicode("x")
        .op(0x93)
        .stop();
    insta::assert_snapshot!(told("unresolved-global", "x.pkl", &long), @r"
unresolved-global [deny] loading resolves a name too long, or one too many, to be read: no policy can allow that
  at @ 0x1392 STACK_GLOBAL about <oversized name>
  help: no library writes this: do not load the file, and find out where it comes from
");
}

#[test]
fn names_in_any_spelling_of_constants_are_not() {
    for operands in [
        Pickle::proto(4).raw(b"S'collections'\nS'Ordered\\x44ict'\n"),
        Pickle::proto(4).raw(b"Vcollections\nVOrdered\\u0044ict\n"),
        Pickle::proto(4)
            .short_unicode("collections")
            .memoize()
            .op(b'0')
            .raw(b"h\0")
            .unicode("OrderedDict"),
        Pickle::proto(4)
            .short_unicode("collections")
            .raw(b"(NK\x01120")
            .unicode("OrderedDict"),
    ] {
        assert_eq!(rules("x.pkl", &operands.op(0x93).stop()), [""; 0]);
    }
}
