//! Parameters and vectors that are data: Flax, fastText and word2vec, against the libraries that write them.

use std::sync::atomic::Ordering;

use weighbridge::{bytes::Window, fact::Fact, format, record::Recorder};

use crate::{
    rule::judge,
    support::{
        fixture::{Fixture, facts, told},
        oracle,
        random::Random,
        sparse::Sparse,
    },
};

/// An array as Flax writes it, of these bytes.
fn array(shape: &[u8], dtype: &str, data: &[u8]) -> Vec<u8> {
    let mut inside = vec![0x93, 0x90 | u8::try_from(shape.len()).unwrap()];
    inside.extend(shape);
    inside.push(0xa0 | u8::try_from(dtype.len()).unwrap());
    inside.extend(dtype.as_bytes());
    inside.extend([0xc4, u8::try_from(data.len()).unwrap()]);
    inside.extend(data);
    let mut whole = vec![0xc7, u8::try_from(inside.len()).unwrap(), 1];
    whole.extend(inside);
    whole
}

/// A mapping of one key to a value.
fn keyed(key: &str, value: &[u8]) -> Vec<u8> {
    let mut map = vec![0x81, 0xa0 | u8::try_from(key.len()).unwrap()];
    map.extend(key.as_bytes());
    map.extend(value);
    map
}

fn flax() -> Vec<u8> {
    keyed(
        "params",
        &keyed("bias", &array(&[2, 1], "float32", &[7; 8])),
    )
}

/// A model of fastText with one word, in one dimension.
fn fasttext() -> Vec<u8> {
    let mut file = Vec::new();
    let ints = |file: &mut Vec<u8>, numbers: &[i32]| {
        file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    };
    ints(
        &mut file,
        &[793_712_314, 12, 1, 5, 5, 1, 5, 1, 2, 2, 0, 0, 0, 100],
    );
    file.extend(1e-4_f64.to_le_bytes());
    ints(&mut file, &[1, 1, 0]);
    file.extend(1_i64.to_le_bytes());
    file.extend((-1_i64).to_le_bytes());
    file.extend(b"word\0");
    file.extend(1_i64.to_le_bytes());
    file.push(0);
    for _ in 0..2 {
        file.push(0);
        file.extend(1_i64.to_le_bytes());
        file.extend(1_i64.to_le_bytes());
        file.extend(0.5_f32.to_le_bytes());
    }
    file
}

/// Vectors of two words.
fn word2vec() -> Vec<u8> {
    let mut file = b"2 3\n".to_vec();
    for word in ["a", "bc"] {
        file.extend(word.as_bytes());
        file.push(b' ');
        file.extend([0, 0, 0, 0x3f].repeat(3));
        file.push(b'\n');
    }
    file
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    vec![
        ("flax_model.msgpack", flax()),
        ("cc.en.bin", fasttext()),
        ("vectors.bin", word2vec()),
    ]
}

#[test]
fn they_are_known_by_their_content_and_pass() {
    for ((name, file), id) in fixtures().into_iter().zip(["flax", "fasttext", "word2vec"]) {
        assert_eq!(told(&file, name).trim_end(), format!("[] is {id}"));
        assert_eq!(judge(name, &facts(file, name)).len(), 0, "{name}");
    }
}

#[test]
fn what_no_writer_writes_is_refused() {
    let why = |name: &str, file: Vec<u8>| {
        let findings = judge(name, &facts(file, name));
        let messages = findings.iter().map(|f| f.message.clone());
        messages.collect::<Vec<_>>().join("\n")
    };
    let flax = |value: &[u8]| why("m.msgpack", keyed("k", value));
    insta::assert_snapshot!(flax(&array(&[2, 2], "float32", &[0; 8])), @"it does not read to its end: the size of `k` is 8 where 16 should be");
    insta::assert_snapshot!(flax(&array(&[1], "object", &[0; 8])), @"it does not read to its end: `k` has a value that its library does not write");
    insta::assert_snapshot!(flax(&[0xd4, 5, 0]), @"it does not read to its end: extension type 5 at byte 3 is none that its library writes");
    insta::assert_snapshot!(flax(&[0xc1]), @"it does not read to its end: byte 3 is nothing that the encoding has there");
    insta::assert_snapshot!(flax(&[0x81, 1, 2]), @"it does not read to its end: byte 4 is nothing that the encoding has there");
    insta::assert_snapshot!(flax(&[0xc6, 0xff, 0xff, 0xff, 0xff, 0]), @"it does not read to its end: its content needs 4294967295 bytes, 1 are left");
    insta::assert_snapshot!(flax(&[1, 2]), @"it does not read to its end: 1 bytes stand behind its end");
    let deep = flax(&[[0x91_u8].repeat(600), vec![1]].concat());
    insta::assert_snapshot!(deep, @"it is too complex to analyse: more than 512 levels of `msgpack`");
    let with = |at: usize, byte: u8| {
        let mut file = fasttext();
        file[at] = byte;
        why("m.bin", file)
    };
    insta::assert_snapshot!(with(4, 9), @"it does not read to its end: `version` has a value that its library does not write");
    insta::assert_snapshot!(with(8, 2), @"it does not read to its end: the size of `input` is 1 where 2 should be");
    insta::assert_snapshot!(with(64, 3), @"it does not read to its end: the size of `dictionary` is 3 where 1 should be");
    let mut longer = fasttext();
    longer.push(0);
    insta::assert_snapshot!(why("m.bin", longer), @"it does not read to its end: 1 bytes stand behind its end");
    let mut longer = word2vec();
    longer.extend([1; 30]);
    insta::assert_snapshot!(why("m.bin", longer), @"it does not read to its end: 30 bytes stand behind its end");
    // Words in any language are text.
    assert_eq!(
        told("3 2\nä b\nc größe und mehr\n".as_bytes(), "words.txt"),
        ""
    );
}

#[test]
fn damaged_files_end() {
    let mut random = Random::new(3);
    for (name, file) in fixtures() {
        for _ in 0..3000 {
            let mut changed = file.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(changed.len());
                changed[at] = u8::try_from(random.below(256)).unwrap();
            }
            changed.truncate(file.len() - random.below(2) * random.below(file.len()));
            facts(changed, name);
        }
    }
}

#[test]
fn arrays_are_stepped_over() {
    const LONG: u64 = 4_000_000_000;
    let mut front =
        b"\x81\xa1k\xc9\xee\x6b\x28\x16\x01\x93\x91\xce\xee\x6b\x28\x00\xa5uint8".to_vec();
    let data = LONG;
    front.extend([0xc6, 0xee, 0x6b, 0x28, 0]);
    // The length of the extension is that of its array with what stands before it.
    let inside = u32::try_from(front.len() - 9 + usize::try_from(data).unwrap()).unwrap();
    front[4..8].copy_from_slice(&inside.to_be_bytes());
    let source = Sparse::new(u64::try_from(front.len()).unwrap() + data, vec![(0, front)]);
    let read = source.counter();
    let seen = facts(source, "m.msgpack");
    let unread = seen.iter().any(|o| matches!(o.fact, Fact::Unread(_)));
    assert!(!unread, "{seen:?}");
    assert!(read.load(Ordering::Relaxed) < 1 << 20);
}

/// What the libraries write is read to its end, and passes.
#[test]
fn what_the_libraries_write_passes() {
    for library in ["flax", "fasttext", "gensim"] {
        let Some(python) = oracle::python(library) else {
            continue;
        };
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().to_str().unwrap();
        let answers = oracle::run(&python, "vectors.py", &[folder, library]);
        assert!(answers.len() > 6, "{library}");
        for answer in &answers {
            let file = answer["file"].as_str().unwrap();
            let bytes = std::fs::read(dir.path().join(file)).unwrap();
            let findings = judge(file, &facts(bytes.clone(), file));
            let told: Vec<_> = findings.iter().map(|f| &f.message).collect();
            assert!(told.is_empty(), "{file}: {told:?}");
            let mut recorder = Recorder::with_listing(0);
            format::read(&Window::new(bytes), file.as_bytes(), &mut recorder);
            let arrays: usize = recorder
                .take_tensors()
                .iter()
                .map(|of| of.listed.len())
                .sum();
            assert_eq!(arrays as u64, answer["arrays"].as_u64().unwrap(), "{file}");
        }
    }
}
