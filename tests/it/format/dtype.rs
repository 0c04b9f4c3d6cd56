//! numpy dtypes: what numpy writes passes, what only a forger writes is told.

use weighbridge::fact::Fact;

use crate::support::{fixture::facts, oracle, pickle::Pickle};

/// What is said of a forged dtype in a pickle.
fn forged(pickle: &[u8]) -> Option<String> {
    facts(pickle.to_vec(), "a.pkl")
        .into_iter()
        .find_map(|observation| match observation.fact {
            Fact::UnusualUse(unusual) => Some(unusual.expected()),
            _ => None,
        })
}

#[test]
fn what_numpy_writes_is_not_forged_and_what_forgers_write_is() {
    let Some(python) = oracle::python("numpy") else {
        return;
    };
    let lines = oracle::run(&python, "dtypes.py", &["11", "600"]);
    let mut told = 0;
    for line in &lines {
        let hex = line["hex"].as_str().unwrap();
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        let said = forged(&bytes);
        assert_eq!(
            said.is_some(),
            line["forged"].as_bool().unwrap(),
            "{}: {said:?}",
            line["what"]
        );
        told += usize::from(said.is_some());
    }
    assert!(told > 100 && lines.len() > 700, "{told} of {}", lines.len());
}

/// `numpy.dtype(code, False, True)`, in the memo at `at`.
fn dtype(pickle: Pickle, code: &str, at: u8) -> Pickle {
    pickle
        .global("numpy", "dtype")
        .unicode(code)
        .raw([0x89, 0x88, 0x87, b'R', b'q', at])
}

/// A state with these fields: `(3, '|', None, names, fields, size, 1, flags)` of what is pushed by `parts`.
fn build(pickle: Pickle, parts: impl FnOnce(Pickle) -> Pickle, size: u8, flags: u8) -> Pickle {
    parts(pickle.raw(b"(").int(3).unicode("|").raw(b"N"))
        .int(size)
        .int(1)
        .int(flags)
        .raw(b"tb")
}

/// One field `a` of the dtype in the memo at `of`, its dict in the memo at 9.
fn field(of: u8) -> impl FnOnce(Pickle) -> Pickle {
    move |pickle| {
        pickle
            .unicode("a")
            .raw([0x85, b'}', b'q', 9])
            .unicode("a")
            .raw([b'h', of])
            .int(0)
            .raw([0x86, b's'])
    }
}

fn plain(pickle: Pickle) -> Pickle {
    pickle.raw(b"NN")
}

#[test]
fn a_dtype_does_not_change_once_something_uses_it() {
    let object = || {
        let pickle = dtype(Pickle::proto(2).raw(b"("), "O8", 0);
        pickle
            .raw(b"(")
            .int(3)
            .unicode("|")
            .raw(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff")
            .int(63)
            .raw(b"tb")
    };
    let honest = build(dtype(object(), "V8", 1), field(0), 8, 27);
    assert_eq!(forged(&honest.clone().raw(b"l").stop()), None);

    let twice = build(honest.clone().raw(b"h\x01"), plain, 8, 0);
    assert_eq!(
        forged(&twice.raw(b"l").stop()).unwrap(),
        "state once, on what was just made"
    );

    // Plain bytes to the array that takes it, objects to who reads the array.
    let early = dtype(object(), "V8", 1)
        .global("numpy._core.multiarray", "scalar")
        .raw(b"h\x01")
        .bytes(&[0; 8])
        .raw(b"\x86R");
    assert_eq!(
        forged(&early.raw(b"l").stop()).unwrap(),
        "(a dtype whose state is set, bytes or a text) or (a dtype whose state is set, an array)"
    );

    let unsettled = dtype(object(), "V4", 2);
    let unsettled = build(dtype(unsettled, "V8", 1), field(2), 8, 0);
    assert_eq!(
        forged(&unsettled.raw(b"l").stop()).unwrap(),
        "a state that numpy writes (a field is of a dtype whose state is not set)"
    );

    let number = build(dtype(object(), "V8", 2), plain, 8, 0);
    let honest = build(dtype(number.clone(), "V8", 1), field(2), 8, 16);
    assert_eq!(forged(&honest.raw(b"l").stop()), None);
    // The dict is made first and stays where it can be filled.
    let open = number.raw(b"}q\x09").unicode("a").raw(b"h\x02K\0\x86s");
    let open = build(
        dtype(open, "V8", 1),
        |pickle| pickle.unicode("a").raw(b"\x85h\x09"),
        8,
        0,
    );
    assert_eq!(
        forged(&open.raw(b"l").stop()).unwrap(),
        "a state that numpy writes (its fields are a dict that something else may change)"
    );
}

#[test]
fn a_dtype_of_unknown_making_takes_no_state() {
    let computed = Pickle::proto(2).global("numpy", "dtype").raw(b"]\x85R");
    assert!(forged(&build(computed, plain, 8, 0).stop()).is_some());
    let class = Pickle::proto(2)
        .global("numpy.dtypes", "Float64DType")
        .raw(b")\x81");
    assert!(forged(&build(class, plain, 8, 0).stop()).is_some());
}
