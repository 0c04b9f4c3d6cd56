//! `unusual-use` of what packs list by kind, and of what the real libraries crashed on.

use super::{
    parts::{bytes, call, dtype, global, int, ordered, pair, pickle, text, tuple, with},
    policy, rules, told,
};
use crate::support::joblib;

const RULE: &str = "unusual-use";

fn instance(arguments: &[u8], made_by: &[u8], state: &[u8]) -> Vec<u8> {
    let class = global("transformers.training_args", "TrainingArguments");
    let made = [&class[..], arguments, made_by].concat();
    pickle(&if state.is_empty() {
        made
    } else {
        with(&made, state)
    })
}

#[test]
fn an_instance_of_a_pack_is_made_without_a_call_and_gets_attributes() {
    let rate = pair("learning_rate", &int(1));
    let enums = global("transformers.trainer_utils", "SchedulerType");
    let scheduler = call(&enums, &[&text("linear")]);
    for state in [
        vec![],
        b"}".to_vec(),
        rate.clone(),
        pair("lr_scheduler_type", &scheduler),
        // A name that Python never looks up.
        pair("__cached__setup_devices", &int(1)),
        // What pickle calls of something that is filled, which this is not.
        pair("add", b"\x88"),
        pair("append", &int(1)),
        pair("torch_dtype", &global("torch", "float16")),
        pair("dtype", &global("numpy", "float32")),
    ] {
        assert_eq!(rules("x.pkl", &instance(b")", b"\x81", &state)), [""; 0]);
        // As Python 3.4 writes it: without keywords it is the same.
        assert_eq!(rules("x.pkl", &instance(b")}", b"\x92", &state)), [""; 0]);
    }
    let keywords = [&b")"[..], &pair("learning_rate", &int(1))].concat();
    let slots = [&b"N"[..], &rate, b"\x86"].concat();
    for (arguments, made_by, state) in [
        (&b"K\x01\x85"[..], &b"\x81"[..], vec![]),
        (&keywords, b"\x92", rate.clone()),
        (b")", b"\x81", slots),
        (b")", b"\x81", tuple(&[&int(1)])),
        (b")", b"\x81", pair("__setstate__", &int(1))),
        (b")", b"\x81", [b"}", &int(1)[..], &int(1), b"s"].concat()),
        (b")", b"\x81", pair("to_dict", &global("numpy", "ndarray"))),
        (b")", b"\x81", pair("dtype", &global("torch", "Size"))),
    ] {
        let bytes = instance(arguments, made_by, &state);
        assert_eq!(rules("x.pkl", &bytes), [RULE], "{bytes:?}");
    }
    // What runs `__init__` is no use that the pack lists.
    assert_eq!(
        rules("x.pkl", &instance(b")", b"R", b"")),
        ["global-not-allowed"]
    );
}

#[test]
fn a_member_of_an_enum_is_looked_up_by_a_constant() {
    let enums = global("transformers.trainer_utils", "SchedulerType");
    let looked_up = |value: &[u8]| rules("x.pkl", &pickle(&call(&enums, &[value])));
    assert_eq!(looked_up(&text("linear")), [""; 0]);
    assert_eq!(looked_up(&int(1)), [""; 0]);
    for value in [&b"]"[..], b")", &call(&enums, &[&text("linear")])] {
        assert_eq!(looked_up(value), [RULE]);
    }
    let two = call(&enums, &[&text("Other"), &text("linear")]);
    assert_eq!(rules("x.pkl", &pickle(&two)), [RULE]);
    let member = call(&enums, &[&text("linear")]);
    let filled = with(&member, &pair("_value_", &int(1)));
    assert_eq!(rules("x.pkl", &pickle(&filled)), ["global-not-allowed"]);
}

/// A dict as picklers write one of many attributes.
fn attributes(count: i32, last: &[u8]) -> Vec<u8> {
    let mut dict = b"}(".to_vec();
    for n in 0..count {
        dict.extend([text(&format!("a{n}")), int(n)].concat());
    }
    [&dict[..], last, b"u"].concat()
}

#[test]
fn a_type_in_a_large_dict_stands_under_a_name_that_says_so() {
    let of = |key: &str, name: &str| [text(key), global("numpy", name)].concat();
    for (last, said) in [
        (of("dtype", "float64"), &[][..]),
        (of("score_func", "float64"), &[RULE]),
        (of("predict", "ndarray"), &[RULE]),
    ] {
        let made = instance(b")", b"\x81", &attributes(100, &last));
        assert_eq!(rules("x.pkl", &made), said);
    }
    // A name of the policy's own may stand anywhere, and a class of its own may be given any type.
    let own = policy("version: 1\nextends: recommended\nglobals: {allow: [mine.score]}\n");
    let last = [text("score_func"), global("mine", "score")].concat();
    let made = instance(b")", b"\x81", &attributes(100, &last));
    assert_eq!(super::told_by(&own, RULE, "x.pkl", &made), "");
}

#[test]
fn data_of_python_is_made_of_what_python_writes() {
    let date = bytes(&[7, 232, 2, 29]);
    let day = call(&global("datetime", "date"), &[&date]);
    let span = call(
        &global("datetime", "timedelta"),
        &[&int(0), &int(7200), &int(0)],
    );
    let zone = call(&global("datetime", "timezone"), &[&span, &text("here")]);
    let path = call(
        &global("pathlib", "PosixPath"),
        &[&text("/"), &text("data")],
    );
    let simple = call(&global("types", "SimpleNamespace"), &[]);
    let space = with(&simple, &pair("x", &int(1)));
    let named = tuple(&[&text("linear_0.w_0"), &int(1)]);
    let tensor = call(&global("builtins", "tuple"), &[&named]);
    assert_eq!(rules("x.pdparams", &pickle(&tensor)), [""; 0]);
    let holds_a_name = tuple(&[&text("linear_0.w_0"), &global("numpy", "ndarray")]);
    for odd in [&b"]"[..], &tuple(&[&int(1)]), &holds_a_name] {
        let made = call(&global("builtins", "tuple"), &[odd]);
        assert_eq!(rules("x.pdparams", &pickle(&made)), [RULE], "{made:?}");
    }
    let fraction = |parts: &[&[u8]]| call(&global("fractions", "Fraction"), parts);
    let numbers = global("array", "array");
    let stored = |class: &[u8], code: &str, form: i32, items: &[u8]| {
        let function = global("array", "_array_reconstructor");
        call(&function, &[class, &text(code), &int(form), &bytes(items)])
    };
    let listed = call(&numbers, &[&text("d"), b"](K\x01K\x02e"]);
    let (half, whole) = (fraction(&[&int(1), &int(2)]), fraction(&[&text("-3")]));
    let (spelled, four) = (
        fraction(&[&text("-1/2")]),
        stored(&numbers, "i", 8, &[0; 4]),
    );
    for fine in [
        &global("builtins", "Ellipsis"),
        &global("builtins", "NotImplemented"),
        &half,
        &whole,
        &spelled,
        &four,
        &listed,
    ] {
        assert_eq!(rules("x.pkl", &pickle(fine)), [""; 0], "{fine:?}");
    }
    for odd in ["1e999999999", "1/", "1/2/3", "", "1_0", " 1/2"].map(|odd| fraction(&[&text(odd)]))
    {
        assert_eq!(rules("x.pkl", &pickle(&odd)), [RULE], "{odd:?}");
    }
    for odd in [
        stored(&global("collections", "OrderedDict"), "i", 8, &[0; 4]),
        stored(&numbers, "O", 8, &[0; 4]),
        call(&numbers, &[&text("i"), &int(1 << 30)]),
    ] {
        assert_eq!(rules("x.pkl", &pickle(&odd)), [RULE], "{odd:?}");
    }
    for fine in [&day, &span, &zone, &path, &space] {
        assert_eq!(rules("x.pkl", &pickle(fine)), [""; 0]);
    }
    for odd in [
        call(
            &global("datetime", "date"),
            &[&int(2024), &int(2), &int(29)],
        ),
        call(&global("pathlib", "PosixPath"), &[&day]),
        call(&global("decimal", "Decimal"), &[&int(1)]),
        call(&global("types", "SimpleNamespace"), &[b"}"]),
        with(&simple, &pair("__class__", &int(1))),
    ] {
        assert_eq!(rules("x.pkl", &pickle(&odd)), [RULE]);
    }
}

/// What numpy and joblib store of an array that was mapped from a file, or of texts: the class, which nothing calls.
#[test]
fn an_array_of_another_class_is_an_array() {
    for (module, name) in [
        ("numpy", "memmap"),
        ("numpy.core.memmap", "memmap"),
        ("numpy.char", "chararray"),
        ("numpy.core.defchararray", "chararray"),
    ] {
        let class = global(module, name);
        let made = call(
            &global("numpy._core.multiarray", "_reconstruct"),
            &[&class, &tuple(&[&int(0)]), &bytes(b"b")],
        );
        let one = tuple(&[&int(1)]);
        let state = tuple(&[&int(1), &one, &dtype("i1", "|", 0), b"\x89", &bytes(b"a")]);
        assert_eq!(rules("x.pkl", &pickle(&with(&made, &state))), [""; 0]);
        let opened = call(&class, &[&text("weights.dat")]);
        assert_eq!(rules("x.pkl", &pickle(&opened)), ["global-not-allowed"]);
    }
    let mut attributes = joblib::plain(b"K\x04\x85", joblib::BYTES);
    if let Some((_, subclass)) = attributes.first_mut() {
        *subclass = b"cnumpy\nmemmap\n";
    }
    let stored = joblib::wrapper(&attributes).raw(b"abcd").stop();
    assert_eq!(rules("x.joblib", &stored), [""; 0]);
}

/// numpy refuses such an array with a `MemoryError`.
#[test]
fn an_array_without_items_has_sizes_that_an_array_can_have() {
    let array = |sizes: &[&[u8]]| {
        let made = call(
            &global("numpy._core.multiarray", "_reconstruct"),
            &[
                &global("numpy", "ndarray"),
                &tuple(&[&int(0)]),
                &bytes(b"b"),
            ],
        );
        let state = tuple(&[
            &int(1),
            &tuple(sizes),
            &dtype("i1", "|", 0),
            b"\x89",
            &bytes(b""),
        ]);
        pickle(&with(&made, &state))
    };
    let most = [&b"\x8a\x08"[..], &i64::MAX.to_le_bytes()].concat();
    assert_eq!(
        rules("x.pkl", &array(&[&int(3), &int(0), &int(7)])),
        [""; 0]
    );
    assert_eq!(rules("x.pkl", &array(&[&most, &int(0)])), [""; 0]);
    assert_eq!(rules("x.pkl", &array(&[&int(3), &most, &int(0)])), [RULE]);
}

fn tensor(function: &str, storage: &str, elements: i32, rest: &[&[u8]]) -> Vec<u8> {
    let id = tuple(&[
        &text("storage"),
        &global("torch", storage),
        &text("0"),
        &text("cpu"),
        &int(elements),
    ]);
    let storage = [&id[..], b"Q"].concat();
    let mut arguments: Vec<&[u8]> = vec![&storage];
    arguments.extend(rest);
    call(&global("torch._utils", function), &arguments)
}

/// torch takes zero points that are no integers for another scheme, and printing such 32-bit numbers is an illegal instruction.
#[test]
fn quantized_integers_have_zero_points_that_are_integers() {
    let quantized = |storage: &str, zero_points: &str| {
        let vector = |storage: &str| {
            let rest: [&[u8]; 5] = [
                &int(0),
                &tuple(&[&int(3)]),
                &tuple(&[&int(1)]),
                b"\x89",
                &ordered(),
            ];
            tensor("_rebuild_tensor_v2", storage, 3, &rest)
        };
        let scheme = tuple(&[
            &global("torch", "per_channel_affine"),
            &vector("DoubleStorage"),
            &vector(zero_points),
            &int(0),
        ]);
        let sizes = tuple(&[&int(3), &int(4)]);
        let rest: [&[u8]; 6] = [
            &int(0),
            &sizes,
            &tuple(&[&int(4), &int(1)]),
            &scheme,
            b"\x89",
            &ordered(),
        ];
        told(
            RULE,
            "x.pkl",
            &pickle(&tensor("_rebuild_qtensor", storage, 12, &rest)),
        )
    };
    assert_eq!(quantized("QInt32Storage", "LongStorage"), "");
    assert_eq!(quantized("QUInt8Storage", "FloatStorage"), "");
    let said = quantized("QInt32Storage", "FloatStorage");
    assert!(said.contains("zero points that are integers"), "{said}");
}

#[test]
fn the_packs_that_a_file_needs_are_named_unless_something_in_it_is_dangerous() {
    const REFUSED: &str = "global-not-allowed";
    let scaler = [
        &global("sklearn.preprocessing._data", "StandardScaler")[..],
        b")\x81",
    ]
    .concat();
    let linear = [&global("torch.nn.modules.linear", "Identity")[..], b")\x81"].concat();
    let shell = call(&global("os", "system"), &[&text("true")]);
    let own = [&global("mine", "Model")[..], b")\x81"].concat();
    insta::assert_snapshot!(told(REFUSED, "x.pkl", &pickle(&scaler)), @r"
    global-not-allowed [deny] loading creates `sklearn.preprocessing._data.StandardScaler()`; the policy does not list `sklearn.preprocessing._data.StandardScaler`
      at @ 0x2f NEWOBJ about sklearn.preprocessing._data.StandardScaler
      recommended.yaml (built in):9 `globals:`: no entry here lists it
      help: the pack `sklearn-estimators` lists every name that this file needs, in the shapes that its library writes (`weighbridge explain sklearn-estimators`): write this to weighbridge.yaml:
            version: 1
            extends: recommended
            globals:
              packs:
                - sklearn-estimators
      help: or keep the data in a format that holds only data: safetensors, npy, JSON
    ");
    let both = told(REFUSED, "x.pkl", &pickle(&tuple(&[&scaler, &linear])));
    let named = "the packs `sklearn-estimators` and `torch-nn` list every name";
    assert!(both.contains(named), "{both}");
    for other in [&shell, &own] {
        let said = told(REFUSED, "x.pkl", &pickle(&tuple(&[&scaler, other])));
        assert!(!said.contains("the pack"), "{said}");
    }
}

fn words(count: i32) -> Vec<u8> {
    let made = call(
        &global("numpy._core.multiarray", "_reconstruct"),
        &[
            &global("numpy", "ndarray"),
            &tuple(&[&int(0)]),
            &bytes(b"b"),
        ],
    );
    let items = bytes(&vec![0; usize::try_from(count).unwrap()]);
    let sizes = tuple(&[&int(count)]);
    let state = tuple(&[&int(1), &sizes, &dtype("u1", "|", 0), b"\x89", &items]);
    with(&made, &state)
}

fn dict(pairs: &[(&str, &[u8])]) -> Vec<u8> {
    let pairs = pairs
        .iter()
        .map(|(key, value)| [&text(key), *value].concat());
    [&b"}("[..], &pairs.collect::<Vec<_>>().concat(), b"u"].concat()
}

/// numpy reads the word at the position without comparing that with the number of words.
#[test]
fn a_random_generator_reads_a_word_that_it_has() {
    let class = global("numpy.random._mt19937", "MT19937");
    let source = call(
        &global("numpy.random._pickle", "__bit_generator_ctor"),
        &[&class],
    );
    let twister = |count, position: &[u8]| {
        let inner = dict(&[("key", &words(count)), ("pos", position)]);
        dict(&[("bit_generator", &text("MT19937")), ("state", &inner)])
    };
    let with_seed = |state: &[u8]| [state, b"N\x86"].concat();
    for state in [twister(624, &int(624)), with_seed(&twister(624, &int(0)))] {
        let made = with(&source, &state);
        let whole = call(
            &global("numpy.random._pickle", "__randomstate_ctor"),
            &[&made],
        );
        assert_eq!(rules("x.pkl", &pickle(&whole)), [""; 0]);
        let whole = with(&whole, &twister(624, &int(3)));
        assert_eq!(rules("x.pkl", &pickle(&whole)), [""; 0]);
    }
    let inner = dict(&[("key", &words(624)), ("pos", &int(1)), ("pos", &int(625))]);
    for odd in [
        twister(624, &int(625)),
        twister(624, &int(-1)),
        twister(624, b"\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x01"),
        twister(623, &int(1)),
        with_seed(&twister(623, &int(1))),
        dict(&[("bit_generator", &text("MT19937")), ("state", &inner)]),
        dict(&[("bit_generator", &text("Philox")), ("state", &inner)]),
        dict(&[]),
    ] {
        let said = told(RULE, "x.pkl", &pickle(&with(&source, &odd)));
        assert!(said.contains("a position among them"), "{said}");
    }
    let old = call(&global("numpy.random", "__RandomState_ctor"), &[]);
    let state = |position| {
        let parts: [&[u8]; 5] = [
            &text("MT19937"),
            &words(624),
            &int(position),
            &int(0),
            b"G\0\0\0\0\0\0\0\0",
        ];
        tuple(&parts)
    };
    assert_eq!(rules("x.pkl", &pickle(&with(&old, &state(10)))), [""; 0]);
    assert_eq!(rules("x.pkl", &pickle(&with(&old, &state(700)))), [RULE]);
    // What makes one calls what it is given.
    let other = call(
        &global("numpy.random._pickle", "__bit_generator_ctor"),
        &[&global("numpy", "ndarray")],
    );
    assert_eq!(rules("x.pkl", &pickle(&other)), [RULE]);
}

#[test]
fn a_masked_array_is_one_of_numpy() {
    let masked = |class: &[u8], items: &[u8], fill: &[u8]| {
        let made = call(
            &global("numpy.ma.core", "_mareconstruct"),
            &[
                class,
                &global("numpy", "ndarray"),
                &tuple(&[&int(0)]),
                &bytes(b"b"),
            ],
        );
        let state: [&[u8]; 7] = [
            &int(1),
            &tuple(&[&int(2)]),
            &dtype("i1", "|", 0),
            b"\x89",
            items,
            &bytes(b"\0\x01"),
            fill,
        ];
        rules("x.pkl", &pickle(&with(&made, &tuple(&state))))
    };
    let class = global("numpy.ma.core", "MaskedArray");
    assert_eq!(masked(&class, &bytes(b"\x01\x02"), b"N"), [""; 0]);
    assert_eq!(masked(&class, &bytes(b"\x01\x02"), &words(1)), [""; 0]);
    assert_eq!(masked(&class, &bytes(b"\x01"), b"N"), [RULE]);
    assert_eq!(masked(&class, &bytes(b"\x01\x02"), &text("x")), [RULE]);
    let other = global("numpy", "matrix");
    // It has one dimension, too.
    assert_eq!(masked(&other, &bytes(b"\x01\x02"), b"N"), [RULE, RULE]);
}
