//! `unusual-use` of pandas' frames: rows, codes and masks are compared with what they belong to.

use super::{
    contents::judged_as_written,
    parts::{bytes, call, global, int, pair, pickle, text, tuple},
    policy, told_by,
};
use crate::support::oracle;

const RULE: &str = "unusual-use";
const PACKS: &str = "version: 1\nextends: recommended\nglobals: {packs: [pandas-frames]}\n";

fn told(body: &[u8]) -> String {
    told_by(&policy(PACKS), RULE, "x.pkl", &pickle(body))
}

/// An index of numbers from 0 on.
fn range(rows: i32) -> Vec<u8> {
    let class = global("pandas.core.indexes.range", "RangeIndex");
    let numbers = [("start", 0), ("stop", rows), ("step", 1)];
    let pairs = numbers.map(|(name, number)| [text(name), int(number)].concat());
    let dict = [&b"}("[..], &pairs.concat(), &text("name"), b"Nu"].concat();
    call(
        &global("pandas.core.indexes.base", "_new_Index"),
        &[&class, &dict],
    )
}

/// An array of objects with so many rows.
fn objects(rows: i32) -> Vec<u8> {
    let made = call(
        &global("numpy.core.multiarray", "_reconstruct"),
        &[&global("numpy", "ndarray"), &tuple(&[&int(0)]), b"C\x01b"],
    );
    let dtype = super::parts::dtype("O8", "|", 63);
    let items = b"N".repeat(usize::try_from(rows).unwrap());
    let list = [&b"]("[..], &items, b"e"].concat();
    [
        &made[..],
        b"(",
        &int(1),
        &tuple(&[&int(rows)]),
        &dtype,
        b"\x89",
        &list,
        b"tb",
    ]
    .concat()
}

/// What holds the block of a series, with a list of axes that is left in the memo.
fn manager(rows: i32, axis: &[u8]) -> Vec<u8> {
    let class = global("pandas.core.internals.managers", "SingleBlockManager");
    let labels = [&b"]q\x09"[..], axis, b"a"].concat();
    let values = [text("values"), objects(rows)].concat();
    let block = [&b"}("[..], &values, &text("mgr_locs"), &int(0), b"u"].concat();
    let today = [
        &b"}("[..],
        &text("axes"),
        b"h\x09",
        &text("blocks"),
        b"](",
        &block,
        b"eu",
    ]
    .concat();
    let state = [&b"("[..], &labels, b"]]", &pair("0.14.1", &today), b"t"].concat();
    [&class[..], b")\x81", &state, b"b"].concat()
}

#[test]
fn a_series_has_as_many_rows_as_its_index() {
    assert_eq!(told(&manager(3, &range(3))), "");
    insta::assert_snapshot!(told(&manager(3, &range(4))), @"
    unusual-use [deny] loading sets the state of what `pandas.core.internals.managers.SingleBlockManager` made to `([pandas.core.indexes.base._new_Index(...)], [], [], {'0.14.1': {'axes': [...], 'blocks': [...]}})`; its library writes arrays that fit one another (parts of a frame have different numbers of rows)
      at @ 0x19d BUILD about pandas.core.internals.managers.SingleBlockManager
      help: do not load this file unless you know who made it; if it is yours, save the object again with the library that wrote it
      help: if `pandas.core.internals.managers.SingleBlockManager` itself wrote it so, the shape is wrong: please report it, with the pickle's disassembly (`weighbridge inspect FILE`)
    ");
}

/// What was compared stays so: a list that something has is not filled.
#[test]
fn a_list_that_is_compared_gets_nothing_later() {
    let fits = manager(3, &range(3));
    let longer = [&b"("[..], &fits, b"h\x09", &int(0), &range(9), b"st"].concat();
    let said = told(&longer);
    assert!(said.contains("a list that nothing changes"), "{said}");
    let filled = [&b"("[..], &fits, b"h\x09", &range(9), b"at"].concat();
    let said = told(&filled);
    assert!(said.contains("a list that nothing changes"), "{said}");
}

/// The keywords that the constructor of an index gets are those that pandas gives it.
#[test]
fn an_index_gets_no_other_keywords() {
    let class = global("pandas.core.indexes.base", "Index");
    let index = |more: &[u8]| {
        let dict = [&b"}("[..], &text("data"), &objects(2), more, b"u"].concat();
        call(
            &global("pandas.core.indexes.base", "_new_Index"),
            &[&class, &dict],
        )
    };
    assert_eq!(told(&index(&[&text("name")[..], b"N"].concat())), "");
    assert!(told(&index(&[&text("copy")[..], b"\x88"].concat())).contains("something else"));
    assert!(told(&index(&[&text("data")[..], b"N"].concat())).starts_with(RULE));
}

/// A time zone is looked up by its name alone.
#[test]
fn the_name_of_a_time_zone_leads_nowhere_else() {
    let zone = |name: &str| call(&global("pytz", "_p"), &[&text(name)]);
    for name in [
        "Europe/Berlin",
        "Etc/GMT+3",
        "America/Argentina/Buenos_Aires",
        "UTC",
    ] {
        assert_eq!(told(&zone(name)), "", "{name}");
    }
    for name in [
        "../../etc/passwd",
        "/etc/passwd",
        "Europe/./Berlin",
        "a\0b",
        "C:\\x",
    ] {
        assert!(told(&zone(name)).starts_with(RULE), "{name}");
    }
}

/// pandas 1.3 has a `partial` keep how many dimensions a block has; it keeps nothing else, and of no other function.
#[test]
fn a_partial_is_that_of_pandas_alone() {
    let policy = policy(PACKS);
    let rules = |module: &str, name: &str, key: &str, value: &[u8], again: bool| {
        let function = global(module, name);
        let made = call(&global("functools", "partial"), &[&function]);
        let keywords = [&b"}("[..], &text(key), value, b"u"].concat();
        let state = [&b"("[..], &function, b")", &keywords, b"Ntb"].concat();
        let states = state.repeat(if again { 2 } else { 1 });
        let block = call(&[&made[..], &states].concat(), &[&objects(2), &int(0)]);
        let bytes = pickle(&block);
        let found = crate::rule::judge_by(
            &policy,
            "x.pkl",
            &crate::support::fixture::facts(bytes, "x.pkl"),
        );
        let ids: Vec<&str> = found.iter().map(|finding| finding.rule.id).collect();
        ids.join(" ")
    };
    let (module, name) = ("pandas.core.internals.blocks", "new_block");
    assert_eq!(rules(module, name, "ndim", &int(2), false), "");
    for other in [
        rules(module, name, "klass", &int(2), false),
        rules(module, name, "ndim", &int(3), false),
        rules(module, name, "ndim", &global("os", "system"), false),
        rules(module, name, "ndim", &int(2), true),
    ] {
        assert!(other.contains("state-on-non-instance"), "{other}");
    }
    let other = rules(
        "pandas.core.internals.blocks",
        "make_block",
        "ndim",
        &int(2),
        false,
    );
    assert!(other.contains("global-not-allowed"), "{other}");
    let other = rules("os", "system", "ndim", &int(2), false);
    assert!(other.contains("global-not-allowed"), "{other}");
}

/// Each file of `frames.py` fits or not, as it says.
#[test]
fn what_pandas_writes_passes_and_one_change_does_not() {
    if let Some(python) = oracle::python("pandas") {
        let (fitting, others) = judged_as_written(&python, "frames.py", PACKS);
        assert!(fitting > 100 && others > 60, "{fitting} and {others}");
    }
}

/// An array of pyarrow, of a type, numbers and buffers.
fn arrow(kind: &str, numbers: [i32; 3], buffers: &[Option<&[u8]>]) -> Vec<u8> {
    let kind = call(&global("pyarrow.lib", "type_for_alias"), &[&text(kind)]);
    let of = |held: Option<&[u8]>| match held {
        Some(held) => call(&global("pyarrow.lib", "py_buffer"), &[&bytes(held)]),
        None => b"N".to_vec(),
    };
    let buffers: Vec<u8> = buffers.iter().copied().flat_map(of).collect();
    let [length, missing, offset] = numbers.map(int);
    let list = [&b"]("[..], &buffers, b"e"].concat();
    let parts = [&b"("[..], &kind, &length, &missing, &offset, &list, b"]Nt"].concat();
    call(&global("pyarrow.lib", "_restore_array"), &[&parts])
}

#[test]
fn buffers_of_pyarrow_are_as_long_as_their_array() {
    let offsets = [0_i32, 1, 3].map(i32::to_le_bytes).concat();
    let of = |numbers, data: &[u8]| {
        told(&arrow(
            "string",
            numbers,
            &[None, Some(&offsets), Some(data)],
        ))
    };
    assert_eq!(of([2, 0, 0], b"abc"), "");
    assert_eq!(of([1, -1, 1], b"abc"), "");
    for (numbers, data, fault) in [
        ([2, 0, 0], &b"ab"[..], "do not rise within"),
        ([3, 0, 0], &b"abc"[..], "shorter than its array"),
        ([2, 0, 1], &b"abc"[..], "shorter than its array"),
        ([2, 1, 0], &b"abc"[..], "misses another number"),
        ([2, 0, 0], &b"a\xffc"[..], "not UTF-8"),
        ([2, 0, 0], &b"a\xc3"[..], "do not rise within"),
    ] {
        let said = of(numbers, data);
        assert!(said.contains(fault), "{numbers:?} {fault} {said}");
    }
    let numbers = |bits: &[u8], missing| {
        let held = [0; 16];
        told(&arrow("int64", [2, missing, 0], &[Some(bits), Some(&held)]))
    };
    assert_eq!(numbers(&[1], 1), "");
    assert!(numbers(&[1], 0).contains("misses another number"));
    assert!(numbers(&[], 2).contains("shorter than its array"));
    assert!(told(&arrow("string_view", [0, 0, 0], &[None])).contains("not followed"));
}

/// One buffer may not be read again and again.
#[test]
fn a_buffer_that_many_arrays_share_is_not_read_for_each() {
    let data = vec![b'a'; 50_000];
    let buffer = call(&global("pyarrow.lib", "py_buffer"), &[&bytes(&data)]);
    let buffer = [&buffer[..], b"q\x010"].concat();
    let offsets = [0_i32, 50_000].map(i32::to_le_bytes).concat();
    let kind = call(&global("pyarrow.lib", "type_for_alias"), &[&text("string")]);
    let offsets = call(&global("pyarrow.lib", "py_buffer"), &[&bytes(&offsets)]);
    let array = [
        &kind[..],
        &int(1),
        &int(0),
        &int(0),
        b"](N",
        &offsets,
        b"h\x01e]N",
    ]
    .concat();
    let parts = [&b"("[..], &array, b"t"].concat();
    let array = call(&global("pyarrow.lib", "_restore_array"), &[&parts]);
    let of = |times: usize| {
        let name = global("pyarrow.lib", "_restore_array");
        let all = [&name[..], b"0", &buffer, b"(", &array.repeat(times), b"t"].concat();
        told(&all)
    };
    assert_eq!(of(1), "");
    assert!(of(40).contains("shorter than its array"), "{}", of(40));
}

/// Each file of `arrow_frames.py` fits or not, as it says: pyarrow itself says it of what was changed.
#[test]
fn arrays_of_pyarrow_pass_as_it_writes_them() {
    if let Some(python) = oracle::python("pyarrow, pandas") {
        let (fitting, others) = judged_as_written(&python, "arrow_frames.py", PACKS);
        assert!(fitting > 500 && others > 400, "{fitting} and {others}");
    }
}
