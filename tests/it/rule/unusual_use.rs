//! `unusual-use`.

use super::{
    parts::{bytes, call, dtype, global, int, ordered, pair, pickle, text, tuple, with},
    policy, rules, told, told_by,
};
use crate::support::{
    npy,
    zip::{archive, stored},
};

const RULE: &str = "unusual-use";

fn array(dtype: &[u8], count: i32, items: &[u8]) -> Vec<u8> {
    array_of(&bytes(b"b"), dtype, count, items)
}

/// An array that is made of the type code `code` before its state gives it a dtype.
fn array_of(code: &[u8], dtype: &[u8], count: i32, items: &[u8]) -> Vec<u8> {
    let made = call(
        &global("numpy._core.multiarray", "_reconstruct"),
        &[&global("numpy", "ndarray"), &tuple(&[&int(0)]), code],
    );
    with(
        &made,
        &tuple(&[&int(1), &tuple(&[&int(count)]), dtype, b"\x89", items]),
    )
}

/// A matrix of numbers of eight bytes.
fn matrix(sizes: &[i32]) -> Vec<u8> {
    let made = call(
        &global("numpy._core.multiarray", "_reconstruct"),
        &[&global("numpy", "matrix"), &tuple(&[&int(0)]), &bytes(b"b")],
    );
    let count: i32 = sizes.iter().product();
    let sizes: Vec<Vec<u8>> = sizes.iter().copied().map(int).collect();
    let sizes: Vec<&[u8]> = sizes.iter().map(Vec::as_slice).collect();
    let items = bytes(&vec![0; usize::try_from(8 * count).unwrap()]);
    let numbers = dtype("i8", "<", 0);
    with(
        &made,
        &tuple(&[&int(1), &tuple(&sizes), &numbers, b"\x89", &items]),
    )
}

/// A record of nine bytes: a number, and one byte at `offset`.
fn record(offset: i32) -> Vec<u8> {
    let number = tuple(&[&dtype("i8", "<", 0), &int(0)]);
    let byte = tuple(&[&dtype("i1", "|", 0), &int(offset)]);
    let fields = [b"}(", &text("a")[..], &number, &text("b"), &byte, b"u"].concat();
    void(9, b"N", &tuple(&[&text("a"), &text("b")]), &fields)
}

/// Two items of a dtype of nine bytes.
fn subarray(of: &[u8]) -> Vec<u8> {
    void(18, &tuple(&[of, &tuple(&[&int(2)])]), b"N", b"N")
}

/// A dtype of parts.
fn void(size: i32, base: &[u8], names: &[u8], fields: &[u8]) -> Vec<u8> {
    let code = text(&format!("V{size}"));
    let made = call(&global("numpy", "dtype"), &[&code, b"\x89", b"\x88"]);
    let state = tuple(&[
        &int(3),
        &text("|"),
        base,
        names,
        fields,
        &int(size),
        &int(1),
        &int(16),
    ]);
    with(&made, &state)
}

/// Bytes as protocols 0 to 2 write them.
fn encoded(of: &str) -> Vec<u8> {
    call(&global("_codecs", "encode"), &[&text(of), &text("latin1")])
}

fn storage() -> Vec<u8> {
    let id = [
        text("storage"),
        global("torch", "FloatStorage"),
        text("0"),
        text("cpu"),
        int(4),
    ];
    let id: Vec<&[u8]> = id.iter().map(Vec::as_slice).collect();
    [&tuple(&id)[..], b"Q"].concat()
}

fn tensor_parts(hooks: &[u8]) -> Vec<u8> {
    let size = tuple(&[&int(4)]);
    tuple(&[
        &storage(),
        &int(0),
        &size,
        &tuple(&[&int(1)]),
        b"\x89",
        hooks,
    ])
}

fn tensor() -> Vec<u8> {
    [
        &global("torch._utils", "_rebuild_tensor_v2")[..],
        &tensor_parts(&ordered()),
        b"R",
    ]
    .concat()
}

fn parameter(state: &[u8]) -> Vec<u8> {
    let function = global("torch._utils", "_rebuild_parameter_with_state");
    call(&function, &[&tensor(), b"\x88", &ordered(), state])
}

fn applied(function: &[u8], class: &[u8], arguments: &[u8], state: &[u8]) -> Vec<u8> {
    call(
        &global("torch._tensor", "_rebuild_from_type_v2"),
        &[function, class, arguments, state],
    )
}

#[test]
fn what_no_writer_writes_is_told_with_what_writers_write() {
    let class = global("collections", "OrderedDict");
    let file = pickle(&call(
        &global("numpy", "dtype"),
        &[&class, b"\x89", b"\x88"],
    ));
    insta::assert_snapshot!(told(RULE, "x.pkl", &file), @r#"
unusual-use [deny] loading runs `numpy.dtype(collections.OrderedDict, False, True)`; its library writes (a text or numpy.record or numpy._core.records.record or numpy.void or a class of ml_dtypes, False or 0, True or 1)
  at @ 0x2c REDUCE about numpy.dtype
  help: do not load this file unless you know who made it; if it is yours, save the object again with the library that wrote it
  help: if `numpy.dtype` itself wrote it so, the shape is wrong: please report it, with the pickle's disassembly (`weighbridge inspect FILE`)
"#);
    let file = pickle(&with(
        &ordered(),
        &pair("__setstate__", &global("numpy", "ndarray")),
    ));
    insta::assert_snapshot!(told(RULE, "x.pkl", &file), @r#"
unusual-use [deny] loading sets the state of what `collections.OrderedDict` made to `{'__setstate__': numpy.ndarray}`; its library writes a dict of plain attributes
  at @ 0x3f BUILD about collections.OrderedDict
  help: do not load this file unless you know who made it; if it is yours, save the object again with the library that wrote it
  help: if `collections.OrderedDict` itself wrote it so, the shape is wrong: please report it, with the pickle's disassembly (`weighbridge inspect FILE`)
"#);
    let policy =
        policy("version: 1\nextends: recommended\nglobals: {allow: [app.make, app.Net]}\n");
    let file = pickle(&call(&global("app", "make"), &[&global("app", "Net")]));
    insta::assert_snapshot!(told_by(&policy, RULE, "x.pkl", &file), @r#"
unusual-use [deny] loading runs `app.make(app.Net)`; the policy allows (data and instances)
  at @ 0x17 REDUCE about app.make
  help: do not load this file unless you know who made it; if it is yours, save the object again with the library that wrote it
  help: if `app.make` has to be called so, say with what in its entry: `args: [...]`; or list it with `dangerous: true` and a `reason`
"#);
}

#[test]
fn what_writers_write_is_not_told() {
    let numbers = dtype("i8", "<", 0);
    for (what, body) in [
        (
            "an ordered dict",
            with(&ordered(), &pair("_metadata", &ordered())),
        ),
        (
            "a counter",
            call(
                &global("collections", "Counter"),
                &[&pair("append", &int(1))],
            ),
        ),
        (
            "a slice",
            call(&global("builtins", "slice"), &[&int(1), b"N", b"N"]),
        ),
        (
            "an old range",
            call(
                &global("__builtin__", "xrange"),
                &[&int(1), &int(5), &int(1)],
            ),
        ),
        ("numbers", array(&numbers, 2, &bytes(&[0; 16]))),
        ("a matrix", matrix(&[1, 3])),
        ("fields that overlap", record(4)),
        ("an item of records", subarray(&record(8))),
        (
            "numbers in protocol 2",
            array_of(&encoded("b"), &numbers, 1, &encoded("abcdefgh")),
        ),
        ("objects", array(&dtype("O8", "|", 63), 2, b"](NNe")),
        (
            "a scalar",
            call(
                &global("numpy.core.multiarray", "scalar"),
                &[&numbers, &bytes(&[0; 8])],
            ),
        ),
        ("a tensor", tensor()),
        ("a parameter", parameter(&pair("tag", &int(1)))),
        (
            "a tensor with attributes",
            applied(
                &global("torch._utils", "_rebuild_tensor_v2"),
                &global("torch", "Tensor"),
                &tensor_parts(&ordered()),
                &pair("tag", &int(1)),
            ),
        ),
    ] {
        let found: Vec<_> = rules("x.pkl", &pickle(&body));
        assert!(!found.contains(&RULE), "{what}: {found:?}");
    }
}

#[test]
fn each_kind_of_misuse_is_told() {
    let (nd, od) = (
        global("numpy", "ndarray"),
        global("collections", "OrderedDict"),
    );
    let numbers = dtype("i8", "<", 0);
    let objects = dtype("O8", "|", 63);
    let unfinished = call(
        &global("numpy._core.multiarray", "_reconstruct"),
        &[&nd, &tuple(&[&int(0)]), &bytes(b"b")],
    );
    let mut cases = vec![
        (
            "a dtype by NEWOBJ",
            [
                &global("numpy", "dtype")[..],
                &tuple(&[&text("i8"), b"\x89", b"\x88"]),
                b"\x81",
            ]
            .concat(),
        ),
        (
            "a dtype with keywords",
            [
                &global("numpy", "dtype")[..],
                &tuple(&[&text("i8")]),
                b"}\x92",
            ]
            .concat(),
        ),
        (
            "a dtype by OBJ",
            [
                b"(",
                &global("numpy", "dtype")[..],
                &text("i8"),
                b"\x89\x88o",
            ]
            .concat(),
        ),
        (
            "a dtype by INST",
            [b"(", &text("i8")[..], b"\x89\x88inumpy\ndtype\n"].concat(),
        ),
        (
            "fields as text",
            call(
                &global("numpy", "dtype"),
                &[&text("i8,O"), b"\x89", b"\x88"],
            ),
        ),
        ("an ordered dict by NEWOBJ", [&od[..], b")\x81"].concat()),
        (
            "a counter of a list",
            call(&global("collections", "Counter"), &[b"]"]),
        ),
        (
            "another codec",
            call(&global("_codecs", "encode"), &[&text("a"), &text("rot13")]),
        ),
        (
            "bytes by count",
            call(&global("builtins", "bytes"), &[&int(9)]),
        ),
        (
            "a set of an instance",
            call(&global("builtins", "set"), &[&ordered()]),
        ),
        ("an item of records that overlap", subarray(&record(4))),
        ("a matrix of one dimension", matrix(&[3])),
        ("a matrix of three dimensions", matrix(&[1, 3, 3])),
        (
            "an array without state, after more than are noted",
            [
                b"]",
                &unfinished.repeat(300)[..],
                &unfinished,
                b"q\x00(K\x01K\x01\x85",
                &objects,
                b"\x89]h\x00atb",
            ]
            .concat(),
        ),
        ("too few bytes", array(&numbers, 2, &bytes(&[0; 15]))),
        (
            "a type code that numpy compiles",
            array_of(&encoded("(2,3)f8"), &numbers, 1, &bytes(&[0; 8])),
        ),
        (
            "another type code",
            array_of(&encoded("O"), &numbers, 1, &bytes(&[0; 8])),
        ),
        ("numbers as a list", array(&numbers, 2, b"](NNe")),
        ("too few objects", array(&objects, 3, b"](NNe")),
        ("objects as bytes", array(&objects, 1, &bytes(&[0; 8]))),
        (
            "a dtype without its state",
            array(
                &call(&global("numpy", "dtype"), &[&text("i8"), b"\x89", b"\x88"]),
                1,
                &bytes(&[0; 8]),
            ),
        ),
        (
            "an array twice",
            with(&array(&numbers, 1, &bytes(&[0; 8])), &tuple(&[&int(1)])),
        ),
        (
            "an array through the memo",
            with(
                &[
                    &call(
                        &global("numpy.core.multiarray", "_reconstruct"),
                        &[&nd, &tuple(&[&int(0)]), &bytes(b"b")],
                    )[..],
                    b"q\x000h\0",
                ]
                .concat(),
                &tuple(&[
                    &int(1),
                    &tuple(&[&int(1)]),
                    &numbers,
                    b"\x89",
                    &bytes(&[0; 8]),
                ]),
            ),
        ),
        (
            "an array through DUP",
            with(
                &[
                    &call(
                        &global("numpy.core.multiarray", "_reconstruct"),
                        &[&nd, &tuple(&[&int(0)]), &bytes(b"b")],
                    )[..],
                    b"2",
                ]
                .concat(),
                &tuple(&[
                    &int(1),
                    &tuple(&[&int(1)]),
                    &numbers,
                    b"\x89",
                    &bytes(&[0; 8]),
                ]),
            ),
        ),
        (
            "a scalar of objects",
            call(
                &global("numpy._core.multiarray", "scalar"),
                &[&objects, &bytes(&[0; 8])],
            ),
        ),
        (
            "a scalar of nothing",
            call(&global("numpy._core.multiarray", "scalar"), &[&numbers]),
        ),
        (
            "a buffer of objects",
            call(
                &global("numpy._core.numeric", "_frombuffer"),
                &[&bytes(&[0; 8]), &objects, &tuple(&[&int(1)]), &text("C")],
            ),
        ),
        (
            "hooks that are filled",
            [
                &global("torch._utils", "_rebuild_tensor_v2")[..],
                &tensor_parts(&[&ordered()[..], &text("a"), &nd, b"s"].concat()),
                b"R",
            ]
            .concat(),
        ),
        (
            "hooks by another name",
            [
                &ordered()[..],
                b"q\0",
                &text("a"),
                &nd,
                b"s0",
                &global("torch._utils", "_rebuild_tensor_v2"),
                &tensor_parts(b"h\0"),
                b"R",
            ]
            .concat(),
        ),
        (
            "a parameter of a dict",
            call(
                &global("torch._utils", "_rebuild_parameter"),
                &[&ordered(), b"\x88", &ordered()],
            ),
        ),
        ("data of a parameter", parameter(&pair("data", &tensor()))),
        (
            "a slot of a parameter",
            parameter(&tuple(&[b"N", &pair("__class__", &od)])),
        ),
        (
            "a storage applied",
            applied(
                &global("torch", "FloatStorage"),
                &global("torch", "Tensor"),
                &tuple(&[&int(8)]),
                b"N",
            ),
        ),
        (
            "a dtype applied",
            applied(
                &global("numpy", "dtype"),
                &global("numpy.dtypes", "ObjectDType"),
                &tuple(&[&text("O8"), b"\x89", b"\x88"]),
                b"N",
            ),
        ),
        (
            "arguments of another function",
            applied(
                &global("torch._utils", "_rebuild_tensor_v2"),
                &global("torch", "Tensor"),
                b")",
                b"N",
            ),
        ),
        (
            "a class that is no tensor's",
            applied(
                &global("torch._utils", "_rebuild_tensor_v2"),
                &od,
                &tensor_parts(&ordered()),
                b"N",
            ),
        ),
        ("state that is a number", with(&ordered(), &int(-7))),
        (
            "state that is pairs",
            with(
                &ordered(),
                &[b"]", &tuple(&[&text("append"), &int(1)])[..], b"a"].concat(),
            ),
        ),
        ("state twice", with(&with(&ordered(), b"}"), b"}")),
        (
            "items after the state",
            [&with(&ordered(), b"}")[..], &text("a"), &int(1), b"s"].concat(),
        ),
        (
            "items through the memo",
            [&ordered()[..], b"q\x000h\0", &text("a"), &int(1), b"s"].concat(),
        ),
        ("items of a list", [&ordered()[..], &int(1), b"a"].concat()),
    ];
    for name in [
        "__setstate__",
        "__dict__",
        "__class__",
        "__reduce_ex__",
        "append",
        "extend",
        "add",
        "update",
    ] {
        cases.push((name, with(&ordered(), &pair(name, &nd))));
        cases.push((name, with(&ordered(), &tuple(&[b"N", &pair(name, &nd)]))));
        let old = format!("}}S'{name}'\nI1\ns");
        cases.push((name, with(&ordered(), old.as_bytes())));
        let by_memo = [
            &text(name)[..],
            b"q\x000",
            &ordered(),
            b"}h\0",
            &int(1),
            b"sb",
        ]
        .concat();
        cases.push((name, by_memo));
    }
    for (what, body) in cases {
        let objects = npy::array("'|O'", "(1,)", &pickle(&body));
        let npz = archive(&[stored("a.npy", objects)]);
        let found = rules("x.pkl", &pickle(&body));
        assert!(
            found
                .iter()
                .any(|rule| [RULE, "global-not-allowed"].contains(rule)),
            "{what}: {found:?}"
        );
        let found = rules("x.npz", &npz);
        assert!(
            found
                .iter()
                .any(|rule| [RULE, "global-not-allowed"].contains(rule)),
            "{what} in an array: {found:?}"
        );
    }
}

#[test]
fn storages_and_tensors_are_never_called() {
    for (module, name) in [
        ("torch", "FloatStorage"),
        ("torch.cuda", "HalfStorage"),
        ("torch.storage", "UntypedStorage"),
        ("torch.storage", "TypedStorage"),
        ("torch", "FloatTensor"),
        ("torch.sparse", "FloatTensor"),
        ("torch", "Tensor"),
        ("torch.nn.parameter", "Parameter"),
        ("numpy", "ndarray"),
        ("numpy", "object_"),
        ("numpy.dtypes", "ObjectDType"),
    ] {
        let class = global(module, name);
        for body in [
            call(&class, &[&int(8)]),
            [&class[..], &tuple(&[&int(8)]), b"\x81"].concat(),
            [&class[..], b")", &pair("cdata", &int(0)), b"\x92"].concat(),
            [b"(", &class[..], &int(8), b"o"].concat(),
            [
                b"(",
                &int(8)[..],
                b"i",
                module.as_bytes(),
                b"\n",
                name.as_bytes(),
                b"\n",
            ]
            .concat(),
        ] {
            let found = rules("x.pkl", &pickle(&body));
            assert_eq!(found, ["global-not-allowed"], "{name}");
            // Not even where a policy lists them for everything: the shapes are the library's.
            let listed = policy(&format!(
                "version: 1\nextends: recommended\nglobals: {{allow: [{{global: {module}.{name}, as: [import, call, construct]}}]}}\n"
            ));
            assert!(
                told_by(&listed, RULE, "x.pkl", &pickle(&body)).contains(RULE),
                "{name}"
            );
        }
    }
}

#[test]
fn other_names_have_the_plain_shape() {
    let listed =
        policy("version: 1\nextends: recommended\nglobals: {allow: [app.Net, app.make]}\n");
    let (net, make) = (global("app", "Net"), global("app", "make"));
    let instance = [&net[..], b")\x81"].concat();
    let fits = |body: &[u8]| told_by(&listed, RULE, "x.pkl", &pickle(body)).is_empty();
    for body in [
        with(&instance, &pair("size", &int(1))),
        with(&instance, &pair("kind", &net)),
        with(&instance, &tuple(&[b"N", &pair("size", &int(1))])),
        with(&instance, &tuple(&[&int(1), &int(2), &int(3)])),
        [&net[..], b")}\x92"].concat(),
        call(&make, &[&instance, &text("a"), b"]"]),
        [&instance[..], &int(1), b"a"].concat(),
    ] {
        assert!(fits(&body), "{body:?}");
    }
    for body in [
        [&net[..], b")", &pair("size", &int(1)), b"\x92"].concat(),
        with(&instance, &pair("__setstate__", &make)),
        with(&instance, &pair("append", &make)),
        with(&instance, &tuple(&[b"N", &pair("__class__", &net)])),
        with(&instance, &tuple(&[&tuple(&[&text("extend"), &make])])),
        with(&with(&instance, b"}"), b"}"),
        with(&[&instance[..], b"q\x000h\0"].concat(), b"}"),
        call(&make, &[&net]),
        call(&make, &[b"]", &[b"}", &text("a")[..], &net, b"s"].concat()]),
        [&make[..], b"]R"].concat(),
    ] {
        assert!(!fits(&body), "{body:?}");
    }
    let called = pickle(&call(&make, &[&net]));
    let constrained = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - app.Net\n    - {global: app.make, args: [{allowed-global: class}]}\n",
    );
    assert_eq!(told_by(&constrained, RULE, "x.pkl", &called), "");
    let dangerous = policy(
        "version: 1\nextends: recommended\nglobals:\n  allow:\n    - app.Net\n    - {global: app.make, dangerous: true, reason: it makes what it is given}\n",
    );
    assert_eq!(told_by(&dangerous, RULE, "x.pkl", &called), "");
}

#[test]
fn however_much_lies_between_a_use_is_compared() {
    // More containers than are kept: the shape, the list and the state were made long before.
    let many = b"K\x01\x85".repeat(40_000);
    let list = [b"](", &many[..], b"e"].concat();
    let objects = dtype("O8", "|", 63);
    assert_eq!(
        rules("x.pkl", &pickle(&array(&objects, 40_000, &list))),
        [""; 0]
    );
    assert_eq!(
        rules("x.pkl", &pickle(&array(&objects, 40_001, &list))),
        [RULE]
    );
    let state = |name: &str| {
        let made = [
            &ordered()[..],
            b"}(",
            &text(name),
            b"K\x01",
            &text("x"),
            &list,
            b"ub",
        ];
        pickle(&made.concat())
    };
    assert_eq!(rules("x.pkl", &state("a")), [""; 0]);
    assert_eq!(rules("x.pkl", &state("append")), [RULE]);
}

/// Python 3.4 makes every instance by `NEWOBJ_EX` in protocol 4. Without keywords that is `NEWOBJ`.
#[test]
fn instances_without_keywords_are_made_by_either_opcode() {
    let class = global("joblib.numpy_pickle", "NDArrayWrapper");
    let says = |made: &[u8]| {
        let made = [&class[..], made].concat();
        told(RULE, "model.pkl", &pickle(&made))
    };
    assert_eq!(says(b")\x81"), says(b")}\x92"));
    let keywords = [&b")"[..], &pair("a", b"N"), b"\x92"].concat();
    insta::assert_snapshot!(says(&keywords), @"
    unusual-use [deny] loading creates `joblib.numpy_pickle.NDArrayWrapper(a=None)`; its library writes only by NEWOBJ, without arguments
      at @ 0x30 NEWOBJ_EX about joblib.numpy_pickle.NDArrayWrapper
      help: do not load this file unless you know who made it; if it is yours, save the object again with the library that wrote it
      help: if `joblib.numpy_pickle.NDArrayWrapper` itself wrote it so, the shape is wrong: please report it, with the pickle's disassembly (`weighbridge inspect FILE`)
    ");
    insta::assert_snapshot!(says(b"N\x85}\x92"), @"
    unusual-use [deny] loading creates `joblib.numpy_pickle.NDArrayWrapper(None)`; its library writes only by NEWOBJ, without arguments
      at @ 0x29 NEWOBJ_EX about joblib.numpy_pickle.NDArrayWrapper
      help: do not load this file unless you know who made it; if it is yours, save the object again with the library that wrote it
      help: if `joblib.numpy_pickle.NDArrayWrapper` itself wrote it so, the shape is wrong: please report it, with the pickle's disassembly (`weighbridge inspect FILE`)
    ");
}
