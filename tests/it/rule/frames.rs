//! `unusual-use` of pandas' frames: rows, codes and masks are compared with what they belong to.

use super::{
    contents::judged_as_written,
    parts::{call, global, int, pair, pickle, text, tuple},
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

/// Each file of `frames.py` fits or not, as it says.
#[test]
fn what_pandas_writes_passes_and_one_change_does_not() {
    if let Some(python) = oracle::python("pandas") {
        let (fitting, others) = judged_as_written(&python, "frames.py", PACKS);
        assert!(fitting > 100 && others > 60, "{fitting} and {others}");
    }
}
