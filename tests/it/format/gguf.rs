//! GGUF: refused where llama.cpp or the `gguf` package refuses, and read where they read.

use std::{fmt::Write as _, sync::atomic::Ordering};

use weighbridge::{
    bytes::Window,
    fact::{Fact, Unread},
    format,
    record::Recorder,
};

use crate::support::{
    fixture::{facts, told},
    gguf::{Gguf, Tensor, Value, floats},
    oracle,
    pickle::Pickle,
    sparse::Sparse,
};

const NAME: &str = "m.gguf";

/// Why reading stopped, if it did.
fn refusal(bytes: &[u8]) -> Option<Unread> {
    facts(bytes.to_vec(), NAME)
        .into_iter()
        .find_map(|o| match o.fact {
            Fact::Unread(unread) => Some(unread),
            _ => None,
        })
}

#[test]
fn every_version_in_both_byte_orders_has_nothing_to_report() {
    for version in 1..=3 {
        for big_endian in [false, true] {
            let file = Gguf {
                version,
                big_endian,
                ..Gguf::model()
            };
            assert_eq!(told(&file.bytes(), NAME), "[] is gguf", "{version}");
        }
    }
    let vocabulary = Gguf {
        tensors: Vec::new(),
        ..Gguf::model()
    };
    assert_eq!(told(&vocabulary.bytes(), NAME), "[] is gguf");
    // Not every writer pads the last tensor.
    let mut unpadded = Gguf::model().bytes();
    unpadded.truncate(unpadded.len() - 28);
    assert_eq!(told(&unpadded, NAME), "[] is gguf");
    let part = Gguf::model()
        .key("split.no", Value::U16(1))
        .key("split.count", Value::U16(2));
    assert_eq!(told(&part.bytes(), NAME), "[] is gguf");
}

#[test]
fn tensors_are_listed() {
    let mut recorder = Recorder::with_listing(10);
    let window = Window::new(Gguf::model().bytes());
    format::read(&window, NAME.as_bytes(), &mut recorder);
    let tensors = recorder.take_tensors();
    let listed: Vec<_> = tensors
        .iter()
        .flat_map(|of| &of.listed)
        .map(|tensor| {
            format!(
                "{} {} {:?} {}",
                tensor.name, tensor.dtype, tensor.shape, tensor.bytes
            )
        })
        .collect();
    assert_eq!(listed, ["a F32 [2, 3] 24", "b Q4_0 [2, 32] 36"]);
}

/// Damaged files, each with one thing changed.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let model = Gguf::model;
    let tensors = |tensors: Vec<Tensor>| Gguf { tensors, ..model() }.bytes();
    let typed = |of_type, shape: &[u64]| {
        let tensor = Tensor {
            of_type,
            ..floats("a", shape, 0)
        };
        tensors(vec![tensor])
    };
    let counts = |tensors, keys| {
        Gguf {
            counts: Some((tensors, keys)),
            ..model()
        }
        .bytes()
    };
    let with = |key: &str, value| model().key(key, value).bytes();
    let array = |of_type: u32, count: u64| {
        let mut bytes = of_type.to_le_bytes().to_vec();
        bytes.extend(count.to_le_bytes());
        Value::Raw(9, bytes)
    };
    let version = |version| Gguf { version, ..model() }.bytes();
    let mut cut = model().bytes();
    cut.truncate(cut.len() - 60);
    let mut short = model().bytes();
    short.truncate(60);
    vec![
        ("version", version(4)),
        ("tensors", counts(u64::MAX, 5)),
        ("keys", counts(2, 1 << 63)),
        ("more keys", counts(2, 6)),
        ("header", short),
        ("data", cut),
        ("type", with("x", Value::Raw(13, Vec::new()))),
        ("nested", with("x", array(9, 1))),
        ("elements", with("x", array(10, u64::MAX))),
        ("texts", with("x", array(8, 1 << 61))),
        ("length", with("x", Value::Raw(8, vec![0xff; 8]))),
        ("bool", with("x", Value::Bool(2))),
        ("empty", with("", Value::U8(1))),
        (
            "zero",
            with("tokenizer.chat_template\0x", Value::Text(b"a".to_vec())),
        ),
        ("twice", with("llama.context_length", Value::U32(1))),
        (
            "utf-8",
            Gguf {
                keys: vec![(b"\xff".to_vec(), Value::U8(1))],
                ..model()
            }
            .bytes(),
        ),
        ("long", with(&"k".repeat(65_536), Value::U8(1))),
        ("alignment", with("general.alignment", Value::U32(0))),
        ("no power", with("general.alignment", Value::U32(33))),
        ("far", with("general.alignment", Value::U32(1 << 31))),
        ("narrow", with("general.alignment", Value::U16(32))),
        (
            "part",
            model()
                .key("split.no", Value::U16(2))
                .key("split.count", Value::U16(2))
                .bytes(),
        ),
        ("template", with("tokenizer.chat_template.x", Value::U8(1))),
        (
            "name",
            tensors(vec![floats("a", &[3, 2], 0), floats("a", &[3, 2], 32)]),
        ),
        ("dimensions", typed(0, &[1, 1, 1, 1, 1])),
        ("overflow", typed(0, &[1 << 62, 4])),
        ("bytes", typed(28, &[1 << 62])),
        ("none", typed(0, &[0, 1 << 62, 4])),
        ("blocks", typed(2, &[33])),
        ("unknown", typed(4, &[32])),
        ("newer", typed(999, &[32])),
        (
            "overlap",
            tensors(vec![floats("a", &[9], 0), floats("b", &[3], 32)]),
        ),
        (
            "unaligned",
            tensors(vec![floats("a", &[3], 0), floats("b", &[3], 12)]),
        ),
        (
            "hole",
            tensors(vec![floats("a", &[3], 0), floats("b", &[3], 64)]),
        ),
    ]
}

#[test]
fn the_broken_rule_is_named() {
    let mut said = String::new();
    for (case, bytes) in broken() {
        let Some(why) = refusal(&bytes) else {
            panic!("{case} is read")
        };
        writeln!(said, "{case}: {why}").unwrap();
    }
    insta::assert_snapshot!(said, @"
    version: not supported: GGUF version 4
    tensors: malformed: it announces 18446744073709551615 tensors, and 464 bytes are left
    keys: malformed: it announces 9223372036854775808 keys, and 456 bytes are left
    more keys: malformed: a string needs 562949953421312 bytes, 177 are left
    header: malformed: it announces 2 tensors, and 44 bytes are left
    data: malformed: the data of all tensors needs 68 bytes, 36 are left
    type: malformed: the value of `x` is of type 13, which is none
    nested: malformed: `x` is an array of arrays
    elements: malformed: it announces 18446744073709551615 elements of an array, and 207 bytes are left
    texts: malformed: it announces 2305843009213693952 elements of an array, and 207 bytes are left
    length: malformed: a string needs 18446744073709551615 bytes, 179 are left
    bool: malformed: `x` is the truth value 2, which is neither 0 nor 1
    empty: malformed: a key is empty
    zero: malformed: a key has a zero byte, at which some readers end it
    twice: malformed: `llama.context_length` has two values
    utf-8: malformed: a key is not UTF-8
    long: past the limit of 65,535 bytes of a key, or of the name of a tensor, in a GGUF file
    alignment: malformed: its alignment 0 is no power of two
    no power: malformed: its alignment 33 is no power of two
    far: malformed: tensor `b`: its data is at 32, and the tensor before ends at 2147483648
    narrow: malformed: `general.alignment` is of another type than readers take
    part: malformed: it says that it is part 2 of 2, which count from 0
    template: malformed: `tokenizer.chat_template.x` is of another type than readers take
    name: malformed: tensor `a`: another one has the same name
    dimensions: malformed: tensor `a`: 5 dimensions; ggml has 4 at most
    overflow: malformed: tensor `a`: the product of its shape overflows
    bytes: malformed: tensor `a`: the product of its shape overflows
    none: malformed: tensor `a`: the product of its shape overflows
    blocks: malformed: tensor `a`: rows of 33 elements, which are stored in blocks of 32
    unknown: not supported: a tensor of type 4, whose size is not known here
    newer: not supported: a tensor of type 999, whose size is not known here
    overlap: malformed: tensor `b`: its data is at 32, and the tensor before ends at 64
    unaligned: malformed: tensor `b`: its data is at 12, and the tensor before ends at 32
    hole: malformed: tensor `b`: its data is at 64, and the tensor before ends at 32
    ");
}

#[test]
fn what_follows_the_tensors_is_read() {
    let mut file = Gguf::model().bytes();
    file.extend(Pickle::new().global("os", "system").raw(b".").unfinished());
    insta::assert_snapshot!(told(&file, NAME), @"
    [] is gguf
    [@ 0x1e0..0x1ec] trailing-data: 12 bytes after the last tensor
    [from 0x1e0] is pickle
    [from 0x1e0 @ 0x0 GLOBAL] Global { global: Named(GlobalName { module: Text(os), name: Text(system) }), usage: Import }
    ");
}

#[test]
fn a_model_of_40_gb_costs_its_header() {
    const ROWS: u64 = 10 << 30;
    let header = Gguf {
        tensors: vec![floats("w", &[ROWS], 0)],
        ..Gguf::model()
    }
    .header();
    let data = (header.len() as u64).next_multiple_of(32);
    let source = Sparse::new(data + 4 * ROWS, vec![(0, header)]);
    let read = source.counter();
    let seen = facts(source, NAME);
    assert_eq!(seen.len(), 1, "{:?}", seen.observations);
    assert!(read.load(Ordering::Relaxed) < 1 << 20);
}

/// A vocabulary of 256,000 words is read, and one that would take hours is not.
#[test]
fn a_vocabulary_is_stepped_over() {
    let words = |count: u64, word: &[u8]| {
        let mut bytes = 8_u32.to_le_bytes().to_vec();
        bytes.extend(count.to_le_bytes());
        for _ in 0..count {
            bytes.extend((word.len() as u64).to_le_bytes());
            bytes.extend(word);
        }
        Value::Raw(9, bytes)
    };
    let genuine = Gguf::model().key("words", words(256_000, b"\xe2\x96\x81word"));
    assert_eq!(told(&genuine.bytes(), NAME), "[] is gguf");
    let mut front = Gguf {
        keys: Vec::new(),
        tensors: Vec::new(),
        counts: Some((0, 1)),
        ..Gguf::model()
    }
    .header();
    front.extend(5_u64.to_le_bytes());
    front.extend(b"words");
    front.extend(9_u32.to_le_bytes());
    front.extend(8_u32.to_le_bytes());
    front.extend((4_u64 << 30).to_le_bytes());
    let source = Sparse::new(40 << 30, vec![(0, front)]);
    let read = source.counter();
    let seen = facts(source, NAME);
    let limit = seen
        .iter()
        .any(|o| matches!(o.fact, Fact::Unread(Unread::Limit(_))));
    assert!(limit, "{:?}", seen.observations);
    assert!(read.load(Ordering::Relaxed) < 65 << 20);
}

/// What the `gguf` package writes is read, and what it refuses of damaged files is refused.
#[test]
fn the_gguf_package_agrees() {
    let Some(python) = oracle::python("gguf") else {
        return;
    };
    let files = oracle::number("WEIGHBRIDGE_ORACLE_FILES", 1500).to_string();
    let seed = oracle::number("WEIGHBRIDGE_ORACLE_SEED", 1).to_string();
    let (mut genuine, mut refused) = (0, 0);
    for file in oracle::run(&python, "gguf_files.py", &[&files, &seed]) {
        let text = |key: &str| file[key].as_str().unwrap().to_owned();
        let bytes = data_encoding::HEXLOWER
            .decode(text("file").as_bytes())
            .unwrap();
        let what = text("what");
        let ours = facts(bytes.clone(), NAME)
            .iter()
            .any(|o| matches!(o.fact, Fact::Unread(_) | Fact::Anomaly(_)));
        if file["genuine"] == true {
            genuine += 1;
            assert!(!ours, "{what}: {}", told(&bytes, NAME));
        } else if file["reads"] == false {
            refused += 1;
            assert!(ours, "{what} is read: {}", text("file"));
        }
    }
    assert!(genuine > 50 && refused > 400, "{genuine} {refused}");
}
